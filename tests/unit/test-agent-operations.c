// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations: what is told of one while it runs and when it has ended, and which are forgotten when
 * there are too many.
 *
 * unit-src: daemon/agent/operations.c
 */
#include <errno.h>
#include <string.h>

#include "agent/operations.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "unit.h"

static struct liteio_operation *told(struct liteio_operations *t, const char *object)
{
	struct liteio_operation *op = liteio_operation_new("volume create", object, "fast");

	ck_assert(liteio_operations_tell(t, op));
	return op;
}

START_TEST(one_is_told_from_its_beginning_to_its_end)
{
	struct liteio_operation *op = liteio_operation_new("volume create", "a", NULL), *found;
	struct liteio_operations *t = liteio_operations_new();
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_local_operation o;
	struct liteio_uuid null = { 0 };

	ck_assert(liteio_uuid_is_null(&op->uuid));
	ck_assert(liteio_operations_tell(t, op));
	ck_assert(!liteio_operations_tell(t, op));
	ck_assert_int_eq(liteio_operations_find(t, &op->uuid, &found, &err), 0);
	ck_assert_ptr_eq(found, op);
	ck_assert_int_eq(liteio_operations_find(t, &null, &found, &err), -ENOENT);

	/* as a worker does */
	liteio_headway_watch(&op->headway);
	ck_assert(liteio_headway_is_watched());
	liteio_headway_place("fast");
	liteio_headway_total(100);
	liteio_headway_done(40);
	liteio_headway_watch(NULL);
	liteio_headway_done(50);

	liteio_operation_fill(op, true, &o);
	ck_assert_int_eq(o.state, LITEIO_LOCAL_OPERATION_RUNNING);
	ck_assert_str_eq(o.object, "a");
	ck_assert_str_eq(o.pool, "fast");
	ck_assert_uint_eq(o.done_bytes, 40);
	ck_assert_uint_eq(o.total_bytes, 100);
	ck_assert_ptr_null(o.error.code);
	liteio_json_fini(&o, liteio_local_operation_fields);

	liteio_operations_end(t, op, -ENOSPC, "full", NULL);
	liteio_operation_fill(op, true, &o);
	ck_assert_int_eq(o.state, LITEIO_LOCAL_OPERATION_FAILED);
	ck_assert_str_eq(o.error.code, "ENOSPC");
	ck_assert_str_eq(o.error.message, "full");
	liteio_json_fini(&o, liteio_local_operation_fields);
	liteio_operation_unref(op);
	liteio_operations_free(t);
}
END_TEST

/* what was begun is never less than all of it, however it grows */
START_TEST(headway_is_within_its_total)
{
	struct liteio_headway_state s;
	struct liteio_headway h;

	liteio_headway_init(&h);
	liteio_headway_watch(&h);
	liteio_headway_total(10);
	liteio_headway_done(12);
	liteio_headway_get(&h, &s);
	ck_assert_uint_eq(s.done_bytes, 12);
	ck_assert_uint_eq(s.total_bytes, 12);
	liteio_headway_total(5);
	liteio_headway_get(&h, &s);
	ck_assert_uint_eq(s.done_bytes, 0);
	ck_assert_uint_eq(s.total_bytes, 5);
	liteio_headway_watch(NULL);
	liteio_headway_fini(&h);
}
END_TEST

START_TEST(a_result_is_shown_and_not_listed)
{
	struct liteio_operations *t = liteio_operations_new();
	struct liteio_local_operation_list list = { 0 };
	struct liteio_operation *a = told(t, "a"), *b = told(t, "b");
	struct liteio_local_operation o;

	liteio_operations_end(t, a, 0, NULL, liteio_strdup("\"there\""));
	liteio_operation_fill(a, true, &o);
	ck_assert_int_eq(o.state, LITEIO_LOCAL_OPERATION_DONE);
	ck_assert_str_eq(liteio_json_string(o.result), "there");
	liteio_json_fini(&o, liteio_local_operation_fields);
	liteio_operations_list(t, &list);
	ck_assert_uint_eq(list.n_items, 2);
	ck_assert_str_eq(list.items[0].object, "b");
	ck_assert_str_eq(list.items[1].object, "a");
	ck_assert_ptr_null(list.items[1].result);
	liteio_json_fini(&list, liteio_local_operation_list_fields);
	liteio_operation_unref(a);
	liteio_operation_unref(b);
	liteio_operations_free(t);
}
END_TEST

