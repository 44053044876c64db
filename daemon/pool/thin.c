// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine "thin".
 *
 * Three devices make a pool: liteio-tmeta and liteio-tdata are linear over the extents of the
 * label, liteio-pool is the thin-pool on both (liteio-rmeta, -rdata, -rpool are those of the
 * reserve). All are inner devices: udev is told to leave them alone.
 *
 * The pool is loaded with error_if_no_space: holding I/O for lack of space would hold the NVMe
 * target with it. The reserve is not: it has a block for each that was promised, but one that has
 * just been discarded can be given out only after the next commit, a second later at most. dm-thin
 * counts it as free at once (dm-space-map-disk.c: nr_allocated_this_transaction) and, when it then
 * finds none, takes the pool for full. Writes wait for that commit there, instead of failing.
 *
 * Devices of volumes are loaded side by side, in no lane: each waits for RCU (thin_ctr() of
 * dm-thin.c), and they wait for the same. Who changes what is below them, or takes it away, keeps
 * them out meanwhile: none can be loaded while the thin pool is suspended.
 *
 * Over 600 lines because it is one table of operations, and each is of a few lines.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "host/dm.h"
#include "pool/pool.h"
#include "pool/thin.h"
#include "pool/thin_meta.h"

#define SECTOR 512u
#define MESSAGE_MAX 64

/* the devices of a thin pool, and what of the label is below them */
static const struct part {
	enum liteio_dm_role pool;
	enum liteio_dm_role tmeta;
	enum liteio_dm_role tdata;
	enum liteio_dm_role tspare;
	enum liteio_extent_kind meta;
	enum liteio_extent_kind spare;
	enum liteio_extent_kind data;
} parts[] = {
	[LITEIO_THIN_MAIN] = { LITEIO_DM_POOL, LITEIO_DM_TMETA, LITEIO_DM_TDATA, LITEIO_DM_TSPARE,
			       LITEIO_EXTENT_THIN_META, LITEIO_EXTENT_META_SPARE,
			       LITEIO_EXTENT_THIN_DATA },
	[LITEIO_THIN_RESERVE] = { LITEIO_DM_RPOOL, LITEIO_DM_RMETA, LITEIO_DM_RDATA,
				  LITEIO_DM_RSPARE, LITEIO_EXTENT_RESERVE_META,
				  LITEIO_EXTENT_RESERVE_SPARE, LITEIO_EXTENT_RESERVE_DATA },
};

struct thin {
	struct liteio_engine engine;
	/* shared by who loads devices of volumes, alone for who changes the thin pool below them */
	pthread_rwlock_t loading;
	const struct part *part;
	struct liteio_label label;
	dev_t devs[LITEIO_LABEL_DEVICES_MAX];
	/* volumes are activated read-only, too */
	bool is_locked;
	/* of the pool's device, when its mark was loaded: what is new has had no event */
	uint32_t event_nr;
	char pool[LITEIO_DM_NAME_MAX + 1];
	char tmeta[LITEIO_DM_NAME_MAX + 1];
	char tdata[LITEIO_DM_NAME_MAX + 1];
	char tspare[LITEIO_DM_NAME_MAX + 1];
};

static struct thin *thin_of(struct liteio_engine *e)
{
	return liteio_container_of(e, struct thin, engine);
}

/* ---- the pool ------------------------------------------------------------------------------- */

static bool is_active(struct liteio_engine *e)
{
	struct liteio_dm_info i;

	return !liteio_dm_info(thin_of(e)->pool, &i, NULL) && i.live_table;
}

/* of a device with one target */
static int check_type(const char *name, const char *type, const struct liteio_dm_target *line,
		      struct liteio_error *err)
{
	if (!strcmp(line->type, type))
		return 0;
	return liteio_error_set(err, -EIO, "%s has another table than it should", name);
}

static int pool_status(struct thin *t, unsigned int flags, struct liteio_engine_status *ret,
		       struct liteio_error *err)
{
	struct liteio_dm_target line;
	struct liteio_dm_info i;
	int r = flags ? liteio_dm_status_one(t->pool, flags, &i, &line, err) :
			liteio_dm_status_often(t->pool, &i, &line, err);

