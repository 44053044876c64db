// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What /metrics says of single volumes: their size, and the I/O of each attachment, from the
 * module's own counters.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/gate.h"
#include "agent/measure.h"
#include "agent/walk.h"
#include "base/cleanup.h"
#include "base/openmetrics.h"
#include "base/str.h"
#include "base/uuid.h"
#include "host/netlink.h"

/* every fourth bucket of the module is told: bounds four times as large as the one before */
#define BOUNDS 14
#define BOUND_STEP 4

/**
 * struct volumes - what the catalogs of this node say
 * @items: copies, by uuid
 * @pools: names of their pools, likewise; owned
 * @n: how many
 */
struct volumes {
	struct liteio_catalog_volume *items;
	char **pools;
	size_t n;
};

static int add_volume(void *arg, struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		      struct liteio_error *err)
{
	struct volumes *all = arg;

	all->items = liteio_realloc(all->items, all->n + 1, sizeof(*all->items));
	all->pools = liteio_realloc(all->pools, all->n + 1, sizeof(*all->pools));
	all->items[all->n] = *v;
	all->pools[all->n++] = liteio_strdup(p->name);
	return 0;
}

static const char *name_of(const struct volumes *all, const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < all->n; i++) {
		if (liteio_uuid_equal(&all->items[i].uuid, uuid))
			return all->items[i].name;
	}
	return NULL;
}

static void volumes_fini(struct volumes *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->pools[i]);
	free(all->pools);
	free(all->items);
}

/* ---- attachments ---------------------------------------------------------------------------- */

static const char *const class_names[LITEIO_CLASS_NR] = {
	[LITEIO_CLASS_READ] = "read",
	[LITEIO_CLASS_WRITE] = "write",
	[LITEIO_CLASS_FLUSH] = "flush",
	[LITEIO_CLASS_OTHER] = "other",
};

/**
 * struct gates - attachments with their labels, made once
 * @stats: of the module
 * @volumes: names, NULL for a volume of another node; borrowed
 * @uuids: as text
 * @generations: as text
 * @n: how many of them are told
 */
struct gates {
	struct liteio_netlink_stats *stats;
	const char **volumes;
	char (*uuids)[LITEIO_UUID_STRLEN + 1];
	char (*generations)[24];
	size_t n;
};

static void gates_init(struct gates *g, struct liteio_netlink_stats *stats, size_t n,
		       const struct volumes *all)
{
	g->stats = stats;
	g->n = n;
	g->volumes = liteio_calloc(n + 1, sizeof(*g->volumes));
	g->uuids = liteio_calloc(n + 1, sizeof(*g->uuids));
	g->generations = liteio_calloc(n + 1, sizeof(*g->generations));
	for (size_t i = 0; i < n; i++) {
		g->volumes[i] = name_of(all, &stats[i].uuid);
		liteio_uuid_format(&stats[i].uuid, g->uuids[i]);
		snprintf(g->generations[i], sizeof(g->generations[i]), "%" PRIu64,
			 stats[i].generation);
	}
}

static void gates_fini(struct gates *g)
{
	free(g->volumes);
	free(g->uuids);
	free(g->generations);
}

/* labels of one attachment, and of one class of its I/O or NULL */
static void label(const struct gates *g, size_t i, const char *class,
		  struct liteio_openmetrics_label out[5])
{
	out[0] = (struct liteio_openmetrics_label){ "uuid", g->uuids[i] };
	out[1] = (struct liteio_openmetrics_label){ "volume", g->volumes[i] };
	out[2] = (struct liteio_openmetrics_label){ "generation", g->generations[i] };
	out[3] = (struct liteio_openmetrics_label){ "class", class };
	out[4] = (struct liteio_openmetrics_label){ NULL, NULL };
}

#define CLASS(n, u, m, h) { n, u, offsetof(struct liteio_netlink_class, m), h }
static const struct {
	const char *name;
	const char *unit;
	size_t offset;
	const char *help;
} class_counters[] = {
	CLASS("liteio_io_operations", NULL, ios, "Operations of an attachment that have ended."),
	CLASS("liteio_io_errors", NULL, errors, "Of them, those with an error."),
	CLASS("liteio_io_bytes", "bytes", bytes, "Bytes of those without an error."),
};

static void counters(const struct gates *g, struct liteio_openmetrics *m)
{
	struct liteio_openmetrics_label labels[5];

	for (size_t c = 0; c < LITEIO_ARRAY_SIZE(class_counters); c++) {
		liteio_openmetrics_family(m, class_counters[c].name, "counter",
					  class_counters[c].unit, class_counters[c].help);
		for (size_t i = 0; i < g->n; i++) {
			for (size_t k = 0; k < LITEIO_CLASS_NR; k++) {
				const char *at = (const char *)&g->stats[i].classes[k] +
						 class_counters[c].offset;

				label(g, i, class_names[k], labels);
				liteio_openmetrics_u64(m, "_total", labels,
						       *(const uint64_t *)(const void *)at);
			}
		}
	}
}

