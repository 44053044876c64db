// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's uevents from their netlink socket.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/uevent.h"

#define GROUP_KERNEL 1u
#define RECEIVE_BUFFER (4 << 20)

struct liteio_uevents {
	int fd;
};

int liteio_uevents_open(struct liteio_uevents **ret, struct liteio_error *err)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = GROUP_KERNEL };
	int fd _cleanup_close_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
					NETLINK_KOBJECT_UEVENT);
	int size = RECEIVE_BUFFER;

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return liteio_error_set(err, errno, "cannot listen to uevents: %s",
					liteio_error_str(NULL, -errno));
	/* a burst of events is no loss; where we may not, the default has to do */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*ret = liteio_calloc(1, sizeof(**ret));
	(*ret)->fd = take_fd(&fd);
	return 0;
}

/* four and two characters of a message as the filter loads them */
#define WORD(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))
#define HALF(a, b) ((uint32_t)(a) << 8 | (b))

/* "add@/devices/virtual/block/dm-7", "remove@/devices/virtual/bdi/252:7", "change@..." */
#define TYPE_AT (sizeof("@/devices/virtual/") - 1)
#define NAME_AT (sizeof("@/devices/virtual/block/") - 1)
#define LOAD_AT(size, at) BPF_STMT(BPF_LD | (size) | BPF_IND, (at))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))

/* a message that is too short for what is looked at is dropped: no path of a disk is */
void liteio_uevents_only_disks(struct liteio_uevents *u)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		UNLESS(WORD('c', 'h', 'a', 'n'), 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		/* X: where the action ends */
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 3),
		UNLESS(WORD('r', 'e', 'm', 'o'), 1),
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 6),
		LOAD_AT(BPF_W, sizeof("@/devices/") - 1),
		UNLESS(WORD('v', 'i', 'r', 't'), 6),
		LOAD_AT(BPF_W, TYPE_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD('b', 'd', 'i', '/'), 3, 0),
		UNLESS(WORD('b', 'l', 'o', 'c'), 3),
		LOAD_AT(BPF_H, NAME_AT),
		UNLESS(HALF('d', 'm'), 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = { .len = LITEIO_ARRAY_SIZE(code), .filter = code };

	(void)setsockopt(u->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void liteio_uevents_close(struct liteio_uevents *u)
{
	if (!u)
		return;
	close(u->fd);
	free(u);
}

int liteio_uevents_fd(const struct liteio_uevents *u)
{
	return u->fd;
}

const char *liteio_uevent_get(const struct liteio_uevent *e, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = e->text; p < e->text + e->len; p += strlen(p) + 1) {
		if (!strncmp(p, key, n) && p[n] == '=')
			return p + n + 1;
	}
	return NULL;
}

int liteio_uevent_parse(struct liteio_uevent *e)
{
	const char *s;

	/* "add@/devices/...", then key=value strings; the last one is terminated, too */
	if (!e->len || e->len > sizeof(e->text) || e->text[e->len - 1])
		return -EBADMSG;
	if (!strchr(e->text, '@'))
		return -EBADMSG;
	e->action = liteio_uevent_get(e, "ACTION");
	e->devpath = liteio_uevent_get(e, "DEVPATH");
	if (!e->action || !e->devpath)
		return -EBADMSG;
	s = liteio_uevent_get(e, "SUBSYSTEM");
	e->subsystem = s ? s : "";
	s = liteio_uevent_get(e, "DEVNAME");
	e->devname = s ? s : "";
	e->lost = false;
	return 0;
}

/* one datagram: 1 taken, 0 nothing there or not from the kernel (@ret_skip), or a negative errno */
static int receive(struct liteio_uevents *u, struct liteio_uevent *e, bool *ret_skip)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { e->text, sizeof(e->text) };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
			      .msg_iovlen = 1 };
	ssize_t n = recvmsg(u->fd, &msg, 0);

	*ret_skip = false;
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	/* anybody privileged may send to the group; only port 0 is the kernel */
	if (from.nl_pid || (msg.msg_flags & MSG_TRUNC)) {
		*ret_skip = true;
		return 0;
	}
	e->len = (size_t)n;
	return 1;
}

int liteio_uevents_next(struct liteio_uevents *u, struct liteio_uevent *ret,
			struct liteio_error *err)
{
	bool skip;
	int r;

	do {
		r = receive(u, ret, &skip);
		if (r == -EINTR || (r == 1 && liteio_uevent_parse(ret)))
			skip = true;
	} while (skip);
	if (r == -ENOBUFS) {
		*ret = (struct liteio_uevent){ .action = "", .devpath = "", .subsystem = "",
					       .devname = "", .lost = true };
		return 1;
	}
	if (r < 0)
		return liteio_error_set(err, r, "cannot read uevents: %s",
					liteio_error_str(NULL, r));
	return r;
}

/* is there an event that matters among those that wait? */
static int drain(struct liteio_uevents *u, const char *subsystem, bool *ret_matters,
		 struct liteio_error *err)
{
	struct liteio_uevent *e _cleanup_free_ = liteio_calloc(1, sizeof(*e));
	int r;

	*ret_matters = false;
	while ((r = liteio_uevents_next(u, e, err)) == 1) {
		if (e->lost || !subsystem || !strcmp(e->subsystem, subsystem))
			*ret_matters = true;
	}
	return r;
}

int liteio_uevents_wait(struct liteio_uevents *u, int (*is_done)(void *arg), void *arg,
			const char *subsystem, uint64_t timeout_ms, struct liteio_error *err)
{
	uint64_t deadline = liteio_now_ms() + timeout_ms;
	bool matters = true;

	for (;;) {
		struct pollfd p = { .fd = u->fd, .events = POLLIN };
		uint64_t now;
		int r;

		if (matters) {
			r = is_done(arg);
			if (r)
				return r < 0 ? r : 0;
		}
		now = liteio_now_ms();
		if (now >= deadline)
			return liteio_error_set(err, -ETIMEDOUT, "it did not happen within %llu ms",
						(unsigned long long)timeout_ms);
		r = poll(&p, 1, deadline - now > 60000 ? 60000 : (int)(deadline - now));
		if (r < 0 && errno != EINTR)
			return liteio_error_set(err, errno, "cannot wait for uevents: %s",
						liteio_error_str(NULL, -errno));
		r = drain(u, subsystem, &matters, err);
		if (r < 0)
			return r;
	}
}
