/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of a volume, and what they do to it: the same words in the Volume resource, in the local
 * API, in a StorageClass and on the command line. Pure.
 *
 * What a limit means, what counts and what waits, is in include/uapi/linux/liteio.h; so are the
 * ranges, which are taken from there and from nowhere else.
 */
#ifndef LITEIO_MODEL_LIMITS_H
#define LITEIO_MODEL_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

struct liteio_error;

/**
 * struct liteio_limits - what a volume may do, over all its attachments
 * @read_iops: reads a second; 0 is no limit, here and below
 * @write_iops: writes a second
 * @read_bps: bytes read a second
 * @write_bps: bytes written a second
 * @burst_ms: so long a pause may be made up for at once; 0 is the module's default
 */
struct liteio_limits {
	uint64_t read_iops;
	uint64_t write_iops;
	uint64_t read_bps;
	uint64_t write_bps;
	uint64_t burst_ms;
};

/**
 * struct liteio_limits_change - new values for some limits
 * @to: the values; those that are not given count for nothing
 * @read_iops: it is given; likewise below
 * @write_iops: given
 * @read_bps: given
 * @write_bps: given
 * @burst_ms: given
 */
struct liteio_limits_change {
	struct liteio_limits to;
	bool read_iops;
	bool write_iops;
	bool read_bps;
	bool write_bps;
	bool burst_ms;
};

/**
 * struct liteio_throttle - what limits did to reads, or to writes
 * @queued: operations that wait now
 * @throttled: that had to wait so far
 * @iops_ns: time during which something waited because of the limit of operations
 * @bps_ns: because of the limit of bytes; both together are the time over limit
 */
struct liteio_throttle {
	uint64_t queued;
	uint64_t throttled;
	uint64_t iops_ns;
	uint64_t bps_ns;
};

struct liteio_over_limit {
	struct liteio_throttle read;
	struct liteio_throttle write;
};

/* of what is stored or asked for: what is 0 is left out */
extern const struct liteio_field liteio_limits_fields[];
/* of answers: everything is there */
extern const struct liteio_field liteio_limits_shown_fields[];
extern const struct liteio_field liteio_limits_change_fields[];
extern const struct liteio_field liteio_over_limit_fields[];

/* what the tables can not say: a limit of bytes is 0 or not too small; 0 or -EINVAL */
int liteio_limits_check(const struct liteio_limits *l, struct liteio_error *err);
/* take the given values over */
void liteio_limits_apply(struct liteio_limits *l, const struct liteio_limits_change *c);
/* a change that gives all of them: afterwards they are exactly these */
struct liteio_limits_change liteio_limits_exactly(const struct liteio_limits *l);
/* does the module do the same with both? */
bool liteio_limits_equal(const struct liteio_limits *a, const struct liteio_limits *b);
/* is anything limited? */
bool liteio_limits_any(const struct liteio_limits *l);

#endif
