// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A catalog that the disk does not take is the pool's condition, from the first write on and until
 * one succeeds; slots that are damaged, or old, are found and written again, and whatever a write
 * that failed has left behind, it is known which of both counts.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "pool/copies.h"
#include "pool/object.h"
#include "unit.h"

#define SLOT_BYTES (1u << 20)
#define DEVICE_BYTES (LITEIO_SLOT_OFFSET + 2 * SLOT_BYTES)

/**
 * struct bed - a pool without devices, whose slots are in a file
 * @p: the pool
 * @e: what the kernel says of it
 * @fd: the file
 * @told: how often somebody was told of another condition
 */
struct bed {
	struct liteio_pool p;
	struct liteio_engine e;
	int fd;
	unsigned int told;
};

static struct liteio_engine_status kernel;

/* the disk says that it has what is written, and has not */
static bool is_lying;

/* in place of the C library's */
ssize_t pwrite(int fd, const void *buf, size_t n, off_t at)
{
	ssize_t (*write_it)(int fd, const void *buf, size_t n, off_t at);

	if (is_lying)
		return (ssize_t)n;
	*(void **)&write_it = dlsym(RTLD_NEXT, "pwrite64");
	return write_it(fd, buf, n, at);
}

static int status(struct liteio_engine *e, struct liteio_engine_status *ret,
		  struct liteio_error *err)
{
	*ret = kernel;
	return 0;
}

static const struct liteio_engine_ops ops = { .name = "unit", .status = status };

static void count(void *arg)
{
	((struct bed *)arg)->told++;
}

static struct liteio_store store_on(int fd)
{
	struct liteio_store s = LITEIO_STORE_INIT;

	s.fd = dup(fd);
	s.plain_fd = dup(fd);
	s.size = DEVICE_BYTES;
	snprintf(s.label.pool_name, sizeof(s.label.pool_name), "fast");
	s.label.pool_uuid.b[0] = 1;
	s.label.n_extents = 2;
	for (int i = 0; i < 2; i++) {
		s.label.extents[i].kind = i ? LITEIO_EXTENT_SLOT_B : LITEIO_EXTENT_SLOT_A;
		s.label.extents[i].start = LITEIO_SLOT_OFFSET + (uint64_t)i * SLOT_BYTES;
		s.label.extents[i].length = SLOT_BYTES;
	}
	return s;
}

static void bed_init(struct bed *b)
{
	char path[] = "/tmp/liteio-copies-XXXXXX";

	memset(b, 0, sizeof(*b));
	memset(&kernel, 0, sizeof(kernel));
	b->fd = mkstemp(path);
	ck_assert_int_ge(b->fd, 0);
	unlink(path);
	ck_assert_int_eq(ftruncate(b->fd, DEVICE_BYTES), 0);
	pthread_mutex_init(&b->p.lock, NULL);
	b->e.ops = &ops;
	b->p.engine = &b->e;
	b->p.store = store_on(b->fd);
	liteio_catalog_init(&b->p.cat, &b->p.store.label.pool_uuid);
	ck_assert_int_eq(liteio_store_format_catalog(&b->p.store, &b->p.cat, NULL), 0);
	liteio_pool_set_lane(&b->p, &(struct liteio_pool_lane){ NULL, NULL, count, b });
}

static void bed_fini(struct bed *b)
{
	liteio_catalog_fini(&b->p.cat);
	liteio_store_close(&b->p.store);
	pthread_mutex_destroy(&b->p.lock);
	close(b->fd);
}

/* from here on writes fail, or succeed again */
static void set_broken(struct bed *b, bool is_broken)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", b->fd);
	close(b->p.store.fd);
	close(b->p.store.plain_fd);
	b->p.store.fd = is_broken ? open(path, O_RDONLY) : dup(b->fd);
	b->p.store.plain_fd = dup(b->p.store.fd);
	ck_assert_int_ge(b->p.store.plain_fd, 0);
}

/* in the header, and in a record if there is one */
static void draft_of(struct bed *b, uint32_t percent, struct liteio_catalog *ret)
{
	liteio_pool_draft(&b->p, ret);
	ret->overcommit_percent = percent;
	if (ret->n_volumes)
		liteio_catalog_edit(ret, &ret->volumes[0]->uuid)->limits.read_iops = percent;
}

