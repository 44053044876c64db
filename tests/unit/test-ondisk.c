// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The label: layout, round trip, and every single byte that may be wrong.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "labels.h"
#include "unit.h"

START_TEST(test_layout)
{
	static const uint64_t sizes[] = { LITEIO_POOL_SIZE_MIN, 100ull << 20, GIB + 4096 + 512,
					  16 * GIB, 1000 * GIB, 20000 * GIB };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct liteio_extent *meta, *spare, *data, *slot;
		struct liteio_label l;
		uint64_t last;

		make_label(&l, sizes[i]);
		ck_assert_int_eq(liteio_label_check(&l, NULL), 0);
		meta = liteio_label_extent(&l, LITEIO_EXTENT_THIN_META);
		spare = liteio_label_extent(&l, LITEIO_EXTENT_META_SPARE);
		data = liteio_label_extent(&l, LITEIO_EXTENT_THIN_DATA);
		slot = liteio_label_extent(&l, LITEIO_EXTENT_SLOT_B);
		ck_assert_uint_eq(meta->length, spare->length);
		/* room for every block mapped twice */
		if (meta->length < (15ull << 30))
			ck_assert(meta->length >= data->length / l.thin_block * 48 * 2);
		/* 4096 volumes with an attachment each on every device that is no toy */
		if (sizes[i] >= 16 * GIB)
			ck_assert(slot->length >= 4096 + 2 * 4096 * 512ull);
		last = data->start + data->length;
		ck_assert(last <= liteio_label_backup_offset(sizes[i]));
		ck_assert(liteio_label_backup_offset(sizes[i]) + 4096 <= sizes[i]);
		ck_assert_uint_eq(data->start % l.thin_block, 0);
		/* nothing worth mentioning is lost */
		ck_assert(sizes[i] - last < 2 * l.thin_block);
	}
}
END_TEST

START_TEST(test_regions)
{
	static const struct {
		uint64_t size;
		uint32_t block;
		struct liteio_label_regions want;
		int code;
	} cases[] = {
		{ GIB, 0, { 100 << 20, 200 << 20 }, 0 },
		{ GIB, 0, { (100 << 20) + 1, (200 << 20) + 1 }, 0 },
		{ 100 * GIB, 1u << 30, { 5 * GIB, 7 * GIB }, 0 },
		{ 100 * GIB, 65536, { 1, 1 }, 0 },
		{ 100 * GIB, 0, { 90 * GIB, 0 }, 0 },
		{ 100 * GIB, 0, { 0, 90 * GIB }, 0 },
		{ GIB, 0, { GIB, 0 }, -EINVAL },
		{ GIB, 0, { 600 << 20, 600 << 20 }, -EINVAL },
		{ GIB, 0, { UINT64_MAX - (1 << 20), 0 }, -EINVAL },
		{ GIB, 0, { 0, UINT64_MAX - (1 << 20) }, -EINVAL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_ondisk_label d;
		struct liteio_label l, back;
		uint64_t linear, reserve;
		int r = liteio_label_layout("fast", cases[i].size, cases[i].block, &cases[i].want,
					    &l, &err);

		ck_assert_msg(r == cases[i].code, "case %zu: %d %s", i, r, err.msg);
		if (r)
			continue;
		ck_assert_int_eq(liteio_label_check(&l, NULL), 0);
		linear = liteio_label_sum(&l, LITEIO_EXTENT_LINEAR);
		reserve = liteio_label_sum(&l, LITEIO_EXTENT_RESERVE_DATA);
		ck_assert_uint_ge(linear, cases[i].want.linear);
		ck_assert_uint_lt(linear, cases[i].want.linear + LITEIO_LINEAR_UNIT);
		ck_assert_uint_ge(reserve, cases[i].want.reserve);
		ck_assert_uint_lt(reserve, cases[i].want.reserve + l.thin_block);
		ck_assert_uint_ge(liteio_label_sum(&l, LITEIO_EXTENT_RESERVE_META),
				  reserve / l.thin_block * 48 * 2);
		liteio_label_encode(&l, &d);
		ck_assert_uint_eq(liteio_get(d.incompat),
				  (linear ? LITEIO_LABEL_INCOMPAT_LINEAR : 0) |
					  (reserve ? LITEIO_LABEL_INCOMPAT_RESERVE : 0));
		ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), 0);
		ck_assert_uint_eq(back.n_extents, l.n_extents);
	}
}
END_TEST

