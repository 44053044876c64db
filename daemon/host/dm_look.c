// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at device-mapper devices.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/dm.h"
#include "host/dm_ioctl.h"
#include "host/dm_number.h"

/* -ENODEV, and no sentence, when there is no such device */
static int ask(struct liteio_dm_call *c, unsigned long command, const char *name,
	       unsigned int flags, struct liteio_error *err)
{
	int r = liteio_dm_call_ask(c, command, name, flags);

	if (!r || r == -ENODEV)
		return r;
	return liteio_error_set(err, r, "cannot look at %s: %s", name, liteio_error_str(NULL, r));
}

static int no_device(const char *name, struct liteio_error *err)
{
	return liteio_error_set(err, -ENODEV, "there is no device %s", name);
}

int liteio_dm_info(const char *name, struct liteio_dm_info *ret, struct liteio_error *err)
{
	LITEIO_DM_CALL(c);
	int r = ask(&c, DM_DEV_STATUS, name, 0, err);

	if (r)
		return r == -ENODEV ? no_device(name, err) : r;
	liteio_dm_call_info(&c, ret);
	return 0;
}

bool liteio_dm_exists(const char *name)
{
	struct liteio_dm_info i;

	return liteio_dm_info(name, &i, NULL) == 0;
}

/* ---- tables and statuses -------------------------------------------------------------------- */

static void fill_target(const struct dm_target_spec *spec, struct liteio_dm_target *ret)
{
	const char *params = (const char *)(spec + 1);
	size_t len = strnlen(params, sizeof(ret->params) - 1);

	/* the kernel ends some lines with a blank */
	while (len && params[len - 1] == ' ')
		len--;
	ret->start = spec->sector_start;
	ret->sectors = spec->length;
	ret->enough = 0;
	memcpy(ret->type, spec->target_type, sizeof(spec->target_type));
	ret->type[sizeof(spec->target_type)] = '\0';
	memcpy(ret->params, params, len);
	ret->params[len] = '\0';
}

/* as many as there are; @ret has room for them */
static void fill_targets(const struct dm_ioctl *io, struct liteio_dm_target *ret)
{
	const char *first = (const char *)io + io->data_start;
	uint32_t next = 0;

	for (uint32_t i = 0; i < io->target_count; i++) {
		const struct dm_target_spec *spec = (const void *)(first + next);

		fill_target(spec, &ret[i]);
		next = spec->next;
	}
}

static int get_targets(const char *name, unsigned int flags, struct liteio_dm_target **ret,
		       size_t *ret_n, struct liteio_error *err)
{
	LITEIO_DM_CALL(c);
	int r = ask(&c, DM_TABLE_STATUS, name, flags, err);

	if (r)
		return r == -ENODEV ? no_device(name, err) : r;
	*ret = liteio_calloc(c.io->target_count, sizeof(**ret));
	*ret_n = c.io->target_count;
	fill_targets(c.io, *ret);
	return 0;
}

int liteio_dm_table(const char *name, struct liteio_dm_target **ret, size_t *ret_n,
		    struct liteio_error *err)
{
	return get_targets(name, DM_STATUS_TABLE_FLAG | DM_NOFLUSH_FLAG, ret, ret_n, err);
}

int liteio_dm_status(const char *name, struct liteio_dm_target **ret, size_t *ret_n,
		     struct liteio_error *err)
{
	return get_targets(name, DM_NOFLUSH_FLAG, ret, ret_n, err);
}

int liteio_dm_status_one(const char *name, unsigned int flags, struct liteio_dm_info *ret_info,
			 struct liteio_dm_target *ret, struct liteio_error *err)
{
	const unsigned int how = (flags & LITEIO_DM_COMMIT ? 0 : DM_NOFLUSH_FLAG) |
				 (flags & LITEIO_DM_TABLE ? DM_STATUS_TABLE_FLAG : 0);
	LITEIO_DM_CALL(c);
	int r = ask(&c, DM_TABLE_STATUS, name, how, err);

