// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks by name and lanes: one at a time, nobody forgotten, fences first, and who wants a volume, a
 * right or its end is taken along.
 * Over 600 lines because all of it is about one pool and who waits for it.
 *
 * unit-src: daemon/agent/locks.c daemon/agent/pools.c daemon/agent/pools_look.c
 * unit-src: daemon/agent/creations.c daemon/agent/rights.c daemon/agent/wishes.c
 * unit-src: daemon/agent/endings.c daemon/agent/together.c
 */
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/creations.h"
#include "agent/endings.h"
#include "agent/locks.h"
#include "agent/pools.h"
#include "agent/rights.h"
#include "agent/wishes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "pool_in_memory.h"
#include "base/worker.h"
#include "pool/grant.h"
#include "unit.h"

#define THREADS 8
#define ROUNDS 2000

static struct liteio_locks *locks;
static unsigned int counters[2];

static void *count_up(void *arg)
{
	unsigned int i, which = (unsigned int)(uintptr_t)arg & 1;

	for (i = 0; i < ROUNDS; i++) {
		struct liteio_named_lock *lock = liteio_locks_take(locks, which ? "a" : "b");

		counters[which]++;
		liteio_locks_give(lock);
	}
	return NULL;
}

START_TEST(a_name_is_held_by_one)
{
	pthread_t threads[THREADS];
	uintptr_t i;

	locks = liteio_locks_new();
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, count_up, (void *)i);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(counters[0], THREADS / 2 * ROUNDS);
	ck_assert_uint_eq(counters[1], THREADS / 2 * ROUNDS);
	liteio_locks_free(locks);
}
END_TEST

static struct liteio_open_pool pool;
static atomic_int entered;
static int order[3];

struct visitor {
	bool urgent;
	int id;
};

static void *visit(void *arg)
{
	const struct visitor *v = arg;

	liteio_pools_enter(&pool, v->urgent);
	order[entered++] = v->id;
	liteio_pools_leave(&pool);
	return NULL;
}

/* how many wait urgently */
static unsigned int urgent_now(void)
{
	liteio_guard(&pool.lock);
	return pool.urgent;
}

static void empty_lane(void)
{
	memset(&pool, 0, sizeof(pool));
	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.changed, NULL);
	entered = 0;
}

START_TEST(a_fence_enters_first)
{
	struct visitor slow = { false, 1 }, fence = { true, 2 };
	pthread_t a, b;

	empty_lane();
	liteio_pools_enter(&pool, false);
	pthread_create(&b, NULL, visit, &fence);
	while (urgent_now() == 0)
		sched_yield();
	/* comes later and is not urgent: whenever it asks, the fence is before it */
	pthread_create(&a, NULL, visit, &slow);
	liteio_pools_leave(&pool);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	ck_assert_int_eq(entered, 2);
	ck_assert_int_eq(order[0], 2);
	ck_assert_int_eq(order[1], 1);
}
END_TEST

static bool somebody_waits(void)
{
	bool waits;

	pthread_mutex_lock(&pool.lock);
	waits = pool.first;
	pthread_mutex_unlock(&pool.lock);
	return waits;
}

/* the slices of a big deletion: out of the lane and in again at once */
START_TEST(who_comes_again_stands_behind)
{
	struct visitor other = { false, 1 };
	pthread_t a;

	empty_lane();
	liteio_pools_enter(&pool, false);
	pthread_create(&a, NULL, visit, &other);
	while (!somebody_waits())
		sched_yield();
	liteio_pools_leave(&pool);
	liteio_pools_enter(&pool, false);
	ck_assert_int_eq(entered, 1);
	liteio_pools_leave(&pool);
	pthread_join(a, NULL);
}
END_TEST

