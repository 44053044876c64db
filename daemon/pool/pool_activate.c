// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Getting the thin pools of a pool into the kernel, as their metadata allow.
 *
 * Each of them by itself: what befalls the one is nothing to the volumes of the other. Only another
 * writer, or an old catalog, is a matter of both.
 */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/health.h"
#include "pool/object.h"

/**
 * struct part - one of the thin pools on its way into the kernel
 * @e: its engine; NULL when the pool has none of that class
 * @vclass: of its volumes
 * @found: what is known of it
 * @code: why it can not be brought up
 * @err: that in words
 */
struct part {
	struct liteio_engine *e;
	enum liteio_catalog_class vclass;
	struct liteio_health_found found;
	int code;
	struct liteio_error err;
};

#define PARTS 2

/* ---- finding out: nothing is written -------------------------------------------------------- */

static void set_locked(struct liteio_pool *p, const struct liteio_engine *e, const char *word,
		       const char *why)
{
	liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, word, true,
				  "the metadata%s %s: nothing can be written until `liteioctl pool repair %s`",
				  e == p->reserve ? " of the reserve" : "", why,
				  p->store.label.pool_name);
}

/* ask thin_check; what it says against it is the pool's reason */
static enum liteio_health_check check_metadata(struct liteio_pool *p, struct liteio_engine *e)
{
	struct liteio_error check_err = LITEIO_ERROR_INIT;
	int r;

	liteio_pool_leave(p);
	r = e->ops->check(e, &check_err);
	liteio_pool_enter(p);
	if (r >= 0)
		return r ? LITEIO_HEALTH_LEAKY : LITEIO_HEALTH_SOUND;
	liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY,
				  r == -EUCLEAN ? "MetadataDamaged" : "MetadataNotChecked", true,
				  "the metadata%s did not pass the check after an unclean stop (%s): nothing can be written until `liteioctl pool repair %s`",
				  e == p->reserve ? " of the reserve" : "",
				  liteio_error_str(&check_err, r), p->store.label.pool_name);
	return LITEIO_HEALTH_DAMAGED;
}

/* what somebody else has written is not written; what can not be activated is not touched */
static void compare(struct liteio_pool *p, struct part *x)
{
	struct liteio_pool_txids t;
	int r = liteio_pool_check_txid(p, x->vclass, &t, &x->err);

	if (r == -ESTALE) {
		x->found.is_foreign = true;
		liteio_pool_set_mismatch(p, &t);
	} else {
		x->code = r;
	}
}

static void look(struct liteio_pool *p, struct part *x, struct liteio_engine_status *s)
{
	x->found.is_active = x->e->ops->is_active(x->e);
	x->found.is_clean = p->cat.is_clean;
	x->found.is_new = !*liteio_catalog_txid(&p->cat, x->vclass);
	/* before it is touched */
	if (x->found.is_active)
		x->e->ops->status(x->e, s, NULL);
	else
		compare(p, x);
	x->found.mode = s->mode;
}

static void find_out(struct liteio_pool *p, struct part parts[PARTS], bool is_checked)
{
	bool is_foreign = false;

	for (size_t i = 0; i < PARTS; i++) {
		if (parts[i].e)
			look(p, &parts[i], i ? &p->reserve_status : &p->status);
		is_foreign = is_foreign || parts[i].found.is_foreign;
	}
	for (size_t i = 0; i < PARTS; i++) {
		struct liteio_health_found *f = &parts[i].found;

		f->is_foreign = is_foreign;
		f->check = is_checked ? LITEIO_HEALTH_SOUND : LITEIO_HEALTH_NOT_CHECKED;
		if (parts[i].e && !parts[i].code && liteio_health_open(f) == LITEIO_HEALTH_CHECK)
			f->check = check_metadata(p, parts[i].e);
	}
}

/* ---- into the kernel ------------------------------------------------------------------------ */

/* the kernel may know better than a check: it has written that its last words were cut short */
static int activate_writable(struct liteio_pool *p, struct liteio_engine *e,
			     struct liteio_error *err)
{
	struct liteio_engine_status s;
	int r;

	r = e->ops->activate(e, false, err);
	if (!r)
		r = e->ops->status(e, &s, err);
	if (r || s.mode == LITEIO_ENGINE_FAILED || !s.needs_check)
		return r;
	set_locked(p, e, "NeedsCheck", "could not be written at some time, and have to be checked");
	return e->ops->activate(e, true, err);
}

static int activate_engine(struct liteio_pool *p, struct liteio_engine *e,
			   const struct liteio_health_found *found, struct liteio_error *err)
{
	if (found->is_active && e->ops->is_locked(e))
		set_locked(p, e, "MetadataDamaged",
			   "were not found good when the pool was opened");
	switch (liteio_health_open(found)) {
	case LITEIO_HEALTH_ADOPT:
		return 0;
	case LITEIO_HEALTH_READ_ONLY:
		return e->ops->activate(e, true, err);
	default:
		/* I/O goes on in one that is there: its table is not touched twice */
		return found->is_active ? e->ops->activate(e, false, err) :
					  activate_writable(p, e, err);
	}
}

bool liteio_pool_is_active(const struct liteio_pool *p)
{
	return p->engine->ops->is_active(p->engine) ||
	       (p->reserve && p->reserve->ops->is_active(p->reserve));
}

