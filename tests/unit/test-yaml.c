// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * YAML documents as JSON values: what plain scalars become, and what is refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/yaml.h"
#include "unit.h"

static const struct {
	const char *yaml;
	const char *json;
} good[] = {
	{ "a: b\n", "{\"a\":\"b\"}" },
	{ "a: true\nb: false\nc: null\nx: ~\ne:\n",
	  "{\"a\":true,\"b\":false,\"c\":null,\"x\":null,\"e\":null}" },
	{ "a: 'true'\nb: \"7\"\n", "{\"a\":\"true\",\"b\":\"7\"}" },
	{ "a: 7\nb: -3\nc: 0\nx: 007\ne: 1.5\n",
	  "{\"a\":7,\"b\":-3,\"c\":0,\"x\":\"007\",\"e\":\"1.5\"}" },
	/* no surprises of older versions */
	{ "a: yes\nb: no\nc: off\nx: 0x10\n",
	  "{\"a\":\"yes\",\"b\":\"no\",\"c\":\"off\",\"x\":\"0x10\"}" },
	{ "a: 99999999999999999999\n", "{\"a\":\"99999999999999999999\"}" },
	{ "- 1\n- [x, y]\n- {k: v}\n", "[1,[\"x\",\"y\"],{\"k\":\"v\"}]" },
	{ "a: |\n  one\n  two\n", "{\"a\":\"one\\ntwo\\n\"}" },
	{ "---\na: &x {k: v}\nb: *x\n...\n", "{\"a\":{\"k\":\"v\"},\"b\":{\"k\":\"v\"}}" },
	{ "{\"a\":[1,true,null,\"\\u00e4\\/\"]}", "{\"a\":[1,true,null,\"\xc3\xa4/\"]}" },
};

START_TEST(test_good)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(!liteio_yaml_parse(good[i].yaml, strlen(good[i].yaml), &j, &err),
			      "%s: %s", good[i].yaml, err.msg);
		text = liteio_json_print(j);
		ck_assert_str_eq(text, good[i].json);
		free(text);
		liteio_json_unref(j);
	}
}
END_TEST

START_TEST(test_empty)
{
	struct liteio_json *j = (void *)1;

	ck_assert_int_eq(liteio_yaml_parse("", 0, &j, NULL), 0);
	ck_assert_ptr_null(j);
	ck_assert_int_eq(liteio_yaml_parse("# nothing\n", 10, &j, NULL), 0);
	ck_assert_ptr_null(j);
}
END_TEST

static const struct {
	const char *yaml;
	const char *sentence;
} bad[] = {
	{ "a: [1\nb: 2\n", "line 2: " },
	{ "a: 1\na: 2\n", "line 2: this key is there already" },
	{ "a:\na: 2\n", "line 2: this key is there already" },
	{ "a: 1\n---\nb: 2\n", "more than one document" },
	{ "a: !!binary aGk=\n", "line 1: a tag" },
	{ "? [x]\n: 1\n", "line 1: a key that is no text" },
	{ "a: \"x\\0y\"\n", "line 1: a NUL character" },
	{ "a: *nobody\n", "line 1: " },
	{ "\ta: 1\n", "line 1: " },
	{ "a: \xff\n", "line 1: " },
};

START_TEST(test_bad)
{
	struct liteio_json *j = (void *)1;
	struct liteio_error err = LITEIO_ERROR_INIT;
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		text = bad[i].yaml;
		ck_assert_msg(liteio_yaml_parse(text, strlen(text), &j, &err) == -EINVAL, "%s",
			      text);
		ck_assert_msg(strstr(err.msg, bad[i].sentence) != NULL, "%s: %s", text, err.msg);
		ck_assert_ptr_eq(j, (void *)1);
	}
}
END_TEST

/* neither a deep document nor one that multiplies its aliases takes more than its bound */
START_TEST(test_bounds)
{
	char deep[2 * LITEIO_YAML_MAX_DEPTH + 16], laughs[1024] = "", *p = deep;
	struct liteio_json *j = (void *)1;
	struct liteio_error err = LITEIO_ERROR_INIT;
	size_t n = 0;
	int i, k;

	for (i = 0; i < LITEIO_YAML_MAX_DEPTH + 2; i++)
		*p++ = '[';
	for (i = 0; i < LITEIO_YAML_MAX_DEPTH + 2; i++)
		*p++ = ']';
	ck_assert_int_eq(liteio_yaml_parse(deep, p - deep, &j, &err), -EMSGSIZE);
	ck_assert_ptr_nonnull(strstr(err.msg, "too deep"));
	n += snprintf(laughs + n, sizeof(laughs) - n, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (i = 1; i < 8; i++) {
		n += snprintf(laughs + n, sizeof(laughs) - n, "a%d: &a%d [", i, i);
		for (k = 0; k < 9; k++)
			n += snprintf(laughs + n, sizeof(laughs) - n, "*a%d%s", i - 1,
				      k < 8 ? ", " : "]\n");
	}
	ck_assert_uint_lt(n, sizeof(laughs));
	ck_assert_int_eq(liteio_yaml_parse(laughs, n, &j, &err), -EMSGSIZE);
	ck_assert_ptr_nonnull(strstr(err.msg, "too large"));
	ck_assert_ptr_eq(j, (void *)1);
}
END_TEST

UNIT_MAIN("yaml", test_good, test_empty, test_bad, test_bounds)