static int change(struct bed *b, uint32_t percent)
{
	struct liteio_catalog draft;

	draft_of(b, percent, &draft);
	return liteio_pool_persist(&b->p, &draft, NULL);
}

static void damage(struct bed *b, int slot)
{
	off_t at = (off_t)(LITEIO_SLOT_OFFSET + (uint64_t)slot * SLOT_BYTES);

	ck_assert_int_eq(pwrite(b->fd, "rot", 3, at), 3);
}

/* what an agent that is started would find */
static void is_on_disk(struct bed *b, uint32_t percent)
{
	struct liteio_store s = b->p.store;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog c;
	int r = liteio_store_read_catalog(&s, &c, &err);

	ck_assert_msg(!r, "%s", err.msg);
	ck_assert_uint_eq(c.overcommit_percent, percent);
	liteio_catalog_fini(&c);
}

static void is_ready(struct bed *b)
{
	ck_assert_int_eq(b->p.condition, LITEIO_POOL_READY);
	ck_assert_str_eq(b->p.reason_word, "");
	ck_assert_str_eq(b->p.reason, "");
}

static void is_not_written(struct bed *b)
{
	ck_assert_int_eq(b->p.condition, LITEIO_POOL_READ_ONLY);
	ck_assert_str_eq(b->p.reason_word, "CatalogNotWritten");
}

/* when the last try was long ago */
static void look_later(struct bed *b)
{
	b->p.refused_ms = 0;
	ck_assert_int_eq(liteio_pool_refresh(&b->p, NULL), 0);
}

/* ---- the condition -------------------------------------------------------------------------- */

START_TEST(test_condition)
{
	struct bed b;

	bed_init(&b);
	ck_assert_int_eq(change(&b, 200), 0);
	ck_assert_uint_eq(b.told, 0);
	set_broken(&b, true);
	ck_assert_int_lt(change(&b, 300), 0);
	is_not_written(&b);
	ck_assert_uint_eq(b.told, 1);
	ck_assert_int_eq(liteio_pool_check_writable(&b.p, NULL), -EROFS);
	ck_assert_int_eq(liteio_pool_refresh(&b.p, NULL), 0);
	is_not_written(&b);
	ck_assert_uint_eq(b.told, 1);
	/* who wants to change something tries, and so does who only looks */
	for (int looks = 0; looks < 2; looks++) {
		set_broken(&b, false);
		if (looks)
			look_later(&b);
		else
			ck_assert_int_eq(liteio_pool_check_writable(&b.p, NULL), 0);
		is_ready(&b);
		is_on_disk(&b, 200);
		set_broken(&b, true);
		ck_assert_int_lt(change(&b, 300), 0);
		is_not_written(&b);
	}
	ck_assert_uint_eq(b.told, 5);
	/* a change that succeeds says it, too, without being asked for more */
	set_broken(&b, false);
	ck_assert_int_eq(change(&b, 300), 0);
	is_ready(&b);
	is_on_disk(&b, 300);
	bed_fini(&b);
}
END_TEST

/* of many who look at it one writes, and none says anything else; who wants a change does always */
START_TEST(test_patience)
{
	uint64_t written;
	struct bed b;

	bed_init(&b);
	set_broken(&b, true);
	ck_assert_int_lt(change(&b, 300), 0);
	for (int i = 0; i < 3; i++) {
		written = b.p.store.bytes_written;
		for (int k = 0; k < 10; k++)
			ck_assert_int_eq(liteio_pool_refresh(&b.p, NULL), 0);
		is_not_written(&b);
		ck_assert_uint_eq(b.p.store.bytes_written, written);
		if (i)
			look_later(&b);
		else
			ck_assert_int_eq(liteio_pool_check_writable(&b.p, NULL), -EROFS);
		is_not_written(&b);
		ck_assert_uint_eq(b.p.store.bytes_written,
				  written + liteio_catalog_bytes(&b.p.cat));
	}
	set_broken(&b, false);
	ck_assert_int_eq(liteio_pool_refresh(&b.p, NULL), 0);
	is_not_written(&b);
	look_later(&b);
	is_ready(&b);
	bed_fini(&b);
}
END_TEST

