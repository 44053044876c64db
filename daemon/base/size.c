// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers and sizes in text, parsed strictly.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int liteio_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s || !*s)
		return -EINVAL;
	for (; *s; s++) {
		if (!is_digit(*s))
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -ERANGE;
	}
	if (v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

/* a "B" may follow each of them */
static const struct {
	const char *suffix;
	uint64_t factor;
} units[] = {
	{ "", 1 },
	{ "k", 1000ULL },
	{ "K", 1000ULL },
	{ "M", 1000000ULL },
	{ "G", 1000000000ULL },
	{ "T", 1000000000000ULL },
	{ "P", 1000000000000000ULL },
	{ "E", 1000000000000000000ULL },
	{ "Ki", 1ULL << 10 },
	{ "Mi", 1ULL << 20 },
	{ "Gi", 1ULL << 30 },
	{ "Ti", 1ULL << 40 },
	{ "Pi", 1ULL << 50 },
	{ "Ei", 1ULL << 60 },
};

/**
 * struct decimal - a decimal number, exact
 * @mantissa: trailing zeros of the fraction are dropped
 * @exp10: it is @mantissa * 10^@exp10
 * @is_long: it has more digits than any size needs: out of range, or too fine to matter
 * @has_exponent: it was written with one
 */
struct decimal {
	unsigned __int128 mantissa;
	int exp10;
	bool is_long;
	bool has_exponent;
};

#define MANTISSA_MAX (((unsigned __int128)1 << 96) - 1)

static void decimal_digit(struct decimal *d, char c)
{
	if (d->mantissa > (MANTISSA_MAX - 9) / 10)
		d->is_long = true;
	else
		d->mantissa = d->mantissa * 10 + (unsigned int)(c - '0');
}

/* parse "12", "1.5", ".5", "1e9", "1.5E3"; @s is left at the suffix */
static int decimal_parse(const char **s, struct decimal *d)
{
	const char *p = *s;
	bool any = false;

	*d = (struct decimal){ 0 };
	for (; is_digit(*p); p++, any = true)
		decimal_digit(d, *p);
	if (*p == '.') {
		for (p++; is_digit(*p); p++, any = true) {
			const char *rest = p + strspn(p, "0");

			/* nothing but zeros from here on adds nothing */
			if (rest > p && !is_digit(*rest)) {
				p = rest;
				any = true;
				break;
			}
			decimal_digit(d, *p);
			d->exp10--;
		}
	}
	if (!any)
		return -EINVAL;
	/* "1E" is a suffix, "1E3" and "1e3" are exponents */
	if ((*p == 'e' || *p == 'E') &&
	    (is_digit(p[1]) || ((p[1] == '+' || p[1] == '-') && is_digit(p[2])))) {
		bool negative = p[1] == '-';
		int e = 0;

		for (p += is_digit(p[1]) ? 1 : 2; is_digit(*p); p++) {
			d->is_long |= e > 100;
			e = d->is_long ? 0 : e * 10 + (*p - '0');
		}
		d->exp10 += negative ? -e : e;
		d->has_exponent = true;
	}
	*s = p;
	return 0;
}

/* mantissa * 10^exp10 * factor, a fraction rounded up; -ERANGE outside 1..2^63-1 */
static int decimal_scale(const struct decimal *d, uint64_t factor, uint64_t *ret)
{
	unsigned __int128 v = d->mantissa;
	bool fraction = false;
	int e = d->exp10;

	if (!v)
		return -ERANGE;
	/* multiply first: the division then loses nothing that is not a fraction of a byte */
	if (__builtin_mul_overflow(v, (unsigned __int128)factor, &v))
		return -ERANGE;
	for (; e > 0; e--) {
		if (__builtin_mul_overflow(v, (unsigned __int128)10, &v))
			return -ERANGE;
	}
	for (; e < 0 && v; e++) {
		fraction |= v % 10 != 0;
		v /= 10;
	}
	if (fraction)
		v++;
	if (v > INT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)v;
	return 0;
}

/* "Gi", "GiB" */
static bool is_unit(const char *s, const char *suffix)
{
	const size_t len = strlen(suffix);

	return !strncmp(s, suffix, len) && (!s[len] || !strcmp(s + len, "B"));
}

int liteio_parse_size(const char *s, uint64_t *ret, struct liteio_error *err)
{
	const char *p = s;
	struct decimal d;
	int r;

	if (!s || !*s)
		return liteio_error_set(err, -EINVAL, "a size is missing");
	if (*p == '-')
		return liteio_error_set(err, -EINVAL, "size \"%.64s\" must be greater than zero",
					s);
	if (*p == '+')
		p++;
	r = decimal_parse(&p, &d);
	if (r)
		return liteio_error_set(err, r, "\"%.64s\" is not a size (examples: 10Gi, 512M, 1.5Ti)",
					s);
	if (*p && d.has_exponent)
		return liteio_error_set(err, -EINVAL,
					"size \"%.64s\": an exponent or a unit, not both", s);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!is_unit(p, units[i].suffix))
			continue;
		if (d.is_long)
			return liteio_error_set(err, -ERANGE, "size \"%.64s\" has too many digits",
						s);
		r = decimal_scale(&d, units[i].factor, ret);
		if (r)
			return liteio_error_set(err, r, "size \"%.64s\" must be %s", s,
						d.mantissa ? "less than 8Ei" : "greater than zero");
		return 0;
	}
	return liteio_error_set(err, -EINVAL,
				"size \"%.64s\": unknown unit \"%.16s\" (known: K M G T P E, of 1000, and Ki Mi Gi Ti Pi Ei, of 1024)",
				s, p);
}

char *liteio_format_size(uint64_t bytes, char *out, size_t len)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t tenths;
	size_t u = 0;

	while (u + 1 < sizeof(names) / sizeof(names[0]) && bytes >> (10 * (u + 1)))
		u++;
	if (!u) {
		snprintf(out, len, "%llu B", (unsigned long long)bytes);
		return out;
	}
	/* one decimal, rounded to nearest; 1023.96 KiB becomes 1024.0 KiB, which is still true */
	tenths = (uint64_t)(((unsigned __int128)bytes * 10 + (1ULL << (10 * u - 1))) >> (10 * u));
	snprintf(out, len, "%llu.%llu %s", (unsigned long long)(tenths / 10),
		 (unsigned long long)(tenths % 10), names[u]);
	return out;
}
