// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another table for a device that is there: what the kernel is told, and in which order. This is
 * the kernel, which has one device.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "host/dm.h"
#include "unit.h"

#define NAME "liteio-head-x"
#define UUID "LITEIO-HEAD-x"
#define MANY 100

struct table {
	size_t n;
	bool is_read_only;
	struct liteio_dm_target t[MANY];
};

static struct {
	bool is_there;
	bool is_suspended;
	int open_count;
	int refuses;
	struct table live, next;
	uint32_t udev;
	char calls[512];
} kernel;

static void note(const char *fmt, ...)
{
	size_t len = strlen(kernel.calls);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(kernel.calls + len, sizeof(kernel.calls) - len, fmt, ap);
	va_end(ap);
}

/* as populate_table() of dm-ioctl.c reads it */
static void load(const struct dm_ioctl *io)
{
	const char *p = (const char *)io + io->data_start, *end = (const char *)io + io->data_size;

	kernel.next.n = io->target_count;
	kernel.next.is_read_only = io->flags & DM_READONLY_FLAG;
	for (size_t i = 0; i < io->target_count; i++) {
		const struct dm_target_spec *spec = (const void *)p;
		struct liteio_dm_target *t = &kernel.next.t[i];

		ck_assert_uint_eq((uintptr_t)p % 8, 0);
		ck_assert_ptr_nonnull(memchr(spec + 1, '\0', (size_t)(end - (char *)(spec + 1))));
		t->start = spec->sector_start;
		t->sectors = spec->length;
		snprintf(t->type, sizeof(t->type), "%s", spec->target_type);
		snprintf(t->params, sizeof(t->params), "%s", (const char *)(spec + 1));
		p += spec->next;
		ck_assert(p <= end);
	}
}

static void tell(struct dm_ioctl *io)
{
	io->open_count = kernel.open_count;
	io->flags = (kernel.is_suspended ? DM_SUSPEND_FLAG : 0) |
		    (kernel.live.n ? DM_ACTIVE_PRESENT_FLAG : 0) |
		    (kernel.next.n ? DM_INACTIVE_PRESENT_FLAG : 0) |
		    (kernel.live.is_read_only ? DM_READONLY_FLAG : 0);
	memcpy(io->uuid, UUID, sizeof(UUID));
}

/* one target at most is looked at here */
static void tell_table(struct dm_ioctl *io)
{
	struct dm_target_spec *spec = (void *)((char *)io + io->data_start);

	io->target_count = (uint32_t)kernel.live.n;
	spec->sector_start = kernel.live.t[0].start;
	spec->length = kernel.live.t[0].sectors;
	memcpy(spec->target_type, kernel.live.t[0].type, DM_MAX_TYPE_NAME);
	memcpy(spec + 1, kernel.live.t[0].params, strlen(kernel.live.t[0].params) + 1);
}

static int suspend(const struct dm_ioctl *io)
{
	const char *how = io->flags & DM_SKIP_LOCKFS_FLAG ? "" : " lockfs";

	if (io->flags & DM_SUSPEND_FLAG) {
		note("suspend%s%s,", how, io->flags & DM_NOFLUSH_FLAG ? " noflush" : "");
		kernel.is_suspended = true;
		return 0;
	}
	note("resume%s,", how);
	kernel.udev = io->event_nr;
	if (kernel.refuses && kernel.next.n) {
		kernel.next.n = 0;
		errno = kernel.refuses;
		kernel.refuses = 0;
		return -1;
	}
	if (kernel.next.n)
		kernel.live = kernel.next;
	kernel.next.n = 0;
	kernel.is_suspended = false;
	return 0;
}

/* in place of the C library's */
int ioctl(int fd, unsigned long command, ...)
{
	struct dm_ioctl *io;
	bool is_under_way;
	va_list ap;
	int r = 0;

	va_start(ap, command);
	io = va_arg(ap, struct dm_ioctl *);
	va_end(ap);
	/* nobody takes what was said before a change for what is */
	(void)liteio_dm_changes(&is_under_way);
	ck_assert(is_under_way == (command != DM_TABLE_STATUS));
	if (!kernel.is_there || strcmp(io->name, NAME) != 0) {
		errno = ENXIO;
		return -1;
	}
	if (command == DM_TABLE_LOAD) {
		note("load,");
		load(io);
	} else if (command == DM_DEV_SUSPEND) {
		r = suspend(io);
	} else if (command == DM_TABLE_STATUS) {
		note("look,");
		tell_table(io);
	} else {
		ck_abort_msg("ioctl %lx", command);
	}
	if (!r)
		tell(io);
	return r;
}

int open(const char *path, int flags, ...)
{
	const char *at = strcmp(path, "/dev/mapper/control") ? path : "/dev/null";
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return (int)syscall(SYS_openat, AT_FDCWD, at, flags, mode);
}

static const struct liteio_dm_target was = {
	.sectors = 8, .type = "liteio", .params = "1:2 0 u 1",
};
static const struct liteio_dm_target wanted = {
	.sectors = 16, .type = "liteio", .params = "1:2 0 u 1",
};

static void begin(int open_count)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.is_there = true;
	kernel.open_count = open_count;
	kernel.live.n = 1;
	kernel.live.t[0] = was;
}

static int ensure(unsigned int flags)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	return liteio_dm_ensure(NAME, UUID, &wanted, 1, flags, NULL, &err);
}

