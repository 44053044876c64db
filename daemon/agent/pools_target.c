// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding a volume in the open pools of this node, and names that two of them have.
 */
#include <errno.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "agent/locks.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/head.h"
#include "host/head_known.h"

static const char *kind_name(enum liteio_catalog_kind kind)
{
	return kind == LITEIO_CATALOG_SNAPSHOT ? "snapshot" : "volume";
}

/* ---- by name -------------------------------------------------------------------------------- */

static int not_here(enum liteio_catalog_kind kind, const char *name, struct liteio_error *err)
{
	return liteio_error_set(err, -ENOENT, "%s %s: no such %s on this node", kind_name(kind),
				name, kind_name(kind));
}

static int is_in_both(const struct liteio_target *t, const struct liteio_open_pool *p,
		      const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	char one[LITEIO_UUID_STRLEN + 1], other[LITEIO_UUID_STRLEN + 1];
	const char *kind = kind_name(v->kind);

	liteio_uuid_format(&t->volume.uuid, one);
	liteio_uuid_format(&v->uuid, other);
	return liteio_error_set(err, -EEXIST,
				"%s %s: there is one in pool %s (%s) and one in pool %s (%s): call one of them otherwise by its uuid (%s rename UUID NAME)",
				kind, v->name, t->pool->name, one, p->name, other, kind);
}

/* all pools are asked: the first one that has it need not be the only one */
int liteio_target_find_name(struct liteio_agent *a, enum liteio_catalog_kind kind,
			    const char *name, struct liteio_target *ret, struct liteio_error *err)
{
	const struct liteio_sought what = { .kind = kind, .name = name };
	struct liteio_target t = { .agent = a };
	struct liteio_catalog_volume v;
	struct liteio_open_pool **all;
	size_t n;
	int r;

	r = liteio_pools_all_for(a->pools, &what, &all, &n, err);
	for (size_t i = 0; i < n && !r; i++) {
		if (liteio_pool_volume_find(all[i]->engine, kind, name, &v))
			continue;
		if (t.pool) {
			r = is_in_both(&t, all[i], &v, err);
			break;
		}
		t.volume = v;
		t.pool = take_ptr(all[i]);
	}
	liteio_pools_put_all(a->pools, all, n);
	if (!r && !t.pool)
		return not_here(kind, name, err);
	if (r)
		liteio_target_fini(&t);
	else
		*ret = t;
	return r;
}

/* ---- by uuid -------------------------------------------------------------------------------- */

/* the pool that has it, but for one, which may be NULL; its reference is kept */
static int search_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
		       const struct liteio_uuid *but, struct liteio_target *ret,
		       struct liteio_error *err)
{
	const struct liteio_sought what = { .uuid = uuid };
	struct liteio_open_pool **all;
	size_t n;
	int r;

	r = liteio_pools_all_for(a->pools, &what, &all, &n, err);
	if (!r)
		r = -ENOENT;
	for (size_t i = 0; i < n && r; i++) {
		if ((but && liteio_uuid_equal(&all[i]->uuid, but)) ||
		    liteio_pool_volume_get(all[i]->engine, uuid, &ret->volume))
			continue;
		ret->agent = a;
		ret->lock = NULL;
		ret->pool = take_ptr(all[i]);
		r = 0;
	}
	liteio_pools_put_all(a->pools, all, n);
	return r;
}

/* one that is deleted has no name any more, and is not meant by its uuid either: -ENOENT */
static int find_meant(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		      struct liteio_target *ret, struct liteio_error *err)
{
	struct liteio_uuid uuid;
	int r;

	if (liteio_uuid_parse(name, &uuid))
		return -ENOENT;
	r = search_uuid(a, &uuid, NULL, ret, err);
	if (r || (ret->volume.kind == kind && ret->volume.state != LITEIO_CATALOG_DELETING))
		return r;
	liteio_target_fini(ret);
	return -ENOENT;
}

