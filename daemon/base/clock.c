// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The time that only goes on.
 */
#include "base/clock.h"

#include <time.h>

uint64_t liteio_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

uint64_t liteio_now_ms(void)
{
	return liteio_now_ns() / 1000000;
}
