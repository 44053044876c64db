// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local API: a request is checked and decoded on the loop, run on a worker, and answered on the
 * loop again.
 */
#include "agent/api.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/agent.h"
#include "agent/route.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/http_server.h"
#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "model/local.h"

#define BODY_MAX (64u << 10)
#define CONNECTIONS_MAX 64
#define GROUPS_MAX 256
#define TIMEOUT_MS_DEFAULT 10000

/**
 * struct api_job - a request under way
 * @req: answered once, in job_done()
 * @route: what runs
 * @call: its arguments
 * @begun_ns: when it came (CLOCK_MONOTONIC)
 * @uid: of the peer
 * @gid: of the peer
 * @r: how it ended
 * @err: the sentence
 */
struct api_job {
	struct liteio_http_request *req;
	const struct liteio_route *route;
	struct liteio_call call;
	uint64_t begun_ns;
	uid_t uid;
	gid_t gid;
	int r;
	struct liteio_error err;
};

static void reply_json(struct liteio_http_request *req, unsigned int status,
		       struct liteio_json *j)
{
	_cleanup_free_ char *text = liteio_json_print(j);

	liteio_http_reply(req, status, "application/json", text, strlen(text));
	liteio_json_unref(j);
}

static void reply_error(struct liteio_http_request *req, unsigned int status, int code,
			const char *message)
{
	struct liteio_json *error = liteio_json_new_object(), *j = liteio_json_new_object();

	liteio_json_set_string(error, "code", liteio_errno_name(code));
	liteio_json_set_string(error, "message", message);
	liteio_json_set(j, "error", error);
	reply_json(req, status, j);
}

/* an answered request */
static void count(const struct api_job *job, int r)
{
	liteio_counters_add(&job->call.agent->counters, (size_t)(job->route - liteio_routes),
			    liteio_now_ns() - job->begun_ns, r);
}

static void job_free(struct api_job *job)
{
	if (job->call.req)
		liteio_json_fini(job->call.req, job->route->req_fields);
	free(job->call.req);
	if (job->call.ret && job->route->ret_fields)
		liteio_json_fini(job->call.ret, job->route->ret_fields);
	free(job->call.ret);
	free(job);
}

/* the group of the configuration, or (gid_t)-1 */
static int socket_gid(const struct liteio_agent *a, gid_t *ret, struct liteio_error *err)
{
	const struct group *g;

	*ret = (gid_t)-1;
	if (!a->config.socket_group)
		return 0;
	g = getgrnam(a->config.socket_group);
	if (!g)
		return liteio_error_set(err, -EINVAL, "socketGroup: no group \"%s\" on this node",
					a->config.socket_group);
	*ret = g->gr_gid;
	return 0;
}

/* The socket's mode keeps others out already; this holds when somebody has changed it. */
static bool peer_in_group(const struct api_job *job)
{
	const struct liteio_config *c = &job->call.agent->config;
	struct passwd pw, *pw_found = NULL;
	struct group gr, *gr_found = NULL;
	gid_t groups[GROUPS_MAX];
	int i, n = GROUPS_MAX;
	char buf[4096], gbuf[4096];

	if (!c->socket_group ||
	    getgrnam_r(c->socket_group, &gr, gbuf, sizeof(gbuf), &gr_found) != 0 || !gr_found)
		return false;
	if (job->gid == gr.gr_gid)
		return true;
	if (getpwuid_r(job->uid, &pw, buf, sizeof(buf), &pw_found) != 0 || !pw_found)
		return false;
	if (getgrouplist(pw.pw_name, job->gid, groups, &n) < 0)
		return false;
	for (i = 0; i < n; i++)
		if (groups[i] == gr.gr_gid)
			return true;
	return false;
}

/* worker thread */
static void job_run(void *arg)
{
	struct api_job *job = arg;

	if (job->uid != 0 && !peer_in_group(job)) {
		job->r = liteio_error_set(&job->err, -EACCES,
					  "only root and the socket's group may use this API");
		return;
	}
	job->r = job->route->run(&job->call, &job->err);
}

/* loop thread */
static void job_done(void *arg)
{
	struct api_job *job = arg;

	count(job, job->r);
	if (job->r < 0) {
		log_info(NULL, "%s %s: %s", job->route->method,
			 liteio_http_request_path(job->req), liteio_error_str(&job->err, job->r));
		reply_error(job->req, liteio_local_status(job->r), job->r,
			    liteio_error_str(&job->err, job->r));
	} else if (job->call.stream) {
		job->call.stream(&job->call, job->req);
	} else {
		reply_json(job->req, 200,
			   liteio_json_encode(job->call.ret, job->route->ret_fields));
	}
	job_free(job);
}

static bool has_field(const struct liteio_field *f, const char *key)
{
	while (f->key && strcmp(f->key, key) != 0)
		f++;
	return f->key;
}

struct query_check {
	const struct liteio_route *route;
	struct liteio_error *err;
};

static int check_query(void *arg, const char *key, const char *value)
{
	const struct query_check *c = arg;

	for (size_t i = 0; liteio_route_queries[i].flag; i++)
		if (c->route->flags & liteio_route_queries[i].flag &&
		    has_field(liteio_route_queries[i].fields, key))
			return 0;
	return liteio_error_set(c->err, -EINVAL, "%.128s: this request has no such query", key);
}

