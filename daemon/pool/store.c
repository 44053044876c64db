// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device of a pool, and its labels; store_slot.c has the slots of the catalog.
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
#include "pool/heir.h"
#include "pool/step.h"
#include "pool/store.h"
#include "pool/store_bytes.h"

#define MIB (1ull << 20)

void *liteio_store_aligned(size_t len)
{
	void *p = aligned_alloc(LITEIO_ONDISK_BLOCK, len);

	if (!p)
		abort();
	memset(p, 0, len);
	return p;
}

/* belongs to the open file: goes away with the process, but for one that hangs */
static int lock(struct liteio_store *s, int fd, const char *path, struct liteio_error *err)
{
	int r = liteio_heir_lock(fd, path, NULL, err);

	if (r != -EBUSY)
		return r;
	/* whose pool it is decides whether the lock was left behind */
	s->fd = fd;
	if (liteio_store_read_label(s, NULL) == 0)
		r = liteio_heir_lock(fd, path, &s->label.pool_uuid, err);
	return r;
}

int liteio_store_open(const char *path, bool writable, struct liteio_store *ret,
		      struct liteio_error *err)
{
	struct liteio_store s = LITEIO_STORE_INIT;
	struct liteio_block_info info;
	int fd _cleanup_close_ = -1, plain_fd _cleanup_close_ = -1, r;

