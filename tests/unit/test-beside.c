// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same for each of a few, side by side.
 */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/beside.h"
#include "base/cleanup.h"
#include "unit.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned int n_here, meets;

/* not before all are here */
static void come(void *arg)
{
	unsigned int *times = arg;

	liteio_guard(&lock);
	++*times;
	n_here++;
	pthread_cond_broadcast(&changed);
	while (n_here < meets)
		pthread_cond_wait(&changed, &lock);
}

static void run(size_t n)
{
	unsigned int times[LITEIO_BESIDE_MAX] = { 0 };
	void *args[LITEIO_BESIDE_MAX];

	n_here = 0;
	for (size_t i = 0; i < LITEIO_BESIDE_MAX; i++)
		args[i] = &times[i];
	liteio_beside_run(come, args, n);
	for (size_t i = 0; i < LITEIO_BESIDE_MAX; i++)
		ck_assert_uint_eq(times[i], i < n);
}

START_TEST(each_once_and_at_the_same_time)
{
	for (size_t n = 0; n <= LITEIO_BESIDE_MAX; n++) {
		meets = (unsigned int)n;
		run(n);
	}
}
END_TEST

/* with stacks that no machine has: one after the other, then */
START_TEST(without_threads)
{
	pthread_attr_t huge;

	meets = 0;
	pthread_attr_init(&huge);
	pthread_attr_setstacksize(&huge, (size_t)1 << 50);
	ck_assert_int_eq(pthread_setattr_default_np(&huge), 0);
	run(3);
	pthread_attr_destroy(&huge);
}
END_TEST

UNIT_MAIN("beside", each_once_and_at_the_same_time, without_threads)
