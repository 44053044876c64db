// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A volume is found by its name or its uuid; a name that two pools have means neither, until one of
 * them is called otherwise, and no pool comes in with one that is taken.
 *
 * unit-src: daemon/agent/pools_target.c daemon/agent/pools.c daemon/agent/locks.c
 * unit-src: daemon/agent/claims.c
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "agent/locks.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "pool/grant.h"
#include "pool_in_memory.h"
#include "host/head.h"
#include "host/head_known.h"
#include "unit.h"

#define UUID_IN_A "01010000-0000-0000-0000-000000000000"
#define UUID_IN_B "02010000-0000-0000-0000-000000000000"

static struct liteio_agent agent;
static struct memory_pool memories[4];
static struct liteio_open_pool *pools[4];
static const char *published;

int liteio_publish_name(const char *name, const char *device, struct liteio_error *err)
{
	published = device;
	return 0;
}

static void make_pool(size_t i, const char *name)
{
	struct liteio_label *l = &memories[i].p.store.label;

	memory_new(&memories[i]);
	l->pool_uuid.b[0] = (uint8_t)(i + 1);
	snprintf(l->pool_name, sizeof(l->pool_name), "%s", name);
}

static void open_pool(size_t i)
{
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memories[i].p, &pools[i], NULL), 0);
}

/* in place of the C library's: nobody here waits for what will not come */
int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
			   const struct timespec *until)
{
	const int is_late = ETIMEDOUT;

	return is_late;
}

static struct liteio_uuid make_volume(size_t pool, uint8_t n, const char *name)
{
	const struct liteio_pool_create want = {
		.uuid = { .b = { (uint8_t)(pool + 1), n } }, .name = name, .size_bytes = 1 << 20,
	};
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_msg(!liteio_pool_volume_create(&memories[pool].p, &want, NULL, &err), "%s",
		      err.msg);
	return want.uuid;
}

/* two pools are open, and a third one may come; both have "data", each has one of its own */
static void setup(void)
{
	agent.pools = liteio_pools_new();
	agent.locks = liteio_locks_new();
	make_pool(0, "a");
	make_pool(1, "b");
	make_pool(2, "c");
	make_pool(3, "d");
	make_volume(0, 1, "data");
	make_volume(0, 2, "log");
	make_volume(1, 1, "data");
	make_volume(1, 2, "mail");
	open_pool(0);
	open_pool(1);
}

static void teardown(void)
{
	for (size_t i = 0; i < 4; i++) {
		if (pools[i]) {
			ck_assert_int_eq(liteio_pools_take_out(agent.pools, pools[i], "closed",
							       NULL), 0);
			pools[i]->engine = NULL;
			liteio_pools_put(agent.pools, pools[i]);
		}
		memory_close(&memories[i]);
	}
	liteio_pools_free(agent.pools);
	liteio_locks_free(agent.locks);
}

/* NULL: nothing is found, and that is @said */
static void finds(const char *name, const char *pool, const char *said)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	LITEIO_TARGET(t);
	int r = liteio_target_open(&agent, LITEIO_CATALOG_VOLUME, name, &t, &err);

	if (pool) {
		ck_assert_msg(!r, "%s: %s", name, err.msg);
		ck_assert_str_eq(t.pool->name, pool);
		return;
	}
	ck_assert_int_lt(r, 0);
	ck_assert_ptr_null(t.pool);
	ck_assert_str_eq(err.msg, said);
}

static void rename_by_uuid(const char *uuid, const char *name)
{
	LITEIO_TARGET(t);

	ck_assert_int_eq(liteio_target_open(&agent, LITEIO_CATALOG_VOLUME, uuid, &t, NULL), 0);
	ck_assert_int_eq(liteio_pool_volume_rename(t.pool->engine, &t.volume.uuid, name, NULL), 0);
}

