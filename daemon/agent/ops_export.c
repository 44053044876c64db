// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on exports, and the fence.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/endings.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/generations.h"
#include "agent/let_go.h"
#include "agent/ops.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "agent/rights.h"
#include "agent/walk.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/head.h"
#include "host/kmodule.h"
#include "pool/step.h"

/* so long the disk may take for the catalog; the gate is open meanwhile */
#define WRITTEN_MS 20000

/* ---- fence ---- */

/*
 * To close its gates may have put a volume into the module that was being deleted, and that the
 * module had forgotten. One that is there still is not forgotten: its old generations are to find
 * their gates closed. Who is deleting it forgets it once more when it has gone (ops_delete.c): he
 * is told before it is looked for, and asks after it has gone, so one of both sees the other
 */
static void leave_what_is_gone(const struct liteio_target *t)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog_volume now;
	char text[LITEIO_UUID_STRLEN + 1];
	int r;

	liteio_uuid_format(&t->volume.uuid, text);
	liteio_locks_note(t->agent->locks, text);
	if (!liteio_pool_volume_get(t->pool->engine, &t->volume.uuid, &now) &&
	    now.state != LITEIO_CATALOG_DELETING)
		return;
	r = liteio_gate_forget_gone(&t->volume.uuid, &err);
	if (r)
		log_warning(NULL, "volume %s is gone, and in the module still: %s", t->volume.name,
			    liteio_error_str(&err, r));
}

/*
 * The pool does not answer, or its disk does not take the catalog. What still writes is stopped all
 * the same, for closing a gate early is always right; that the fence holds after a restart is not
 * said before it is written.
 */
static void fence_meanwhile(const struct liteio_target *t, const struct liteio_ending *e)
{
	if (!liteio_kmodule_is_loaded("liteio"))
		return;
	(void)liteio_gate_fence_meanwhile(&t->volume.uuid, t->volume.name, e->floor,
					  e->generation);
	leave_what_is_gone(t);
}

/* (1), (2), (3) */
static int fence(struct liteio_target *t, const struct liteio_ending *e, uint64_t timeout_ms,
		 struct liteio_local_fenced *ret, struct liteio_error *err)
{
	uint64_t floor = e->floor;
	int r;

	r = liteio_endings_persist(t->pool, &t->volume, e, WRITTEN_MS, err);
	/* what is no generation, or of no volume, is not ended */
	if (r && r != -EINVAL && r != -ENOENT)
		fence_meanwhile(t, e);
	if (r)
		return r;
	liteio_step("agent-fence:persisted");
	/* the kernel's floor is not behind the catalog's, whichever of both has ended it */
	if (e->by_floor && e->generation < t->volume.floor)
		floor = t->volume.floor;
	r = liteio_gate_fence(&t->volume.uuid, t->volume.name, floor, floor ? 0 : e->generation,
			      timeout_ms, ret, err);
	leave_what_is_gone(t);
	if (r)
		return r;
	liteio_step("agent-fence:closed");
	ret->floor = t->volume.floor;
	if (e->floor && e->floor < ret->floor)
		ret->note = liteio_strdup("the floor is higher already: nothing has changed");
	if (!ret->drained)
		log_warning(NULL, "volume %s: fenced, but %" PRIu64 " I/Os are still in flight",
			    t->volume.name, ret->inflight);
	return 0;
}

/* a volume that was found */
static int fence_target(struct liteio_agent *a, struct liteio_target *t,
			const struct liteio_local_fence *req, struct liteio_local_fenced *ret,
			struct liteio_error *err)
{
	const struct liteio_ending e = { .floor = req->floor, .generation = req->generation };
	int r = fence(t, &e, req->timeout_ms, ret, err);

	if (r)
		return liteio_error_wrap(err, r, "volume %s", t->volume.name);
	/* perhaps it was one that could not be restored */
	liteio_door_review(a);
	return 0;
}

