// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the doctor sees: catalogs, disks, and the agent itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/doctor.h"
#include "agent/door.h"
#include "agent/ended.h"
#include "agent/groups.h"
#include "agent/known.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

/* ---- open pools ----------------------------------------------------------------------------- */

static int ask_copies(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	return liteio_pool_look_copies(engine, ret, err);
}

static int ask_ids(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	return liteio_pool_look_ids(engine, ret, err);
}

/**
 * struct asked - what only the pool itself can tell, and its disk
 * @pool: the answer
 * @r: of the questions for its copies, and its thin devices
 * @err: why there is no answer
 */
struct asked {
	struct liteio_doctor_pool pool;
	int r;
	struct liteio_error err;
};

static void ask_pool(void *arg, struct liteio_open_pool *p, size_t i)
{
	struct asked *a = (struct asked *)arg + i;
	struct liteio_pools_state now;

	a->err = (struct liteio_error)LITEIO_ERROR_INIT;
	liteio_pools_state(p, false, &now);
	a->pool.info = now.info;
	a->pool.repairs = p->repairs;
	a->r = liteio_pools_look(p, ask_copies, &a->pool.copies, sizeof(a->pool.copies), &a->err);
	a->pool.looked = !a->r;
	/* a disk that is silent is not asked twice */
	if (!a->r)
		a->r = liteio_pools_look_awake(p, ask_ids, &a->pool.ids, sizeof(a->pool.ids),
					       &a->err);
	liteio_pools_put(p->table, p);
}

/*
 * beside each other: one that hangs keeps nobody from looking at the others, nor from closing them:
 * each is held until it has answered, and not until all have
 */
static struct asked *ask_pools(struct liteio_agent *a, size_t *ret_n)
{
	struct liteio_open_pool **all _cleanup_free_ = NULL;
	struct asked *asked;

	liteio_pools_all(a->pools, &all, ret_n);
	asked = liteio_calloc(*ret_n + 1, sizeof(*asked));
	liteio_pools_each(a->pools, all, *ret_n, ask_pool, asked);
	return asked;
}

static const struct asked *asked_of(const struct asked *asked, size_t n,
				    const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < n; i++)
		if (liteio_uuid_equal(&asked[i].pool.info.uuid, uuid))
			return &asked[i];
	return NULL;
}

static void add_pool(struct liteio_open_pool *p, struct liteio_doctor_view *v,
		     const struct asked *asked)
{
	struct liteio_doctor_pool *pool = &v->pools[v->n_pools++];
	_cleanup_free_ char *part = liteio_strf("pool %s", p->name);

	if (!asked) {
		/* opened meanwhile: what can be said without its disk */
		liteio_pool_info(p->engine, &pool->info);
		pool->repairs = p->repairs;
		return;
	}
	*pool = asked->pool;
	if (asked->r)
		liteio_doctor_word(&v->blind, &v->n_blind, part,
				   liteio_error_str(&asked->err, asked->r));
}

static void add_volumes(struct liteio_open_pool *p, struct liteio_doctor_view *v, size_t pool)
{
	_cleanup_free_ struct liteio_catalog_volume *list = NULL;
	size_t n = 0;

	liteio_pool_volume_list(p->engine, &list, &n);
	v->volumes = liteio_realloc(v->volumes, v->n_volumes + n + 1, sizeof(*v->volumes));
	for (size_t i = 0; i < n; i++)
		v->volumes[v->n_volumes++] =
			(struct liteio_doctor_volume){ .v = list[i], .pool = pool };
}

static void add_atts(struct liteio_open_pool *p, struct liteio_doctor_view *v, size_t pool)
{
	_cleanup_free_ struct liteio_catalog_attachment *list = NULL;
	size_t n = 0;

	liteio_pool_attachment_list(p->engine, NULL, &list, &n);
	v->atts = liteio_realloc(v->atts, v->n_atts + n + 1, sizeof(*v->atts));
	for (size_t i = 0; i < n; i++)
		v->atts[v->n_atts++] = (struct liteio_doctor_att){ .a = list[i], .pool = pool };
}

static int compare_volumes(const void *a, const void *b)
{
	const struct liteio_doctor_volume *x = a, *y = b;

	return memcmp(x->v.uuid.b, y->v.uuid.b, sizeof(x->v.uuid.b));
}

static int compare_atts(const void *a, const void *b)
{
	const struct liteio_doctor_att *x = a, *y = b;
	int c = memcmp(x->a.volume.b, y->a.volume.b, sizeof(x->a.volume.b));

	if (c)
		return c;
	return x->a.generation < y->a.generation ? -1 : x->a.generation > y->a.generation;
}

/* disks with a label of ours: no pool is held meanwhile, one that does not answer is waited for */
static void look_disks(struct liteio_doctor_view *v)
{
	struct liteio_pool_found *found _cleanup_free_ = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	size_t n = 0;
	int r;

	r = liteio_pool_scan(&found, &n, &err);
	if (r) {
		liteio_doctor_word(&v->blind, &v->n_blind, "disks", liteio_error_str(&err, r));
		return;
	}
	v->found = liteio_calloc(n + 1, sizeof(*v->found));
	for (size_t i = 0; i < n; i++)
		v->found[v->n_found++].f = found[i];
}

/* which of them are those of open pools; what one says whose pool was closed meanwhile is old */
static void judge_disks(struct liteio_open_pool **all, size_t n_all, const struct asked *asked,
			size_t n_asked, struct liteio_doctor_view *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_found; i++) {
		struct liteio_doctor_found f = v->found[i];
		const struct liteio_uuid *pool = &f.f.label.pool_uuid;

		for (size_t k = 0; k < n_all; k++)
			f.in_use = f.in_use || liteio_pool_is_on(all[k]->engine, f.f.device);
		if (liteio_doctor_pool_of(v, pool) || !asked_of(asked, n_asked, pool))
			v->found[n++] = f;
	}
	v->n_found = n;
}

