// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device-mapper: devices come and go through libdevmapper, and get their tables by dm_ioctl.h; who
 * only looks does so in dm_look.c, and messages are in dm_message.c.
 *
 * The library keeps global state for device nodes (a list of pending mknods) that is not safe with
 * threads. All our tasks carry the flag that leaves nodes to the kernel and udev, so that this
 * state stays empty; what remains of it is written once, in liteio_dm_init(). Its log lines are
 * kept per thread: the last one of a failed task is the reason in our error.
 */
#include <errno.h>
#include <libdevmapper.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "host/dm.h"
#include "host/dm_ioctl.h"
#include "host/dm_number.h"
#include "host/kmodule.h"

static __thread char last_log[256];

static void dm_task_destroyp(struct dm_task **t)
{
	if (*t)
		dm_task_destroy(*t);
}

#define _cleanup_task_ _cleanup_(dm_task_destroyp)

__attribute__((format(printf, 5, 6)))
static void keep_log(int level, const char *file, int line, int dm_errno, const char *fmt, ...)
{
	va_list ap;

	/* 2 fatal, 3 error, 4 warning; bit 7 says stderr */
	if ((level & 0x07) > 4)
		return;
	va_start(ap, fmt);
	vsnprintf(last_log, sizeof(last_log), fmt, ap);
	va_end(ap);
}

int liteio_dm_init(struct liteio_error *err)
{
	char version[64];
	int r;

	dm_log_with_errno_init(keep_log);
	dm_udev_set_sync_support(0);
	dm_udev_set_checking(0);
	dm_hold_control_dev(1);
	dm_set_name_mangling_mode(DM_STRING_MANGLING_NONE);
	if (!liteio_kmodule_is_loaded("dm_mod")) {
		r = liteio_kmodule_load("dm-mod", err);
		if (r)
			return liteio_error_wrap(err, r, "device-mapper");
	}
	last_log[0] = '\0';
	/* opens the control node, for the life of the process */
	if (!dm_driver_version(version, sizeof(version)))
		return liteio_error_set(err, -ENODEV, "cannot talk to device-mapper: %s",
					last_log[0] ? last_log : "no /dev/mapper/control");
	return 0;
}

/* ---- tasks ---------------------------------------------------------------------------------- */

static struct dm_task *task_new(int type, const char *name)
{
	struct dm_task *t = dm_task_create(type);

	/* both fail only without memory */
	if (!t || (name && !dm_task_set_name(t, name)))
		abort();
	return t;
}

/* what udev's rules are told; see the head comment for the last flag */
static uint16_t udev_flags(unsigned int flags)
{
	uint16_t udev = DM_UDEV_DISABLE_LIBRARY_FALLBACK;

	if (flags & LITEIO_DM_INNER)
		udev |= DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG | DM_UDEV_DISABLE_DISK_RULES_FLAG |
			DM_UDEV_DISABLE_OTHER_RULES_FLAG;
	return udev;
}

static void set_udev_flags(struct dm_task *t, unsigned int flags)
{
	uint32_t cookie = 0;

	if (!dm_task_set_cookie(t, &cookie, udev_flags(flags)))
		abort();
}

/* @r: what it came to; @reason: NULL for what @r says. One code when the device is not there */
static int cannot(const char *what, const char *name, int r, const char *reason,
		  struct liteio_error *err)
{
	if (r == -ENODEV && !reason)
		reason = "there is no such device";
	return liteio_error_set(err, r, "cannot %s %s: %s", what, name,
				reason ? reason : liteio_error_str(NULL, r));
}

static int task_run(struct dm_task *t, const char *what, const char *name, struct liteio_error *err)
{
	int code;

	last_log[0] = '\0';
	if (dm_task_run(t))
		return 0;
	code = dm_task_get_errno(t);
	if (!code)
		code = EIO;
	if (code == ENXIO)
		return cannot(what, name, -ENODEV, NULL, err);
	return cannot(what, name, -code, last_log[0] ? last_log : NULL, err);
}

static void fill_info(struct dm_task *t, const struct dm_info *i, struct liteio_dm_info *ret)
{
	const char *name = dm_task_get_name(t), *uuid = dm_task_get_uuid(t);

	*ret = (struct liteio_dm_info){
		.major = i->major,
		.minor = i->minor,
		.open_count = i->open_count,
		.event_nr = i->event_nr,
		.suspended = i->suspended,
		.live_table = i->live_table,
		.inactive_table = i->inactive_table,
		.read_only = i->read_only,
	};
	snprintf(ret->name, sizeof(ret->name), "%s", name ? name : "");
	snprintf(ret->uuid, sizeof(ret->uuid), "%s", uuid ? uuid : "");
}

/* run it: the answer has what the device is then, and nobody has to look at it */
static int task_run_info(struct dm_task *t, const char *what, const char *name,
			 struct liteio_dm_info *ret, struct liteio_error *err)
{
	struct dm_info i;
	int r = task_run(t, what, name, err);

