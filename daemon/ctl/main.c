// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteioctl: what an admin types. One command is one request to the agent of this node, and where
 * that is answered with an operation the wait for its end; only `top` and `events` go on asking and
 * listening.
 *
 * Exit status: 0 done, 1 the agent said no or could not be reached, or `doctor` leaves an error,
 * 2 bad command line.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/args.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "ctl/ask.h"
#include "ctl/command.h"
#include "ctl/doctor.h"
#include "ctl/follow.h"
#include "ctl/module_command.h"
#include "ctl/operation.h"
#include "ctl/operation_command.h"
#include "ctl/pool_command.h"
#include "ctl/pool_find.h"
#include "ctl/top.h"
#include "ctl/volume_stats.h"
#include "model/local.h"
#include "model/pool.h"

#define EXIT_USAGE 2
#define DELAY_S_MAX 3600
#define ARGS_MAX 64

enum output {
	OUTPUT_TABLE,
	OUTPUT_JSON,
	OUTPUT_WIDE,
};

static const char *const output_names[] = { "table", "json", "wide", NULL };

struct command_line {
	const char *socket;
	int output;
	struct liteio_options options;
};

static void print_commands(void)
{
	const struct liteio_command *c;

	for (c = liteio_commands; c->noun; c++) {
		_cleanup_free_ char *usage = liteio_strf("%s%s%s %s", c->noun,
							 c->verb[0] ? " " : "", c->verb,
							 c->operand_names);

		printf("  %-38s %s\n", usage, c->help);
	}
}

static int fail_usage(const struct liteio_error *err, int r)
{
	fprintf(stderr, "liteioctl: %s\n", liteio_error_str(err, r));
	return EXIT_USAGE;
}

static int fail(const struct liteio_error *err, int r)
{
	fprintf(stderr, "liteioctl: %s\n", liteio_error_str(err, r));
	return EXIT_FAILURE;
}

static void print_json(const struct liteio_json *j)
{
	_cleanup_free_ char *text = liteio_json_print_pretty(j);

	puts(text);
}

static void print_answer(const struct liteio_column *columns, enum output output,
			 const struct liteio_json *j)
{
	const struct liteio_json *items = liteio_json_get(j, "items");
	struct liteio_buf out = LITEIO_BUF_INIT;

	if (output == OUTPUT_JSON) {
		print_json(j);
		return;
	}
	if (liteio_json_is_array(items))
		liteio_print_table(&out, columns, output == OUTPUT_WIDE, items);
	else
		liteio_print_object(&out, columns, j);
	if (out.data)
		fputs(out.data, stdout);
	liteio_buf_fini(&out);
}

/* 1 for an operation that is not waited for */
static int ask_and_wait(const struct command_line *cl, const struct liteio_command *c,
			const char *target, const struct liteio_json *body,
			struct liteio_json **ret, struct liteio_error *err)
{
	struct liteio_json *operation = NULL, *begun;
	_cleanup_free_ char *uuid = NULL;
	const char *text;
	int r;

	r = liteio_ask(cl->socket, c->method, target, body, &begun, err);
	if (r <= 0 || cl->options.no_wait) {
		*ret = r < 0 ? NULL : begun;
		return r;
	}
	text = liteio_json_get_string(begun, "uuid");
	uuid = text ? liteio_strdup(text) : NULL;
	liteio_json_unref(begun);
	if (!uuid)
		return liteio_error_set(err, -EPROTO, "the agent's operation has no name");
	r = liteio_operation_wait(cl->socket, uuid, &operation, err);
	if (r == 0)
		*ret = liteio_json_ref(liteio_json_get(operation, "result"));
	liteio_json_unref(operation);
	return r;
}

/* ---- commands that are more than one request and one table ---------------------------------- */

/* an answer whose table is made of something else than its items */
static int ask_rows(const struct command_line *cl, const struct liteio_command *c,
		    struct liteio_json *(*rows_of)(const struct liteio_json *answer),
		    const struct liteio_column *columns, struct liteio_error *err)
{
	struct liteio_buf out = LITEIO_BUF_INIT;
	struct liteio_json *answer, *rows;
	int r;

	r = liteio_ask(cl->socket, c->method, c->path, NULL, &answer, err);
	if (r < 0)
		return r;
	if (cl->output == OUTPUT_JSON) {
		print_json(answer);
	} else {
		rows = rows_of(answer);
		liteio_print_table(&out, columns, cl->output == OUTPUT_WIDE, rows);
		fputs(out.data, stdout);
		liteio_buf_fini(&out);
		liteio_json_unref(rows);
	}
	liteio_json_unref(answer);
	return 0;
}

