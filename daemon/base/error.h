/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An error: a negative errno for programs and a sentence for people, built up on the way out.
 *
 * Every function that can fail for more than one reason takes a struct liteio_error * last and
 * returns a negative errno. The function that notices the failure calls liteio_error_set(); callers
 * that know more prepend it with liteio_error_wrap(). Library code never logs an error: the first
 * caller that decides what to do about it does, once.
 */
#ifndef LITEIO_BASE_ERROR_H
#define LITEIO_BASE_ERROR_H

#include <stdarg.h>

#define LITEIO_ERROR_MSG_MAX 512

/**
 * struct liteio_error - one failure
 * @code: negative errno; 0 means no error
 * @msg:  the sentence, always terminated, without trailing newline; cut when too long
 *
 * Plain storage: no allocation, nothing to free, may live on the stack and be copied.
 */
struct liteio_error {
	int code;
	char msg[LITEIO_ERROR_MSG_MAX];
};

#define LITEIO_ERROR_INIT { 0, "" }

/**
 * liteio_error_set() - record a failure where it is noticed
 * @err: may be NULL: then only the code is returned
 * @code: negative errno (a positive one is negated, 0 becomes -EIO: a failure is never success)
 * @fmt: printf format of the sentence
 *
 * Context: any thread, does not block. Return: the negative code.
 */
int liteio_error_set(struct liteio_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * liteio_error_wrap() - put "context: " before the sentence of a failure on its way out
 * @err: may be NULL
 * @code: the code to return (normally the one received)
 * @fmt: printf format of the context
 *
 * Context: any thread, does not block. Return: @code.
 */
int liteio_error_wrap(struct liteio_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * liteio_error_str() - the sentence, or the errno's text when there is none
 * @err: may be NULL
 * @code: negative errno used when @err has no sentence
 *
 * Return: a string owned by @err or static; never NULL.
 */
const char *liteio_error_str(const struct liteio_error *err, int code);

/**
 * liteio_errno_name() - symbolic name of an errno ("ENOENT")
 * @code: errno of either sign
 *
 * Return: a static string, "EUNKNOWN" when there is no such errno.
 */
const char *liteio_errno_name(int code);

#endif
