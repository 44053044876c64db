// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz requests to the local API as the agent reads them: method and path find their line, path,
 * query and body are decoded by what it says. What is refused has its sentence; what is accepted is
 * what it was decoded to, and nothing of it is out of bounds.
 *
 * An input is a byte, then text up to a line's end, then the body. Where the byte is the number of
 * a line of the table, the text is what stands for the stars of its path, a blank behind each, and
 * then the query: so each line is met. Else it is a method, a blank, and path and query.
 *
 * fuzz-src: tests/fuzz/routes.c daemon/agent/route.c daemon/agent/reply.c
 * fuzz-src: daemon/model/limits.c daemon/model/local.c daemon/model/local_doctor.c
 * fuzz-src: daemon/model/local_module.c daemon/model/local_operation.c daemon/model/meta.c
 * fuzz-src: daemon/model/volume.c daemon/model/condition.c
 * fuzz-src: daemon/base/json.c daemon/base/json_bind.c daemon/base/json_where.c
 * fuzz-src: daemon/base/json_write.c
 * fuzz-src: daemon/base/str.c daemon/base/size.c daemon/base/uuid.c daemon/base/error.c
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/reply.h"
#include "agent/route.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "members.h"
#include "model/local.h"

/* what api.c needs to start and to stop, which nobody does here */
#pragma clang attribute push(__attribute__((weak)), apply_to = function)
#include "agent/jobs.h"
#include "agent/operations.h"
#include "agent/peer.h"
#include "base/fs.h"
#include "base/http_server.h"
#include "base/loop.h"
#include "base/worker.h"
#pragma clang attribute pop

#include "agent/api.c"

#define PAIRS_MAX 16
/* a sentence, of which each byte may be none of UTF-8, and be replaced by three */
#define SAID_MAX (3 * LITEIO_ERROR_MSG_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct liteio_http_request {
	const char *method;
	const char *path;
	const char *keys[PAIRS_MAX];
	const char *values[PAIRS_MAX];
	size_t n;
	const char *body;
	size_t body_len;
	unsigned int answers;
};

static unsigned long reached;

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* ---- what the server says of a request ------------------------------------------------------ */

const char *liteio_http_request_method(const struct liteio_http_request *req)
{
	return req->method;
}

const char *liteio_http_request_path(const struct liteio_http_request *req)
{
	return req->path;
}

const char *liteio_http_request_query(const struct liteio_http_request *req, const char *key)
{
	for (size_t i = 0; i < req->n; i++)
		if (!strcmp(req->keys[i], key))
			return req->values[i];
	return NULL;
}

int liteio_http_request_query_each(const struct liteio_http_request *req,
				   int (*fn)(void *arg, const char *key, const char *value),
				   void *arg)
{
	int r = 0;

	for (size_t i = 0; i < req->n && !r; i++)
		r = fn(arg, req->keys[i], req->values[i]);
	return r;
}

const char *liteio_http_request_body(const struct liteio_http_request *req, size_t *ret_len)
{
	*ret_len = req->body_len;
	return req->body;
}

int liteio_http_request_peer(const struct liteio_http_request *req, uid_t *ret_uid, gid_t *ret_gid,
			     pid_t *ret_pid)
{
	*ret_uid = 0;
	*ret_gid = 0;
	*ret_pid = 1;
	return 0;
}

uint64_t liteio_now_ns(void)
{
	return 1;
}

unsigned int liteio_workers_stuck(struct liteio_workers *w, uint64_t older_than_ms)
{
	return 0;
}

/* ---- what becomes of it --------------------------------------------------------------------- */

void liteio_http_reply(struct liteio_http_request *req, unsigned int status,
		       const char *content_type, const void *body, size_t len)
{
	struct liteio_json *j;
	const char *said;

	req->answers++;
	if (status == 200)
		return;
	must(status >= 400 && status < 600);
	must(!liteio_json_parse(body, len, &j, NULL));
	said = liteio_json_get_string(j, "error.message");
	/* a sentence is short, whatever it repeats of the request */
	must(said && said[0] && strlen(said) < SAID_MAX);
	liteio_json_unref(j);
}

void liteio_http_reply_text(struct liteio_http_request *req, unsigned int status,
			    const char *content_type, char *text)
{
	liteio_http_reply(req, status, content_type, text, strlen(text));
	free(text);
}

