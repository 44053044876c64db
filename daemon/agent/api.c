// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local API: a request is checked and decoded on the loop, run on a worker, and answered on the
 * loop again (jobs.h).
 */
#include "agent/api.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/agent.h"
#include "agent/jobs.h"
#include "agent/operations.h"
#include "agent/peer.h"
#include "agent/reply.h"
#include "agent/route.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/http_server.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "model/local.h"

#define BODY_MAX (64u << 10)
/* requests that wait, listeners of events, and as many again that have not said all yet */
#define CONNECTIONS_MAX (LITEIO_JOBS_WAITING_MAX + 16)
#define TIMEOUT_MS_DEFAULT 10000

static int given_twice(const char *key, struct liteio_error *err)
{
	return liteio_error_set(err, -EINVAL, "%.128s: given twice", key);
}

/**
 * struct query_check - a query as it is looked through
 * @route: what may be in it
 * @err: what must not
 * @seen: a bit of each field that was there, in the order of the tables
 */
struct query_check {
	const struct liteio_route *route;
	struct liteio_error *err;
	uint32_t seen;
};

static int check_query(void *arg, const char *key, const char *value)
{
	struct query_check *c = arg;
	uint32_t bit = 1;

	for (size_t i = 0; liteio_route_queries[i].flag; i++) {
		const struct liteio_field *f = liteio_route_queries[i].fields;

		for (; f->key; f++, bit <<= 1) {
			if (!(c->route->flags & liteio_route_queries[i].flag) ||
			    strcmp(f->key, key) != 0)
				continue;
			if (c->seen & bit)
				return given_twice(key, c->err);
			c->seen |= bit;
			return 0;
		}
	}
	return liteio_error_set(c->err, -EINVAL, "%.128s: this request has no such query", key);
}

/* a query that is true or false; @def when it is not there */
static int decode_bool(const struct liteio_http_request *req, const char *key, bool def,
		       bool *ret, struct liteio_error *err)
{
	const char *s = liteio_http_request_query(req, key);

	if (s && strcmp(s, "true") != 0 && strcmp(s, "false") != 0)
		return liteio_error_set(err, -EINVAL, "%s: \"%s\" is neither true nor false", key,
					s);
	*ret = s ? strcmp(s, "true") == 0 : def;
	return 0;
}

static int decode_query(struct liteio_ask *ask, struct liteio_error *err)
{
	struct query_check check = { .route = ask->route, .err = err };
	const char *timeout;
	bool wait = true;
	int r;

	ask->call.timeout_ms = TIMEOUT_MS_DEFAULT;
	/* all that it says is its own then */
	if (ask->route->flags & LITEIO_ROUTE_QUERY)
		return 0;
	ask->call.wait = LITEIO_LOCAL_WAIT;
	r = liteio_http_request_query_each(ask->req, check_query, &check);
	if (r < 0 || !check.seen)
		return r;
	timeout = liteio_http_request_query(ask->req, "timeoutMs");
	if (timeout && liteio_parse_u64(timeout, 0, LITEIO_LOCAL_TIMEOUT_MS_MAX,
					&ask->call.timeout_ms) < 0)
		return liteio_error_set(err, -EINVAL, "timeoutMs: \"%s\" is not a number up to %d",
					timeout, LITEIO_LOCAL_TIMEOUT_MS_MAX);
	r = decode_bool(ask->req, "force", false, &ask->call.force, err);
	if (r == 0)
		r = decode_bool(ask->req, "wait", true, &wait, err);
	ask->call.wait = wait ? LITEIO_LOCAL_WAIT : LITEIO_LOCAL_WAIT_NOT;
	return r;
}

struct query {
	const struct liteio_field *fields;
	struct liteio_json *object;
	struct liteio_error *err;
};

static bool is_type(const struct liteio_field *f, const char *key, enum liteio_field_type type)
{
	while (f->key && strcmp(f->key, key) != 0)
		f++;
	return f->key && f->type == type;
}

/*
 * a query is text: what is to be true or false, or a number, becomes that; the rest is read from
 * text anyway
 */
static int add_query(void *arg, const char *key, const char *value)
{
	_cleanup_free_ char *clean_key = liteio_utf8_clean(key);
	_cleanup_free_ char *clean_value = liteio_utf8_clean(value);
	struct query *q = arg;
	uint64_t number;

	key = clean_key ? clean_key : key;
	value = clean_value ? clean_value : value;
	if (liteio_json_has(q->object, key))
		return given_twice(key, q->err);
	if (is_type(q->fields, key, LITEIO_FIELD_BOOL) &&
	    (strcmp(value, "true") == 0 || strcmp(value, "false") == 0))
		liteio_json_set_bool(q->object, key, value[0] == 't');
	else if (is_type(q->fields, key, LITEIO_FIELD_U64) &&
		 liteio_parse_u64(value, 0, UINT64_MAX, &number) == 0)
		liteio_json_set(q->object, key, liteio_json_new_u64(number));
	else
		liteio_json_set_string(q->object, key, value);
	return 0;
}

static int decode_body(struct liteio_ask *ask, struct liteio_error *err)
{
	const struct liteio_route *route = ask->route;
	bool in_query = route->flags & LITEIO_ROUTE_QUERY;
	struct liteio_json *j;
	const char *body;
	void *req;
	size_t len;
	int r;

	body = liteio_http_request_body(ask->req, &len);
	if ((!route->req_fields || in_query) && len > 0)
		return liteio_error_set(err, -EINVAL, "this request takes no body");
	if (!route->req_fields)
		return 0;
	if (in_query) {
		struct query q = { route->req_fields, liteio_json_new_object(), err };

		r = liteio_http_request_query_each(ask->req, add_query, &q);
		j = q.object;
		if (r < 0) {
			liteio_json_unref(j);
			return r;
		}
	} else {
		r = liteio_json_parse_strict(body ? body : "", len, &j, err);
		if (r < 0)
			return r;
	}
	req = liteio_calloc(1, route->req_size);
	r = liteio_json_decode(j, route->req_fields, LITEIO_JSON_STRICT, req, err);
	liteio_json_unref(j);
	if (r < 0) {
		free(req);
		return r;
	}
	ask->call.req = req;
	return 0;
}

