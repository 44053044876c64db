// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on pools.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "agent/events.h"
#include "agent/known.h"
#include "agent/ops.h"
#include "agent/pool_locks.h"
#include "agent/pools.h"
#include "agent/replug.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "model/local.h"
#include "pool/disk.h"
#include "pool/heir.h"
#include "pool/step.h"

/* as the API says them */
static const char *const state_names[] = {
	[LITEIO_POOL_READY] = "ready",
	[LITEIO_POOL_NO_SPACE] = "noSpace",
	[LITEIO_POOL_READ_ONLY] = "readOnly",
	[LITEIO_POOL_FAILED] = "failed",
};

static void fill_info(struct liteio_open_pool *p, const struct liteio_pool_info *info,
		      struct liteio_local_pool *ret)
{
	ret->name = liteio_strdup(info->name);
	ret->uuid = info->uuid;
	ret->device = liteio_strdup(info->file[0] ? info->file : info->device);
	for (uint32_t i = 1; i < info->n_devices; i++) {
		char device[sizeof(info->device)];

		liteio_pool_device(p->engine, i, device);
		ret->more_devices = liteio_realloc(ret->more_devices, i, sizeof(char *));
		ret->more_devices[ret->n_more_devices++] = liteio_strdup(device);
	}
	ret->state = liteio_strdup(state_names[info->condition]);
	ret->reason = info->reason[0] ? liteio_strdup(info->reason) : NULL;
	ret->data_bytes = info->data_bytes;
	ret->data_used_bytes = info->data_used_bytes;
	ret->metadata_bytes = info->meta_bytes;
	ret->metadata_used_bytes = info->meta_used_bytes;
	ret->provisioned_bytes = info->provisioned_bytes;
	ret->volumes = info->n_volumes + info->n_snapshots;
	ret->snapshots = info->n_snapshots;
	ret->overcommit_percent = info->overcommit_percent;
	ret->fill = liteio_strdup(liteio_fill_names[info->space.fill]);
	ret->free_bytes = info->space.thin_free;
	ret->reserved_bytes = info->space.reserve.total;
	ret->reserved_used_bytes = info->space.reserve.used;
	ret->reserved_promised_bytes = info->space.reserve_promised;
	ret->reserved_free_bytes = info->space.reserve_free;
	ret->linear_bytes = info->space.linear_total;
	ret->linear_used_bytes = info->space.linear_used;
	ret->linear_free_bytes = info->space.linear_free;
}

/*
 * with the kernel's numbers of now; older ones when it does not answer: the state says so. What is
 * shared (@is_all) only where somebody asks for numbers
 */
static void fill(struct liteio_open_pool *p, bool is_all, struct liteio_local_pool *ret)
{
	struct liteio_pools_state now;

	liteio_pools_state(p, is_all, &now);
	fill_info(p, &now.info, ret);
	ret->shared_bytes = now.shared_bytes;
	ret->shared_known = now.shared_known;
}

static void fill_fresh(struct liteio_open_pool *p, struct liteio_local_pool *ret)
{
	fill(p, false, ret);
}

/* what force has destroyed is text, whatever was on the disk */
static void fill_losses(const struct liteio_disk_losses *losses, struct liteio_local_pool *ret)
{
	ret->destroyed = liteio_calloc(losses->n + 1, sizeof(*ret->destroyed));
	for (size_t i = 0; i < losses->n; i++) {
		char *clean = liteio_utf8_clean(losses->items[i]);

		ret->destroyed[ret->n_destroyed++] =
			clean ? clean : liteio_strdup(losses->items[i]);
		log_warning(NULL, "pool %s: destroyed: %s", ret->name, ret->destroyed[i]);
	}
}

/* pools that are listed, each held until it is */
struct listing {
	struct liteio_agent *agent;
	struct liteio_open_pool **all;
	struct liteio_local_pool *items;
};

static void list_one(void *arg, struct liteio_open_pool *p, size_t i)
{
	struct listing *l = arg;

	fill(p, true, &l->items[i]);
	l->all[i] = NULL;
	liteio_pools_put(l->agent->pools, p);
}

int liteio_op_pool_list(struct liteio_agent *a, struct liteio_local_pool_list *ret,
			struct liteio_error *err)
{
	struct listing l = { .agent = a };
	size_t n;