static size_t count(struct liteio_operations *t)
{
	struct liteio_local_operation_list list = { 0 };
	size_t n;

	liteio_operations_list(t, &list);
	n = list.n_items;
	liteio_json_fini(&list, liteio_local_operation_list_fields);
	return n;
}

/* the first one that was told of runs to the end, and is there to the end */
START_TEST(the_one_that_ended_first_is_forgotten)
{
	struct liteio_operations *t = liteio_operations_new();
	struct liteio_operation *runs = told(t, "runs"), *first = told(t, "first"), *found;
	struct liteio_uuid gone = first->uuid, second;

	liteio_operations_end(t, first, 0, NULL, NULL);
	liteio_operation_unref(first);
	for (int i = 2; i < LITEIO_LOCAL_OPERATIONS_MAX; i++) {
		struct liteio_operation *op = told(t, "more");

		if (i == 2)
			second = op->uuid;
		liteio_operations_end(t, op, 0, NULL, NULL);
		/* as if each had ended later than the one before */
		op->took_ms = 10000 + (uint64_t)i;
		liteio_operation_unref(op);
	}
	ck_assert_uint_eq(count(t), LITEIO_LOCAL_OPERATIONS_MAX);
	ck_assert_int_eq(liteio_operations_find(t, &gone, &found, NULL), 0);
	liteio_operation_unref(told(t, "one more"));
	ck_assert_uint_eq(count(t), LITEIO_LOCAL_OPERATIONS_MAX);
	ck_assert_int_eq(liteio_operations_find(t, &gone, &found, NULL), -ENOENT);
	ck_assert_int_eq(liteio_operations_find(t, &second, &found, NULL), 0);
	ck_assert_int_eq(liteio_operations_find(t, &runs->uuid, &found, NULL), 0);
	liteio_operation_unref(told(t, "another one"));
	ck_assert_int_eq(liteio_operations_find(t, &second, &found, NULL), -ENOENT);
	ck_assert_int_eq(liteio_operations_find(t, &runs->uuid, &found, NULL), 0);
	liteio_operation_unref(runs);
	liteio_operations_free(t);
}
END_TEST

static char *answer_of(size_t n)
{
	char *text = liteio_calloc(1, n + 1);

	memset(text, ' ', n);
	text[0] = '1';
	return text;
}

/* however large the answers are; one that has none takes no room */
START_TEST(answers_are_bounded)
{
	struct liteio_operations *t = liteio_operations_new();
	struct liteio_uuid uuids[6];
	struct liteio_operation *found;

	for (int i = 0; i < 6; i++) {
		struct liteio_operation *op = told(t, "a");

		uuids[i] = op->uuid;
		/* the last one is larger than all may be together */
		liteio_operations_end(t, op, i ? 0 : -EIO, "the disk has failed",
				      i ? answer_of(LITEIO_OPERATIONS_BYTES_MAX / (i < 5 ? 3 : 1) +
						    (i == 5)) :
					  NULL);
		op->took_ms = (uint64_t)i;
		liteio_operation_unref(op);
		if (i < 4)
			ck_assert_uint_eq(count(t), i + 1);
	}
	ck_assert_uint_eq(count(t), 2);
	ck_assert_int_eq(liteio_operations_find(t, &uuids[0], &found, NULL), 0);
	ck_assert_int_eq(liteio_operations_find(t, &uuids[4], &found, NULL), -ENOENT);
	ck_assert_int_eq(liteio_operations_find(t, &uuids[5], &found, NULL), 0);
	liteio_operations_free(t);
}
END_TEST

UNIT_MAIN("agent-operations", one_is_told_from_its_beginning_to_its_end,
	  headway_is_within_its_total, a_result_is_shown_and_not_listed,
	  the_one_that_ended_first_is_forgotten, answers_are_bounded)
