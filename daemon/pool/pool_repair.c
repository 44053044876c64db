// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Repair of the metadata of the thin pools.
 *
 * Good metadata are made in the spare region, of the ones that are there, which are only read:
 * sound ones that the kernel wants checked are copied, damaged ones go through thin_repair. What
 * came of it is checked, and compared with the catalog and with what could still be read of the old
 * ones. Then one write of the label swaps the two regions: that is the repair. The old metadata are
 * the spare from then on, and nothing writes there before the next repair.
 *
 * Killed before that write, the pool is as it was; killed after it, it is repaired. Nobody has a
 * volume of the thin pools open meanwhile; linear volumes are not touched.
 *
 * Programs look at all metadata, for as long as that takes: others have the lane meanwhile. What
 * they find is a pool that is FAILED for the time being: volumes are fenced, linear ones are used,
 * and everything that would need the thin pools, or a label or catalog that stays as it is, is
 * refused.
 *
 * What a power cut has left in use, and nobody has, is given back in the same way, when the pool is
 * opened and not yet in the kernel: by itself, as nothing is lost by it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/health.h"
#include "pool/object.h"
#include "pool/repair.h"

#define UNDER_REPAIR "UnderRepair"

/* a thin pool of the pool: its class, and its two regions */
static const struct part {
	enum liteio_catalog_class vclass;
	enum liteio_extent_kind meta;
	enum liteio_extent_kind spare;
	const char *of;
} parts[] = {
	{ LITEIO_CATALOG_THIN, LITEIO_EXTENT_THIN_META, LITEIO_EXTENT_META_SPARE, "" },
	{ LITEIO_CATALOG_RESERVED, LITEIO_EXTENT_RESERVE_META, LITEIO_EXTENT_RESERVE_SPARE,
	  " of the reserve" },
};

/**
 * struct repair_op - a repair
 * @p: the pool
 * @how: what was asked for
 * @is_suspect: the kernel could not write it, or has not got it, whatever a check says of it now
 * @is_leaky: blocks are in use in it that nobody has
 * @is_filled: the spare has taken what is to be swapped in
 * @left: why one of them is still leaky
 * @spare: what that is
 * @ret: what was done
 */
struct repair_op {
	struct liteio_pool *p;
	const struct liteio_pool_repair *how;
	bool is_suspect[LITEIO_ARRAY_SIZE(parts)];
	bool is_leaky[LITEIO_ARRAY_SIZE(parts)];
	bool is_filled[LITEIO_ARRAY_SIZE(parts)];
	int left;
	struct liteio_engine_spare spare[LITEIO_ARRAY_SIZE(parts)];
	struct liteio_pool_repaired *ret;
};

static struct liteio_engine *engine_of(const struct repair_op *op, size_t i)
{
	return parts[i].vclass == LITEIO_CATALOG_THIN ? op->p->engine : op->p->reserve;
}

/* where it lies something may be broken, then; metadata that are only full are as good there */
static bool is_suspect(struct liteio_engine *e)
{
	struct liteio_engine_status s;

	if (e->ops->status(e, &s, NULL) || s.mode == LITEIO_ENGINE_FAILED || s.needs_check)
		return true;
	return s.mode == LITEIO_ENGINE_RO && s.meta_used < s.meta_total;
}

static void look_at_parts(struct repair_op *op)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts); i++) {
		struct liteio_engine *e = engine_of(op, i);

		op->is_suspect[i] = e && is_suspect(e);
	}
}

/* ---- steps ---------------------------------------------------------------------------------- */

static int take_out(struct repair_op *op, struct liteio_error *err)
{
	int r = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts) && !r; i++) {
		struct liteio_engine *e = engine_of(op, i);

		if (e)
			r = e->ops->volumes_deactivate(e, err);
	}
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts) && !r; i++) {
		struct liteio_engine *e = engine_of(op, i);

		if (e)
			r = e->ops->deactivate(e, err);
	}
	return r;
}

/* from here on nobody gets at a volume of the thin pools, whoever has the lane */
static int step_deactivated(void *arg, struct liteio_error *err)
{
	struct repair_op *op = arg;
	int r = take_out(op, err);

	if (r)
		return r;
	liteio_pool_set_condition(op->p, LITEIO_POOL_FAILED, UNDER_REPAIR, true,
				  "its metadata are being repaired: its volumes are back when that is over");
	if (op->how->begun)
		op->how->begun(op->how->arg);
	return 0;
}

