// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which pools are ours: what this node has opened before, and what matches the configuration.
 *
 * A disk is known by the uuid in its label, wherever it shows up; a file by its path. The list is
 * <stateDir>/pools.json: losing it loses no data, such a pool is imported again by hand. A known
 * pool that is not there stays on the list: while it had remote consumers, they are waited for, or
 * have places (see door.h).
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "agent/exports.h"
#include "agent/groups.h"
#include "agent/known.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "agent/state_file.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "host/block.h"

#define KNOWN_MAX_BYTES (1u << 20)

static const struct liteio_field known_pool_fields[] = {
	{ .key = "name", .type = LITEIO_FIELD_STRING,
	  .offset = offsetof(struct liteio_known_pool, name) },
	{ .key = "uuid", .type = LITEIO_FIELD_UUID, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_known_pool, uuid) },
	{ .key = "file", .type = LITEIO_FIELD_STRING,
	  .offset = offsetof(struct liteio_known_pool, file) },
	{ .key = "serial", .type = LITEIO_FIELD_STRING,
	  .offset = offsetof(struct liteio_known_pool, serial) },
	{ .key = "at", .type = LITEIO_FIELD_STRING,
	  .offset = offsetof(struct liteio_known_pool, at) },
	{ .key = "remote", .type = LITEIO_FIELD_BOOL,
	  .offset = offsetof(struct liteio_known_pool, remote) },
	{ .key = "places", .type = LITEIO_FIELD_BOOL,
	  .offset = offsetof(struct liteio_known_pool, places) },
	{ .key = "heldBack", .type = LITEIO_FIELD_BOOL,
	  .offset = offsetof(struct liteio_known_pool, held_back) },
	{ .key = "wasAway", .type = LITEIO_FIELD_BOOL,
	  .offset = offsetof(struct liteio_known_pool, was_away) },
	{ .key = NULL },
};

static const struct liteio_field known_fields[] = {
	{ .key = "pools", .type = LITEIO_FIELD_ARRAY, .flags = LITEIO_FIELD_KEEP_ZERO,
	  .offset = offsetof(struct liteio_known, pools),
	  .count_offset = offsetof(struct liteio_known, n_pools),
	  .elem_size = sizeof(struct liteio_known_pool), .fields = known_pool_fields },
	{ .key = NULL },
};

static const struct liteio_state_file known_file = {
	.name = "pools.json",
	.max_bytes = KNOWN_MAX_BYTES,
	.fields = known_fields,
	.what = "which pools are this node's",
};

/* the list is read, changed and written as a whole */
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static void known_load_or_none(struct liteio_agent *a, struct liteio_known *ret)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	r = liteio_state_load(a, &known_file, ret, &err);
	if (r < 0)
		log_err(NULL, "the list of pools: %s", liteio_error_str(&err, r));
}

int liteio_known_list(struct liteio_agent *a, struct liteio_known *ret, struct liteio_error *err)
{
	liteio_guard(&known_lock);
	if (err)
		return liteio_state_load(a, &known_file, ret, err);
	known_load_or_none(a, ret);
	return 0;
}

void liteio_known_list_free(struct liteio_known *known)
{
	liteio_json_fini(known, known_fields);
}

static void known_add(struct liteio_known *known, const struct liteio_known_pool *from)
{
	struct liteio_known_pool *to;

	known->pools = liteio_realloc(known->pools, known->n_pools + 1, sizeof(*known->pools));
	to = &known->pools[known->n_pools++];
	*to = *from;
	to->name = from->name ? liteio_strdup(from->name) : NULL;
	to->file = from->file ? liteio_strdup(from->file) : NULL;
	to->serial = from->serial ? liteio_strdup(from->serial) : NULL;
	to->at = from->at ? liteio_strdup(from->at) : NULL;
}

static void known_add_open(struct liteio_agent *a, struct liteio_known *known)
{
	struct liteio_open_pool **all;
	struct liteio_pool_info info;
	size_t i, n;

	liteio_pools_all(a->pools, &all, &n);
	for (i = 0; i < n; i++) {
		struct liteio_known_pool k = { .name = info.name };
		char *lasting, *clean, *at;

		liteio_pool_info(all[i]->engine, &info);
		k.uuid = info.uuid;
		k.file = info.file[0] ? info.file : NULL;
		k.remote = all[i]->remote || liteio_export_has_remote(all[i]);
		k.places = all[i]->places;
		lasting = k.file ? NULL : liteio_block_lasting_path(info.device);
		if (lasting)
			k.file = lasting;
		/* whatever a disk says of itself, it is text */
		clean = liteio_utf8_clean(info.disk_id);
		if (info.disk_id[0] && !clean)
			k.serial = info.disk_id;
		at = k.file || info.disk_id[0] ? NULL : liteio_block_where(info.device);
		k.at = at;
		known_add(known, &k);
		free(at);
		free(lasting);
		free(clean);
	}
	liteio_pools_put_all(a->pools, all, n);
}