void liteio_doctor_look_pools(struct liteio_agent *a, struct liteio_doctor_view *v)
{
	struct asked *asked _cleanup_free_ = NULL;
	struct liteio_open_pool **all;
	size_t n, n_asked;

	asked = ask_pools(a, &n_asked);
	look_disks(v);
	/* those that are open now: of one that was closed meanwhile nothing is said */
	liteio_pools_all(a->pools, &all, &n);
	v->pools = liteio_calloc(n + 1, sizeof(*v->pools));
	for (size_t i = 0; i < n; i++) {
		add_pool(all[i], v, asked_of(asked, n_asked, &all[i]->uuid));
		add_volumes(all[i], v, i);
		add_atts(all[i], v, i);
		/* after the records: who sets it has seen them */
		v->pools[i].reclaims = all[i]->reclaims;
	}
	judge_disks(all, n, asked, n_asked, v);
	liteio_pools_put_all(a->pools, all, n);
	if (v->n_volumes > 1)
		qsort(v->volumes, v->n_volumes, sizeof(*v->volumes), compare_volumes);
	if (v->n_atts > 1)
		qsort(v->atts, v->n_atts, sizeof(*v->atts), compare_atts);
}

/* ---- known ones that are not open ----------------------------------------------------------- */

static void add_missing(struct liteio_doctor_view *v, const struct liteio_known_pool *known)
{
	struct liteio_doctor_missing m = { .uuid = known->uuid, .remote = known->remote,
					   .held_back = known->held_back };
	char uuid[LITEIO_UUID_STRLEN + 1];

	if (liteio_doctor_pool_of(v, &known->uuid))
		return;
	liteio_uuid_format(&known->uuid, uuid);
	snprintf(m.name, sizeof(m.name), "%s", known->name ? known->name : uuid);
	v->missing = liteio_realloc(v->missing, v->n_missing + 1, sizeof(*v->missing));
	v->missing[v->n_missing++] = m;
}

static void look_known(struct liteio_agent *a, struct liteio_doctor_view *v)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_free_ char *late = liteio_known_late(a);
	const struct liteio_uuid nobody = { 0 };
	struct liteio_known known = { 0 };
	int r = liteio_known_list(a, &known, &err);

	for (size_t i = 0; i < known.n_pools; i++)
		add_missing(v, &known.pools[i]);
	liteio_known_list_free(&known);
	if (r)
		liteio_doctor_word(&v->blind, &v->n_blind, "pools", liteio_error_str(&err, r));
	/* as long as nobody knows which have ended, no consumer of another node is let in */
	r = liteio_ended_check(a, &nobody, 0, &err);
	if (r)
		liteio_doctor_word(&v->blind, &v->n_blind, "ended", liteio_error_str(&err, r));
	/* what the kernel has may be its */
	if (late)
		liteio_doctor_word(&v->blind, &v->n_blind, "pools", late);
}

/* ---- groups of snapshots -------------------------------------------------------------------- */

static void add_group(struct liteio_doctor_view *v, const struct liteio_group_part *x)
{
	for (size_t i = 0; i < v->n_groups; i++) {
		if (!liteio_uuid_equal(&v->groups[i].group, &x->group) ||
		    !liteio_uuid_equal(&v->groups[i].pool, &x->pool))
			continue;
		v->groups[i].n++;
		return;
	}
	v->groups = liteio_realloc(v->groups, v->n_groups + 1, sizeof(*v->groups));
	v->groups[v->n_groups++] = (struct liteio_doctor_group){ x->group, x->pool, 1 };
}

static void look_groups(struct liteio_agent *a, struct liteio_doctor_view *v)
{
	struct liteio_group_part *parts _cleanup_free_ = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_free_ char *what = NULL;
	size_t n;
	int r;

	r = liteio_groups_list(a, &parts, &n, &err);
	for (size_t i = 0; i < n; i++)
		add_group(v, &parts[i]);
	if (!r)
		return;
	what = liteio_strf("%s; put it right, or remove it when no snapshot of an unfinished group is there: no group of several pools is taken before",
			   liteio_error_str(&err, r));
	liteio_doctor_word(&v->blind, &v->n_blind, "snapshot groups", what);
}

/* ---- the agent ------------------------------------------------------------------------------ */

static void look_config(struct liteio_agent *a, struct liteio_doctor_view *v)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config next = { 0 };
	int mode, r;

	r = liteio_config_load(a->argc, a->argv, &next, &mode, NULL, &err);
	if (r) {
		liteio_doctor_word(&v->blind, &v->n_blind, "configuration",
				   liteio_error_str(&err, r));
		return;
	}
	for (const struct liteio_field *f = liteio_config_fields; f->key; f++)
		if (!(f->flags & LITEIO_FIELD_LIVE) &&
		    !liteio_json_field_equal(f, &a->config, &next))
			liteio_doctor_word(&v->config, &v->n_config, f->key, "");
	liteio_config_fini(&next);
}

void liteio_doctor_look_node(struct liteio_agent *a, struct liteio_doctor_view *v)
{
	_cleanup_free_ char *door = liteio_door_reason(a);

	look_known(a, v);
	look_groups(a, v);
	look_config(a, v);
	if (door)
		snprintf(v->door, sizeof(v->door), "%s", door);
	v->stuck = liteio_agent_stuck(a);
}
