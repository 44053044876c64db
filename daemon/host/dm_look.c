// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at device-mapper devices, by ioctl on a descriptor of our own. It is what is done most
 * often, for every volume of a list: the library would give each of these calls 16 KiB, which it
 * clears, and the kernel clears and copies.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/dm.h"

#define CONTROL "/dev/" DM_DIR "/" DM_CONTROL_NODE

/* an answer of one target; those of several may need more */
#define ROOM 1024u
#define ROOM_MAX (4u << 20)

/* a question and its answer; more than @here has room for is in new memory */
struct question {
	struct dm_ioctl *io;
	void *more;
	union {
		struct dm_ioctl io;
		char bytes[ROOM];
	} here;
};

static void question_fini(struct question *q)
{
	free(q->more);
}

#define _cleanup_question_ _cleanup_(question_fini)

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

static int ask_once(struct question *q, unsigned long command, const char *name,
		    unsigned int flags, size_t room)
{
	int fd = control(), r;

	if (fd < 0)
		return fd;
	memset(q->io, 0, sizeof(*q->io));
	q->io->version[0] = DM_VERSION_MAJOR;
	q->io->data_size = (uint32_t)room;
	q->io->data_start = sizeof(*q->io);
	q->io->flags = flags;
	/* who asks has seen that it fits */
	memcpy(q->io->name, name, strlen(name) + 1);
	do {
		r = ioctl(fd, command, q->io);
	} while (r && errno == EINTR);
	return r ? -errno : 0;
}

/* -ENODEV, and no sentence, when there is no such device */
static int ask(struct question *q, unsigned long command, const char *name, unsigned int flags,
	       struct liteio_error *err)
{
	size_t room = ROOM;
	int r;

	q->io = &q->here.io;
	q->more = NULL;
	if (strlen(name) >= DM_NAME_LEN)
		return -ENODEV;
	while (!(r = ask_once(q, command, name, flags, room)) &&
	       q->io->flags & DM_BUFFER_FULL_FLAG && room < ROOM_MAX) {
		room *= 4;
		q->more = liteio_realloc(q->more, room, 1);
		q->io = q->more;
	}
	if (r == -ENXIO)
		return -ENODEV;
	if (!r && q->io->flags & DM_BUFFER_FULL_FLAG)
		r = -EOVERFLOW;
	return r ? liteio_error_set(err, r, "cannot look at %s: %s", name,
				    liteio_error_str(NULL, r)) :
		   0;
}

static int no_device(const char *name, struct liteio_error *err)
{
	return liteio_error_set(err, -ENODEV, "there is no device %s", name);
}

