// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What /metrics says of single volumes: their size, and the I/O of each attachment, from the
 * module's own counters.
 */
#include <inttypes.h>
#include <stdbool.h>
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
 * struct volume - a volume of a catalog of this node
 * @v: a copy of its record
 * @pool: name of its pool; owned
 */
struct volume {
	struct liteio_catalog_volume v;
	char *pool;
};

/**
 * struct volumes - what the catalogs of this node say
 * @items: by uuid
 * @n: how many
 */
struct volumes {
	struct volume *items;
	size_t n;
};

static int add_volume(void *arg, struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		      struct liteio_error *err)
{
	struct volumes *all = arg;

	all->items = liteio_realloc(all->items, all->n + 1, sizeof(*all->items));
	all->items[all->n].v = *v;
	all->items[all->n++].pool = liteio_strdup(p->name);
	return 0;
}

static int compare_uuid(const void *a, const void *b)
{
	const struct volume *x = a, *y = b;

	return memcmp(x->v.uuid.b, y->v.uuid.b, sizeof(x->v.uuid.b));
}

static void volumes_init(struct liteio_agent *a, struct volumes *all)
{
	(void)liteio_walk(a->pools, LITEIO_CATALOG_VOLUME, add_volume, all, NULL);
	if (all->n > 1)
		qsort(all->items, all->n, sizeof(*all->items), compare_uuid);
}

static const char *name_of(const struct volumes *all, const struct liteio_uuid *uuid)
{
	const struct volume key = { .v.uuid = *uuid }, *found;

	found = all->n ? bsearch(&key, all->items, all->n, sizeof(key), compare_uuid) : NULL;
	return found ? found->v.name : NULL;
}

static void volumes_fini(struct volumes *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->items[i].pool);
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
static uint64_t measure_gates(struct liteio_netlink *nl, const struct volumes *all,
			      struct liteio_openmetrics *m)
{
	_cleanup_free_ struct liteio_netlink_stats *stats = NULL;
	struct gates g;
	size_t n = 0;

	if (liteio_netlink_stats_list(nl, NULL, &stats, &n, NULL))
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
			{ "volume", all->items[i].v.name },
			{ "pool", all->items[i].pool },
			{ NULL, NULL },
		};

		liteio_uuid_format(&all->items[i].v.uuid, uuid);
		liteio_openmetrics_u64(m, "", labels, all->items[i].v.size_bytes);
	}
	return all->n - n;
}

/* ---- limits --------------------------------------------------------------------------------- */

/**
 * struct limited - a volume of the registry that has limits, or had
 * @uuid: as text
 * @name: of the catalog, NULL for a volume of another node; borrowed
 * @throttle: by direction; borrowed
 */
struct limited {
	char uuid[LITEIO_UUID_STRLEN + 1];
	const char *name;
	const struct liteio_netlink_throttle *throttle;
};

static const char *const directions[] = {
	[LITEIO_CLASS_READ] = "read",
	[LITEIO_CLASS_WRITE] = "write",
};

static bool has_limits(const struct liteio_netlink_volume *v)
{
	const struct liteio_netlink_throttle *rd = &v->throttle[LITEIO_CLASS_READ];
	const struct liteio_netlink_throttle *wr = &v->throttle[LITEIO_CLASS_WRITE];

	return v->qos.riops || v->qos.wiops || v->qos.rbps || v->qos.wbps || rd->throttled ||
	       wr->throttled;
}

/* why something waited: two labels of the same family */
static void times_over_limit(const struct limited *l, size_t n, struct liteio_openmetrics *m)
{
	liteio_openmetrics_family(m, "liteio_volume_time_over_limit_seconds", "counter", "seconds",
				  "Time during which operations of a volume waited for a limit.");
	for (size_t i = 0; i < n * LITEIO_ARRAY_SIZE(directions); i++) {
		const struct limited *v = &l[i / LITEIO_ARRAY_SIZE(directions)];
		size_t d = i % LITEIO_ARRAY_SIZE(directions);
		struct liteio_openmetrics_label labels[] = {
			{ "uuid", v->uuid },
			{ "volume", v->name },
			{ "direction", directions[d] },
			{ "limit", "iops" },
			{ NULL, NULL },
		};

		liteio_openmetrics_seconds(m, "_total", labels, v->throttle[d].iops_ns);
		labels[3].value = "bytes";
		liteio_openmetrics_seconds(m, "_total", labels, v->throttle[d].bps_ns);
	}
}

static void waiting(const struct limited *l, size_t n, bool now, struct liteio_openmetrics *m)
{
	if (now)
		liteio_openmetrics_family(m, "liteio_volume_queued", "gauge", NULL,
					  "Operations of a volume that wait for a limit.");
	else
		liteio_openmetrics_family(m, "liteio_volume_throttled", "counter", NULL,
					  "Operations of a volume that had to wait for a limit.");
	for (size_t i = 0; i < n * LITEIO_ARRAY_SIZE(directions); i++) {
		const struct limited *v = &l[i / LITEIO_ARRAY_SIZE(directions)];
		size_t d = i % LITEIO_ARRAY_SIZE(directions);
		const struct liteio_openmetrics_label labels[] = {
			{ "uuid", v->uuid },
			{ "volume", v->name },
			{ "direction", directions[d] },
			{ NULL, NULL },
		};

		liteio_openmetrics_u64(m, now ? "" : "_total", labels,
				       now ? v->throttle[d].queued : v->throttle[d].throttled);
	}
}

/* returns how many are not told */
static uint64_t measure_limits(struct liteio_netlink *nl, const struct volumes *all,
			       struct liteio_openmetrics *m)
{
	_cleanup_free_ struct liteio_netlink_volume *v = NULL;
	_cleanup_free_ struct limited *l = NULL;
	size_t n = 0, told = 0, omitted = 0;

	if (liteio_netlink_vol_list(nl, &v, &n, NULL))
		return 0;
	l = liteio_calloc(n + 1, sizeof(*l));
	for (size_t i = 0; i < n; i++) {
		if (!has_limits(&v[i]))
			continue;
		if (told == LITEIO_MEASURE_MAX) {
			omitted++;
			continue;
		}
		liteio_uuid_format(&v[i].uuid, l[told].uuid);
		l[told].name = name_of(all, &v[i].uuid);
		l[told++].throttle = v[i].throttle;
	}
	times_over_limit(l, told, m);
	waiting(l, told, false, m);
	waiting(l, told, true, m);
	return omitted;
}

void liteio_measure_io(struct liteio_agent *a, struct liteio_openmetrics *m)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct volumes all = { 0 };
	uint64_t omitted;

	volumes_init(a, &all);
	omitted = measure_volumes(&all, m);
	if (liteio_gate_open(&nl, NULL) == 0 && nl) {
		omitted += measure_gates(nl, &all, m);
		omitted += measure_limits(nl, &all, m);
	}
	liteio_openmetrics_family(m, "liteio_metrics_omitted", "gauge", NULL,
				  "Volumes and attachments that are too many to be told one by one.");
	liteio_openmetrics_u64(m, "", NULL, omitted);
	volumes_fini(&all);
}