	if (r)
		return r == -ENODEV ? no_device(name, err) : r;
	ret->type[0] = '\0';
	if (c.io->target_count == 1)
		fill_targets(c.io, ret);
	if (ret_info)
		liteio_dm_call_info(&c, ret_info);
	return 0;
}

/* of a device that has one target with a short line; -ENODEV when the number is another one's */
static int status_at(const char *name, dev_t dev, struct liteio_dm_info *ret_info,
		     struct liteio_dm_target *ret)
{
	LITEIO_DM_CALL(c);
	int r = liteio_dm_call_ask_at(&c, DM_TABLE_STATUS, dev, DM_NOFLUSH_FLAG);

	if (!r && strncmp(c.io->name, name, sizeof(c.io->name)) != 0)
		r = -ENODEV;
	if (r)
		return r;
	ret->type[0] = '\0';
	if (c.io->target_count == 1)
		fill_targets(c.io, ret);
	liteio_dm_call_info(&c, ret_info);
	return 0;
}

int liteio_dm_status_often(const char *name, struct liteio_dm_info *ret_info,
			   struct liteio_dm_target *ret, struct liteio_error *err)
{
	uint64_t times;
	dev_t dev = liteio_dm_number(name, &times);
	int r = dev ? status_at(name, dev, ret_info, ret) : -ENODEV;

	if (!r)
		return 0;
	r = liteio_dm_status_one(name, 0, ret_info, ret, err);
	if (!r)
		liteio_dm_number_learn(name, makedev(ret_info->major, ret_info->minor), times);
	return r;
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* what the kernel writes behind a name when it is asked to; a device of ours has a uuid */
static bool is_ours(const struct dm_name_list *d)
{
	const char *end = d->name + strlen(d->name) + 1;
	const uint32_t *behind = (const uint32_t *)(((uintptr_t)end + 7) & ~(uintptr_t)7);
	const char *uuid = (const char *)&behind[2];

	return behind[1] & DM_NAME_LIST_FLAG_HAS_UUID &&
	       !strncmp(uuid, LITEIO_DM_UUID_PREFIX, strlen(LITEIO_DM_UUID_PREFIX));
}

int liteio_dm_each(void (*fn)(void *arg, const char *name), void *arg, struct liteio_error *err)
{
	return liteio_dm_each_of("", fn, arg, err);
}

/* the kernel looks at the names before it knows how much room the answer needs */
int liteio_dm_each_of(const char *prefix, void (*fn)(void *arg, const char *name), void *arg,
		      struct liteio_error *err)
{
	const struct dm_name_list *d;
	LITEIO_DM_CALL(c);
	bool is_some;
	int r = ask(&c, DM_LIST_DEVICES, prefix, DM_UUID_FLAG, NULL);

	if (r)
		return liteio_error_set(err, r, "cannot list devices: %s",
					liteio_error_str(NULL, r));
	/* of no device at all nothing is written */
	is_some = c.io->data_size > c.io->data_start;
	d = liteio_dm_call_data(&c);
	for (uint32_t next = is_some; next && d->dev;
	     next = d->next, d = (const void *)((const char *)d + next)) {
		if (is_ours(d) && !strncmp(d->name, prefix, strlen(prefix)))
			fn(arg, d->name);
	}
	return 0;
}

struct list {
	struct liteio_dm_info *items;
	size_t n;
	size_t room;
};

static void add(void *arg, const char *name)
{
	struct list *l = arg;

	l->items = liteio_list_room(l->items, l->n, &l->room, sizeof(*l->items));
	/* one that went away meanwhile is not there */
	if (!liteio_dm_info(name, &l->items[l->n], NULL))
		l->n++;
}

int liteio_dm_list(struct liteio_dm_info **ret, size_t *ret_n, struct liteio_error *err)
{
	struct list l = { 0 };
	int r = liteio_dm_each(add, &l, err);

	if (r)
		return r;
	*ret = l.items;
	*ret_n = l.n;
	return 0;
}
