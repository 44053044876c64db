// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * May this pool be opened from this device? What is looked at before the first byte is written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "host/dm.h"
#include "pool/object.h"

/* ---- seen twice ----------------------------------------------------------------------------- */

uint64_t liteio_pool_catalog_sequence(const char *device)
{
	struct liteio_store s _cleanup_(liteio_store_closep) = LITEIO_STORE_INIT;
	struct liteio_catalog c;
	uint64_t sequence;

	if (liteio_store_open(device, false, &s, NULL) || liteio_store_read_label(&s, NULL) ||
	    s.label.this_device || liteio_store_read_catalog(&s, &c, NULL))
		return 0;
	sequence = c.sequence;
	liteio_catalog_fini(&c);
	return sequence;
}

/* which of both is behind, as far as that can be told */
static int refuse_copy(const struct liteio_pool *p, const struct liteio_pool_found *copy,
		       struct liteio_error *err)
{
	uint64_t theirs = liteio_pool_catalog_sequence(copy->device), ours = p->cat.sequence;
	const char *older = theirs < ours ? copy->device : p->store.path;
	uint32_t i = copy->label.this_device;

	if (i)
		return liteio_error_set(err, -EEXIST,
					"disk %u of pool %s is there twice, on %s and on %s: take the copy away, or wipe it",
					i + 1, p->store.label.pool_name, p->store.others[i]->path,
					copy->device);
	if (theirs == ours)
		return liteio_error_set(err, -EEXIST,
					"pool %s is there twice, on %s and on %s, both in the same state: take the copy away, or wipe it",
					p->store.label.pool_name, p->store.path, copy->device);
	return liteio_error_set(err, -EEXIST,
				"pool %s is there twice, on %s and on %s: %s is a stale copy; take the one away that is not meant, or wipe it",
				p->store.label.pool_name, p->store.path, copy->device, older);
}

/* another disk that says it is the pool's, and that no other device of the kernel is made of */
static bool is_copy(const struct liteio_pool *p, const struct liteio_pool_found *f)
{
	const struct liteio_label *ours = &p->store.label, *theirs = &f->label;
	uint32_t i = theirs->this_device;
	bool by_us;

	if (!liteio_uuid_equal(&theirs->pool_uuid, &ours->pool_uuid) || i >= ours->n_devices ||
	    !liteio_uuid_equal(&theirs->devices[i].uuid, &ours->devices[i].uuid) ||
	    !strcmp(f->device, i ? p->store.others[i]->path : p->store.path))
		return false;
	return !liteio_pool_is_held(f->device, &by_us) || by_us;
}

/* a disk that has become a part of the pool after this state of its first one */
static bool is_later(const struct liteio_pool *p, const struct liteio_pool_found *f,
		     struct liteio_error *err)
{
	return f->label.this_device &&
	       liteio_uuid_equal(&f->label.pool_uuid, &p->store.label.pool_uuid) &&
	       liteio_label_check_other(&p->store.label, &f->label, err) == -ESTALE;
}

/* the smallest disk that could carry one of its disks */
static uint64_t smallest(const struct liteio_pool *p)
{
	uint64_t min = UINT64_MAX;

	for (uint32_t i = 0; i < p->store.label.n_devices; i++) {
		if (p->store.label.devices[i].size < min)
			min = p->store.label.devices[i].size;
	}
	return min;
}

/* while it is opened: its disk is the one that it was on last, as far as that is known */
static bool was_here(const struct liteio_pool *p)
{
	const char *was_on = p->was_on;
	char *at _cleanup_free_ = NULL;

	if (!was_on || !*was_on)
		return false;
	if (!strcmp(was_on, p->store.id) || !strcmp(was_on, p->named))
		return true;
	/* only of a disk that has nothing better */
	at = p->store.id[0] ? NULL : liteio_block_where(p->store.path);
	return at && !strcmp(was_on, at);
}

/*
 * A disk that has died for good must not keep for ever away what was on another one: the pool is
 * opened where it is known to have been.
 */
