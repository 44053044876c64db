// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the doctor does about a finding: for one object what an agent that starts does for all.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/doctor.h"
#include "agent/door.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/groups.h"
#include "agent/limits.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "model/local.h"
#include "pool/step.h"

#define DRAIN_MS 5000

/* ---- pools ---------------------------------------------------------------------------------- */

static int mend_copies(struct liteio_agent *a, const struct liteio_finding *f,
		       struct liteio_error *err)
{
	struct liteio_open_pool *p;
	int r;

	r = liteio_pools_get(a->pools, f->pool, &p, err);
	if (r)
		return r;
	{
		LITEIO_LANE(lane);

		r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
		if (!r)
			r = liteio_pool_mend_copies(p->engine, err);
	}
	liteio_pools_put(a->pools, p);
	return r;
}

static int mend_deletion(struct liteio_agent *a, const struct liteio_finding *f,
			 struct liteio_error *err)
{
	struct liteio_open_pool *p;
	int r;

	r = liteio_pools_get(a->pools, f->pool, &p, err);
	if (r)
		return r;
	liteio_pools_reclaim_later(a, p);
	liteio_pools_put(a->pools, p);
	return 0;
}

/* "fast/7", "fast/reserve/7" */
static int mend_stray(struct liteio_agent *a, const struct liteio_finding *f,
		      struct liteio_error *err)
{
	struct liteio_open_pool *p;
	uint64_t id;
	int r;

	if (liteio_parse_u64(strrchr(f->object, '/') + 1, 1, LITEIO_THIN_ID_MAX, &id))
		return liteio_error_set(err, -EINVAL, "this is no thin device");
	r = liteio_pools_get(a->pools, f->pool, &p, err);
	if (r)
		return r;
	{
		LITEIO_LANE(lane);

		r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
		if (!r)
			r = liteio_pool_drop_stray(p->engine, strstr(f->object, "/reserve/"),
						   (uint32_t)id, err);
	}
	liteio_pools_put(a->pools, p);
	return r;
}

/* "fast/<group>"; "<pool>/<group>" of a pool that is nobody's, and that nobody brings meanwhile */
static int mend_group(struct liteio_agent *a, const struct liteio_finding *f,
		      struct liteio_error *err)
{
	const char *slash = strrchr(f->object, '/');
	struct liteio_uuid group, pool;
	struct liteio_open_pool *p;
	int r;

	if (!f->pool[0]) {
		_cleanup_free_ char *text = liteio_strf("%.*s", (int)(slash - f->object),
							f->object);

		if (liteio_uuid_parse(text, &pool))
			return liteio_error_set(err, -EINVAL, "this is no pool");
		return liteio_groups_forget_pool(a, &pool, err);
	}
	if (liteio_uuid_parse(slash + 1, &group))
		return liteio_error_set(err, -EINVAL, "this is no group");
	r = liteio_pools_get(a->pools, f->pool, &p, err);
	if (r)
		return r;
	r = liteio_groups_undo(a, p, &group, err);
	liteio_pools_put(a->pools, p);
	return r;
}

/* ---- devices -------------------------------------------------------------------------------- */

static int mend_suspended(struct liteio_agent *a, const struct liteio_finding *f,
			  struct liteio_error *err)
{
	enum liteio_dm_role role;
	unsigned int flags = 0;
	struct liteio_uuid uuid;
	uint64_t generation;
	int r;

	r = liteio_dm_name_parse(f->object, &role, &uuid, &generation);
	if (r)
		return r;
	/* heads are for everybody, what is below them only for us */
	if (role != LITEIO_DM_HEAD && role != LITEIO_DM_REMOTE)
		flags = LITEIO_DM_INNER;
	return liteio_dm_resume(f->object, flags, err);
}

/* not one that somebody has opened since: that is refused by the kernel */
static int mend_device_remains(struct liteio_agent *a, const struct liteio_finding *f,
			       struct liteio_error *err)
{
	return liteio_dm_remove(f->object, err);
}

