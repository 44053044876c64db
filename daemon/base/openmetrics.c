// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers as OpenMetrics text.
 */
#include "base/openmetrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

#define SECOND UINT64_C(1000000000)

void liteio_openmetrics_family(struct liteio_openmetrics *m, const char *name, const char *type,
			       const char *unit, const char *help)
{
	m->name = name;
	liteio_buf_addf(m->out, "# TYPE %s %s\n", name, type);
	if (unit)
		liteio_buf_addf(m->out, "# UNIT %s %s\n", name, unit);
	liteio_buf_addf(m->out, "# HELP %s %s\n", name, help);
}

/* what the format escapes, and no byte that is no text */
static void add_value(struct liteio_buf *b, const char *value)
{
	char *clean _cleanup_free_ = liteio_utf8_clean(value);

	for (const char *p = clean ? clean : value; *p; p++) {
		if (*p == '\\' || *p == '"')
			liteio_buf_addf(b, "\\%c", *p);
		else if (*p == '\n')
			liteio_buf_addstr(b, "\\n");
		else
			liteio_buf_add(b, p, 1);
	}
}

/* "name_suffix{a="b",le="1.0"} " */
static void add_name(struct liteio_openmetrics *m, const char *suffix,
		     const struct liteio_openmetrics_label *labels, const char *le)
{
	bool first = true;

	liteio_buf_addf(m->out, "%s%s", m->name, suffix);
	for (; labels && labels->name; labels++) {
		if (!labels->value)
			continue;
		liteio_buf_addf(m->out, "%s%s=\"", first ? "{" : ",", labels->name);
		add_value(m->out, labels->value);
		liteio_buf_addstr(m->out, "\"");
		first = false;
	}
	if (le) {
		liteio_buf_addf(m->out, "%sle=\"%s\"", first ? "{" : ",", le);
		first = false;
	}
	liteio_buf_addstr(m->out, first ? " " : "} ");
}

/* exact; at least one decimal and no zeros at the end, as bounds are compared as text */
static const char *seconds(uint64_t ns, char out[40])
{
	size_t n = (size_t)snprintf(out, 40, "%" PRIu64 ".%09" PRIu64, ns / SECOND, ns % SECOND);

	while (out[n - 1] == '0' && out[n - 2] != '.')
		out[--n] = '\0';
	return out;
}

void liteio_openmetrics_u64(struct liteio_openmetrics *m, const char *suffix,
			    const struct liteio_openmetrics_label *labels, uint64_t value)
{
	add_name(m, suffix, labels, NULL);
	liteio_buf_addf(m->out, "%" PRIu64 "\n", value);
}

void liteio_openmetrics_seconds(struct liteio_openmetrics *m, const char *suffix,
				const struct liteio_openmetrics_label *labels, uint64_t ns)
{
	char text[40];

	add_name(m, suffix, labels, NULL);
	liteio_buf_addf(m->out, "%s\n", seconds(ns, text));
}

void liteio_openmetrics_histogram(struct liteio_openmetrics *m,
				  const struct liteio_openmetrics_label *labels,
				  const uint64_t *bounds_ns, const uint64_t *counts, size_t n,
				  uint64_t sum_ns)
{
	uint64_t sum = 0;
	char text[40];

	for (size_t i = 0; i <= n; i++) {
		sum += counts[i];
		add_name(m, "_bucket", labels, i < n ? seconds(bounds_ns[i], text) : "+Inf");
		liteio_buf_addf(m->out, "%" PRIu64 "\n", sum);
	}
	liteio_openmetrics_u64(m, "_count", labels, sum);
	liteio_openmetrics_seconds(m, "_sum", labels, sum_ns);
}

void liteio_openmetrics_end(struct liteio_openmetrics *m)
{
	liteio_buf_addstr(m->out, "# EOF\n");
}
