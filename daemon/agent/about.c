// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a request says that it is about.
 */
#include "agent/about.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"

bool liteio_about_change(const struct liteio_route *route)
{
	return strcmp(route->method, "GET") != 0;
}

/* a value of the body by its key, or NULL */
static const void *value_of(const struct liteio_call *call, const struct liteio_route *route,
			    enum liteio_field_type type, const char *key)
{
	const struct liteio_field *f = call->req ? route->req_fields : NULL;

	for (; f && f->key; f++)
		if (f->type == type && !strcmp(f->key, key))
			return (const char *)call->req + f->offset;
	return NULL;
}

const char *liteio_about_text(const struct liteio_call *call, const struct liteio_route *route,
			      const char *key)
{
	char *const *text = value_of(call, route, LITEIO_FIELD_STRING, key);

	return text ? *text : NULL;
}

const struct liteio_uuid *liteio_about_uuid(const struct liteio_call *call,
					    const struct liteio_route *route, const char *key)
{
	return value_of(call, route, LITEIO_FIELD_UUID, key);
}

const char *liteio_about_object(const struct liteio_call *call, const struct liteio_route *route)
{
	static const char *const keys[] = { "name", "device", "volume" };
	const char *s = NULL;

	if (call->params[0][0])
		return call->params[0];
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(keys) && !s; i++)
		s = liteio_about_text(call, route, keys[i]);
	return s;
}

const char *liteio_about_pool_name(const struct liteio_call *call,
				   const struct liteio_route *route)
{
	if (!strncmp(route->path, "/v1/pools", 9))
		return call->params[0][0] ? call->params[0] : liteio_about_text(call, route, "name");
	return liteio_about_text(call, route, "pool");
}

bool liteio_about_says(const struct liteio_call *call, const struct liteio_route *route,
		       const char *object)
{
	const struct liteio_field *f = call->req ? route->req_fields : NULL;
	char uuid[LITEIO_UUID_STRLEN + 1];

	for (; f && f->key; f++) {
		const void *value = (const char *)call->req + f->offset;
		const char *text = NULL;

		if (f->type == LITEIO_FIELD_STRING)
			text = *(char *const *)value;
		if (f->type == LITEIO_FIELD_UUID) {
			liteio_uuid_format(value, uuid);
			text = uuid;
		}
		if (text && !strcmp(text, object))
			return true;
	}
	return false;
}

/* as it was known when it was asked for, or as it is said; null: by a name that was nobody's */
static struct liteio_uuid meant(const char *name, const struct liteio_uuid *uuid)
{
	struct liteio_uuid said;

	return liteio_uuid_is_null(uuid) && !liteio_uuid_parse(name, &said) ? said : *uuid;
}

bool liteio_about_is_one(const char *name, const struct liteio_uuid *uuid, const char *other,
			 const struct liteio_uuid *other_uuid)
{
	struct liteio_uuid a, b, said;

	if (!name || !other || !strcmp(name, other))
		return true;
	a = meant(name, uuid);
	b = meant(other, other_uuid);
	if (liteio_uuid_is_null(&a))
		return !liteio_uuid_parse(other, &said);
	if (liteio_uuid_is_null(&b))
		return !liteio_uuid_parse(name, &said);
	return liteio_uuid_equal(&a, &b);
}
