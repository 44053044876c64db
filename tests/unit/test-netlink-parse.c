// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of the module: what is there is read, what must be there and is not is an error, and no
 * bytes make the parser read beyond them.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "host/netlink.h"
#include "unit.h"

struct msg {
	uint8_t bytes[4096];
	size_t len;
};

static size_t put(struct msg *m, int type, const void *data, size_t len)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = (uint16_t)type };
	size_t at = m->len;

	memcpy(m->bytes + m->len, &a, sizeof(a));
	memcpy(m->bytes + m->len + NLA_HDRLEN, data, len);
	m->len += NLA_ALIGN(a.nla_len);
	return at;
}

static void u64(struct msg *m, int type, uint64_t v)
{
	put(m, type, &v, sizeof(v));
}

static void u32(struct msg *m, int type, uint32_t v)
{
	put(m, type, &v, sizeof(v));
}

static const uint8_t uuid[16] = { 1, 2, 3 };

static void fence(struct msg *m)
{
	uint8_t one = 1;

	*m = (struct msg){ .len = 0 };
	put(m, LITEIO_A_UUID, uuid, sizeof(uuid));
	u64(m, LITEIO_A_FLOOR, 9);
	put(m, LITEIO_A_DRAINED, &one, 1);
	u64(m, LITEIO_A_INFLIGHT, 0);
	u64(m, LITEIO_A_WAITED_NS, 5);
}

static void stats(struct msg *m)
{
	uint64_t hist[LITEIO_HIST_BUCKETS] = { [3] = 8 };

	*m = (struct msg){ .len = 0 };
	put(m, LITEIO_A_UUID, uuid, sizeof(uuid));
	u64(m, LITEIO_A_GEN, 4);
	for (uint32_t i = 0; i < LITEIO_CLASS_NR + 1; i++) {
		size_t at = put(m, LITEIO_A_CLASS, "", 0);
		uint16_t len;

		u32(m, LITEIO_CLASS_A_ID, i);
		u64(m, LITEIO_CLASS_A_IOS, 100 + i);
		put(m, LITEIO_CLASS_A_HIST, hist, sizeof(hist));
		len = (uint16_t)(m->len - at);
		memcpy(m->bytes + at, &len, sizeof(len));
	}
}

/* a nest that begins here and ends where the message does; its length is set by the caller */
static void end_nest(struct msg *m, size_t at)
{
	uint16_t len = (uint16_t)(m->len - at);

	memcpy(m->bytes + at, &len, sizeof(len));
}

static void volume(struct msg *m)
{
	size_t at;

	*m = (struct msg){ .len = 0 };
	put(m, LITEIO_A_UUID, uuid, sizeof(uuid));
	u64(m, LITEIO_A_FLOOR, 9);
	at = put(m, LITEIO_A_QOS | NLA_F_NESTED, "", 0);
	u64(m, LITEIO_QOS_A_RIOPS, 100);
	u64(m, LITEIO_QOS_A_WBPS, 4096);
	u32(m, LITEIO_QOS_A_BURST_MS, 50);
	end_nest(m, at);
	/* a direction that we do not know, last: it must overwrite nothing */
	for (uint32_t i = 0; i < LITEIO_CLASS_WRITE + 2; i++) {
		at = put(m, LITEIO_A_THROTTLE | NLA_F_NESTED, "", 0);
		u32(m, LITEIO_THROTTLE_A_ID, i == LITEIO_CLASS_WRITE + 1 ? 77 : i);
		u64(m, LITEIO_THROTTLE_A_QUEUED, 10 + i);
		u64(m, LITEIO_THROTTLE_A_BPS_NS, 1000 + i);
		end_nest(m, at);
	}
}

