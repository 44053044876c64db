// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions and messages to device-mapper.
 */
#include "host/dm_ioctl.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "host/dm.h"

#define CONTROL "/dev/" DM_DIR "/" DM_CONTROL_NODE
#define ROOM_MAX (4u << 20)

/* opened once; as long as that fails, device-mapper may not be loaded yet */
static int control(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static int fd = -1;

	liteio_guard(&lock);
	if (fd < 0)
		fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void liteio_dm_call_fini(struct liteio_dm_call *c)
{
	free(c->more);
}

/* all of it, though the kernel fills in what is read: valgrind does not know how far */
static void fill_header(struct dm_ioctl *io, const char *name, size_t room)
{
	memset(io, 0, room);
	io->version[0] = DM_VERSION_MAJOR;
	io->data_size = (uint32_t)room;
	io->data_start = sizeof(*io);
	memcpy(io->name, name, strlen(name) + 1);
}

static int begin(struct liteio_dm_call *c, const char *name, size_t room)
{
	c->more = NULL;
	c->io = &c->here.io;
	/* no device can have that name */
	if (strlen(name) >= DM_NAME_LEN)
		return -ENODEV;
	fill_header(c->io, name, room);
	return 0;
}

void *liteio_dm_call_data(const struct liteio_dm_call *c)
{
	return (char *)c->io + c->io->data_start;
}

static int run(struct liteio_dm_call *c, unsigned long command)
{
	int fd = control();

	if (fd < 0)
		return fd;
	if (!ioctl(fd, command, c->io))
		return 0;
	return errno == ENXIO ? -ENODEV : -errno;
}

/* what was begun with so much room; @dev: instead of the name, which is empty then */
static int ask(struct liteio_dm_call *c, unsigned long command, const char *name, dev_t dev,
	       size_t room, unsigned int flags)
{
	int r = 0;

	while (!r) {
		c->io->dev = dev;
		c->io->flags = flags;
		r = run(c, command);
		if (!r && !(c->io->flags & DM_BUFFER_FULL_FLAG))
			return 0;
		if (!r && room >= ROOM_MAX)
			return -EOVERFLOW;
		if (!r) {
			room *= 4;
			c->more = liteio_realloc(c->more, room, 1);
			c->io = c->more;
		} else if (r == -EINTR) {
			r = 0;
		}
		fill_header(c->io, name, room);
	}
	return r;
}

int liteio_dm_call_ask(struct liteio_dm_call *c, unsigned long command, const char *name,
		       unsigned int flags)
{
	int r = begin(c, name, LITEIO_DM_ROOM);

	return r ? r : ask(c, command, name, 0, LITEIO_DM_ROOM, flags);
}

int liteio_dm_call_ask_at(struct liteio_dm_call *c, unsigned long command, dev_t dev,
			  unsigned int flags)
{
	int r = begin(c, "", LITEIO_DM_ROOM_SMALL);

	return r ? r : ask(c, command, "", dev, LITEIO_DM_ROOM_SMALL, flags);
}

/* once: what was begun is not told twice */
int liteio_dm_call_message(struct liteio_dm_call *c, const char *name, uint64_t sector,
			   const char *message)
{
	size_t len = strlen(message) + 1;
	struct dm_target_msg *m;
	int r = begin(c, name, LITEIO_DM_ROOM);

	if (r)
		return r;
	m = liteio_dm_call_data(c);
	if (sizeof(*c->io) + sizeof(*m) + len > LITEIO_DM_ROOM)
		return -E2BIG;
	m->sector = sector;
	memcpy(m->message, message, len);
	return run(c, DM_TARGET_MSG);
}

void liteio_dm_call_info(const struct liteio_dm_call *c, struct liteio_dm_info *ret)
{
	const struct dm_ioctl *io = c->io;

	*ret = (struct liteio_dm_info){
		.major = major(io->dev),
		.minor = minor(io->dev),
		.open_count = io->open_count,
		.event_nr = io->event_nr,
		.suspended = io->flags & DM_SUSPEND_FLAG,
		.live_table = io->flags & DM_ACTIVE_PRESENT_FLAG,
		.inactive_table = io->flags & DM_INACTIVE_PRESENT_FLAG,
		.read_only = io->flags & DM_READONLY_FLAG,
	};
	memcpy(ret->name, io->name, strnlen(io->name, sizeof(ret->name) - 1));
	memcpy(ret->uuid, io->uuid, strnlen(io->uuid, sizeof(ret->uuid) - 1));
}
