// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which catalogs are of pools where blocks that are shared may be discarded, untold.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/catalog.h"
#include "unit.h"

/**
 * struct volume - of a catalog
 * @vclass: its class; 0 is none
 * @is_clone: it was made from another one
 * @is_deleting: it is being deleted
 * @att: state of an attachment; 0 is none
 * @flags: of that
 */
struct volume {
	enum liteio_catalog_class vclass;
	bool is_clone;
	bool is_deleting;
	enum liteio_catalog_att_state att;
	uint32_t flags;
};

#define THIN .vclass = LITEIO_CATALOG_THIN
#define RESERVED .vclass = LITEIO_CATALOG_RESERVED
#define LINEAR .vclass = LITEIO_CATALOG_LINEAR
#define CLONE { THIN, .is_clone = true }
#define ATTACHED .att = LITEIO_CATALOG_ATT_LIVE

static const struct {
	const char *what;
	struct volume volumes[3];
	bool may_share;
	bool may_unshare;
} rows[] = {
	{ "nothing", { { 0 } }, false, false },
	{ "nothing is shared", { { THIN, ATTACHED }, { THIN } }, false, false },
	{ "nobody has it", { { THIN }, CLONE }, true, false },
	{ "one is attached", { { THIN, ATTACHED }, CLONE }, true, true },
	{ "the last one is", { { THIN }, CLONE, { THIN, ATTACHED } }, true, true },
	{ "read-only", { { THIN, ATTACHED, .flags = LITEIO_CATALOG_ATT_READ_ONLY }, CLONE },
	  true, false },
	{ "here", { { THIN, ATTACHED, .flags = LITEIO_CATALOG_ATT_LOCAL }, CLONE }, true, true },
	{ "it was fenced", { { THIN, .att = LITEIO_CATALOG_ATT_FENCED }, CLONE }, true, false },
	{ "a linear one is", { { LINEAR, ATTACHED }, CLONE }, true, false },
	{ "one of the reserve is", { { RESERVED, ATTACHED }, CLONE }, true, false },
	{ "one of the reserve shares", { { RESERVED, .is_clone = true }, { THIN, ATTACHED } },
	  true, false },
	{ "one is being deleted", { { THIN, .is_deleting = true }, CLONE }, true, true },
	{ "a linear one is being deleted", { { LINEAR, .is_deleting = true }, CLONE }, true,
	  false },
};

static void make(struct liteio_catalog *c, const struct volume *volumes)
{
	const struct liteio_uuid pool = { { 99 } };

	liteio_catalog_init(c, &pool);
	for (uint8_t i = 0; i < 3; i++) {
		const struct volume *o = &volumes[i];
		struct liteio_catalog_volume v = {
			.uuid = { { i + 1 } },
			.kind = LITEIO_CATALOG_VOLUME,
			.vclass = o->vclass,
			.state = o->is_deleting ? LITEIO_CATALOG_DELETING : LITEIO_CATALOG_READY,
			.origin = { { o->is_clone ? 77 : 0 } },
			.size_bytes = 1 << 20,
			.floor = 1,
		};
		const struct liteio_catalog_attachment a = {
			.volume = v.uuid, .generation = 1, .state = o->att, .flags = o->flags,
		};

		if (!o->vclass)
			continue;
		if (o->vclass != LITEIO_CATALOG_LINEAR)
			v.thin_id = c->next_thin_id++;
		snprintf(v.name, sizeof(v.name), "v%u", i);
		liteio_catalog_add(c, &v);
		if (o->att)
			liteio_catalog_add_att(c, &a);
	}
}

START_TEST(test_rows)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(rows); i++) {
		struct liteio_catalog c;

		make(&c, rows[i].volumes);
		/* summed as it is asked, and before */
		for (int sealed = 0; sealed < 2; sealed++) {
			ck_assert_msg(liteio_catalog_may_share(&c) == rows[i].may_share,
				      "%s: may share, or not", rows[i].what);
			ck_assert_msg(liteio_catalog_may_unshare(&c) == rows[i].may_unshare,
				      "%s: may unshare, or not", rows[i].what);
			liteio_catalog_seal(&c);
		}
		liteio_catalog_fini(&c);
	}
}
END_TEST

UNIT_MAIN("catalog-sharing", test_rows)
