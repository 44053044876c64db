/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other processes, by their numbers.
 */
#ifndef LITEIO_BASE_PROCESS_H
#define LITEIO_BASE_PROCESS_H

#include <stdbool.h>

/**
 * struct liteio_process - what /proc/PID/stat says of one
 * @is_over: its first thread has ended, and with it every other one that can: what is left hangs in
 *	the kernel, or waits to be reaped
 * @start: when it was started, in ticks: two with the same number differ in it
 */
struct liteio_process {
	bool is_over;
	unsigned long long start;
};

/* 0; -ENOENT there is no such process, or another errno when that can not be told. Any thread */
int liteio_process_look(int pid, struct liteio_process *ret);

#endif
