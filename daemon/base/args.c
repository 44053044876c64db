// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command lines: one table of options, parsed with getopt_long and printed as the help.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/args.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

/* what getopt_long returns for option i of the table, beyond any character */
#define OPTION_BASE 0x1000
#define OPTION_HELP (OPTION_BASE - 1)

static int set_flag(const struct liteio_arg *a, const char *text, struct liteio_error *err)
{
	if (!text || !strcmp(text, "true"))
		*(bool *)a->value = true;
	else if (!strcmp(text, "false"))
		*(bool *)a->value = false;
	else
		return liteio_error_set(err, -EINVAL,
					"option --%s: \"%s\" is neither \"true\" nor \"false\"",
					a->name, text);
	return 0;
}

static int check_range(const struct liteio_arg *a, uint64_t v, struct liteio_error *err)
{
	if (v < a->min)
		return liteio_error_set(err, -EINVAL, "option --%s: %llu is less than %llu",
					a->name, (unsigned long long)v,
					(unsigned long long)a->min);
	if (a->max && v > a->max)
		return liteio_error_set(err, -EINVAL, "option --%s: %llu is more than %llu",
					a->name, (unsigned long long)v,
					(unsigned long long)a->max);
	return 0;
}

static int set_number(const struct liteio_arg *a, const char *text, struct liteio_error *err)
{
	uint64_t v;
	int r;

	if (a->type == LITEIO_ARG_SIZE) {
		r = liteio_parse_size(text, &v, err);
		if (r)
			return liteio_error_wrap(err, -EINVAL, "option --%s", a->name);
	} else if (liteio_parse_u64(text, 0, UINT64_MAX, &v)) {
		return liteio_error_set(err, -EINVAL, "option --%s: \"%s\" is not a number",
					a->name, text);
	}
	r = check_range(a, v, err);
	if (!r)
		*(uint64_t *)a->value = v;
	return r;
}

static int set_enum(const struct liteio_arg *a, const char *text, struct liteio_error *err)
{
	struct liteio_buf known = LITEIO_BUF_INIT;
	int r;

	for (int i = 0; a->names[i]; i++) {
		if (!strcmp(text, a->names[i])) {
			*(int *)a->value = i;
			liteio_buf_fini(&known);
			return 0;
		}
		liteio_buf_addf(&known, "%s%s", i ? ", " : "", a->names[i]);
	}
	r = liteio_error_set(err, -EINVAL, "option --%s: \"%s\" is not one of: %s", a->name, text,
			     known.data ? known.data : "");
	liteio_buf_fini(&known);
	return r;
}

static int set_value(const struct liteio_arg *a, const char *text, struct liteio_error *err)
{
	switch (a->type) {
	case LITEIO_ARG_FLAG:
		return set_flag(a, text, err);
	case LITEIO_ARG_STRING:
		*(const char **)a->value = text;
		return 0;
	case LITEIO_ARG_U64:
	case LITEIO_ARG_SIZE:
		return set_number(a, text, err);
	case LITEIO_ARG_ENUM:
		return set_enum(a, text, err);
	}
	return liteio_error_set(err, -EINVAL, "option --%s has an unknown type", a->name);
}

static size_t count_args(const struct liteio_arg *args)
{
	size_t n = 0;

	while (args[n].name)
		n++;
	return n;
}

/* getopt's two forms of the table; both are freed by the caller */
static void make_tables(const struct liteio_arg *args, size_t n, struct option **ret_long,
			char **ret_short)
{
	struct option *longs = liteio_calloc(n + 2, sizeof(*longs));
	struct liteio_buf shorts = LITEIO_BUF_INIT;

	liteio_buf_addstr(&shorts, ":");
	for (size_t i = 0; i < n; i++) {
		bool flag = args[i].type == LITEIO_ARG_FLAG;

		longs[i].name = args[i].name;
		longs[i].has_arg = flag ? optional_argument : required_argument;
		longs[i].val = OPTION_BASE + (int)i;
		if (args[i].short_name)
			liteio_buf_addf(&shorts, "%c%s", args[i].short_name, flag ? "" : ":");
	}
	longs[n].name = "help";
	longs[n].has_arg = optional_argument;
	longs[n].val = OPTION_HELP;
	*ret_long = longs;
	*ret_short = liteio_buf_take(&shorts);
}

static const struct liteio_arg *find_arg(const struct liteio_arg *args, size_t n, int c)
{
	if (c >= OPTION_BASE)
		return &args[c - OPTION_BASE];
	for (size_t i = 0; i < n; i++) {
		if (args[i].short_name && args[i].short_name == c)
			return &args[i];
	}
	return NULL;
}

/* getopt says ':' or '?' and leaves in optopt or the line what it was about */
static int bad_option(int c, char **argv, struct liteio_error *err)
{
	const char *word = argv[optind - 1];

	if (optopt && optopt < OPTION_HELP) {
		if (c == ':')
			return liteio_error_set(err, -EINVAL, "option -%c needs a value", optopt);
		return liteio_error_set(err, -EINVAL, "unknown option -%c", optopt);
	}
	if (c == ':')
		return liteio_error_set(err, -EINVAL, "option %s needs a value", word);
	if (optopt)
		return liteio_error_set(err, -EINVAL, "option %s takes no value", word);
	return liteio_error_set(err, -EINVAL, "unknown or ambiguous option %s", word);
}

