/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device-mapper devices (libdevmapper and, to look, ioctls below; their types stay in dm*.c).
 *
 * Device nodes are the kernel's own: /dev/dm-<minor>, made by devtmpfs before the ioctl returns.
 * The library makes none, and nothing here waits for udev: udevd, where it runs, adds its links
 * later. Flags passed with every ioctl tell its rules to leave inner devices alone.
 *
 * Context of all functions: worker threads, several at once. They block as long as the kernel does:
 * suspend, resume and messages wait for I/O.
 */
#ifndef LITEIO_HOST_DM_H
#define LITEIO_HOST_DM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/uuid.h"

struct liteio_error;

#define LITEIO_DM_NAME_MAX 127
#define LITEIO_DM_PATH_MAX 32
#define LITEIO_DM_UUID_PREFIX "LITEIO-"

/**
 * enum liteio_dm_role - what a device of ours is for; part of its name and uuid
 * @LITEIO_DM_POOL: thin pool, "liteio-pool-<pool uuid>"
 * @LITEIO_DM_TMETA: its metadata
 * @LITEIO_DM_TDATA: its data
 * @LITEIO_DM_THIN: one thin volume, "liteio-thin-<volume uuid>"
 * @LITEIO_DM_HEAD: "liteio-head-<volume uuid>-<generation>", on the pool node
 * @LITEIO_DM_REMOTE: "liteio-remote-<volume uuid>-<generation>", on the consumer node
 * @LITEIO_DM_LINEAR: one linear volume, "liteio-linear-<volume uuid>"
 * @LITEIO_DM_RPOOL: the reserve: a thin pool, "liteio-rpool-<pool uuid>"
 * @LITEIO_DM_RMETA: its metadata
 * @LITEIO_DM_RDATA: its data
 * @LITEIO_DM_TSPARE: where the metadata of a pool are repaired to, while that is done
 * @LITEIO_DM_RSPARE: likewise of a reserve
 * @LITEIO_DM_ROLE_NR: how many
 */
enum liteio_dm_role {
	LITEIO_DM_POOL,
	LITEIO_DM_TMETA,
	LITEIO_DM_TDATA,
	LITEIO_DM_THIN,
	LITEIO_DM_HEAD,
	LITEIO_DM_REMOTE,
	LITEIO_DM_LINEAR,
	LITEIO_DM_RPOOL,
	LITEIO_DM_RMETA,
	LITEIO_DM_RDATA,
	LITEIO_DM_TSPARE,
	LITEIO_DM_RSPARE,
	LITEIO_DM_ROLE_NR,
};

/* LITEIO_DM_INNER: nobody but us opens it: udev neither scans it nor makes links */
#define LITEIO_DM_INNER 1u
#define LITEIO_DM_READ_ONLY 2u

/**
 * struct liteio_dm_target - one line of a table
 * @start: in sectors of 512 bytes
 * @sectors: length
 * @enough: one that is there with so many sectors, and the same otherwise, stays; 0: @sectors only
 * @type: "linear", "thin", "liteio"
 * @params: the rest of the line
 */
struct liteio_dm_target {
	uint64_t start;
	uint64_t sectors;
	uint64_t enough;
	char type[32];
	char params[512];
};

struct liteio_dm_info {
	char name[LITEIO_DM_NAME_MAX + 1];
	char uuid[LITEIO_DM_NAME_MAX + 2];
	uint32_t major;
	uint32_t minor;
	int open_count;
	uint32_t event_nr;
	bool suspended;
	bool live_table;
	bool inactive_table;
	bool read_only;
};

/**
 * liteio_dm_init() - prepare the library and see that the kernel has device-mapper
 * @err: why not
 *
 * Once per process, before any other function here; loads dm-mod when it is missing.
 * Return: 0 or a negative errno.
 */
int liteio_dm_init(struct liteio_error *err);

/* name and uuid of a device of ours; @generation only for heads, else 0 */
void liteio_dm_name(enum liteio_dm_role role, const struct liteio_uuid *uuid, uint64_t generation,
		    char out[LITEIO_DM_NAME_MAX + 1]);
void liteio_dm_uuid(enum liteio_dm_role role, const struct liteio_uuid *uuid, uint64_t generation,
		    char out[LITEIO_DM_NAME_MAX + 1]);
/* the reverse, strict: 0, or -EINVAL when it is not a name of ours. Pure */
int liteio_dm_name_parse(const char *name, enum liteio_dm_role *ret_role,
			 struct liteio_uuid *ret_uuid, uint64_t *ret_generation);
/* "/dev/dm-7" */
void liteio_dm_path(const struct liteio_dm_info *info, char out[LITEIO_DM_PATH_MAX]);

/**
 * liteio_dm_ensure() - have a running device with exactly this table
 * @name: of the device
 * @uuid: its dm uuid
 * @t: the table
 * @n: targets in it
 * @flags: LITEIO_DM_INNER, LITEIO_DM_READ_ONLY
 * @ret: the device; may be NULL
 * @err: what failed
 *
 * Creates, or adopts what is there: a device left by an interrupted create gets its table, one with
 * another table is reloaded (suspended with flush, without freezing), a suspended one is resumed. A
 * device that this call created is removed again when a later step fails.
 * Return: 0, -EEXIST when the name belongs to another uuid, or another negative errno.
 */
