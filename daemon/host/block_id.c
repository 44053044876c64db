// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of block devices that stay: the links udev makes in /dev/disk/by-id.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/block.h"

#define IDS "/dev/disk/by-id"

unsigned int liteio_block_id_rank(const char *name)
{
	/* in the order of saying less; what is not here says maker, model and serial number */
	static const char *const vague[] = {
		"scsi-3", "nvme-eui.", "nvme-nvme.", "nvme-uuid.", "wwn-", "lvm-pv-uuid-", "dm-", "md-",
	};

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(vague); i++) {
		if (!strncmp(name, vague[i], strlen(vague[i])))
			return (unsigned int)i + 1;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct liteio_block_id *x = a, *y = b;
	unsigned int rx = liteio_block_id_rank(x->name), ry = liteio_block_id_rank(y->name);

	if (rx != ry)
		return rx < ry ? -1 : 1;
	return strcmp(x->name, y->name);
}

void liteio_block_ids(struct liteio_block_id **ret, size_t *ret_n)
{
	struct liteio_block_id *ids;
	char **names;
	size_t n_names, n = 0;

	*ret = NULL;
	*ret_n = 0;
	if (liteio_fs_list(IDS, &names, &n_names, NULL))
		return;
	ids = liteio_calloc(n_names + 1, sizeof(*ids));
	for (size_t i = 0; i < n_names; i++) {
		char *path _cleanup_free_ = liteio_strf(IDS "/%s", names[i]);
		struct stat st;

		/* a link whose device went away this moment leads nowhere */
		if (stat(path, &st) || !S_ISBLK(st.st_mode))
			continue;
		ids[n].name = liteio_strdup(names[i]);
		ids[n++].dev = st.st_rdev;
	}
	liteio_fs_names_free(names, n_names);
	qsort(ids, n, sizeof(*ids), compare);
	*ret = ids;
	*ret_n = n;
}

void liteio_block_ids_free(struct liteio_block_id *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(ids[i].name);
	free(ids);
}