int liteio_target_find(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		       struct liteio_target *ret, struct liteio_error *err)
{
	int r = find_meant(a, kind, name, ret, err);

	return r == -ENOENT ? liteio_target_find_name(a, kind, name, ret, err) : r;
}

int liteio_target_find_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    struct liteio_target *ret, struct liteio_error *err)
{
	char text[LITEIO_UUID_STRLEN + 1];
	int r = search_uuid(a, uuid, NULL, ret, err);

	if (r != -ENOENT)
		return r;
	liteio_uuid_format(uuid, text);
	return liteio_error_set(err, -ENOENT, "volume %s: not in a pool of this node", text);
}

int liteio_target_open(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		       struct liteio_target *ret, struct liteio_error *err)
{
	struct liteio_target t = { 0 };
	char text[LITEIO_UUID_STRLEN + 1];
	int r;

	r = liteio_target_find(a, kind, name, &t, err);
	if (r < 0)
		return r;
	liteio_uuid_format(&t.volume.uuid, text);
	t.lock = liteio_locks_take(a->locks, text);
	/* it may have gone while we waited */
	if (liteio_pool_volume_get(t.pool->engine, &t.volume.uuid, &t.volume) < 0) {
		liteio_target_fini(&t);
		return not_here(kind, name, err);
	}
	*ret = t;
	return 0;
}

void liteio_target_fini(struct liteio_target *t)
{
	if (!t->agent)
		return;
	liteio_locks_give(t->lock);
	liteio_pools_put(t->agent->pools, t->pool);
	memset(t, 0, sizeof(*t));
}

/* ---- names that are given ------------------------------------------------------------------- */

static char *lock_name(enum liteio_catalog_kind kind, const char *name)
{
	return liteio_strf("%s:%s", kind_name(kind), name);
}

uint64_t liteio_name_until(void)
{
	return liteio_now_ms() + LITEIO_NAME_MS;
}

int liteio_name_take(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		     uint64_t until_ms, struct liteio_named_lock **ret, struct liteio_error *err)
{
	_cleanup_free_ char *lock = lock_name(kind, name);
	uint64_t now = liteio_now_ms();

	*ret = liteio_locks_take_for(a->locks, lock, until_ms > now ? until_ms - now : 0);
	if (*ret && liteio_claim_has_name(kind, name)) {
		liteio_locks_give(take_ptr(*ret));
		return liteio_error_set(err, -EBUSY,
					"a pool that is being opened has a %s of this name: ask again later",
					kind_name(kind));
	}
	if (*ret)
		return 0;
	return liteio_error_set(err, -EBUSY,
				"somebody else is about to give this name to a %s, for %d s already: ask again later",
				kind_name(kind), LITEIO_NAME_MS / 1000);
}

/* ---- uuids that are given ------------------------------------------------------------------- */

/* beside that of the volume which has it (liteio_target_open()), which is not there yet */
static char *uuid_lock_name(const struct liteio_uuid *uuid)
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(uuid, text);
	return liteio_strf("uuid:%s", text);
}

/*
 * A head of it is the place of a pool that is away (places.h): what its consumers have queued there
 * would be written to what is made now. All heads that there are were read at the start
 */
static int check_no_head(const struct liteio_uuid *uuid, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_head_id *known = NULL;
	_cleanup_free_ struct liteio_head_state *heads = NULL;
	size_t n = liteio_head_known_of(uuid, &known);
	int r;

	while (n > 0 && known[n - 1].remote)
		n--;
	if (!n)
		return 0;
	/* it may have gone with its last opener */
	r = liteio_head_list_known(uuid, false, &heads, &n, err);
	if (r || !n)
		return r;
	return liteio_error_set(err, -EBUSY,
				"uuid: the kernel has a head of it, of a pool that is not open here");
}

