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
#include "pool_in_memory.h"
#include "unit.h"

/**
 * struct bed - a pool without devices, whose slots are in a file
 * @m: the pool
 * @told: how often somebody was told of another condition
 */
struct bed {
	struct memory_pool m;
	unsigned int told;
};

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

static void count(void *arg)
{
	((struct bed *)arg)->told++;
}

static void bed_init(struct bed *b)
{
	b->told = 0;
	memory_new(&b->m);
	/* what is told is told of its condition alone */
	b->m.p.is_by_clock = true;
	liteio_pool_set_lane(&b->m.p, &(struct liteio_pool_lane){ NULL, NULL, count, b });
}

static void bed_fini(struct bed *b)
{
	memory_close(&b->m);
	close(b->m.fd);
}

/* from here on writes fail, or succeed again */
static void set_broken(struct bed *b, bool is_broken)
{
	memory_break(&b->m, is_broken);
}

/* in the header, and in a record if there is one */
static void draft_of(struct bed *b, uint32_t percent, struct liteio_catalog *ret)
{
	liteio_pool_draft(&b->m.p, ret);
	ret->overcommit_percent = percent;
	if (ret->n_volumes)
		liteio_catalog_edit(ret, &ret->volumes[0]->uuid)->limits.read_iops = percent;
}

static int change(struct bed *b, uint32_t percent)
{
	struct liteio_catalog draft;

	draft_of(b, percent, &draft);
	return liteio_pool_persist(&b->m.p, &draft, NULL);
}

static void damage(struct bed *b, int slot)
{
	ck_assert_int_eq(pwrite(b->m.fd, "rot", 3, slot_at(slot)), 3);
}

/* what an agent that is started would find */
static void is_on_disk(struct bed *b, uint32_t percent)
{
	struct liteio_store s = b->m.p.store;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog c;
	int r = liteio_store_read_catalog(&s, &c, &err);

	ck_assert_msg(!r, "%s", err.msg);
	ck_assert_uint_eq(c.overcommit_percent, percent);
	liteio_catalog_fini(&c);
}

static void is_ready(struct bed *b)
{
	ck_assert_int_eq(b->m.p.condition, LITEIO_POOL_READY);
	ck_assert_str_eq(b->m.p.reason_word, "");
	ck_assert_str_eq(b->m.p.reason, "");
}

static void is_not_written(struct bed *b)
{
	ck_assert_int_eq(b->m.p.condition, LITEIO_POOL_READ_ONLY);
	ck_assert_str_eq(b->m.p.reason_word, "CatalogNotWritten");
}

/* when the last try was long ago */
static void look_later(struct bed *b)
{
	b->m.p.refused_ms = 0;
	ck_assert_int_eq(liteio_pool_refresh(&b->m.p, NULL), 0);
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
	ck_assert_int_eq(liteio_pool_check_writable(&b.m.p, NULL), -EROFS);
	ck_assert_int_eq(liteio_pool_refresh(&b.m.p, NULL), 0);
	is_not_written(&b);
	ck_assert_uint_eq(b.told, 1);
	/* who wants to change something tries, and so does who only looks */
	for (int looks = 0; looks < 2; looks++) {
		set_broken(&b, false);
		if (looks)
			look_later(&b);
		else
			ck_assert_int_eq(liteio_pool_check_writable(&b.m.p, NULL), 0);
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
		written = b.m.p.store.bytes_written;
		for (int k = 0; k < 10; k++)
			ck_assert_int_eq(liteio_pool_refresh(&b.m.p, NULL), 0);
		is_not_written(&b);
		ck_assert_uint_eq(b.m.p.store.bytes_written, written);
		if (i)
			look_later(&b);
		else
			ck_assert_int_eq(liteio_pool_check_writable(&b.m.p, NULL), -EROFS);
		is_not_written(&b);
		ck_assert_uint_eq(b.m.p.store.bytes_written,
				  written + liteio_catalog_bytes(&b.m.p.cat));
	}
	set_broken(&b, false);
	ck_assert_int_eq(liteio_pool_refresh(&b.m.p, NULL), 0);
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
	ck_assert_int_eq(liteio_pool_persist_again(&b.m.p, NULL), 0);
	is_ready(&b);
	ck_assert_int_eq(change(&b, 300), 0);
	set_broken(&b, true);
	ck_assert_int_lt(liteio_pool_persist_again(&b.m.p, NULL), 0);
	is_not_written(&b);
	ck_assert_uint_eq(b.told, 1);
	ck_assert(b.m.p.is_one_copy);
	set_broken(&b, false);
	look_later(&b);
	is_ready(&b);
	ck_assert(!b.m.p.is_one_copy);
	is_on_disk(&b, 300);
	damage(&b, b.m.p.store.slot);
	is_on_disk(&b, 300);
	bed_fini(&b);
}
END_TEST

