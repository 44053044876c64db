// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata of the thin pool that are full, or nearly: they take the spare. README.md says why.
 *
 * The label first, as when a pool grows: what is interrupted behind it is made true by whoever
 * looks at the pool next, be it still in the kernel or not. There the device below the metadata
 * becomes longer, and the thin pool finds that out when it resumes, which also ends the mode that
 * lack of metadata has brought it to (dm-thin.c, maybe_resize_metadata_dev()). It does not where
 * the metadata have to be checked: these are repaired first.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/object.h"

/* bytes of metadata that dm-thin has when it follows the label */
static uint64_t promised(const struct liteio_label *l)
{
	uint64_t sum = liteio_label_sum(l, LITEIO_EXTENT_THIN_META);

	return sum < LITEIO_THIN_META_MAX ? sum : LITEIO_THIN_META_MAX;
}

bool liteio_pool_meta_is_behind(const struct liteio_pool *p)
{
	return p->status.meta_total < promised(&p->store.label);
}

static bool is_full(const struct liteio_engine_status *s)
{
	return s->mode == LITEIO_ENGINE_RO && s->meta_used >= s->meta_total;
}

/*
 * A copy from before says of what is about to be metadata that it is the spare: none is left while
 * that can be helped. Metadata that are full can not wait for it.
 */
static int relabel(struct liteio_pool *p, const struct liteio_label *l, struct liteio_error *err)
{
	return liteio_pool_relabel_urgent(p, l, is_full(&p->status), err);
}

static int write_again(struct liteio_pool *p, struct liteio_error *err)
{
	int r;

	if (!liteio_pool_labels_differ(p))
		return 0;
	r = relabel(p, &p->store.label, err);
	return is_full(&p->status) ? 0 : r;
}

/* it may be on the disk for all that, on one of several */
static bool is_written(struct liteio_pool *p)
{
	return !liteio_pool_end_doubt(p, NULL) && liteio_pool_meta_is_behind(p);
}

static int step_label(void *arg, struct liteio_error *err)
{
	struct liteio_pool *p = arg;
	struct liteio_label l;
	int r = liteio_pool_end_doubt(p, err);

	if (r)
		return r;
	if (liteio_pool_meta_is_behind(p))
		return write_again(p, err);
	l = p->store.label;
	if (!liteio_label_take_spare(&l))
		return liteio_error_set(err, -ENOSPC, "there is no spare");
	r = relabel(p, &l, err);
	return r && is_full(&p->status) && is_written(p) ? 0 : r;
}

static int step_devices(void *arg, struct liteio_error *err)
{
	return liteio_pool_follow_label(arg, err);
}

static int step_pool(void *arg, struct liteio_error *err)
{
	struct liteio_pool *p = arg;

	return p->engine->ops->activate(p->engine, false, err);
}

static const struct liteio_step table[] = {
	{ "pool-relief:label", step_label },
	{ "pool-relief:devices", step_devices },
	{ "pool-relief:pool", step_pool },
};
LITEIO_STEPS(steps, table);

/* the kernel would write what it is given now, whatever becomes of the catalog */
static bool is_able(const struct liteio_pool *p)
{
	if (p->is_stuck || p->is_under_repair || p->is_mismatched || p->status.needs_check ||
	    p->condition == LITEIO_POOL_FAILED)
		return false;
	return p->status.mode < LITEIO_ENGINE_RO || is_full(&p->status);
}

bool liteio_pool_has_relief(const struct liteio_pool *p)
{
	struct liteio_label l = p->store.label;

	return liteio_pool_meta_is_behind(p) || p->label_in_doubt || liteio_label_take_spare(&l);
}

static bool is_wanted(const struct liteio_pool *p)
{
	const struct liteio_usage meta = { p->status.meta_used, p->status.meta_total };

	return liteio_account_metadata_short(&meta) && liteio_pool_has_relief(p);
}

int liteio_pool_relieve(struct liteio_pool *p)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	if (!is_able(p) || !is_wanted(p))
		return 0;
	r = liteio_steps_run(&steps, p, &err);
	if (!r)
		return 1;
	/* as long as they are not full all goes on, and the next one who looks tries again */
	if (is_full(&p->status))
		liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, LITEIO_POOL_META_FULL, false,
					  "the metadata are full, and could not take the spare: %s; writes to new blocks fail",
					  liteio_error_str(&err, r));
	return r;
}

void liteio_pool_meta_usage(const struct liteio_pool *p, struct liteio_usage *ret)
{
	uint64_t half = (liteio_label_sum(&p->store.label, LITEIO_EXTENT_THIN_META) +
			 liteio_label_sum(&p->store.label, LITEIO_EXTENT_META_SPARE)) /
			2;

	ret->used = p->status.meta_used;
	ret->total = half < p->status.meta_total ? half : p->status.meta_total;
}
