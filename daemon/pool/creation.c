// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * New volumes on paper.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "pool/creation.h"
#include "pool/pool.h"

uint64_t liteio_creation_size(uint64_t bytes, uint32_t thin_block)
{
	if (bytes > LITEIO_CREATION_BYTES_MAX)
		return bytes;
	return (bytes + thin_block - 1) / thin_block * thin_block;
}

void liteio_creation_record(const struct liteio_catalog *c, const struct liteio_pool_create *want,
			    uint32_t thin_block, struct liteio_catalog_volume *ret)
{
	const struct liteio_catalog_volume *there = liteio_catalog_find(c, &want->uuid);

	*ret = (struct liteio_catalog_volume){
		.uuid = want->uuid,
		/* what it was made from may be gone by the time it is asked for again */
		.origin = want->source,
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = want->vclass,
		.size_bytes = liteio_creation_size(want->size_bytes, thin_block),
		.floor = LITEIO_CATALOG_GEN_MIN,
		.limits = want->limits,
		.wipe = want->wipe,
	};
	snprintf(ret->name, sizeof(ret->name), "%s", want->name);
	snprintf(ret->owner, sizeof(ret->owner), "%s", want->owner ? want->owner : "");
	if (there && !ret->size_bytes)
		ret->size_bytes = there->size_bytes;
	if (there && !ret->vclass)
		ret->vclass = there->vclass;
}

static int check_there(const struct liteio_catalog *c, const struct liteio_catalog_volume *v,
		       struct liteio_error *err)
{
	const struct liteio_catalog_volume *there = liteio_catalog_find(c, &v->uuid);
	const char *what = v->kind == LITEIO_CATALOG_VOLUME ? "volume" : "snapshot";

	if (there) {
		if (there->state == LITEIO_CATALOG_READY && there->kind == v->kind &&
		    there->vclass == v->vclass && there->size_bytes == v->size_bytes &&
		    !strcmp(there->name, v->name) && liteio_uuid_equal(&there->origin, &v->origin))
			return 1;
		return liteio_error_set(err, -EEXIST, "%s %s: the uuid is that of %s, %s", what,
					v->name, there->name,
					there->state == LITEIO_CATALOG_DELETING ?
						"which is being deleted" :
						"which is another one");
	}
	if (liteio_catalog_find_name(c, v->kind, v->name))
		return liteio_error_set(err, -EEXIST, "%s %s exists", what, v->name);
	return 0;
}

int liteio_creation_check(const struct liteio_catalog *c, const struct liteio_catalog_volume *v,
			  struct liteio_error *err)
{
	int r = liteio_name_check("volume", v->name, err);

	if (r)
		return r;
	if (liteio_uuid_is_null(&v->uuid))
		return liteio_error_set(err, -EINVAL, "a volume needs a uuid");
	if (!v->size_bytes || v->size_bytes > LITEIO_CREATION_BYTES_MAX)
		return liteio_error_set(err, -EINVAL, "volume %s cannot have %llu bytes", v->name,
					(unsigned long long)v->size_bytes);
	return check_there(c, v, err);
}

/* by what has been promised until now, those of the same draft included */
static int admit(const struct liteio_catalog *c, const struct liteio_creation_room *room,
		 const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	bool is_reserved = v->vclass == LITEIO_CATALOG_RESERVED;
	struct liteio_account a;
	int r;

	/* its device comes later, and so do those of others: each has its place all the same */
	r = liteio_account_metadata(is_reserved ? &room->reserve_meta : &room->thin_meta,
				    liteio_catalog_unmade(c, v->vclass), LITEIO_ACCOUNT_CREATE,
				    err);
	if (r)
		return is_reserved ? r : liteio_account_explain(room->spare_is_taken, r, err);
	liteio_account(c, &room->thin, &room->reserve, 0, &a);
	return liteio_account_admit(&a, v->vclass, LITEIO_ACCOUNT_CREATE, v->size_bytes, err);
}

static uint64_t records_in(uint64_t slot_bytes)
{
	return (slot_bytes - LITEIO_ONDISK_BLOCK) / LITEIO_RECORD_BYTES;
}

int liteio_creation_add(struct liteio_catalog *c, const struct liteio_creation_room *room,
			const struct liteio_catalog_volume *v, uint64_t now,
			struct liteio_error *err)
{
	struct liteio_catalog_volume record = *v;
	int r = admit(c, room, v, err);

	if (r)
		return r;
	if (c->next_thin_id > LITEIO_THIN_ID_MAX)
		return liteio_error_set(err, -ENOSPC, "the pool has given out all thin ids");
	record.thin_id = c->next_thin_id;
	record.state = LITEIO_CATALOG_READY;
	record.is_unmade = true;
	record.created = now;
	liteio_catalog_add(c, &record);
	if (liteio_catalog_bytes(c) > room->slot_bytes) {
		liteio_catalog_remove(c, &record.uuid);
		return liteio_error_set(err, -ENOSPC,
					"the catalog is full: it has room for %llu volumes and attachments",
					(unsigned long long)records_in(room->slot_bytes));
	}
	c->next_thin_id++;
	return 0;
}
