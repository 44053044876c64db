// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A catalog made of what metadata know.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "pool/salvage.h"
#include "unit.h"

#define BLOCK (256u << 10)

static struct liteio_thin_device thin[] = { { 3, 100, 250 }, { 9, 0, 0 } };
static struct liteio_thin_device reserved[] = { { 4, 7, 8 } };

static const struct liteio_thin_dump main_dump = { .txid = 12, .block_sectors = BLOCK / 512,
						   .is_whole = true, .devices = thin,
						   .n_devices = 2 };
static const struct liteio_thin_dump reserve_dump = { .txid = 5, .block_sectors = BLOCK / 512,
						      .is_whole = true, .devices = reserved,
						      .n_devices = 1 };

static struct liteio_label label(void)
{
	struct liteio_label l;

	ck_assert_int_eq(liteio_label_layout("fast", 1ull << 30, BLOCK, NULL, &l, NULL), 0);
	return l;
}

static int make(const struct liteio_label *l, const struct liteio_thin_dump *main,
		const struct liteio_thin_dump *reserve, struct liteio_catalog *ret,
		struct liteio_error *err)
{
	const struct liteio_salvage s = { l, main, reserve, 1, LITEIO_CATALOG_WIPE_DISCARD };

	return liteio_salvage_catalog(&s, ret, err);
}

START_TEST(test_catalog)
{
	const struct liteio_label l = label();
	const struct liteio_catalog_volume *v;
	struct liteio_catalog c;

	ck_assert_int_eq(make(&l, &main_dump, &reserve_dump, &c, NULL), 0);
	ck_assert(liteio_uuid_equal(&c.pool_uuid, &l.pool_uuid));
	ck_assert_uint_eq(c.thin_txid, 12);
	ck_assert_uint_eq(c.reserve_txid, 5);
	ck_assert_uint_eq(c.next_thin_id, 10);
	ck_assert(!c.is_clean);
	ck_assert_uint_eq(c.n_volumes, 3);
	v = liteio_catalog_find_name(&c, LITEIO_CATALOG_VOLUME, "recovered-3");
	ck_assert_ptr_nonnull(v);
	ck_assert_uint_eq(v->size_bytes, 250ull * BLOCK);
	ck_assert_uint_eq(v->thin_id, 3);
	ck_assert_int_eq(v->state, LITEIO_CATALOG_READY);
	ck_assert_int_eq(v->vclass, LITEIO_CATALOG_THIN);
	/* nobody knows any more what was promised for it */
	ck_assert_int_eq(v->wipe, LITEIO_CATALOG_WIPE_DISCARD);
	/* one that was never written has a size all the same */
	v = liteio_catalog_find_name(&c, LITEIO_CATALOG_VOLUME, "recovered-9");
	ck_assert_uint_eq(v->size_bytes, BLOCK);
	v = liteio_catalog_find_name(&c, LITEIO_CATALOG_VOLUME, "recovered-4");
	ck_assert_int_eq(v->vclass, LITEIO_CATALOG_RESERVED);
	/* with whom should it share? */
	ck_assert(liteio_uuid_is_null(&v->origin));
	liteio_catalog_fini(&c);
	ck_assert_int_eq(make(&l, &main_dump, NULL, &c, NULL), 0);
	ck_assert_uint_eq(c.n_volumes, 2);
	ck_assert_uint_eq(c.reserve_txid, 0);
	liteio_catalog_fini(&c);
}
END_TEST

/* which of them is a snapshot of which is not known: each may be one, of none that is there */
START_TEST(test_may_share)
{
	const struct liteio_label l = label();
	const struct liteio_catalog_volume *a, *b;
	struct liteio_thin_dump one = main_dump;
	struct liteio_catalog c;

	ck_assert_int_eq(make(&l, &main_dump, &reserve_dump, &c, NULL), 0);
	a = liteio_catalog_find_name(&c, LITEIO_CATALOG_VOLUME, "recovered-3");
	b = liteio_catalog_find_name(&c, LITEIO_CATALOG_VOLUME, "recovered-9");
	ck_assert(!liteio_uuid_is_null(&a->origin));
	ck_assert(liteio_uuid_equal(&a->origin, &b->origin));
	ck_assert_ptr_null(liteio_catalog_find(&c, &a->origin));
	ck_assert(liteio_catalog_may_share(&c));
	liteio_catalog_fini(&c);
	one.n_devices = 1;
	ck_assert_int_eq(make(&l, &one, &reserve_dump, &c, NULL), 0);
	ck_assert(!liteio_catalog_may_share(&c));
	liteio_catalog_fini(&c);
}
END_TEST

/* metadata that are not those of this pool */
START_TEST(test_refused)
{
	const struct liteio_label l = label();
	struct liteio_thin_dump d = main_dump;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog c;

	d.block_sectors = 128;
	ck_assert_int_eq(make(&l, &d, NULL, &c, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.msg, "128 sectors"));
	/* an id in both */
	d = reserve_dump;
	d.devices = thin;
	ck_assert_int_eq(make(&l, &main_dump, &d, &c, &err), -EBADMSG);
	/* a length that no volume has */
	thin[0].end = UINT32_MAX;
	d = main_dump;
	ck_assert_int_eq(make(&l, &d, NULL, &c, &err), 0);
	liteio_catalog_fini(&c);
}
END_TEST

UNIT_MAIN("salvage", test_catalog, test_may_share, test_refused)
