// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The API server's verbs over HTTP: credentials, calls, answers.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/http_client.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/config.h"
#include "kube/object.h"
#include "kube/request.h"

/**
 * struct liteio_kube - a client
 * @loop: NULL when there are no asynchronous calls
 * @http: connections
 * @cfg: credentials; the files that @http reads stay as long as this
 * @user_agent: header line
 * @manager: default field manager
 * @calls: under way, asynchronous
 * @lock: covers what follows
 * @seen: what the token file was when it was read
 * @token: header line, NULL without a token
 */
struct liteio_kube {
	struct liteio_loop *loop;
	struct liteio_http_client *http;
	struct liteio_kube_config cfg;
	char *user_agent;
	char *manager;
	struct liteio_kube_call *calls;

	pthread_mutex_t lock;
	struct stat seen;
	char *token;
};

/**
 * struct liteio_kube_call - an asynchronous call
 * @k: the client
 * @next: in the client's list
 * @link: what points at this call there
 * @http: the request under way; NULL while @failed is to be told
 * @timer: tells @failed
 * @data: of a stream
 * @done: at the end
 * @arg: for both
 * @failed: the request was wrong before it was sent
 */
struct liteio_kube_call {
	struct liteio_kube *k;
	struct liteio_kube_call *next, **link;
	struct liteio_http_call *http;
	struct liteio_timer *timer;
	liteio_kube_data_fn data;
	liteio_kube_done_fn done;
	void *arg;
	struct liteio_error failed;
};

/* ---- the client --------------------------------------------------------------------------- */

