// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A gRPC server for unary calls.
 *
 * A call has two owners in turn: the loop thread makes it and submits it, a worker runs it, and the
 * loop thread gets it back and releases it. Its stream and its timer belong to the loop thread
 * alone; the stream pointer is cleared when the call was answered or the stream closed, whichever
 * is first. The only thing both threads touch at a time is the flag @given_up.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "grpc.h"
#include "grpc_wire.h"
#include "h2.h"
#include "message.h"
#include "status.h"

/* a tenth of the timeout, within these, is kept for sending the answer */
#define MARGIN_MIN_MS 10
#define MARGIN_MAX_MS 1000

struct service {
	struct service *next;
	const struct ProtobufCServiceDescriptor *descriptor;
	liteio_grpc_fn *handlers; /* by index of the method; NULL: not offered */
	void *ctx;
};

struct liteio_grpc {
	struct liteio_loop *loop;
	struct liteio_workers *workers;
	struct liteio_grpc_config config;
	struct service *services;
	unsigned int running;
	void (*idle_fn)(void *arg);
	void *idle_arg;
};

struct liteio_grpc_call {
	struct liteio_grpc *grpc;
	struct liteio_h2_stream *stream;
	struct liteio_timer *timer;
	char *path;
	liteio_grpc_fn fn;
	void *ctx;
	struct liteio_message_method method;
	uint64_t deadline_ms;
	atomic_bool given_up;
	void *request_bytes;
	size_t request_len;
	void *reply; /* frame and message */
	size_t reply_len;
	int code;
	struct liteio_error err;
};

struct liteio_grpc *liteio_grpc_new(struct liteio_loop *loop, struct liteio_workers *workers,
				    const struct liteio_grpc_config *config)
{
	struct liteio_grpc *grpc = liteio_calloc(1, sizeof(*grpc));

	grpc->loop = loop;
	grpc->workers = workers;
	grpc->config = *config;
	return grpc;
}

void liteio_grpc_free(struct liteio_grpc *grpc)
{
	struct service *service;

	if (!grpc)
		return;
	while ((service = grpc->services)) {
		grpc->services = service->next;
		free(service->handlers);
		free(service);
	}
	free(grpc);
}

int liteio_grpc_add(struct liteio_grpc *grpc, const struct ProtobufCServiceDescriptor *descriptor,
		    const struct liteio_grpc_method *methods, size_t n_methods, void *ctx,
		    struct liteio_error *err)
{
	struct service *service = liteio_calloc(1, sizeof(*service));
	struct liteio_message_method found;

	service->descriptor = descriptor;
	service->ctx = ctx;
	service->handlers = liteio_calloc(liteio_message_method_count(descriptor),
					  sizeof(*service->handlers));
	service->next = grpc->services;
	grpc->services = service;
	for (size_t i = 0; i < n_methods; i++) {
		if (liteio_message_method_find(descriptor, methods[i].name, &found) < 0)
			return liteio_error_set(err, -EINVAL, "%s has no method %s",
						liteio_message_service_name(descriptor),
						methods[i].name);
		service->handlers[found.index] = methods[i].fn;
	}
	return 0;
}

static void report_idle(struct liteio_grpc *grpc)
{
	void (*fn)(void *arg) = grpc->idle_fn;

	if (grpc->running || !fn)
		return;
	grpc->idle_fn = NULL;
	liteio_loop_post(grpc->loop, fn, grpc->idle_arg);
}

void liteio_grpc_on_idle(struct liteio_grpc *grpc, void (*fn)(void *arg), void *arg)
{
	grpc->idle_fn = fn;
	grpc->idle_arg = arg;
	report_idle(grpc);
}

uint64_t liteio_grpc_call_deadline(const struct liteio_grpc_call *call)
{
	return call->deadline_ms;
}

int liteio_grpc_call_check(const struct liteio_grpc_call *call, struct liteio_error *err)
{
	if (atomic_load(&call->given_up))
		return liteio_error_set(err, -ECANCELED, "the caller has given up");
	if (liteio_now_ms() >= call->deadline_ms)
		return liteio_error_set(err, -ETIMEDOUT, "not done within the caller's deadline");
	return 0;
}

/* ---- answers */

static void respond_status(struct liteio_h2_stream *stream, enum liteio_grpc_status status,
			   const char *msg)
{
	_cleanup_free_ char *encoded = liteio_grpc_message_encode(msg);
	_cleanup_free_ char *number = liteio_strf("%d", status);
	const struct liteio_h2_field fields[] = {
		{ ":status", "200" },
		{ "content-type", "application/grpc" },
		{ "grpc-accept-encoding", "identity" },
		{ "grpc-status", number },
		{ "grpc-message", encoded },
	};

	liteio_h2_respond(stream, fields, LITEIO_ARRAY_SIZE(fields), NULL, 0, NULL, 0);
}