static int mend_device(struct liteio_agent *a, const struct liteio_finding *f,
		       struct liteio_error *err)
{
	struct liteio_pool_thin thin;
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_find_uuid(a, &f->uuid, &t, err);
	if (!r && t.volume.vclass != LITEIO_CATALOG_LINEAR)
		r = liteio_pools_check_awake(t.pool, err);
	if (r)
		return r;
	LITEIO_LANE(lane);

	r = liteio_lane_enter(t.pool, LITEIO_LANE_CHANGE, &lane, err);
	return r ? r : liteio_pool_volume_activate(t.pool->engine, &f->uuid, &thin, err);
}

/* ---- gates ---------------------------------------------------------------------------------- */

static int mend_floor(struct liteio_agent *a, const struct liteio_finding *f,
		      struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct liteio_netlink_fence fence;
	LITEIO_TARGET(t);
	size_t n = 0;
	int r;

	r = liteio_target_find_uuid(a, &f->uuid, &t, err);
	if (!r)
		r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	r = liteio_gate_volume(nl, &f->uuid, t.volume.name, t.volume.floor, err);
	if (!r)
		liteio_step("agent-mend:floor");
	liteio_pool_attachment_list(t.pool->engine, &f->uuid, &atts, &n);
	for (size_t i = 0; !r && i < n; i++)
		if (atts[i].state == LITEIO_CATALOG_ATT_FENCED)
			r = liteio_netlink_fence(nl, &f->uuid, 0, atts[i].generation, 0, &fence,
						 err);
	return r;
}

/* not one that has been made again since */
static int mend_registry(struct liteio_agent *a, const struct liteio_finding *f,
			 struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_find_uuid(a, &f->uuid, &t, err);
	if (!r && t.volume.state != LITEIO_CATALOG_DELETING)
		return liteio_error_set(err, -EBUSY, "there is a volume of that uuid by now");
	if (r && r != -ENOENT)
		return r;
	r = liteio_gate_open(&nl, err);
	return r || !nl ? r : liteio_gate_forget(nl, &f->uuid, err);
}

static int mend_fenced(struct liteio_agent *a, const struct liteio_finding *f,
		       struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct liteio_netlink_fence fence;
	int r;

	r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	return liteio_netlink_fence(nl, &f->uuid, 0, f->generation, 0, &fence, err);
}

static int mend_limits(struct liteio_agent *a, const struct liteio_finding *f,
		       struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r = liteio_target_find_uuid(a, &f->uuid, &t, err);

	return r ? r : liteio_limits_enforce(&t, err);
}

/* ---- heads, exports ------------------------------------------------------------------------- */

static int find_live(struct liteio_target *t, uint64_t generation,
		     struct liteio_catalog_attachment *ret, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	size_t n = 0;

	liteio_pool_attachment_list(t->pool->engine, &t->volume.uuid, &atts, &n);
	for (size_t i = 0; i < n; i++) {
		if (atts[i].generation != generation ||
		    atts[i].state != LITEIO_CATALOG_ATT_LIVE)
			continue;
		*ret = atts[i];
		return 0;
	}
	return liteio_error_set(err, -ENOENT, "its attachment has ended meanwhile");
}

static int link_behind_door(struct liteio_agent *a, struct liteio_open_pool *p,
			    const struct liteio_catalog_attachment *att, struct liteio_error *err)
{
	int r;

	if (att->flags & LITEIO_CATALOG_ATT_LOCAL)
		return 0;
	/* it may be linked for the first time */
	r = liteio_places_keep(a, p, err);
	if (!r)
		r = liteio_door_close_for_links(a, err);
	if (!r)
		r = liteio_export_link(a, att, err);
	liteio_door_review(a);
	return r;
}