/* a label that has what its features do not say, or the reverse, is none */
START_TEST(test_regions_bad)
{
	const struct liteio_label_regions regions = { 8 << 20, 8 << 20 };
	struct liteio_ondisk_label d;
	struct liteio_label l, back;

	ck_assert_int_eq(liteio_label_layout("fast", GIB, 0, &regions, &l, NULL), 0);
	for (uint64_t bit = LITEIO_LABEL_INCOMPAT_LINEAR; bit <= LITEIO_LABEL_INCOMPAT_RESERVE;
	     bit *= 2) {
		liteio_label_encode(&l, &d);
		liteio_put(d.incompat, liteio_get(d.incompat) ^ bit);
		seal_label(&d);
		ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), -EBADMSG);
	}
	for (size_t i = 0; i < l.n_extents; i++) {
		struct liteio_label broken = l;

		if (l.extents[i].kind < LITEIO_EXTENT_RESERVE_META)
			continue;
		/* one of the three parts of the reserve becomes linear space */
		broken.extents[i].kind = LITEIO_EXTENT_LINEAR;
		ck_assert_int_eq(liteio_label_check(&broken, NULL), -EBADMSG);
	}
	for (size_t i = 0; i < l.n_extents; i++) {
		struct liteio_label broken = l;

		if (l.extents[i].kind != LITEIO_EXTENT_LINEAR)
			continue;
		broken.extents[i].length -= 4096;
		ck_assert_int_eq(liteio_label_check(&broken, NULL), -EBADMSG);
	}
}
END_TEST

START_TEST(test_layout_bad)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_label l;

	ck_assert_int_eq(liteio_label_layout("fast", LITEIO_POOL_SIZE_MIN - 1, 0, NULL, &l, &err),
			 -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "too small"));
	ck_assert_int_eq(liteio_label_layout("fast", GIB, 65536 + 512, NULL, &l, &err), -EINVAL);
	ck_assert_int_eq(liteio_label_layout("fast", GIB, 4096, NULL, &l, &err), -EINVAL);
	ck_assert_int_eq(liteio_label_layout("fast", LITEIO_POOL_SIZE_MIN, 1u << 30, NULL, &l,
					     &err),
			 -EINVAL);
	ck_assert_int_eq(liteio_label_layout("Fast", GIB, 0, NULL, &l, &err), -EINVAL);
	ck_assert_int_eq(liteio_label_layout("", GIB, 0, NULL, &l, &err), -EINVAL);
}
END_TEST

START_TEST(test_round_trip)
{
	struct liteio_ondisk_label d, again;
	struct liteio_label l, back;

	make_label(&l, 100 * GIB);
	l.sequence = 7;
	liteio_label_encode(&l, &d);
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), 0);
	ck_assert_str_eq(back.pool_name, "fast");
	ck_assert_uint_eq(back.sequence, 7);
	ck_assert_uint_eq(back.created, 1700000000);
	ck_assert_uint_eq(back.n_extents, 5);
	ck_assert(liteio_uuid_equal(&back.pool_uuid, &l.pool_uuid));
	liteio_label_encode(&back, &again);
	ck_assert_mem_eq(&d, &again, sizeof(d));
}
END_TEST

