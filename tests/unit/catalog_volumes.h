/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A catalog of some volumes, each with two attachments, for the tests of it.
 */
#ifndef LITEIO_TESTS_CATALOG_VOLUMES_H
#define LITEIO_TESTS_CATALOG_VOLUMES_H

#include <stdio.h>

#include "pool/catalog.h"
#include "unit.h"

static inline struct liteio_uuid uuid(unsigned int n)
{
	struct liteio_uuid u = { { 0 } };

	/* so that the order of making is not the order of sorting, while there are few */
	u.b[0] = (uint8_t)(n < 256 ? n * 37 : 255);
	u.b[1] = (uint8_t)(n >> 8);
	u.b[2] = (uint8_t)n;
	u.b[15] = (uint8_t)n;
	u.b[14] = 1;
	return u;
}

static inline struct liteio_catalog_volume *add(struct liteio_catalog *c, unsigned int n)
{
	struct liteio_catalog_volume v = {
		.uuid = uuid(n),
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_THIN,
		.state = LITEIO_CATALOG_READY,
		.size_bytes = 1 << 20,
		.created = 1700000000 + n,
		.floor = 3,
		.limits = { 1, 2, 3, 4, 5 },
		.owner = "somebody",
	};

	snprintf(v.name, sizeof(v.name), "vol-%u", n);
	v.thin_id = c->next_thin_id++;
	return liteio_catalog_add(c, &v);
}

static inline struct liteio_catalog_attachment *attach(struct liteio_catalog *c, unsigned int n,
						       uint64_t generation)
{
	struct liteio_catalog_attachment a = {
		.volume = uuid(n),
		.generation = generation,
		.state = LITEIO_CATALOG_ATT_LIVE,
		.flags = LITEIO_CATALOG_ATT_READ_ONLY,
		.created = 1,
		.host = "nqn.2014-08.org.example:host",
	};

	return liteio_catalog_add_att(c, &a);
}

/* of @n volumes, vol-1 and so on */
static inline void make(struct liteio_catalog *c, unsigned int n)
{
	struct liteio_uuid pool = uuid(999);

	liteio_catalog_init(c, &pool);
	c->sequence = 5;
	c->thin_txid = 10;
	for (unsigned int i = 1; i <= n; i++) {
		add(c, i);
		attach(c, i, 4);
		attach(c, i, 3);
	}
	ck_assert_int_eq(liteio_catalog_check(c, NULL), 0);
}

/* a record that replaces vol-2 */
static inline struct liteio_catalog_volume *replacement(struct liteio_catalog *c)
{
	struct liteio_catalog_volume *v = add(c, 3);

	v->state = LITEIO_CATALOG_CREATING;
	v->txid = 11;
	v->replaces = uuid(2);
	return v;
}

#endif