	liteio_pools_all(a->pools, &l.all, &n);
	ret->items = liteio_calloc(n + 1, sizeof(*ret->items));
	ret->n_items = n;
	l.items = ret->items;
	liteio_pools_each(a->pools, l.all, n, list_one, &l);
	free(l.all);
	return 0;
}

/* one that is being opened may never be: it is not there, and who asks is told why */
static int get(struct liteio_agent *a, const char *pool, struct liteio_open_pool **ret,
	       struct liteio_error *err)
{
	int r = liteio_pools_get(a->pools, pool, ret, err);

	if (r == -ENOENT && liteio_claim_has_pool(pool))
		return liteio_error_set(err, r, "pool %s is being opened: ask again later", pool);
	return r;
}

int liteio_op_pool_show(struct liteio_agent *a, const char *pool, struct liteio_local_pool *ret,
			struct liteio_error *err)
{
	struct liteio_open_pool *p;
	int r;

	r = get(a, pool, &p, err);
	if (r)
		return r;
	fill(p, true, ret);
	liteio_pools_put(a->pools, p);
	return 0;
}

/* the pool that is open on a device, or -ENOENT; paths may differ, device numbers do not */
static int find_on_device(struct liteio_agent *a, const char *device,
			  struct liteio_open_pool **ret)
{
	struct liteio_open_pool **all;
	size_t i, n;
	int r = -ENOENT;

	liteio_pools_all(a->pools, &all, &n);
	for (i = 0; i < n; i++) {
		if (r == 0 || !liteio_pool_is_on(all[i]->engine, device))
			continue;
		*ret = all[i];
		all[i] = NULL;
		r = 0;
	}
	liteio_pools_put_all(a->pools, all, n);
	return r;
}

/* it is not kept, and so it is not open: who asked for it is told that it is not. False: it is */
static bool take_back(struct liteio_agent *a, struct liteio_open_pool *p)
{
	int r;

	if (liteio_pools_take_out(a->pools, p, "closed", NULL))
		return false;
	liteio_heir_begin(&p->uuid);
	r = liteio_pool_close(p->engine, NULL);
	liteio_heir_end();
	if (r) {
		liteio_restore_put_back(a, p);
		return false;
	}
	liteio_pools_left(a->pools, p);
	return true;
}

/* put it into the table, write it down, bring its exports back */
static int add(struct liteio_agent *a, struct liteio_claim *claim, struct liteio_pool *engine,
	       const char *device, struct liteio_local_pool *ret, struct liteio_error *err)
{
	struct liteio_open_pool *p;
	int r;

	r = liteio_claim_add(claim, a->pools, engine, &p, err);
	if (r < 0)
		return r;
	r = liteio_pools_remember_new(a, p, err);
	if (!r)
		liteio_step("agent-pool-add:known");
	if (r && !take_back(a, p)) {
		log_err(NULL, "pool %s is open and not on the list of pools: %s", p->name,
			liteio_error_str(err, r));
		r = 0;
	}
	if (r == 0) {
		liteio_restore_pool(a, p);
		log_info(NULL, "pool %s on %s is open", p->name, device);
		liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_OPENED, p->name, &p->uuid, NULL, NULL);
		fill_fresh(p, ret);
	}
	liteio_pools_put(a->pools, p);
	return r;
}

/**
 * struct wanted - a pool that somebody asks for
 * @device: where it is
 * @was_on: as for liteio_pool_open(); NULL: as the list of known pools says
 * @found: what the disk says; NULL: it has just been made
 * @name: of the pool
 * @uuid: of the pool
 * @is_import: it comes from elsewhere
 */
struct wanted {
	const char *device;
	const char *was_on;
	const struct liteio_pool_found *found;
	const char *name;
	struct liteio_uuid uuid;
	bool is_import;
};

/* a pool that may be let in */
struct candidate {
	struct liteio_agent *agent;
	struct liteio_claim *claim;
};

/* in this order: who is about to give a name has its lock, and looks for claims then */
static int admit(void *arg, struct liteio_pool *engine, struct liteio_error *err)
{
	const struct candidate *c = arg;

	int r = liteio_claim_names(c->claim, engine, true, err);

	return r ? r : liteio_target_check_names(c->agent, engine, err);
}