static int decode_query(struct api_job *job, struct liteio_error *err)
{
	const char *timeout = liteio_http_request_query(job->req, "timeoutMs");
	const char *force = liteio_http_request_query(job->req, "force");
	struct query_check check = { job->route, err };
	int r;

	if (!(job->route->flags & LITEIO_ROUTE_QUERY)) {
		r = liteio_http_request_query_each(job->req, check_query, &check);
		if (r < 0)
			return r;
	}
	job->call.timeout_ms = TIMEOUT_MS_DEFAULT;
	if (timeout && liteio_parse_u64(timeout, 0, LITEIO_LOCAL_TIMEOUT_MS_MAX,
					&job->call.timeout_ms) < 0)
		return liteio_error_set(err, -EINVAL, "timeoutMs: \"%s\" is not a number up to %d",
					timeout, LITEIO_LOCAL_TIMEOUT_MS_MAX);
	if (force && strcmp(force, "true") != 0 && strcmp(force, "false") != 0)
		return liteio_error_set(err, -EINVAL, "force: \"%s\" is neither true nor false",
					force);
	job->call.force = force && strcmp(force, "true") == 0;
	return 0;
}

struct query {
	const struct liteio_field *fields;
	struct liteio_json *object;
};

static bool is_bool(const struct liteio_field *f, const char *key)
{
	while (f->key && strcmp(f->key, key) != 0)
		f++;
	return f->key && f->type == LITEIO_FIELD_BOOL;
}

/* a query is text: what is to be true or false becomes that; the rest is read from text anyway */
static int add_query(void *arg, const char *key, const char *value)
{
	_cleanup_free_ char *clean_key = liteio_utf8_clean(key);
	_cleanup_free_ char *clean_value = liteio_utf8_clean(value);
	struct query *q = arg;

	key = clean_key ? clean_key : key;
	value = clean_value ? clean_value : value;
	if (is_bool(q->fields, key) && (strcmp(value, "true") == 0 || strcmp(value, "false") == 0))
		liteio_json_set_bool(q->object, key, value[0] == 't');
	else
		liteio_json_set_string(q->object, key, value);
	return 0;
}

static int decode_body(struct api_job *job, struct liteio_error *err)
{
	const struct liteio_route *route = job->route;
	bool in_query = route->flags & LITEIO_ROUTE_QUERY;
	struct liteio_json *j;
	const char *body;
	void *req;
	size_t len;
	int r;

	body = liteio_http_request_body(job->req, &len);
	if ((!route->req_fields || in_query) && len > 0)
		return liteio_error_set(err, -EINVAL, "this request takes no body");
	if (!route->req_fields)
		return 0;
	if (in_query) {
		struct query q = { route->req_fields, liteio_json_new_object() };

		liteio_http_request_query_each(job->req, add_query, &q);
		j = q.object;
	} else {
		r = liteio_json_parse(body ? body : "", len, &j, err);
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
	job->call.req = req;
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
		text = liteio_strf("%s can not be asked to %s", path, method);
	else if (r == -ENAMETOOLONG)
		text = liteio_strf("a name in the path is longer than %d characters",
				   LITEIO_ROUTE_PARAM_MAX - 1);
	else
		text = liteio_strf("%s: no such path in this API", path);
	reply_error(req, r == -EOPNOTSUPP ? 405 : r == -ENAMETOOLONG ? 400 : 404, r, text);
}

/* the arguments of a call; what is wrong is answered by the caller */
static int job_prepare(struct api_job *job, struct liteio_error *err)
{
	pid_t pid;
	int r;

	r = liteio_http_request_peer(job->req, &job->uid, &job->gid, &pid);
	if (r < 0)
		return liteio_error_set(err, -EACCES, "the peer of this connection is unknown");
	if (!job->call.agent->ready && !(job->route->flags & LITEIO_ROUTE_EARLY))
		return liteio_error_set(err, -EAGAIN,
					"the agent is starting: pools are still being opened");
	r = decode_query(job, err);
	if (r < 0)
		return r;
	return decode_body(job, err);
}

static void on_request(void *arg, struct liteio_http_request *req)
{
	struct liteio_agent *a = arg;
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_route *route;
	struct liteio_call call = { .agent = a };
	struct api_job *job;
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
	job = liteio_calloc(1, sizeof(*job));
	job->req = req;
	job->route = route;
	job->call = call;
	job->begun_ns = liteio_now_ns();
	r = job_prepare(job, &err);
	if (r < 0) {
		count(job, r);
		reply_error(req, liteio_local_status(r), r, liteio_error_str(&err, r));
		job_free(job);
		return;
	}
	job->call.ret = liteio_calloc(1, route->ret_size + 1);
	liteio_worker_submit(route->flags & LITEIO_ROUTE_URGENT ? a->urgent : a->workers, NULL,
			     job_run, job_done, job);
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

	r = socket_gid(a, &opt.unix_gid, err);
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
	return liteio_http_server_new(a->loop, address, &opt, on_request, a, &a->api, err);
}

void liteio_api_stop(struct liteio_agent *a)
{
	if (a->api)
		liteio_http_server_free(a->api);
	a->api = NULL;
}
