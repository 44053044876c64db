// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bringing back pools of which one has a disk that hangs: nothing of it is loaded before it
 * answers, the other one's exports are there meanwhile and the door is looked at, and all of it is
 * brought back in the end.
 *
 * unit-src: daemon/agent/restore.c daemon/agent/restore_sweep.c daemon/agent/together.c
 * unit-src: daemon/agent/locks.c
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/ended.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/generations.h"
#include "agent/groups.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/restore.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "host/head.h"
#include "host/netlink.h"
#include "pool/awake.h"
#include "pool/back.h"
#include "unit.h"

/* ---- a node of two pools, with exports 1 to 20 and 21 to 40 ---------------------------------- */

#define POOLS 2
#define EXPORTS 20

struct liteio_pool {
	unsigned char first;
	bool is_linear;
};

static struct liteio_agent agent;
static struct liteio_pool engines[POOLS] = { { .first = 1 }, { .first = 1 + EXPORTS } };
static struct liteio_open_pool pools[POOLS] = {
	{ .name = "hangs", .uuid = { { 1 } }, .engine = &engines[0] },
	{ .name = "well", .uuid = { { 2 } }, .engine = &engines[1] },
};
static size_t n_open = POOLS;

/* of the first pool's disk: so many questions are answered before it hangs; it is let go */
static atomic_uint answers = 1000;
static sem_t may_answer;

/* what has happened */
static atomic_uint n_loaded[POOLS], n_linked[POOLS], n_asked, n_held, n_waited, n_reviewed;
static atomic_bool falls_asleep, is_closed, is_busy, was_loaded_hanging, was_linked_open;
static atomic_bool takes_its_time;

/* posted when places are held, and at each link */
static sem_t held, linked;

static bool is_hanging(void)
{
	return n_asked >= answers;
}

static unsigned int pool_of(const struct liteio_uuid *volume)
{
	return volume->b[0] > EXPORTS;
}

/* ---- disks ----------------------------------------------------------------------------------- */

int liteio_pools_ask_awake(struct liteio_open_pool *p, struct liteio_error *err)
{
	p->is_asleep = false;
	if (p->uuid.b[0] != 1 || n_asked++ < answers)
		return 0;
	return liteio_error_set(err, -ETIMEDOUT, "its disk does not answer");
}

void liteio_pools_await(struct liteio_open_pool *p)
{
	ck_assert_uint_eq(p->uuid.b[0], 1);
	p->is_asleep = false;
	n_waited++;
	sem_wait(&may_answer);
	answers = 1000;
}

int liteio_export_prepare(struct liteio_agent *a, struct liteio_open_pool *p,
			  const struct liteio_catalog_volume *v,
			  const struct liteio_catalog_attachment *att, struct liteio_error *err)
{
	unsigned int i = pool_of(&v->uuid);

	/* when nobody comes back to it */
	if (falls_asleep && n_waited) {
		falls_asleep = false;
		p->is_asleep = true;
		return liteio_error_set(err, -ETIMEDOUT, "its disk does not answer");
	}
	if (!i && is_hanging() && !engines[0].is_linear)
		was_loaded_hanging = true;
	if (atomic_exchange(&is_busy, false))
		return liteio_error_set(err, -EAGAIN, "what was begun has not ended");
	n_loaded[i]++;
	return 0;
}

int liteio_export_link_again(struct liteio_agent *a, const struct liteio_catalog_attachment *att,
			     struct liteio_error *err)
{
	unsigned int i = pool_of(&att->volume);

	was_linked_open = was_linked_open || !is_closed;
	n_linked[i]++;
	sem_post(&linked);
	return 0;
}

/* ---- the door, places ------------------------------------------------------------------------ */

void liteio_door_find(struct liteio_agent *a)
{
}

int liteio_door_close_for_links(struct liteio_agent *a, struct liteio_error *err)
{
	is_closed = true;
	return 0;
}

void liteio_door_review(struct liteio_agent *a)
{
	n_reviewed++;
}

void liteio_places_hold(struct liteio_agent *a)
{
}

void liteio_places_hold_silent(struct liteio_agent *a, struct liteio_open_pool *p)
{
	ck_assert_ptr_eq(p, &pools[0]);
	was_linked_open = was_linked_open || !is_closed;
	n_held++;
	sem_post(&held);
}

