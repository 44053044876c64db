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
 * @n_bytes: of what they have answered
 */
struct liteio_operations {
	struct liteio_operation *first;
	size_t n;
	size_t n_bytes;
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
	free(op->result);
	free(op->verb);
	free(op->object);
	free(op->pool);
	free(op->message);
	free(op);
}

/* the one that has been over for longest, of those with an answer; NULL when there is none */
static struct liteio_operation **find_oldest(struct liteio_operations *t, bool has_answer)
{
	struct liteio_operation **at, **oldest = NULL;
	uint64_t ended = UINT64_MAX;

	for (at = &t->first; *at; at = &(*at)->next) {
		uint64_t end = (*at)->begun_ms + (*at)->took_ms;

		if ((*at)->state == LITEIO_LOCAL_OPERATION_RUNNING || end > ended ||
		    (has_answer && !(*at)->result))
			continue;
		ended = end;
		oldest = at;
	}
	return oldest;
}

static size_t bytes_of(const struct liteio_operation *op)
{
	return op->result ? strlen(op->result) : 0;
}

static void forget(struct liteio_operations *t, struct liteio_operation **at)
{
	struct liteio_operation *op = *at;

	*at = op->next;
	t->n--;
	t->n_bytes -= bytes_of(op);
	liteio_operation_unref(op);
}

bool liteio_operations_tell(struct liteio_operations *t, struct liteio_operation *op)
{
	struct liteio_operation **oldest;

	if (!liteio_uuid_is_null(&op->uuid))
		return false;
	oldest = t->n >= LITEIO_LOCAL_OPERATIONS_MAX ? find_oldest(t, false) : NULL;
	if (oldest)
		forget(t, oldest);
	liteio_uuid_random(&op->uuid);
	op->next = t->first;
	t->first = op;
	op->refs++;
	t->n++;
	return true;
}

void liteio_operations_end(struct liteio_operations *t, struct liteio_operation *op, int r,
			   const char *message, char *result)
{
	struct liteio_operation **oldest;

	while (result && (oldest = find_oldest(t, true)) &&
	       t->n_bytes + strlen(result) > LITEIO_OPERATIONS_BYTES_MAX)
		forget(t, oldest);
	op->state = r < 0 ? LITEIO_LOCAL_OPERATION_FAILED : LITEIO_LOCAL_OPERATION_DONE;
	op->took_ms = liteio_now_ms() - op->begun_ms;
	op->code = r < 0 ? r : 0;
	op->message = r < 0 ? liteio_strdup(message) : NULL;
	op->result = result;
	t->n_bytes += bytes_of(op);
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
	if (with_result && op->result)
		(void)liteio_json_parse(op->result, strlen(op->result), &ret->result, NULL);
}

struct liteio_json *liteio_operation_describe(struct liteio_operation *op)
{
	struct liteio_local_operation o;
	struct liteio_json *j;

	liteio_operation_fill(op, true, &o);
	j = liteio_json_encode(&o, liteio_local_operation_fields);
	liteio_json_fini(&o, liteio_local_operation_fields);
	return j;
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
