// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The numbers of a pool, and what is refused when.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "pool/account.h"
#include "unit.h"

#define G (1ull << 30)
#define THIN LITEIO_CATALOG_THIN
#define RESERVED LITEIO_CATALOG_RESERVED
#define LINEAR LITEIO_CATALOG_LINEAR

static struct liteio_account sum(uint64_t used, uint32_t overcommit)
{
	struct liteio_catalog_volume v[] = {
		{ .vclass = THIN, .size_bytes = 30 * G },
		{ .vclass = THIN, .size_bytes = 20 * G, .state = LITEIO_CATALOG_DELETING },
		{ .vclass = RESERVED, .size_bytes = 4 * G },
		{ .vclass = RESERVED, .size_bytes = 1 * G, .kind = LITEIO_CATALOG_SNAPSHOT },
		{ .vclass = LINEAR, .size_bytes = 2 * G },
	};
	struct liteio_catalog_extent e[] = { { .length = 2 * G }, { .length = 3 * G } };
	struct liteio_catalog_volume *all[] = { &v[0], &v[1], &v[2], &v[3], &v[4] };
	const struct liteio_catalog c = {
		.overcommit_percent = overcommit,
		.volumes = all,
		.n_volumes = 5,
		.extents = e,
		.n_extents = 2,
	};
	const struct liteio_usage thin = { used, 100 * G }, reserve = { G, 8 * G };
	struct liteio_account a;

	liteio_account(&c, &thin, &reserve, 10 * G, &a);
	return a;
}

START_TEST(test_numbers)
{
	struct liteio_account a = sum(10 * G, 0);

	ck_assert_uint_eq(a.thin_promised, 50 * G);
	ck_assert_uint_eq(a.thin_allowed, 1000 * G);
	ck_assert_uint_eq(a.thin_free, 950 * G);
	ck_assert_uint_eq(a.reserve_promised, 5 * G);
	ck_assert_uint_eq(a.reserve_free, 3 * G);
	ck_assert_uint_eq(a.linear_used, 5 * G);
	ck_assert_uint_eq(a.linear_free, 5 * G);
	ck_assert_int_eq(a.fill, LITEIO_FILL_OK);
	a = sum(10 * G, 100);
	ck_assert_uint_eq(a.thin_free, 50 * G);
	a = sum(90 * G, 0);
	ck_assert_uint_eq(a.thin_free, 0);
	ck_assert_uint_eq(a.reserve_free, 3 * G);
}
END_TEST

