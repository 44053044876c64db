// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What /metrics says of the node, its pools, its attachments and the agent itself.
 */
#include "agent/measure.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/route.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/openmetrics.h"
#include "base/str.h"
#include "model/local.h"

static void gauge(struct liteio_openmetrics *m, const char *name, const char *help, uint64_t value)
{
	liteio_openmetrics_family(m, name, "gauge", NULL, help);
	liteio_openmetrics_u64(m, "", NULL, value);
}

void liteio_measure_node(struct liteio_agent *a, struct liteio_openmetrics *m)
{
	struct liteio_local_module module = { 0 };
	struct liteio_openmetrics_label node[] = {
		{ "node", a->identity.name },
		{ "agent", LITEIO_AGENT_VERSION },
		{ "kernel", a->identity.kernel },
		{ "module", NULL },
		{ NULL, NULL },
	};

	(void)liteio_op_module_loaded(&module, NULL);
	node[3].value = module.version;
	liteio_openmetrics_family(m, "liteio_node", "info", NULL, "Who this node is.");
	liteio_openmetrics_u64(m, "_info", node, 1);
	gauge(m, "liteio_module_loaded", "Whether liteio.ko answers.", module.loaded);
	gauge(m, "liteio_ready", "Whether every pool known at the start was looked for.",
	      a->ready);
	gauge(m, "liteio_door_open", "Whether remote consumers are let in.",
	      !liteio_door_is_closed(a));
	liteio_json_fini(&module, liteio_local_module_fields);
}

/* ---- pools ---------------------------------------------------------------------------------- */

static const char *const pool_states[] = { "ready", "noSpace", "readOnly", "failed" };

#define POOL(n, u, m, h) { n, u, offsetof(struct liteio_local_pool, m), h }
static const struct {
	const char *name;
	const char *unit;
	size_t offset;
	const char *help;
} pool_gauges[] = {
	POOL("liteio_pool_data_bytes", "bytes", data_bytes, "Size of a pool's data."),
	POOL("liteio_pool_data_used_bytes", "bytes", data_used_bytes, "Of it, in use."),
	POOL("liteio_pool_metadata_bytes", "bytes", metadata_bytes, "Size of a pool's metadata."),
	POOL("liteio_pool_metadata_used_bytes", "bytes", metadata_used_bytes, "Of it, in use."),
	POOL("liteio_pool_provisioned_bytes", "bytes", provisioned_bytes,
	     "Sizes of all thin volumes and snapshots of a pool."),
	POOL("liteio_pool_free_bytes", "bytes", free_bytes, "Largest new thin volume of a pool."),
	POOL("liteio_pool_reserved_size_bytes", "bytes", reserved_bytes,
	     "Space of a pool for reserved volumes."),
	POOL("liteio_pool_reserved_used_bytes", "bytes", reserved_used_bytes, "Of it, in use."),
	POOL("liteio_pool_reserved_promised_bytes", "bytes", reserved_promised_bytes,
	     "Of it, promised to volumes and snapshots."),
	POOL("liteio_pool_reserved_free_bytes", "bytes", reserved_free_bytes,
	     "Largest new reserved volume of a pool."),
	POOL("liteio_pool_linear_size_bytes", "bytes", linear_bytes,
	     "Space of a pool for linear volumes."),
	POOL("liteio_pool_linear_used_bytes", "bytes", linear_used_bytes, "Of it, volumes'."),
	POOL("liteio_pool_linear_free_bytes", "bytes", linear_free_bytes, "Of it, nobody's."),
	POOL("liteio_pool_volumes", NULL, volumes, "Volumes and snapshots of a pool."),
	POOL("liteio_pool_snapshots", NULL, snapshots, "Of them, snapshots."),
};