static int run_stats(const struct command_line *cl, const struct liteio_command *c, char **operands,
		     struct liteio_error *err)
{
	return ask_rows(cl, c, liteio_stats_rows, liteio_module_stats_columns, err);
}

/* programs get all attachments and look for themselves */
static int run_dirty(const struct command_line *cl, const struct liteio_command *c, char **operands,
		     struct liteio_error *err)
{
	return ask_rows(cl, c, liteio_dirty_rows, liteio_module_dirty_columns, err);
}

/* two answers, which are those of `top`; @operands end with NULL */
static int run_volume_stats(const struct command_line *cl, const struct liteio_command *c,
			    char **operands, struct liteio_error *err)
{
	struct liteio_json *stats = NULL, *volumes = NULL, *answer;
	int r;

	r = liteio_ask(cl->socket, c->method, c->path, NULL, &stats, err);
	if (r == 0)
		r = liteio_ask(cl->socket, "GET", "/v1/module/volumes", NULL, &volumes, err);
	if (r == 0)
		r = liteio_volume_stats(stats, volumes, operands[0], &answer, err);
	liteio_json_unref(stats);
	liteio_json_unref(volumes);
	if (r)
		return r;
	print_answer(c->columns, (enum output)cl->output, answer);
	liteio_json_unref(answer);
	return 0;
}

static int run_events(const struct command_line *cl, const struct liteio_command *c,
		      char **operands, struct liteio_error *err)
{
	return liteio_follow(cl->socket, c->path, cl->options.count, cl->output == OUTPUT_JSON,
			     err);
}

/* one that has failed is shown, too */
static int run_wait(const struct command_line *cl, const struct liteio_command *c, char **operands,
		    struct liteio_error *err)
{
	struct liteio_json *operation = NULL;
	int r = liteio_operation_wait(cl->socket, operands[0], &operation, err);

	if (operation)
		print_answer(c->columns, cl->output, operation);
	liteio_json_unref(operation);
	return r;
}

static int run_top(const struct command_line *cl, const struct liteio_command *c, char **operands,
		   struct liteio_error *err)
{
	const struct liteio_top_options o = {
		.socket = cl->socket,
		.count = cl->options.count,
		.delay_s = cl->options.delay_s,
		.batch = cl->options.batch,
		.json = cl->output == OUTPUT_JSON,
	};

	return liteio_top(&o, err);
}

static int run_doctor(const struct command_line *cl, const struct liteio_command *c,
		      char **operands, struct liteio_error *err)
{
	struct liteio_json *left = NULL;
	int r;

	r = liteio_doctor(cl->socket, c->path, cl->options.fix, &left, err);
	if (left && cl->output != OUTPUT_JSON && !liteio_json_len(liteio_json_get(left, "items")))
		puts("nothing is wrong");
	else if (left)
		print_answer(c->columns, (enum output)cl->output, left);
	liteio_json_unref(left);
	return r;
}

/* the pool goes where a rule points, or it is only said where that is */
static int run_pool_create(const struct command_line *cl, const struct liteio_command *c,
			   char **operands, struct liteio_error *err)
{
	struct liteio_json *disks = NULL, *body = NULL, *answer = NULL;
	_cleanup_free_ char *found = NULL, *target = NULL, *device = NULL;
	const struct liteio_json *disk;
	char *where[2] = { operands[0] };
	int r;

	if (!cl->options.find)
		return 1;
	found = liteio_command_target(c, operands, &cl->options);
	r = liteio_ask(cl->socket, c->method, found, NULL, &disks, err);
	if (r < 0)
		return r;
	r = liteio_pool_find(liteio_json_get(disks, "items"), operands[0], &disk, err);
	if (r == 0 && cl->options.dry_run)
		print_answer(c->columns, cl->output, disk);
	if (r < 0 || cl->options.dry_run)
		goto out;
	device = liteio_strdup(liteio_json_get_string(disk, "device"));
	where[1] = device;
	r = liteio_command_find(c->noun, c->verb, &c, err);
	if (r == 0)
		r = c->body(where, &cl->options, &body, err);
	if (r < 0)
		goto out;
	target = liteio_command_target(c, where, &cl->options);
	r = ask_and_wait(cl, c, target, body, &answer, err);
	if (r >= 0)
		print_answer(r ? liteio_operation_columns : c->columns, cl->output, answer);
	liteio_json_unref(answer);
out:
	liteio_json_unref(body);
	liteio_json_unref(disks);
	return r < 0 ? r : 0;
}

