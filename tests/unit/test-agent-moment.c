// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One moment of several pools: nothing is taken before all is still, nothing goes on before all is
 * taken, and of a group that did not come about nothing is left, whenever the agent was killed.
 *
 * unit-src: daemon/agent/moment.c daemon/agent/groups.c daemon/agent/state_file.c
 * unit-src: daemon/agent/together.c
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/groups.h"
#include "agent/moment.h"
#include "agent/pools.h"
#include "agent/stillness.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "unit.h"

/* ---- a node of two pools: volumes 1 and 2 (of another class) in a, 3 in b ------------------- */

#define POOLS 2
#define SNAPSHOTS 3

struct liteio_pool {
	unsigned int n_still;
	struct liteio_catalog_volume snapshots[SNAPSHOTS];
	size_t n;
};

static struct liteio_pool engines[POOLS];
static struct liteio_open_pool pools[POOLS] = {
	{ .name = "a", .uuid = { { 0xa } }, .engine = &engines[0] },
	{ .name = "b", .uuid = { { 0xb } }, .engine = &engines[1] },
};
static const struct liteio_pool_member members[SNAPSHOTS] = {
	{ .uuid = { { 11 } }, .name = "s1", .volume = { { 1 } } },
	{ .uuid = { { 12 } }, .name = "s2", .volume = { { 2 } } },
	{ .uuid = { { 13 } }, .name = "s3", .volume = { { 3 } } },
};
static const struct liteio_moment_part parts[POOLS] = {
	{ &pools[0], members, 2 },
	{ &pools[1], members + 2, 1 },
};

static struct liteio_agent agent;
static char dir[] = "/tmp/test-agent-moment.XXXXXX";
static char *path;
/* what happens, in its order */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char happened[256];
/* of pool b */
static int freeze_fails, take_fails, delete_fails, busy;
static bool hangs;
static sem_t may_end;

static void note(const char *what, const char *where)
{
	size_t len;

	pthread_mutex_lock(&lock);
	len = strlen(happened);
	snprintf(happened + len, sizeof(happened) - len, "%s%s ", what, where);
	pthread_mutex_unlock(&lock);
}

/* ---- time, when pool b is slow: how long a, which is well, is ready to wait for it ---------- */

enum { NOWHERE, STILL, TAKEN };

static bool is_slow;
/* the clock goes ahead by the time that b takes for its freeze */
#define SLOW_MS 7000
static atomic_uint ahead_ms;
/* pool a's thread waits at this stage, until then, and has said so */
static _Thread_local int stage;
static uint64_t until_ms[TAKEN + 1];
static sem_t waits_at[TAKEN + 1];

static uint64_t ms_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_nsec / 1000000;
}

/* both in place of the C library's */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	long r = syscall(SYS_clock_gettime, clock, ret);

	if (clock == CLOCK_MONOTONIC)
		ret->tv_sec += ahead_ms / 1000;
	return (int)r;
}

int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
			   const struct timespec *until)
{
	struct timespec now, end;

	if (stage != NOWHERE) {
		if (!until_ms[stage]) {
			until_ms[stage] = ms_of(until);
			sem_post(&waits_at[stage]);
		}
		return pthread_cond_wait(cond, mutex);
	}
	clock_gettime(clock, &now);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += until->tv_sec - now.tv_sec + 1;
	return pthread_cond_timedwait(cond, mutex, &end);
}

int liteio_lane_enter(struct liteio_open_pool *p, enum liteio_lane_for what_for,
		      struct liteio_open_pool **ret, struct liteio_error *err)
{
	/* longer than anybody waits for it */
	if (p == &pools[1] && busy && busy--)
		usleep(2 * 1000 * 1000);
	*ret = p;
	return 0;
}

void liteio_pools_leave(struct liteio_open_pool *p)
{
}

/* references are counted where a party may be left behind */
static atomic_int refs;

void liteio_pools_hold(struct liteio_open_pool *p)
{
	refs++;
}

void liteio_pools_put(struct liteio_pools *t, struct liteio_open_pool *p)
{
	refs--;
}

int liteio_stillness_find(struct liteio_stillness *s, struct liteio_open_pool *p,
			  const struct liteio_uuid *uuids, size_t n, bool is_group,
			  struct liteio_error *err)
{
	*s = (struct liteio_stillness){ .pool = p->uuid, .n = n, .is_group = is_group };
	return 0;
}

void liteio_stillness_fini(struct liteio_stillness *s)
{
}

