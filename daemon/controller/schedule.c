// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Placement: the filters, the scores, the choice.
 */
#include "controller/schedule.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

const char *const liteio_refusal_names[] = {
	[LITEIO_REFUSAL_NONE] = "None",
	[LITEIO_REFUSAL_OTHER_POOL] = "NotTheSnapshotsPool",
	[LITEIO_REFUSAL_NODE_UNKNOWN] = "NodeUnknown",
	[LITEIO_REFUSAL_NODE_NOT_READY] = "NodeNotReady",
	[LITEIO_REFUSAL_NODE_NOT_ALIVE] = "NodeNotAlive",
	[LITEIO_REFUSAL_NODE_CORDONED] = "NodeCordoned",
	[LITEIO_REFUSAL_POOL_DELETING] = "PoolDeleting",
	[LITEIO_REFUSAL_POOL_CORDONED] = "PoolCordoned",
	[LITEIO_REFUSAL_POOL_NOT_READY] = "PoolNotReady",
	[LITEIO_REFUSAL_CLASS] = "ClassNotOffered",
	[LITEIO_REFUSAL_NODE_SELECTOR] = "NodeSelector",
	[LITEIO_REFUSAL_POOL_SELECTOR] = "PoolSelector",
	[LITEIO_REFUSAL_POSITION] = "Position",
	[LITEIO_REFUSAL_REMOTE_CAP] = "TooManyRemoteVolumes",
	[LITEIO_REFUSAL_DATA_FULL] = "DataFull",
	[LITEIO_REFUSAL_METADATA_FULL] = "MetadataFull",
	[LITEIO_REFUSAL_OVERCOMMIT] = "Overcommit",
	NULL,
};

static bool is_local(const struct liteio_schedule_request *req, const struct liteio_candidate *c)
{
	const char *preferred = req->volume->spec.preferred_node;

	return preferred && !strcmp(preferred, c->pool->spec.node);
}

/* a percentage in [0, 100], 100 of nothing */
static unsigned int percent(uint64_t part, uint64_t whole)
{
	if (!whole || part >= whole)
		return 100;
	return (unsigned int)((double)part * 100.0 / (double)whole);
}

/* ---- filters: true refuses ---- */

static bool other_pool(const struct liteio_schedule_request *req, const struct liteio_candidate *c)
{
	return req->only_pool && strcmp(req->only_pool, c->pool->meta.name) != 0;
}

static bool node_unknown(const struct liteio_schedule_request *req,
			 const struct liteio_candidate *c)
{
	return !c->node;
}

static bool node_not_ready(const struct liteio_schedule_request *req,
			   const struct liteio_candidate *c)
{
	return c->node->meta.deleting ||
	       !liteio_condition_is_true(c->node->status.conditions, c->node->status.n_conditions,
					 LITEIO_CONDITION_READY);
}

static bool node_not_alive(const struct liteio_schedule_request *req,
			   const struct liteio_candidate *c)
{
	return !c->alive;
}

static bool node_cordoned(const struct liteio_schedule_request *req,
			  const struct liteio_candidate *c)
{
	return c->node->spec.cordoned;
}

static bool pool_deleting(const struct liteio_schedule_request *req,
			  const struct liteio_candidate *c)
{
	return c->pool->meta.deleting;
}

static bool pool_cordoned(const struct liteio_schedule_request *req,
			  const struct liteio_candidate *c)
{
	return c->pool->spec.cordoned;
}

static bool pool_not_ready(const struct liteio_schedule_request *req,
			   const struct liteio_candidate *c)
{
	return !liteio_condition_is_true(c->pool->status.conditions, c->pool->status.n_conditions,
					 LITEIO_CONDITION_READY);
}

/* what a pool has for volumes that take their whole size from space that is set apart */
struct fixed {
	uint64_t total;
	uint64_t promised;
};

/* false: of class thin, which has no such space */
static bool fixed_space(const struct liteio_schedule_request *req, const struct liteio_candidate *c,
			struct fixed *ret)
{
	const struct liteio_pool_status *s = &c->pool->status;
	int vclass = req->volume->spec.volume_class;
	uint64_t left;

	switch (vclass) {
	case LITEIO_VOLUME_RESERVED:
		ret->total = s->reserved_bytes;
		left = s->reserved_free_bytes;
		break;
	case LITEIO_VOLUME_LINEAR:
		ret->total = s->linear_bytes;
		left = s->linear_free_bytes;
		break;
	default:
		return false;
	}
	/* what the pool says and what was given to it since; the larger one holds */
	ret->promised = left < ret->total ? ret->total - left : 0;
	if (c->assigned_fixed[vclass] > ret->promised)
		ret->promised = c->assigned_fixed[vclass];
	return true;
}