START_TEST(test_volume)
{
	struct liteio_netlink_volume v;
	struct msg m;

	volume(&m);
	ck_assert_int_eq(liteio_netlink_parse_volume(m.bytes, m.len, &v), 0);
	ck_assert_uint_eq(v.floor, 9);
	ck_assert_uint_eq(v.qos.riops, 100);
	ck_assert_uint_eq(v.qos.wiops, 0);
	ck_assert_uint_eq(v.qos.wbps, 4096);
	ck_assert_uint_eq(v.qos.burst_ms, 50);
	for (uint32_t i = 0; i <= LITEIO_CLASS_WRITE; i++) {
		ck_assert_uint_eq(v.throttle[i].queued, 10 + i);
		ck_assert_uint_eq(v.throttle[i].bps_ns, 1000 + i);
		ck_assert_uint_eq(v.throttle[i].iops_ns, 0);
	}
	/* cut anywhere, nothing is read beyond */
	for (size_t len = 0; len < m.len; len++) {
		void *exact = malloc(len + 1);

		memcpy(exact, m.bytes, len);
		liteio_netlink_parse_volume(exact, len, &v);
		free(exact);
	}
}
END_TEST

START_TEST(test_fence)
{
	struct liteio_netlink_fence f;
	struct msg m;

	fence(&m);
	ck_assert_int_eq(liteio_netlink_parse_fence(m.bytes, m.len, &f), 0);
	ck_assert(f.drained);
	ck_assert_uint_eq(f.floor, 9);
	/* "drained" is never taken from a message that does not say it, or says something else */
	for (int type = LITEIO_A_FLOOR; type <= LITEIO_A_DRAINED; type++) {
		fence(&m);
		for (size_t i = 0; i + 4 <= m.len; i += 4) {
			if (m.bytes[i + 2] == type)
				m.bytes[i + 2] = LITEIO_A_VALUE;
		}
		f.drained = false;
		if (type == LITEIO_A_FLOOR || type == LITEIO_A_INFLIGHT || type == LITEIO_A_DRAINED)
			ck_assert_int_eq(liteio_netlink_parse_fence(m.bytes, m.len, &f), -EBADMSG);
		ck_assert(!f.drained || type != LITEIO_A_DRAINED);
	}
	fence(&m);
	m.bytes[36] = 2;
	ck_assert_int_eq(liteio_netlink_parse_fence(m.bytes, m.len, &f), 0);
	ck_assert(!f.drained);
}
END_TEST

START_TEST(test_stats)
{
	struct liteio_netlink_stats s;
	struct msg m;

	stats(&m);
	ck_assert_int_eq(liteio_netlink_parse_stats(m.bytes, m.len, &s), 0);
	ck_assert_uint_eq(s.generation, 4);
	ck_assert_uint_eq(s.last_ns, 0);
	u64(&m, LITEIO_A_LAST_NS, 77);
	ck_assert_int_eq(liteio_netlink_parse_stats(m.bytes, m.len, &s), 0);
	ck_assert_uint_eq(s.last_ns, 77);
	for (unsigned int i = 0; i < LITEIO_CLASS_NR; i++) {
		ck_assert_uint_eq(s.classes[i].ios, 100 + i);
		ck_assert_uint_eq(s.classes[i].hist[3], 8);
	}
}
END_TEST