/* a disk that hangs: who only looks is told, and the line closes up behind him */
START_TEST(who_looks_does_not_wait_for_ever)
{
	struct visitor other = { false, 1 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *lane = NULL;
	uint64_t begun;
	pthread_t a;

	empty_lane();
	snprintf(pool.name, sizeof(pool.name), "slow");
	liteio_pools_enter(&pool, false);
	pool.since_ms -= 60000;
	begun = liteio_now_ms();
	ck_assert_int_eq(liteio_lane_enter(&pool, LITEIO_LANE_LOOK, &lane, &err), -ETIMEDOUT);
	ck_assert_ptr_null(lane);
	/* for so long it has been waited for already */
	ck_assert_uint_lt(liteio_now_ms() - begun, 4000);
	ck_assert_ptr_nonnull(strstr(err.msg, "pool slow: what was begun 60 s ago"));
	pthread_create(&a, NULL, visit, &other);
	while (!somebody_waits())
		sched_yield();
	ck_assert_int_eq(liteio_lane_enter(&pool, LITEIO_LANE_LOOK, &lane, &err), -ETIMEDOUT);
	liteio_pools_leave(&pool);
	pthread_join(a, NULL);
	ck_assert_int_eq(entered, 1);
	ck_assert_int_eq(liteio_lane_enter(&pool, LITEIO_LANE_LOOK, &lane, &err), 0);
	ck_assert_ptr_eq(lane, &pool);
	liteio_pools_leave(lane);
}
END_TEST

static void *look_for_once(void *arg)
{
	struct liteio_open_pool *lane = NULL;
	int *r = arg;

	*r = liteio_lane_enter(&pool, LITEIO_LANE_LOOK, &lane, NULL);
	if (!*r)
		liteio_pools_leave(lane);
	return NULL;
}

/* a line that gets on is no disk that hangs: it is not told by who had the lane when one came */
START_TEST(who_looks_waits_for_those_who_get_on)
{
	uint64_t at;
	pthread_t a;
	int r = 1;

	empty_lane();
	snprintf(pool.name, sizeof(pool.name), "busy");
	liteio_pools_enter(&pool, false);
	pthread_mutex_lock(&pool.lock);
	pool.since_ms -= LITEIO_LOOK_MS - 1000;
	at = pool.since_ms + LITEIO_LOOK_MS;
	pthread_mutex_unlock(&pool.lock);
	pthread_create(&a, NULL, look_for_once, &r);
	while (!somebody_waits())
		sched_yield();
	/* somebody else has it by now */
	pthread_mutex_lock(&pool.lock);
	pool.since_ms = liteio_now_ms();
	pthread_mutex_unlock(&pool.lock);
	while (liteio_now_ms() < at + 100)
		sched_yield();
	ck_assert(somebody_waits());
	ck_assert(!pool.is_silent);
	liteio_pools_leave(&pool);
	pthread_join(a, NULL);
	ck_assert_int_eq(r, 0);
}
END_TEST

static unsigned int in_lane, visits;

static void *come_and_go(void *arg)
{
	bool urgent = (uintptr_t)arg % 4 == 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		liteio_pools_enter(&pool, urgent);
		ck_assert_uint_eq(in_lane++, 0);
		visits++;
		in_lane--;
		liteio_pools_leave(&pool);
	}
	return NULL;
}

