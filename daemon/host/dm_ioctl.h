/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One ioctl of device-mapper, on a descriptor of our own; for the dm*.c files only.
 *
 * A library would give each of them 16 KiB, which it clears and the kernel copies: more than most
 * of them take otherwise.
 */
#ifndef LITEIO_HOST_DM_IOCTL_H
#define LITEIO_HOST_DM_IOCTL_H

#include <linux/dm-ioctl.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"

/* an answer of one target; those of several may need more */
#define LITEIO_DM_ROOM 1024u

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

/**
 * liteio_dm_call_begin() - what every command needs
 * @c: LITEIO_DM_CALL()
 * @name: of the device, or ""
 * @len: of what is behind the header
 *
 * Return: 0, or -ENODEV when no device can have that name.
 */
int liteio_dm_call_begin(struct liteio_dm_call *c, const char *name, size_t len);
/* what is behind the header: zeros at first, the answer's in the end */
void *liteio_dm_call_data(const struct liteio_dm_call *c);
/* let the kernel do it, once: 0 or a negative errno, -ENODEV when there is no such device */
int liteio_dm_call_run(struct liteio_dm_call *c, unsigned long command);
/*
 * A question that may be asked again, with more room for its answer, as often as it takes; @flags
 * are DM_*_FLAG. As both of the above, or -EOVERFLOW
 */
int liteio_dm_call_ask(struct liteio_dm_call *c, unsigned long command, const char *name,
		       unsigned int flags);

struct liteio_dm_info;
/* the device that the answer is of */
void liteio_dm_call_info(const struct liteio_dm_call *c, struct liteio_dm_info *ret);

#endif
