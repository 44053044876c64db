// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Labels and catalog slots on a device.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/heir.h"
#include "pool/step.h"
#include "pool/store.h"

#define MIB (1ull << 20)

/* what is between the header and the first change is written along with both: one write */
#define NEAR_BYTES (16u << 10)

/* most writes to a slot are shorter */
#define ROOM_BYTES (32u << 10)

/* memory that O_DIRECT takes */
static void *aligned(size_t len)
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

static int read_at(struct liteio_store *s, uint64_t start, void *buf, size_t len,
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

static int write_by(struct liteio_store *s, int fd, uint64_t start, const void *buf, size_t len,
		    struct liteio_error *err)
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

static int write_at(struct liteio_store *s, uint64_t start, const void *buf, size_t len,
		    struct liteio_error *err)
{
	return write_by(s, s->fd, start, buf, len, err);
}

int liteio_store_zero(struct liteio_store *s, uint64_t start, uint64_t len,
		      struct liteio_error *err)
{
	const size_t chunk = MIB;
	char *zeros _cleanup_free_ = aligned(chunk);

	while (len) {
		size_t n = len < chunk ? (size_t)len : chunk;
		int r = write_at(s, start, zeros, n, err);

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
	struct liteio_ondisk_label *d _cleanup_free_ = aligned(sizeof(*d));
	int r = read_at(s, offset, d, sizeof(*d), err);

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
	struct liteio_ondisk_label *d _cleanup_free_ = aligned(sizeof(*d));
	/* the other one may not be there: the device may have become larger */
	int first = !s->from_backup, r[2];

	r[first] = liteio_label_check(&s->label, err);
	if (r[first])
		return r[first];
	liteio_label_encode(&s->label, d);
	r[first] = write_at(s, at[first], d, sizeof(*d), err);
	if (!r[first])
		liteio_step("label:one-copy");
	else if (!is_one_enough)
		return r[first];
	r[!first] = write_at(s, at[!first], d, sizeof(*d), err);
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
	void *block _cleanup_free_ = aligned(LITEIO_ONDISK_BLOCK);
	struct liteio_store *on = e->device ? s->others[e->device] : s;
	int r = read_at(on, e->start, block, LITEIO_ONDISK_BLOCK, err);

	return r ? r : liteio_thin_parse_superblock(block, ret);
}

/* ---- catalog -------------------------------------------------------------------------------- */

static const struct liteio_extent *slot_extent(const struct liteio_store *s, int slot)
{
	return liteio_label_extent(&s->label, slot ? LITEIO_EXTENT_SLOT_B : LITEIO_EXTENT_SLOT_A);
}

/*
 * What is used of it, by a header that is not believed yet: of one that lies nothing else is looked
 * at either
 */
static int read_slot(struct liteio_store *s, int slot, struct liteio_catalog *ret,
		     struct liteio_error *err)
{
	const struct liteio_extent *e = slot_extent(s, slot);
	void *header _cleanup_free_ = aligned(LITEIO_ONDISK_BLOCK), *buf _cleanup_free_ = NULL;
	int r = read_at(s, e->start, header, LITEIO_ONDISK_BLOCK, err);
	size_t used;

	if (r)
		return r;
	used = liteio_catalog_used(header, e->length);
	buf = aligned(used);
	r = read_at(s, e->start, buf, used, err);
	return r ? r : liteio_catalog_decode(buf, used, &s->label.pool_uuid, ret, err);
}

int liteio_store_read_catalog(struct liteio_store *s, struct liteio_catalog *ret,
			      struct liteio_error *err)
{
	struct liteio_error errs[2] = { LITEIO_ERROR_INIT, LITEIO_ERROR_INIT };
	struct liteio_catalog c[2] = { 0 };
	int r[2], chosen;

	for (int i = 0; i < 2; i++)
		r[i] = read_slot(s, i, &c[i], &errs[i]);
	/* a slot that the disk does not give back may be the newest: nothing is known then */
	for (int i = 0; i < 2; i++) {
		if (r[i] && r[i] != -ENODATA && r[i] != -EBADMSG && r[i] != -ENOTSUP) {
			liteio_catalog_fini(&c[!i]);
			return liteio_error_set(err, r[i], "%s", errs[i].msg);
		}
	}
	chosen = liteio_catalog_choose(r[0], &c[0], r[1], &c[1]);
	if (chosen < 0) {
		liteio_catalog_fini(&c[0]);
		liteio_catalog_fini(&c[1]);
		return liteio_error_set(err, chosen, "%s: %s", s->path,
					r[0] && (r[0] == chosen || !r[1]) ? errs[0].msg :
					r[1]				  ? errs[1].msg :
					"both catalog slots have the same sequence number");
	}
	s->slot = chosen;
	s->is_twin = !r[0] && !r[1] && liteio_catalog_is_twin(&c[0], &c[1]);
	*ret = c[chosen];
	s->read_sequence = ret->sequence;
	liteio_catalog_fini(&c[!chosen]);
	return 0;
}

int liteio_store_count_slots(struct liteio_store *s, uint64_t *ret_newest, struct liteio_error *err)
{
	uint64_t newest = 0;
	int n = 0;

	for (int i = 0; i < 2; i++) {
		struct liteio_catalog c;
		int r = read_slot(s, i, &c, err);

		if (r && r != -ENODATA && r != -EBADMSG)
			return r;
		if (r)
			continue;
		if (c.sequence > newest)
			newest = c.sequence;
		liteio_catalog_fini(&c);
		n++;
	}
	if (ret_newest)
		*ret_newest = newest;
	return n;
}

/*
 * Zeros, for one write or read at a time. Most are of the same few pages, which the kernel would be
 * asked for, and clear, each time; @ret_own is to be freed
 */
static uint8_t *room(struct liteio_store *s, size_t len, void **ret_own)
{
	if (len > ROOM_BYTES) {
		*ret_own = aligned(len);
		return *ret_own;
	}
	if (!s->room)
		s->room = aligned_alloc(LITEIO_ONDISK_BLOCK, ROOM_BYTES);
	if (!s->room)
		abort();
	memset(s->room, 0, len);
	return s->room;
}

/* from the header to @end */
static int write_to(struct liteio_store *s, uint64_t slot, struct liteio_catalog *c, size_t end,
		    struct liteio_error *err)
{
	const struct liteio_catalog_range records = { LITEIO_ONDISK_BLOCK, end };
	void *own _cleanup_free_ = NULL;
	uint8_t *buf = room(s, end, &own);

	liteio_catalog_encode_header(c, (uint64_t)time(NULL), buf);
	liteio_catalog_encode_range(c, &records, buf + LITEIO_ONDISK_BLOCK);
	s->bytes_written += end;
	return write_at(s, slot, buf, end, err);
}

/* not flushed */
static int write_range(struct liteio_store *s, uint64_t slot, struct liteio_catalog *c,
		       const struct liteio_catalog_range *range, struct liteio_error *err)
{
	size_t len = range->end - range->start;
	void *own _cleanup_free_ = NULL;
	uint8_t *buf = room(s, len, &own);

	liteio_catalog_encode_range(c, range, buf);
	s->bytes_written += len;
	return write_by(s, s->plain_fd, slot + range->start, buf, len, err);
}

/* ranges of records, then the header, then all are flushed */
static int write_ranges(struct liteio_store *s, uint64_t slot, struct liteio_catalog *c,
			const struct liteio_catalog_range *ranges, size_t n,
			struct liteio_error *err)
{
	uint8_t *header _cleanup_free_ = aligned(LITEIO_ONDISK_BLOCK);
	int r = 0;

	liteio_catalog_encode_header(c, (uint64_t)time(NULL), header);
	s->bytes_written += LITEIO_ONDISK_BLOCK;
	for (size_t i = 0; i < n && !r; i++)
		r = write_range(s, slot, c, &ranges[i], err);
	if (!r)
		r = write_by(s, s->plain_fd, slot, header, LITEIO_ONDISK_BLOCK, err);
	if (!r && fdatasync(s->plain_fd))
		r = liteio_error_set(err, errno, "cannot flush %s: %s", s->path,
				     liteio_error_str(NULL, -errno));
	return r;
}

/*
 * A disk that has lost what it said was written has the header of something older: a part of
 * anything written over that leaves a slot that is none, and the one after it the other
 */
static bool is_there(struct liteio_store *s, int slot, struct liteio_catalog *held)
{
	void *own _cleanup_free_ = NULL, *block = room(s, LITEIO_ONDISK_BLOCK, &own);

	if (read_at(s, slot_extent(s, slot)->start, block, LITEIO_ONDISK_BLOCK, NULL))
		return false;
	if (liteio_catalog_is_header(held, block))
		return true;
	s->has_lied = true;
	return false;
}

/* @held is what is there, NULL when that is not known; @newest is what is in the other one */
static int write_slot(struct liteio_store *s, int slot, struct liteio_catalog *held,
		      const struct liteio_catalog *newest, struct liteio_catalog *c,
		      struct liteio_error *err)
{
	const struct liteio_extent *e = slot_extent(s, slot);
	struct liteio_catalog_range ranges[LITEIO_CATALOG_RANGES];
	size_t n;

	if (!held || s->n_parts[slot] >= LITEIO_STORE_PARTS ||
	    liteio_now_ms() - s->whole_ms[slot] >= LITEIO_STORE_WHOLE_MS ||
	    !is_there(s, slot, held)) {
		s->n_parts[slot] = 0;
		s->whole_ms[slot] = liteio_now_ms();
		return write_to(s, e->start, c, liteio_catalog_bytes(c), err);
	}
	s->n_parts[slot]++;
	n = liteio_catalog_diff(held, c, liteio_catalog_same(held, newest, c), ranges);
	if (!n || (n == 1 && ranges[0].start <= NEAR_BYTES))
		return write_to(s, e->start, c, n ? ranges[0].end : LITEIO_ONDISK_BLOCK, err);
	return write_ranges(s, e->start, c, ranges, n, err);
}

/* nothing is ever written that would be refused when it is read */
static int check(struct liteio_store *s, struct liteio_catalog *was, struct liteio_catalog *c,
		 struct liteio_error *err)
{
	const struct liteio_extent *e = slot_extent(s, 0);

	if (liteio_catalog_bytes(c) > e->length)
		return liteio_error_set(err, -ENOSPC,
					"the catalog is full: it has room for %llu volumes and attachments",
					(unsigned long long)(e->length - LITEIO_ONDISK_BLOCK) /
						LITEIO_RECORD_BYTES);
	return was ? liteio_catalog_check_change(was, c, err) : liteio_catalog_check(c, err);
}

static void forget_older(struct liteio_store *s)
{
	liteio_catalog_fini(&s->older);
	s->is_twin = false;
}

int liteio_store_write_catalog(struct liteio_store *s, struct liteio_catalog *was,
			       struct liteio_catalog *c, bool is_whole, struct liteio_error *err)
{
	struct liteio_catalog *held = NULL;
	int r;

	c->sequence++;
	r = check(s, was, c, err);
	if (r)
		return r;
	if (!is_whole && s->is_twin && was && was->is_written)
		held = was;
	else if (!is_whole && s->older.is_written)
		held = &s->older;
	r = write_slot(s, !s->slot, held, was, c, err);
	forget_older(s);
	/* and then nothing is known of the other one, either */
	if (s->has_lied && was)
		was->is_written = false;
	s->is_failing = r;
	if (r)
		return r;
	c->is_written = true;
	s->slot = !s->slot;
	return 0;
}

int liteio_store_write_twin(struct liteio_store *s, struct liteio_catalog *c,
			    struct liteio_error *err)
{
	/* others look at @c meanwhile: it has the number when the disk has it */
	struct liteio_catalog twin = *c;
	int r;

	twin.sequence++;
	r = write_slot(s, !s->slot, s->older.is_written ? &s->older : NULL, NULL, &twin, err);
	forget_older(s);
	s->is_failing = r;
	if (r)
		return r;
	c->sequence = twin.sequence;
	s->is_twin = true;
	s->slot = !s->slot;
	return 0;
}

void liteio_store_supersede(struct liteio_store *s, struct liteio_catalog *was)
{
	forget_older(s);
	s->older = *was;
	*was = (struct liteio_catalog){ 0 };
}

void liteio_store_doubt(struct liteio_store *s, struct liteio_catalog *newest)
{
	forget_older(s);
	newest->is_written = false;
}

int liteio_store_wipe_slots(struct liteio_store *s, struct liteio_error *err)
{
	int r = 0;

	for (int i = 0; i < 2 && !r; i++)
		r = liteio_store_zero(s, slot_extent(s, i)->start, LITEIO_ONDISK_BLOCK, err);
	return r;
}

int liteio_store_format_catalog(struct liteio_store *s, struct liteio_catalog *c,
				struct liteio_error *err)
{
	int r;

	c->sequence = 1;
	r = check(s, NULL, c, err);
	if (!r)
		r = write_slot(s, 0, NULL, NULL, c, err);
	if (r)
		return r;
	s->slot = 0;
	return liteio_store_write_catalog(s, NULL, c, true, err);
}