static void set_token(struct liteio_kube *k, const char *token)
{
	if (k->token)
		explicit_bzero(k->token, strlen(k->token));
	free(k->token);
	k->token = token && *token ? liteio_strf("Authorization: Bearer %s", token) : NULL;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* the header line, in new memory; NULL without credentials. A lost file keeps the old token */
static char *current_token(struct liteio_kube *k)
{
	char *token = NULL;
	struct stat st;

	liteio_guard(&k->lock);
	if (k->cfg.token_file && !stat(k->cfg.token_file, &st) && !same_file(&st, &k->seen) &&
	    !liteio_fs_read_line(k->cfg.token_file, &token, NULL)) {
		set_token(k, token);
		k->seen = st;
		explicit_bzero(token, strlen(token));
		free(token);
	}
	return liteio_strdup(k->token);
}

int liteio_kube_new(struct liteio_loop *loop, const struct liteio_kube_config *cfg,
		    const char *user_agent, struct liteio_kube **ret, struct liteio_error *err)
{
	struct liteio_kube_config own;
	struct liteio_http_tls tls;
	struct liteio_kube *k;
	int r;

	r = liteio_kube_config_copy(cfg, &own, err);
	if (r)
		return r;
	tls = (struct liteio_http_tls){
		.ca_file = own.ca_file,
		.cert_file = own.cert_file,
		.key_file = own.key_file,
		.server_name = own.server_name,
		.insecure = own.insecure,
	};
	k = liteio_calloc(1, sizeof(*k));
	pthread_mutex_init(&k->lock, NULL);
	k->loop = loop;
	k->cfg = own;
	k->user_agent = liteio_strf("User-Agent: %s", user_agent);
	k->manager = liteio_strdup(user_agent);
	k->manager[strcspn(k->manager, "/")] = '\0';
	set_token(k, cfg->token);
	r = liteio_http_client_new(loop, &tls, &k->http, err);
	if (r) {
		liteio_kube_free(k);
		return r;
	}
	*ret = k;
	return 0;
}

void liteio_kube_free(struct liteio_kube *k)
{
	struct liteio_kube_call *call, *next;

	if (!k)
		return;
	for (call = k->calls; call; call = next) {
		next = call->next;
		liteio_kube_call_cancel(call);
	}
	liteio_http_client_free(k->http);
	set_token(k, NULL);
	pthread_mutex_destroy(&k->lock);
	liteio_kube_config_fini(&k->cfg);
	free(k->user_agent);
	free(k->manager);
	free(k);
}

struct liteio_loop *liteio_kube_loop(struct liteio_kube *k)
{
	return k->loop;
}

const char *liteio_kube_namespace(const struct liteio_kube *k)
{
	return k->cfg.ns ?: "default";
}

/* ---- one request -------------------------------------------------------------------------- */

/* everything HTTP needs, owned here while the call is set up */
struct outgoing {
	struct liteio_kube_message msg;
	struct liteio_http_call_spec spec;
	char *url;
	char *token;
	char *content_type;
	const char *headers[5];
};

static void outgoing_init(struct liteio_kube *k, struct outgoing *o, uint64_t timeout_ms)
{
	size_t n = 0;

	o->url = liteio_strf("%s%s", k->cfg.server, o->msg.path);
	o->token = current_token(k);
	o->headers[n++] = "Accept: application/json";
	o->headers[n++] = k->user_agent;
	if (o->token)
		o->headers[n++] = o->token;
	if (o->msg.body) {
		o->content_type = liteio_strf("Content-Type: %s", o->msg.content_type);
		o->headers[n++] = o->content_type;
	}
	o->headers[n] = NULL;
	o->spec = (struct liteio_http_call_spec){
		.method = o->msg.method,
		.url = o->url,
		.headers = o->headers,
		.body = o->msg.body,
		.body_len = o->msg.body ? strlen(o->msg.body) : 0,
		.timeout_ms = timeout_ms,
		.max_response = LITEIO_JSON_MAX_BYTES,
	};
}

static void outgoing_fini(struct outgoing *o)
{
	liteio_kube_message_fini(&o->msg);
	free(o->url);
	if (o->token)
		explicit_bzero(o->token, strlen(o->token));
	free(o->token);
	free(o->content_type);
}

/* the answer as an object */
static int read_answer(const struct liteio_http_response *rsp, struct liteio_json **ret,
		       struct liteio_error *err)
{
	int r;

	if (rsp->status < 200 || rsp->status > 299)
		return liteio_kube_status_error(rsp->status, rsp->body, rsp->body_len, err);
	r = liteio_json_parse(rsp->body, rsp->body_len, ret, err);
	if (r)
		return liteio_error_wrap(err, -EIO, "the API server's answer is not understood");
	return 0;
}

static uint64_t timeout_of(const struct liteio_kube_request *req)
{
	return req->timeout_ms ? req->timeout_ms : LITEIO_KUBE_TIMEOUT_MS;
}

/* ---- synchronous calls -------------------------------------------------------------------- */

/* the message belongs to @o already */
static int send_sync(struct liteio_kube *k, struct outgoing *o, uint64_t timeout_ms,
		     struct liteio_json **ret, struct liteio_error *err)
{
	struct liteio_http_response rsp;
	struct liteio_json *answer = NULL;
	int r;

	outgoing_init(k, o, timeout_ms);
	r = liteio_http_call_sync(k->http, &o->spec, &rsp, err);
	outgoing_fini(o);
	if (r)
		return r;
	r = read_answer(&rsp, &answer, err);
	liteio_http_response_fini(&rsp);
	if (r)
		return r;
	if (ret)
		*ret = answer;
	else
		liteio_json_unref(answer);
	return 0;
}

int liteio_kube_call_sync(struct liteio_kube *k, const struct liteio_kube_request *req,
			  struct liteio_json **ret, struct liteio_error *err)
{
	struct outgoing o = { 0 };
	int r = liteio_kube_message_init(req, k->manager, &o.msg, err);

	return r ? r : send_sync(k, &o, timeout_of(req), ret, err);
}

/* ---- asynchronous calls ------------------------------------------------------------------- */

static void call_release(struct liteio_kube_call *call)
{
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	liteio_timer_free(call->timer);
	free(call);
}

static void on_http_done(void *arg, int r, const struct liteio_http_response *rsp,
			 const struct liteio_error *http_err)
{
	struct liteio_kube_call *call = arg;
	struct liteio_error err = LITEIO_ERROR_INIT;
	liteio_kube_done_fn done = call->done;
	bool stream = !!call->data;
	void *done_arg = call->arg;
	struct liteio_json *answer = NULL;

	call_release(call);
	if (r)
		err = *http_err;
	else if (!stream || rsp->status < 200 || rsp->status > 299)
		r = read_answer(rsp, &answer, &err);
	done(done_arg, r, answer, r ? &err : NULL);
	liteio_json_unref(answer);
}

static void on_failed(void *arg)
{
	struct liteio_kube_call *call = arg;
	struct liteio_error err = call->failed;
	liteio_kube_done_fn done = call->done;
	void *done_arg = call->arg;

	call_release(call);
	done(done_arg, err.code, NULL, &err);
}

static struct liteio_kube_call *call_new(struct liteio_kube *k, liteio_kube_data_fn data,
					 liteio_kube_done_fn done, void *arg)
{
	struct liteio_kube_call *call = liteio_calloc(1, sizeof(*call));

	call->k = k;
	call->data = data;
	call->done = done;
	call->arg = arg;
	call->next = k->calls;
	call->link = &k->calls;
	if (call->next)
		call->next->link = &call->next;
	k->calls = call;
	return call;
}

/* the receiver may cancel the call: it is not looked at afterwards */
static int on_http_data(void *arg, const char *data, size_t len)
{
	struct liteio_kube_call *call = arg;

	return call->data(call->arg, data, len);
}

static void call_send(struct liteio_kube_call *call, struct outgoing *o, uint64_t timeout_ms)
{
	outgoing_init(call->k, o, timeout_ms);
	call->http = liteio_http_call_start(call->k->http, &o->spec,
					    call->data ? on_http_data : NULL, on_http_done, call);
	outgoing_fini(o);
}

struct liteio_kube_call *liteio_kube_call_start(struct liteio_kube *k,
						const struct liteio_kube_request *req,
						liteio_kube_done_fn done, void *arg)
{
	struct liteio_kube_call *call = call_new(k, NULL, done, arg);
	struct outgoing o = { 0 };

	/* a callback is never called from here, also not to say that the request was wrong */
	if (!liteio_kube_message_init(req, k->manager, &o.msg, &call->failed)) {
		call_send(call, &o, timeout_of(req));
		return call;
	}
	if (liteio_timer_new(k->loop, on_failed, call, &call->timer, NULL))
		abort();
	liteio_timer_arm(call->timer, 0, 0);
	return call;
}

void liteio_kube_call_cancel(struct liteio_kube_call *call)
{
	if (!call)
		return;
	if (call->http)
		liteio_http_call_cancel(call->http);
	call_release(call);
}

struct liteio_kube_call *liteio_kube_stream_start(struct liteio_kube *k,
						  const struct liteio_resource *res, const char *ns,
						  const char *query, liteio_kube_data_fn data,
						  liteio_kube_done_fn done, void *arg)
{
	struct liteio_kube_call *call = call_new(k, data, done, arg);
	struct outgoing o = { .msg = { .method = "GET" } };
	char *path _cleanup_free_ = liteio_resource_path(res, ns, NULL, NULL);

	o.msg.path = liteio_strf("%s?%s", path, query);
	call_send(call, &o, 0);
	return call;
}

struct liteio_kube_call *liteio_kube_page_start(struct liteio_kube *k,
						const struct liteio_resource *res, const char *ns,
						const char *query, liteio_kube_done_fn done,
						void *arg)
{
	struct liteio_kube_call *call = call_new(k, NULL, done, arg);
	struct outgoing o = { .msg = { .method = "GET" } };
	char *path _cleanup_free_ = liteio_resource_path(res, ns, NULL, NULL);

	o.msg.path = liteio_strf("%s?%s", path, query);
	call_send(call, &o, LITEIO_KUBE_TIMEOUT_MS);
	return call;
}

/* ---- the common cases --------------------------------------------------------------------- */

int liteio_kube_get(struct liteio_kube *k, const struct liteio_resource *res, const char *ns,
		    const char *name, struct liteio_json **ret, struct liteio_error *err)
{
	const struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_GET, .resource = res, .ns = ns, .name = name
	};

	return liteio_kube_call_sync(k, &req, ret, err);
}

