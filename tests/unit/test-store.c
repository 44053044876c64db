// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Catalog slots on a device, here a file: changes of every kind written in parts are what a whole
 * write would have left, a write that is cut anywhere loses nothing that was there before, and a
 * change costs the same however much else there is. A store that could not be opened closes
 * nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/loop.h"
#include "slots_in_file.h"
#include "unit.h"

/**
 * struct bed - a store, and what is in it
 * @s: on a file
 * @cat: the newest
 * @random: the state of a generator, so that each run is the same
 * @n: of the next volume
 */
struct bed {
	struct liteio_store s;
	struct liteio_catalog cat;
	uint32_t random;
	unsigned int n;
};

static uint32_t below(struct bed *b, uint32_t n)
{
	b->random = b->random * 1664525 + 1013904223;
	return (b->random >> 8) % n;
}

static void bed_init(struct bed *b)
{
	int fd = make_file(SLOTS_END);

	*b = (struct bed){ .s = slots_store(fd), .random = 1 };
	close(fd);
	liteio_catalog_init(&b->cat, &b->s.label.pool_uuid);
	ck_assert_int_eq(liteio_store_format_catalog(&b->s, &b->cat, NULL), 0);
}

static void bed_fini(struct bed *b)
{
	liteio_catalog_fini(&b->cat);
	liteio_store_close(&b->s);
}

/* as the pool does it */
static int write_draft(struct bed *b, struct liteio_catalog *draft, bool is_whole)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog old;
	int r = liteio_store_write_catalog(&b->s, &b->cat, draft, is_whole, &err);

	if (r) {
		liteio_catalog_fini(draft);
		return r;
	}
	old = b->cat;
	b->cat = *draft;
	liteio_store_supersede(&b->s, &old);
	return 0;
}

/* ---- changes -------------------------------------------------------------------------------- */

static void add_volume(struct bed *b, struct liteio_catalog *c, bool is_last)
{
	struct liteio_catalog_volume v = {
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_THIN,
		.state = LITEIO_CATALOG_CREATING,
		.size_bytes = 1 << 20,
		.floor = 1,
		.txid = c->thin_txid + 1,
		.thin_id = c->next_thin_id++,
	};

	b->n++;
	for (int i = 0; i < 16; i++)
		v.uuid.b[i] = (uint8_t)below(b, 256);
	if (is_last) {
		v.uuid.b[0] = 255;
		v.uuid.b[1] = (uint8_t)(b->n >> 16);
		v.uuid.b[2] = (uint8_t)(b->n >> 8);
		v.uuid.b[3] = (uint8_t)b->n;
	}
	snprintf(v.name, sizeof(v.name), "volume-%u", b->n);
	liteio_catalog_add(c, &v);
}

/* a change of one record, written as a part where that can be */
static void one_more(struct bed *b)
{
	struct liteio_catalog draft;

	liteio_catalog_copy(&b->cat, &draft);
	liteio_catalog_finish(&draft);
	add_volume(b, &draft, true);
	ck_assert_int_eq(write_draft(b, &draft, false), 0);
}

static void attach(struct bed *b, struct liteio_catalog *c, const struct liteio_uuid *uuid)
{
	struct liteio_catalog_attachment a = {
		.volume = *uuid,
		.generation = 1 + below(b, 1000),
		.state = LITEIO_CATALOG_ATT_LIVE,
		.host = "nqn.2014-08.org.example:host",
	};

	if (!liteio_catalog_find_att(c, uuid, a.generation) &&
	    liteio_catalog_find(c, uuid)->floor <= a.generation &&
	    liteio_catalog_find(c, uuid)->state == LITEIO_CATALOG_READY)
		liteio_catalog_add_att(c, &a);
}

static void add_linear(struct bed *b, struct liteio_catalog *c)
{
	struct liteio_catalog_volume v = {
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_LINEAR,
		.state = LITEIO_CATALOG_READY,
		.size_bytes = LITEIO_LINEAR_UNIT,
		.floor = 1,
		.uuid = { { 128, (uint8_t)(b->n >> 8), (uint8_t)b->n, 7 } },
	};
	struct liteio_catalog_extent e = {
		.volume = v.uuid,
		.state = LITEIO_CATALOG_EXTENT_USED,
		.start = b->n * LITEIO_LINEAR_UNIT,
		.length = LITEIO_LINEAR_UNIT,
	};

	snprintf(v.name, sizeof(v.name), "linear-%u", b->n++);
	liteio_catalog_add(c, &v);
	liteio_catalog_add_extent(c, &e);
}

