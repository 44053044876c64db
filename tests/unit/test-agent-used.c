// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel has said of a volume: when it is said again without asking, and when not.
 *
 * unit-src: daemon/agent/used.c
 */
#include <string.h>

#include "agent/used.h"
#include "unit.h"

#define SAID 4096u

/* what a reading says of a volume with up to two heads, and its device when it is asked */
struct seen {
	struct liteio_used_moment at;
	unsigned int n_heads;
	uint64_t started[2];
	uint64_t inflight[2];
	int open_count;
};

#define AT_MS 1000u
#define CALM { .changes = 7, .module = 3, .ms = AT_MS }
#define ONE_HEAD { .at = CALM, .n_heads = 1, .started = { 5 }, .open_count = 1 }
#define LATER { .changes = 7, .module = 3, .ms = AT_MS + 1500 }

static const struct {
	const char *name;
	struct seen before;
	struct seen now;
	bool is_said_again;
} cases[] = {
	{ "nothing was done", ONE_HEAD,
	  { .at = LATER, .n_heads = 1, .started = { 5 } }, true },
	{ "it has no head", { .at = CALM }, { .at = LATER }, true },
	{ "two heads", { .at = CALM, .n_heads = 2, .started = { 5, 8 }, .open_count = 2 },
	  { .at = LATER, .n_heads = 2, .started = { 5, 8 } }, true },
	/* what begins now is not over: it has not been acknowledged to anybody */
	{ "I/O has come", ONE_HEAD,
	  { .at = LATER, .n_heads = 1, .started = { 6 } }, false },
	{ "to the second head", { .at = CALM, .n_heads = 2, .started = { 5, 8 }, .open_count = 2 },
	  { .at = LATER, .n_heads = 2, .started = { 5, 9 } }, false },
	{ "to the first of two", { .at = CALM, .n_heads = 2, .started = { 5, 8 }, .open_count = 2 },
	  { .at = LATER, .n_heads = 2, .started = { 6, 8 } }, false },
	{ "I/O was in flight when it was asked",
	  { .at = CALM, .n_heads = 1, .started = { 5 }, .inflight = { 1 }, .open_count = 1 },
	  { .at = LATER, .n_heads = 1, .started = { 5 } }, false },
	{ "on the first of two",
	  { .at = CALM, .n_heads = 2, .started = { 5, 8 }, .inflight = { 2, 0 }, .open_count = 2 },
	  { .at = LATER, .n_heads = 2, .started = { 5, 8 } }, false },
	{ "on the second head",
	  { .at = CALM, .n_heads = 2, .started = { 5, 8 }, .inflight = { 0, 2 }, .open_count = 2 },
	  { .at = LATER, .n_heads = 2, .started = { 5, 8 } }, false },
	{ "a head has come, to which none has", ONE_HEAD,
	  { .at = LATER, .n_heads = 2, .started = { 5, 0 } }, false },
	{ "the head has gone", ONE_HEAD, { .at = LATER }, false },
	{ "another one has as much", ONE_HEAD,
	  { .at = LATER, .n_heads = 2, .started = { 2, 3 } }, false },
	{ "somebody else has it open",
	  { .at = CALM, .n_heads = 1, .started = { 5 }, .open_count = 2 },
	  { .at = LATER, .n_heads = 1, .started = { 5 } }, false },
	{ "open without a head", { .at = CALM, .open_count = 1 }, { .at = LATER }, false },
	{ "nobody said who has it open", { .at = CALM, .open_count = -1 }, { .at = LATER },
	  false },
	{ "a head that is not open yet",
	  { .at = CALM, .n_heads = 1, .started = { 5 } },
	  { .at = LATER, .n_heads = 1, .started = { 5 } }, false },
	{ "something was changed", ONE_HEAD,
	  { .at = { .changes = 8, .module = 3, .ms = AT_MS + 1500 }, .n_heads = 1,
	    .started = { 5 } }, false },
	{ "something was being changed when it was asked",
	  { .at = { .changes = 7, .is_changing = true, .module = 3, .ms = AT_MS }, .n_heads = 1,
	    .started = { 5 }, .open_count = 1 },
	  { .at = LATER, .n_heads = 1, .started = { 5 } }, false },
	{ "another load of the module", ONE_HEAD,
	  { .at = { .changes = 7, .module = 4, .ms = AT_MS + 1500 }, .n_heads = 1,
	    .started = { 5 } }, false },
	{ "just in time", ONE_HEAD,
	  { .at = { .changes = 7, .module = 3, .ms = AT_MS - 1 + LITEIO_USED_MS }, .n_heads = 1,
	    .started = { 5 } }, true },
	{ "too long ago", ONE_HEAD,
	  { .at = { .changes = 7, .module = 3, .ms = AT_MS + LITEIO_USED_MS }, .n_heads = 1,
	    .started = { 5 } }, false },
};

