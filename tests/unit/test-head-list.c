// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The heads of one volume among those of many: the kernel is asked for no others, and one that can
 * not leave them out says no more. This is the kernel, which has devices that are gone when they
 * are looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "dm_list.h"
#include "host/head.h"
#include "host/head_known.h"
#include "unit.h"

#define ONE "01010000-0000-0000-0000-000000000000"
#define OTHER "01020000-0000-0000-0000-000000000000"

static const char *const devices[] = {
	"liteio-head-" ONE "-1", "liteio-head-" ONE "-12", "liteio-head-" OTHER "-1",
	"liteio-remote-" ONE "-3", "liteio-thin-" ONE, "liteio-head-" ONE "0-1", "somebody",
};

static struct {
	bool can_filter;
	size_t n_said;
	char looked_at[1024];
} kernel;

static void list(struct dm_ioctl *io)
{
	const size_t room = io->data_size;
	struct dm_list l = dm_list_begin(io);

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(devices); i++) {
		if (kernel.can_filter && strncmp(devices[i], io->name, strlen(io->name)))
			continue;
		if (dm_list_add(&l, room, devices[i], "LITEIO-X"))
			kernel.n_said++;
	}
}

/* in place of the C library's */
int ioctl(int fd, unsigned long command, ...)
{
	size_t len = strlen(kernel.looked_at);
	struct dm_ioctl *io;
	va_list ap;

	va_start(ap, command);
	io = va_arg(ap, struct dm_ioctl *);
	va_end(ap);
	if (command == DM_LIST_DEVICES) {
		list(io);
		return 0;
	}
	snprintf(kernel.looked_at + len, sizeof(kernel.looked_at) - len, "%s ", io->name);
	errno = ENXIO;
	return -1;
}

int open(const char *path, int flags, ...)
{
	return (int)syscall(SYS_openat, AT_FDCWD, strcmp(path, "/dev/mapper/control") ? path :
											"/dev/null",
			    flags, 0);
}

/* what is looked at of it, and of how many the kernel has said something */
static void lists(bool can_filter, const char *uuid, const char *looked_at, size_t n_said)
{
	struct liteio_head_state *heads _cleanup_free_ = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid u;
	size_t n = 1;

	memset(&kernel, 0, sizeof(kernel));
	kernel.can_filter = can_filter;
	ck_assert_int_eq(liteio_uuid_parse(uuid, &u), 0);
	ck_assert_msg(!liteio_head_list_of(&u, &heads, &n, &err), "%s", err.msg);
	ck_assert_uint_eq(n, 0);
	ck_assert_str_eq(kernel.looked_at, looked_at);
	ck_assert_uint_eq(kernel.n_said, n_said);
}

START_TEST(of_one_volume)
{
	static const char *const looked_at = "liteio-head-" ONE "-1 liteio-head-" ONE
					     "-12 liteio-remote-" ONE "-3 ";

	lists(true, ONE, looked_at, 3);
	lists(false, ONE, looked_at, 2 * LITEIO_ARRAY_SIZE(devices));
	lists(true, OTHER, "liteio-head-" OTHER "-1 ", 1);
	lists(true, "01030000-0000-0000-0000-000000000000", "", 0);
}
END_TEST

/* of those that were there, and those that were made since, only the kind that is asked for */
START_TEST(of_one_kind)
{
	static const char *const looked_at[] = {
		"liteio-head-" ONE "-1 liteio-head-" ONE "-7 liteio-head-" ONE "-12 ",
		"liteio-remote-" ONE "-3 ",
	};
	struct liteio_head_state *heads;
	struct liteio_uuid u;
	size_t n;

	ck_assert_int_eq(liteio_uuid_parse(ONE, &u), 0);
	liteio_head_remember(&(struct liteio_head_id){ u, 7, false });
	for (int remote = 0; remote < 2; remote++) {
		kernel.looked_at[0] = '\0';
		ck_assert_int_eq(liteio_head_list_known(&u, remote, &heads, &n, NULL), 0);
		ck_assert_uint_eq(n, 0);
		free(heads);
		ck_assert_str_eq(kernel.looked_at, looked_at[remote]);
	}
}
END_TEST

UNIT_MAIN("head-list", of_one_volume, of_one_kind)
