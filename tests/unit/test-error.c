// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Errors: codes are always negative, sentences are built from the inside out and cut, never torn.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "unit.h"

START_TEST(test_set)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_error_set(&err, -ENOENT, "no %s", "pool"), -ENOENT);
	ck_assert_int_eq(err.code, -ENOENT);
	ck_assert_str_eq(err.msg, "no pool");
	ck_assert_int_eq(liteio_error_set(&err, ENOENT, "x"), -ENOENT);
	ck_assert_int_eq(liteio_error_set(&err, 0, "x"), -EIO);
	ck_assert_int_eq(liteio_error_set(NULL, -EINVAL, "x"), -EINVAL);
}
END_TEST

START_TEST(test_set_from_itself)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	liteio_error_set(&err, -EIO, "inner");
	liteio_error_set(&err, -EIO, "outer (%s)", err.msg);
	ck_assert_str_eq(err.msg, "outer (inner)");
}
END_TEST

START_TEST(test_wrap)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	liteio_error_set(&err, -EIO, "read failed");
	ck_assert_int_eq(liteio_error_wrap(&err, -ENXIO, "pool %s", "p1"), -ENXIO);
	ck_assert_str_eq(err.msg, "pool p1: read failed");
	ck_assert_int_eq(err.code, -ENXIO);
	ck_assert_int_eq(liteio_error_wrap(NULL, -ENXIO, "x"), -ENXIO);
	/* nothing inside yet: the errno's own text */
	err = (struct liteio_error)LITEIO_ERROR_INIT;
	liteio_error_wrap(&err, -ENOENT, "open");
	ck_assert_str_eq(err.msg, "open: No such file or directory");
}
END_TEST

START_TEST(test_cut)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char longest[2 * LITEIO_ERROR_MSG_MAX];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	liteio_error_set(&err, -EIO, "%s", longest);
	ck_assert_uint_eq(strlen(err.msg), LITEIO_ERROR_MSG_MAX - 1);
	liteio_error_wrap(&err, -EIO, "where");
	ck_assert_uint_eq(strlen(err.msg), LITEIO_ERROR_MSG_MAX - 1);
	ck_assert_int_eq(strncmp(err.msg, "where: xxx", 10), 0);
	liteio_error_wrap(&err, -EIO, "%s", longest);
	ck_assert_uint_eq(strlen(err.msg), LITEIO_ERROR_MSG_MAX - 1);
}
END_TEST

START_TEST(test_names)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_str_eq(liteio_errno_name(-ENOENT), "ENOENT");
	ck_assert_str_eq(liteio_errno_name(EAGAIN), "EAGAIN");
	ck_assert_str_eq(liteio_errno_name(0), "EUNKNOWN");
	ck_assert_str_eq(liteio_errno_name(-99999), "EUNKNOWN");
	ck_assert_str_eq(liteio_error_str(NULL, -EACCES), "Permission denied");
	ck_assert_str_eq(liteio_error_str(NULL, -99999), "unknown error");
	ck_assert_str_eq(liteio_error_str(&err, -EACCES), "Permission denied");
}
END_TEST

UNIT_MAIN("error", test_set, test_set_from_itself, test_wrap, test_cut, test_names)
