// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Heads held still: all or none, and whoever waits for a freeze that does not end is let go.
 *
 * unit-src: daemon/agent/stillness.c
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/pools.h"
#include "agent/stillness.h"
#include "base/error.h"
#include "base/str.h"
#include "host/head.h"
#include "host/mount.h"
#include "unit.h"

/* ---- a node --------------------------------------------------------------------------------- */

/* of generations 1 to 3; nobody has the second one open */
#define HEADS 3
static int opens[HEADS + 1] = { 0, 1, 0, 1 };

static struct {
	atomic_uint suspends[HEADS + 1];
	atomic_uint resumes[HEADS + 1];
} kernel;

/* to freeze this one does not end before it may: 0 for none; or fails */
static unsigned int hangs, fails;
static sem_t is_asked, may_end;

void liteio_pool_attachment_list(struct liteio_pool *p, const struct liteio_uuid *volume,
				 struct liteio_catalog_attachment **ret, size_t *ret_n)
{
	*ret = liteio_calloc(HEADS, sizeof(**ret));
	for (unsigned int i = 0; i < HEADS; i++)
		(*ret)[i].generation = i + 1;
	*ret_n = HEADS;
}

int liteio_head_info(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     struct liteio_dm_info *ret, struct liteio_error *err)
{
	*ret = (struct liteio_dm_info){ .open_count = opens[generation] };
	ret->name[0] = (char)('0' + generation);
	return 0;
}

void liteio_dm_path(const struct liteio_dm_info *i, char out[LITEIO_DM_PATH_MAX])
{
	out[0] = i->name[0];
	out[1] = '\0';
}

/* others are taken with them */
static bool is_group;

/* what is mounted on this one is not written before it may; and who has asked for it */
static char writes_hang;
static atomic_uint n_writes;
static char writer[16];

int liteio_mount_users(const char *device, char ***ret, size_t *ret_n, struct liteio_error *err)
{
	ck_assert_int_gt(opens[device[0] - '0'], 0);
	if (device[0] == writes_hang) {
		n_writes++;
		prctl(PR_GET_NAME, writer);
		sem_post(&is_asked);
		sem_wait(&may_end);
	}
	return -ENOENT;
}

int liteio_dm_info(const char *name, struct liteio_dm_info *ret, struct liteio_error *err)
{
	*ret = (struct liteio_dm_info){ .open_count = opens[name[0] - '0'] };
	ret->name[0] = name[0];
	return opens[name[0] - '0'] < 0 ? -ENODEV : 0;
}

int liteio_dm_suspend(const char *name, unsigned int flags, struct liteio_error *err)
{
	unsigned int i = (unsigned int)(name[0] - '0');

	ck_assert_uint_eq(flags, LITEIO_DM_LOCKFS);
	if (i == fails)
		return liteio_error_set(err, -EIO, "the kernel says no");
	if (i == hangs) {
		sem_post(&is_asked);
		sem_wait(&may_end);
	}
	kernel.suspends[i]++;
	return 0;
}

int liteio_dm_resume(const char *name, unsigned int flags, struct liteio_error *err)
{
	kernel.resumes[name[0] - '0']++;
	return 0;
}

/* in place of the C library's: time is over as soon as the kernel hangs */
int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
			   const struct timespec *until)
{
	/* as POSIX has it: not negative */
	const int is_late = ETIMEDOUT;

	if (!hangs && !writes_hang)
		return pthread_cond_wait(cond, mutex);
	pthread_mutex_unlock(mutex);
	sem_wait(&is_asked);
	pthread_mutex_lock(mutex);
	return is_late;
}

/* what each head has said last, and what it says now; the second one may be opened */
static unsigned int ios[HEADS + 1];
static bool is_opened;

int liteio_head_traffic(const char *dm_name, char ret[LITEIO_HEAD_TRAFFIC],
			struct liteio_error *err)
{
	if (is_opened)
		return liteio_error_set(err, -EBUSY, "it is open");
	snprintf(ret, LITEIO_HEAD_TRAFFIC, "%u", ios[dm_name[0] - '0']);
	return 0;
}

static void is_still(unsigned int i, unsigned int suspends, unsigned int resumes)
{
	ck_assert_uint_eq(kernel.suspends[i], suspends);
	ck_assert_uint_eq(kernel.resumes[i], resumes);
}

