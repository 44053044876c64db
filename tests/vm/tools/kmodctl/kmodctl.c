// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Speaks the module's netlink protocol from a shell, right or wrong on purpose, for tests.
 *
 *	kmodctl COMMAND [+FLAG...] [NAME=VALUE...]	one request; prints one line per message
 *	kmodctl events [COUNT]				prints "ready", then one line per event, or
 *							"lost"
 *	kmodctl batch					requests from standard input, one a line
 *	kmodctl deaf COUNT COMMAND ...			one request so often; reads no answer, and
 *							has hardly room for one
 *	kmodctl wipe					deletes every attachment and every volume
 *	kmodctl scramble SEED COUNT			so many requests made by chance, right and
 *							wrong; what is refused must have changed
 *							nothing, and what was right must say why
 *
 * COMMAND is a name from the tables in names.c or a number. FLAG is create, excl or dump. NAME is
 * an attribute of these tables, or #TYPE with its payload in hexadecimal: that is how malformed
 * messages are made. NAMEs with qos. before them, one after the other, go into one nest. On
 * failure the errno's name and the kernel's sentence go to standard error. With FAIL_NTH=N in the
 * environment the Nth allocation the kernel makes for a request fails.
 *
 * It depends on no library, so that it can say what none would.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/genetlink.h>
#include <linux/liteio.h>

#include "../failnth.h"
#include "answer.h"
#include "kmodctl.h"
#include "names.h"
#include "scramble.h"
#include "socket.h"

/* words in a line of a batch */
#define ARGS_MAX 16

void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("kmodctl: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	failnth_disarm();
	exit(2);
}

uint64_t number(const char *text)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		die("\"%s\" is not a number", text);
	return value;
}

/* returns 0, or 1 when the kernel has refused */
static int request_run(int fd, int family, int argc, char **argv)
{
	static struct request r;
	const char *nth = getenv("FAIL_NTH");
	int ret;

	request_init(&r, family, command_number(argv[0]));
	request_arguments(&r, argv + 1, argc - 1);
	failnth_arm(nth ? (unsigned int)number(nth) : 0);
	ret = socket_converse(fd, &r);
	failnth_disarm();
	return ret;
}

/* ends at the first request that is refused */
static int run_batch(int fd, int family)
{
	char line[4096], *argv[ARGS_MAX], *rest;
	int argc, ret = 0;

	while (!ret && fgets(line, sizeof(line), stdin)) {
		rest = line;
		for (argc = 0; argc < ARGS_MAX; argc++) {
			argv[argc] = strtok_r(NULL, "\n ", &rest);
			if (!argv[argc])
				break;
		}
		if (argc)
			ret = request_run(fd, family, argc, argv);
	}
	return ret;
}

static int run_deaf(int fd, int family, int argc, char **argv)
{
	static struct request r;
	uint64_t i, count;
	int size = 1;

	if (argc < 2)
		die("usage: kmodctl deaf COUNT COMMAND [+FLAG...] [NAME=VALUE...]");
	count = number(argv[0]);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	request_init(&r, family, command_number(argv[1]));
	request_arguments(&r, argv + 2, argc - 2);
	for (i = 0; i < count; i++)
		socket_send(fd, &r);
	return 0;
}

/* objects that a dump has told of, by what names them */
struct key {
	unsigned char uuid[LITEIO_UUID_LEN];
	uint64_t gen;
};

struct keys {
	struct key *key;
	size_t nr, room;
};

static void keep_key(void *arg, const struct nlmsghdr *nl)
{
	const struct nlattr *attr, *first;
	struct keys *keys = arg;

	if (keys->nr == keys->room) {
		keys->room = keys->room ? 2 * keys->room : 64;
		keys->key = realloc(keys->key, keys->room * sizeof(*keys->key));
		if (!keys->key)
			die("no memory");
	}
	first = (const struct nlattr *)((const char *)nl + NLMSG_LENGTH(GENL_HDRLEN));
	for_each_attr(attr, first, nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN)) {
		if (attr->nla_type == LITEIO_A_UUID)
			memcpy(keys->key[keys->nr].uuid, attr_payload(attr), LITEIO_UUID_LEN);
		if (attr->nla_type == LITEIO_A_GEN)
			keys->key[keys->nr].gen = attr_number(attr);
	}
	keys->nr++;
}

/* all that one command tells of is deleted by the other, attachments by their generation, too */
static int wipe(int fd, int family, int get, int del)
{
	static struct request r;
	const struct nlmsghdr *refusal;
	struct keys keys = { 0 };
	int ret = 0;
	size_t i;

	request_init(&r, family, get);
	r.nl->nlmsg_flags |= NLM_F_DUMP;
	if (socket_ask(fd, &r, keep_key, &keys, &refusal))
		die("the registry cannot be read");
	for (i = 0; i < keys.nr; i++) {
		request_init(&r, family, del);
		request_put(&r, LITEIO_A_UUID, keys.key[i].uuid, LITEIO_UUID_LEN);
		if (del == LITEIO_CMD_ATT_DEL)
			request_put(&r, LITEIO_A_GEN, &keys.key[i].gen, sizeof(keys.key[i].gen));
		ret |= socket_converse(fd, &r);
	}
	free(keys.key);
	return ret;
}