/* of two writes that belong together it may be the second one that the disk does not take */
START_TEST(test_second_slot)
{
	struct bed b;

	bed_init(&b);
	ck_assert_int_eq(change(&b, 200), 0);
	ck_assert_int_eq(liteio_pool_persist_again(&b.p, NULL), 0);
	is_ready(&b);
	ck_assert_int_eq(change(&b, 300), 0);
	set_broken(&b, true);
	ck_assert_int_lt(liteio_pool_persist_again(&b.p, NULL), 0);
	is_not_written(&b);
	ck_assert_uint_eq(b.told, 1);
	ck_assert(b.p.is_one_copy);
	set_broken(&b, false);
	look_later(&b);
	is_ready(&b);
	ck_assert(!b.p.is_one_copy);
	is_on_disk(&b, 300);
	damage(&b, b.p.store.slot);
	is_on_disk(&b, 300);
	bed_fini(&b);
}
END_TEST

/* what else befalls the pool meanwhile is neither hidden for good, nor hides this for good */
START_TEST(test_more_than_one)
{
	struct bed b;

	bed_init(&b);
	kernel.mode = LITEIO_ENGINE_NO_SPACE;
	ck_assert_int_eq(liteio_pool_refresh(&b.p, NULL), 0);
	ck_assert_int_eq(b.p.condition, LITEIO_POOL_NO_SPACE);
	set_broken(&b, true);
	ck_assert_int_lt(change(&b, 300), 0);
	is_not_written(&b);
	kernel.needs_check = true;
	ck_assert_int_eq(liteio_pool_refresh(&b.p, NULL), 0);
	ck_assert_str_eq(b.p.reason_word, "NeedsCheck");
	kernel.needs_check = false;
	ck_assert_int_eq(liteio_pool_refresh(&b.p, NULL), 0);
	is_not_written(&b);
	set_broken(&b, false);
	look_later(&b);
	ck_assert_int_eq(b.p.condition, LITEIO_POOL_NO_SPACE);
	kernel.mode = LITEIO_ENGINE_RW;
	ck_assert_int_eq(liteio_pool_refresh(&b.p, NULL), 0);
	is_ready(&b);
	bed_fini(&b);
}
END_TEST

/* found when it was opened: nothing that is said later makes it better */
START_TEST(test_stuck)
{
	struct bed b;

	bed_init(&b);
	liteio_pool_set_condition(&b.p, LITEIO_POOL_READ_ONLY, "MetadataDamaged", true, "x");
	set_broken(&b, true);
	ck_assert_int_lt(change(&b, 300), 0);
	ck_assert_str_eq(b.p.reason_word, "MetadataDamaged");
	set_broken(&b, false);
	ck_assert_int_eq(change(&b, 300), 0);
	ck_assert_int_eq(liteio_pool_refresh(&b.p, NULL), 0);
	ck_assert_str_eq(b.p.reason_word, "MetadataDamaged");
	ck_assert_int_eq(liteio_pool_check_writable(&b.p, NULL), -EROFS);
	bed_fini(&b);
}
END_TEST

/* ---- slots ---------------------------------------------------------------------------------- */

START_TEST(test_mended)
{
	struct liteio_pool_copies c;
	struct bed b;

	bed_init(&b);
	for (int slot = 0; slot < 3; slot++) {
		ck_assert_int_eq(change(&b, 200 + (uint32_t)slot), 0);
		if (slot != 1)
			damage(&b, 0);
		if (slot)
			damage(&b, 1);
		ck_assert_int_eq(liteio_pool_look_copies(&b.p, &c, NULL), 0);
		ck_assert_uint_eq(c.slots, slot == 2 ? 0 : 1);
		ck_assert_int_eq(liteio_pool_mend_copies(&b.p, NULL), 0);
		ck_assert_int_eq(liteio_pool_look_copies(&b.p, &c, NULL), 0);
		ck_assert_uint_eq(c.slots, 2);
		ck_assert(!c.is_lost);
		is_on_disk(&b, 200 + (uint32_t)slot);
	}
	bed_fini(&b);
}
END_TEST

