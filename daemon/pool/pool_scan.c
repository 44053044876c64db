// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding pools on the disks of this machine. Of a disk that is silent nobody knows what it
 * carries: whoever it matters to is told that there is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "host/dm.h"
#include "pool/ask.h"
#include "pool/disk.h"
#include "pool/find.h"
#include "pool/heir.h"
#include "pool/object.h"

/* ---- one device ----------------------------------------------------------------------------- */

/* as it was made: nothing has ever been in it */
static bool is_untouched(struct liteio_store *s)
{
	struct liteio_catalog c;
	bool untouched;

	if (liteio_store_read_catalog(s, &c, NULL))
		return false;
	untouched = !c.thin_txid && !c.reserve_txid && c.next_thin_id == 1 && !c.n_volumes &&
		    !c.n_attachments && !(s->label.compat & LITEIO_LABEL_COMPAT_EXPORTED);
	liteio_catalog_fini(&c);
	return untouched;
}

/* @deep: the catalog as well */
static int probe_device(const char *device, bool deep, struct liteio_pool_found *ret,
			struct liteio_error *err)
{
	struct liteio_store s _cleanup_(liteio_store_closep) = LITEIO_STORE_INIT;
	struct liteio_pool_found f = { 0 };
	int r;

	r = liteio_store_open(device, false, &s, err);
	if (!r)
		r = liteio_store_read_label(&s, err);
	if (r)
		return r;
	memcpy(f.device, s.path, sizeof(f.device));
	f.label = s.label;
	f.from_backup = s.from_backup;
	f.untouched = deep && is_untouched(&s);
	*ret = f;
	return 0;
}

static int probe_deep(const char *device, void *ret, struct liteio_error *err)
{
	return probe_device(device, true, ret, err);
}

bool liteio_pool_is_in_kernel(const struct liteio_uuid *pool)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	struct liteio_dm_info i;

	liteio_dm_name(LITEIO_DM_POOL, pool, 0, name);
	return !liteio_dm_info(name, &i, NULL) && i.live_table;
}

int liteio_pool_probe(const char *device, struct liteio_pool_found *ret, struct liteio_error *err)
{
	return liteio_block_on_device(device, probe_deep, ret, err);
}