/* every pool is a thin pool; the other classes have what was set apart for them */
static bool class_not_offered(const struct liteio_schedule_request *req,
			      const struct liteio_candidate *c)
{
	int vclass = req->volume->spec.volume_class;
	struct fixed f;

	if (vclass < 0 || vclass >= LITEIO_VOLUME_CLASS_NR)
		return true;
	return fixed_space(req, c, &f) && !f.total;
}

static bool node_selector(const struct liteio_schedule_request *req,
			  const struct liteio_candidate *c)
{
	return !liteio_meta_match(&c->node->meta, req->volume->spec.node_selector);
}

static bool pool_selector(const struct liteio_schedule_request *req,
			  const struct liteio_candidate *c)
{
	return !liteio_meta_match(&c->pool->meta, req->volume->spec.pool_selector);
}

/* without a preferred node the pod follows the volume, and any pool will do */
static bool position(const struct liteio_schedule_request *req, const struct liteio_candidate *c)
{
	if (!req->volume->spec.preferred_node)
		return false;
	if (req->volume->spec.position == LITEIO_POSITION_MUST_LOCAL)
		return !is_local(req, c);
	return req->volume->spec.position == LITEIO_POSITION_MUST_REMOTE && is_local(req, c);
}

static bool remote_cap(const struct liteio_schedule_request *req, const struct liteio_candidate *c)
{
	uint64_t max = c->node->spec.max_remote_volumes;

	return max && req->volume->spec.preferred_node && !is_local(req, c) &&
	       c->remote_volumes >= max;
}

static bool data_full(const struct liteio_schedule_request *req, const struct liteio_candidate *c)
{
	const struct liteio_pool_status *s = &c->pool->status;

	return req->volume->spec.volume_class == LITEIO_VOLUME_THIN &&
	       percent(s->data_used_bytes, s->data_bytes) >= LITEIO_SCHEDULE_DATA_PERCENT_MAX;
}

static bool metadata_full(const struct liteio_schedule_request *req,
			  const struct liteio_candidate *c)
{
	const struct liteio_pool_status *s = &c->pool->status;

	return req->volume->spec.volume_class == LITEIO_VOLUME_THIN &&
	       percent(s->metadata_used_bytes, s->metadata_bytes) >=
		       LITEIO_SCHEDULE_METADATA_PERCENT_MAX;
}

/* what the kernel has and what was promised since; the larger one holds */
static bool overcommit(const struct liteio_schedule_request *req, const struct liteio_candidate *c)
{
	const struct liteio_pool_status *s = &c->pool->status;
	uint64_t have = s->provisioned_bytes > c->assigned_bytes ? s->provisioned_bytes :
								   c->assigned_bytes;
	unsigned __int128 limit = (unsigned __int128)s->data_bytes *
				  c->pool->spec.overcommit_percent / 100;
	struct fixed f;

	if (fixed_space(req, c, &f))
		return (unsigned __int128)f.promised + req->volume->spec.size_bytes > f.total;
	return (unsigned __int128)have + req->volume->spec.size_bytes > limit;
}

/* the order matters: later filters rely on what earlier ones have checked (the node is known) */
static const struct {
	enum liteio_refusal refusal;
	bool (*refuses)(const struct liteio_schedule_request *req,
			const struct liteio_candidate *c);
} filters[] = {
	{ LITEIO_REFUSAL_OTHER_POOL, other_pool },
	{ LITEIO_REFUSAL_NODE_UNKNOWN, node_unknown },
	{ LITEIO_REFUSAL_NODE_NOT_READY, node_not_ready },
	{ LITEIO_REFUSAL_NODE_NOT_ALIVE, node_not_alive },
	{ LITEIO_REFUSAL_NODE_CORDONED, node_cordoned },
	{ LITEIO_REFUSAL_POOL_DELETING, pool_deleting },
	{ LITEIO_REFUSAL_POOL_CORDONED, pool_cordoned },
	{ LITEIO_REFUSAL_POOL_NOT_READY, pool_not_ready },
	{ LITEIO_REFUSAL_CLASS, class_not_offered },
	{ LITEIO_REFUSAL_NODE_SELECTOR, node_selector },
	{ LITEIO_REFUSAL_POOL_SELECTOR, pool_selector },
	{ LITEIO_REFUSAL_POSITION, position },
	{ LITEIO_REFUSAL_REMOTE_CAP, remote_cap },
	{ LITEIO_REFUSAL_DATA_FULL, data_full },
	{ LITEIO_REFUSAL_METADATA_FULL, metadata_full },
	{ LITEIO_REFUSAL_OVERCOMMIT, overcommit },
};