static int freeze(void *arg, struct liteio_error *err)
{
	struct liteio_stillness *s = arg;
	bool is_b = s->pool.b[0] == 0xb;

	/* those that nobody has open, too */
	ck_assert(s->is_group);
	if (is_b && freeze_fails)
		return liteio_error_set(err, freeze_fails, "it can not be frozen");
	note("still-", is_b ? "b" : "a");
	engines[is_b].n_still++;
	if (is_slow && !is_b) {
		stage = STILL;
	} else if (is_slow) {
		sem_wait(&waits_at[STILL]);
		ahead_ms = SLOW_MS;
	}
	return 0;
}

static void thaw(void *arg)
{
	struct liteio_stillness *s = arg;
	bool is_b = s->pool.b[0] == 0xb;

	note("on-", is_b ? "b" : "a");
	stage = NOWHERE;
	engines[is_b].n_still--;
}

struct liteio_quiesce liteio_stillness_quiesce(struct liteio_stillness *s)
{
	return (struct liteio_quiesce){ .freeze = freeze, .thaw = thaw, .arg = s };
}

int liteio_pool_volume_get(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   struct liteio_catalog_volume *ret)
{
	for (size_t i = 0; i < p->n; i++) {
		if (!liteio_uuid_equal(&p->snapshots[i].uuid, uuid))
			continue;
		*ret = p->snapshots[i];
		return 0;
	}
	if (uuid->b[0] > 3)
		return -ENOENT;
	*ret = (struct liteio_catalog_volume){
		.uuid = *uuid,
		.vclass = uuid->b[0] == 2 ? LITEIO_CATALOG_RESERVED : LITEIO_CATALOG_THIN,
	};
	return 0;
}

int liteio_pool_snapshot_group(struct liteio_pool *p, const struct liteio_pool_member *m, size_t n,
			       const char *owner, const struct liteio_quiesce *q,
			       struct liteio_error *err)
{
	ck_assert_ptr_null(q);
	ck_assert_uint_eq(n, 1);
	if (p == &engines[1] && hangs)
		sem_wait(&may_end);
	if (p == &engines[0] && stage == STILL)
		stage = TAKEN;
	if (p == &engines[1] && is_slow)
		sem_wait(&waits_at[TAKEN]);
	if (p == &engines[1] && take_fails)
		return liteio_error_set(err, take_fails, "no space");
	note("take-", m->name);
	p->snapshots[p->n] = (struct liteio_catalog_volume){
		.uuid = m->uuid,
		.kind = LITEIO_CATALOG_SNAPSHOT,
		.state = LITEIO_CATALOG_READY,
		.origin = m->volume,
	};
	snprintf(p->snapshots[p->n].name, sizeof(p->snapshots[0].name), "%s", m->name);
	snprintf(p->snapshots[p->n].owner, sizeof(p->snapshots[0].owner), "%s", owner);
	p->n++;
	return 0;
}

int liteio_pool_volume_delete(struct liteio_pool *p, const struct liteio_uuid *uuid,
			      struct liteio_error *err)
{
	if (delete_fails)
		return liteio_error_set(err, delete_fails, "it is read-only");
	for (size_t i = 0; i < p->n; i++) {
		if (!liteio_uuid_equal(&p->snapshots[i].uuid, uuid))
			continue;
		note("delete-", p->snapshots[i].name);
		p->snapshots[i] = p->snapshots[--p->n];
		return 0;
	}
	ck_abort_msg("what is deleted is not there");
	return -ENOENT;
}

int liteio_pool_confirm(struct liteio_pool *p, struct liteio_error *err)
{
	return 0;
}

void liteio_pools_reclaim_later(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *pool, const char *message)
{
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = liteio_strf("%s/groups.json", dir);
	agent.config.state_dir = dir;
	ck_assert_int_eq(liteio_loop_new(&agent.loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 4, &agent.workers, NULL), 0);
	sem_init(&may_end, 0, 0);
	sem_init(&waits_at[STILL], 0, 0);
	sem_init(&waits_at[TAKEN], 0, 0);
}

static void teardown(void)
{
	ck_assert(liteio_workers_free(agent.workers, 10000));
	liteio_loop_free(agent.loop);
	ck_assert_int_eq(refs, 0);
	unlink(path);
	rmdir(dir);
	free(path);
}

static int take(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_moment_take(&agent, parts, POOLS, &err);

	for (int i = 0; i < (hangs ? 1 : POOLS); i++)
		ck_assert_uint_eq(engines[i].n_still, 0);
	return r;
}

