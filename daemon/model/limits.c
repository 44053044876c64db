// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits of a volume: the tables.
 */
#include "model/limits.h"

#include <errno.h>

#include <linux/liteio.h>

#include "base/error.h"
#include "base/str.h"
#include "model/fields.h"

/* the fields of every table; sizes may be written "10Mi" */
#define IOPS(k, m, fl) NUMBER(k, m, fl, 0, LITEIO_QOS_IOPS_MAX)
#define BPS(k, m, fl) SIZE(k, m, fl, 0, LITEIO_QOS_BPS_MAX)
#define BURST(m, fl) \
	NUMBER("burstMilliseconds", m, fl, LITEIO_QOS_BURST_MS_MIN, LITEIO_QOS_BURST_MS_MAX)

#define T liteio_limits
const struct liteio_field liteio_limits_fields[] = {
	IOPS("readIOPS", read_iops, 0),
	IOPS("writeIOPS", write_iops, 0),
	BPS("readBytesPerSecond", read_bps, 0),
	BPS("writeBytesPerSecond", write_bps, 0),
	BURST(burst_ms, 0),
	END,
};

const struct liteio_field liteio_limits_shown_fields[] = {
	IOPS("readIOPS", read_iops, KEEP),
	IOPS("writeIOPS", write_iops, KEEP),
	BPS("readBytesPerSecond", read_bps, KEEP),
	BPS("writeBytesPerSecond", write_bps, KEEP),
	NUMBER("burstMilliseconds", burst_ms, KEEP, 0, LITEIO_QOS_BURST_MS_MAX),
	END,
};

#undef T
#define T liteio_limits_change
#define GIVEN(m) .flags = LITEIO_FIELD_GIVEN | KEEP, .count_offset = offsetof(struct T, m)
const struct liteio_field liteio_limits_change_fields[] = {
	{ .key = "readIOPS", .type = LITEIO_FIELD_U64, GIVEN(read_iops), AT(to.read_iops),
	  .max = LITEIO_QOS_IOPS_MAX },
	{ .key = "writeIOPS", .type = LITEIO_FIELD_U64, GIVEN(write_iops), AT(to.write_iops),
	  .max = LITEIO_QOS_IOPS_MAX },
	{ .key = "readBytesPerSecond", .type = LITEIO_FIELD_SIZE, GIVEN(read_bps), AT(to.read_bps),
	  .max = LITEIO_QOS_BPS_MAX },
	{ .key = "writeBytesPerSecond", .type = LITEIO_FIELD_SIZE, GIVEN(write_bps),
	  AT(to.write_bps), .max = LITEIO_QOS_BPS_MAX },
	{ .key = "burstMilliseconds", .type = LITEIO_FIELD_U64, GIVEN(burst_ms), AT(to.burst_ms),
	  .min = LITEIO_QOS_BURST_MS_MIN, .max = LITEIO_QOS_BURST_MS_MAX },
	END,
};

#undef T
#define T liteio_throttle
static const struct liteio_field throttle_fields[] = {
	NUMBER("queued", queued, KEEP, 0, 0),
	NUMBER("throttled", throttled, KEEP, 0, 0),
	NUMBER("iopsNs", iops_ns, KEEP, 0, 0),
	NUMBER("bytesNs", bps_ns, KEEP, 0, 0),
	END,
};

#undef T
#define T liteio_over_limit
const struct liteio_field liteio_over_limit_fields[] = {
	OBJECT("read", read, throttle_fields),
	OBJECT("write", write, throttle_fields),
	END,
};

static int check_bytes(const char *key, uint64_t v, struct liteio_error *err)
{
	if (!v || (v >= LITEIO_QOS_BPS_MIN && v <= LITEIO_QOS_BPS_MAX))
		return 0;
	return liteio_error_set(err, -EINVAL, "%s: %llu is neither 0 (no limit) nor within %llu and %llu",
				key, (unsigned long long)v, LITEIO_QOS_BPS_MIN, LITEIO_QOS_BPS_MAX);
}

int liteio_limits_check(const struct liteio_limits *l, struct liteio_error *err)
{
	int r = check_bytes("readBytesPerSecond", l->read_bps, err);

	return r ? r : check_bytes("writeBytesPerSecond", l->write_bps, err);
}

void liteio_limits_apply(struct liteio_limits *l, const struct liteio_limits_change *c)
{
	if (c->read_iops)
		l->read_iops = c->to.read_iops;
	if (c->write_iops)
		l->write_iops = c->to.write_iops;
	if (c->read_bps)
		l->read_bps = c->to.read_bps;
	if (c->write_bps)
		l->write_bps = c->to.write_bps;
	if (c->burst_ms)
		l->burst_ms = c->to.burst_ms;
}

struct liteio_limits_change liteio_limits_exactly(const struct liteio_limits *l)
{
	return (struct liteio_limits_change){ *l, true, true, true, true, true };
}

static uint64_t burst(const struct liteio_limits *l)
{
	return l->burst_ms ? l->burst_ms : LITEIO_QOS_BURST_MS_DEF;
}

bool liteio_limits_equal(const struct liteio_limits *a, const struct liteio_limits *b)
{
	return a->read_iops == b->read_iops && a->write_iops == b->write_iops &&
	       a->read_bps == b->read_bps && a->write_bps == b->write_bps && burst(a) == burst(b);
}

bool liteio_limits_any(const struct liteio_limits *l)
{
	return l->read_iops || l->write_iops || l->read_bps || l->write_bps;
}
