// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of a label: growth, other devices, metadata in parts and metadata that take the
 * spare. What was there does not move.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "labels.h"
#include "unit.h"

/* what is counted together: nothing overlaps, and the label is one that is believed */
static void check_grown(const struct liteio_label *old, const struct liteio_label *l, uint64_t size)
{
	struct liteio_ondisk_label d;
	struct liteio_label back;
	uint64_t data = liteio_label_sum(l, LITEIO_EXTENT_THIN_DATA);
	uint64_t meta = liteio_label_sum(l, LITEIO_EXTENT_THIN_META);

	ck_assert_uint_eq(l->devices[0].size, size);
	ck_assert_uint_gt(data, liteio_label_sum(old, LITEIO_EXTENT_THIN_DATA));
	ck_assert_uint_ge(meta, liteio_label_meta_bytes(data, l->thin_block));
	ck_assert_uint_eq(meta, liteio_label_sum(l, LITEIO_EXTENT_META_SPARE));
	/* nothing of what was there has moved */
	for (size_t i = 0; i < old->n_extents; i++) {
		ck_assert_int_eq(l->extents[i].kind, old->extents[i].kind);
		ck_assert_uint_eq(l->extents[i].start, old->extents[i].start);
		ck_assert_uint_ge(l->extents[i].length, old->extents[i].length);
	}
	liteio_label_encode(l, &d);
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), 0);
	ck_assert_uint_eq(!!(liteio_get(d.incompat) & LITEIO_LABEL_INCOMPAT_PARTS),
			  meta > liteio_label_extent(l, LITEIO_EXTENT_THIN_META)->length);
	ck_assert_uint_eq(back.n_extents, l->n_extents);
}

START_TEST(test_grow)
{
	static const struct {
		uint64_t from;
		uint32_t block;
		struct liteio_label_regions regions;
		uint64_t to[3];
	} cases[] = {
		{ GIB, 0, { 0, 0 }, { GIB + (512 << 10), 2 * GIB, 2 * GIB + (1 << 20) } },
		{ GIB, 0, { 100 << 20, 200 << 20 }, { 2 * GIB, 64 * GIB, 65 * GIB } },
		{ GIB, 65536, { 0, 0 }, { 8 * GIB, 9 * GIB, 1000 * GIB } },
		{ 100 * GIB, 1u << 30, { 5 * GIB, 7 * GIB }, { 102 * GIB, 103 * GIB, 104 * GIB } },
		{ 2000 * GIB, 0, { 0, 0 }, { 2001 * GIB, 4000 * GIB, 90000 * GIB } },
		{ GIB + 512, 0, { 0, 0 }, { 2 * GIB + 512, 20000 * GIB, 20001 * GIB } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_label l, old;

		ck_assert_int_eq(liteio_label_layout("fast", cases[i].from, cases[i].block,
						     &cases[i].regions, &l, NULL),
				 0);
		for (size_t k = 0; k < 3; k++) {
			old = l;
			ck_assert_msg(liteio_label_grow(&l, 0, cases[i].to[k], 0, NULL) == 1,
				      "case %zu, %zu", i, k);
			check_grown(&old, &l, cases[i].to[k]);
			/* the same again */
			old = l;
			ck_assert_int_eq(liteio_label_grow(&l, 0, cases[i].to[k], 0, NULL), 0);
			ck_assert_mem_eq(&old, &l, sizeof(l));
		}
	}
}
END_TEST

/*
 * Metadata of a pool that was made when there were 4 MiB for 8 GiB: what it gains is for data
 * first, and for what a new pool has for many devices as far as that is little of it
 */
START_TEST(test_grow_for_devices)
{
	static const struct {
		uint64_t gain;
		uint64_t meta;
	} cases[] = {
		{ 4 << 20, 4 }, { 32 << 20, 4 }, { 64 << 20, 6 }, { 256 << 20, 12 },
		{ GIB, 18 }, { 8 * GIB, 32 }, { 56 * GIB, 64 }, { 92 * GIB, 64 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_label l;

		ck_assert_int_eq(liteio_label_layout("fast", 8 * GIB, 0, NULL, &l, NULL), 0);
		ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_THIN_META), 16 << 20);
		l.extents[2].length = 4 << 20;
		l.extents[3].length = 4 << 20;
		ck_assert_int_eq(liteio_label_grow(&l, 0, 8 * GIB + cases[i].gain, 0, NULL), 1);
		ck_assert_msg(liteio_label_sum(&l, LITEIO_EXTENT_THIN_META) == cases[i].meta << 20,
			      "%zu: %llu", i,
			      (unsigned long long)liteio_label_sum(&l, LITEIO_EXTENT_THIN_META));
		ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_META_SPARE),
				  cases[i].meta << 20);
	}
}
END_TEST

