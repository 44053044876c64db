// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device-mapper devices: made, changed, taken out. Who only looks does so in dm_look.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/dm.h"
#include "host/dm_ioctl.h"
#include "host/kmodule.h"

/* what udev's rules are told, in the upper half of the event number (libdevmapper.h) */
#define UDEV_SHIFT 16
#define UDEV_NO_SUBSYSTEM_RULES 0x02u
#define UDEV_NO_DISK_RULES 0x04u
#define UDEV_NO_OTHER_RULES 0x08u
/* nodes are the kernel's and udev's */
#define UDEV_NO_LIBRARY_FALLBACK 0x20u
/* it comes from whoever works on the device, and not from a rule */
#define UDEV_PRIMARY_SOURCE 0x40u

/* udev or a scanner may have a device open for a moment */
#define REMOVE_TRIES 25
#define REMOVE_WAIT_MS 200

int liteio_dm_init(struct liteio_error *err)
{
	LITEIO_DM_CALL(c);
	int r;

	if (!liteio_kmodule_is_loaded("dm_mod")) {
		r = liteio_kmodule_load("dm-mod", err);
		if (r)
			return liteio_error_wrap(err, r, "device-mapper");
	}
	/* opens the control node, for the life of the process */
	r = liteio_dm_call_ask(&c, DM_VERSION, "", 0);
	return r ? liteio_error_set(err, -ENODEV, "cannot talk to device-mapper: %s",
				    liteio_error_str(NULL, r)) :
		   0;
}

/* ---- commands ------------------------------------------------------------------------------- */

static void set_udev_flags(struct liteio_dm_call *c, unsigned int flags)
{
	uint32_t udev = UDEV_NO_LIBRARY_FALLBACK | UDEV_PRIMARY_SOURCE;

	if (flags & LITEIO_DM_INNER)
		udev |= UDEV_NO_SUBSYSTEM_RULES | UDEV_NO_DISK_RULES | UDEV_NO_OTHER_RULES;
	c->io->event_nr = udev << UDEV_SHIFT;
}

/* @r: of a command that was run, or could not be */
static int say(int r, const char *what, const char *name, struct liteio_error *err)
{
	if (!r)
		return 0;
	if (r == -ENODEV)
		return liteio_error_set(err, r, "cannot %s %s: there is no such device", what,
					name);
	return liteio_error_set(err, r, "cannot %s %s: %s", what, name, liteio_error_str(NULL, r));
}

/* run it: the answer has what the device is then, and nobody has to look at it */
static int run(struct liteio_dm_call *c, unsigned long command, const char *what, const char *name,
	       struct liteio_dm_info *ret, struct liteio_error *err)
{
	int r = say(liteio_dm_call_run(c, command), what, name, err);

	if (!r && ret)
		liteio_dm_call_info(c, ret);
	return r;
}

/* ---- tables --------------------------------------------------------------------------------- */

/* bytes of a line behind the header: the next one begins at a multiple of eight */
static size_t line_bytes(const struct liteio_dm_target *t)
{
	return (sizeof(struct dm_target_spec) + strlen(t->params) + 1 + 7) & ~(size_t)7;
}

static int load(const char *name, const struct liteio_dm_target *t, size_t n, unsigned int flags,
		struct liteio_dm_info *ret, struct liteio_error *err)
{
	LITEIO_DM_CALL(c);
	size_t len = 0;
	char *at;
	int r;

	for (size_t i = 0; i < n; i++)
		len += line_bytes(&t[i]);
	r = liteio_dm_call_begin(&c, name, len);
	if (r)
		return say(r, "load the table of", name, err);
	at = liteio_dm_call_data(&c);
	for (size_t i = 0; i < n; i++) {
		struct dm_target_spec *spec = (struct dm_target_spec *)(void *)at;

		spec->sector_start = t[i].start;
		spec->length = t[i].sectors;
		spec->next = (uint32_t)line_bytes(&t[i]);
		snprintf(spec->target_type, sizeof(spec->target_type), "%.*s",
			 DM_MAX_TYPE_NAME - 1, t[i].type);
		memcpy(spec + 1, t[i].params, strlen(t[i].params) + 1);
		at += spec->next;
	}
	c.io->target_count = (uint32_t)n;
	if (flags & LITEIO_DM_READ_ONLY)
		c.io->flags = DM_READONLY_FLAG;
	return run(&c, DM_TABLE_LOAD, "load the table of", name, ret, err);
}

int liteio_dm_load(const char *name, const struct liteio_dm_target *t, size_t n, unsigned int flags,
		   struct liteio_error *err)
{
	return load(name, t, n, flags, NULL, err);
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
	LITEIO_DM_CALL(c);
	int r = liteio_dm_call_begin(&c, name, 0);

	if (r)
		return say(r, "suspend", name, err);
	c.io->flags = DM_SUSPEND_FLAG;
	if (flags & LITEIO_DM_NOFLUSH)
		c.io->flags |= DM_NOFLUSH_FLAG;
	if (!(flags & LITEIO_DM_LOCKFS))
		c.io->flags |= DM_SKIP_LOCKFS_FLAG;
	return run(&c, DM_DEV_SUSPEND, "suspend", name, NULL, err);
}

static int resume(const char *name, unsigned int flags, struct liteio_dm_info *ret,
		  struct liteio_error *err)
{
	LITEIO_DM_CALL(c);
	int r = liteio_dm_call_begin(&c, name, 0);

