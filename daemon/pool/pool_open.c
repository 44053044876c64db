// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening a pool (import, activation, recovery), closing it, and giving it up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "host/dm.h"
#include "pool/object.h"
#include "pool/thin.h"

/* ---- recovery ------------------------------------------------------------------------------- */

/* the kernel has done its part: so has the catalog */
static int finish(struct liteio_pool *p, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_pending(&p->cat);
	struct liteio_uuid replaced = v->replaces;
	int r;

	/* a device that still has the old data must not outlive the change */
	if (!liteio_uuid_is_null(&replaced)) {
		r = liteio_pool_volume_deactivate(p, &replaced, err);
		if (r)
			return r;
	}
	return liteio_pool_finish(p, err);
}

/* nobody was told that they exist: they never did. Their thin ids are not used again */
static int undo_create(struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_catalog draft;
	int r;

	for (size_t i = 0; i < p->cat.n_volumes; i++) {
		const struct liteio_catalog_volume *v = p->cat.volumes[i];
		struct liteio_engine *e;

		if (!v->txid)
			continue;
		e = liteio_pool_engine_of(p, v->vclass);
		r = e->ops->remove(e, v->thin_id, err);
		if (r)
			return r;
	}
	liteio_pool_draft(p, &draft);
	liteio_catalog_undo(&draft);
	return liteio_pool_persist(p, &draft, err);
}

/* the caller was told that it is gone: it goes */
static int redo_delete(struct liteio_pool *p, const struct liteio_catalog_volume *v,
		       struct liteio_error *err)
{
	struct liteio_engine *e = liteio_pool_engine_of(p, v->vclass);
	uint64_t t = *liteio_catalog_txid(&p->cat, v->vclass);
	struct liteio_uuid uuid = v->uuid;
	int r;

	r = e->ops->volume_deactivate(e, &uuid, err);
	if (!r)
		r = e->ops->remove(e, v->thin_id, err);
	if (!r)
		r = e->ops->commit(e, t, t + 1, err);
	return r ? r : finish(p, err);
}

int liteio_pool_settle_all(struct liteio_pool *p, struct liteio_error *err)
{
	int r = liteio_pool_check_writable(p, err);

	if (!r)
		r = liteio_pool_settle(p, err);
	if (!r)
		r = liteio_pool_check_writable(p, err);
	if (!r && liteio_catalog_pending(&p->cat))
		r = liteio_error_set(err, -EROFS,
				     "pool %s: an operation is under way that the kernel can not end now",
				     p->store.label.pool_name);
	return r;
}

void liteio_pool_set_mismatch(struct liteio_pool *p, const struct liteio_pool_txids *t)
{
	p->is_mismatched = true;
	liteio_pool_set_condition(p, LITEIO_POOL_READ_ONLY, "TransactionMismatch", true,
				  "the thin pool has transaction %llu, the catalog %llu: another program has written the pool, or the catalog is old",
				  (unsigned long long)t->kernel, (unsigned long long)t->catalog);
}

/*
 * the thin pool of this class; 1 when it says that the pending operation @v has been done, -EROFS
 * when it says nothing, or takes no message
 */
static int compare_txid(struct liteio_pool *p, enum liteio_catalog_class vclass,
			const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	struct liteio_engine *e = liteio_pool_engine_of(p, vclass);
	struct liteio_pool_txids t = { .catalog = *liteio_catalog_txid(&p->cat, vclass) };
	struct liteio_engine_status s;
	int r;

	r = e->ops->status(e, &s, err);
	if (r)
		return e->ops->is_active(e) ? r : -EROFS;
	if (s.mode == LITEIO_ENGINE_FAILED)
		return -EROFS;
	if (v && v->vclass != vclass)
		v = NULL;
	if (s.txid != t.catalog && !(v && s.txid == t.catalog + 1)) {
		t.kernel = s.txid;
		liteio_pool_set_mismatch(p, &t);
		return -EROFS;
	}
	return s.mode == LITEIO_ENGINE_RO ? -EROFS : s.txid != t.catalog;
}

