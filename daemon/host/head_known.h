/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which heads there are, as far as this process knows: it makes them all. To have the kernel list
 * its devices costs as much as there are of them, for each volume that is attached or deleted.
 *
 * Context: any thread. Pure.
 */
#ifndef LITEIO_HOST_HEAD_KNOWN_H
#define LITEIO_HOST_HEAD_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

/**
 * struct liteio_head_id - a head that is there, or was
 * @uuid: of the volume
 * @generation: of the attachment
 * @remote: a consumer's
 */
struct liteio_head_id {
	struct liteio_uuid uuid;
	uint64_t generation;
	bool remote;
};

/* it is there, or is about to be made, or was made just now */
void liteio_head_remember(const struct liteio_head_id *id);
/* how often it was remembered, 0 for one that is not known */
unsigned int liteio_head_times(const struct liteio_head_id *id);
/* it was removed, unless it has been remembered again since that was @times */
void liteio_head_forget(const struct liteio_head_id *id, unsigned int times);
/* how many of all volumes */
size_t liteio_head_known_n(void);
/* those of a volume, in new memory */
size_t liteio_head_known_of(const struct liteio_uuid *uuid, struct liteio_head_id **ret);

#endif