START_TEST(a_name_of_two_means_neither)
{
	LITEIO_TARGET(t);

	finds("log", "a", NULL);
	finds("mail", "b", NULL);
	finds("none", NULL, "volume none: no such volume on this node");
	finds("data", NULL,
	      "volume data: there is one in pool a (" UUID_IN_A ") and one in pool b (" UUID_IN_B
	      "): call one of them otherwise by its uuid (volume rename UUID NAME)");
	/* taken, whoever asks */
	ck_assert_int_eq(liteio_target_find_name(&agent, LITEIO_CATALOG_VOLUME, "data", &t, NULL),
			 -EEXIST);
	ck_assert_int_eq(liteio_target_find_name(&agent, LITEIO_CATALOG_SNAPSHOT, "data", &t, NULL),
			 -ENOENT);
	/* and the way out */
	finds(UUID_IN_A, "a", NULL);
	finds(UUID_IN_B, "b", NULL);
	rename_by_uuid(UUID_IN_B, "data2");
	finds("data", "a", NULL);
	finds("data2", "b", NULL);
	/* asked for again */
	rename_by_uuid(UUID_IN_B, "data2");
	/* nobody holds a pool that he has not got */
	ck_assert_uint_eq(pools[0]->refs, 2);
	ck_assert_uint_eq(pools[1]->refs, 2);
}
END_TEST

START_TEST(a_uuid_means_its_own_whatever_others_are_called)
{
	LITEIO_TARGET(t);

	make_volume(0, 3, UUID_IN_B);
	finds(UUID_IN_B, "b", NULL);
	ck_assert_int_eq(liteio_target_find_name(&agent, LITEIO_CATALOG_VOLUME, UUID_IN_B, &t,
						 NULL), 0);
	ck_assert_str_eq(t.pool->name, "a");
	liteio_target_fini(&t);
	/* of another kind, or deleted: then it is a name, if anything */
	ck_assert_int_eq(liteio_target_find(&agent, LITEIO_CATALOG_SNAPSHOT, UUID_IN_B, &t, NULL),
			 -ENOENT);
	ck_assert_int_eq(liteio_pool_volume_delete(&memories[0].p,
						   &(struct liteio_uuid){ .b = { 1, 1 } }, NULL),
			 0);
	finds(UUID_IN_A, NULL, "volume " UUID_IN_A ": no such volume on this node");
	/* what is deleted has no name either */
	finds("data", "b", NULL);
}
END_TEST

static bool head_is_there;

int liteio_head_list_known(const struct liteio_uuid *uuid, bool remote,
			   struct liteio_head_state **ret, size_t *ret_n, struct liteio_error *err)
{
	ck_assert(!remote);
	*ret_n = head_is_there;
	return 0;
}

static int give_uuid(const struct liteio_uuid *uuid, struct liteio_error *err)
{
	struct liteio_named_lock *lock = NULL;
	int r = liteio_uuid_take(&agent, uuid, &lock, err);

	ck_assert(!lock == !!r);
	liteio_locks_give(lock);
	return r;
}

static void is_free(const char *name, const char *uuid, int expected)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid u;
	LITEIO_TARGET(t);

	ck_assert_int_eq(liteio_uuid_parse(uuid, &u), 0);
	ck_assert_int_eq(liteio_target_find_name(&agent, LITEIO_CATALOG_VOLUME, name, &t, &err),
			 expected ? expected : -ENOENT);
	ck_assert_int_eq(liteio_target_find_uuid(&agent, &u, &t, &err),
			 expected ? expected : -ENOENT);
	ck_assert_int_eq(give_uuid(&u, &err), expected);
	if (expected)
		ck_assert_str_eq(err.msg, "pool b is being exported: ask again later");
}