	if (!r)
		r = check_type(t->pool, "thin-pool", &line, err);
	if (r)
		return r;
	if (liteio_thin_parse_pool(line.params, t->label.thin_block, ret))
		return liteio_error_set(err, -EIO, "cannot read the pool's status \"%s\"",
					line.params);
	return 0;
}

/* a linear device over the extents of a kind, but for what is behind @most bytes */
static int ensure_linear(struct thin *t, enum liteio_dm_role role, enum liteio_extent_kind kind,
			 uint64_t most, struct liteio_dm_info *ret, struct liteio_error *err)
{
	struct liteio_dm_target targets[LITEIO_LABEL_EXTENTS_MAX] = { 0 };
	char name[LITEIO_DM_NAME_MAX + 1], uuid[LITEIO_DM_NAME_MAX + 1];
	uint64_t at = 0;
	size_t n = 0;

	for (size_t i = 0; i < t->label.n_extents; i++) {
		const struct liteio_extent *x = &t->label.extents[i];
		dev_t dev = t->devs[x->device];
		uint64_t length = x->length < most ? x->length : most;

		if (x->kind != kind || !length)
			continue;
		most -= length;
		targets[n].start = at;
		targets[n].sectors = length / SECTOR;
		snprintf(targets[n].type, sizeof(targets[n].type), "linear");
		snprintf(targets[n].params, sizeof(targets[n].params), "%u:%u %llu", major(dev),
			 minor(dev), (unsigned long long)(x->start / SECTOR));
		at += targets[n].sectors;
		n++;
	}
	liteio_dm_name(role, &t->label.pool_uuid, 0, name);
	liteio_dm_uuid(role, &t->label.pool_uuid, 0, uuid);
	return liteio_dm_ensure(name, uuid, targets, n, LITEIO_DM_INNER, ret, err);
}

/* a device over a region of metadata; removed by deactivate() */
static int region(struct thin *t, enum liteio_dm_role role, enum liteio_extent_kind kind,
		  char ret_path[LITEIO_DM_PATH_MAX], struct liteio_error *err)
{
	struct liteio_dm_info i;
	int r = ensure_linear(t, role, kind, UINT64_MAX, &i, err);

	if (!r)
		liteio_dm_path(&i, ret_path);
	return r;
}

/* how much of the label is in use */
struct lengths {
	uint64_t meta;
	uint64_t data;
};

static struct lengths label_lengths(const struct thin *t)
{
	return (struct lengths){
		.meta = liteio_label_sum(&t->label, t->part->meta),
		.data = liteio_label_sum(&t->label, t->part->data) / t->label.thin_block *
			t->label.thin_block,
	};
}

/*
 * The label may be ahead of metadata that did not follow it any more. The kernel would write them,
 * be they read-only or not, to make them as long as their devices are, and refuse them when it can
 * not. What they do not say is left as it is.
 */
static int metadata_lengths(struct thin *t, struct lengths *l, struct liteio_error *err)
{
	struct liteio_thin_superblock s;
	char path[LITEIO_DM_PATH_MAX];
	int r = region(t, t->part->tmeta, t->part->meta, path, err);

	if (r || liteio_thin_meta_superblock(path, &s))
		return r;
	if (s.meta_blocks && s.meta_blocks < l->meta / LITEIO_ONDISK_BLOCK)
		l->meta = s.meta_blocks * LITEIO_ONDISK_BLOCK;
	if (s.data_blocks && s.data_blocks < l->data / t->label.thin_block)
		l->data = s.data_blocks * t->label.thin_block;
	return 0;
}

/*
 * The thin pool looks at how long its metadata are when it resumes, and at no other time. One that
 * had no room for them left writes again then. What it fails at makes them be checked first, and
 * then it resumes without.
 */
