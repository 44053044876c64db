/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel answers when it lists device-mapper devices (list_devices() in
 * drivers/md/dm-ioctl.c), for tests that are the kernel.
 */
#ifndef LITEIO_UNIT_DM_LIST_H
#define LITEIO_UNIT_DM_LIST_H

#include <linux/dm-ioctl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/**
 * struct dm_list - an answer that is being made
 * @io: the question, and the answer
 * @at: where the next device goes
 * @last: the one before, or NULL
 * @n: how many there are
 */
struct dm_list {
	struct dm_ioctl *io;
	char *at;
	struct dm_name_list *last;
	size_t n;
};

static inline struct dm_list dm_list_begin(struct dm_ioctl *io)
{
	io->data_size = io->data_start;
	return (struct dm_list){ .io = io, .at = (char *)io + io->data_start };
}

/* @uuid: at most 15 characters of it; false: there is no room, and the answer says so */
static inline bool dm_list_add(struct dm_list *l, size_t room, const char *name, const char *uuid)
{
	size_t len = (offsetof(struct dm_name_list, name) + strlen(name) + 1 + 7) & ~(size_t)7;
	struct dm_name_list *d = (void *)l->at;
	uint32_t *behind;

	if ((size_t)(l->at - (char *)l->io) + len + 24 > room) {
		l->io->flags |= DM_BUFFER_FULL_FLAG;
		return false;
	}
	if (l->last)
		l->last->next = (uint32_t)(l->at - (char *)l->last);
	l->last = d;
	d->dev = ++l->n;
	d->next = 0;
	memcpy(d->name, name, strlen(name) + 1);
	behind = (uint32_t *)(void *)(l->at + len);
	behind[1] = DM_NAME_LIST_FLAG_HAS_UUID;
	memcpy(&behind[2], uuid, strlen(uuid) + 1);
	l->at = (char *)&behind[2] + 16;
	l->io->data_size = (uint32_t)(l->at - (char *)l->io);
	return true;
}

#endif
