// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalog: what two of them have in common needs no second look, and no second checksum.
 */
#include <stdlib.h>

#include "base/error.h"
#include "catalog_volumes.h"
#include "unit.h"

static void att_comes(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	struct liteio_catalog_attachment a = *liteio_catalog_find_att(c, volume, 3);

	a.generation = 5;
	liteio_catalog_add_att(c, &a);
}

static void att_changes(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	liteio_catalog_edit_att(c, volume, 4)->state = LITEIO_CATALOG_ATT_FENCED;
}

static void att_goes(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	liteio_catalog_remove_att(c, volume, 3);
}

static void floor_rises(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	liteio_catalog_raise_floor(c, volume, 4);
}

static void volume_goes(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	liteio_catalog_remove(c, volume);
}

static void volume_comes(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	(void)volume;
	add(c, 200);
}

/* the bytes are those of a catalog of which nothing was known before */
static void check_bytes(struct liteio_catalog *c)
{
	uint8_t *bytes = malloc(liteio_catalog_bytes(c));
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog read;
	int r;

	ck_assert_ptr_nonnull(bytes);
	liteio_catalog_encode(c, 1, bytes);
	r = liteio_catalog_decode(bytes, liteio_catalog_bytes(c), &c->pool_uuid, &read, &err);
	ck_assert_msg(!r, "%s", err.msg);
	free(bytes);
	liteio_catalog_fini(&read);
}

static void check_diff(struct liteio_catalog *was, struct liteio_catalog *c,
		       const struct liteio_catalog_same *same)
{
	const struct liteio_catalog_same unknown = { 0 };
	struct liteio_catalog_range a[LITEIO_CATALOG_RANGES], b[LITEIO_CATALOG_RANGES];
	size_t n = liteio_catalog_diff(was, c, same, a);

	ck_assert_uint_eq(n, liteio_catalog_diff(was, c, &unknown, b));
	ck_assert_mem_eq(a, b, n * sizeof(a[0]));
}

/* what is known of attachments without a look is what a look says, whichever changes, and how */
START_TEST(test_same_atts)
{
	static void (*const changes[])(struct liteio_catalog *c, const struct liteio_uuid *) = {
		att_comes, att_changes, att_goes, floor_rises, volume_goes, volume_comes,
	};
	/* behind that of generation 3 are those of 4 and 5; that a volume comes moves them only */
	static const size_t at[] = { 2, 1, 0, 0, 0, 0 };

	for (size_t k = 0; k < sizeof(changes) / sizeof(changes[0]); k++) {
		for (unsigned int i = 0; i < 30; i++) {
			struct liteio_catalog was, c, next;
			struct liteio_catalog_same same;
			struct liteio_uuid volume;

			make(&was, 30);
			check_bytes(&was);
			volume = was.volumes[i]->uuid;
			liteio_catalog_copy(&was, &c);
			changes[k](&c, &volume);
			same = liteio_catalog_same(&was, NULL, &c);
			ck_assert_uint_eq(same.n_atts,
					  changes[k] == volume_comes ? 60 : 2 * i + at[k]);
			ck_assert_int_eq(liteio_catalog_check_change(&was, &c, NULL), 0);
			check_diff(&was, &c, &same);
			check_bytes(&c);
			/* by way of another, too, in which something else has changed */
			liteio_catalog_copy(&c, &next);
			if (i != 7)
				att_changes(&next, &was.volumes[7]->uuid);
			same = liteio_catalog_same(&was, &c, &next);
			check_diff(&was, &next, &same);
			check_bytes(&next);
			liteio_catalog_fini(&next);
			liteio_catalog_fini(&c);
			liteio_catalog_fini(&was);
		}
	}
}
END_TEST

UNIT_MAIN("catalog-same", test_same_atts)