static int mend_head(struct liteio_agent *a, const struct liteio_finding *f,
		     struct liteio_error *err)
{
	struct liteio_catalog_attachment att;
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_find_uuid(a, &f->uuid, &t, err);
	if (!r)
		r = find_live(&t, f->generation, &att, err);
	if (!r)
		r = liteio_export_prepare(a, t.pool, &t.volume, &att, err);
	if (!r)
		liteio_step("agent-mend:head");
	if (!r && f->check == LITEIO_CHECK_HEAD_MISSING && att.flags & LITEIO_CATALOG_ATT_LOCAL)
		r = liteio_restore_names(a, &t.volume, f->generation, err);
	return r ? r : link_behind_door(a, t.pool, &att, err);
}

static int mend_remains(struct liteio_agent *a, const struct liteio_finding *f,
			struct liteio_error *err)
{
	struct liteio_local_fenced fenced = { 0 };
	LITEIO_TARGET(t);
	bool removed;
	int r;

	r = liteio_target_find_uuid(a, &f->uuid, &t, err);
	if (!r)
		r = liteio_gate_fence(&f->uuid, t.volume.name, 0, f->generation, DRAIN_MS, &fenced,
				      err);
	if (!r && !fenced.drained)
		return liteio_error_set(err, -ETIMEDOUT, "its I/O has not ended");
	if (!r)
		liteio_step("agent-mend:fenced");
	if (!r)
		r = liteio_export_remove(&f->uuid, f->generation, true, &removed, err);
	return r;
}

/* ---- names ---------------------------------------------------------------------------------- */

/* of an attachment: both names; of nothing: away with it */
static int mend_link(struct liteio_agent *a, const struct liteio_finding *f,
		     struct liteio_error *err)
{
	_cleanup_free_ char *path = liteio_strf(LITEIO_PUBLISH_DIR "/%s", f->object);
	LITEIO_TARGET(t);
	int r;

	if (!f->generation) {
		if (unlink(path) && errno != ENOENT)
			return liteio_error_set(err, -errno, "cannot remove %s: %s", path,
						strerror(errno));
		return 0;
	}
	r = liteio_target_find_uuid(a, &f->uuid, &t, err);
	return r ? r : liteio_restore_names(a, &t.volume, f->generation, err);
}

/* ---- the table ------------------------------------------------------------------------------ */

static int (*const menders[LITEIO_CHECK_NR])(struct liteio_agent *a, const struct liteio_finding *f,
					     struct liteio_error *err) = {
	[LITEIO_CHECK_CATALOG_COPY] = mend_copies,
	[LITEIO_CHECK_LABEL_COPY] = mend_copies,
	[LITEIO_CHECK_DELETION] = mend_deletion,
	[LITEIO_CHECK_THIN_STRAY] = mend_stray,
	[LITEIO_CHECK_GROUP] = mend_group,
	[LITEIO_CHECK_SUSPENDED] = mend_suspended,
	[LITEIO_CHECK_DEVICE_REMAINS] = mend_device_remains,
	[LITEIO_CHECK_DEVICE] = mend_device,
	[LITEIO_CHECK_FLOOR] = mend_floor,
	[LITEIO_CHECK_FENCED] = mend_fenced,
	[LITEIO_CHECK_LIMITS] = mend_limits,
	[LITEIO_CHECK_REGISTRY] = mend_registry,
	[LITEIO_CHECK_HEAD_MISSING] = mend_head,
	[LITEIO_CHECK_HEAD] = mend_head,
	[LITEIO_CHECK_EXPORT] = mend_head,
	[LITEIO_CHECK_REMAINS] = mend_remains,
	[LITEIO_CHECK_LINK] = mend_link,
};

int liteio_doctor_mend(struct liteio_agent *a, const struct liteio_finding *f,
		       struct liteio_error *err)
{
	if (!menders[f->check])
		return liteio_error_set(err, -EOPNOTSUPP, "nothing can be done about this here");
	return menders[f->check](a, f, err);
}
