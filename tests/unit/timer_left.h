/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a timer of a loop fires: the first of all of them.
 */
#ifndef LITEIO_TESTS_TIMER_LEFT_H
#define LITEIO_TESTS_TIMER_LEFT_H

#include <check.h>
#include <stdint.h>

#include "base/loop.h"

static inline void timer_left_quit(void *arg)
{
	liteio_loop_quit(arg, 0);
}

/* in how many milliseconds, when what has happened until now is done; UINT64_MAX: none is armed */
static inline uint64_t timer_left_ms(struct liteio_loop *loop)
{
	liteio_loop_post(loop, timer_left_quit, loop);
	ck_assert_int_ge(liteio_loop_run(loop), 0);
	return liteio_loop_armed_ms(loop);
}

#endif
