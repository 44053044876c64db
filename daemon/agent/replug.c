// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking out what a pool has on a disk that is gone.
 */
#include "agent/replug.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/ended.h"
#include "agent/events.h"
#include "agent/gate.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/release.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/head.h"
#include "host/nvmet.h"
#include "model/local.h"
#include "pool/back.h"
#include "pool/heir.h"
#include "pool/step.h"

static const struct liteio_nvmet target = LITEIO_NVMET_INIT;

bool liteio_pools_any_unplugged(struct liteio_agent *a)
{
	struct liteio_open_pool **all;
	bool any = false;
	size_t n;

	liteio_pools_all(a->pools, &all, &n);
	for (size_t i = 0; i < n; i++)
		any = any || liteio_pool_is_gone(all[i]->engine);
	liteio_pools_put_all(a->pools, all, n);
	return any;
}

/*
 * No subsystem any more, and no head, and the right of this node stays: liteio_export_prepare()
 * brings them back. What is in use keeps its head, and its name.
 */
static int take_down(const struct liteio_catalog_volume *v,
		     const struct liteio_catalog_attachment *att, struct liteio_error *err)
{
	struct liteio_head_state head;
	int r;

	/* the door: who is behind it has seen errors, or sees them now */
	r = liteio_nvmet_remove(&target, &v->uuid, att->generation, false, err);
	if (r && r != -EBUSY)
		return r;
	r = liteio_head_get(&v->uuid, att->generation, false, &head, err);
	if (r == -ENODEV)
		return liteio_nvmet_remove(&target, &v->uuid, att->generation, true, err);
	if (r)
		return r;
	if (head.inflight)
		return liteio_error_set(err, -EBUSY, "volume %s: I/O is under way on %s", v->name,
					head.path);
	r = liteio_nvmet_remove(&target, &v->uuid, att->generation, true, err);
	if (r)
		return r;
	if (!liteio_release_is_closed(&head))
		return liteio_error_set(err, -EBUSY,
					"volume %s is open here, as %s: unmount it, or close it, first",
					v->name, head.path);
	r = liteio_head_remove(&v->uuid, att->generation, false, err);
	if (r == 0)
		liteio_publish_del(&v->uuid, head.path);
	return r;
}

/* heads and subsystems of all that is attached */
static int take_heads_down(struct liteio_pool *engine, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct liteio_catalog_volume v;
	size_t n = 0;
	int r = 0;

	liteio_pool_attachment_list(engine, NULL, &atts, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		if (atts[i].state == LITEIO_CATALOG_ATT_LIVE &&
		    liteio_pool_volume_get(engine, &atts[i].volume, &v) == 0)
			r = take_down(&v, &atts[i], err);
	}
	return r;
}

/* of all that other nodes have attached; new memory */
static struct liteio_ended *remote_of(struct liteio_pool *engine, const struct liteio_uuid *pool,
				      size_t *ret_n)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct liteio_ended *remote;
	size_t n = 0;

	*ret_n = 0;
	liteio_pool_attachment_list(engine, NULL, &atts, &n);
	remote = liteio_calloc(n + 1, sizeof(*remote));
	for (size_t i = 0; i < n; i++) {
		if (atts[i].state != LITEIO_CATALOG_ATT_LIVE ||
		    atts[i].flags & LITEIO_CATALOG_ATT_LOCAL)
			continue;
		remote[(*ret_n)++] = (struct liteio_ended){
			.pool = *pool,
			.volume = atts[i].volume,
			.generation = atts[i].generation,
		};
	}
	return remote;
}

static int close_gate(struct liteio_pool *engine, const struct liteio_ended *ended,
		      struct liteio_error *err)
{
	struct liteio_local_fenced closed = { 0 };
	struct liteio_catalog_volume v;
	int r;

	if (liteio_pool_volume_get(engine, &ended->volume, &v) < 0)
		return 0;
	r = liteio_gate_fence(&v.uuid, v.name, 0, ended->generation, 0, &closed, err);
	if (!r && !closed.drained)
		r = liteio_error_set(err, -EBUSY, "volume %s: I/O is under way", v.name);
	liteio_json_fini(&closed, liteio_local_fenced_fields);
	return r;
}

