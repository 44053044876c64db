/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same for each of a few, side by side, where there are no workers (worker.h) or what is done
 * must not wait for one.
 */
#ifndef LITEIO_BASE_BESIDE_H
#define LITEIO_BASE_BESIDE_H

#include <stddef.h>

/* a thread for each */
#define LITEIO_BESIDE_MAX 64

/**
 * liteio_beside_run() - do something for each
 * @fn: what
 * @args: an argument for each
 * @n: how many, at most LITEIO_BESIDE_MAX
 *
 * The first one is done by this thread, and so is what no thread can be had for. Context: any
 * thread that may block. Returns when all have ended.
 */
void liteio_beside_run(void (*fn)(void *arg), void *const *args, size_t n);

#endif
