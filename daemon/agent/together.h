/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same for several, side by side, waited for together, if need be no longer than a while.
 */
#ifndef LITEIO_AGENT_TOGETHER_H
#define LITEIO_AGENT_TOGETHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_workers;

/**
 * liteio_together_run() - do something for each, on workers
 * @w: the workers; NULL: in this thread, one after the other
 * @fn: what; owns its argument, and goes on with it when nobody waits any more
 * @args: an argument for each
 * @n: how many
 * @end_ms: until when they are waited for, by liteio_now_ms(); @fn may put it off meanwhile. NULL:
 *	until all have ended; then the last one is done in this thread
 * @ret_ended: set for each that has ended by then; as many. NULL: nobody wants to know
 *
 * Context: a worker, none of @w when there is no end, or any thread that may block. Return: how
 * many have not ended.
 */
size_t liteio_together_run(struct liteio_workers *w, void (*fn)(void *arg), void *const *args,
			   size_t n, const _Atomic uint64_t *end_ms, bool *ret_ended);

/**
 * liteio_together_share() - do something for each, some at a time
 * @w: the workers
 * @fn: what
 * @args: an argument for each
 * @n: how many
 * @at_once: so many at a time; this thread does one of them, so that it ends also when no worker
 *	has time
 *
 * Context: any thread that may block, also a worker. Returns when all have ended.
 */
void liteio_together_share(struct liteio_workers *w, void (*fn)(void *arg), void *const *args,
			   size_t n, size_t at_once);

#endif
