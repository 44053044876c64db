// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Letting go of a remote volume without ever hanging.
 *
 * While a path is alive the head goes first: nothing is lost, and what is open stays. While no path
 * is alive, or by force, the controllers go first: I/O that waits for the path gets its error,
 * which sets free whoever hangs on it, and then the head can go.
 */
#include "agent/release.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agent/gate.h"
#include "agent/publish.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/loop.h"
#include "host/head.h"
#include "host/mount.h"
#include "host/netlink.h"
#include "host/nvme.h"
#include "pool/step.h"

/* together less than TimeoutStopSec= of liteio-release.service */
#define UNMOUNT_MS 120000
#define MOUNTS_LOOK_MS 200
/* as long as liteio_dm_remove() tries when udevd looks at a device */
#define CLOSED_MS 5000

static bool has_live_path(const struct liteio_uuid *uuid, uint64_t generation)
{
	_cleanup_free_ struct liteio_nvme_ctrl *ctrls = NULL;
	size_t i, n = 0;

	if (liteio_nvme_list(&ctrls, &n, NULL) < 0)
		return false;
	for (i = 0; i < n; i++)
		if (ctrls[i].generation == generation && liteio_uuid_equal(&ctrls[i].uuid, uuid) &&
		    strcmp(ctrls[i].state, "live") == 0)
			return true;
	return false;
}

/* until something is mounted or unmounted, or a while has passed: a process ends untold */
static void wait_for_mounts(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };

	poll(&p, 1, MOUNTS_LOOK_MS);
}

bool liteio_release_is_closed(struct liteio_head_state *io)
{
	uint64_t deadline = liteio_now_ms() + CLOSED_MS;
	_cleanup_close_ int fd = -1;
	struct liteio_head_state now;

	while (io->dm.open_count > 0) {
		if (fd < 0)
			fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
		if (fd < 0 || liteio_now_ms() >= deadline)
			return false;
		wait_for_mounts(fd);
		if (liteio_head_get(&io->head.uuid, io->head.generation, io->head.remote, &now,
				    NULL) < 0)
			return false;
		*io = now;
	}
	return true;
}

/* the head is still open: its I/O fails from now on, and it goes with its last opener */
static int leave_dead(const struct liteio_uuid *uuid, uint64_t generation,
		      struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	int r;

	r = liteio_head_fail(uuid, generation, true, err);
	if (r)
		return r;
	liteio_dm_name(LITEIO_DM_REMOTE, uuid, generation, name);
	return liteio_dm_remove_deferred(name, err);
}

static int forget_gate(const struct liteio_uuid *uuid, uint64_t generation,
		       struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	int r;

	r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	r = liteio_gate_detach(nl, uuid, generation, true, err);
	/* a head that waits for its last opener may still be bound */
	return r == -EBUSY ? 0 : r;
}

int liteio_release_remote(const struct liteio_uuid *uuid, uint64_t generation, bool force,
			  uint64_t timeout_ms, struct liteio_error *err)
{
	struct liteio_head_state head;
	bool exists;
	int r;

	r = liteio_head_get(uuid, generation, true, &head, err);
	if (r < 0 && r != -ENODEV)
		return r;
	exists = r == 0;
	if (exists && !force && !liteio_release_is_closed(&head))
		return liteio_error_set(err, -EBUSY, "%s is in use", head.path);
	if (exists) {
		liteio_publish_del(uuid, head.path);
		liteio_step("agent-release:unpublished");
	}
	if (exists && !force && has_live_path(uuid, generation)) {
		r = liteio_head_remove(uuid, generation, true, err);
		if (r)
			return r;
		liteio_step("agent-release:head");
		exists = false;
	}
	r = liteio_nvme_disconnect(uuid, generation, timeout_ms, err);
	if (r)
		return r;
	liteio_step("agent-release:disconnected");
	if (exists) {
		r = liteio_head_remove(uuid, generation, true, err);
		if (r == -EBUSY)
			r = leave_dead(uuid, generation, err);
		if (r)
			return r;
	}
	return forget_gate(uuid, generation, err);
}

/* ---- at shutdown ---- */

/*
 * in a child, for the path may die under it: 0, -EBUSY, -ETIMEDOUT when it hangs, or -EINTR when
 * nobody knows
 */
static int unmount_one(const char *target, uint64_t timeout_ms, struct liteio_error *err)
{
	const char *const argv[] = { "umount", target, NULL };
	struct liteio_child_result result = { 0 };
	int r;

	r = liteio_child_run(argv, timeout_ms, &result, err);
	if (r == 0)
		r = liteio_child_check_signal("umount", &result, err);
	if (r == 0 && result.status != 0)
		r = liteio_error_set(err, -EBUSY, "%s", result.output ? result.output : "umount");
	free(result.output);
	return r;
}

static int unmount_users(const char *device, uint64_t deadline, struct liteio_error *err)
{
	char **targets;
	uint64_t now;
	size_t i, n = 0;
	int r, first = 0;

	r = liteio_mount_users(device, &targets, &n, err);
	if (r)
		return r;
	/* what was mounted last may lie on what was mounted before */
	for (i = n; i > 0 && first != -ETIMEDOUT; i--) {
		now = liteio_now_ms();
		r = unmount_one(targets[i - 1], deadline > now ? deadline - now : 1, err);
		if (r)
			first = r;
	}
	liteio_fs_names_free(targets, n);
	return first;
}

/*
 * What is mounted on a remote head is written back and unmounted while its path is alive. Whoever
 * uses it is being ended by the same shutdown, beside us: they get time for their last words.
 */
static void unmount(const struct liteio_uuid *uuid, uint64_t generation, uint64_t deadline)
{
	_cleanup_close_ int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_head_state head;
	int r = 0;

	if (fd < 0 || liteio_head_get(uuid, generation, true, &head, NULL) < 0)
		return;
	while (has_live_path(uuid, generation)) {
		r = unmount_users(head.path, deadline, &err);
		if ((r != -EBUSY && r != -EINTR) || liteio_now_ms() >= deadline)
			break;
		wait_for_mounts(fd);
	}
	if (r)
		log_err(NULL, "%s stays mounted: %s", head.path, liteio_error_str(&err, r));
}

unsigned int liteio_release_all(void)
{
	uint64_t deadline = liteio_now_ms() + UNMOUNT_MS;
	_cleanup_free_ struct liteio_nvme_ctrl *ctrls = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	unsigned int failed = 0;
	size_t i, n = 0;
	int r;

	r = liteio_nvme_list(&ctrls, &n, &err);
	if (r < 0) {
		log_err(NULL, "%s", liteio_error_str(&err, r));
		return 1;
	}
	for (i = 0; i < n; i++)
		unmount(&ctrls[i].uuid, ctrls[i].generation, deadline);
	for (i = 0; i < n; i++) {
		r = liteio_release_remote(&ctrls[i].uuid, ctrls[i].generation, true, 10000, &err);
		if (r == 0)
			continue;
		failed++;
		log_err(NULL, "%s: %s", ctrls[i].name, liteio_error_str(&err, r));
	}
	return failed;
}
