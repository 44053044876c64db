// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/liteio/<volume uuid>, and the name beside it.
 */
#include "agent/publish.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/names.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"

char *liteio_publish_path(const struct liteio_uuid *uuid)
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(uuid, text);
	return liteio_strf(LITEIO_PUBLISH_DIR "/%s", text);
}

/* "/dev/dm-7" as it looks from the directory of the links */
static char *relative(const char *device)
{
	return liteio_strf("..%s", device + strlen("/dev"));
}

/* what a link in the directory leads to; NULL when it is none */
static char *target_of(const char *path)
{
	char found[256];
	ssize_t len = readlink(path, found, sizeof(found) - 1);

	if (len < 0)
		return NULL;
	found[len] = '\0';
	return liteio_strdup(found);
}

static bool leads_to(const char *path, const char *target)
{
	_cleanup_free_ char *found = target_of(path);

	return found && strcmp(found, target) == 0;
}

static bool is_uuid(const char *name)
{
	struct liteio_uuid uuid;

	return liteio_uuid_parse(name, &uuid) == 0;
}

/* ---- names beside the uuids ---- */

/* as they were read once, and every one that was made since: a thousand are not read for each */
static struct {
	pthread_mutex_t lock;
	bool is_read;
	struct liteio_names names;
} known = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* no volume can have it: their names begin with a letter or a digit (liteio_name_check()) */
static char *half_made(const char *name)
{
	return liteio_strf(LITEIO_PUBLISH_DIR "/.%s.new", name);
}

static bool is_half_made(const char *name)
{
	size_t len = strlen(name);

	return name[0] == '.' && len > 4 && !strcmp(name + len - 4, ".new");
}

/* what an earlier agent has left, or one that was killed; nobody makes a link meanwhile */
static void read_names(void)
{
	char **names;
	size_t i, n = 0;
	int r;

	r = liteio_fs_list(LITEIO_PUBLISH_DIR, &names, &n, NULL);
	known.is_read = r == 0 || r == -ENOENT;
	if (r < 0)
		return;
	for (i = 0; i < n; i++) {
		_cleanup_free_ char *path = liteio_strf(LITEIO_PUBLISH_DIR "/%s", names[i]);
		_cleanup_free_ char *target = target_of(path);

		if (is_half_made(names[i]))
			(void)unlink(path);
		else if (!is_uuid(names[i]) && target)
			liteio_names_add(&known.names, names[i], target);
	}
	liteio_fs_names_free(names, n);
}

/* the names that lead there, but for one; @known is locked */
static void forget_names(const char *target, const char *but)
{
	char *name;

	while ((name = liteio_names_take(&known.names, target, but))) {
		_cleanup_free_ char *path = liteio_strf(LITEIO_PUBLISH_DIR "/%s", name);

		/* it may have been turned to another device since */
		if (leads_to(path, target))
			(void)unlink(path);
		free(name);
	}
}

/* what is there is known from here on; @known is locked */
static void know_names(void)
{
	if (!known.is_read)
		read_names();
}

void liteio_publish_start(void)
{
	liteio_guard(&known.lock);
	know_names();
}

/* ---- links ---- */

/* 0 or a negative errno: what is in the way is looked for only when something is */
static int make_link(const char *target, const char *path)
{
	int r = 0;

	if (!symlink(target, path))
		return 0;
	if (errno == ENOENT)
		r = liteio_fs_mkdir_p(LITEIO_PUBLISH_DIR, 0755, NULL);
	else if (errno != EEXIST || unlink(path))
		r = -errno;
	if (!r && symlink(target, path))
		r = -errno;
	return r;
}

/* at no moment is there none, when there was one; @known is locked */
static int set_link(const char *name, const char *target, struct liteio_error *err)
{
	_cleanup_free_ char *path = liteio_strf(LITEIO_PUBLISH_DIR "/%s", name),
			    *tmp = half_made(name);
	int r;

	if (leads_to(path, target))
		return 0;
	r = make_link(target, tmp);
	if (!r && !rename(tmp, path))
		return 0;
	r = r ? r : -errno;
	(void)unlink(tmp);
	return liteio_error_set(err, r, "%s: %s", path, liteio_error_str(NULL, r));
}

int liteio_publish_add(const struct liteio_uuid *uuid, const char *device,
		       struct liteio_error *err)
{
	_cleanup_free_ char *target = relative(device);
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(uuid, text);
	liteio_guard(&known.lock);
	know_names();
	return set_link(text, target, err);
}

int liteio_publish_name(const char *name, const char *device, struct liteio_error *err)
{
	_cleanup_free_ char *target = relative(device);
	int r;

	liteio_guard(&known.lock);
	know_names();
	forget_names(target, name);
	if (is_uuid(name))
		return 0;
	r = set_link(name, target, err);
	/* half of it may have been done */
	liteio_names_add(&known.names, name, target);
	return r;
}

int liteio_publish_is(const struct liteio_uuid *uuid, const char *device)
{
	_cleanup_free_ char *path = liteio_publish_path(uuid), *target = relative(device);

	return leads_to(path, target);
}

void liteio_publish_del(const struct liteio_uuid *uuid, const char *device)
{
	_cleanup_free_ char *path = liteio_publish_path(uuid), *target = target_of(path);
	_cleanup_free_ char *wanted = device ? relative(device) : NULL;

	if (!target || (wanted && strcmp(target, wanted) != 0))
		return;
	liteio_guard(&known.lock);
	know_names();
	forget_names(target, NULL);
	(void)unlink(path);
}