START_TEST(test_others)
{
	struct liteio_netlink_volume v;
	struct liteio_netlink_event e;
	struct liteio_netlink_info i;
	struct liteio_netlink_att a;
	struct msg m = { .len = 0 };

	put(&m, LITEIO_A_UUID, uuid, sizeof(uuid));
	u64(&m, LITEIO_A_FLOOR, 3);
	put(&m, LITEIO_A_NAME, "data", 5);
	ck_assert_int_eq(liteio_netlink_parse_volume(m.bytes, m.len, &v), 0);
	ck_assert_str_eq(v.name, "data");
	u64(&m, LITEIO_A_GEN, 5);
	u32(&m, LITEIO_A_STATE, LITEIO_ATT_OPEN);
	u32(&m, LITEIO_A_DEV_MAJOR, 253);
	ck_assert_int_eq(liteio_netlink_parse_att(m.bytes, m.len, &a), 0);
	ck_assert(!a.bound);
	u32(&m, LITEIO_A_DEV_MINOR, 4);
	ck_assert_int_eq(liteio_netlink_parse_att(m.bytes, m.len, &a), 0);
	ck_assert(a.bound);
	ck_assert_uint_eq(a.minor, 4);
	/* an older module does not tell it, and that is not 0 */
	ck_assert(!a.tells_started);
	u64(&m, LITEIO_A_STARTED, 0);
	ck_assert_int_eq(liteio_netlink_parse_att(m.bytes, m.len, &a), 0);
	ck_assert(a.tells_started);
	ck_assert_uint_eq(a.started, 0);
	u64(&m, LITEIO_A_STARTED, 1234);
	ck_assert_int_eq(liteio_netlink_parse_att(m.bytes, m.len, &a), 0);
	ck_assert_uint_eq(a.started, 1234);
	ck_assert_int_eq(liteio_netlink_parse_event(m.bytes, m.len, &e), -EBADMSG);
	u64(&m, LITEIO_A_SEQ, 1);
	u32(&m, LITEIO_A_TYPE, LITEIO_EVENT_STALE_IO);
	ck_assert_int_eq(liteio_netlink_parse_event(m.bytes, m.len, &e), 0);
	ck_assert_uint_eq(e.type, LITEIO_EVENT_STALE_IO);
	ck_assert_int_eq(liteio_netlink_parse_info(m.bytes, m.len, &i), -EBADMSG);
	u32(&m, LITEIO_A_VERSION, 1);
	u64(&m, LITEIO_A_FEATURES, 15);
	put(&m, LITEIO_A_INSTANCE, uuid, sizeof(uuid));
	u64(&m, LITEIO_A_EVENT_SEQ, 77);
	/* a name that is not terminated is none */
	put(&m, LITEIO_A_MODULE, "1.0", 3);
	ck_assert_int_eq(liteio_netlink_parse_info(m.bytes, m.len, &i), 0);
	ck_assert_str_eq(i.module, "");
	ck_assert_uint_eq(i.event_seq, 77);
	/* an attribute of a later version is skipped */
	u64(&m, LITEIO_A_MAX + 40, 1);
	ck_assert_int_eq(liteio_netlink_parse_info(m.bytes, m.len, &i), 0);
}
END_TEST

START_TEST(test_cut_anywhere)
{
	struct liteio_netlink_stats s;
	struct liteio_netlink_fence f;
	struct msg m;

	stats(&m);
	for (size_t n = 0; n < m.len; n++) {
		/* of its own size, so that reading beyond it is seen */
		uint8_t *part = malloc(n ? n : 1);

		ck_assert_ptr_nonnull(part);
		memcpy(part, m.bytes, n);
		liteio_netlink_parse_stats(part, n, &s);
		ck_assert_int_eq(liteio_netlink_parse_fence(part, n, &f), -EBADMSG);
		free(part);
	}
}
END_TEST

/* event 10 is known from INFO_GET; what is missing is missed from the first event on */
START_TEST(test_order_of_events)
{
	static const struct {
		uint64_t known, seq, after;
		enum liteio_netlink_order order;
	} cases[] = {
		{ 10, 9, 10, LITEIO_NETLINK_KNOWN },	   { 10, 10, 10, LITEIO_NETLINK_KNOWN },
		{ 10, 11, 11, LITEIO_NETLINK_NEXT },	   { 10, 12, 12, LITEIO_NETLINK_GAP },
		{ 0, 1, 1, LITEIO_NETLINK_NEXT },	   { 0, 2, 2, LITEIO_NETLINK_GAP },
		{ 0, 11, 11, LITEIO_NETLINK_GAP },	   { 0, 0, 0, LITEIO_NETLINK_KNOWN },
		{ UINT64_MAX, 1, UINT64_MAX, LITEIO_NETLINK_KNOWN },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t known = cases[i].known;

		ck_assert_int_eq(liteio_netlink_order(&known, cases[i].seq), cases[i].order);
		ck_assert_uint_eq(known, cases[i].after);
	}
}
END_TEST

UNIT_MAIN("netlink-parse", test_volume, test_fence, test_stats, test_others, test_cut_anywhere,
	  test_order_of_events)