int liteio_dm_ensure(const char *name, const char *uuid, const struct liteio_dm_target *t, size_t n,
		     unsigned int flags, struct liteio_dm_info *ret, struct liteio_error *err);
/**
 * liteio_dm_bring_up() - liteio_dm_ensure() for a device that has just been looked at
 * @name: of the device
 * @uuid: its dm uuid
 * @t: the table
 * @n: targets in it
 * @flags: LITEIO_DM_INNER, LITEIO_DM_READ_ONLY
 * @i: what liteio_dm_status_one() has said of it; becomes what it is then, without its uuid
 * @one: the line of its live table, as LITEIO_DM_TABLE gives it
 * @err: what failed
 *
 * Return: as liteio_dm_ensure(); -ENODEV when it has gone meanwhile.
 */
int liteio_dm_bring_up(const char *name, const char *uuid, const struct liteio_dm_target *t,
		       size_t n, unsigned int flags, struct liteio_dm_info *i,
		       const struct liteio_dm_target *one, struct liteio_error *err);
/* load a table into the inactive slot; takes effect with liteio_dm_resume() */
int liteio_dm_load(const char *name, const struct liteio_dm_target *t, size_t n,
		   unsigned int flags, struct liteio_error *err);

#define LITEIO_DM_NOFLUSH 1u /* do not wait for queued I/O of the layers below */
#define LITEIO_DM_LOCKFS 2u /* freeze the filesystem mounted on it, bring it to a clean state */
int liteio_dm_suspend(const char *name, unsigned int flags, struct liteio_error *err);
int liteio_dm_resume(const char *name, unsigned int flags, struct liteio_error *err);
/* remove; waits up to 5 s for a short-lived opener; -EBUSY when it stays open, 0 when not there */
int liteio_dm_remove(const char *name, struct liteio_error *err);
/*
 * the same of a device that has just been looked at: -EBUSY at once when another device stands on
 * it, which does not go within seconds
 */
int liteio_dm_remove_bare(const char *name, const struct liteio_dm_info *i,
			  struct liteio_error *err);
/* remove when the last opener closes it; I/O fails from now on where the target can be replaced */
int liteio_dm_remove_deferred(const char *name, struct liteio_error *err);
int liteio_dm_message(const char *name, uint64_t sector, const char *message,
		      struct liteio_error *err);

/*
 * How many changes this process has begun: devices that come or go, tables, suspends, resumes,
 * messages. @ret_under_way: not all of them had ended. Who finds the same number again, and nothing
 * was under way the first time, knows that it has changed nothing in between. Context: any thread
 */
uint64_t liteio_dm_changes(bool *ret_under_way);

/* -ENODEV when there is no such device */
int liteio_dm_info(const char *name, struct liteio_dm_info *ret, struct liteio_error *err);
bool liteio_dm_exists(const char *name);
/* live table, or the status of each target (no metadata commit: the noflush kind); new memory */
int liteio_dm_table(const char *name, struct liteio_dm_target **ret, size_t *ret_n,
		    struct liteio_error *err);
int liteio_dm_status(const char *name, struct liteio_dm_target **ret, size_t *ret_n,
		     struct liteio_error *err);

/* LITEIO_DM_COMMIT: a thin pool commits its metadata for it (dm-thin.c pool_status()); may wait */
#define LITEIO_DM_COMMIT 1u
/* LITEIO_DM_TABLE: of the live table, not the status */
#define LITEIO_DM_TABLE 2u
/* the line of a device with one target, type "" when it has none or several; info may be NULL */
int liteio_dm_status_one(const char *name, unsigned int flags, struct liteio_dm_info *ret_info,
			 struct liteio_dm_target *ret, struct liteio_error *err);
/* likewise the status of one of many, asked often: found by its number, when that is known */
int liteio_dm_status_often(const char *name, struct liteio_dm_info *ret_info,
			   struct liteio_dm_target *ret, struct liteio_error *err);
/* every device of ours (dm uuid prefix LITEIO-), with open counts; new memory */
int liteio_dm_list(struct liteio_dm_info **ret, size_t *ret_n, struct liteio_error *err);
/* @fn with the name of each of them; they are not looked at */
int liteio_dm_each(void (*fn)(void *arg, const char *name), void *arg, struct liteio_error *err);
/*
 * likewise of those whose name begins so, which is what the kernel is asked for (filter_device() in
 * drivers/md/dm-ioctl.c): among thousands that is cheap
 */
int liteio_dm_each_of(const char *prefix, void (*fn)(void *arg, const char *name), void *arg,
		      struct liteio_error *err);
/* devices directly below, as dev_t; new memory */
int liteio_dm_deps(const char *name, dev_t **ret, size_t *ret_n, struct liteio_error *err);
/* does the kernel have the target type? (loads no module; see kmodule.h) */
bool liteio_dm_has_target(const char *type);

/**
 * liteio_dm_events_open() - be told when any dm device has an event
 * @err: why not
 *
 * The descriptor is readable when an event happened since the last liteio_dm_events_arm(). The
 * order that loses nothing: arm, read status of all pools, wait for readable, arm, ...
 * Return: a descriptor owned by the caller (non-blocking), or a negative errno.
 */
int liteio_dm_events_open(struct liteio_error *err);
int liteio_dm_events_arm(int fd, struct liteio_error *err);

#endif
