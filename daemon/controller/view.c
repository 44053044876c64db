// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The view: pools with their nodes, and what volumes and snapshots take of them.
 */
#include "controller/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "controller/heartbeat.h"

static const struct liteio_json *by_name(const struct liteio_json *list, const char *name)
{
	size_t i;

	for (i = 0; i < liteio_json_len(list); i++) {
		const struct liteio_json *o = liteio_json_at(list, i);
		const char *n = liteio_json_get_string(o, "metadata.name");

		if (n && !strcmp(n, name))
			return o;
	}
	return NULL;
}

static void add_pool(struct liteio_view *v, const struct liteio_view_sources *s,
		     const struct liteio_json *obj)
{
	struct liteio_storage_pool *pool = &v->pools[v->n];
	struct liteio_candidate *c = &v->candidates[v->n];
	struct liteio_node *node = &v->nodes[v->n];
	const struct liteio_json *n;
	uint64_t again;
	bool was_alive;

	if (liteio_storage_pool_parse(obj, pool, NULL))
		return;
	c->pool = pool;
	v->n++;
	n = by_name(s->nodes, pool->spec.node);
	if (!n || liteio_node_parse(n, node, NULL))
		return;
	c->node = node;
	was_alive = liteio_condition_is_true(node->status.conditions, node->status.n_conditions,
					     LITEIO_CONDITION_ALIVE);
	c->alive = liteio_heartbeats_alive(s->beats, pool->spec.node, was_alive, s->now_ms,
					   &again);
}

static void assign(struct liteio_view *v, const char *pool, int volume_class, uint64_t bytes)
{
	size_t i;

	for (i = 0; i < v->n; i++) {
		if (strcmp(v->pools[i].meta.name, pool) != 0)
			continue;
		if (volume_class == LITEIO_VOLUME_THIN)
			v->candidates[i].assigned_bytes += bytes;
		else
			v->candidates[i].assigned_fixed[volume_class] += bytes;
	}
}

/* what is none of ours counts as thin */
static int class_of(const struct liteio_json *volume)
{
	const char *s = liteio_json_get_string(volume, "spec.class");

	for (int i = 0; s && i < LITEIO_VOLUME_CLASS_NR; i++) {
		if (!strcmp(s, liteio_volume_class_names[i]))
			return i;
	}
	return LITEIO_VOLUME_THIN;
}

/* consumed elsewhere, or expected to be while nobody has it */
static bool is_remote(const struct liteio_json *volume, const char *node)
{
	const struct liteio_json *grants = liteio_json_get(volume, "spec.grants");
	const char *preferred = liteio_json_get_string(volume, "spec.preferredNode");
	size_t i;

	for (i = 0; i < liteio_json_len(grants); i++) {
		const char *consumer = liteio_json_get_string(liteio_json_at(grants, i), "node");

		if (consumer && strcmp(consumer, node) != 0)
			return true;
	}
	return !liteio_json_len(grants) && preferred && strcmp(preferred, node) != 0;
}

static void add_volume(struct liteio_view *v, const struct liteio_json *volume)
{
	const char *pool = liteio_json_get_string(volume, "spec.placement.pool");
	const char *node = liteio_json_get_string(volume, "spec.placement.node");
	size_t i;

	if (!pool || !node)
		return;
	assign(v, pool, class_of(volume),
	       (uint64_t)liteio_json_get_int(volume, "spec.sizeBytes", 0));
	if (!is_remote(volume, node))
		return;
	for (i = 0; i < v->n; i++)
		if (!strcmp(v->pools[i].spec.node, node))
			v->candidates[i].remote_volumes++;
}

void liteio_view_init(struct liteio_view *v, const struct liteio_view_sources *s)
{
	size_t n = liteio_json_len(s->pools), i;

	*v = (struct liteio_view){
		.candidates = liteio_calloc(n + 1, sizeof(*v->candidates)),
		.pools = liteio_calloc(n + 1, sizeof(*v->pools)),
		.nodes = liteio_calloc(n + 1, sizeof(*v->nodes)),
	};
	for (i = 0; i < n; i++)
		add_pool(v, s, liteio_json_at(s->pools, i));
	for (i = 0; i < liteio_json_len(s->volumes); i++)
		add_volume(v, liteio_json_at(s->volumes, i));
	for (i = 0; i < liteio_json_len(s->snapshots); i++) {
		const struct liteio_json *o = liteio_json_at(s->snapshots, i);
		const char *pool = liteio_json_get_string(o, "spec.placement.pool");

		if (pool)
			assign(v, pool, LITEIO_VOLUME_THIN,
			       (uint64_t)liteio_json_get_int(o, "status.sizeBytes", 0));
	}
}

void liteio_view_fini(struct liteio_view *v)
{
	size_t i;

	for (i = 0; i < v->n; i++) {
		liteio_storage_pool_fini(&v->pools[i]);
		liteio_node_fini(&v->nodes[i]);
	}
	free(v->candidates);
	free(v->pools);
	free(v->nodes);
	*v = (struct liteio_view){ 0 };
}
