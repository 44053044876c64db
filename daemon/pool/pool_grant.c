// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floors and attachments: on the disk before anybody else knows.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "pool/grant.h"
#include "pool/object.h"

/* a volume in any state: what is being deleted can still be fenced */
static const struct liteio_catalog_volume *find(struct liteio_pool *p,
						const struct liteio_uuid *uuid,
						struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	char text[LITEIO_UUID_STRLEN + 1];

	if (v && v->kind == LITEIO_CATALOG_VOLUME)
		return v;
	liteio_uuid_format(uuid, text);
	liteio_error_set(err, -ENOENT, "pool %s has no volume %s", p->store.label.pool_name, text);
	return NULL;
}

static int check_generation(uint64_t generation, struct liteio_error *err)
{
	if (generation >= LITEIO_CATALOG_GEN_MIN && generation <= LITEIO_CATALOG_GEN_MAX)
		return 0;
	return liteio_error_set(err, -EINVAL, "%llu is no generation",
				(unsigned long long)generation);
}

/* 1 the same is there, 0 there is none, or why it must not come */
static int check_there(const struct liteio_catalog *c, const struct liteio_catalog_attachment *a,
		       struct liteio_error *err)
{
	const struct liteio_catalog_attachment *there =
		liteio_catalog_find_att(c, &a->volume, a->generation);

	if (!there)
		return 0;
	if (there->state == LITEIO_CATALOG_ATT_FENCED)
		return liteio_error_set(err, -ESTALE, "generation %llu was fenced",
					(unsigned long long)a->generation);
	if (there->flags == a->flags && !strcmp(there->host, a->host))
		return 1;
	return liteio_error_set(err, -EEXIST, "generation %llu belongs to %s",
				(unsigned long long)a->generation, there->host);
}

/* what can not be written can be read, unless it may not be known who is still let in */
static int check_lets_in(struct liteio_pool *p, const struct liteio_catalog_volume *v,
			 const struct liteio_catalog_attachment *a, struct liteio_error *err)
{
	/* an old catalog has old floors: nobody new gets in */
	if (p->is_mismatched)
		return liteio_pool_check_writable(p, err);
	/* nothing of it goes through a thin pool, whatever has become of that */
	if (v->vclass == LITEIO_CATALOG_LINEAR)
		return 0;
	if (p->condition == LITEIO_POOL_READ_ONLY && a->flags & LITEIO_CATALOG_ATT_READ_ONLY)
		return 0;
	return liteio_pool_check_writable(p, err);
}

/* 1 it is there, 0 it may come, or why not */
static int check_right(struct liteio_pool *p, const struct liteio_catalog_attachment *a,
		       struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = find(p, &a->volume, err);
	int r;

	if (!v)
		return -ENOENT;
	r = check_generation(a->generation, err);
	if (r)
		return r;
	if (v->state != LITEIO_CATALOG_READY)
		return liteio_error_set(err, -ENOENT, "volume %s is not ready", v->name);
	if (a->generation < v->floor)
		return liteio_error_set(err, -ESTALE, "generation %llu is below the floor %llu",
					(unsigned long long)a->generation,
					(unsigned long long)v->floor);
	r = check_there(&p->cat, a, err);
	return r ? r : check_lets_in(p, v, a, err);
}

/*
 * Whoever is told that it is attached can use it, or is not told; and the write that attaches it
 * goes to the slot that has not heard yet that it is made
 */
static void make_all(struct liteio_pool *p, struct liteio_pool_right *all, size_t n)
{
	struct liteio_uuid uuids[LITEIO_POOL_RIGHTS_MAX] = { 0 };
	size_t n_new = 0;

	for (size_t i = 0; i < n; i++) {
		if (all[i].is_new)
			uuids[n_new++] = all[i].att->volume;
	}
	liteio_pool_make_together(p, uuids, n_new);
	for (size_t i = 0; i < n; i++) {
		if (!all[i].is_new)
			continue;
		all[i].result = liteio_pool_make(p, &all[i].att->volume, all[i].err);
		all[i].is_new = !all[i].result;
	}
}

/* into the draft; how many */
static size_t add_all(struct liteio_catalog *draft, const struct liteio_pool_right *all, size_t n)
{
	size_t n_new = 0;

	for (size_t i = 0; i < n; i++) {
		struct liteio_catalog_attachment new = *all[i].att;

		if (!all[i].is_new)
			continue;
		new.state = LITEIO_CATALOG_ATT_LIVE;
		new.created = (uint64_t)time(NULL);
		liteio_catalog_add_att(draft, &new);
		n_new++;
	}
	return n_new;
}

/* those that are new share what becomes of the catalog */
static void tell(struct liteio_pool_right *all, size_t n, int r, const struct liteio_error *err)
{
	for (size_t i = 0; i < n && r; i++) {
		if (!all[i].is_new)
			continue;
		all[i].result = liteio_error_set(all[i].err, r, "%s", err->msg);
		all[i].is_new = false;
	}
}

void liteio_pool_attachment_add_all(struct liteio_pool *p, struct liteio_pool_right *all, size_t n)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog draft;
	int r;

	for (size_t i = 0; i < n; i++) {
		r = check_right(p, all[i].att, all[i].err);
		all[i].result = r < 0 ? r : 0;
		all[i].is_new = !r;
	}
	make_all(p, all, n);
	liteio_pool_draft(p, &draft);
	if (!add_all(&draft, all, n)) {
		liteio_catalog_fini(&draft);
		return;
	}
	r = liteio_pool_persist(p, &draft, &err);
	if (!r)
		liteio_step("attachment-add:catalog");
	tell(all, n, r, &err);
}

