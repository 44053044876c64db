// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices that others have made of disks with device-mapper: volumes of LVM, several ways to one
 * disk, ciphers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/block.h"
#include "host/dm.h"

/* what stands on what, at most */
#define DEPTH_MAX 16
/* of LVM: two ids of 32 letters; what has more behind it is a part of a volume, and LVM's own */
#define LVM_UUID_LEN (strlen("LVM-") + 64)

const char *liteio_block_mapped(const char *dm_uuid)
{
	if (!strncmp(dm_uuid, LITEIO_DM_UUID_PREFIX, strlen(LITEIO_DM_UUID_PREFIX)))
		return NULL;
	if (!strncmp(dm_uuid, "LVM-", 4))
		return strlen(dm_uuid) > LVM_UUID_LEN ? NULL : "lvm";
	if (!strncmp(dm_uuid, "mpath-", 6))
		return "mpath";
	if (!strncmp(dm_uuid, "CRYPT-", 6))
		return "crypt";
	return "dm";
}

/* @name: of the kernel. LVM's own are no disks, but may be what a volume stands on */
static const char *made_by(const char *name, bool *ret_ours)
{
	char *path _cleanup_free_ = liteio_strf("/sys/class/block/%s/dm/uuid", name);
	char *uuid _cleanup_free_ = NULL;

	*ret_ours = true;
	if (liteio_fs_read_line(path, &uuid, NULL))
		return NULL;
	*ret_ours = !strncmp(uuid, LITEIO_DM_UUID_PREFIX, strlen(LITEIO_DM_UUID_PREFIX));
	return liteio_block_mapped(uuid);
}

static bool stands_on_disks(const char *name, bool (*is_disk)(const struct liteio_block_info *i),
			    unsigned int depth);

static bool is_one(const char *name, bool (*is_disk)(const struct liteio_block_info *i),
		   unsigned int depth)
{
	char *path _cleanup_free_ = NULL;
	struct liteio_block_info info;
	bool ours;

	if (!strncmp(name, "dm-", 3)) {
		made_by(name, &ours);
		return !ours && stands_on_disks(name, is_disk, depth + 1);
	}
	path = liteio_strf("/dev/%s", name);
	return !liteio_block_brief(path, &info, NULL) && is_disk(&info);
}

/* on one at least, and on nothing else */
static bool stands_on_disks(const char *name, bool (*is_disk)(const struct liteio_block_info *i),
			    unsigned int depth)
{
	char *path _cleanup_free_ = liteio_strf("/sys/class/block/%s/slaves", name);
	size_t n = 0, good = 0;
	char **below;

	if (depth > DEPTH_MAX || liteio_fs_list(path, &below, &n, NULL))
		return false;
	while (good < n && is_one(below[good], is_disk, depth))
		good++;
	liteio_fs_names_free(below, n);
	return n && good == n;
}

bool liteio_block_is_way(dev_t dev)
{
	char holder[64];

	for (size_t n = 0; liteio_block_holder(dev, n, holder); n++) {
		bool ours;
		const char *who = made_by(holder, &ours);

		if (who && !strcmp(who, "mpath"))
			return true;
	}
	return false;
}

int liteio_block_list_mapped(bool (*is_disk)(const struct liteio_block_info *i),
			     struct liteio_block_info **ret, size_t *ret_n,
			     struct liteio_error *err)
{
	struct liteio_block_info *list;
	size_t n_names, n = 0;
	char **names;
	int r;

	r = liteio_fs_list("/sys/class/block", &names, &n_names, err);
	if (r)
		return r;
	list = liteio_calloc(n_names + 1, sizeof(*list));
	for (size_t i = 0; i < n_names; i++) {
		char *path _cleanup_free_ = NULL;
		const char *who;
		bool ours;

		if (strncmp(names[i], "dm-", 3) != 0)
			continue;
		who = made_by(names[i], &ours);
		if (!who || !stands_on_disks(names[i], is_disk, 0))
			continue;
		path = liteio_strf("/dev/%s", names[i]);
		if (liteio_block_brief(path, &list[n], NULL) || !list[n].size_bytes)
			continue;
		snprintf(list[n].mapped, sizeof(list[n].mapped), "%s", who);
		n++;
	}
	liteio_fs_names_free(names, n_names);
	*ret = list;
	*ret_n = n;
	return 0;
}
