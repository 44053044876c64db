// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots that are asked for at once: those of what nobody has open are taken together, all
 * others alone, and each is answered by itself. Who gives up waiting leaves what nobody else may
 * have meanwhile to who is at it.
 *
 * unit-src: daemon/agent/locks.c daemon/agent/pools.c daemon/agent/pools_look.c
 * unit-src: daemon/agent/snapshots.c daemon/agent/wishes.c daemon/agent/together.c
 */
#include "agent/snapshots.h"

#include <dlfcn.h>
#include <stdatomic.h>

#include "agent/locks.h"
#include "agent/pools.h"
#include "agent/stillness.h"
#include "base/cleanup.h"
#include "pool/snapshots.h"
#include "pool_wishes.h"
#include "unit.h"

static struct liteio_open_pool pool;
static struct memory_pool memory;
/* the volume of this number is open when it is looked for, or once it is to be taken */
static int open_first = -1, open_later = -1;
static atomic_uint n_frozen, n_found, n_let_go;

/* ---- what is above volumes ------------------------------------------------------------------ */

int liteio_stillness_find(struct liteio_stillness *s, struct liteio_open_pool *p,
			  const struct liteio_uuid *uuids, size_t n, bool is_group,
			  struct liteio_error *err)
{
	ck_assert_uint_eq(n, 1);
	ck_assert(!is_group);
	*s = (struct liteio_stillness){ .pool = *uuids, .heads = calloc(1, sizeof(*s->heads)) };
	n_found++;
	return 0;
}

static int number_of(const struct liteio_stillness *s)
{
	return s->pool.b[1];
}

bool liteio_stillness_is_needed(const struct liteio_stillness *s)
{
	return number_of(s) == open_first;
}

void liteio_stillness_fini(struct liteio_stillness *s)
{
	n_let_go += !!s->heads;
	free(s->heads);
	*s = (struct liteio_stillness){ 0 };
}

static int freeze(void *arg, struct liteio_error *err)
{
	n_frozen++;
	return 0;
}

static void thaw(void *arg)
{
}

static bool is_idle(void *arg, unsigned int by)
{
	return number_of(arg) != open_later;
}

static bool was_idle(void *arg)
{
	return true;
}

struct liteio_quiesce liteio_stillness_quiesce(struct liteio_stillness *s)
{
	return (struct liteio_quiesce){ freeze, NULL, thaw, is_idle, was_idle, s };
}

static int volume_status(struct liteio_engine *e, const struct liteio_uuid *uuid,
			 struct liteio_engine_volume *ret, struct liteio_error *err)
{
	*ret = (struct liteio_engine_volume){ .open_count = 1 };
	return 0;
}

static int hold(struct liteio_engine *e, const struct liteio_uuid *uuid, struct liteio_error *err)
{
	return 0;
}

/* ---- who asks ------------------------------------------------------------------------------- */

#define WISHES (2 * LITEIO_POOL_SNAPSHOTS_MAX + 3)

/* one of many who come at once */
struct wisher {
	pthread_t thread;
	unsigned int i;
	char name[16];
	struct liteio_named_lock *volume_lock, *name_lock, *uuid_lock;
	unsigned int impatient; /* so often */
	int result;
	struct liteio_error err;
};

static _Thread_local struct wisher *me;

static struct liteio_uuid snapshot_of(const struct wisher *w)
{
	return (struct liteio_uuid){ .b = { (uint8_t)(w->i * 53), (uint8_t)w->i, 2 } };
}

static void *ask(void *arg)
{
	struct wisher *w = arg;
	const struct liteio_uuid volume = uuid_of(w->i), uuid = snapshot_of(w);
	const struct liteio_snapshot_locks locks = { &w->volume_lock, &w->name_lock,
						     &w->uuid_lock };

	me = w;
	w->result = liteio_snapshots_take(&pool, &volume, &uuid, w->name, &locks, &w->err);
	return NULL;
}