static const struct {
	const char *noun;
	const char *verb;
	int (*run)(const struct command_line *cl, const struct liteio_command *c, char **operands,
		   struct liteio_error *err);
} specials[] = {
	{ "module", "stats", run_stats },
	{ "module", "dirty", run_dirty },
	{ "module", "events", run_events },
	{ "stats", "", run_volume_stats },
	{ "top", "", run_top },
	{ "doctor", "", run_doctor },
	{ "operation", "wait", run_wait },
	{ "pool", "create", run_pool_create },
	{ "events", "", run_events },
};

/* 1: it is none of these */
static int run_special(const struct command_line *cl, const struct liteio_command *c,
		       char **operands, struct liteio_error *err)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(specials); i++)
		if (!strcmp(specials[i].noun, c->noun) && !strcmp(specials[i].verb, c->verb))
			return specials[i].run(cl, c, operands, err);
	return 1;
}

/* ---- the others ----------------------------------------------------------------------------- */

/* on standard error, so that an answer stays one */
static void say_rounded(const struct liteio_command *c, const struct liteio_options *o,
			const struct liteio_json *answer)
{
	_cleanup_free_ char *text = NULL;

	if (!strcmp(c->noun, "volume"))
		text = liteio_print_rounded(o->size, answer);
	if (text)
		fprintf(stderr, "liteioctl: %s\n", text);
}

/* of several pools some may not be what was asked for; each line says why */
static int check_imported(const struct liteio_json *answer, struct liteio_error *err)
{
	const struct liteio_json *items = liteio_json_get(answer, "items");
	size_t n = liteio_json_is_array(items) ? liteio_json_len(items) : 0, refused = 0;

	for (size_t i = 0; i < n; i++)
		refused += !liteio_json_get_bool(liteio_json_at(items, i), "imported", true);
	if (refused)
		return liteio_error_set(err, -EEXIST, "%zu of %zu pools were not imported", refused,
					n);
	return 0;
}

/* that it could not be written is seen at the end */
static int say(void *arg, const char *text, size_t len)
{
	fwrite(text, 1, len, arg);
	return 0;
}

/* nothing of it is looked at here; 1: it is answered by an operation */
static int print_text(const struct command_line *cl, const char *target, struct liteio_error *err)
{
	int r = liteio_ask_text(cl->socket, target, say, stdout, err);

	if (!r)
		putchar('\n');
	return r;
}

static int run(struct command_line *cl, int n, char **words)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_command *c;
	struct liteio_json *body = NULL, *answer = NULL;
	_cleanup_free_ char *target = NULL;
	char **operands;
	int r, n_words;

	r = liteio_command_find(words[0], n > 1 ? words[1] : NULL, &c, &err);
	if (r < 0)
		return fail_usage(&err, r);
	c = liteio_command_variant(c, &cl->options);
	n_words = c->verb[0] ? 2 : 1;
	operands = words + n_words;
	r = liteio_command_check(c, n - n_words, operands, &cl->options, &err);
	if (r == 0 && c->body)
		r = c->body(operands, &cl->options, &body, &err);
	if (r < 0)
		return fail_usage(&err, r);
	r = run_special(cl, c, operands, &err);
	if (r <= 0)
		return r < 0 ? fail(&err, r) : EXIT_SUCCESS;
	target = liteio_command_target(c, operands, &cl->options);
	if (cl->output == OUTPUT_JSON && !strcmp(c->method, "GET")) {
		r = print_text(cl, target, &err);
		if (r <= 0)
			return r < 0 ? fail(&err, r) : EXIT_SUCCESS;
	}
	r = ask_and_wait(cl, c, target, body, &answer, &err);
	liteio_json_unref(body);
	if (r < 0)
		return fail(&err, r);
	say_rounded(c, &cl->options, answer);
	print_answer(r ? liteio_operation_columns : c->columns, cl->output, answer);
	r = check_imported(answer, &err);
	liteio_json_unref(answer);
	return r < 0 ? fail(&err, r) : EXIT_SUCCESS;
}

static void describe(const struct liteio_arg *args)
{
	struct liteio_json *d = liteio_args_describe("liteioctl", args);

	liteio_json_set(d, "commands", liteio_commands_describe());
	liteio_args_print_description(d);
}