/* may what is in the spare take the place of what is there? */
static int judge(struct repair_op *op, size_t i, struct liteio_error *err)
{
	struct liteio_pool_repaired *ret = op->ret;
	struct liteio_engine_spare *s = &op->spare[i];
	struct liteio_health_loss loss;

	liteio_health_compare(&op->p->cat, parts[i].vclass, s->knows_before ? &s->before : NULL,
			      &s->after, op->p->store.label.thin_block, &loss);
	if (loss.verdict == LITEIO_HEALTH_FOREIGN)
		return liteio_error_set(err, -EUCLEAN, "the metadata%s have %s", parts[i].of,
					loss.what);
	if (loss.verdict != LITEIO_HEALTH_WHOLE && !op->how->force)
		return liteio_error_set(err, -EUCLEAN,
					"the metadata%s can not be repaired completely: %s; nothing was changed, and --force takes what there is: what is lost reads as zeros",
					parts[i].of, loss.what);
	ret->n_copied += s->was_sound;
	ret->n_rebuilt += !s->was_sound;
	ret->lost_volumes += loss.lost_volumes;
	ret->lost_bytes += loss.lost_bytes;
	if (loss.what[0])
		snprintf(ret->lost, sizeof(ret->lost), "%s", loss.what);
	return 0;
}

/* all metadata are read, several times: others have the lane, and nothing to do with these */
static int fill_spare(struct repair_op *op, size_t i, uint64_t txid, struct liteio_error *err)
{
	struct liteio_engine *e = engine_of(op, i);
	int r;

	liteio_pool_leave(op->p);
	/* of what has nothing in it, a copy is no use but where it can not be written */
	r = (op->how->force && txid) || op->is_suspect[i] ? 1 : e->ops->needs_repair(e, err);
	if (r > 0) {
		r = e->ops->spare_fill(e, txid, &op->spare[i], err);
		op->is_filled[i] = !r;
	}
	liteio_pool_enter(op->p);
	return r;
}

/* there are no metadata before the first activation */
static bool has_none(const struct repair_op *op, size_t i)
{
	struct liteio_thin_superblock s;

	return liteio_store_thin_superblock(&op->p->store, parts[i].meta, &s, NULL) == -ENODATA;
}

/*
 * Metadata that are longer than the label says have taken the spare since: it is a copy of before,
 * and what it calls the spare is in use. What the first block does not say is not known.
 */
static int check_label(struct repair_op *op, size_t i, struct liteio_error *err)
{
	const struct liteio_label *l = &op->p->store.label;
	struct liteio_thin_superblock s;
	char have[32], said[32];
	uint64_t bytes;

	if (liteio_store_thin_superblock(&op->p->store, parts[i].meta, &s, NULL))
		return 0;
	bytes = s.meta_blocks * LITEIO_ONDISK_BLOCK;
	if (bytes <= liteio_label_sum(l, parts[i].meta))
		return 0;
	return liteio_error_set(err, -ESTALE,
				"the metadata%s have %s, and %s by the label, which is a copy from before they took the spare: nothing was changed; restart the agent when its disk can read the other copy again",
				parts[i].of, liteio_format_size(bytes, have, sizeof(have)),
				liteio_format_size(liteio_label_sum(l, parts[i].meta), said,
						   sizeof(said)));
}

/* nothing came of it, by whatever it was tried: this is not what force is for */
static int say_hopeless(size_t i, struct liteio_error *err)
{
	return liteio_error_set(err, -EUCLEAN,
				"the metadata%s can not be repaired, with --force neither (%s); nothing was changed. Another version of the package thin-provisioning-tools may do it: install it and repair again",
				parts[i].of, liteio_error_str(err, -EUCLEAN));
}

static int fill_one(struct repair_op *op, size_t i, struct liteio_error *err)
{
	uint64_t txid = *liteio_catalog_txid(&op->p->cat, parts[i].vclass);
	int r;

	/* nothing was ever made in it, unless it was all that was under way when it broke */
	if (!engine_of(op, i) || (!txid && has_none(op, i)))
		return 0;
	r = check_label(op, i, err);
	if (!r)
		r = fill_spare(op, i, txid, err);
	if (r == -EUCLEAN)
		return say_hopeless(i, err);
	if (r)
		return liteio_error_wrap(err, r, "the metadata%s", parts[i].of);
	return op->is_filled[i] ? judge(op, i, err) : 0;
}

static int step_spare(void *arg, struct liteio_error *err)
{
	struct repair_op *op = arg;
	int r = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts) && !r; i++)
		r = fill_one(op, i, err);
	/* its devices are over regions that are about to change places */
	return r ? r : take_out(op, err);
}

static void swap_regions(struct liteio_label *l, const struct part *part)
{
	for (size_t i = 0; i < l->n_extents; i++) {
		if (l->extents[i].kind == part->meta)
			l->extents[i].kind = part->spare;
		else if (l->extents[i].kind == part->spare)
			l->extents[i].kind = part->meta;
	}
}

