// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command lines: values land where the table says, and what is wrong is said by name.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/args.h"
#include "base/error.h"
#include "base/json.h"
#include "unit.h"

static const char *const formats[] = { "table", "json", NULL };

static struct {
	bool force;
	const char *pool;
	uint64_t count;
	uint64_t size;
	int format;
} v;

static const struct liteio_arg args[] = {
	{ "force", 'f', LITEIO_ARG_FLAG, &v.force, 0, 0, NULL, NULL, "even if it hurts" },
	{ "pool", 'p', LITEIO_ARG_STRING, &v.pool, 0, 0, NULL, "NAME", "which pool" },
	{ "count", 0, LITEIO_ARG_U64, &v.count, 1, 10, NULL, "N", "how many" },
	{ "size", 's', LITEIO_ARG_SIZE, &v.size, 4096, 0, NULL, "SIZE", "how large" },
	{ "format", 'o', LITEIO_ARG_ENUM, &v.format, 0, 0, formats, "FORMAT", "how to print" },
	{ NULL, 0, 0, NULL, 0, 0, NULL, NULL, NULL },
};

static int operand;
static enum liteio_args_help help;
static struct liteio_error err;

/* the words of a line, parsed */
static int parse(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	err = (struct liteio_error)LITEIO_ERROR_INIT;
	return liteio_args_parse(argc, argv, args, &operand, &help, &err);
}

#define PARSE(...) parse((char *[]){ strdupa("prog"), ##__VA_ARGS__, NULL })
#define W(s) strdupa(s)

START_TEST(test_good)
{
	char *argv[] = { W("prog"), W("create"), W("-f"), W("--pool=p1"), W("--count"), W("7"),
			 W("v1"), W("-s1.5Mi"), W("-s"), W("10Gi"), W("--format"), W("json"),
			 W("--"), W("--not-an-option"), NULL };

	ck_assert_int_eq(parse(argv), 0);
	ck_assert(v.force);
	ck_assert_str_eq(v.pool, "p1");
	ck_assert_uint_eq(v.count, 7);
	ck_assert_uint_eq(v.size, 10ull << 30);
	ck_assert_int_eq(v.format, 1);
	ck_assert(!help);
	/* operands are at the end, in their order */
	ck_assert_str_eq(argv[operand], "create");
	ck_assert_str_eq(argv[operand + 1], "v1");
	ck_assert_str_eq(argv[operand + 2], "--not-an-option");
}
END_TEST

START_TEST(test_flag)
{
	ck_assert_int_eq(PARSE(W("--force")), 0);
	ck_assert(v.force);
	ck_assert_int_eq(PARSE(W("--force=false")), 0);
	ck_assert(!v.force);
	ck_assert_int_eq(PARSE(W("--force=no")), -EINVAL);
	ck_assert_str_eq(err.msg, "option --force: \"no\" is neither \"true\" nor \"false\"");
}
END_TEST

START_TEST(test_bad)
{
	ck_assert_int_eq(PARSE(W("--nope")), -EINVAL);
	ck_assert_str_eq(err.msg, "unknown or ambiguous option --nope");
	ck_assert_int_eq(PARSE(W("--fo")), -EINVAL);
	ck_assert_int_eq(PARSE(W("-x")), -EINVAL);
	ck_assert_str_eq(err.msg, "unknown option -x");
	ck_assert_int_eq(PARSE(W("-p")), -EINVAL);
	ck_assert_str_eq(err.msg, "option -p needs a value");
	ck_assert_int_eq(PARSE(W("--pool")), -EINVAL);
	ck_assert_str_eq(err.msg, "option --pool needs a value");
	ck_assert_int_eq(PARSE(W("--help=x")), -EINVAL);
	ck_assert_str_eq(err.msg, "option --help: \"x\" is not \"json\"");
	ck_assert_int_eq(PARSE(W("--count=0")), -EINVAL);
	ck_assert_str_eq(err.msg, "option --count: 0 is less than 1");
	ck_assert_int_eq(PARSE(W("--count=11")), -EINVAL);
	ck_assert_str_eq(err.msg, "option --count: 11 is more than 10");
	ck_assert_int_eq(PARSE(W("--count=3x")), -EINVAL);
	ck_assert_str_eq(err.msg, "option --count: \"3x\" is not a number");
	ck_assert_int_eq(PARSE(W("--size=1Ki")), -EINVAL);
	ck_assert_str_eq(err.msg, "option --size: 1024 is less than 4096");
	ck_assert_int_eq(PARSE(W("--size=x")), -EINVAL);
	ck_assert_int_eq(PARSE(W("--format=xml")), -EINVAL);
	ck_assert_str_eq(err.msg, "option --format: \"xml\" is not one of: table, json");
	ck_assert_uint_eq(v.count, 0);
	ck_assert_uint_eq(v.size, 0);
}
END_TEST

