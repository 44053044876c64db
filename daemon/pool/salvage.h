/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A catalog made of what the metadata of the thin pools know, when there is no other. Pure, but for
 * the uuids, which are random.
 */
#ifndef LITEIO_POOL_SALVAGE_H
#define LITEIO_POOL_SALVAGE_H

#include <stdint.h>

#include "pool/catalog.h"
#include "pool/label.h"
#include "pool/thin_meta.h"

struct liteio_error;

/**
 * struct liteio_salvage - what there is
 * @label: the label
 * @main: metadata of the thin pool, whole and with mappings
 * @reserve: those of the reserve; NULL when the pool has none
 * @now: in seconds since 1970
 * @wipe: what is to be wiped of volumes, when they are deleted: what was asked for is not known
 */
struct liteio_salvage {
	const struct liteio_label *label;
	const struct liteio_thin_dump *main;
	const struct liteio_thin_dump *reserve;
	uint64_t now;
	enum liteio_catalog_wipe wipe;
};

/**
 * liteio_salvage_catalog() - every thin device as a volume of its own
 * @s: what there is
 * @ret: the catalog; volumes are called "recovered-<thin id>" and are as long as their last block
 * @err: why not
 *
 * What a device was called, how long it was, whether it was a volume or a snapshot, who may have
 * it: all that was in the catalog only. So they are volumes that nobody knows, with uuids of their
 * own: no attachment of before fits them. Where there are several in a thin pool they have one
 * origin, which is nowhere: they may share blocks. Linear volumes were in the catalog altogether.
 * What was written behind the last block was zeros. Return: 0 or -EBADMSG.
 */
int liteio_salvage_catalog(const struct liteio_salvage *s, struct liteio_catalog *ret,
			   struct liteio_error *err);

#endif
