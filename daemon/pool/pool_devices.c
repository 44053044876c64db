// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices of a pool: finding all of them, their labels, and another one.
 *
 * Home is device 0: it is what @store is of, it has the catalog, and its label is the one that
 * counts. ondisk.h says how the labels of the others are told from copies.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/block.h"
#include "host/dm.h"
#include "pool/disk.h"
#include "pool/object.h"

/* ---- labels --------------------------------------------------------------------------------- */

/* others look at the label while it changes */
static void set_label(struct liteio_pool *p, const struct liteio_label *l)
{
	liteio_guard(&p->lock);
	p->store.label = *l;
}

/* one of both copies may have what was not written to the other: what is there is what counts */
int liteio_pool_end_doubt(struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_store now = p->store;
	int r;

	if (!p->label_in_doubt)
		return 0;
	r = liteio_store_read_label(&now, err);
	if (r)
		return r;
	/* the copy with the one that all goes by can not be read now: no other one counts for it */
	if (now.label.sequence < p->store.label.sequence) {
		p->store.needs_labels = true;
		p->label_in_doubt = false;
		return 0;
	}
	/* a disk that was being added is kept open until it is known whether it is a part */
	for (uint32_t i = 1; i < now.label.n_devices; i++) {
		if (!p->store.others[i])
			return liteio_error_set(err, -EIO,
						"the label of pool %s names a disk that is not open: restart the agent",
						now.label.pool_name);
	}
	p->store.from_backup = now.from_backup;
	p->store.needs_labels = now.needs_labels;
	set_label(p, &now.label);
	p->label_in_doubt = false;
	return 0;
}

static int write_others(struct liteio_pool *p, const struct liteio_label *l, uint64_t sequence,
			struct liteio_error *err)
{
	int r = 0;

	for (uint32_t i = 1; i < l->n_devices && !r; i++) {
		struct liteio_store *o = p->store.others[i];
		const struct liteio_label was = o->label;

		o->label = *l;
		o->label.this_device = i;
		o->label.sequence = sequence;
		r = liteio_store_write_label(o, err);
		if (!r)
			continue;
		/* a disk that was pulled comes back without it, or with one copy of it */
		o->label = was;
		o->needs_labels = true;
	}
	return r;
}

/* home's, in memory when it is on the disk */
static int write_home(struct liteio_pool *p, const struct liteio_label *l, bool is_one_enough,
		      struct liteio_error *err)
{
	struct liteio_store home = p->store;
	int r;

	home.label = *l;
	r = is_one_enough ? liteio_store_write_label_any(&home, err) :
			    liteio_store_write_label(&home, err);
	p->label_in_doubt = r;
	if (r)
		return r;
	p->store.from_backup = home.from_backup;
	p->store.needs_labels = home.needs_labels;
	set_label(p, l);
	return 0;
}

/* odd for what is under way, even for what is whole */
static int write_rounds(struct liteio_pool *p, struct liteio_label *l, struct liteio_error *err)
{
	int r;

	l->sequence = (p->store.label.sequence + 2) & ~1ull;
	r = write_others(p, l, l->sequence - 1, err);
	if (r)
		return r;
	liteio_step("label:others");
	r = write_home(p, l, false, err);
	if (r)
		return r;
	liteio_step("label:home");
	return write_others(p, l, l->sequence, err);
}

int liteio_pool_relabel_urgent(struct liteio_pool *p, const struct liteio_label *new,
			       bool is_urgent, struct liteio_error *err)
{
	struct liteio_label l = *new;
	int r = liteio_pool_end_doubt(p, err);

	if (r)
		return r;
	if (l.n_devices == 1) {
		l.sequence = p->store.label.sequence + 1;
		return write_home(p, &l, is_urgent, err);
	}
	/* twice, so that an image of what a first round has left is no part of what there is now */
	if (liteio_pool_labels_differ(p))
		r = write_rounds(p, &l, err);
	return r ? r : write_rounds(p, &l, err);
}

int liteio_pool_relabel(struct liteio_pool *p, const struct liteio_label *new,
			struct liteio_error *err)
{
	return liteio_pool_relabel_urgent(p, new, false, err);
}

int liteio_pool_follow_label(struct liteio_pool *p, struct liteio_error *err)
{
	dev_t devs[LITEIO_LABEL_DEVICES_MAX];
	int r;

	liteio_pool_devs(p, devs);
	r = p->engine->ops->resize(p->engine, &p->store.label, devs, err);
	if (!r && p->reserve)
		r = p->reserve->ops->resize(p->reserve, &p->store.label, devs, err);
	return r;
}

