// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pool object: its catalog, its condition, and what any thread may ask.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/dm.h"
#include "host/kmodule.h"
#include "pool/object.h"

/* the word of a pool whose disk does not take the catalog */
#define NOT_WRITTEN "CatalogNotWritten"
/* who only looks does not write it again sooner: that is all of a slot, and may take long */
#define REFUSED_FOR_MS 1000

const char *const liteio_pool_condition_names[] = {
	[LITEIO_POOL_READY] = "Ready",
	[LITEIO_POOL_NO_SPACE] = "NoSpace",
	[LITEIO_POOL_READ_ONLY] = "ReadOnly",
	[LITEIO_POOL_FAILED] = "Failed",
	NULL,
};

int liteio_pool_prepare(struct liteio_error *err)
{
	int r = liteio_dm_init(err);

	if (r || liteio_dm_has_target("thin-pool"))
		return r;
	return liteio_kmodule_load("dm-thin-pool", err);
}

/* ---- the catalog ---------------------------------------------------------------------------- */

void liteio_pool_draft(struct liteio_pool *p, struct liteio_catalog *ret)
{
	/* only the lane replaces it, and this is the lane: no lock is needed to read */
	liteio_catalog_copy(&p->cat, ret);
}

static bool is_not_written(const struct liteio_pool *p)
{
	return !strcmp(p->reason_word, NOT_WRITTEN);
}

static void set_not_written(struct liteio_pool *p)
{
	liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, NOT_WRITTEN, false,
				  "the catalog can not be written: see to its disk; volumes in use go on, and everything else when it can be written again");
}

/* what came of a write of the catalog, whichever slot it was for */
static int end_write(struct liteio_pool *p, int r, struct liteio_error *err)
{
	if (r && p->store.is_failing)
		p->refused_ms = liteio_now_ms();
	if (r && p->store.is_failing && p->condition < LITEIO_POOL_READ_ONLY)
		set_not_written(p);
	/* the kernel may know of something else: that is asked for next */
	if (!r && is_not_written(p))
		liteio_pool_set_condition(p, LITEIO_POOL_READY, "", false, "%s", "");
	return r ? liteio_error_wrap(err, r, "pool %s: the catalog was not written",
				     p->store.label.pool_name) :
		   0;
}

/* what was written was not there: after one write that is in one slot; who tells is told */
static bool take_lie(struct liteio_pool *p)
{
	if (!p->store.has_lied)
		return false;
	p->store.has_lied = false;
	pthread_mutex_lock(&p->lock);
	p->n_lies++;
	pthread_mutex_unlock(&p->lock);
	liteio_pool_say_changed(p);
	return true;
}

static int persist(struct liteio_pool *p, struct liteio_catalog *draft, bool is_whole,
		   struct liteio_error *err)
{
	struct liteio_catalog old;
	int r;

	/* bits of a newer version whose data we do not keep */
	draft->compat &= LITEIO_SLOT_COMPAT;
	r = end_write(p, liteio_store_write_catalog(&p->store, &p->cat, draft, is_whole, err), err);
	if (r) {
		liteio_catalog_fini(draft);
		return r;
	}
	old = p->cat;
	pthread_mutex_lock(&p->lock);
	p->cat = *draft;
	p->taken_ms = liteio_now_ms();
	pthread_mutex_unlock(&p->lock);
	*draft = (struct liteio_catalog){ 0 };
	/* nobody else has seen it since */
	liteio_store_supersede(&p->store, &old);
	/* every write goes to the slot that lacks something, and has all of it, unless both did */
	p->is_one_copy = take_lie(p);
	liteio_pool_check_mark(p);
	return 0;
}

uint64_t liteio_pool_taken_ms(struct liteio_pool *p)
{
	liteio_guard(&p->lock);
	return p->store.label.n_devices > 1 ? 0 : p->taken_ms;
}

int liteio_pool_persist(struct liteio_pool *p, struct liteio_catalog *draft,
			struct liteio_error *err)
{
	return persist(p, draft, false, err);
}

