/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of catalogs, for the catalog*.c files only: allocated one by one, shared by catalogs,
 * with their bytes in a slot once these are known. Pure. Not for several threads: whoever copies or
 * changes the catalogs of a pool is in its lane.
 */
#ifndef LITEIO_POOL_CATALOG_RECORD_H
#define LITEIO_POOL_CATALOG_RECORD_H

#include <stdlib.h>

#include "pool/catalog.h"

/**
 * struct liteio_record - what precedes a volume or an attachment in memory
 * @refs: catalogs that have it
 * @crc: of @bytes; when sealed
 * @name_key: of the volume's name; when sealed
 * @is_sealed: it is not changed any more, and what follows is known
 * @is_first: no volume of its catalog that was sealed before it had its name; false: maybe one had
 * @bytes: in a slot; when sealed
 */
struct liteio_record {
	unsigned int refs;
	uint32_t crc;
	uint32_t name_key;
	bool is_sealed;
	bool is_first;
	uint8_t bytes[LITEIO_RECORD_BYTES];
};

struct liteio_record_volume {
	struct liteio_record r;
	struct liteio_catalog_volume v;
};

struct liteio_record_att {
	struct liteio_record r;
	struct liteio_catalog_attachment a;
};

static inline struct liteio_record *liteio_record_of(const struct liteio_catalog_volume *v)
{
	return (struct liteio_record *)((char *)v - offsetof(struct liteio_record_volume, v));
}

static inline struct liteio_record *liteio_record_of_att(const struct liteio_catalog_attachment *a)
{
	return (struct liteio_record *)((char *)a - offsetof(struct liteio_record_att, a));
}

/* one catalog less has it */
static inline void liteio_record_drop(struct liteio_record *r)
{
	if (!--r->refs)
		free(r);
}

/* false: the volume has another name than the one with this key */
static inline bool liteio_record_may_be(const struct liteio_record *r, uint32_t key)
{
	return !r->is_sealed || r->name_key == key;
}

uint32_t liteio_record_name_key(const char *name);

#define LITEIO_CATALOG_NAMES_BITS (1u << 16)

/**
 * struct liteio_catalog_names - which names there may be
 * @refs: catalogs that have it
 * @n: bits that are set
 * @bits: one for the name of each volume, by its key: where it is not set there is no such name
 *
 * A bit stays when its name goes, until so many are set that the next catalog gets one of its own:
 * it may say yes too often. So catalogs that are made of each other share it, and one that other
 * threads look into may get bits of the next one meanwhile.
 */
struct liteio_catalog_names {
	unsigned int refs;
	size_t n;
	uint64_t bits[LITEIO_CATALOG_NAMES_BITS / 64];
};

/* false: no volume that is summed has the name with this key */
bool liteio_catalog_may_have(const struct liteio_catalog *c, uint32_t name_key);
/* a new one for one catalog */
struct liteio_catalog_volume *liteio_record_new(const struct liteio_catalog_volume *v);
struct liteio_catalog_attachment *liteio_record_new_att(const struct liteio_catalog_attachment *a);
/* the same record, or in exchange for it an equal one, that may be changed */
struct liteio_catalog_volume *liteio_record_own(struct liteio_catalog_volume *v);
struct liteio_catalog_attachment *liteio_record_own_att(struct liteio_catalog_attachment *a);

/* what it takes of the space of its class, and whether it shares or gives back any */
void liteio_record_add_space(const struct liteio_catalog_volume *v,
			     struct liteio_catalog_sum *sum);

/* the bytes of records (catalog_codec.c); @d is zero */
void liteio_record_encode(const struct liteio_catalog_volume *v, struct liteio_ondisk_volume *d);
void liteio_record_encode_att(const struct liteio_catalog_attachment *a,
			      struct liteio_ondisk_attachment *d);

#endif
