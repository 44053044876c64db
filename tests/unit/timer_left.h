/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a timer of a loop fires: the first of all of them, of which the kernel has to know.
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

/* when the kernel wakes this process next; a loop sets its timers before it waits */
static inline uint64_t timer_left_kernel_ms(void)
{
	_cleanup_free_ char *line = NULL;
	uint64_t left = UINT64_MAX;
	size_t size = 0;

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

/*
 * In how many milliseconds, when what has happened until now is done; UINT64_MAX: none is armed. Of
 * what is put off or disarmed the kernel is not told: it may wake the loop before that
 */
static inline uint64_t timer_left_ms(struct liteio_loop *loop)
{
	uint64_t armed, kernel;

	liteio_loop_post(loop, timer_left_quit, loop);
	ck_assert_int_ge(liteio_loop_run(loop), 0);
	armed = liteio_loop_armed_ms(loop);
	kernel = timer_left_kernel_ms();
	return armed != UINT64_MAX && kernel > armed ? kernel : armed;
}

#endif