/* what it has may be there again in a moment: nobody is told that it is not, nor is given it */
START_TEST(what_is_in_a_pool_that_is_out_is_not_gone)
{
	const char *mail = "02020000-0000-0000-0000-000000000000";
	const char *none = "02090000-0000-0000-0000-000000000000";
	uint64_t changes = liteio_pools_changes(agent.pools), changed;

	ck_assert_int_eq(liteio_pools_take_out(agent.pools, pools[1], "exported", NULL), 0);
	changed = liteio_pools_changes(agent.pools);
	ck_assert_uint_ne(changed, changes);
	is_free("mail", mail, -EBUSY);
	finds("mail", NULL, "pool b is being exported: ask again later");
	finds(UUID_IN_B, NULL, "pool b is being exported: ask again later");
	/* two have it still */
	finds("data", NULL, "pool b is being exported: ask again later");
	/* of what it has not everything can be said */
	is_free("none", none, 0);
	finds("log", "a", NULL);
	ck_assert_uint_eq(liteio_pools_changes(agent.pools), changed);
	liteio_pools_put_back(agent.pools, pools[1]);
	ck_assert_uint_ne(liteio_pools_changes(agent.pools), changed);
	finds("mail", "b", NULL);
	/* and when it has gone so has that */
	ck_assert_int_eq(liteio_pools_take_out(agent.pools, pools[1], "exported", NULL), 0);
	liteio_pools_left(agent.pools, pools[1]);
	is_free("mail", mail, 0);
	finds("data", "a", NULL);
	liteio_pools_put(agent.pools, take_ptr(pools[1]));
}
END_TEST

START_TEST(no_pool_comes_in_with_names_that_are_taken)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid log;

	make_volume(2, 1, "new");
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), 0);
	log = make_volume(2, 2, "log");
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), -EEXIST);
	ck_assert_str_eq(err.msg,
			 "pool c has names that are taken on this node: rename what has them here first (volume rename, snapshot rename): volume log in pool a");
	make_volume(2, 3, "mail");
	make_volume(2, 4, "data");
	make_volume(0, 5, "x");
	make_volume(2, 5, "x");
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.msg, "volume mail in pool b, volume data and 1 more"));
	rename_by_uuid("01020000-0000-0000-0000-000000000000", "log2");
	ck_assert_int_eq(liteio_pool_volume_delete(&memories[2].p, &log, NULL), 0);
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), -EEXIST);
	ck_assert_ptr_null(strstr(err.msg, "log"));
}
END_TEST

/* to the kernel both are one: whatever they are called, and also when one is on its way out */
START_TEST(no_pool_comes_in_with_a_uuid_that_is_taken)
{
	const struct liteio_pool_create want = { .uuid = { .b = { 2, 2 } }, .name = "other",
						 .size_bytes = 1 << 20 };
	const struct liteio_uuid *uuid = &memories[2].p.store.label.pool_uuid;
	struct liteio_claim *claim _cleanup_(liteio_claim_givep) = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_pool_volume_create(&memories[2].p, &want, NULL, &err), 0);
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), -EEXIST);
	ck_assert_str_eq(err.msg,
			 "pool c has volume other with uuid 02020000-0000-0000-0000-000000000000, which mail in pool b has on this node: delete that one first");
	memories[1].p.cat.volumes[1]->state = LITEIO_CATALOG_DELETING;
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, "which is being deleted in pool b: ask again later"));
	/* one that is out may come back with it */
	ck_assert_int_eq(liteio_pools_take_out(agent.pools, pools[1], "exported", NULL), 0);
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), -EBUSY);
	ck_assert_str_eq(err.msg, "pool b is being exported: ask again later");
	liteio_pools_left(agent.pools, pools[1]);
	liteio_pools_put(agent.pools, take_ptr(pools[1]));
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), 0);
	/* and nobody is given it while the pool comes */
	ck_assert_int_eq(liteio_claim_take(uuid, "/dev/c", &claim, &err), 0);
	ck_assert_int_eq(give_uuid(&want.uuid, &err), 0);
	ck_assert_int_eq(liteio_claim_names(claim, &memories[2].p, true, &err), 0);
	ck_assert_int_eq(give_uuid(&want.uuid, &err), -EBUSY);
	ck_assert_str_eq(err.msg, "uuid: a pool that is being opened has it: ask again later");
	ck_assert_int_eq(liteio_claim_add(claim, agent.pools, &memories[2].p, &pools[2], &err), 0);
	ck_assert_int_eq(give_uuid(&want.uuid, &err), -EEXIST);
}
END_TEST

