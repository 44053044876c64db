// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two slots of a store, written in turn.
 */
#include "pool/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "pool/store_bytes.h"

/* what is between the header and the first change is written along with both: one write */
#define NEAR_BYTES (16u << 10)

/*
 * Most writes to a slot are shorter, also those that move the attachments of hundreds of volumes.
 * What is as large is mapped by itself (base/heap.c): only what was ever used of it is memory
 */
#define ROOM_BYTES (512u << 10)

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
	void *header _cleanup_free_ = liteio_store_aligned(LITEIO_ONDISK_BLOCK);
	void *buf _cleanup_free_ = NULL;
	int r = liteio_store_read_at(s, e->start, header, LITEIO_ONDISK_BLOCK, err);
	size_t used;

	if (r)
		return r;
	used = liteio_catalog_used(header, e->length);
	buf = liteio_store_aligned(used);
	r = liteio_store_read_at(s, e->start, buf, used, err);
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
 * For one write or read at a time, which fills it. Most are of the same pages, which the kernel
 * would be asked for, and clear, each time; @ret_own is to be freed
 */
static uint8_t *room(struct liteio_store *s, size_t len, void **ret_own)
{
	if (len > ROOM_BYTES) {
		*ret_own = liteio_store_aligned(len);
		return *ret_own;
	}
	if (!s->room)
		s->room = aligned_alloc(LITEIO_ONDISK_BLOCK, ROOM_BYTES);
	if (!s->room)
		abort();
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
	return liteio_store_write_at(s, slot, buf, end, err);
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
	return liteio_store_write_by(s, s->plain_fd, slot + range->start, buf, len, err);
}

/* ranges of records, then the header, then all are flushed */
static int write_ranges(struct liteio_store *s, uint64_t slot, struct liteio_catalog *c,
			const struct liteio_catalog_range *ranges, size_t n,
			struct liteio_error *err)
{
	uint8_t *header _cleanup_free_ = liteio_store_aligned(LITEIO_ONDISK_BLOCK);
	int r = 0;

	liteio_catalog_encode_header(c, (uint64_t)time(NULL), header);
	s->bytes_written += LITEIO_ONDISK_BLOCK;
	for (size_t i = 0; i < n && !r; i++)
		r = write_range(s, slot, c, &ranges[i], err);
	if (!r)
		r = liteio_store_write_by(s, s->plain_fd, slot, header, LITEIO_ONDISK_BLOCK, err);
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

	if (liteio_store_read_at(s, slot_extent(s, slot)->start, block, LITEIO_ONDISK_BLOCK, NULL))
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
	struct liteio_catalog_same same;
	size_t n;

	if (!held || s->n_parts[slot] >= LITEIO_STORE_PARTS ||
	    liteio_now_ms() - s->whole_ms[slot] >= LITEIO_STORE_WHOLE_MS ||
	    !is_there(s, slot, held)) {
		s->n_parts[slot] = 0;
		s->whole_ms[slot] = liteio_now_ms();
		return write_to(s, e->start, c, liteio_catalog_bytes(c), err);
	}
	s->n_parts[slot]++;
	same = liteio_catalog_same(held, newest, c);
	n = liteio_catalog_diff(held, c, &same, ranges);
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