int liteio_pool_check_heard(const struct liteio_pool *p, const struct liteio_pool_silence *silence,
			    struct liteio_error *err)
{
	if (!silence->free[0] || silence->free_bytes < smallest(p))
		return 0;
	if (was_here(p))
		return 0;
	return liteio_error_set(err, -EAGAIN,
				"%s does not answer: until it does, or is taken away, nobody knows whether pool %s on %s is a stale copy of what is there; who knows that it is not imports it with force",
				silence->free, p->store.label.pool_name, p->store.path);
}

int liteio_pool_check_only_one(const struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_pool_found *found _cleanup_free_ = NULL;
	struct liteio_pool_silence silence;
	size_t n;
	int r;

	r = liteio_pool_scan_hear(&found, &n, &silence, err);
	for (size_t i = 0; !r && i < n; i++) {
		if (is_copy(p, &found[i]))
			r = refuse_copy(p, &found[i], err);
		else if (is_later(p, &found[i], err))
			r = liteio_error_wrap(err, -ESTALE, "%s", p->store.path);
	}
	return r ? r : liteio_pool_check_heard(p, &silence, err);
}

static bool is_one_of(const struct liteio_pool *p, dev_t dev)
{
	dev_t devs[LITEIO_LABEL_DEVICES_MAX];

	liteio_pool_devs(p, devs);
	for (uint32_t i = 0; i < p->store.label.n_devices; i++) {
		if (devs[i] == dev)
			return true;
	}
	return false;
}

/* the devices of a pool that its thin pools stand on */
static const enum liteio_dm_role below[] = { LITEIO_DM_TMETA, LITEIO_DM_TDATA, LITEIO_DM_RMETA,
					     LITEIO_DM_RDATA };

/* what a device of device-mapper stands on */
static int check_deps(const struct liteio_pool *p, const char *name, struct liteio_error *err)
{
	dev_t *deps _cleanup_free_ = NULL;
	size_t n = 0;
	int r = 0;

	if (liteio_dm_deps(name, &deps, &n, NULL))
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (is_one_of(p, deps[i]))
			continue;
		if (liteio_block_is_there(deps[i]))
			return liteio_error_set(err, -EEXIST,
						"pool %s is in use from the device %u:%u: %s carries a copy of it",
						p->store.label.pool_name, major(deps[i]),
						minor(deps[i]), p->store.path);
		r = liteio_error_set(err, -ENODEV,
				     "pool %s is in use from a disk that is gone, not from %s",
				     p->store.label.pool_name, p->store.path);
	}
	return r;
}

/* the kernel has the pool: from these devices, or is one of them a copy? */
int liteio_pool_check_below(const struct liteio_pool *p, struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	int r = 0, one;

	/* one that is there, and is another one, is worse than one that is gone */
	for (size_t k = 0; k < LITEIO_ARRAY_SIZE(below) && r != -EEXIST; k++) {
		liteio_dm_name(below[k], &p->store.label.pool_uuid, 0, name);
		one = check_deps(p, name, err);
		r = one ? one : r;
	}
	for (size_t i = 0; i < p->cat.n_volumes && r != -EEXIST; i++) {
		if (p->cat.volumes[i]->vclass != LITEIO_CATALOG_LINEAR)
			continue;
		liteio_dm_name(LITEIO_DM_LINEAR, &p->cat.volumes[i]->uuid, 0, name);
		one = check_deps(p, name, err);
		r = one ? one : r;
	}
	return r;
}

bool liteio_pool_is_on(struct liteio_pool *p, const char *device)
{
	char loop[64];
	struct stat st;

	if (stat(device, &st))
		return false;
	if (S_ISREG(st.st_mode) &&
	    (liteio_block_loop_find(device, loop, sizeof(loop), NULL) || stat(loop, &st)))
		return false;
	liteio_guard(&p->lock);
	return S_ISBLK(st.st_mode) && is_one_of(p, st.st_rdev);
}