/*
 * names are unique on a node: who makes or imports a pool of that name has given the old one up.
 * Whatever else is open by its name, a pool that is known by its uuid stays known
 */
static bool is_succeeded(const struct liteio_known_pool *old, const char *successor)
{
	return old->name && successor && strcmp(old->name, successor) == 0;
}

/* the list is on the disk: nobody need write down again who has remote consumers */
static void remember_written(struct liteio_agent *a, const struct liteio_known *known)
{
	struct liteio_open_pool *p;

	for (size_t i = 0; i < known->n_pools; i++) {
		if (!known->pools[i].remote ||
		    liteio_pools_get_uuid(a->pools, &known->pools[i].uuid, &p))
			continue;
		p->remote = true;
		liteio_pools_put(a->pools, p);
	}
}

/* @n: it is not among them */
static size_t find_uuid(const struct liteio_known_pool *pools, size_t n,
			const struct liteio_uuid *uuid)
{
	size_t i = 0;

	while (i < n && !liteio_uuid_equal(&pools[i].uuid, uuid))
		i++;
	return i;
}

/**
 * struct change - what becomes of pools on the list that are not open
 * @uuid: of one; NULL for none
 * @is_kept: it stays, and is not waited for
 * @successor: those of this name have been given up for a new one; NULL for none
 * @held: this one is held back; NULL for none
 * @is_held_new: and comes onto the list
 */
struct change {
	const struct liteio_uuid *uuid;
	bool is_kept;
	const char *successor;
	const struct liteio_known_pool *held;
	bool is_held_new;
};

/**
 * struct gone - pools that are not on the list any more, and not open
 * @pools: them
 * @n: how many
 *
 * Their places go when nobody has the list locked: who takes one away looks at it.
 */
struct gone {
	struct liteio_uuid *pools;
	size_t n;
};

static void gone_add(struct gone *gone, const struct liteio_uuid *pool)
{
	gone->pools = liteio_realloc(gone->pools, gone->n + 1, sizeof(*gone->pools));
	gone->pools[gone->n++] = *pool;
}

static void give_up(struct liteio_agent *a, struct gone *gone)
{
	for (size_t i = 0; i < gone->n; i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		int r;

		liteio_places_give_up(a, &gone->pools[i]);
		r = liteio_groups_forget_pool(a, &gone->pools[i], &err);
		/* the doctor finds what is left */
		if (r)
			log_warning(NULL, "%s", liteio_error_str(&err, r));
	}
	free(gone->pools);
}

/* it stays as it is on the list, if it is there */
static void hold_back(struct liteio_known *list, const struct liteio_known_pool *held, bool is_new)
{
	size_t at = find_uuid(list->pools, list->n_pools, &held->uuid);

	if (at == list->n_pools && is_new)
		known_add(list, held);
	if (at < list->n_pools)
		list->pools[at].held_back = true;
}

/*
 * Those that are open, and those that were known and are missing, but for those of @change; what
 * was known and is not any more is added to @gone, when the list is on the disk. The table is
 * looked at once: a pool that comes into it meanwhile is on the old list, or written down by who
 * has opened it.
 */
static int rewrite(struct liteio_agent *a, const struct change *change, struct gone *gone,
		   struct liteio_error *err)
{
	struct liteio_known old = { 0 }, new = { 0 };
	size_t i, n_open, n_gone = gone->n;
	int r;

	/* one that is there and can not be read is not overwritten: it may be put right again */
	r = liteio_state_load(a, &known_file, &old, err);
	if (r) {
		liteio_json_fini(&old, known_fields);
		return r;
	}
	known_add_open(a, &new);
	n_open = new.n_pools;
	for (i = 0; i < old.n_pools; i++) {
		struct liteio_known_pool *k = &old.pools[i];
		size_t open = find_uuid(new.pools, n_open, &k->uuid);
		bool is_it = change->uuid && liteio_uuid_equal(&k->uuid, change->uuid);

		/* who lets one in writes that down first: it says all still */
		if (open < n_open) {
			new.pools[open].places = new.pools[open].places || k->places;
			continue;
		}
		if (is_succeeded(k, change->successor) || (is_it && !change->is_kept)) {
			gone_add(gone, &k->uuid);
			continue;
		}
		k->remote = k->remote && !is_it;
		k->was_away = true;
		known_add(&new, k);
	}
	if (change->held)
		hold_back(&new, change->held, change->is_held_new);
	r = liteio_state_save(a, &known_file, &new, err);
	if (!r)
		remember_written(a, &new);
	else
		gone->n = n_gone;
	liteio_json_fini(&old, known_fields);
	liteio_json_fini(&new, known_fields);
	return r;
}