int liteio_pool_settle(struct liteio_pool *p, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_pending(&p->cat);
	int main, reserve = 0, is_done;

	/* both are looked at, whatever the one says: what it has is not the other's */
	main = compare_txid(p, LITEIO_CATALOG_THIN, v, err);
	if (p->reserve)
		reserve = compare_txid(p, LITEIO_CATALOG_RESERVED, v,
				       main < 0 && main != -EROFS ? NULL : err);
	if (main < 0 && main != -EROFS)
		return main;
	if (reserve < 0 && reserve != -EROFS)
		return reserve;
	if (!v || p->is_mismatched)
		return 0;
	is_done = v->vclass == LITEIO_CATALOG_RESERVED ? reserve : main;
	if (is_done < 0)
		return 0;
	if (is_done)
		return finish(p, err);
	if (v->state == LITEIO_CATALOG_DELETING)
		return redo_delete(p, v, err);
	return undo_create(p, err);
}

/* ---- activation ----------------------------------------------------------------------------- */

int liteio_pool_set_clean(struct liteio_pool *p, bool is_clean, struct liteio_error *err)
{
	struct liteio_catalog draft;

	if (p->cat.is_clean == is_clean)
		return 0;
	liteio_pool_draft(p, &draft);
	draft.is_clean = is_clean;
	return liteio_pool_persist(p, &draft, err);
}

static int bring_up(struct liteio_pool *p, struct liteio_error *err)
{
	int r, linear, refreshed;

	r = liteio_pool_bring_up(p, false, err);
	if (p->is_taken)
		return r;
	/* one that can not be compared with the catalog does not say that this is not an old one */
	if (r && !p->engine->ops->is_active(p->engine))
		liteio_pool_set_not_active(p, r, liteio_error_str(err, r));
	/* linear volumes need no thin pool */
	linear = liteio_pool_linear_recover(p, r ? NULL : err);
	r = r ? r : linear;
	refreshed = liteio_pool_refresh(p, r ? NULL : err);
	liteio_step("pool-open:recovered");
	return r ? r : refreshed;
}

/* ---- open ----------------------------------------------------------------------------------- */

