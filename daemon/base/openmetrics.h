/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as OpenMetrics text. Pure.
 *
 * The text is made family by family: liteio_openmetrics_family(), then all samples of that family,
 * then the next one; liteio_openmetrics_end() comes last. Names are the caller's, constant and
 * valid; values of labels may be any text.
 */
#ifndef LITEIO_BASE_OPENMETRICS_H
#define LITEIO_BASE_OPENMETRICS_H

#include <stddef.h>
#include <stdint.h>

struct liteio_buf;

#define LITEIO_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/**
 * struct liteio_openmetrics_label - one label
 * @name: constant; a NULL name ends a list
 * @value: any text; NULL leaves the label out
 */
struct liteio_openmetrics_label {
	const char *name;
	const char *value;
};

/**
 * struct liteio_openmetrics - a text under way
 * @out: where it goes
 * @name: of the family that samples now belong to
 */
struct liteio_openmetrics {
	struct liteio_buf *out;
	const char *name;
};

/**
 * liteio_openmetrics_family() - begin a family
 * @m: the text
 * @name: with the unit at its end when there is one, without "_total"
 * @type: "gauge", "counter", "histogram", "summary", "info", "stateset"
 * @unit: "bytes", "seconds" or NULL
 * @help: one sentence
 */
void liteio_openmetrics_family(struct liteio_openmetrics *m, const char *name, const char *type,
			       const char *unit, const char *help);

/* one sample; @suffix is "" or "_total", "_info", "_count" ... as the type wants it */
void liteio_openmetrics_u64(struct liteio_openmetrics *m, const char *suffix,
			    const struct liteio_openmetrics_label *labels, uint64_t value);
/* nanoseconds, as seconds */
void liteio_openmetrics_seconds(struct liteio_openmetrics *m, const char *suffix,
				const struct liteio_openmetrics_label *labels, uint64_t ns);

/**
 * liteio_openmetrics_histogram() - all samples of one histogram of latencies
 * @m: the text
 * @labels: of all of them
 * @bounds_ns: upper bounds, growing
 * @counts: what is below each bound and not below the one before it, and then what is beyond all
 * @n: number of bounds; there are @n + 1 counts
 * @sum_ns: of all latencies
 */
void liteio_openmetrics_histogram(struct liteio_openmetrics *m,
				  const struct liteio_openmetrics_label *labels,
				  const uint64_t *bounds_ns, const uint64_t *counts, size_t n,
				  uint64_t sum_ns);

void liteio_openmetrics_end(struct liteio_openmetrics *m);

#endif