int liteio_pool_attachment_add(struct liteio_pool *p, const struct liteio_catalog_attachment *a,
			       struct liteio_error *err)
{
	struct liteio_pool_right one = { .att = a, .err = err };

	liteio_pool_attachment_add_all(p, &one, 1);
	return one.result;
}

int liteio_pool_attachment_drop(struct liteio_pool *p, const struct liteio_uuid *volume,
				uint64_t generation, struct liteio_error *err)
{
	const struct liteio_catalog_attachment *there =
		liteio_catalog_find_att(&p->cat, volume, generation);
	struct liteio_catalog draft;

	if (!there || there->state != LITEIO_CATALOG_ATT_LIVE)
		return 0;
	liteio_pool_draft(p, &draft);
	liteio_catalog_remove_att(&draft, volume, generation);
	return liteio_pool_persist(p, &draft, err);
}

/*
 * By the floor if that ends nobody else's right, and may it be; else by a record of its own. One
 * that was never there only has a record: its number may be any, and no floor is taken back.
 * False: it has one already
 */
static bool end_attachment(struct liteio_catalog *draft,
			   const struct liteio_catalog_attachment *barred, bool by_floor)
{
	const struct liteio_catalog_attachment *there =
		liteio_catalog_find_att(draft, &barred->volume, barred->generation);

	if (by_floor && there &&
	    liteio_catalog_raise_past(draft, &barred->volume, barred->generation))
		return true;
	if (there && there->state == LITEIO_CATALOG_ATT_FENCED)
		return false;
	/* one that was never added is barred from it */
	if (there)
		liteio_catalog_edit_att(draft, &barred->volume, barred->generation)->state =
			LITEIO_CATALOG_ATT_FENCED;
	else
		liteio_catalog_add_att(draft, barred);
	return true;
}

/* in the draft now: 1, or there already: 0; or why it can not be */
static int end_one(struct liteio_pool *p, struct liteio_catalog *draft,
		   const struct liteio_pool_ending *e)
{
	const struct liteio_catalog_attachment barred = {
		.volume = e->volume,
		.generation = e->generation,
		.state = LITEIO_CATALOG_ATT_FENCED,
		.created = (uint64_t)time(NULL),
	};
	uint64_t floor;
	int r;

	if (!find(p, &e->volume, e->err))
		return -ENOENT;
	r = check_generation(e->floor ? e->floor : e->generation, e->err);
	if (r)
		return r;
	/* one before it may have raised it */
	floor = liteio_catalog_find(draft, &e->volume)->floor;
	if (!e->floor)
		return e->generation >= floor && end_attachment(draft, &barred, e->by_floor);
	if (e->floor <= floor)
		return 0;
	liteio_catalog_raise_floor(draft, &e->volume, e->floor);
	return 1;
}

/* what is there already is told only when it is in both slots, too */
static int write_ends(struct liteio_pool *p, struct liteio_catalog *draft, bool raised, bool fenced,
		      struct liteio_error *err)
{
	int r;

	if (!raised && !fenced) {
		liteio_catalog_fini(draft);
		return liteio_pool_persist_owed(p, err);
	}
	r = liteio_pool_persist_twice(p, draft, err);
	if (!r && raised)
		liteio_step("floor-raise:catalog");
	if (!r && fenced)
		liteio_step("attachment-fence:catalog");
	return r;
}

void liteio_pool_end_all(struct liteio_pool *p, struct liteio_pool_ending *all, size_t n)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	bool raised = false, fenced = false;
	struct liteio_catalog draft;
	size_t n_told = 0;
	int r = 0;

	liteio_pool_draft(p, &draft);
	for (size_t i = 0; i < n; i++) {
		r = end_one(p, &draft, &all[i]);
		all[i].result = r < 0 ? r : 0;
		n_told += r >= 0;
		raised = raised || (r > 0 && all[i].floor);
		fenced = fenced || (r > 0 && !all[i].floor);
	}
	if (!n_told) {
		liteio_catalog_fini(&draft);
		return;
	}
	r = write_ends(p, &draft, raised, fenced, &err);
	for (size_t i = 0; i < n && r; i++) {
		if (all[i].result)
			continue;
		/* the catalog may be refused for one of them */
		if (n > 1 && !p->store.is_failing)
			liteio_pool_end_all(p, &all[i], 1);
		else
			all[i].result = liteio_error_set(all[i].err, r, "%s", err.msg);
	}
}

int liteio_pool_floor_raise(struct liteio_pool *p, const struct liteio_uuid *uuid, uint64_t floor,
			    struct liteio_error *err)
{
	struct liteio_pool_ending one = { .volume = *uuid, .floor = floor, .err = err };

	liteio_pool_end_all(p, &one, 1);
	return one.result;
}

int liteio_pool_attachment_fence(struct liteio_pool *p, const struct liteio_uuid *volume,
				 uint64_t generation, bool by_floor, struct liteio_error *err)
{
	struct liteio_pool_ending one = {
		.volume = *volume,
		.generation = generation,
		.by_floor = by_floor,
		.err = err,
	};

	liteio_pool_end_all(p, &one, 1);
	return one.result;
}