/* the bytes are what the header says they are, on any machine */
START_TEST(test_fixed_bytes)
{
	struct liteio_ondisk_label d;
	const uint8_t *b = (const uint8_t *)&d;
	struct liteio_label l;

	make_label(&l, 100 * GIB);
	liteio_label_encode(&l, &d);
	ck_assert_mem_eq(b, "LiteIO\x89pool\r\n\x1a\n", 16);
	ck_assert_uint_eq(b[20], 1);
	ck_assert_uint_eq(b[40], 1);
	ck_assert_mem_eq(b + 48, l.pool_uuid.b, 16);
	ck_assert_str_eq((const char *)b + 88, "fast");
	ck_assert_uint_eq(b[512], LITEIO_EXTENT_SLOT_A);
	/* 1 MiB, little-endian */
	ck_assert_mem_eq(b + 520, "\0\0\x10\0\0\0\0\0", 8);
}
END_TEST

START_TEST(test_every_bit_counts)
{
	struct liteio_ondisk_label d;
	struct liteio_label l, back;
	uint8_t *b = (uint8_t *)&d;

	make_label(&l, 100 * GIB);
	liteio_label_encode(&l, &d);
	memset(&back, 0x5a, sizeof(back));
	for (size_t i = 0; i < sizeof(d); i++) {
		int r;

		b[i] ^= (uint8_t)(1u << i % 8);
		r = liteio_label_decode(&d, &back, NULL);
		ck_assert_msg(r == (i < 16 ? -ENODATA : -EBADMSG), "byte %zu gave %d", i, r);
		b[i] ^= (uint8_t)(1u << i % 8);
	}
	ck_assert_uint_eq(back.sequence, 0x5a5a5a5a5a5a5a5aull);
	memset(&d, 0, sizeof(d));
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), -ENODATA);
}
END_TEST

/* with a right checksum every field is still looked at */
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
		{ 20, 4, 0, -ENOTSUP, "version zero" },
		{ 32, 8, 1, -ENOTSUP, "incompat" },
		{ 40, 8, 0, -EBADMSG, "sequence" },
		{ 72, 4, 1, -EBADMSG, "this_device" },
		{ 76, 4, 0, -EBADMSG, "n_devices" },
		{ 76, 4, 9, -EBADMSG, "n_devices" },
		{ 76, 4, 2, -EBADMSG, "a second device that is empty" },
		{ 80, 4, 4, -EBADMSG, "n_extents" },
		{ 80, 4, 97, -EBADMSG, "n_extents" },
		{ 84, 4, 65535, -EBADMSG, "thin_block" },
		{ 88, 8, 0x41, -EBADMSG, "name" },
		{ 88, 8, 0, -EBADMSG, "no name" },
		{ 216, 8, 1, -EBADMSG, "unused bytes" },
		{ 272, 8, 5, -EBADMSG, "device size" },
		{ 280, 8, 5, -EBADMSG, "unused bytes of a device" },
		{ 288, 8, 5, -EBADMSG, "device that is not counted" },
		{ 512, 4, 9, -EBADMSG, "extent kind" },
		{ 512, 4, 5, -EBADMSG, "slot B twice" },
		{ 516, 4, 1, -EBADMSG, "extent device" },
		{ 520, 8, 4096, -EBADMSG, "extent over the label" },
		{ 520, 8, 0x100001, -EBADMSG, "extent start" },
		{ 528, 8, 0, -EBADMSG, "extent length" },
		{ 528, 8, 0xfffffffffffff000ull, -EBADMSG, "extent length" },
		{ 544, 8, 0x100000, -EBADMSG, "slot B over slot A" },
		{ 544, 8, 0x1ff000, -EBADMSG, "slot B over the end of slot A" },
		{ 632, 8, 1, -EBADMSG, "extent that is not counted" },
		{ 2816, 8, 1, -EBADMSG, "unused bytes" },
	};
	struct liteio_label l, back;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_ondisk_label d;
		int r;

		make_label(&l, 100 * GIB);
		liteio_label_encode(&l, &d);
		liteio_le_put((uint8_t *)&d + cases[i].offset, cases[i].size, cases[i].value);
		seal_label(&d);
		r = liteio_label_decode(&d, &back, &err);
		ck_assert_msg(r == cases[i].want, "%s gave %d: %s", cases[i].what, r, err.msg);
		ck_assert_msg(err.msg[0], "%s has no sentence", cases[i].what);
	}
}
END_TEST

