/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the metadata of a thin pool, and what follows from it: how a pool is opened, and
 * whether what a repair has made may take their place. Pure.
 */
#ifndef LITEIO_POOL_HEALTH_H
#define LITEIO_POOL_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/catalog.h"
#include "pool/engine.h"
#include "pool/thin_meta.h"

/**
 * enum liteio_health_open - how a thin pool gets into the kernel
 * @LITEIO_HEALTH_ADOPT: as it is there; nothing is loaded
 * @LITEIO_HEALTH_CHECK: metadata are to be checked first; ask again with what came of it
 * @LITEIO_HEALTH_WRITABLE: to be read and written
 * @LITEIO_HEALTH_READ_ONLY: to be read: neither its metadata nor its volumes can be written
 */
enum liteio_health_open {
	LITEIO_HEALTH_ADOPT,
	LITEIO_HEALTH_CHECK,
	LITEIO_HEALTH_WRITABLE,
	LITEIO_HEALTH_READ_ONLY,
};

enum liteio_health_check {
	LITEIO_HEALTH_NOT_CHECKED,
	LITEIO_HEALTH_SOUND,
	LITEIO_HEALTH_LEAKY, /* sound, and blocks are in use that no device has */
	LITEIO_HEALTH_DAMAGED, /* or it could not be found out */
};

/**
 * struct liteio_health_found - what is known when a pool is opened
 * @is_active: it is in the kernel
 * @mode: and what it lets do
 * @is_clean: it was deactivated in order
 * @is_new: no device was ever made in it
 * @is_foreign: somebody else has written it
 * @check: what a check has come to
 */
struct liteio_health_found {
	bool is_active;
	enum liteio_engine_mode mode;
	bool is_clean;
	bool is_new;
	bool is_foreign;
	enum liteio_health_check check;
};

enum liteio_health_open liteio_health_open(const struct liteio_health_found *f);

/**
 * enum liteio_health_verdict - may these metadata take the place of the ones that are there?
 * @LITEIO_HEALTH_WHOLE: every block of every volume is where it was
 * @LITEIO_HEALTH_LOSES: blocks of volumes, or whole volumes, are not in them; they read as zeros
 * @LITEIO_HEALTH_UNSURE: nothing is known to be lost, but what there was can not be read any more:
 *	they may be of an earlier time
 * @LITEIO_HEALTH_FOREIGN: they are not those that the catalog was written with
 */
enum liteio_health_verdict {
	LITEIO_HEALTH_WHOLE,
	LITEIO_HEALTH_LOSES,
	LITEIO_HEALTH_UNSURE,
	LITEIO_HEALTH_FOREIGN,
};

#define LITEIO_HEALTH_WHAT_MAX 256

/**
 * struct liteio_health_loss - what a comparison came to
 * @verdict: the verdict
 * @lost_volumes: volumes and snapshots that are not in them at all
 * @lost_bytes: what was written to the others and is not in them
 * @extra: thin devices that the catalog does not have any more
 * @what: that in words, with the names of the first few; "" when they are whole
 */
struct liteio_health_loss {
	enum liteio_health_verdict verdict;
	uint64_t lost_volumes;
	uint64_t lost_bytes;
	uint64_t extra;
	char what[LITEIO_HEALTH_WHAT_MAX];
};

/**
 * liteio_health_compare() - metadata that were made good, with what should be in them
 * @c: the catalog
 * @vclass: LITEIO_CATALOG_THIN or LITEIO_CATALOG_RESERVED: whose metadata
 * @before: what could be read of the damaged ones; NULL for nothing
 * @after: what was made of them, whole
 * @thin_block: bytes
 * @ret: what came of it
 *
 * A volume that is being deleted is no loss, and one that is being created, or has no thin device
 * yet, is not there yet.
 */
void liteio_health_compare(const struct liteio_catalog *c, enum liteio_catalog_class vclass,
			   const struct liteio_thin_dump *before,
			   const struct liteio_thin_dump *after, uint32_t thin_block,
			   struct liteio_health_loss *ret);

/*
 * A thin device that the catalog has, or may have. By the id of a volume without one there should
 * be none: what is there is a remnant
 */
bool liteio_health_is_known(const struct liteio_catalog *c, enum liteio_catalog_class vclass,
			    uint32_t id);

#endif
