// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which function answers a request: matching of paths.
 */
#include "agent/route.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/str.h"

/* 1 match, 0 no match, -ENAMETOOLONG */
static int path_match(const char *pattern, const char *path, struct liteio_call *call)
{
	size_t n = 0, len;

	while (*pattern) {
		if (*pattern != '*') {
			if (*pattern++ != *path++)
				return 0;
			continue;
		}
		len = strcspn(path, "/");
		if (len == 0 || n == LITEIO_ROUTE_PARAMS_MAX)
			return 0;
		if (len >= LITEIO_ROUTE_PARAM_MAX)
			return -ENAMETOOLONG;
		memcpy(call->params[n], path, len);
		call->params[n++][len] = '\0';
		path += len;
		pattern++;
	}
	return *path == '\0';
}

/* up to the first star */
static bool begins_alike(const char *pattern, const char *path)
{
	while (*pattern && *pattern != '*')
		if (*pattern++ != *path++)
			return false;
	return true;
}

/* none answers: the last reason why one does not that has the path */
static int why_not(const struct liteio_route *routes, const char *path, struct liteio_call *call)
{
	int failure = -ENOENT;

	for (const struct liteio_route *route = routes; route->method; route++) {
		int r = path_match(route->path, path, call);

		if (r != 0)
			failure = r < 0 ? r : -EOPNOTSUPP;
	}
	return failure;
}

int liteio_route_find(const struct liteio_route *routes, const char *method, const char *path,
		      struct liteio_call *call, const struct liteio_route **ret)
{
	for (const struct liteio_route *route = routes; route->method; route++) {
		/* first what costs least to see, and what most differ in */
		if (route->method[0] == method[0] && begins_alike(route->path, path) &&
		    path_match(route->path, path, call) > 0 &&
		    strcmp(route->method, method) == 0) {
			*ret = route;
			return 0;
		}
	}
	return why_not(routes, path, call);
}

/*
 * Of "/v1/volumes/" "*" "/grow" the first element without its "s", and the last one where that is
 * another one and no star; else what the method is for.
 */
char *liteio_route_verb(const struct liteio_route *route)
{
	const char *noun = strchr(route->path + 1, '/'), *last = strrchr(route->path, '/');
	bool is_delete = strcmp(route->method, "DELETE") == 0;
	size_t len;

	if (!noun)
		return liteio_strf("%s %s", route->method, route->path);
	len = strcspn(noun + 1, "/");
	if (len > 0 && noun[len] == 's')
		len--;
	if (last == noun || last[1] == '*')
		return liteio_strf("%.*s %s", (int)len, noun + 1, is_delete ? "delete" : "create");
	return liteio_strf("%.*s %s%s", (int)len, noun + 1, last + 1, is_delete ? " delete" : "");
}
