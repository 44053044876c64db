// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on pools that are refused before a disk is touched: one sentence, which names the pool
 * once.
 *
 * unit-src: daemon/agent/ops_pool.c daemon/agent/restore.c daemon/agent/sweep.c daemon/agent/walk.c
 * unit-src: daemon/agent/generations.c daemon/agent/together.c
 * unit-src: daemon/agent/pools_open.c daemon/agent/opening.c daemon/agent/replug.c
 * unit-src: daemon/agent/release.c daemon/agent/thaw.c
 * unit-src: daemon/agent/locks.c daemon/agent/pools.c daemon/agent/pools_known.c
 * unit-src: daemon/agent/claims.c daemon/agent/pools_look.c daemon/agent/pools_target.c
 * unit-src: daemon/agent/publish.c daemon/agent/names.c daemon/agent/restore_floors.c
 * unit-src: daemon/agent/pools_reclaim.c daemon/agent/door.c daemon/agent/exports.c
 * unit-src: daemon/agent/ended.c daemon/agent/groups.c daemon/agent/left.c
 * unit-src: daemon/agent/state_file.c
 * unit-src: daemon/agent/gate.c daemon/agent/limits.c daemon/agent/events.c
 * unit-src: daemon/agent/places.c daemon/agent/places_hold.c daemon/agent/exports_link.c
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/locks.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "base/error.h"
#include "model/local.h"
#include "unit.h"

static struct liteio_agent agent;

static void setup(void)
{
	agent.pools = liteio_pools_new();
	agent.locks = liteio_locks_new();
}

static void teardown(void)
{
	liteio_pools_free(agent.pools);
	liteio_locks_free(agent.locks);
}

static const struct {
	const char *name;
	const char *device;
	int code;
	const char *said;
} refused[] = {
	{ "fast", "/dev/null", -ENOTBLK, "pool fast: /dev/null is not a block device" },
	{ "fast", "/no/such/disk", -ENOENT,
	  "pool fast: cannot look at /no/such/disk: No such file or directory" },
	{ "fast", "/no/such/file.img", -EINVAL,
	  "pool fast: /no/such/file.img does not exist, and no size is given for it (--size)" },
	{ "fast", "disk", -EINVAL, "\"disk\" is not an absolute path" },
};

START_TEST(a_pool_is_refused_in_one_sentence)
{
	const struct liteio_local_pool_create req = { .name = (char *)refused[_i].name,
						      .device = (char *)refused[_i].device };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_local_pool ret = { 0 };

	ck_assert_int_eq(liteio_op_pool_create(&agent, &req, &ret, &err), refused[_i].code);
	ck_assert_str_eq(err.msg, refused[_i].said);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("agent-pool-ops");
	TCase *cases = unit_case(suite, "refused");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, a_pool_is_refused_in_one_sentence, 0,
			    sizeof(refused) / sizeof(refused[0]));
	return unit_run(suite);
}
