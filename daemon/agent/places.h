/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places: what stands for the exports of a pool that has not come up when the node has.
 *
 * A consumer that connects before its subsystem is there, or finds no namespace in it, gives its
 * volume up for good: so the door (door.h) waits for every export of every pool. One disk that
 * hangs, or is missing, would keep everybody else's consumers out with its own. So each export of
 * such a pool gets a place: the subsystem it had, with the namespace it had, over a head of the
 * right size of which every I/O fails. The namespace is in an ANA group that is inaccessible: a
 * consumer connects, and its I/O is not sent: it waits on the consumer's side without an end, and
 * without an error. For the door an export that has a place is there. When the pool comes, the head
 * gets its table and the namespace goes to the group that is accessible: the consumer goes on.
 *
 * <stateDir>/exports.json says what to hold a place for: of each pool with remote consumers its
 * live exports, with volume, generation, host, size and block size. Nothing else is done by it:
 * what is served is what the pool's own catalog says, when it is there. It may say too much (an end
 * is written into the catalog first, and into this file after that, if at all): then a consumer
 * waits that is to get an error, until the pool comes. It never says too little: an export is in it
 * before it is linked for the first time, and its size before the consumer can hear of it. A
 * pool that is not in it has no places, and the door waits for it as ever; so it does when one of
 * its exports can not have a place. An older agent does not write it: so pools.json has to say,
 * too, that it holds all of a pool, by a key which that agent drops. A file that is lost, or that
 * nobody can make sense of, is made anew, without the pools that are away: as long as one of them
 * is missing from it, nobody can say that a place is not that one's, and none is taken away for not
 * being written down.
 *
 * A pool that is open, and whose disk stops to answer before its volumes are brought back, gets
 * places in the same way (restore.h): the door does not wait for it either.
 *
 * What a place means for
 *   a fence while the pool is away: nothing is served, so nothing has to be closed. When the pool
 *	comes its catalog, ended.json and the gate are asked before the head gets its table, as for
 *	every export that is brought back; one that has ended gets none: its place goes, and its
 *	consumer is told that there is no such subsystem: errors
 *   a pool that is given up: its places go
 *   an agent that is killed: a place is made head, namespace, link, in that order, and filled head,
 *	gate, group. Whatever is there is adopted, or goes: the group itself says that it is a place
 *   a consumer without native multipath (nvme_core.multipath=N): it knows no groups, and would get
 *	errors: it attaches nothing of another node
 *
 * Context of all functions: worker, unless said otherwise.
 */
#ifndef LITEIO_AGENT_PLACES_H
#define LITEIO_AGENT_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct liteio_agent;
struct liteio_error;
struct liteio_known_pool;
struct liteio_open_pool;

/**
 * struct liteio_place - what it takes to hold one
 * @volume: the volume
 * @generation: of the attachment
 * @host: NQN of its consumer
 * @size_bytes: of the volume; not less than the consumer was told
 * @block_bytes: its smallest block, as the consumer was told; 0: nobody knows
 */
struct liteio_place {
	struct liteio_uuid volume;
	uint64_t generation;
	char *host;
	uint64_t size_bytes;
	uint64_t block_bytes;
};

/**
 * struct liteio_pool_places - those of one pool
 * @pool: its uuid
 * @items: all its live exports to other nodes
 * @n: how many
 */
struct liteio_pool_places {
	struct liteio_uuid pool;
	struct liteio_place *items;
	size_t n;
};

/**
 * struct liteio_places - the file
 * @pools: pools that have, or had, remote consumers
 * @n_pools: how many
 */
struct liteio_places {
	struct liteio_pool_places *pools;
	size_t n_pools;
};

/* ---- the file ---- */

/**
 * liteio_places_keep() - write down the live exports of an open pool
 * @a: the agent
 * @p: the pool; its catalog has what is about to be linked, or resized
 * @err: why they are not written down: then nothing more may be linked, and no consumer be told of
 *	a new size
 *
 * Costs no write when nothing has changed, and nothing in a pool without remote consumers.
 * Return: 0 when they are on the disk, or a negative errno.
 */
int liteio_places_keep(struct liteio_agent *a, struct liteio_open_pool *p,
		       struct liteio_error *err);

/*
 * the same for what is served in any case: where it fails the file goes, as one that says too
 * little would let consumers in that find nothing; without it the door waits for every pool
 */
void liteio_places_keep_or_lose(struct liteio_agent *a, struct liteio_open_pool *p);

/* what is written down; zeroed by the caller, to be freed in any case. 0, or why nobody knows */
int liteio_places_load(struct liteio_agent *a, struct liteio_places *ret, struct liteio_error *err);
void liteio_places_free(struct liteio_places *places);

/* drop what is written down of a pool: nobody waits for it */
int liteio_places_drop(struct liteio_agent *a, const struct liteio_uuid *pool,
		       struct liteio_error *err);

/* those of a pool, or NULL; pure */
const struct liteio_pool_places *liteio_places_of(const struct liteio_places *places,
						  const struct liteio_uuid *pool);

/*
 * can all of them be held? A head without a disk has blocks of 512 bytes: under a consumer that was
 * told of others they would change. Pure
 */
bool liteio_places_can_be_held(const struct liteio_pool_places *p);

/*
 * is all written down that a known pool, which is not open, has exported to other nodes? Nobody
 * knows of one that is not in the file, or that an older agent may have served since. Pure
 */
bool liteio_places_say(const struct liteio_places *places, const struct liteio_known_pool *k);

/**
 * struct liteio_place_facts - what decides about a place that is in the kernel
 * @is_written_down: for a pool that is not open
 * @is_live: the catalog of an open pool says so
 * @is_unsure: it may be that of a pool of which nobody can say what it has exported
 * @has_ended: the disk was gone, and its consumer has to hear of that (ended.h)
 */
struct liteio_place_facts {
	bool is_written_down;
	bool is_unsure;
	bool is_live;
	bool has_ended;
};

/* it stays, for its pool to fill it; else its consumer gets errors. Pure */
bool liteio_place_stays(const struct liteio_place_facts *f);

/* ---- the kernel ---- */

/* the block size of an export's head, which is no place; 0: there is none */
uint64_t liteio_places_block(const struct liteio_uuid *volume, uint64_t generation);

/**
 * liteio_places_hold() - make the places of the known pools that are not open
 * @a: the agent, starting; its door is closed, or its ports listen already
 *
 * What is there is adopted. A pool that comes meanwhile is left to its own job. From then on
 * liteio_places_are_held() says of which pools there are places. What can not be done is logged.
 */
void liteio_places_hold(struct liteio_agent *a);

/**
 * liteio_places_hold_silent() - make the places of an open pool that can not be restored now
 * @a: the agent; its door is closed, or its ports listen already
 * @p: the pool; its disk does not answer
 *
 * Of those exports that are written down and that its catalog has live. What is there is adopted:
 * an export that is brought back already is linked, and serves. A volume that somebody works on is
 * passed over, as he may hang with the disk: the door waits for it. What can not be done is logged.
 */
void liteio_places_hold_silent(struct liteio_agent *a, struct liteio_open_pool *p);

/* every export of that pool has its place: the door need not wait for it. Any thread */
bool liteio_places_are_held(struct liteio_agent *a, const struct liteio_uuid *pool);

/* take away the places that are nobody's any more; looks at the kernel only if there may be some */
void liteio_places_sweep(struct liteio_agent *a);

/* a pool was given up: so are its places */
void liteio_places_give_up(struct liteio_agent *a, const struct liteio_uuid *pool);

#endif
