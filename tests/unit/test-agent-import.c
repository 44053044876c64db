// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Importing the disk of a pool that is open from a disk which is gone: what is refused takes
 * nothing out of the kernel.
 *
 * unit-src: daemon/agent/ops_pool.c daemon/agent/claims.c daemon/agent/pools.c
 * unit-src: daemon/agent/locks.c daemon/agent/pool_locks.c daemon/agent/replug.c
 * unit-src: daemon/agent/pools_target.c
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "agent/ended.h"
#include "agent/events.h"
#include "agent/gate.h"
#include "agent/generations.h"
#include "agent/known.h"
#include "agent/left.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/release.h"
#include "agent/restore.h"
#include "agent/thaw.h"
#include "base/error.h"
#include "base/str.h"
#include "host/head.h"
#include "host/nvmet.h"
#include "model/local.h"
#include "pool/back.h"
#include "unit.h"

#define DISK "/dev/vdx"

static struct liteio_agent agent;

/* ---- the pool that is open, its disk that is back, and another pool ------------------------- */

struct liteio_pool {
	const char *name;
	unsigned char uuid;
	const char *volume;
	bool is_gone;
};

static struct liteio_pool lost = { "fast", 1, "data", true };
static struct liteio_pool back = { "fast", 1, "data", false };
static struct liteio_pool other = { "slow", 2, "log", false };
static unsigned int n_dropped, n_opened;

/* what is said by the list of pools, and by who would open it */
static struct {
	int list;
	int name;
	int left;
} says;

void liteio_pool_info(struct liteio_pool *p, struct liteio_pool_info *ret)
{
	*ret = (struct liteio_pool_info){ .uuid.b = { p->uuid }, .n_devices = 1 };
	snprintf(ret->name, sizeof(ret->name), "%s", p->name);
}

void liteio_pool_volume_list(struct liteio_pool *p, struct liteio_catalog_volume **ret,
			     size_t *ret_n)
{
	*ret = liteio_calloc(1, sizeof(**ret));
	*ret_n = 1;
	(*ret)->uuid.b[1] = p->uuid;
	snprintf((*ret)->name, sizeof((*ret)->name), "%s", p->volume);
}

int liteio_pool_volume_find(struct liteio_pool *p, enum liteio_catalog_kind kind, const char *name,
			    struct liteio_catalog_volume *ret)
{
	return strcmp(p->volume, name) ? -ENOENT : 0;
}

int liteio_pool_probe(const char *device, struct liteio_pool_found *ret, struct liteio_error *err)
{
	*ret = (struct liteio_pool_found){ .label.pool_uuid.b = { 1 }, .label.n_devices = 1 };
	snprintf(ret->label.pool_name, sizeof(ret->label.pool_name), "%s", back.name);
	snprintf(ret->device, sizeof(ret->device), "%s", device);
	return 0;
}

int liteio_pool_probe_soon(const char *device, struct liteio_pool_found *ret,
			   struct liteio_error *err)
{
	return liteio_pool_probe(device, ret, err);
}

bool liteio_pool_is_gone(struct liteio_pool *p)
{
	return p->is_gone;
}

bool liteio_pool_has_lost(struct liteio_pool *p, const struct liteio_pool_found *f)
{
	return p->is_gone;
}

int liteio_pool_open_left(const struct liteio_pool_how *how, struct liteio_pool **ret,
			  struct liteio_error *err)
{
	ck_assert(how->is_asked);
	ck_assert_str_eq(how->device, DISK);
	if (says.left)
		return liteio_error_set(err, says.left, "the disk says no");
	*ret = &back;
	return how->admit(how->admit_arg, &back, err);
}

int liteio_pool_open_how(const struct liteio_pool_how *how, struct liteio_pool **ret,
			 struct liteio_error *err)
{
	n_opened++;
	*ret = &back;
	return how->admit(how->admit_arg, &back, err);
}

int liteio_pool_drop(struct liteio_pool *p, struct liteio_error *err)
{
	ck_assert_ptr_eq(p, &lost);
	n_dropped++;
	return 0;
}

