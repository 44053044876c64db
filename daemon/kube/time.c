// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Times as Kubernetes writes them (RFC 3339).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "kube/object.h"

/* the years that have four digits */
#define TIME_MIN (-62167219200LL)
#define TIME_MAX 253402300799LL

void liteio_time_format(time_t t, char out[LITEIO_TIME_STRLEN + 1])
{
	struct tm tm;

	if (t < TIME_MIN)
		t = TIME_MIN;
	if (t > TIME_MAX)
		t = TIME_MAX;
	gmtime_r(&t, &tm);
	strftime(out, LITEIO_TIME_STRLEN + 1, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void liteio_time_format_micro(const struct timespec *t, char out[LITEIO_TIME_MICRO_STRLEN + 1])
{
	char seconds[LITEIO_TIME_STRLEN + 1];
	unsigned int micro = (unsigned int)(t->tv_nsec / 1000) % 1000000;

	liteio_time_format(t->tv_sec, seconds);
	snprintf(out, LITEIO_TIME_MICRO_STRLEN + 1, "%.19s.%06uZ", seconds, micro);
}

/* @n digits as a number; -1 when they are not all digits */
static int digits(const char **s, size_t n)
{
	int v = 0;

	for (; n; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

/* fields that follow each other, each after its separator (' ' for none) */
static int fields(const char **s, const char *separators, const size_t *lengths, int *ret, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (separators[i] != ' ' && *(*s)++ != separators[i])
			return -EINVAL;
		ret[i] = digits(s, lengths[i]);
		if (ret[i] < 0)
			return -EINVAL;
	}
	return 0;
}

/* "Z", "+01:00": seconds east of Greenwich, at the end of the text */
static int zone(const char *s, long *ret)
{
	static const size_t lengths[] = { 2, 2 };
	int v[2], sign;

	if (!strcmp(s, "Z") || !strcmp(s, "z")) {
		*ret = 0;
		return 0;
	}
	if (*s != '+' && *s != '-')
		return -EINVAL;
	sign = *s++ == '-' ? -1 : 1;
	if (fields(&s, " :", lengths, v, 2) || *s || v[0] > 23 || v[1] > 59)
		return -EINVAL;
	*ret = sign * (v[0] * 3600L + v[1] * 60L);
	return 0;
}

int liteio_time_parse(const char *s, time_t *ret)
{
	static const size_t lengths[] = { 4, 2, 2, 2, 2, 2 };
	struct tm tm = { 0 };
	int v[6], day;
	long east;
	time_t t;

	if (!s || fields(&s, " --T::", lengths, v, 6))
		return -EINVAL;
	if (*s == '.') {
		size_t n = strspn(++s, "0123456789");

		if (!n)
			return -EINVAL;
		s += n;
	}
	if (zone(s, &east))
		return -EINVAL;
	if (v[1] < 1 || v[1] > 12 || v[2] < 1 || v[3] > 23 || v[4] > 59 || v[5] > 60)
		return -EINVAL;
	tm.tm_year = v[0] - 1900;
	tm.tm_mon = v[1] - 1;
	tm.tm_mday = v[2];
	/* timegm() makes the 2nd of March of the 30th of February */
	day = tm.tm_mday;
	t = timegm(&tm);
	if (tm.tm_mday != day)
		return -EINVAL;
	*ret = t + v[3] * 3600L + v[4] * 60L + v[5] - east;
	return 0;
}
