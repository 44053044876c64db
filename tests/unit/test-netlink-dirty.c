// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers about dirty chunks: every range is read, and an answer of which one range cannot be read
 * is none, for it would be a part of a volume that nobody copies.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "host/netlink.h"
#include "host/netlink_dirty.h"
#include "unit.h"

struct msg {
	uint8_t bytes[16384];
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

static void range(struct msg *m, uint64_t chunk, uint64_t len)
{
	size_t at = put(m, LITEIO_A_RANGE | NLA_F_NESTED, "", 0);
	uint16_t nla_len;

	u64(m, LITEIO_RANGE_A_CHUNK, chunk);
	/* as the kernel aligns where it has to */
	put(m, LITEIO_RANGE_A_PAD, "", 0);
	u64(m, LITEIO_RANGE_A_LEN, len);
	nla_len = (uint16_t)(m->len - at);
	memcpy(m->bytes + at, &nla_len, sizeof(nla_len));
}

/* all that an answer has but its ranges; without the attribute of one type */
static void answer(struct msg *m, int without)
{
	static const int numbers[] = { LITEIO_A_TRACKING, LITEIO_A_TICKET, LITEIO_A_NEXT_CURSOR,
				       LITEIO_A_CHUNKS, LITEIO_A_REMAINING };

	*m = (struct msg){ .len = 0 };
	if (without != LITEIO_A_CHUNK_SHIFT)
		u32(m, LITEIO_A_CHUNK_SHIFT, 20);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i] != without)
			u64(m, numbers[i], 1000 + (uint64_t)numbers[i]);
	}
}

START_TEST(test_ranges_in_order)
{
	struct liteio_netlink_dirty_answer a;
	struct msg m;

	answer(&m, 0);
	ck_assert_int_eq(liteio_netlink_parse_dirty_answer(m.bytes, m.len, &a), 0);
	ck_assert_uint_eq(a.n_ranges, 0);
	range(&m, 5, 1);
	range(&m, UINT64_MAX - 9, 9);
	ck_assert_int_eq(liteio_netlink_parse_dirty_answer(m.bytes, m.len, &a), 0);
	ck_assert_uint_eq(a.tracking, 1000 + LITEIO_A_TRACKING);
	ck_assert_uint_eq(a.ticket, 1000 + LITEIO_A_TICKET);
	ck_assert_uint_eq(a.next_cursor, 1000 + LITEIO_A_NEXT_CURSOR);
	ck_assert_uint_eq(a.chunk_shift, 20);
	ck_assert_uint_eq(a.chunks, 1000 + LITEIO_A_CHUNKS);
	ck_assert_uint_eq(a.remaining, 1000 + LITEIO_A_REMAINING);
	ck_assert_uint_eq(a.n_ranges, 2);
	ck_assert_uint_eq(a.ranges[0].chunk, 5);
	ck_assert_uint_eq(a.ranges[0].len, 1);
	ck_assert_uint_eq(a.ranges[1].len, 9);
}
END_TEST

START_TEST(test_nothing_may_be_missing)
{
	static const int needed[] = { LITEIO_A_TRACKING, LITEIO_A_TICKET, LITEIO_A_NEXT_CURSOR,
				      LITEIO_A_CHUNK_SHIFT, LITEIO_A_CHUNKS, LITEIO_A_REMAINING };
	struct liteio_netlink_dirty_answer a = { .ticket = 7 };
	struct msg m;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		answer(&m, needed[i]);
		range(&m, 5, 1);
		ck_assert_int_eq(liteio_netlink_parse_dirty_answer(m.bytes, m.len, &a), -EBADMSG);
	}
	ck_assert_uint_eq(a.ticket, 7);
}
END_TEST

