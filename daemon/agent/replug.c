// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking out what a pool has on a disk that is gone.
 */
#include "agent/replug.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/gate.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/release.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "host/head.h"
#include "host/nvmet.h"
#include "model/local.h"
#include "pool/back.h"

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
static int take_heads_down(struct liteio_open_pool *p, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct liteio_catalog_volume v;
	size_t n = 0;
	int r = 0;

	liteio_pool_attachment_list(p->engine, NULL, &atts, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		if (atts[i].state == LITEIO_CATALOG_ATT_LIVE &&
		    liteio_pool_volume_get(p->engine, &atts[i].volume, &v) == 0)
			r = take_down(&v, &atts[i], err);
	}
	return r;
}

/*
 * What other nodes have written and not flushed was in the cache of the disk, which lost its power;
 * whether they have it open nobody here knows. On the new disk their next flush would succeed, and
 * so they do not get there by the old right: the gate is closed for good before the pool goes, and
 * liteio_restore_pool() writes it down when there is a disk again.
 */
static int end_remote(struct liteio_open_pool *p, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct liteio_catalog_volume v;
	size_t n = 0;
	int r = 0;

	liteio_pool_attachment_list(p->engine, NULL, &atts, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct liteio_local_fenced closed = { 0 };

		if (atts[i].state != LITEIO_CATALOG_ATT_LIVE ||
		    atts[i].flags & LITEIO_CATALOG_ATT_LOCAL ||
		    liteio_pool_volume_get(p->engine, &atts[i].volume, &v) < 0)
			continue;
		r = liteio_gate_fence(&v.uuid, v.name, 0, atts[i].generation, 0, &closed, err);
		if (!r && !closed.drained)
			r = liteio_error_set(err, -EBUSY, "volume %s: I/O is under way", v.name);
		liteio_json_fini(&closed, liteio_local_fenced_fields);
	}
	return r;
}

/* as long as somebody has a volume open it stays in the table, and says what is wrong */
int liteio_pools_drop(struct liteio_agent *a, struct liteio_open_pool *p, struct liteio_error *err)
{
	int r = take_heads_down(p, err);

	if (r == 0)
		r = end_remote(p, err);
	if (r == 0)
		r = liteio_pools_take_out(a->pools, p, err);
	if (r)
		return r;
	r = liteio_pool_drop(p->engine, err);
	if (r) {
		liteio_pools_put_back(a->pools, p);
		return r;
	}
	p->engine = NULL;
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
