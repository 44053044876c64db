// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Filesystems: made, checked and grown by their own programs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "host/mount.h"

#define ARGS_MAX 12

/* which exit statuses of a check mean that the filesystem is fine now */
#define FSCK_FIXED 1

/*
 * struct fs_programs - how a type is handled; DEVICE and TARGET stand for the arguments
 */
struct fs_programs {
	const char *type;
	const char *mkfs[ARGS_MAX];
	const char *fsck[ARGS_MAX];
	const char *grow[ARGS_MAX];
};

static const char DEVICE[] = "<device>", TARGET[] = "<target>";

static const struct fs_programs table[] = {
	{
		.type = "ext4",
		/* no reserved blocks for root: the volume belongs to one pod; tables are zeroed by
		 * the volume itself, as it reads zeroes where nothing was written
		 */
		.mkfs = { "mkfs.ext4", "-q", "-F", "-m0", "-E",
			  "lazy_itable_init=0,lazy_journal_init=0,assume_storage_prezeroed=1",
			  DEVICE },
		.fsck = { "e2fsck", "-p", DEVICE },
		.grow = { "resize2fs", DEVICE },
	},
	{
		.type = "xfs",
		.mkfs = { "mkfs.xfs", "-q", DEVICE },
		/* xfs replays its log when it is mounted; -n only looks, and only after that */
		.fsck = { "" },
		.grow = { "xfs_growfs", TARGET },
	},
};

static const struct fs_programs *find(const char *type, struct liteio_error *err)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(table); i++) {
		if (!strcmp(table[i].type, type))
			return &table[i];
	}
	liteio_error_set(err, -EOPNOTSUPP, "filesystem type \"%s\" is not one of ext4, xfs", type);
	return NULL;
}

/* run one line of the table; the exit status, or a negative errno: it has not ended by itself */
static int run(const char *const *line, const char *device, const char *target, uint64_t timeout_ms,
	       char **ret_output, struct liteio_error *err)
{
	const char *argv[ARGS_MAX + 1] = { NULL };
	struct liteio_child_result res;
	char *what _cleanup_free_ = NULL;
	int r;

	for (size_t i = 0; i < ARGS_MAX && line[i]; i++) {
		argv[i] = line[i];
		if (argv[i] == DEVICE)
			argv[i] = device;
		else if (argv[i] == TARGET)
			argv[i] = target;
	}
	r = liteio_child_run(argv, timeout_ms, &res, err);
	if (r < 0)
		return r;
	what = liteio_strf("%s on %s", argv[0], target ? target : device);
	r = liteio_child_check_signal(what, &res, err);
	if (r < 0) {
		free(res.output);
		return r;
	}
	/* the last line is the one that says why */
	for (size_t n = strlen(res.output); n && res.output[n - 1] == '\n'; n--)
		res.output[n - 1] = '\0';
	*ret_output = res.output;
	return res.status;
}

static const char *last_line(const char *output)
{
	const char *nl = strrchr(output, '\n');

	return nl ? nl + 1 : output;
}

int liteio_mkfs(const char *device, const char *fs_type, uint64_t timeout_ms,
		struct liteio_error *err)
{
	const struct fs_programs *p = find(fs_type, err);
	char *output _cleanup_free_ = NULL;
	struct liteio_block_signature s;
	int r;

	if (!p)
		return -EOPNOTSUPP;
	/* the last look before what is there is lost for good */
	r = liteio_block_probe(device, &s, err);
	if (r)
		return r;
	if (s.type[0])
		return liteio_error_set(err, -EEXIST, "%s carries a signature: %s", device, s.type);
	r = run(p->mkfs, device, NULL, timeout_ms, &output, err);
	if (r > 0)
		return liteio_error_set(err, -EIO, "%s on %s failed: %s", p->mkfs[0], device,
					last_line(output));
	return r;
}

int liteio_fsck(const char *device, const char *fs_type, uint64_t timeout_ms,
		struct liteio_error *err)
{
	const struct fs_programs *p = find(fs_type, err);
	char *output _cleanup_free_ = NULL;
	int r;

	if (!p)
		return -EOPNOTSUPP;
	if (!*p->fsck[0])
		return 0;
	r = run(p->fsck, device, NULL, timeout_ms, &output, err);
	if (r > FSCK_FIXED)
		return liteio_error_set(err, -EUCLEAN, "%s on %s: %s", p->fsck[0], device,
					last_line(output));
	return r < 0 ? r : 0;
}

int liteio_fs_grow(const char *device, const char *target, const char *fs_type, uint64_t timeout_ms,
		   struct liteio_error *err)
{
	const struct fs_programs *p = find(fs_type, err);
	char *output _cleanup_free_ = NULL;
	int r;

	if (!p)
		return -EOPNOTSUPP;
	r = run(p->grow, device, target, timeout_ms, &output, err);
	if (r > 0)
		return liteio_error_set(err, -EIO, "%s on %s failed: %s", p->grow[0], device,
					last_line(output));
	return r;
}