static void pool_free(struct liteio_pool *p)
{
	if (p->engine)
		p->engine->ops->free(p->engine);
	if (p->reserve)
		p->reserve->ops->free(p->reserve);
	free(p->zeroing);
	liteio_pool_empty_forget_all(p);
	liteio_store_close(&p->store);
	liteio_catalog_fini(&p->cat);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static int check_device_unused(const char *device, struct liteio_error *err)
{
	struct liteio_block_info info;
	char holder[64];
	int r = liteio_block_info(device, &info, err);

	if (r)
		return r;
	if (info.is_mounted || info.is_swap)
		return liteio_error_set(err, -EBUSY, "%s is mounted or used as swap", device);
	/* a path of a multipath device, a member of an array: the pool is to be opened from that */
	if (liteio_pool_foreign_holder(info.dev, holder))
		return liteio_error_set(err, -EBUSY, "%s is used by another kernel device: %s",
					device, holder);
	return info.n_holders ? 0 : liteio_block_check_unclaimed(device, err);
}

/* nobody but us may be on the devices: before the first activation that can be asked */
static int check_unused(struct liteio_pool *p, struct liteio_error *err)
{
	char device[sizeof(p->store.path)];
	int r = 0;

	for (uint32_t i = 0; i < p->store.label.n_devices && !r; i++) {
		liteio_pool_device(p, i, device);
		r = check_device_unused(device, err);
	}
	return r;
}

/* the catalog speaks of nothing that the label does not have */
static int check_classes(struct liteio_pool *p, struct liteio_error *err)
{
	for (size_t i = 0; i < p->cat.n_volumes && !p->reserve; i++) {
		if (p->cat.volumes[i]->vclass == LITEIO_CATALOG_RESERVED)
			return liteio_error_set(err, -EBADMSG,
						"the catalog is damaged: volume %s is in a reserve that the pool does not have",
						p->cat.volumes[i]->name);
	}
	return liteio_pool_linear_check(p, err);
}

/*
 * the catalog could be read: now it is safe to mend the label. A sector that takes no write either
 * is no reason to do without the volumes: the other label has it all
 */
static int mend_label(struct liteio_pool *p, struct liteio_error *err)
{
	bool is_needed = p->store.label.exported || p->store.label.n_devices > 1;
	int r = liteio_pool_mend_label(p, is_needed ? err : NULL);

	return is_needed ? r : 0;
}

static struct liteio_engine *new_engine(struct liteio_pool *p, const dev_t *devs,
					enum liteio_thin_part part)
{
	struct liteio_engine *e = liteio_thin_new(&p->store.label, devs, part);

	e->met_damage = liteio_pool_met_damage;
	e->arg = p;
	return e;
}

/* what is on the disk, and the engines for it; the kernel is not asked for anything of the pool */
static int read_pool(struct liteio_pool *p, const char *device, struct liteio_error *err)
{
	dev_t devs[LITEIO_LABEL_DEVICES_MAX];
	int r;

	r = liteio_store_open(device, true, &p->store, err);
	if (!r)
		r = liteio_store_read_label(&p->store, err);
	if (!r)
		r = liteio_pool_gather(p, liteio_pool_is_in_kernel(&p->store.label.pool_uuid), err);
	if (!r)
		r = liteio_store_read_catalog(&p->store, &p->cat, err);
	if (r)
		return r;
	/* whoever wrote it may have been stopped before the second slot, and has told nobody */
	p->is_one_copy = !p->store.is_twin;
	/* now, while nobody looks: who looks for a name believes what is sealed, in no lane */
	liteio_catalog_seal(&p->cat);
	liteio_pool_devs(p, devs);
	p->engine = new_engine(p, devs, LITEIO_THIN_MAIN);
	if (liteio_label_extent(&p->store.label, LITEIO_EXTENT_RESERVE_DATA))
		p->reserve = new_engine(p, devs, LITEIO_THIN_RESERVE);
	return check_classes(p, err);
}

static int read_disk(struct liteio_pool *p, const char *device, const struct liteio_pool_how *how,
		     struct liteio_error *err)
{
	int r = read_pool(p, device, err);

	if (!r && !liteio_pool_is_active(p))
		r = check_unused(p, err);
	if (!r)
		r = liteio_pool_check_open(p, liteio_pool_is_active(p), how->is_import, err);
	if (!r && how->admit)
		r = how->admit(how->admit_arg, p, err);
	return r ? r : mend_label(p, err);
}

/*
 * Reserved and linear volumes are promised blocks of their own. In a file these are the
 * filesystem's, which gives a hole to whoever comes first: none is made.
 */
static int keep_promises(struct liteio_pool *p, struct liteio_error *err)
{
	if (!liteio_label_sum(&p->store.label, LITEIO_EXTENT_LINEAR) &&
	    !liteio_label_sum(&p->store.label, LITEIO_EXTENT_RESERVE_DATA))
		return 0;
	return liteio_block_keep(p->store.path, err);
}

static struct liteio_pool *pool_new(const char *device, const char *was_on)
{
	struct liteio_pool *p = liteio_calloc(1, sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	p->store = (struct liteio_store)LITEIO_STORE_INIT;
	p->named = device;
	p->was_on = was_on;
	return p;
}

int liteio_pool_open_how(const struct liteio_pool_how *how, struct liteio_pool **ret,
			 struct liteio_error *err)
{
	struct liteio_error up_err = LITEIO_ERROR_INIT;
	const char *device = how->device;
	struct liteio_pool *p;
	char loop[64] = "";
	bool was_there = false;
	struct stat st;
	int r;

	if (stat(device, &st))
		return liteio_error_set(err, errno, "cannot look at %s: %s", device,
					liteio_error_str(NULL, -errno));
	p = pool_new(device, how->was_on);
	if (S_ISREG(st.st_mode)) {
		was_there = !liteio_block_loop_find(device, loop, sizeof(loop), NULL);
		r = liteio_block_loop_attach(device, loop, sizeof(loop), err);
		if (r)
			goto failed;
		if (snprintf(p->file, sizeof(p->file), "%s", device) >= (int)sizeof(p->file)) {
			r = liteio_error_set(err, -ENAMETOOLONG, "the path is too long");
			goto failed;
		}
		device = loop;
	}
	r = read_disk(p, device, how, err);
	if (!r && loop[0])
		r = keep_promises(p, err);
	if (r)
		goto failed;
	r = bring_up(p, &up_err);
	if (r && p->is_taken) {
		r = liteio_error_set(err, r, "%s", liteio_error_str(&up_err, r));
		goto failed;
	}
	if (r)
		liteio_pool_set_not_active(p, r, liteio_error_str(&up_err, r));
	p->named = NULL;
	p->was_on = NULL;
	*ret = p;
	return 0;
failed:
	pool_free(p);
	/* what was only attached to be looked at; not what was refused because it is in use */
	if (loop[0] && !was_there)
		liteio_block_loop_detach(loop, NULL);
	return r;
}

int liteio_pool_open(const char *device, const char *was_on, struct liteio_pool **ret,
		     struct liteio_error *err)
{
	return liteio_pool_open_how(&(struct liteio_pool_how){ .device = device, .was_on = was_on },
				    ret, err);
}

static bool is_the_one(const struct liteio_pool *p, bool is_asked)
{
	return is_asked || (p->was_on && p->store.label.n_devices == 1 &&
			    (!strcmp(p->was_on, p->named) ||
			     (p->store.id[0] && !strcmp(p->was_on, p->store.id))));
}

/* the kernel has it from nothing but disks that are gone, and this is where it was */
static int check_left(struct liteio_pool *p, const struct liteio_pool_how *how,
		      struct liteio_error *err)
{
	int r = liteio_pool_check_below(p, err);

	if (r != -ENODEV)
		return r ? r : liteio_error_set(err, -ENODEV, "pool %s is in use from %s",
						p->store.label.pool_name, p->store.path);
	if (!is_the_one(p, how->is_asked))
		return liteio_error_set(err, -ESTALE,
					"pool %s was on a disk that is gone, and whether that is %s is not known: import it with force if it is",
					p->store.label.pool_name, p->store.path);
	r = check_unused(p, err);
	if (!r)
		r = liteio_pool_check_apart(p, how->is_import, err);
	return r || !how->admit ? r : how->admit(how->admit_arg, p, err);
}

int liteio_pool_open_left(const struct liteio_pool_how *how, struct liteio_pool **ret,
			  struct liteio_error *err)
{
	struct liteio_pool *p;
	struct stat st;
	int r;

	if (stat(how->device, &st) || !S_ISBLK(st.st_mode))
		return liteio_error_set(err, -ENODEV, "%s is no disk", how->device);
	p = pool_new(how->device, how->was_on);
	r = read_pool(p, how->device, err);
	if (!r)
		r = check_left(p, how, err);
	p->named = NULL;
	p->was_on = NULL;
	if (r)
		pool_free(p);
	else
		*ret = p;
	return r;
}

/* ---- close ---------------------------------------------------------------------------------- */

void liteio_pool_release(struct liteio_pool *p)
{
	if (p)
		pool_free(p);
}

static int take_down(struct liteio_pool *p, struct liteio_error *err)
{
	int r = p->engine->ops->volumes_deactivate(p->engine, err);

	if (!r && p->reserve)
		r = p->reserve->ops->volumes_deactivate(p->reserve, err);
	if (!r)
		r = liteio_pool_linear_close(p, err);
	if (!r && p->reserve)
		r = p->reserve->ops->deactivate(p->reserve, err);
	if (!r)
		r = p->engine->ops->deactivate(p->engine, err);
	return r ? liteio_error_wrap(err, r, "pool %s", p->store.label.pool_name) : 0;
}

static int shut_down(struct liteio_pool *p, struct liteio_error *err)
{
	int r = take_down(p, err);

	if (r)
		return r;
	liteio_step("pool-close:deactivated");
	/* one that was found damaged is to be checked again; what it has in use for nobody, too */
	if (p->condition < LITEIO_POOL_READ_ONLY && !p->leaks[0])
		r = liteio_pool_set_clean(p, true, err);
	/* an image of one disk that was taken while it ran is told from it */
	if (!r && p->condition < LITEIO_POOL_READ_ONLY && p->store.label.n_devices > 1)
		r = liteio_pool_relabel(p, &p->store.label, err);
	if (!r)
		liteio_step("pool-close:catalog-clean");
	return r;
}

static void let_go(struct liteio_pool *p)
{
	char device[sizeof(p->store.path)];
	bool is_file = p->file[0];

	memcpy(device, p->store.path, sizeof(device));
	pool_free(p);
	if (is_file)
		liteio_block_loop_detach(device, NULL);
}

int liteio_pool_close(struct liteio_pool *p, struct liteio_error *err)
{
	int r = shut_down(p, err);

	if (!r)
		let_go(p);
	return r;
}

int liteio_pool_drop(struct liteio_pool *p, struct liteio_error *err)
{
	int r = take_down(p, err);

	if (!r)
		let_go(p);
	return r;
}

/* live attachments are somebody's, whether their heads are there or not */
int liteio_pool_check_export(struct liteio_pool *p, struct liteio_error *err)
{
	for (size_t i = 0; i < p->cat.n_attachments; i++) {
		const struct liteio_catalog_attachment *a = p->cat.attachments[i];

		if (a->state == LITEIO_CATALOG_ATT_LIVE)
			return liteio_error_set(err, -EBUSY,
						"pool %s is in use: volume %s is attached (generation %llu)",
						p->store.label.pool_name,
						liteio_catalog_find(&p->cat, &a->volume)->name,
						(unsigned long long)a->generation);
	}
	return 0;
}

/* it was not closed after all: as it was, or it says why not */
static void back_up(struct liteio_pool *p)
{
	struct liteio_error up_err = LITEIO_ERROR_INIT;
	int r = bring_up(p, &up_err);

	if (r)
		liteio_pool_set_not_active(p, r, liteio_error_str(&up_err, r));
}

int liteio_pool_export(struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_label l;
	int r = liteio_pool_check_export(p, err);

	if (!r)
		r = liteio_pool_settle_all(p, err);
	if (!r)
		r = liteio_pool_end_doubt(p, err);
	if (r)
		return r;
	r = shut_down(p, err);
	if (r) {
		back_up(p);
		return r;
	}
	l = p->store.label;
	l.exported = true;
	r = liteio_pool_relabel(p, &l, err);
	if (!r) {
		liteio_step("pool-export:label");
		let_go(p);
		return 0;
	}
	/* a copy may say it all the same; whoever opens it while it is in use takes that away */
	l.exported = false;
	(void)liteio_pool_relabel(p, &l, NULL);
	back_up(p);
	return r;
}

/* home first: a pool without it is none, whatever the others say */
static int wipe_all(struct liteio_pool *p, struct liteio_error *err)
{
	int r = liteio_store_wipe(&p->store, err);

	if (!r)
		liteio_step("pool-destroy:home");
	for (uint32_t i = 1; i < p->store.label.n_devices && !r; i++)
		r = liteio_store_wipe(p->store.others[i], err);
	return r;
}

int liteio_pool_check_destroy(struct liteio_pool *p, struct liteio_error *err)
{
	if (!p->cat.n_volumes)
		return 0;
	return liteio_error_set(err, -EBUSY, "pool %s still has %zu volumes and snapshots",
				p->store.label.pool_name, p->cat.n_volumes);
}

int liteio_pool_destroy(struct liteio_pool *p, struct liteio_error *err)
{
	int r = liteio_pool_check_destroy(p, err);

	if (r)
		return r;
	r = shut_down(p, err);
	if (r) {
		back_up(p);
		return r;
	}
	r = wipe_all(p, err);
	if (r) {
		/* what was wiped already is put back: a pool that is there has its labels */
		(void)liteio_pool_relabel(p, &p->store.label, NULL);
		back_up(p);
		return liteio_error_wrap(err, r, "pool %s", p->store.label.pool_name);
	}
	/* should there be one more copy of the label somewhere, where its disk ended long ago */
	(void)liteio_store_wipe_slots(&p->store, NULL);
	let_go(p);
	return 0;
}
