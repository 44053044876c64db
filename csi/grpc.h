/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gRPC server for unary calls: HTTP/2 requests in, handlers on worker threads, answers out.
 *
 * Methods are found through protobuf-c's service descriptors; there is no code per method. A
 * handler is plain sequential code: it may block, but not beyond the deadline of its call. When
 * the caller goes away or the deadline passes, the call is answered without it, and the handler
 * finds out through liteio_grpc_call_check(); its result is then dropped, so a handler must leave
 * things in a state from which the same call, repeated, goes on.
 *
 * Failed calls are logged here, once, with method, status and sentence; requests never are: they
 * may hold secrets.
 */
#ifndef LITEIO_CSI_GRPC_H
#define LITEIO_CSI_GRPC_H

#include <stddef.h>
#include <stdint.h>

struct ProtobufCServiceDescriptor;
struct liteio_error;
struct liteio_grpc;
struct liteio_grpc_call;
struct liteio_h2_ops;
struct liteio_loop;
struct liteio_workers;

/**
 * struct liteio_grpc_config - bounds
 * @default_timeout_ms: for callers that give no grpc-timeout
 * @max_timeout_ms: longer timeouts are cut to this
 * @max_calls: running or waiting for a thread at a time; more get RESOURCE_EXHAUSTED
 */
struct liteio_grpc_config {
	uint64_t default_timeout_ms;
	uint64_t max_timeout_ms;
	unsigned int max_calls;
};

#define LITEIO_GRPC_CONFIG_DEFAULT \
	{ \
		.default_timeout_ms = 300000, .max_timeout_ms = 600000, .max_calls = 512 \
	}

/**
 * typedef liteio_grpc_fn - serve one call
 * @ctx: of the service
 * @call: this call, for its deadline
 * @request: the request, of the method's input type; read only
 * @response: an empty message of the method's output type, to be filled in from malloc()
 * @err: the sentence for the caller when it fails
 *
 * Context: worker thread; may block until the deadline. Several calls run at a time.
 * Return: 0, or a negative errno that status.h translates.
 */
typedef int (*liteio_grpc_fn)(void *ctx, struct liteio_grpc_call *call, const void *request,
			      void *response, struct liteio_error *err);

/**
 * struct liteio_grpc_method - who serves a method
 * @name: as in the .proto
 * @fn: the handler
 */
struct liteio_grpc_method {
	const char *name;
	liteio_grpc_fn fn;
};

/**
 * liteio_grpc_new() - a server without services
 * @loop: the loop
 * @workers: where handlers run
 * @config: copied
 *
 * Context: loop thread. Return: the server, owned by the caller; never NULL.
 */
struct liteio_grpc *liteio_grpc_new(struct liteio_loop *loop, struct liteio_workers *workers,
				    const struct liteio_grpc_config *config);

/**
 * liteio_grpc_add() - offer a service
 * @grpc: the server
 * @service: its descriptor, static
 * @methods: borrowed; methods of the service that are missing here answer UNIMPLEMENTED
 * @n_methods: how many
 * @ctx: for the handlers
 * @err: why not
 *
 * Context: loop thread, before the first request. Return: 0, or -EINVAL for a name that the
 * service does not have.
 */
int liteio_grpc_add(struct liteio_grpc *grpc, const struct ProtobufCServiceDescriptor *service,
		    const struct liteio_grpc_method *methods, size_t n_methods, void *ctx,
		    struct liteio_error *err);

/**
 * liteio_grpc_ops() - what to give to liteio_h2_listener_new(), with the server as its arg
 *
 * Return: static.
 */
const struct liteio_h2_ops *liteio_grpc_ops(void);

/**
 * liteio_grpc_on_idle() - be told once when no call runs or waits for a thread
 * @grpc: the server
 * @fn: called on the loop thread, from the loop; also when nothing runs now
 * @arg: for @fn
 *
 * Calls given up by their callers count too: their handlers still run. For an orderly end: shut the
 * listener down first. Context: loop thread.
 */
void liteio_grpc_on_idle(struct liteio_grpc *grpc, void (*fn)(void *arg), void *arg);

/**
 * liteio_grpc_free() - release the server
 * @grpc: may be NULL; its connections are gone and no handler runs
 */
void liteio_grpc_free(struct liteio_grpc *grpc);

/**
 * liteio_grpc_call_deadline() - when the handler must have ended
 * @call: the call
 *
 * A little before the caller gives up, so that the handler's own sentence still reaches it.
 *
 * Context: any thread. Return: the time, as of liteio_now_ms().
 */
uint64_t liteio_grpc_call_deadline(const struct liteio_grpc_call *call);

/**
 * liteio_grpc_call_check() - is anybody still waiting for the answer?
 * @call: the call
 * @err: the reason
 *
 * Context: any thread. Return: 0, -ECANCELED or -ETIMEDOUT.
 */
int liteio_grpc_call_check(const struct liteio_grpc_call *call, struct liteio_error *err);

#endif