	if (r)
		return r;
	if (!dm_task_get_info(t, &i))
		return liteio_error_set(err, -EIO, "cannot look at %s", name);
	fill_info(t, &i, ret);
	return 0;
}

/* ---- tables --------------------------------------------------------------------------------- */

static int load(const char *name, const struct liteio_dm_target *t, size_t n, unsigned int flags,
		struct liteio_dm_info *ret, struct liteio_error *err)
{
	LITEIO_DM_CALL(c);
	int r = liteio_dm_call_load(&c, name, t, n,
				    flags & LITEIO_DM_READ_ONLY ? DM_READONLY_FLAG : 0);

	if (r)
		return cannot("load the table of", name, r,
			      r == -ENODEV ? "it is gone, or a device below it" : NULL, err);
	liteio_dm_call_info(&c, ret);
	return 0;
}

int liteio_dm_load(const char *name, const struct liteio_dm_target *t, size_t n, unsigned int flags,
		   struct liteio_error *err)
{
	struct liteio_dm_info ignored;

	return load(name, t, n, flags, &ignored, err);
}

static bool is_long_enough(const struct liteio_dm_target *live, const struct liteio_dm_target *t)
{
	return live->sectors == t->sectors || (t->enough && live->sectors >= t->enough);
}

static bool is_same(const struct liteio_dm_target *live, size_t n_live,
		    const struct liteio_dm_target *t, size_t n)
{
	if (n_live != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (live[i].start != t[i].start || !is_long_enough(&live[i], &t[i]) ||
		    strcmp(live[i].type, t[i].type) != 0 ||
		    strcmp(live[i].params, t[i].params) != 0)
			return false;
	}
	return true;
}

/* ---- suspend, resume, create, remove -------------------------------------------------------- */

int liteio_dm_suspend(const char *name, unsigned int flags, struct liteio_error *err)
{
	const unsigned int how = DM_SUSPEND_FLAG |
				 (flags & LITEIO_DM_NOFLUSH ? DM_NOFLUSH_FLAG : 0) |
				 (flags & LITEIO_DM_LOCKFS ? 0 : DM_SKIP_LOCKFS_FLAG);
	LITEIO_DM_CALL(c);
	int r = liteio_dm_call_suspend(&c, name, how, 0);

	return r ? cannot("suspend", name, r, NULL, err) : 0;
}

/*
 * One that is not suspended, and has another table to take, is suspended for a moment by the kernel
 * itself: with flush, and, as everywhere here, without freezing. That it is no event made up by
 * `udevadm trigger` udev's rules are told by the library otherwise, of each resume.
 */

static int resume(const char *name, unsigned int flags, struct liteio_dm_info *ret,
		  struct liteio_error *err)
{
	const uint32_t udev = (udev_flags(flags) | (uint32_t)DM_UDEV_PRIMARY_SOURCE_FLAG)
			      << DM_UDEV_FLAGS_SHIFT;
	LITEIO_DM_CALL(c);
	int r = liteio_dm_call_suspend(&c, name, DM_SKIP_LOCKFS_FLAG, udev);

	if (r)
		return cannot("resume", name, r, NULL, err);
	liteio_dm_call_info(&c, ret);
	return 0;
}

int liteio_dm_resume(const char *name, unsigned int flags, struct liteio_error *err)
{
	struct liteio_dm_info ignored;

	return resume(name, flags, &ignored, err);
}

static int create(const char *name, const char *uuid, unsigned int flags,
		  struct liteio_dm_info *ret, struct liteio_error *err)
{
	LITEIO_DM_CHANGE(change);
	struct dm_task *t _cleanup_task_ = task_new(DM_DEVICE_CREATE, name);

	if (!dm_task_set_uuid(t, uuid))
		return liteio_error_set(err, -EINVAL, "%s is no dm uuid", uuid);
	set_udev_flags(t, flags);
	return task_run_info(t, "create", name, ret, err);
}

int liteio_dm_remove(const char *name, struct liteio_error *err)
{
	LITEIO_DM_CHANGE(change);
	struct dm_task *t _cleanup_task_ = task_new(DM_DEVICE_REMOVE, name);
	int r;

	/* udev or a scanner may have it open for a moment: the library tries again for 5 s */
	dm_task_retry_remove(t);
	set_udev_flags(t, LITEIO_DM_INNER);
	r = task_run(t, "remove", name, err);
	/* its number may be given to another one from now on */
	liteio_dm_number_forget(name);
	return r == -ENODEV ? 0 : r;
}

int liteio_dm_remove_bare(const char *name, const struct liteio_dm_info *i,
			  struct liteio_error *err)
{
	char above[64];
	int r;

	if (i->open_count > 0 && liteio_block_holder(makedev(i->major, i->minor), 0, above))
		return liteio_error_set(err, -EBUSY, "%s is open: %s stands on it", name, above);
	r = liteio_dm_remove(name, err);
	return r == -EBUSY ? liteio_error_set(err, r, "%s is open", name) : r;
}

