// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thin devices that no record has, and records whose device is not there; and which of the former
 * may be deleted.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "pool/ids.h"
#include "pool_in_memory.h"
#include "unit.h"

#define NEXT 20

/* what is known of the record with this thin id */
static struct liteio_catalog_volume *add(struct liteio_catalog *c, uint32_t id,
					 enum liteio_catalog_class vclass)
{
	struct liteio_catalog_volume v = {
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = vclass,
		.state = LITEIO_CATALOG_READY,
		.size_bytes = 4 * MEMORY_BLOCK,
		.floor = 1,
		.thin_id = id,
	};

	memset(v.uuid.b, (int)(100 - id), sizeof(v.uuid.b));
	snprintf(v.name, sizeof(v.name), "v%u", id);
	return liteio_catalog_add(c, &v);
}

/* "1 2r 3f" of strays (reserve, foreign), "| 4" of what is lost */
static const char *text_of(const struct liteio_pool_ids *ids)
{
	static char text[512];
	int at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ids->n_strays; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, "%u%s%s ", ids->strays[i].id,
			       ids->strays[i].is_reserve ? "r" : "",
			       ids->strays[i].is_foreign ? "f" : "");
	snprintf(text + at, sizeof(text) - (size_t)at, "|");
	for (size_t i = 0; i < ids->n_lost; i++)
		at += snprintf(text + at + 1, sizeof(text) - (size_t)at - 1, " %u",
			       ids->lost[i].id);
	return text;
}

START_TEST(test_compare)
{
	static const struct liteio_thin_device thin[] = { { .id = 1 },	{ .id = 3 },  { .id = 5 },
							  { .id = 7 },	{ .id = 12 }, { .id = 13 },
							  { .id = NEXT } };
	static const struct liteio_thin_device reserve[] = { { .id = 8 }, { .id = 9 } };
	struct liteio_pool_ids ids = { 0 };
	struct liteio_uuid pool = { 0 };
	struct liteio_catalog c;

	liteio_catalog_init(&c, &pool);
	c.next_thin_id = NEXT;
	add(&c, 1, LITEIO_CATALOG_THIN);
	add(&c, 2, LITEIO_CATALOG_THIN);
	add(&c, 3, LITEIO_CATALOG_THIN);
	add(&c, 4, LITEIO_CATALOG_THIN)->is_unmade = true;
	add(&c, 5, LITEIO_CATALOG_LINEAR);
	add(&c, 6, LITEIO_CATALOG_THIN)->state = LITEIO_CATALOG_DELETING;
	add(&c, 8, LITEIO_CATALOG_RESERVED);
	add(&c, 10, LITEIO_CATALOG_RESERVED);
	add(&c, 11, LITEIO_CATALOG_THIN)->txid = 1;
	/* made behind its back, and being made */
	add(&c, 12, LITEIO_CATALOG_THIN)->is_unmade = true;
	add(&c, 13, LITEIO_CATALOG_THIN)->is_unmade = true;
	liteio_catalog_edit(&c, &c.volumes[0]->uuid)->txid = 1;
	ck_assert_uint_eq(c.volumes[0]->thin_id, 13);
	liteio_pool_ids_compare(&c, false, thin, LITEIO_ARRAY_SIZE(thin), &ids);
	ck_assert_str_eq(text_of(&ids), "5 7 12f 20f | 2");
	liteio_pool_ids_compare(&c, true, reserve, LITEIO_ARRAY_SIZE(reserve), &ids);
	ck_assert_str_eq(text_of(&ids), "5 7 12f 20f 9r | 2 10");
	/* nothing at all */
	ids = (struct liteio_pool_ids){ 0 };
	liteio_catalog_fini(&c);
	liteio_catalog_init(&c, &pool);
	liteio_pool_ids_compare(&c, false, NULL, 0, &ids);
	ck_assert_str_eq(text_of(&ids), "|");
	liteio_catalog_fini(&c);
}
END_TEST

/* more than there is room for */
START_TEST(test_many)
{
	struct liteio_thin_device devices[40];
	struct liteio_pool_ids ids = { 0 };
	struct liteio_uuid pool = { 0 };
	struct liteio_catalog c;

	liteio_catalog_init(&c, &pool);
	for (uint32_t i = 0; i < 40; i++) {
		devices[i] = (struct liteio_thin_device){ .id = 100 + i };
		add(&c, 1 + i, LITEIO_CATALOG_THIN);
	}
	liteio_pool_ids_compare(&c, false, devices, 40, &ids);
	ck_assert_uint_eq(ids.n_strays, LITEIO_POOL_IDS_MAX);
	ck_assert_uint_eq(ids.n_lost, LITEIO_POOL_IDS_MAX);
	liteio_catalog_fini(&c);
}
END_TEST