/* what else befalls the pool meanwhile is neither hidden for good, nor hides this for good */
START_TEST(test_more_than_one)
{
	struct bed b;

	bed_init(&b);
	b.m.thin->says.mode = LITEIO_ENGINE_NO_SPACE;
	ck_assert_int_eq(liteio_pool_refresh(&b.m.p, NULL), 0);
	ck_assert_int_eq(b.m.p.condition, LITEIO_POOL_NO_SPACE);
	set_broken(&b, true);
	ck_assert_int_lt(change(&b, 300), 0);
	is_not_written(&b);
	b.m.thin->says.needs_check = true;
	ck_assert_int_eq(liteio_pool_refresh(&b.m.p, NULL), 0);
	ck_assert_str_eq(b.m.p.reason_word, "NeedsCheck");
	b.m.thin->says.needs_check = false;
	ck_assert_int_eq(liteio_pool_refresh(&b.m.p, NULL), 0);
	is_not_written(&b);
	set_broken(&b, false);
	look_later(&b);
	ck_assert_int_eq(b.m.p.condition, LITEIO_POOL_NO_SPACE);
	b.m.thin->says.mode = LITEIO_ENGINE_RW;
	ck_assert_int_eq(liteio_pool_refresh(&b.m.p, NULL), 0);
	is_ready(&b);
	bed_fini(&b);
}
END_TEST

/* found when it was opened: nothing that is said later makes it better */
START_TEST(test_stuck)
{
	struct bed b;

	bed_init(&b);
	liteio_pool_set_condition(&b.m.p, LITEIO_POOL_READ_ONLY, "MetadataDamaged", true, "x");
	set_broken(&b, true);
	ck_assert_int_lt(change(&b, 300), 0);
	ck_assert_str_eq(b.m.p.reason_word, "MetadataDamaged");
	set_broken(&b, false);
	ck_assert_int_eq(change(&b, 300), 0);
	ck_assert_int_eq(liteio_pool_refresh(&b.m.p, NULL), 0);
	ck_assert_str_eq(b.m.p.reason_word, "MetadataDamaged");
	ck_assert_int_eq(liteio_pool_check_writable(&b.m.p, NULL), -EROFS);
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
		ck_assert_int_eq(liteio_pool_look_copies(&b.m.p, &c, NULL), 0);
		ck_assert_uint_eq(c.slots, slot == 2 ? 0 : 1);
		ck_assert_int_eq(liteio_pool_mend_copies(&b.m.p, NULL), 0);
		ck_assert_int_eq(liteio_pool_look_copies(&b.m.p, &c, NULL), 0);
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
	s = slots_store(b.m.fd);
	s.slot = b.m.p.store.slot;
	liteio_pool_draft(&b.m.p, &draft);
	draft.overcommit_percent = 300;
	ck_assert_int_eq(liteio_store_write_catalog(&s, &b.m.p.cat, &draft, true, NULL), 0);
	liteio_catalog_fini(&draft);
	liteio_store_close(&s);
	is_on_disk(&b, 300);
	damage(&b, b.m.p.store.slot);
	ck_assert_int_eq(liteio_pool_mend_copies(&b.m.p, NULL), 0);
	ck_assert_int_eq(liteio_pool_look_copies(&b.m.p, &c, NULL), 0);
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
	uint8_t *was = malloc(SLOTS_END);
	struct liteio_pool_copies c;
	struct bed b;

	ck_assert_ptr_nonnull(was);
	bed_init(&b);
	ck_assert_int_eq(change(&b, 200), 0);
	ck_assert_int_eq(pread(b.m.fd, was, SLOTS_END, 0), SLOTS_END);
	ck_assert_int_eq(change(&b, 300), 0);
	ck_assert_int_eq(liteio_pool_look_copies(&b.m.p, &c, NULL), 0);
	ck_assert(!c.is_lost);
	ck_assert_int_eq(pwrite(b.m.fd, was, SLOTS_END, 0), SLOTS_END);
	ck_assert_int_eq(liteio_pool_look_copies(&b.m.p, &c, NULL), 0);
	ck_assert(c.is_lost);
	ck_assert_int_eq(liteio_pool_mend_copies(&b.m.p, NULL), 0);
	ck_assert_int_eq(liteio_pool_look_copies(&b.m.p, &c, NULL), 0);
	ck_assert(!c.is_lost);
	is_on_disk(&b, 300);
	/* what must be in both slots is, whichever of them is lost next */
	damage(&b, b.m.p.store.slot);
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
	ck_assert_int_eq(liteio_pool_look_copies(&b.m.p, &c, NULL), 0);
	ck_assert(c.is_lost);
	ck_assert_int_eq(liteio_pool_mend_copies(&b.m.p, NULL), -EIO);
	is_lying = false;
	is_on_disk(&b, 300);
	/* the next change does not go over the newest that the disk has */
	ck_assert_int_eq(change(&b, 600), 0);
	ck_assert(b.m.p.is_one_copy);
	is_on_disk(&b, 600);
	damage(&b, b.m.p.store.slot);
	is_on_disk(&b, 300);
	bed_fini(&b);
}
END_TEST

