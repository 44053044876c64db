// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Letting go of what an agent that is gone held still.
 */
#include "agent/thaw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/locks.h"
#include "agent/together.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/uuid.h"
#include "host/dm.h"
#include "pool/heir.h"
#include "pool/pool.h"

/* from below: what stands on a device that is suspended waits for it */
static const enum liteio_dm_role order[] = { LITEIO_DM_LINEAR, LITEIO_DM_THIN, LITEIO_DM_HEAD };

/* heads are for everybody, what is below them only for us */
static unsigned int flags_of(enum liteio_dm_role role)
{
	return role == LITEIO_DM_HEAD ? 0 : LITEIO_DM_INNER;
}

static bool is_held(const struct liteio_dm_info *i)
{
	return i->suspended && (i->live_table || i->inactive_table);
}

/* ---- what is suspended ---------------------------------------------------------------------- */

/**
 * struct held - one device
 * @role: what it is for
 * @name: of it
 */
struct held {
	enum liteio_dm_role role;
	char name[LITEIO_DM_NAME_MAX + 1];
};

/**
 * struct volume - what of one is suspended
 * @uuid: which one
 * @pool: it lies in; zero when that is not known
 * @locks: see liteio_thaw()
 * @devices: from below
 * @n: how many
 */
struct volume {
	struct liteio_uuid uuid;
	struct liteio_uuid pool;
	struct liteio_locks *locks;
	struct held *devices;
	size_t n;
};

struct volumes {
	struct volume **all;
	size_t n;
};

static void volume_free(struct volume *v)
{
	free(v->devices);
	free(v);
}

static struct volume *volume_of(struct volumes *vs, const struct liteio_uuid *uuid)
{
	struct volume *v;

	for (size_t i = 0; i < vs->n; i++) {
		if (liteio_uuid_equal(&vs->all[i]->uuid, uuid))
			return vs->all[i];
	}
	v = liteio_calloc(1, sizeof(*v));
	v->uuid = *uuid;
	vs->all = liteio_realloc(vs->all, vs->n + 1, sizeof(struct volume *));
	vs->all[vs->n++] = v;
	return v;
}

static void add(struct volumes *vs, const struct liteio_dm_info *i, enum liteio_dm_role wanted)
{
	struct liteio_uuid uuid;
	enum liteio_dm_role role;
	uint64_t generation;
	struct volume *v;

	if (!is_held(i) || liteio_dm_name_parse(i->name, &role, &uuid, &generation) ||
	    role != wanted)
		return;
	v = volume_of(vs, &uuid);
	v->devices = liteio_realloc(v->devices, v->n + 1, sizeof(*v->devices));
	v->devices[v->n].role = role;
	memcpy(v->devices[v->n++].name, i->name, sizeof(i->name));
}

/*
 * Of a thin volume the kernel knows its pool. Should this agent be killed as well while it hangs
 * with that one's disk, the next one is not kept from all other pools (pool/heir.h).
 */
static void find_pool(struct volume *v, const struct liteio_dm_info *infos, size_t n)
{
	_cleanup_free_ struct liteio_dm_target *table = NULL;
	char name[LITEIO_DM_NAME_MAX + 1];
	unsigned int major, minor;
	size_t n_table = 0;

	liteio_dm_name(LITEIO_DM_THIN, &v->uuid, 0, name);
	if (liteio_dm_table(name, &table, &n_table, NULL) || n_table != 1 ||
	    sscanf(table[0].params, "%u:%u", &major, &minor) != 2)
		return;
	for (size_t i = 0; i < n; i++) {
		enum liteio_dm_role role;
		struct liteio_uuid pool;
		uint64_t generation;

		if (infos[i].major == major && infos[i].minor == minor &&
		    !liteio_dm_name_parse(infos[i].name, &role, &pool, &generation) &&
		    (role == LITEIO_DM_POOL || role == LITEIO_DM_RPOOL))
			v->pool = pool;
	}
}

static int find_all(struct volumes *ret)
{
	_cleanup_free_ struct liteio_dm_info *infos = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	size_t n = 0;
	int r = liteio_dm_list(&infos, &n, &err);

	*ret = (struct volumes){ 0 };
	if (r < 0) {
		log_err(NULL, "what is suspended is not known: %s", liteio_error_str(&err, r));
		return r;
	}
	for (size_t k = 0; k < LITEIO_ARRAY_SIZE(order); k++) {
		for (size_t i = 0; i < n; i++)
			add(ret, &infos[i], order[k]);
	}
	for (size_t i = 0; i < ret->n; i++)
		find_pool(ret->all[i], infos, n);
	return 0;
}

/* ---- letting go ----------------------------------------------------------------------------- */

static void let_go(const struct held *d)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_dm_info now;
	int r;

	/* an operation may have held it, and has let go of it */
	if (liteio_dm_info(d->name, &now, NULL) || !is_held(&now))
		return;
	r = liteio_dm_resume(d->name, flags_of(d->role), &err);
	if (r < 0)
		log_err(NULL, "%s stays suspended: %s", d->name, liteio_error_str(&err, r));
	else
		log_warning(NULL, "%s was suspended, it goes on", d->name);
}

/* owns its argument */
static void volume_run(void *arg)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	char text[LITEIO_UUID_STRLEN + 1];
	struct volume *v = arg;
	bool has_pool = !liteio_uuid_is_null(&v->pool);

	liteio_uuid_format(&v->uuid, text);
	if (v->locks)
		lock = liteio_locks_take(v->locks, text);
	if (has_pool)
		liteio_heir_begin(&v->pool);
	for (size_t i = 0; i < v->n; i++)
		let_go(&v->devices[i]);
	if (has_pool)
		liteio_heir_end();
	volume_free(v);
}

static unsigned int count(void)
{
	unsigned int n = 0;
	struct volumes vs;

	if (find_all(&vs))
		return 1;
	for (size_t i = 0; i < vs.n; i++) {
		n += (unsigned int)vs.all[i]->n;
		volume_free(vs.all[i]);
	}
	free(vs.all);
	return n;
}

unsigned int liteio_thaw(struct liteio_workers *w, struct liteio_locks *locks, uint64_t wait_ms)
{
	const _Atomic uint64_t end_ms = liteio_now_ms() + wait_ms;
	struct volumes vs;

	if (find_all(&vs))
		return 1;
	if (!vs.n)
		return 0;
	for (size_t i = 0; i < vs.n; i++)
		vs.all[i]->locks = locks;
	if (liteio_together_run(w, volume_run, (void *const *)vs.all, vs.n, &end_ms, NULL))
		log_warning(NULL, "what is suspended does not go on yet, it is not waited for");
	free(vs.all);
	return count();
}

void liteio_thaw_pool(struct liteio_pool *p)
{
	struct liteio_catalog_volume in_catalog;
	struct volumes vs;

	if (find_all(&vs))
		return;
	for (size_t i = 0; i < vs.n; i++) {
		if (liteio_pool_volume_get(p, &vs.all[i]->uuid, &in_catalog))
			volume_free(vs.all[i]);
		else
			volume_run(vs.all[i]);
	}
	free(vs.all);
}
