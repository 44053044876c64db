/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of pools that are this node's, line by line: for those that open them, and for the
 * doctor. What is asked of it otherwise is in pools.h.
 */
#ifndef LITEIO_AGENT_KNOWN_H
#define LITEIO_AGENT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"

struct liteio_agent;
struct liteio_error;

/**
 * struct liteio_known_pool - one line of the list
 * @name: of the pool; NULL in lists of older agents
 * @uuid: of the pool
 * @file: only for pools in files, and on devices that nobody looks for
 * @serial: of the (first) disk that it was open on last, as struct liteio_block_info says its id;
 *	NULL when it has none, and in lists of older agents
 * @at: of such a disk, where it was in this machine
 * @remote: other nodes use it
 * @places: exports.json says of all its exports (places.h). An agent that does not know of places
 *	drops this when it starts: what it exports is not in that file
 * @held_back: it is not opened unasked (liteio_known_hold_back()). To its consumers it is away like
 *	any other: its exports have places, and where there can be none the door waits for it
 * @was_away: it was not open when the list was written last. At a start it comes after those that
 *	were: should it have a volume or snapshot that was made anew meanwhile, it is held back.
 *	False in lists of older agents
 */
struct liteio_known_pool {
	char *name;
	struct liteio_uuid uuid;
	char *file;
	char *serial;
	char *at;
	bool remote;
	bool places;
	bool held_back;
	bool was_away;
};

/**
 * struct liteio_known - the list
 * @pools: its lines
 * @n_pools: how many
 */
struct liteio_known {
	struct liteio_known_pool *pools;
	size_t n_pools;
};

/**
 * liteio_known_list() - all of it
 * @a: the agent
 * @ret: zeroed by the caller; released with liteio_known_list_free(). Empty when there is no list,
 *	or it can not be read
 * @err: why it can not be read; NULL: that is logged, and no failure
 *
 * Context: worker. Return: 0 or a negative errno.
 */
int liteio_known_list(struct liteio_agent *a, struct liteio_known *ret, struct liteio_error *err);
void liteio_known_list_free(struct liteio_known *known);

/*
 * where this pool was open last, for liteio_pool_open(); new memory, NULL when that is not known.
 * @ret_known: it is on the list; may be NULL. Context: worker
 */
char *liteio_known_place(struct liteio_agent *a, const struct liteio_uuid *uuid, bool *ret_known);
/*
 * may a pool of this name be opened here? -EEXIST: that of the list is another one, and is not
 * given up for it: when it is not open, only @is_asked and when no other node uses it. What is on
 * the list by its uuid may always (@uuid NULL for one that is not made yet), but one that is held
 * back only @is_asked. Context: worker
 */
int liteio_known_check_name(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    const char *name, bool is_asked, struct liteio_error *err);
/**
 * liteio_known_hold_back() - a pool is not to be opened before somebody imports it by hand
 * @a: the agent
 * @pool: only @name, @uuid and @file count; it is not open
 * @was_known: it was on the list when somebody began to open it: if it is not any more it has been
 *	given up, and stays so. Else it comes onto the list
 * @err: why the list is not written
 *
 * For one that came late, and has what another pool has that is open: were it only left alone, the
 * next start would open whichever of both came first, and what was written last might be in the
 * other one. Over when it is open, or given up. Context: worker. Return: 0 or a negative errno.
 */
int liteio_known_hold_back(struct liteio_agent *a, const struct liteio_known_pool *pool,
			   bool was_known, struct liteio_error *err);
/*
 * pools that are still being opened, and are not on the list: what is on them nobody knows yet. A
 * sentence in new memory, NULL for none. Context: worker
 */
char *liteio_known_late(struct liteio_agent *a);

#endif