static void start(struct wisher *w, unsigned int i)
{
	w->i = i;
	snprintf(w->name, sizeof(w->name), "s%u", i);
	pthread_create(&w->thread, NULL, ask, w);
}

static unsigned int waiting_now(void)
{
	unsigned int n = 0;

	liteio_guard(&pool.lock);
	/* each of them stands in the line with one end to the next */
	for (struct liteio_waiter *w = pool.first; w; w = *(struct liteio_waiter **)w)
		n++;
	return n;
}

static void wait_for_line(unsigned int n)
{
	while (waiting_now() < n)
		sched_yield();
}

/* none of the volumes was ever used */
static bool are_unused;

static void begin(void)
{
	static struct liteio_engine_ops ops;

	memset(&pool, 0, sizeof(pool));
	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.changed, NULL);
	memory_new(&memory);
	ops = *memory.engine.ops;
	ops.volume_status = volume_status;
	ops.volume_suspend = hold;
	ops.volume_resume = hold;
	memory.engine.ops = &ops;
	pool.engine = &memory.p;
	create_all(&memory);
	for (unsigned int i = 0; i < WISHES && !are_unused; i++) {
		const struct liteio_uuid uuid = uuid_of(i);

		ck_assert_int_eq(liteio_pool_make(&memory.p, &uuid, NULL), 0);
	}
	memory.thin->messages = 0;
}

static void end(void)
{
	ck_assert_ptr_null(pool.snapshots);
	ck_assert(!pool.busy);
	/* what was found for each was given back */
	ck_assert_uint_eq(n_found, n_let_go);
	check_ids(&memory);
	memory_close(&memory);
}

static void lane_leave(void *arg)
{
	liteio_pools_leave(arg);
}

static void lane_enter(void *arg)
{
	liteio_pools_enter(arg, false);
}

static void ask_all(struct wisher *w)
{
	liteio_pools_enter(&pool, false);
	for (unsigned int i = 0; i < WISHES; i++)
		start(&w[i], i);
	wait_for_line(WISHES);
	liteio_pools_leave(&pool);
	for (unsigned int i = 0; i < WISHES; i++)
		pthread_join(w[i].thread, NULL);
}

static void check_there(const struct wisher *w)
{
	const struct liteio_uuid uuid = snapshot_of(w);
	struct liteio_catalog_volume v;

	ck_assert_msg(!w->result, "%u: %s", w->i, w->err.msg);
	ck_assert_int_eq(liteio_pool_volume_get(&memory.p, &uuid, &v), 0);
	ck_assert_int_eq(v.state, LITEIO_CATALOG_READY);
	ck_assert_str_eq(v.name, w->name);
	ck_assert_uint_eq(v.origin.b[1], w->i);
}

/* so many at a time, by two writes and one transaction each */
START_TEST(taken_together)
{
	static struct wisher wishers[WISHES];
	uint64_t before;

	begin();
	before = memory.p.cat.sequence;
	ask_all(wishers);
	for (unsigned int i = 0; i < WISHES; i++)
		check_there(&wishers[i]);
	ck_assert_uint_eq(memory.p.cat.sequence, before + 3 * 2);
	ck_assert_uint_eq(memory.thin->messages, WISHES + 3);
	ck_assert_uint_eq(n_frozen, 0);
	end();
}
END_TEST

/*
 * Their volumes get devices in between: nobody else has the lane then, who may be one of those that
 * wait
 */
START_TEST(of_what_was_never_used)
{
	const struct liteio_pool_lane lane = { lane_leave, lane_enter, NULL, &pool };
	static struct wisher wishers[WISHES];

	are_unused = true;
	begin();
	liteio_pool_set_lane(&memory.p, &lane);
	ask_all(wishers);
	for (unsigned int i = 0; i < WISHES; i++)
		check_there(&wishers[i]);
	end();
}
END_TEST

