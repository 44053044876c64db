// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Speaks the module's netlink protocol from a shell, right or wrong on purpose, for tests.
 *
 *	kmodctl COMMAND [+FLAG...] [NAME=VALUE...]	one request; prints one line per message
 *	kmodctl events [COUNT]				prints "ready", then one line per event
 *	kmodctl batch					requests from standard input, one a line
 *
 * COMMAND is a name from the table below or a number. FLAG is create, excl or dump. NAME is an
 * attribute of the table below, or #TYPE with its payload in hexadecimal: that is how malformed
 * messages are made. NAMEs with qos. before them, one after the other, go into one nest. On
 * failure the errno's name and the kernel's sentence go to standard error. With FAIL_NTH=N in the
 * environment the Nth allocation the kernel makes for a request fails.
 *
 * Over 600 lines because it depends on no library, so that it can say what none would.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/liteio.h>
#include <linux/netlink.h>

#include "failnth.h"

#define BUFFER_SIZE (256 * 1024)
/* words in a line of a batch */
#define ARGS_MAX 16

/* this libc's headers may be older than the attribute that they were made for */
#ifndef NLM_F_ACK_TLVS
#define NLM_F_ACK_TLVS 0x200
#endif
#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

enum kind {
	KIND_U8,
	KIND_U32,
	KIND_U64,
	KIND_TEXT,
	KIND_UUID,
};

struct attr_kind {
	const char *name;
	int type;
	enum kind kind;
};

static const struct attr_kind attr_kinds[] = {
	{ "version", LITEIO_A_VERSION, KIND_U32 },
	{ "module", LITEIO_A_MODULE, KIND_TEXT },
	{ "features", LITEIO_A_FEATURES, KIND_U64 },
	{ "instance", LITEIO_A_INSTANCE, KIND_UUID },
	{ "event_seq", LITEIO_A_EVENT_SEQ, KIND_U64 },
	{ "stats_bytes", LITEIO_A_STATS_BYTES, KIND_U64 },
	{ "uuid", LITEIO_A_UUID, KIND_UUID },
	{ "name", LITEIO_A_NAME, KIND_TEXT },
	{ "floor", LITEIO_A_FLOOR, KIND_U64 },
	{ "barred", LITEIO_A_BARRED, KIND_U32 },
	{ "attachments", LITEIO_A_ATTACHMENTS, KIND_U32 },
	{ "gen", LITEIO_A_GEN, KIND_U64 },
	{ "host", LITEIO_A_HOST, KIND_TEXT },
	{ "flags", LITEIO_A_FLAGS, KIND_U32 },
	{ "state", LITEIO_A_STATE, KIND_U32 },
	{ "inflight", LITEIO_A_INFLIGHT, KIND_U64 },
	{ "rejected", LITEIO_A_REJECTED, KIND_U64 },
	{ "major", LITEIO_A_DEV_MAJOR, KIND_U32 },
	{ "minor", LITEIO_A_DEV_MINOR, KIND_U32 },
	{ "timeout", LITEIO_A_TIMEOUT_MS, KIND_U32 },
	{ "drained", LITEIO_A_DRAINED, KIND_U8 },
	{ "waited_ns", LITEIO_A_WAITED_NS, KIND_U64 },
	{ "time_ns", LITEIO_A_TIME_NS, KIND_U64 },
	{ "seq", LITEIO_A_SEQ, KIND_U64 },
	{ "type", LITEIO_A_TYPE, KIND_U32 },
	{ "value", LITEIO_A_VALUE, KIND_U64 },
	{ "queued", LITEIO_A_QUEUED, KIND_U64 },
	{ "throttled", LITEIO_A_THROTTLED, KIND_U64 },
};

static const struct attr_kind qos_attr_kinds[] = {
	{ "riops", LITEIO_QOS_A_RIOPS, KIND_U64 },
	{ "wiops", LITEIO_QOS_A_WIOPS, KIND_U64 },
	{ "rbps", LITEIO_QOS_A_RBPS, KIND_U64 },
	{ "wbps", LITEIO_QOS_A_WBPS, KIND_U64 },
	{ "burst_ms", LITEIO_QOS_A_BURST_MS, KIND_U32 },
};

static const struct attr_kind throttle_attr_kinds[] = {
	{ "queued", LITEIO_THROTTLE_A_QUEUED, KIND_U64 },
	{ "throttled", LITEIO_THROTTLE_A_THROTTLED, KIND_U64 },
	{ "iops_ns", LITEIO_THROTTLE_A_IOPS_NS, KIND_U64 },
	{ "bps_ns", LITEIO_THROTTLE_A_BPS_NS, KIND_U64 },
};

