// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Catalog records as the local API shows them.
 */
#include "agent/volume_info.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "agent/limits.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

static const char *state_name(enum liteio_catalog_state state)
{
	switch (state) {
	case LITEIO_CATALOG_CREATING:
		return "creating";
	case LITEIO_CATALOG_READY:
		return "ready";
	case LITEIO_CATALOG_DELETING:
		return "deleting";
	}
	return "failed";
}

/* the lane is the caller's; @ret_open: who has its device open, -1: nobody was asked */
static bool ask_allocated(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			  bool may_activate, uint64_t *ret, int *ret_open)
{
	struct liteio_pool_load load;
	int r;

	*ret_open = -1;
	if (v->state == LITEIO_CATALOG_DELETING)
		return liteio_pool_reclaim_left(p->engine, &v->uuid, ret, NULL) == 0;
	r = liteio_pool_volume_look(p->engine, &v->uuid, ret, ret_open, NULL);
	if (!r)
		liteio_pools_answered(p);
	if (r >= 0)
		return true;
	return may_activate &&
	       liteio_pool_volume_prepare(p->engine, &v->uuid, &load, NULL) == 0 &&
	       liteio_pool_volume_load(&load, NULL, NULL) == 0 &&
	       liteio_pool_volume_allocated(p->engine, &v->uuid, ret, NULL) >= 0;
}

/* 1 it is known, 0 the lane is needed for it, -1 nobody can tell */
static int know_allocated(const struct liteio_catalog_volume *v, uint64_t *ret)
{
	*ret = 0;
	/* whoever creates has waited for the lane once */
	if (v->is_unmade)
		return 1;
	if (v->vclass == LITEIO_CATALOG_LINEAR && v->state == LITEIO_CATALOG_READY) {
		*ret = v->size_bytes;
		return 1;
	}
	return v->state == LITEIO_CATALOG_CREATING ? -1 : 0;
}

struct question {
	struct liteio_uuid volume;
	uint64_t bytes;
};

static int question_ask(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	struct question *q = ret;
	int r = liteio_pool_volume_allocated(engine, &q->volume, &q->bytes, err);

	/* that there is no device for it says nothing of the disk; what is known needs none */
	if (r < 0)
		(void)liteio_pool_refresh(engine, NULL);
	return r;
}

/* of a pool whose disk may hang: the question itself finds out whether it does */
static int ask_apart(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		     uint64_t *ret)
{
	struct question q = { .volume = v->uuid };
	int r = liteio_pools_do_for(p, LITEIO_LANE_LOOK, question_ask, &q, sizeof(q),
				    LITEIO_LOOK_MS, NULL);

	*ret = q.bytes;
	return r;
}

bool liteio_volume_info_allocated(struct liteio_open_pool *p,
				  const struct liteio_catalog_volume *v, bool may_activate,
				  uint64_t *ret)
{
	int known = know_allocated(v, ret), r, n_open;

	LITEIO_LANE(lane);

	if (known)
		return known > 0;
	if (v->state != LITEIO_CATALOG_DELETING && !liteio_pools_has_answered(p)) {
		r = ask_apart(p, v, ret);
		if (r >= 0 || r == -ETIMEDOUT || r == -EAGAIN || !may_activate)
			return r >= 0;
	}
	if (liteio_pools_answers(p, NULL) < 0 ||
	    liteio_lane_enter(p, LITEIO_LANE_LOOK, &lane, NULL) < 0)
		return false;
	return ask_allocated(p, v, may_activate, ret, &n_open);
}

void liteio_volume_look_leave(struct liteio_volume_look *k)
{
	struct liteio_open_pool *p = k->lane;

	if (!p)
		return;
	liteio_pools_leave(p);
	liteio_pools_put(p->table, p);
	k->lane = NULL;
}

void liteio_volume_look_begin(struct liteio_volume_look *k, struct liteio_used *used)
{
	*k = (struct liteio_volume_look){ .used = used };
}

void liteio_volume_look_end(struct liteio_volume_look *k)
{
	liteio_volume_look_leave(k);
	if (k->reads)
		liteio_used_end(k->used);
	k->reads = false;
	free(k->first);
	k->first = NULL;
	k->n_first = 0;
}

/* ---- all pools, and their first volumes ------------------------------------------------------ */