/* of one that is to be deleted no slot says anything */
static void check_slots(struct memory_pool *m, uint32_t id)
{
	for (int round = 0; round < 2; round++) {
		struct liteio_store s = m->p.store;
		struct liteio_catalog c;

		ck_assert_int_eq(liteio_store_read_catalog(&s, &c, NULL), 0);
		for (size_t i = 0; i < c.n_volumes; i++)
			ck_assert_uint_ne(c.volumes[i]->thin_id, id);
		liteio_catalog_fini(&c);
		/* the other one counts then */
		ck_assert_int_eq(pwrite(m->fd, "rot", 3, slot_at(m->p.store.slot)), 3);
	}
}

START_TEST(test_drop)
{
	struct liteio_catalog draft;
	struct liteio_pool_ids ids;
	struct memory_pool m;

	memory_new(&m);
	liteio_pool_draft(&m.p, &draft);
	draft.next_thin_id = NEXT;
	add(&draft, 1, LITEIO_CATALOG_THIN);
	add(&draft, 5, LITEIO_CATALOG_THIN);
	ck_assert_int_eq(liteio_pool_persist(&m.p, &draft, NULL), 0);
	/* 5 is in one slot, and gone in the other */
	liteio_pool_draft(&m.p, &draft);
	ck_assert(liteio_catalog_remove(&draft, &draft.volumes[0]->uuid));
	ck_assert_int_eq(liteio_pool_persist(&m.p, &draft, NULL), 0);
	m.thin->has[1] = m.thin->has[5] = m.thin->has[6] = m.thin->has[NEXT] = true;
	m.thin->mapped[6] = 1;
	ck_assert_int_eq(liteio_pool_look_ids(&m.p, &ids, NULL), 0);
	ck_assert_str_eq(text_of(&ids), "5 6 20f |");
	/* data, somebody else's, a volume's, none */
	ck_assert_int_eq(liteio_pool_drop_stray(&m.p, false, 6, NULL), -EBUSY);
	ck_assert_int_eq(liteio_pool_drop_stray(&m.p, false, NEXT, NULL), -EBUSY);
	ck_assert_int_eq(liteio_pool_drop_stray(&m.p, false, 1, NULL), 0);
	ck_assert_int_eq(liteio_pool_drop_stray(&m.p, true, 5, NULL), 0);
	ck_assert_int_eq(liteio_pool_drop_stray(&m.p, false, 7, NULL), 0);
	ck_assert(m.thin->has[1] && m.thin->has[5] && m.thin->has[6] && m.thin->has[NEXT]);
	/* not while nothing is to be modified */
	liteio_pool_set_condition(&m.p, LITEIO_POOL_READ_ONLY, "ReadOnly", false, "a test");
	ck_assert_int_eq(liteio_pool_drop_stray(&m.p, false, 5, NULL), -EROFS);
	ck_assert(m.thin->has[5]);
	liteio_pool_set_condition(&m.p, LITEIO_POOL_READY, "", false, "%s", "");
	ck_assert_int_eq(liteio_pool_drop_stray(&m.p, false, 5, NULL), 0);
	ck_assert(!m.thin->has[5]);
	check_slots(&m, 5);
	memory_close(&m);
	close(m.fd);
}
END_TEST

/* of a pool of which nobody knows what is true nothing is said */
START_TEST(test_unknown)
{
	struct liteio_pool_ids ids;
	struct memory_pool m;

	memory_new(&m);
	m.thin->has[1] = true;
	ck_assert_int_eq(liteio_pool_look_ids(&m.p, &ids, NULL), 0);
	ck_assert_uint_eq(ids.n_strays, 1);
	m.p.is_mismatched = true;
	ck_assert_int_eq(liteio_pool_look_ids(&m.p, &ids, NULL), 0);
	ck_assert_uint_eq(ids.n_strays, 0);
	m.p.is_mismatched = false;
	m.p.is_under_repair = true;
	ck_assert_int_eq(liteio_pool_look_ids(&m.p, &ids, NULL), 0);
	ck_assert_uint_eq(ids.n_strays, 0);
	m.p.is_under_repair = false;
	/* who wrote it is what is to be found out */
	ck_assert_int_eq(liteio_pool_foreign_id(&m.p, 1, NULL), -EUCLEAN);
	ck_assert_int_eq(liteio_pool_look_ids(&m.p, &ids, NULL), 0);
	ck_assert_uint_eq(ids.n_strays, 1);
	memory_close(&m);
	close(m.fd);
}
END_TEST

UNIT_MAIN("pool-ids", test_compare, test_many, test_drop, test_unknown)