static void pool_fill(const struct liteio_local_pool_list *pools, struct liteio_openmetrics *m)
{
	liteio_openmetrics_family(m, "liteio_pool_fill", "stateset", NULL,
				  "How full the thin data of a pool is.");
	for (size_t i = 0; i < pools->n_items; i++) {
		for (size_t s = 0; liteio_fill_names[s]; s++) {
			const struct liteio_openmetrics_label labels[] = {
				{ "pool", pools->items[i].name },
				{ "liteio_pool_fill", liteio_fill_names[s] },
				{ NULL, NULL },
			};

			liteio_openmetrics_u64(m, "", labels,
					       !strcmp(pools->items[i].fill, liteio_fill_names[s]));
		}
	}
}

static void pool_state(const struct liteio_local_pool_list *pools, struct liteio_openmetrics *m)
{
	liteio_openmetrics_family(m, "liteio_pool_state", "stateset", NULL,
				  "What can be done with a pool.");
	for (size_t i = 0; i < pools->n_items; i++) {
		for (size_t s = 0; s < LITEIO_ARRAY_SIZE(pool_states); s++) {
			const struct liteio_openmetrics_label labels[] = {
				{ "pool", pools->items[i].name },
				{ "liteio_pool_state", pool_states[s] },
				{ NULL, NULL },
			};

			liteio_openmetrics_u64(m, "", labels,
					       !strcmp(pools->items[i].state, pool_states[s]));
		}
	}
}

/* nothing where the kernel can not tell */
static void pool_shared(const struct liteio_local_pool_list *pools, struct liteio_openmetrics *m)
{
	liteio_openmetrics_family(m, "liteio_pool_shared_bytes", "gauge", "bytes",
				  "What more would be in use if snapshots and clones shared no blocks.");
	for (size_t i = 0; i < pools->n_items; i++) {
		const struct liteio_openmetrics_label labels[] = {
			{ "pool", pools->items[i].name },
			{ NULL, NULL },
		};

		if (pools->items[i].shared_known)
			liteio_openmetrics_u64(m, "", labels, pools->items[i].shared_bytes);
	}
}

void liteio_measure_pools(struct liteio_agent *a, struct liteio_openmetrics *m)
{
	struct liteio_local_pool_list pools = { 0 };

	if (liteio_op_pool_list(a, &pools, NULL) < 0)
		return;
	pool_state(&pools, m);
	pool_fill(&pools, m);
	pool_shared(&pools, m);
	for (size_t g = 0; g < LITEIO_ARRAY_SIZE(pool_gauges); g++) {
		liteio_openmetrics_family(m, pool_gauges[g].name, "gauge", pool_gauges[g].unit,
					  pool_gauges[g].help);
		for (size_t i = 0; i < pools.n_items; i++) {
			const struct liteio_openmetrics_label labels[] = {
				{ "pool", pools.items[i].name },
				{ NULL, NULL },
			};
			const char *at = (const char *)&pools.items[i] + pool_gauges[g].offset;

			liteio_openmetrics_u64(m, "", labels, *(const uint64_t *)(const void *)at);
		}
	}
	liteio_json_fini(&pools, liteio_local_pool_list_fields);
}

/* ---- attachments ---------------------------------------------------------------------------- */

/* what the catalogs say is given out */
static void exports(struct liteio_agent *a, struct liteio_openmetrics *m)
{
	static const struct liteio_openmetrics_label to_local[] = {
		{ "consumer", "local" },
		{ NULL, NULL },
	};
	static const struct liteio_openmetrics_label to_remote[] = {
		{ "consumer", "remote" },
		{ NULL, NULL },
	};
	struct liteio_open_pool **all;
	uint64_t local = 0, remote = 0;
	size_t n;

	liteio_pools_all(a->pools, &all, &n);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
		size_t n_atts = 0;

		liteio_pool_attachment_list(all[i]->engine, NULL, &atts, &n_atts);
		for (size_t j = 0; j < n_atts; j++) {
			if (atts[j].state != LITEIO_CATALOG_ATT_LIVE)
				continue;
			if (atts[j].flags & LITEIO_CATALOG_ATT_LOCAL)
				local++;
			else
				remote++;
		}
	}
	liteio_pools_put_all(a->pools, all, n);
	liteio_openmetrics_family(m, "liteio_exports", "gauge", NULL,
				  "Attachments that volumes of this node have given out.");
	liteio_openmetrics_u64(m, "", to_local, local);
	liteio_openmetrics_u64(m, "", to_remote, remote);
}

