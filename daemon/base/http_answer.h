/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP/1.1 answer, as its bytes arrive (http_parser below, its types stay in http_answer.c).
 * Pure: for whoever has a socket of his own (http_local.h).
 *
 * Why http_parser: it reads bytes and does nothing else, and Debian has it as a static library, so
 * that a program which asks the local agent loads nothing for it. libcurl loads thirty libraries;
 * the client of libevent does not speak to unix sockets; llhttp, which came after http_parser, and
 * picohttpparser are not in Debian 12.
 */
#ifndef LITEIO_BASE_HTTP_ANSWER_H
#define LITEIO_BASE_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/http_response.h"

struct liteio_error;
struct liteio_http_answer;

/**
 * liteio_http_answer_new() - an answer of which nothing is there yet
 * @has_body: false: to HEAD, whose answer is a head and no more
 * @max_body: bytes of a body that is collected; 0 for LITEIO_HTTP_RESPONSE_MAX. Not for streams
 * @data: NULL: the body is collected; else what of a stream arrives (only with status 2xx; of any
 *        other status LITEIO_HTTP_REFUSAL_MAX bytes are collected). It may not free the answer
 * @arg: for @data
 *
 * Return: the answer, owned by the caller.
 */
struct liteio_http_answer *liteio_http_answer_new(bool has_body, size_t max_body,
						  liteio_http_data_fn data, void *arg);
void liteio_http_answer_free(struct liteio_http_answer *a); /* NULL is fine */

/**
 * liteio_http_answer_add() - what came next
 * @a: not yet whole, and not failed
 * @data: bytes; what follows a whole answer is not looked at
 * @len: how many, not 0
 * @err: what is wrong with it
 *
 * Return: 1 when the answer is whole, 0 when more is to come, -EPROTO when this is no answer in
 * HTTP, -EMSGSIZE when its head or body is too large, or what the receiver of a stream ended it
 * with (-ECANCELED for a positive number).
 */
int liteio_http_answer_add(struct liteio_http_answer *a, const char *data, size_t len,
			   struct liteio_error *err);

/**
 * liteio_http_answer_end() - nothing more comes
 * @a: not yet whole, and not failed
 * @err: what was missing
 *
 * Return: 1 when that was the end of the body, as its head said; else -ECONNRESET.
 */
int liteio_http_answer_end(struct liteio_http_answer *a, struct liteio_error *err);

/* of an answer whose head is there: from within @data, too */
long liteio_http_answer_status(const struct liteio_http_answer *a);

/**
 * liteio_http_answer_take() - hand the answer to the caller
 * @a: is whole
 * @ret: released by the caller; the body of a stream is NULL unless it was refused
 */
void liteio_http_answer_take(struct liteio_http_answer *a, struct liteio_http_response *ret);

#endif
