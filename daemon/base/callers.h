/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that have not said all of their request yet: how many there may be, and for how long.
 *
 * Whoever connects is heard, however many say nothing or speak slowly: when there are too many, the
 * one that has waited longest has to go. A connection whose request is complete is not one of them
 * until it has been answered.
 */
#ifndef LITEIO_BASE_CALLERS_H
#define LITEIO_BASE_CALLERS_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_caller;
struct liteio_callers;
struct liteio_error;
struct liteio_loop;

/**
 * liteio_callers_new() - none yet
 * @loop: the loop
 * @max: so many may be heard out at a time
 * @timeout_ms: and each for so long, from when it came or was answered last
 * @ret: owned by the caller
 * @err: why not
 *
 * Context: loop thread, for all functions here. Return: 0 or a negative errno.
 */
int liteio_callers_new(struct liteio_loop *loop, unsigned int max, uint64_t timeout_ms,
		       struct liteio_callers **ret, struct liteio_error *err);
/* once all callers are freed; NULL is fine */
void liteio_callers_free(struct liteio_callers *c);

/**
 * liteio_caller_new() - a connection has come
 * @c: among these
 * @fd: is shut down, not closed, when it has to go; stays open until liteio_caller_free()
 *
 * Another one may have to go for it. Return: the caller, owned by who called.
 *
 * Who has called any of these calls liteio_callers_settle() before the loop sleeps: most callers
 * are heard, and gone, before it comes to that.
 */
struct liteio_caller *liteio_caller_new(struct liteio_callers *c, int fd);
/* its request is complete; false: it has been turned away, and could not be answered any more */
bool liteio_caller_heard(struct liteio_caller *caller);
/* it was answered, and may say more */
void liteio_caller_answered(struct liteio_caller *caller);
void liteio_caller_free(struct liteio_caller *caller); /* NULL is fine */
/* the clock watches whoever waits now; nothing is done when it does already */
void liteio_callers_settle(struct liteio_callers *c);

#endif
