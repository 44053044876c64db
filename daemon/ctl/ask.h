/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the agent of this node.
 */
#ifndef LITEIO_CTL_ASK_H
#define LITEIO_CTL_ASK_H

#include "base/json.h"

struct liteio_error;
struct liteio_http_response;
struct liteio_json;

/**
 * liteio_ask() - one request, and wait for its answer
 * @socket: of the agent
 * @method: "GET"
 * @target: path and query
 * @body: of the request, or NULL
 * @ret: the answer, owned by the caller
 * @err: the agent's sentence, or why there is none
 *
 * Return: 0, 1 when the answer is an operation, as which it goes on, or a negative errno.
 */
int liteio_ask(const char *socket, const char *method, const char *target,
	       const struct liteio_json *body, struct liteio_json **ret, struct liteio_error *err);

/**
 * liteio_ask_text() - likewise for what is only printed: the answer of a GET, once it is whole
 * @socket: of the agent
 * @target: path and query
 * @say: what has come of it, over lines and indented
 * @arg: for @say
 * @err: the agent's sentence, or why there is no answer, or no whole one
 *
 * Return: 0, 1 when it is answered by an operation, of which nothing was said, or a negative errno.
 */
int liteio_ask_text(const char *socket, const char *target, liteio_json_say_fn say, void *arg,
		    struct liteio_error *err);

/* the JSON of an answer that has come by itself: as above */
int liteio_ask_answer(const struct liteio_http_response *rsp, struct liteio_json **ret,
		      struct liteio_error *err);

#endif
