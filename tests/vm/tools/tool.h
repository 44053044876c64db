/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the small programs of this folder share: how they give up, read a number, and tell the time.
 */
#ifndef LITEIO_TESTS_TOOL_H
#define LITEIO_TESTS_TOOL_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* say why, under the program's name, and end with status 2 */
static inline void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

/* a whole decimal number, or the end */
static inline uint64_t number(const char *text)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end)
		die("\"%s\" is not a number", text);
	return value;
}

/* nanoseconds of CLOCK_MONOTONIC */
static inline uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

#endif
