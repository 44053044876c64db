// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of device-mapper, by poll() on a descriptor of our own: arming is per open file, and the
 * library keeps its one to itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "host/dm.h"

#define CONTROL "/dev/" DM_DIR "/" DM_CONTROL_NODE

int liteio_dm_events_open(struct liteio_error *err)
{
	int fd = open(CONTROL, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return liteio_error_set(err, errno, "cannot open %s: %s", CONTROL,
					liteio_error_str(NULL, -errno));
	return fd;
}

int liteio_dm_events_arm(int fd, struct liteio_error *err)
{
	struct dm_ioctl io = {
		.version = { DM_VERSION_MAJOR, 0, 0 },
		.data_size = sizeof(io),
	};

	if (ioctl(fd, DM_DEV_ARM_POLL, &io))
		return liteio_error_set(err, errno, "cannot wait for device-mapper events: %s",
					liteio_error_str(NULL, -errno));
	return 0;
}