int liteio_pool_persist_both(struct liteio_pool *p, struct liteio_catalog *draft,
			     struct liteio_error *err)
{
	int r = persist(p, draft, true, err);

	if (r)
		return r;
	p->is_one_copy = true;
	return liteio_pool_persist_owed(p, err);
}

int liteio_pool_persist_again(struct liteio_pool *p, struct liteio_error *err)
{
	int r = end_write(p, liteio_store_write_twin(&p->store, &p->cat, err), err);

	p->is_one_copy = r || take_lie(p);
	return r ? r : liteio_pool_persist_owed(p, err);
}

int liteio_pool_persist_twice(struct liteio_pool *p, struct liteio_catalog *draft,
			      struct liteio_error *err)
{
	int r = liteio_pool_persist(p, draft, err);

	return r ? r : liteio_pool_persist_again(p, err);
}

int liteio_pool_persist_owed(struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_catalog again;
	int r = 0;

	/* twice when the disk has lied: all of a slot is written, which finds no lie */
	while (!r && (p->is_one_copy || p->store.has_lied)) {
		liteio_pool_draft(p, &again);
		r = persist(p, &again, true, err);
	}
	return r;
}

int liteio_pool_confirm(struct liteio_pool *p, struct liteio_error *err)
{
	return p->is_mismatched ? 0 : liteio_pool_persist_owed(p, err);
}

/* may the disk take the catalog again? Who only waits for that asks for no change */
static bool still_fails(struct liteio_pool *p, uint64_t within_ms)
{
	struct liteio_catalog same;

	if (!p->store.is_failing)
		return false;
	if (liteio_now_ms() - p->refused_ms < within_ms)
		return true;
	liteio_pool_draft(p, &same);
	/* nobody may ask for the second slot, and the doctor finds two that are whole */
	return persist(p, &same, true, NULL) || liteio_pool_persist_owed(p, NULL);
}

/* ---- condition ------------------------------------------------------------------------------ */

/* whether it is another one now; @reason has as much room as the pool's */
static bool take_condition(struct liteio_pool *p, enum liteio_pool_condition c, const char *word,
			   bool is_stuck, const char *reason)
{
	bool is_new;

	liteio_guard(&p->lock);
	/* what was found at opening is not made better by what the kernel says later */
	if (p->is_stuck && !is_stuck && c <= p->condition)
		return false;
	is_new = p->condition != c || strcmp(p->reason_word, word) != 0;
	p->condition = c;
	p->is_stuck = p->is_stuck || is_stuck;
	memcpy(p->reason, reason, sizeof(p->reason));
	snprintf(p->reason_word, sizeof(p->reason_word), "%s", word);
	return is_new;
}

void liteio_pool_set_condition(struct liteio_pool *p, enum liteio_pool_condition c,
			       const char *word, bool is_stuck, const char *fmt, ...)
{
	char reason[sizeof(p->reason)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (take_condition(p, c, word, is_stuck, reason) && !p->is_refreshing)
		liteio_pool_say_changed(p);
}

int liteio_pool_finish(struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_catalog draft;

	liteio_pool_draft(p, &draft);
	liteio_catalog_finish(&draft);
	return liteio_pool_persist(p, &draft, err);
}

int liteio_pool_check_writable(struct liteio_pool *p, struct liteio_error *err)
{
	if (is_not_written(p))
		(void)still_fails(p, 0);
	if (p->condition < LITEIO_POOL_READ_ONLY)
		return 0;
	return liteio_error_set(err, -EROFS, "pool %s is not modified: %s",
				p->store.label.pool_name, p->reason);
}

int liteio_pool_foreign_id(struct liteio_pool *p, uint32_t thin_id, struct liteio_error *err)
{
	liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, "ForeignDevice", true,
				  "thin id %u was never given out and is in use: another program writes the pool",
				  thin_id);
	return liteio_error_set(err, -EUCLEAN, "pool %s: %s", p->store.label.pool_name, p->reason);
}