static int run_wipe(int fd, int family)
{
	int ret = wipe(fd, family, LITEIO_CMD_ATT_GET, LITEIO_CMD_ATT_DEL);

	return ret | wipe(fd, family, LITEIO_CMD_VOL_GET, LITEIO_CMD_VOL_DEL);
}

static void learn(void *arg, const struct nlmsghdr *nl)
{
	scramble_learn(arg, nl);
}

static void keep_seq(void *arg, const struct nlmsghdr *nl)
{
	const struct nlattr *attr, *first;

	first = (const struct nlattr *)((const char *)nl + NLMSG_LENGTH(GENL_HDRLEN));
	for_each_attr(attr, first, nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN)) {
		if (attr->nla_type == LITEIO_A_EVENT_SEQ)
			*(uint64_t *)arg = attr_number(attr);
	}
}

/* the number of the newest event: what changes something makes one */
static uint64_t event_seq(int fd, int family)
{
	static struct request r;
	const struct nlmsghdr *refusal;
	uint64_t seq = 0;

	request_init(&r, family, LITEIO_CMD_INFO_GET);
	if (socket_ask(fd, &r, keep_seq, &seq, &refusal))
		die("INFO_GET was refused");
	return seq;
}

static void ignore(void *arg, const struct nlmsghdr *nl)
{
	(void)arg;
	(void)nl;
}

/*
 * What is refused changes nothing. But a generation that was fenced before drains when it does, and
 * that is an event, too: so it is asked again, and is at fault when there is an event every time.
 */
static bool changes_something(int fd, int family, struct request *r)
{
	const struct nlmsghdr *refusal;
	uint64_t before;

	for (int i = 0; i < 100; i++) {
		before = event_seq(fd, family);
		if (!socket_ask(fd, r, ignore, NULL, &refusal) || event_seq(fd, family) == before)
			return false;
	}
	return true;
}

static int run_scramble(int fd, int family, int argc, char **argv)
{
	uint64_t i, count, before, seen, refused = 0, accepted[LITEIO_CMD_MAX + 1] = { 0 };
	bool is_explained;
	/* whoever gets no answer for so long gets none */
	struct timeval patience = { .tv_sec = 120 };
	static struct request r;
	const struct nlmsghdr *refusal;
	struct scramble s;
	unsigned int wrong;
	int cmd, error;

	if (argc < 2)
		die("usage: kmodctl scramble SEED COUNT");
	scramble_init(&s, number(argv[0]));
	count = number(argv[1]);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	before = event_seq(fd, family);
	for (i = 0; i < count; i++) {
		wrong = scramble_next(&s, family, &r);
		error = socket_ask(fd, &r, learn, &s, &refusal);
		is_explained = error && answer_sentence(refusal);
		seen = event_seq(fd, family);
		cmd = ((struct genlmsghdr *)NLMSG_DATA(r.nl))->cmd;
		if (!error)
			accepted[cmd <= LITEIO_CMD_MAX ? cmd : 0]++;
		else
			refused++;
		if (error && seen != before && changes_something(fd, family, &r))
			die("request %" PRIu64 ", a %s with %u mistakes, was refused and changed something",
			    i, scramble_command(&r), wrong);
		/* a dump that does not begin loses its sentence on an old kernel */
		if (error && !wrong && !is_explained &&
		    (r.nl->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
			die("request %" PRIu64 ", a %s, was refused with %s and no sentence", i,
			    scramble_command(&r), strerrorname_np(-error));
		before = event_seq(fd, family);
	}
	printf("refused=%" PRIu64, refused);
	for (cmd = 0; cmd <= LITEIO_CMD_MAX; cmd++)
		printf(" %s=%" PRIu64, command_name(cmd), accepted[cmd]);
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	uint32_t group = 0;
	int fd, family;

	if (argc < 2)
		die("usage: kmodctl COMMAND [+FLAG...] [NAME=VALUE...] | events [COUNT] | batch |\n"
		    "	deaf COUNT COMMAND... | wipe | scramble SEED COUNT");
	fd = socket_open();
	family = socket_resolve(fd, &group);
	if (!strcmp(argv[1], "events"))
		return socket_events(fd, group, argc > 2 ? (long)number(argv[2]) : -1);
	if (!strcmp(argv[1], "batch"))
		return run_batch(fd, family);
	if (!strcmp(argv[1], "deaf"))
		return run_deaf(fd, family, argc - 2, argv + 2);
	if (!strcmp(argv[1], "wipe"))
		return run_wipe(fd, family);
	if (!strcmp(argv[1], "scramble"))
		return run_scramble(fd, family, argc - 2, argv + 2);
	return request_run(fd, family, argc - 1, argv + 1);
}
