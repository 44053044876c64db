// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strings: buffers, strict numbers, sizes as Kubernetes reads them, names.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "unit.h"

START_TEST(test_buf)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	char *s;

	liteio_buf_add(&b, NULL, 0);
	ck_assert_str_eq(b.data, "");
	for (int i = 0; i < 1000; i++)
		liteio_buf_addf(&b, "%03d,", i);
	ck_assert_uint_eq(b.len, 4000);
	ck_assert_uint_eq(strlen(b.data), 4000);
	liteio_buf_consume(&b, 3996);
	ck_assert_str_eq(b.data, "999,");
	liteio_buf_addstr(&b, "x");
	s = liteio_buf_take(&b);
	ck_assert_str_eq(s, "999,x");
	ck_assert_uint_eq(b.len, 0);
	free(s);
	s = liteio_buf_take(&b);
	ck_assert_str_eq(s, "");
	free(s);
	liteio_buf_fini(&b);
}
END_TEST

/* texts of every length around what there is room for, into nothing and behind something */
START_TEST(test_buf_formatted)
{
	static const uint64_t numbers[] = { 0, 9, 10, 12345678901234567890u, UINT64_MAX };
	char much[300];

	memset(much, 'x', sizeof(much));
	for (int len = 0; len < 300; len++) {
		struct liteio_buf b = LITEIO_BUF_INIT;

		liteio_buf_addf(&b, "%.*s", len, much);
		ck_assert_uint_eq(b.len, len);
		liteio_buf_addf(&b, "%.*s!", 299 - len, much);
		ck_assert_uint_eq(b.len, 300);
		ck_assert(!memcmp(b.data, much, 299));
		ck_assert_str_eq(b.data + 299, "!");
		liteio_buf_fini(&b);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct liteio_buf b = LITEIO_BUF_INIT;

		snprintf(much, sizeof(much), "-%llu", (unsigned long long)numbers[i]);
		liteio_buf_addstr(&b, "-");
		liteio_buf_add_u64(&b, numbers[i]);
		ck_assert_str_eq(b.data, much);
		liteio_buf_fini(&b);
	}
}
END_TEST

START_TEST(test_u64)
{
	uint64_t v = 7;

	ck_assert_int_eq(liteio_parse_u64("0", 0, 9, &v), 0);
	ck_assert_uint_eq(v, 0);
	ck_assert_int_eq(liteio_parse_u64("18446744073709551615", 0, UINT64_MAX, &v), 0);
	ck_assert_uint_eq(v, UINT64_MAX);
	v = 7;
	ck_assert_int_eq(liteio_parse_u64("18446744073709551616", 0, UINT64_MAX, &v), -ERANGE);
	ck_assert_int_eq(liteio_parse_u64("99999999999999999999999", 0, UINT64_MAX, &v), -ERANGE);
	ck_assert_int_eq(liteio_parse_u64("10", 0, 9, &v), -ERANGE);
	ck_assert_int_eq(liteio_parse_u64("1", 2, 9, &v), -ERANGE);
	ck_assert_int_eq(liteio_parse_u64("", 0, 9, &v), -EINVAL);
	ck_assert_int_eq(liteio_parse_u64(NULL, 0, 9, &v), -EINVAL);
	ck_assert_int_eq(liteio_parse_u64("-1", 0, 9, &v), -EINVAL);
	ck_assert_int_eq(liteio_parse_u64("+1", 0, 9, &v), -EINVAL);
	ck_assert_int_eq(liteio_parse_u64(" 1", 0, 9, &v), -EINVAL);
	ck_assert_int_eq(liteio_parse_u64("1 ", 0, 9, &v), -EINVAL);
	ck_assert_int_eq(liteio_parse_u64("0x1", 0, 9, &v), -EINVAL);
	ck_assert_uint_eq(v, 7);
}
END_TEST

