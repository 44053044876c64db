// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata that fill: from where on they are looked at often, and take the spare.
 */
#include "pool/account.h"
#include "unit.h"

START_TEST(test_lines)
{
	static const struct {
		struct liteio_usage meta;
		bool is_pressed;
		bool is_short;
	} cases[] = {
		{ { 0, 0 }, false, false },	  { { 749, 1000 }, false, false },
		{ { 750, 1000 }, true, false },	  { { 949, 1000 }, true, false },
		{ { 950, 1000 }, true, true },	  { { 1000, 1000 }, true, true },
		{ { 1ull << 40, 1ull << 40 }, true, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct liteio_usage *m = &cases[i].meta;

		ck_assert_int_eq(liteio_account_metadata_pressed(m), cases[i].is_pressed);
		ck_assert_int_eq(liteio_account_metadata_short(m), cases[i].is_short);
	}
}
END_TEST

UNIT_MAIN("account-metadata", test_lines)
