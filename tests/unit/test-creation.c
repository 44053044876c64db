// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * New volumes on paper: what is refused, what is there already, and what one of several that come
 * together leaves for the next.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "pool/creation.h"
#include "pool/pool.h"
#include "unit.h"

#define BLOCK (256u << 10)
#define MIB (1ull << 20)

static const struct liteio_creation_room room = {
	.thin = { 0, 64 * MIB },
	.thin_meta = { MIB, 16 * MIB },
	.reserve = { 0, 32 * MIB },
	.slot_bytes = MIB,
};

static struct liteio_catalog catalog(void)
{
	const struct liteio_uuid pool = { .b = { 1 } };
	struct liteio_catalog c;

	liteio_catalog_init(&c, &pool);
	c.overcommit_percent = 100;
	return c;
}

/* as the pool does it: 1 there, 0 added, or why not */
static int wish(struct liteio_catalog *c, const struct liteio_creation_room *has,
		const struct liteio_pool_create *want, struct liteio_error *err)
{
	struct liteio_catalog_volume v;
	int r;

	liteio_creation_record(c, want, BLOCK, &v);
	if (!v.vclass)
		v.vclass = LITEIO_CATALOG_THIN;
	r = liteio_creation_check(c, &v, err);
	return r ? r : liteio_creation_add(c, has, &v, 7, err);
}

/* in this order, on one draft */
START_TEST(test_together)
{
	static const struct {
		uint8_t uuid;
		const char *name;
		enum liteio_catalog_class vclass;
		uint64_t bytes;
		int want;
		const char *says;
	} cases[] = {
		{ 1, "one", 0, 16 * MIB, 0, NULL },
		{ 1, "one", 0, 16 * MIB, 1, NULL },
		/* neither size nor class has to be said again */
		{ 1, "one", 0, 0, 1, NULL },
		{ 1, "one", LITEIO_CATALOG_RESERVED, 16 * MIB, -EEXIST, "which is another one" },
		{ 1, "two", 0, 16 * MIB, -EEXIST, "the uuid is that of one, which is another one" },
		{ 2, "one", 0, 16 * MIB, -EEXIST, "volume one exists" },
		{ 2, "no/name", 0, 16 * MIB, -EINVAL, "no/name" },
		{ 0, "two", 0, 16 * MIB, -EINVAL, "needs a uuid" },
		{ 2, "two", 0, 0, -EINVAL, "cannot have 0 bytes" },
		{ 2, "two", 0, UINT64_MAX, -EINVAL, "cannot have 18446744073709551615 bytes" },
		{ 2, "two", 0, 49 * MIB, -ENOSPC, "overcommit leaves 48.0 MiB" },
		{ 2, "two", 0, 48 * MIB - 1, 0, NULL },
		{ 3, "three", 0, 1, -ENOSPC, "overcommit leaves 0 B" },
		{ 3, "three", LITEIO_CATALOG_RESERVED, 33 * MIB, -ENOSPC, "32.0 MiB are left" },
		{ 3, "three", LITEIO_CATALOG_RESERVED, 32 * MIB, 0, NULL },
		{ 4, "four", LITEIO_CATALOG_RESERVED, 1, -ENOSPC, "0 B are left" },
	};
	struct liteio_catalog c = catalog();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct liteio_pool_create want = {
			.uuid = { .b = { cases[i].uuid } },
			.name = cases[i].name,
			.vclass = cases[i].vclass,
			.size_bytes = cases[i].bytes,
		};
		struct liteio_error err = LITEIO_ERROR_INIT;
		size_t before = c.n_volumes;
		int r = wish(&c, &room, &want, &err);

		ck_assert_msg(r == cases[i].want, "case %zu: %d, %s", i, r, err.msg);
		ck_assert_uint_eq(c.n_volumes, before + (r == 0));
		if (cases[i].says)
			ck_assert_msg(strstr(err.msg, cases[i].says), "case %zu says %s", i,
				      err.msg);
	}
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	ck_assert_uint_eq(c.next_thin_id, 4);
	for (size_t i = 0; i < c.n_volumes; i++) {
		ck_assert(c.volumes[i]->is_unmade);
		ck_assert_int_eq(c.volumes[i]->state, LITEIO_CATALOG_READY);
		ck_assert_uint_eq(c.volumes[i]->created, 7);
		ck_assert_uint_eq(c.volumes[i]->size_bytes % BLOCK, 0);
	}
	liteio_catalog_fini(&c);
}
END_TEST

/* what the kernel said, and what is nobody's fault */
START_TEST(test_room)
{
	const struct liteio_pool_create want = {
		.uuid = { .b = { 9 } }, .name = "nine", .size_bytes = MIB,
	};
	struct liteio_pool_create reserved = want;
	struct liteio_creation_room little = room;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog c = catalog();

	little.thin.used = 60 * MIB;
	ck_assert_int_eq(wish(&c, &little, &want, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "the pool is high on space"));
	little = room;
	little.thin_meta.used = 15 * MIB;
	ck_assert_int_eq(wish(&c, &little, &want, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "metadata are nearly full"));
	/* what was promised before has its place, used or not */
	little.thin_meta.used = little.thin_meta.total / 10 * 9 - 4096;
	for (uint8_t i = 0; i < 2; i++) {
		const struct liteio_pool_create one = {
			.uuid = { .b = { 1 + i } }, .name = i ? "b" : "a", .size_bytes = MIB,
			.vclass = i ? LITEIO_CATALOG_RESERVED : LITEIO_CATALOG_THIN,
		};
		struct liteio_catalog_volume v;

		liteio_creation_record(&c, &one, BLOCK, &v);
		ck_assert_int_eq(liteio_creation_add(&c, &little, &v, 7, &err), 0);
	}
	ck_assert_int_eq(wish(&c, &little, &want, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "never used take theirs later: 1)"));
	liteio_catalog_fini(&c);
	c = catalog();
	little = room;
	little.reserve_meta = (struct liteio_usage){ 15 * MIB, 16 * MIB };
	reserved.vclass = LITEIO_CATALOG_RESERVED;
	ck_assert_int_eq(wish(&c, &little, &reserved, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "metadata are nearly full"));
	little = room;
	c.next_thin_id = LITEIO_THIN_ID_MAX + 1;
	ck_assert_int_eq(wish(&c, &little, &want, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "all thin ids"));
	c.next_thin_id = LITEIO_THIN_ID_MAX;
	little.slot_bytes = LITEIO_ONDISK_BLOCK;
	ck_assert_int_eq(wish(&c, &little, &want, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "the catalog is full: it has room for 0 volumes"));
	ck_assert_uint_eq(c.n_volumes, 0);
	ck_assert_uint_eq(c.next_thin_id, LITEIO_THIN_ID_MAX);
	little.slot_bytes += LITEIO_ONDISK_BLOCK;
	ck_assert_int_eq(wish(&c, &little, &want, &err), 0);
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	liteio_catalog_fini(&c);
}
END_TEST

UNIT_MAIN("creation", test_together, test_room)
