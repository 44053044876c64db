// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One round of `liteioctl top`, as lines or as JSON.
 */
#include "ctl/top_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "ctl/print.h"

#define NAME_WIDTH 20
#define CELL 24

/* per second, rounded */
static uint64_t rate(uint64_t n, uint64_t interval_ns)
{
	return interval_ns ? (uint64_t)((double)n * 1e9 / (double)interval_ns + 0.5) : 0;
}

/* "123", "45.6k", "7.8M": seven characters at most */
static const char *count_text(uint64_t n, char out[CELL])
{
	if (n < 100000)
		snprintf(out, CELL, "%" PRIu64, n);
	else if (n < 10000000)
		snprintf(out, CELL, "%.1fk", (double)n / 1e3);
	else
		snprintf(out, CELL, "%.1fM", (double)n / 1e6);
	return out;
}

static const char *bytes_text(uint64_t n, char out[CELL])
{
	static const char *const units[] = { "", "K", "M", "G", "T" };
	double v = (double)n;
	size_t u = 0;

	while (v >= 1000 && u + 1 < LITEIO_ARRAY_SIZE(units)) {
		v /= 1024;
		u++;
	}
	snprintf(out, CELL, u ? "%.1f%s" : "%.0f%s", v, units[u]);
	return out;
}

/* share of the time: 100% is that something waited all the time */
static const char *share_text(uint64_t ns, uint64_t interval_ns, char out[CELL])
{
	if (!ns || !interval_ns)
		return "-";
	snprintf(out, CELL, "%.0f%%", (double)ns * 100 / (double)interval_ns);
	return out;
}

/* cut to the width of the terminal, and ended */
static void add_line(struct liteio_buf *out, const char *line, unsigned int columns)
{
	size_t len = strlen(line);

	while (len && line[len - 1] == ' ')
		len--;
	liteio_buf_add(out, line, columns && len > columns ? columns : len);
	liteio_buf_addstr(out, "\n");
}

static char *volume_line(const struct liteio_activity *a, uint64_t ns)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	char text[CELL];

	liteio_buf_addf(&b, "%-*.*s", NAME_WIDTH, NAME_WIDTH, a->name[0] ? a->name : a->uuid);
	for (int k = LITEIO_CLASS_READ; k <= LITEIO_CLASS_WRITE; k++) {
		const struct liteio_activity_class *c = &a->classes[k];

		liteio_buf_addf(&b, " %8s", count_text(rate(c->ios, ns), text));
		liteio_buf_addf(&b, " %7s", bytes_text(rate(c->bytes, ns), text));
		liteio_buf_addf(&b, " %7s", liteio_format_ns(c->p50_ns, text, CELL));
		liteio_buf_addf(&b, " %7s", liteio_format_ns(c->p99_ns, text, CELL));
		liteio_buf_addf(&b, " %5s", share_text(a->over_ns[k], ns, text));
	}
	liteio_buf_addf(&b, " %6s",
			count_text(rate(a->classes[LITEIO_CLASS_FLUSH].ios, ns), text));
	liteio_buf_addf(&b, " %7s",
			liteio_format_ns(a->classes[LITEIO_CLASS_FLUSH].p99_ns, text, CELL));
	liteio_buf_addf(&b, " %7s",
			count_text(a->queued[LITEIO_CLASS_READ] + a->queued[LITEIO_CLASS_WRITE],
				   text));
	return liteio_buf_take(&b);
}

void liteio_top_lines(struct liteio_buf *out, const struct liteio_round *r, const char *clock,
		      unsigned int columns, unsigned int lines)
{
	_cleanup_free_ char *head = liteio_strf("liteio top  %s  %zu volumes  %.1f s", clock,
						r->n_items, (double)r->interval_ns / 1e9);
	_cleanup_free_ char *titles =
		liteio_strf("%-*s %8s %7s %7s %7s %5s %8s %7s %7s %7s %5s %6s %7s %7s", NAME_WIDTH,
			    "VOLUME", "READS/S", "BYTES/S", "P50", "P99", "OVER", "WRITES/S",
			    "BYTES/S", "P50", "P99", "OVER", "FLUSH", "P99", "WAITING");

	add_line(out, head, columns);
	add_line(out, titles, columns);
	for (size_t i = 0; i < r->n_items && (!lines || i + 2 < lines); i++) {
		_cleanup_free_ char *line = volume_line(&r->items[i], r->interval_ns);

		add_line(out, line, columns);
	}
}

static struct liteio_json *class_json(const struct liteio_activity_class *c, uint64_t ns)
{
	struct liteio_json *o = liteio_json_new_object();

	liteio_json_set(o, "ios", liteio_json_new_u64(c->ios));
	liteio_json_set(o, "bytes", liteio_json_new_u64(c->bytes));
	liteio_json_set(o, "errors", liteio_json_new_u64(c->errors));
	liteio_json_set(o, "iosPerSecond", liteio_json_new_u64(rate(c->ios, ns)));
	liteio_json_set(o, "bytesPerSecond", liteio_json_new_u64(rate(c->bytes, ns)));
	liteio_json_set(o, "p50Ns", liteio_json_new_u64(c->p50_ns));
	liteio_json_set(o, "p99Ns", liteio_json_new_u64(c->p99_ns));
	return o;
}

struct liteio_json *liteio_top_json(const struct liteio_round *r)
{
	struct liteio_json *o = liteio_json_new_object(), *items = liteio_json_new_array();

	liteio_json_set(o, "intervalNs", liteio_json_new_u64(r->interval_ns));
	for (size_t i = 0; i < r->n_items; i++) {
		const struct liteio_activity *a = &r->items[i];
		struct liteio_json *v = liteio_json_new_object();

		liteio_json_set_string(v, "uuid", a->uuid);
		if (a->name[0])
			liteio_json_set_string(v, "name", a->name);
		for (size_t k = 0; k < LITEIO_CLASS_NR; k++) {
			struct liteio_json *c = class_json(&a->classes[k], r->interval_ns);

			if (k <= LITEIO_CLASS_WRITE) {
				liteio_json_set(c, "overLimitNs",
						liteio_json_new_u64(a->over_ns[k]));
				liteio_json_set(c, "queued", liteio_json_new_u64(a->queued[k]));
			}
			liteio_json_set(v, liteio_class_names[k], c);
		}
		liteio_json_append(items, v);
	}
	liteio_json_set(o, "items", items);
	return o;
}
