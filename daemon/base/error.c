// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An error: a negative errno for programs and a sentence for people.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* the code that is returned: negative whatever was given, and never success */
static int failure_code(int code)
{
	if (code > 0)
		return -code;
	return code ? code : -EIO;
}

int liteio_error_set(struct liteio_error *err, int code, const char *fmt, ...)
{
	/* an argument may be the old sentence itself: format next to it, then copy */
	char msg[LITEIO_ERROR_MSG_MAX];
	va_list ap;

	code = failure_code(code);
	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	memcpy(err->msg, msg, sizeof(msg));
	err->code = code;
	return code;
}

/* what does not fit is cut from the end: the inner sentence gives way to its context */
static size_t append(char *msg, size_t n, const char *s)
{
	size_t len = strnlen(s, LITEIO_ERROR_MSG_MAX - 1 - n);

	memcpy(msg + n, s, len);
	msg[n + len] = '\0';
	return n + len;
}

int liteio_error_wrap(struct liteio_error *err, int code, const char *fmt, ...)
{
	char msg[LITEIO_ERROR_MSG_MAX];
	va_list ap;
	size_t n;

	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	n = append(msg, strlen(msg), ": ");
	append(msg, n, liteio_error_str(err, code));
	memcpy(err->msg, msg, sizeof(msg));
	err->code = code;
	return code;
}

const char *liteio_error_str(const struct liteio_error *err, int code)
{
	const char *text;

	if (err && err->msg[0])
		return err->msg;
	if (err && err->code)
		code = err->code;
	/* static strings, unlike those of strerror() */
	text = strerrordesc_np(code < 0 ? -code : code);
	return text ? text : "unknown error";
}

const char *liteio_errno_name(int code)
{
	const char *name = NULL;

	if (code)
		name = strerrorname_np(code < 0 ? -code : code);
	return name ? name : "EUNKNOWN";
}