static void respond_ok(struct liteio_h2_stream *stream, void *reply, size_t len)
{
	static const struct liteio_h2_field fields[] = {
		{ ":status", "200" },
		{ "content-type", "application/grpc" },
	};
	static const struct liteio_h2_field trailers[] = { { "grpc-status", "0" } };

	liteio_h2_respond(stream, fields, LITEIO_ARRAY_SIZE(fields), reply, len, trailers,
			  LITEIO_ARRAY_SIZE(trailers));
}

static void respond_http(struct liteio_h2_stream *stream, const char *status)
{
	const struct liteio_h2_field fields[] = { { ":status", status } };

	liteio_h2_respond(stream, fields, LITEIO_ARRAY_SIZE(fields), NULL, 0, NULL, 0);
}

static void reject(struct liteio_h2_stream *stream, int code, const struct liteio_error *err)
{
	enum liteio_grpc_status status = liteio_grpc_status_of(code);

	log_warning(NULL, "rpc %s: %s: %s", liteio_h2_stream_field(stream, ":path"),
		    liteio_grpc_status_name(status), liteio_error_str(err, code));
	respond_status(stream, status, liteio_error_str(err, code));
}

/* ---- one call, on both threads */

static void call_free(struct liteio_grpc_call *call)
{
	if (call->stream)
		liteio_h2_stream_set_user(call->stream, NULL);
	liteio_timer_free(call->timer);
	free(call->path);
	free(call->request_bytes);
	free(call->reply);
	free(call);
}

/* worker thread */
static void call_run(void *arg)
{
	struct liteio_grpc_call *call = arg;
	void *request = NULL, *response;
	size_t len;

	call->code = liteio_grpc_call_check(call, &call->err);
	if (call->code == 0)
		call->code = liteio_message_unpack(call->method.input, call->request_bytes,
						   call->request_len, &request, &call->err);
	free(call->request_bytes);
	call->request_bytes = NULL;
	if (call->code < 0)
		return;
	response = liteio_message_new(call->method.output);
	call->code = call->fn(call->ctx, call, request, response, &call->err);
	if (call->code == 0) {
		len = liteio_message_pack(response, LITEIO_GRPC_FRAME_BYTES, &call->reply);
		liteio_grpc_frame_write(len, call->reply);
		call->reply_len = LITEIO_GRPC_FRAME_BYTES + len;
	}
	liteio_message_free(response);
	liteio_message_free(request);
}

/* loop thread, after call_run() */
static void call_done(void *arg)
{
	struct liteio_grpc_call *call = arg;
	enum liteio_grpc_status status = liteio_grpc_status_of(call->code);
	const char *msg = liteio_error_str(&call->err, call->code);
	struct liteio_grpc *grpc = call->grpc;

	if (call->code < 0)
		log_warning(NULL, "rpc %s: %s: %s", call->path, liteio_grpc_status_name(status),
			    msg);
	else
		log_debug(NULL, "rpc %s: OK", call->path);
	if (call->stream && call->code < 0)
		respond_status(call->stream, status, msg);
	else if (call->stream)
		respond_ok(call->stream, take_ptr(call->reply), call->reply_len);
	call_free(call);
	grpc->running--;
	report_idle(grpc);
}

/* loop thread: the caller's time is over, the handler's work is not */
static void call_late(void *arg)
{
	struct liteio_grpc_call *call = arg;

	atomic_store(&call->given_up, true);
	if (!call->stream)
		return;
	liteio_h2_stream_set_user(call->stream, NULL);
	respond_status(call->stream, LITEIO_GRPC_DEADLINE_EXCEEDED,
		       "the operation goes on, but not within the caller's deadline");
	call->stream = NULL;
}

/* ---- requests */

static int find_method(struct liteio_grpc *grpc, const char *path, struct liteio_grpc_call *call,
		       struct liteio_error *err)
{
	const char *slash = strrchr(path, '/');
	size_t service_len = (size_t)(slash - path);
	struct service *s;

	for (s = grpc->services; s; s = s->next) {
		const char *name = liteio_message_service_name(s->descriptor);

		if (service_len == strlen(name) + 1 && !strncmp(path + 1, name, strlen(name)))
			break;
	}
	if (!s)
		return liteio_error_set(err, -ENOSYS, "there is no service for %s here", path);
	if (liteio_message_method_find(s->descriptor, slash + 1, &call->method) < 0)
		return liteio_error_set(err, -ENOSYS, "there is no method %s", path);
	call->fn = s->handlers[call->method.index];
	call->ctx = s->ctx;
	if (!call->fn)
		return liteio_error_set(err, -ENOSYS, "this driver does not offer %s", path);
	return 0;
}