/* only who is next is woken: so nobody may be forgotten */
START_TEST(nobody_is_forgotten)
{
	pthread_t threads[2 * THREADS];

	empty_lane();
	for (uintptr_t i = 0; i < 2 * THREADS; i++)
		pthread_create(&threads[i], NULL, come_and_go, (void *)i);
	for (size_t i = 0; i < 2 * THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(visits, 2 * THREADS * ROUNDS);
}
END_TEST

#define WISHES 50

/* one of many who come at once */
struct wisher {
	pthread_t thread;
	struct liteio_pool_create want;
	char name[16];
	struct liteio_creation_locks locks;
	unsigned int impatient; /* so often */
	atomic_bool has_come_to;
	int result;
	struct liteio_error err;
};

static _Thread_local struct wisher *me;

static void *wish(void *arg)
{
	me = arg;
	me->result = liteio_creations_run(&pool, &me->want, &me->locks, &me->err);
	atomic_store(&me->has_come_to, true);
	return NULL;
}

static unsigned int waiting_now(void)
{
	unsigned int n = 0;

	pthread_mutex_lock(&pool.lock);
	/* each of them stands in the line with one end to the next */
	for (struct liteio_waiter *w = pool.first; w; w = *(struct liteio_waiter **)w)
		n++;
	pthread_mutex_unlock(&pool.lock);
	return n;
}

START_TEST(who_comes_meanwhile_is_taken_along)
{
	static struct wisher wishers[WISHES];
	static struct memory_pool m;
	struct visitor other = { false, 1 };
	uint64_t before;
	pthread_t a;

	empty_lane();
	memory_new(&m);
	pool.engine = &m.p;
	before = m.p.cat.sequence;
	liteio_pools_enter(&pool, false);
	pthread_create(&a, NULL, visit, &other);
	for (unsigned int i = 0; i < WISHES; i++) {
		struct wisher *w = &wishers[i];

		snprintf(w->name, sizeof(w->name), "v%u", i % (WISHES - 1));
		w->want = (struct liteio_pool_create){
			.uuid = { .b = { 1, (uint8_t)i } },
			.name = w->name,
			.size_bytes = i == 7 ? 0 : 1 << 20,
		};
		pthread_create(&w->thread, NULL, wish, w);
	}
	while (waiting_now() < WISHES + 1)
		sched_yield();
	ck_assert_uint_eq(m.p.cat.sequence, before);
	liteio_pools_leave(&pool);
	pthread_join(a, NULL);
	for (unsigned int i = 0; i < WISHES; i++)
		pthread_join(wishers[i].thread, NULL);
	/* two writes for all of them */
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	ck_assert_uint_eq(m.p.cat.n_volumes, WISHES - 2);
	ck_assert_int_eq(wishers[7].result, -EINVAL);
	ck_assert_ptr_nonnull(strstr(wishers[7].err.msg, "volume v7 cannot have 0 bytes"));
	/* two wanted one name: one of them has it */
	ck_assert_int_eq(wishers[0].result + wishers[WISHES - 1].result, -EEXIST);
	for (unsigned int i = 1; i < WISHES - 1; i++)
		ck_assert_int_eq(wishers[i].result, i == 7 ? -EINVAL : 0);
	ck_assert_ptr_null(pool.creations);
	ck_assert(!pool.busy);
	memory_close(&m);
	/* who was told that it is there finds it there */
	memory_open(&m, m.fd, m.thin);
	for (unsigned int i = 0; i < WISHES; i++)
		ck_assert_int_eq(!wishers[i].result,
				 !!liteio_catalog_find(&m.p.cat, &wishers[i].want.uuid));
	memory_close(&m);
}
END_TEST

static void start_wisher(struct wisher *w, unsigned int i, unsigned int impatient)
{
	snprintf(w->name, sizeof(w->name), "v%u", i);
	w->impatient = impatient;
	w->want = (struct liteio_pool_create){
		.uuid = { .b = { 1, (uint8_t)i } }, .name = w->name, .size_bytes = 1 << 20,
	};
	pthread_create(&w->thread, NULL, wish, w);
}

#define RIGHTS (2 * LITEIO_POOL_RIGHTS_MAX + 3)

static void *want_right(void *arg)
{
	const struct liteio_catalog_attachment att = {
		.volume = *(const struct liteio_uuid *)arg, .generation = 1, .host = "nqn.a",
	};
	bool is_new = false;

	ck_assert(!liteio_rights_give(&pool, &att, &is_new, NULL) && is_new);
	return NULL;
}

/* so many at a time, by three writes and one transaction each */
START_TEST(rights_are_given_together)
{
	static struct wisher wishers[RIGHTS];
	static struct memory_pool m;
	uint64_t before;

	empty_lane();
	memory_new(&m);
	pool.engine = &m.p;
	for (unsigned int i = 0; i < RIGHTS; i++) {
		start_wisher(&wishers[i], i, 0);
		pthread_join(wishers[i].thread, NULL);
	}
	before = m.p.cat.sequence;
	m.thin->messages = 0;
	liteio_pools_enter(&pool, false);
	for (unsigned int i = 0; i < RIGHTS; i++)
		pthread_create(&wishers[i].thread, NULL, want_right, &wishers[i].want.uuid);
	while (waiting_now() < RIGHTS)
		sched_yield();
	liteio_pools_leave(&pool);
	for (unsigned int i = 0; i < RIGHTS; i++)
		pthread_join(wishers[i].thread, NULL);
	ck_assert_uint_eq(m.p.cat.n_attachments, RIGHTS);
	ck_assert_uint_eq(m.p.cat.sequence, before + 3 * 3);
	ck_assert_uint_eq(m.thin->messages, RIGHTS + 3);
	ck_assert_ptr_null(pool.rights);
	memory_close(&m);
}
END_TEST

static struct liteio_catalog_volume record_of(const struct liteio_uuid *uuid)
{
	struct liteio_catalog_volume v;

	ck_assert(!liteio_pool_volume_get(pool.engine, uuid, &v));
	return v;
}

static void *want_end(void *arg)
{
	const struct wisher *w = arg;
	const struct liteio_ending e = { .generation = 1, .by_floor = true };
	struct liteio_catalog_volume v = record_of(&w->want.uuid);

	ck_assert(!liteio_endings_persist(&pool, &v, &e, 10000, NULL));
	ck_assert_uint_eq(v.floor, 2);
	return NULL;
}

/* what comes while the lane is taken is written at once, to both slots */
START_TEST(rights_are_ended_together)
{
	static struct wisher wishers[RIGHTS];
	static struct memory_pool m;
	uint64_t before;

	empty_lane();
	memory_new(&m);
	pool.engine = &m.p;
	pool.table = liteio_pools_new();
	for (unsigned int i = 0; i < RIGHTS; i++) {
		start_wisher(&wishers[i], i, 0);
		pthread_join(wishers[i].thread, NULL);
		pthread_create(&wishers[i].thread, NULL, want_right, &wishers[i].want.uuid);
		pthread_join(wishers[i].thread, NULL);
	}
	before = m.p.cat.sequence;
	liteio_pools_enter(&pool, false);
	for (unsigned int i = 0; i < RIGHTS; i++)
		pthread_create(&wishers[i].thread, NULL, want_end, &wishers[i]);
	while (urgent_now() < RIGHTS)
		sched_yield();
	liteio_pools_leave(&pool);
	for (unsigned int i = 0; i < RIGHTS; i++)
		pthread_join(wishers[i].thread, NULL);
	ck_assert_uint_eq(m.p.cat.n_attachments, 0);
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	ck_assert_ptr_null(pool.endings);
	liteio_pools_free(pool.table);
	pool.table = NULL;
	memory_close(&m);
}
END_TEST

static void *want_end_only(void *arg)
{
	const struct wisher *w = arg;
	const struct liteio_ending e = { .generation = 1 };
	struct liteio_catalog_volume v = record_of(&w->want.uuid);

	ck_assert(!liteio_endings_persist(&pool, &v, &e, 10000, NULL));
	return NULL;
}

/* nor does an end that another one has written wait for whoever is in the lane by then */
START_TEST(what_has_ended_takes_no_turn)
{
	struct liteio_wish *end;
	static struct wisher w;
	static struct memory_pool m;

	empty_lane();
	memory_new(&m);
	pool.engine = &m.p;
	pool.table = liteio_pools_new();
	start_wisher(&w, 1, 0);
	pthread_join(w.thread, NULL);
	liteio_pools_enter(&pool, false);
	pthread_create(&w.thread, NULL, want_end_only, &w);
	while (urgent_now() < 1)
		sched_yield();
	/* as whoever writes it with his own */
	pthread_mutex_lock(&pool.lock);
	end = take_ptr(pool.endings);
	ck_assert_ptr_nonnull(end);
	end->is_done = true;
	end->refs--;
	liteio_lane_recall(&pool);
	pthread_mutex_unlock(&pool.lock);
	pthread_join(w.thread, NULL);
	ck_assert_uint_eq(urgent_now(), 0);
	liteio_pools_leave(&pool);
	liteio_pools_free(pool.table);
	pool.table = NULL;
	memory_close(&m);
}
END_TEST

/* a disk that takes its time, when the kernel is asked for its status */
static pthread_mutex_t slow_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t slow_changed = PTHREAD_COND_INITIALIZER;
static bool disk_is_asked, disk_answers;

static void slow_set(bool *what)
{
	pthread_mutex_lock(&slow_lock);
	*what = true;
	pthread_cond_broadcast(&slow_changed);
	pthread_mutex_unlock(&slow_lock);
}

static void slow_wait(const bool *what)
{
	pthread_mutex_lock(&slow_lock);
	while (!*what)
		pthread_cond_wait(&slow_changed, &slow_lock);
	pthread_mutex_unlock(&slow_lock);
}

static int slow_status(struct liteio_engine *e, struct liteio_engine_status *ret,
		       struct liteio_error *err)
{
	slow_set(&disk_is_asked);
	slow_wait(&disk_answers);
	return memory_status(e, ret, err);
}

/* in place of the C library's: who is impatient has waited long enough when the disk is asked */
int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
			   const struct timespec *until)
{
	int (*wait)(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
		    const struct timespec *until);
	/* as POSIX has it: not negative */
	const int is_late = ETIMEDOUT;

	if (!me || !me->impatient) {
		*(void **)&wait = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
		if (me)
			atomic_store(&me->has_come_to, true);
		return wait(cond, mutex, clock, until);
	}
	me->impatient--;
	pthread_mutex_unlock(mutex);
	slow_wait(&disk_is_asked);
	pthread_mutex_lock(mutex);
	return is_late;
}

