// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalog on the disk: round trip, damage of every kind, what later versions may add, both
 * slots.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "catalog_volumes.h"
#include "pool/bytes.h"
#include "pool/crc32c.h"
#include "unit.h"

static void *encode(struct liteio_catalog *c, size_t *ret_len)
{
	void *buf = malloc(liteio_catalog_bytes(c));

	ck_assert_ptr_nonnull(buf);
	liteio_catalog_encode(c, 1700000001, buf);
	*ret_len = liteio_catalog_bytes(c);
	return buf;
}

static void seal(void *slot)
{
	struct liteio_ondisk_slot *h = slot;

	liteio_put(h->records_crc, liteio_crc32c(0, (char *)slot + LITEIO_ONDISK_BLOCK,
						 liteio_get(h->n_records) * LITEIO_RECORD_BYTES));
	liteio_put(h->crc, 0);
	liteio_put(h->crc, liteio_crc32c(0, h, sizeof(*h)));
}

START_TEST(test_round_trip)
{
	static const unsigned int counts[] = { 0, 1, 7, 4096 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct liteio_catalog c, back;
		void *slot, *again;
		size_t len, len2;

		make(&c, counts[i]);
		c.is_clean = i & 1;
		slot = encode(&c, &len);
		/* 4096 volumes with two attachments each fit */
		ck_assert(len <= LITEIO_SLOT_BYTES && len % LITEIO_ONDISK_BLOCK == 0);
		/* no more of the slot has to be read, and never more than there is */
		ck_assert_uint_eq(liteio_catalog_used(slot, LITEIO_SLOT_BYTES), len);
		ck_assert_uint_eq(liteio_catalog_used(slot, LITEIO_ONDISK_BLOCK),
				  LITEIO_ONDISK_BLOCK);
		ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), 0);
		ck_assert_uint_eq(back.n_volumes, counts[i]);
		ck_assert_uint_eq(back.n_attachments, counts[i] * 2);
		ck_assert(back.is_clean == c.is_clean);
		again = encode(&back, &len2);
		ck_assert_uint_eq(len, len2);
		ck_assert_mem_eq(slot, again, len);
		free(slot);
		free(again);
		liteio_catalog_fini(&c);
		liteio_catalog_fini(&back);
	}
}
END_TEST

START_TEST(test_every_bit_counts)
{
	struct liteio_catalog c, back;
	size_t len, used;
	uint8_t *slot;

	make(&c, 2);
	slot = encode(&c, &len);
	used = LITEIO_ONDISK_BLOCK + 6 * LITEIO_RECORD_BYTES;
	for (size_t i = 0; i < used; i++) {
		int r;

		slot[i] ^= (uint8_t)(1u << i % 8);
		r = liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL);
		ck_assert_msg(r == (i < 16 ? -ENODATA : -EBADMSG), "byte %zu gave %d", i, r);
		slot[i] ^= (uint8_t)(1u << i % 8);
	}
	free(slot);
	liteio_catalog_fini(&c);
}
END_TEST

START_TEST(test_truncated)
{
	struct liteio_catalog c, back;
	uint8_t *slot, *part;
	size_t len;

	make(&c, 20);
	slot = encode(&c, &len);
	for (size_t n = 0; n < LITEIO_ONDISK_BLOCK + 60 * LITEIO_RECORD_BYTES; n += 256) {
		/* of its own size, so that reading beyond it is seen */
		part = malloc(n ? n : 1);
		ck_assert_ptr_nonnull(part);
		memcpy(part, slot, n);
		ck_assert_int_eq(liteio_catalog_decode(part, n, &c.pool_uuid, &back, NULL),
				 -EBADMSG);
		free(part);
	}
	/* torn: the rest of the write before */
	memset(slot + len / 2, 0, len - len / 2);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), -EBADMSG);
	free(slot);
	liteio_catalog_fini(&c);
}
END_TEST

START_TEST(test_every_field_counts)
{
	static const struct {
		size_t offset;
		size_t size;
		uint64_t value;
		int want;
		const char *what;
	} cases[] = {
		{ 20, 4, 2, -ENOTSUP, "version" },
		{ 32, 8, 1ull << 63, -ENOTSUP, "incompat" },
		{ 40, 8, UINT64_MAX, -EBADMSG, "sequence" },
		{ 48, 8, 1, -ENODATA, "another pool" },
		{ 64, 8, UINT64_MAX, -EBADMSG, "txid" },
		{ 72, 4, 1, -EBADMSG, "next thin id" },
		{ 76, 4, 2, -EBADMSG, "flags" },
		{ 80, 4, 1000, -EBADMSG, "number of records" },
		{ 80, 4, 5, -EBADMSG, "attachment without its volume, at the end" },
		{ 100, 1, 1, -EBADMSG, "unused bytes" },
		{ 4096, 2, 2, -EBADMSG, "a volume as an attachment" },
		{ 4096, 2, 7, -EBADMSG, "type" },
		{ 4096 + 5, 1, 1, -EBADMSG, "unused bytes of a volume" },
		{ 4096 + 511, 1, 1, -EBADMSG, "unused bytes of a volume" },
		{ 4096 + 472, 1, 1, -EBADMSG, "zeroed, and ready" },
		{ 4096 + 480, 1, 1, -EBADMSG, "replaces, without a transaction" },
		{ 4096 + 496, 1, 1, -EBADMSG, "to be wiped, without the feature" },
		{ 4096 + 497, 1, 1, -EBADMSG, "unmade, without the feature" },
		{ 4096 + 497, 1, 2, -EBADMSG, "neither made nor unmade" },
		{ 4096 + 112 + 100, 1, 65, -EBADMSG, "something after the end of the name" },
		{ 4096 + 1024 + 3, 1, 1, -EBADMSG, "unused bytes of an attachment" },
		{ 4096 + 1024 + 300, 1, 1, -EBADMSG, "unused bytes of an attachment" },
		{ 4096 + 1024 + 40, 1, 7, -EBADMSG, "host" },
	};
	struct liteio_catalog c, back;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		uint8_t *slot;
		size_t len;
		int r;

		make(&c, 2);
		slot = encode(&c, &len);
		if (cases[i].offset == 80 && cases[i].value == 5)
			liteio_le_put(slot + 4096 + 2 * 512 + 8, 1, 99);
		liteio_le_put(slot + cases[i].offset, cases[i].size, cases[i].value);
		if (cases[i].value != 1000)
			seal(slot);
		r = liteio_catalog_decode(slot, len, &c.pool_uuid, &back, &err);
		ck_assert_msg(r == cases[i].want, "%s gave %d: %s", cases[i].what, r, err.msg);
		ck_assert_msg(err.msg[0], "%s has no sentence", cases[i].what);
		free(slot);
		liteio_catalog_fini(&c);
	}
}
END_TEST