static const struct attr_kind class_attr_kinds[] = {
	{ "ios", LITEIO_CLASS_A_IOS, KIND_U64 },
	{ "errors", LITEIO_CLASS_A_ERRORS, KIND_U64 },
	{ "bytes", LITEIO_CLASS_A_BYTES, KIND_U64 },
	{ "time_ns", LITEIO_CLASS_A_TIME_NS, KIND_U64 },
};

static const char *const class_names[] = { "read", "write", "flush", "other" };

static const char *const state_names[] = { "new", "open", "draining", "fenced" };

static const char *const event_names[] = {
	[LITEIO_EVENT_VOL_ADDED] = "vol-added",
	[LITEIO_EVENT_VOL_CHANGED] = "vol-changed",
	[LITEIO_EVENT_VOL_DELETED] = "vol-deleted",
	[LITEIO_EVENT_ATT_ADDED] = "att-added",
	[LITEIO_EVENT_ATT_BOUND] = "att-bound",
	[LITEIO_EVENT_ATT_UNBOUND] = "att-unbound",
	[LITEIO_EVENT_ATT_FENCED] = "att-fenced",
	[LITEIO_EVENT_ATT_DRAINED] = "att-drained",
	[LITEIO_EVENT_ATT_DELETED] = "att-deleted",
	[LITEIO_EVENT_STALE_IO] = "stale-io",
	[LITEIO_EVENT_IO_ERROR] = "io-error",
	[LITEIO_EVENT_NO_SPACE] = "no-space",
	[LITEIO_EVENT_QOS_CHANGED] = "qos-changed",
};