/* the first one is in the lane, with the wishes of both, and its disk does not answer */
static void begin_slowly(struct memory_pool *m, struct wisher *first, struct wisher *taken)
{
	static struct liteio_engine_ops slow;

	empty_lane();
	memory_new(m);
	slow = *m->engine.ops;
	slow.status = slow_status;
	m->engine.ops = &slow;
	pool.engine = &m->p;
	liteio_pools_enter(&pool, false);
	start_wisher(first, 1, 0);
	while (waiting_now() < 1)
		sched_yield();
	start_wisher(taken, 2, taken->impatient);
	while (waiting_now() < 2)
		sched_yield();
	liteio_pools_leave(&pool);
	slow_wait(&disk_is_asked);
}

/* what is on its way when patience ends is no failure; what nobody has begun will not be there */
START_TEST(what_is_begun_is_waited_for)
{
	static struct wisher first, taken = { .impatient = 1 }, late;
	static struct memory_pool m;

	begin_slowly(&m, &first, &taken);
	start_wisher(&late, 3, 1);
	pthread_join(late.thread, NULL);
	ck_assert_int_eq(late.result, -ETIMEDOUT);
	/* it waits again, or has given up */
	while (!atomic_load(&taken.has_come_to))
		sched_yield();
	slow_set(&disk_answers);
	pthread_join(first.thread, NULL);
	pthread_join(taken.thread, NULL);
	ck_assert_int_eq(first.result, 0);
	ck_assert_msg(!taken.result, "%s", taken.err.msg);
	ck_assert_ptr_null(pool.creations);
	ck_assert_uint_eq(m.p.cat.n_volumes, 2);
	memory_close(&m);
}
END_TEST

