// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What older versions have written is read: every field, with what they did not know of as if
 * nobody had ever wanted it. And what they could have written is written as they did, so that one
 * can go back to them.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "older.h"
#include "pool/catalog.h"
#include "pool/label.h"
#include "unit.h"

#define WRITTEN 1763863700u
#define MIB (1ull << 20)

static struct liteio_uuid uuid(unsigned int n)
{
	struct liteio_uuid u;

	memset(u.b, (int)(0x10 + n), sizeof(u.b));
	u.b[6] = (uint8_t)(0x40 | n);
	u.b[8] = (uint8_t)(0x80 | n);
	return u;
}

static void get_label(const struct older_bytes *from, struct liteio_ondisk_label *d,
		      struct liteio_label *ret)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	older_put(from, d, sizeof(*d));
	r = liteio_label_decode(d, ret, &err);
	ck_assert_msg(!r, "%d: %s", r, err.msg);
}

START_TEST(every_label)
{
	static const struct {
		const struct older_bytes *bytes;
		uint64_t sequence;
		uint64_t linear;
		uint64_t reserve;
		size_t n_devices;
		size_t n_extents;
		bool exported;
	} cases[] = {
		{ first_label, 3, 0, 0, 1, 5, false },
		{ classes_label, 3, 64 * MIB, 32 * MIB, 1, 9, false },
		{ grown_label, 8, 0, 0, 2, 6, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct liteio_uuid pool = uuid(0), device = uuid(9);
		struct liteio_ondisk_label d, again;
		struct liteio_label l;

		get_label(cases[i].bytes, &d, &l);
		ck_assert_uint_eq(l.sequence, cases[i].sequence);
		ck_assert(liteio_uuid_equal(&l.pool_uuid, &pool));
		ck_assert(liteio_uuid_equal(&l.devices[0].uuid, &device));
		ck_assert_str_eq(l.pool_name, "fast");
		ck_assert_uint_eq(l.thin_block, 256 << 10);
		ck_assert_uint_eq(l.n_devices, cases[i].n_devices);
		ck_assert_uint_eq(l.n_extents, cases[i].n_extents);
		ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_LINEAR), cases[i].linear);
		ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_RESERVE_DATA),
				  cases[i].reserve);
		ck_assert(l.exported == cases[i].exported);
		liteio_label_encode(&l, &again);
		ck_assert_mem_eq(&again, &d, sizeof(d));
	}
}
END_TEST

/* one that is read today becomes larger as one that is made today */
START_TEST(an_older_label_grows)
{
	struct liteio_ondisk_label d;
	struct liteio_label l;

	get_label(first_label, &d, &l);
	ck_assert_int_eq(liteio_label_grow(&l, 0, 2ull << 30, 0, NULL), 1);
	ck_assert_int_eq(liteio_label_check(&l, NULL), 0);
	get_label(grown_label, &d, &l);
	ck_assert_int_eq(liteio_label_grow(&l, 1, 2ull << 30, 0, NULL), 1);
	ck_assert_int_eq(liteio_label_check(&l, NULL), 0);
}
END_TEST

/* the slot's bytes are in @bytes, LITEIO_ONDISK_BLOCK * 4 */
static void get_catalog(const struct older_bytes *from, void *bytes, struct liteio_catalog *ret)
{
	const struct liteio_uuid pool = uuid(0);
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	older_put(from, bytes, 4 * LITEIO_ONDISK_BLOCK);
	r = liteio_catalog_decode(bytes, 4 * LITEIO_ONDISK_BLOCK, &pool, ret, &err);
	ck_assert_msg(!r, "%d: %s", r, err.msg);
	ck_assert_uint_eq(ret->sequence, 41);
	ck_assert_uint_eq(ret->thin_txid, 12);
	ck_assert_uint_eq(ret->next_thin_id, 8);
	ck_assert(!ret->is_clean);
}

static const struct liteio_catalog_volume *volume(const struct liteio_catalog *c, unsigned int n)
{
	const struct liteio_uuid u = uuid(n);
	const struct liteio_catalog_volume *v = liteio_catalog_find(c, &u);

	ck_assert_ptr_nonnull(v);
	/* what no older version could say */
	ck_assert(!v->is_unmade);
	ck_assert_uint_eq(v->zeroed_bytes, 0);
	return v;
}