/* of a name there is one pool on a node, open or missing; @uuid as for liteio_known_check_name() */
static int check_name(struct liteio_agent *a, struct liteio_claim *claim, const char *name,
		      const char *device, const struct liteio_uuid *uuid, struct liteio_error *err)
{
	int r = liteio_known_check_name(a, uuid, name, true, err);

	return r ? r : liteio_claim_name(claim, a->pools, name, device, err);
}

/*
 * what it carries is no copy of a pool that is open; whose own disk was pulled out, and this is
 * that one again, is taken out for it
 */
static int check_copy(struct liteio_agent *a, const struct liteio_pool_found *found,
		      const struct liteio_pool_how *how, struct liteio_error *err)
{
	struct liteio_pool_info info;
	struct liteio_open_pool *p;
	int r;

	r = liteio_pools_unplug(a, found, how, err);
	if (r || liteio_pools_get_uuid(a->pools, &found->label.pool_uuid, &p))
		return r;
	liteio_pool_info(p->engine, &info);
	liteio_pools_put(a->pools, p);
	return liteio_error_set(err, -EEXIST, "pool %s is open on %s: %s carries a copy of it",
				info.name, info.file[0] ? info.file : info.device, how->device);
}

/* @claim is on its uuid */
static int open_claimed(struct liteio_agent *a, struct liteio_claim *claim, const struct wanted *w,
			struct liteio_local_pool *ret, struct liteio_error *err)
{
	_cleanup_free_ char *place = w->was_on ? NULL : liteio_known_place(a, &w->uuid, NULL);
	struct candidate candidate = { a, claim };
	const struct liteio_pool_how how = { .device = w->device,
					       .was_on = w->was_on ? w->was_on : place,
					       .is_asked = w->was_on,
					       .is_import = w->is_import,
					       .admit = admit,
					       .admit_arg = &candidate };
	struct liteio_known known = { 0 };
	struct liteio_pool *engine;
	bool again;
	int r;

	/* what can not be kept need not be opened */
	r = liteio_known_list(a, &known, err);
	liteio_known_list_free(&known);
	if (!r)
		r = check_name(a, claim, w->name, w->device, &w->uuid, err);
	/* the last, as it may take something out of the kernel */
	if (!r && w->found)
		r = check_copy(a, w->found, &how, err);
	if (r)
		return r;
	r = liteio_replug_open(a, &how, &w->uuid, &engine, &again, err);
	if (r)
		return r;
	liteio_step("agent-pool-add:opened");
	return add(a, claim, engine, w->device, ret, err);
}

static int open_and_add(struct liteio_agent *a, const struct wanted *w,
			struct liteio_local_pool *ret, struct liteio_error *err)
{
	struct liteio_claim *claim _cleanup_(liteio_claim_givep) = NULL;
	int r = liteio_claim_take(&w->uuid, w->device, &claim, err);

	return r ? r : open_claimed(a, claim, w, ret, err);
}

static int create_check(const struct liteio_local_pool_create *req, struct liteio_error *err)
{
	int r;

	r = liteio_name_check("pool", req->name, err);
	if (r)
		return r;
	if (req->device[0] != '/')
		return liteio_error_set(err, -EINVAL, "\"%s\" is not an absolute path",
					req->device);
	if (req->block_bytes > UINT32_MAX)
		return liteio_error_set(err, -EINVAL, "blockBytes: at most 1 GiB");
	return 0;
}

/* the pool of that name is there: the same one, or an error */
static int create_again(struct liteio_agent *a, const struct liteio_local_pool_create *req,
			struct liteio_open_pool *p, struct liteio_local_pool *ret,
			struct liteio_error *err)
{
	struct liteio_open_pool *on_device = NULL;
	struct liteio_pool_info info;
	int r;

	liteio_pool_info(p->engine, &info);
	r = find_on_device(a, req->device, &on_device);
	if (r < 0 || on_device != p)
		r = liteio_error_set(err, -EEXIST, "pool %s exists on another device", p->name);
	else if (req->block_bytes && req->block_bytes != info.block_bytes)
		r = liteio_error_set(err, -EEXIST, "pool %s exists with blocks of %" PRIu64 " bytes",
				     p->name, info.block_bytes);
	else
		fill_fresh(p, ret);
	/* sizes are rounded up: what was made is at least what was asked for */
	if (!r && (ret->linear_bytes < req->linear_bytes ||
		   ret->reserved_bytes < req->reserved_bytes)) {
		liteio_json_fini(ret, liteio_local_pool_fields);
		r = liteio_error_set(err, -EEXIST,
				     "pool %s exists with less space for linear or reserved volumes",
				     p->name);
	}
	liteio_pools_put(a->pools, on_device);
	return r;
}