START_TEST(test_fill)
{
	static const struct {
		struct liteio_usage usage;
		enum liteio_fill fill;
	} cases[] = {
		{ { 0, 0 }, LITEIO_FILL_OK },
		{ { 799, 1000 }, LITEIO_FILL_OK },
		{ { 800, 1000 }, LITEIO_FILL_LOW },
		{ { 899, 1000 }, LITEIO_FILL_LOW },
		{ { 900, 1000 }, LITEIO_FILL_HIGH },
		{ { 949, 1000 }, LITEIO_FILL_HIGH },
		{ { 950, 1000 }, LITEIO_FILL_CRITICAL },
		{ { 999, 1000 }, LITEIO_FILL_CRITICAL },
		{ { 1000, 1000 }, LITEIO_FILL_FULL },
		{ { INT64_MAX - 1, INT64_MAX }, LITEIO_FILL_CRITICAL },
		{ { INT64_MAX, INT64_MAX }, LITEIO_FILL_FULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(liteio_account_fill(&cases[i].usage) == cases[i].fill, "case %zu", i);
}
END_TEST

START_TEST(test_admit)
{
	static const struct {
		uint64_t used;
		enum liteio_catalog_class vclass;
		enum liteio_account_what what;
		uint64_t bytes;
		int code;
		const char *says;
	} cases[] = {
		{ 89 * G, THIN, LITEIO_ACCOUNT_CREATE, 950 * G, 0, "" },
		{ 89 * G, THIN, LITEIO_ACCOUNT_CREATE, 951 * G, -ENOSPC, "overcommit leaves" },
		{ 90 * G, THIN, LITEIO_ACCOUNT_CREATE, 1, -ENOSPC, "high on space" },
		{ 90 * G, THIN, LITEIO_ACCOUNT_SHARE, G, 0, "" },
		{ 90 * G, THIN, LITEIO_ACCOUNT_GROW, G, 0, "" },
		{ 90 * G, THIN, LITEIO_ACCOUNT_GROW, 951 * G, -ENOSPC, "overcommit" },
		{ 95 * G, THIN, LITEIO_ACCOUNT_SHARE, 1, -ENOSPC, "critical" },
		{ 95 * G, THIN, LITEIO_ACCOUNT_GROW, 1, -ENOSPC, "critical" },
		{ 100 * G, THIN, LITEIO_ACCOUNT_SHARE, 1, -ENOSPC, "full" },
		{ 100 * G, RESERVED, LITEIO_ACCOUNT_CREATE, 3 * G, 0, "" },
		{ 100 * G, RESERVED, LITEIO_ACCOUNT_SHARE, 3 * G, 0, "" },
		{ 0, RESERVED, LITEIO_ACCOUNT_CREATE, 3 * G + 1, -ENOSPC, "3.0 GiB are left" },
		{ 0, RESERVED, LITEIO_ACCOUNT_SHARE, 4 * G, -ENOSPC, "3.0 GiB are left" },
		{ 0, RESERVED, LITEIO_ACCOUNT_GROW, 4 * G, -ENOSPC, "3.0 GiB are left" },
		{ 100 * G, LINEAR, LITEIO_ACCOUNT_CREATE, 5 * G, 0, "" },
		{ 0, LINEAR, LITEIO_ACCOUNT_CREATE, 6 * G, -ENOSPC, "5.0 GiB are left" },
		{ 0, LINEAR, LITEIO_ACCOUNT_GROW, 6 * G, -ENOSPC, "5.0 GiB are left" },
		{ 0, LINEAR, LITEIO_ACCOUNT_SHARE, 0, -EOPNOTSUPP, "no snapshots" },
		{ 0, 9, LITEIO_ACCOUNT_CREATE, 1, -EINVAL, "no class" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_account a = sum(cases[i].used, 0);
		struct liteio_error err = LITEIO_ERROR_INIT;
		int r = liteio_account_admit(&a, cases[i].vclass, cases[i].what, cases[i].bytes,
					     &err);

		ck_assert_msg(r == cases[i].code && strstr(err.msg, cases[i].says),
			      "case %zu: %d %s", i, r, err.msg);
	}
}
END_TEST

START_TEST(test_without)
{
	static const struct liteio_account nothing;
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_account_admit(&nothing, RESERVED, LITEIO_ACCOUNT_CREATE, 1, &err),
			 -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(err.msg, "without space for reserved"));
	ck_assert_int_eq(liteio_account_admit(&nothing, LINEAR, LITEIO_ACCOUNT_CREATE, 1, &err),
			 -EOPNOTSUPP);
}
END_TEST

START_TEST(test_metadata)
{
	static const struct {
		struct liteio_usage meta;
		uint64_t unmade;
		enum liteio_account_what what;
		int r;
	} cases[] = {
		{ { 0, 1000 }, 0, LITEIO_ACCOUNT_SHARE, 0 },
		{ { 899, 1000 }, 0, LITEIO_ACCOUNT_SHARE, 0 },
		{ { 900, 1000 }, 0, LITEIO_ACCOUNT_SHARE, -ENOSPC },
		{ { 900, 1000 }, 0, LITEIO_ACCOUNT_CREATE, -ENOSPC },
		{ { 1000, 1000 }, 0, LITEIO_ACCOUNT_CREATE, -ENOSPC },
		{ { 1000, 1000 }, 0, LITEIO_ACCOUNT_GROW, 0 },
		/* a block for each that has none yet */
		{ { 0, 409600 }, 89, LITEIO_ACCOUNT_CREATE, 0 },
		{ { 0, 409600 }, 90, LITEIO_ACCOUNT_CREATE, -ENOSPC },
		{ { 0, 409600 }, 90, LITEIO_ACCOUNT_SHARE, -ENOSPC },
		{ { 0, 409600 }, 90, LITEIO_ACCOUNT_GROW, 0 },
		/* of a pool that does not say */
		{ { 0, 0 }, 7, LITEIO_ACCOUNT_SHARE, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;

		ck_assert_int_eq(liteio_account_metadata(&cases[i].meta, cases[i].unmade,
							 cases[i].what, &err),
				 cases[i].r);
		ck_assert(!cases[i].r || strstr(err.msg, "nearly full"));
		ck_assert(!cases[i].r || !cases[i].unmade || strstr(err.msg, "later: 90)"));
	}
}
END_TEST

START_TEST(test_make)
{
	static const struct {
		struct liteio_usage meta;
		int r;
	} cases[] = {
		{ { 0, G }, 0 },
		{ { G / 20 * 19 - 1, G / 20 * 20 }, 0 },
		{ { G / 20 * 19, G / 20 * 20 }, -ENOSPC },
		{ { G, G }, -ENOSPC },
		{ { G + 1, G }, -ENOSPC },
		/* a twentieth of little is next to nothing */
		{ { (100 - 17) * 4096, 100 * 4096 }, 0 },
		{ { (100 - 16) * 4096, 100 * 4096 }, -ENOSPC },
		{ { 0, 0 }, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		int r = liteio_account_make(&cases[i].meta, &err);

		ck_assert_msg(r == cases[i].r, "case %zu: %d", i, r);
		ck_assert(!r || strstr(err.msg, "nearly full"));
	}
}
END_TEST

UNIT_MAIN("account", test_numbers, test_fill, test_admit, test_without, test_metadata,
	  test_make)