static int first_ask(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	struct liteio_volume_first *f = ret;
	bool has_answered = false;
	int n_open, r;

	for (unsigned int i = 0; i < f->n; i++) {
		r = liteio_pool_volume_look(engine, &f->volumes[i].uuid, &f->volumes[i].bytes,
					    &n_open, NULL);
		f->volumes[i].is_said = r >= 0;
		has_answered = has_answered || !r;
	}
	/*
	 * that there is no device for it says nothing of the disk; what is known needs none; and
	 * those of one class say nothing of the other's disks
	 */
	if (!has_answered || liteio_pool_has_reserve(engine))
		liteio_pool_ask(engine);
	return 0;
}

static void first_fill(struct liteio_volume_first *f, struct liteio_open_pool *p)
{
	struct liteio_catalog_volume v[LITEIO_USED_MANY];
	size_t n = liteio_pool_volume_next(p->engine, NULL, v, LITEIO_USED_MANY);
	uint64_t ignored;

	for (size_t i = 0; i < n; i++)
		if (v[i].kind == LITEIO_CATALOG_VOLUME && v[i].state == LITEIO_CATALOG_READY &&
		    !know_allocated(&v[i], &ignored))
			f->volumes[f->n++].uuid = v[i].uuid;
}

struct all {
	struct liteio_volume_look *look;
	struct liteio_pools *table;
};

static void look_at_first(void *arg, struct liteio_open_pool *p, size_t i)
{
	const struct all *all = arg;
	struct liteio_volume_first *f = &all->look->first[i], asked = { .pool = p };

	if (!liteio_pools_has_answered(p)) {
		first_fill(&asked, p);
		if (!liteio_pools_do_for(p, LITEIO_LANE_LOOK, first_ask, &asked, sizeof(asked),
					 LITEIO_LOOK_MS, NULL))
			*f = asked;
	}
	liteio_pools_put(all->table, p);
}

void liteio_volume_look_all(struct liteio_volume_look *k, struct liteio_pools *t)
{
	struct all arg = { k, t };
	struct liteio_open_pool **all;

	liteio_pools_all(t, &all, &k->n_first);
	k->first = liteio_calloc(k->n_first + 1, sizeof(*k->first));
	liteio_pools_each(t, all, k->n_first, look_at_first, &arg);
	free(all);
}

/* it was asked for with its pool */
static bool is_first(const struct liteio_volume_look *k, const struct liteio_open_pool *p,
		     const struct liteio_uuid *volume, uint64_t *ret)
{
	for (size_t i = 0; i < k->n_first; i++) {
		const struct liteio_volume_first *f = &k->first[i];

		for (unsigned int at = 0; f->pool == p && at < f->n; at++) {
			if (!f->volumes[at].is_said ||
			    !liteio_uuid_equal(&f->volumes[at].uuid, volume))
				continue;
			*ret = f->volumes[at].bytes;
			return true;
		}
	}
	return false;
}

/* ---- one after the other --------------------------------------------------------------------- */

/* in the lane of @p, which is given up now and then to whoever waits for it */
static bool look_at(struct liteio_volume_look *k, struct liteio_open_pool *p)
{
	if (k->lane == p && ++k->n < LITEIO_VOLUME_LOOKS)
		return true;
	liteio_volume_look_leave(k);
	k->n = 0;
	if (liteio_pools_answers(p, NULL) < 0 ||
	    liteio_lane_enter(p, LITEIO_LANE_LOOK, &k->lane, NULL) < 0)
		return false;
	/* the list may be done with it before the lane is left */
	liteio_pools_hold(p);
	return true;
}

/* the module is asked once, when it turns out that there are many */
static bool reads(struct liteio_volume_look *k)
{
	if (!k->used || k->n_all > LITEIO_USED_MANY || k->n_all++ < LITEIO_USED_MANY)
		return k->reads;
	/* nobody waits for the disk of a pool in there, but it is not this lane's to wait for */
	liteio_volume_look_leave(k);
	if (!liteio_used_begin(k->used))
		return false;
	k->reads = liteio_used_read(k->used);
	if (!k->reads)
		liteio_used_end(k->used);
	return k->reads;
}

/* of a disk that does not answer nothing is known */
static bool answers(struct liteio_volume_look *k, struct liteio_open_pool *p)
{
	if (k->pool == p)
		return k->answers;
	/* whoever answers may want the lane for it, and is waited for */
	liteio_volume_look_leave(k);
	k->answers = liteio_pools_answers(p, NULL) == 0;
	k->pool = p;
	return k->answers;
}