/* a write that was told to have failed is there all the same, and the other slot is damaged */
START_TEST(test_left_by_a_failure)
{
	struct liteio_pool_copies c;
	struct liteio_catalog draft;
	struct liteio_store s;
	struct bed b;

	bed_init(&b);
	ck_assert_int_eq(change(&b, 200), 0);
	s = store_on(b.fd);
	s.slot = b.p.store.slot;
	liteio_pool_draft(&b.p, &draft);
	draft.overcommit_percent = 300;
	ck_assert_int_eq(liteio_store_write_catalog(&s, &b.p.cat, &draft, true, NULL), 0);
	liteio_catalog_fini(&draft);
	liteio_store_close(&s);
	is_on_disk(&b, 300);
	damage(&b, b.p.store.slot);
	ck_assert_int_eq(liteio_pool_mend_copies(&b.p, NULL), 0);
	ck_assert_int_eq(liteio_pool_look_copies(&b.p, &c, NULL), 0);
	ck_assert_uint_eq(c.slots, 2);
	is_on_disk(&b, 200);
	ck_assert_int_eq(change(&b, 400), 0);
	is_on_disk(&b, 400);
	bed_fini(&b);
}
END_TEST

/* a disk that has what was there before */
START_TEST(test_lost)
{
	uint8_t *was = malloc(DEVICE_BYTES);
	struct liteio_pool_copies c;
	struct bed b;

	ck_assert_ptr_nonnull(was);
	bed_init(&b);
	ck_assert_int_eq(change(&b, 200), 0);
	ck_assert_int_eq(pread(b.fd, was, DEVICE_BYTES, 0), DEVICE_BYTES);
	ck_assert_int_eq(change(&b, 300), 0);
	ck_assert_int_eq(liteio_pool_look_copies(&b.p, &c, NULL), 0);
	ck_assert(!c.is_lost);
	ck_assert_int_eq(pwrite(b.fd, was, DEVICE_BYTES, 0), DEVICE_BYTES);
	ck_assert_int_eq(liteio_pool_look_copies(&b.p, &c, NULL), 0);
	ck_assert(c.is_lost);
	ck_assert_int_eq(liteio_pool_mend_copies(&b.p, NULL), 0);
	ck_assert_int_eq(liteio_pool_look_copies(&b.p, &c, NULL), 0);
	ck_assert(!c.is_lost);
	is_on_disk(&b, 300);
	/* what must be in both slots is, whichever of them is lost next */
	damage(&b, b.p.store.slot);
	is_on_disk(&b, 300);
	free(was);
	bed_fini(&b);
}
END_TEST

/* what was said to be written, and the disk takes writes again when nothing could be mended */
START_TEST(test_lies)
{
	struct liteio_pool_copies c;
	struct bed b;

	bed_init(&b);
	ck_assert_int_eq(change(&b, 200), 0);
	ck_assert_int_eq(change(&b, 300), 0);
	is_lying = true;
	ck_assert_int_eq(change(&b, 400), 0);
	ck_assert_int_eq(change(&b, 500), 0);
	ck_assert_int_eq(liteio_pool_look_copies(&b.p, &c, NULL), 0);
	ck_assert(c.is_lost);
	ck_assert_int_eq(liteio_pool_mend_copies(&b.p, NULL), -EIO);
	is_lying = false;
	is_on_disk(&b, 300);
	/* the next change does not go over the newest that the disk has */
	ck_assert_int_eq(change(&b, 600), 0);
	ck_assert(b.p.is_one_copy);
	is_on_disk(&b, 600);
	damage(&b, b.p.store.slot);
	is_on_disk(&b, 300);
	bed_fini(&b);
}
END_TEST

static int fence(struct bed *b, uint32_t percent)
{
	struct liteio_catalog draft;

	draft_of(b, percent, &draft);
	return liteio_pool_persist_both(&b->p, &draft, NULL);
}

