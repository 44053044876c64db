// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits: a change of one leaves the others, ranges are those of the module; latencies from a
 * histogram are what the module itself says.
 *
 * unit-src: kmod/hist.c
 */
#include <errno.h>
#include <string.h>

#include <linux/liteio.h>

#include "base/error.h"
#include "base/json.h"
#include "model/latency.h"
#include "model/limits.h"
#include "unit.h"

/* of the module, kmod/hist.h */
unsigned long long liteio_hist_percentile(const unsigned long long *hist, unsigned int permille);

static int decode(const char *text, const struct liteio_field *fields, void *ret,
		  struct liteio_error *err)
{
	struct liteio_json *j;
	int r;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, err), 0);
	r = liteio_json_decode(j, fields, LITEIO_JSON_STRICT, ret, err);
	liteio_json_unref(j);
	return r;
}

START_TEST(a_change_leaves_what_it_does_not_name)
{
	struct liteio_limits l = { 1, 2, 3, 4, 5 };
	struct liteio_limits_change c = { .read_iops = false }, back = { .read_iops = false };
	struct liteio_json *j;
	char *text;

	ck_assert_int_eq(decode("{\"readIOPS\":0,\"writeBytesPerSecond\":\"1Mi\"}",
				liteio_limits_change_fields, &c, NULL), 0);
	ck_assert(c.read_iops && c.write_bps && !c.write_iops && !c.read_bps && !c.burst_ms);
	liteio_limits_apply(&l, &c);
	ck_assert_uint_eq(l.read_iops, 0);
	ck_assert_uint_eq(l.write_iops, 2);
	ck_assert_uint_eq(l.read_bps, 3);
	ck_assert_uint_eq(l.write_bps, 1 << 20);
	ck_assert_uint_eq(l.burst_ms, 5);
	/* 0 is a value: it is written, what is not given is not */
	j = liteio_json_encode(&c, liteio_limits_change_fields);
	text = liteio_json_print(j);
	ck_assert_str_eq(text, "{\"readIOPS\":0,\"writeBytesPerSecond\":1048576}");
	ck_assert_int_eq(decode(text, liteio_limits_change_fields, &back, NULL), 0);
	ck_assert(back.read_iops && back.write_bps && !back.write_iops && !back.read_bps);
	ck_assert(liteio_limits_equal(&c.to, &back.to));
	free(text);
	liteio_json_unref(j);
	/* released is not given any more */
	liteio_json_fini(&back, liteio_limits_change_fields);
	ck_assert(!back.read_iops && !back.write_bps);
	c = liteio_limits_exactly(&(struct liteio_limits){ .write_iops = 7 });
	liteio_limits_apply(&l, &c);
	ck_assert(liteio_limits_equal(&l, &(struct liteio_limits){ .write_iops = 7 }));
}
END_TEST

static const struct {
	const char *text;
	const char *said; /* NULL: good */
} requests[] = {
	{ "{\"readIOPS\":1000000000}", NULL },
	{ "{\"readIOPS\":1000000001}", "readIOPS" },
	{ "{\"writeIOPS\":-1}", "writeIOPS" },
	{ "{\"readBytesPerSecond\":4096}", NULL },
	{ "{\"readBytesPerSecond\":4095}", "readBytesPerSecond" },
	{ "{\"readBytesPerSecond\":0}", NULL },
	{ "{\"writeBytesPerSecond\":1099511627776}", NULL },
	{ "{\"writeBytesPerSecond\":1099511627777}", "writeBytesPerSecond" },
	{ "{\"writeBytesPerSecond\":1}", "writeBytesPerSecond" },
	{ "{\"burstMilliseconds\":0}", "burstMilliseconds" },
	{ "{\"burstMilliseconds\":10001}", "burstMilliseconds" },
	{ "{\"burstMilliseconds\":10000}", NULL },
	{ "{\"iops\":1}", "iops" },
	{ "{\"readIOPS\":\"many\"}", "readIOPS" },
};

START_TEST(ranges_are_those_of_the_module)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct liteio_limits_change c = { .read_iops = false };
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_limits l = { 0 };
		int r;

		r = decode(requests[i].text, liteio_limits_change_fields, &c, &err);
		liteio_limits_apply(&l, &c);
		if (r == 0)
			r = liteio_limits_check(&l, &err);
		ck_assert_msg((r == -EINVAL) == !!requests[i].said, "%s: %d", requests[i].text, r);
		if (requests[i].said)
			ck_assert_msg(strstr(err.msg, requests[i].said), "%s", err.msg);
	}
}
END_TEST

START_TEST(no_burst_is_the_default)
{
	struct liteio_limits a = { .read_iops = 1 }, b = { .read_iops = 1 };

	b.burst_ms = LITEIO_QOS_BURST_MS_DEF;
	ck_assert(liteio_limits_equal(&a, &b));
	b.burst_ms++;
	ck_assert(!liteio_limits_equal(&a, &b));
	ck_assert(liteio_limits_any(&a));
	a.read_iops = 0;
	a.burst_ms = 7;
	ck_assert(!liteio_limits_any(&a));
}
END_TEST

START_TEST(percentiles_are_those_of_the_module)
{
	static const unsigned int permille[] = { 0, 1, 500, 900, 990, 999, 1000 };
	uint64_t hist[LITEIO_HIST_BUCKETS] = { 0 };
	unsigned long long same[LITEIO_HIST_BUCKETS];
	unsigned int seed = 1;

	ck_assert_uint_eq(liteio_latency_percentile(hist, 500), 0);
	for (unsigned int round = 0; round < 200; round++) {
		for (unsigned int i = 0; i < LITEIO_HIST_BUCKETS; i++) {
			seed = seed * 1103515245 + 12345;
			hist[i] = seed % 4 ? 0 : seed >> (8 + round % 20);
			same[i] = hist[i];
		}
		for (size_t p = 0; p < sizeof(permille) / sizeof(permille[0]); p++)
			ck_assert_uint_eq(liteio_latency_percentile(hist, permille[p]),
					  liteio_hist_percentile(same, permille[p]));
	}
	/* and once by hand: 99 below 1024 ns, one of 2048 to 3072 */
	memset(hist, 0, sizeof(hist));
	hist[0] = 99;
	hist[3] = 1;
	ck_assert_uint_eq(liteio_latency_percentile(hist, 500), 1024);
	ck_assert_uint_eq(liteio_latency_percentile(hist, 990), 1024);
	ck_assert_uint_eq(liteio_latency_percentile(hist, 999), 3072);
}
END_TEST

START_TEST(a_histogram_is_read)
{
	uint64_t hist[LITEIO_HIST_BUCKETS];
	struct liteio_json *j;

	ck_assert_int_eq(liteio_json_parse("[1,2,\"x\"]", 9, &j, NULL), 0);
	liteio_latency_read(j, hist);
	ck_assert_uint_eq(hist[0], 1);
	ck_assert_uint_eq(hist[1], 2);
	ck_assert_uint_eq(hist[2], 0);
	ck_assert_uint_eq(hist[LITEIO_HIST_BUCKETS - 1], 0);
	liteio_json_unref(j);
	liteio_latency_read(NULL, hist);
	ck_assert_uint_eq(hist[0], 0);
}
END_TEST

UNIT_MAIN("limits", a_change_leaves_what_it_does_not_name, ranges_are_those_of_the_module,
	  no_burst_is_the_default, percentiles_are_those_of_the_module, a_histogram_is_read)
