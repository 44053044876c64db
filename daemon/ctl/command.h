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

#include "ctl/print.h"

struct liteio_error;
struct liteio_json;

#define LITEIO_COMMAND_OPERANDS_MAX 2

/* options a command takes beside --socket, --output and --help */
#define LITEIO_OPT_SIZE 0x1u
#define LITEIO_OPT_BLOCK_SIZE 0x2u
#define LITEIO_OPT_FORCE 0x4u
#define LITEIO_OPT_POOL 0x8u
#define LITEIO_OPT_SNAPSHOT 0x10u
#define LITEIO_OPT_UUID 0x20u
#define LITEIO_OPT_HOST_NQN 0x40u
#define LITEIO_OPT_READ_ONLY 0x80u
#define LITEIO_OPT_LOCAL 0x100u
#define LITEIO_OPT_FLOOR 0x200u
#define LITEIO_OPT_GENERATION 0x400u
#define LITEIO_OPT_TIMEOUT 0x800u
#define LITEIO_OPT_ADDRESS 0x1000u
#define LITEIO_OPT_NQN 0x2000u
#define LITEIO_OPT_MIN_SIZE 0x4000u
#define LITEIO_OPT_MAX_SIZE 0x8000u
#define LITEIO_OPT_MODEL 0x10000u
#define LITEIO_OPT_BY_ID 0x20000u
#define LITEIO_OPT_ROTATIONAL 0x40000u
#define LITEIO_OPT_USABLE 0x80000u
#define LITEIO_OPT_WIPE 0x1000000u
#define LITEIO_OPT_NO_WAIT 0x2000000u

/**
 * struct liteio_options - values of the options; NULL, 0 and false where nothing was said
 * @size: --size
 * @block_size: --block-size
 * @force: --force
 * @pool: --pool
 * @snapshot: --snapshot
 * @uuid: --uuid
 * @host_nqn: --host-nqn
 * @read_only: --read-only
 * @local: --local
 * @floor: --floor; there is no floor 0
 * @generation: --generation; there is no generation 0
 * @timeout_ms: --timeout; UINT64_MAX when it was not given
 * @address: --address
 * @nqn: --nqn
 * @wipe: --wipe (enum liteio_local_wipe)
 * @no_wait: --no-wait
 * @rule: --min-size, --max-size, --model, --by-id, --rotational, --usable
 *
 * Strings are borrowed from the command line.
 */
struct liteio_options {
	uint64_t size;
	uint64_t block_size;
	bool force;
	const char *pool;
	const char *snapshot;
	const char *uuid;
	const char *host_nqn;
	bool read_only;
	bool local;
	uint64_t floor;
	uint64_t generation;
	uint64_t timeout_ms;
	const char *address;
	const char *nqn;
	int wipe;
	bool no_wait;
	struct {
		uint64_t min_size;
		uint64_t max_size;
		const char *model;
		const char *by_id;
		int rotational; /* enum liteio_local_tristate */
		bool usable;
	} rule;
};

enum liteio_operand {
	LITEIO_OPERAND_NONE,
	LITEIO_OPERAND_NAME, /* of a pool, volume or snapshot */
	LITEIO_OPERAND_DEVICE,
	LITEIO_OPERAND_UUID,
	LITEIO_OPERAND_GENERATION,
	LITEIO_OPERAND_PAIRS, /* VOLUME=SNAPSHOT, once or more often; the only operand */
};

/**
 * struct liteio_command - one line of the table
 * @noun: "volume"; NULL ends the table
 * @verb: "create"
 * @help: one line
 * @operands: what follows, in order
 * @operand_names: as the help calls them
 * @options: LITEIO_OPT_* taken
 * @needed: of these, the ones that must be there
 * @method: of the request
 * @path: "/v1/volumes/%s": operands in their order
 * @body: builds the request; NULL: none
 * @query: those of @options that go into the query instead
 * @columns: how the answer is shown; for a list, of its items
 */
struct liteio_command {
	const char *noun;
	const char *verb;
	const char *help;
	enum liteio_operand operands[LITEIO_COMMAND_OPERANDS_MAX];
	const char *operand_names;
	unsigned int options;
	unsigned int needed;
	const char *method;
	const char *path;
	int (*body)(char **operands, const struct liteio_options *o, struct liteio_json **ret,
		    struct liteio_error *err);
	unsigned int query;
	const struct liteio_column *columns;
};

extern const struct liteio_command liteio_commands[];

/* "--size" for LITEIO_OPT_SIZE; NULL for what is none */
const char *liteio_option_name(unsigned int bit);

/* the line of a noun and a verb; -EINVAL with a sentence that lists what there is */
int liteio_command_find(const char *noun, const char *verb, const struct liteio_command **ret,
			struct liteio_error *err);

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