static int parse_timeout(struct liteio_grpc *grpc, const char *value, uint64_t *ret_ms,
			 struct liteio_error *err)
{
	uint64_t ms = grpc->config.default_timeout_ms;
	int r;

	if (value) {
		r = liteio_grpc_timeout_parse(value, &ms, err);
		if (r < 0)
			return r;
	}
	*ret_ms = ms < grpc->config.max_timeout_ms ? ms : grpc->config.max_timeout_ms;
	return 0;
}

static uint64_t margin(uint64_t timeout_ms)
{
	uint64_t ms = timeout_ms / 10;

	if (ms > MARGIN_MAX_MS)
		ms = MARGIN_MAX_MS;
	if (ms < MARGIN_MIN_MS)
		ms = MARGIN_MIN_MS;
	return ms < timeout_ms ? ms : timeout_ms;
}

static int check_fault(enum liteio_h2_fault fault, struct liteio_error *err)
{
	switch (fault) {
	case LITEIO_H2_COMPLETE:
		return 0;
	case LITEIO_H2_TOO_LARGE:
		return liteio_error_set(err, -EMSGSIZE, "the request is too large");
	case LITEIO_H2_NO_MEMORY:
		return liteio_error_set(err, -EMSGSIZE,
					"too many large requests at a time, try again");
	}
	return -EINVAL;
}

static int call_prepare(struct liteio_grpc_call *call, struct liteio_h2_stream *stream,
			uint64_t *ret_timeout_ms, struct liteio_error *err)
{
	struct liteio_grpc *grpc = call->grpc;
	const uint8_t *msg;
	const void *body;
	size_t len;
	int r;

	r = check_fault(liteio_h2_stream_fault(stream), err);
	if (r == 0)
		r = find_method(grpc, call->path, call, err);
	if (r == 0)
		r = parse_timeout(grpc, liteio_h2_stream_field(stream, "grpc-timeout"),
				  ret_timeout_ms, err);
	if (r < 0)
		return r;
	body = liteio_h2_stream_body(stream, &len);
	r = liteio_grpc_frame_parse(body, len, &msg, &call->request_len, err);
	if (r < 0)
		return r;
	if (grpc->running >= grpc->config.max_calls)
		return liteio_error_set(err, -EMSGSIZE, "%u calls are running already, try again",
					grpc->running);
	call->request_bytes = liteio_calloc(1, call->request_len);
	memcpy(call->request_bytes, msg, call->request_len);
	return 0;
}

static int call_start(struct liteio_grpc *grpc, struct liteio_h2_stream *stream,
		      struct liteio_error *err)
{
	struct liteio_grpc_call *call = liteio_calloc(1, sizeof(*call));
	uint64_t timeout_ms = 0;
	int r;

	call->grpc = grpc;
	call->path = liteio_strdup(liteio_h2_stream_field(stream, ":path"));
	r = call_prepare(call, stream, &timeout_ms, err);
	if (r == 0)
		r = liteio_timer_new(grpc->loop, call_late, call, &call->timer, err);
	if (r < 0) {
		call_free(call);
		return r;
	}
	call->stream = stream;
	liteio_h2_stream_set_user(stream, call);
	call->deadline_ms = liteio_now_ms() + timeout_ms - margin(timeout_ms);
	liteio_timer_arm(call->timer, timeout_ms, 0);
	grpc->running++;
	liteio_worker_submit(grpc->workers, NULL, call_run, call_done, call);
	return 0;
}

static bool is_grpc(const char *content_type)
{
	static const char prefix[] = "application/grpc";

	if (!content_type || strncmp(content_type, prefix, strlen(prefix)))
		return false;
	content_type += strlen(prefix);
	if (!strncmp(content_type, "+proto", strlen("+proto")))
		content_type += strlen("+proto");
	return !*content_type || *content_type == ';';
}

static void on_request(void *arg, struct liteio_h2_stream *stream)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	if (strcmp(liteio_h2_stream_field(stream, ":method"), "POST")) {
		respond_http(stream, "405");
		return;
	}
	if (!is_grpc(liteio_h2_stream_field(stream, "content-type"))) {
		respond_http(stream, "415");
		return;
	}
	r = call_start(arg, stream, &err);
	if (r < 0)
		reject(stream, r, &err);
}

static void on_closed(void *arg, struct liteio_h2_stream *stream)
{
	struct liteio_grpc_call *call = liteio_h2_stream_user(stream);

	if (!call)
		return;
	atomic_store(&call->given_up, true);
	call->stream = NULL;
}

const struct liteio_h2_ops *liteio_grpc_ops(void)
{
	static const struct liteio_h2_ops ops = { .request = on_request, .closed = on_closed };

	return &ops;
}