/* the module's buckets, put together */
static void buckets(const uint64_t *hist, uint64_t bounds[BOUNDS], uint64_t counts[BOUNDS + 1])
{
	size_t b = 0;

	memset(counts, 0, (BOUNDS + 1) * sizeof(*counts));
	for (unsigned int i = 0; i < BOUNDS; i++)
		bounds[i] = liteio_hist_lower_ns(1 + i * BOUND_STEP);
	for (unsigned int i = 0; i < LITEIO_HIST_BUCKETS; i++) {
		while (b < BOUNDS && liteio_hist_lower_ns(i) >= bounds[b])
			b++;
		counts[b] += hist[i];
	}
}

static void latencies(const struct gates *g, struct liteio_openmetrics *m)
{
	uint64_t bounds[BOUNDS], counts[BOUNDS + 1];
	struct liteio_openmetrics_label labels[5];

	liteio_openmetrics_family(m, "liteio_io_latency_seconds", "histogram", "seconds",
				  "How long operations of an attachment took.");
	for (size_t i = 0; i < g->n; i++) {
		for (size_t k = 0; k < LITEIO_CLASS_NR; k++) {
			const struct liteio_netlink_class *c = &g->stats[i].classes[k];

			buckets(c->hist, bounds, counts);
			label(g, i, class_names[k], labels);
			liteio_openmetrics_histogram(m, labels, bounds, counts, BOUNDS, c->time_ns);
		}
	}
}

static void gate_numbers(const struct gates *g, struct liteio_openmetrics *m)
{
	struct liteio_openmetrics_label labels[5];

	liteio_openmetrics_family(m, "liteio_io_inflight", "gauge", NULL,
				  "Operations of an attachment that have not ended yet.");
	for (size_t i = 0; i < g->n; i++) {
		label(g, i, NULL, labels);
		liteio_openmetrics_u64(m, "", labels, g->stats[i].inflight);
	}
	liteio_openmetrics_family(m, "liteio_io_rejected", "counter", NULL,
				  "Operations that found the gate of an attachment closed.");
	for (size_t i = 0; i < g->n; i++) {
		label(g, i, NULL, labels);
		liteio_openmetrics_u64(m, "_total", labels, g->stats[i].rejected);
	}
}

/* returns how many are not told */
static uint64_t measure_gates(const struct volumes *all, struct liteio_openmetrics *m)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	_cleanup_free_ struct liteio_netlink_stats *stats = NULL;
	struct gates g;
	size_t n = 0;

	if (liteio_gate_open(&nl, NULL) || !nl ||
	    liteio_netlink_stats_list(nl, NULL, &stats, &n, NULL))
		return 0;
	gates_init(&g, stats, n < LITEIO_MEASURE_MAX ? n : LITEIO_MEASURE_MAX, all);
	counters(&g, m);
	latencies(&g, m);
	gate_numbers(&g, m);
	gates_fini(&g);
	return n - g.n;
}

/* ---- volumes -------------------------------------------------------------------------------- */

static uint64_t measure_volumes(const struct volumes *all, struct liteio_openmetrics *m)
{
	size_t n = all->n < LITEIO_MEASURE_MAX ? all->n : LITEIO_MEASURE_MAX;

	liteio_openmetrics_family(m, "liteio_volume_size_bytes", "gauge", "bytes",
				  "Size of a volume.");
	for (size_t i = 0; i < n; i++) {
		char uuid[LITEIO_UUID_STRLEN + 1];
		const struct liteio_openmetrics_label labels[] = {
			{ "uuid", uuid },
			{ "volume", all->items[i].name },
			{ "pool", all->pools[i] },
			{ NULL, NULL },
		};

		liteio_uuid_format(&all->items[i].uuid, uuid);
		liteio_openmetrics_u64(m, "", labels, all->items[i].size_bytes);
	}
	return all->n - n;
}

void liteio_measure_io(struct liteio_agent *a, struct liteio_openmetrics *m)
{
	struct volumes all = { 0 };
	uint64_t omitted;

	(void)liteio_walk(a->pools, LITEIO_CATALOG_VOLUME, add_volume, &all, NULL);
	omitted = measure_volumes(&all, m);
	omitted += measure_gates(&all, m);
	liteio_openmetrics_family(m, "liteio_metrics_omitted", "gauge", NULL,
				  "Volumes and attachments that are too many to be told one by one.");
	liteio_openmetrics_u64(m, "", NULL, omitted);
	volumes_fini(&all);
}
