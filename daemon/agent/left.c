// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel has of pools on disks that are gone. Pure.
 */
#include "agent/left.h"

#include <stdbool.h>
#include <stdlib.h>

#include "agent/ended.h"
#include "base/str.h"
#include "host/nvmet.h"

/* what a device is, as its name says it */
struct what {
	enum liteio_dm_role role;
	struct liteio_uuid uuid;
	uint64_t generation;
};

static struct what what_is(const struct liteio_left_device *d)
{
	struct what w = { .role = LITEIO_DM_ROLE_NR };

	(void)liteio_dm_name_parse(d->name, &w.role, &w.uuid, &w.generation);
	return w;
}

static const struct liteio_left_device *device_at(const struct liteio_left *l, dev_t dev)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->devices[i].dev == dev)
			return &l->devices[i];
	return NULL;
}

static bool is_on(const struct liteio_left_device *d, dev_t dev)
{
	for (size_t i = 0; i < d->n_below; i++)
		if (d->below[i] == dev)
			return true;
	return false;
}

static bool is_on_gone(const struct liteio_left *l, const struct liteio_left_device *d)
{
	for (size_t i = 0; i < l->n_gone; i++)
		if (is_on(d, l->gone[i]))
			return true;
	return false;
}

/* what a thin pool stands on: it is called like the pool, and stands on its disks */
static bool is_part(enum liteio_dm_role role)
{
	return role == LITEIO_DM_TMETA || role == LITEIO_DM_TDATA || role == LITEIO_DM_RMETA ||
	       role == LITEIO_DM_RDATA;
}

/* a linear volume has no name of its pool: but that has a thin pool on one of the same disks */
static bool find_neighbour(const struct liteio_left *l, const struct liteio_left_device *linear,
			   struct liteio_uuid *ret)
{
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < linear->n_below; k++) {
			struct what part;

			if (!is_on(&l->devices[i], linear->below[k]))
				continue;
			part = what_is(&l->devices[i]);
			if (!is_part(part.role))
				break;
			*ret = part.uuid;
			return true;
		}
	}
	return false;
}

/* the pool of what a head stands on */
static bool find_pool(const struct liteio_left *l, const struct liteio_left_device *lower,
		      struct liteio_uuid *ret)
{
	enum liteio_dm_role role = what_is(lower).role;
	const struct liteio_left_device *d;
	struct what pool;

	if (role == LITEIO_DM_LINEAR)
		return find_neighbour(l, lower, ret);
	d = role == LITEIO_DM_THIN && lower->n_below ? device_at(l, lower->below[0]) : NULL;
	if (!d)
		return false;
	pool = what_is(d);
	*ret = pool.uuid;
	return pool.role == LITEIO_DM_POOL || pool.role == LITEIO_DM_RPOOL;
}

/* one disk of it is enough */
static bool is_pool_gone(const struct liteio_left *l, const struct liteio_uuid *pool)
{
	for (size_t i = 0; i < l->n; i++) {
		struct what part;

		if (!is_on_gone(l, &l->devices[i]))
			continue;
		part = what_is(&l->devices[i]);
		if (is_part(part.role) && liteio_uuid_equal(&part.uuid, pool))
			return true;
	}
	return false;
}

static bool is_exported(const struct liteio_left *l, const struct what *head)
{
	for (size_t i = 0; i < l->n_exports; i++)
		if (l->exports[i].generation == head->generation &&
		    liteio_uuid_equal(&l->exports[i].uuid, &head->uuid))
			return true;
	return false;
}

static bool has_ended(const struct liteio_left *l, const struct liteio_left_device *d,
		      struct liteio_ended *ret)
{
	const struct liteio_left_device *lower;
	struct what head = what_is(d);

	if (head.role != LITEIO_DM_HEAD || !d->n_below || !is_exported(l, &head))
		return false;
	lower = device_at(l, d->below[0]);
	*ret = (struct liteio_ended){ .volume = head.uuid, .generation = head.generation };
	if (!lower || !find_pool(l, lower, &ret->pool))
		return false;
	return is_on_gone(l, lower) || is_pool_gone(l, &ret->pool);
}

void liteio_left_ended(const struct liteio_left *l, struct liteio_ended **ret, size_t *ret_n)
{
	*ret = NULL;
	*ret_n = 0;
	for (size_t i = 0; i < l->n; i++) {
		struct liteio_ended ended;

		if (!has_ended(l, &l->devices[i], &ended))
			continue;
		*ret = liteio_realloc(*ret, *ret_n + 1, sizeof(**ret));
		(*ret)[(*ret_n)++] = ended;
	}
}