bool liteio_pool_is_locked(const char *device)
{
	int fd _cleanup_close_ = -1;
	char loop[64];

	/* the lock is that of the device node */
	if (!liteio_block_loop_find(device, loop, sizeof(loop), NULL))
		device = loop;
	fd = open(device, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && liteio_heir_is_locked(fd);
}

/* ---- all disks ------------------------------------------------------------------------------ */

static int probe_label(const char *device, const void *arg, size_t arg_len, void *answer)
{
	return probe_device(device, false, answer, NULL);
}

static int probe_all(const char *device, const void *arg, size_t arg_len, void *answer)
{
	return probe_device(device, true, answer, NULL);
}

int liteio_pool_probe_soon(const char *device, struct liteio_pool_found *ret,
			   struct liteio_error *err)
{
	const struct liteio_ask ask = { .fn = probe_all,
					.answer_len = sizeof(struct liteio_pool_found),
					.within_ms = LITEIO_ASK_MS };
	struct liteio_block_info disk;
	int code;

	/* a file is on a filesystem that somebody has mounted */
	if (liteio_block_brief(device, &disk, NULL))
		return liteio_pool_probe(device, ret, err);
	liteio_ask_all(&ask, &disk, 1, ret, &code);
	if (code == -ETIMEDOUT)
		return liteio_error_set(err, -EAGAIN, "%s does not answer: ask again later",
					device);
	/* it has just answered: what it says once more has a sentence */
	return code ? liteio_pool_probe(device, ret, err) : 0;
}

static void note_silent(const struct liteio_block_info *disk, struct liteio_pool_silence *ret)
{
	struct liteio_block_info i = *disk;
	bool is_used;

	/* the kernel knows who uses it without a word of the disk */
	(void)liteio_block_info(disk->path, &i, NULL);
	is_used = i.n_holders || i.n_partitions || i.is_mounted || i.is_swap;
	ret->n++;
	if (disk->size_bytes > ret->any_bytes) {
		memcpy(ret->any, disk->path, sizeof(ret->any));
		ret->any_bytes = disk->size_bytes;
	}
	if (is_used || disk->size_bytes <= ret->free_bytes)
		return;
	memcpy(ret->free, disk->path, sizeof(ret->free));
	ret->free_bytes = disk->size_bytes;
}

int liteio_pool_scan(struct liteio_pool_found **ret, size_t *ret_n, struct liteio_error *err)
{
	struct liteio_pool_silence silence;

	return liteio_pool_scan_hear(ret, ret_n, &silence, err);
}

int liteio_pool_scan_hear(struct liteio_pool_found **ret, size_t *ret_n,
			  struct liteio_pool_silence *ret_silence, struct liteio_error *err)
{
	const struct liteio_ask ask = { .fn = probe_label,
					.answer_len = sizeof(struct liteio_pool_found),
					.within_ms = LITEIO_ASK_MS };
	struct liteio_block_info *list _cleanup_free_ = NULL;
	struct liteio_pool_found *found;
	int *codes _cleanup_free_ = NULL;
	size_t n_list, n = 0;
	int r;

	r = liteio_block_list(&list, &n_list, err);
	if (r)
		return r;
	for (size_t i = 0; i < n_list; i++) {
		/* of a disk with several ways each has its label, and none is to be opened */
		if (liteio_disk_is_local(&list[i]) && !liteio_block_is_way(list[i].dev))
			list[n++] = list[i];
	}
	found = liteio_calloc(n + 1, sizeof(*found));
	codes = liteio_calloc(n + 1, sizeof(*codes));
	liteio_ask_all(&ask, list, n, found, codes);
	*ret_n = 0;
	*ret_silence = (struct liteio_pool_silence){ 0 };
	for (size_t i = 0; i < n; i++) {
		if (!codes[i])
			found[(*ret_n)++] = found[i];
		if (codes[i] == -ETIMEDOUT)
			note_silent(&list[i], ret_silence);
	}
	*ret = found;
	return 0;
}

/* ---- one pool ------------------------------------------------------------------------------- */

static bool is_wanted(const struct liteio_pool_wanted *wanted, const struct liteio_pool_found *f)
{
	const struct liteio_label *l = &f->label;
	bool by_us;

	if (strcmp(l->pool_name, wanted->name) != 0 || (wanted->is_exported && !l->exported) ||
	    (wanted->uuid && !liteio_uuid_equal(wanted->uuid, &l->pool_uuid)))
		return false;
	return !liteio_pool_is_held(f->device, &by_us) || by_us;
}

int liteio_pool_find(const struct liteio_pool_wanted *wanted, struct liteio_pool_found **ret,
		     size_t *ret_n, struct liteio_error *err)
{
	struct liteio_pool_found *f _cleanup_free_ = NULL, keep;
	size_t n_all, n = 0;
	int r;

	r = liteio_pool_scan(&f, &n_all, err);
	if (r)
		return r;
	for (size_t i = 0; i < n_all; i++) {
		if (!is_wanted(wanted, &f[i]))
			continue;
		if (n && !liteio_uuid_equal(&f[0].label.pool_uuid, &f[i].label.pool_uuid))
			return liteio_error_set(err, -EEXIST,
						"there are two of that name, on %s and on %s: take the one away that is not meant",
						f[0].device, f[i].device);
		keep = f[i];
		f[n] = f[0];
		f[keep.label.this_device ? n : 0] = keep;
		n++;
	}
	if (!n)
		return -ENOENT;
	*ret = take_ptr(f);
	*ret_n = n;
	return 0;
}

bool liteio_pool_any_silent(void)
{
	return liteio_ask_any_silent();
}