static int create(struct liteio_agent *a, const struct liteio_local_pool_create *req,
		  struct liteio_disk_losses *losses, struct liteio_local_pool *ret,
		  struct liteio_error *err)
{
	/* of what has just been made there is no other copy */
	struct wanted made = { .device = req->device, .was_on = req->device, .name = req->name };
	const struct liteio_pool_format format = {
		.name = req->name,
		.device = req->device,
		.size_bytes = req->size_bytes,
		.block_bytes = req->block_bytes,
		.force = req->force,
		.linear_bytes = req->linear_bytes,
		.reserve_bytes = req->reserved_bytes,
		.losses = losses,
		.uuid = &made.uuid,
	};
	struct liteio_claim *claim _cleanup_(liteio_claim_givep) = NULL;
	struct liteio_open_pool *p;
	struct liteio_pool_found found;
	LITEIO_POOL_LOCKS(locks);
	int r;

	r = create_check(req, err);
	/* nobody waits for a disk that hangs, but who asks for it */
	if (!r && liteio_pool_probe_soon(req->device, &found, err) == -EAGAIN)
		r = -EAGAIN;
	if (!r)
		r = liteio_pool_locks_take(a->locks, req->name, req->device, &locks, err);
	if (r)
		return r;
	r = liteio_pools_get(a->pools, req->name, &p, err);
	if (r == 0) {
		r = create_again(a, req, p, ret, err);
		liteio_pools_put(a->pools, p);
	}
	if (r != -ENOENT)
		return r;
	/*
	 * Made by a call that was cut short before it was opened: then go on from there. One that
	 * has been used is somebody's, maybe of a node that is alive: to be imported, if at all.
	 */
	if (liteio_pool_probe(req->device, &found, NULL) == 0 && found.untouched &&
	    strcmp(found.label.pool_name, req->name) == 0) {
		made.uuid = found.label.pool_uuid;
		return open_and_add(a, &made, ret, err);
	}
	/* no other one of its name is opened meanwhile: its disk would be taken for nothing */
	liteio_uuid_random(&made.uuid);
	r = liteio_claim_take(&made.uuid, req->device, &claim, err);
	if (!r)
		r = check_name(a, claim, req->name, req->device, NULL, err);
	if (!r)
		r = liteio_pool_format(&format, &made.uuid, err);
	if (r)
		return r;
	liteio_step("agent-pool-create:formatted");
	return open_claimed(a, claim, &made, ret, err);
}

int liteio_op_pool_create(struct liteio_agent *a, const struct liteio_local_pool_create *req,
			  struct liteio_local_pool *ret, struct liteio_error *err)
{
	const struct liteio_local_pool_set set = { req->overcommit_percent };
	struct liteio_disk_losses losses = { 0 };
	int r;

	r = create(a, req, &losses, ret, err);
	if (!r && req->overcommit_percent && ret->overcommit_percent != req->overcommit_percent) {
		liteio_json_fini(ret, liteio_local_pool_fields);
		r = liteio_op_pool_set(a, req->name, &set, ret, err);
	}
	if (!r && losses.n)
		fill_losses(&losses, ret);
	return r;
}

int liteio_op_pool_set(struct liteio_agent *a, const char *pool,
		       const struct liteio_local_pool_set *req, struct liteio_local_pool *ret,
		       struct liteio_error *err)
{
	struct liteio_open_pool *p;
	int r;

	r = get(a, pool, &p, err);
	if (r)
		return r;
	{
		LITEIO_LANE(lane);

		r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
		if (!r)
			r = liteio_pool_set_overcommit(p->engine, req->overcommit_percent, err);
	}
	if (!r)
		fill_fresh(p, ret);
	liteio_pools_put(a->pools, p);
	return r;
}

/* which pool somebody wants */
struct meant {
	const char *name;
	const struct liteio_uuid *uuid;
};

/* @meant: NULL: whichever the device carries */
static int check_meant(const char *device, const struct meant *meant, const char *name,
		       const struct liteio_uuid *uuid, struct liteio_error *err)
{
	char is[LITEIO_UUID_STRLEN + 1], wanted[LITEIO_UUID_STRLEN + 1];

	if (!meant || (liteio_uuid_equal(uuid, meant->uuid) && !strcmp(name, meant->name)))
		return 0;
	liteio_uuid_format(uuid, is);
	liteio_uuid_format(meant->uuid, wanted);
	return liteio_error_set(err, -EEXIST, "%s carries pool %s (%s), not pool %s (%s)", device,
				name, is, meant->name, wanted);
}