static const struct {
	const char *name;
	int cmd;
} commands[] = {
	{ "info", LITEIO_CMD_INFO_GET },   { "vol-set", LITEIO_CMD_VOL_SET },
	{ "vol-get", LITEIO_CMD_VOL_GET }, { "vol-del", LITEIO_CMD_VOL_DEL },
	{ "att-add", LITEIO_CMD_ATT_ADD }, { "att-get", LITEIO_CMD_ATT_GET },
	{ "att-del", LITEIO_CMD_ATT_DEL }, { "fence", LITEIO_CMD_FENCE },
	{ "stats", LITEIO_CMD_STATS_GET },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
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

/* --- making a request ---------------------------------------------------------------------- */

struct request {
	struct nlmsghdr *nl;
	char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static void request_init(struct request *r, int family, int cmd)
{
	struct genlmsghdr *genl;

	memset(r->buffer, 0, NLMSG_LENGTH(GENL_HDRLEN));
	r->nl = (struct nlmsghdr *)r->buffer;
	r->nl->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->nl->nlmsg_type = (unsigned short)family;
	r->nl->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	r->nl->nlmsg_seq = 1;
	genl = NLMSG_DATA(r->nl);
	genl->cmd = (unsigned char)cmd;
	genl->version = LITEIO_GENL_VERSION;
}

static void request_put(struct request *r, int type, const void *data, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(r->buffer + NLMSG_ALIGN(r->nl->nlmsg_len));

	if (NLMSG_ALIGN(r->nl->nlmsg_len) + NLA_HDRLEN + len + NLA_ALIGNTO > sizeof(r->buffer))
		die("the request is too long");
	attr->nla_type = (unsigned short)type;
	attr->nla_len = (unsigned short)(NLA_HDRLEN + len);
	memset(attr + 1, 0, NLA_ALIGN(len));
	memcpy(attr + 1, data, len);
	r->nl->nlmsg_len = NLMSG_ALIGN(r->nl->nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

static uint64_t number(const char *text)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		die("\"%s\" is not a number", text);
	return value;
}

/* hexadecimal digits, dashes between them do not count */
static size_t unhex(const char *text, unsigned char *out, size_t room)
{
	size_t len = 0;
	unsigned int byte;

	while (*text) {
		if (*text == '-') {
			text++;
			continue;
		}
		if (len == room || sscanf(text, "%2x", &byte) != 1 || !text[1])
			die("\"%s\" is not hexadecimal", text);
		out[len++] = (unsigned char)byte;
		text += 2;
	}
	return len;
}

static void put_kind(struct request *r, const struct attr_kind *kind, const char *text)
{
	unsigned char uuid[64];
	uint64_t u64;
	uint32_t u32;
	uint8_t u8;

	switch (kind->kind) {
	case KIND_U8:
		u8 = (uint8_t)number(text);
		request_put(r, kind->type, &u8, sizeof(u8));
		break;
	case KIND_U32:
		u32 = (uint32_t)number(text);
		request_put(r, kind->type, &u32, sizeof(u32));
		break;
	case KIND_U64:
		u64 = number(text);
		request_put(r, kind->type, &u64, sizeof(u64));
		break;
	case KIND_TEXT:
		request_put(r, kind->type, text, strlen(text) + 1);
		break;
	case KIND_UUID:
		request_put(r, kind->type, uuid, unhex(text, uuid, sizeof(uuid)));
		break;
	}
}

static void put_argument(struct request *r, const char *argument, const struct attr_kind *kinds,
			 size_t nr)
{
	const char *value = strchr(argument, '=');
	unsigned char raw[4096];
	size_t i;

	if (!value)
		die("\"%s\" is not NAME=VALUE", argument);
	value++;
	if (*argument == '#') {
		request_put(r, atoi(argument + 1), raw,
			    unhex(value, raw, sizeof(raw)));
		return;
	}
	for (i = 0; i < nr; i++) {
		size_t len = strlen(kinds[i].name);

		if (!strncmp(argument, kinds[i].name, len) && argument[len] == '=') {
			put_kind(r, &kinds[i], value);
			return;
		}
	}
	die("no attribute is called \"%s\"", argument);
}

static void put_flag(struct request *r, const char *flag)
{
	if (!strcmp(flag, "create"))
		r->nl->nlmsg_flags |= NLM_F_CREATE;
	else if (!strcmp(flag, "excl"))
		r->nl->nlmsg_flags |= NLM_F_EXCL;
	else if (!strcmp(flag, "dump"))
		r->nl->nlmsg_flags |= NLM_F_DUMP;
	else
		die("no flag is called \"%s\"", flag);
}

/* into the nest that was begun last, or a new one; returns where it begins */
static size_t put_nested(struct request *r, size_t nest_at, const char *argument)
{
	struct nlattr *nest;

	if (!nest_at) {
		nest_at = NLMSG_ALIGN(r->nl->nlmsg_len);
		request_put(r, LITEIO_A_QOS | NLA_F_NESTED, "", 0);
	}
	if (*argument)
		put_argument(r, argument, qos_attr_kinds, COUNT(qos_attr_kinds));
	nest = (struct nlattr *)(r->buffer + nest_at);
	nest->nla_len = (unsigned short)(NLMSG_ALIGN(r->nl->nlmsg_len) - nest_at);
	return nest_at;
}

static void put_arguments(struct request *r, char **arguments, int nr)
{
	size_t nest_at = 0;
	int i;

	for (i = 0; i < nr; i++) {
		if (*arguments[i] == '+') {
			put_flag(r, arguments[i] + 1);
		} else if (!strncmp(arguments[i], "qos.", 4)) {
			nest_at = put_nested(r, nest_at, arguments[i] + 4);
		} else {
			nest_at = 0;
			put_argument(r, arguments[i], attr_kinds, COUNT(attr_kinds));
		}
	}
}

/* --- reading an answer --------------------------------------------------------------------- */

#define for_each_attr(attr, start, len) \
	for ((attr) = (start); (char *)(attr) + NLA_HDRLEN <= (char *)(start) + (len) && \
	     (attr)->nla_len >= NLA_HDRLEN && \
	     (char *)(attr) + (attr)->nla_len <= (char *)(start) + (len); \
	     (attr) = (const struct nlattr *)((char *)(attr) + NLA_ALIGN((attr)->nla_len)))

static const void *payload(const struct nlattr *attr)
{
	return attr + 1;
}

static uint64_t attr_number(const struct nlattr *attr)
{
	uint64_t u64;
	uint32_t u32;

	switch (attr->nla_len - NLA_HDRLEN) {
	case 1:
		return *(const uint8_t *)payload(attr);
	case 4:
		memcpy(&u32, payload(attr), sizeof(u32));
		return u32;
	case 8:
		memcpy(&u64, payload(attr), sizeof(u64));
		return u64;
	default:
		die("attribute %d has a strange length", attr->nla_type);
	}
}

static const char *name_of(const char *const *names, size_t nr, uint64_t value)
{
	return value < nr && names[value] ? names[value] : "unknown";
}

static void print_attr(const struct attr_kind *kind, const struct nlattr *attr, const char *prefix)
{
	const unsigned char *b = payload(attr);
	int i;

	printf(" %s%s=", prefix, kind->name);
	switch (kind->kind) {
	case KIND_TEXT:
		printf("%.*s", attr->nla_len - NLA_HDRLEN, (const char *)b);
		return;
	case KIND_UUID:
		for (i = 0; i < LITEIO_UUID_LEN; i++)
			printf("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
		return;
	default:
		break;
	}
	if (kind->type == LITEIO_A_STATE && !*prefix)
		printf("%s", name_of(state_names, COUNT(state_names), attr_number(attr)));
	else if (kind->type == LITEIO_A_TYPE && !*prefix)
		printf("%s", name_of(event_names, COUNT(event_names), attr_number(attr)));
	else
		printf("%" PRIu64, attr_number(attr));
}

static void print_hist(const struct nlattr *attr, const char *prefix)
{
	uint64_t hist[LITEIO_HIST_BUCKETS], sum = 0;
	unsigned int i;

	if (attr->nla_len - NLA_HDRLEN != sizeof(hist))
		die("the histogram has a strange length");
	memcpy(hist, payload(attr), sizeof(hist));
	for (i = 0; i < LITEIO_HIST_BUCKETS; i++)
		sum += hist[i];
	printf(" %shist=%" PRIu64, prefix, sum);
}

static void print_class(const struct nlattr *nest)
{
	const struct nlattr *attr, *first = payload(nest);
	char prefix[32] = "unknown.";
	size_t i;

	for_each_attr(attr, first, nest->nla_len - NLA_HDRLEN) {
		if (attr->nla_type == LITEIO_CLASS_A_ID)
			snprintf(prefix, sizeof(prefix), "%s.",
				 name_of(class_names, COUNT(class_names), attr_number(attr)));
		if (attr->nla_type == LITEIO_CLASS_A_HIST)
			print_hist(attr, prefix);
		for (i = 0; i < COUNT(class_attr_kinds); i++) {
			if (attr->nla_type == class_attr_kinds[i].type)
				print_attr(&class_attr_kinds[i], attr, prefix);
		}
	}
}

static void print_nest(const struct nlattr *nest, const char *prefix, const struct attr_kind *kinds,
		       size_t nr)
{
	const struct nlattr *attr, *first = payload(nest);
	size_t i;

	for_each_attr(attr, first, nest->nla_len - NLA_HDRLEN) {
		for (i = 0; i < nr; i++) {
			if (attr->nla_type == kinds[i].type)
				print_attr(&kinds[i], attr, prefix);
		}
	}
}

/* which direction it is comes first in the nest */
static void print_throttle(const struct nlattr *nest)
{
	const struct nlattr *id = payload(nest);
	char prefix[32];

	if (nest->nla_len < 2 * NLA_HDRLEN || id->nla_type != LITEIO_THROTTLE_A_ID)
		die("throttling without a direction");
	snprintf(prefix, sizeof(prefix), "over.%s.",
		 name_of(class_names, COUNT(class_names), attr_number(id)));
	print_nest(nest, prefix, throttle_attr_kinds, COUNT(throttle_attr_kinds));
}

static void print_message(const struct nlmsghdr *nl)
{
	const struct nlattr *attr, *first;
	size_t i, len = nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);

	first = (const struct nlattr *)((const char *)nl + NLMSG_LENGTH(GENL_HDRLEN));
	for_each_attr(attr, first, len) {
		if ((attr->nla_type & NLA_TYPE_MASK) == LITEIO_A_CLASS) {
			print_class(attr);
			continue;
		}
		if ((attr->nla_type & NLA_TYPE_MASK) == LITEIO_A_QOS)
			print_nest(attr, "qos.", qos_attr_kinds, COUNT(qos_attr_kinds));
		if ((attr->nla_type & NLA_TYPE_MASK) == LITEIO_A_THROTTLE)
			print_throttle(attr);
		for (i = 0; i < COUNT(attr_kinds); i++) {
			if (attr->nla_type == attr_kinds[i].type)
				print_attr(&attr_kinds[i], attr, "");
		}
	}
	if (nl->nlmsg_flags & NLM_F_DUMP_INTR)
		printf(" interrupted");
	putchar('\n');
}

static void print_error(const struct nlmsghdr *nl, int error)
{
	size_t offset = sizeof(*nl) + sizeof(struct nlmsgerr);
	const struct nlmsgerr *err = NLMSG_DATA(nl);
	const struct nlattr *attr, *first;
	const char *sentence = "no sentence";

	if (!(nl->nlmsg_flags & NLM_F_CAPPED))
		offset += err->msg.nlmsg_len - sizeof(err->msg);
	/* a failed dump carries its attributes right after the number */
	if (nl->nlmsg_type == NLMSG_DONE)
		offset = sizeof(*nl) + sizeof(int);
	first = (const struct nlattr *)((const char *)nl + NLMSG_ALIGN(offset));
	if ((nl->nlmsg_flags & NLM_F_ACK_TLVS) && offset < nl->nlmsg_len) {
		for_each_attr(attr, first, nl->nlmsg_len - offset) {
			if ((attr->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG)
				sentence = payload(attr);
		}
	}
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", strerrorname_np(-error), sentence);
}

/* --- the socket ---------------------------------------------------------------------------- */

static int open_socket(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int one = 1, fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return fd;
}

static ssize_t receive(int fd, char *buffer)
{
	ssize_t len;

	do {
		len = recv(fd, buffer, BUFFER_SIZE, 0);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		die("recv: %s", strerror(errno));
	return len;
}

static void transmit(int fd, struct request *r)
{
	if (send(fd, r->buffer, r->nl->nlmsg_len, 0) < 0)
		die("send: %s", strerror(errno));
}

/* returns 0, or 1 when the kernel has refused */
static int converse(int fd, struct request *r)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nl;
	int error;
	ssize_t len;

	transmit(fd, r);
	for (;;) {
		len = receive(fd, buffer);
		for (nl = (struct nlmsghdr *)buffer; NLMSG_OK(nl, len); nl = NLMSG_NEXT(nl, len)) {
			if (nl->nlmsg_type != NLMSG_ERROR && nl->nlmsg_type != NLMSG_DONE) {
				print_message(nl);
				continue;
			}
			memcpy(&error, NLMSG_DATA(nl), sizeof(error));
			if (error) {
				print_error(nl, error);
				return 1;
			}
			return 0;
		}
	}
}

/* number of the only group in a nest of groups */
static uint32_t group_of(const struct nlattr *groups)
{
	const struct nlattr *group = payload(groups), *item, *first = payload(group);
	uint32_t id = 0;

	for_each_attr(item, first, group->nla_len - NLA_HDRLEN) {
		if (item->nla_type == CTRL_ATTR_MCAST_GRP_ID)
			id = (uint32_t)attr_number(item);
	}
	return id;
}

/* numbers of the family, and of its group of events */
static int resolve(int fd, uint32_t *ret_group)
{
	static struct request r;
	static char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nl = (struct nlmsghdr *)buffer;
	const struct nlattr *attr, *first;
	int family = 0;

	request_init(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	r.nl->nlmsg_flags = NLM_F_REQUEST;
	request_put(&r, CTRL_ATTR_FAMILY_NAME, LITEIO_GENL_NAME, sizeof(LITEIO_GENL_NAME));
	transmit(fd, &r);
	receive(fd, buffer);
	if (nl->nlmsg_type == NLMSG_ERROR)
		die("no family \"%s\": is the module loaded?", LITEIO_GENL_NAME);
	first = (const struct nlattr *)(buffer + NLMSG_LENGTH(GENL_HDRLEN));
	for_each_attr(attr, first, nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN)) {
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			family = *(const uint16_t *)payload(attr);
		if ((attr->nla_type & NLA_TYPE_MASK) == CTRL_ATTR_MCAST_GROUPS)
			*ret_group = group_of(attr);
	}
	return family;
}

static int show_events(int fd, uint32_t group, long count)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nl;
	ssize_t len;

	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group))) {
		fprintf(stderr, "%s: no sentence\n", strerrorname_np(errno));
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (count) {
		len = receive(fd, buffer);
		for (nl = (struct nlmsghdr *)buffer; NLMSG_OK(nl, len) && count;
		     nl = NLMSG_NEXT(nl, len)) {
			print_message(nl);
			if (count > 0)
				count--;
		}
	}
	return 0;
}

static int command_number(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(commands); i++) {
		if (!strcmp(name, commands[i].name))
			return commands[i].cmd;
	}
	return (int)number(name);
}

/* returns 0, or 1 when the kernel has refused */
static int request_run(int fd, int family, int argc, char **argv)
{
	static struct request r;
	const char *nth = getenv("FAIL_NTH");
	int ret;

	request_init(&r, family, command_number(argv[0]));
	put_arguments(&r, argv + 1, argc - 1);
	failnth_arm(nth ? (unsigned int)number(nth) : 0);
	ret = converse(fd, &r);
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

int main(int argc, char **argv)
{
	uint32_t group = 0;
	int fd, family;

	if (argc < 2)
		die("usage: kmodctl COMMAND [+FLAG...] [NAME=VALUE...] | events [COUNT] | batch");
	fd = open_socket();
	family = resolve(fd, &group);
	if (!strcmp(argv[1], "events"))
		return show_events(fd, group, argc > 2 ? (long)number(argv[2]) : -1);

	if (!strcmp(argv[1], "batch"))
		return run_batch(fd, family);
	return request_run(fd, family, argc - 1, argv + 1);
}