void liteio_pool_met_damage(void *arg)
{
	struct liteio_pool *p = arg;
	char reason[sizeof(p->reason)] = "";

	{
		liteio_guard(&p->lock);
		/* it is said already, or worse; what ends by itself does not count */
		if (p->is_stuck || p->condition == LITEIO_POOL_FAILED)
			return;
		snprintf(reason, sizeof(reason),
			 "metadata that were read are not what was written, writes to new blocks may fail: see to its disk, then `liteioctl pool repair %s`",
			 p->store.label.pool_name);
	}
	if (take_condition(p, LITEIO_POOL_READ_ONLY, "MetadataDamaged", true, reason))
		liteio_pool_say_changed(p);
}

/* what the kernel's status means for users of the pool */
static void judge(struct liteio_pool *p, const struct liteio_engine_status *s)
{
	const char *name = p->store.label.pool_name;

	if (s->mode == LITEIO_ENGINE_FAILED)
		liteio_pool_set_condition(p, LITEIO_POOL_FAILED, "Failed", false,
					  "the kernel has given the pool up, its metadata can not be read or written: see to its disk, then `liteioctl pool repair %s`",
					  name);
	else if (s->needs_check)
		liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, "NeedsCheck", false,
					  "a change of the metadata failed and was taken back, writes to new blocks fail until `liteioctl pool repair %s`",
					  name);
	else if (s->mode == LITEIO_ENGINE_RO && s->meta_used >= s->meta_total)
		liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, LITEIO_POOL_META_FULL, false,
					  "the metadata are full, and there is no spare for them to take: writes to new blocks fail until `liteioctl pool grow %s`",
					  name);
	else if (s->mode == LITEIO_ENGINE_RO)
		liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, "ReadOnly", false,
					  "the kernel has made the pool read-only: metadata could not be written; writes to new blocks fail until `liteioctl pool repair %s`",
					  name);
	else if (!p->is_stuck && still_fails(p, REFUSED_FOR_MS))
		set_not_written(p);
	else if (s->mode == LITEIO_ENGINE_NO_SPACE)
		liteio_pool_set_condition(p, LITEIO_POOL_NO_SPACE, "NoSpace", false,
					  "there is no free block: writes to new blocks fail");
	else
		liteio_pool_set_condition(p, LITEIO_POOL_READY, "", false, "%s", "");
}

/* the reserve is never out of space; what else befalls it befalls the pool */
static void judge_reserve(struct liteio_pool *p, const struct liteio_engine_status *s)
{
	const char *name = p->store.label.pool_name;

	if (s->mode == LITEIO_ENGINE_FAILED)
		liteio_pool_set_condition(p, LITEIO_POOL_FAILED, "ReserveFailed", false,
					  "the kernel has given the reserve up: see to its disk, then `liteioctl pool repair %s`",
					  name);
	else if (s->needs_check && p->condition < LITEIO_POOL_READ_ONLY)
		liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, "ReserveNeedsCheck", false,
					  "a change of the reserve's metadata failed and was taken back, writes to new blocks fail until `liteioctl pool repair %s`",
					  name);
	else if (s->mode == LITEIO_ENGINE_RO && p->condition < LITEIO_POOL_READ_ONLY)
		liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, "ReserveReadOnly", false,
					  "the kernel has made the reserve read-only: writes to new blocks fail until `liteioctl pool repair %s`",
					  name);
}

static int refresh_reserve(struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_engine_status s;
	int r;

	if (!p->reserve)
		return 0;
	r = p->reserve->ops->status(p->reserve, &s, err);
	if (r) {
		liteio_pool_set_condition(p, LITEIO_POOL_FAILED, "NotActive", false,
					  "the reserve is not active");
		return r;
	}
	judge_reserve(p, &s);
	if (s.mode == LITEIO_ENGINE_FAILED)
		return 0;
	liteio_guard(&p->lock);
	p->reserve_status = s;
	return 0;
}

static int refresh_main(struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_engine_status s;
	int r;

	r = p->engine->ops->status(p->engine, &s, err);
	if (r) {
		liteio_pool_set_condition(p, LITEIO_POOL_FAILED, "NotActive", false,
					  "the pool is not active");
		return r;
	}
	judge(p, &s);
	/* usage of a pool that failed is unknown, not zero */
	if (s.mode == LITEIO_ENGINE_FAILED)
		return 0;
	liteio_guard(&p->lock);
	p->status = s;
	return 0;
}