static void publish(const char *uuid, const char *device, const char *is)
{
	LITEIO_TARGET(t);

	ck_assert_int_eq(liteio_target_find(&agent, LITEIO_CATALOG_VOLUME, uuid, &t, NULL), 0);
	ck_assert_int_eq(liteio_target_publish(&agent, &t.volume, device, NULL), 0);
	ck_assert_pstr_eq(published, is);
}

static void attach_here(size_t pool, const char *uuid)
{
	struct liteio_catalog_attachment att = { .generation = 5,
						 .flags = LITEIO_CATALOG_ATT_LOCAL };
	struct liteio_error err = LITEIO_ERROR_INIT;

	liteio_uuid_parse(uuid, &att.volume);
	ck_assert_msg(!liteio_pool_attachment_add(&memories[pool].p, &att, &err), "%s", err.msg);
}

/* the name is that of the one that is attached here; of two there is none */
START_TEST(a_name_of_two_is_not_turned)
{
	publish(UUID_IN_A, "/dev/dm-1", "/dev/dm-1");
	published = NULL;
	attach_here(1, UUID_IN_B);
	publish(UUID_IN_A, "/dev/dm-1", NULL);
	attach_here(0, UUID_IN_A);
	publish(UUID_IN_B, "/dev/dm-2", NULL);
	rename_by_uuid(UUID_IN_A, "data2");
	publish(UUID_IN_B, "/dev/dm-2", "/dev/dm-2");
}
END_TEST

/* nor for one whose pool is on its way into the table, or out of it */
START_TEST(a_name_is_not_turned_for_one_that_comes)
{
	const struct liteio_catalog_volume coming = { .kind = LITEIO_CATALOG_VOLUME,
						      .uuid = { .b = { 3, 1 } },
						      .name = "mail" };

	published = NULL;
	ck_assert_int_eq(liteio_target_publish(&agent, &coming, "/dev/dm-3", NULL), 0);
	ck_assert_pstr_eq(published, "/dev/dm-3");
	published = NULL;
	attach_here(1, "02020000-0000-0000-0000-000000000000");
	ck_assert_int_eq(liteio_target_publish(&agent, &coming, "/dev/dm-3", NULL), 0);
	ck_assert_pstr_eq(published, NULL);
}
END_TEST

/* whatever he works on hangs: the next one is told so, and does not hang with it */
START_TEST(a_name_is_given_by_one)
{
	struct liteio_named_lock *one = NULL, *other = NULL, *snapshot = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_name_take(&agent, LITEIO_CATALOG_VOLUME, "new", liteio_name_until(),
					  &one, &err),
			 0);
	ck_assert_int_eq(liteio_name_take(&agent, LITEIO_CATALOG_VOLUME, "new", liteio_name_until(),
					  &other, &err),
			 -EBUSY);
	ck_assert_ptr_null(other);
	ck_assert_str_eq(err.msg,
			 "somebody else is about to give this name to a volume, for 60 s already: ask again later");
	ck_assert_int_eq(liteio_name_take(&agent, LITEIO_CATALOG_SNAPSHOT, "new",
					  liteio_name_until(), &snapshot, &err),
			 0);
	liteio_locks_give(snapshot);
	liteio_locks_give(one);
	ck_assert_int_eq(liteio_name_take(&agent, LITEIO_CATALOG_VOLUME, "new", liteio_name_until(),
					  &other, &err),
			 0);
	liteio_locks_give(other);
}
END_TEST