/* what may come to be all the same has its name, and uuid, until it does: nobody else gives them */
START_TEST(a_name_stays_with_what_may_come)
{
	static struct wisher first, taken = { .impatient = 2 };
	static struct memory_pool m;

	locks = liteio_locks_new();
	first.locks.name = liteio_locks_take(locks, "volume:v1");
	taken.locks.name = liteio_locks_take(locks, "volume:v2");
	taken.locks.uuid = liteio_locks_take(locks, "uuid:2");
	begin_slowly(&m, &first, &taken);
	pthread_join(taken.thread, NULL);
	ck_assert_int_eq(taken.result, -ETIMEDOUT);
	/* its thread has let go of it */
	liteio_creation_locks_give(&taken.locks);
	ck_assert_ptr_null(liteio_locks_try(locks, "volume:v2"));
	ck_assert_ptr_null(liteio_locks_try(locks, "uuid:2"));
	slow_set(&disk_answers);
	pthread_join(first.thread, NULL);
	ck_assert_int_eq(first.result, 0);
	ck_assert_uint_eq(m.p.cat.n_volumes, 2);
	ck_assert_ptr_nonnull(first.locks.name);
	liteio_locks_give(first.locks.name);
	taken.locks.name = liteio_locks_try(locks, "volume:v2");
	ck_assert_ptr_nonnull(taken.locks.name);
	taken.locks.uuid = liteio_locks_try(locks, "uuid:2");
	ck_assert_ptr_nonnull(taken.locks.uuid);
	liteio_creation_locks_give(&taken.locks);
	liteio_locks_free(locks);
	memory_close(&m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-pools");
	TCase *t = unit_case(s, "pools");

	tcase_add_test(t, a_name_is_held_by_one);
	tcase_add_test(t, a_fence_enters_first);
	tcase_add_test(t, who_comes_again_stands_behind);
	tcase_add_test(t, who_looks_does_not_wait_for_ever);
	tcase_add_test(t, nobody_is_forgotten);
	tcase_add_test(t, who_comes_meanwhile_is_taken_along);
	tcase_add_test(t, rights_are_given_together);
	tcase_add_test(t, rights_are_ended_together);
	tcase_add_test(t, what_has_ended_takes_no_turn);
	tcase_add_test(t, what_is_begun_is_waited_for);
	tcase_add_test(t, a_name_stays_with_what_may_come);
	tcase_add_test(t, who_looks_waits_for_those_who_get_on);
	return unit_run(s);
}