void liteio_measure_attachments(struct liteio_agent *a, struct liteio_openmetrics *m)
{
	static const char *const states[] = { "live", "connecting", "fenced", "gone" };
	struct liteio_local_attachment_list list = { 0 };

	exports(a, m);
	if (liteio_op_attachment_list(a, &list, NULL) < 0)
		return;
	liteio_openmetrics_family(m, "liteio_attachments", "gauge", NULL,
				  "Volumes that this node consumes.");
	for (size_t s = 0; s < LITEIO_ARRAY_SIZE(states); s++) {
		const struct liteio_openmetrics_label labels[] = { { "state", states[s] }, { 0 } };
		uint64_t n = 0;

		for (size_t i = 0; i < list.n_items; i++)
			n += !strcmp(list.items[i].state, states[s]);
		liteio_openmetrics_u64(m, "", labels, n);
	}
	liteio_json_fini(&list, liteio_local_attachment_list_fields);
}

/* ---- the agent itself ----------------------------------------------------------------------- */

static void requests(struct liteio_agent *a, struct liteio_openmetrics *m)
{
	struct liteio_counters *c = &a->counters;

	liteio_openmetrics_family(m, "liteio_api_request_seconds", "summary", "seconds",
				  "Requests at the local API.");
	for (size_t i = 0; liteio_routes[i].method && i < LITEIO_COUNTERS_ROUTES; i++) {
		const struct liteio_openmetrics_label labels[] = {
			{ "method", liteio_routes[i].method },
			{ "path", liteio_routes[i].path },
			{ NULL, NULL },
		};

		liteio_openmetrics_u64(m, "_count", labels, c->requests[i]);
		liteio_openmetrics_seconds(m, "_sum", labels, c->ns[i]);
	}
	liteio_openmetrics_family(m, "liteio_api_errors", "counter", NULL,
				  "Requests that were refused or failed.");
	for (int e = 0; e < LITEIO_COUNTERS_ERRORS; e++) {
		const struct liteio_openmetrics_label labels[] = {
			{ "code", liteio_errno_name(e) },
			{ NULL, NULL },
		};

		if (c->errors[e])
			liteio_openmetrics_u64(m, "_total", labels, c->errors[e]);
	}
}

static uint64_t timeval_ns(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000000ull + (uint64_t)tv->tv_usec * 1000;
}

static void process(struct liteio_openmetrics *m)
{
	_cleanup_free_ char *statm = NULL;
	unsigned long long pages;
	struct rusage use;
	char **names;
	size_t n;

	if (getrusage(RUSAGE_SELF, &use) == 0) {
		liteio_openmetrics_family(m, "process_cpu_seconds", "counter", "seconds",
					  "Processor time of the agent.");
		liteio_openmetrics_seconds(m, "_total", NULL,
					   timeval_ns(&use.ru_utime) + timeval_ns(&use.ru_stime));
	}
	if (liteio_fs_read_line("/proc/self/statm", &statm, NULL) == 0 &&
	    sscanf(statm, "%*u %llu", &pages) == 1) {
		liteio_openmetrics_family(m, "process_resident_memory_bytes", "gauge", "bytes",
					  "Memory of the agent.");
		liteio_openmetrics_u64(m, "", NULL, pages * (uint64_t)sysconf(_SC_PAGESIZE));
	}
	if (liteio_fs_list("/proc/self/fd", &names, &n, NULL) == 0) {
		liteio_fs_names_free(names, n);
		gauge(m, "process_open_fds", "Open files of the agent.", n);
	}
}

void liteio_measure_agent(struct liteio_agent *a, struct liteio_openmetrics *m)
{
	requests(a, m);
	gauge(m, "liteio_jobs_stuck", "Operations that run for longer than any should.",
	      liteio_agent_stuck(a));
	process(m);
}
