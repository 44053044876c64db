/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened between two moments: counters of the module, read twice, as rates and latencies by
 * volume. Pure.
 */
#ifndef LITEIO_CTL_SAMPLE_H
#define LITEIO_CTL_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/liteio.h>

#include "model/local.h"
#include "model/local_module.h"

struct liteio_error;
struct liteio_json;

/**
 * struct liteio_sample - all counters at one moment
 * @at_ns: when, of a clock that only goes forward
 * @stats: of every attachment
 * @volumes: of every volume
 */
struct liteio_sample {
	uint64_t at_ns;
	struct liteio_local_stats_list stats;
	struct liteio_local_module_volume_list volumes;
};

/**
 * liteio_sample_read() - two answers of the agent as a sample
 * @stats: of GET /v1/stats
 * @volumes: of GET /v1/module/volumes
 * @at_ns: when they came
 * @ret: released with liteio_sample_fini()
 * @err: what is not as it should be
 *
 * Return: 0 or -EINVAL.
 */
int liteio_sample_read(const struct liteio_json *stats, const struct liteio_json *volumes,
		       uint64_t at_ns, struct liteio_sample *ret, struct liteio_error *err);
void liteio_sample_fini(struct liteio_sample *s);

/* "read" for LITEIO_CLASS_READ */
extern const char *const liteio_class_names[LITEIO_CLASS_NR];

/* one class of I/O of one volume, between two moments */
struct liteio_activity_class {
	uint64_t ios;
	uint64_t errors;
	uint64_t bytes;
	uint64_t p50_ns;
	uint64_t p90_ns;
	uint64_t p99_ns;
	uint64_t p999_ns;
};

/**
 * struct liteio_activity - one volume, between two moments
 * @uuid: as text
 * @name: as the kernel knows it; "" for none. Borrowed from the later sample
 * @classes: by enum liteio_class, over all attachments
 * @over_ns: time over limit of reads and of writes
 * @queued: of reads and of writes, what waits at the later moment
 */
struct liteio_activity {
	char uuid[LITEIO_UUID_STRLEN + 1];
	const char *name;
	struct liteio_activity_class classes[LITEIO_CLASS_NR];
	uint64_t over_ns[LITEIO_CLASS_WRITE + 1];
	uint64_t queued[LITEIO_CLASS_WRITE + 1];
};

/**
 * liteio_sample_compare() - what happened between two samples
 * @a: the earlier one
 * @b: the later one
 * @ret: the volumes of @b, the busiest first, then by name; new memory
 * @ret_n: how many
 *
 * An attachment, or a volume, that was not there before has done all it has done in between. One
 * whose counters are lower than before is another one of that name: the same.
 */
void liteio_sample_compare(const struct liteio_sample *a, const struct liteio_sample *b,
			   struct liteio_activity **ret, size_t *ret_n);

#endif