/* what metadata of a new pool have, in MiB: of a large one what its data need, as ever */
START_TEST(test_sizes)
{
	static const struct {
		uint64_t data;
		uint32_t block;
		uint64_t meta;
	} cases[] = {
		{ 256 << 20, 256 << 10, 4 }, { GIB, 256 << 10, 4 },   { 2 * GIB, 256 << 10, 4 },
		{ 4 * GIB, 256 << 10, 8 },   { 8 * GIB, 256 << 10, 16 }, { 8 * GIB, 64 << 10, 16 },
		{ 32 * GIB, 256 << 10, 64 }, { 100 * GIB, 256 << 10, 64 },
		{ 1024 * GIB, 256 << 10, 384 }, { 100 * GIB, 64 << 10, 150 },
		{ 1024 * GIB, 1 << 30, 64 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t meta = liteio_label_meta_bytes(cases[i].data, cases[i].block);

		ck_assert_msg(meta == cases[i].meta << 20, "%zu: %llu", i,
			      (unsigned long long)meta);
	}
}
END_TEST

START_TEST(test_grow_not)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_label l, old;
	uint64_t size = GIB;
	int r;

	make_label(&l, GIB);
	memset(&old, 0, sizeof(old));
	old = l;
	ck_assert_int_eq(liteio_label_grow(&l, 0, GIB, 0, &err), 0);
	ck_assert_int_eq(liteio_label_grow(&l, 0, GIB + 2048, 0, &err), 0);
	ck_assert_int_eq(liteio_label_grow(&l, 0, GIB - 512, 0, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "can not shrink"));
	ck_assert_uint_eq(l.devices[0].size, GIB);
	ck_assert_uint_eq(l.n_extents, old.n_extents);
	/* until the label is full: then a sentence, and what was there stays */
	do {
		size += size / 16;
		old = l;
		r = liteio_label_grow(&l, 0, size, 0, &err);
	} while (r == 1 && size < (1ull << 61));
	ck_assert_int_eq(r, -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "no room"));
	ck_assert_uint_eq(l.n_extents, old.n_extents);
}
END_TEST

/* thin data is one device in the order of the table: what was there before must not move in it */
static void check_prefix(const struct liteio_label *old, const struct liteio_label *l)
{
	struct liteio_extent was[LITEIO_LABEL_EXTENTS_MAX], is[LITEIO_LABEL_EXTENTS_MAX];
	size_t n_was = 0, n_is = 0;

	for (size_t i = 0; i < old->n_extents; i++)
		if (old->extents[i].kind == LITEIO_EXTENT_THIN_DATA)
			was[n_was++] = old->extents[i];
	for (size_t i = 0; i < l->n_extents; i++)
		if (l->extents[i].kind == LITEIO_EXTENT_THIN_DATA)
			is[n_is++] = l->extents[i];
	ck_assert_uint_ge(n_is, n_was);
	for (size_t i = 0; i < n_was; i++) {
		ck_assert_uint_eq(is[i].device, was[i].device);
		ck_assert_uint_eq(is[i].start, was[i].start);
		/* only the last one may have become longer */
		if (i + 1 < n_was)
			ck_assert_uint_eq(is[i].length, was[i].length);
		else
			ck_assert_uint_ge(is[i].length, was[i].length);
	}
}

