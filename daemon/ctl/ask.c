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
	if (rsp->status != 200 && rsp->status != STATUS_LATER) {
		r = answer_error(rsp, j, err);
		liteio_json_unref(j);
		return r;
	}
	if (r < 0)
		return liteio_error_set(err, r, "the agent's answer is no JSON");
	*ret = j;
	return rsp->status == STATUS_LATER;
}

static int ask(const struct liteio_http_local_spec *spec, struct liteio_http_response *ret,
	       struct liteio_error *err)
{
	int r = liteio_http_local_sync(spec, ret, err);

	return r < 0 ? liteio_error_wrap(err, r, "no answer from the agent at %s", spec->socket) :
		       0;
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

	r = ask(&spec, &rsp, err);
	if (r < 0)
		return r;
	r = liteio_ask_answer(&rsp, ret, err);
	liteio_http_response_fini(&rsp);
	return r;
}

int liteio_ask_text(const char *socket, const char *target, char **ret, struct liteio_error *err)
{
	const struct liteio_http_local_spec spec = {
		.socket = socket,
		.method = "GET",
		.target = target,
		.timeout_ms = TIMEOUT_MS,
	};
	struct liteio_http_response rsp = { 0 };
	struct liteio_json *j;
	int r;

	r = ask(&spec, &rsp, err);
	if (r < 0)
		return r;
	*ret = rsp.status == 200 && rsp.body ? liteio_json_indent(rsp.body, rsp.body_len) : NULL;
	if (!*ret) {
		r = liteio_ask_answer(&rsp, &j, err);
		/* of a value that is nested too deep, or two of them */
		if (!r)
			r = liteio_error_set(err, -EPROTO, "the agent's answer is no JSON");
		if (r >= 0)
			liteio_json_unref(j);
	}
	liteio_http_response_fini(&rsp);
	return r;
}