START_TEST(nobody_has_it_open)
{
	bool is_under_way;
	uint64_t changes;

	begin(0);
	changes = liteio_dm_changes(&is_under_way);
	ck_assert(!is_under_way);
	ck_assert_int_eq(ensure(0), 0);
	ck_assert_uint_eq(liteio_dm_changes(&is_under_way), changes + 2);
	ck_assert(!is_under_way);
	ck_assert_str_eq(kernel.calls, "look,load,resume,");
	ck_assert_uint_eq(kernel.live.t[0].sectors, 16);
	ck_assert_str_eq(kernel.live.t[0].params, wanted.params);
	ck_assert(!kernel.live.is_read_only);
	/* as the library would tell them; who listens to others is not told less of a head */
	ck_assert_uint_eq(kernel.udev, 0x60u << 16);
	/* and once more */
	kernel.calls[0] = '\0';
	ck_assert_int_eq(ensure(0), 0);
	ck_assert_str_eq(kernel.calls, "look,");
	kernel.calls[0] = '\0';
	ck_assert_int_eq(ensure(LITEIO_DM_READ_ONLY | LITEIO_DM_INNER), 0);
	ck_assert_str_eq(kernel.calls, "look,load,resume,");
	ck_assert(kernel.live.is_read_only);
	ck_assert_uint_eq(kernel.udev, 0x6eu << 16);
}
END_TEST

START_TEST(somebody_has_it_open)
{
	begin(1);
	ck_assert_int_eq(ensure(0), 0);
	ck_assert_str_eq(kernel.calls, "look,load,suspend,resume,");
	ck_assert_uint_eq(kernel.live.t[0].sectors, 16);
	ck_assert(!kernel.is_suspended);
}
END_TEST

/* whoever has it open goes on with what it was */
START_TEST(the_new_table_is_refused)
{
	begin(1);
	kernel.refuses = EINVAL;
	ck_assert_int_eq(ensure(0), -EINVAL);
	ck_assert_str_eq(kernel.calls, "look,load,suspend,resume,load,resume,");
	ck_assert_uint_eq(kernel.live.t[0].sectors, 8);
	ck_assert(!kernel.is_suspended);
}
END_TEST

START_TEST(it_was_looked_at)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_dm_target one;
	struct liteio_dm_info i;

	begin(0);
	ck_assert_int_eq(liteio_dm_status_one(NAME, LITEIO_DM_TABLE, &i, &one, &err), 0);
	ck_assert_int_eq(liteio_dm_bring_up(NAME, UUID, &wanted, 1, 0, &i, &one, &err), 0);
	ck_assert_str_eq(kernel.calls, "look,load,resume,");
	ck_assert_uint_eq(kernel.live.t[0].sectors, 16);
	/* another one of that name, and one that has gone */
	begin(0);
	ck_assert_int_eq(liteio_dm_status_one(NAME, LITEIO_DM_TABLE, &i, &one, &err), 0);
	ck_assert_int_eq(liteio_dm_bring_up(NAME, "LITEIO-HEAD-y", &wanted, 1, 0, &i, &one, &err),
			 -EEXIST);
	kernel.is_there = false;
	ck_assert_int_eq(liteio_dm_bring_up(NAME, UUID, &wanted, 1, 0, &i, &one, &err), -ENODEV);
	ck_assert_str_eq(kernel.calls, "look,");
	ck_assert_ptr_nonnull(strstr(err.msg, "it is gone, or a device below it"));
}
END_TEST

/* more than a question has room for */
START_TEST(a_table_of_many)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_dm_target t[MANY] = { 0 };

	begin(0);
	for (size_t i = 0; i < MANY; i++) {
		t[i].start = 8 * i;
		t[i].sectors = 8;
		strcpy(t[i].type, "linear");
		snprintf(t[i].params, sizeof(t[i].params), "1:2 %.*s", (int)(i % 9) + 1,
			 "123456789");
	}
	ck_assert_int_eq(liteio_dm_load(NAME, t, MANY, 0, &err), 0);
	ck_assert_uint_eq(kernel.next.n, MANY);
	for (size_t i = 0; i < MANY; i++) {
		ck_assert_uint_eq(kernel.next.t[i].start, 8 * i);
		ck_assert_str_eq(kernel.next.t[i].type, "linear");
		ck_assert_str_eq(kernel.next.t[i].params, t[i].params);
	}
	memset(t[0].type, 'x', sizeof(t[0].type) - 1);
	ck_assert_int_eq(liteio_dm_load(NAME, t, 1, 0, &err), -EINVAL);
}
END_TEST

START_TEST(how_it_is_suspended)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	begin(1);
	ck_assert_int_eq(liteio_dm_suspend(NAME, LITEIO_DM_LOCKFS, &err), 0);
	ck_assert_int_eq(liteio_dm_resume(NAME, 0, &err), 0);
	ck_assert_int_eq(liteio_dm_suspend(NAME, LITEIO_DM_NOFLUSH, &err), 0);
	ck_assert_str_eq(kernel.calls, "suspend lockfs,resume,suspend noflush,");
	kernel.is_there = false;
	ck_assert_int_eq(liteio_dm_suspend(NAME, 0, &err), -ENODEV);
}
END_TEST

UNIT_MAIN("dm-table", nobody_has_it_open, somebody_has_it_open, the_new_table_is_refused,
	  it_was_looked_at, a_table_of_many, how_it_is_suspended)