/* what has to be on the disk before the first of them is activated, never after */
static int announce(struct liteio_pool *p, const struct part parts[PARTS], struct liteio_error *err)
{
	bool is_written = false, is_foreign = parts[0].found.is_foreign;
	int r = 0;

	for (size_t i = 0; i < PARTS; i++)
		is_written = is_written ||
			     (parts[i].e && !parts[i].code &&
			      liteio_health_open(&parts[i].found) == LITEIO_HEALTH_WRITABLE);
	/* from here on all its devices change: what was copied before is stale */
	if (is_written && !is_foreign && !liteio_pool_is_active(p) && p->store.label.n_devices > 1)
		r = liteio_pool_relabel(p, &p->store.label, err);
	if (!r && is_written && !is_foreign)
		r = liteio_pool_set_clean(p, false, err);
	if (!r)
		liteio_step("pool-open:catalog-dirty");
	return r;
}

/* I/O that an interrupted snapshot holds goes on before anything else */
static int bring_up_part(struct liteio_pool *p, struct part *x)
{
	if (!x->code)
		x->code = activate_engine(p, x->e, &x->found, &x->err);
	if (!x->code)
		x->code = x->e->ops->volumes_resume(x->e, &x->err);
	return x->code;
}

void liteio_pool_set_not_active(struct liteio_pool *p, int code, const char *why)
{
	liteio_pool_set_condition(p, LITEIO_POOL_FAILED,
				  code == -EUCLEAN ? "MetadataDamaged" : "NotActive", true,
				  "it could not be brought up: %s; when its disk is well, `liteioctl pool repair %s`",
				  why, p->store.label.pool_name);
}

/* a check may take hours: what the kernel did not have before it, it still does not have */
static int check_still_ours(struct liteio_pool *p, const struct part parts[PARTS],
			    struct liteio_error *err)
{
	int r = 0;

	for (size_t i = 0; i < PARTS && !r; i++) {
		struct liteio_engine *e = parts[i].e;

		if (!e || parts[i].found.is_active || !e->ops->is_active(e))
			continue;
		r = liteio_pool_check_below(p, err);
		if (!r)
			r = liteio_error_set(err, -EBUSY,
					     "pool %s has come into the kernel while it was opened: another process has it",
					     p->store.label.pool_name);
	}
	p->is_taken = r;
	return r;
}

static void say_leaks(struct liteio_pool *p, const char *why)
{
	liteio_guard(&p->lock);
	snprintf(p->leaks, sizeof(p->leaks), "%s", why);
}

/*
 * What a power cut has left in use, and nobody has. Where that can not be given back the pool is
 * opened all the same: it is sound, and only smaller than it should be
 */
static int free_leaks(struct liteio_pool *p, const struct part parts[PARTS],
		      struct liteio_error *err)
{
	struct liteio_error leak_err = LITEIO_ERROR_INIT;
	bool is_leaky[PARTS];
	int r;

	for (size_t i = 0; i < PARTS; i++)
		is_leaky[i] = parts[i].e && parts[i].found.check == LITEIO_HEALTH_LEAKY;
	say_leaks(p, "");
	if (!is_leaky[0] && !is_leaky[1])
		return 0;
	if (liteio_pool_is_active(p) || p->is_under_repair) {
		say_leaks(p, "the other thin pool is in the kernel, or a repair has not helped");
		return 0;
	}
	r = liteio_pool_free_leaks(p, is_leaky[0], is_leaky[1], &leak_err);
	/* which metadata count is not known then */
	if (r && p->label_in_doubt)
		return liteio_error_set(err, r, "%s", liteio_error_str(&leak_err, r));
	if (r)
		say_leaks(p, liteio_error_str(&leak_err, r));
	return check_still_ours(p, parts, err);
}

int liteio_pool_bring_up(struct liteio_pool *p, bool is_checked, struct liteio_error *err)
{
	struct part parts[PARTS] = {
		{ .e = p->engine, .vclass = LITEIO_CATALOG_THIN, .err = LITEIO_ERROR_INIT },
		{ .e = p->reserve, .vclass = LITEIO_CATALOG_RESERVED, .err = LITEIO_ERROR_INIT },
	};
	int r = 0;

	liteio_pool_empty_forget_all(p);
	/* even to look at it would wait for a device that an interrupted growth has left held */
	for (size_t i = 0; i < PARTS && !r; i++)
		r = parts[i].e ? parts[i].e->ops->devices_resume(parts[i].e, err) : 0;
	if (r)
		return r;
	find_out(p, parts, is_checked);
	r = check_still_ours(p, parts, err);
	if (!r)
		r = free_leaks(p, parts, err);
	if (!r)
		r = announce(p, parts, err);
	if (r)
		return r;
	for (size_t i = 0; i < PARTS; i++) {
		if (parts[i].e && bring_up_part(p, &parts[i]) && !r)
			r = liteio_error_set(err, parts[i].code, "%s",
					     liteio_error_str(&parts[i].err, parts[i].code));
	}
	if (r) {
		(void)liteio_pool_settle(p, NULL);
		return r;
	}
	liteio_step("pool-open:activated");
	r = liteio_pool_settle(p, err);
	/* what is there is taken for done by whoever finds it: nobody may ask for it again */
	if (!r && p->condition < LITEIO_POOL_READ_ONLY)
		(void)liteio_pool_confirm(p, NULL);
	return r;
}
