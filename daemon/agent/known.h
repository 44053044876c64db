/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of pools that are this node's, for those that open them.
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
 * @remote: other nodes use it
 */
struct liteio_known_pool {
	char *name;
	struct liteio_uuid uuid;
	char *file;
	bool remote;
};

struct liteio_known {
	struct liteio_known_pool *pools;
	size_t n_pools;
};

/* all of it; when it can not be read, nothing, and the error: logged if @err is NULL. Context: worker */
int liteio_known_list(struct liteio_agent *a, struct liteio_known *ret, struct liteio_error *err);
void liteio_known_list_free(struct liteio_known *known);

#endif
