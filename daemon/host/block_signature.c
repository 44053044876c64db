// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Block devices: what is on them, from libblkid.
 */
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/block.h"

#define SECTOR 512ull

static void free_probep(blkid_probe *p)
{
	if (*p)
		blkid_free_probe(*p);
}

static bool lookup(blkid_probe p, const char *name, char *out, size_t len)
{
	const char *value;

	if (blkid_probe_lookup_value(p, name, &value, NULL))
		return false;
	snprintf(out, len, "%s", value);
	return true;
}

/* a probe of @path, which is open as *@fd */
static int start(const char *path, int *fd, blkid_probe *ret, struct liteio_error *err)
{
	blkid_probe p;

	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return liteio_error_set(err, errno, "cannot open %s: %s", path,
					liteio_error_str(NULL, -errno));
	errno = 0;
	p = *ret = blkid_new_probe();
	if (!p || blkid_probe_set_device(p, *fd, 0, 0))
		return liteio_error_set(err, errno ? errno : EIO, "cannot read %s", path);
	blkid_probe_enable_superblocks(p, 1);
	blkid_probe_set_superblocks_flags(p, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
						     BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID |
						     BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(p, 1);
	errno = 0;
	return 0;
}

static int not_read(const char *path, struct liteio_error *err)
{
	return liteio_error_set(err, errno ? errno : EIO, "cannot read %s: %s", path,
				liteio_error_str(NULL, errno ? -errno : -EIO));
}

int liteio_block_probe(const char *path, struct liteio_block_signature *ret,
		       struct liteio_error *err)
{
	struct liteio_block_signature s = { 0 };
	blkid_probe p _cleanup_(free_probep) = NULL;
	int fd _cleanup_close_ = -1, r;

	r = start(path, &fd, &p, err);
	if (r)
		return r;
	r = blkid_do_safeprobe(p);
	if (r == -2)
		return liteio_error_set(err, -EUCLEAN, "%s carries several signatures at once",
					path);
	if (r < 0)
		return not_read(path, err);
	if (!r && !lookup(p, "TYPE", s.type, sizeof(s.type)) &&
	    lookup(p, "PTTYPE", s.type, sizeof(s.type)))
		snprintf(s.usage, sizeof(s.usage), "partition table");
	if (!r) {
		if (!s.usage[0])
			lookup(p, "USAGE", s.usage, sizeof(s.usage));
		lookup(p, "LABEL", s.label, sizeof(s.label));
		lookup(p, "UUID", s.uuid, sizeof(s.uuid));
	}
	*ret = s;
	return 0;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* what the last step has found */
static void take(blkid_probe p, struct liteio_block_content *c)
{
	struct liteio_block_signature *s = &c->signatures[c->n_signatures];

	*s = (struct liteio_block_signature){ 0 };
	if (lookup(p, "PTTYPE", s->type, sizeof(s->type))) {
		/* the first sector of a gpt is a part of that */
		if (!strcmp(s->type, "PMBR") && c->n_signatures &&
		    !strcmp(s[-1].type, "gpt"))
			return;
		snprintf(s->usage, sizeof(s->usage), "partition table");
		lookup(p, "PTUUID", s->uuid, sizeof(s->uuid));
	} else if (lookup(p, "TYPE", s->type, sizeof(s->type))) {
		lookup(p, "USAGE", s->usage, sizeof(s->usage));
		lookup(p, "LABEL", s->label, sizeof(s->label));
		lookup(p, "UUID", s->uuid, sizeof(s->uuid));
	} else {
		return;
	}
	c->n_signatures++;
}

/* asked apart from the steps: it begins with the tables anew */
static void take_partitions(blkid_probe p, struct liteio_block_content *c)
{
	blkid_partlist list = blkid_probe_get_partitions(p);
	int n = list ? blkid_partlist_numof_partitions(list) : 0;

	for (int i = 0; i < n; i++) {
		struct liteio_block_partition *to = &c->partitions[c->n_partitions];
		blkid_partition from = blkid_partlist_get_partition(list, i);
		const char *name = from ? blkid_partition_get_name(from) : NULL;
		blkid_parttable table = from ? blkid_partition_get_table(from) : NULL;
		const char *type = table ? blkid_parttable_get_type(table) : NULL;

		if (!from)
			continue;
		if (c->n_partitions == LITEIO_BLOCK_PARTITIONS_MAX) {
			c->n_more_partitions++;
			continue;
		}
		*to = (struct liteio_block_partition){
			.number = (unsigned int)blkid_partition_get_partno(from),
			.size_bytes = (uint64_t)blkid_partition_get_size(from) * SECTOR,
		};
		snprintf(to->table, sizeof(to->table), "%s", type ? type : "");
		snprintf(to->name, sizeof(to->name), "%s", name ? name : "");
		c->n_partitions++;
	}
}

int liteio_block_content(const char *path, struct liteio_block_content *ret,
			 struct liteio_error *err)
{
	blkid_probe p _cleanup_(free_probep) = NULL;
	struct liteio_block_content c = { 0 };
	int fd _cleanup_close_ = -1, r;

	r = start(path, &fd, &p, err);
	if (r)
		return r;
	/* what contradicts each other is found one after the other, and nothing is left out */
	while (c.n_signatures < LITEIO_BLOCK_SIGNATURES_MAX && (r = blkid_do_probe(p)) == 0)
		take(p, &c);
	if (r < 0)
		return not_read(path, err);
	take_partitions(p, &c);
	*ret = c;
	return 0;
}
