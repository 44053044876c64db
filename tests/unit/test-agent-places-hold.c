// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Places in a kernel that is played here: it has one, of a pool that comes and goes while it is
 * looked at. What is written down is in a real file.
 *
 * unit-src: daemon/agent/places_hold.c daemon/agent/places.c daemon/agent/state_file.c
 * unit-src: daemon/agent/exports_link.c daemon/agent/locks.c
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/ended.h"
#include "agent/exports.h"
#include "agent/known.h"
#include "agent/locks.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/head.h"
#include "host/nvmet.h"
#include "pool/create.h"
#include "pool_in_memory.h"
#include "unit.h"

#define HOST "nqn.2014-08.org.nvmexpress:uuid:a"
#define POOL "01000000-0000-0000-0000-000000000000"
#define VOLUME "05000000-0000-0000-0000-000000000000"
#define WRITTEN "{\"pools\":[{\"pool\":\"" POOL "\",\"exports\":[{\"volume\":\"" VOLUME \
	"\",\"generation\":2,\"hostNQN\":\"" HOST "\",\"sizeBytes\":1048576,\"blockBytes\":512}]}]}"
#define LOST "{\"pools\":[]}"

static struct liteio_agent agent;
static struct liteio_open_pool pool = { .name = "fast", .uuid.b = { 1 } };
static struct memory_pool memory;
static const struct liteio_uuid volume = { .b = { 5 } };
static char dir[] = "/tmp/test-agent-places-hold.XXXXXX";
static char *path;

/* the pool is open for so many looks, from that one on */
static unsigned int looks, open_from, open_to;
/* the place is there; the two addresses */
static bool is_there;
static bool can_be_bound[2];
static unsigned int n_linked;
/* while a place is looked at */
static void (*meanwhile)(void);
/* another pool, which is open, has a volume of that uuid */
static bool has_twin;
static bool is_held_back;

/* ---- the node ------------------------------------------------------------------------------- */

int liteio_pools_get_uuid(struct liteio_pools *t, const struct liteio_uuid *uuid,
			  struct liteio_open_pool **ret)
{
	unsigned int look = looks++;

	ck_assert(liteio_uuid_equal(uuid, &pool.uuid));
	if (look < open_from || look >= open_to)
		return -ENOENT;
	*ret = &pool;
	return 0;
}

void liteio_pools_put(struct liteio_pools *t, struct liteio_open_pool *p)
{
}

int liteio_target_find_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    struct liteio_target *ret, struct liteio_error *err)
{
	return has_twin ? 0 : liteio_pools_get_uuid(NULL, &pool.uuid, &ret->pool);
}

void liteio_target_fini(struct liteio_target *t)
{
}

int liteio_pools_remember_places(struct liteio_agent *a, struct liteio_open_pool *p,
				 struct liteio_error *err)
{
	return 0;
}

int liteio_known_list(struct liteio_agent *a, struct liteio_known *ret, struct liteio_error *err)
{
	static struct liteio_known_pool known = { .name = (char *)"fast", .uuid.b = { 1 },
						  .remote = true, .places = true };

	known.held_back = is_held_back;
	*ret = (struct liteio_known){ .pools = &known, .n_pools = 1 };
	return 0;
}

void liteio_known_list_free(struct liteio_known *known)
{
}

int liteio_ended_check(struct liteio_agent *a, const struct liteio_uuid *v, uint64_t generation,
		       struct liteio_error *err)
{
	void (*now)(void) = meanwhile;

	meanwhile = NULL;
	if (now)
		now();
	return 0;
}

int liteio_export_remove(const struct liteio_uuid *v, uint64_t generation, bool drained,
			 bool *ret_removed, struct liteio_error *err)
{
	is_there = false;
	*ret_removed = true;
	return 0;
}

/* ---- the kernel ----------------------------------------------------------------------------- */

int liteio_head_get(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		    struct liteio_head_state *ret, struct liteio_error *err)
{
	return -ENODEV;
}

int liteio_head_place(const struct liteio_uuid *uuid, uint64_t generation, uint64_t size_bytes,
		      char ret_path[LITEIO_DM_PATH_MAX], struct liteio_error *err)
{
	ret_path[0] = '\0';
	return 0;
}

/* a port has the number of its address */
int liteio_nvmet_port_ensure(const struct liteio_nvmet *t, const char *address, const char *port,
			     unsigned int *ret_id, struct liteio_error *err)
{
	*ret_id = !strcmp(address, "192.0.2.2");
	return 0;
}