int liteio_kube_create(struct liteio_kube *k, const struct liteio_resource *res,
		       const struct liteio_json *obj, struct liteio_json **ret,
		       struct liteio_error *err)
{
	const struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_CREATE,
		.resource = res,
		.ns = liteio_object_namespace(obj),
		.name = liteio_object_name(obj),
		.body = obj,
	};

	return liteio_kube_call_sync(k, &req, ret, err);
}

int liteio_kube_delete(struct liteio_kube *k, const struct liteio_resource *res, const char *ns,
		       const char *name, const char *uid, struct liteio_error *err)
{
	const struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_DELETE, .resource = res, .ns = ns, .name = name, .uid = uid
	};

	return liteio_kube_call_sync(k, &req, NULL, err);
}

int liteio_kube_patch(struct liteio_kube *k, const struct liteio_resource *res, const char *ns,
		      const char *name, const char *subresource, const char *resource_version,
		      const struct liteio_json *patch, struct liteio_json **ret,
		      struct liteio_error *err)
{
	const struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_PATCH,
		.resource = res,
		.ns = ns,
		.name = name,
		.subresource = subresource,
		.resource_version = resource_version,
		.body = patch,
	};

	return liteio_kube_call_sync(k, &req, ret, err);
}

int liteio_kube_apply(struct liteio_kube *k, const struct liteio_resource *res,
		      const struct liteio_json *obj, const char *subresource,
		      const char *field_manager, struct liteio_json **ret,
		      struct liteio_error *err)
{
	const struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_APPLY,
		.resource = res,
		.ns = liteio_object_namespace(obj),
		.name = liteio_object_name(obj),
		.subresource = subresource,
		.body = obj,
		.field_manager = field_manager,
		.force = true,
	};

	return liteio_kube_call_sync(k, &req, ret, err);
}