/* those of disks, limits, events and top, behind the ones that are there; the end stays zero */
static void add_args(struct liteio_arg *args, struct liteio_options *o)
{
	const struct liteio_arg more[] = {
		{ "min-size", 0, LITEIO_ARG_SIZE, &o->rule.min_size, .metavar = "SIZE",
		  .help = "disks of at least this size" },
		{ "max-size", 0, LITEIO_ARG_SIZE, &o->rule.max_size, .metavar = "SIZE",
		  .help = "disks of at most this size" },
		{ "model", 0, LITEIO_ARG_STRING, &o->rule.model, .metavar = "PATTERN",
		  .help = "disks whose model is like this: \"*INTEL*\"" },
		{ "by-id", 0, LITEIO_ARG_STRING, &o->rule.by_id, .metavar = "PATTERN",
		  .help = "disks with a name like this in /dev/disk/by-id: \"nvme-*\"" },
		{ "rotational", 0, LITEIO_ARG_ENUM, &o->rule.rotational,
		  .names = liteio_local_tristate_names, .metavar = "WHICH",
		  .help = "disks with platters: yes, no or any" },
		{ "find", 0, LITEIO_ARG_FLAG, &o->find,
		  .help = "of a new pool: on the one empty disk that the rule finds" },
		{ "dry-run", 0, LITEIO_ARG_FLAG, &o->dry_run,
		  .help = "only say which disk it would be" },
		{ "usable", 0, LITEIO_ARG_FLAG, &o->rule.usable,
		  .help = "only disks on which a pool can be made" },
		{ "read-iops", 0, LITEIO_ARG_STRING, &o->limit.read_iops, .metavar = "N",
		  .help = "reads a second; 0 for no limit" },
		{ "write-iops", 0, LITEIO_ARG_STRING, &o->limit.write_iops, .metavar = "N",
		  .help = "writes a second; 0 for no limit" },
		{ "read-bps", 0, LITEIO_ARG_STRING, &o->limit.read_bps, .metavar = "SIZE",
		  .help = "bytes read a second: 100Mi; 0 for no limit" },
		{ "write-bps", 0, LITEIO_ARG_STRING, &o->limit.write_bps, .metavar = "SIZE",
		  .help = "bytes written a second; 0 for no limit" },
		{ "burst", 0, LITEIO_ARG_STRING, &o->limit.burst, .metavar = "MS",
		  .help = "so long a pause may be made up for at once (100)" },
		{ "follow", 'f', LITEIO_ARG_FLAG, &o->follow,
		  .help = "go on until interrupted" },
		{ "count", 'n', LITEIO_ARG_U64, &o->count, 1, INT32_MAX, .metavar = "N",
		  .help = "end after so many rounds or events" },
		{ "delay", 'd', LITEIO_ARG_U64, &o->delay_s, 1, DELAY_S_MAX, .metavar = "SECONDS",
		  .help = "between two rounds (2)" },
		{ "from-metadata", 0, LITEIO_ARG_FLAG, &o->from_metadata,
		  .help = "make a catalog of what is left: volumes named after their thin ids" },
		{ "fix", 0, LITEIO_ARG_FLAG, &o->fix,
		  .help = "doctor: mend what can be mended without harm" },
		{ "batch", 'b', LITEIO_ARG_FLAG, &o->batch,
		  .help = "plain text, one round after the other, also on a terminal" },
	};

	while (args->name)
		args++;
	memcpy(args, more, sizeof(more));
}

static void print_help(enum liteio_args_help help, const struct liteio_arg *args)
{
	if (help == LITEIO_ARGS_DESCRIBE) {
		describe(args);
		return;
	}
	printf("liteioctl NOUN VERB [OPERANDS] [OPTIONS]\n\n");
	print_commands();
	printf("\n");
	liteio_args_print(args);
}