static int change_list(struct liteio_agent *a, const struct change *change,
		       struct liteio_error *err)
{
	struct gone gone = { 0 };
	int r;

	{
		liteio_guard(&known_lock);
		r = rewrite(a, change, &gone, err);
	}
	give_up(a, &gone);
	return r;
}

int liteio_pools_remember(struct liteio_agent *a, struct liteio_error *err)
{
	return change_list(a, &(struct change){ 0 }, err);
}

int liteio_pools_remember_new(struct liteio_agent *a, const struct liteio_open_pool *p,
			      struct liteio_error *err)
{
	return change_list(a, &(struct change){ .successor = p->name }, err);
}

int liteio_known_hold_back(struct liteio_agent *a, const struct liteio_known_pool *pool,
			   bool was_known, struct liteio_error *err)
{
	return change_list(a, &(struct change){ .held = pool, .is_held_new = !was_known }, err);
}

int liteio_pools_remember_remote(struct liteio_agent *a, struct liteio_open_pool *p,
				 struct liteio_error *err)
{
	if (p->remote)
		return 0;
	return liteio_pools_remember(a, err);
}

int liteio_pools_remember_places(struct liteio_agent *a, struct liteio_open_pool *p,
				 struct liteio_error *err)
{
	int r;

	/* set before the list is written: that is made of it */
	if (atomic_exchange(&p->places, true))
		return 0;
	r = liteio_pools_remember(a, err);
	if (r)
		p->places = false;
	return r;
}

/* the list is locked */
static int forget(struct liteio_agent *a, const char *name, bool *ret_known, struct gone *gone,
		  struct liteio_error *err)
{
	struct liteio_known known = { 0 };
	size_t i;
	int r = 0;

	*ret_known = false;
	known_load_or_none(a, &known);
	for (i = 0; r == 0 && i < known.n_pools; i++) {
		if (!known.pools[i].name || strcmp(known.pools[i].name, name) != 0 ||
		    liteio_pools_is_open(a->pools, &known.pools[i].uuid))
			continue;
		*ret_known = true;
		r = rewrite(a, &(struct change){ .uuid = &known.pools[i].uuid }, gone, err);
	}
	liteio_json_fini(&known, known_fields);
	return r;
}

int liteio_pools_forget(struct liteio_agent *a, const char *name, bool *ret_known,
			struct liteio_error *err)
{
	struct gone gone = { 0 };
	int r;

	{
		liteio_guard(&known_lock);
		r = forget(a, name, ret_known, &gone, err);
	}
	give_up(a, &gone);
	return r;
}

int liteio_pools_forget_gone(struct liteio_agent *a, const struct liteio_uuid *uuid,
			     struct liteio_error *err)
{
	return change_list(a, &(struct change){ .uuid = uuid }, err);
}

int liteio_pools_wait_no_more(struct liteio_agent *a, const struct liteio_uuid *uuid,
			      struct liteio_error *err)
{
	return change_list(a, &(struct change){ .uuid = uuid, .is_kept = true }, err);
}

/* of the list, which may be read: the first that has this name and is another one, or NULL */
static const struct liteio_known_pool *namesake_of(const struct liteio_known *known,
						   const struct liteio_uuid *uuid, const char *name)
{
	if (uuid && find_uuid(known->pools, known->n_pools, uuid) < known->n_pools)
		return NULL;
	for (size_t i = 0; i < known->n_pools; i++) {
		if (known->pools[i].name && !strcmp(known->pools[i].name, name))
			return &known->pools[i];
	}
	return NULL;
}

