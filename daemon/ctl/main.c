// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteioctl: what an admin types. One command is one request to the agent of this node.
 *
 * Exit status: 0 done, 1 the agent said no or could not be reached, 2 bad command line.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/args.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_client.h"
#include "base/json.h"
#include "base/str.h"
#include "ctl/command.h"
#include "ctl/watch.h"
#include "model/local.h"

#define EXIT_USAGE 2
/* the longest operation is deleting a large volume */
#define TIMEOUT_MS 600000

enum output {
	OUTPUT_TABLE,
	OUTPUT_JSON,
};

static const char *const output_names[] = { "table", "json", NULL };

struct command_line {
	const char *socket;
	int output;
	struct liteio_options options;
};

static void print_commands(void)
{
	const struct liteio_command *c;

	for (c = liteio_commands; c->noun; c++) {
		_cleanup_free_ char *usage = liteio_strf("%s %s %s", c->noun, c->verb,
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

static void print_answer(const struct liteio_command *c, enum output output,
			 const struct liteio_json *j)
{
	const struct liteio_json *items = liteio_json_get(j, "items");
	struct liteio_buf out = LITEIO_BUF_INIT;

	if (output == OUTPUT_JSON) {
		_cleanup_free_ char *text = liteio_json_print_pretty(j);

		puts(text);
		return;
	}
	if (liteio_json_is_array(items))
		liteio_print_table(&out, c->columns, items);
	else
		liteio_print_object(&out, c->columns, j);
	if (out.data)
		fputs(out.data, stdout);
	liteio_buf_fini(&out);
}

/* the agent's own sentence, or what can be said without one */
static int answer_error(const struct liteio_http_response *rsp, const struct liteio_json *j,
			struct liteio_error *err)
{
	const char *message = liteio_json_get_string(j, "error.message");

	if (message)
		return liteio_error_set(err, -EREMOTEIO, "%s", message);
	return liteio_error_set(err, -EPROTO, "the agent answered with HTTP status %ld",
				rsp->status);
}

static int ask(const struct command_line *cl, const char *method, const char *target,
	       const struct liteio_json *body, struct liteio_json **ret, struct liteio_error *err)
{
	static const char *const headers[] = { "Content-Type: application/json", NULL };
	_cleanup_free_ char *url = liteio_strf("http://localhost%s", target);
	_cleanup_free_ char *text = body ? liteio_json_print(body) : NULL;
	struct liteio_http_call_spec spec = {
		.method = method,
		.url = url,
		.unix_path = cl->socket,
		.headers = headers,
		.body = text,
		.body_len = text ? strlen(text) : 0,
		.timeout_ms = TIMEOUT_MS,
	};
	struct liteio_http_client *client;
	struct liteio_http_response rsp = { 0 };
	struct liteio_json *j = NULL;
	int r;

	r = liteio_http_client_new(NULL, NULL, &client, err);
	if (r < 0)
		return r;
	r = liteio_http_call_sync(client, &spec, &rsp, err);
	liteio_http_client_free(client);
	if (r < 0)
		return liteio_error_wrap(err, r, "no answer from the agent at %s", cl->socket);
	r = liteio_json_parse(rsp.body ? rsp.body : "", rsp.body_len, &j, NULL);
	if (rsp.status != 200) {
		r = answer_error(&rsp, j, err);
		liteio_json_unref(j);
	} else if (r < 0) {
		liteio_error_set(err, r, "the agent's answer is no JSON");
	} else {
		*ret = j;
	}
	liteio_http_response_fini(&rsp);
	return r;
}

static struct liteio_json *ask_deletions(void *arg)
{
	struct liteio_json *answer = NULL;

	return ask(arg, "GET", "/v1/deletions", NULL, &answer, NULL) < 0 ? NULL : answer;
}

/* who waits at a terminal for space to come back sees how far it is */
static int ask_watched(struct command_line *cl, const struct liteio_command *c, char **operands,
		       const char *target, const struct liteio_json *body,
		       struct liteio_json **ret, struct liteio_error *err)
{
	struct liteio_watch *w = NULL;
	int r;

	if (c->options & LITEIO_OPT_NO_WAIT && !cl->options.no_wait)
		w = liteio_watch_begin(c->noun, operands[0], ask_deletions, cl);
	r = ask(cl, c->method, target, body, ret, err);
	liteio_watch_end(w);
	return r;
}

static int run(struct command_line *cl, int n, char **words)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_command *c;
	struct liteio_json *body = NULL, *answer = NULL;
	_cleanup_free_ char *target = NULL;
	char **operands = words + 2;
	int r;

	r = liteio_command_find(words[0], n > 1 ? words[1] : NULL, &c, &err);
	if (r < 0)
		return fail_usage(&err, r);
	r = liteio_command_check(c, n - 2, operands, &cl->options, &err);
	if (r == 0 && c->body)
		r = c->body(operands, &cl->options, &body, &err);
	if (r < 0)
		return fail_usage(&err, r);
	target = liteio_command_target(c, operands, &cl->options);
	r = ask_watched(cl, c, operands, target, body, &answer, &err);
	liteio_json_unref(body);
	if (r < 0)
		return fail(&err, r);
	print_answer(c, cl->output, answer);
	liteio_json_unref(answer);
	return EXIT_SUCCESS;
}

static void describe(const struct liteio_arg *args)
{
	struct liteio_json *d = liteio_args_describe("liteioctl", args);

	liteio_json_set(d, "commands", liteio_commands_describe());
	liteio_args_print_description(d);
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
	const struct liteio_arg args[] = {
		{ "socket", 0, LITEIO_ARG_STRING, &cl.socket, .metavar = "PATH",
		  .help = "of the agent (" LITEIO_LOCAL_SOCKET ")" },
		{ "output", 'o', LITEIO_ARG_ENUM, &cl.output, .names = output_names,
		  .metavar = "FORMAT", .help = "table or json" },
		{ "size", 's', LITEIO_ARG_SIZE, &o->size, .metavar = "SIZE",
		  .help = "of a volume or of a pool's file: 512M, 10Gi, 1.5Ti" },
		{ "block-size", 0, LITEIO_ARG_SIZE, &o->block_size, .metavar = "SIZE",
		  .help = "of a thin pool (256Ki)" },
		{ "force", 0, LITEIO_ARG_FLAG, &o->force,
		  .help = "pool: overwrite what is on the disk; attachment: although it is open" },
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
		  .help = "do not wait until the space of what is deleted is free" },
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
		{ "usable", 0, LITEIO_ARG_FLAG, &o->rule.usable,
		  .help = "only disks on which a pool can be made" },
		{ .name = NULL },
	};
	struct liteio_error err = LITEIO_ERROR_INIT;
	enum liteio_args_help help = LITEIO_ARGS_RUN;
	int operand = 0, r;

	r = liteio_args_parse(argc, argv, args, &operand, &help, &err);
	if (r < 0)
		return fail_usage(&err, r);
	if (help) {
		print_help(help, args);
		return EXIT_SUCCESS;
	}
	if (operand == argc) {
		liteio_error_set(&err, -EINVAL, "say what to do; --help lists it");
		return fail_usage(&err, -EINVAL);
	}
	return run(&cl, argc - operand, argv + operand);
}