static const struct {
	const char *text;
	int r;
	uint64_t bytes;
} sizes[] = {
	{ "1073741824", 0, 1073741824 },
	{ "512M", 0, 512000000 },
	{ "10Gi", 0, 10737418240 },
	{ "1.5Ti", 0, 1649267441664 },
	{ "1e9", 0, 1000000000 },
	{ "1E9", 0, 1000000000 },
	{ "1.5e3", 0, 1500 },
	{ "1e+3", 0, 1000 },
	{ "15e-1", 0, 2 },
	{ "1E", 0, 1000000000000000000 },
	{ "1k", 0, 1000 },
	{ "1Ki", 0, 1024 },
	{ ".5Ki", 0, 512 },
	{ "1.Ki", 0, 1024 },
	{ "+1Ki", 0, 1024 },
	{ "0.1", 0, 1 },
	{ "0.1Ki", 0, 103 },
	{ "1.0000000000000000000000000000000000000000000000", 0, 1 },
	{ "7.9999Ei", 0, 9223256744704315124 },
	{ "9223372036854775807", 0, INT64_MAX },
	{ "9223372036854775808", -ERANGE, 0 },
	{ "8Ei", -ERANGE, 0 },
	{ "0", -ERANGE, 0 },
	{ "0Gi", -ERANGE, 0 },
	{ "0e5", -ERANGE, 0 },
	{ "1e-200", 0, 1 },
	{ "99999999999999999999999999999999999999999999Ki", -ERANGE, 0 },
	{ "1e100", -ERANGE, 0 },
	{ "1e99999999999", -ERANGE, 0 },
	{ "99999999999999999999999999999999999999999999", -ERANGE, 0 },
	{ "10GiB", 0, 10737418240 },
	{ "10GB", 0, 10000000000 },
	{ "16777216B", 0, 16777216 },
	{ "1kB", 0, 1000 },
	{ "1KB", 0, 1000 },
	{ "1KiB", 0, 1024 },
	{ "1EB", 0, 1000000000000000000 },
	{ "1.5GiB", 0, 1610612736 },
	{ "-1Gi", -EINVAL, 0 },
	{ "99999999999999999999999999999999999999999999Q", -EINVAL, 0 },
	{ "1e5000Q", -EINVAL, 0 },
	{ "1.5E1Mi", -EINVAL, 0 },
	{ "1e3B", -EINVAL, 0 },
	{ "1BB", -EINVAL, 0 },
	{ "1iB", -EINVAL, 0 },
	/* of lvcreate, where they are of 1024; and a thousandth for Kubernetes */
	{ "10g", -EINVAL, 0 },
	{ "512m", -EINVAL, 0 },
	{ "1b", -EINVAL, 0 },
	{ "1kiB", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ "Gi", -EINVAL, 0 },
	{ ".", -EINVAL, 0 },
	{ "1 Gi", -EINVAL, 0 },
	{ "1gi", -EINVAL, 0 },
	{ "1..5", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
	{ "1e", -EINVAL, 0 },
};

START_TEST(test_size)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		uint64_t v = 4711;
		int r = liteio_parse_size(sizes[i].text, &v, &err);

		ck_assert_msg(r == sizes[i].r, "\"%s\": %d, not %d (%s)", sizes[i].text, r,
			      sizes[i].r, err.msg);
		ck_assert_msg(v == (r ? 4711 : sizes[i].bytes), "\"%s\": %llu", sizes[i].text,
			      (unsigned long long)v);
		ck_assert((r != 0) == (err.msg[0] != '\0'));
	}
	ck_assert_int_eq(liteio_parse_size(NULL, NULL, NULL), -EINVAL);
}
END_TEST

static const char letters[] = "0.17eE+-kKMiBb ";

/* what is written down of sizes, for documents and other programs, is what is taken */
static void same(const regex_t *pattern, const char *text)
{
	uint64_t v;
	bool matches = !regexec(pattern, text, 0, NULL, 0);

	if (matches != (liteio_parse_size(text, &v, NULL) != -EINVAL))
		ck_abort_msg("\"%s\"", text);
}

static void all_that_begin(const regex_t *pattern, char *text, size_t len, size_t max)
{
	same(pattern, text);
	if (len == max)
		return;
	for (const char *c = letters; *c; c++) {
		text[len] = *c;
		all_that_begin(pattern, text, len + 1, max);
		text[len] = '\0';
	}
}