int main(int argc, char **argv)
{
	struct command_line cl = {
		.socket = LITEIO_LOCAL_SOCKET,
		.options = { .timeout_ms = UINT64_MAX },
	};
	struct liteio_options *o = &cl.options;
	struct liteio_arg args[ARGS_MAX] = {
		{ "socket", 0, LITEIO_ARG_STRING, &cl.socket, .metavar = "PATH",
		  .help = "of the agent (" LITEIO_LOCAL_SOCKET ")" },
		{ "output", 'o', LITEIO_ARG_ENUM, &cl.output, .names = output_names,
		  .metavar = "FORMAT", .help = "table, wide (a table with more columns) or json" },
		{ "size", 's', LITEIO_ARG_SIZE, &o->size, .metavar = "SIZE",
		  .help = "of a volume, rounded up to 1 MiB, or of a pool's file: 512M, 10Gi" },
		{ "block-size", 0, LITEIO_ARG_SIZE, &o->block_size, .metavar = "SIZE",
		  .help = "of a thin pool (256Ki)" },
		{ "all", 0, LITEIO_ARG_FLAG, &o->all,
		  .help = "every one that is found on a disk of this node" },
		{ "add", 0, LITEIO_ARG_STRING, &o->add, .metavar = "DEVICE",
		  .help = "another disk that a pool is to lie on, too" },
		{ "force", 0, LITEIO_ARG_FLAG, &o->force,
		  .help = "pool: overwrite what is on the disk, repair at a loss; "
			  "attachment: although it is open" },
		{ "pool", 'p', LITEIO_ARG_STRING, &o->pool, .metavar = "POOL",
		  .help = "where a volume is made" },
		{ "snapshot", 0, LITEIO_ARG_STRING, &o->snapshot, .metavar = "SNAPSHOT",
		  .help = "what a volume is restored from" },
		{ "uuid", 0, LITEIO_ARG_STRING, &o->uuid, .metavar = "UUID",
		  .help = "of a new volume or snapshot" },
		{ "host-nqn", 0, LITEIO_ARG_STRING, &o->host_nqn, .metavar = "NQN",
		  .help = "the consumer, as its `node show` says" },
		{ "read-only", 0, LITEIO_ARG_FLAG, &o->read_only, .help = "refuse writes" },
		{ "local", 0, LITEIO_ARG_FLAG, &o->local, .help = "the consumer is this node" },
		{ "floor", 0, LITEIO_ARG_U64, &o->floor, 1, LITEIO_GENERATION_MAX,
		  .metavar = "N", .help = "end every generation below" },
		{ "generation", 0, LITEIO_ARG_U64, &o->generation, 1, LITEIO_GENERATION_MAX,
		  .metavar = "N", .help = "end exactly this one" },
		{ "timeout", 0, LITEIO_ARG_U64, &o->timeout_ms, 0, LITEIO_LOCAL_TIMEOUT_MS_MAX,
		  .metavar = "MS", .help = "how long to wait for I/O in flight (10000)" },
		{ "address", 0, LITEIO_ARG_STRING, &o->address, .metavar = "ADDR[:PORT],...",
		  .help = "of the pool node" },
		{ "nqn", 0, LITEIO_ARG_STRING, &o->nqn, .metavar = "NQN",
		  .help = "of the subsystem (made of UUID and GENERATION)" },
		{ "wipe", 0, LITEIO_ARG_ENUM, &o->wipe, .names = liteio_local_wipe_names,
		  .metavar = "HOW",
		  .help = "what happens to its blocks before others can have them" },
		{ "no-wait", 0, LITEIO_ARG_FLAG, &o->no_wait,
		  .help = "do not wait: for the end of what takes long; "
			  "until what is deleted has given its space back" },
		{ "class", 0, LITEIO_ARG_ENUM, &o->volume_class, .names = liteio_volume_class_names,
		  .metavar = "CLASS", .help = "of a volume: thin, reserved or linear (thin)" },
		{ "linear", 0, LITEIO_ARG_SIZE, &o->linear, .metavar = "SIZE",
		  .help = "of a new pool, set apart for linear volumes" },
		{ "reserved", 0, LITEIO_ARG_SIZE, &o->reserved, .metavar = "SIZE",
		  .help = "of a new pool, set apart for reserved volumes" },
		{ "overcommit", 0, LITEIO_ARG_U64, &o->overcommit, LITEIO_POOL_OVERCOMMIT_MIN,
		  LITEIO_POOL_OVERCOMMIT_MAX, .metavar = "PERCENT",
		  .help = "how much a pool promises to thin volumes, of its thin data (1000)" },
	};
	struct liteio_error err = LITEIO_ERROR_INIT;
	enum liteio_args_help help = LITEIO_ARGS_RUN;
	int operand = 0, r;

	/* what is not read any more, as by `head`, is no reason to end without an exit status */
	signal(SIGPIPE, SIG_IGN);
	add_args(args, o);
	r = liteio_args_parse(argc, argv, args, &operand, &help, &err);
	if (r < 0)
		return fail_usage(&err, r);
	if (help) {
		print_help(help, args);
		return liteio_args_finish("liteioctl", EXIT_SUCCESS);
	}
	if (operand == argc) {
		liteio_error_set(&err, -EINVAL, "say what to do; --help lists it");
		return fail_usage(&err, -EINVAL);
	}
	return liteio_args_finish("liteioctl", run(&cl, argc - operand, argv + operand));
}
