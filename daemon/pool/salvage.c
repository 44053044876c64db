// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A catalog made of what metadata know.
 */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "pool/salvage.h"

#define SECTOR 512u

static int add_all(const struct liteio_salvage *s, struct liteio_catalog *c,
		   enum liteio_catalog_class vclass, struct liteio_error *err)
{
	const struct liteio_thin_dump *d =
		vclass == LITEIO_CATALOG_RESERVED ? s->reserve : s->main;
	const struct liteio_label *l = s->label;
	struct liteio_uuid origin = { 0 };

	if (d->block_sectors != l->thin_block / SECTOR)
		return liteio_error_set(err, -EBADMSG,
					"the metadata have blocks of %u sectors, the label says %u",
					d->block_sectors, l->thin_block / SECTOR);
	*liteio_catalog_txid(c, vclass) = d->txid;
	/* any of several may be a snapshot of another one: the one that all are of is lost */
	if (d->n_devices > 1)
		liteio_uuid_random(&origin);
	for (size_t i = 0; i < d->n_devices; i++) {
		const struct liteio_thin_device *t = &d->devices[i];
		struct liteio_catalog_volume v = {
			.origin = origin,
			.kind = LITEIO_CATALOG_VOLUME,
			.vclass = vclass,
			.state = LITEIO_CATALOG_READY,
			.size_bytes = (t->end ? t->end : 1) * l->thin_block,
			.created = s->now,
			.wipe = s->wipe,
			.floor = LITEIO_CATALOG_GEN_MIN,
			.thin_id = t->id,
		};

		liteio_uuid_random(&v.uuid);
		snprintf(v.name, sizeof(v.name), "recovered-%u", t->id);
		if (c->next_thin_id <= t->id)
			c->next_thin_id = t->id + 1;
		liteio_catalog_add(c, &v);
	}
	return 0;
}

int liteio_salvage_catalog(const struct liteio_salvage *s, struct liteio_catalog *ret,
			   struct liteio_error *err)
{
	struct liteio_catalog c;
	int r;

	liteio_catalog_init(&c, &s->label->pool_uuid);
	r = add_all(s, &c, LITEIO_CATALOG_THIN, err);
	if (!r && s->reserve)
		r = add_all(s, &c, LITEIO_CATALOG_RESERVED, err);
	if (!r)
		r = liteio_catalog_check(&c, err);
	if (r) {
		liteio_catalog_fini(&c);
		return r;
	}
	*ret = c;
	return 0;
}