/* whoever of them looks first: the other one sees him */
START_TEST(a_pool_on_its_way_brings_no_name_that_is_given)
{
	const struct liteio_uuid *uuid = &memories[2].p.store.label.pool_uuid;
	struct liteio_named_lock *lock = NULL, *other = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_claim *claim;

	make_volume(2, 1, "new");
	ck_assert_int_eq(liteio_name_take(&agent, LITEIO_CATALOG_VOLUME, "new", liteio_name_until(),
					  &lock, &err),
			 0);
	ck_assert_int_eq(liteio_claim_take(uuid, "/dev/c", &claim, &err), 0);
	ck_assert_int_eq(liteio_claim_names(claim, &memories[2].p, true, &err), 0);
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.msg, ": volume new, which somebody is about to make"));
	liteio_locks_give(lock);
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), 0);
	/* it may come in: until it has, nobody finds the name in the table */
	ck_assert_int_eq(liteio_name_take(&agent, LITEIO_CATALOG_VOLUME, "new", liteio_name_until(),
					  &lock, &err),
			 -EBUSY);
	ck_assert_ptr_null(lock);
	ck_assert_str_eq(err.msg,
			 "a pool that is being opened has a volume of this name: ask again later");
	ck_assert_int_eq(liteio_name_take(&agent, LITEIO_CATALOG_SNAPSHOT, "new",
					  liteio_name_until(), &other, &err),
			 0);
	liteio_locks_give(other);
	ck_assert_int_eq(liteio_claim_add(claim, agent.pools, &memories[2].p, &pools[2], &err), 0);
	ck_assert_int_eq(liteio_name_take(&agent, LITEIO_CATALOG_VOLUME, "new", liteio_name_until(),
					  &lock, &err),
			 0);
	liteio_locks_give(lock);
	liteio_claim_give(claim);
}
END_TEST

/* an import meets a creation: whoever of them looks first, the other one sees him */
START_TEST(a_uuid_is_given_by_one)
{
	const struct liteio_uuid *pool = &memories[2].p.store.label.pool_uuid, none = { 0 };
	struct liteio_claim *claim _cleanup_(liteio_claim_givep) = NULL;
	struct liteio_named_lock *one = NULL, *other = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid;

	uuid = make_volume(2, 1, "new");
	ck_assert_int_eq(liteio_uuid_take(&agent, &uuid, &one, &err), 0);
	ck_assert_int_eq(liteio_uuid_take(&agent, &uuid, &other, &err), -EBUSY);
	ck_assert_ptr_null(other);
	ck_assert_str_eq(err.msg, "uuid: somebody else is about to give it: ask again later");
	/* who works on the volume that has it already is another matter */
	ck_assert_int_eq(liteio_uuid_take(&agent, &none, &other, &err), 0);
	ck_assert_ptr_null(other);
	ck_assert_int_eq(liteio_claim_take(pool, "/dev/c", &claim, &err), 0);
	ck_assert_int_eq(liteio_claim_names(claim, &memories[2].p, true, &err), 0);
	ck_assert_int_eq(liteio_target_check_uuids(&agent, &memories[2].p, &err), -EBUSY);
	ck_assert_str_eq(err.msg,
			 "pool c has volume new, whose uuid somebody is about to give: ask again later");
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), -EBUSY);
	liteio_locks_give(one);
	ck_assert_int_eq(liteio_target_check_names(&agent, &memories[2].p, &err), 0);
	ck_assert_int_eq(give_uuid(&uuid, &err), -EBUSY);
}
END_TEST

/* two imports */
/* what consumers of a pool that is away have queued in its place is not for what is made now */
START_TEST(a_uuid_that_has_a_place_is_not_given)
{
	const struct liteio_uuid uuid = { .b = { 1, 77 } };
	const struct liteio_head_id consumer = { uuid, 3, true }, place = { uuid, 4, false };
	struct liteio_error err = LITEIO_ERROR_INIT;

	liteio_head_remember(&consumer);
	ck_assert_int_eq(give_uuid(&uuid, &err), 0);
	liteio_head_remember(&place);
	head_is_there = true;
	ck_assert_int_eq(give_uuid(&uuid, &err), -EBUSY);
	ck_assert_str_eq(err.msg,
			 "uuid: the kernel has a head of it, of a pool that is not open here");
	/* it went with its last opener */
	head_is_there = false;
	ck_assert_int_eq(give_uuid(&uuid, &err), 0);
}
END_TEST

