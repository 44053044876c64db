// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions and messages to device-mapper, and tables.
 */
#include "host/dm_ioctl.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
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

/* ---- changes -------------------------------------------------------------------------------- */

static struct {
	atomic_uint_fast64_t begun;
	atomic_uint_fast64_t ended;
} changes;

/* what has ended had begun before, so that is read first: none that is under way is missed */
uint64_t liteio_dm_changes(bool *ret_under_way)
{
	const uint64_t ended = atomic_load(&changes.ended), begun = atomic_load(&changes.begun);

	*ret_under_way = begun != ended;
	return begun;
}

int liteio_dm_changing(void)
{
	atomic_fetch_add(&changes.begun, 1);
	return 0;
}

void liteio_dm_changed(const int *c)
{
	atomic_fetch_add(&changes.ended, 1);
}

/* ---- calls ---------------------------------------------------------------------------------- */

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
	LITEIO_DM_CHANGE(change);
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

/* what a target takes: the next one begins where it ends */
static size_t spec_bytes(const struct liteio_dm_target *t)
{
	return (sizeof(struct dm_target_spec) + strlen(t->params) + 1 + 7) & ~(size_t)7;
}

static void fill_spec(struct dm_target_spec *spec, const struct liteio_dm_target *t)
{
	spec->sector_start = t->start;
	spec->length = t->sectors;
	spec->next = (uint32_t)spec_bytes(t);
	memcpy(spec->target_type, t->type, strlen(t->type) + 1);
	memcpy(spec + 1, t->params, strlen(t->params) + 1);
}

int liteio_dm_call_load(struct liteio_dm_call *c, const char *name,
			const struct liteio_dm_target *t, size_t n, unsigned int flags)
{
	LITEIO_DM_CHANGE(change);
	size_t room = sizeof(struct dm_ioctl);
	int r = begin(c, name, LITEIO_DM_ROOM);
	char *to;

	for (size_t i = 0; i < n && !r; i++) {
		room += spec_bytes(&t[i]);
		if (strlen(t[i].type) >= DM_MAX_TYPE_NAME)
			r = -EINVAL;
	}
	if (r)
		return r;
	if (room > LITEIO_DM_ROOM) {
		c->more = liteio_realloc(NULL, room, 1);
		c->io = c->more;
	}
	fill_header(c->io, name, room);
	c->io->flags = flags;
	c->io->target_count = (uint32_t)n;
	to = liteio_dm_call_data(c);
	for (size_t i = 0; i < n; i++) {
		fill_spec((void *)to, &t[i]);
		to += spec_bytes(&t[i]);
	}
	return run(c, DM_TABLE_LOAD);
}

int liteio_dm_call_suspend(struct liteio_dm_call *c, const char *name, unsigned int flags,
			   uint32_t udev)
{
	LITEIO_DM_CHANGE(change);
	int r = begin(c, name, LITEIO_DM_ROOM);

	if (r)
		return r;
	c->io->flags = flags;
	c->io->event_nr = udev;
	return run(c, DM_DEV_SUSPEND);
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
