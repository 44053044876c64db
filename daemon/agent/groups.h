/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of snapshots that no single write of a catalog can bring about: of several pools, or of
 * several classes of one pool.
 *
 * Before the first of them is taken all are written down in <stateDir>/groups.json, and the group
 * is there from the moment when that entry is gone, on the disk. So whatever is found in the file
 * belongs to a group that nobody was told of: each time a pool is opened, what it has of such
 * groups is deleted. The snapshots carry the name of their group (as the owner of the record), so
 * that one that was made later, by the same uuid, is nobody's remains.
 *
 * What could not be deleted then (a pool that was read-only) is tried again by the next request for
 * a group of that pool, and by the doctor, which finds it. A pool that is given up, deleted or
 * exported takes its entries along: should its disk come back, what it has of such a group is an
 * ordinary snapshot. As long as the file can not be read no such group is taken, and none is spoken
 * of: it is put right or removed by people, whom the doctor tells.
 *
 * Context of all functions: worker; they read, and may write, a file.
 */
#ifndef LITEIO_AGENT_GROUPS_H
#define LITEIO_AGENT_GROUPS_H

#include <stddef.h>

#include "base/uuid.h"

struct liteio_agent;
struct liteio_catalog_volume;
struct liteio_error;
struct liteio_open_pool;

#define LITEIO_GROUP_OWNER_LEN 48

/**
 * struct liteio_group_part - one snapshot of a group
 * @group: its name, a uuid of its own
 * @pool: the uuid of the pool that it is to be in
 * @snapshot: its own
 */
struct liteio_group_part {
	struct liteio_uuid group;
	struct liteio_uuid pool;
	struct liteio_uuid snapshot;
};

/* what the records of a group's snapshots have as their owner */
void liteio_groups_owner(const struct liteio_uuid *group, char ret[LITEIO_GROUP_OWNER_LEN]);

/**
 * liteio_groups_begin() - write down what is to be
 * @a: the agent
 * @parts: all of one group
 * @n: how many, at least 1
 * @err: why not
 *
 * Until it is ended or given up, the caller alone deletes what there is of it. Return: 0 when it is
 * on the disk, or a negative errno: then nothing has changed.
 */
int liteio_groups_begin(struct liteio_agent *a, const struct liteio_group_part *parts, size_t n,
			struct liteio_error *err);

/*
 * the group is there: 0 when that is on the disk, or a negative errno: it is not there, and is the
 * caller's as before
 */
int liteio_groups_end(struct liteio_agent *a, const struct liteio_uuid *group,
		      struct liteio_error *err);

/* it is not to be: whoever comes next may delete what there is of it */
void liteio_groups_give_up(const struct liteio_uuid *group);

/**
 * liteio_groups_undo() - delete what a pool has of groups that are not there
 * @a: the agent
 * @p: the pool, open; not in its lane
 * @group: of this one, whoever has begun it; NULL: of all that nobody is about to take
 * @err: why something of it is there still; may be NULL
 *
 * What can not be deleted stays written down, and that is said in the log. Return: 0 or a negative
 * errno.
 */
int liteio_groups_undo(struct liteio_agent *a, struct liteio_open_pool *p,
		       const struct liteio_uuid *group, struct liteio_error *err);

/* all that is written down and nobody is about to take: new memory. 0, or why nobody knows */
int liteio_groups_list(struct liteio_agent *a, struct liteio_group_part **ret, size_t *ret_n,
		       struct liteio_error *err);

/* drop what is written down of a pool that is not this node's any more: nobody is to undo it */
int liteio_groups_forget_pool(struct liteio_agent *a, const struct liteio_uuid *pool,
			      struct liteio_error *err);

/*
 * may a snapshot that is there be spoken of as one? 0, or -EAGAIN when its group is not there, or
 * nobody knows
 */
int liteio_groups_check(struct liteio_agent *a, const struct liteio_catalog_volume *snapshot,
			struct liteio_error *err);

#endif
