// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Groups of snapshots that no single write of a catalog can bring about: a file of a few lines.
 */
#include "agent/groups.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/pools.h"
#include "agent/state_file.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

#define OWNER "group:"
/* some thousand snapshots */
#define GROUPS_MAX_BYTES (1u << 20)

struct list {
	struct liteio_group_part *items;
	size_t n;
};

static const struct liteio_field part_fields[] = {
	{ .key = "group", .type = LITEIO_FIELD_UUID, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_group_part, group) },
	{ .key = "pool", .type = LITEIO_FIELD_UUID, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_group_part, pool) },
	{ .key = "snapshot", .type = LITEIO_FIELD_UUID, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_group_part, snapshot) },
	{ .key = NULL },
};

static const struct liteio_field list_fields[] = {
	{ .key = "snapshots", .type = LITEIO_FIELD_ARRAY,
	  .flags = LITEIO_FIELD_REQUIRED | LITEIO_FIELD_KEEP_ZERO,
	  .offset = offsetof(struct list, items), .count_offset = offsetof(struct list, n),
	  .elem_size = sizeof(struct liteio_group_part), .fields = part_fields },
	{ .key = NULL },
};

static const struct liteio_state_file groups_file = {
	.name = "groups.json",
	.max_bytes = GROUPS_MAX_BYTES,
	.fields = list_fields,
	.what = "which groups of snapshots are not there",
};

/* the file is read, changed and written as a whole; and @begun */
static pthread_mutex_t groups_lock = PTHREAD_MUTEX_INITIALIZER;

/* groups that somebody is about to take */
static struct {
	struct liteio_uuid *items;
	size_t n;
} begun;

static bool is_begun(const struct liteio_uuid *group)
{
	for (size_t i = 0; i < begun.n; i++)
		if (liteio_uuid_equal(&begun.items[i], group))
			return true;
	return false;
}

static void forget_begun(const struct liteio_uuid *group)
{
	for (size_t i = 0; i < begun.n; i++)
		if (liteio_uuid_equal(&begun.items[i], group))
			begun.items[i--] = begun.items[--begun.n];
}

void liteio_groups_owner(const struct liteio_uuid *group, char ret[LITEIO_GROUP_OWNER_LEN])
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(group, text);
	snprintf(ret, LITEIO_GROUP_OWNER_LEN, OWNER "%s", text);
}

int liteio_groups_begin(struct liteio_agent *a, const struct liteio_group_part *parts, size_t n,
			struct liteio_error *err)
{
	struct list list = { 0 };
	int r;

	liteio_guard(&groups_lock);
	r = liteio_state_load(a, &groups_file, &list, err);
	if (!r) {
		list.items = liteio_realloc(list.items, list.n + n, sizeof(*list.items));
		memcpy(list.items + list.n, parts, n * sizeof(*parts));
		list.n += n;
		r = liteio_state_save(a, &groups_file, &list, err);
	}
	liteio_json_fini(&list, list_fields);
	if (r)
		return r;
	begun.items = liteio_realloc(begun.items, begun.n + 1, sizeof(*begun.items));
	begun.items[begun.n++] = parts[0].group;
	return 0;
}

static bool is_or_any(const struct liteio_uuid *wanted, const struct liteio_uuid *uuid)
{
	return !wanted || liteio_uuid_equal(wanted, uuid);
}

/* those that are all of what is said, each of which may be NULL */
static int take_out(struct liteio_agent *a, const struct liteio_uuid *group,
		    const struct liteio_uuid *pool, const struct liteio_uuid *snapshot,
		    struct liteio_error *err)
{
	struct list list = { 0 };
	size_t n = 0;
	int r;

	r = liteio_state_load(a, &groups_file, &list, err);
	for (size_t i = 0; i < list.n; i++) {
		const struct liteio_group_part *x = &list.items[i];

		if (!is_or_any(group, &x->group) || !is_or_any(pool, &x->pool) ||
		    !is_or_any(snapshot, &x->snapshot))
			list.items[n++] = *x;
	}
	if (!r && n < list.n) {
		list.n = n;
		r = liteio_state_save(a, &groups_file, &list, err);
	}
	liteio_json_fini(&list, list_fields);
	return r;
}

int liteio_groups_end(struct liteio_agent *a, const struct liteio_uuid *group,
		      struct liteio_error *err)
{
	int r;

	liteio_guard(&groups_lock);
	r = take_out(a, group, NULL, NULL, err);
	if (!r)
		forget_begun(group);
	return r;
}

void liteio_groups_give_up(const struct liteio_uuid *group)
{
	liteio_guard(&groups_lock);
	forget_begun(group);
}

/* ---- what is left of them -------------------------------------------------------------------- */

