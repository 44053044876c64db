/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verbs of the API server, each asynchronous on the loop or synchronous from a worker thread.
 *
 * What the answers mean:
 *
 *	-ENOENT		404, the object does not exist
 *	-EOPNOTSUPP	404 without an object's name: the server does not know the resource type
 *			(its CustomResourceDefinition is missing); never to be taken for "deleted".
 *			Also 405
 *	-EEXIST		409 AlreadyExists: create of a name that is taken
 *	-EAGAIN		409 Conflict: the object is not the one that was read (resourceVersion or
 *			uid); read again and decide again
 *	-EPERM		409 from apply: another field manager owns a field; the sentence names both
 *	-EACCES		401, 403
 *	-EINVAL		400, 413, 415, 422: the sentence is the server's
 *	-ESTALE		410: a resourceVersion or continue token is too old
 *	-EBUSY		429, 503, 504: later
 *	-EIO		any other 5xx, or an answer that is not understood
 *	-ETIMEDOUT, -ECONNREFUSED, -ECONNRESET, -EHOSTUNREACH, ...	the server was not reached
 *
 * After -EIO, -EBUSY or a failed connection a write may or may not have happened: read again.
 */
#ifndef LITEIO_KUBE_CLIENT_H
#define LITEIO_KUBE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_error;
struct liteio_json;
struct liteio_kube;
struct liteio_kube_call;
struct liteio_kube_config;
struct liteio_loop;
struct liteio_resource;

enum liteio_kube_verb {
	LITEIO_KUBE_GET,
	LITEIO_KUBE_LIST,
	LITEIO_KUBE_CREATE,
	LITEIO_KUBE_UPDATE, /* PUT: the whole object; its own resourceVersion is the precondition */
	LITEIO_KUBE_DELETE,
	LITEIO_KUBE_PATCH, /* JSON merge patch; body: an object */
	LITEIO_KUBE_PATCH_JSON, /* JSON patch; body: an array of operations */
	LITEIO_KUBE_APPLY, /* server-side apply; body: the fields this manager owns */
};

/**
 * struct liteio_kube_request - one request; zero what is not needed, everything is borrowed
 * @verb: what to do
 * @resource: the type
 * @ns: namespace of namespaced types; NULL lists over all
 * @name: the object; not for LIST, from the body for CREATE
 * @subresource: "status", NULL for the object itself
 * @body: for CREATE, UPDATE, PATCH*, APPLY
 * @resource_version: writes: only if the object still is at this version (compare-and-swap, -EAGAIN
 *	otherwise); put into the body or the preconditions, whatever the verb needs
 * @uid: writes: only if it still is this object (-EAGAIN otherwise)
 * @field_manager: who writes; required for APPLY, NULL takes the client's default otherwise
 * @force: APPLY: take fields over that others own
 * @dry_run: let the server check and answer, but store nothing
 * @label_selector: LIST
 * @field_selector: LIST
 * @timeout_ms: of the whole call; 0 is LITEIO_KUBE_TIMEOUT_MS
 */
struct liteio_kube_request {
	enum liteio_kube_verb verb;
	const struct liteio_resource *resource;
	const char *ns;
	const char *name;
	const char *subresource;
	const struct liteio_json *body;
	const char *resource_version;
	const char *uid;
	const char *field_manager;
	bool force;
	bool dry_run;
	const char *label_selector;
	const char *field_selector;
	uint64_t timeout_ms;
};

#define LITEIO_KUBE_TIMEOUT_MS 15000

/**
 * typedef liteio_kube_done_fn - a call has ended
 * @arg: of the call
 * @r: 0 or a negative errno of the table above
 * @obj: the server's answer (the object, or the list), borrowed; take a reference to keep it
 * @err: the sentence when @r is negative
 *
 * Context: loop thread.
 */
typedef void (*liteio_kube_done_fn)(void *arg, int r, struct liteio_json *obj,
				    const struct liteio_error *err);

/**
 * liteio_kube_new() - a client
 * @loop: for the asynchronous calls; NULL when only synchronous ones are made
 * @cfg: credentials; copied, data in anonymous memory included: may be released afterwards. Files
 *	of the file system are opened again for each new connection and must stay
 * @user_agent: "liteio-agent/1.0", also the default field manager up to the slash
 * @ret: the client, owned by the caller
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_kube_new(struct liteio_loop *loop, const struct liteio_kube_config *cfg,
		    const char *user_agent, struct liteio_kube **ret, struct liteio_error *err);

/* cancels what is under way; informers, leases and events on it are freed before */
void liteio_kube_free(struct liteio_kube *k);