/* what somebody has open is frozen, alone, whenever that is found out; others fail by themselves */
START_TEST(taken_alone)
{
	static struct wisher wishers[WISHES];
	const struct liteio_uuid gone = uuid_of(5);

	begin();
	open_first = 3;
	open_later = 4;
	memory.thin->has[liteio_catalog_find(&memory.p.cat, &gone)->thin_id] = false;
	ask_all(wishers);
	for (unsigned int i = 0; i < WISHES; i++) {
		if (i != 5)
			check_there(&wishers[i]);
	}
	ck_assert_int_eq(wishers[5].result, -ENODATA);
	ck_assert_ptr_nonnull(strstr(wishers[5].err.msg, "no device"));
	ck_assert_uint_ge(n_frozen, 2);
	memory.thin->has[liteio_catalog_find(&memory.p.cat, &gone)->thin_id] = true;
	end();
}
END_TEST

/* who comes alone is served as ever: held still if need be */
START_TEST(only_one)
{
	static struct wisher one;
	uint64_t before;

	begin();
	before = memory.p.cat.sequence;
	start(&one, 7);
	pthread_join(one.thread, NULL);
	check_there(&one);
	ck_assert_uint_eq(memory.p.cat.sequence, before + 2);
	ck_assert_uint_eq(n_frozen, 1);
	end();
}
END_TEST

/* ---- a disk that does not answer ------------------------------------------------------------ */

static pthread_mutex_t slow_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t slow_changed = PTHREAD_COND_INITIALIZER;
static bool disk_is_asked, disk_answers;

static void slow_set(bool *what)
{
	liteio_guard(&slow_lock);
	*what = true;
	pthread_cond_broadcast(&slow_changed);
}

static void slow_wait(const bool *what)
{
	liteio_guard(&slow_lock);
	while (!*what)
		pthread_cond_wait(&slow_changed, &slow_lock);
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
		return wait(cond, mutex, clock, until);
	}
	me->impatient--;
	pthread_mutex_unlock(mutex);
	slow_wait(&disk_is_asked);
	pthread_mutex_lock(mutex);
	return is_late;
}

/* it may come to be all the same: until it does nobody gives its name, or changes its volume */
START_TEST(who_gives_up)
{
	static struct wisher first, taken = { .impatient = 2 };
	static struct liteio_engine_ops slow;
	static const char *const names[] = { "volume", "snapshot:s2", "uuid:2" };
	struct liteio_locks *locks = liteio_locks_new();

	begin();
	slow = *memory.engine.ops;
	slow.status = slow_status;
	memory.engine.ops = &slow;
	taken.volume_lock = liteio_locks_take(locks, names[0]);
	taken.name_lock = liteio_locks_take(locks, names[1]);
	taken.uuid_lock = liteio_locks_take(locks, names[2]);
	liteio_pools_enter(&pool, false);
	start(&first, 1);
	wait_for_line(1);
	start(&taken, 2);
	wait_for_line(2);
	liteio_pools_leave(&pool);
	slow_wait(&disk_is_asked);
	pthread_join(taken.thread, NULL);
	ck_assert_int_eq(taken.result, -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(taken.err.msg, "it may come to be all the same"));
	ck_assert(!taken.volume_lock && !taken.name_lock && !taken.uuid_lock);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_ptr_null(liteio_locks_try(locks, names[i]));
	slow_set(&disk_answers);
	pthread_join(first.thread, NULL);
	check_there(&first);
	taken.result = 0;
	check_there(&taken);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct liteio_named_lock *lock = liteio_locks_try(locks, names[i]);

		ck_assert_ptr_nonnull(lock);
		liteio_locks_give(lock);
	}
	liteio_locks_free(locks);
	end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-snapshots");
	TCase *t = unit_case(s, "snapshots");

	tcase_add_test(t, taken_together);
	tcase_add_test(t, of_what_was_never_used);
	tcase_add_test(t, taken_alone);
	tcase_add_test(t, only_one);
	tcase_add_test(t, who_gives_up);
	return unit_run(s);
}