int liteio_op_volume_fence_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
				const struct liteio_local_fence *req,
				struct liteio_local_fenced *ret, char **ret_pool,
				struct liteio_error *err)
{
	char text[LITEIO_UUID_STRLEN + 1];
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_find_uuid(a, uuid, &t, err);
	/* it is not open, as @err says, and who takes it out may hang: gates can be closed */
	if (r == -EBUSY)
		return -ENOENT;
	if (r == 0 && t.volume.kind != LITEIO_CATALOG_VOLUME)
		r = liteio_error_set(err, -EINVAL, "%s is a snapshot: it has no gates",
				     t.volume.name);
	if (r)
		return r;
	/* as below: without gates alone */
	if (!liteio_kmodule_is_loaded("liteio")) {
		liteio_uuid_format(uuid, text);
		t.lock = liteio_locks_take(a->locks, text);
	}
	r = fence_target(a, &t, req, ret, err);
	if (r == 0)
		*ret_pool = liteio_strdup(t.pool->name);
	/* -ENOENT is for what no pool has */
	return r == -ENOENT ? -EBUSY : r;
}

int liteio_op_volume_fence(struct liteio_agent *a, const char *volume,
			   const struct liteio_local_fence *req, struct liteio_local_fenced *ret,
			   struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r;

	if (!req->floor == !req->generation)
		return liteio_error_set(err, -EINVAL,
					"exactly one of floor and generation is needed");
	/* without gates a head is fenced by its table: alone, then */
	if (liteio_kmodule_is_loaded("liteio"))
		r = liteio_target_find(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	else
		r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	return r ? r : fence_target(a, &t, req, ret, err);
}

/* ---- exports ---- */

static int create_check(struct liteio_agent *a, const struct liteio_local_export_create *req,
			struct liteio_error *err)
{
	const char *p;

	if (req->local)
		return 0;
	if (!req->host_nqn || strncmp(req->host_nqn, "nqn.", 4) != 0)
		return liteio_error_set(err, -EINVAL,
					"hostNQN: the NQN of the consumer is needed");
	for (p = req->host_nqn; *p; p++)
		if (*p <= ' ' || *p == ',' || *p == '/' || *p > '~')
			return liteio_error_set(err, -EINVAL, "hostNQN: no such character is taken");
	return liteio_export_check_remote(a, err);
}

/* the right to it, on the disk; @ret_is_new: it was not there before */
static int give_right(struct liteio_target *t, const struct liteio_catalog_attachment *att,
		      bool *ret_is_new, struct liteio_error *err)
{
	int r = liteio_rights_give(t->pool, att, ret_is_new, err);

	/* the floor that the catalog took it under, or a higher one by now, for the kernel */
	return r ? r : liteio_pool_volume_get(t->pool->engine, &t->volume.uuid, &t->volume);
}

/* in the lane */
static int drop_it(struct liteio_pool *engine, void *data, struct liteio_error *err)
{
	const struct liteio_catalog_attachment *att = data;

	return liteio_pool_attachment_drop(engine, &att->volume, att->generation, err);
}

/* a disk that does not take it in time may do so later: whoever wants it again comes after that */
static int take_back(struct liteio_target *t, const struct liteio_catalog_attachment *att,
		     struct liteio_error *err)
{
	struct liteio_catalog_attachment dropped = *att;
	int r = liteio_export_take_back(&att->volume, att->generation, err);

	return r ? r : liteio_pools_do_for(t->pool, LITEIO_LANE_CHANGE, drop_it, &dropped,
					   sizeof(dropped), WRITTEN_MS, err);
}

/*
 * A right that nobody was told of: left in the catalog, it would be restored when the node starts,
 * and when that fails as well, all consumers of the node would wait for it. One that has been
 * fenced meanwhile has ended; and what did not come back in its time may still be done. Who asked
 * for it is told what stays.
 */
static void give_up(struct liteio_target *t, const struct liteio_catalog_attachment *att, int why,
		    struct liteio_error *err)
{
	struct liteio_error back_err = LITEIO_ERROR_INIT;
	int r = why;

	if (why == -ESTALE)
		return;
	if (why == -ETIMEDOUT)
		back_err = *err;
	else
		r = take_back(t, att, &back_err);
	if (!r)
		return;
	log_warning(NULL, "volume %s: generation %" PRIu64 " stays attached: %s", t->volume.name,
		    att->generation, liteio_error_str(&back_err, r));
	liteio_error_set(err, why, "%s; generation %" PRIu64 " stays attached until it is ended",
			 liteio_error_str(err, why), att->generation);
}

/* everything but the right to it */
static int open_up(struct liteio_agent *a, struct liteio_target *t,
		   const struct liteio_local_export_create *req,
		   const struct liteio_catalog_attachment *att, struct liteio_error *err)
{
	int r;

	r = liteio_export_prepare(a, t->pool, &t->volume, att, err);
	if (r)
		return r;
	liteio_step("agent-export:prepared");
	if (!req->local) {
		r = liteio_pools_remember_remote(a, t->pool, err);
		if (r == 0)
			r = liteio_places_keep(a, t->pool, err);
		if (r)
			return r;
	}
	/* if anybody is waited for, the door is closed since the start */
	r = liteio_export_link(a, att, err);
	if (r)
		return r;
	liteio_step("agent-export:linked");
	liteio_door_review(a);
	return 0;
}

static int create(struct liteio_agent *a, struct liteio_target *t,
		  const struct liteio_local_export_create *req,
		  struct liteio_catalog_attachment *att, struct liteio_error *err)
{
	bool is_new;
	int r;

	if (t->volume.state != LITEIO_CATALOG_READY)
		return liteio_error_set(err, -EBUSY, "it is not ready");
	att->volume = t->volume.uuid;
	att->generation = req->generation;
	att->state = LITEIO_CATALOG_ATT_LIVE;
	att->flags = (req->read_only ? LITEIO_CATALOG_ATT_READ_ONLY : 0) |
		     (req->local ? LITEIO_CATALOG_ATT_LOCAL : 0);
	if (!req->local)
		snprintf(att->host, sizeof(att->host), "%s", req->host_nqn);
	r = give_right(t, att, &is_new, err);
	if (r)
		return r;
	liteio_step("agent-export:persisted");
	r = open_up(a, t, req, att, err);
	if (r && is_new)
		give_up(t, att, r, err);
	/* to who asked it is all one what has not ended in time */
	return r == -EAGAIN ? -ETIMEDOUT : r;
}

int liteio_op_export_create(struct liteio_agent *a, const struct liteio_local_export_create *req,
			    struct liteio_local_export *ret, struct liteio_error *err)
{
	struct liteio_catalog_attachment att = { 0 };
	struct liteio_export_view view;
	LITEIO_TARGET(t);
	int r;

	r = create_check(a, req, err);
	if (r == 0)
		r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, req->volume, &t, err);
	if (r)
		return r;
	r = create(a, &t, req, &att, err);
	if (r)
		return liteio_error_wrap(err, r, "export volume %s", req->volume);
	log_info(NULL, "volume %s: generation %" PRIu64 " is open", req->volume, req->generation);
	if (!ret)
		return 0;
	liteio_export_view_init(&view, a, &t.volume.uuid);
	r = liteio_export_show(a, &view, &t.volume, &att, ret, err);
	liteio_export_view_fini(&view);
	return r;
}

