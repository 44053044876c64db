// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Libraries that are loaded when they are needed: found, or a sentence why not; and code that is
 * mapped no more is there when it is run again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lazy.h"
#include "base/str.h"
#include "unit.h"

struct some {
	double (*first)(double x);
	double (*second)(double x);
};

START_TEST(test_loaded)
{
	static const char *const names[] = { "floor", "ceil" };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct some some = { 0 };

	ck_assert_int_eq(liteio_lazy_load("libm.so.6", names, 2, &some, &err), 0);
	ck_assert(some.first(1.5) < 1.25 && some.second(1.5) > 1.75);
}
END_TEST

START_TEST(test_missing)
{
	static const char *const names[] = { "floor", "no_such_function" };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct some some = { 0 };

	ck_assert_int_eq(liteio_lazy_load("libm.so.6", names, 2, &some, &err), -ENOSYS);
	ck_assert_ptr_nonnull(strstr(err.msg, "no_such_function"));
	ck_assert_int_eq(liteio_lazy_load("libnosuch.so.1", names, 1, &some, &err), -ENOSYS);
	ck_assert_ptr_nonnull(strstr(err.msg, "libnosuch.so.1"));
}
END_TEST

static const char word[] = "read-only data";
static char written[] = "as it was linked";

START_TEST(test_forgotten)
{
	char *text;

	written[0] = 'A';
	liteio_lazy_forget_code();
	text = liteio_strf("%s, %s", word, written);
	ck_assert_str_eq(text, "read-only data, As it was linked");
	free(text);
	/* by a table of relocations, too */
	ck_assert_ptr_nonnull(getenv("PATH"));
}
END_TEST

UNIT_MAIN("lazy", test_loaded, test_missing, test_forgotten)