bool liteio_pool_labels_differ(const struct liteio_pool *p)
{
	bool differ = p->store.needs_labels;

	for (uint32_t i = 1; i < p->store.label.n_devices; i++)
		differ = differ || p->store.others[i]->needs_labels ||
			 p->store.others[i]->label.sequence != p->store.label.sequence;
	return differ;
}

/* ---- finding -------------------------------------------------------------------------------- */

static bool is_ours(const char *holder)
{
	char *path _cleanup_free_ = NULL, *uuid _cleanup_free_ = NULL;

	path = liteio_strf("/sys/class/block/%s/dm/uuid", holder);
	return !liteio_fs_read_line(path, &uuid, NULL) &&
	       !strncmp(uuid, LITEIO_DM_UUID_PREFIX, strlen(LITEIO_DM_UUID_PREFIX));
}

bool liteio_pool_foreign_holder(dev_t dev, char out[64])
{
	for (size_t n = 0; liteio_block_holder(dev, n, out); n++) {
		if (!is_ours(out))
			return true;
	}
	return false;
}

bool liteio_pool_is_held(const char *device, bool *ret_by_us)
{
	struct liteio_block_info i;
	char holder[64];

	*ret_by_us = false;
	if (liteio_block_brief(device, &i, NULL) || !liteio_block_holder(i.dev, 0, holder))
		return false;
	*ret_by_us = !liteio_pool_foreign_holder(i.dev, holder);
	return true;
}

/**
 * struct search - for one device of a pool among the disks of this machine
 * @found: all disks with a label
 * @n: how many
 * @silence: whom nobody has heard of
 * @label: a label of the pool
 * @is_active: the kernel has the pool
 */
struct search {
	struct liteio_pool_found *found;
	size_t n;
	struct liteio_pool_silence silence;
	const struct liteio_label *label;
	bool is_active;
};

/* one that may hang is not gone: what the kernel has on it is not to be taken for a remain */
int liteio_pool_say_missing(const struct liteio_label *l, uint32_t i,
			    const struct liteio_pool_silence *silence, struct liteio_error *err)
{
	if (silence->any[0] && silence->any_bytes >= l->devices[i].size)
		return liteio_error_set(err, -EAGAIN,
					"pool %s is on %zu disks, and disk %u of them was not found, but %s does not answer, and may be it",
					l->pool_name, l->n_devices, i + 1, silence->any);
	return liteio_error_set(err, -ENODEV,
				"pool %s is on %zu disks, and disk %u of them is missing",
				l->pool_name, l->n_devices, i + 1);
}

static bool is_device(const struct search *s, const struct liteio_pool_found *f, uint32_t i,
		      bool only_held)
{
	bool held, by_us;

	if (!liteio_uuid_equal(&f->label.pool_uuid, &s->label->pool_uuid) ||
	    f->label.this_device != i ||
	    !liteio_uuid_equal(&f->label.devices[i].uuid, &s->label->devices[i].uuid))
		return false;
	held = liteio_pool_is_held(f->device, &by_us);
	return only_held ? by_us : !held || by_us;
}

/* of two that look alike the kernel knows which one it has, if it has the pool */
static int find_device(const struct search *s, uint32_t i, const char **ret,
		       struct liteio_error *err)
{
	const char *first = NULL;

	for (int only_held = s->is_active; only_held >= 0 && !first; only_held--) {
		for (size_t k = 0; k < s->n; k++) {
			if (!is_device(s, &s->found[k], i, only_held))
				continue;
			if (first)
				return liteio_error_set(err, -EEXIST,
							"disk %u of pool %s is there twice, on %s and on %s: take the copy away, or wipe it",
							i + 1, s->label->pool_name, first,
							s->found[k].device);
			first = s->found[k].device;
		}
	}
	if (!first)
		return liteio_pool_say_missing(s->label, i, &s->silence, err);
	*ret = first;
	return 0;
}

/* another device than the one that was named is home */
static int go_home(struct liteio_pool *p, const struct search *s, struct liteio_error *err)
{
	struct liteio_store home = LITEIO_STORE_INIT;
	const char *device = NULL;
	int r;

	r = find_device(s, 0, &device, err);
	if (r)
		return r;
	r = liteio_store_open(device, true, &home, err);
	if (!r)
		r = liteio_store_read_label(&home, err);
	if (!r) {
		r = liteio_label_check_other(&home.label, &p->store.label, err);
		if (r)
			liteio_error_wrap(err, r, "%s", p->store.path);
	}
	if (r) {
		liteio_store_close(&home);
		return r;
	}
	liteio_store_close(&p->store);
	p->store = home;
	return 0;
}