/* @was_on: as of struct wanted */
static int import(struct liteio_agent *a, const struct meant *meant, const char *was_on,
		  const struct liteio_local_pool_import *req, struct liteio_local_pool *ret,
		  struct liteio_error *err)
{
	struct liteio_pool_found found;
	struct wanted w = { .device = req->device, .was_on = was_on, .found = &found,
			    .is_import = !meant };
	struct liteio_error probe_err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p;
	LITEIO_POOL_LOCKS(locks);
	int r = 0, probed;

	if (req->device[0] != '/')
		return liteio_error_set(err, -EINVAL, "\"%s\" is not an absolute path",
					req->device);
	/* what it says first: its name is locked */
	probed = liteio_pool_probe_soon(req->device, &found, &probe_err);
	if (!probed)
		r = check_meant(req->device, meant, found.label.pool_name, &found.label.pool_uuid,
				err);
	if (!probed && !r)
		r = liteio_pool_locks_take(a->locks, found.label.pool_name, req->device, &locks,
					   err);
	if (r)
		return r;
	if (find_on_device(a, req->device, &p) == 0) {
		r = check_meant(req->device, meant, p->name, &p->uuid, err);
		if (!r)
			fill_fresh(p, ret);
		liteio_pools_put(a->pools, p);
		return r;
	}
	if (probed)
		return liteio_error_set(err, probed, "%s", liteio_error_str(&probe_err, probed));
	w.name = found.label.pool_name;
	w.uuid = found.label.pool_uuid;
	return open_and_add(a, &w, ret, err);
}

int liteio_op_pool_import(struct liteio_agent *a, const struct liteio_local_pool_import *req,
			  struct liteio_local_pool *ret, struct liteio_error *err)
{
	/* as if it was open there last: whatever the others do not say */
	return import(a, NULL, req->force ? req->device : NULL, req, ret, err);
}

int liteio_op_pool_reopen(struct liteio_agent *a, const struct liteio_local_pool_import *req,
			  const char *name, const struct liteio_uuid *uuid,
			  struct liteio_local_pool *ret, struct liteio_error *err)
{
	return import(a, &(struct meant){ name, uuid }, NULL, req, ret, err);
}

static int grow_in_lane(struct liteio_open_pool *p, const struct liteio_pool_growth *growth,
			struct liteio_error *err)
{
	LITEIO_LANE(lane);
	int r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);

	return r ? r : liteio_pool_grow(p->engine, growth, err);
}

int liteio_op_pool_grow(struct liteio_agent *a, const char *pool,
			const struct liteio_local_pool_grow *req, struct liteio_local_pool *ret,
			struct liteio_error *err)
{
	struct liteio_disk_losses losses = { 0 };
	const struct liteio_pool_growth growth = {
		.size_bytes = req->size_bytes,
		.add = req->add,
		.force = req->force,
		.losses = &losses,
	};
	struct liteio_pool_found found;
	struct liteio_open_pool *p;
	LITEIO_POOL_LOCKS(locks);
	int r;

	if (req->add && req->add[0] != '/')
		return liteio_error_set(err, -EINVAL, "\"%s\" is not an absolute path", req->add);
	if (req->add && liteio_pool_probe_soon(req->add, &found, err) == -EAGAIN)
		return -EAGAIN;
	r = liteio_pool_locks_take(a->locks, pool, req->add, &locks, err);
	if (!r)
		r = get(a, pool, &p, err);
	if (r)
		return r;
	/* fences do not wait for a filesystem that writes zeros */
	r = liteio_pool_grow_file(p->engine, &growth, err);
	if (!r)
		r = grow_in_lane(p, &growth, err);
	if (!r) {
		fill_fresh(p, ret);
		if (losses.n)
			fill_losses(&losses, ret);
		log_info(NULL, "pool %s has %llu bytes of data", p->name,
			 (unsigned long long)ret->data_bytes);
		liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_CHANGED, p->name, &p->uuid, NULL,
				  "grown");
	}
	liteio_pools_put(a->pools, p);
	return r;
}
