// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of the module: what is there is read, what must be there and is not is an error, and no
 * bytes make the parser read beyond them.
 */
#include <errno.h>
#include <linux/genetlink.h>
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

/* an attachment as ATT_GET tells of it; what is told of its I/O when, and whether it has a head */
static void attachment(struct msg *m, bool is_told, bool is_bound)
{
	*m = (struct msg){ .len = 0 };
	put(m, LITEIO_A_UUID, uuid, sizeof(uuid));
	u64(m, LITEIO_A_GEN, 4);
	put(m, LITEIO_A_HOST, "node", 5);
	u64(m, LITEIO_A_INFLIGHT, 2);
	if (is_told)
		u64(m, LITEIO_A_STARTED, 1234);
	if (is_bound)
		u32(m, LITEIO_A_DEV_MAJOR, 253);
	/* of a later version */
	u64(m, LITEIO_A_MAX + 40, 1);
}

START_TEST(test_io)
{
	struct liteio_netlink_io io;
	struct msg m;

	for (unsigned int i = 0; i < 4; i++) {
		attachment(&m, i & 1, i & 2);
		ck_assert_int_eq(liteio_netlink_parse_io(m.bytes, m.len, &io), 0);
		ck_assert_mem_eq(io.uuid.b, uuid, sizeof(uuid));
		/* an older module does not tell it, and that is not 0 */
		ck_assert(io.is_told == !!(i & 1));
		ck_assert_uint_eq(io.started, i & 1 ? 1234 : 0);
		ck_assert_uint_eq(io.inflight, 2);
		ck_assert(io.is_bound == !!(i & 2));
	}
	m.len = 0;
	put(&m, LITEIO_A_UUID, uuid, sizeof(uuid));
	u64(&m, LITEIO_A_STARTED, 5);
	ck_assert_int_eq(liteio_netlink_parse_io(m.bytes, m.len, &io), 0);
	ck_assert_msg(!io.is_told, "one without the other is not of one reading");
	m.len = 0;
	u64(&m, LITEIO_A_STARTED, 5);
	ck_assert_int_eq(liteio_netlink_parse_io(m.bytes, m.len, &io), -EBADMSG);
}
END_TEST

#define SEQ 7

/* a message of a dump */
static void add_message(struct msg *part, int type, int flags, uint32_t seq, const void *data,
			size_t len)
{
	const struct nlmsghdr h = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len),
				    .nlmsg_type = (uint16_t)type, .nlmsg_flags = (uint16_t)flags,
				    .nlmsg_seq = seq };

	memcpy(part->bytes + part->len, &h, sizeof(h));
	memcpy(part->bytes + part->len + NLMSG_HDRLEN, data, len);
	part->len += NLMSG_ALIGN(h.nlmsg_len);
}

static void add_attachment(struct msg *part, int flags, uint32_t seq)
{
	struct msg body = { .len = GENL_HDRLEN }, m;

	attachment(&m, true, true);
	memcpy(body.bytes + body.len, m.bytes, m.len);
	add_message(part, NLMSG_MIN_TYPE + 14, NLM_F_MULTI | flags, seq, body.bytes,
		    body.len + m.len);
}

static void add_end(struct msg *part, int type, int flags, int code)
{
	add_message(part, type, flags, SEQ, &code, sizeof(code));
}

static void count(void *arg, const struct liteio_netlink_io *io)
{
	ck_assert_uint_eq(io->started, 1234);
	++*(unsigned int *)arg;
}

/* a part of a dump: two attachments, and how it goes on */
START_TEST(test_io_part)
{
	static const struct {
		int type, flags, code, r;
	} ends[] = {
		{ NLMSG_NOOP, 0, 0, 0 },
		{ NLMSG_DONE, 0, 0, 1 },
		{ NLMSG_DONE, 0, -ENOMEM, -ENOMEM },
		{ NLMSG_ERROR, 0, -EPERM, -EPERM },
		{ NLMSG_DONE, NLM_F_DUMP_INTR, 0, -EAGAIN },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct msg part = { .len = 0 };
		unsigned int n = 0;

		add_attachment(&part, 0, SEQ);
		/* nobody's any more */
		add_attachment(&part, 0, SEQ - 1);
		add_attachment(&part, 0, SEQ);
		add_end(&part, ends[i].type, ends[i].flags, ends[i].code);
		ck_assert_int_eq(liteio_netlink_parse_io_part(part.bytes, part.len, SEQ, count,
							      &n), ends[i].r);
		ck_assert_uint_eq(n, 2);
	}
}
END_TEST

START_TEST(test_io_changed)
{
	struct msg part = { .len = 0 };
	unsigned int n = 0;

	add_attachment(&part, 0, SEQ);
	add_attachment(&part, NLM_F_DUMP_INTR, SEQ);
	add_end(&part, NLMSG_DONE, 0, 0);
	ck_assert_int_eq(liteio_netlink_parse_io_part(part.bytes, part.len, SEQ, count, &n),
			 -EAGAIN);
}
END_TEST

START_TEST(test_io_cut_anywhere)
{
	struct msg whole = { .len = 0 };
	size_t one;

	add_attachment(&whole, 0, SEQ);
	one = whole.len;
	add_end(&whole, NLMSG_DONE, 0, 0);
	for (size_t n = 0; n <= whole.len; n++) {
		uint8_t *part = malloc(n ? n : 1);
		unsigned int count_of = 0;
		int r;

		ck_assert_ptr_nonnull(part);
		memcpy(part, whole.bytes, n);
		r = liteio_netlink_parse_io_part(part, n, SEQ, count, &count_of);
		ck_assert_int_eq(r, n == whole.len ? 1 : n == 0 || n == one ? 0 : -EBADMSG);
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
	  test_order_of_events, test_io, test_io_part, test_io_changed, test_io_cut_anywhere)