static int follow_meta(struct thin *t, uint64_t meta, struct liteio_error *err)
{
	struct liteio_engine_status s;
	int r = pool_status(t, 0, &s, err);

	if (meta > LITEIO_THIN_META_MAX)
		meta = LITEIO_THIN_META_MAX;
	if (r || s.mode == LITEIO_ENGINE_FAILED || s.meta_total >= meta)
		return r;
	r = liteio_dm_suspend(t->pool, 0, err);
	if (r)
		return r;
	r = liteio_dm_resume(t->pool, LITEIO_DM_INNER, err);
	if (r)
		(void)liteio_dm_resume(t->pool, LITEIO_DM_INNER, NULL);
	return r;
}

/* the optional arguments of a table */
static const char *features(const struct thin *t, bool read_only)
{
	if (t->part->pool == LITEIO_DM_RPOOL)
		return read_only ? "1 read_only" : "0";
	return read_only ? "2 read_only error_if_no_space" : "1 error_if_no_space";
}

static int activate(struct liteio_engine *e, bool read_only, struct liteio_error *err)
{
	struct thin *t = thin_of(e);
	struct liteio_dm_target target = { .type = "thin-pool" };
	struct lengths l = label_lengths(t);
	char uuid[LITEIO_DM_NAME_MAX + 1];
	struct liteio_dm_info meta, data;
	bool was_active = is_active(e);
	int r;

	liteio_guard_alone(&t->loading);
	/* left by a repair that was interrupted */
	r = liteio_dm_remove(t->tspare, err);
	if (!r && read_only)
		r = metadata_lengths(t, &l, err);
	if (!r)
		r = ensure_linear(t, t->part->tmeta, t->part->meta, l.meta, &meta, err);
	if (!r)
		r = ensure_linear(t, t->part->tdata, t->part->data, l.data, &data, err);
	if (r)
		return r;
	/* a new device of that name begins to count its events anew */
	if (!was_active)
		t->event_nr = 0;
	/* before the data become larger, which takes blocks of them */
	r = was_active && !read_only ? follow_meta(t, l.meta, err) : 0;
	if (r)
		return r;
	target.sectors = l.data / SECTOR;
	/* the event of low space comes when a fifth is left, until another mark is set */
	snprintf(target.params, sizeof(target.params), "%u:%u %u:%u %u %llu %s", meta.major,
		 meta.minor, data.major, data.minor, t->label.thin_block / SECTOR,
		 (unsigned long long)(l.data / t->label.thin_block) / 5 + 1,
		 features(t, read_only));
	liteio_thin_keep_mark(t->pool, &target);
	liteio_dm_uuid(t->part->pool, &t->label.pool_uuid, 0, uuid);
	r = liteio_dm_ensure(t->pool, uuid, &target, 1, LITEIO_DM_INNER, NULL, err);
	if (!r)
		t->is_locked = read_only;
	return r;
}

static bool is_locked(struct liteio_engine *e)
{
	struct thin *t = thin_of(e);
	struct liteio_dm_target *table _cleanup_free_ = NULL;
	size_t n;

	liteio_guard_alone(&t->loading);
	t->is_locked = !liteio_dm_table(t->pool, &table, &n, NULL) && n == 1 &&
		       strstr(table[0].params, " read_only");
	return t->is_locked;
}

static int deactivate(struct liteio_engine *e, struct liteio_error *err)
{
	struct thin *t = thin_of(e);
	int r;

	liteio_guard_alone(&t->loading);
	r = liteio_dm_remove(t->pool, err);
	if (!r)
		r = liteio_dm_remove(t->tdata, err);
	/* there when a repair was interrupted */
	if (!r)
		r = liteio_dm_remove(t->tspare, err);
	return r ? r : liteio_dm_remove(t->tmeta, err);
}

static void set_label(struct thin *t, const struct liteio_label *label, const dev_t *devs)
{
	t->label = *label;
	memcpy(t->devs, devs, label->n_devices * sizeof(*devs));
}