static int refresh(struct liteio_pool *p, struct liteio_error *err)
{
	int r, r_reserve;

	/* the kernel may have nothing to say of it, as long as nobody writes */
	if (liteio_pool_is_gone(p)) {
		liteio_pool_set_condition(p, LITEIO_POOL_FAILED, "DiskGone", true,
					  "a disk of it was taken away: when it is there again, and nobody has a volume open, the pool is opened again");
		return 0;
	}
	r = refresh_main(p, err);
	/* full metadata take the spare: what came of it */
	if (!r && liteio_pool_relieve(p) > 0)
		r = refresh_main(p, err);
	r_reserve = refresh_reserve(p, r ? NULL : err);
	return r ? r : r_reserve;
}

int liteio_pool_refresh(struct liteio_pool *p, struct liteio_error *err)
{
	enum liteio_pool_condition was = p->condition;
	char word[sizeof(p->reason_word)];
	int r;

	memcpy(word, p->reason_word, sizeof(word));
	p->is_refreshing = true;
	r = refresh(p, err);
	p->is_refreshing = false;
	if (p->condition != was || strcmp(p->reason_word, word) != 0)
		liteio_pool_say_changed(p);
	liteio_pool_check_mark(p);
	return r;
}

void liteio_pool_ask(struct liteio_pool *p)
{
	struct liteio_engine_status s;

	(void)p->engine->ops->status(p->engine, &s, NULL);
	if (p->reserve)
		(void)p->reserve->ops->status(p->reserve, &s, NULL);
}

bool liteio_pool_has_reserve(const struct liteio_pool *p)
{
	return p->reserve;
}

void liteio_pool_info(struct liteio_pool *p, struct liteio_pool_info *ret)
{
	const struct liteio_label *l = &p->store.label;
	struct liteio_pool_info i = { .engine = p->engine->ops->name };
	struct liteio_usage meta;

	memcpy(i.file, p->file, sizeof(i.file));
	liteio_guard(&p->lock);
	i.uuid = l->pool_uuid;
	memcpy(i.name, l->pool_name, sizeof(i.name));
	i.block_bytes = l->thin_block;
	memcpy(i.device, p->store.path, sizeof(i.device));
	memcpy(i.disk_id, p->store.id, sizeof(i.disk_id));
	i.device_bytes = p->store.size;
	i.n_devices = (uint32_t)l->n_devices;
	i.condition = p->condition;
	memcpy(i.reason, p->reason, sizeof(i.reason));
	memcpy(i.reason_word, p->reason_word, sizeof(i.reason_word));
	i.ends_unsaid = p->condition == LITEIO_POOL_NO_SPACE || is_not_written(p);
	i.data_bytes = p->status.data_total;
	i.data_used_bytes = p->status.data_used;
	i.meta_bytes = p->status.meta_total;
	i.meta_used_bytes = p->status.meta_used;
	meta = (struct liteio_usage){ i.meta_used_bytes, i.meta_bytes };
	i.is_meta_pressed = p->condition != LITEIO_POOL_FAILED &&
			    liteio_account_metadata_pressed(&meta);
	i.n_lies = p->n_lies;
	i.lacks_spare = !liteio_label_has_spare(l);
	snprintf(i.leaks, sizeof(i.leaks), "%s", p->leaks);
	i.thin_txid = p->cat.thin_txid;
	liteio_pool_account(p, &i.space);
	i.provisioned_bytes = i.space.thin_promised;
	i.overcommit_percent = p->cat.overcommit_percent ? p->cat.overcommit_percent :
							   LITEIO_OVERCOMMIT_DEFAULT;
	for (size_t n = 0; n < p->cat.n_volumes; n++) {
		const struct liteio_catalog_volume *v = p->cat.volumes[n];

		i.n_volumes += v->kind == LITEIO_CATALOG_VOLUME;
		i.n_snapshots += v->kind == LITEIO_CATALOG_SNAPSHOT;
		i.n_deleting += v->state == LITEIO_CATALOG_DELETING;
	}
	*ret = i;
}