/* no place for what has ended; one more would do no harm */
static void forget_places(struct liteio_agent *a, struct liteio_open_pool *p)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_places_keep(a, p, &err);

	if (r)
		log_warning(NULL, "pool %s: what has ended is written down still: %s", p->name,
			    liteio_error_str(&err, r));
}

static int end_export(struct liteio_agent *a, const char *volume, uint64_t generation,
		      uint64_t timeout_ms, struct liteio_uuid *ret_volume,
		      struct liteio_local_unexport *ret, struct liteio_error *err)
{
	/* in a cluster a grant of a lower one may still be on its way */
	const struct liteio_ending e = { .generation = generation, .by_floor = !a->cluster };
	struct liteio_local_fenced fenced = { 0 };
	LITEIO_TARGET(t);
	bool removed;
	int r;

	r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	if (r)
		return r;
	r = fence(&t, &e, timeout_ms, &fenced, err);
	if (r == 0)
		r = liteio_export_remove(&t.volume.uuid, generation, fenced.drained, &removed,
					 err);
	if (r)
		return liteio_error_wrap(err, r, "end generation %" PRIu64 " of volume %s",
					 generation, volume);
	log_info(NULL, "volume %s: generation %" PRIu64 " is over", volume, generation);
	liteio_step("agent-unexport:removed");
	forget_places(a, t.pool);
	liteio_door_review(a);
	*ret_volume = t.volume.uuid;
	ret->fenced = true;
	ret->drained = fenced.drained;
	ret->removed = removed;
	return 0;
}

