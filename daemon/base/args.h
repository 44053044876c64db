/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines: one table of options that is parsed with getopt_long and printed as the help.
 */
#ifndef LITEIO_BASE_ARGS_H
#define LITEIO_BASE_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_error;
struct liteio_json;

enum liteio_arg_type {
	LITEIO_ARG_FLAG, /* bool *: set to true; "--x=false" clears it */
	LITEIO_ARG_STRING, /* const char **: points into argv */
	LITEIO_ARG_U64, /* uint64_t *, range-checked */
	LITEIO_ARG_SIZE, /* uint64_t * bytes, as liteio_parse_size() */
	LITEIO_ARG_ENUM, /* int *, index into names */
};

/**
 * struct liteio_arg - one option
 * @name: long name without dashes; a NULL name ends the table
 * @short_name: one character or 0
 * @type: how the value is kept
 * @value: where
 * @min: smallest number allowed
 * @max: largest number allowed, 0 for no bound
 * @names: NULL-terminated texts of an ENUM
 * @metavar: name of the value in the help
 * @help: one line
 */
struct liteio_arg {
	const char *name;
	char short_name;
	enum liteio_arg_type type;
	void *value;
	uint64_t min;
	uint64_t max;
	const char *const *names;
	const char *metavar;
	const char *help;
};

/**
 * enum liteio_args_help - whether a program is asked what it takes
 * @LITEIO_ARGS_RUN: it is not
 * @LITEIO_ARGS_HELP: by a person: --help
 * @LITEIO_ARGS_DESCRIBE: by what makes manual pages and completions: --help=json
 */
enum liteio_args_help {
	LITEIO_ARGS_RUN,
	LITEIO_ARGS_HELP,
	LITEIO_ARGS_DESCRIBE,
};

/**
 * liteio_args_parse() - parse options anywhere on the line
 * @argc: of main, or of a subcommand (argv[0] is its name)
 * @argv: permuted: operands end up at the end
 * @args: the table; --help is always known
 * @ret_operand: index of the first operand
 * @ret_help: --help or --help=json was given
 * @err: the sentence for a bad option or value
 *
 * Return: 0 or -EINVAL (callers print the sentence and exit 2).
 */
int liteio_args_parse(int argc, char **argv, const struct liteio_arg *args, int *ret_operand,
		      enum liteio_args_help *ret_help, struct liteio_error *err);

/* print the options, aligned, to stdout */
void liteio_args_print(const struct liteio_arg *args);

/**
 * liteio_args_describe() - a program, for manual pages and completions
 * @program: its name
 * @args: its options; --help is added
 *
 * Return: a new object with "program" and "options", to which the program may add.
 */
struct liteio_json *liteio_args_describe(const char *program, const struct liteio_arg *args);
/* and print it to stdout; releases it */
void liteio_args_print_description(struct liteio_json *description);

/**
 * liteio_args_finish() - the exit status of a program that has said all it had to say on stdout
 * @program: its name, for the sentence
 * @status: what it would be
 *
 * What was said and could not be written, now or at any time before, is a failure, with a sentence
 * on stderr; that whoever reads a pipe had enough of it is none.
 *
 * Return: @status, EXIT_FAILURE when that is EXIT_SUCCESS and something is lost.
 */
int liteio_args_finish(const char *program, int status);

#endif