static int fence(struct bed *b, uint32_t percent)
{
	struct liteio_catalog draft;

	draft_of(b, percent, &draft);
	return liteio_pool_persist_twice(&b->m.p, &draft, NULL);
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
	liteio_pool_draft(&b->m.p, &draft);
	v.txid = draft.thin_txid + 1;
	v.thin_id = draft.next_thin_id++;
	liteio_catalog_add(&draft, &v);
	ck_assert_int_eq(liteio_pool_persist(&b->m.p, &draft, NULL), 0);
	ck_assert_int_eq(liteio_pool_finish(&b->m.p, NULL), 0);
	ck_assert_int_eq(change(b, 100), 0);
	ck_assert_int_eq(change(b, 200), 0);
}

/* whichever of both slots is lost */
static void is_in_both(struct bed *b, uint32_t percent)
{
	ck_assert(!b->m.p.is_one_copy);
	is_on_disk(b, percent);
	damage(b, b->m.p.store.slot);
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
		ck_assert_int_lt(liteio_pool_mend_copies(&b.m.p, NULL), 0);
		is_not_written(&b);
		/* who fences once more is not told that it is done */
		ck_assert_int_lt(liteio_pool_persist_owed(&b.m.p, NULL), 0);
		set_broken(&b, false);
		if (asks)
			ck_assert_int_eq(liteio_pool_persist_owed(&b.m.p, NULL), 0);
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
		ck_assert_uint_eq(b.m.p.n_lies, 0);
		ck_assert_uint_eq(b.told, 0);
		ck_assert_int_eq(change(&b, 400), 0);
		ck_assert(b.m.p.is_one_copy);
		is_on_disk(&b, 400);
		if (after == AFTER_FENCE)
			ck_assert_int_eq(liteio_pool_persist_owed(&b.m.p, NULL), 0);
		else if (after == AFTER_CHANGE)
			ck_assert_int_eq(change(&b, 400), 0);
		else
			ck_assert_int_eq(liteio_pool_persist_again(&b.m.p, NULL), 0);
		/* somebody is told, once */
		ck_assert_uint_eq(b.m.p.n_lies, 1);
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
	ck_assert_uint_eq(b.m.p.n_lies, 0);
	ck_assert_int_eq(liteio_pool_persist_again(&b.m.p, NULL), 0);
	ck_assert_uint_eq(b.m.p.n_lies, 1);
	is_in_both(&b, 400);
	bed_fini(&b);
}
END_TEST

UNIT_MAIN("pool-copies", test_condition, test_patience, test_second_slot,
	  test_more_than_one, test_stuck,
	  test_mended, test_left_by_a_failure, test_lost, test_lies, test_lies_and_fails,
	  test_lies_unasked, test_lies_of_one_slot)