static int step_label(void *arg, struct liteio_error *err)
{
	struct liteio_pool *p = ((struct repair_op *)arg)->p;
	struct repair_op *op = arg;
	struct liteio_label l = p->store.label;
	bool is_needed = false;
	int r;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts); i++) {
		if (op->is_filled[i])
			swap_regions(&l, &parts[i]);
		is_needed = is_needed || op->is_filled[i];
	}
	if (!is_needed)
		return 0;
	r = liteio_pool_relabel(p, &l, err);
	/* it may be on the disk all the same, or one of both copies: what can be read counts */
	if (r && liteio_pool_end_doubt(p, NULL))
		return r;
	if (r && memcmp(p->store.label.extents, l.extents, sizeof(l.extents)))
		return liteio_error_wrap(err, r, "the label");
	return liteio_pool_follow_label(p, err);
}

static const struct liteio_step table[] = {
	{ "pool-repair:deactivated", step_deactivated },
	{ "pool-repair:spare", step_spare },
	{ "pool-repair:label", step_label },
};
LITEIO_STEPS(steps, table);

/* ---- what nobody has ------------------------------------------------------------------------ */

/*
 * Metadata that the kernel could not write at some time are for people to repair: the copy would
 * not say so any more
 */
static int check_unflagged(struct repair_op *op, size_t i, struct liteio_error *err)
{
	struct liteio_thin_superblock s;
	int r = liteio_store_thin_superblock(&op->p->store, parts[i].meta, &s, err);

	if (!r && s.flags & LITEIO_THIN_NEEDS_CHECK)
		r = liteio_error_set(err, -EUCLEAN, "the kernel asks for a check of the metadata%s",
				     parts[i].of);
	return r;
}

/* others have the lane meanwhile, and find a pool that is not open yet */
static int free_one(struct repair_op *op, size_t i, struct liteio_error *err)
{
	struct liteio_engine *e = engine_of(op, i);
	int r = check_label(op, i, err);

	if (!r)
		r = check_unflagged(op, i, err);
	if (r)
		return r;
	liteio_pool_leave(op->p);
	r = e->ops->spare_fill(e, *liteio_catalog_txid(&op->p->cat, parts[i].vclass), &op->spare[i],
			       err);
	liteio_pool_enter(op->p);
	if (!r && op->spare[i].is_leaky)
		r = liteio_error_set(err, -EOPNOTSUPP,
				     "the metadata%s: %s; a newer version of the package thin-provisioning-tools may do it",
				     parts[i].of, liteio_error_str(err, -EUCLEAN));
	if (!r)
		r = judge(op, i, err);
	op->is_filled[i] = !r;
	return r;
}

/* each by itself: what can be done for one is not left for the other's sake */
static int step_leaks(void *arg, struct liteio_error *err)
{
	struct repair_op *op = arg;
	int r = 0, done, first = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts); i++) {
		if (op->is_leaky[i])
			r = free_one(op, i, first ? NULL : err);
		first = first ? first : r;
	}
	/* a copy of what somebody may have changed since is none */
	if (liteio_pool_is_active(op->p))
		return liteio_error_set(err, -EBUSY, "it has come into the kernel meanwhile");
	done = take_out(op, first ? NULL : err);
	if (!op->is_filled[0] && !op->is_filled[1])
		return first;
	/* what the swap needs most: a disk that takes both copies of the label */
	if (!done)
		done = liteio_pool_relabel(op->p, &op->p->store.label, err);
	op->left = first;
	return done;
}

static const struct liteio_step leak_table[] = {
	{ "pool-leaks:spare", step_leaks },
	{ "pool-leaks:label", step_label },
};
LITEIO_STEPS(leak_steps, leak_table);

int liteio_pool_free_leaks(struct liteio_pool *p, bool of_thin, bool of_reserved,
			   struct liteio_error *err)
{
	static const struct liteio_pool_repair how = { 0 };
	struct liteio_pool_repaired done = { 0 };
	struct repair_op op = {
		.p = p,
		.how = &how,
		.is_leaky = { of_thin, of_reserved },
		.ret = &done,
	};
	int r;

	r = liteio_steps_run(&leak_steps, &op, err);
	r = r ? r : op.left;
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts); i++)
		liteio_engine_spare_fini(&op.spare[i]);
	return r;
}

/* ---- up again ------------------------------------------------------------------------------- */

/* deleted long ago, as the catalog says: metadata of an earlier time have them again */
static void drop_extra(struct repair_op *op, size_t i)
{
	const struct liteio_thin_dump *after = &op->spare[i].after;
	struct liteio_engine *e = engine_of(op, i);

	for (size_t k = 0; k < after->n_devices; k++) {
		uint32_t id = after->devices[k].id;

		if (!liteio_health_is_known(&op->p->cat, parts[i].vclass, id))
			(void)e->ops->remove(e, id, NULL);
	}
}

