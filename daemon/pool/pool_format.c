// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making a pool on a device.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/disk.h"
#include "pool/object.h"

/* dm-thin takes metadata that begins with a block of zeros as new */
#define META_HEAD_BYTES (1ull << 20)

/**
 * struct format_op - a device on its way to be a pool
 * @f: what is wanted
 * @device: block device: that of @f, or the loop device of the file
 * @store: open for writing
 * @is_made: the file was not there before
 */
struct format_op {
	const struct liteio_pool_format *f;
	char device[256];
	struct liteio_store store;
	bool is_made;
};

static bool is_file_path(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && !strcmp(path + n - 4, ".img");
}

/* ---- steps ---------------------------------------------------------------------------------- */

static int step_wiped(void *arg, struct liteio_error *err)
{
	struct format_op *op = arg;

	return liteio_store_wipe(&op->store, err);
}

static int step_metadata(void *arg, struct liteio_error *err)
{
	struct format_op *op = arg;
	const struct liteio_label *l = &op->store.label;
	const struct liteio_extent *e = liteio_label_extent(l, LITEIO_EXTENT_THIN_META);
	int r;

	r = liteio_store_zero(&op->store, e->start, META_HEAD_BYTES, err);
	e = liteio_label_extent(l, LITEIO_EXTENT_RESERVE_META);
	if (!r && e)
		r = liteio_store_zero(&op->store, e->start, META_HEAD_BYTES, err);
	return r;
}

static int step_catalog(void *arg, struct liteio_error *err)
{
	struct format_op *op = arg;
	struct liteio_catalog c;
	int r;

	liteio_catalog_init(&c, &op->store.label.pool_uuid);
	c.is_clean = true;
	r = liteio_store_format_catalog(&op->store, &c, err);
	liteio_catalog_fini(&c);
	return r;
}

static int step_label(void *arg, struct liteio_error *err)
{
	struct format_op *op = arg;

	return liteio_store_write_label(&op->store, err);
}

static const struct liteio_step table[] = {
	{ "pool-format:wiped", step_wiped },
	{ "pool-format:metadata", step_metadata },
	{ "pool-format:catalog", step_catalog },
	{ "pool-format:label", step_label },
};
LITEIO_STEPS(steps, table);

/* ---- format --------------------------------------------------------------------------------- */

/* one that is there is as long as it is */
static int check_file(const struct liteio_pool_format *f, struct liteio_error *err)
{
	struct stat st;

	if (stat(f->device, &st))
		return liteio_error_set(err, errno, "cannot look at %s: %s", f->device,
					liteio_error_str(NULL, -errno));
	if (!f->size_bytes || (uint64_t)st.st_size == f->size_bytes)
		return 0;
	return liteio_error_set(err, -EEXIST,
				"%s is there, with %llu bytes: take it without a size, or another name",
				f->device, (unsigned long long)st.st_size);
}

/* a file that is there must be ours to take: empty of anything but zeros is decided by the probe */
static int prepare_file(struct format_op *op, struct liteio_error *err)
{
	const struct liteio_pool_format *f = op->f;
	int r;

	if (liteio_fs_exists(f->device)) {
		r = check_file(f, err);
	} else if (!f->size_bytes) {
		r = liteio_error_set(err, -EINVAL,
				     "%s does not exist, and no size is given for it (--size)",
				     f->device);
	} else {
		r = liteio_block_file_create(f->device, f->size_bytes, err);
		op->is_made = !r;
	}
	return r ? r : liteio_block_loop_attach(f->device, op->device, sizeof(op->device), err);
}

static int format(struct format_op *op, struct liteio_uuid *ret_uuid, struct liteio_error *err)
{
	const struct liteio_label_regions regions = {
		.linear = op->f->linear_bytes,
		.reserve = op->f->reserve_bytes,
	};
	struct liteio_store *s = &op->store;
	struct liteio_disk disk;
	int r;

	r = liteio_disk_look(op->device, &disk, err);
	if (!r)
		r = liteio_disk_judge(&disk, op->device, op->f->block_bytes, op->f->force, NULL,
				      err);
	if (r)
		return r;
	if (op->f->losses)
		liteio_disk_lose(&disk, op->device, op->f->losses);
	r = liteio_store_open(op->device, true, s, err);
	if (r)
		return r == -ENODATA ? -EINVAL : r;
	r = liteio_label_layout(op->f->name, s->size, op->f->block_bytes, &regions, &s->label, err);
	if (!r) {
		s->label.created = (uint64_t)time(NULL);
		if (op->f->uuid)
			s->label.pool_uuid = *op->f->uuid;
		r = liteio_steps_run(&steps, op, err);
	}
	if (!r)
		*ret_uuid = s->label.pool_uuid;
	liteio_store_close(s);
	return r;
}

int liteio_pool_format(const struct liteio_pool_format *f, struct liteio_uuid *ret_uuid,
		       struct liteio_error *err)
{
	struct format_op op = { .f = f, .store = LITEIO_STORE_INIT };
	bool is_file = is_file_path(f->device);
	int r;

	r = liteio_name_check("pool", f->name, err);
	if (r)
		return r;
	if (is_file) {
		r = prepare_file(&op, err);
	} else {
		if (f->size_bytes)
			return liteio_error_set(err, -EINVAL, "a size is only for files (.img)");
		if (snprintf(op.device, sizeof(op.device), "%s", f->device) >=
		    (int)sizeof(op.device))
			return liteio_error_set(err, -ENAMETOOLONG, "the path is too long");
		r = 0;
	}
	if (!r)
		r = format(&op, ret_uuid, err);
	if (is_file && op.device[0])
		liteio_block_loop_detach(op.device, NULL);
	/* what is refused leaves nothing behind */
	if (r && op.is_made)
		unlink(f->device);
	return r ? liteio_error_wrap(err, r, "pool %s", f->name) : 0;
}