static int try_find(struct liteio_stillness *s, struct liteio_error *err)
{
	static struct liteio_open_pool pool = { .uuid = { { [15] = 7 } } };
	static const struct liteio_uuid volume = { { 1 } };

	return liteio_stillness_find(s, &pool, &volume, 1, is_group, err);
}

static void find(struct liteio_stillness *s)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	sem_init(&is_asked, 0, 0);
	sem_init(&may_end, 0, 0);
	ck_assert_int_eq(try_find(s, &err), 0);
}

/* ---- the tests ------------------------------------------------------------------------------ */

START_TEST(all)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_quiesce q;
	struct liteio_stillness s;

	find(&s);
	q = liteio_stillness_quiesce(&s);
	ck_assert_int_eq(q.freeze(q.arg, &err), 0);
	is_still(1, 1, 0);
	is_still(2, 0, 0);
	is_still(3, 1, 0);
	q.thaw(q.arg);
	ck_assert(liteio_stillness_is_needed(&s));
	liteio_stillness_fini(&s);
	is_still(1, 1, 1);
	is_still(2, 0, 0);
	is_still(3, 1, 1);
	/* nobody has any of them open */
	opens[1] = 0;
	opens[3] = 0;
	find(&s);
	ck_assert(!liteio_stillness_is_needed(&s));
	liteio_stillness_fini(&s);
}
END_TEST

/* of a group those, too, that somebody may open before all are taken */
START_TEST(all_of_a_group)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_quiesce q;
	struct liteio_stillness s;

	is_group = true;
	opens[3] = -1;
	find(&s);
	q = liteio_stillness_quiesce(&s);
	ck_assert_int_eq(q.freeze(q.arg, &err), 0);
	is_still(1, 1, 0);
	is_still(2, 1, 0);
	is_still(3, 0, 0);
	/* there is nobody left to come */
	ck_assert_int_eq(q.freeze_rest(q.arg, &err), 0);
	is_still(1, 1, 0);
	is_still(2, 1, 0);
	q.thaw(q.arg);
	liteio_stillness_fini(&s);
	is_still(1, 1, 1);
	is_still(2, 1, 1);
	is_still(3, 0, 0);
}
END_TEST

START_TEST(or_none)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_quiesce q;
	struct liteio_stillness s;

	fails = 3;
	find(&s);
	q = liteio_stillness_quiesce(&s);
	ck_assert_int_eq(q.freeze(q.arg, &err), -EIO);
	ck_assert_str_eq(err.msg, "the kernel says no");
	is_still(1, 1, 1);
	liteio_stillness_fini(&s);
	is_still(1, 1, 1);
	is_still(3, 0, 0);
}
END_TEST

/* by then nobody waits for it but who must not go before it */
static void *let_it_end(void *arg)
{
	ck_assert_uint_eq(kernel.suspends[3], 0);
	sem_post(&may_end);
	return arg;
}

START_TEST(not_for_ever)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_quiesce q;
	struct liteio_stillness s;
	pthread_t disk;

	find(&s);
	hangs = 3;
	q = liteio_stillness_quiesce(&s);
	/* were the kernel waited for, this would end with the test's time */
	ck_assert_int_eq(q.freeze(q.arg, &err), -ETIMEDOUT);
	ck_assert_str_eq(err.msg, "holding still took longer than 8 s");
	/* what waits for that one goes on, and it does when it is held */
	is_still(1, 1, 1);
	is_still(3, 0, 0);
	pthread_create(&disk, NULL, let_it_end, NULL);
	liteio_stillness_fini(&s);
	is_still(1, 1, 1);
	is_still(3, 1, 1);
	pthread_join(disk, NULL);
}
END_TEST

/* the lane may come long after they were looked for */
START_TEST(as_they_are_then)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_quiesce q;
	struct liteio_stillness s;

	find(&s);
	q = liteio_stillness_quiesce(&s);
	/* gone, mounted, closed */
	opens[1] = -1;
	opens[2] = 1;
	opens[3] = 0;
	ck_assert_int_eq(q.freeze(q.arg, &err), 0);
	is_still(1, 0, 0);
	is_still(2, 1, 0);
	is_still(3, 0, 0);
	/* who opens one that is held, or closes it, does not change who lets it go */
	opens[2] = 0;
	opens[3] = 1;
	q.thaw(q.arg);
	liteio_stillness_fini(&s);
	is_still(1, 0, 0);
	is_still(2, 1, 1);
	is_still(3, 0, 0);
}
END_TEST

