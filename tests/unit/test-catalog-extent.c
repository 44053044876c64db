// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linear volumes and reserved ones in the catalog: their records, what must hold, round trip, and
 * that a reader of before is told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pool/bytes.h"
#include "pool/catalog.h"
#include "unit.h"

#define MIB (1ull << 20)

static struct liteio_uuid uuid(uint8_t n)
{
	struct liteio_uuid u = { { n, 1 } };

	return u;
}

static void add_volume(struct liteio_catalog *c, uint8_t n, enum liteio_catalog_class vclass,
		       uint64_t size)
{
	struct liteio_catalog_volume v = {
		.uuid = uuid(n),
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = vclass,
		.state = LITEIO_CATALOG_READY,
		.size_bytes = size,
		.floor = 1,
	};

	snprintf(v.name, sizeof(v.name), "v%u", n);
	if (vclass != LITEIO_CATALOG_LINEAR)
		v.thin_id = c->next_thin_id++;
	liteio_catalog_add(c, &v);
}

static void add_extent(struct liteio_catalog *c, uint8_t n, uint64_t offset, uint64_t start,
		       uint64_t length, enum liteio_catalog_extent_state state)
{
	const struct liteio_catalog_extent e = {
		.volume = uuid(n),
		.state = state,
		.start = start * MIB,
		.length = length * MIB,
		.offset = offset * MIB,
	};

	liteio_catalog_add_extent(c, &e);
}

#define USED LITEIO_CATALOG_EXTENT_USED
#define FRESH LITEIO_CATALOG_EXTENT_FRESH

/* extents 0, 1 are those of volume 1 and extent 2 is that of volume 2; 3 and 4 have none */
static void make(struct liteio_catalog *c)
{
	struct liteio_uuid pool = uuid(99);

	liteio_catalog_init(c, &pool);
	c->sequence = 1;
	add_volume(c, 2, LITEIO_CATALOG_LINEAR, 5 * MIB);
	add_volume(c, 1, LITEIO_CATALOG_LINEAR, 30 * MIB);
	add_volume(c, 3, LITEIO_CATALOG_THIN, 100 * MIB);
	add_volume(c, 4, LITEIO_CATALOG_RESERVED, 100 * MIB);
	add_extent(c, 1, 20, 60, 10, USED);
	add_extent(c, 2, 0, 20, 5, USED);
	add_extent(c, 1, 0, 100, 20, USED);
	ck_assert_int_eq(liteio_catalog_check(c, NULL), 0);
}

START_TEST(test_in_memory)
{
	struct liteio_uuid one = uuid(1), two = uuid(2), three = uuid(3);
	struct liteio_catalog c, copy;
	size_t first;

	make(&c);
	ck_assert_uint_eq(liteio_catalog_extents_of(&c, &one, &first), 2);
	ck_assert_uint_eq(first, 0);
	ck_assert_uint_eq(c.extents[0].offset, 0);
	ck_assert_uint_eq(liteio_catalog_extents_of(&c, &two, &first), 1);
	ck_assert_uint_eq(first, 2);
	ck_assert_uint_eq(liteio_catalog_extents_of(&c, &three, &first), 0);
	/* growing: not part of it before it is used, and one with its neighbour then */
	add_extent(&c, 1, 30, 70, 4, FRESH);
	add_extent(&c, 1, 34, 90, 1, FRESH);
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	liteio_catalog_copy(&c, &copy);
	ck_assert_uint_eq(liteio_catalog_drop_fresh(&copy, &one), 2);
	ck_assert_uint_eq(liteio_catalog_drop_fresh(&copy, &one), 0);
	ck_assert_uint_eq(copy.n_extents, 3);
	liteio_catalog_use_extents(&c, &one);
	liteio_catalog_edit(&c, &one)->size_bytes = 35 * MIB;
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_extents_of(&c, &one, &first), 3);
	ck_assert_uint_eq(c.extents[first + 1].length, 14 * MIB);
	/* they go with their volume */
	ck_assert(liteio_catalog_remove(&c, &one));
	ck_assert_uint_eq(c.n_extents, 1);
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	liteio_catalog_fini(&c);
	liteio_catalog_fini(&copy);
}
END_TEST

/* each way to break it */
static void b_none(struct liteio_catalog *c)
{
	liteio_catalog_drop_extents(c, 2, 1);
}

static void b_short(struct liteio_catalog *c)
{
	c->extents[1].length -= MIB;
}

static void b_long(struct liteio_catalog *c)
{
	c->volumes[0]->size_bytes -= MIB;
}

static void b_gap(struct liteio_catalog *c)
{
	c->extents[1].offset += MIB;
}

static void b_overlap(struct liteio_catalog *c)
{
	c->extents[2].start = 119 * MIB;
}

static void b_unit(struct liteio_catalog *c)
{
	c->extents[2].start += 4096;
}

static void b_state(struct liteio_catalog *c)
{
	c->extents[2].state = 3;
}

static void b_device(struct liteio_catalog *c)
{
	c->extents[2].device = LITEIO_LABEL_DEVICES_MAX;
}

static void b_thin(struct liteio_catalog *c)
{
	add_extent(c, 3, 0, 200, 1, USED);
}

static void b_nobody(struct liteio_catalog *c)
{
	add_extent(c, 9, 0, 200, 1, USED);
}

static void b_fresh(struct liteio_catalog *c)
{
	c->extents[0].state = FRESH;
}

static void b_creating(struct liteio_catalog *c)
{
	c->volumes[0]->state = LITEIO_CATALOG_CREATING;
}

