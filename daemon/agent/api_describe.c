// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the local API takes and gives, from the tables that it works by. Pure.
 */
#include <string.h>

#include "agent/api.h"
#include "agent/route.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "model/local_operation.h"

/* beyond the last errno there is */
#define ERRNO_END 256
/* what liteio_local_status() says to what it does not know */
#define STATUS_OTHER 500

static void add_fields(struct liteio_json *list, const struct liteio_field *fields)
{
	struct liteio_json *more = liteio_json_describe(fields);

	for (size_t i = 0; i < liteio_json_len(more); i++)
		liteio_json_append(list, liteio_json_ref(liteio_json_at(more, i)));
	liteio_json_unref(more);
}

static struct liteio_json *describe_query(const struct liteio_route *route)
{
	struct liteio_json *list = liteio_json_new_array();

	if (route->flags & LITEIO_ROUTE_QUERY)
		add_fields(list, route->req_fields);
	for (size_t i = 0; liteio_route_queries[i].flag; i++)
		if (route->flags & liteio_route_queries[i].flag)
			add_fields(list, liteio_route_queries[i].fields);
	return list;
}

static struct liteio_json *describe_struct(const char *name, const struct liteio_field *fields)
{
	struct liteio_json *o = liteio_json_new_object();

	liteio_json_set_string(o, "name", name);
	liteio_json_set(o, "fields", liteio_json_describe(fields));
	return o;
}

static struct liteio_json *describe_route(const struct liteio_route *route)
{
	struct liteio_json *o = liteio_json_new_object();

	liteio_json_set_string(o, "method", route->method);
	liteio_json_set_string(o, "path", route->path);
	liteio_json_set(o, "query", describe_query(route));
	if (route->req_fields && !(route->flags & LITEIO_ROUTE_QUERY))
		liteio_json_set(o, "body", describe_struct(route->req_name, route->req_fields));
	liteio_json_set(o, route->flags & LITEIO_ROUTE_STREAM ? "stream" : "answer",
			describe_struct(route->ret_name, route->ret_fields));
	if (route->flags & LITEIO_ROUTE_LONG)
		liteio_json_set(o, "later",
				describe_struct("operation", liteio_local_operation_fields));
	return o;
}

/* the one path that is no route of the table: it is answered on the loop, in plain text */
static struct liteio_json *describe_health(void)
{
	struct liteio_json *o = liteio_json_new_object();

	liteio_json_set_string(o, "method", "GET");
	liteio_json_set_string(o, "path", LITEIO_API_HEALTH);
	liteio_json_set(o, "query", liteio_json_new_array());
	return o;
}

static struct liteio_json *describe_errors(void)
{
	struct liteio_json *list = liteio_json_new_array(), *o;

	for (int code = 1; code < ERRNO_END; code++) {
		if (liteio_local_status(code) == STATUS_OTHER)
			continue;
		o = liteio_json_new_object();
		liteio_json_set_string(o, "code", liteio_errno_name(code));
		liteio_json_set_int(o, "status", liteio_local_status(code));
		liteio_json_append(list, o);
	}
	return list;
}

struct liteio_json *liteio_api_describe(void)
{
	struct liteio_json *api = liteio_json_new_object(), *routes = liteio_json_new_array();

	for (const struct liteio_route *route = liteio_routes; route->method; route++)
		liteio_json_append(routes, describe_route(route));
	liteio_json_append(routes, describe_health());
	liteio_json_set(api, "routes", routes);
	liteio_json_set(api, "failure", describe_struct("failure", liteio_local_failure_fields));
	liteio_json_set(api, "errors", describe_errors());
	return api;
}