static void check_data(const struct liteio_catalog *c)
{
	const struct liteio_catalog_volume *v = volume(c, 1);
	const struct liteio_uuid one = uuid(1);
	size_t first;

	ck_assert_str_eq(v->name, "data");
	ck_assert_str_eq(v->owner, "admin");
	ck_assert_int_eq(v->state, LITEIO_CATALOG_READY);
	ck_assert_int_eq(v->vclass, LITEIO_CATALOG_THIN);
	ck_assert_uint_eq(v->size_bytes, 64 * MIB);
	ck_assert_uint_eq(v->floor, 5);
	ck_assert_uint_eq(v->thin_id, 1);
	ck_assert_uint_eq(v->limits.read_iops, 1000);
	ck_assert_uint_eq(v->limits.write_bps, MIB);
	ck_assert_uint_eq(v->limits.burst_ms, 100);
	ck_assert_int_eq(v->wipe, LITEIO_CATALOG_WIPE_NONE);
	ck_assert_int_eq(volume(c, 2)->kind, LITEIO_CATALOG_SNAPSHOT);
	ck_assert(liteio_uuid_equal(&volume(c, 2)->origin, &one));
	ck_assert_int_eq(volume(c, 3)->state, LITEIO_CATALOG_DELETING);
	ck_assert_uint_eq(liteio_catalog_atts_of(c, &one, &first), 3);
	ck_assert_int_eq(c->attachments[first]->state, LITEIO_CATALOG_ATT_FENCED);
	ck_assert_int_eq(c->attachments[first + 1]->state, LITEIO_CATALOG_ATT_LIVE);
	ck_assert_str_eq(c->attachments[first + 1]->host, "nqn.2014-08.org.nvmexpress:uuid:b");
	ck_assert_uint_eq(c->attachments[first + 2]->generation, 7);
	ck_assert_uint_eq(c->attachments[first + 2]->flags,
			  LITEIO_CATALOG_ATT_LOCAL | LITEIO_CATALOG_ATT_READ_ONLY);
}

START_TEST(a_slot_of_the_first_version)
{
	uint8_t bytes[4 * LITEIO_ONDISK_BLOCK], again[2 * LITEIO_ONDISK_BLOCK];
	const struct liteio_uuid half = uuid(4);
	struct liteio_catalog c;

	get_catalog(first_slot, bytes, &c);
	ck_assert_uint_eq(c.n_volumes, 4);
	check_data(&c);
	ck_assert_uint_eq(c.overcommit_percent, 0);
	ck_assert_uint_eq(c.reserve_txid, 0);
	ck_assert_uint_eq(liteio_catalog_bytes(&c), sizeof(again));
	liteio_catalog_encode(&c, WRITTEN, again);
	ck_assert_mem_eq(again, bytes, sizeof(again));
	/* what that version was at when it ended */
	ck_assert_uint_eq(volume(&c, 4)->txid, 13);
	liteio_catalog_undo(&c);
	ck_assert_ptr_null(liteio_catalog_find(&c, &half));
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	check_data(&c);
	liteio_catalog_fini(&c);
}
END_TEST

START_TEST(a_slot_with_every_class)
{
	uint8_t bytes[4 * LITEIO_ONDISK_BLOCK], again[3 * LITEIO_ONDISK_BLOCK];
	const struct liteio_uuid log = uuid(6), half = uuid(7);
	struct liteio_catalog c;
	size_t first;

	get_catalog(classes_slot, bytes, &c);
	ck_assert_uint_eq(c.n_volumes, 7);
	check_data(&c);
	ck_assert_uint_eq(c.overcommit_percent, 300);
	ck_assert_uint_eq(c.reserve_txid, 2);
	ck_assert_int_eq(volume(&c, 5)->vclass, LITEIO_CATALOG_RESERVED);
	ck_assert_int_eq(volume(&c, 5)->wipe, LITEIO_CATALOG_WIPE_ZERO);
	ck_assert_int_eq(volume(&c, 6)->vclass, LITEIO_CATALOG_LINEAR);
	ck_assert_uint_eq(liteio_catalog_extents_of(&c, &log, &first), 2);
	ck_assert_int_eq(c.extents[first].state, LITEIO_CATALOG_EXTENT_USED);
	ck_assert_uint_eq(liteio_catalog_extents_bytes(&c, &log), 8 * MIB);
	/* how far it was nobody has written down: from the beginning */
	ck_assert_int_eq(volume(&c, 7)->state, LITEIO_CATALOG_CREATING);
	ck_assert_uint_eq(liteio_catalog_extents_of(&c, &half, &first), 1);
	ck_assert_int_eq(c.extents[first].state, LITEIO_CATALOG_EXTENT_FRESH);
	/* every record is what it was; the header says that zeroing is counted from now on */
	ck_assert_uint_eq(liteio_catalog_bytes(&c), sizeof(again));
	liteio_catalog_encode(&c, WRITTEN, again);
	ck_assert_mem_eq(again + LITEIO_ONDISK_BLOCK, bytes + LITEIO_ONDISK_BLOCK,
			 sizeof(again) - LITEIO_ONDISK_BLOCK);
	/* the roll back that it was at: the kernel has done it */
	liteio_catalog_finish(&c);
	ck_assert_uint_eq(c.thin_txid, 13);
	ck_assert_str_eq(volume(&c, 1)->name, "data");
	ck_assert_uint_eq(volume(&c, 1)->thin_id, 4);
	ck_assert_int_eq(volume(&c, 4)->state, LITEIO_CATALOG_DELETING);
	ck_assert_uint_eq(volume(&c, 4)->thin_id, 1);
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	liteio_catalog_fini(&c);
}
END_TEST

UNIT_MAIN("older", every_label, an_older_label_grows, a_slot_of_the_first_version,
	  a_slot_with_every_class)