static int check_new(struct liteio_agent *a, const struct liteio_uuid *uuid,
		     struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r;

	/* before the pools: what has come in since is found there */
	if (liteio_claim_has_uuid(uuid))
		return liteio_error_set(err, -EBUSY,
					"uuid: a pool that is being opened has it: ask again later");
	r = search_uuid(a, uuid, NULL, &t, err);
	/* a snapshot of a group that was undone is on its way out for a while */
	if (!r)
		return liteio_error_set(err,
					t.volume.state == LITEIO_CATALOG_DELETING ? -EAGAIN :
										    -EEXIST,
					"uuid: it belongs to %s in pool %s", t.volume.name,
					t.pool->name);
	return r == -ENOENT ? check_no_head(uuid, err) : r;
}

int liteio_uuid_take(struct liteio_agent *a, const struct liteio_uuid *uuid,
		     struct liteio_named_lock **ret, struct liteio_error *err)
{
	_cleanup_free_ char *lock = NULL;
	int r;

	if (liteio_uuid_is_null(uuid))
		return 0;
	lock = uuid_lock_name(uuid);
	*ret = liteio_locks_try(a->locks, lock);
	if (!*ret)
		return liteio_error_set(err, -EBUSY,
					"uuid: somebody else is about to give it: ask again later");
	r = check_new(a, uuid, err);
	if (r)
		liteio_locks_give(take_ptr(*ret));
	return r;
}

/* ---- names that two pools have -------------------------------------------------------------- */

/* so many are said; there may be thousands */
#define SAID_MAX 3

/* what this very pool has in the table, from a disk that is gone, goes when it comes in */
static bool has_namesake(struct liteio_agent *a, const struct liteio_uuid *pool,
			 const struct liteio_catalog_volume *v, struct liteio_buf *said, size_t n)
{
	_cleanup_free_ char *lock = lock_name(v->kind, v->name);
	LITEIO_TARGET(t);
	bool is_given;
	int r;

	if (v->state == LITEIO_CATALOG_DELETING)
		return false;
	/* before the pools: who has given it before this is found there */
	is_given = liteio_locks_is_used(a->locks, lock);
	r = liteio_target_find_name(a, v->kind, v->name, &t, NULL);
	if ((r == -ENOENT && !is_given) || (!r && liteio_uuid_equal(&t.pool->uuid, pool)))
		return false;
	if (n < SAID_MAX)
		liteio_buf_addf(said, "%s%s %s%s%s", n ? ", " : "", kind_name(v->kind), v->name,
				!r	     ? " in pool " :
				r == -ENOENT ? ", which somebody is about to make" :
					       "",
				r ? "" : t.pool->name);
	return true;
}

/*
 * What another pool has by this uuid, deleted or not, is the same to the kernel and to whoever
 * attaches it: a fence of one would be one of the other. No name helps
 */
static int check_twin(struct liteio_agent *a, const struct liteio_pool_info *info,
		      const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	_cleanup_free_ char *lock = uuid_lock_name(&v->uuid);
	char text[LITEIO_UUID_STRLEN + 1];
	bool is_given;
	LITEIO_TARGET(t);
	int r;

	/* before the pools: who has given it before this is found there */
	is_given = liteio_locks_is_used(a->locks, lock);
	r = search_uuid(a, &v->uuid, &info->uuid, &t, err);
	if (r == -ENOENT && is_given)
		return liteio_error_set(err, -EBUSY,
					"pool %s has %s %s, whose uuid somebody is about to give: ask again later",
					info->name, kind_name(v->kind), v->name);
	if (r)
		return r == -ENOENT ? 0 : r;
	liteio_uuid_format(&v->uuid, text);
	if (t.volume.state == LITEIO_CATALOG_DELETING)
		return liteio_error_set(err, -EBUSY,
					"pool %s has %s %s with uuid %s, which is being deleted in pool %s: ask again later",
					info->name, kind_name(v->kind), v->name, text,
					t.pool->name);
	return liteio_error_set(err, -EEXIST,
				"pool %s has %s %s with uuid %s, which %s in pool %s has on this node: delete that one first",
				info->name, kind_name(v->kind), v->name, text, t.volume.name,
				t.pool->name);
}

