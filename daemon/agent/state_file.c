// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this node has to know that is in no catalog: JSON files in <stateDir>.
 */
#include "agent/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"

static char *path_of(const struct liteio_agent *a, const struct liteio_state_file *file)
{
	return liteio_strf("%s/%s", a->config.state_dir, file->name);
}

int liteio_state_load(const struct liteio_agent *a, const struct liteio_state_file *file, void *ret,
		      struct liteio_error *err)
{
	_cleanup_free_ char *path = path_of(a, file), *text = NULL;
	struct liteio_json *j;
	size_t len;
	int r;

	r = liteio_fs_read(path, file->max_bytes, &text, &len, err);
	if (r == -ENOENT)
		return 0;
	if (!r)
		r = liteio_json_parse(text, len, &j, err);
	if (!r) {
		r = liteio_json_decode(j, file->fields, 0, ret, err);
		liteio_json_unref(j);
	}
	return r ? liteio_error_wrap(err, r, "%s is not known: %s", file->what, path) : 0;
}

int liteio_state_save(const struct liteio_agent *a, const struct liteio_state_file *file,
		      const void *what, struct liteio_error *err)
{
	_cleanup_free_ char *path = path_of(a, file), *text = NULL;
	struct liteio_json *j;
	int r;

	j = liteio_json_encode(what, file->fields);
	text = liteio_json_print_pretty(j);
	liteio_json_unref(j);
	if (strlen(text) > file->max_bytes)
		return liteio_error_set(err, -ENOSPC, "%s: more than %zu bytes", path,
					file->max_bytes);
	r = liteio_fs_mkdir_p(a->config.state_dir, 0755, err);
	return r ? r : liteio_fs_write_atomic(path, text, strlen(text), 0644, err);
}

int liteio_state_remove(const struct liteio_agent *a, const struct liteio_state_file *file,
			struct liteio_error *err)
{
	int dir _cleanup_close_ = open(a->config.state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *path = path_of(a, file);

	if (unlink(path) && errno != ENOENT)
		return liteio_error_set(err, -errno, "cannot remove %s: %s", path, strerror(errno));
	if (dir >= 0 && fsync(dir))
		return liteio_error_set(err, -errno, "cannot flush %s: %s", a->config.state_dir,
					strerror(errno));
	return 0;
}
