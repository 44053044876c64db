// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adding up the counters of an attachment.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/minmax.h>

#include "stats.h"

static atomic64_t nr_sets = ATOMIC64_INIT(0);

struct liteio_stats_cpu __percpu *liteio_stats_new(void)
{
	struct liteio_stats_cpu __percpu *stats = alloc_percpu(struct liteio_stats_cpu);

	if (stats)
		atomic64_inc(&nr_sets);
	return stats;
}

void liteio_stats_free(struct liteio_stats_cpu __percpu *stats)
{
	if (!stats)
		return;
	free_percpu(stats);
	atomic64_dec(&nr_sets);
}

u64 liteio_stats_bytes(void)
{
	return atomic64_read(&nr_sets) * num_possible_cpus() * sizeof(struct liteio_stats_cpu);
}

void liteio_stats_class(struct liteio_stats_cpu __percpu *stats, unsigned int class,
			struct liteio_stats_class *ret)
{
	unsigned int i;
	int cpu;

	memset(ret, 0, sizeof(*ret));
	for_each_possible_cpu(cpu) {
		struct liteio_stats_class *c = &per_cpu_ptr(stats, cpu)->class[class];

		ret->ios += READ_ONCE(c->ios);
		ret->errors += READ_ONCE(c->errors);
		ret->bytes += READ_ONCE(c->bytes);
		ret->time_ns += READ_ONCE(c->time_ns);
		for (i = 0; i < LITEIO_HIST_BUCKETS; i++)
			ret->hist[i] += READ_ONCE(c->hist[i]);
	}
}

u64 liteio_stats_errors(struct liteio_stats_cpu __percpu *stats)
{
	unsigned int class;
	u64 errors = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		for (class = 0; class < LITEIO_CLASS_NR; class++)
			errors += READ_ONCE(per_cpu_ptr(stats, cpu)->class[class].errors);
	}
	return errors;
}

/*
 * What ended had started before. So all ends are read first: every end that is seen belongs to a
 * start that is seen too, and the difference cannot be too low.
 */
u64 liteio_stats_started(struct liteio_stats_cpu __percpu *stats, u64 *ret_inflight)
{
	u64 started = 0, ended = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		ended += READ_ONCE(per_cpu_ptr(stats, cpu)->ended);
	/* all ends before all starts */
	smp_rmb();
	for_each_possible_cpu(cpu)
		started += READ_ONCE(per_cpu_ptr(stats, cpu)->started);
	*ret_inflight = started - ended;
	return started;
}

u64 liteio_stats_inflight(struct liteio_stats_cpu __percpu *stats)
{
	u64 inflight;

	liteio_stats_started(stats, &inflight);
	return inflight;
}

u64 liteio_stats_last_ns(struct liteio_stats_cpu __percpu *stats)
{
	u64 last = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		last = max(last, READ_ONCE(per_cpu_ptr(stats, cpu)->last_ns));
	return last ? ktime_to_ns(ktime_mono_to_any(ns_to_ktime(last), TK_OFFS_BOOT)) : 0;
}