/* nothing else but what has been found meanwhile is said of the pool any more */
static void end_mark(struct liteio_pool *p)
{
	if (strcmp(p->reason_word, UNDER_REPAIR) != 0)
		return;
	{
		liteio_guard(&p->lock);
		p->condition = LITEIO_POOL_READY;
		p->is_stuck = false;
		p->reason[0] = '\0';
		p->reason_word[0] = '\0';
	}
	liteio_pool_say_changed(p);
}

/* as it is now, whatever came of the repair */
static int bring_up_again(struct repair_op *op, bool is_repaired, struct liteio_error *err)
{
	struct liteio_pool *p = op->p;
	int r;

	p->is_mismatched = false;
	r = liteio_pool_bring_up(p, is_repaired, err);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts) && !r && is_repaired; i++)
		drop_extra(op, i);
	if (r)
		liteio_pool_set_not_active(p, r, liteio_error_str(err, r));
	end_mark(p);
	/* an opening of what can be written does it: this one could not be */
	if (!r && p->condition < LITEIO_POOL_READ_ONLY)
		(void)liteio_pool_confirm(p, NULL);
	/* what waited for a pool that can be written */
	if (!r)
		r = liteio_pool_linear_recover(p, err);
	return r ? r : liteio_pool_refresh(p, err);
}

static void set_doubt(struct liteio_pool *p, const char *why)
{
	liteio_pool_set_condition(p, LITEIO_POOL_FAILED, "LabelNotWritten", true,
				  "the label could neither be written nor read (%s), and which metadata count is not known: see to its disk, then `liteioctl pool repair %s`",
				  why, p->store.label.pool_name);
}

static bool is_all_active(const struct repair_op *op)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts); i++) {
		struct liteio_engine *e = engine_of(op, i);

		if (e && !e->ops->is_active(e))
			return false;
	}
	return true;
}

/* nothing is done before it is known which label the disk has */
static int begin(struct liteio_pool *p, struct liteio_error *err)
{
	int r;

	if (!p->label_in_doubt)
		return 0;
	r = liteio_pool_end_doubt(p, err);
	/* what is there may be what was asked for before: the engines have not heard of it */
	return r ? r : liteio_pool_follow_label(p, err);
}

/* before anything is taken out of use: metadata that were full have nowhere to be repaired into */
static int check_spare(struct repair_op *op, struct liteio_error *err)
{
	const struct liteio_pool *p = op->p;
	bool is_meant = op->how->force || op->is_suspect[0] ||
			!strcmp(p->reason_word, LITEIO_POOL_META_FULL);

	if (!is_meant || liteio_label_has_spare(&p->store.label))
		return 0;
	return liteio_error_set(err, -ENOSPC,
				"its metadata were full and have taken the spare, so that there is nothing to repair them into: `liteioctl pool grow %s` first, with a larger disk or another one",
				p->store.label.pool_name);
}

static int run(struct repair_op *op, struct liteio_error *err)
{
	struct liteio_error up_err = LITEIO_ERROR_INIT;
	struct liteio_pool *p = op->p;
	int r, up;

	r = begin(p, err);
	if (r)
		return r;
	look_at_parts(op);
	r = check_spare(op, err);
	if (r)
		return r;
	r = liteio_steps_run(&steps, op, err);
	if (p->label_in_doubt) {
		set_doubt(p, liteio_error_str(err, r));
		return r;
	}
	/* with a volume in use, nothing was touched */
	if (r && is_all_active(op))
		return r;
	up = bring_up_again(op, !r, &up_err);
	if (!r && up)
		return liteio_error_set(err, up, "%s", liteio_error_str(&up_err, up));
	if (!r && p->condition >= LITEIO_POOL_READ_ONLY)
		return liteio_error_set(err, -EROFS, "it did not help: %s", p->reason);
	return r;
}

int liteio_pool_repair(struct liteio_pool *p, const struct liteio_pool_repair *how,
		       struct liteio_pool_repaired *ret, struct liteio_error *err)
{
	struct liteio_pool_repaired done = { 0 };
	struct repair_op op = { .p = p, .how = how, .ret = &done };
	int r = 0;

	if (p->is_under_repair)
		return liteio_error_set(err, -EBUSY, "pool %s is being repaired",
					p->store.label.pool_name);
	/* what was repaired before, or never broken, is as it should be */
	if (how->force || p->condition >= LITEIO_POOL_READ_ONLY) {
		p->is_under_repair = true;
		r = run(&op, err);
		p->is_under_repair = false;
	}
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts); i++)
		liteio_engine_spare_fini(&op.spare[i]);
	if (r)
		return liteio_error_wrap(err, r, "pool %s", p->store.label.pool_name);
	*ret = done;
	return 0;
}
