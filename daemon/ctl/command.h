/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of liteioctl: one table says for each what it takes, what it asks the agent and how
 * the answer looks. Pure.
 */
#ifndef LITEIO_CTL_COMMAND_H
#define LITEIO_CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/option.h"
#include "ctl/print.h"

struct liteio_error;
struct liteio_json;

#define LITEIO_COMMAND_OPERANDS_MAX 2

enum liteio_operand {
	LITEIO_OPERAND_NONE,
	LITEIO_OPERAND_NAME, /* of a pool, volume or snapshot */
	LITEIO_OPERAND_DEVICE,
	LITEIO_OPERAND_UUID,
	LITEIO_OPERAND_GENERATION,
	LITEIO_OPERAND_MAYBE_NAME, /* or of a volume its UUID, or nothing; the only operand */
	LITEIO_OPERAND_PAIRS, /* VOLUME=SNAPSHOT, once or more often; the only operand */
};

/**
 * struct liteio_command - one line of the table
 * @noun: "volume"; NULL ends the table
 * @verb: "create"; "" for a noun that is a whole command
 * @help: one line
 * @operands: what follows, in order
 * @operand_names: as the help calls them
 * @options: LITEIO_OPT_* taken
 * @needed: of these, the ones that must be there
 * @method: of the request
 * @path: "/v1/volumes/%s": operands in their order. A second line of a noun and verb, right behind
 *	the first, is for the options that it needs
 * @body: builds the request; NULL: none
 * @query: those of @options that go into the query instead
 * @columns: how the answer is shown; for a list, of its items; NULL when main.c knows better
 */
struct liteio_command {
	const char *noun;
	const char *verb;
	const char *help;
	enum liteio_operand operands[LITEIO_COMMAND_OPERANDS_MAX];
	const char *operand_names;
	uint64_t options;
	uint64_t needed;
	const char *method;
	const char *path;
	int (*body)(char **operands, const struct liteio_options *o, struct liteio_json **ret,
		    struct liteio_error *err);
	uint64_t query;
	const struct liteio_column *columns;
};

extern const struct liteio_command liteio_commands[];

/*
 * the line of a noun and a verb (of a noun that is a whole command, whatever @verb is); -EINVAL
 * with a sentence that lists what there is
 */
int liteio_command_find(const char *noun, const char *verb, const struct liteio_command **ret,
			struct liteio_error *err);

/*
 * the line that was meant, of several with the same noun and verb: one whose needed options are all
 * there; @c where there is none
 */
const struct liteio_command *liteio_command_variant(const struct liteio_command *c,
						    const struct liteio_options *o);

/**
 * liteio_command_check() - operands and options fit the command
 * @c: the command
 * @n: number of operands
 * @operands: after noun and verb
 * @o: options
 * @err: the sentence
 *
 * Return: 0 or -EINVAL.
 */
int liteio_command_check(const struct liteio_command *c, int n, char **operands,
			 const struct liteio_options *o, struct liteio_error *err);

/* all commands with their operands and options, for manual pages and completions: a new array */
struct liteio_json *liteio_commands_describe(void);

/* path and query of the request, in new memory; the operands were checked */
char *liteio_command_target(const struct liteio_command *c, char **operands,
			    const struct liteio_options *o);

#endif