int liteio_dm_remove_deferred(const char *name, struct liteio_error *err)
{
	LITEIO_DM_CHANGE(change);
	struct dm_task *t _cleanup_task_ = task_new(DM_DEVICE_REMOVE, name);
	int r;

	dm_task_deferred_remove(t);
	set_udev_flags(t, LITEIO_DM_INNER);
	r = task_run(t, "remove", name, err);
	liteio_dm_number_forget(name);
	return r == -ENODEV ? 0 : r;
}

static int check_uuid(const char *name, const char *uuid, const struct liteio_dm_info *i,
		      struct liteio_error *err)
{
	if (!strcmp(i->uuid, uuid))
		return 0;
	return liteio_error_set(err, -EEXIST, "the device %s has the uuid \"%s\", not \"%s\"", name,
				i->uuid, uuid);
}

int liteio_dm_bring_up(const char *name, const char *uuid, const struct liteio_dm_target *t,
		       size_t n, unsigned int flags, struct liteio_dm_info *i,
		       const struct liteio_dm_target *one, struct liteio_error *err)
{
	struct liteio_dm_target *many _cleanup_free_ = NULL;
	const struct liteio_dm_target *old = one->type[0] ? one : NULL;
	unsigned int old_flags = flags & ~LITEIO_DM_READ_ONLY;
	bool read_only = flags & LITEIO_DM_READ_ONLY;
	struct liteio_dm_info was = *i;
	size_t n_old = old ? 1 : 0;
	int r = check_uuid(name, uuid, i, err);

	if (r)
		return r;
	if (was.live_table && !old && !liteio_dm_table(name, &many, &n_old, NULL))
		old = many;
	if (old && !was.inactive_table && was.read_only == read_only && is_same(old, n_old, t, n))
		return was.suspended ? resume(name, flags, i, err) : 0;
	r = load(name, t, n, flags, i, err);
	if (r)
		return r;
	/* without an opener there is no I/O to hold still, and resume swaps the table by itself */
	if (was.live_table && !was.suspended && was.open_count > 0) {
		r = liteio_dm_suspend(name, 0, err);
		if (r)
			return r;
	}
	r = resume(name, flags, i, err);
	/* the target would not take the new table: whoever has it open goes on with the old */
	if (was.read_only)
		old_flags |= LITEIO_DM_READ_ONLY;
	if (r && n_old && !liteio_dm_load(name, old, n_old, old_flags, NULL))
		(void)liteio_dm_resume(name, old_flags, NULL);
	return r;
}

int liteio_dm_ensure(const char *name, const char *uuid, const struct liteio_dm_target *t, size_t n,
		     unsigned int flags, struct liteio_dm_info *ret, struct liteio_error *err)
{
	struct liteio_dm_target one = { 0 };
	struct liteio_dm_info i;
	bool is_new = false;
	int r;

	r = liteio_dm_status_one(name, LITEIO_DM_TABLE, &i, &one, err);
	if (r == -ENODEV) {
		r = create(name, uuid, flags, &i, err);
		is_new = !r;
		/* somebody else was faster: who shows a volume, and who loads it */
		if (r == -EBUSY)
			r = liteio_dm_status_one(name, LITEIO_DM_TABLE, &i, &one, err);
	}
	if (r)
		return r;
	r = liteio_dm_bring_up(name, uuid, t, n, flags, &i, &one, err);
	if (r) {
		if (is_new)
			liteio_dm_remove(name, NULL);
		return r;
	}
	if (ret)
		*ret = i;
	return 0;
}

/* ---- what is below, and what there is ------------------------------------------------------- */

int liteio_dm_deps(const char *name, dev_t **ret, size_t *ret_n, struct liteio_error *err)
{
	struct dm_task *t _cleanup_task_ = task_new(DM_DEVICE_DEPS, name);
	struct dm_deps *deps;
	dev_t *list;
	int r;

	r = task_run(t, "look below", name, err);
	if (r)
		return r;
	deps = dm_task_get_deps(t);
	if (!deps)
		return liteio_error_set(err, -EIO, "cannot look below %s", name);
	list = liteio_calloc(deps->count + 1, sizeof(*list));
	for (uint32_t i = 0; i < deps->count; i++)
		list[i] = (dev_t)deps->device[i];
	*ret = list;
	*ret_n = deps->count;
	return 0;
}

bool liteio_dm_has_target(const char *type)
{
	struct dm_task *t _cleanup_task_ = task_new(DM_DEVICE_LIST_VERSIONS, NULL);
	struct dm_versions *v;

	if (task_run(t, "list", "targets", NULL))
		return false;
	v = dm_task_get_versions(t);
	if (!v)
		return false;
	for (unsigned int next = 1; next;
	     next = v->next, v = (struct dm_versions *)((char *)v + next)) {
		if (!strcmp(v->name, type))
			return true;
	}
	return false;
}