/* one that has something against its metadata is left alone, but for those that are full */
static bool takes_more(struct thin *t)
{
	struct liteio_engine_status s;

	if (pool_status(t, 0, &s, NULL) || s.needs_check)
		return false;
	return s.mode < LITEIO_ENGINE_RO ||
	       (s.mode == LITEIO_ENGINE_RO && s.meta_used >= s.meta_total);
}

static int resize(struct liteio_engine *e, const struct liteio_label *label, const dev_t *devs,
		  struct liteio_error *err)
{
	struct thin *t = thin_of(e);
	struct liteio_dm_info ignored;
	int r;

	liteio_guard_alone(&t->loading);
	set_label(t, label, devs);
	if (!is_active(e) || !takes_more(t))
		return 0;
	r = ensure_linear(t, t->part->tmeta, t->part->meta, UINT64_MAX, &ignored, err);
	return r ? r : ensure_linear(t, t->part->tdata, t->part->data, UINT64_MAX, &ignored, err);
}

/* ---- metadata of a pool that is not active -------------------------------------------------- */

static int check(struct liteio_engine *e, struct liteio_error *err)
{
	struct thin *t = thin_of(e);
	char path[LITEIO_DM_PATH_MAX];
	int r;

	r = region(t, t->part->tmeta, t->part->meta, path, err);
	return r ? r : liteio_thin_meta_check(path, false, err);
}

static int needs_repair(struct liteio_engine *e, struct liteio_error *err)
{
	struct thin *t = thin_of(e);
	char path[LITEIO_DM_PATH_MAX];
	int r;

	r = region(t, t->part->tmeta, t->part->meta, path, err);
	return r ? r : liteio_thin_needs_repair(path, err);
}

static int spare_fill(struct liteio_engine *e, uint64_t txid, struct liteio_engine_spare *ret,
		      struct liteio_error *err)
{
	struct thin *t = thin_of(e);
	const struct liteio_thin_dump known = {
		.txid = txid,
		.block_sectors = t->label.thin_block / SECTOR,
		.data_blocks = liteio_label_sum(&t->label, t->part->data) / t->label.thin_block,
	};
	char meta[LITEIO_DM_PATH_MAX], spare[LITEIO_DM_PATH_MAX];
	int r;

	if (liteio_label_sum(&t->label, t->part->spare) <
	    liteio_label_sum(&t->label, t->part->meta))
		return liteio_error_set(err, -ENOSPC,
					"there is no region to repair into that is as large");
	r = region(t, t->part->tmeta, t->part->meta, meta, err);
	if (!r)
		r = region(t, t->part->tspare, t->part->spare, spare, err);
	return r ? r : liteio_thin_spare_make(meta, spare, &known, ret, err);
}

static int contents(struct liteio_engine *e, struct liteio_thin_dump *ret,
		    struct liteio_error *err)
{
	struct thin *t = thin_of(e);
	char path[LITEIO_DM_PATH_MAX];
	int r;

	r = region(t, t->part->tmeta, t->part->meta, path, err);
	return r ? r : liteio_thin_meta_dump(path, true, ret, err);
}

/* where they can be read, in use or not */
static int find_meta(struct thin *t, char ret_path[LITEIO_DM_PATH_MAX], struct liteio_error *err)
{
	struct liteio_dm_info i;
	int r = liteio_dm_info(t->tmeta, &i, err);

	if (r)
		return r;
	/* a read would wait for whoever lets it go on */
	if (i.suspended)
		return liteio_error_set(err, -EAGAIN, "%s is suspended", t->tmeta);
	liteio_dm_path(&i, ret_path);
	return 0;
}

static int devices(struct liteio_engine *e, struct liteio_thin_device **ret, size_t *ret_n,
		   struct liteio_error *err)
{
	char path[LITEIO_DM_PATH_MAX];
	int r = find_meta(thin_of(e), path, err);

	return r ? r : liteio_thin_meta_devices(path, ret, ret_n, err);
}

static int near(struct liteio_engine *e, uint32_t id, struct liteio_thin_device **ret,
		size_t *ret_n, struct liteio_error *err)
{
	char path[LITEIO_DM_PATH_MAX];
	int r = find_meta(thin_of(e), path, err);

	return r ? r : liteio_thin_meta_near(path, id, ret, ret_n, err);
}