int liteio_nvmet_link(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
		      uint64_t generation, unsigned int port_id, struct liteio_error *err)
{
	ck_assert_uint_lt(port_id, 2);
	n_linked += can_be_bound[port_id];
	return can_be_bound[port_id] ? 0 : liteio_error_set(err, -EADDRNOTAVAIL, "it is not here");
}

/* the engine asks for the names of disks, of which there are none */
int liteio_nqn_parse(const char *nqn, struct liteio_uuid *ret_uuid, uint64_t *ret_generation)
{
	return -EINVAL;
}

int liteio_nvmet_prepare(const struct liteio_nvmet *t, struct liteio_error *err)
{
	return 0;
}

int liteio_nvmet_create(const struct liteio_nvmet *t, const struct liteio_nvmet_export *e,
			struct liteio_error *err)
{
	is_there = e->waits;
	return 0;
}

int liteio_nvmet_list(const struct liteio_nvmet *t, struct liteio_nvmet_export **ret, size_t *ret_n,
		      struct liteio_error *err)
{
	*ret = liteio_calloc(1, sizeof(**ret));
	**ret = (struct liteio_nvmet_export){ .uuid = volume, .generation = 2, .waits = true };
	*ret_n = is_there;
	return 0;
}

int liteio_nvmet_list_of(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			 struct liteio_nvmet_export **ret, size_t *ret_n, struct liteio_error *err)
{
	return liteio_nvmet_list(t, ret, ret_n, err);
}

void liteio_nvmet_exports_free(struct liteio_nvmet_export *exports, size_t n)
{
	free(exports);
}

/* ---- a node whose pool has one live export -------------------------------------------------- */

static void file_is(const char *text)
{
	ck_assert_int_eq(liteio_fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static void setup(void)
{
	const struct liteio_pool_create want = {
		.uuid = volume, .name = "data", .size_bytes = 1 << 20,
	};
	struct liteio_catalog_attachment att = { .volume = volume, .generation = 2,
						 .state = LITEIO_CATALOG_ATT_LIVE };
	static char *listen[] = { (char *)"192.0.2.1:4420", (char *)"192.0.2.2:4420" };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = liteio_strf("%s/exports.json", dir);
	agent.config.state_dir = dir;
	agent.config.listen = listen;
	agent.config.n_listen = 2;
	agent.locks = liteio_locks_new();
	memory_new(&memory);
	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, &err), 0);
	snprintf(att.host, sizeof(att.host), HOST);
	ck_assert_int_eq(liteio_pool_attachment_add(&memory.p, &att, &err), 0);
	pool.engine = &memory.p;
	file_is(WRITTEN);
}

static void teardown(void)
{
	memory_close(&memory);
	liteio_locks_free(agent.locks);
	unlink(path);
	rmdir(dir);
	free(path);
}

/* ---- what is swept -------------------------------------------------------------------------- */

static const struct {
	const char *file;
	unsigned int open_from, open_to;
	bool is_over;
	bool stays;
} sweeps[] = {
	/* the pool is away, is here, goes while it is looked at, comes */
	{ WRITTEN, 0, 0, false, true },
	{ WRITTEN, 0, 9, false, true },
	{ WRITTEN, 0, 1, false, true },
	{ WRITTEN, 1, 9, false, true },
	/* the same when the file was lost, and made anew without it */
	{ LOST, 0, 0, false, true },
	{ LOST, 0, 9, false, true },
	{ LOST, 0, 1, false, true },
	{ LOST, 1, 9, false, true },
	{ "{", 0, 0, false, true },
	/* its attachment has ended: that is known when the pool is here */
	{ WRITTEN, 0, 0, true, true },
	{ WRITTEN, 0, 9, true, false },
	{ LOST, 0, 0, true, true },
	{ LOST, 0, 9, true, false },
};

START_TEST(a_place_goes_when_its_pool_says_so)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	file_is(sweeps[_i].file);
	if (sweeps[_i].is_over)
		ck_assert_int_eq(liteio_pool_attachment_fence(&memory.p, &volume, 2, false, &err),
				 0);
	open_from = sweeps[_i].open_from;
	open_to = sweeps[_i].open_to;
	is_there = true;
	liteio_places_sweep(&agent);
	ck_assert(is_there == sweeps[_i].stays);
}
END_TEST

/* ---- two at once ---------------------------------------------------------------------------- */

static pthread_t other;
static bool other_has_ended;

static void *give_up(void *arg)
{
	liteio_places_sweep(&agent);
	return NULL;
}

