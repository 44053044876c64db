// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which of the disks that a rule has found becomes the pool's.
 */
#include "ctl/pool_find.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

static const char *text(const struct liteio_json *disk, const char *key)
{
	const char *s = liteio_json_get_string(disk, key);

	return s ? s : "";
}

/*
 * Empty, and a disk or a part of one. What somebody has made of disks with LVM or a cipher he has
 * made for something: a pool is made there by who names it
 */
static bool is_free(const struct liteio_json *disk)
{
	static const char *const made[] = { "lvm", "crypt", "dm" };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(made); i++)
		if (!strcmp(text(disk, "type"), made[i]))
			return false;
	return liteio_json_get_bool(disk, "usable", false);
}

/* "/dev/vdb, /dev/vdc" */
static int several(const struct liteio_json *disks, size_t usable, struct liteio_error *err)
{
	struct liteio_buf names = LITEIO_BUF_INIT;

	for (size_t i = 0; i < liteio_json_len(disks); i++) {
		const struct liteio_json *disk = liteio_json_at(disks, i);

		if (is_free(disk))
			liteio_buf_addf(&names, "%s%s", names.data ? ", " : "",
					text(disk, "device"));
	}
	liteio_error_set(err, -ENOTUNIQ,
			 "the rule finds %zu usable disks (%s): make it narrower, or name one",
			 usable, names.data);
	liteio_buf_fini(&names);
	return -ENOTUNIQ;
}

int liteio_pool_find(const struct liteio_json *disks, const char *pool,
		     const struct liteio_json **ret, struct liteio_error *err)
{
	size_t n = liteio_json_is_array(disks) ? liteio_json_len(disks) : 0, usable = 0;
	const struct liteio_json *one = NULL, *that = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct liteio_json *disk = liteio_json_at(disks, i);

		/* each way to a disk carries what the disk carries */
		if (!strcmp(text(disk, "pool"), pool) &&
		    (!that || !strcmp(text(disk, "type"), "mpath")))
			that = disk;
		if (is_free(disk)) {
			one = disk;
			usable++;
		}
	}
	if (that) {
		*ret = that;
		return 0;
	}
	if (usable > 1)
		return several(disks, usable, err);
	if (one) {
		*ret = one;
		return 0;
	}
	if (!n)
		return liteio_error_set(err, -ENODEV, "the rule finds no disk of this node");
	one = liteio_json_at(disks, 0);
	if (liteio_json_get_bool(one, "usable", false))
		return liteio_error_set(err, -EBUSY,
					"the rule finds no usable disk of this node: %s is of device-mapper (%s), name it to use it",
					text(one, "device"), text(one, "type"));
	return liteio_error_set(err, -EBUSY, "the rule finds no usable disk of this node: %s%s",
				text(one, "reason"), n > 1 ? "; `disk list` says it of each" : "");
}