static struct liteio_uuid volume(unsigned int i)
{
	struct liteio_uuid u = { .b = { 1 } };

	memcpy(u.b + 12, &i, sizeof(i));
	return u;
}

static void read_all(struct liteio_used *u, const struct seen *s, const struct liteio_uuid *v)
{
	liteio_used_reading(u, &s->at);
	for (unsigned int i = 0; i < s->n_heads; i++)
		liteio_used_head(u, v, s->started[i], s->inflight[i]);
}

START_TEST(test_said_again)
{
	const struct liteio_uuid v = volume(1), other = volume(2);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_used *u = liteio_used_new();
		uint64_t bytes = 0;

		read_all(u, &cases[i].before, &v);
		ck_assert(!liteio_used_find(u, &v, &bytes));
		liteio_used_keep(u, &v, cases[i].before.open_count, SAID);
		read_all(u, &cases[i].now, &v);
		ck_assert_msg(liteio_used_find(u, &v, &bytes) == cases[i].is_said_again, "%s",
			      cases[i].name);
		ck_assert_uint_eq(bytes, cases[i].is_said_again ? SAID : 0);
		ck_assert(!liteio_used_find(u, &other, &bytes));
		liteio_used_free(u);
	}
}
END_TEST

/* what was said last counts, and what is not kept is forgotten */
START_TEST(test_kept_anew)
{
	const struct seen calm = ONE_HEAD, more = { .at = CALM, .n_heads = 1, .started = { 9 } };
	const struct liteio_uuid v = volume(1);
	struct liteio_used *u = liteio_used_new();
	uint64_t bytes;

	read_all(u, &calm, &v);
	liteio_used_keep(u, &v, 1, SAID);
	read_all(u, &more, &v);
	liteio_used_keep(u, &v, 1, 2 * SAID);
	read_all(u, &more, &v);
	ck_assert(liteio_used_find(u, &v, &bytes));
	ck_assert_uint_eq(bytes, 2 * SAID);
	liteio_used_keep(u, &v, 2, SAID);
	read_all(u, &more, &v);
	ck_assert(!liteio_used_find(u, &v, &bytes));
	liteio_used_free(u);
}
END_TEST

/* a thousand of them; those that are gone give their room back, and come back unknown */
START_TEST(test_many)
{
	const struct liteio_used_moment at = CALM;
	struct liteio_used *u = liteio_used_new();
	unsigned int i, round;
	struct liteio_uuid v;
	uint64_t bytes;

	for (round = 0; round < 3; round++) {
		liteio_used_reading(u, &at);
		for (i = 0; i < 1000; i++) {
			v = volume(i);
			liteio_used_head(u, &v, i, 0);
		}
		for (i = 0; i < 1000; i++) {
			v = volume(i);
			ck_assert(liteio_used_find(u, &v, &bytes) == (round > 0));
			if (round)
				ck_assert_uint_eq(bytes, i * SAID);
			liteio_used_keep(u, &v, 1, (uint64_t)i * SAID);
		}
	}
	for (round = 0; round < 4; round++) {
		liteio_used_reading(u, &at);
		for (i = 0; i < 1000; i++) {
			v = volume(2000 + 1000 * round + i);
			ck_assert(!liteio_used_find(u, &v, &bytes));
			liteio_used_keep(u, &v, 0, SAID);
		}
	}
	v = volume(1);
	ck_assert(!liteio_used_find(u, &v, &bytes));
	liteio_used_free(u);
}
END_TEST

/* one at a time */
START_TEST(test_taken)
{
	struct liteio_used *u = liteio_used_new();

	ck_assert(liteio_used_begin(u));
	ck_assert(!liteio_used_begin(u));
	liteio_used_end(u);
	ck_assert(liteio_used_begin(u));
	liteio_used_end(u);
	liteio_used_free(u);
	liteio_used_free(NULL);
}
END_TEST

UNIT_MAIN("agent-used", test_said_again, test_kept_anew, test_many, test_taken)