/* ---- status --------------------------------------------------------------------------------- */

/*
 * A pool counts freed blocks when it commits. Of metadata those that a change replaces are in use
 * until then: they look fuller than they are. And a pool that is full of data may not come to a
 * commit: a discard that frees some leaves nothing to write when the timer's commit falls between
 * its two halves (dm-thin.c process_prepared_discard_passdown_pt2() marks no device as changed).
 */
static int status(struct liteio_engine *e, struct liteio_engine_status *ret,
		  struct liteio_error *err)
{
	struct thin *t = thin_of(e);
	bool is_nearly_full;
	int r;

	r = pool_status(t, 0, ret, err);
	is_nearly_full = !r && ret->mode == LITEIO_ENGINE_RW &&
			 ret->meta_used >= ret->meta_total / 10 * 9;
	if (r || !(ret->mode == LITEIO_ENGINE_NO_SPACE || is_nearly_full))
		return r;
	return pool_status(t, LITEIO_DM_COMMIT, ret, err);
}

static int mark(struct liteio_engine *e, struct liteio_engine_mark *ret, struct liteio_error *err)
{
	return liteio_thin_mark(thin_of(e)->pool, thin_of(e)->event_nr, ret, err);
}

static int set_mark(struct liteio_engine *e, uint64_t blocks, struct liteio_error *err)
{
	liteio_guard_alone(&thin_of(e)->loading);
	return liteio_thin_set_mark(thin_of(e)->pool, blocks, &thin_of(e)->event_nr, err);
}

/* ---- messages ------------------------------------------------------------------------------- */

/*
 * A block of metadata with another checksum, or of another place (dm-btree-spine.c: node_check()):
 * who needs it is told that, and the thin pool goes on as if nothing were the matter, as long as it
 * is no change that is under way already.
 */
static int judge(struct liteio_engine *e, int r, const char *what, struct liteio_error *err)
{
	if (r != -EILSEQ && r != -ENOTBLK)
		return r;
	if (e->met_damage)
		e->met_damage(e->arg);
	return liteio_error_set(err, -EUCLEAN,
				"%s: the metadata that the kernel has read are not what was written",
				what);
}

__attribute__((format(printf, 3, 4)))
static int message(struct liteio_engine *e, struct liteio_error *err, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return judge(e, liteio_dm_message(thin_of(e)->pool, 0, text, err), text, err);
}

static int create(struct liteio_engine *e, uint32_t id, struct liteio_error *err)
{
	return message(e, err, "create_thin %u", id);
}

static int snapshot(struct liteio_engine *e, uint32_t id, uint32_t origin, struct liteio_error *err)
{
	return message(e, err, "create_snap %u %u", id, origin);
}

static int remove_id(struct liteio_engine *e, uint32_t id, struct liteio_error *err)
{
	int r = message(e, err, "delete %u", id);

	return r == -ENODATA ? 0 : r;
}

/*
 * A message is answered with success also when the commit behind it fails, which takes back what
 * was not committed (pool_message() of dm-thin.c looks at nothing): what counts is the id then. A
 * pool that has become read-only in between does not commit, and has the id in memory only.
 */
static int commit(struct liteio_engine *e, uint64_t from, uint64_t to, struct liteio_error *err)
{
	struct liteio_engine_status s;
	int r = message(e, err, "set_transaction_id %llu %llu", (unsigned long long)from,
			(unsigned long long)to);

	if (!r)
		r = status(e, &s, err);
	if (!r && (s.txid != to || s.mode == LITEIO_ENGINE_RO || s.mode == LITEIO_ENGINE_FAILED))
		r = liteio_error_set(err, -EIO,
				     "the thin pool could not write its metadata");
	return r;
}

/* ---- volumes -------------------------------------------------------------------------------- */

static void volume_name(const struct liteio_uuid *uuid, char out[LITEIO_DM_NAME_MAX + 1])
{
	liteio_dm_name(LITEIO_DM_THIN, uuid, 0, out);
}