START_TEST(of_two_pools_that_come_the_first_one_does)
{
	const struct liteio_pool_create want = { .uuid = { .b = { 3, 1 } }, .name = "other",
						 .size_bytes = 1 << 20 };
	struct liteio_claim *c, *d _cleanup_(liteio_claim_givep) = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid last;

	make_volume(2, 1, "new");
	last = make_volume(3, 2, "last");
	ck_assert_int_eq(liteio_pool_volume_create(&memories[3].p, &want, NULL, &err), 0);
	ck_assert_int_eq(liteio_claim_take(&memories[2].p.store.label.pool_uuid, "/dev/c", &c,
					   &err),
			 0);
	ck_assert_int_eq(liteio_claim_take(&memories[3].p.store.label.pool_uuid, "/dev/d", &d,
					   &err),
			 0);
	ck_assert_int_eq(liteio_claim_name(c, agent.pools, "c", "/dev/c", &err), 0);
	ck_assert_int_eq(liteio_claim_names(c, &memories[2].p, true, &err), 0);
	ck_assert_int_eq(liteio_claim_names(d, &memories[3].p, false, &err), -EBUSY);
	ck_assert_str_eq(err.msg,
			 "pool c, which is being opened, has what has the uuid of other: ask again later");
	/* it has nothing, and keeps nobody out */
	ck_assert_int_eq(give_uuid(&last, &err), 0);
	/* asked again for itself it is not its own rival */
	ck_assert_int_eq(liteio_claim_names(c, &memories[2].p, true, &err), 0);
	/* of a name it depends on who comes */
	memories[3].p.cat.volumes[0]->uuid.b[0] = 0;
	ck_assert_int_eq(liteio_pool_volume_rename(&memories[3].p, &last, "new", &err), 0);
	ck_assert_int_eq(liteio_claim_names(d, &memories[3].p, true, &err), -EBUSY);
	ck_assert_str_eq(err.msg,
			 "pool c, which is being opened, has a volume of the name new: ask again later");
	ck_assert_int_eq(liteio_claim_names(d, &memories[3].p, false, &err), 0);
	/* who comes to nothing is in nobody's way, also while his disk hangs */
	liteio_claim_give_up(&memories[2].p.store.label.pool_uuid);
	ck_assert_int_eq(liteio_claim_names(d, &memories[3].p, true, &err), 0);
	ck_assert_int_eq(give_uuid(&want.uuid, &err), 0);
	liteio_claim_give(c);
	ck_assert_int_eq(liteio_claim_names(d, &memories[3].p, true, &err), 0);
}
END_TEST

/* the pool itself may be in the table still, from a disk that is gone: not only it has the uuid */
START_TEST(a_twin_is_found_beside_the_pool_itself)
{
	const struct liteio_pool_create want = { .uuid = { .b = { 1, 2 } }, .name = "other",
						 .size_bytes = 1 << 20 };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_pool_volume_create(&memories[1].p, &want, NULL, &err), 0);
	ck_assert_int_eq(liteio_target_check_uuids(&agent, &memories[0].p, &err), -EEXIST);
	ck_assert_int_eq(liteio_target_check_uuids(&agent, &memories[1].p, &err), -EEXIST);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-target");
	TCase *t = unit_case(s, "target");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_name_of_two_means_neither);
	tcase_add_test(t, a_uuid_means_its_own_whatever_others_are_called);
	tcase_add_test(t, what_is_in_a_pool_that_is_out_is_not_gone);
	tcase_add_test(t, no_pool_comes_in_with_names_that_are_taken);
	tcase_add_test(t, no_pool_comes_in_with_a_uuid_that_is_taken);
	tcase_add_test(t, a_name_of_two_is_not_turned);
	tcase_add_test(t, a_name_is_not_turned_for_one_that_comes);
	tcase_add_test(t, a_name_is_given_by_one);
	tcase_add_test(t, a_pool_on_its_way_brings_no_name_that_is_given);
	tcase_add_test(t, a_uuid_is_given_by_one);
	tcase_add_test(t, a_uuid_that_has_a_place_is_not_given);
	tcase_add_test(t, of_two_pools_that_come_the_first_one_does);
	tcase_add_test(t, a_twin_is_found_beside_the_pool_itself);
	return unit_run(s);
}
