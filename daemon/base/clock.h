/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time that only goes on: CLOCK_MONOTONIC, for deadlines and to measure by.
 */
#ifndef LITEIO_BASE_CLOCK_H
#define LITEIO_BASE_CLOCK_H

#include <stdint.h>

/**
 * liteio_now_ms() - milliseconds of CLOCK_MONOTONIC
 *
 * Context: any thread. Return: the time, for deadlines.
 */
uint64_t liteio_now_ms(void);

/* the same in nanoseconds, to measure by */
uint64_t liteio_now_ns(void);

#endif
