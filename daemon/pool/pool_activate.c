// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Getting the thin pools of a pool into the kernel, as their metadata allow.
 */
#include <errno.h>

#include "base/error.h"
#include "pool/health.h"
#include "pool/object.h"

/* ask thin_check; what it says against it is the pool's reason */
static enum liteio_health_check check_metadata(struct liteio_pool *p, struct liteio_engine *e)
{
	struct liteio_error check_err = LITEIO_ERROR_INIT;
	int r = e->ops->check(e, &check_err);

	if (!r)
		return LITEIO_HEALTH_SOUND;
	liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY,
				  r == -EUCLEAN ? "MetadataDamaged" : "MetadataNotChecked", true,
				  "the metadata%s did not pass the check after an unclean stop (%s): nothing can be written until `liteioctl pool repair %s`",
				  e == p->reserve ? " of the reserve" : "",
				  liteio_error_str(&check_err, r), p->store.label.pool_name);
	return LITEIO_HEALTH_DAMAGED;
}

/* what somebody else has written is not written: -EUCLEAN when it must not be activated at all */
static int check_foreign(struct liteio_pool *p, bool *ret_is_foreign, struct liteio_error *err)
{
	uint64_t theirs, ours;
	int r = liteio_pool_check_txids(p, &theirs, &ours, err);

	if (r != -ESTALE)
		return r;
	liteio_pool_set_mismatch(p, theirs, ours);
	*ret_is_foreign = true;
	return 0;
}

static void set_locked(struct liteio_pool *p, const struct liteio_engine *e, const char *word,
		       const char *why)
{
	liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, word, true,
				  "the metadata%s %s: nothing can be written until `liteioctl pool repair %s`",
				  e == p->reserve ? " of the reserve" : "", why,
				  p->store.label.pool_name);
}

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

/* what there is to know before anything is changed; looks at all metadata when it has to */
static struct liteio_health_found find_out(struct liteio_pool *p, struct liteio_engine *e,
					   const struct liteio_engine_status *s, uint64_t txid,
					   bool is_checked)
{
	struct liteio_health_found f = {
		.is_active = e->ops->is_active(e),
		.mode = s->mode,
		.is_clean = p->cat.is_clean,
		.is_new = !txid,
		.check = is_checked ? LITEIO_HEALTH_SOUND : LITEIO_HEALTH_NOT_CHECKED,
	};

	if (liteio_health_open(&f) == LITEIO_HEALTH_CHECK)
		f.check = check_metadata(p, e);
	return f;
}

bool liteio_pool_is_active(const struct liteio_pool *p)
{
	return p->engine->ops->is_active(p->engine) ||
	       (p->reserve && p->reserve->ops->is_active(p->reserve));
}

static int activate(struct liteio_pool *p, bool is_checked, struct liteio_error *err)
{
	bool adopted = liteio_pool_is_active(p), is_foreign = false, healthy;
	struct liteio_health_found main, reserve = { 0 };
	int r, r_reserve;

	main = find_out(p, p->engine, &p->status, p->cat.thin_txid, is_checked);
	if (p->reserve)
		reserve = find_out(p, p->reserve, &p->reserve_status, p->cat.reserve_txid,
				   is_checked);
	r = adopted ? 0 : check_foreign(p, &is_foreign, err);
	if (is_foreign) {
		main.is_foreign = true;
		reserve.is_foreign = true;
	}
	healthy = liteio_health_open(&main) != LITEIO_HEALTH_READ_ONLY &&
		  liteio_health_open(&reserve) != LITEIO_HEALTH_READ_ONLY;
	/* from here on all its devices change: what was copied before is stale */
	if (!r && healthy && !adopted && p->store.label.n_devices > 1)
		r = liteio_pool_relabel(p, &p->store.label, err);
	/* before the first activation, never after: what is dirty must say so first */
	if (!r && !is_foreign)
		r = liteio_pool_set_clean(p, false, err);
	if (r)
		return r;
	liteio_step("pool-open:catalog-dirty");
	r = activate_engine(p, p->engine, &main, err);
	/* volumes of the one do not suffer from what befalls the other */
	r_reserve = p->reserve ? activate_engine(p, p->reserve, &reserve, r ? NULL : err) : 0;
	r = r ? r : r_reserve;
	if (!r)
		liteio_step("pool-open:activated");
	return r;
}

/* what the kernel has, if anything, before it is touched */
static void look(struct liteio_pool *p)
{
	if (p->engine->ops->is_active(p->engine))
		p->engine->ops->status(p->engine, &p->status, NULL);
	if (p->reserve && p->reserve->ops->is_active(p->reserve))
		p->reserve->ops->status(p->reserve, &p->reserve_status, NULL);
}

void liteio_pool_set_not_active(struct liteio_pool *p, const char *why)
{
	liteio_pool_set_condition(p, LITEIO_POOL_FAILED, "NotActive", true,
				  "it could not be brought up: %s; when its disk is well, `liteioctl pool repair %s`",
				  why, p->store.label.pool_name);
}

int liteio_pool_bring_up(struct liteio_pool *p, bool is_checked, struct liteio_error *err)
{
	int r;

	/* even to look at it would wait for a device that an interrupted growth has left held */
	r = p->engine->ops->devices_resume(p->engine, err);
	if (!r && p->reserve)
		r = p->reserve->ops->devices_resume(p->reserve, err);
	if (r)
		return r;
	look(p);
	r = activate(p, is_checked, err);
	/* I/O that an interrupted snapshot holds goes on before anything else */
	if (!r)
		r = p->engine->ops->volumes_resume(p->engine, err);
	if (!r && p->reserve)
		r = p->reserve->ops->volumes_resume(p->reserve, err);
	return r ? r : liteio_pool_settle(p, err);
}