int liteio_known_list(struct liteio_agent *a, struct liteio_known *ret, struct liteio_error *err)
{
	return says.list;
}

int liteio_known_check_name(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    const char *name, bool is_asked, struct liteio_error *err)
{
	return says.name;
}

/* ---- what is not looked at here ------------------------------------------------------------- */

bool liteio_pool_is_on(struct liteio_pool *p, const char *device)
{
	return false;
}

int liteio_pool_check_back(struct liteio_pool *p, const struct liteio_pool_found *f,
			   struct liteio_error *err)
{
	return 0;
}

void liteio_pool_set_lane(struct liteio_pool *p, const struct liteio_pool_lane *lane)
{
}

void liteio_pool_release(struct liteio_pool *p)
{
}

int liteio_pool_close(struct liteio_pool *p, struct liteio_error *err)
{
	return 0;
}

uint64_t liteio_pool_sequence(struct liteio_pool *p)
{
	return 1;
}

void liteio_pool_device(struct liteio_pool *p, uint32_t i, char ret[256])
{
}

int liteio_pool_volume_get(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   struct liteio_catalog_volume *ret)
{
	if (p != &lost)
		return -ENOENT;
	*ret = (struct liteio_catalog_volume){ .uuid = *uuid };
	snprintf(ret->name, sizeof(ret->name), "data%d", uuid->b[0]);
	return 0;
}

/* two volumes are attached here; the second one may be mounted */
static bool is_mounted;
static unsigned int n_removed;

void liteio_pool_attachment_list(struct liteio_pool *p, const struct liteio_uuid *volume,
				 struct liteio_catalog_attachment **ret, size_t *ret_n)
{
	*ret = liteio_calloc(2, sizeof(**ret));
	*ret_n = 2;
	for (unsigned char i = 0; i < 2; i++)
		(*ret)[i] = (struct liteio_catalog_attachment){
			.volume = { .b = { i } }, .generation = 1,
			.state = LITEIO_CATALOG_ATT_LIVE, .flags = LITEIO_CATALOG_ATT_LOCAL,
		};
}

int liteio_head_get(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		    struct liteio_head_state *ret, struct liteio_error *err)
{
	*ret = (struct liteio_head_state){ .path = "/dev/dm-1",
					   .dm.open_count = is_mounted && uuid->b[0] };
	return 0;
}

int liteio_head_list_known(const struct liteio_uuid *uuid, bool remote,
			   struct liteio_head_state **ret, size_t *ret_n, struct liteio_error *err)
{
	return 0;
}

int liteio_head_remove(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		       struct liteio_error *err)
{
	n_removed++;
	return 0;
}

int liteio_nvmet_stay(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
		      uint64_t generation, struct liteio_error *err)
{
	return 0;
}

int liteio_nvmet_remove(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			uint64_t generation, bool drained, struct liteio_error *err)
{
	return 0;
}

int liteio_nvmet_list(const struct liteio_nvmet *t, struct liteio_nvmet_export **ret,
		      size_t *ret_n, struct liteio_error *err)
{
	return -ENOENT;
}

void liteio_nvmet_exports_free(struct liteio_nvmet_export *exports, size_t n)
{
}