/* how many snapshots are there */
static size_t there(void)
{
	return engines[0].n + engines[1].n;
}

static size_t at(const char *what)
{
	const char *found = strstr(happened, what);

	ck_assert_msg(found, "no %s in %s", what, happened);
	return (size_t)(found - happened);
}

static size_t written_down(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char *text = NULL;
	size_t len, n = 0;

	ck_assert_int_eq(liteio_fs_read(path, 1 << 20, &text, &len, &err), 0);
	for (const char *p = text; (p = strstr(p, "\"snapshot\"")); p++)
		n++;
	free(text);
	return n;
}

/* ---- the tests ------------------------------------------------------------------------------ */

START_TEST(all_at_one_moment)
{
	static const char *const takes[] = { "take-s1", "take-s2", "take-s3" };

	ck_assert_int_eq(take(), 0);
	ck_assert_uint_eq(there(), SNAPSHOTS);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(takes); i++) {
		ck_assert_uint_gt(at(takes[i]), at("still-a"));
		ck_assert_uint_gt(at(takes[i]), at("still-b"));
		ck_assert_uint_lt(at(takes[i]), at("on-a"));
		ck_assert_uint_lt(at(takes[i]), at("on-b"));
	}
	ck_assert_uint_eq(written_down(), 0);
	/* asked for again */
	happened[0] = '\0';
	ck_assert_int_eq(take(), 0);
	ck_assert_str_eq(happened, "");
}
END_TEST

START_TEST(a_part_is_not_the_group)
{
	ck_assert_int_eq(take(), 0);
	engines[1].n = 0;
	ck_assert_int_eq(take(), -EEXIST);
	ck_assert_uint_eq(there(), 2);
	/* another one by the same uuid */
	engines[1].n = 1;
	engines[1].snapshots[0].origin.b[0] = 9;
	ck_assert_int_eq(take(), -EEXIST);
}
END_TEST

START_TEST(one_fails_for_all)
{
	freeze_fails = -EIO;
	ck_assert_int_eq(take(), -EIO);
	ck_assert_uint_eq(there(), 0);
	freeze_fails = 0;
	take_fails = -ENOSPC;
	ck_assert_int_eq(take(), -ENOSPC);
	ck_assert_uint_eq(there(), 0);
	ck_assert_uint_eq(written_down(), 0);
	take_fails = 0;
	ck_assert_int_eq(take(), 0);
	ck_assert_uint_eq(there(), SNAPSHOTS);
}
END_TEST

START_TEST(a_lane_that_is_busy_is_waited_for)
{
	busy = 1;
	ck_assert_int_eq(take(), 0);
	ck_assert_uint_eq(there(), SNAPSHOTS);
	/* nothing was held before both were there */
	ck_assert_uint_lt(at("still-b"), at("on-a"));
}
END_TEST

/* killed after all was taken and before the group was there: as the next agent finds it */
START_TEST(what_was_begun_is_undone)
{
	const struct liteio_group_part begun[] = {
		{ .group = { { 7 } }, .pool = pools[0].uuid, .snapshot = members[0].uuid },
		{ .group = { { 7 } }, .pool = pools[1].uuid, .snapshot = members[2].uuid },
	};
	struct liteio_error err = LITEIO_ERROR_INIT;
	char owner[LITEIO_GROUP_OWNER_LEN];

	liteio_groups_owner(&begun[0].group, owner);
	ck_assert_int_eq(liteio_groups_begin(&agent, begun, 2, &err), 0);
	liteio_pool_snapshot_group(&engines[0], &members[0], 1, owner, NULL, &err);
	/* by the same uuid, and of nobody's group */
	liteio_pool_snapshot_group(&engines[1], &members[2], 1, "", NULL, &err);
	/* a pool that is opened meanwhile leaves it alone */
	liteio_groups_undo(&agent, &pools[0], NULL, NULL);
	ck_assert_uint_eq(there(), 2);
	liteio_groups_give_up(&begun[0].group);
	delete_fails = -EROFS;
	/* who asks for it again is not told that it is there */
	ck_assert_int_eq(take(), -EAGAIN);
	ck_assert_int_eq(liteio_groups_undo(&agent, &pools[0], NULL, &err), -EROFS);
	ck_assert_str_eq(err.msg, "it is read-only");
	ck_assert_uint_eq(written_down(), 2);
	delete_fails = 0;
	ck_assert_int_eq(liteio_groups_undo(&agent, &pools[0], NULL, &err), 0);
	ck_assert_uint_eq(engines[0].n, 0);
	ck_assert_uint_eq(written_down(), 1);
	liteio_groups_undo(&agent, &pools[1], NULL, NULL);
	ck_assert_uint_eq(engines[1].n, 1);
	ck_assert_uint_eq(written_down(), 0);
}
END_TEST