START_TEST(test_devices)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_ondisk_label d;
	struct liteio_label l, old, back;

	make_label(&l, GIB);
	ck_assert_int_eq(liteio_label_add(&l, LITEIO_POOL_SIZE_MIN - 1, 0, &err), -EINVAL);
	ck_assert_uint_eq(l.n_devices, 1);
	for (size_t n = 2; n <= LITEIO_LABEL_DEVICES_MAX; n++) {
		old = l;
		ck_assert_int_eq(liteio_label_add(&l, n * GIB, 0, &err), 0);
		ck_assert_uint_eq(l.n_devices, n);
		check_prefix(&old, &l);
		liteio_label_encode(&l, &d);
		ck_assert(liteio_get(d.incompat) & LITEIO_LABEL_INCOMPAT_DEVICES);
		ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), 0);
		/* home and the one before grow, and what they gain comes behind all */
		for (uint32_t i = 0; i < n; i++) {
			old = l;
			ck_assert_int_eq(liteio_label_grow(&l, i, l.devices[i].size + (64 << 20),
							   0, &err),
					 1);
			check_prefix(&old, &l);
			ck_assert_int_eq(liteio_label_check(&l, NULL), 0);
			if (n > 4)
				break;
		}
	}
	ck_assert_int_eq(liteio_label_add(&l, GIB, 0, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "can have no more"));
	/* the bit and the devices belong together */
	liteio_label_encode(&l, &d);
	liteio_put(d.incompat, liteio_get(d.incompat) & ~LITEIO_LABEL_INCOMPAT_DEVICES);
	seal_label(&d);
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), -EBADMSG);
	/* nothing over anything else, whatever the order */
	for (size_t i = 0; i < l.n_extents; i++) {
		back = l;
		back.extents[i].start = back.extents[(i + 1) % l.n_extents].start;
		back.extents[i].device = back.extents[(i + 1) % l.n_extents].device;
		ck_assert_int_eq(liteio_label_check(&back, NULL), -EBADMSG);
	}
	/* the catalog is at home */
	back = l;
	back.extents[0].device = 1;
	ck_assert_int_eq(liteio_label_check(&back, NULL), -EBADMSG);
}
END_TEST

/* metadata in parts: as much spare, and the reader is warned */
START_TEST(test_parts)
{
	struct liteio_ondisk_label d;
	struct liteio_label l, back;

	make_label(&l, GIB);
	ck_assert_int_eq(liteio_label_grow(&l, 0, 64 * GIB, 0, NULL), 1);
	ck_assert_uint_eq(l.n_extents, 7);
	liteio_label_encode(&l, &d);
	liteio_put(d.incompat, 0);
	seal_label(&d);
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), -EBADMSG);
	/* more spare than metadata is nothing that ever was */
	ck_assert_int_eq(l.extents[5].kind, LITEIO_EXTENT_THIN_META);
	l.extents[5] = l.extents[6];
	l.n_extents--;
	ck_assert_int_eq(liteio_label_check(&l, NULL), -EBADMSG);
}
END_TEST

/* the metadata as one device: the extents of their kind, in the order of the table */
static size_t meta_of(const struct liteio_label *l, struct liteio_extent *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_extents; i++) {
		if (l->extents[i].kind == LITEIO_EXTENT_THIN_META)
			ret[n++] = l->extents[i];
	}
	return n;
}

/* what the metadata had is where it was, and who does not know of it is warned */
static void check_taken(const struct liteio_label *old, const struct liteio_label *l)
{
	struct liteio_extent was[LITEIO_LABEL_EXTENTS_MAX], is[LITEIO_LABEL_EXTENTS_MAX];
	size_t n_was = meta_of(old, was), n_is = meta_of(l, is);
	uint64_t all = liteio_label_sum(old, LITEIO_EXTENT_THIN_META) +
		       liteio_label_sum(old, LITEIO_EXTENT_META_SPARE);
	struct liteio_ondisk_label d;
	struct liteio_label back;

	ck_assert_uint_gt(n_is, n_was);
	ck_assert_mem_eq(was, is, n_was * sizeof(was[0]));
	ck_assert_uint_eq(liteio_label_sum(l, LITEIO_EXTENT_THIN_META) +
				  liteio_label_sum(l, LITEIO_EXTENT_META_SPARE),
			  all);
	check_prefix(old, l);
	liteio_label_encode(l, &d);
	ck_assert(liteio_get(d.incompat) & LITEIO_LABEL_INCOMPAT_TAKEN);
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), 0);
	ck_assert_mem_eq(back.extents, l->extents, l->n_extents * sizeof(l->extents[0]));
	liteio_put(d.incompat, liteio_get(d.incompat) & ~LITEIO_LABEL_INCOMPAT_TAKEN);
	seal_label(&d);
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), -EBADMSG);
}

/* what a repair does */
static void swap(struct liteio_label *l)
{
	for (size_t i = 0; i < l->n_extents; i++) {
		if (l->extents[i].kind == LITEIO_EXTENT_THIN_META)
			l->extents[i].kind = LITEIO_EXTENT_META_SPARE;
		else if (l->extents[i].kind == LITEIO_EXTENT_META_SPARE)
			l->extents[i].kind = LITEIO_EXTENT_THIN_META;
	}
}

