// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left in the kernel of generations that ended while nobody looked, as when the agent was
 * killed between a fence and the end of what it has fenced.
 */
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/exports.h"
#include "agent/generations.h"
#include "agent/locks.h"
#include "agent/pools.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"

/**
 * struct sweep - a run
 * @agent: whose
 * @all: what is in the kernel
 * @end_ms: until then one is waited for, by liteio_now_ms()
 * @is_left: there was something
 */
struct sweep {
	struct liteio_agent *agent;
	const struct liteio_generations *all;
	uint64_t end_ms;
	bool is_left;
};

static bool is_among(const struct liteio_open_pool *p, struct liteio_open_pool *const *pools,
		     size_t n)
{
	while (n > 0)
		if (pools[--n] == p)
			return true;
	return false;
}

/*
 * Most have nothing that is over. Of one that has, it is looked at again, alone: a pool that is
 * imported late comes while other operations run, and what they have taken back is not to be ended
 */
static int sweep_volume(struct sweep *s, struct liteio_target *t, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	_cleanup_free_ uint64_t *remains = NULL;
	uint64_t now_ms = liteio_now_ms();
	char text[LITEIO_UUID_STRLEN + 1];
	size_t n = 0;

	liteio_export_remains(t->pool, &t->volume, s->all, &remains, &n);
	if (!n)
		return 0;
	s->is_left = true;
	liteio_uuid_format(&t->volume.uuid, text);
	lock = liteio_locks_take(s->agent->locks, text);
	return liteio_export_sweep(t->pool, &t->volume,
				   s->end_ms > now_ms ? s->end_ms - now_ms : 0, err);
}

bool liteio_restore_sweep(struct liteio_agent *a, struct liteio_open_pool *const *pools,
			  size_t n_pools, uint64_t wait_ms)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	LITEIO_GENERATIONS(all);
	struct sweep s = { .agent = a, .all = &all, .end_ms = liteio_now_ms() + wait_ms };
	size_t i, n;
	int r;

	r = liteio_generations_in_kernel(NULL, &all, &err);
	for (i = 0; r == 0 && i < all.n; i += n) {
		struct liteio_target t = { 0 };

		n = liteio_generations_of(&all, &all.items[i].uuid, &i);
		/* not in a pool: a volume that this node consumes */
		if (liteio_target_find_uuid(a, &all.items[i].uuid, &t, NULL) < 0)
			continue;
		if (is_among(t.pool, pools, n_pools))
			r = sweep_volume(&s, &t, &err);
		if (r < 0) {
			log_err(NULL, "volume %s: %s", t.volume.name, liteio_error_str(&err, r));
			r = 0;
		}
		liteio_target_fini(&t);
	}
	if (r)
		log_err(NULL, "what the kernel has is not known: %s", liteio_error_str(&err, r));
	return s.is_left;
}