static void fill_info(const struct dm_ioctl *io, struct liteio_dm_info *ret)
{
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

int liteio_dm_info(const char *name, struct liteio_dm_info *ret, struct liteio_error *err)
{
	struct question q _cleanup_question_;
	int r = ask(&q, DM_DEV_STATUS, name, 0, err);

	if (r)
		return r == -ENODEV ? no_device(name, err) : r;
	fill_info(q.io, ret);
	return 0;
}

bool liteio_dm_exists(const char *name)
{
	struct liteio_dm_info i;

	return liteio_dm_info(name, &i, NULL) == 0;
}

/* ---- tables and statuses -------------------------------------------------------------------- */

static void fill_target(const struct dm_target_spec *spec, struct liteio_dm_target *ret)
{
	const char *params = (const char *)(spec + 1);
	size_t len = strnlen(params, sizeof(ret->params) - 1);

	/* the kernel ends some lines with a blank */
	while (len && params[len - 1] == ' ')
		len--;
	ret->start = spec->sector_start;
	ret->sectors = spec->length;
	memcpy(ret->type, spec->target_type, sizeof(spec->target_type));
	ret->type[sizeof(spec->target_type)] = '\0';
	memcpy(ret->params, params, len);
	ret->params[len] = '\0';
}

/* as many as there are; @ret has room for them */
static void fill_targets(const struct dm_ioctl *io, struct liteio_dm_target *ret)
{
	const char *first = (const char *)io + io->data_start;
	uint32_t next = 0;

	for (uint32_t i = 0; i < io->target_count; i++) {
		const struct dm_target_spec *spec = (const void *)(first + next);

		fill_target(spec, &ret[i]);
		next = spec->next;
	}
}

static int get_targets(const char *name, unsigned int flags, struct liteio_dm_target **ret,
		       size_t *ret_n, struct liteio_error *err)
{
	struct question q _cleanup_question_;
	int r = ask(&q, DM_TABLE_STATUS, name, flags, err);

	if (r)
		return r == -ENODEV ? no_device(name, err) : r;
	*ret = liteio_calloc(q.io->target_count, sizeof(**ret));
	*ret_n = q.io->target_count;
	fill_targets(q.io, *ret);
	return 0;
}

int liteio_dm_table(const char *name, struct liteio_dm_target **ret, size_t *ret_n,
		    struct liteio_error *err)
{
	return get_targets(name, DM_STATUS_TABLE_FLAG | DM_NOFLUSH_FLAG, ret, ret_n, err);
}

int liteio_dm_status(const char *name, struct liteio_dm_target **ret, size_t *ret_n,
		     struct liteio_error *err)
{
	return get_targets(name, DM_NOFLUSH_FLAG, ret, ret_n, err);
}

int liteio_dm_status_one(const char *name, unsigned int flags, struct liteio_dm_info *ret_info,
			 struct liteio_dm_target *ret, struct liteio_error *err)
{
	struct question q _cleanup_question_;
	int r = ask(&q, DM_TABLE_STATUS, name, flags & LITEIO_DM_COMMIT ? 0 : DM_NOFLUSH_FLAG, err);

	if (r)
		return r == -ENODEV ? no_device(name, err) : r;
	ret->type[0] = '\0';
	if (q.io->target_count == 1)
		fill_targets(q.io, ret);
	if (ret_info)
		fill_info(q.io, ret_info);
	return 0;
}

/* ---- lists ---------------------------------------------------------------------------------- */

int liteio_dm_list(struct liteio_dm_info **ret, size_t *ret_n, struct liteio_error *err)
{
	return liteio_dm_list_of("", ret, ret_n, err);
}

/* what the kernel writes behind a name when it is asked to; a device of ours has a uuid */
static bool is_ours(const struct dm_name_list *d)
{
	const char *end = d->name + strlen(d->name) + 1;
	const uint32_t *behind = (const uint32_t *)(((uintptr_t)end + 7) & ~(uintptr_t)7);
	const char *uuid = (const char *)&behind[2];

	return behind[1] & DM_NAME_LIST_FLAG_HAS_UUID &&
	       !strncmp(uuid, LITEIO_DM_UUID_PREFIX, strlen(LITEIO_DM_UUID_PREFIX));
}

/* the library does not ask for uuids: each device, whoever owns it, would have to be looked at */
int liteio_dm_list_of(const char *part, struct liteio_dm_info **ret, size_t *ret_n,
		      struct liteio_error *err)
{
	struct question q _cleanup_question_;
	struct liteio_dm_info *list = NULL, i;
	const struct dm_name_list *d;
	size_t n = 0, room = 0;
	bool is_some;
	int r = ask(&q, DM_LIST_DEVICES, "", DM_UUID_FLAG, NULL);

	if (r)
		return liteio_error_set(err, r, "cannot list devices: %s",
					liteio_error_str(NULL, r));
	/* of no device at all nothing is written */
	is_some = q.io->data_size > q.io->data_start;
	d = (const void *)((const char *)q.io + q.io->data_start);
	for (uint32_t next = is_some; next && d->dev;
	     next = d->next, d = (const void *)((const char *)d + next)) {
		/* one that went away meanwhile is not there */
		if (!strstr(d->name, part) || !is_ours(d) || liteio_dm_info(d->name, &i, NULL))
			continue;
		if (n == room) {
			room = room ? 2 * room : 16;
			list = liteio_realloc(list, room, sizeof(*list));
		}
		list[n++] = i;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}