int liteio_target_check_uuids(struct liteio_agent *a, struct liteio_pool *engine,
			      struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_volume *v = NULL;
	struct liteio_pool_info info;
	size_t n;
	int r = 0;

	liteio_pool_info(engine, &info);
	liteio_pool_volume_list(engine, &v, &n);
	for (size_t i = 0; i < n && !r; i++)
		r = check_twin(a, &info, &v[i], err);
	return r;
}

int liteio_target_check_names(struct liteio_agent *a, struct liteio_pool *engine,
			      struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_volume *v = NULL;
	struct liteio_buf said = LITEIO_BUF_INIT;
	_cleanup_free_ char *text = NULL;
	struct liteio_pool_info info;
	size_t n, n_both = 0;
	int r = liteio_target_check_uuids(a, engine, err);

	if (r)
		return r;
	liteio_pool_info(engine, &info);
	liteio_pool_volume_list(engine, &v, &n);
	for (size_t i = 0; i < n; i++)
		n_both += has_namesake(a, &info.uuid, &v[i], &said, n_both);
	if (!n_both)
		return 0;
	if (n_both > SAID_MAX)
		liteio_buf_addf(&said, " and %zu more", n_both - SAID_MAX);
	text = liteio_buf_take(&said);
	return liteio_error_set(err, -EEXIST,
				"pool %s has names that are taken on this node: rename what has them here first (volume rename, snapshot rename): %s",
				info.name, text);
}

static bool is_attached_here(const struct liteio_open_pool *p, const struct liteio_uuid *volume)
{
	struct liteio_catalog_attachment *atts _cleanup_free_ = NULL;
	size_t n = 0;

	liteio_pool_attachment_list(p->engine, volume, &atts, &n);
	for (size_t i = 0; i < n; i++) {
		if (atts[i].state == LITEIO_CATALOG_ATT_LIVE &&
		    atts[i].flags & LITEIO_CATALOG_ATT_LOCAL)
			return true;
	}
	return false;
}

static void say_rival(const struct liteio_catalog_volume *v, const struct liteio_open_pool *p,
		      const struct liteio_catalog_volume *other)
{
	char one[LITEIO_UUID_STRLEN + 1], its[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(&v->uuid, one);
	liteio_uuid_format(&other->uuid, its);
	log_warning(NULL,
		    "/dev/liteio/%s is not made for %s, or stays: it is that of %s in pool %s, which is attached here: call one of them otherwise by its uuid (%s rename UUID NAME)",
		    v->name, one, its, p->name, kind_name(v->kind));
}

/*
 * One that is not attached here has no use for the name, and who mounts by it has one. Whether @v
 * is in the table, too, is no matter
 */
static bool has_rival(struct liteio_agent *a, const struct liteio_catalog_volume *v)
{
	struct liteio_catalog_volume other;
	struct liteio_open_pool **all;
	bool has = false;
	size_t n;

	liteio_pools_all(a->pools, &all, &n);
	for (size_t i = 0; i < n && !has; i++) {
		if (liteio_pool_volume_find(all[i]->engine, v->kind, v->name, &other) ||
		    liteio_uuid_equal(&other.uuid, &v->uuid))
			continue;
		has = is_attached_here(all[i], &other.uuid);
		if (has)
			say_rival(v, all[i], &other);
	}
	liteio_pools_put_all(a->pools, all, n);
	return has;
}

int liteio_target_publish(struct liteio_agent *a, const struct liteio_catalog_volume *v,
			  const char *device, struct liteio_error *err)
{
	return has_rival(a, v) ? 0 : liteio_publish_name(v->name, device, err);
}
