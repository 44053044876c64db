// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations: the table, and what can be said of one.
 */
#include "agent/operations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"

/**
 * struct liteio_operations - the table
 * @first: the newest; a reference to each
 * @n: how many
 */
struct liteio_operations {
	struct liteio_operation *first;
	size_t n;
};

struct liteio_operations *liteio_operations_new(void)
{
	return liteio_calloc(1, sizeof(struct liteio_operations));
}

void liteio_operations_free(struct liteio_operations *t)
{
	struct liteio_operation *op;

	if (!t)
		return;
	while ((op = t->first)) {
		t->first = op->next;
		liteio_operation_unref(op);
	}
	free(t);
}

static char *text_or_null(const char *s)
{
	return s && *s ? liteio_strdup(s) : NULL;
}

struct liteio_operation *liteio_operation_new(const char *verb, const char *object,
					      const char *pool)
{
	struct liteio_operation *op = liteio_calloc(1, sizeof(*op));

	op->refs = 1;
	op->verb = liteio_strdup(verb);
	op->object = text_or_null(object);
	op->pool = text_or_null(pool);
	op->begun_s = (uint64_t)time(NULL);
	op->begun_ms = liteio_now_ms();
	liteio_headway_init(&op->headway);
	return op;
}

void liteio_operation_unref(struct liteio_operation *op)
{
	if (!op || --op->refs)
		return;
	liteio_headway_fini(&op->headway);
	liteio_json_unref(op->result);
	free(op->verb);
	free(op->object);
	free(op->pool);
	free(op->message);
	free(op);
}

/* the one that has been over for longest; NULL when all run */
static struct liteio_operation **find_oldest(struct liteio_operations *t)
{
	struct liteio_operation **at, **oldest = NULL;
	uint64_t ended = UINT64_MAX;

	for (at = &t->first; *at; at = &(*at)->next) {
		uint64_t end = (*at)->begun_ms + (*at)->took_ms;

		if ((*at)->state == LITEIO_LOCAL_OPERATION_RUNNING || end > ended)
			continue;
		ended = end;
		oldest = at;
	}
	return oldest;
}

bool liteio_operations_tell(struct liteio_operations *t, struct liteio_operation *op)
{
	struct liteio_operation **oldest, *gone;

	if (!liteio_uuid_is_null(&op->uuid))
		return false;
	oldest = t->n >= LITEIO_LOCAL_OPERATIONS_MAX ? find_oldest(t) : NULL;
	if (oldest) {
		gone = *oldest;
		*oldest = gone->next;
		liteio_operation_unref(gone);
		t->n--;
	}
	liteio_uuid_random(&op->uuid);
	op->next = t->first;
	t->first = op;
	op->refs++;
	t->n++;
	return true;
}

void liteio_operation_end(struct liteio_operation *op, int r, const char *message,
			  struct liteio_json *result)
{
	op->state = r < 0 ? LITEIO_LOCAL_OPERATION_FAILED : LITEIO_LOCAL_OPERATION_DONE;
	op->took_ms = liteio_now_ms() - op->begun_ms;
	op->code = r < 0 ? r : 0;
	op->message = r < 0 ? liteio_strdup(message) : NULL;
	op->result = result;
}

static char *rfc3339(uint64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return liteio_strdup(text);
}

void liteio_operation_fill(struct liteio_operation *op, bool with_result,
			   struct liteio_local_operation *ret)
{
	bool runs = op->state == LITEIO_LOCAL_OPERATION_RUNNING;
	struct liteio_headway_state s;

	liteio_headway_get(&op->headway, &s);
	*ret = (struct liteio_local_operation){
		.uuid = op->uuid,
		.verb = liteio_strdup(op->verb),
		.object = text_or_null(op->object),
		.pool = text_or_null(op->pool ? op->pool : s.place),
		.state = (int)op->state,
		.done_bytes = s.done_bytes,
		.total_bytes = s.total_bytes,
		.begun_at = rfc3339(op->begun_s),
		.took_ms = runs ? liteio_now_ms() - op->begun_ms : op->took_ms,
	};
	if (op->code) {
		ret->error.code = liteio_strdup(liteio_errno_name(op->code));
		ret->error.message = liteio_strdup(op->message);
	}
	if (with_result)
		ret->result = liteio_json_ref(op->result);
}

int liteio_operations_find(struct liteio_operations *t, const struct liteio_uuid *uuid,
			   struct liteio_operation **ret, struct liteio_error *err)
{
	char text[LITEIO_UUID_STRLEN + 1];

	for (struct liteio_operation *op = t->first; op; op = op->next) {
		if (!liteio_uuid_equal(&op->uuid, uuid))
			continue;
		*ret = op;
		return 0;
	}
	liteio_uuid_format(uuid, text);
	return liteio_error_set(err, -ENOENT,
				"operation %s is not known: it ended long ago, or the agent was started since; what it was to do can be asked for again",
				text);
}

void liteio_operations_list(struct liteio_operations *t, struct liteio_local_operation_list *ret)
{
	ret->items = liteio_calloc(t->n + 1, sizeof(*ret->items));
	for (struct liteio_operation *op = t->first; op; op = op->next)
		liteio_operation_fill(op, false, &ret->items[ret->n_items++]);
}
