// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON that somebody typed: a key that is given twice is refused, with its place and its line.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "unit.h"

static const struct {
	const char *text;
	const char *sentence; /* NULL: every key once */
	size_t line;
} twice[] = {
	{ "{\"a\":1,\n\"b\":2,\n\"a\":1}", "a: given twice", 3 },
	{ "{\"a\":1,\n\"a\":null}", "a: given twice", 2 },
	/* the same key, written otherwise */
	{ "{\"a\":1,\n\"\\u0061\":2}", "a: given twice", 2 },
	{ "{\"\\u0061\":1,\n\n\"a\":2}", "a: given twice", 3 },
	{ "{\"\\\"\":1,\"\\\"\":2}", "\": given twice", 1 },
	{ "{\"\":1,\"\":2}", ": given twice", 1 },
	{ "{\"a\":{\"b\":1,\n\"b\":2}}", "a.b: given twice", 2 },
	{ "{\"a\":[1,[],\n{\"b\":{\"c\":1}},{\"b\":1,\n\"b\":2}]}", "a[3].b: given twice", 3 },
	{ "{\"a\":[[{\"b\":1,\"b\":2}]]}", "a[0][0].b: given twice", 1 },
	{ "[{\"a\":1},{\"a\":1,\"a\":2}]", "[1].a: given twice", 1 },
	{ "{\"a\":1,\"a\":2",
	  "not JSON: unexpected end of data at byte 0, in line 1", 0 },
	{ "{\"a\":{\"a\":[{\"a\":1},{\"a\":\"a\"}]},\"A\":\"a\",\"b\":\"{\\\"a\\\":1\"}", NULL, 0 },
	{ "{}", NULL, 0 },
	{ "7", NULL, 0 },
};

START_TEST(test_twice)
{
	for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
		const char *text = twice[i].text;
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_json *j = NULL;
		int r = liteio_json_parse_strict(text, strlen(text), &j, &err);

		ck_assert_msg(r == (twice[i].sentence ? -EINVAL : 0), "%s: %d", text, r);
		ck_assert_int_eq(!j, r != 0);
		liteio_json_unref(j);
		if (!r)
			continue;
		ck_assert_str_eq(err.msg, twice[i].sentence);
		ck_assert_int_eq(liteio_json_parse_strict(text, strlen(text), &j, NULL), -EINVAL);
		if (twice[i].line)
			ck_assert_uint_eq(liteio_json_line(text, strlen(text), err.msg),
					  twice[i].line);
	}
}
END_TEST

UNIT_MAIN("json-twice", test_twice)