/**
 * liteio_kube_call_start() - begin a request
 * @k: a client with a loop
 * @req: the request; nothing of it is needed after the call
 * @done: called exactly once on the loop thread, never from within this function, unless cancelled
 * @arg: for @done
 *
 * Context: loop thread. Return: the call, valid until @done begins or it is cancelled; never NULL.
 */
struct liteio_kube_call *liteio_kube_call_start(struct liteio_kube *k,
						const struct liteio_kube_request *req,
						liteio_kube_done_fn done, void *arg);
/* forget a call; the server may or may not do what was asked. NULL is fine */
void liteio_kube_call_cancel(struct liteio_kube_call *call);

/**
 * liteio_kube_call_sync() - a whole request
 * @k: the client; several threads may use it at once
 * @req: the request
 * @ret: the answer, owned by the caller; may be NULL
 * @err: the sentence
 *
 * Context: worker thread, or a program without a loop; blocks at most the timeout.
 * Return: 0 or a negative errno of the table above.
 */
int liteio_kube_call_sync(struct liteio_kube *k, const struct liteio_kube_request *req,
			  struct liteio_json **ret, struct liteio_error *err);

/* ---- the common cases, synchronous; see liteio_kube_call_sync() ---------------------------- */

int liteio_kube_get(struct liteio_kube *k, const struct liteio_resource *res, const char *ns,
		    const char *name, struct liteio_json **ret, struct liteio_error *err);
int liteio_kube_create(struct liteio_kube *k, const struct liteio_resource *res,
		       const struct liteio_json *obj, struct liteio_json **ret,
		       struct liteio_error *err);
/* uid may be NULL; an object with finalizers only begins to go away */
int liteio_kube_delete(struct liteio_kube *k, const struct liteio_resource *res, const char *ns,
		       const char *name, const char *uid, struct liteio_error *err);
/* merge patch of the object or a subresource; resource_version may be NULL: no precondition */
int liteio_kube_patch(struct liteio_kube *k, const struct liteio_resource *res, const char *ns,
		      const char *name, const char *subresource, const char *resource_version,
		      const struct liteio_json *patch, struct liteio_json **ret,
		      struct liteio_error *err);
/* server-side apply with force: this manager's fields become exactly those of @obj */
int liteio_kube_apply(struct liteio_kube *k, const struct liteio_resource *res,
		      const struct liteio_json *obj, const char *subresource,
		      const char *field_manager, struct liteio_json **ret,
		      struct liteio_error *err);

/* would the same request make sense later, unchanged? (-EBUSY, -EIO, and all of the network) */
bool liteio_kube_retryable(int r);

/* the namespace of the credentials, borrowed */
const char *liteio_kube_namespace(const struct liteio_kube *k);

/* ---- for daemon/kube itself ---------------------------------------------------------------- */

/* what an answer that is not 2xx means: the errno of the table, and the Status object's sentence */
int liteio_kube_status_error(long status, const char *body, size_t len, struct liteio_error *err);

typedef int (*liteio_kube_data_fn)(void *arg, const char *data, size_t len);

/* open-ended GET, @query already encoded; @done gets -errno, or 0 when the server ended it */
struct liteio_kube_call *liteio_kube_stream_start(struct liteio_kube *k,
						  const struct liteio_resource *res, const char *ns,
						  const char *query, liteio_kube_data_fn data,
						  liteio_kube_done_fn done, void *arg);
/* GET of a collection with a ready-made query; the answer is the List object */
struct liteio_kube_call *liteio_kube_page_start(struct liteio_kube *k,
						const struct liteio_resource *res, const char *ns,
						const char *query, liteio_kube_done_fn done,
						void *arg);
struct liteio_loop *liteio_kube_loop(struct liteio_kube *k);
/* append "&key=value" (or "key=value" to an empty buffer), percent-encoded; NULL value: nothing */
struct liteio_buf;
void liteio_kube_query_add(struct liteio_buf *query, const char *key, const char *value);

#endif
