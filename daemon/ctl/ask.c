// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to the agent of this node.
 */
#include "ctl/ask.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_local.h"
#include "base/json.h"
#include "base/str.h"

/*
 * The agent answers within a bound whatever it does, with an operation if need be: that bound is
 * below this one.
 */
#define TIMEOUT_MS 180000
#define STATUS_OK 200
#define STATUS_LATER 202

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

int liteio_ask_answer(const struct liteio_http_response *rsp, struct liteio_json **ret,
		      struct liteio_error *err)
{
	struct liteio_json *j = NULL;
	int r;

	r = liteio_json_parse(rsp->body ? rsp->body : "", rsp->body_len, &j, NULL);
	if (rsp->status != STATUS_OK && rsp->status != STATUS_LATER) {
		r = answer_error(rsp, j, err);
		liteio_json_unref(j);
		return r;
	}
	if (r < 0)
		return liteio_error_set(err, r, "the agent's answer is no JSON");
	*ret = j;
	return rsp->status == STATUS_LATER;
}

static int no_answer(const char *socket, int r, struct liteio_error *err)
{
	return liteio_error_wrap(err, r, "no answer from the agent at %s", socket);
}

int liteio_ask(const char *socket, const char *method, const char *target,
	       const struct liteio_json *body, struct liteio_json **ret, struct liteio_error *err)
{
	_cleanup_free_ char *text = body ? liteio_json_print(body) : NULL;
	const struct liteio_http_local_spec spec = {
		.socket = socket,
		.method = method,
		.target = target,
		.body = text,
		.body_len = text ? strlen(text) : 0,
		.timeout_ms = TIMEOUT_MS,
	};
	struct liteio_http_response rsp = { 0 };
	int r;

	r = liteio_http_local_sync(&spec, &rsp, err);
	if (r < 0)
		return no_answer(socket, r, err);
	r = liteio_ask_answer(&rsp, ret, err);
	liteio_http_response_fini(&rsp);
	return r;
}

int liteio_ask_text(const char *socket, const char *target, liteio_json_say_fn say, void *arg,
		    struct liteio_error *err)
{
	const struct liteio_http_local_spec spec = {
		.socket = socket,
		.method = "GET",
		.target = target,
		.timeout_ms = TIMEOUT_MS,
	};
	struct liteio_http_response rsp = { 0 };
	struct liteio_json_lines *lines;
	struct liteio_json *none = NULL;
	int r;

	/* all of it first: who reads us may take his time, and the agent does not wait for him */
	r = liteio_http_local_sync(&spec, &rsp, err);
	if (r < 0)
		return no_answer(socket, r, err);
	if (rsp.status == STATUS_LATER) {
		r = 1;
	} else if (rsp.status != STATUS_OK) {
		r = liteio_ask_answer(&rsp, &none, err);
	} else {
		lines = liteio_json_lines_new(say, arg);
		r = liteio_json_lines_add(lines, rsp.body ? rsp.body : "", rsp.body_len);
		if (!r)
			r = liteio_json_lines_end(lines);
		liteio_json_lines_free(lines);
		if (r)
			r = liteio_error_set(err, -EPROTO, "the agent's answer is no JSON");
	}
	liteio_http_response_fini(&rsp);
	return r;
}
