// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pools on their way into the table.
 */
#include "agent/claims.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/heir.h"

/**
 * struct liteio_claim - somebody opens this pool
 * @next: of all
 * @uuid: which
 * @name: of the pool, "" as long as that is not known
 * @names: what it has in it, in the order of the uuids; only names, kinds and uuids count
 * @n_names: so many
 * @is_given_up: it is not wanted any more
 */
struct liteio_claim {
	struct liteio_claim *next;
	struct liteio_uuid uuid;
	char name[LITEIO_ONDISK_NAME];
	struct liteio_catalog_volume *names;
	size_t n_names;
	bool is_given_up;
};

/* one agent has one set of them */
static struct {
	pthread_mutex_t lock;
	struct liteio_claim *first;
	struct liteio_late *late;
	size_t n_late;
} claims = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* the lock is held */
static struct liteio_claim *find(const struct liteio_uuid *uuid)
{
	for (struct liteio_claim *c = claims.first; c; c = c->next) {
		if (liteio_uuid_equal(&c->uuid, uuid))
			return c;
	}
	return NULL;
}

/* by who could not know yet that a job that has not begun would be at it. The lock is held */
static bool was_given_up(const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < claims.n_late; i++) {
		const struct liteio_late *l = &claims.late[i];

		if (l->is_given_up && l->has_uuid && liteio_uuid_equal(&l->uuid, uuid))
			return true;
	}
	return false;
}

int liteio_claim_take(const struct liteio_uuid *uuid, const char *device,
		      struct liteio_claim **ret, struct liteio_error *err)
{
	struct liteio_claim *c;

	liteio_guard(&claims.lock);
	if (find(uuid))
		return liteio_error_set(err, -EBUSY,
					"the pool on %s is being opened already: ask again later",
					device);
	c = liteio_calloc(1, sizeof(*c));
	c->uuid = *uuid;
	c->is_given_up = was_given_up(uuid);
	c->next = claims.first;
	claims.first = c;
	*ret = c;
	return 0;
}

void liteio_claim_give(struct liteio_claim *c)
{
	struct liteio_claim **at = &claims.first;

	if (!c)
		return;
	liteio_guard(&claims.lock);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c->names);
	free(c);
}

static int compare_uuid(const void *a, const void *b)
{
	const struct liteio_catalog_volume *x = a, *y = b;

	return memcmp(x->uuid.b, y->uuid.b, sizeof(x->uuid.b));
}

/* of one that was given up nothing comes, whenever its disk answers. The lock is held */
static bool has_uuid(const struct liteio_claim *c, const struct liteio_catalog_volume *v)
{
	return c->n_names && !c->is_given_up &&
	       bsearch(v, c->names, c->n_names, sizeof(*v), compare_uuid);
}

/* likewise */
static bool has_name(const struct liteio_claim *c, enum liteio_catalog_kind kind, const char *name)
{
	for (size_t i = 0; i < c->n_names && !c->is_given_up; i++) {
		const struct liteio_catalog_volume *v = &c->names[i];

		/* one that is deleted has no name any more */
		if (v->kind == kind && v->state != LITEIO_CATALOG_DELETING &&
		    !strcmp(v->name, name))
			return true;
	}
	return false;
}

/* the lock is held */
static int check_others(const struct liteio_claim *c, const struct liteio_catalog_volume *v,
			bool is_strict, struct liteio_error *err)
{
	for (const struct liteio_claim *x = claims.first; x; x = x->next) {
		if (x == c)
			continue;
		if (has_uuid(x, v))
			return liteio_error_set(err, -EBUSY,
						"pool %s, which is being opened, has what has the uuid of %s: ask again later",
						x->name, v->name);
		if (is_strict && v->state != LITEIO_CATALOG_DELETING &&
		    has_name(x, v->kind, v->name))
			return liteio_error_set(err, -EBUSY,
						"pool %s, which is being opened, has a %s of the name %s: ask again later",
						x->name,
						v->kind == LITEIO_CATALOG_SNAPSHOT ? "snapshot" :
										     "volume",
						v->name);
	}
	return 0;
}

int liteio_claim_names(struct liteio_claim *c, struct liteio_pool *engine, bool is_strict,
		       struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_volume *names = NULL;
	size_t n;
	int r = 0;

	liteio_pool_volume_list(engine, &names, &n);
	if (n > 1)
		qsort(names, n, sizeof(*names), compare_uuid);
	liteio_guard(&claims.lock);
	free(take_ptr(c->names));
	c->n_names = 0;
	for (size_t i = 0; i < n && !r; i++)
		r = check_others(c, &names[i], is_strict, err);
	if (r)
		return r;
	c->names = take_ptr(names);
	c->n_names = n;
	return 0;
}

bool liteio_claim_has_name(enum liteio_catalog_kind kind, const char *name)
{
	liteio_guard(&claims.lock);
	for (const struct liteio_claim *c = claims.first; c; c = c->next) {
		if (has_name(c, kind, name))
			return true;
	}
	return false;
}