void liteio_places_keep_or_lose(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

/* the last of a restore: the time of those that have not come so far is over */
void liteio_places_sweep(struct liteio_agent *a)
{
	if (takes_its_time && n_linked[1] == EXPORTS)
		a->restore_end_ms = 0;
}

bool liteio_export_has_remote(struct liteio_open_pool *p)
{
	return true;
}

/* ---- catalogs -------------------------------------------------------------------------------- */

void liteio_pool_attachment_list(struct liteio_pool *p, const struct liteio_uuid *volume,
				 struct liteio_catalog_attachment **ret, size_t *ret_n)
{
	size_t n = volume ? 1 : EXPORTS;

	*ret = liteio_calloc(n, sizeof(**ret));
	*ret_n = n;
	for (size_t i = 0; i < n; i++) {
		(*ret)[i].volume.b[0] = volume ? volume->b[0] : (unsigned char)(p->first + i);
		(*ret)[i].generation = 1;
		(*ret)[i].state = LITEIO_CATALOG_ATT_LIVE;
	}
}

int liteio_pool_volume_get(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   struct liteio_catalog_volume *ret)
{
	*ret = (struct liteio_catalog_volume){
		.uuid = *uuid,
		.vclass = p->is_linear ? LITEIO_CATALOG_LINEAR : LITEIO_CATALOG_THIN,
	};
	return 0;
}

void liteio_pool_volume_list(struct liteio_pool *p, struct liteio_catalog_volume **ret,
			     size_t *ret_n)
{
	*ret_n = 0;
}

uint64_t liteio_pool_sequence_found(struct liteio_pool *p)
{
	return 0;
}

int liteio_pool_attachment_fence(struct liteio_pool *p, const struct liteio_uuid *volume,
				 uint64_t generation, bool forget, struct liteio_error *err)
{
	return 0;
}

/* ---- pools ----------------------------------------------------------------------------------- */

void liteio_pools_open_known(struct liteio_agent *a)
{
}

void liteio_pools_all(struct liteio_pools *t, struct liteio_open_pool ***ret, size_t *ret_n)
{
	*ret = liteio_calloc(POOLS, sizeof(**ret));
	for (size_t i = 0; i < n_open; i++)
		(*ret)[i] = &pools[i];
	*ret_n = n_open;
}

void liteio_pools_put_all(struct liteio_pools *t, struct liteio_open_pool **all, size_t n)
{
	free(all);
}

void liteio_pools_put(struct liteio_pools *t, struct liteio_open_pool *p)
{
}

void liteio_pools_hold(struct liteio_open_pool *p)
{
}

char *liteio_pools_missing(struct liteio_agent *a)
{
	return NULL;
}

int liteio_lane_enter(struct liteio_open_pool *p, enum liteio_lane_for what_for,
		      struct liteio_open_pool **ret, struct liteio_error *err)
{
	*ret = NULL;
	return 0;
}

void liteio_pools_leave(struct liteio_open_pool *p)
{
}

void liteio_pools_reclaim_later(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

int liteio_target_find_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    struct liteio_target *ret, struct liteio_error *err)
{
	return -ENOENT;
}

void liteio_target_fini(struct liteio_target *t)
{
}

/* ---- nothing has ended, nothing is left ------------------------------------------------------ */

int liteio_ended_of(struct liteio_agent *a, const struct liteio_uuid *pool,
		    struct liteio_ended **ret, size_t *ret_n, struct liteio_error *err)
{
	*ret_n = 0;
	/* what follows writes, and may hang there */
	ck_assert(pool->b[0] != 1 || n_asked);
	while (pool->b[0] == 1 && takes_its_time)
		sem_wait(&may_answer);
	return 0;
}

int liteio_ended_settled(struct liteio_agent *a, const struct liteio_ended *ended, uint64_t found,
			 struct liteio_error *err)
{
	return 0;
}

int liteio_groups_undo(struct liteio_agent *a, struct liteio_open_pool *p,
		       const struct liteio_uuid *group, struct liteio_error *err)
{
	return 0;
}

int liteio_restore_floors(struct liteio_agent *a, struct liteio_open_pool *p,
			  struct liteio_error *err)
{
	return 0;
}

void liteio_export_remains(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			   const struct liteio_generations *in_kernel, uint64_t **ret,
			   size_t *ret_n)
{
	*ret_n = 0;
}

int liteio_export_sweep(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			uint64_t wait_ms, struct liteio_error *err)
{
	return 0;
}

int liteio_generations_in_kernel(const struct liteio_uuid *uuid, struct liteio_generations *ret,
				 struct liteio_error *err)
{
	return 0;
}

void liteio_generations_fini(struct liteio_generations *g)
{
}

size_t liteio_generations_of(const struct liteio_generations *all, const struct liteio_uuid *uuid,
			     size_t *ret_first)
{
	return 0;
}

int liteio_gate_open(struct liteio_netlink **ret, struct liteio_error *err)
{
	*ret = NULL;
	return 0;
}

int liteio_gate_attach(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       uint64_t generation, const char *host, bool read_only,
		       struct liteio_error *err)
{
	return 0;
}

int liteio_gate_forget(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       struct liteio_error *err)
{
	return 0;
}

void liteio_netlink_close(struct liteio_netlink *nl)
{
}

int liteio_head_path(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     char ret[LITEIO_DM_PATH_MAX], struct liteio_error *err)
{
	return 0;
}

void liteio_publish_start(void)
{
}

int liteio_publish_add(const struct liteio_uuid *uuid, const char *device, struct liteio_error *err)
{
	return 0;
}

int liteio_target_publish(struct liteio_agent *a, const struct liteio_catalog_volume *v,
			  const char *device, struct liteio_error *err)
{
	return 0;
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void setup(void)
{
	sem_init(&may_answer, 0, 0);
	sem_init(&held, 0, 0);
	sem_init(&linked, 0, 0);
	agent.locks = liteio_locks_new();
	ck_assert_int_eq(liteio_loop_new(&agent.loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 32, &agent.workers, NULL), 0);
}

static void say(void *sem)
{
	sem_post(sem);
}

/* all that was given to the workers has been begun, and ends */
static void end_all(void)
{
	sem_t begun;

	sem_init(&begun, 0, 0);
	liteio_worker_submit(agent.workers, NULL, say, NULL, &begun);
	sem_wait(&begun);
	ck_assert(liteio_workers_free(agent.workers, 60000));
}

static void teardown(void)
{
	end_all();
	liteio_loop_free(agent.loop);
	liteio_locks_free(agent.locks);
}

static void *start(void *arg)
{
	liteio_restore_start(&agent);
	return NULL;
}

static void all_is_there(void)
{
	for (unsigned int i = 0; i < n_open; i++) {
		ck_assert_uint_eq(n_loaded[i], EXPORTS);
		ck_assert_uint_eq(n_linked[i], EXPORTS);
	}
	ck_assert_msg(!was_loaded_hanging, "the kernel was asked while the disk hung");
	ck_assert_msg(!was_linked_open, "a link was made with the door open");
}

/* the disk answers, and whoever starts gets on */
static void answer(pthread_t starts)
{
	sem_post(&may_answer);
	pthread_join(starts, NULL);
	all_is_there();
	ck_assert_uint_eq(n_held, 1);
	ck_assert_uint_eq(n_waited, 1);
}

START_TEST(all_is_brought_back)
{
	liteio_restore_start(&agent);
	all_is_there();
	ck_assert_uint_eq(n_held, 0);
	ck_assert_uint_eq(n_waited, 0);
	/* once at the beginning; then by who come first, and no more within a second */
	ck_assert_uint_le(n_asked, EXPORTS);
}
END_TEST

/* whose lane was not free in time */
START_TEST(who_was_not_let_in_comes_again)
{
	is_busy = true;
	liteio_restore_start(&agent);
	all_is_there();
	ck_assert(!is_busy);
}
END_TEST

/* the other pool does not notice; one thread waits, and nothing was asked of the kernel */
START_TEST(a_disk_that_hangs_before_it_is_waited_for)
{
	pthread_t t;

	answers = 0;
	pthread_create(&t, NULL, start, NULL);
	sem_wait(&held);
	while (n_linked[1] < EXPORTS)
		sem_wait(&linked);
	ck_assert_uint_eq(n_loaded[0], 0);
	ck_assert_uint_eq(n_linked[0], 0);
	answer(t);
}
END_TEST

/* found out by who is about to load the first ones: none of them is, and none is given up */
START_TEST(a_disk_that_hangs_in_between)
{
	pthread_t t;

	n_open = 1;
	answers = 1;
	pthread_create(&t, NULL, start, NULL);
	sem_wait(&held);
	ck_assert_uint_eq(n_loaded[0], 0);
	answer(t);
}
END_TEST

START_TEST(a_disk_that_hangs_again)
{
	pthread_t t;

	n_open = 1;
	answers = 1;
	falls_asleep = true;
	pthread_create(&t, NULL, start, NULL);
	sem_wait(&held);
	answer(t);
	ck_assert(!falls_asleep);
}
END_TEST

START_TEST(what_needs_no_metadata_is_not_asked_about)
{
	n_open = 1;
	engines[0].is_linear = true;
	answers = 1;
	liteio_restore_start(&agent);
	all_is_there();
	ck_assert_uint_eq(n_waited, 0);
}
END_TEST

/* whatever it hangs in: those who wait at the door do not wait for it */
START_TEST(a_pool_that_does_not_get_on_has_places)
{
	takes_its_time = true;
	liteio_restore_start(&agent);
	ck_assert_uint_eq(n_held, 1);
	ck_assert_uint_eq(n_linked[0], 0);
	ck_assert_uint_eq(n_linked[1], EXPORTS);
	takes_its_time = false;
	sem_post(&may_answer);
	/* the last one is linked: what it has given to others is begun */
	while (n_linked[0] < EXPORTS)
		sem_wait(&linked);
	end_all();
	ck_assert_int_eq(liteio_workers_new(agent.loop, 1, &agent.workers, NULL), 0);
	all_is_there();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-restore");
	TCase *t = unit_case(s, "restore");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_is_brought_back);
	tcase_add_test(t, who_was_not_let_in_comes_again);
	tcase_add_test(t, a_disk_that_hangs_before_it_is_waited_for);
	tcase_add_test(t, a_disk_that_hangs_in_between);
	tcase_add_test(t, a_disk_that_hangs_again);
	tcase_add_test(t, what_needs_no_metadata_is_not_asked_about);
	tcase_add_test(t, a_pool_that_does_not_get_on_has_places);
	return unit_run(s);
}