/* what a compatible newer version has added is left alone */
START_TEST(test_compat)
{
	struct liteio_ondisk_label d;
	struct liteio_label l, back;

	make_label(&l, 100 * GIB);
	liteio_label_encode(&l, &d);
	liteio_put(d.compat, 2);
	d.zero2[5] = 1;
	seal_label(&d);
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), 0);
	ck_assert_uint_eq(back.compat, 2);
	liteio_label_encode(&back, &d);
	ck_assert_uint_eq(liteio_get(d.compat), 0);
	ck_assert_uint_eq(d.zero2[5], 0);
}
END_TEST

START_TEST(test_exported)
{
	struct liteio_ondisk_label d;
	struct liteio_label l, back;

	make_label(&l, GIB);
	l.exported = true;
	liteio_label_encode(&l, &d);
	ck_assert_uint_eq(liteio_get(d.compat), LITEIO_LABEL_COMPAT_EXPORTED);
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), 0);
	ck_assert(back.exported);
	/* it is no licence for bytes that nobody knows */
	d.zero2[5] = 1;
	seal_label(&d);
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), -EBADMSG);
	l.exported = false;
	liteio_label_encode(&l, &d);
	ck_assert_uint_eq(liteio_get(d.compat), 0);
}
END_TEST

START_TEST(test_others)
{
	static const struct {
		int64_t ahead;
		int code;
		const char *said;
	} cases[] = {
		{ 0, 0, "" },
		{ 1, 0, "" },
		{ -1, 0, "" },
		{ -2, -ESTALE, "it is a stale copy of disk 2 of pool fast" },
		{ 2, -ESTALE, "the first disk of pool fast is a stale copy" },
		{ -90, -ESTALE, "it is a stale copy" },
		{ 900, -ESTALE, "the first disk" },
	};
	struct liteio_label home, other;

	make_label(&home, GIB);
	ck_assert_int_eq(liteio_label_add(&home, GIB, 0, NULL), 0);
	home.sequence = 100;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;

		other = home;
		other.this_device = 1;
		other.sequence = 100 + (uint64_t)cases[i].ahead;
		ck_assert_int_eq(liteio_label_check_other(&home, &other, &err), cases[i].code);
		ck_assert_msg(strstr(err.msg, cases[i].said), "case %zu: %s", i, err.msg);
	}
	other = home;
	ck_assert_int_eq(liteio_label_check_other(&home, &other, NULL), -ENODEV);
	other.this_device = 1;
	other.devices[1].uuid.b[3] ^= 1;
	ck_assert_int_eq(liteio_label_check_other(&home, &other, NULL), -ESTALE);
	other.sequence = 101;
	ck_assert_int_eq(liteio_label_check_other(&home, &other, NULL), -ENODEV);
	other = home;
	other.this_device = 1;
	other.pool_uuid.b[3] ^= 1;
	ck_assert_int_eq(liteio_label_check_other(&home, &other, NULL), -ENODEV);
	/* home knows of no second device at all: it was being added, or home is from before */
	make_label(&home, GIB);
	for (uint64_t s = 1; s < 20; s++) {
		for (uint64_t o = 1; o < 20; o++) {
			bool left_over = o % 2 && o <= s + 1;

			home.sequence = s;
			other = home;
			ck_assert_int_eq(liteio_label_add(&other, GIB, 0, NULL), 0);
			other.this_device = 1;
			other.sequence = o;
			ck_assert_int_eq(liteio_label_is_left_over(&home, &other), left_over);
			ck_assert_int_eq(liteio_label_check_other(&home, &other, NULL),
					 left_over ? -ENODEV : -ESTALE);
		}
	}
}
END_TEST

UNIT_MAIN("ondisk", test_others, test_exported, test_regions, test_regions_bad, test_layout,
	  test_layout_bad, test_round_trip, test_fixed_bytes, test_every_bit_counts,
	  test_every_field_counts, test_compat)
