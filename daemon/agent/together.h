/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs that are done side by side, and waited for together, but not for ever: one that hangs, or takes
 * an hour, does not keep what the others have done from being used.
 */
#ifndef LITEIO_AGENT_TOGETHER_H
#define LITEIO_AGENT_TOGETHER_H

#include <stdbool.h>
#include <stddef.h>

struct liteio_together;
struct liteio_workers;

/* for jobs that together are waited for @seconds from now; never NULL */
struct liteio_together *liteio_together_new(struct liteio_workers *w, unsigned int seconds);

/**
 * liteio_together_add() - begin another job
 * @t: the jobs
 * @job: what to do; on a worker
 * @done: after it, on the same worker; @late: nobody waits for it any more. Frees @arg
 * @arg: for both
 *
 * Context: any thread that may still wait; does not block.
 */
void liteio_together_add(struct liteio_together *t, void (*job)(void *arg),
			 void (*done)(void *arg, bool late), void *arg);

/* until all that were added have ended, or the time is over; worker */
void liteio_together_wait(struct liteio_together *t);
/* wait, and let go of those that have not ended: their number. @t is not used any more */
size_t liteio_together_end(struct liteio_together *t);

#endif
