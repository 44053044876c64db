// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generations that have ended while the disk was gone that would say so: a file of a few lines.
 */
#include "agent/ended.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/state_file.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

/* some ten thousand generations */
#define ENDED_MAX_BYTES (2u << 20)

struct list {
	struct liteio_ended *items;
	size_t n;
};

static const struct liteio_field ended_fields[] = {
	{ .key = "pool", .type = LITEIO_FIELD_UUID, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_ended, pool) },
	{ .key = "volume", .type = LITEIO_FIELD_UUID, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_ended, volume) },
	{ .key = "generation", .type = LITEIO_FIELD_U64, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_ended, generation) },
	{ .key = "sequence", .type = LITEIO_FIELD_U64,
	  .offset = offsetof(struct liteio_ended, sequence) },
	{ .key = NULL },
};

static const struct liteio_field list_fields[] = {
	{ .key = "generations", .type = LITEIO_FIELD_ARRAY,
	  .flags = LITEIO_FIELD_REQUIRED | LITEIO_FIELD_KEEP_ZERO,
	  .offset = offsetof(struct list, items), .count_offset = offsetof(struct list, n),
	  .elem_size = sizeof(struct liteio_ended), .fields = ended_fields },
	{ .key = NULL },
};

static const struct liteio_state_file ended_file = {
	.name = "ended.json",
	.max_bytes = ENDED_MAX_BYTES,
	.fields = list_fields,
	.what = "which generations have ended",
};

/* the file is read, changed and written as a whole */
static pthread_mutex_t ended_lock = PTHREAD_MUTEX_INITIALIZER;

static struct liteio_ended *find(const struct list *list, const struct liteio_uuid *volume,
				 uint64_t generation)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].generation == generation &&
		    liteio_uuid_equal(&list->items[i].volume, volume))
			return &list->items[i];
	}
	return NULL;
}

/* false: all that it says is there */
static bool add(struct list *list, const struct liteio_ended *ended)
{
	struct liteio_ended *there = find(list, &ended->volume, ended->generation);

	if (there && there->sequence >= ended->sequence)
		return false;
	if (there)
		there->sequence = ended->sequence;
	else
		list->items[list->n++] = *ended;
	return true;
}

int liteio_ended_add(struct liteio_agent *a, const struct liteio_ended *ended, size_t n,
		     struct liteio_error *err)
{
	struct list list = { 0 };
	bool is_new = false;
	int r;

	liteio_guard(&ended_lock);
	r = liteio_state_load(a, &ended_file, &list, err);
	if (!r)
		list.items = liteio_realloc(list.items, list.n + n + 1, sizeof(*list.items));
	for (size_t i = 0; !r && i < n; i++)
		is_new = add(&list, &ended[i]) || is_new;
	if (!r && is_new)
		r = liteio_state_save(a, &ended_file, &list, err);
	liteio_json_fini(&list, list_fields);
	return r;
}

int liteio_ended_check(struct liteio_agent *a, const struct liteio_uuid *volume,
		       uint64_t generation, struct liteio_error *err)
{
	struct list list = { 0 };
	int r;

	liteio_guard(&ended_lock);
	r = liteio_state_load(a, &ended_file, &list, err);
	if (!r && find(&list, volume, generation))
		r = liteio_error_set(err, -ESTALE,
				     "generation %" PRIu64
				     " has ended: the disk of its pool was gone, and with it what was not flushed",
				     generation);
	liteio_json_fini(&list, list_fields);
	return r;
}

int liteio_ended_of(struct liteio_agent *a, const struct liteio_uuid *pool,
		    struct liteio_ended **ret, size_t *ret_n, struct liteio_error *err)
{
	struct list list = { 0 };
	size_t n = 0;
	int r;

	*ret = NULL;
	*ret_n = 0;
	liteio_guard(&ended_lock);
	r = liteio_state_load(a, &ended_file, &list, err);
	for (size_t i = 0; !r && i < list.n; i++) {
		if (liteio_uuid_equal(&list.items[i].pool, pool))
			list.items[n++] = list.items[i];
	}
	if (!n) {
		liteio_json_fini(&list, list_fields);
		return r;
	}
	*ret = list.items;
	*ret_n = n;
	return 0;
}

int liteio_ended_settled(struct liteio_agent *a, const struct liteio_ended *ended, uint64_t found,
			 struct liteio_error *err)
{
	struct liteio_ended *there;
	struct list list = { 0 };
	int r;

	liteio_guard(&ended_lock);
	r = liteio_state_load(a, &ended_file, &list, err);
	there = r ? NULL : find(&list, &ended->volume, ended->generation);
	if (there && found < there->sequence) {
		log_warning(NULL,
			    "generation %" PRIu64 " has ended, and the catalog is older than it was then: it is kept in mind",
			    there->generation);
	} else if (there) {
		*there = list.items[--list.n];
		r = liteio_state_save(a, &ended_file, &list, err);
	}
	liteio_json_fini(&list, list_fields);
	return r;
}
