// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Letting go of what an agent that is gone held still.
 */
#include "agent/thaw.h"

#include <stdlib.h>

#include "agent/locks.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/uuid.h"
#include "host/dm.h"
#include "pool/pool.h"

/* from below: what stands on a device that is suspended waits for it */
static const enum liteio_dm_role order[] = { LITEIO_DM_LINEAR, LITEIO_DM_THIN, LITEIO_DM_HEAD };

/* heads are for everybody, what is below them only for us */
static unsigned int flags_of(enum liteio_dm_role role)
{
	return role == LITEIO_DM_HEAD ? 0 : LITEIO_DM_INNER;
}

static bool is_held(const struct liteio_dm_info *i)
{
	return i->suspended && (i->live_table || i->inactive_table);
}

/* false: it stays suspended */
static bool let_go(const struct liteio_dm_info *i, enum liteio_dm_role role)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_dm_resume(i->name, flags_of(role), &err);

	if (r < 0)
		log_err(NULL, "%s stays suspended: %s", i->name, liteio_error_str(&err, r));
	else
		log_warning(NULL, "%s was suspended, it goes on", i->name);
	return r == 0;
}

/* what is done about a device of this volume; false: it stays suspended */
typedef bool (*thaw_fn)(void *arg, const struct liteio_dm_info *i, enum liteio_dm_role role,
			const struct liteio_uuid *volume);

static unsigned int thaw_role(const struct liteio_dm_info *all, size_t n, enum liteio_dm_role role,
			      thaw_fn fn, void *arg)
{
	unsigned int left = 0;

	for (size_t i = 0; i < n; i++) {
		struct liteio_uuid volume;
		enum liteio_dm_role its;
		uint64_t generation;

		if (is_held(&all[i]) &&
		    !liteio_dm_name_parse(all[i].name, &its, &volume, &generation) && its == role)
			left += !fn(arg, &all[i], role, &volume);
	}
	return left;
}

static unsigned int thaw(thaw_fn fn, void *arg)
{
	_cleanup_free_ struct liteio_dm_info *all = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	unsigned int left = 0;
	size_t n = 0;
	int r;

	r = liteio_dm_list(&all, &n, &err);
	if (r < 0) {
		log_err(NULL, "what is suspended is not known: %s", liteio_error_str(&err, r));
		return 1;
	}
	for (size_t k = 0; k < LITEIO_ARRAY_SIZE(order); k++)
		left += thaw_role(all, n, order[k], fn, arg);
	return left;
}

static bool thaw_any(void *arg, const struct liteio_dm_info *i, enum liteio_dm_role role,
		     const struct liteio_uuid *volume)
{
	return let_go(i, role);
}

unsigned int liteio_thaw(void)
{
	return thaw(thaw_any, NULL);
}

static bool thaw_its(void *arg, const struct liteio_dm_info *i, enum liteio_dm_role role,
		     const struct liteio_uuid *volume)
{
	struct liteio_catalog_volume v;

	return liteio_pool_volume_get(arg, volume, &v) || let_go(i, role);
}

void liteio_thaw_pool(struct liteio_pool *p)
{
	(void)thaw(thaw_its, p);
}

/**
 * struct rest - how volumes are locked
 * @locks: the table
 * @take: liteio_locks_try() or liteio_locks_take()
 */
struct rest {
	struct liteio_locks *locks;
	struct liteio_named_lock *(*take)(struct liteio_locks *l, const char *name);
};

static bool thaw_unlocked(void *arg, const struct liteio_dm_info *i, enum liteio_dm_role role,
			  const struct liteio_uuid *volume)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	const struct rest *rest = arg;
	char text[LITEIO_UUID_STRLEN + 1];
	struct liteio_dm_info now;

	liteio_uuid_format(volume, text);
	lock = rest->take(rest->locks, text);
	if (!lock)
		return false;
	/* an operation may have held it, and has let go of it */
	if (liteio_dm_info(i->name, &now, NULL) || !is_held(&now))
		return true;
	return let_go(&now, role);
}

void liteio_thaw_rest(struct liteio_locks *locks)
{
	struct rest rest = { locks, liteio_locks_try };

	/* an operation that hangs delays nobody but its own volume */
	if (!thaw(thaw_unlocked, &rest))
		return;
	rest.take = liteio_locks_take;
	(void)thaw(thaw_unlocked, &rest);
}