bool liteio_claim_has_uuid(const struct liteio_uuid *uuid)
{
	const struct liteio_catalog_volume key = { .uuid = *uuid };

	liteio_guard(&claims.lock);
	for (const struct liteio_claim *c = claims.first; c; c = c->next) {
		if (has_uuid(c, &key))
			return true;
	}
	return false;
}

/* one of that name is in the table, and it is another one. The lock is held */
static int check_table(const struct liteio_claim *c, struct liteio_pools *t, const char *name,
		       const char *device, struct liteio_error *err)
{
	struct liteio_open_pool *p;
	struct liteio_pool_info info;
	int r;

	r = liteio_pools_get(t, name, &p, err);
	if (r)
		return r == -ENOENT ? 0 : r;
	liteio_pool_info(p->engine, &info);
	if (!c || !liteio_uuid_equal(&c->uuid, &p->uuid))
		r = liteio_error_set(err, -EEXIST,
				     "pool %s on %s is another one than the pool of that name on %s, of which one can be open here: export that one first",
				     name, device, info.file[0] ? info.file : info.device);
	liteio_pools_put(t, p);
	return r;
}

int liteio_claim_name(struct liteio_claim *c, struct liteio_pools *t, const char *name,
		      const char *device, struct liteio_error *err)
{
	int r;

	liteio_guard(&claims.lock);
	for (const struct liteio_claim *x = claims.first; x; x = x->next) {
		/* one that was given up comes to nothing, whenever its disk answers */
		if (x != c && !x->is_given_up && !strcmp(x->name, name))
			return liteio_error_set(err, -EEXIST,
						"pool %s on %s is another one than the pool of that name which is being opened",
						name, device);
	}
	r = check_table(c, t, name, device, err);
	if (!r && c)
		snprintf(c->name, sizeof(c->name), "%s", name);
	return r;
}

bool liteio_claim_has_pool(const char *name)
{
	liteio_guard(&claims.lock);
	for (const struct liteio_claim *c = claims.first; c; c = c->next) {
		if (!c->is_given_up && !strcmp(c->name, name))
			return true;
	}
	return false;
}

bool liteio_claim_is_taken(const struct liteio_uuid *uuid)
{
	liteio_guard(&claims.lock);
	return find(uuid);
}

void liteio_claim_give_up(const struct liteio_uuid *uuid)
{
	liteio_guard(&claims.lock);
	struct liteio_claim *c = find(uuid);

	if (c)
		c->is_given_up = true;
	for (size_t i = 0; i < claims.n_late; i++) {
		struct liteio_late *l = &claims.late[i];

		if (l->has_uuid && liteio_uuid_equal(&l->uuid, uuid))
			l->is_given_up = true;
	}
}

/* under the lock: who gives it up after this finds it in the table */
static int add(struct liteio_claim *c, struct liteio_pools *t, struct liteio_pool *engine,
	       struct liteio_open_pool **ret, struct liteio_error *err)
{
	int r;

	liteio_guard(&claims.lock);
	if (c && c->is_given_up)
		return liteio_error_set(err, -ECANCELED, "it was given up meanwhile");
	r = liteio_pools_add(t, engine, ret, err);
	/* found there from now on */
	if (!r && c)
		c->n_names = 0;
	return r;
}

int liteio_claim_add(struct liteio_claim *c, struct liteio_pools *t, struct liteio_pool *engine,
		     struct liteio_open_pool **ret, struct liteio_error *err)
{
	int r = add(c, t, engine, ret, err);
	struct liteio_pool_info info;
	bool is_left;

	if (!r) {
		liteio_pools_say_added(t);
		return 0;
	}
	liteio_pool_info(engine, &info);
	/* what the kernel has of it is in use by that one */
	is_left = t && liteio_pools_is_open(t, &info.uuid);
	if (!is_left) {
		liteio_heir_begin(&info.uuid);
		is_left = liteio_pool_close(engine, NULL) != 0;
		liteio_heir_end();
	}
	if (is_left)
		liteio_pool_release(engine);
	return r;
}

void liteio_late_begin(const char *device, const struct liteio_uuid *uuid)
{
	struct liteio_late *l;

	liteio_guard(&claims.lock);
	claims.late = liteio_realloc(claims.late, claims.n_late + 1, sizeof(*claims.late));
	l = &claims.late[claims.n_late++];
	*l = (struct liteio_late){ .has_uuid = uuid };
	if (uuid)
		l->uuid = *uuid;
	snprintf(l->device, sizeof(l->device), "%s", device);
}

void liteio_late_end(const char *device)
{
	liteio_guard(&claims.lock);
	for (size_t i = 0; i < claims.n_late; i++) {
		if (!strncmp(claims.late[i].device, device, sizeof(claims.late[i].device) - 1)) {
			claims.late[i] = claims.late[--claims.n_late];
			return;
		}
	}
}

void liteio_late_list(struct liteio_late **ret, size_t *ret_n)
{
	liteio_guard(&claims.lock);
	*ret = liteio_calloc(claims.n_late + 1, sizeof(**ret));
	if (claims.n_late)
		memcpy(*ret, claims.late, claims.n_late * sizeof(**ret));
	*ret_n = claims.n_late;
}
