// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which of the pools that are there are opened at the start: of two of one name the one that this
 * node knows, whatever is found first, and nothing of the other one gets into the kernel.
 *
 * unit-src: daemon/agent/pools_open.c daemon/agent/opening.c daemon/agent/claims.c
 * unit-src: daemon/agent/pools.c daemon/agent/pools_known.c daemon/agent/locks.c
 * unit-src: daemon/agent/state_file.c daemon/agent/pool_locks.c
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/events.h"
#include "agent/exports.h"
#include "agent/groups.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "agent/replug.h"
#include "agent/restore.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "unit.h"

#define UUID_A "11111111-1111-4111-8111-111111111111"
#define UUID_B "22222222-2222-4222-8222-222222222222"

static struct liteio_agent agent;
static char dir[] = "/tmp/test-agent-start.XXXXXX";
static char *path;

/* ---- the disks, and what the kernel has of them --------------------------------------------- */

/**
 * struct disk - a disk with a pool
 * @f: what a look at it says
 * @is_known: this node has had it open
 * @n_opened: so often it was activated
 */
static struct disk {
	struct liteio_pool_found f;
	bool is_known;
	atomic_uint n_opened;
} disks[2];
static unsigned int n_given_up;

static struct disk *disk_of(const char *device)
{
	for (size_t i = 0; i < 2; i++) {
		if (!strcmp(disks[i].f.device, device))
			return &disks[i];
	}
	return NULL;
}

int liteio_pool_scan(struct liteio_pool_found **ret, size_t *ret_n, struct liteio_error *err)
{
	*ret = liteio_calloc(2, sizeof(**ret));
	*ret_n = 0;
	for (size_t i = 0; i < 2; i++) {
		if (disks[i].f.device[0])
			(*ret)[(*ret_n)++] = disks[i].f;
	}
	return 0;
}

int liteio_pool_probe(const char *device, struct liteio_pool_found *ret, struct liteio_error *err)
{
	struct disk *d = disk_of(device);

	if (!d)
		return liteio_error_set(err, -ENODATA, "no pool");
	*ret = d->f;
	return 0;
}

int liteio_replug_open(struct liteio_agent *a, const struct liteio_pool_how *how,
		       const struct liteio_uuid *uuid, struct liteio_pool **ret, bool *ret_again,
		       struct liteio_error *err)
{
	struct disk *d = disk_of(how->device);

	*ret_again = false;
	atomic_fetch_add(&d->n_opened, 1);
	*ret = (struct liteio_pool *)d;
	return 0;
}

void liteio_pool_info(struct liteio_pool *p, struct liteio_pool_info *ret)
{
	struct disk *d = (struct disk *)p;

	*ret = (struct liteio_pool_info){ .uuid = d->f.label.pool_uuid };
	memcpy(ret->name, d->f.label.pool_name, sizeof(ret->name));
	memcpy(ret->device, d->f.device, sizeof(ret->device));
}

bool liteio_pool_is_on(struct liteio_pool *p, const char *device)
{
	return !strcmp(((struct disk *)p)->f.device, device);
}

int liteio_pool_close(struct liteio_pool *p, struct liteio_error *err)
{
	return 0;
}

void liteio_pool_release(struct liteio_pool *p)
{
}

void liteio_pool_volume_list(struct liteio_pool *p, struct liteio_catalog_volume **ret,
			     size_t *ret_n)
{
	*ret = NULL;
	*ret_n = 0;
}

void liteio_pool_set_lane(struct liteio_pool *p, const struct liteio_pool_lane *lane)
{
}

bool liteio_pool_is_locked(const char *device)
{
	return false;
}

bool liteio_pool_any_silent(void)
{
	return false;
}

/* ---- what is not looked at here ------------------------------------------------------------- */

bool liteio_pools_any_unplugged(struct liteio_agent *a)
{
	return false;
}

bool liteio_pools_unplug_for(struct liteio_agent *a, const struct liteio_pool_found *f,
			     bool is_again)
{
	return true;
}

void liteio_restore_pool(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

void liteio_door_review(struct liteio_agent *a)
{
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *pool, const char *message)
{
}

bool liteio_export_has_remote(struct liteio_open_pool *p)
{
	return false;
}

bool liteio_places_are_held(struct liteio_agent *a, const struct liteio_uuid *pool)
{
	return false;
}

int liteio_groups_forget_pool(struct liteio_agent *a, const struct liteio_uuid *pool,
			      struct liteio_error *err)
{
	return 0;
}

void liteio_places_give_up(struct liteio_agent *a, const struct liteio_uuid *pool)
{
	n_given_up++;
}

/* ---- the tests ------------------------------------------------------------------------------ */

static char *allowed[] = { "/dev/no-such-?" };

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = liteio_strf("%s/pools.json", dir);
	agent.config.state_dir = dir;
	agent.config.devices = allowed;
	agent.config.n_devices = 1;
	agent.pools = liteio_pools_new();
	ck_assert_int_eq(liteio_loop_new(&agent.loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 8, &agent.workers, NULL), 0);
}

