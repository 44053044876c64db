/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of volumes: from the catalog into the kernel, and what the kernel makes of them.
 *
 * Context of all functions: worker.
 */
#ifndef LITEIO_AGENT_LIMITS_H
#define LITEIO_AGENT_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"
#include "model/limits.h"
#include "pool/catalog.h"

struct liteio_error;
struct liteio_head_state;
struct liteio_local_volume;
struct liteio_netlink;
struct liteio_netlink_volume;
struct liteio_open_pool;
struct liteio_target;

struct liteio_catalog_limits liteio_limits_to_catalog(const struct liteio_limits *l);
struct liteio_limits liteio_limits_of_catalog(const struct liteio_catalog_limits *l);
struct liteio_limits liteio_limits_of_kernel(const struct liteio_netlink_volume *v);
struct liteio_over_limit liteio_over_limit_of_kernel(const struct liteio_netlink_volume *v);

/**
 * liteio_limits_hold() - have the kernel hold the limits that the catalog has
 * @nl: the registry, which knows the volume
 * @p: its pool
 * @uuid: the volume
 * @err: why it does not
 *
 * Without a lock: what another thread changes meanwhile is what holds in the end. A module that has
 * no limits holds none, which is no failure here. Return: 0 or a negative errno.
 */
int liteio_limits_hold(struct liteio_netlink *nl, struct liteio_open_pool *p,
		       const struct liteio_uuid *uuid, struct liteio_error *err);

/* the same for a volume that nobody else works on, and which the registry need not know yet */
int liteio_limits_enforce(struct liteio_target *t, struct liteio_error *err);

/**
 * struct liteio_limits_view - the kernel, as far as limits of many volumes are concerned; zeroed
 * @is_read: it was asked
 * @missing: why nothing holds, or NULL
 * @volumes: of the registry, by uuid
 * @n: how many
 * @heads: of this node
 * @n_heads: how many
 */
struct liteio_limits_view {
	bool is_read;
	char *missing;
	struct liteio_netlink_volume *volumes;
	size_t n;
	struct liteio_head_state *heads;
	size_t n_heads;
};

/**
 * liteio_limits_view_look() - what the kernel makes of the limits of a volume, among others
 * @v: the module is asked, about all volumes at once, for the first one that has limits; in no lane
 * @item: if it has limits, limits_not_in_force and over_limit are filled in
 */
void liteio_limits_view_look(struct liteio_limits_view *v, struct liteio_local_volume *item);
void liteio_limits_view_fini(struct liteio_limits_view *v);

/* the same of one, which alone is asked for */
void liteio_limits_look(struct liteio_local_volume *item);

#endif
