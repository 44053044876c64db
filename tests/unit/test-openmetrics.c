// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * OpenMetrics text: families, escaping, exact seconds, histograms that add up.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/openmetrics.h"
#include "base/str.h"
#include "unit.h"

static struct liteio_buf buf;
static struct liteio_openmetrics m = { .out = &buf };

static void said(const char *want)
{
	char *got = liteio_buf_take(&buf);

	ck_assert_str_eq(got, want);
	free(got);
}

START_TEST(a_family)
{
	const struct liteio_openmetrics_label labels[] = {
		{ "pool", "fast" },
		{ "none", NULL },
		{ "x", "" },
		{ NULL, NULL },
	};

	liteio_openmetrics_family(&m, "a_bytes", "gauge", "bytes", "How many.");
	liteio_openmetrics_u64(&m, "", NULL, 7);
	liteio_openmetrics_u64(&m, "", labels, UINT64_MAX);
	liteio_openmetrics_family(&m, "b", "counter", NULL, "Which.");
	liteio_openmetrics_u64(&m, "_total", labels, 0);
	liteio_openmetrics_end(&m);
	said("# TYPE a_bytes gauge\n# UNIT a_bytes bytes\n# HELP a_bytes How many.\n"
	     "a_bytes 7\na_bytes{pool=\"fast\",x=\"\"} 18446744073709551615\n"
	     "# TYPE b counter\n# HELP b Which.\nb_total{pool=\"fast\",x=\"\"} 0\n# EOF\n");
}
END_TEST

START_TEST(values_are_escaped)
{
	const struct liteio_openmetrics_label labels[] = {
		{ "a", "x\"y\\z\n" },
		{ "b", "\xff{},=" },
		{ NULL, NULL },
	};

	m.name = "n";
	liteio_openmetrics_u64(&m, "", labels, 1);
	said("n{a=\"x\\\"y\\\\z\\n\",b=\"\xef\xbf\xbd{},=\"} 1\n");
}
END_TEST

START_TEST(seconds_are_exact)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "n 0.0\n" },
		{ 1, "n 0.000000001\n" },
		{ 1024, "n 0.000001024\n" },
		{ 1000000000, "n 1.0\n" },
		{ 1500000000, "n 1.5\n" },
		{ UINT64_MAX, "n 18446744073.709551615\n" },
	};

	m.name = "n";
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(cases); i++) {
		liteio_openmetrics_seconds(&m, "", NULL, cases[i].ns);
		said(cases[i].text);
	}
}
END_TEST

START_TEST(a_histogram_adds_up)
{
	const struct liteio_openmetrics_label labels[] = { { "class", "read" }, { NULL, NULL } };
	const uint64_t bounds[] = { 1024, 4096 }, counts[] = { 1, 0, 5 };

	m.name = "h_seconds";
	liteio_openmetrics_histogram(&m, labels, bounds, counts, 2, 2000000000);
	said("h_seconds_bucket{class=\"read\",le=\"0.000001024\"} 1\n"
	     "h_seconds_bucket{class=\"read\",le=\"0.000004096\"} 1\n"
	     "h_seconds_bucket{class=\"read\",le=\"+Inf\"} 6\n"
	     "h_seconds_count{class=\"read\"} 6\nh_seconds_sum{class=\"read\"} 2.0\n");
	liteio_openmetrics_histogram(&m, NULL, bounds, counts, 0, 0);
	said("h_seconds_bucket{le=\"+Inf\"} 1\nh_seconds_count 1\nh_seconds_sum 0.0\n");
}
END_TEST

UNIT_MAIN("openmetrics", a_family, values_are_escaped, seconds_are_exact, a_histogram_adds_up)