/* of a pool, or all; of a group, or all that nobody is about to take: new memory, NULL for none */
static int find_left(struct liteio_agent *a, const struct liteio_uuid *pool,
		     const struct liteio_uuid *group, struct liteio_group_part **ret, size_t *ret_n,
		     struct liteio_error *err)
{
	struct list list = { 0 };
	size_t n = 0;
	int r;

	liteio_guard(&groups_lock);
	r = liteio_state_load(a, &groups_file, &list, err);
	for (size_t i = 0; i < list.n && !r; i++) {
		const struct liteio_group_part *x = &list.items[i];

		if (!is_or_any(pool, &x->pool))
			continue;
		if (group ? liteio_uuid_equal(&x->group, group) : !is_begun(&x->group))
			list.items[n++] = *x;
	}
	*ret_n = n;
	*ret = n ? take_ptr(list.items) : NULL;
	if (!n)
		liteio_json_fini(&list, list_fields);
	return r;
}

int liteio_groups_list(struct liteio_agent *a, struct liteio_group_part **ret, size_t *ret_n,
		       struct liteio_error *err)
{
	return find_left(a, NULL, NULL, ret, ret_n, err);
}

/* 0 when it is not there any more, whether it was or not */
static int delete_one(struct liteio_agent *a, struct liteio_open_pool *p,
		      const struct liteio_group_part *part, struct liteio_error *err)
{
	char owner[LITEIO_GROUP_OWNER_LEN];
	struct liteio_catalog_volume v;
	int r;

	liteio_groups_owner(&part->group, owner);
	LITEIO_LANE(lane);

	r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
	if (r)
		return r;
	if (liteio_pool_volume_get(p->engine, &part->snapshot, &v) < 0 || strcmp(v.owner, owner))
		return 0;
	if (v.state != LITEIO_CATALOG_DELETING) {
		r = liteio_pool_volume_delete(p->engine, &part->snapshot, err);
		if (r)
			return r;
		log_warning(NULL, "pool %s: snapshot %s is of a group that was not finished: it goes",
			    p->name, v.name);
		liteio_events_say(a, LITEIO_LOCAL_EVENT_SNAPSHOT_REMOVED, v.name, &v.uuid, p->name,
				  NULL);
	}
	/* no later loss of a slot brings it back */
	return liteio_pool_confirm(p->engine, err);
}

static int settle(struct liteio_agent *a, const struct liteio_group_part *part,
		  struct liteio_error *err)
{
	liteio_guard(&groups_lock);
	return take_out(a, &part->group, NULL, &part->snapshot, err);
}

int liteio_groups_undo(struct liteio_agent *a, struct liteio_open_pool *p,
		       const struct liteio_uuid *group, struct liteio_error *err)
{
	struct liteio_group_part *left _cleanup_free_ = NULL;
	struct liteio_error why = LITEIO_ERROR_INIT;
	int r, failed = 0;
	size_t n;

	r = find_left(a, &p->uuid, group, &left, &n, &why);
	if (r) {
		log_err(NULL, "pool %s: half a group may be there: %s", p->name,
			liteio_error_str(&why, r));
		failed = liteio_error_set(err, r, "%s", liteio_error_str(&why, r));
	}
	for (size_t i = 0; i < n; i++) {
		r = delete_one(a, p, &left[i], &why);
		if (!r)
			r = settle(a, &left[i], &why);
		if (!r)
			continue;
		log_err(NULL, "pool %s: half a group of snapshots is there: %s", p->name,
			liteio_error_str(&why, r));
		failed = liteio_error_set(err, r, "%s", liteio_error_str(&why, r));
	}
	if (n)
		liteio_pools_reclaim_later(a, p);
	return failed;
}

int liteio_groups_forget_pool(struct liteio_agent *a, const struct liteio_uuid *pool,
			      struct liteio_error *err)
{
	liteio_guard(&groups_lock);
	return take_out(a, NULL, pool, NULL, err);
}

int liteio_groups_check(struct liteio_agent *a, const struct liteio_catalog_volume *snapshot,
			struct liteio_error *err)
{
	char owner[LITEIO_GROUP_OWNER_LEN];
	struct list list = { 0 };
	int r;

	if (strncmp(snapshot->owner, OWNER, strlen(OWNER)) != 0)
		return 0;
	liteio_guard(&groups_lock);
	r = liteio_state_load(a, &groups_file, &list, err);
	if (r)
		r = -EAGAIN;
	for (size_t i = 0; i < list.n && !r; i++) {
		liteio_groups_owner(&list.items[i].group, owner);
		if (!strcmp(owner, snapshot->owner))
			r = liteio_error_set(err, -EAGAIN,
					     "snapshot %s is of a group that was not finished, and goes",
					     snapshot->name);
	}
	liteio_json_fini(&list, list_fields);
	return r;
}