START_TEST(test_a_bad_range_spoils_the_answer)
{
	struct liteio_netlink_dirty_answer a;
	struct msg m;
	size_t at;

	answer(&m, 0);
	range(&m, 5, 0);
	range(&m, 7, 1);
	ck_assert_int_eq(liteio_netlink_parse_dirty_answer(m.bytes, m.len, &a), -EBADMSG);
	answer(&m, 0);
	range(&m, UINT64_MAX, 2);
	ck_assert_int_eq(liteio_netlink_parse_dirty_answer(m.bytes, m.len, &a), -EBADMSG);
	answer(&m, 0);
	put(&m, LITEIO_A_RANGE, "", 0);
	ck_assert_int_eq(liteio_netlink_parse_dirty_answer(m.bytes, m.len, &a), -EBADMSG);
	/* a length that is shorter than it should be */
	answer(&m, 0);
	at = m.len;
	range(&m, 5, 1);
	m.bytes[at + NLA_HDRLEN] -= 4;
	ck_assert_int_eq(liteio_netlink_parse_dirty_answer(m.bytes, m.len, &a), -EBADMSG);
}
END_TEST

START_TEST(test_no_more_than_there_is_room_for)
{
	struct liteio_netlink_dirty_answer a;
	struct msg m;
	uint64_t i;

	answer(&m, 0);
	for (i = 0; i < LITEIO_DIRTY_RANGES_MAX; i++)
		range(&m, 2 * i, 1);
	ck_assert_int_eq(liteio_netlink_parse_dirty_answer(m.bytes, m.len, &a), 0);
	ck_assert_uint_eq(a.n_ranges, LITEIO_DIRTY_RANGES_MAX);
	range(&m, 2 * i, 1);
	ck_assert_int_eq(liteio_netlink_parse_dirty_answer(m.bytes, m.len, &a), -EBADMSG);
}
END_TEST

START_TEST(test_start_and_attachment)
{
	struct liteio_netlink_dirty_start s;
	struct liteio_netlink_att att;
	uint8_t uuid[16] = { 1 };
	struct msg m = { .len = 0 };

	u64(&m, LITEIO_A_TRACKING, 77);
	ck_assert_int_eq(liteio_netlink_parse_dirty_start(m.bytes, m.len, &s), -EBADMSG);
	u64(&m, LITEIO_A_CHUNKS, 5);
	ck_assert_int_eq(liteio_netlink_parse_dirty_start(m.bytes, m.len, &s), 0);
	ck_assert_uint_eq(s.tracking, 77);
	ck_assert_uint_eq(s.chunks, 5);
	/* in ATT_GET all four count, or none */
	put(&m, LITEIO_A_UUID, uuid, sizeof(uuid));
	u64(&m, LITEIO_A_GEN, 4);
	u32(&m, LITEIO_A_STATE, LITEIO_ATT_OPEN);
	u32(&m, LITEIO_A_CHUNK_SHIFT, 16);
	ck_assert_int_eq(liteio_netlink_parse_att(m.bytes, m.len, &att), 0);
	ck_assert_uint_eq(att.tracking, 0);
	u64(&m, LITEIO_A_REMAINING, 3);
	ck_assert_int_eq(liteio_netlink_parse_att(m.bytes, m.len, &att), 0);
	ck_assert_uint_eq(att.tracking, 77);
	ck_assert_uint_eq(att.chunk_shift, 16);
	ck_assert_uint_eq(att.chunks, 5);
	ck_assert_uint_eq(att.remaining, 3);
}
END_TEST

START_TEST(test_cut_anywhere)
{
	struct liteio_netlink_dirty_answer a;
	struct msg m;

	/* what comes last is needed, so that no part of it is an answer */
	answer(&m, LITEIO_A_REMAINING);
	range(&m, 5, 1);
	u64(&m, LITEIO_A_REMAINING, 0);
	for (size_t n = 0; n < m.len; n++) {
		uint8_t *part = malloc(n ? n : 1);

		ck_assert_ptr_nonnull(part);
		memcpy(part, m.bytes, n);
		ck_assert_int_eq(liteio_netlink_parse_dirty_answer(part, n, &a), -EBADMSG);
		free(part);
	}
}
END_TEST

UNIT_MAIN("netlink-dirty", test_ranges_in_order, test_nothing_may_be_missing,
	  test_a_bad_range_spoils_the_answer, test_no_more_than_there_is_room_for,
	  test_start_and_attachment, test_cut_anywhere)