/* with a record, which is what a part of a slot is of */
static void bed_init_record(struct bed *b)
{
	struct liteio_catalog_volume v = {
		.uuid = { { 7 } },
		.name = "db",
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_THIN,
		.state = LITEIO_CATALOG_CREATING,
		.size_bytes = 1 << 20,
		.floor = 1,
	};
	struct liteio_catalog draft;

	bed_init(b);
	liteio_pool_draft(&b->p, &draft);
	v.txid = draft.thin_txid + 1;
	v.thin_id = draft.next_thin_id++;
	liteio_catalog_add(&draft, &v);
	ck_assert_int_eq(liteio_pool_persist(&b->p, &draft, NULL), 0);
	ck_assert_int_eq(liteio_pool_finish(&b->p, NULL), 0);
	ck_assert_int_eq(change(b, 100), 0);
	ck_assert_int_eq(change(b, 200), 0);
}

/* whichever of both slots is lost */
static void is_in_both(struct bed *b, uint32_t percent)
{
	ck_assert(!b->p.is_one_copy);
	is_on_disk(b, percent);
	damage(b, b->p.store.slot);
	is_on_disk(b, percent);
}

/* neither slot has what was told to be in both, and what is found out can not be mended at first */
START_TEST(test_lies_and_fails)
{
	for (int asks = 0; asks < 2; asks++) {
		struct bed b;

		bed_init_record(&b);
		is_lying = true;
		ck_assert_int_eq(fence(&b, 300), 0);
		is_lying = false;
		is_on_disk(&b, 200);
		set_broken(&b, true);
		ck_assert_int_lt(liteio_pool_mend_copies(&b.p, NULL), 0);
		is_not_written(&b);
		/* who fences once more is not told that it is done */
		ck_assert_int_lt(liteio_pool_persist_owed(&b.p, NULL), 0);
		set_broken(&b, false);
		if (asks)
			ck_assert_int_eq(liteio_pool_persist_owed(&b.p, NULL), 0);
		else
			look_later(&b);
		is_ready(&b);
		is_in_both(&b, 300);
		bed_fini(&b);
	}
}
END_TEST

/* what comes after a change that finds out by itself: nothing else need */
enum after {
	AFTER_FENCE,
	AFTER_CHANGE,
	AFTER_AGAIN,
	AFTER_END,
};

START_TEST(test_lies_unasked)
{
	for (enum after after = 0; after < AFTER_END; after++) {
		struct bed b;

		bed_init_record(&b);
		is_lying = true;
		ck_assert_int_eq(fence(&b, 300), 0);
		is_lying = false;
		ck_assert_uint_eq(b.p.n_lies, 0);
		ck_assert_uint_eq(b.told, 0);
		ck_assert_int_eq(change(&b, 400), 0);
		ck_assert(b.p.is_one_copy);
		is_on_disk(&b, 400);
		if (after == AFTER_FENCE)
			ck_assert_int_eq(liteio_pool_persist_owed(&b.p, NULL), 0);
		else if (after == AFTER_CHANGE)
			ck_assert_int_eq(change(&b, 400), 0);
		else
			ck_assert_int_eq(liteio_pool_persist_again(&b.p, NULL), 0);
		/* somebody is told, once */
		ck_assert_uint_eq(b.p.n_lies, 1);
		ck_assert_uint_eq(b.told, 1);
		is_in_both(&b, 400);
		bed_fini(&b);
	}
}
END_TEST

/* found out by the second of two writes that belong together: the first may be lost, too */
START_TEST(test_lies_of_one_slot)
{
	struct bed b;

	bed_init_record(&b);
	is_lying = true;
	ck_assert_int_eq(change(&b, 300), 0);
	is_lying = false;
	ck_assert_int_eq(change(&b, 400), 0);
	ck_assert_uint_eq(b.p.n_lies, 0);
	ck_assert_int_eq(liteio_pool_persist_again(&b.p, NULL), 0);
	ck_assert_uint_eq(b.p.n_lies, 1);
	is_in_both(&b, 400);
	bed_fini(&b);
}
END_TEST

UNIT_MAIN("pool-copies", test_condition, test_patience, test_second_slot,
	  test_more_than_one, test_stuck,
	  test_mended, test_left_by_a_failure, test_lost, test_lies, test_lies_and_fails,
	  test_lies_unasked, test_lies_of_one_slot)
