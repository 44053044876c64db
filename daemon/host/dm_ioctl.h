/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question or a message to device-mapper, or another table for a device, by ioctl on a descriptor
 * of our own; for dm*.c only.
 *
 * It is what is done most often, for every volume of a list: the library would give each of these
 * calls 16 KiB, which it clears and the kernel copies, more than most of them take otherwise.
 */
#ifndef LITEIO_HOST_DM_IOCTL_H
#define LITEIO_HOST_DM_IOCTL_H

#include <linux/dm-ioctl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "base/cleanup.h"

/* an answer of one target; those of several may need more */
#define LITEIO_DM_ROOM 1024u
/* an answer of one target that says little; the kernel clears and copies as much as it is given */
#define LITEIO_DM_ROOM_SMALL 512u

/**
 * struct liteio_dm_call - a question and its answer
 * @io: both
 * @more: where they are when @here has no room for them
 * @here: where they are otherwise
 */
struct liteio_dm_call {
	struct dm_ioctl *io;
	void *more;
	union {
		struct dm_ioctl io;
		char bytes[LITEIO_DM_ROOM];
	} here;
};

void liteio_dm_call_fini(struct liteio_dm_call *c);
/* nothing is cleared that need not be: the next one of this is begun, or asked, before all else */
#define LITEIO_DM_CALL(c) struct liteio_dm_call c _cleanup_(liteio_dm_call_fini)

/*
 * While it is in scope this process changes something in device-mapper, see liteio_dm_changes()
 */
#define LITEIO_DM_CHANGE(c) const int c _cleanup_(liteio_dm_changed) = liteio_dm_changing()
int liteio_dm_changing(void);
void liteio_dm_changed(const int *c);

/* what is behind the header of an answer */
void *liteio_dm_call_data(const struct liteio_dm_call *c);
/**
 * liteio_dm_call_ask() - ask, with more room for the answer as often as it takes
 * @c: LITEIO_DM_CALL()
 * @command: the ioctl
 * @name: of the device, or ""
 * @flags: DM_*_FLAG
 *
 * Return: 0, -ENODEV when there is no such device, -EOVERFLOW, or another negative errno.
 */
int liteio_dm_call_ask(struct liteio_dm_call *c, unsigned long command, const char *name,
		       unsigned int flags);
/*
 * Likewise of a device by its number, whose answer is short: the kernel finds it sooner than by a
 * name, which it compares with those of ten others among a thousand. Whose number it is by now the
 * answer says.
 */
int liteio_dm_call_ask_at(struct liteio_dm_call *c, unsigned long command, dev_t dev,
			  unsigned int flags);

/**
 * liteio_dm_call_message() - tell the target at a sector of a device something
 * @c: LITEIO_DM_CALL()
 * @name: of the device
 * @sector: where the target is
 * @message: at most half of LITEIO_DM_ROOM long
 *
 * Return: 0, -ENODEV when there is no such device, -E2BIG, or what the target says.
 */
int liteio_dm_call_message(struct liteio_dm_call *c, const char *name, uint64_t sector,
			   const char *message);

struct liteio_dm_target;
/**
 * liteio_dm_call_load() - give a device another table, for when it is resumed
 * @c: LITEIO_DM_CALL()
 * @name: of the device
 * @t: the table
 * @n: targets in it
 * @flags: DM_READONLY_FLAG, or 0
 *
 * Return: 0, -ENODEV when there is no such device, -EINVAL, or what a target says.
 */
int liteio_dm_call_load(struct liteio_dm_call *c, const char *name,
			const struct liteio_dm_target *t, size_t n, unsigned int flags);

/**
 * liteio_dm_call_suspend() - suspend a device, or resume it
 * @c: LITEIO_DM_CALL()
 * @name: of the device
 * @flags: DM_SUSPEND_FLAG or it is resumed; DM_NOFLUSH_FLAG, DM_SKIP_LOCKFS_FLAG
 * @udev: what its rules are told of a resume
 *
 * Return: 0, -ENODEV when there is no such device, or another negative errno.
 */
int liteio_dm_call_suspend(struct liteio_dm_call *c, const char *name, unsigned int flags,
			   uint32_t udev);

struct liteio_dm_info;
/* the device that the answer is of */
void liteio_dm_call_info(const struct liteio_dm_call *c, struct liteio_dm_info *ret);

#endif
