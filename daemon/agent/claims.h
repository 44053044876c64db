/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools on their way into the table: each is opened by one at a time, whoever that is.
 *
 * Opening may take hours, and not everybody who opens holds the pool's name all that time
 * (pool_locks.h): the claim is what keeps a second one out. Context of all functions: any thread,
 * unless said otherwise; none of them blocks.
 */
#ifndef LITEIO_AGENT_CLAIMS_H
#define LITEIO_AGENT_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"
#include "pool/pool.h"

struct liteio_claim;
struct liteio_error;
struct liteio_open_pool;
struct liteio_pool;
struct liteio_pools;

/**
 * liteio_claim_take() - nobody else opens this pool meanwhile
 * @uuid: which
 * @device: where, for the sentence
 * @ret: given back with liteio_claim_give()
 * @err: somebody is at it
 *
 * Return: 0 or -EBUSY.
 */
int liteio_claim_take(const struct liteio_uuid *uuid, const char *device,
		      struct liteio_claim **ret, struct liteio_error *err);
void liteio_claim_give(struct liteio_claim *c); /* NULL is fine */
static inline void liteio_claim_givep(struct liteio_claim **c)
{
	liteio_claim_give(*c);
}

/**
 * liteio_claim_name() - nobody else opens, or has, another pool of this name meanwhile
 * @c: of the pool; NULL: it is only asked whether that is so
 * @t: the table
 * @name: of the pool
 * @device: where it is, for the sentence
 * @err: who has the name
 *
 * Before anything of the pool is in the kernel: there can be one of a name in the table. Return: 0,
 * -EEXIST, or -EBUSY when one of that name is out of the table, and may be put back.
 */
int liteio_claim_name(struct liteio_claim *c, struct liteio_pools *t, const char *name,
		      const char *device, struct liteio_error *err);

/**
 * liteio_claim_names() - nobody gives a name, or uuid, meanwhile that the pool has given
 * @c: of the pool
 * @engine: it is read, and nothing of it is in the kernel
 * @is_strict: no name of it may be that of another pool on its way
 * @err: another one on its way has a uuid that it has, or such a name
 *
 * What is about to be given already has its lock (liteio_name_take(), liteio_uuid_take()): to be
 * asked for after this. It holds until the pool is in the table, or the claim is given back. Of two
 * pools that come at once the first one to say so is let in. Return: 0; or -EBUSY, and it has
 * claimed nothing but itself.
 */
int liteio_claim_names(struct liteio_claim *c, struct liteio_pool *engine, bool is_strict,
		       struct liteio_error *err);
/* has a pool that is on its way given this name to a volume, or snapshot? */
bool liteio_claim_has_name(enum liteio_catalog_kind kind, const char *name);
/* likewise of its uuid, also when that one is deleted */
bool liteio_claim_has_uuid(const struct liteio_uuid *uuid);

bool liteio_claim_is_taken(const struct liteio_uuid *uuid);
/* is a pool of this name being opened, as far as that is known by now? */
bool liteio_claim_has_pool(const char *name);
/*
 * it is not wanted any more: whoever is at it does not put it into the table, and nobody waits for
 * it, however long that takes
 */
void liteio_claim_give_up(const struct liteio_uuid *uuid);

/**
 * liteio_claim_add() - take what was opened into the table, unless it was given up
 * @c: may be NULL
 * @t: the table
 * @engine: given away: when it is not in the table the kernel has it by now, and as nobody uses it,
 *	it goes; but when this very pool is in the table what the kernel has is left as it is
 * @ret: with a reference for the caller
 * @err: why it is not in the table
 *
 * Context: worker. Return: that of liteio_pools_add(), or -ECANCELED when it was given up.
 */
int liteio_claim_add(struct liteio_claim *c, struct liteio_pools *t, struct liteio_pool *engine,
		     struct liteio_open_pool **ret, struct liteio_error *err);

/**
 * struct liteio_late - a pool that the start has not waited for, and that is not open yet
 * @device: where it may be
 * @has_uuid: which one it is, is known
 * @uuid: likewise
 * @is_given_up: by liteio_claim_give_up(): nobody waits for it
 */
struct liteio_late {
	char device[256];
	bool has_uuid;
	struct liteio_uuid uuid;
	bool is_given_up;
};

/* @uuid may be NULL */
void liteio_late_begin(const char *device, const struct liteio_uuid *uuid);
void liteio_late_end(const char *device);
/* all of them, in new memory */
void liteio_late_list(struct liteio_late **ret, size_t *ret_n);

#endif
