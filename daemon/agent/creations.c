// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Volumes that are created at once in one pool.
 */
#include "agent/creations.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/pools.h"
#include "agent/wishes.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "pool/create.h"

/**
 * struct creation - a wish
 * @wish: its head
 * @want: what
 * @name: of it
 */
struct creation {
	struct liteio_wish wish;
	struct liteio_pool_create want;
	char name[LITEIO_ONDISK_NAME];
};

static void create_all(struct liteio_pool *engine, struct liteio_wish *first, size_t n)
{
	struct liteio_pool_creation *all _cleanup_free_ = liteio_calloc(n, sizeof(*all));
	size_t i = 0;

	for (struct liteio_wish *w = first; w; w = w->next)
		all[i++] = (struct liteio_pool_creation){
			.want = &liteio_container_of(w, struct creation, wish)->want,
			.err = &w->err,
		};
	liteio_pool_volume_create_all(engine, all, n);
	i = 0;
	for (struct liteio_wish *w = first; w; w = w->next)
		w->result = all[i++].result;
}

static const struct liteio_wish_kind kind = { .most = SIZE_MAX, .fulfil = create_all };

int liteio_creations_run(struct liteio_open_pool *p, const struct liteio_pool_create *want,
			 struct liteio_creation_locks *locks, struct liteio_error *err)
{
	struct liteio_named_lock **const keeps[LITEIO_WISH_LOCKS] = { &locks->name, &locks->uuid };
	struct creation *c = liteio_calloc(1, sizeof(*c));
	int r;

	c->want = *want;
	snprintf(c->name, sizeof(c->name), "%s", want->name);
	c->want.name = c->name;
	r = liteio_wish_run(p, &p->creations, &kind, &c->wish, err);
	if (r == -ETIMEDOUT)
		liteio_wish_keep(p, &c->wish, keeps);
	liteio_wish_put(p, &c->wish);
	return r;
}