static bool look_allocated(struct liteio_volume_look *k, struct liteio_open_pool *p,
			   const struct liteio_catalog_volume *v, uint64_t *ret)
{
	int known = know_allocated(v, ret), n_open;

	if (known)
		return known > 0;
	if (v->state != LITEIO_CATALOG_READY)
		return look_at(k, p) && ask_allocated(p, v, false, ret, &n_open);
	if (k->n_all < LITEIO_USED_MANY && is_first(k, p, &v->uuid, ret)) {
		k->n_all++;
		return true;
	}
	if (reads(k)) {
		if (answers(k, p) && liteio_used_find(k->used, &v->uuid, ret))
			return true;
		if (!look_at(k, p) || !ask_allocated(p, v, false, ret, &n_open))
			return false;
		liteio_used_keep(k->used, &v->uuid, n_open, *ret);
		return true;
	}
	return look_at(k, p) && ask_allocated(p, v, false, ret, &n_open);
}

/* name of a record by its uuid, NULL when it is gone */
static char *name_of(struct liteio_open_pool *p, const struct liteio_uuid *uuid)
{
	struct liteio_catalog_volume v;

	if (liteio_uuid_is_null(uuid) || liteio_pool_volume_get(p->engine, uuid, &v) < 0)
		return NULL;
	return liteio_strdup(v.name);
}

static void add_attachment(void *arg, const struct liteio_catalog_attachment *a, size_t n)
{
	struct liteio_local_volume_attachment *to;
	struct liteio_local_volume *ret = arg;

	if (a->state != LITEIO_CATALOG_ATT_LIVE)
		return;
	if (!ret->attachments)
		ret->attachments = liteio_calloc(n, sizeof(*ret->attachments));
	to = &ret->attachments[ret->n_attachments++];
	to->generation = a->generation;
	to->host_nqn = a->host[0] ? liteio_strdup(a->host) : NULL;
	to->read_only = a->flags & LITEIO_CATALOG_ATT_READ_ONLY;
	to->local = a->flags & LITEIO_CATALOG_ATT_LOCAL;
}

/* but for what the kernel says of it */
static void fill(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		 struct liteio_local_volume *ret)
{
	ret->name = liteio_strdup(v->name);
	ret->uuid = v->uuid;
	ret->pool = liteio_strdup(p->name);
	ret->size_bytes = v->size_bytes;
	ret->never_used = v->is_unmade;
	ret->volume_class = (int)v->vclass - LITEIO_CATALOG_THIN;
	ret->state = liteio_strdup(state_name(v->state));
	ret->floor = v->floor;
	ret->origin = name_of(p, &v->origin);
	ret->wipe = (int)v->wipe;
	liteio_pool_attachment_each(p->engine, &v->uuid, add_attachment, ret);
	ret->limits = liteio_limits_of_catalog(&v->limits);
}

void liteio_volume_info_fill(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			     struct liteio_local_volume *ret)
{
	ret->allocated_unknown = !liteio_volume_info_allocated(p, v, true, &ret->allocated_bytes);
	fill(p, v, ret);
}

void liteio_volume_info_told(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			     uint64_t allocated, struct liteio_local_volume *ret)
{
	liteio_pools_answered(p);
	ret->allocated_bytes = allocated;
	fill(p, v, ret);
}

void liteio_volume_info_list(struct liteio_volume_look *k, struct liteio_open_pool *p,
			     const struct liteio_catalog_volume *v, struct liteio_local_volume *ret)
{
	ret->allocated_unknown = !look_allocated(k, p, v, &ret->allocated_bytes);
	fill(p, v, ret);
}

static char *rfc3339(uint64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return liteio_strdup(text);
}

void liteio_snapshot_info_fill(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			       struct liteio_local_snapshot *ret)
{
	ret->name = liteio_strdup(v->name);
	ret->uuid = v->uuid;
	ret->volume = name_of(p, &v->origin);
	ret->pool = liteio_strdup(p->name);
	ret->size_bytes = v->size_bytes;
	ret->created_at = rfc3339(v->created);
	ret->state = liteio_strdup(state_name(v->state));
	ret->wipe = (int)v->wipe;
}

int liteio_volume_size_check(uint64_t *size_bytes, struct liteio_error *err)
{
	const uint64_t align = LITEIO_VOLUME_SIZE_ALIGN;
	uint64_t size = *size_bytes;

	if (size < LITEIO_VOLUME_SIZE_MIN || size > LITEIO_VOLUME_SIZE_MAX)
		return liteio_error_set(err, -EINVAL,
					"sizeBytes: %" PRIu64 " is not within %llu and %llu", size,
					LITEIO_VOLUME_SIZE_MIN, LITEIO_VOLUME_SIZE_MAX);
	*size_bytes = (size + align - 1) / align * align;
	return 0;
}