int liteio_op_export_delete(struct liteio_agent *a, const char *volume, uint64_t generation,
			    uint64_t timeout_ms, struct liteio_local_unexport *ret,
			    struct liteio_error *err)
{
	struct liteio_uuid uuid;
	int r = end_export(a, volume, generation, timeout_ms, &uuid, ret, err);

	if (r == 0 && ret->removed)
		liteio_let_go_later(a, &uuid);
	return r;
}

int liteio_op_export_sweep(struct liteio_agent *a, const char *volume, struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	if (r)
		return r;
	r = liteio_export_sweep(t.pool, &t.volume, 0, err);
	return r < 0 ? liteio_error_wrap(err, r, "volume %s", volume) : 0;
}

/* a generation that is over and has left something: not live in the catalog, never ready */
static void fill_remains(const struct liteio_catalog_volume *v, uint64_t generation,
			 struct liteio_local_export *ret)
{
	struct liteio_head_state head;

	ret->volume = liteio_strdup(v->name);
	ret->uuid = v->uuid;
	ret->generation = generation;
	if (liteio_head_get(&v->uuid, generation, false, &head, NULL) == 0) {
		ret->device = liteio_strdup(head.path);
		ret->read_only = head.head.read_only;
	}
}

/* a list that is being made */
struct listing {
	struct liteio_agent *agent;
	struct liteio_generations in_kernel;
	struct liteio_export_view view;
	struct liteio_local_export_list list;
};

static int list_volume(void *arg, struct liteio_open_pool *p,
		       const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	struct listing *l = arg;
	struct liteio_local_export_list *ret = &l->list;
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	_cleanup_free_ uint64_t *remains = NULL;
	size_t i, n = 0, n_remains = 0;
	int r;

	liteio_export_remains(p, v, &l->in_kernel, &remains, &n_remains);
	liteio_pool_attachment_list(p->engine, &v->uuid, &atts, &n);
	ret->items = liteio_realloc(ret->items, ret->n_items + n + n_remains + 1,
				    sizeof(*ret->items));
	memset(&ret->items[ret->n_items], 0, (n + n_remains + 1) * sizeof(*ret->items));
	for (i = 0; i < n; i++) {
		if (atts[i].state != LITEIO_CATALOG_ATT_LIVE)
			continue;
		r = liteio_export_show(l->agent, &l->view, v, &atts[i],
				       &ret->items[ret->n_items++], err);
		if (r)
			return r;
	}
	for (i = 0; i < n_remains; i++)
		fill_remains(v, remains[i], &ret->items[ret->n_items++]);
	return 0;
}

int liteio_op_export_list(struct liteio_agent *a, const char *volume,
			  struct liteio_local_export_list *ret, struct liteio_error *err)
{
	const struct liteio_uuid *uuid = NULL;
	struct listing l = { .agent = a };
	LITEIO_TARGET(t);
	int r = 0;

	if (volume) {
		r = liteio_target_find(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
		uuid = &t.volume.uuid;
	}
	/* looked up once, and before the catalogs: what comes meanwhile is live in them */
	if (r == 0)
		r = liteio_generations_in_kernel(uuid, &l.in_kernel, err);
	if (r == 0) {
		liteio_export_view_init(&l.view, a, uuid);
		r = volume ? list_volume(&l, t.pool, &t.volume, err) :
			     liteio_walk(a->pools, LITEIO_CATALOG_VOLUME, list_volume, &l, err);
		liteio_export_view_fini(&l.view);
	}
	liteio_generations_fini(&l.in_kernel);
	if (r)
		liteio_json_fini(&l.list, liteio_local_export_list_fields);
	else
		*ret = l.list;
	return r;
}