	if (r)
		return say(r, "resume", name, err);
	set_udev_flags(&c, flags);
	return run(&c, DM_DEV_SUSPEND, "resume", name, ret, err);
}

int liteio_dm_resume(const char *name, unsigned int flags, struct liteio_error *err)
{
	return resume(name, flags, NULL, err);
}

static int create(const char *name, const char *uuid, struct liteio_dm_info *ret,
		  struct liteio_error *err)
{
	LITEIO_DM_CALL(c);
	int r = liteio_dm_call_begin(&c, name, 0);

	if (r || strlen(uuid) >= DM_UUID_LEN)
		return liteio_error_set(err, -EINVAL, "%s is no name, or %s no dm uuid", name,
					uuid);
	memcpy(c.io->uuid, uuid, strlen(uuid) + 1);
	return run(&c, DM_DEV_CREATE, "create", name, ret, err);
}

static int remove_once(const char *name, unsigned int flags)
{
	LITEIO_DM_CALL(c);
	int r = liteio_dm_call_begin(&c, name, 0);

	if (r)
		return r;
	c.io->flags = flags;
	set_udev_flags(&c, LITEIO_DM_INNER);
	return liteio_dm_call_run(&c, DM_DEV_REMOVE);
}

int liteio_dm_remove(const char *name, struct liteio_error *err)
{
	const struct timespec wait = { .tv_nsec = REMOVE_WAIT_MS * 1000000l };
	int r = remove_once(name, 0);

	/* nothing says that the last one has closed it */
	for (int i = 1; r == -EBUSY && i < REMOVE_TRIES; i++) {
		nanosleep(&wait, NULL);
		r = remove_once(name, 0);
	}
	return r == -ENODEV ? 0 : say(r, "remove", name, err);
}

int liteio_dm_remove_deferred(const char *name, struct liteio_error *err)
{
	int r = remove_once(name, DM_DEFERRED_REMOVE);

	return r == -ENODEV ? 0 : say(r, "remove", name, err);
}

/* make a device that exists run with this table; @i is what it is, before and after */
static int bring_up(const char *name, const struct liteio_dm_target *t, size_t n,
		    unsigned int flags, struct liteio_dm_info *i, struct liteio_error *err)
{
	struct liteio_dm_target *old _cleanup_free_ = NULL;
	unsigned int old_flags = flags & ~LITEIO_DM_READ_ONLY;
	bool read_only = flags & LITEIO_DM_READ_ONLY;
	struct liteio_dm_info was = *i;
	size_t n_old = 0;
	int r;

	if (was.live_table)
		(void)liteio_dm_table(name, &old, &n_old, NULL);
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
	struct liteio_dm_info i;
	bool is_new = false;
	int r;

	r = liteio_dm_info(name, &i, err);
	if (r == -ENODEV) {
		r = create(name, uuid, &i, err);
		is_new = !r;
		/* somebody else was faster: who shows a volume, and who loads it */
		if (r == -EBUSY)
			r = liteio_dm_info(name, &i, err);
	}
	if (r)
		return r;
	if (strcmp(i.uuid, uuid) != 0)
		return liteio_error_set(err, -EEXIST,
					"the device %s has the uuid \"%s\", not \"%s\"", name,
					i.uuid, uuid);
	r = bring_up(name, t, n, flags, &i, err);
	if (r) {
		if (is_new)
			liteio_dm_remove(name, NULL);
		return r;
	}
	if (ret)
		*ret = i;
	return 0;
}

/* ---- messages, what is below ---------------------------------------------------------------- */

int liteio_dm_message(const char *name, uint64_t sector, const char *message,
		      struct liteio_error *err)
{
	size_t len = strlen(message) + 1;
	struct dm_target_msg *m;
	LITEIO_DM_CALL(c);
	int r;

	r = liteio_dm_call_begin(&c, name, sizeof(*m) + len);
	if (r)
		return say(r, "send a message to", name, err);
	m = liteio_dm_call_data(&c);
	m->sector = sector;
	memcpy(m->message, message, len);
	r = run(&c, DM_TARGET_MSG, "send a message to", name, NULL, err);
	return r ? liteio_error_wrap(err, r, "\"%s\"", message) : 0;
}

int liteio_dm_deps(const char *name, dev_t **ret, size_t *ret_n, struct liteio_error *err)
{
	const struct dm_target_deps *deps;
	LITEIO_DM_CALL(c);
	dev_t *list;
	int r;

	r = say(liteio_dm_call_ask(&c, DM_TABLE_DEPS, name, 0), "look below", name, err);
	if (r)
		return r;
	deps = liteio_dm_call_data(&c);
	list = liteio_calloc(deps->count + 1, sizeof(*list));
	for (uint32_t i = 0; i < deps->count; i++)
		list[i] = (dev_t)deps->dev[i];
	*ret = list;
	*ret_n = deps->count;
	return 0;
}

bool liteio_dm_has_target(const char *type)
{
	const struct dm_target_versions *v;
	LITEIO_DM_CALL(c);

	if (liteio_dm_call_ask(&c, DM_LIST_VERSIONS, "", 0))
		return false;
	v = liteio_dm_call_data(&c);
	for (uint32_t next = 1; next;
	     next = v->next, v = (const void *)((const char *)v + next)) {
		if (!strcmp(v->name, type))
			return true;
	}
	return false;
}
