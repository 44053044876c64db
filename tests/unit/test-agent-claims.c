// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pools on their way into the table: one at a time each, not any more when they were given up
 * meanwhile, and those that the start has not waited for.
 *
 * unit-src: daemon/agent/claims.c daemon/agent/locks.c daemon/agent/pools.c
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/claims.h"
#include "agent/pools.h"
#include "base/error.h"
#include "unit.h"

static const struct liteio_uuid one = { { 1 } }, two = { { 2 } };

/* ---- what was opened, as far as it counts here ---------------------------------------------- */

static int opened;
static struct liteio_pool *const engine = (struct liteio_pool *)&opened;
static unsigned int n_closed, n_released;
static int close_fails;
/* another pool of the same name, when it is not the engine */
static int namesake;
static struct liteio_pool *const other = (struct liteio_pool *)&namesake;

void liteio_pool_info(struct liteio_pool *p, struct liteio_pool_info *ret)
{
	*ret = (struct liteio_pool_info){ .name = "a", .device = "/dev/b",
					  .uuid = p == other ? two : one };
}

void liteio_pool_set_lane(struct liteio_pool *p, const struct liteio_pool_lane *lane)
{
}

/* writes to the disk: who comes after a dead agent can tell to which one */
int liteio_pool_close(struct liteio_pool *p, struct liteio_error *err)
{
	char name[16];

	ck_assert_ptr_eq(p, engine);
	prctl(PR_GET_NAME, name);
	ck_assert_str_eq(name, "pool:0000000000");
	n_closed++;
	return close_fails;
}

void liteio_pool_release(struct liteio_pool *p)
{
	ck_assert(p == engine || p == other);
	n_released++;
}

/* it has nothing in it */
void liteio_pool_volume_list(struct liteio_pool *p, struct liteio_catalog_volume **ret,
			     size_t *ret_n)
{
	*ret = NULL;
	*ret_n = 0;
}

/* ---- the tests ------------------------------------------------------------------------------ */

START_TEST(test_one_at_a_time)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_claim *a, *b;

	ck_assert(!liteio_claim_is_taken(&one));
	ck_assert_int_eq(liteio_claim_take(&one, "/dev/a", &a, &err), 0);
	ck_assert(liteio_claim_is_taken(&one));
	/* whatever the device is called */
	ck_assert_int_eq(liteio_claim_take(&one, "/dev/b", &b, &err), -EBUSY);
	ck_assert_str_eq(err.msg, "the pool on /dev/b is being opened already: ask again later");
	ck_assert_int_eq(liteio_claim_take(&two, "/dev/a", &b, &err), 0);
	liteio_claim_give(a);
	ck_assert(!liteio_claim_is_taken(&one));
	ck_assert(liteio_claim_is_taken(&two));
	ck_assert_int_eq(liteio_claim_take(&one, "/dev/b", &a, &err), 0);
	liteio_claim_give(a);
	liteio_claim_give(b);
	liteio_claim_give(NULL);
}
END_TEST

/* the job of a disk that hung for an hour, in which somebody has deleted the pool by its name */
START_TEST(test_given_up)
{
	struct liteio_pools *t = liteio_pools_new();
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p;
	struct liteio_claim *c;

	ck_assert_int_eq(liteio_claim_take(&one, "/dev/a", &c, &err), 0);
	liteio_claim_give_up(&two);
	liteio_claim_give_up(&one);
	ck_assert_int_eq(liteio_claim_add(c, t, engine, &p, &err), -ECANCELED);
	ck_assert_str_eq(err.msg, "it was given up meanwhile");
	ck_assert_uint_eq(n_closed, 1);
	ck_assert_uint_eq(n_released, 0);
	/* it is let go of all the same */
	close_fails = -EBUSY;
	ck_assert_int_eq(liteio_claim_add(c, t, engine, &p, &err), -ECANCELED);
	ck_assert_uint_eq(n_closed, 2);
	ck_assert_uint_eq(n_released, 1);
	liteio_claim_give(c);
	liteio_pools_free(t);
}
END_TEST

static unsigned int n_told;

/* whoever is told may ask what he likes */
static void told(void *arg)
{
	n_told++;
	ck_assert(liteio_claim_is_taken(arg));
}

/* under the lock this would end with the test's time */
START_TEST(test_told_under_no_lock)
{
	struct liteio_pools *t = liteio_pools_new();
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid = one;
	struct liteio_open_pool *p;
	struct liteio_claim *c;

	liteio_pools_tell(t, told, &uuid);
	ck_assert_int_eq(liteio_claim_take(&one, "/dev/a", &c, &err), 0);
	ck_assert_int_eq(liteio_claim_add(c, t, engine, &p, &err), 0);
	ck_assert_uint_eq(n_told, 1);
	liteio_claim_give(c);
	liteio_pools_put(t, p);
	liteio_pools_free(t);
}
END_TEST

