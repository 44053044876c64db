/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included before every file that clang-tidy looks at: tells its analyzer what it cannot see from
 * the other file, that liteio_error_set() and liteio_error_wrap() never return success.
 */
#ifndef LITEIO_LINT_CLANG_TIDY_H
#define LITEIO_LINT_CLANG_TIDY_H

#if __has_include("base/error.h")
#include <errno.h>
#include "base/error.h"

static inline int never_success(int code)
{
	return code < 0 ? code : -EIO;
}

/* `run` leaves this out for error.c: these would stand in the way of the definitions */
#define liteio_error_set(err, code, ...) \
	never_success((liteio_error_set)(err, code, __VA_ARGS__))
#define liteio_error_wrap(err, code, ...) \
	never_success((liteio_error_wrap)(err, code, __VA_ARGS__))
#endif

#endif