/* somebody came after it was found that nobody has them open, and before anything was taken */
START_TEST(who_comes_later)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_quiesce q;
	struct liteio_stillness s;

	opens[1] = 0;
	opens[3] = -1;
	find(&s);
	q = liteio_stillness_quiesce(&s);
	ck_assert_int_eq(q.freeze(q.arg, &err), 0);
	opens[2] = 1;
	ck_assert_int_eq(q.freeze_rest(q.arg, &err), 0);
	/* the first one may be opened next; the third one has gone */
	is_still(1, 1, 0);
	is_still(2, 1, 0);
	is_still(3, 0, 0);
	ck_assert_int_eq(q.freeze_rest(q.arg, &err), 0);
	q.thaw(q.arg);
	is_still(1, 1, 1);
	is_still(2, 1, 1);
	is_still(3, 0, 0);
	liteio_stillness_fini(&s);
}
END_TEST

/* what is held is let go of, and held again with the others; or not at all */
START_TEST(who_comes_beside_others)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_quiesce q;
	struct liteio_stillness s;

	find(&s);
	q = liteio_stillness_quiesce(&s);
	ck_assert_int_eq(q.freeze(q.arg, &err), 0);
	is_still(2, 0, 0);
	ck_assert_int_eq(q.freeze_rest(q.arg, &err), 0);
	is_still(1, 2, 1);
	is_still(2, 1, 0);
	is_still(3, 2, 1);
	q.thaw(q.arg);
	is_still(1, 2, 2);
	is_still(2, 1, 1);
	is_still(3, 2, 2);
	liteio_stillness_fini(&s);

	find(&s);
	q = liteio_stillness_quiesce(&s);
	ck_assert_int_eq(q.freeze(q.arg, &err), 0);
	fails = 2;
	ck_assert_int_eq(q.freeze_rest(q.arg, &err), -EIO);
	q.thaw(q.arg);
	is_still(1, 4, 4);
	is_still(2, 1, 1);
	is_still(3, 3, 3);
	liteio_stillness_fini(&s);
}
END_TEST

/* whose disk does not take it says so in its name (heir.h), and is left behind, once for each */
START_TEST(nor_for_what_is_not_written)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_stillness s;

	sem_init(&is_asked, 0, 0);
	sem_init(&may_end, 0, 0);
	writes_hang = '3';
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(try_find(&s, &err), -ETIMEDOUT);
		ck_assert_ptr_nonnull(strstr(err.msg, "is not written within 60 s"));
		liteio_stillness_fini(&s);
	}
	ck_assert_uint_eq(n_writes, 1);
	ck_assert_str_eq(writer, "pool:0000000007");
	writes_hang = 0;
	sem_post(&may_end);
	/* until it has ended */
	while (try_find(&s, &err))
		liteio_stillness_fini(&s);
	liteio_stillness_fini(&s);
}
END_TEST

/* nobody has them open: the kernel is asked for nothing that waits, and what passes is seen */
START_TEST(idle)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_quiesce q;
	struct liteio_stillness s;

	memset(opens, 0, sizeof(opens));
	find(&s);
	q = liteio_stillness_quiesce(&s);
	ck_assert_int_eq(q.freeze(q.arg, &err), 0);
	ck_assert_ptr_null(s.holding);
	/* something else has the volume, too */
	ck_assert(!q.is_idle(q.arg, HEADS + 1));
	is_opened = true;
	ck_assert(!q.is_idle(q.arg, HEADS));
	is_opened = false;
	ck_assert(q.is_idle(q.arg, HEADS));
	ck_assert(q.was_idle(q.arg));
	is_opened = true;
	ck_assert(!q.was_idle(q.arg));
	is_opened = false;
	ios[HEADS]++;
	ck_assert(!q.was_idle(q.arg));
	q.thaw(q.arg);
	liteio_stillness_fini(&s);
	for (unsigned int i = 1; i <= HEADS; i++)
		is_still(i, 0, 0);
}
END_TEST

UNIT_MAIN("agent-stillness", all, all_of_a_group, or_none, as_they_are_then, not_for_ever,
	  nor_for_what_is_not_written, idle, who_comes_later, who_comes_beside_others)
