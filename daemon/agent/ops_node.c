// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on the node and its module, and the statistics.
 */
#include <errno.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/kmodule.h"
#include "host/netlink.h"
#include "model/latency.h"
#include "pool/step.h"

#define MODULE "liteio"

static void add_text(char ***texts, size_t *n, const char *text)
{
	*texts = liteio_realloc(*texts, *n + 1, sizeof(**texts));
	(*texts)[(*n)++] = liteio_strdup(text);
}

static const struct {
	uint64_t bit;
	const char *name;
} module_features[] = {
	{ LITEIO_FEATURE_FENCE_FLOOR, "fence-floor" },
	{ LITEIO_FEATURE_FENCE_GEN, "fence-generation" },
	{ LITEIO_FEATURE_STATS, "stats" },
	{ LITEIO_FEATURE_EVENTS, "events" },
	{ LITEIO_FEATURE_ATOMIC_WRITES, "atomic-writes" },
	{ LITEIO_FEATURE_QOS, "limits" },
	{ LITEIO_FEATURE_DIRTY, "dirty" },
};

int liteio_op_module_loaded(struct liteio_local_module *ret, struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct liteio_netlink_info info;
	size_t i;
	int r;

	r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	r = liteio_netlink_info_get(nl, &info, err);
	if (r)
		return r;
	ret->loaded = true;
	ret->version = liteio_strdup(info.module);
	ret->instance = info.instance;
	ret->event_seq = info.event_seq;
	ret->stats_bytes = info.stats_bytes;
	ret->dirty_bytes = info.dirty_bytes;
	for (i = 0; i < LITEIO_ARRAY_SIZE(module_features); i++)
		if (info.features & module_features[i].bit)
			add_text(&ret->features, &ret->n_features, module_features[i].name);
	return 0;
}

/* what modprobe would load, and whether that is it */
static int show_installed(struct liteio_local_module *ret, struct liteio_error *err)
{
	struct liteio_kmodule_info info;
	int r;

	r = liteio_kmodule_info(MODULE, &info, err);
	if (r)
		return r;
	ret->installed = info.installed;
	if (info.installed_version[0])
		ret->installed_version = liteio_strdup(info.installed_version);
	ret->same_as_installed = ret->loaded && info.is_installed_one;
	return 0;
}

int liteio_op_module_show(struct liteio_agent *a, struct liteio_local_module *ret,
			  struct liteio_error *err)
{
	int r;

	r = liteio_op_module_loaded(ret, err);
	return r ? r : show_installed(ret, err);
}

int liteio_op_module_load(struct liteio_agent *a, struct liteio_local_module *ret,
			  struct liteio_error *err)
{
	struct liteio_open_pool **all;
	size_t i, n;
	int r;

	r = liteio_kmodule_load(MODULE, err);
	if (r)
		return r;
	liteio_step("agent-module:loaded");
	liteio_pools_all(a->pools, &all, &n);
	for (i = 0; r == 0 && i < n; i++)
		r = liteio_restore_floors(a, all[i], err);
	liteio_pools_put_all(a->pools, all, n);
	if (r)
		return r;
	return liteio_op_module_show(a, ret, err);
}

int liteio_op_node_show(struct liteio_agent *a, struct liteio_local_node *ret,
			struct liteio_error *err)
{
	struct liteio_local_module module = { 0 };
	size_t i;
	int r;

	r = liteio_op_module_loaded(&module, err);
	if (r)
		return r;
	ret->name = liteio_strdup(a->identity.name);
	ret->host_nqn = liteio_strdup(a->identity.host_nqn);
	ret->host_id = liteio_strdup(a->identity.host_id);
	ret->kernel = liteio_strdup(a->identity.kernel);
	ret->boot_id = liteio_strdup(a->identity.boot_id);
	ret->agent = liteio_strdup(LITEIO_AGENT_VERSION);
	if (module.loaded) {
		ret->module = liteio_strdup(module.version);
		add_text(&ret->features, &ret->n_features, "head");
		add_text(&ret->features, &ret->n_features, "attach");
		if (liteio_export_check_remote(a, NULL) == 0)
			add_text(&ret->features, &ret->n_features, "export");
	}
	for (i = 0; i < a->config.n_listen; i++) {
		_cleanup_free_ char *text = liteio_export_address(a->config.listen[i]);

		add_text(&ret->addresses, &ret->n_addresses, text);
	}
	liteio_json_fini(&module, liteio_local_module_fields);
	ret->closed = liteio_door_reason(a);
	return 0;
}

static const char *const class_names[LITEIO_CLASS_NR] = {
	[LITEIO_CLASS_READ] = "read",
	[LITEIO_CLASS_WRITE] = "write",
	[LITEIO_CLASS_FLUSH] = "flush",
	[LITEIO_CLASS_OTHER] = "other",
};

static void fill_class(const struct liteio_netlink_class *from, const char *name,
		       struct liteio_local_class_stats *ret)
{
	size_t i;

	ret->name = liteio_strdup(name);
	ret->ios = from->ios;
	ret->errors = from->errors;
	ret->bytes = from->bytes;
	ret->time_ns = from->time_ns;
	ret->p50_ns = liteio_latency_percentile(from->hist, 500);
	ret->p90_ns = liteio_latency_percentile(from->hist, 900);
	ret->p99_ns = liteio_latency_percentile(from->hist, 990);
	ret->p999_ns = liteio_latency_percentile(from->hist, 999);
	ret->hist = liteio_json_new_array();
	for (i = 0; i < LITEIO_HIST_BUCKETS; i++)
		liteio_json_append(ret->hist, liteio_json_new_int((int64_t)from->hist[i]));
}

int liteio_op_stats_list(struct liteio_agent *a, struct liteio_local_stats_list *ret,
			 struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	_cleanup_free_ struct liteio_netlink_stats *stats = NULL;
	size_t i, j, n = 0;
	int r;

	r = liteio_gate_need(&nl, err);
	if (r)
		return r;
	r = liteio_netlink_stats_list(nl, NULL, &stats, &n, err);
	if (r)
		return r;
	ret->items = liteio_calloc(n + 1, sizeof(*ret->items));
	ret->n_items = n;
	for (i = 0; i < n; i++) {
		struct liteio_local_stats *to = &ret->items[i];

		to->uuid = stats[i].uuid;
		to->generation = stats[i].generation;
		to->time_ns = stats[i].time_ns;
		to->inflight = stats[i].inflight;
		to->rejected = stats[i].rejected;
		to->queued = stats[i].queued;
		to->throttled = stats[i].throttled;
		to->last_ns = stats[i].last_ns;
		to->classes = liteio_calloc(LITEIO_CLASS_NR, sizeof(*to->classes));
		to->n_classes = LITEIO_CLASS_NR;
		for (j = 0; j < LITEIO_CLASS_NR; j++)
			fill_class(&stats[i].classes[j], class_names[j], &to->classes[j]);
	}
	return 0;
}
