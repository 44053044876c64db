// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stillness: the heads of volumes held still while their snapshots are taken.
 */
#include "agent/stillness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/head.h"
#include "host/mount.h"
#include "pool/step.h"

/* who writes meanwhile waits: not longer than a database forgives */
#define FREEZE_MS 10000

/* a head that nobody has open has nothing to hold still */
static bool is_wanted(const struct liteio_stillness *s, size_t i)
{
	const struct liteio_head_state *h = &s->heads[i];

	if (h->head.remote || h->dm.open_count <= 0)
		return false;
	for (size_t k = 0; k < s->n_uuids; k++)
		if (liteio_uuid_equal(&h->head.uuid, &s->uuids[k]))
			return true;
	return false;
}

/* no harm when it fails: the freeze does the same, and is what counts */
static void write_back(const char *device)
{
	char **targets;
	size_t i, n = 0;

	if (liteio_mount_users(device, &targets, &n, NULL) < 0)
		return;
	for (i = 0; i < n; i++) {
		_cleanup_close_ int fd = open(targets[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		if (fd >= 0)
			(void)!syncfs(fd);
	}
	liteio_fs_names_free(targets, n);
}

int liteio_stillness_find(struct liteio_stillness *s, const struct liteio_uuid *uuids, size_t n,
			  struct liteio_error *err)
{
	int r;

	*s = (struct liteio_stillness){ .uuids = uuids, .n_uuids = n };
	r = liteio_head_list(&s->heads, &s->n, err);
	if (r)
		return r;
	for (size_t i = 0; i < s->n; i++)
		if (is_wanted(s, i))
			write_back(s->heads[i].path);
	return 0;
}

void liteio_stillness_fini(struct liteio_stillness *s)
{
	free(s->heads);
	*s = (struct liteio_stillness){ 0 };
}

static void thaw(void *arg)
{
	struct liteio_stillness *s = arg;
	struct liteio_error err = LITEIO_ERROR_INIT;

	for (size_t i = 0; i < s->n_held; i++) {
		if (!is_wanted(s, i))
			continue;
		if (liteio_dm_resume(s->heads[i].dm.name, 0, &err) < 0)
			log_err(NULL, "%s stays suspended: %s", s->heads[i].dm.name, err.msg);
	}
	s->n_held = 0;
}

static int freeze(void *arg, struct liteio_error *err)
{
	struct liteio_stillness *s = arg;
	uint64_t deadline = liteio_now_ms() + FREEZE_MS;
	int r = 0;

	for (size_t i = 0; i < s->n && !r; i++) {
		if (is_wanted(s, i)) {
			r = liteio_dm_suspend(s->heads[i].dm.name, LITEIO_DM_LOCKFS, err);
			if (r)
				break;
			liteio_step("agent-snapshot:head-frozen");
		}
		s->n_held = i + 1;
		if (liteio_now_ms() > deadline)
			r = liteio_error_set(err, -ETIMEDOUT,
					     "holding still took longer than %d s",
					     FREEZE_MS / 1000);
	}
	if (r)
		thaw(s);
	else
		liteio_step("agent-snapshot:frozen");
	return r;
}

struct liteio_quiesce liteio_stillness_quiesce(struct liteio_stillness *s)
{
	return (struct liteio_quiesce){ freeze, thaw, s };
}
