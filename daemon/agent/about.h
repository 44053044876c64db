/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a request is about: the object that it names, the pool that this lies in.
 *
 * Context of all functions: any thread; they look at what is in memory, and wait for no disk.
 */
#ifndef LITEIO_AGENT_ABOUT_H
#define LITEIO_AGENT_ABOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/route.h"
#include "base/uuid.h"
#include "pool/ondisk.h"

/**
 * struct liteio_about - the pool that a request changes something in
 * @uuid: null for none, several, or one that is not open
 * @name: likewise
 * @busy_ms: for so long one and the same has had its lane; 0 when that is free
 * @object: uuid of the volume or snapshot that it names; null when it is not there yet
 */
struct liteio_about {
	struct liteio_uuid uuid;
	char name[LITEIO_ONDISK_NAME];
	uint64_t busy_ms;
	struct liteio_uuid object;
};

/* it changes something, as all but GET do */
bool liteio_about_change(const struct liteio_route *route);
/* of its body by the key, or NULL; of the call */
const char *liteio_about_text(const struct liteio_call *call, const struct liteio_route *route,
			      const char *key);
const struct liteio_uuid *liteio_about_uuid(const struct liteio_call *call,
					    const struct liteio_route *route, const char *key);
/* what it names, or NULL; likewise */
const char *liteio_about_object(const struct liteio_call *call, const struct liteio_route *route);
/* the pool that it names, or NULL; likewise */
const char *liteio_about_pool_name(const struct liteio_call *call,
				   const struct liteio_route *route);
/* does its body say this name, or uuid: what it makes, or renames, or makes something of? */
bool liteio_about_says(const struct liteio_call *call, const struct liteio_route *route,
		       const char *object);
/**
 * liteio_about_is_one() - may what two requests name be one object?
 * @name: liteio_about_object() of one
 * @uuid: &struct liteio_about.object of it, of when it came
 * @other: of the other one
 * @other_uuid: likewise
 *
 * By its name or by its uuid it is one, and what was made again under a name is another one. Who
 * names several, or nothing, may mean any; so may a name that nobody had yet when it came, beside a
 * uuid. Return: they may.
 */
bool liteio_about_is_one(const char *name, const struct liteio_uuid *uuid, const char *other,
			 const struct liteio_uuid *other_uuid);
/* the pool in which it changes something, named or found by its volume or snapshot */
void liteio_about_pool(const struct liteio_call *call, const struct liteio_route *route,
		       struct liteio_about *ret);

#endif