enum liteio_refusal liteio_schedule_filter(const struct liteio_schedule_request *req,
					   const struct liteio_candidate *c)
{
	size_t i;

	for (i = 0; i < LITEIO_ARRAY_SIZE(filters); i++)
		if (filters[i].refuses(req, c))
			return filters[i].refusal;
	return LITEIO_REFUSAL_NONE;
}

/* ---- scores: 0..100 each ---- */

static int score_position(const struct liteio_schedule_request *req,
			  const struct liteio_candidate *c)
{
	switch (req->volume->spec.position) {
	case LITEIO_POSITION_PREFER_LOCAL:
		return is_local(req, c) ? 100 : 0;
	case LITEIO_POSITION_PREFER_REMOTE:
		return is_local(req, c) ? 0 : 100;
	default:
		return 0;
	}
}

static int score_free(const struct liteio_schedule_request *req, const struct liteio_candidate *c)
{
	const struct liteio_pool_status *s = &c->pool->status;
	struct fixed f;

	if (fixed_space(req, c, &f))
		return 100 - (int)percent(f.promised, f.total);
	return 100 - (int)percent(s->data_used_bytes, s->data_bytes);
}

static int score_promised(const struct liteio_schedule_request *req,
			  const struct liteio_candidate *c)
{
	const struct liteio_pool_status *s = &c->pool->status;
	uint64_t have = s->provisioned_bytes > c->assigned_bytes ? s->provisioned_bytes :
								   c->assigned_bytes;
	struct fixed f;

	if (fixed_space(req, c, &f))
		return 100 - (int)percent(f.promised, f.total);
	return 100 - (int)percent(have / c->pool->spec.overcommit_percent * 100, s->data_bytes);
}

/* position outweighs the others together */
static const struct {
	int weight;
	int (*score)(const struct liteio_schedule_request *req, const struct liteio_candidate *c);
} scores[] = {
	{ 10, score_position },
	{ 2, score_free },
	{ 1, score_promised },
};

int liteio_schedule_score(const struct liteio_schedule_request *req,
			  const struct liteio_candidate *c)
{
	int sum = 0;
	size_t i;

	for (i = 0; i < LITEIO_ARRAY_SIZE(scores); i++)
		sum += scores[i].weight * scores[i].score(req, c);
	return sum;
}

void liteio_schedule(const struct liteio_schedule_request *req, const struct liteio_candidate *c,
		     size_t n, struct liteio_schedule_result *ret)
{
	int best = 0;
	size_t i;

	*ret = (struct liteio_schedule_result){ .chosen = -1, .candidates = n };
	for (i = 0; i < n; i++) {
		enum liteio_refusal refusal = liteio_schedule_filter(req, &c[i]);
		int score;

		ret->refused[refusal]++;
		if (refusal)
			continue;
		score = liteio_schedule_score(req, &c[i]);
		if (ret->chosen >= 0 && score < best)
			continue;
		if (ret->chosen >= 0 && score == best &&
		    strcmp(c[i].pool->meta.name, c[ret->chosen].pool->meta.name) > 0)
			continue;
		ret->chosen = (int)i;
		best = score;
	}
}

void liteio_schedule_explain(const struct liteio_schedule_request *req,
			     const struct liteio_schedule_result *res, struct liteio_verdict *v)
{
	struct liteio_buf text = LITEIO_BUF_INIT;
	const char *sep = ": ";
	char size[32];
	size_t i;

	if (!res->candidates) {
		liteio_verdict_set(v, LITEIO_CONDITION_FALSE, "NoPool", "there is no StoragePool");
		return;
	}
	liteio_buf_addf(&text, "0 of %zu pools can take %s", res->candidates,
			liteio_format_size(req->volume->spec.size_bytes, size, sizeof(size)));
	for (i = 1; i < LITEIO_REFUSAL_COUNT; i++) {
		if (!res->refused[i])
			continue;
		liteio_buf_addf(&text, "%s%u %s", sep, res->refused[i], liteio_refusal_names[i]);
		sep = ", ";
	}
	liteio_verdict_set(v, LITEIO_CONDITION_FALSE, "NoPoolFits", "%s", text.data);
	liteio_buf_fini(&text);
}