/* and the job had not even begun */
START_TEST(test_given_up_before_it_is_begun)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p;
	struct liteio_claim *c;

	liteio_late_begin("/dev/a", &one);
	liteio_claim_give_up(&one);
	ck_assert_int_eq(liteio_claim_take(&one, "/dev/a", &c, &err), 0);
	ck_assert_int_eq(liteio_claim_add(c, NULL, engine, &p, &err), -ECANCELED);
	liteio_claim_give(c);
	liteio_late_end("/dev/a");
}
END_TEST

/* what the kernel has of it is in use by the one that is there */
START_TEST(test_no_room)
{
	struct liteio_pools *t = liteio_pools_new();
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p, *second;

	ck_assert_int_eq(liteio_claim_add(NULL, t, engine, &p, &err), 0);
	ck_assert_int_eq(liteio_claim_add(NULL, t, engine, &second, &err), -EEXIST);
	ck_assert_uint_eq(n_closed, 0);
	ck_assert_uint_eq(n_released, 1);
	liteio_pools_put(t, p);
	liteio_pools_free(t);
	ck_assert_uint_eq(n_released, 2);
}
END_TEST

/* one of that name is there: what was opened for nothing leaves nothing in the kernel */
START_TEST(test_no_room_for_a_namesake)
{
	struct liteio_pools *t = liteio_pools_new();
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p, *second;

	ck_assert_int_eq(liteio_claim_add(NULL, t, other, &p, &err), 0);
	ck_assert_int_eq(liteio_claim_add(NULL, t, engine, &second, &err), -EEXIST);
	ck_assert_uint_eq(n_closed, 1);
	ck_assert_uint_eq(n_released, 0);
	liteio_pools_put(t, p);
	liteio_pools_free(t);
}
END_TEST

/* so it is not opened at all, as long as another one has the name, or is to have it */
START_TEST(test_one_of_a_name)
{
	struct liteio_pools *t = liteio_pools_new();
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p;
	struct liteio_claim *a, *b;

	ck_assert_int_eq(liteio_claim_take(&one, "/dev/a", &a, &err), 0);
	ck_assert_int_eq(liteio_claim_take(&two, "/dev/b", &b, &err), 0);
	ck_assert_int_eq(liteio_claim_name(NULL, t, "a", "/dev/a", &err), 0);
	ck_assert_int_eq(liteio_claim_name(b, t, "a", "/dev/b", &err), 0);
	ck_assert_int_eq(liteio_claim_name(b, t, "a", "/dev/b", &err), 0);
	ck_assert_int_eq(liteio_claim_name(a, t, "a", "/dev/a", &err), -EEXIST);
	ck_assert_str_eq(err.msg,
			 "pool a on /dev/a is another one than the pool of that name which is being opened");
	ck_assert_int_eq(liteio_claim_name(NULL, t, "a", "/dev/a", &err), -EEXIST);
	ck_assert_int_eq(liteio_claim_name(a, t, "b", "/dev/a", &err), 0);
	/* from here on the table has it, and there is no moment in between */
	ck_assert_int_eq(liteio_claim_add(b, t, other, &p, &err), 0);
	ck_assert_int_eq(liteio_claim_name(b, t, "a", "/dev/b", &err), 0);
	liteio_claim_give(b);
	ck_assert_int_eq(liteio_claim_name(a, t, "a", "/dev/a", &err), -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.msg, "another one than the pool of that name on /dev/b"));
	ck_assert_ptr_nonnull(strstr(err.msg, "export that one first"));
	ck_assert_int_eq(liteio_claim_name(NULL, t, "a", "/dev/a", &err), -EEXIST);
	/* one that was given up may hang for ever, and does not come into the table */
	ck_assert_int_eq(liteio_claim_name(NULL, t, "b", "/dev/c", &err), -EEXIST);
	liteio_claim_give_up(&one);
	ck_assert_int_eq(liteio_claim_name(NULL, t, "b", "/dev/c", &err), 0);
	liteio_claim_give(a);
	liteio_pools_put(t, p);
	liteio_pools_free(t);
}
END_TEST

START_TEST(test_late)
{
	struct liteio_late *l;
	size_t n;

	liteio_late_list(&l, &n);
	ck_assert_uint_eq(n, 0);
	free(l);
	liteio_late_begin("/dev/a", &one);
	liteio_late_begin("/dev/a1", NULL);
	liteio_late_end("/dev/b");
	liteio_late_end("/dev/a");
	liteio_late_list(&l, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(l[0].device, "/dev/a1");
	ck_assert(!l[0].has_uuid);
	free(l);
	liteio_late_end("/dev/a1");
}
END_TEST

UNIT_MAIN("agent-claims", test_one_at_a_time, test_given_up,
	  test_told_under_no_lock, test_given_up_before_it_is_begun,
	  test_no_room, test_no_room_for_a_namesake, test_one_of_a_name, test_late)