static int volume_activate(struct liteio_engine *e, const struct liteio_uuid *uuid,
			   const struct liteio_engine_device *want, struct liteio_pool_thin *ret,
			   struct liteio_error *err)
{
	const uint64_t room = want->room_bytes, size = want->size_bytes;
	struct liteio_dm_target target = {
		.sectors = (room > size ? room : size) / SECTOR,
		.enough = size / SECTOR,
		.type = "thin",
	};
	unsigned int flags = LITEIO_DM_INNER;
	char name[LITEIO_DM_NAME_MAX + 1], dm_uuid[LITEIO_DM_NAME_MAX + 1];
	char path[LITEIO_DM_PATH_MAX];
	struct liteio_dm_info pool, i;
	int r;

	liteio_guard_shared(&thin_of(e)->loading);
	if (thin_of(e)->is_locked)
		flags |= LITEIO_DM_READ_ONLY;
	r = liteio_dm_info(thin_of(e)->pool, &pool, err);
	if (r)
		return r;
	snprintf(target.params, sizeof(target.params), "%u:%u %u", pool.major, pool.minor,
		 want->id);
	volume_name(uuid, name);
	liteio_dm_uuid(LITEIO_DM_THIN, uuid, 0, dm_uuid);
	r = judge(e, liteio_dm_ensure(name, dm_uuid, &target, 1, flags, &i, err), name, err);
	if (!r && want->keeps) {
		/* before anything stands on it */
		liteio_dm_path(&i, path);
		r = liteio_block_keep(path, err);
	}
	if (r)
		return r;
	if (ret) {
		ret->is_read_only = i.read_only;
		ret->dev = makedev(i.major, i.minor);
		liteio_dm_path(&i, ret->path);
		ret->size_bytes = size;
	}
	return 0;
}

static int volume_deactivate(struct liteio_engine *e, const struct liteio_uuid *uuid,
			     struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	struct liteio_dm_info i;
	int r;

	volume_name(uuid, name);
	r = liteio_dm_info(name, &i, err);
	if (r)
		return r == -ENODEV ? 0 : r;
	return liteio_dm_remove_bare(name, &i, err);
}

static int volume_status(struct liteio_engine *e, const struct liteio_uuid *uuid,
			 struct liteio_engine_volume *ret, struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	struct liteio_engine_volume v = { 0 };
	struct liteio_dm_target line;
	struct liteio_dm_info i;
	int r;

	volume_name(uuid, name);
	r = liteio_dm_status_often(name, &i, &line, err);
	if (!r)
		r = check_type(name, "thin", &line, err);
	if (r)
		return r;
	v.open_count = i.open_count;
	v.suspended = i.suspended;
	v.size_bytes = line.sectors * SECTOR;
	if (liteio_thin_parse_volume(line.params, &v.mapped_bytes, &v.end_bytes))
		return liteio_error_set(err, -EIO, "cannot read the status \"%s\" of %s",
					line.params, name);
	*ret = v;
	return 0;
}

static int volume_suspend(struct liteio_engine *e, const struct liteio_uuid *uuid,
			  struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];

	volume_name(uuid, name);
	return liteio_dm_suspend(name, 0, err);
}

static int volume_resume(struct liteio_engine *e, const struct liteio_uuid *uuid,
			 struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];

	volume_name(uuid, name);
	return liteio_dm_resume(name, LITEIO_DM_INNER, err);
}

/* is this a thin device of this very pool? */
static bool is_ours(const struct thin *t, const struct liteio_dm_info *i, dev_t pool)
{
	dev_t *deps _cleanup_free_ = NULL;
	enum liteio_dm_role role;
	struct liteio_uuid uuid;
	uint64_t generation;
	size_t n;

	if (liteio_dm_name_parse(i->name, &role, &uuid, &generation) || role != LITEIO_DM_THIN)
		return false;
	/* one without a table is what an interrupted create has left, of whatever pool */
	if (!i->live_table && !i->inactive_table)
		return true;
	return !liteio_dm_deps(i->name, &deps, &n, NULL) && n == 1 && deps[0] == pool;
}