static uint64_t features(const struct liteio_label *l)
{
	struct liteio_ondisk_label d;

	liteio_label_encode(l, &d);
	return liteio_get(d.incompat);
}

START_TEST(test_take)
{
	const struct liteio_label_regions regions = { 16 << 20, 32 << 20 };

	/* with and without a repair before, and a growth that gave both another part */
	for (unsigned int how = 0; how < 8; how++) {
		struct liteio_label l, old;
		uint64_t reserve;

		ck_assert_int_eq(liteio_label_layout("fast", GIB, 0, &regions, &l, NULL), 0);
		if (how & 1)
			swap(&l);
		if (how & 2)
			ck_assert_int_eq(liteio_label_grow(&l, 0, 64 * GIB, 0, NULL), 1);
		if (how & 4)
			ck_assert_int_eq(liteio_label_add(&l, 64 * GIB, 0, NULL), 0);
		reserve = liteio_label_sum(&l, LITEIO_EXTENT_RESERVE_SPARE);
		ck_assert(liteio_label_has_spare(&l));
		ck_assert(!(features(&l) & LITEIO_LABEL_INCOMPAT_TAKEN));
		old = l;
		ck_assert(liteio_label_take_spare(&l));
		check_taken(&old, &l);
		ck_assert(!liteio_label_has_spare(&l));
		ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_META_SPARE), 0);
		ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_RESERVE_SPARE), reserve);
		/* there is nothing more */
		old = l;
		ck_assert(!liteio_label_take_spare(&l));
		ck_assert_mem_eq(&old, &l, sizeof(l));
	}
}
END_TEST

/* no more than dm-thin uses: the rest stays a spare, though nothing can be repaired into it */
START_TEST(test_take_most)
{
	struct liteio_label l, old;
	struct liteio_extent *e;

	make_label(&l, 60000 * GIB);
	ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_THIN_META), 15 * GIB);
	old = l;
	ck_assert(liteio_label_take_spare(&l));
	check_taken(&old, &l);
	ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_THIN_META), LITEIO_THIN_META_MAX);
	ck_assert_uint_gt(liteio_label_sum(&l, LITEIO_EXTENT_META_SPARE), 14 * GIB);
	ck_assert(!liteio_label_has_spare(&l));
	ck_assert(!liteio_label_take_spare(&l));
	/* what is lacking is all that a growth brings */
	old = l;
	ck_assert_int_eq(liteio_label_grow(&l, 0, 60100 * GIB, LITEIO_THIN_META_MAX, NULL), 1);
	ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_THIN_META), LITEIO_THIN_META_MAX);
	ck_assert(liteio_label_has_spare(&l));
	check_prefix(&old, &l);
	/* a label that has no entry left for the rest takes nothing */
	l = old = (struct liteio_label){ 0 };
	make_label(&l, 60000 * GIB);
	e = &l.extents[l.n_extents - 1];
	while (l.n_extents < LITEIO_LABEL_EXTENTS_MAX) {
		e->length -= l.thin_block;
		l.extents[l.n_extents] = *e;
		l.extents[l.n_extents].start += e->length;
		l.extents[l.n_extents].length = l.thin_block;
		l.n_extents++;
		if (l.n_extents > 6)
			l.extents[l.n_extents - 1].start =
				l.extents[l.n_extents - 2].start - l.thin_block;
	}
	old = l;
	ck_assert(!liteio_label_take_spare(&l));
	ck_assert_mem_eq(&old, &l, sizeof(l));
}
END_TEST