/* the one that looks has read what is written down; from here on nobody waits for the pool */
static void given_up(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct timespec end;

	open_to = 9;
	ck_assert_int_eq(liteio_pool_attachment_fence(&memory.p, &volume, 2, false, &err), 0);
	ck_assert_int_eq(pthread_create(&other, NULL, give_up, NULL), 0);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += 200 * 1000 * 1000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	other_has_ended = !pthread_timedjoin_np(other, NULL, &end);
}

START_TEST(who_sweeps_waits_for_another_one_that_does)
{
	is_there = true;
	meanwhile = given_up;
	liteio_places_sweep(&agent);
	ck_assert(!other_has_ended);
	ck_assert_int_eq(pthread_join(other, NULL), 0);
	ck_assert(!is_there);
}
END_TEST

/* ---- what is held --------------------------------------------------------------------------- */

static const struct {
	bool can_be_bound[2];
	unsigned int n_linked;
	bool is_held;
} links[] = {
	{ { true, true }, 2, true },
	/* consumers come by the other one */
	{ { true, false }, 1, true },
	{ { false, true }, 1, true },
	{ { false, false }, 0, false },
};

START_TEST(one_port_is_enough)
{
	memcpy(can_be_bound, links[_i].can_be_bound, sizeof(can_be_bound));
	liteio_places_hold(&agent);
	ck_assert(is_there);
	ck_assert_uint_eq(n_linked, links[_i].n_linked);
	ck_assert(liteio_places_are_held(&agent, &pool.uuid) == links[_i].is_held);
}
END_TEST

/* it is not opened unasked; for its consumers it is one that is away like any other */
START_TEST(a_pool_that_is_held_back_has_its_places)
{
	is_held_back = true;
	can_be_bound[0] = true;
	liteio_places_hold(&agent);
	ck_assert(is_there);
	ck_assert_uint_eq(n_linked, 1);
	ck_assert(liteio_places_are_held(&agent, &pool.uuid));
}
END_TEST

/*
 * made anew while its pool is away: what the old one's consumers have queued is not for it, and
 * they keep nobody else out
 */
START_TEST(one_that_was_made_anew_has_no_place)
{
	has_twin = true;
	can_be_bound[0] = true;
	liteio_places_hold(&agent);
	ck_assert(!is_there);
	ck_assert_uint_eq(n_linked, 0);
	ck_assert(liteio_places_are_held(&agent, &pool.uuid));
}
END_TEST

/* its pool is open, and does not answer */
static const struct {
	const char *file;
	bool is_over;
	bool is_worked_on;
	bool is_there;
} silent[] = {
	{ WRITTEN, false, false, true },
	/* it has ended, and its consumer is to hear of that when the disk answers */
	{ WRITTEN, true, false, false },
	/* somebody is loading it, or about to */
	{ WRITTEN, false, true, false },
	/* nobody knows what its consumer was told */
	{ LOST, false, false, false },
	{ "{", false, false, false },
};

START_TEST(a_pool_that_is_silent_has_its_live_ones)
{
	struct liteio_named_lock *lock = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;

	can_be_bound[0] = true;
	open_to = 9;
	file_is(silent[_i].file);
	if (silent[_i].is_over)
		ck_assert_int_eq(liteio_pool_attachment_fence(&memory.p, &volume, 2, false, &err),
				 0);
	if (silent[_i].is_worked_on)
		lock = liteio_locks_take(agent.locks, VOLUME);
	liteio_places_hold_silent(&agent, &pool);
	liteio_locks_give(lock);
	ck_assert(is_there == silent[_i].is_there);
	ck_assert_uint_eq(n_linked, silent[_i].is_there);
	/* it stays, for its pool to fill it */
	liteio_places_sweep(&agent);
	ck_assert(is_there == silent[_i].is_there);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-places-hold");
	TCase *t = unit_case(s, "hold");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_place_goes_when_its_pool_says_so, 0,
			    sizeof(sweeps) / sizeof(sweeps[0]));
	tcase_add_test(t, who_sweeps_waits_for_another_one_that_does);
	tcase_add_loop_test(t, one_port_is_enough, 0, sizeof(links) / sizeof(links[0]));
	tcase_add_test(t, a_pool_that_is_held_back_has_its_places);
	tcase_add_test(t, one_that_was_made_anew_has_no_place);
	tcase_add_loop_test(t, a_pool_that_is_silent_has_its_live_ones, 0,
			    sizeof(silent) / sizeof(silent[0]));
	return unit_run(s);
}
