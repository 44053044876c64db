// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UUIDs: exactly 36 characters, both cases in, lower case out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/uuid.h"
#include "unit.h"

#define TEXT "0123abcd-4567-89ef-0011-223344556677"

START_TEST(test_round_trip)
{
	char out[LITEIO_UUID_STRLEN + 1];
	struct liteio_uuid u;

	ck_assert_int_eq(liteio_uuid_parse(TEXT, &u), 0);
	ck_assert_uint_eq(u.b[0], 0x01);
	ck_assert_uint_eq(u.b[3], 0xcd);
	ck_assert_uint_eq(u.b[15], 0x77);
	liteio_uuid_format(&u, out);
	ck_assert_str_eq(out, TEXT);
	ck_assert_int_eq(liteio_uuid_parse("0123ABCD-4567-89EF-0011-223344556677", &u), 0);
	liteio_uuid_format(&u, out);
	ck_assert_str_eq(out, TEXT);
}
END_TEST

/* every byte, in every place */
START_TEST(test_digits)
{
	char out[LITEIO_UUID_STRLEN + 1], text[LITEIO_UUID_STRLEN + 1];
	struct liteio_uuid u;

	for (unsigned int first = 0; first < 256; first++) {
		size_t at = 0;

		for (size_t i = 0; i < sizeof(u.b); i++) {
			u.b[i] = (uint8_t)(first + 17 * i);
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%02x",
					       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
					       u.b[i]);
		}
		liteio_uuid_format(&u, out);
		ck_assert_str_eq(out, text);
	}
}
END_TEST

START_TEST(test_bad)
{
	static const char *const bad[] = {
		"",
		"-",
		"0123abcd-4567-89ef-0011-22334455667",
		"0123abcd-4567-89ef-0011-2233445566777",
		"0123abcd-4567-89ef-0011-22334455667g",
		"0123abcd04567-89ef-0011-223344556677",
		"0123abcd-4567-89ef-0011_223344556677",
		" 123abcd-4567-89ef-0011-223344556677",
		"0123abcd456789ef0011223344556677",
		"{0123abcd-4567-89ef-0011-223344556677}",
	};
	struct liteio_uuid u;

	memset(&u, 0x5a, sizeof(u));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(liteio_uuid_parse(bad[i], &u) == -EINVAL, "accepted \"%s\"", bad[i]);
		ck_assert_uint_eq(u.b[0], 0x5a);
	}
	ck_assert_int_eq(liteio_uuid_parse(NULL, &u), -EINVAL);
}
END_TEST

START_TEST(test_random)
{
	struct liteio_uuid a, b, null = { { 0 } };

	liteio_uuid_random(&a);
	liteio_uuid_random(&b);
	ck_assert(!liteio_uuid_equal(&a, &b));
	ck_assert(liteio_uuid_equal(&a, &a));
	ck_assert_uint_eq(a.b[6] >> 4, 4);
	ck_assert_uint_eq(a.b[8] >> 6, 2);
	ck_assert(!liteio_uuid_is_null(&a));
	ck_assert(liteio_uuid_is_null(&null));
}
END_TEST

START_TEST(test_ordered)
{
	struct liteio_uuid before, after;

	for (int i = 0; i < 100; i++) {
		liteio_uuid_ordered(&before);
		nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
		liteio_uuid_ordered(&after);
		ck_assert_int_lt(memcmp(before.b, after.b, sizeof(before.b)), 0);
		ck_assert_uint_eq(after.b[6] >> 4, 7);
		ck_assert_uint_eq(after.b[8] >> 6, 2);
	}
}
END_TEST

UNIT_MAIN("uuid", test_round_trip, test_digits, test_bad, test_random, test_ordered)
