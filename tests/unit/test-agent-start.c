// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which of the pools that are there are opened at the start, and when their disks come late: of two
 * of one name the one that this node knows, whatever is found first, and nothing of the other one
 * gets into the kernel; and none that has what another one has by its uuid.
 * Over 600 lines because all that is opened goes the same way, which is played here once.
 *
 * unit-src: daemon/agent/pools_open.c daemon/agent/opening.c daemon/agent/claims.c
 * unit-src: daemon/agent/pools.c daemon/agent/pools_known.c daemon/agent/locks.c
 * unit-src: daemon/agent/state_file.c daemon/agent/pool_locks.c daemon/agent/pools_target.c
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
#include "agent/known.h"
#include "agent/locks.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "agent/publish.h"
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
 * @volume: what is on it; nothing as long as it has no name
 * @n_opened: so often it was activated
 */
static struct disk {
	struct liteio_pool_found f;
	struct liteio_catalog_volume volume;
	atomic_uint n_opened;
} disks[2];
static unsigned int n_given_up;
/* somebody gives the pool up while it is being opened */
static bool is_forgotten_meanwhile;

static struct disk *disk_of(const char *device)
{
	for (size_t i = 0; i < 2; i++) {
		if (!strcmp(disks[i].f.device, device))
			return &disks[i];
	}
	return NULL;
}

/* the one whose thin pool the kernel has before anything is opened */
static const char *in_kernel = "";

bool liteio_pool_is_in_kernel(const struct liteio_uuid *pool)
{
	struct liteio_uuid uuid;

	return !liteio_uuid_parse(in_kernel, &uuid) && liteio_uuid_equal(&uuid, pool);
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
	int r = how->admit ? how->admit(how->admit_arg, (struct liteio_pool *)d, err) : 0;

	*ret_again = false;
	if (is_forgotten_meanwhile && d == &disks[0])
		ck_assert_int_eq(liteio_pools_forget(a, "fast", &is_forgotten_meanwhile, err), 0);
	if (r)
		return r;
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
	const struct disk *d = (struct disk *)p;

	*ret = liteio_calloc(1, sizeof(**ret));
	**ret = d->volume;
	*ret_n = d->volume.name[0] ? 1 : 0;
}

int liteio_pool_volume_get(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   struct liteio_catalog_volume *ret)
{
	const struct disk *d = (struct disk *)p;

	if (!d->volume.name[0] || !liteio_uuid_equal(&d->volume.uuid, uuid))
		return -ENOENT;
	*ret = d->volume;
	return 0;
}

int liteio_pool_volume_find(struct liteio_pool *p, enum liteio_catalog_kind kind, const char *name,
			    struct liteio_catalog_volume *ret)
{
	const struct disk *d = (struct disk *)p;

	if (!d->volume.name[0] || strcmp(d->volume.name, name) != 0)
		return -ENOENT;
	*ret = d->volume;
	return 0;
}

void liteio_pool_attachment_list(struct liteio_pool *p, const struct liteio_uuid *volume,
				 struct liteio_catalog_attachment **ret, size_t *ret_n)
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

int liteio_publish_name(const char *name, const char *device, struct liteio_error *err)
{
	return 0;
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
	agent.locks = liteio_locks_new();
	ck_assert_int_eq(liteio_loop_new(&agent.loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 8, &agent.workers, NULL), 0);
}

