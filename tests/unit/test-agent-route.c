// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths of the local API find their line, and only theirs.
 *
 * unit-src: daemon/agent/route.c
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/route.h"
#include "unit.h"

static const struct liteio_route routes[] = {
	{ .method = "GET", .path = "/v1/pools" },
	{ .method = "GET", .path = "/v1/pools/*" },
	{ .method = "POST", .path = "/v1/pools/import" },
	{ .method = "POST", .path = "/v1/volumes/*/grow" },
	{ .method = "DELETE", .path = "/v1/exports/*/*" },
	{ .method = "PUT", .path = "/v1/volumes/*/grow" },
	{ .method = NULL },
};

static const struct {
	const char *method;
	const char *path;
	int line; /* or a negative errno */
	const char *params[2];
} requests[] = {
	{ "GET", "/v1/pools", 0, { "", "" } },
	{ "GET", "/v1/pools/fast", 1, { "fast", "" } },
	{ "POST", "/v1/pools/import", 2, { "", "" } },
	{ "GET", "/v1/pools/import", 1, { "import", "" } },
	{ "POST", "/v1/volumes/a.b-c/grow", 3, { "a.b-c", "" } },
	{ "DELETE", "/v1/exports/data/7", 4, { "data", "7" } },
	/* two methods that begin alike */
	{ "PUT", "/v1/volumes/a/grow", 5, { "a", "" } },
	{ "PATCH", "/v1/volumes/a/grow", -EOPNOTSUPP, { NULL } },
	{ "", "/v1/volumes/a/grow", -EOPNOTSUPP, { NULL } },
	{ "PUT", "/v1/pools", -EOPNOTSUPP, { NULL } },
	{ "POST", "/v1/pools/fast", -EOPNOTSUPP, { NULL } },
	{ "GET", "/v1/pools/", -ENOENT, { NULL } },
	{ "GET", "/v1/pools/a/b", -ENOENT, { NULL } },
	{ "GET", "/v1", -ENOENT, { NULL } },
	{ "GET", "", -ENOENT, { NULL } },
	{ "POST", "/v1/volumes//grow", -ENOENT, { NULL } },
	{ "POST", "/v1/volumes/a/grown", -ENOENT, { NULL } },
	{ "DELETE", "/v1/exports/data", -ENOENT, { NULL } },
	{ "DELETE", "/v1/exports/data/7/8", -ENOENT, { NULL } },
};

START_TEST(requests_find_their_line)
{
	struct liteio_call call = { 0 };
	const struct liteio_route *route = NULL;
	int i, r;

	r = liteio_route_find(routes, requests[_i].method, requests[_i].path, &call, &route);
	if (requests[_i].line < 0) {
		ck_assert_int_eq(r, requests[_i].line);
		ck_assert_ptr_null(route);
		return;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_ptr_eq(route, &routes[requests[_i].line]);
	for (i = 0; i < 2; i++)
		if (requests[_i].params[i][0])
			ck_assert_str_eq(call.params[i], requests[_i].params[i]);
}
END_TEST

START_TEST(a_param_has_a_bound)
{
	struct liteio_call call = { 0 };
	const struct liteio_route *route = NULL;
	char path[16 + LITEIO_ROUTE_PARAM_MAX] = "/v1/pools/";
	size_t len = strlen(path);

	memset(path + len, 'a', LITEIO_ROUTE_PARAM_MAX - 1);
	ck_assert_int_eq(liteio_route_find(routes, "GET", path, &call, &route), 0);
	ck_assert_uint_eq(strlen(call.params[0]), LITEIO_ROUTE_PARAM_MAX - 1);
	path[len + LITEIO_ROUTE_PARAM_MAX - 1] = 'a';
	ck_assert_int_eq(liteio_route_find(routes, "GET", path, &call, &route), -ENAMETOOLONG);
}
END_TEST

START_TEST(a_line_has_a_verb)
{
	static const struct {
		struct liteio_route route;
		const char *verb;
	} lines[] = {
		{ { .method = "POST", .path = "/v1/volumes" }, "volume create" },
		{ { .method = "POST", .path = "/v1/volumes/*/grow" }, "volume grow" },
		{ { .method = "DELETE", .path = "/v1/volumes/*" }, "volume delete" },
		{ { .method = "DELETE", .path = "/v1/exports/*/*" }, "export delete" },
		{ { .method = "POST", .path = "/v1/pools/import" }, "pool import" },
		{ { .method = "POST", .path = "/v1/module/load" }, "module load" },
		{ { .method = "POST", .path = "/v1/snapshot-groups" }, "snapshot-group create" },
		{ { .method = "DELETE", .path = "/v1/volumes/*/attachment" },
		  "volume attachment delete" },
		{ { .method = "POST", .path = "/v1" }, "POST /v1" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *verb = liteio_route_verb(&lines[i].route);

		ck_assert_str_eq(verb, lines[i].verb);
		free(verb);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-route");
	TCase *t = unit_case(s, "route");

	tcase_add_loop_test(t, requests_find_their_line, 0,
			    sizeof(requests) / sizeof(requests[0]));
	tcase_add_test(t, a_param_has_a_bound);
	tcase_add_test(t, a_line_has_a_verb);
	return unit_run(s);
}
