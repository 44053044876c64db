// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Speaks the module's netlink protocol from a shell, right or wrong on purpose, for tests.
 *
 *	kmodctl COMMAND [+FLAG...] [NAME=VALUE...]	one request; prints one line per message
 *	kmodctl events [COUNT]				prints "ready", then one line per event
 *	kmodctl batch					requests from standard input, one a line
 *	kmodctl deaf COUNT COMMAND ...			the same request so often, no answer is read, and
 *							the socket has hardly room for one
 *
 * COMMAND is a name from the tables in names.c or a number. FLAG is create, excl or dump. NAME is an
 * attribute of these tables, or #TYPE with its payload in hexadecimal: that is how malformed
 * messages are made. NAMEs with qos. before them, one after the other, go into one nest. On
 * failure the errno's name and the kernel's sentence go to standard error. With FAIL_NTH=N in the
 * environment the Nth allocation the kernel makes for a request fails.
 *
 * It depends on no library, so that it can say what none would.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../failnth.h"
#include "kmodctl.h"
#include "names.h"
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

int main(int argc, char **argv)
{
	uint32_t group = 0;
	int fd, family;

	if (argc < 2)
		die("usage: kmodctl COMMAND [+FLAG...] [NAME=VALUE...] | events [COUNT] | batch |\n"
		    "	deaf COUNT COMMAND...");
	fd = socket_open();
	family = socket_resolve(fd, &group);
	if (!strcmp(argv[1], "events"))
		return socket_events(fd, group, argc > 2 ? (long)number(argv[2]) : -1);
	if (!strcmp(argv[1], "batch"))
		return run_batch(fd, family);
	if (!strcmp(argv[1], "deaf"))
		return run_deaf(fd, family, argc - 2, argv + 2);
	return request_run(fd, family, argc - 1, argv + 1);
}
