/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of an attachment: one set per CPU, added to without locks, added up when somebody asks.
 */
#ifndef LITEIO_STATS_H
#define LITEIO_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

#include <uapi/linux/liteio.h>

#include "hist.h"

/**
 * struct liteio_stats_class - what one class of I/O has done
 * @ios: completed, whatever the result
 * @errors: of these, with an error
 * @bytes: of those without an error
 * @time_ns: sum of latencies of those without an error
 * @hist: number of those without an error, by latency
 */
struct liteio_stats_class {
	u64 ios;
	u64 errors;
	u64 bytes;
	u64 time_ns;
	u64 hist[LITEIO_HIST_BUCKETS];
};

/**
 * struct liteio_stats_cpu - the counters of one CPU
 * @started: I/O that has come to the gate
 * @ended: I/O that has completed, in whatever way, or that the gate refused
 * @last_ns: CLOCK_MONOTONIC when the last one completed, well or not; 0 before the first. Beside
 *	@ended, in a cache line that is written at that moment anyway
 * @class: by enum liteio_class
 */
struct liteio_stats_cpu {
	u64 started;
	u64 ended;
	u64 last_ns;
	struct liteio_stats_class class[LITEIO_CLASS_NR];
};

/**
 * liteio_stats_start() - I/O comes to the gate
 * @stats: counters
 *
 * Before it passes, so that nothing is ever behind the gate and not counted, however long its
 * CPU is busy with something else in between. What is refused ends with liteio_stats_bounced().
 *
 * Context: any, also hard interrupts.
 */
static inline void liteio_stats_start(struct liteio_stats_cpu __percpu *stats)
{
	this_cpu_inc(stats->started);
}

/**
 * liteio_stats_done() - I/O has succeeded
 * @stats: counters
 * @class: enum liteio_class
 * @bytes: how much
 * @start_ns: CLOCK_MONOTONIC when it passed the gate
 * @now_ns: the same clock now
 *
 * Context: any, also hard interrupts.
 */
static inline void liteio_stats_done(struct liteio_stats_cpu __percpu *stats, unsigned int class,
				     u64 bytes, u64 start_ns, u64 now_ns)
{
	u64 ns = now_ns - start_ns;

	this_cpu_inc(stats->class[class].ios);
	this_cpu_add(stats->class[class].bytes, bytes);
	this_cpu_add(stats->class[class].time_ns, ns);
	this_cpu_inc(stats->class[class].hist[liteio_hist_index(ns)]);
	this_cpu_inc(stats->ended);
	this_cpu_write(stats->last_ns, now_ns);
}

/**
 * liteio_stats_failed() - I/O has failed
 * @stats: counters
 * @class: enum liteio_class
 * @now_ns: CLOCK_MONOTONIC
 *
 * Context: any, also hard interrupts.
 */
static inline void liteio_stats_failed(struct liteio_stats_cpu __percpu *stats, unsigned int class,
				       u64 now_ns)
{
	this_cpu_inc(stats->class[class].ios);
	this_cpu_inc(stats->class[class].errors);
	this_cpu_inc(stats->ended);
	this_cpu_write(stats->last_ns, now_ns);
}

/**
 * liteio_stats_bounced() - I/O was refused, or came back because it would have had to wait: not
 * counted
 * @stats: counters
 *
 * Context: any, also hard interrupts.
 */
static inline void liteio_stats_bounced(struct liteio_stats_cpu __percpu *stats)
{
	this_cpu_inc(stats->ended);
}

/**
 * liteio_stats_new() - counters at zero
 *
 * Context: process, sleeps. Return: to be given to liteio_stats_free(), NULL without memory.
 */
struct liteio_stats_cpu __percpu *liteio_stats_new(void);

/**
 * liteio_stats_free() - free counters
 * @stats: counters; NULL does nothing
 *
 * Context: process.
 */
void liteio_stats_free(struct liteio_stats_cpu __percpu *stats);

/**
 * liteio_stats_bytes() - memory that all counters of the module take
 *
 * Context: any. Return: bytes.
 */
u64 liteio_stats_bytes(void);

/**
 * liteio_stats_class() - add up one class
 * @stats: counters
 * @class: enum liteio_class
 * @ret: the sum; each number is read by itself while others go on
 *
 * Context: any.
 */
void liteio_stats_class(struct liteio_stats_cpu __percpu *stats, unsigned int class,
			struct liteio_stats_class *ret);

/**
 * liteio_stats_errors() - errors of all classes
 * @stats: counters
 *
 * Context: any. Return: their number.
 */
u64 liteio_stats_errors(struct liteio_stats_cpu __percpu *stats);

/**
 * liteio_stats_inflight() - I/O that has passed the gate and not completed
 * @stats: counters
 *
 * Context: any. Return: never too low; too high by what completed, or was refused, while it was
 * counted.
 */
u64 liteio_stats_inflight(struct liteio_stats_cpu __percpu *stats);

/**
 * liteio_stats_started() - I/O that has come to the gate
 * @stats: counters
 * @ret_inflight: as liteio_stats_inflight(), of the same reading: when it is 0, all that is counted
 *	had ended
 *
 * Context: any. Return: how much so far.
 */
u64 liteio_stats_started(struct liteio_stats_cpu __percpu *stats, u64 *ret_inflight);

/**
 * liteio_stats_last_ns() - when I/O last completed, on any CPU
 * @stats: counters
 *
 * Context: any. Return: CLOCK_BOOTTIME, 0 before the first. The time that the machine has slept
 * since then is counted as if it had slept before.
 */
u64 liteio_stats_last_ns(struct liteio_stats_cpu __percpu *stats);

#endif
