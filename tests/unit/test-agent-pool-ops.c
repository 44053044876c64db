// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on pools that are refused before a disk is touched: one sentence, which names the pool
 * once. One that is given up while somebody is opening it, and does not come back; and one that is
 * out of the table for a while, and may.
 *
 * unit-src: daemon/agent/ops_pool.c daemon/agent/ops_repair.c
 * unit-src: daemon/agent/restore.c daemon/agent/restore_sweep.c daemon/agent/sweep.c
 * unit-src: daemon/agent/walk.c
 * unit-src: daemon/agent/generations.c daemon/agent/together.c
 * unit-src: daemon/agent/pools_open.c daemon/agent/opening.c daemon/agent/replug.c
 * unit-src: daemon/agent/release.c daemon/agent/thaw.c
 * unit-src: daemon/agent/locks.c daemon/agent/pool_locks.c daemon/agent/pools.c
 * unit-src: daemon/agent/pools_known.c
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
#include <unistd.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "agent/door.h"
#include "agent/ops.h"
#include "agent/pool_locks.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "model/local.h"
#include "pool/create.h"
#include "pool_in_memory.h"
#include "pool/pool.h"
#include "unit.h"

/* what the test puts itself in place of, but for one device */
int really_format(const struct liteio_pool_format *f, struct liteio_uuid *ret_uuid,
		  struct liteio_error *err);
#define liteio_pool_format(f, uuid, err) really_format(f, uuid, err)
#include "pool/pool_format.c"
#undef liteio_pool_format

/* the module's registry, for who exports a pool */
#define liteio_gate_open registry_open
#define liteio_netlink_close registry_close
#define liteio_gate_forget_but registry_forget
#include "agent/ops_pool_move.c"
#undef liteio_gate_open
#undef liteio_netlink_close
#undef liteio_gate_forget_but

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

static const struct liteio_uuid slow_uuid = { { [15] = 7 } };
#define SLOW_KNOWN "{\"pools\":[{\"name\":\"slow\",\"uuid\":\"00000000-0000-0000-0000-000000000007\"}]}"

static char *list_of_slow(const char *dir)
{
	char *known = liteio_strf("%s/pools.json", dir);

	ck_assert_int_eq(liteio_fs_write_atomic(known, SLOW_KNOWN, strlen(SLOW_KNOWN), 0600, NULL),
			 0);
	return known;
}

/* who opens it hangs with its disk, and has its name, and its claim: the door's own way out */
START_TEST(a_pool_that_is_being_opened_is_given_up)
{
	const struct liteio_local_pool_create quick = { .name = (char *)"quick",
							.device = (char *)"/dev/null" };
	struct liteio_claim *claim _cleanup_(liteio_claim_givep) = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	char dir[] = "/tmp/test-agent-pool-ops.XXXXXX";
	struct liteio_local_pool made = { 0 };
	LITEIO_POOL_LOCKS(locks);
	bool deleted = false;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	char *known _cleanup_free_ = list_of_slow(dir);

	agent.config.state_dir = dir;
	agent.door = liteio_door_new();
	ck_assert_int_eq(liteio_pool_locks_take(agent.locks, "slow", "/dev/zero", &locks, &err), 0);
	ck_assert_int_eq(liteio_claim_take(&slow_uuid, "/dev/zero", &claim, &err), 0);
	/* were either of them to wait it would be for longer than this test may take */
	ck_assert_int_eq(liteio_op_pool_create(&agent, &quick, &made, &err), -ENOTBLK);
	ck_assert_int_eq(liteio_op_pool_delete(&agent, "slow", &deleted, &err), 0);
	ck_assert(deleted);
	ck_assert(!liteio_pools_any_missing(&agent));
	liteio_pool_locks_give(&locks);
	liteio_door_free(agent.door);
	unlink(known);
	rmdir(dir);
}
END_TEST

