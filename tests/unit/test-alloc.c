// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linear space: what is free, which ranges are chosen, and that thousands of random allocations and
 * releases never give a byte to two, never lose one, and never refuse what is there.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "pool/alloc.h"
#include "unit.h"

#define R(s, l) \
	{ \
		0, s, l \
	}

START_TEST(test_free)
{
	static const struct liteio_range regions[] = { R(100, 50), R(200, 100), { 1, 0, 10 } };
	struct liteio_range used[] = { R(290, 10), R(100, 50), R(220, 20), R(240, 5) };
	struct liteio_range got[8];
	size_t n;

	n = liteio_alloc_free(regions, 3, used, 4, got);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(got[0].start, 200);
	ck_assert_uint_eq(got[0].length, 20);
	ck_assert_uint_eq(got[1].start, 245);
	ck_assert_uint_eq(got[1].length, 45);
	ck_assert_uint_eq(got[2].device, 1);
	ck_assert_uint_eq(got[2].length, 10);
	ck_assert_uint_eq(liteio_alloc_sum(got, n), 75);
	ck_assert_uint_eq(liteio_alloc_free(regions, 3, NULL, 0, got), 3);
	ck_assert_uint_eq(liteio_alloc_free(NULL, 0, NULL, 0, got), 0);
}
END_TEST

START_TEST(test_take)
{
	static const struct liteio_range free_ranges[] = { R(0, 30), R(50, 10), R(80, 100) };
	static const struct {
		uint64_t want;
		struct liteio_range after;
		size_t max;
		int n;
		struct liteio_range got[3];
	} cases[] = {
		/* the smallest that is large enough */
		{ 10, { 0 }, 3, 1, { R(50, 10) } },
		{ 11, { 0 }, 3, 1, { R(0, 11) } },
		{ 31, { 0 }, 3, 1, { R(80, 31) } },
		/* where the volume ends, even if that is not enough */
		{ 20, R(70, 10), 3, 1, { R(80, 20) } },
		{ 20, R(40, 10), 3, 2, { R(50, 10), R(0, 10) } },
		{ 5, { 1, 70, 10 }, 3, 1, { R(50, 5) } },
		/* the largest ones, and what is left of the request where it fits best */
		{ 110, { 0 }, 3, 2, { R(80, 100), R(50, 10) } },
		{ 140, { 0 }, 3, 3, { R(80, 100), R(0, 30), R(50, 10) } },
		{ 140, { 0 }, 2, -E2BIG, { { 0 } } },
		{ 141, { 0 }, 3, -ENOSPC, { { 0 } } },
		{ 141, { 0 }, 1, -ENOSPC, { { 0 } } },
		{ 1, { 0 }, 0, -E2BIG, { { 0 } } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_range got[3];
		const struct liteio_range *after = &cases[i].after;
		int n = liteio_alloc_take(free_ranges, 3, cases[i].want,
					  after->length ? after : NULL, got, cases[i].max);

		ck_assert_msg(n == cases[i].n, "case %zu: %d", i, n);
		for (int k = 0; k < n; k++) {
			ck_assert_msg(got[k].start == cases[i].got[k].start, "case %zu", i);
			ck_assert_msg(got[k].length == cases[i].got[k].length, "case %zu", i);
		}
	}
}
END_TEST

/* ---- random --------------------------------------------------------------------------------- */

#define SPACE 1000
#define VOLUMES 40

/* an owner for each unit of space, beside the ranges: the simplest thing that can be right */
struct model {
	struct liteio_range used[VOLUMES * LITEIO_ALLOC_RANGES_MAX];
	int owner_of[VOLUMES * LITEIO_ALLOC_RANGES_MAX];
	size_t n_used;
	int owner[2][SPACE];
};

static const struct liteio_range regions[] = { R(10, 300), R(400, 600), { 1, 0, 500 } };

static unsigned int seed = 20261125;

static unsigned int roll(unsigned int below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static uint64_t count_free(const struct model *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		for (uint64_t k = 0; k < regions[i].length; k++)
			n += !m->owner[regions[i].device][regions[i].start + k];
	}
	return n;
}

static bool in_regions(uint32_t device, uint64_t at)
{
	for (size_t i = 0; i < 3; i++) {
		if (device == regions[i].device && at >= regions[i].start &&
		    at < regions[i].start + regions[i].length)
			return true;
	}
	return false;
}

static size_t list_free(const struct model *m, struct liteio_range *ret)
{
	struct liteio_range copy[VOLUMES * LITEIO_ALLOC_RANGES_MAX];

	memcpy(copy, m->used, sizeof(copy));
	return liteio_alloc_free(regions, 3, copy, m->n_used, ret);
}

static void take(struct model *m, int volume, uint64_t want)
{
	struct liteio_range free_ranges[VOLUMES * LITEIO_ALLOC_RANGES_MAX + 3];
	struct liteio_range got[LITEIO_ALLOC_RANGES_MAX];
	size_t n_free = list_free(m, free_ranges);
	uint64_t have = count_free(m), sum = 0;
	int n;

	ck_assert_uint_eq(liteio_alloc_sum(free_ranges, n_free), have);
	n = liteio_alloc_take(free_ranges, n_free, want, NULL, got, LITEIO_ALLOC_RANGES_MAX);
	if (want > have) {
		ck_assert_int_eq(n, -ENOSPC);
		return;
	}
	if (n == -E2BIG) {
		ck_assert_uint_gt(n_free, LITEIO_ALLOC_RANGES_MAX);
		return;
	}
	ck_assert_int_gt(n, 0);
	for (int i = 0; i < n; i++) {
		for (uint64_t k = 0; k < got[i].length; k++) {
			ck_assert(in_regions(got[i].device, got[i].start + k));
			ck_assert_int_eq(m->owner[got[i].device][got[i].start + k], 0);
			m->owner[got[i].device][got[i].start + k] = volume;
		}
		sum += got[i].length;
		m->owner_of[m->n_used] = volume;
		m->used[m->n_used++] = got[i];
	}
	ck_assert_uint_eq(sum, want);
}

static void release(struct model *m, int volume)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_used; i++) {
		if (m->owner_of[i] != volume) {
			m->owner_of[n] = m->owner_of[i];
			m->used[n++] = m->used[i];
		}
	}
	m->n_used = n;
	for (size_t d = 0; d < 2; d++) {
		for (size_t i = 0; i < SPACE; i++) {
			if (m->owner[d][i] == volume)
				m->owner[d][i] = 0;
		}
	}
}

START_TEST(test_random)
{
	static struct model m;

	for (int i = 0; i < 20000; i++) {
		int volume = 1 + (int)roll(VOLUMES);

		release(&m, volume);
		if (roll(4))
			take(&m, volume, 1 + roll(roll(10) ? 40 : 900));
	}
	for (int volume = 1; volume <= VOLUMES; volume++)
		release(&m, volume);
	ck_assert_uint_eq(count_free(&m), 1400);
}
END_TEST

UNIT_MAIN("alloc", test_free, test_take, test_random)