START_TEST(test_size_pattern)
{
	char text[8] = "";
	regex_t pattern;

	ck_assert_int_eq(regcomp(&pattern, LITEIO_SIZE_PATTERN, REG_EXTENDED | REG_NOSUB), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		same(&pattern, sizes[i].text);
	all_that_begin(&pattern, text, 0, 4);
	regfree(&pattern);
}
END_TEST

START_TEST(test_format_size)
{
	char out[32];

	ck_assert_str_eq(liteio_format_size(0, out, sizeof(out)), "0 B");
	ck_assert_str_eq(liteio_format_size(1023, out, sizeof(out)), "1023 B");
	ck_assert_str_eq(liteio_format_size(1024, out, sizeof(out)), "1.0 KiB");
	ck_assert_str_eq(liteio_format_size(10737418240, out, sizeof(out)), "10.0 GiB");
	ck_assert_str_eq(liteio_format_size(1649267441664, out, sizeof(out)), "1.5 TiB");
	ck_assert_str_eq(liteio_format_size(UINT64_MAX, out, sizeof(out)), "16.0 EiB");
}
END_TEST

START_TEST(test_name)
{
	static const char *const good[] = { "a", "0", "pvc-1", "a.b-c", "a--b" };
	static const char *const bad[] = { "",	  "-a",	 "a-", ".a",  "a.", "a..b",
					   "A",	  "a_b", "a/b", "a b", "a\n", "\xc3\xa4" };
	struct liteio_error err = LITEIO_ERROR_INIT;
	char longest[LITEIO_OBJECT_NAME_MAX + 2];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_int_eq(liteio_name_check("pool", good[i], &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(liteio_name_check("pool", bad[i], &err) == -EINVAL, "\"%s\"", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[LITEIO_OBJECT_NAME_MAX + 1] = '\0';
	ck_assert_int_eq(liteio_name_check("pool", longest, &err), -EINVAL);
	longest[LITEIO_OBJECT_NAME_MAX] = '\0';
	ck_assert_int_eq(liteio_name_check("pool", longest, &err), 0);
	ck_assert_int_eq(liteio_name_check("pool", NULL, &err), -EINVAL);
}
END_TEST

START_TEST(test_split)
{
	char text[] = "a::b:c:d";
	char *f[4];

	ck_assert_uint_eq(liteio_split(text, ':', f, 4), 4);
	ck_assert_str_eq(f[0], "a");
	ck_assert_str_eq(f[1], "");
	ck_assert_str_eq(f[2], "b");
	ck_assert_str_eq(f[3], "c");
}
END_TEST

START_TEST(test_utf8)
{
	char *s;

	ck_assert_ptr_null(liteio_utf8_clean("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"));
	s = liteio_utf8_clean("a\xff\x62");
	ck_assert_str_eq(s, "a\xef\xbf\xbd\x62");
	free(s);
	/* overlong, surrogate, beyond the last plane, cut */
	ck_assert_ptr_nonnull(s = liteio_utf8_clean("\xc0\x80"));
	free(s);
	ck_assert_ptr_nonnull(s = liteio_utf8_clean("\xed\xa0\x80"));
	free(s);
	ck_assert_ptr_nonnull(s = liteio_utf8_clean("\xf4\x90\x80\x80"));
	free(s);
	s = liteio_utf8_clean("\xe2\x82");
	ck_assert_str_eq(s, "\xef\xbf\xbd\xef\xbf\xbd");
	free(s);
}
END_TEST

/* what is in it stays, and most of those that are added move nothing */
START_TEST(test_list_room)
{
	size_t n, room = 0, n_moved = 0;
	int *items = NULL;

	for (n = 0; n < 1000; n++) {
		size_t had = room;

		items = liteio_list_room(items, n, &room, sizeof(*items));
		ck_assert_uint_gt(room, n);
		n_moved += room != had;
		items[n] = (int)n;
	}
	ck_assert_uint_eq(n_moved, 8);
	while (n > 0) {
		n--;
		ck_assert_int_eq(items[n], (int)n);
	}
	free(items);
}
END_TEST

UNIT_MAIN("str", test_list_room, test_buf, test_buf_formatted, test_u64, test_size,
	  test_size_pattern, test_format_size, test_name, test_split, test_utf8)
