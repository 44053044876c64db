/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Volumes: made, found, changed, deleted.
 */
#ifndef LITEIO_VOLUME_H
#define LITEIO_VOLUME_H

#include "liteio.h"
#include "qos.h"

/**
 * struct liteio_vol_spec - what VOL_SET asks for
 * @uuid: the volume
 * @name: NULL: as it is
 * @floor: 0: as it is
 * @given: bits of enum liteio_limit: limits that are asked for, the others are as they are
 * @limits: those that are @given
 * @is_create: make it when it does not exist
 * @is_exclusive: with @is_create, fail when it exists
 */
struct liteio_vol_spec {
	uuid_t uuid;
	const char *name;
	u64 floor;
	u32 given;
	struct liteio_limits limits;
	bool is_create;
	bool is_exclusive;
};

/**
 * liteio_vol_set() - make a volume, or change it
 * @spec: what is asked for
 * @why: on failure one sentence in static storage
 *
 * Context: process, takes liteio_lock, and liteio_life unless the volume is there.
 * Return: 0, -ENOENT, -EEXIST, -ESTALE, -ERANGE, -ENOSPC, -ENOMEM or what the window said.
 */
int liteio_vol_set(const struct liteio_vol_spec *spec, const char **why);

/**
 * liteio_vol_find() - the volume with this UUID
 * @uuid: its name
 *
 * Context: caller holds liteio_lock. Return: borrowed while the lock is held, NULL if there is
 * none.
 */
struct liteio_vol *liteio_vol_find(const uuid_t *uuid);

/**
 * liteio_vol_after() - begin, or go on, a walk over all volumes in order of creation
 * @id: the last id seen, 0 to begin
 *
 * Context: caller holds liteio_lock. Return: borrowed while the lock is held, NULL at the end.
 */
struct liteio_vol *liteio_vol_after(u64 id);

/**
 * liteio_vol_next() - next step of a walk
 * @vol: where it is
 *
 * Context: caller holds liteio_lock. Return: borrowed while the lock is held, NULL at the end.
 */
struct liteio_vol *liteio_vol_next(struct liteio_vol *vol);

/**
 * liteio_vol_delete() - forget a volume that has no attachments
 * @uuid: its name
 * @why: on failure one sentence in static storage
 *
 * Context: process, takes liteio_life and liteio_lock. Return: 0, -ENOENT or -EBUSY.
 */
int liteio_vol_delete(const uuid_t *uuid, const char **why);

/**
 * liteio_vol_delete_all() - at the end of the module, with all attachments
 *
 * Context: process, sleeps; nobody else uses the registry.
 */
void liteio_vol_delete_all(void);

/**
 * liteio_vol_name() - copy the name
 * @vol: with a reference
 * @buf: LITEIO_NAME_MAX + 1 bytes
 *
 * Context: any, takes name_lock.
 */
void liteio_vol_name(struct liteio_vol *vol, char *buf);

/**
 * liteio_vol_get() - take a reference
 * @vol: with a reference, or in the registry under liteio_lock
 *
 * Context: any. Return: @vol.
 */
struct liteio_vol *liteio_vol_get(struct liteio_vol *vol);

/**
 * liteio_vol_put() - drop a reference
 * @vol: may be freed
 *
 * Context: process.
 */
void liteio_vol_put(struct liteio_vol *vol);

#endif