/* somebody exports it, and its disk hangs; who looks for pools has just met it there */
START_TEST(a_pool_that_is_being_exported_is_not_given_up)
{
	const struct liteio_local_pool_repair repair = { 0 };
	struct liteio_claim *claim _cleanup_(liteio_claim_givep) = NULL;
	struct liteio_local_pool_repaired repaired = { 0 };
	struct liteio_local_pool_exported exported = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	char dir[] = "/tmp/test-agent-pool-ops.XXXXXX";
	struct liteio_local_pool shown = { 0 };
	struct liteio_open_pool *p, *other;
	struct memory_pool memory;
	struct liteio_uuid uuid;
	bool done = false;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	char *known _cleanup_free_ = list_of_slow(dir);

	agent.config.state_dir = dir;
	agent.door = liteio_door_new();
	memory_new(&memory);
	memory.p.store.label.pool_uuid = slow_uuid;
	snprintf(memory.p.store.label.pool_name, LITEIO_ONDISK_NAME, "slow");
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memory.p, &p, &err), 0);
	ck_assert_int_eq(liteio_pools_take_out(agent.pools, p, "exported", &err), 0);
	ck_assert_int_eq(liteio_claim_take(&slow_uuid, "/dev/zero", &claim, &err), 0);
	ck_assert_int_eq(liteio_op_pool_delete(&agent, "slow", &done, &err), -EBUSY);
	ck_assert_str_eq(err.msg, "pool slow is being exported: ask again later");
	ck_assert(!done);
	ck_assert_int_eq(liteio_op_pool_forget(&agent, "slow", &done, &err), 0);
	ck_assert(!done);
	ck_assert_int_eq(liteio_pools_known_uuid(&agent, "slow", &uuid), 0);
	ck_assert_int_eq(liteio_op_pool_export(&agent, "slow", &exported, &err), -EBUSY);
	ck_assert_int_eq(liteio_op_pool_repair(&agent, "slow", &repair, &repaired, &err), -EBUSY);
	ck_assert_int_eq(liteio_op_pool_show(&agent, "slow", &shown, &err), -EBUSY);
	/* nor is it looked for, or its name given away */
	ck_assert(!liteio_pools_any_missing(&agent));
	ck_assert_int_eq(liteio_claim_name(claim, agent.pools, "slow", "/dev/zero", &err), -EBUSY);
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memory.p, &other, &err), -EEXIST);
	/* it failed */
	liteio_pools_put_back(agent.pools, p);
	ck_assert_int_eq(liteio_pools_get(agent.pools, "slow", &other, &err), 0);
	liteio_pools_put(agent.pools, other);
	/* and the next one did not */
	ck_assert_int_eq(liteio_pools_take_out(agent.pools, p, "exported", &err), 0);
	liteio_pools_left(agent.pools, p);
	ck_assert_int_eq(liteio_pools_get(agent.pools, "slow", &other, &err), -ENOENT);
	ck_assert(liteio_pools_any_missing(&agent));
	liteio_pools_put(agent.pools, p);
	memory_close(&memory);
	liteio_door_free(agent.door);
	unlink(known);
	rmdir(dir);
}
END_TEST

static unsigned int n_told;

static void told(void *arg)
{
	n_told++;
}

/* whoever asks for one of its volumes meanwhile finds it: it is never out of the table */
START_TEST(a_pool_in_use_stays_where_it_is)
{
	const struct liteio_pool_create want = {
		.uuid = { .b = { 5 } }, .name = "data", .size_bytes = 1 << 20,
	};
	const struct liteio_catalog_attachment att = {
		.volume = { .b = { 5 } }, .generation = 1, .state = LITEIO_CATALOG_ATT_LIVE,
		.flags = LITEIO_CATALOG_ATT_LOCAL,
	};
	struct liteio_local_pool_exported exported = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	char dir[] = "/tmp/test-agent-pool-ops.XXXXXX";
	struct memory_pool memory;
	struct liteio_open_pool *p;
	bool done = false;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	agent.config.state_dir = dir;
	memory_new(&memory);
	memory.p.store.label.pool_uuid = slow_uuid;
	snprintf(memory.p.store.label.pool_name, LITEIO_ONDISK_NAME, "slow");
	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, &err), 0);
	ck_assert_int_eq(liteio_pool_attachment_add(&memory.p, &att, &err), 0);
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memory.p, &p, &err), 0);
	liteio_pools_tell(agent.pools, told, NULL);
	ck_assert_int_eq(liteio_op_pool_export(&agent, "slow", &exported, &err), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, "volume data is attached (generation 1)"));
	ck_assert_int_eq(liteio_op_pool_delete(&agent, "slow", &done, &err), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, "pool slow still has 1 volumes and snapshots"));
	/* it may be another one by now than the one that was meant */
	ck_assert_int_eq(liteio_op_pool_delete_open(&agent, "slow", &att.volume, &err), -EAGAIN);
	ck_assert_str_eq(err.msg, "pool slow is another one than a moment ago");
	ck_assert_int_eq(liteio_op_pool_delete_open(&agent, "gone", &slow_uuid, &err), -EAGAIN);
	ck_assert_int_eq(liteio_op_pool_delete_open(&agent, "slow", &slow_uuid, &err), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, "pool slow still has 1 volumes and snapshots"));
	/* nobody was told that it is back */
	ck_assert_uint_eq(n_told, 0);
	ck_assert_int_eq(liteio_pools_take_out(agent.pools, p, "closed", &err), 0);
	liteio_pools_left(agent.pools, p);
	liteio_pools_put(agent.pools, p);
	memory_close(&memory);
	rmdir(dir);
}
END_TEST

/* as far as its label has been read */
START_TEST(a_pool_that_is_being_opened_says_so)
{
	struct liteio_claim *claim _cleanup_(liteio_claim_givep) = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_local_pool shown = { 0 };

	ck_assert_int_eq(liteio_claim_take(&slow_uuid, "/dev/zero", &claim, &err), 0);
	ck_assert_int_eq(liteio_op_pool_show(&agent, "slow", &shown, &err), -ENOENT);
	ck_assert_str_eq(err.msg, "pool slow: no such pool");
	ck_assert_int_eq(liteio_claim_name(claim, agent.pools, "slow", "/dev/zero", &err), 0);
	ck_assert_int_eq(liteio_op_pool_show(&agent, "slow", &shown, &err), -ENOENT);
	ck_assert_str_eq(err.msg, "pool slow is being opened: ask again later");
	liteio_claim_give_up(&slow_uuid);
	ck_assert_int_eq(liteio_op_pool_show(&agent, "slow", &shown, &err), -ENOENT);
	ck_assert_str_eq(err.msg, "pool slow: no such pool");
}
END_TEST