static void reply_health(struct liteio_agent *a, struct liteio_http_request *req)
{
	unsigned int stuck = liteio_agent_stuck(a);
	_cleanup_free_ char *text = stuck ? liteio_strf("%u jobs are stuck\n", stuck) :
					    liteio_strdup("ok\n");

	liteio_http_reply(req, stuck ? 503 : 200, "text/plain", text, strlen(text));
}

static void reply_no_route(struct liteio_http_request *req, int r)
{
	const char *method = liteio_http_request_method(req);
	const char *path = liteio_http_request_path(req);
	_cleanup_free_ char *text = NULL;

	if (r == -EOPNOTSUPP)
		text = liteio_strf("%.128s can not be asked to %.32s", path, method);
	else if (r == -ENAMETOOLONG)
		text = liteio_strf("a name in the path is longer than %d characters",
				   LITEIO_ROUTE_PARAM_MAX - 1);
	else
		text = liteio_strf("%.128s: no such path in this API", path);
	liteio_reply_error(req, r == -EOPNOTSUPP ? 405 : r == -ENAMETOOLONG ? 400 : 404, r, text,
			   NULL);
}

/* by what two requests are the same; once they are decoded */
static char *text_of(const struct liteio_ask *ask)
{
	_cleanup_free_ char *body =
		ask->call.req ? liteio_json_write(ask->call.req, ask->route->req_fields) : NULL;
	struct liteio_buf b = LITEIO_BUF_INIT;

	/* without printf, which costs more than what most requests ask for */
	liteio_buf_addstr(&b, ask->route->method);
	liteio_buf_add(&b, " ", 1);
	liteio_buf_addstr(&b, liteio_http_request_path(ask->req));
	liteio_buf_addstr(&b, ask->call.force ? "\n1 " : "\n0 ");
	/* how long its answer is waited for makes it no other request */
	liteio_buf_add_u64(&b, ask->call.timeout_ms);
	liteio_buf_add(&b, " ", 1);
	liteio_buf_addstr(&b, body ? body : "");
	return liteio_buf_take(&b);
}

/* the arguments of a call; what is wrong is answered by the caller */
static int ask_prepare(struct liteio_ask *ask, struct liteio_error *err)
{
	pid_t pid;
	int r;

	r = liteio_http_request_peer(ask->req, &ask->uid, &ask->gid, &pid);
	if (r < 0)
		return liteio_error_set(err, -EACCES, "the peer of this connection is unknown");
	if (!ask->call.agent->ready && !(ask->route->flags & LITEIO_ROUTE_EARLY))
		return liteio_error_set(err, -EAGAIN,
					"the agent is starting: pools are still being opened");
	r = decode_query(ask, err);
	if (r == 0)
		r = decode_body(ask, err);
	if (r == 0)
		ask->text = text_of(ask);
	return r;
}

static void on_request(void *arg, struct liteio_http_request *req)
{
	struct liteio_agent *a = arg;
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_route *route;
	struct liteio_call call = { .agent = a };
	struct liteio_ask *ask;
	int r;

	if (strcmp(liteio_http_request_path(req), LITEIO_API_HEALTH) == 0) {
		reply_health(a, req);
		return;
	}
	r = liteio_route_find(liteio_routes, liteio_http_request_method(req),
			      liteio_http_request_path(req), &call, &route);
	if (r < 0) {
		reply_no_route(req, r);
		return;
	}
	ask = liteio_calloc(1, sizeof(*ask));
	ask->req = req;
	ask->route = route;
	ask->call = call;
	ask->begun_ns = liteio_now_ns();
	r = ask_prepare(ask, &err);
	if (r < 0) {
		liteio_ask_refuse(ask, r, liteio_error_str(&err, r));
		return;
	}
	ask->call.ret = liteio_calloc(1, route->ret_size + 1);
	liteio_jobs_take(a->jobs, ask);
}

int liteio_api_start(struct liteio_agent *a, struct liteio_error *err)
{
	struct liteio_http_options opt = {
		.max_body = BODY_MAX,
		.max_connections = CONNECTIONS_MAX,
		.unix_mode = 0600,
	};
	_cleanup_free_ char *address = liteio_strf("unix://%s", a->config.socket);
	_cleanup_free_ char *dir = liteio_strdup(a->config.socket);
	int r;

	r = liteio_peer_group(&a->config, &opt.unix_gid, err);
	if (r < 0)
		return r;
	if (opt.unix_gid != (gid_t)-1)
		opt.unix_mode = 0660;
	*strrchr(dir, '/') = '\0';
	if (dir[0]) {
		r = liteio_fs_mkdir_p(dir, 0755, err);
		if (r < 0)
			return r;
	}
	r = liteio_jobs_new(a, &a->jobs, err);
	if (r < 0)
		return r;
	a->operations = liteio_operations_new();
	return liteio_http_server_new(a->loop, address, &opt, on_request, a, &a->api, err);
}

void liteio_api_stop(struct liteio_agent *a)
{
	if (a->api)
		liteio_http_server_free(a->api);
	a->api = NULL;
	liteio_jobs_free(a->jobs);
	a->jobs = NULL;
	liteio_operations_free(a->operations);
	a->operations = NULL;
}
