// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What placement sees: heartbeats, and the stores as candidates.
 * unit-src: daemon/controller/view.c daemon/controller/heartbeat.c daemon/controller/schedule.c
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "controller/heartbeat.h"
#include "controller/view.h"
#include "unit.h"

START_TEST(beats)
{
	struct liteio_heartbeats *h = liteio_heartbeats_new();
	uint64_t again;

	/* nobody was heard of, whatever was written before */
	ck_assert(!liteio_heartbeats_alive(h, "a", true, 0, &again));
	/* seen once, may be old: as the last controller said, for one duration */
	liteio_heartbeats_see(h, "a", "t1", 1000, false, 100);
	ck_assert(!liteio_heartbeats_alive(h, "a", false, 100, &again));
	ck_assert(liteio_heartbeats_alive(h, "a", true, 100, &again));
	ck_assert_uint_eq(again, 1001);
	ck_assert(!liteio_heartbeats_alive(h, "a", true, 1100, &again));
	/* seen again, the same: no sign of life */
	liteio_heartbeats_see(h, "a", "t1", 1000, false, 1200);
	ck_assert(!liteio_heartbeats_alive(h, "a", true, 1200, &again));
	/* changed: alive, for one duration */
	liteio_heartbeats_see(h, "a", "t2", 1000, false, 1300);
	ck_assert(liteio_heartbeats_alive(h, "a", false, 2299, &again));
	ck_assert(!liteio_heartbeats_alive(h, "a", true, 2300, &again));
	/* made just now */
	liteio_heartbeats_see(h, "b", "t1", 0, true, 1300);
	ck_assert(liteio_heartbeats_alive(h, "b", false, 1300, &again));
	ck_assert_uint_eq(again, LITEIO_HEARTBEAT_DEFAULT_MS + 1);
	liteio_heartbeats_forget(h, "b");
	ck_assert(!liteio_heartbeats_alive(h, "b", true, 1300, &again));
	ck_assert(liteio_heartbeats_alive(h, "a", true, 1400, &again));
	liteio_heartbeats_free(h);
}
END_TEST

static struct liteio_json *parse(const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = NULL;

	ck_assert_msg(!liteio_json_parse(text, strlen(text), &j, &err), "%s: %s", text, err.msg);
	return j;
}

#define META(n) \
	"\"metadata\":{\"name\":\"" n "\",\"uid\":\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\"," \
	"\"resourceVersion\":\"1\"}"
#define POOL(node, pool) \
	"{" META(node "." pool) ",\"spec\":{\"node\":\"" node "\",\"pool\":\"" pool "\"," \
	"\"device\":\"/dev/vdb\"}}"
#define VOLUME(size, node, more) \
	"{" META("v") ",\"spec\":{\"sizeBytes\":" #size ",\"placement\":{\"node\":\"" node "\"," \
	"\"pool\":\"" node ".x\"}" more "}}"

START_TEST(view)
{
	struct liteio_heartbeats *h = liteio_heartbeats_new();
	struct liteio_json *pools = parse("[" POOL("a", "x") "," POOL("b", "x") ",{\"broken\":1}]");
	struct liteio_json *nodes = parse("[{" META("a") "}]");
	struct liteio_json *volumes = parse(
		"[" VOLUME(100, "a", "") ","
		VOLUME(10, "a", ",\"grants\":[{\"generation\":1,\"node\":\"b\"}]") ","
		VOLUME(1, "a", ",\"grants\":[{\"generation\":1,\"node\":\"a\"}]") ","
		VOLUME(1000, "b", ",\"preferredNode\":\"a\"") ","
		"{" META("u") ",\"spec\":{\"sizeBytes\":5}}]");
	struct liteio_json *snapshots = parse("[{" META("s") ",\"spec\":{\"placement\":{"
					      "\"pool\":\"a.x\"}},\"status\":{\"sizeBytes\":7}}]");
	struct liteio_view_sources s = { .pools = pools,
					 .nodes = nodes,
					 .volumes = volumes,
					 .snapshots = snapshots,
					 .beats = h,
					 .now_ms = 10 };
	struct liteio_view v;

	liteio_heartbeats_see(h, "a", "t", 0, true, 0);
	liteio_view_init(&v, &s);
	ck_assert_uint_eq(v.n, 2);
	ck_assert_str_eq(v.candidates[0].pool->meta.name, "a.x");
	ck_assert_str_eq(v.candidates[0].node->meta.name, "a");
	ck_assert(v.candidates[0].alive);
	ck_assert_uint_eq(v.candidates[0].assigned_bytes, 118);
	ck_assert_uint_eq(v.candidates[0].remote_volumes, 1);
	ck_assert_ptr_null(v.candidates[1].node);
	ck_assert(!v.candidates[1].alive);
	ck_assert_uint_eq(v.candidates[1].assigned_bytes, 1000);
	ck_assert_uint_eq(v.candidates[1].remote_volumes, 1);
	liteio_view_fini(&v);
	liteio_json_unref(pools);
	liteio_json_unref(nodes);
	liteio_json_unref(volumes);
	liteio_json_unref(snapshots);
	liteio_heartbeats_free(h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("controller-view");
	TCase *t = unit_case(s, "controller-view");

	tcase_add_test(t, beats);
	tcase_add_test(t, view);
	return unit_run(s);
}
