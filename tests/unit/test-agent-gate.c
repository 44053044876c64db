// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What only the module was told of a volume, and that it forgets what a catalog has: a fence that
 * comes while a pool goes is kept, or is told that there is nothing any more.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "host/netlink.h"
#include "unit.h"

int module_get(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
	       struct liteio_netlink_volume *ret, struct liteio_error *err);
int module_del(struct liteio_netlink *nl, const struct liteio_uuid *uuid, struct liteio_error *err);
int module_fence(struct liteio_netlink *nl, const struct liteio_uuid *uuid, uint64_t floor,
		 uint64_t generation, uint32_t timeout_ms, struct liteio_netlink_fence *ret,
		 struct liteio_error *err);
int module_fence_wait(struct liteio_netlink *nl, const struct liteio_uuid *uuid, uint64_t floor,
		      uint64_t generation, uint64_t timeout_ms, struct liteio_netlink_fence *ret,
		      struct liteio_error *err);

/* the module; a struct has the name of one of them */
#define liteio_netlink_vol_get(...) module_get(__VA_ARGS__)
#define liteio_netlink_vol_del(...) module_del(__VA_ARGS__)
#define liteio_netlink_fence(...) module_fence(__VA_ARGS__)
#define liteio_netlink_fence_wait(...) module_fence_wait(__VA_ARGS__)
#include "agent/gate.c"

static const struct liteio_uuid data = { { 5 } };

/* what the module has of it */
static struct {
	bool is_there;
	uint64_t floor;
	uint32_t barred;
	uint64_t inflight; /* of each of its generations, until it is waited for */
	unsigned int n_waits;
} module;

/* somebody fences between the question and the deletion */
static bool is_fenced_meanwhile;
static pthread_t fencer;
static struct liteio_netlink_fence fenced;

static bool is_held_alone(void)
{
	return pthread_rwlock_tryrdlock(&only_lock) == EBUSY;
}

static bool is_held(void)
{
	int r = pthread_rwlock_trywrlock(&only_lock);

	if (!r)
		pthread_rwlock_unlock(&only_lock);
	return r == EBUSY;
}

static void *fence_it(void *arg)
{
	int r = liteio_gate_fence_only(NULL, &data, 9, 0, 100, &fenced, NULL);

	return (void *)(intptr_t)r;
}

int module_get(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
	       struct liteio_netlink_volume *ret, struct liteio_error *err)
{
	/* it may be in what is returned */
	const struct liteio_netlink_volume v = { .uuid = *uuid, .floor = module.floor,
						 .barred = module.barred };

	ck_assert(is_held_alone());
	if (!module.is_there)
		return -ENOENT;
	*ret = v;
	if (is_fenced_meanwhile)
		ck_assert_int_eq(pthread_create(&fencer, NULL, fence_it, NULL), 0);
	return 0;
}

int module_del(struct liteio_netlink *nl, const struct liteio_uuid *uuid, struct liteio_error *err)
{
	ck_assert(is_held_alone());
	module.is_there = false;
	return 0;
}

int module_fence(struct liteio_netlink *nl, const struct liteio_uuid *uuid, uint64_t floor,
		 uint64_t generation, uint32_t timeout_ms, struct liteio_netlink_fence *ret,
		 struct liteio_error *err)
{
	ck_assert(is_held());
	/* one that is not drained may take its time, without the lock */
	ck_assert_uint_eq(timeout_ms, 0);
	if (!module.is_there)
		return -ENOENT;
	*ret = (struct liteio_netlink_fence){ .drained = !module.inflight,
					      .inflight = module.inflight };
	if (floor < module.floor)
		snprintf(ret->note, sizeof(ret->note), "the floor is higher already");
	else
		module.floor = floor;
	ret->floor = module.floor;
	return 0;
}

int module_fence_wait(struct liteio_netlink *nl, const struct liteio_uuid *uuid, uint64_t floor,
		      uint64_t generation, uint64_t timeout_ms, struct liteio_netlink_fence *ret,
		      struct liteio_error *err)
{
	ck_assert(!is_held());
	module.n_waits++;
	*ret = (struct liteio_netlink_fence){ .floor = module.floor, .drained = true };
	return 0;
}

static void setup(void)
{
	memset(&module, 0, sizeof(module));
	module.is_there = true;
	module.floor = 5;
	is_fenced_meanwhile = false;
}

static const struct {
	uint64_t floor;
	uint32_t barred;
	bool is_kept;
} known[] = {
	{ 5, 1, false }, { 4, 0, false }, { 6, 0, true }, { 5, 2, true },
};

START_TEST(what_only_the_module_knows_stays_there)
{
	module.floor = known[_i].floor;
	module.barred = known[_i].barred;
	liteio_gate_forget_but(NULL, &data, 5, 1);
	ck_assert(module.is_there == known[_i].is_kept);
}
END_TEST

/* who is told that it has ended can rely on that */
START_TEST(a_fence_meanwhile_is_kept_or_refused)
{
	void *refused;

	is_fenced_meanwhile = true;
	liteio_gate_forget_but(NULL, &data, 5, 0);
	ck_assert_int_eq(pthread_join(fencer, &refused), 0);
	ck_assert(refused || (module.is_there && module.floor == 9));
}
END_TEST

START_TEST(a_fence_waits_for_its_drain_without_the_lock)
{
	struct liteio_netlink_fence f;

	ck_assert_int_eq(liteio_gate_fence_only(NULL, &data, 6, 0, 100, &f, NULL), 0);
	ck_assert_uint_eq(module.n_waits, 0);
	module.inflight = 1;
	ck_assert_int_eq(liteio_gate_fence_only(NULL, &data, 5, 0, 0, &f, NULL), 0);
	ck_assert(!f.drained);
	ck_assert_uint_eq(module.n_waits, 0);
	ck_assert_int_eq(liteio_gate_fence_only(NULL, &data, 5, 0, 100, &f, NULL), 0);
	ck_assert(f.drained);
	ck_assert_uint_eq(module.n_waits, 1);
	ck_assert_str_eq(f.note, "the floor is higher already");
	ck_assert_uint_eq(f.floor, 6);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-gate");
	TCase *t = unit_case(s, "only the module");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, what_only_the_module_knows_stays_there, 0,
			    sizeof(known) / sizeof(known[0]));
	tcase_add_test(t, a_fence_meanwhile_is_kept_or_refused);
	tcase_add_test(t, a_fence_waits_for_its_drain_without_the_lock);
	return unit_run(s);
}