/* ---- questions ------------------------------------------------------------------------------ */

int liteio_pool_volume_get(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   struct liteio_catalog_volume *ret)
{
	const struct liteio_catalog_volume *v;

	liteio_guard(&p->lock);
	v = liteio_catalog_find(&p->cat, uuid);
	if (!v)
		return -ENOENT;
	*ret = *v;
	return 0;
}

int liteio_pool_volume_find(struct liteio_pool *p, enum liteio_catalog_kind kind, const char *name,
			    struct liteio_catalog_volume *ret)
{
	const struct liteio_catalog_volume *v;

	liteio_guard(&p->lock);
	v = liteio_catalog_find_name(&p->cat, kind, name);
	if (!v)
		return -ENOENT;
	*ret = *v;
	return 0;
}

size_t liteio_pool_volume_next(struct liteio_pool *p, const struct liteio_uuid *after,
			       struct liteio_catalog_volume *ret, size_t max)
{
	size_t i, n = 0;

	liteio_guard(&p->lock);
	for (i = after ? liteio_catalog_after(&p->cat, after) : 0;
	     i < p->cat.n_volumes && n < max; i++)
		ret[n++] = *p->cat.volumes[i];
	return n;
}

void liteio_pool_volume_list(struct liteio_pool *p, struct liteio_catalog_volume **ret,
			     size_t *ret_n)
{
	liteio_guard(&p->lock);
	*ret = liteio_calloc(p->cat.n_volumes + 1, sizeof(**ret));
	*ret_n = p->cat.n_volumes;
	for (size_t i = 0; i < p->cat.n_volumes; i++)
		(*ret)[i] = *p->cat.volumes[i];
}

void liteio_pool_attachment_each(struct liteio_pool *p, const struct liteio_uuid *volume,
				 liteio_pool_attachment_fn fn, void *arg)
{
	size_t first, n;

	liteio_guard(&p->lock);
	n = liteio_catalog_atts_of(&p->cat, volume, &first);
	for (size_t i = 0; i < n; i++)
		fn(arg, p->cat.attachments[first + i], n);
}

bool liteio_pool_attachment_is_live(struct liteio_pool *p, const struct liteio_uuid *volume,
				    uint64_t generation)
{
	size_t first, n;

	liteio_guard(&p->lock);
	n = liteio_catalog_atts_of(&p->cat, volume, &first);
	for (size_t i = first; i < first + n; i++)
		if (p->cat.attachments[i]->generation == generation)
			return p->cat.attachments[i]->state == LITEIO_CATALOG_ATT_LIVE;
	return false;
}

void liteio_pool_attachment_list(struct liteio_pool *p, const struct liteio_uuid *volume,
				 struct liteio_catalog_attachment **ret, size_t *ret_n)
{
	size_t first = 0, n;

	liteio_guard(&p->lock);
	n = p->cat.n_attachments;
	if (volume)
		n = liteio_catalog_atts_of(&p->cat, volume, &first);
	*ret = liteio_calloc(n + 1, sizeof(**ret));
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = *p->cat.attachments[first + i];
	*ret_n = n;
}

static bool is_remote_live(const struct liteio_catalog_attachment *a)
{
	return a->state == LITEIO_CATALOG_ATT_LIVE && !(a->flags & LITEIO_CATALOG_ATT_LOCAL);
}

void liteio_pool_attachment_list_remote(struct liteio_pool *p,
					struct liteio_catalog_attachment **ret, size_t *ret_n)
{
	size_t n = 0;

	liteio_guard(&p->lock);
	for (size_t i = 0; i < p->cat.n_attachments; i++)
		n += is_remote_live(p->cat.attachments[i]);
	*ret = liteio_calloc(n + 1, sizeof(**ret));
	*ret_n = n;
	n = 0;
	for (size_t i = 0; i < p->cat.n_attachments && n < *ret_n; i++) {
		if (is_remote_live(p->cat.attachments[i]))
			(*ret)[n++] = *p->cat.attachments[i];
	}
}