	r = liteio_block_brief(path, &info, err);
	if (r)
		return r;
	if (info.size_bytes < LITEIO_POOL_SIZE_MIN)
		return liteio_error_set(err, -ENODATA, "%s is too small to carry a pool", path);
	fd = open(info.path, (writable ? O_RDWR | O_DSYNC : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return liteio_error_set(err, errno, "cannot open %s: %s", path,
					liteio_error_str(NULL, -errno));
	memcpy(s.path, info.path, sizeof(s.path));
	s.dev = info.dev;
	s.size = info.size_bytes;
	memcpy(s.id, info.id, sizeof(s.id));
	if (writable) {
		r = lock(&s, fd, path, err);
		if (r)
			return r;
		plain_fd = open(info.path, O_WRONLY | O_DIRECT | O_CLOEXEC);
		if (plain_fd < 0)
			return liteio_error_set(err, errno, "cannot open %s: %s", path,
						liteio_error_str(NULL, -errno));
	}
	s.fd = take_fd(&fd);
	s.plain_fd = take_fd(&plain_fd);
	*ret = s;
	return 0;
}

/* zeros would be descriptors: of standard input, or of whatever has that number by now */
struct liteio_store *liteio_store_new(void)
{
	struct liteio_store *s = liteio_calloc(1, sizeof(*s));

	*s = (struct liteio_store)LITEIO_STORE_INIT;
	return s;
}

void liteio_store_free(struct liteio_store *s)
{
	if (s)
		liteio_store_close(s);
	free(s);
}

void liteio_store_close(struct liteio_store *s)
{
	for (size_t i = 0; i < LITEIO_LABEL_DEVICES_MAX; i++) {
		liteio_store_free(s->others[i]);
		s->others[i] = NULL;
	}
	liteio_catalog_fini(&s->older);
	free(s->room);
	s->room = NULL;
	if (s->plain_fd >= 0)
		close(s->plain_fd);
	s->plain_fd = -1;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

int liteio_store_read_at(struct liteio_store *s, uint64_t start, void *buf, size_t len,
			 struct liteio_error *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(s->fd, (char *)buf + done, len - done, (off_t)(start + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return liteio_error_set(err, n ? errno : EIO, "cannot read %s at %llu: %s",
						s->path, (unsigned long long)(start + done),
						liteio_error_str(NULL, n ? -errno : -EIO));
		done += (size_t)n;
	}
	return 0;
}

int liteio_store_write_by(struct liteio_store *s, int fd, uint64_t start, const void *buf,
			  size_t len, struct liteio_error *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fd, (const char *)buf + done, len - done,
				   (off_t)(start + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return liteio_error_set(err, n ? errno : EIO, "cannot write %s at %llu: %s",
						s->path, (unsigned long long)(start + done),
						liteio_error_str(NULL, n ? -errno : -EIO));
		done += (size_t)n;
	}
	return 0;
}

int liteio_store_write_at(struct liteio_store *s, uint64_t start, const void *buf, size_t len,
			  struct liteio_error *err)
{
	return liteio_store_write_by(s, s->fd, start, buf, len, err);
}

int liteio_store_zero(struct liteio_store *s, uint64_t start, uint64_t len,
		      struct liteio_error *err)
{
	const size_t chunk = MIB;
	char *zeros _cleanup_free_ = liteio_store_aligned(chunk);

	while (len) {
		size_t n = len < chunk ? (size_t)len : chunk;
		int r = liteio_store_write_at(s, start, zeros, n, err);

		if (r)
			return r;
		start += n;
		len -= n;
	}
	return 0;
}

/* ---- labels --------------------------------------------------------------------------------- */

static int read_one(struct liteio_store *s, uint64_t offset, struct liteio_label *ret,
		    struct liteio_error *err)
{
	struct liteio_ondisk_label *d _cleanup_free_ = liteio_store_aligned(sizeof(*d));
	int r = liteio_store_read_at(s, offset, d, sizeof(*d), err);

	return r ? r : liteio_label_decode(d, ret, err);
}

static bool is_same_device(const struct liteio_label *a, const struct liteio_label *b)
{
	uint32_t i = a->this_device;

	return liteio_uuid_equal(&a->pool_uuid, &b->pool_uuid) && b->this_device == i &&
	       liteio_uuid_equal(&a->devices[i].uuid, &b->devices[i].uuid);
}

/*
 * Of a device that has become larger, and has none at its new end: the backup is where it ended by
 * the first, which is in @s, and may be the newer one. A volume has that block only when the pool
 * has grown, and knows nothing of the uuid of the device.
 */
static int read_old_end(struct liteio_store *s, struct liteio_error *err)
{
	uint64_t at = liteio_label_backup_offset(s->label.devices[s->label.this_device].size);
	struct liteio_error why = LITEIO_ERROR_INIT;
	struct liteio_label backup;
	int r;

	if (at >= liteio_label_backup_offset(s->size))
		return 0;
	r = read_one(s, at, &backup, &why);
	if (r == -ENOTSUP)
		return liteio_error_set(err, r, "%s: %s", s->path, why.msg);
	/* the new end is still what is written first: from_backup is as it was */
	if (!r && is_same_device(&s->label, &backup) && backup.sequence > s->label.sequence)
		s->label = backup;
	return 0;
}

int liteio_store_read_label(struct liteio_store *s, struct liteio_error *err)
{
	struct liteio_error first_err = LITEIO_ERROR_INIT, backup_err = LITEIO_ERROR_INIT;
	struct liteio_label first, backup;
	int rf, rb, r;

	rf = read_one(s, LITEIO_LABEL_OFFSET, &first, &first_err);
	rb = read_one(s, liteio_label_backup_offset(s->size), &backup, &backup_err);
	if (rf == -ENOTSUP || rb == -ENOTSUP)
		return liteio_error_set(err, -ENOTSUP, "%s: %s", s->path,
					rf == -ENOTSUP ? first_err.msg : backup_err.msg);
	/* that of the first is the more telling one, unless there is nothing at all */
	if (rf && rb)
		return liteio_error_set(err, rf, "%s: %s", s->path, first_err.msg);
	/* the backup of a pool that was here before: the first is newer */
	if (!rf && !rb && !liteio_uuid_equal(&first.pool_uuid, &backup.pool_uuid))
		rb = -ENODATA;
	s->from_backup = rf || (!rb && backup.sequence > first.sequence);
	s->label = s->from_backup ? backup : first;
	s->needs_labels = rf || rb || first.sequence != backup.sequence;
	r = rb ? read_old_end(s, err) : 0;
	if (r)
		return r;
	if (s->label.devices[s->label.this_device].size > s->size)
		return liteio_error_set(err, -EBADMSG, "%s is smaller than the pool on it",
					s->path);
	return 0;
}

static int write_copies(struct liteio_store *s, bool is_one_enough, struct liteio_error *err)
{
	const uint64_t at[2] = { LITEIO_LABEL_OFFSET, liteio_label_backup_offset(s->size) };
	struct liteio_ondisk_label *d _cleanup_free_ = liteio_store_aligned(sizeof(*d));
	/* the other one may not be there: the device may have become larger */
	int first = !s->from_backup, r[2];

	r[first] = liteio_label_check(&s->label, err);
	if (r[first])
		return r[first];
	liteio_label_encode(&s->label, d);
	r[first] = liteio_store_write_at(s, at[first], d, sizeof(*d), err);
	if (!r[first])
		liteio_step("label:one-copy");
	else if (!is_one_enough)
		return r[first];
	r[!first] = liteio_store_write_at(s, at[!first], d, sizeof(*d), err);
	if (r[!first] && (r[first] || !is_one_enough))
		return r[!first];
	s->from_backup = r[0];
	s->needs_labels = r[0] || r[1];
	return 0;
}

int liteio_store_write_label(struct liteio_store *s, struct liteio_error *err)
{
	return write_copies(s, false, err);
}

int liteio_store_write_label_any(struct liteio_store *s, struct liteio_error *err)
{
	return write_copies(s, true, err);
}

/*
 * What is no copy of the label of that device is left alone: whoever has the space behind the old
 * end may have written there.
 */
static int wipe_end(struct liteio_store *s, const struct liteio_label *l, uint64_t size,
		    struct liteio_error *err)
{
	uint64_t at = liteio_label_backup_offset(size);
	struct liteio_label there;

	if (at >= liteio_label_backup_offset(s->size) || read_one(s, at, &there, NULL) ||
	    !is_same_device(l, &there))
		return 0;
	return liteio_store_zero(s, at, LITEIO_ONDISK_BLOCK, err);
}

int liteio_store_wipe_end(struct liteio_store *s, uint64_t size, struct liteio_error *err)
{
	return wipe_end(s, &s->label, size, err);
}

int liteio_store_wipe(struct liteio_store *s, struct liteio_error *err)
{
	uint64_t backup = liteio_label_backup_offset(s->size);
	const uint64_t at[] = { LITEIO_LABEL_OFFSET, backup };
	struct liteio_label l;
	int r = 0;

	/* where the device ended before say they alone */
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(at) && !r; i++) {
		if (!read_one(s, at[i], &l, NULL))
			r = wipe_end(s, &l, l.devices[l.this_device].size, err);
	}
	if (!r)
		r = liteio_store_zero(s, 0, MIB, err);
	return r ? r : liteio_store_zero(s, backup + LITEIO_ONDISK_BLOCK - MIB, MIB, err);
}

int liteio_store_thin_superblock(struct liteio_store *s, enum liteio_extent_kind meta,
				 struct liteio_thin_superblock *ret, struct liteio_error *err)
{
	const struct liteio_extent *e = liteio_label_extent(&s->label, meta);
	void *block _cleanup_free_ = liteio_store_aligned(LITEIO_ONDISK_BLOCK);
	struct liteio_store *on = e->device ? s->others[e->device] : s;
	int r = liteio_store_read_at(on, e->start, block, LITEIO_ONDISK_BLOCK, err);

	return r ? r : liteio_thin_parse_superblock(block, ret);
}