int liteio_pool_format(const struct liteio_pool_format *f, struct liteio_uuid *ret,
		       struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_pool_grow(struct liteio_pool *p, const struct liteio_pool_growth *g,
		     struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_pool_grow_file(struct liteio_pool *p, const struct liteio_pool_growth *g,
			  struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_pool_set_overcommit(struct liteio_pool *p, uint64_t percent, struct liteio_error *err)
{
	return -ENOSYS;
}

void liteio_pools_state(struct liteio_open_pool *p, bool is_all, struct liteio_pools_state *ret)
{
	*ret = (struct liteio_pools_state){ .shared_known = false };
	liteio_pool_info(p->engine, &ret->info);
}

void liteio_pools_each(struct liteio_pools *t, struct liteio_open_pool **all, size_t n,
		       liteio_pools_each_fn fn, void *arg)
{
}

int liteio_pools_remember_new(struct liteio_agent *a, const struct liteio_open_pool *p,
			      struct liteio_error *err)
{
	return 0;
}

void liteio_known_list_free(struct liteio_known *known)
{
}

char *liteio_known_place(struct liteio_agent *a, const struct liteio_uuid *uuid, bool *ret_known)
{
	return NULL;
}

void liteio_restore_pool(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

void liteio_restore_put_back(struct liteio_agent *a, struct liteio_open_pool *p)
{
	liteio_pools_put_back(a->pools, p);
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *pool, const char *message)
{
}

int liteio_publish_name(const char *name, const char *device, struct liteio_error *err)
{
	return 0;
}

void liteio_publish_del(const struct liteio_uuid *uuid, const char *device)
{
}

int liteio_generations_in_kernel(const struct liteio_uuid *uuid, struct liteio_generations *ret,
				 struct liteio_error *err)
{
	return 0;
}

void liteio_generations_add(struct liteio_generations *g, const struct liteio_uuid *uuid,
			    uint64_t generation)
{
	g->items = liteio_realloc(g->items, g->n + 1, sizeof(*g->items));
	g->items[g->n++] = (struct liteio_generation){ .uuid = *uuid, .generation = generation };
}

void liteio_generations_sort(struct liteio_generations *g)
{
}

void liteio_generations_fini(struct liteio_generations *g)
{
	free(g->items);
}

void liteio_left_ended(const struct liteio_left *l, struct liteio_ended **ret, size_t *ret_n)
{
}

int liteio_ended_add(struct liteio_agent *a, const struct liteio_ended *ended, size_t n,
		     struct liteio_error *err)
{
	return 0;
}

int liteio_gate_fence(const struct liteio_uuid *uuid, const char *volume, uint64_t floor,
		      uint64_t generation, uint64_t timeout_ms, struct liteio_local_fenced *ret,
		      struct liteio_error *err)
{
	return 0;
}

bool liteio_release_is_closed(struct liteio_head_state *head)
{
	return !head->dm.open_count;
}

void liteio_thaw_pool(struct liteio_pool *p)
{
}

/* ---- the tests ------------------------------------------------------------------------------ */

static void add(struct liteio_pool *engine)
{
	struct liteio_open_pool *p;

	ck_assert_int_eq(liteio_pools_add(agent.pools, engine, &p, NULL), 0);
	liteio_pools_put(agent.pools, p);
}

static void setup(void)
{
	memset(&says, 0, sizeof(says));
	n_dropped = 0;
	n_opened = 0;
	n_removed = 0;
	is_mounted = false;
	back.volume = "data";
	back.name = "fast";
	agent.pools = liteio_pools_new();
	agent.locks = liteio_locks_new();
	add(&lost);
	add(&other);
}

static void teardown(void)
{
	liteio_pools_free(agent.pools);
	liteio_locks_free(agent.locks);
}

static int import(struct liteio_error *err)
{
	const struct liteio_local_pool_import req = { .device = (char *)DISK };
	struct liteio_local_pool ret = { 0 };
	int r = liteio_op_pool_import(&agent, &req, &ret, err);

	liteio_json_fini(&ret, liteio_local_pool_fields);
	return r;
}

static const struct {
	const char *what;
	int list;
	int name;
	int left;
	const char *is_called;
	const char *volume;
	bool is_claimed;
	bool is_mounted;
	int code;
} refused[] = {
	{ "the list of pools can not be read", .list = -EIO, .code = -EIO },
	{ "the name is that of another pool that is missing", .name = -EEXIST, .code = -EEXIST },
	{ "the name is that of another pool that is open", .is_called = "slow", .code = -EEXIST },
	{ "somebody else is at it", .is_claimed = true, .code = -EBUSY },
	{ "a volume in it has a name that is taken here", .volume = "log", .code = -EEXIST },
	{ "the disk can not be opened", .left = -EUCLEAN, .code = -EUCLEAN },
	{ "a volume is mounted here", .is_mounted = true, .code = -EBUSY },
};

START_TEST(what_is_refused_takes_nothing_out)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_claim *claim = NULL;
	struct liteio_open_pool *p;

	says.list = refused[_i].list;
	says.name = refused[_i].name;
	says.left = refused[_i].left;
	is_mounted = refused[_i].is_mounted;
	if (refused[_i].is_called)
		back.name = refused[_i].is_called;
	if (refused[_i].volume)
		back.volume = refused[_i].volume;
	if (refused[_i].is_claimed)
		ck_assert_int_eq(liteio_claim_take(&(struct liteio_uuid){ .b = { 1 } }, DISK,
						   &claim, &err), 0);
	ck_assert_int_eq(import(&err), refused[_i].code);
	ck_assert_msg(!n_dropped, "%s: it is out of the kernel", refused[_i].what);
	ck_assert_msg(!n_removed, "%s: a head is gone", refused[_i].what);
	ck_assert_uint_eq(n_opened, 0);
	ck_assert_int_eq(liteio_pools_get(agent.pools, "fast", &p, &err), 0);
	ck_assert_ptr_eq(p->engine, &lost);
	liteio_pools_put(agent.pools, p);
	liteio_claim_give(claim);
	ck_assert_int_eq(liteio_claim_take(&(struct liteio_uuid){ .b = { 1 } }, DISK, &claim,
					   &err), 0);
	liteio_claim_give(claim);
}
END_TEST

/*
 * the cluster wants one pool and no other, whatever is on the device by now; and what is there is
 * left alone
 */
#define ZEROS "000000-0000-0000-0000-000000000000"

static const struct {
	const char *name;
	uint8_t uuid;
	int code;
	const char *said;
} meant[] = {
	{ "fast", 1, 0, NULL },
	{ "fast", 2, -EEXIST,
	  DISK " carries pool fast (01" ZEROS "), not pool fast (02" ZEROS ")" },
	{ "slow", 1, -EEXIST,
	  DISK " carries pool fast (01" ZEROS "), not pool slow (01" ZEROS ")" },
};

START_TEST(only_the_pool_that_is_meant_is_opened_again)
{
	const struct liteio_local_pool_import req = { .device = (char *)DISK };
	const struct liteio_uuid uuid = { .b = { meant[_i].uuid } };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_local_pool ret = { 0 };
	int r = liteio_op_pool_reopen(&agent, &req, meant[_i].name, &uuid, &ret, &err);

	ck_assert_int_eq(r, meant[_i].code);
	if (r)
		ck_assert_str_eq(err.msg, meant[_i].said);
	ck_assert_uint_eq(n_opened, !r);
	ck_assert(!!n_dropped == !r);
	liteio_json_fini(&ret, liteio_local_pool_fields);
}
END_TEST

/* also when the kernel has nothing of it any more, from whichever disk */
START_TEST(its_own_disk_takes_its_place)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p;

	says.left = _i ? -ENODEV : 0;
	ck_assert_msg(!import(&err), "%s", err.msg);
	ck_assert_uint_eq(n_removed, 2);
	ck_assert_uint_eq(n_dropped, 1);
	ck_assert_uint_eq(n_opened, 1);
	ck_assert_int_eq(liteio_pools_get(agent.pools, "fast", &p, &err), 0);
	ck_assert_ptr_eq(p->engine, &back);
	liteio_pools_put(agent.pools, p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("agent-import");
	TCase *cases = unit_case(suite, "import");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, what_is_refused_takes_nothing_out, 0,
			    sizeof(refused) / sizeof(refused[0]));
	tcase_add_loop_test(cases, only_the_pool_that_is_meant_is_opened_again, 0,
			    sizeof(meant) / sizeof(meant[0]));
	tcase_add_loop_test(cases, its_own_disk_takes_its_place, 0, 2);
	return unit_run(suite);
}