START_TEST(test_compat)
{
	struct liteio_ondisk_slot *h;
	struct liteio_catalog c, back;
	size_t len;
	void *slot;

	make(&c, 2);
	slot = encode(&c, &len);
	h = slot;
	liteio_put(h->compat, 4);
	h->zero[9] = 1;
	((uint8_t *)slot)[4096 + 500] = 1;
	seal(slot);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), 0);
	ck_assert_uint_eq(back.compat, 4);
	free(slot);
	liteio_catalog_fini(&c);
	liteio_catalog_fini(&back);
}
END_TEST

/* a linear volume that is being created, and says how much of it is zeroed */
static void make_zeroing(struct liteio_catalog *c, uint64_t zeroed)
{
	struct liteio_catalog_volume v = {
		.uuid = uuid(7),
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_LINEAR,
		.state = LITEIO_CATALOG_CREATING,
		.size_bytes = 4 * LITEIO_LINEAR_UNIT,
		.floor = LITEIO_CATALOG_GEN_MIN,
		.name = "vol-7",
		.zeroed_bytes = zeroed,
	};
	const struct liteio_catalog_extent e = { .volume = uuid(7),
						 .state = LITEIO_CATALOG_EXTENT_FRESH,
						 .start = 8 * LITEIO_LINEAR_UNIT,
						 .length = 4 * LITEIO_LINEAR_UNIT };

	make(c, 1);
	liteio_catalog_add(c, &v);
	liteio_catalog_add_extent(c, &e);
}

START_TEST(test_zeroed)
{
	const uint64_t zeroed = 3 * LITEIO_LINEAR_UNIT;
	struct liteio_uuid seven = uuid(7);
	struct liteio_catalog c, back;
	struct liteio_ondisk_slot *h;
	size_t len;
	void *slot;

	make_zeroing(&c, zeroed);
	slot = encode(&c, &len);
	h = slot;
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_find(&back, &seven)->zeroed_bytes, zeroed);
	liteio_catalog_fini(&back);
	/* one that does not know of it, and clears the bit, can not mean it */
	liteio_put(h->compat, 0);
	seal(slot);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), -EBADMSG);
	liteio_put(h->compat, 4);
	seal(slot);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_find(&back, &seven)->zeroed_bytes, 0);
	liteio_catalog_fini(&back);
	free(slot);
	/* of one that is ready nothing is left of it */
	liteio_catalog_edit(&c, &seven)->state = LITEIO_CATALOG_READY;
	liteio_catalog_use_extents(&c, &seven);
	slot = encode(&c, &len);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_find(&back, &seven)->zeroed_bytes, 0);
	liteio_catalog_fini(&back);
	free(slot);
	liteio_catalog_fini(&c);
	make_zeroing(&c, 5 * LITEIO_LINEAR_UNIT);
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), -EBADMSG);
	liteio_catalog_fini(&c);
}
END_TEST

START_TEST(test_choose)
{
	struct liteio_catalog a = { .sequence = 4 }, b = { .sequence = 5 };

	ck_assert_int_eq(liteio_catalog_choose(0, &a, 0, &b), 1);
	ck_assert_int_eq(liteio_catalog_choose(0, &b, 0, &a), 0);
	ck_assert_int_eq(liteio_catalog_choose(0, &a, 0, &a), -EBADMSG);
	ck_assert_int_eq(liteio_catalog_choose(-EBADMSG, &a, 0, &b), 1);
	ck_assert_int_eq(liteio_catalog_choose(0, &a, -ENODATA, &b), 0);
	ck_assert_int_eq(liteio_catalog_choose(-EBADMSG, &a, -ENODATA, &b), -EBADMSG);
	/* a newer one is never passed over */
	ck_assert_int_eq(liteio_catalog_choose(0, &a, -ENOTSUP, &b), -ENOTSUP);
	ck_assert_int_eq(liteio_catalog_choose(-ENOTSUP, &a, -EBADMSG, &b), -ENOTSUP);
}
END_TEST

UNIT_MAIN("catalog-codec", test_round_trip, test_every_bit_counts, test_truncated,
	  test_every_field_counts, test_compat, test_zeroed, test_choose)
