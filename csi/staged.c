// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this node has staged: one small file per volume.
 */
#include "staged.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "id.h"
#include "model/volume.h"

#define FILE_MAX 16384

static const struct liteio_field fields[] = {
	{ .key = "uuid",
	  .type = LITEIO_FIELD_UUID,
	  .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_staged, uuid) },
	{ .key = "generation",
	  .type = LITEIO_FIELD_U64,
	  .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_staged, generation),
	  .min = 1,
	  .max = LITEIO_GENERATION_MAX },
	{ .key = "path",
	  .type = LITEIO_FIELD_STRING,
	  .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct liteio_staged, path),
	  .max = PATH_MAX },
	{ .key = "device",
	  .type = LITEIO_FIELD_STRING,
	  .offset = offsetof(struct liteio_staged, device),
	  .max = PATH_MAX },
	{ .key = "fsType",
	  .type = LITEIO_FIELD_STRING,
	  .offset = offsetof(struct liteio_staged, fs_type),
	  .max = 31 },
	{ .key = "readOnly",
	  .type = LITEIO_FIELD_BOOL,
	  .offset = offsetof(struct liteio_staged, read_only) },
	{ .key = NULL },
};

void liteio_staged_fini(struct liteio_staged *s)
{
	liteio_json_fini(s, fields);
}

/* an id is a name without slashes, or nothing of ours */
static int file_of(const char *dir, const char *volume, char **ret, struct liteio_error *err)
{
	if (liteio_csi_id_check(volume) < 0)
		return liteio_error_set(err, -ENOENT, "there is no volume %s", volume);
	*ret = liteio_strf("%s/%s.json", dir, volume);
	return 0;
}

int liteio_staged_load(const char *dir, const char *volume, struct liteio_staged *ret,
		       struct liteio_error *err)
{
	_cleanup_free_ char *file = NULL, *text = NULL;
	struct liteio_staged s = { 0 };
	struct liteio_json *j = NULL;
	size_t len;
	int r;

	r = file_of(dir, volume, &file, err);
	if (r < 0)
		return r;
	if (!liteio_fs_exists(file))
		return liteio_error_set(err, -ENOENT, "volume %s is not staged on this node",
					volume);
	r = liteio_fs_read(file, FILE_MAX, &text, &len, err);
	if (r == 0)
		r = liteio_json_parse(text, len, &j, err);
	if (r == 0)
		r = liteio_json_decode(j, fields, LITEIO_JSON_STRICT, &s, err);
	liteio_json_unref(j);
	if (r < 0)
		return liteio_error_wrap(err, -EIO, "%s", file);
	*ret = s;
	return 0;
}

int liteio_staged_save(const char *dir, const char *volume, const struct liteio_staged *s,
		       struct liteio_error *err)
{
	_cleanup_free_ char *file = NULL, *text = NULL;
	struct liteio_json *j;
	int r;

	r = file_of(dir, volume, &file, err);
	if (r == 0)
		r = liteio_fs_mkdir_p(dir, 0700, err);
	if (r < 0)
		return r;
	j = liteio_json_encode(s, fields);
	text = liteio_json_print(j);
	liteio_json_unref(j);
	return liteio_fs_write_atomic(file, text, strlen(text), 0600, err);
}

int liteio_staged_remove(const char *dir, const char *volume, struct liteio_error *err)
{
	_cleanup_free_ char *file = NULL;
	int r;

	r = file_of(dir, volume, &file, err);
	if (r < 0)
		return r;
	if (unlink(file) < 0 && errno != ENOENT)
		return liteio_error_set(err, -errno, "can not remove %s: %m", file);
	return 0;
}
