/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations: what long work goes on as when its request was answered without its end. Kept in
 * memory: what an agent that was killed left undone is in the catalog, and asking for it again goes
 * on from there.
 *
 * Context of all functions: loop thread; @headway alone is written to by the worker.
 */
#ifndef LITEIO_AGENT_OPERATIONS_H
#define LITEIO_AGENT_OPERATIONS_H

#include <stdbool.h>

#include "base/headway.h"
#include "base/uuid.h"
#include "model/local_operation.h"

struct liteio_call;
struct liteio_error;
struct liteio_json;
struct liteio_operations;

/* of the answers so many bytes are kept, beside the last one; the rest of an operation is small */
#define LITEIO_OPERATIONS_BYTES_MAX (1u << 20)

/**
 * struct liteio_operation - one
 * @refs: of the job, and of the table
 * @next: in the table, the newest first
 * @uuid: null until it is told of
 * @verb: "volume create"
 * @object: what it is about, or NULL
 * @pool: where that is, or NULL when only @headway may know
 * @state: enum liteio_local_operation_state
 * @begun_s: since the epoch, for people
 * @begun_ms: by liteio_now_ms()
 * @took_ms: once it has ended
 * @code: 0 or a negative errno, once it has ended
 * @message: the sentence
 * @result: what it answered, as text: all that is kept is counted by that
 * @headway: how far it is
 */
struct liteio_operation {
	unsigned int refs;
	struct liteio_operation *next;
	struct liteio_uuid uuid;
	char *verb;
	char *object;
	char *pool;
	enum liteio_local_operation_state state;
	uint64_t begun_s;
	uint64_t begun_ms;
	uint64_t took_ms;
	int code;
	char *message;
	char *result;
	struct liteio_headway headway;
};

struct liteio_operations *liteio_operations_new(void);
void liteio_operations_free(struct liteio_operations *t);

/**
 * liteio_operation_new() - it begins; nobody is told of it yet
 * @verb: copied
 * @object: copied; may be NULL
 * @pool: copied; may be NULL
 *
 * Return: with a reference for the caller; never NULL.
 */
struct liteio_operation *liteio_operation_new(const char *verb, const char *object,
					      const char *pool);
void liteio_operation_unref(struct liteio_operation *op); /* NULL is fine */

/**
 * liteio_operations_tell() - from now on it can be asked for
 * @t: the table
 * @op: gets a uuid; nothing happens when it has one
 *
 * Of more than LITEIO_LOCAL_OPERATIONS_MAX the one that ended first is forgotten, and never one
 * that runs: of these there are fewer (jobs.h). Return: it is new.
 */
bool liteio_operations_tell(struct liteio_operations *t, struct liteio_operation *op);

/**
 * liteio_operations_end() - it has ended
 * @t: the table that was told of it
 * @op: is running
 * @r: 0 or a negative errno
 * @message: of a failure
 * @result: its answer, or NULL; taken over
 *
 * When there are more than LITEIO_OPERATIONS_BYTES_MAX of answers, those that ended first and have
 * one are forgotten, but for this one.
 */
void liteio_operations_end(struct liteio_operations *t, struct liteio_operation *op, int r,
			   const char *message, char *result);

/* what can be said of it; released with liteio_json_fini() */
void liteio_operation_fill(struct liteio_operation *op, bool with_result,
			   struct liteio_local_operation *ret);
/* the same with its result, as it is answered; owned by the caller */
struct liteio_json *liteio_operation_describe(struct liteio_operation *op);
/* -ENOENT with a sentence; borrowed */
int liteio_operations_find(struct liteio_operations *t, const struct liteio_uuid *uuid,
			   struct liteio_operation **ret, struct liteio_error *err);
/* all, the newest first */
void liteio_operations_list(struct liteio_operations *t, struct liteio_local_operation_list *ret);

/* GET /v1/operations and GET /v1/operations/{operation}, as routes that run on the loop */
int liteio_op_operation_list(struct liteio_call *c, struct liteio_error *err);
int liteio_op_operation_show(struct liteio_call *c, struct liteio_error *err);

#endif
