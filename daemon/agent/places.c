// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Places: the file that says what to hold one for, and what is decided by it.
 */
#include "agent/places.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/known.h"
#include "agent/pools.h"
#include "agent/state_file.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

/* some thirty thousand exports */
#define PLACES_MAX_BYTES (8u << 20)
/* that of a head that stands on no disk */
#define PLACE_BLOCK_BYTES 512u

static const struct liteio_field place_fields[] = {
	{ .key = "volume", .type = LITEIO_FIELD_UUID, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_place, volume) },
	{ .key = "generation", .type = LITEIO_FIELD_U64, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_place, generation) },
	{ .key = "hostNQN", .type = LITEIO_FIELD_STRING, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_place, host) },
	{ .key = "sizeBytes", .type = LITEIO_FIELD_U64, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_place, size_bytes) },
	{ .key = "blockBytes", .type = LITEIO_FIELD_U64,
	  .offset = offsetof(struct liteio_place, block_bytes) },
	{ .key = NULL },
};

static const struct liteio_field pool_fields[] = {
	{ .key = "pool", .type = LITEIO_FIELD_UUID, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_pool_places, pool) },
	/* without them nothing is known: that none is there has to be said */
	{ .key = "exports", .type = LITEIO_FIELD_ARRAY,
	  .flags = LITEIO_FIELD_REQUIRED | LITEIO_FIELD_KEEP_ZERO,
	  .offset = offsetof(struct liteio_pool_places, items),
	  .count_offset = offsetof(struct liteio_pool_places, n),
	  .elem_size = sizeof(struct liteio_place), .fields = place_fields },
	{ .key = NULL },
};

static const struct liteio_field places_fields[] = {
	{ .key = "pools", .type = LITEIO_FIELD_ARRAY,
	  .flags = LITEIO_FIELD_REQUIRED | LITEIO_FIELD_KEEP_ZERO,
	  .offset = offsetof(struct liteio_places, pools),
	  .count_offset = offsetof(struct liteio_places, n_pools),
	  .elem_size = sizeof(struct liteio_pool_places), .fields = pool_fields },
	{ .key = NULL },
};

static const struct liteio_state_file places_file = {
	.name = "exports.json",
	.max_bytes = PLACES_MAX_BYTES,
	.fields = places_fields,
	.what = "which exports there were",
};

/* the file is read, changed and written as a whole */
static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- pure ----------------------------------------------------------------------------------- */

static struct liteio_pool_places *find_pool(const struct liteio_places *places,
					    const struct liteio_uuid *pool)
{
	for (size_t i = 0; i < places->n_pools; i++) {
		if (liteio_uuid_equal(&places->pools[i].pool, pool))
			return &places->pools[i];
	}
	return NULL;
}

const struct liteio_pool_places *liteio_places_of(const struct liteio_places *places,
						  const struct liteio_uuid *pool)
{
	return find_pool(places, pool);
}

bool liteio_places_can_be_held(const struct liteio_pool_places *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->items[i].block_bytes != PLACE_BLOCK_BYTES)
			return false;
	}
	return true;
}

bool liteio_places_say(const struct liteio_places *places, const struct liteio_known_pool *k)
{
	return !k->remote || (k->places && find_pool(places, &k->uuid));
}

bool liteio_place_stays(const struct liteio_place_facts *f)
{
	return !f->has_ended && (f->is_live || f->is_written_down || f->is_unsure);
}

/* ---- the exports of a pool ------------------------------------------------------------------ */

static const struct liteio_place *find_place(const struct liteio_pool_places *p,
					     const struct liteio_uuid *volume, uint64_t generation)
{
	for (size_t i = 0; p && i < p->n; i++) {
		if (p->items[i].generation == generation &&
		    liteio_uuid_equal(&p->items[i].volume, volume))
			return &p->items[i];
	}
	return NULL;
}

/* what its consumer is told; it does not change as long as the generation lives */
static uint64_t block_of(const struct liteio_pool_places *old, const struct liteio_uuid *volume,
			 uint64_t generation)
{
	const struct liteio_place *known = find_place(old, volume, generation);

	return known && known->block_bytes ? known->block_bytes :
					     liteio_places_block(volume, generation);
}

static void collect(struct liteio_open_pool *p, const struct liteio_pool_places *old,
		    struct liteio_pool_places *ret)
{
	struct liteio_catalog_attachment *atts _cleanup_free_ = NULL;
	struct liteio_catalog_volume v;
	size_t n = 0;

