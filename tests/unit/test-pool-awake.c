// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether the disk below a pool's metadata answers: who hangs is waited for as long as is said, a
 * device that is held or not there is not asked, and who comes to is heard.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "host/dm.h"
#include "pool/ask.h"
#include "pool/awake.h"
#include "pool/thin_meta.h"
#include "unit.h"

static const struct liteio_uuid pool = { .b = { 1 } };
/* of the metadata, and those of the reserve */
static struct {
	bool is_there;
	bool suspended;
	bool hangs;
} devices[2];
static atomic_uint n_read;
static sem_t gate, began;

int liteio_dm_info(const char *name, struct liteio_dm_info *ret, struct liteio_error *err)
{
	unsigned int i = !!strstr(name, "rmeta");

	if (!devices[i].is_there)
		return -ENODEV;
	*ret = (struct liteio_dm_info){ .major = 253, .minor = i, .live_table = true,
					.suspended = devices[i].suspended };
	return 0;
}

void liteio_thin_meta_touch(const char *path)
{
	unsigned int i = !strcmp(path, "/dev/dm-1");

	n_read++;
	sem_post(&began);
	if (devices[i].hangs)
		sem_wait(&gate);
}

static void setup(void)
{
	sem_init(&gate, 0, 0);
	sem_init(&began, 0, 0);
	devices[0].is_there = true;
	devices[1].is_there = true;
}

START_TEST(who_answers_is_awake)
{
	setup();
	ck_assert_int_eq(liteio_pool_awake(&pool, NULL), 0);
	ck_assert_uint_eq(n_read, 2);
	/* waits for whoever lets it go on */
	devices[0].suspended = true;
	devices[1].is_there = false;
	devices[0].hangs = true;
	devices[1].hangs = true;
	ck_assert_int_eq(liteio_pool_awake(&pool, NULL), 0);
	ck_assert_uint_eq(n_read, 2);
	liteio_pool_await(&pool);
}
END_TEST

static atomic_bool has_come_to;

static void *wait_for_it(void *arg)
{
	liteio_pool_await(&pool);
	has_come_to = true;
	return NULL;
}

START_TEST(who_hangs_is_not_and_is_waited_for)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	pthread_t waits;

	setup();
	devices[1].hangs = true;
	ck_assert_int_eq(liteio_pool_awake(&pool, &err), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "does not answer"));
	ck_assert_uint_eq(n_read, 2);
	/* it is not asked twice, and nobody waits for what hangs already; the other one is */
	ck_assert_int_eq(liteio_pool_awake(&pool, &err), -ETIMEDOUT);
	ck_assert_uint_eq(n_read, 3);
	for (int i = 0; i < 3; i++)
		sem_wait(&began);
	pthread_create(&waits, NULL, wait_for_it, NULL);
	/* it asks once more, which the other one answers, and is not done */
	sem_wait(&began);
	ck_assert(!has_come_to);
	/* it would be too slow the next time, too: the answer counts, and it is not asked again */
	sem_post(&gate);
	pthread_join(waits, NULL);
	ck_assert_uint_eq(n_read, 4);
	devices[1].hangs = false;
	ck_assert_int_eq(liteio_pool_awake(&pool, NULL), 0);
}
END_TEST

UNIT_MAIN("pool-awake", who_answers_is_awake, who_hangs_is_not_and_is_waited_for)
