/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nodecost and nodecost-floor share: asking device-mapper by its own ioctls.
 */
#ifndef LITEIO_TESTS_NODECOST_H
#define LITEIO_TESTS_NODECOST_H

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tool.h"

/* a question about @name in a buffer of so many bytes */
static inline void dm_prepare(struct dm_ioctl *dm, size_t room, const char *name)
{
	memset(dm, 0, sizeof(*dm));
	dm->version[0] = DM_VERSION_MAJOR;
	dm->data_size = (uint32_t)room;
	dm->data_start = sizeof(*dm);
	snprintf(dm->name, sizeof(dm->name), "%s", name);
}

/* asked, or the end; @what is tried */
static inline void dm_ask(struct dm_ioctl *dm, unsigned long command, const char *what)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, command, dm))
		die("%s %s: %s", what, dm->name, strerror(errno));
}

/* to a thin pool */
static inline void __attribute__((format(printf, 2, 3))) dm_message(const char *name,
								    const char *format, ...)
{
	struct {
		struct dm_ioctl io;
		struct dm_target_msg msg;
		char text[128];
	} ask;
	va_list ap;

	dm_prepare(&ask.io, sizeof(ask), name);
	ask.msg.sector = 0;
	va_start(ap, format);
	vsnprintf(ask.text, sizeof(ask.text), format, ap);
	va_end(ap);
	dm_ask(&ask.io, DM_TARGET_MSG, "message");
}

static inline void dm_remove(const char *name)
{
	struct dm_ioctl dm;

	dm_prepare(&dm, sizeof(dm), name);
	dm_ask(&dm, DM_DEV_REMOVE, "remove");
}

#endif