static void teardown(void)
{
	ck_assert(liteio_workers_free(agent.workers, 10000));
	liteio_loop_free(agent.loop);
	liteio_pools_free(agent.pools);
	unlink(path);
	rmdir(dir);
	free(path);
}

static void disk_is(size_t i, const char *uuid, const char *name)
{
	struct liteio_pool_found *f = &disks[i].f;

	snprintf(f->device, sizeof(f->device), "/dev/no-such-%zu", i);
	snprintf(f->label.pool_name, sizeof(f->label.pool_name), "%s", name);
	ck_assert_int_eq(liteio_uuid_parse(uuid, &f->label.pool_uuid), 0);
}

static void known_is(const char *text)
{
	ck_assert_int_eq(liteio_fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static bool is_known(const char *uuid)
{
	char *now = NULL;
	size_t len;
	bool is;

	ck_assert_int_eq(liteio_fs_read(path, 65536, &now, &len, NULL), 0);
	is = strstr(now, uuid);
	free(now);
	return is;
}

static bool is_open(size_t i)
{
	return liteio_pools_is_open(agent.pools, &disks[i].f.label.pool_uuid);
}

#define KNOWN_A "{\"pools\":[{\"name\":\"fast\",\"uuid\":\"" UUID_A "\",\"remote\":true}]}"

START_TEST(all_that_are_there)
{
	disk_is(0, UUID_A, "fast");
	disk_is(1, UUID_B, "slow");
	known_is(KNOWN_A);
	liteio_pools_open_known(&agent);
	ck_assert(is_open(0) && is_open(1));
	ck_assert(is_known(UUID_A) && is_known(UUID_B));
}
END_TEST

/* in either order */
START_TEST(of_one_name_the_known_one)
{
	size_t known = (size_t)_i, foreign = 1 - known;

	disk_is(known, UUID_A, "fast");
	disk_is(foreign, UUID_B, "fast");
	known_is(KNOWN_A);
	liteio_pools_open_known(&agent);
	ck_assert(is_open(known));
	ck_assert(!is_open(foreign));
	ck_assert_uint_eq(disks[foreign].n_opened, 0);
	ck_assert(is_known(UUID_A) && !is_known(UUID_B));
	ck_assert_uint_eq(n_given_up, 0);
}
END_TEST

/* who uses it waits for its disk */
START_TEST(nor_in_its_absence)
{
	disk_is(0, UUID_B, "fast");
	known_is(KNOWN_A);
	liteio_pools_open_known(&agent);
	ck_assert(!is_open(0));
	ck_assert_uint_eq(disks[0].n_opened, 0);
	ck_assert(is_known(UUID_A) && !is_known(UUID_B));
	ck_assert_uint_eq(n_given_up, 0);
}
END_TEST

/* the list is lost: which one is meant somebody has to say */
START_TEST(of_one_name_none_when_none_is_known)
{
	disk_is(0, UUID_A, "fast");
	disk_is(1, UUID_B, "fast");
	liteio_pools_open_known(&agent);
	ck_assert(!is_open(0) && !is_open(1));
	ck_assert_uint_eq(disks[0].n_opened + disks[1].n_opened, 0);
}
END_TEST

/* the other one was exported, and does not count */
START_TEST(one_that_was_exported_has_no_name_here)
{
	disk_is(0, UUID_A, "fast");
	disk_is(1, UUID_B, "fast");
	disks[1].f.label.exported = true;
	liteio_pools_open_known(&agent);
	ck_assert(is_open(0));
	ck_assert_uint_eq(disks[1].n_opened, 0);
}
END_TEST

/* both on the list, whoever has left it so: one of them, and the other one not at all */
START_TEST(of_two_that_are_known_one)
{
	disk_is(0, UUID_A, "fast");
	disk_is(1, UUID_B, "fast");
	known_is("{\"pools\":[{\"name\":\"fast\",\"uuid\":\"" UUID_A "\"},"
		 "{\"name\":\"fast\",\"uuid\":\"" UUID_B "\"}]}");
	liteio_pools_open_known(&agent);
	ck_assert(is_open(0) != is_open(1));
	ck_assert_uint_eq(disks[0].n_opened + disks[1].n_opened, 1);
	ck_assert(is_known(UUID_A) && is_known(UUID_B));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-start");
	TCase *t = unit_case(s, "start");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_that_are_there);
	tcase_add_loop_test(t, of_one_name_the_known_one, 0, 2);
	tcase_add_test(t, nor_in_its_absence);
	tcase_add_test(t, of_one_name_none_when_none_is_known);
	tcase_add_test(t, one_that_was_exported_has_no_name_here);
	tcase_add_test(t, of_two_that_are_known_one);
	return unit_run(s);
}
