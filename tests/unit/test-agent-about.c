// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a request is about: the pool, and the uuid of the volume or snapshot that it names.
 *
 * unit-src: daemon/agent/about.c daemon/agent/about_pool.c daemon/agent/pools_target.c
 * unit-src: daemon/agent/pools.c daemon/agent/locks.c daemon/agent/claims.c
 */
#include <stdio.h>
#include <string.h>

#include "agent/about.h"
#include "agent/agent.h"
#include "agent/locks.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "model/local.h"
#include "pool_in_memory.h"
#include "unit.h"

#define VOLUME_UUID "01010000-0000-0000-0000-000000000000"
#define SNAPSHOT_UUID "01020000-0000-0000-0000-000000000000"
#define NOBODYS_UUID "01030000-0000-0000-0000-000000000000"

static struct liteio_agent agent;
static struct memory_pool memory;
static struct liteio_open_pool *pool;

int liteio_publish_name(const char *name, const char *device, struct liteio_error *err)
{
	return 0;
}

/* a pool that has a volume "data", and a snapshot of it by the same name */
static void setup(void)
{
	const struct liteio_pool_create want = {
		.uuid = { .b = { 1, 1 } }, .name = "data", .size_bytes = 1 << 20,
	};
	const struct liteio_uuid snapshot = { .b = { 1, 2 } };

	memory_new(&memory);
	snprintf(memory.p.store.label.pool_name, sizeof(memory.p.store.label.pool_name), "fast");
	memory.p.store.label.pool_uuid.b[0] = 1;
	agent.ready = true;
	agent.pools = liteio_pools_new();
	agent.locks = liteio_locks_new();
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memory.p, &pool, NULL), 0);
	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, NULL), 0);
	ck_assert_int_eq(liteio_pool_snapshot_create(&memory.p, &snapshot, "data", &want.uuid, NULL,
						     NULL, NULL),
			 0);
}

static void teardown(void)
{
	ck_assert_int_eq(liteio_pools_take_out(agent.pools, pool, "closed", NULL), 0);
	liteio_pools_left(agent.pools, pool);
	pool->engine = NULL;
	liteio_pools_put(agent.pools, pool);
	memory_close(&memory);
	liteio_pools_free(agent.pools);
	liteio_locks_free(agent.locks);
}

#define REQ(s) liteio_local_##s##_fields, sizeof(struct liteio_local_##s), #s
#define NOTHING NULL, 0, NULL

static const struct {
	struct liteio_route route;
	const char *named;
	const char *body;
	const char *object; /* uuid, NULL: none is known */
} requests[] = {
	{ { "POST", "/v1/volumes/*/attachment", NULL, 0, NOTHING, NOTHING }, "data", NULL,
	  VOLUME_UUID },
	{ { "DELETE", "/v1/volumes/*/attachment", NULL, 0, NOTHING, NOTHING }, VOLUME_UUID, NULL,
	  VOLUME_UUID },
	{ { "DELETE", "/v1/snapshots/*", NULL, 0, NOTHING, NOTHING }, "data", NULL, SNAPSHOT_UUID },
	{ { "DELETE", "/v1/snapshots/*", NULL, 0, NOTHING, NOTHING }, SNAPSHOT_UUID, NULL,
	  SNAPSHOT_UUID },
	{ { "DELETE", "/v1/volumes/*", NULL, 0, NOTHING, NOTHING }, NOBODYS_UUID, NULL, NULL },
	{ { "DELETE", "/v1/volumes/*", NULL, 0, NOTHING, NOTHING }, "new", NULL, NULL },
	{ { "POST", "/v1/exports", NULL, 0, REQ(export_create), NOTHING }, "",
	  "{\"volume\":\"data\",\"generation\":1}", VOLUME_UUID },
	/* what it is made of is not what is made */
	{ { "POST", "/v1/snapshots", NULL, 0, REQ(snapshot_create), NOTHING }, "",
	  "{\"name\":\"data\",\"volume\":\"data\"}", NULL },
	{ { "POST", "/v1/volumes", NULL, 0, REQ(volume_create), NOTHING }, "",
	  "{\"name\":\"data\",\"pool\":\"fast\"}", NULL },
};

START_TEST(the_object_is_what_is_named)
{
	const struct liteio_route *route = &requests[_i].route;
	struct liteio_call call = { .agent = &agent };
	char uuid[LITEIO_UUID_STRLEN + 1] = "";
	struct liteio_about about;
	struct liteio_json *j;

	setup();
	snprintf(call.params[0], sizeof(call.params[0]), "%s", requests[_i].named);
	if (requests[_i].body) {
		ck_assert_int_eq(liteio_json_parse(requests[_i].body, strlen(requests[_i].body), &j,
						   NULL),
				 0);
		call.req = liteio_calloc(1, route->req_size);
		ck_assert_int_eq(liteio_json_decode(j, route->req_fields, 0, call.req, NULL), 0);
		liteio_json_unref(j);
	}
	liteio_about_pool(&call, route, &about);
	if (!liteio_uuid_is_null(&about.object))
		liteio_uuid_format(&about.object, uuid);
	ck_assert_str_eq(uuid, requests[_i].object ? requests[_i].object : "");
	/* the pool is found all the same */
	if (requests[_i].object || requests[_i].body)
		ck_assert_str_eq(about.name, "fast");
	if (call.req)
		liteio_json_fini(call.req, route->req_fields);
	free(call.req);
	teardown();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-about");

	tcase_add_loop_test(unit_case(s, "about"), the_object_is_what_is_named, 0,
			    LITEIO_ARRAY_SIZE(requests));
	return unit_run(s);
}