static void teardown(void)
{
	ck_assert(liteio_workers_free(agent.workers, 10000));
	liteio_loop_free(agent.loop);
	liteio_pools_free(agent.pools);
	liteio_locks_free(agent.locks);
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

/* who made it died before it was on the list; the other one is nobody's yet */
START_TEST(what_was_being_added)
{
	disk_is(0, UUID_A, "fast");
	disk_is(1, UUID_B, "slow");
	agent.config.n_devices = 0;
	in_kernel = UUID_A;
	liteio_pools_open_known(&agent);
	ck_assert(is_open(0) && !is_open(1));
	ck_assert(is_known(UUID_A) && !is_known(UUID_B));
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

/* ---- what two of them have ------------------------------------------------------------------ */

#define KNOWN_BOTH \
	"{\"pools\":[{\"name\":\"fast\",\"uuid\":\"" UUID_A "\",\"remote\":true}," \
	"{\"name\":\"slow\",\"uuid\":\"" UUID_B "\"}]}"

static void volume_is(size_t i, uint8_t uuid, const char *name)
{
	struct liteio_catalog_volume *v = &disks[i].volume;

	*v = (struct liteio_catalog_volume){ .uuid = { .b = { uuid } },
					     .kind = LITEIO_CATALOG_VOLUME,
					     .state = LITEIO_CATALOG_READY };
	snprintf(v->name, sizeof(v->name), "%s", name);
}

static void opened(struct liteio_agent *a, struct liteio_open_pool *p)
{
	ck_assert_int_eq(liteio_pools_remember(a, NULL), 0);
}

/* both are known, one of them comes late; what is on the other one is another matter */
static void comes_late(uint8_t uuid, const char *name)
{
	known_is(KNOWN_BOTH);
	disk_is(1, UUID_B, "slow");
	volume_is(1, 7, "data");
	liteio_pools_open_known(&agent);
	ck_assert(is_open(1));
	ck_assert(liteio_pools_any_missing(&agent));
	disk_is(0, UUID_A, "fast");
	volume_is(0, uuid, name);
	liteio_pools_try_again();
	liteio_pools_open_missing(&agent, false, opened);
}

/* none of both is forgotten in the table, as if the agent were started anew */
static void start_anew(void)
{
	liteio_pools_free(agent.pools);
	agent.pools = liteio_pools_new();
	liteio_pools_open_known(&agent);
}

/* what was made meanwhile may have been written to: the older one does not come in its place */
START_TEST(one_with_a_uuid_that_is_taken_is_held_back)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p;

	comes_late(7, "other");
	ck_assert(!is_open(0));
	ck_assert_uint_eq(disks[0].n_opened, 0);
	ck_assert(is_known(UUID_A) && is_known("heldBack"));
	/* nobody waits for it, and it is not forgotten that others use it */
	ck_assert(!liteio_pools_any_missing(&agent));
	ck_assert(!liteio_pools_try_again());
	ck_assert(is_known("remote"));
	/* also at the next start, when the other one is not there, or has it no more */
	disks[1].f.device[0] = 0;
	start_anew();
	ck_assert(!is_open(0) && !is_open(1));
	disk_is(1, UUID_B, "slow");
	volume_is(1, 8, "data");
	start_anew();
	ck_assert(!is_open(0) && is_open(1));
	ck_assert_uint_eq(disks[0].n_opened, 0);
	/* until it is imported by hand */
	ck_assert_int_eq(liteio_known_check_name(&agent, &disks[0].f.label.pool_uuid, "fast", false,
						 &err),
			 -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.msg, "held back"));
	ck_assert_int_eq(liteio_known_check_name(&agent, &disks[0].f.label.pool_uuid, "fast", true,
						 &err),
			 0);
	ck_assert_int_eq(liteio_pools_add(agent.pools, (struct liteio_pool *)&disks[0], &p, &err),
			 0);
	liteio_pools_put(agent.pools, p);
	ck_assert_int_eq(liteio_pools_remember_new(&agent, p, &err), 0);
	ck_assert(is_known(UUID_A) && !is_known("heldBack"));
	start_anew();
	ck_assert(is_open(0) && is_open(1));
}
END_TEST

/* it is nobody's here: there is nothing to be held back */
START_TEST(one_that_was_given_up_stays_so)
{
	is_forgotten_meanwhile = true;
	comes_late(7, "other");
	ck_assert(is_forgotten_meanwhile);
	ck_assert(!is_open(0));
	ck_assert(!is_known(UUID_A));
}
END_TEST

/* that matches the configuration: nor does it come in the next time, when it may be the first */
START_TEST(one_that_is_not_known_is_held_back)
{
	known_is("{\"pools\":[{\"name\":\"slow\",\"uuid\":\"" UUID_B "\"}]}");
	disk_is(1, UUID_B, "slow");
	volume_is(1, 7, "data");
	liteio_pools_open_known(&agent);
	disk_is(0, UUID_A, "fast");
	volume_is(0, 7, "data");
	liteio_pools_open_known(&agent);
	ck_assert(!is_open(0) && is_open(1));
	ck_assert(is_known(UUID_A) && is_known("heldBack"));
}
END_TEST

/* what is on its way out is not there for long */
START_TEST(one_whose_uuid_is_being_given_back_is_tried_again)
{
	known_is(KNOWN_BOTH);
	disk_is(1, UUID_B, "slow");
	volume_is(1, 7, "data");
	disks[1].volume.state = LITEIO_CATALOG_DELETING;
	liteio_pools_open_known(&agent);
	disk_is(0, UUID_A, "fast");
	volume_is(0, 7, "data");
	liteio_pools_open_missing(&agent, false, opened);
	ck_assert(!is_open(0));
	ck_assert(!is_known("heldBack"));
	ck_assert(liteio_pools_any_missing(&agent));
	ck_assert(liteio_pools_try_again());
	disks[1].volume.name[0] = 0;
	liteio_pools_open_missing(&agent, true, opened);
	ck_assert(is_open(0));
}
END_TEST