static void b_thin_id(struct liteio_catalog *c)
{
	c->volumes[0]->thin_id = 1;
}

static void b_txid(struct liteio_catalog *c)
{
	c->volumes[0]->txid = 1;
}

static void b_snapshot(struct liteio_catalog *c)
{
	c->volumes[0]->kind = LITEIO_CATALOG_SNAPSHOT;
}

static void b_reserve_txid(struct liteio_catalog *c)
{
	c->thin_txid = 7;
	c->volumes[3]->state = LITEIO_CATALOG_DELETING;
	c->volumes[3]->txid = 8;
}

static void b_reserve_id(struct liteio_catalog *c)
{
	c->volumes[3]->thin_id = c->volumes[2]->thin_id;
}

static void b_overcommit(struct liteio_catalog *c)
{
	c->overcommit_percent = 99;
}

static void b_order(struct liteio_catalog *c)
{
	struct liteio_catalog_extent e = c->extents[0];

	c->extents[0] = c->extents[2];
	c->extents[2] = e;
}

static void own_all(struct liteio_catalog *c)
{
	for (size_t i = 0; i < c->n_volumes; i++)
		liteio_catalog_edit(c, &c->volumes[i]->uuid);
}

START_TEST(test_broken)
{
	static void (*const breaks[])(struct liteio_catalog *c) = {
		b_none,	      b_short,	    b_long,	    b_gap,	b_overlap,
		b_unit,	      b_state,	    b_device,	    b_thin,	b_nobody,
		b_fresh,      b_creating,   b_txid,	    b_snapshot, b_order,
		b_overcommit, b_reserve_id, b_reserve_txid, b_thin_id,
	};

	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_catalog c, was;

		make(&c);
		liteio_catalog_copy(&c, &was);
		own_all(&c);
		breaks[i](&c);
		ck_assert_msg(liteio_catalog_check(&c, &err) == -EBADMSG && err.msg[0],
			      "break %zu is not seen", i);
		ck_assert_msg(liteio_catalog_check_change(&was, &c, NULL) == -EBADMSG,
			      "break %zu is not seen as a change", i);
		liteio_catalog_fini(&c);
		liteio_catalog_fini(&was);
	}
}
END_TEST

/* being created it has nothing else; being deleted it has ever less */
START_TEST(test_states)
{
	struct liteio_catalog c;

	make(&c);
	c.volumes[0]->state = LITEIO_CATALOG_CREATING;
	c.extents[0].state = FRESH;
	c.extents[1].state = FRESH;
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	c.volumes[1]->state = LITEIO_CATALOG_DELETING;
	liteio_catalog_drop_extents(&c, 2, 1);
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	c.reserve_txid = 5;
	c.volumes[3]->state = LITEIO_CATALOG_DELETING;
	c.volumes[3]->txid = 6;
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	ck_assert_uint_eq(*liteio_catalog_txid(&c, LITEIO_CATALOG_RESERVED), 5);
	ck_assert_uint_eq(*liteio_catalog_txid(&c, LITEIO_CATALOG_THIN), 0);
	liteio_catalog_fini(&c);
}
END_TEST

static uint64_t bits(struct liteio_catalog *c, bool incompat)
{
	struct liteio_ondisk_slot *h = malloc(liteio_catalog_bytes(c));
	uint64_t v;

	liteio_catalog_encode(c, 0, h);
	v = incompat ? liteio_get(h->incompat) : liteio_get(h->compat);
	free(h);
	return v;
}

START_TEST(test_bytes)
{
	struct liteio_uuid pool = uuid(99);
	struct liteio_catalog c, back;
	size_t len;
	void *slot;

	make(&c);
	add_extent(&c, 1, 30, 70, 4, FRESH);
	c.reserve_txid = 12;
	c.overcommit_percent = 250;
	len = liteio_catalog_bytes(&c);
	slot = malloc(len);
	liteio_catalog_encode(&c, 5, slot);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &pool, &back, NULL), 0);
	ck_assert_uint_eq(back.n_extents, 4);
	for (size_t i = 0; i < back.n_extents; i++) {
		ck_assert(liteio_uuid_equal(&back.extents[i].volume, &c.extents[i].volume));
		ck_assert_int_eq(back.extents[i].state, c.extents[i].state);
		ck_assert_uint_eq(back.extents[i].start, c.extents[i].start);
		ck_assert_uint_eq(back.extents[i].length, c.extents[i].length);
		ck_assert_uint_eq(back.extents[i].offset, c.extents[i].offset);
	}
	ck_assert_uint_eq(back.reserve_txid, 12);
	ck_assert_uint_eq(back.overcommit_percent, 250);
	ck_assert_uint_eq(bits(&c, true),
			  LITEIO_SLOT_INCOMPAT_LINEAR | LITEIO_SLOT_INCOMPAT_RESERVE);
	ck_assert_uint_eq(bits(&c, false),
			  LITEIO_SLOT_COMPAT_OVERCOMMIT | LITEIO_SLOT_COMPAT_ZEROED);
	free(slot);
	liteio_catalog_fini(&c);
	liteio_catalog_fini(&back);
	/* who uses nothing new is read by everybody */
	liteio_catalog_init(&c, &pool);
	add_volume(&c, 3, LITEIO_CATALOG_THIN, MIB);
	ck_assert_uint_eq(bits(&c, true), 0);
	ck_assert_uint_eq(bits(&c, false), 0);
	liteio_catalog_fini(&c);
}
END_TEST

UNIT_MAIN("catalog-extent", test_in_memory, test_broken, test_states, test_bytes)