int liteio_known_check_name(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    const char *name, bool is_asked, struct liteio_error *err)
{
	const struct liteio_known_pool *other;
	struct liteio_known known = { 0 };
	size_t own;
	int r = 0;

	liteio_guard(&known_lock);
	known_load_or_none(a, &known);
	other = namesake_of(&known, uuid, name);
	own = uuid ? find_uuid(known.pools, known.n_pools, uuid) : known.n_pools;
	if (own < known.n_pools && known.pools[own].held_back && !is_asked)
		r = liteio_error_set(err, -EEXIST,
				     "pool %s is held back, as another one had what it has: pool import opens it, or says what that is",
				     name);
	else if (other && !is_asked)
		r = liteio_error_set(err, -EEXIST,
				     "it is another one than the pool %s of this node", name);
	else if (other && other->remote && !liteio_pools_is_open(a->pools, &other->uuid))
		r = liteio_error_set(err, -EEXIST,
				     "the pool %s of this node, which other nodes use, is another one and not open: bring its disk back, or give it up first (pool delete %s)",
				     name, name);
	liteio_json_fini(&known, known_fields);
	return r;
}

int liteio_pools_known_uuid(struct liteio_agent *a, const char *name, struct liteio_uuid *ret)
{
	struct liteio_known known = { 0 };
	int r = -ENOENT;
	size_t i;

	liteio_guard(&known_lock);
	known_load_or_none(a, &known);
	for (i = 0; i < known.n_pools && r; i++) {
		if (!known.pools[i].name || strcmp(known.pools[i].name, name) != 0)
			continue;
		*ret = known.pools[i].uuid;
		r = 0;
	}
	liteio_json_fini(&known, known_fields);
	return r;
}

char *liteio_pools_known_file(struct liteio_agent *a, const char *name)
{
	struct liteio_known known = { 0 };
	char *file = NULL;
	size_t i;

	liteio_guard(&known_lock);
	known_load_or_none(a, &known);
	for (i = 0; i < known.n_pools && !file; i++)
		if (known.pools[i].name && known.pools[i].file &&
		    strcmp(known.pools[i].name, name) == 0)
			file = liteio_strdup(known.pools[i].file);
	liteio_json_fini(&known, known_fields);
	return file;
}

char *liteio_known_place(struct liteio_agent *a, const struct liteio_uuid *uuid, bool *ret_known)
{
	struct liteio_known known = { 0 };
	char *place = NULL;

	liteio_guard(&known_lock);
	known_load_or_none(a, &known);
	for (size_t i = 0; i < known.n_pools && !place; i++) {
		const struct liteio_known_pool *k = &known.pools[i];
		const char *s = k->file ? k->file : k->serial ? k->serial : k->at;

		if (s && liteio_uuid_equal(&k->uuid, uuid))
			place = liteio_strdup(s);
	}
	if (ret_known)
		*ret_known = find_uuid(known.pools, known.n_pools, uuid) < known.n_pools;
	liteio_json_fini(&known, known_fields);
	return place;
}

/*
 * Of those the list says whether others use them; here nobody knows. One that was given up is on no
 * list any more, and its job may hang for ever
 */
static void add_late(const struct liteio_known *known, bool with_given_up, struct liteio_buf *b)
{
	struct liteio_late *late _cleanup_free_ = NULL;
	size_t n;

	liteio_late_list(&late, &n);
	for (size_t i = 0; i < n; i++) {
		if (late[i].is_given_up && !with_given_up)
			continue;
		if (!late[i].has_uuid ||
		    find_uuid(known->pools, known->n_pools, &late[i].uuid) == known->n_pools)
			liteio_buf_addf(b, "%sthe pool on %s, which is being opened",
					b->len ? ", " : "", late[i].device);
	}
}

char *liteio_known_late(struct liteio_agent *a)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	struct liteio_known known = { 0 };

	liteio_guard(&known_lock);
	known_load_or_none(a, &known);
	add_late(&known, true, &b);
	liteio_json_fini(&known, known_fields);
	return b.len ? liteio_buf_take(&b) : NULL;
}

char *liteio_pools_missing(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_buf b = LITEIO_BUF_INIT;
	struct liteio_known known = { 0 };
	size_t i;
	int r;

	liteio_guard(&known_lock);
	r = liteio_state_load(a, &known_file, &known, &err);
	if (r) {
		liteio_json_fini(&known, known_fields);
		return liteio_strf("whatever is on the list of pools, which can not be read (%s)",
				   liteio_error_str(&err, r));
	}
	for (i = 0; i < known.n_pools; i++)
		if (known.pools[i].remote &&
		    !liteio_pools_is_open(a->pools, &known.pools[i].uuid) &&
		    !liteio_places_are_held(a, &known.pools[i].uuid))
			liteio_buf_addf(&b, "%spool %s", b.len ? ", " : "",
					known.pools[i].name ? known.pools[i].name : "without a name");
	add_late(&known, false, &b);
	liteio_json_fini(&known, known_fields);
	return b.len ? liteio_buf_take(&b) : NULL;
}