/* call @fn for every thin device of the pool; the first error, after all had their turn */
static int for_each(struct thin *t, int (*fn)(const struct liteio_dm_info *i,
					      struct liteio_error *err),
		    struct liteio_error *err)
{
	struct liteio_dm_info *list _cleanup_free_ = NULL, pool;
	int r, first = 0;
	size_t n;

	r = liteio_dm_info(t->pool, &pool, err);
	if (r)
		return r == -ENODEV ? 0 : r;
	r = liteio_dm_list(&list, &n, err);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (!is_ours(t, &list[i], makedev(pool.major, pool.minor)))
			continue;
		r = fn(&list[i], first ? NULL : err);
		if (r && !first)
			first = r;
	}
	return first;
}

static int take_out(const struct liteio_dm_info *i, struct liteio_error *err)
{
	/* one after the other: nobody is waited for */
	if (i->open_count > 0)
		return liteio_error_set(err, -EBUSY, "%s is open", i->name);
	return liteio_dm_remove(i->name, err);
}

static int let_go_on(const struct liteio_dm_info *i, struct liteio_error *err)
{
	return i->suspended && i->live_table ? liteio_dm_resume(i->name, LITEIO_DM_INNER, err) : 0;
}

static int volumes_deactivate(struct liteio_engine *e, struct liteio_error *err)
{
	liteio_guard_alone(&thin_of(e)->loading);
	return for_each(thin_of(e), take_out, err);
}

static int devices_resume(struct liteio_engine *e, struct liteio_error *err)
{
	struct thin *t = thin_of(e);
	const char *const names[] = { t->tmeta, t->tdata, t->pool };
	struct liteio_dm_info i;
	int r = 0;

	for (size_t k = 0; k < LITEIO_ARRAY_SIZE(names) && !r; k++) {
		if (!liteio_dm_info(names[k], &i, NULL))
			r = let_go_on(&i, err);
	}
	return r;
}

static int volumes_resume(struct liteio_engine *e, struct liteio_error *err)
{
	return for_each(thin_of(e), let_go_on, err);
}

static void thin_free(struct liteio_engine *e)
{
	pthread_rwlock_destroy(&thin_of(e)->loading);
	free(thin_of(e));
}

static const struct liteio_engine_ops ops = {
	.name = "thin",
	.is_active = is_active,
	.check = check,
	.is_locked = is_locked,
	.needs_repair = needs_repair,
	.spare_fill = spare_fill,
	.contents = contents,
	.devices = devices,
	.near = near,
	.activate = activate,
	.deactivate = deactivate,
	.resize = resize,
	.status = status,
	.mark = mark,
	.set_mark = set_mark,
	.create = create,
	.snapshot = snapshot,
	.remove = remove_id,
	.commit = commit,
	.volume_activate = volume_activate,
	.volume_deactivate = volume_deactivate,
	.volume_status = volume_status,
	.volume_suspend = volume_suspend,
	.volume_resume = volume_resume,
	.devices_resume = devices_resume,
	.volumes_deactivate = volumes_deactivate,
	.volumes_resume = volumes_resume,
	.free = thin_free,
};

struct liteio_engine *liteio_thin_new(const struct liteio_label *label, const dev_t *devs,
				      enum liteio_thin_part part)
{
	struct thin *t = liteio_calloc(1, sizeof(*t));

	t->engine.ops = &ops;
	pthread_rwlock_init(&t->loading, NULL);
	t->part = &parts[part];
	set_label(t, label, devs);
	liteio_dm_name(t->part->pool, &label->pool_uuid, 0, t->pool);
	liteio_dm_name(t->part->tmeta, &label->pool_uuid, 0, t->tmeta);
	liteio_dm_name(t->part->tdata, &label->pool_uuid, 0, t->tdata);
	liteio_dm_name(t->part->tspare, &label->pool_uuid, 0, t->tspare);
	return &t->engine;
}