START_TEST(test_twice)
{
	/* a program and its subcommand each parse their part */
	ck_assert_int_eq(PARSE(W("a"), W("--help")), 0);
	ck_assert_int_eq(help, LITEIO_ARGS_HELP);
	ck_assert_int_eq(PARSE(W("b"), W("-p"), W("x")), 0);
	ck_assert_int_eq(help, LITEIO_ARGS_RUN);
	ck_assert_str_eq(v.pool, "x");
}
END_TEST

START_TEST(test_description)
{
	struct liteio_json *d, *o;

	ck_assert_int_eq(PARSE(W("--help=json")), 0);
	ck_assert_int_eq(help, LITEIO_ARGS_DESCRIBE);
	ck_assert_int_eq(PARSE(W("--help=man")), -EINVAL);
	ck_assert_str_eq(err.msg, "option --help: \"man\" is not \"json\"");
	d = liteio_args_describe("prog", args);
	ck_assert_str_eq(liteio_json_get_string(d, "program"), "prog");
	o = liteio_json_get(d, "options");
	ck_assert_uint_eq(liteio_json_len(o), 6);
	ck_assert(!liteio_json_has(liteio_json_at(o, 0), "value"));
	ck_assert_str_eq(liteio_json_get_string(liteio_json_at(o, 1), "short"), "p");
	ck_assert_str_eq(liteio_json_get_string(liteio_json_at(o, 3), "value"), "SIZE");
	ck_assert_str_eq(liteio_json_string(liteio_json_at(
				 liteio_json_get(liteio_json_at(o, 4), "choices"), 1)),
			 "json");
	ck_assert_str_eq(liteio_json_get_string(liteio_json_at(o, 5), "name"), "help");
	liteio_json_unref(d);
}
END_TEST

/* more than a stream keeps to itself: what is lost is lost before the end */
static void say_much(void)
{
	for (int i = 0; i < 4096; i++)
		puts("all work and no play makes jack a dull boy");
}

START_TEST(test_lost)
{
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
	say_much();
	ck_assert_int_eq(liteio_args_finish("prog", EXIT_SUCCESS), EXIT_SUCCESS);
	ck_assert_ptr_nonnull(freopen("/dev/full", "w", stdout));
	ck_assert_int_eq(liteio_args_finish("prog", EXIT_SUCCESS), EXIT_SUCCESS);
	puts("short");
	ck_assert_int_eq(liteio_args_finish("prog", EXIT_SUCCESS), EXIT_FAILURE);
	/* and whoever cleared nothing is told again */
	ck_assert_int_eq(liteio_args_finish("prog", EXIT_SUCCESS), EXIT_FAILURE);
	ck_assert_int_eq(liteio_args_finish("prog", 7), 7);
	ck_assert_ptr_nonnull(freopen("/dev/full", "w", stdout));
	say_much();
	fflush(stdout);
	ck_assert_int_eq(liteio_args_finish("prog", EXIT_SUCCESS), EXIT_FAILURE);
}
END_TEST

START_TEST(test_unread)
{
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_ge(dup2(fds[1], STDOUT_FILENO), 0);
	close(fds[1]);
	close(fds[0]);
	say_much();
	fflush(stdout);
	ck_assert_int_eq(liteio_args_finish("prog", EXIT_SUCCESS), EXIT_SUCCESS);
	puts("short");
	ck_assert_int_eq(liteio_args_finish("prog", EXIT_SUCCESS), EXIT_SUCCESS);
}
END_TEST

UNIT_MAIN("args", test_good, test_flag, test_bad, test_twice, test_description, test_lost,
	  test_unread)