static int set_help(const char *text, enum liteio_args_help *ret, struct liteio_error *err)
{
	if (text && strcmp(text, "json") != 0)
		return liteio_error_set(err, -EINVAL, "option --help: \"%s\" is not \"json\"",
					text);
	*ret = text ? LITEIO_ARGS_DESCRIBE : LITEIO_ARGS_HELP;
	return 0;
}

int liteio_args_parse(int argc, char **argv, const struct liteio_arg *args, int *ret_operand,
		      enum liteio_args_help *ret_help, struct liteio_error *err)
{
	struct option *longs _cleanup_free_ = NULL;
	char *shorts _cleanup_free_ = NULL;
	size_t n = count_args(args);
	enum liteio_args_help help = LITEIO_ARGS_RUN;
	int c, r;

	make_tables(args, n, &longs, &shorts);
	/* 0 restarts getopt completely: a program and its subcommand both parse */
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct liteio_arg *a;

		if (c == OPTION_HELP) {
			r = set_help(optarg, &help, err);
			if (r)
				return r;
			continue;
		}
		a = c == ':' || c == '?' ? NULL : find_arg(args, n, c);
		if (!a)
			return bad_option(c, argv, err);
		r = set_value(a, optarg, err);
		if (r)
			return r;
	}
	*ret_operand = optind;
	*ret_help = help;
	return 0;
}

/* "  -s, --size SIZE" */
static char *usage_of(const struct liteio_arg *a)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	if (a->short_name)
		liteio_buf_addf(&b, "  -%c, --%s", a->short_name, a->name);
	else
		liteio_buf_addf(&b, "      --%s", a->name);
	if (a->type != LITEIO_ARG_FLAG)
		liteio_buf_addf(&b, " %s", a->metavar ? a->metavar : "VALUE");
	return liteio_buf_take(&b);
}

static const struct liteio_arg help = { .name = "help", .help = "show this help" };

void liteio_args_print(const struct liteio_arg *args)
{
	size_t n = count_args(args);
	int width = 0;

	for (size_t i = 0; i <= n; i++) {
		char *text _cleanup_free_ = usage_of(i < n ? &args[i] : &help);

		if ((int)strlen(text) > width)
			width = (int)strlen(text);
	}
	for (size_t i = 0; i <= n; i++) {
		const struct liteio_arg *a = i < n ? &args[i] : &help;
		char *text _cleanup_free_ = usage_of(a);

		printf("%-*s  %s\n", width, text, a->help ? a->help : "");
	}
}

static struct liteio_json *describe(const struct liteio_arg *a)
{
	struct liteio_json *o = liteio_json_new_object(), *names;
	char letter[2] = { a->short_name, '\0' };

	liteio_json_set_string(o, "name", a->name);
	if (a->short_name)
		liteio_json_set_string(o, "short", letter);
	if (a->type != LITEIO_ARG_FLAG)
		liteio_json_set_string(o, "value", a->metavar ? a->metavar : "VALUE");
	if (a->type == LITEIO_ARG_ENUM) {
		names = liteio_json_new_array();
		for (int i = 0; a->names[i]; i++)
			liteio_json_append(names, liteio_json_new_string(a->names[i]));
		liteio_json_set(o, "choices", names);
	}
	liteio_json_set_string(o, "help", a->help ? a->help : "");
	return o;
}

struct liteio_json *liteio_args_describe(const char *program, const struct liteio_arg *args)
{
	struct liteio_json *o = liteio_json_new_object(), *options = liteio_json_new_array();
	size_t n = count_args(args);

	for (size_t i = 0; i <= n; i++)
		liteio_json_append(options, describe(i < n ? &args[i] : &help));
	liteio_json_set_string(o, "program", program);
	liteio_json_set(o, "options", options);
	return o;
}

void liteio_args_print_description(struct liteio_json *description)
{
	char *text _cleanup_free_ = liteio_json_print_pretty(description);

	puts(text);
	liteio_json_unref(description);
}

/* that is what poll says of the writing end of a pipe or of a connection, and of no file */
static bool nobody_reads(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) > 0 && p.revents & (POLLERR | POLLHUP);
}

int liteio_args_finish(const char *program, int status)
{
	/* a long text goes out before the end; what became of that only the stream remembers */
	bool lost = ferror(stdout);
	int r = fflush(stdout) ? -errno : 0;

	if ((!lost && !r) || r == -EPIPE || nobody_reads(STDOUT_FILENO))
		return status;
	if (r)
		fprintf(stderr, "%s: cannot write: %s\n", program, liteio_error_str(NULL, r));
	else
		fprintf(stderr, "%s: cannot write all there is to say\n", program);
	return status ? status : EXIT_FAILURE;
}