/* ---- what the module forgets ---- */

/* of the volume with this first byte: what it is asked to forget */
static struct {
	uint64_t floor;
	size_t n_ended;
} asked[4];

int registry_open(struct liteio_netlink **ret, struct liteio_error *err)
{
	*ret = (struct liteio_netlink *)asked;
	return 0;
}

void registry_close(struct liteio_netlink *nl)
{
}

void registry_forget(struct liteio_netlink *nl, const struct liteio_uuid *uuid, uint64_t floor,
		     size_t n_ended)
{
	asked[uuid->b[0]].floor = floor;
	asked[uuid->b[0]].n_ended = n_ended;
}

/* test-agent-gate.c has what the module keeps then */
START_TEST(the_module_is_told_what_the_catalog_knows)
{
	struct liteio_catalog_volume volumes[] = {
		{ .kind = LITEIO_CATALOG_VOLUME, .uuid = { .b = { 1 } }, .floor = 5 },
		{ .kind = LITEIO_CATALOG_SNAPSHOT, .uuid = { .b = { 2 } }, .floor = 5 },
		{ .kind = LITEIO_CATALOG_VOLUME, .uuid = { .b = { 3 } }, .floor = 6 },
	};
	struct liteio_catalog_attachment atts[] = {
		{ .volume = { .b = { 1 } }, .generation = 7, .state = LITEIO_CATALOG_ATT_FENCED },
		{ .volume = { .b = { 1 } }, .generation = 8, .state = LITEIO_CATALOG_ATT_LIVE },
		{ .volume = { .b = { 1 } }, .generation = 9, .state = LITEIO_CATALOG_ATT_FENCED },
	};
	const struct leaving l = { volumes, 3, atts, 3 };

	forget_volumes(&l);
	ck_assert_uint_eq(asked[1].floor, 5);
	ck_assert_uint_eq(asked[1].n_ended, 2);
	/* it is none of the volumes, and another one has nothing to do with the first */
	ck_assert_uint_eq(asked[2].floor, 0);
	ck_assert_uint_eq(asked[3].floor, 6);
	ck_assert_uint_eq(asked[3].n_ended, 0);
}
END_TEST

/* ---- a pool that is made ---- */

static int named_meanwhile;

/* in place of daemon/pool's: it takes its time, in which another one of that name is opened */
int liteio_pool_format(const struct liteio_pool_format *f, struct liteio_uuid *ret_uuid,
		       struct liteio_error *err)
{
	struct liteio_claim *other _cleanup_(liteio_claim_givep) = NULL;

	if (strcmp(f->device, "/dev/zero") != 0)
		return really_format(f, ret_uuid, err);
	ck_assert(liteio_claim_has_pool(f->name));
	ck_assert_int_eq(liteio_claim_take(&slow_uuid, "/dev/null", &other, NULL), 0);
	named_meanwhile = liteio_claim_name(other, agent.pools, f->name, "/dev/null", err);
	return liteio_error_set(err, -EIO, "the disk has failed");
}

START_TEST(a_name_is_claimed_while_its_pool_is_made)
{
	const struct liteio_local_pool_create req = { .name = (char *)"fast",
						      .device = (char *)"/dev/zero" };
	struct liteio_claim *other _cleanup_(liteio_claim_givep) = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_local_pool ret = { 0 };

	ck_assert_int_eq(liteio_op_pool_create(&agent, &req, &ret, &err), -EIO);
	ck_assert_str_eq(err.msg, "the disk has failed");
	ck_assert_int_eq(named_meanwhile, -EEXIST);
	/* and free again */
	ck_assert(!liteio_claim_has_pool("fast"));
	ck_assert_int_eq(liteio_claim_take(&slow_uuid, "/dev/null", &other, NULL), 0);
	ck_assert_int_eq(liteio_claim_name(other, agent.pools, "fast", "/dev/null", &err), 0);
	/* who comes later than another one destroys nothing */
	named_meanwhile = 1;
	ck_assert_int_eq(liteio_op_pool_create(&agent, &req, &ret, &err), -EEXIST);
	ck_assert_int_eq(named_meanwhile, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("agent-pool-ops");
	TCase *cases = unit_case(suite, "refused");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, a_pool_is_refused_in_one_sentence, 0,
			    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(cases, a_pool_that_is_being_opened_is_given_up);
	tcase_add_test(cases, a_pool_that_is_being_exported_is_not_given_up);
	tcase_add_test(cases, a_pool_in_use_stays_where_it_is);
	tcase_add_test(cases, a_pool_that_is_being_opened_says_so);
	tcase_add_test(cases, the_module_is_told_what_the_catalog_knows);
	tcase_add_test(cases, a_name_is_claimed_while_its_pool_is_made);
	return unit_run(suite);
}