/* who asked is told in time; the other pool is as before, this one once its disk answers */
START_TEST(a_disk_that_hangs_holds_up_nobody)
{
	hangs = true;
	ck_assert_int_eq(take(), -ETIMEDOUT);
	ck_assert_uint_eq(engines[0].n, 0);
	ck_assert_uint_eq(written_down(), 1);
	sem_post(&may_end);
	ck_assert(liteio_workers_free(agent.workers, 10000));
	ck_assert_uint_eq(there(), 0);
	ck_assert_uint_eq(engines[1].n_still, 0);
	ck_assert_uint_eq(written_down(), 0);
	hangs = false;
	ck_assert_int_eq(liteio_workers_new(agent.loop, 4, &agent.workers, NULL), 0);
	ck_assert_int_eq(take(), 0);
}
END_TEST

/* what the doctor hears of: nothing that is under way */
START_TEST(what_is_left_is_told)
{
	const struct liteio_group_part left[] = {
		{ .group = { { 7 } }, .pool = pools[0].uuid, .snapshot = members[0].uuid },
		{ .group = { { 7 } }, .pool = pools[1].uuid, .snapshot = members[2].uuid },
	};
	const struct liteio_group_part begun = { .group = { { 8 } },
						 .pool = pools[1].uuid,
						 .snapshot = members[1].uuid };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_group_part *list;
	size_t n;

	ck_assert_int_eq(liteio_groups_list(&agent, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_null(list);
	ck_assert_int_eq(liteio_groups_begin(&agent, left, 2, &err), 0);
	liteio_groups_give_up(&left[0].group);
	ck_assert_int_eq(liteio_groups_begin(&agent, &begun, 1, &err), 0);
	ck_assert_int_eq(liteio_groups_list(&agent, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert(liteio_uuid_equal(&list[1].snapshot, &members[2].uuid));
	free(list);
	/* its disk does not come back, whatever somebody was about to take of it */
	ck_assert_int_eq(liteio_groups_forget_pool(&agent, &pools[1].uuid, &err), 0);
	ck_assert_uint_eq(written_down(), 1);
	ck_assert_int_eq(liteio_groups_list(&agent, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert(liteio_uuid_equal(&list[0].pool, &pools[0].uuid));
	free(list);
	ck_assert_int_eq(liteio_fs_write_atomic(path, "{", 1, 0644, &err), 0);
	ck_assert_int_lt(liteio_groups_list(&agent, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_lt(liteio_groups_forget_pool(&agent, &pools[0].uuid, &err), 0);
	ck_assert_int_lt(liteio_groups_undo(&agent, &pools[0], NULL, &err), 0);
}
END_TEST

/* it is in its lane all the while: longer than a disk that hangs it must not be */
START_TEST(a_disk_that_is_slow_is_waited_for_once)
{
	uint64_t begun_ms = liteio_now_ms();

	is_slow = true;
	ck_assert_int_eq(take(), 0);
	ck_assert_uint_eq(there(), SNAPSHOTS);
	ck_assert_uint_gt(until_ms[STILL], begun_ms + SLOW_MS);
	ck_assert_uint_gt(until_ms[TAKEN], begun_ms + SLOW_MS);
	ck_assert_uint_le(until_ms[TAKEN], until_ms[STILL]);
}
END_TEST

START_TEST(nothing_is_taken_when_it_can_not_be_written_down)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_fs_write_atomic(path, "{", 1, 0644, &err), 0);
	ck_assert_int_lt(take(), 0);
	ck_assert_uint_eq(there(), 0);
	ck_assert_str_eq(happened, "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-moment");
	TCase *t = unit_case(s, "moment");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_at_one_moment);
	tcase_add_test(t, a_part_is_not_the_group);
	tcase_add_test(t, one_fails_for_all);
	tcase_add_test(t, a_lane_that_is_busy_is_waited_for);
	tcase_add_test(t, what_was_begun_is_undone);
	tcase_add_test(t, a_disk_that_hangs_holds_up_nobody);
	tcase_add_test(t, what_is_left_is_told);
	tcase_add_test(t, a_disk_that_is_slow_is_waited_for_once);
	tcase_add_test(t, nothing_is_taken_when_it_can_not_be_written_down);
	return unit_run(s);
}