static void change(struct bed *b, struct liteio_catalog *c)
{
	struct liteio_uuid uuid = { { 0 } };
	struct liteio_catalog_volume *v;

	if (liteio_catalog_pending(c)) {
		liteio_catalog_finish(c);
		return;
	}
	if (c->n_volumes)
		uuid = c->volumes[below(b, (uint32_t)c->n_volumes)]->uuid;
	switch (c->n_volumes < 8 ? 0 : below(b, 9)) {
	case 0:
	case 1:
	case 2:
		add_volume(b, c, false);
		break;
	case 3:
		attach(b, c, &uuid);
		break;
	case 4:
		liteio_catalog_raise_floor(c, &uuid, 1 + below(b, 1000));
		break;
	case 5:
		liteio_catalog_remove(c, &uuid);
		break;
	case 6:
		v = liteio_catalog_edit(c, &uuid);
		v->limits.read_iops++;
		snprintf(v->name, sizeof(v->name), "renamed-%u", b->n++);
		break;
	case 7:
		if (c->n_extents < 20)
			add_linear(b, c);
		break;
	case 8:
		/* far from each other */
		liteio_catalog_edit(c, &c->volumes[0]->uuid)->limits.read_bps++;
		attach(b, c, &c->volumes[c->n_volumes - 1]->uuid);
		break;
	}
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void check_read(int fd, struct liteio_catalog *want, const char *what)
{
	struct liteio_store s = slots_store(fd);
	struct liteio_error err = LITEIO_ERROR_INIT;
	size_t len = liteio_catalog_bytes(want);
	void *a = malloc(len), *b = malloc(len);
	struct liteio_catalog c;
	int r = liteio_store_read_catalog(&s, &c, &err);

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_msg(!r, "%s: %d: %s", what, r, err.msg);
	ck_assert_uint_eq(c.sequence, want->sequence);
	ck_assert_uint_eq(liteio_catalog_bytes(&c), len);
	liteio_catalog_encode(want, 1, a);
	liteio_catalog_encode(&c, 1, b);
	ck_assert_mem_eq(a, b, len);
	free(a);
	free(b);
	liteio_catalog_fini(&c);
	liteio_store_close(&s);
}

/* the same in both slots: whichever of them is lost */
static void check_twin(struct bed *b)
{
	static char was[LITEIO_ONDISK_BLOCK], noise[LITEIO_ONDISK_BLOCK];
	off_t at;

	ck_assert_int_eq(liteio_store_write_twin(&b->s, &b->cat, NULL), 0);
	check_read(b->s.fd, &b->cat, "the twin");
	at = slot_at(b->s.slot);
	ck_assert_int_eq(pread(b->s.fd, was, sizeof(was), at), sizeof(was));
	ck_assert_int_eq(pwrite(b->s.fd, noise, sizeof(noise), at), sizeof(noise));
	b->cat.sequence--;
	check_read(b->s.fd, &b->cat, "the other twin");
	b->cat.sequence++;
	ck_assert_int_eq(pwrite(b->s.fd, was, sizeof(was), at), sizeof(was));
}

/* whoever opens it knows whether losing one of both would lose anything */
static void check_known(struct bed *b, bool is_twin)
{
	struct liteio_store s = slots_store(b->s.fd);
	struct liteio_catalog c;

	ck_assert_int_eq(liteio_store_read_catalog(&s, &c, NULL), 0);
	ck_assert_int_eq(s.is_twin, is_twin);
	liteio_catalog_fini(&c);
	liteio_store_close(&s);
}

/* one number in one record, and then both slots have it */
static void check_known_twin(struct bed *b)
{
	struct liteio_catalog draft;

	liteio_catalog_copy(&b->cat, &draft);
	liteio_catalog_edit(&draft, &draft.volumes[draft.n_volumes / 2]->uuid)->limits.write_iops++;
	ck_assert_int_eq(write_draft(b, &draft, false), 0);
	check_known(b, false);
	check_twin(b);
	check_known(b, true);
}

/* after each of many changes the disk has what memory has, and the other slot is whole, too */
START_TEST(test_changes)
{
	struct liteio_catalog draft;
	struct bed b;

	bed_init(&b);
	for (int i = 0; i < 800; i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;

		liteio_catalog_copy(&b.cat, &draft);
		change(&b, &draft);
		ck_assert_int_eq(write_draft(&b, &draft, below(&b, 20) == 0), 0);
		ck_assert_msg(!liteio_catalog_check(&b.cat, &err), "change %d: %s", i, err.msg);
		check_read(b.s.fd, &b.cat, "the newest");
		if (i % 10 == 0)
			ck_assert_int_eq(liteio_store_count_slots(&b.s, NULL, NULL), 2);
		if (i % 7 == 0)
			check_known_twin(&b);
	}
	ck_assert_uint_gt(b.cat.n_volumes, 100);
	ck_assert_uint_gt(b.cat.n_attachments, 10);
	ck_assert_uint_gt(b.cat.n_extents, 10);
	bed_fini(&b);
}
END_TEST

START_TEST(test_cuts)
{
	uint8_t *was = malloc(SLOTS_END), *is = malloc(SLOTS_END);
	struct liteio_catalog draft, before;
	int torn = make_file(SLOTS_END);
	struct bed b;

	ck_assert_ptr_nonnull(was);
	ck_assert_ptr_nonnull(is);
	bed_init(&b);
	for (int i = 0; i < 300; i++) {
		liteio_catalog_copy(&b.cat, &draft);
		change(&b, &draft);
		ck_assert_int_eq(write_draft(&b, &draft, false), 0);
	}
	for (int i = 0; i < 40; i++) {
		struct liteio_catalog c;

		read_all(b.s.fd, was);
		liteio_catalog_copy(&b.cat, &before);
		before.sequence = b.cat.sequence;
		liteio_catalog_copy(&b.cat, &draft);
		change(&b, &draft);
		ck_assert_int_eq(write_draft(&b, &draft, false), 0);
		read_all(b.s.fd, is);
		ck_assert_int_eq(pwrite(torn, was, SLOTS_END, 0), SLOTS_END);
		for (int k = 0; k < 12; k++) {
			struct liteio_store s = slots_store(torn);
			uint64_t which = (uint64_t)below(&b, 1 << 24) << 40 |
					 (uint64_t)below(&b, 1 << 24) << 16 | below(&b, 1 << 16);
			int r;

			/* all but the first, which is the header; the header alone */
			which = k == 0 ? ~1ull : k == 1 ? 1 : which;
			tear(torn, was, is, which);
			r = liteio_store_read_catalog(&s, &c, NULL);
			ck_assert_int_eq(r, 0);
			ck_assert(c.sequence == before.sequence ||
				  c.sequence == b.cat.sequence);
			liteio_catalog_fini(&c);
			liteio_store_close(&s);
			tear(torn, was, is, 0);
			check_read(torn, &before, "before");
		}
		liteio_catalog_fini(&before);
	}
	close(torn);
	free(was);
	free(is);
	bed_fini(&b);
}
END_TEST

/* nothing is known of a slot that could not be written: the next write is one of all of it */
START_TEST(test_failed)
{
	struct liteio_catalog draft;
	uint64_t written;
	struct bed b;
	int plain;

	bed_init(&b);
	for (int i = 0; i < 100; i++)
		one_more(&b);
	plain = b.s.plain_fd;
	b.s.plain_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	liteio_catalog_copy(&b.cat, &draft);
	liteio_catalog_finish(&draft);
	ck_assert_int_lt(write_draft(&b, &draft, false), 0);
	ck_assert(b.s.is_failing);
	check_read(b.s.fd, &b.cat, "after a failure");
	close(b.s.plain_fd);
	b.s.plain_fd = plain;
	/* somebody has torn what was there */
	ck_assert_int_eq(pwrite(b.s.fd, "torn", 4, slot_at(!b.s.slot) + 9000), 4);
	written = b.s.bytes_written;
	liteio_catalog_copy(&b.cat, &draft);
	liteio_catalog_finish(&draft);
	ck_assert_int_eq(write_draft(&b, &draft, false), 0);
	ck_assert_uint_eq(b.s.bytes_written - written, liteio_catalog_bytes(&b.cat));
	ck_assert(!b.s.is_failing);
	check_read(b.s.fd, &b.cat, "after it was mended");
	bed_fini(&b);
}
END_TEST

/* a disk that says of a write that it is done, and has what was there before */
START_TEST(test_lost)
{
	uint8_t *was = malloc(SLOTS_END);
	struct liteio_catalog draft;
	uint64_t newest;
	struct bed b;

	ck_assert_ptr_nonnull(was);
	bed_init(&b);
	ck_assert_int_eq(liteio_store_count_slots(&b.s, &newest, NULL), 2);
	ck_assert_uint_eq(newest, b.cat.sequence);
	read_all(b.s.fd, was);
	liteio_catalog_copy(&b.cat, &draft);
	add_volume(&b, &draft, true);
	ck_assert_int_eq(write_draft(&b, &draft, false), 0);
	ck_assert_int_eq(liteio_store_count_slots(&b.s, &newest, NULL), 2);
	ck_assert_uint_eq(newest, b.cat.sequence);
	ck_assert_int_eq(pwrite(b.s.fd, was, SLOTS_END, 0), SLOTS_END);
	ck_assert_int_eq(liteio_store_count_slots(&b.s, &newest, NULL), 2);
	ck_assert_uint_eq(newest, b.cat.sequence - 1);
	/* one that can not be read is not taken for whole */
	ck_assert_int_eq(ftruncate(b.s.fd, slot_at(1)), 0);
	ck_assert_int_lt(liteio_store_count_slots(&b.s, &newest, NULL), 0);
	free(was);
	bed_fini(&b);
}
END_TEST

/* and then takes writes again: no part of anything is laid over what it has */
START_TEST(test_lost_for_a_while)
{
	uint8_t *was = malloc(SLOTS_END);
	struct bed b;

	bed_init(&b);
	for (int i = 0; i < 100; i++) {
		one_more(&b);
		if (i == 60)
			read_all(b.s.fd, was);
	}
	ck_assert_int_eq(pwrite(b.s.fd, was, SLOTS_END, 0), SLOTS_END);
	for (int i = 0; i < 4; i++) {
		one_more(&b);
		ck_assert_int_eq(liteio_store_count_slots(&b.s, NULL, NULL), 2);
		check_read(b.s.fd, &b.cat, "after it");
	}
	free(was);
	bed_fini(&b);
}
END_TEST

/*
 * The newest slot has rotted, and the state is written again from memory: over the rotten one
 * first, for the other one is whole. What that one holds is older than what was the newest, and no
 * part of anything may be laid over it.
 */
START_TEST(test_doubt)
{
	struct liteio_catalog draft;
	struct bed b;

	bed_init(&b);
	for (int i = 0; i < 100; i++)
		one_more(&b);
	ck_assert_int_eq(pwrite(b.s.fd, "rot", 3, slot_at(b.s.slot) + 9000), 3);
	ck_assert_int_eq(liteio_store_count_slots(&b.s, NULL, NULL), 1);
	b.s.slot = !b.s.slot;
	liteio_store_doubt(&b.s, &b.cat);
	for (int i = 0; i < 6; i++) {
		liteio_catalog_copy(&b.cat, &draft);
		liteio_catalog_finish(&draft);
		/* far behind the first change that the slots do not share */
		if (i)
			add_volume(&b, &draft, true);
		ck_assert_int_eq(write_draft(&b, &draft, false), 0);
		check_read(b.s.fd, &b.cat, "after it was mended");
		ck_assert_int_eq(liteio_store_count_slots(&b.s, NULL, NULL), 2);
	}
	bed_fini(&b);
}
END_TEST

/* bytes written for one volume more, behind all others */
START_TEST(test_cost)
{
	uint64_t before, most[2] = { 0 }, whole = 0;
	struct liteio_catalog draft;
	struct bed b;

	bed_init(&b);
	for (unsigned int i = 0; i < 1000; i++) {
		for (int step = 0; step < 2; step++) {
			before = b.s.bytes_written;
			liteio_catalog_copy(&b.cat, &draft);
			if (step)
				liteio_catalog_finish(&draft);
			else
				add_volume(&b, &draft, true);
			ck_assert_int_eq(write_draft(&b, &draft, false), 0);
			before = b.s.bytes_written - before;
			if (before == liteio_catalog_bytes(&b.cat) && i > 100)
				whole++;
			else if (most[i >= 500] < before && i > 100)
				most[i >= 500] = before;
		}
	}
	ck_assert_uint_eq(most[0], most[1]);
	ck_assert_uint_le(most[1], 3 * LITEIO_ONDISK_BLOCK);
	/* each slot as a whole now and then */
	ck_assert_uint_ge(whole, 2 * 900 / (LITEIO_STORE_PARTS + 1) - 1);
	ck_assert_uint_le(whole, 2 * 900 / LITEIO_STORE_PARTS + 2);
	check_read(b.s.fd, &b.cat, "the last");
	bed_fini(&b);
}
END_TEST

/* bytes written for a volume that changes and is attached: not what is between both */
START_TEST(test_cost_apart)
{
	uint64_t before, most = 0, whole = 0;
	struct liteio_catalog draft;
	struct bed b;

	bed_init(&b);
	for (int i = 0; i < 300; i++)
		one_more(&b);
	for (int i = 0; i < 70; i++) {
		const struct liteio_uuid uuid = b.cat.volumes[i]->uuid;

		before = b.s.bytes_written;
		liteio_catalog_copy(&b.cat, &draft);
		liteio_catalog_finish(&draft);
		liteio_catalog_edit(&draft, &uuid)->limits.read_iops++;
		attach(&b, &draft, &uuid);
		ck_assert_int_eq(write_draft(&b, &draft, false), 0);
		if (i % 7 == 0)
			check_read(b.s.fd, &b.cat, "what is apart");
		before = b.s.bytes_written - before;
		/* at first the slots have a volume less */
		if (i < 2)
			continue;
		if (before == liteio_catalog_bytes(&b.cat))
			whole++;
		else if (most < before)
			most = before;
	}
	ck_assert_uint_eq(b.cat.n_attachments, 70);
	/* the header, two of volumes and two of attachments at most */
	ck_assert_uint_le(most, 5 * LITEIO_ONDISK_BLOCK);
	ck_assert_uint_le(whole, 2);
	bed_fini(&b);
}
END_TEST

/* what must outlive the loss of a slot is all written, twice */
START_TEST(test_whole)
{
	struct liteio_catalog draft;
	uint64_t before;
	struct bed b;

	bed_init(&b);
	for (int i = 0; i < 50; i++)
		one_more(&b);
	before = b.s.bytes_written;
	for (int i = 0; i < 2; i++) {
		liteio_catalog_copy(&b.cat, &draft);
		ck_assert_int_eq(write_draft(&b, &draft, true), 0);
	}
	ck_assert_uint_eq(b.s.bytes_written - before, 2 * liteio_catalog_bytes(&b.cat));
	bed_fini(&b);
}
END_TEST

/* one that could not be opened has no descriptors: neither standard input, nor a later one */
START_TEST(test_not_opened)
{
	struct liteio_store *s = liteio_store_new();
	struct liteio_error err = LITEIO_ERROR_INIT;
	int null = open("/dev/null", O_RDONLY);

	ck_assert_int_ge(null, 0);
	ck_assert_int_eq(dup2(null, STDIN_FILENO), STDIN_FILENO);
	ck_assert_int_eq(liteio_store_open("/no/such/disk", true, s, &err), -ENOENT);
	liteio_store_free(s);
	ck_assert_int_ge(fcntl(STDIN_FILENO, F_GETFD), 0);
	/* nor when it is one of several */
	s = liteio_store_new();
	s->others[1] = liteio_store_new();
	liteio_store_free(s);
	ck_assert_int_ge(fcntl(STDIN_FILENO, F_GETFD), 0);
	liteio_store_free(NULL);
}
END_TEST

/* seldom changed, a slot is written as a whole all the same: once a day */
START_TEST(test_day)
{
	const uint64_t ago[] = { 0, LITEIO_STORE_WHOLE_MS - 60000, LITEIO_STORE_WHOLE_MS };
	struct liteio_catalog draft;
	struct bed b;

	bed_init(&b);
	for (int i = 0; i < 100; i++)
		one_more(&b);
	/* both are whole: nothing is due by number */
	for (int i = 0; i < 2; i++) {
		liteio_catalog_copy(&b.cat, &draft);
		ck_assert_int_eq(write_draft(&b, &draft, true), 0);
	}
	for (int i = 0; i < 3; i++) {
		uint64_t before = b.s.bytes_written;
		int next = !b.s.slot;
		bool is_whole;

		b.s.whole_ms[next] = liteio_now_ms() - ago[i];
		one_more(&b);
		is_whole = b.s.bytes_written - before == liteio_catalog_bytes(&b.cat);
		ck_assert_msg(is_whole == (i == 2), "%d", i);
		check_read(b.s.fd, &b.cat, "that day");
	}
	ck_assert_uint_lt(liteio_now_ms() - b.s.whole_ms[b.s.slot], 60000);
	bed_fini(&b);
}
END_TEST

UNIT_MAIN("store", test_not_opened, test_day, test_changes, test_cuts, test_failed, test_lost,
	  test_lost_for_a_while, test_doubt, test_cost, test_cost_apart, test_whole)
