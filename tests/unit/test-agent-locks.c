// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks by name: alone, shared, no longer than a while, or not waited for and told; and those of
 * who makes, opens, closes or grows a pool.
 *
 * unit-src: daemon/agent/locks.c daemon/agent/pool_locks.c
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/locks.h"
#include "agent/pool_locks.h"
#include "base/error.h"
#include "base/str.h"
#include "unit.h"

/* in place of the C library's: time is over as soon as somebody waits */
static unsigned int n_waits;

int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
			   const struct timespec *until)
{
	/* as POSIX has it: not negative */
	const int is_late = ETIMEDOUT;

	n_waits++;
	return is_late;
}

static struct liteio_locks *locks;

START_TEST(alone_or_shared)
{
	struct liteio_named_lock *a, *b, *c;

	locks = liteio_locks_new();
	a = liteio_locks_share_for(locks, "x", 1000);
	b = liteio_locks_share_for(locks, "x", 1000);
	ck_assert(a && b);
	ck_assert_uint_eq(n_waits, 0);
	ck_assert_ptr_null(liteio_locks_take_for(locks, "x", 1000));
	ck_assert_uint_eq(n_waits, 1);
	ck_assert_ptr_null(liteio_locks_try(locks, "x"));
	liteio_locks_give(a);
	ck_assert_ptr_null(liteio_locks_take_for(locks, "x", 1000));
	liteio_locks_give(b);
	c = liteio_locks_take_for(locks, "x", 1000);
	ck_assert_ptr_nonnull(c);
	ck_assert_ptr_null(liteio_locks_share_for(locks, "x", 1000));
	/* another one is another one */
	a = liteio_locks_take(locks, "y");
	liteio_locks_give(a);
	liteio_locks_give(c);
	liteio_locks_free(locks);
}
END_TEST

static void count(void *arg)
{
	++*(unsigned int *)arg;
}

START_TEST(who_does_not_wait_is_told)
{
	struct liteio_named_lock *a, *b;
	unsigned int told = 0;

	locks = liteio_locks_new();
	liteio_locks_tell(locks, count, &told);
	a = liteio_locks_take_or_want(locks, "x");
	liteio_locks_give(a);
	ck_assert_uint_eq(told, 0);
	/* shared by two: when the last one gives it */
	a = liteio_locks_share_or_want(locks, "x");
	b = liteio_locks_share_or_want(locks, "x");
	ck_assert(a && b);
	ck_assert_ptr_null(liteio_locks_take_or_want(locks, "x"));
	liteio_locks_give(a);
	ck_assert_uint_eq(told, 0);
	liteio_locks_give(b);
	ck_assert_uint_eq(told, 1);
	a = liteio_locks_take(locks, "x");
	ck_assert_ptr_null(liteio_locks_share_or_want(locks, "x"));
	liteio_locks_give(a);
	ck_assert_uint_eq(told, 2);
	/* nobody wants to know any more */
	a = liteio_locks_take(locks, "x");
	ck_assert_ptr_null(liteio_locks_share_or_want(locks, "x"));
	liteio_locks_tell(locks, NULL, NULL);
	liteio_locks_give(a);
	ck_assert_uint_eq(told, 2);
	ck_assert_uint_eq(n_waits, 0);
	liteio_locks_free(locks);
}
END_TEST

/* one works on a pool and hangs: the same pool, and the same file, are refused after a while */
START_TEST(a_pool_that_hangs_is_in_nobodys_way)
{
	char dir[] = "/tmp/test-agent-locks.XXXXXX";
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pool_locks slow = { 0 };
	struct liteio_named_lock *doctor;

	locks = liteio_locks_new();
	ck_assert_ptr_nonnull(mkdtemp(dir));
	char *file _cleanup_free_ = liteio_strf("%s/a.img", dir);
	char *same _cleanup_free_ = liteio_strf("%s/./../%s/a.img", dir, strrchr(dir, '/') + 1);
	char *other _cleanup_free_ = liteio_strf("%s/b.img", dir);

	ck_assert_int_eq(liteio_pool_locks_take(locks, "slow", file, &slow, &err), 0);
	{
		LITEIO_POOL_LOCKS(quick);

		ck_assert_int_eq(liteio_pool_locks_take(locks, "quick", other, &quick, &err), 0);
		ck_assert_uint_eq(n_waits, 0);
	}
	{
		LITEIO_POOL_LOCKS(again);

		ck_assert_int_eq(liteio_pool_locks_take(locks, "slow", NULL, &again, &err), -EBUSY);
		ck_assert_str_eq(err.msg,
				 "pool slow: another operation on it has not ended for 60 s: ask again later");
	}
	{
		LITEIO_POOL_LOCKS(again);

		ck_assert_int_eq(liteio_pool_locks_take(locks, "new", same, &again, &err), -EBUSY);
		ck_assert_ptr_nonnull(strstr(err.msg, same));
	}
	{
		LITEIO_POOL_LOCKS(unasked);

		n_waits = 0;
		ck_assert(!liteio_pool_locks_try(locks, "slow", &unasked));
		liteio_pool_locks_give(&unasked);
		ck_assert(liteio_pool_locks_try(locks, "quick", &unasked));
		liteio_pool_locks_give(&unasked);
		ck_assert(liteio_pool_locks_try(locks, NULL, &unasked));
		ck_assert_uint_eq(n_waits, 0);
	}
	/* while the doctor looks a second time no pool comes or goes, and the other way round */
	ck_assert_ptr_null(liteio_locks_try(locks, LITEIO_POOLS_LOCK));
	liteio_pool_locks_give(&slow);
	doctor = liteio_locks_try(locks, LITEIO_POOLS_LOCK);
	ck_assert_ptr_nonnull(doctor);
	ck_assert_int_eq(liteio_pool_locks_take(locks, "slow", NULL, &slow, &err), -EBUSY);
	ck_assert(!liteio_pool_locks_try(locks, NULL, &slow));
	liteio_locks_give(doctor);
	ck_assert_int_eq(liteio_pool_locks_take(locks, "slow", NULL, &slow, &err), 0);
	liteio_pool_locks_give(&slow);
	liteio_locks_free(locks);
	rmdir(dir);
}
END_TEST

UNIT_MAIN("agent-locks", alone_or_shared, who_does_not_wait_is_told,
	  a_pool_that_hangs_is_in_nobodys_way)