/*
 * What other nodes have written and not flushed was in the cache of the disk, which lost its power;
 * whether they have it open nobody here knows. On the new disk their next flush would succeed, and
 * so they do not get there by the old right. That is written down where this node keeps what it
 * has to know, in the place of the catalog, then the gate is closed for good, and then the pool
 * goes; liteio_restore_pool() takes it into the catalog when there is a disk again.
 */
static int end_remote(struct liteio_agent *a, struct liteio_pool *engine,
		      const struct liteio_uuid *pool, struct liteio_error *err)
{
	size_t n;
	_cleanup_free_ struct liteio_ended *remote = remote_of(engine, pool, &n);
	int r = 0;

	if (n)
		r = liteio_ended_add(a, remote, n, err);
	liteio_step("agent-replug:ended");
	for (size_t i = 0; i < n && r == 0; i++)
		r = close_gate(engine, &remote[i], err);
	return r;
}

/* as long as somebody has a volume open it stays in the table, and says what is wrong */
int liteio_pools_drop(struct liteio_agent *a, struct liteio_open_pool *p, struct liteio_error *err)
{
	int r = take_heads_down(p->engine, err);

	if (r == 0)
		r = end_remote(a, p->engine, &p->uuid, err);
	if (r == 0)
		r = liteio_pools_take_out(a->pools, p, err);
	if (r)
		return r;
	liteio_heir_begin(&p->uuid);
	r = liteio_pool_drop(p->engine, err);
	liteio_heir_end();
	if (r) {
		liteio_pools_put_back(a->pools, p);
		return r;
	}
	p->engine = NULL;
	liteio_step("agent-replug:dropped");
	liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_CLOSED, p->name, &p->uuid, NULL,
			  "its disk is gone");
	return 0;
}

static int check_back(struct liteio_open_pool *p, const struct liteio_pool_found *f,
		      struct liteio_error *err)
{
	int r = liteio_pool_check_back(p->engine, f, err);

	return r == -ESTALE ? liteio_error_set(err, r, "%s; import it by hand if it is meant",
					       liteio_error_str(err, r)) :
			      r;
}

int liteio_pools_unplug(struct liteio_agent *a, const struct liteio_pool_found *f, bool is_asked,
			struct liteio_error *err)
{
	struct liteio_open_pool *p;
	int r = 0;

	if (liteio_pools_get_uuid(a->pools, &f->label.pool_uuid, &p))
		return 0;
	/* the one that is gone may be another one of its disks: that has not come back */
	if (!liteio_pool_has_lost(p->engine, f)) {
		liteio_pools_put(a->pools, p);
		return 0;
	}
	if (!is_asked)
		r = check_back(p, f, err);
	if (!r)
		r = liteio_pools_drop(a, p, err);
	liteio_pools_put(a->pools, p);
	return r ? liteio_error_wrap(err, r,
				     "pool %s was on a disk that is gone, %s is to take its place",
				     f->label.pool_name, f->device) :
		   0;
}

bool liteio_pools_unplug_for(struct liteio_agent *a, const struct liteio_pool_found *f,
			     bool is_again)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_pools_unplug(a, f, false, &err);

	if (r && !is_again)
		log_err(NULL, "%s", liteio_error_str(&err, r));
	return r != -EBUSY;
}

/* ---- what an earlier agent has left ---- */

/* the pool is in the kernel on the disk that is gone, and in no table */
static int drop_left(struct liteio_agent *a, const char *device, const char *was_on,
		     const struct liteio_uuid *uuid, struct liteio_error *err)
{
	struct liteio_pool *engine;
	int r;

	r = liteio_pool_open_left(device, was_on, &engine, err);
	if (r)
		return r;
	r = take_heads_down(engine, err);
	if (r == 0)
		r = end_remote(a, engine, uuid, err);
	if (r == 0)
		r = liteio_pool_drop(engine, err);
	if (r)
		liteio_pool_release(engine);
	return r;
}

int liteio_replug_open(struct liteio_agent *a, liteio_replug_open_fn open, const char *device,
		       const char *was_on, const struct liteio_uuid *uuid, struct liteio_pool **ret,
		       struct liteio_error *err)
{
	int r;

	liteio_heir_begin(uuid);
	r = open(device, was_on, ret, err);
	if (r == -ENODEV && liteio_pool_is_left(uuid)) {
		r = drop_left(a, device, was_on, uuid, err);
		if (r == 0)
			r = open(device, was_on, ret, err);
	}
	liteio_heir_end();
	return r;
}