/* nor is what somebody is about to make; it is there, or not, in a moment */
START_TEST(one_whose_uuid_is_being_given_waits)
{
	struct liteio_named_lock *lock = NULL;

	known_is(KNOWN_A);
	disk_is(0, UUID_A, "fast");
	volume_is(0, 7, "data");
	ck_assert_int_eq(liteio_uuid_take(&agent, &disks[0].volume.uuid, &lock, NULL), 0);
	liteio_pools_open_known(&agent);
	ck_assert(!is_open(0));
	ck_assert(!is_known("heldBack"));
	ck_assert(liteio_pools_try_again());
	liteio_locks_give(lock);
	liteio_pools_open_missing(&agent, true, opened);
	ck_assert(is_open(0));
}
END_TEST

/* both are meant by their uuids until one is called otherwise */
START_TEST(one_with_a_name_that_is_taken_comes)
{
	struct liteio_target t = { 0 };

	comes_late(9, "data");
	ck_assert(is_open(0) && is_open(1));
	ck_assert_int_eq(liteio_target_find(&agent, LITEIO_CATALOG_VOLUME, "data", &t, NULL),
			 -EEXIST);
	ck_assert_int_eq(liteio_target_find_uuid(&agent, &disks[0].volume.uuid, &t, NULL), 0);
	ck_assert_str_eq(t.pool->name, "fast");
	liteio_target_fini(&t);
}
END_TEST

/* whoever has left it so: one of them comes, and never both */
START_TEST(of_two_that_come_at_once_one)
{
	known_is(KNOWN_BOTH);
	disk_is(0, UUID_A, "fast");
	disk_is(1, UUID_B, "slow");
	volume_is(0, 7, "data");
	volume_is(1, 7, "data");
	liteio_pools_open_known(&agent);
	liteio_pools_open_missing(&agent, true, opened);
	ck_assert(is_open(0) != is_open(1));
	ck_assert(is_known("heldBack"));
	ck_assert_uint_eq(disks[0].n_opened + disks[1].n_opened, 1);
}
END_TEST

/* that one which was open last: what the other one has may be older */
START_TEST(of_two_at_a_start_the_one_that_was_open)
{
	const int away = _i % 2;

	known_is(KNOWN_BOTH);
	disk_is(0, UUID_A, "fast");
	disk_is(1, UUID_B, "slow");
	volume_is(!away, 7, "data");
	disks[away].f.device[0] = 0;
	liteio_pools_open_known(&agent);
	ck_assert(is_open(!away));
	ck_assert(is_known("wasAway"));
	disk_is((size_t)away, away ? UUID_B : UUID_A, away ? "slow" : "fast");
	volume_is((size_t)away, 7, "data");
	start_anew();
	ck_assert(is_open(!away) && !is_open((size_t)away));
	ck_assert_uint_eq(disks[away].n_opened, 0);
	ck_assert(is_known("heldBack"));
	/* once both may be open neither is away */
	volume_is((size_t)away, 8, "other");
	known_is(KNOWN_BOTH);
	start_anew();
	ck_assert(is_open(0) && is_open(1));
	ck_assert(!is_known("wasAway"));
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
	tcase_add_test(t, what_was_being_added);
	tcase_add_test(t, of_one_name_none_when_none_is_known);
	tcase_add_test(t, one_that_was_exported_has_no_name_here);
	tcase_add_test(t, of_two_that_are_known_one);
	tcase_add_test(t, one_with_a_uuid_that_is_taken_is_held_back);
	tcase_add_test(t, one_that_was_given_up_stays_so);
	tcase_add_test(t, one_that_is_not_known_is_held_back);
	tcase_add_test(t, one_whose_uuid_is_being_given_back_is_tried_again);
	tcase_add_test(t, one_whose_uuid_is_being_given_waits);
	tcase_add_test(t, one_with_a_name_that_is_taken_comes);
	tcase_add_loop_test(t, of_two_that_come_at_once_one, 0, 10);
	tcase_add_loop_test(t, of_two_at_a_start_the_one_that_was_open, 0, 10);
	return unit_run(s);
}
