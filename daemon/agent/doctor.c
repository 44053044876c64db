// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The doctor: looking twice, so that what is under way is not taken for what is wrong.
 */
#include "agent/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/locks.h"
#include "agent/pool_locks.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "pool/step.h"

static void look(struct liteio_agent *a, struct liteio_findings *ret)
{
	struct liteio_doctor_view v;

	liteio_doctor_look(a, &v);
	liteio_doctor_plan(&v, ret);
	liteio_doctor_view_fini(&v);
}

/* what is to be held so that nobody works on the object */
static void lock_name(const struct liteio_finding *f, char out[LITEIO_UUID_STRLEN + 1])
{
	if (liteio_uuid_is_null(&f->uuid))
		memcpy(out, LITEIO_POOLS_LOCK, sizeof(LITEIO_POOLS_LOCK));
	else
		liteio_uuid_format(&f->uuid, out);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/**
 * struct held - the locks of everything that a finding is about
 * @name: of the lock
 * @lock: NULL when somebody else has it
 */
struct held {
	char name[LITEIO_UUID_STRLEN + 1];
	struct liteio_named_lock *lock;
};

struct held_set {
	struct held *items;
	size_t n;
};

static const struct held *held_find(const struct held_set *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->items[i].name, name))
			return &s->items[i];
	return NULL;
}

/* without waiting: whoever has one does not wait for another of ours either */
static void hold_all(struct liteio_agent *a, const struct liteio_findings *f, struct held_set *ret)
{
	ret->items = liteio_calloc(f->n + 2, sizeof(*ret->items));
	/* a pool that comes or goes takes along all that is in it */
	memcpy(ret->items[0].name, LITEIO_POOLS_LOCK, sizeof(LITEIO_POOLS_LOCK));
	ret->items[0].lock = liteio_locks_try(a->locks, LITEIO_POOLS_LOCK);
	ret->n = 1;
	for (size_t i = 0; i < f->n; i++) {
		struct held *h = &ret->items[ret->n];

		lock_name(&f->items[i], h->name);
		if (held_find(ret, h->name))
			continue;
		h->lock = liteio_locks_try(a->locks, h->name);
		ret->n++;
	}
}

static void release_all(struct held_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		liteio_locks_give(s->items[i].lock);
	free(s->items);
}

static void answer(const struct liteio_finding *f, struct liteio_local_finding_list *ret)
{
	struct liteio_local_finding *to = &ret->items[ret->n_items++];

	to->check = (int)f->check;
	to->object = liteio_strdup(f->object);
	to->pool = f->pool[0] ? liteio_strdup(f->pool) : NULL;
	to->severity = (int)f->severity;
	to->sentence = liteio_strdup(f->sentence);
	to->fix = f->fix ? liteio_strdup(f->fix) : NULL;
}

/* somebody works on it: what there is to say is said when that is over */
static void answer_busy(const struct held *h, struct liteio_local_finding_list *ret)
{
	struct liteio_local_finding *to;

	for (size_t i = 0; i < ret->n_items; i++)
		if (ret->items[i].check == LITEIO_CHECK_BUSY &&
		    !strcmp(ret->items[i].object, h->name))
			return;
	to = &ret->items[ret->n_items++];
	to->check = LITEIO_CHECK_BUSY;
	to->severity = LITEIO_SEVERITY_INFO;
	to->object = liteio_strdup(h->name);
	to->sentence = liteio_strf("an operation on %s is under way: ask again", h->name);
}

/* what was there before nobody worked on it any more, and still is */
static void confirm(const struct liteio_findings *first, const struct liteio_findings *second,
		    const struct held_set *held, struct liteio_local_finding_list *ret)
{
	char name[LITEIO_UUID_STRLEN + 1];
	const struct held *h;

	ret->items = liteio_calloc(second->n + 1, sizeof(*ret->items));
	for (size_t i = 0; i < second->n; i++) {
		const struct liteio_finding *f = &second->items[i];

		lock_name(f, name);
		h = held_find(held, name);
		if (!h || !liteio_findings_get(first, f->check, f->object))
			continue;
		if (!held->items[0].lock)
			h = &held->items[0];
		if (h->lock)
			answer(f, ret);
		else
			answer_busy(h, ret);
	}
}

int liteio_op_doctor(struct liteio_agent *a, struct liteio_local_finding_list *ret,
		     struct liteio_error *err)
{
	struct liteio_findings first, second;
	struct held_set held = { 0 };

	look(a, &first);
	if (first.n) {
		hold_all(a, &first, &held);
		look(a, &second);
		confirm(&first, &second, &held, ret);
		release_all(&held);
		free(second.items);
	}
	free(first.items);
	return 0;
}

/* ---- one of it ------------------------------------------------------------------------------ */

/* @ret is zeroed when the check finds nothing about the object */
static bool find(struct liteio_agent *a, const struct liteio_local_doctor_fix *req,
		 struct liteio_finding *ret)
{
	struct liteio_findings all;
	const struct liteio_finding *f;

	look(a, &all);
	f = liteio_findings_get(&all, (enum liteio_local_check)req->check, req->object);
	*ret = f ? *f : (struct liteio_finding){ 0 };
	free(all.items);
	return f;
}

static int mend(struct liteio_agent *a, const struct liteio_finding *f,
		struct liteio_local_doctor_fixed *ret, struct liteio_error *err)
{
	int r;

	if (!f->fix)
		return liteio_error_set(err, -EOPNOTSUPP, "%s: this is not mended by itself: %s",
					f->object, f->sentence);
	r = liteio_doctor_mend(a, f, err);
	if (r)
		return liteio_error_wrap(err, r, "%s", f->object);
	liteio_step("agent-mend:done");
	log_info(NULL, "doctor: %s: %s", f->sentence, f->fix);
	ret->fixed = true;
	ret->sentence = liteio_strdup(f->sentence);
	return 0;
}

/* nobody works on the object; @name is that of lock_name() */
static int hold_one(struct liteio_agent *a, const struct liteio_finding *f, const char *name,
		    struct liteio_pool_locks *pool, struct liteio_named_lock **ret,
		    struct liteio_error *err)
{
	if (liteio_uuid_is_null(&f->uuid) && f->pool[0])
		return liteio_pool_locks_take(a->locks, f->pool, NULL, pool, err);
	*ret = liteio_locks_take_for(a->locks, name, LITEIO_POOL_LOCKS_MS);
	if (!*ret)
		return liteio_error_set(err, -EBUSY,
					"%s: an operation on %s is under way: ask again later",
					f->object, name);
	return 0;
}

int liteio_op_doctor_fix(struct liteio_agent *a, const struct liteio_local_doctor_fix *req,
			 struct liteio_local_doctor_fixed *ret, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	char name[LITEIO_UUID_STRLEN + 1], again[LITEIO_UUID_STRLEN + 1];
	struct liteio_finding f;
	LITEIO_POOL_LOCKS(pool);
	int r;

	ret->check = req->check;
	ret->object = liteio_strdup(req->object);
	if (!find(a, req, &f))
		return 0;
	lock_name(&f, name);
	r = hold_one(a, &f, name, &pool, &lock, err);
	if (!r && !find(a, req, &f))
		return 0;
	/* another one has the name now: it is not what is locked */
	lock_name(&f, again);
	if (!r && strcmp(name, again) != 0)
		r = liteio_error_set(err, -EAGAIN, "%s has changed meanwhile", req->object);
	if (!r)
		r = mend(a, &f, ret, err);
	if (r) {
		free(ret->object);
		ret->object = NULL;
	}
	return r;
}
