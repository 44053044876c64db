/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations that have ended while the disk was gone that would say so.
 *
 * The end of a generation is written into the catalog of its pool before the kernel closes a gate
 * (ops.h). Of a pool whose disk was pulled out (replug.h) that can not be done before there is a
 * disk again, and by then the node may have been started anew, and the kernel know nothing. So it
 * is in <stateDir>/ended.json first: read before anything of such a generation is brought back, and
 * taken out when the catalog has it: that of the disk that was gone, not one of an older copy that
 * is used in its place, for the disk itself may come back after that. As long as that file can not
 * be read, no generation of another node is brought back: which of them have ended nobody knows
 * then.
 *
 * Context of all functions: worker; they read, and may write, a file.
 */
#ifndef LITEIO_AGENT_ENDED_H
#define LITEIO_AGENT_ENDED_H

#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct liteio_agent;
struct liteio_error;

/**
 * struct liteio_ended - a generation that has ended
 * @pool: the uuid of its pool
 * @volume: the uuid of its volume
 * @generation: which
 * @sequence: of the catalog that was there when it ended (pool/back.h); 0: nobody knows
 */
struct liteio_ended {
	struct liteio_uuid pool;
	struct liteio_uuid volume;
	uint64_t generation;
	uint64_t sequence;
};

/**
 * liteio_ended_add() - write down that they have
 * @a: the agent
 * @ended: which; of those that are written down the newer catalog counts
 * @n: how many
 * @err: why not
 *
 * Return: 0 when it is on the disk, or a negative errno: then nothing has changed.
 */
int liteio_ended_add(struct liteio_agent *a, const struct liteio_ended *ended, size_t n,
		     struct liteio_error *err);

/* 0, -ESTALE it has ended, or another negative errno: nobody knows */
int liteio_ended_check(struct liteio_agent *a, const struct liteio_uuid *volume,
		       uint64_t generation, struct liteio_error *err);

/* those of a pool: new memory, NULL for none. 0, or why nobody knows */
int liteio_ended_of(struct liteio_agent *a, const struct liteio_uuid *pool,
		    struct liteio_ended **ret, size_t *ret_n, struct liteio_error *err);

/**
 * liteio_ended_settled() - take one out: the catalog has it
 * @a: the agent
 * @ended: which
 * @found: the number of that catalog before it was told
 * @err: why not
 *
 * It stays, and that is said, when the catalog is older than the one that was there when it ended.
 * Return: 0, also when it is not there, or a negative errno.
 */
int liteio_ended_settled(struct liteio_agent *a, const struct liteio_ended *ended, uint64_t found,
			 struct liteio_error *err);

#endif