static int open_other(struct liteio_pool *p, const char *device, struct liteio_error *err)
{
	struct liteio_store *o = liteio_store_new();
	const struct liteio_label *home = &p->store.label;
	int r;

	r = liteio_store_open(device, true, o, err);
	if (!r)
		r = liteio_store_read_label(o, err);
	if (!r)
		r = liteio_label_check_other(home, &o->label, err);
	if (!r && home->devices[o->label.this_device].size > o->size)
		r = liteio_error_set(err, -EBADMSG, "it is smaller than the pool on it");
	if (r) {
		liteio_store_free(o);
		return liteio_error_wrap(err, r, "%s", device);
	}
	p->store.others[o->label.this_device] = o;
	return 0;
}

static int gather(struct liteio_pool *p, struct search *s, struct liteio_error *err)
{
	const char *device = NULL;
	int r = 0;

	/* what it says of home's uuid is what it was made with */
	if (p->store.label.this_device)
		r = go_home(p, s, err);
	for (uint32_t i = 1; i < p->store.label.n_devices && !r; i++) {
		r = find_device(s, i, &device, err);
		if (!r)
			r = open_other(p, device, err);
	}
	return r;
}

/* where the copy of the label is that could not be read */
static void name_other_copy(const struct liteio_store *s, char *ret, size_t len)
{
	uint64_t size = s->label.devices[s->label.this_device].size;
	char text[32];

	if (s->from_backup)
		snprintf(ret, len, "at its beginning");
	else if (size == s->size)
		snprintf(ret, len, "at its end");
	else
		snprintf(ret, len, "at its end, or where that was when it had %s",
			 liteio_format_size(size, text, sizeof(text)));
}

/*
 * One copy of the label can not be read, and the other is from before: by that one the kernel would
 * get less than the metadata have, and mending would write it over the one that counts. Metadata
 * that have just what they had and the spare have taken that: it is known what the label says. Not
 * of a disk that has become longer, nor of several: there it may have been a growth. What the first
 * block of the metadata does not say is not known.
 */
static int check_age(struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_label l = p->store.label;
	struct liteio_thin_superblock s;
	char have[32], said[32], where[80];
	uint64_t bytes;
	int r;

	if (liteio_store_thin_superblock(&p->store, LITEIO_EXTENT_THIN_META, &s, NULL))
		return 0;
	bytes = s.meta_blocks * LITEIO_ONDISK_BLOCK;
	r = liteio_label_catch_up(&l, bytes);
	if (!r)
		return 0;
	if (r < 0 || l.n_devices > 1 || l.devices[0].size != p->store.size) {
		liteio_format_size(bytes, have, sizeof(have));
		liteio_format_size(liteio_label_sum(&p->store.label, LITEIO_EXTENT_THIN_META), said,
				   sizeof(said));
		name_other_copy(&p->store, where, sizeof(where));
		return liteio_error_set(err, -ESTALE,
					"the metadata of pool %s on %s have %s, and %s by the label, which is a copy from before: nothing was changed; import it when the disk can read the other copy, %s, again",
					l.pool_name, p->store.path, have, said, where);
	}
	p->store.label = l;
	p->store.needs_labels = true;
	return 0;
}

static int gather_all(struct liteio_pool *p, bool is_active, struct liteio_error *err)
{
	struct search s = { .label = &p->store.label, .is_active = is_active };
	int r;

	r = liteio_pool_scan_hear(&s.found, &s.n, &s.silence, err);
	if (r)
		return r;
	r = gather(p, &s, err);
	free(s.found);
	return r;
}

int liteio_pool_gather(struct liteio_pool *p, bool is_active, struct liteio_error *err)
{
	int r = p->store.label.n_devices > 1 ? gather_all(p, is_active, err) : 0;

	return r ? r : check_age(p, err);
}

void liteio_pool_devs(const struct liteio_pool *p, dev_t ret[LITEIO_LABEL_DEVICES_MAX])
{
	ret[0] = p->store.dev;
	for (uint32_t i = 1; i < p->store.label.n_devices; i++)
		ret[i] = p->store.others[i]->dev;
}

bool liteio_pool_is_gone(struct liteio_pool *p)
{
	dev_t devs[LITEIO_LABEL_DEVICES_MAX];
	bool gone = false;

	liteio_guard(&p->lock);
	liteio_pool_devs(p, devs);
	for (uint32_t i = 0; i < p->store.label.n_devices; i++)
		gone = gone || !liteio_block_is_there(devs[i]);
	return gone;
}

void liteio_pool_device(struct liteio_pool *p, uint32_t i, char ret[256])
{
	ret[0] = '\0';
	liteio_guard(&p->lock);
	if (i < p->store.label.n_devices)
		snprintf(ret, 256, "%s", i ? p->store.others[i]->path : p->store.path);
}