	liteio_pool_attachment_list_remote(p->engine, &atts, &n);
	*ret = (struct liteio_pool_places){ .pool = p->uuid };
	ret->items = liteio_calloc(n + 1, sizeof(*ret->items));
	for (size_t i = 0; i < n; i++) {
		/* what was never used was never served */
		if (liteio_pool_volume_get(p->engine, &atts[i].volume, &v) || v.is_unmade)
			continue;
		ret->items[ret->n++] = (struct liteio_place){
			.volume = atts[i].volume,
			.generation = atts[i].generation,
			.host = liteio_strdup(atts[i].host),
			.size_bytes = v.size_bytes,
			.block_bytes = block_of(old, &atts[i].volume, atts[i].generation),
		};
	}
}

static bool is_same(const struct liteio_pool_places *a, const struct liteio_pool_places *b)
{
	if (!a || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct liteio_place *x = &a->items[i], *y = &b->items[i];

		if (!liteio_uuid_equal(&x->volume, &y->volume) || x->generation != y->generation ||
		    strcmp(x->host, y->host) != 0 || x->size_bytes != y->size_bytes ||
		    x->block_bytes != y->block_bytes)
			return false;
	}
	return true;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* @places owns @pool's items from here on */
static void replace(struct liteio_places *places, const struct liteio_pool_places *pool)
{
	struct liteio_pool_places *to = find_pool(places, &pool->pool);

	if (to) {
		liteio_json_fini(to, pool_fields);
	} else {
		places->pools = liteio_realloc(places->pools, places->n_pools + 1,
					       sizeof(*places->pools));
		to = &places->pools[places->n_pools++];
	}
	*to = *pool;
}

/*
 * One that is there and says nothing is made anew: it holds nothing that the catalogs do not know,
 * and liteio_places_say() knows which pools are missing from it. One that can not be read now is
 * left as it is: it may say all of a pool that is away
 */
static int load_or_none(struct liteio_agent *a, struct liteio_places *ret, struct liteio_error *err)
{
	int r = liteio_state_load(a, &places_file, ret, err);

	if (!r)
		return 0;
	liteio_json_fini(ret, places_fields);
	*ret = (struct liteio_places){ 0 };
	if (r != -EINVAL && r != -EMSGSIZE)
		return r;
	log_err(NULL, "%s", liteio_error_str(err, r));
	return 0;
}

/* @ret: it is in the file */
static int keep(struct liteio_agent *a, struct liteio_open_pool *p, bool *ret,
		struct liteio_error *err)
{
	const struct liteio_pool_places *old;
	struct liteio_places places = { 0 };
	struct liteio_pool_places now;
	int r;

	liteio_guard(&places_lock);
	r = load_or_none(a, &places, err);
	if (r)
		return r;
	old = find_pool(&places, &p->uuid);
	collect(p, old, &now);
	/* one that has no remote consumers is not waited for, unless it had some */
	*ret = old || now.n || p->remote;
	if (is_same(old, &now) || !*ret) {
		liteio_json_fini(&now, pool_fields);
	} else {
		replace(&places, &now);
		r = liteio_state_save(a, &places_file, &places, err);
	}
	liteio_json_fini(&places, places_fields);
	return r;
}

int liteio_places_keep(struct liteio_agent *a, struct liteio_open_pool *p, struct liteio_error *err)
{
	struct liteio_error list_err = LITEIO_ERROR_INIT;
	bool is_in = false;
	int r = keep(a, p, &is_in, err), listed;

	if (r || !is_in)
		return r;
	/* that they are is not to be relied on then: the door waits for the pool */
	listed = liteio_pools_remember_places(a, p, &list_err);
	if (listed)
		log_warning(NULL, "pool %s: there will be no places for its exports: %s", p->name,
			    liteio_error_str(&list_err, listed));
	return 0;
}

void liteio_places_keep_or_lose(struct liteio_agent *a, struct liteio_open_pool *p)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_places_keep(a, p, &err);

	if (!r)
		return;
	log_err(NULL, "pool %s: its exports are not written down: %s", p->name,
		liteio_error_str(&err, r));
	liteio_guard(&places_lock);
	r = liteio_state_remove(a, &places_file, &err);
	if (r)
		log_err(NULL, "not all of them may have places: %s", liteio_error_str(&err, r));
}

int liteio_places_load(struct liteio_agent *a, struct liteio_places *ret, struct liteio_error *err)
{
	liteio_guard(&places_lock);
	return liteio_state_load(a, &places_file, ret, err);
}

void liteio_places_free(struct liteio_places *places)
{
	liteio_json_fini(places, places_fields);
}

int liteio_places_drop(struct liteio_agent *a, const struct liteio_uuid *pool,
		       struct liteio_error *err)
{
	struct liteio_places places = { 0 };
	struct liteio_pool_places *of;
	int r;

	liteio_guard(&places_lock);
	r = load_or_none(a, &places, err);
	of = find_pool(&places, pool);
	if (of) {
		liteio_json_fini(of, pool_fields);
		*of = places.pools[--places.n_pools];
		r = liteio_state_save(a, &places_file, &places, err);
	}
	liteio_json_fini(&places, places_fields);
	return r;
}
