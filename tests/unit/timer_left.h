/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a loop wakes up by itself: of all its timers, as the kernel has it.
 */
#ifndef LITEIO_TESTS_TIMER_LEFT_H
#define LITEIO_TESTS_TIMER_LEFT_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/loop.h"
#include "base/str.h"

static inline void timer_left_quit(void *arg)
{
	liteio_loop_quit(arg, 0);
}

/* in how many milliseconds; UINT64_MAX: it does not. A loop sets its timers before it waits */
static inline uint64_t timer_left_ms(struct liteio_loop *loop)
{
	_cleanup_free_ char *line = NULL;
	uint64_t left = UINT64_MAX;
	size_t size = 0;

	liteio_loop_post(loop, timer_left_quit, loop);
	ck_assert_int_ge(liteio_loop_run(loop), 0);
	for (int fd = 0; fd < 1024; fd++) {
		_cleanup_free_ char *path = liteio_strf("/proc/self/fdinfo/%d", fd);
		unsigned long long s, ns;
		FILE *f = fopen(path, "re");

		while (f && getline(&line, &size, f) > 0) {
			if (sscanf(line, "it_value: (%llu, %llu", &s, &ns) == 2 && s + ns &&
			    s * 1000 + ns / 1000000 < left)
				left = s * 1000 + ns / 1000000;
		}
		if (f)
			fclose(f);
	}
	return left;
}

#endif