static void ask_done(struct liteio_ask *ask)
{
	if (ask->call.req)
		liteio_json_fini(ask->call.req, ask->route->req_fields);
	free(ask->call.req);
	free(ask->call.ret);
	free(ask->text);
	free(ask);
}

void liteio_ask_refuse(struct liteio_ask *ask, int r, const char *message)
{
	must(r < 0);
	liteio_reply_error(ask->req, 400, r, message, NULL);
	ask_done(ask);
}

/* what was decoded reads back the same; a required object in it that is empty is not written */
static void check_request(const struct liteio_ask *ask)
{
	const struct liteio_route *route = ask->route;
	struct liteio_json *first, *second;
	void *again;

	if (!ask->call.req)
		return;
	again = liteio_calloc(1, route->req_size);
	first = liteio_json_encode(ask->call.req, route->req_fields);
	if (!liteio_json_decode(first, route->req_fields, LITEIO_JSON_STRICT, again, NULL)) {
		second = liteio_json_encode(again, route->req_fields);
		must(liteio_json_equal(first, second));
		liteio_json_unref(second);
		liteio_json_fini(again, route->req_fields);
	}
	liteio_json_unref(first);
	free(again);
}

void liteio_jobs_take(struct liteio_jobs *jobs, struct liteio_ask *ask)
{
	size_t stars = 0;

	reached++;
	ask->req->answers++;
	for (const char *p = ask->route->path; *p; p++)
		stars += *p == '*';
	for (size_t i = 0; i < stars; i++)
		must(ask->call.params[i][0]);
	must(ask->call.timeout_ms <= LITEIO_LOCAL_TIMEOUT_MS_MAX);
	must(!ask->call.req == !ask->route->req_fields);
	must(ask->text && ask->call.ret);
	check_request(ask);
	must(!ask->req->body_len || members_once(ask->req->body, ask->req->body_len));
	for (size_t i = 0; i < ask->req->n; i++)
		must(liteio_http_request_query(ask->req, ask->req->keys[i]) ==
		     ask->req->values[i]);
	ask_done(ask);
}

/* ---- the bytes of an input ------------------------------------------------------------------ */

/* for `run`: one that is refused has not got all the way */
__attribute__((destructor)) static void tell(void)
{
	fprintf(stderr, "stat::reached: %lu\n", reached);
}

/* as the server's library does: "a=b&c", escapes undone */
static void split_query(char *query, struct liteio_http_request *req)
{
	char *pair, *value;

	while (req->n < PAIRS_MAX && (pair = strsep(&query, "&"))) {
		value = pair + strcspn(pair, "=");
		if (*value)
			*value++ = '\0';
		MHD_http_unescape(pair);
		MHD_http_unescape(value);
		req->keys[req->n] = pair;
		req->values[req->n++] = value;
	}
}

/* the path of a line, with words of the text for its stars; *@text is left behind them */
static char *path_of(const struct liteio_route *route, char **text)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	size_t len;

	for (const char *p = route->path; *p; p++) {
		if (*p != '*') {
			liteio_buf_add(&b, p, 1);
			continue;
		}
		len = strcspn(*text, " ");
		liteio_buf_add(&b, *text, len);
		*text += len + ((*text)[len] == ' ');
	}
	return liteio_buf_take(&b);
}

static void request(struct liteio_http_request *req, size_t number, char *text)
{
	_cleanup_free_ char *path = NULL;
	struct liteio_agent a = { .ready = true };
	size_t n = 0;
	char *query;

	while (liteio_routes[n].method)
		n++;
	if (number < n) {
		req->method = liteio_routes[number].method;
		path = path_of(&liteio_routes[number], &text);
		query = text;
	} else {
		req->method = strsep(&text, " ");
		path = liteio_strdup(text ? text : "");
		query = path + strcspn(path, "?");
		if (*query)
			*query++ = '\0';
	}
	MHD_http_unescape(path);
	req->path = path;
	if (*query)
		split_query(query, req);
	on_request(&a, req);
	must(req->answers == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct liteio_http_request req = { .body = "" };
	char *text, *end;

	if (!size)
		return 0;
	text = liteio_calloc(1, size);
	memcpy(text, data + 1, size - 1);
	end = memchr(text, '\n', size - 1);
	if (end) {
		*end = '\0';
		req.body = end + 1;
		req.body_len = size - 1 - (size_t)(end + 1 - text);
	}
	request(&req, data[0], text);
	free(text);
	return 0;
}