/* a growth brings a spare first, then room for metadata that are nearly full */
START_TEST(test_grow_taken)
{
	static const struct {
		uint64_t size;
		uint64_t used_percent;
		uint64_t meta;
		uint64_t spare;
	} cases[] = {
		/* metadata of 8 MiB without a spare; half of the gain for it at most */
		{ GIB + (4 << 20), 0, 8, 2 },
		{ GIB + (64 << 20), 0, 8, 8 },
		{ GIB + (64 << 20), 74, 8, 8 },
		/* an eighth of the gain for what is nearly full, and as much spare */
		{ GIB + (64 << 20), 75, 16, 16 },
		{ GIB + (32 << 20), 100, 12, 12 },
		/* full ones go on with a MiB of a little */
		{ GIB + (7 << 20), 100, 9, 3 },
		{ GIB + (4 << 20), 100, 9, 2 },
		{ GIB + (3 << 20), 100, 8, 1 },
		{ 2 * GIB, 100, 16, 16 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_label l, old;
		uint64_t used;

		make_label(&l, GIB);
		ck_assert(liteio_label_take_spare(&l));
		old = l;
		used = liteio_label_sum(&l, LITEIO_EXTENT_THIN_META) / 100 * cases[i].used_percent;
		if (cases[i].used_percent == 75)
			used = liteio_label_sum(&l, LITEIO_EXTENT_THIN_META) / 4 * 3;
		ck_assert_int_eq(liteio_label_grow(&l, 0, cases[i].size, used, NULL), 1);
		ck_assert_msg(liteio_label_sum(&l, LITEIO_EXTENT_THIN_META) == cases[i].meta << 20,
			      "case %zu: %llu", i,
			      (unsigned long long)liteio_label_sum(&l, LITEIO_EXTENT_THIN_META));
		ck_assert_msg(liteio_label_sum(&l, LITEIO_EXTENT_META_SPARE) ==
				      cases[i].spare << 20,
			      "case %zu: %llu", i,
			      (unsigned long long)liteio_label_sum(&l, LITEIO_EXTENT_META_SPARE));
		ck_assert_int_eq(liteio_label_check(&l, NULL), 0);
		check_prefix(&old, &l);
		old = l;
		ck_assert_int_eq(liteio_label_grow(&l, 0, cases[i].size, used, NULL), 0);
		ck_assert_mem_eq(&old, &l, sizeof(l));
	}
}
END_TEST

/* on another disk: a repair then has all metadata there, and that is a label, too */
START_TEST(test_take_wide)
{
	struct liteio_ondisk_label d;
	struct liteio_label l, old, back;

	make_label(&l, GIB);
	ck_assert(liteio_label_take_spare(&l));
	old = l;
	ck_assert_int_eq(liteio_label_add(&l, GIB, 0, NULL), 0);
	check_prefix(&old, &l);
	ck_assert(liteio_label_has_spare(&l));
	ck_assert_uint_eq(liteio_label_extent(&l, LITEIO_EXTENT_META_SPARE)->device, 1);
	ck_assert(features(&l) & LITEIO_LABEL_INCOMPAT_TAKEN);
	swap(&l);
	ck_assert(features(&l) & LITEIO_LABEL_INCOMPAT_TAKEN);
	liteio_label_encode(&l, &d);
	ck_assert_int_eq(liteio_label_decode(&d, &back, NULL), 0);
	old = l;
	ck_assert(liteio_label_take_spare(&l));
	check_taken(&old, &l);
}
END_TEST

/* a label from before is told from the metadata, and only when it is the spare that they took */
START_TEST(test_catch_up)
{
	struct liteio_label l, old, taken;
	uint64_t have;

	make_label(&old, GIB);
	have = liteio_label_sum(&old, LITEIO_EXTENT_THIN_META);
	taken = old;
	ck_assert(liteio_label_take_spare(&taken));
	taken.sequence++;
	l = old;
	ck_assert_int_eq(liteio_label_catch_up(&l, have), 0);
	/* a growth that was cut short */
	ck_assert_int_eq(liteio_label_catch_up(&l, have / 2), 0);
	ck_assert_int_eq(liteio_label_catch_up(&l, have + LITEIO_ONDISK_BLOCK), -ESTALE);
	ck_assert_int_eq(liteio_label_catch_up(&l, 3 * have), -ESTALE);
	ck_assert_mem_eq(&l, &old, sizeof(l));
	ck_assert_int_eq(liteio_label_catch_up(&l, 2 * have), 1);
	ck_assert_mem_eq(&l, &taken, sizeof(l));
	/* there is nothing more to take */
	ck_assert_int_eq(liteio_label_catch_up(&l, 2 * have), 0);
	ck_assert_int_eq(liteio_label_catch_up(&l, 3 * have), -ESTALE);
}
END_TEST

UNIT_MAIN("label-grow", test_grow, test_grow_for_devices, test_sizes, test_grow_not, test_devices,
	  test_parts, test_take, test_take_most, test_take_wide, test_grow_taken, test_catch_up)