/* ---- another writer ------------------------------------------------------------------------- */

int liteio_pool_check_txid(struct liteio_pool *p, enum liteio_catalog_class vclass,
			   struct liteio_pool_txids *ret, struct liteio_error *err)
{
	bool is_reserve = vclass == LITEIO_CATALOG_RESERVED;
	const struct liteio_catalog_volume *v = liteio_catalog_pending(&p->cat);
	const char *of = is_reserve ? "reserve" : "thin pool";
	uint64_t ours = *liteio_catalog_txid(&p->cat, vclass);
	enum liteio_extent_kind meta = is_reserve ? LITEIO_EXTENT_RESERVE_META :
						    LITEIO_EXTENT_THIN_META;
	struct liteio_thin_superblock s;
	int r = liteio_store_thin_superblock(&p->store, meta, &s, err);

	/* a new one has none before its first activation */
	if (r == -ENODATA && !ours)
		return 0;
	if (r == -ENODATA)
		return liteio_error_set(err, -EUCLEAN,
					"the metadata of the %s is gone: activated like this, the kernel would begin a new one",
					of);
	if (r == -EUCLEAN)
		return liteio_error_set(err, r,
					"the metadata of the %s is damaged in its first block: the kernel would not take it",
					of);
	if (r)
		return liteio_error_wrap(err, r, "the metadata of the %s", of);
	if (s.txid == ours || (v && v->vclass == vclass && s.txid == ours + 1))
		return 0;
	*ret = (struct liteio_pool_txids){ .kernel = s.txid, .catalog = ours };
	return -ESTALE;
}

static int refuse_foreign(struct liteio_pool *p, enum liteio_catalog_class vclass,
			  struct liteio_error *err)
{
	struct liteio_pool_txids t = { 0 };
	int r = liteio_pool_check_txid(p, vclass, &t, err);

	if (r == -ESTALE)
		return liteio_error_set(err, r,
					"pool %s: the thin pool has transaction %llu, the catalog %llu: another program has written the pool, or the catalog is old",
					p->store.label.pool_name, (unsigned long long)t.kernel,
					(unsigned long long)t.catalog);
	/* a repair may bring it back, and it needs an open pool */
	if (r == -EUCLEAN)
		return 0;
	return r ? liteio_error_wrap(err, r, "pool %s", p->store.label.pool_name) : 0;
}

/* ---- all of it ------------------------------------------------------------------------------ */

int liteio_pool_check_open(struct liteio_pool *p, bool is_active, bool is_import,
			   struct liteio_error *err)
{
	/* linear volumes are there without a thin pool */
	int r = liteio_pool_check_below(p, err);

	/* one that is exported and in use is not: the export failed behind its label */
	if (is_active || r)
		return r;
	return liteio_pool_check_apart(p, is_import, err);
}

int liteio_pool_check_apart(struct liteio_pool *p, bool is_import, struct liteio_error *err)
{
	int r = liteio_pool_check_only_one(p, err);

	/* not before it is known that this is no copy of one that is not exported */
	if (!r && p->store.label.exported && !is_import)
		return liteio_error_set(err, -EPERM,
					"pool %s on %s was exported: import it to use it",
					p->store.label.pool_name, p->store.path);
	if (!r && is_import)
		r = refuse_foreign(p, LITEIO_CATALOG_THIN, err);
	if (!r && is_import && p->reserve)
		r = refuse_foreign(p, LITEIO_CATALOG_RESERVED, err);
	return r;
}

int liteio_pool_mend_label(struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_label l = p->store.label;
	int r;

	if (!l.exported && !liteio_pool_labels_differ(p))
		return 0;
	/* the same once more, where only one of the copies of one device has to be mended */
	if (!l.exported && l.n_devices == 1)
		return liteio_store_write_label(&p->store, err);
	l.exported = false;
	r = liteio_pool_relabel(p, &l, err);
	if (!r)
		liteio_step("pool-import:label");
	return r;
}
