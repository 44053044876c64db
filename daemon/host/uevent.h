/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's uevents: a device came, changed or went. From the kernel itself, not through udevd,
 * so that it works where none runs; device nodes are the kernel's (devtmpfs) and are there by then.
 */
#ifndef LITEIO_HOST_UEVENT_H
#define LITEIO_HOST_UEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_error;
struct liteio_uevents;

#define LITEIO_UEVENT_MAX 8192

/**
 * struct liteio_uevent - one event; the strings live in @text until the next one is read
 * @action: "add", "remove", "change", ...
 * @devpath: below /sys
 * @subsystem: "block", "nvme"; "" when there is none
 * @devname: below /dev; "" when there is none
 * @lost: nothing else is valid: events were lost, look at everything again
 * @text: the message: strings, each ended by a zero byte
 * @len: of @text
 */
struct liteio_uevent {
	const char *action;
	const char *devpath;
	const char *subsystem;
	const char *devname;
	bool lost;
	char text[LITEIO_UEVENT_MAX];
	size_t len;
};

int liteio_uevents_open(struct liteio_uevents **ret, struct liteio_error *err);
/**
 * liteio_uevents_only_disks() - be woken by disks that come and go, and by little else
 * @u: nothing was read from it yet
 *
 * The kernel drops changes of what is there, and all that becomes of device-mapper's devices: each
 * table that we load is such an event. Where it can not be told to, they come as well.
 */
void liteio_uevents_only_disks(struct liteio_uevents *u);
void liteio_uevents_close(struct liteio_uevents *u);
static inline void liteio_uevents_closep(struct liteio_uevents **u)
{
	liteio_uevents_close(*u);
}

/* non-blocking descriptor to watch for reading; borrowed */
int liteio_uevents_fd(const struct liteio_uevents *u);
/* the next event: 1 and @ret, 0 when there is none now, or a negative errno; never blocks */
int liteio_uevents_next(struct liteio_uevents *u, struct liteio_uevent *ret,
			struct liteio_error *err);
/* value of a key of the event ("NVME_EVENT"), or NULL */
const char *liteio_uevent_get(const struct liteio_uevent *e, const char *key);

/**
 * liteio_uevents_wait() - look again after every event until something is true
 * @u: opened before the thing that causes the event was done, so that nothing is missed
 * @is_done: asked at once, and again after every event of @subsystem (and after lost ones); returns
 *           1 when it is, 0 to go on, a negative errno to give up
 * @arg: for @is_done
 * @subsystem: NULL for all
 * @timeout_ms: bound
 * @err: left to @is_done but for the timeout
 *
 * Context: worker; blocks. Return: 0, -ETIMEDOUT, or what @is_done gave.
 */
int liteio_uevents_wait(struct liteio_uevents *u, int (*is_done)(void *arg), void *arg,
			const char *subsystem, uint64_t timeout_ms, struct liteio_error *err);

/* a message as it comes from the socket; 0 or -EBADMSG. Pure: points into @e->text */
int liteio_uevent_parse(struct liteio_uevent *e);

#endif
