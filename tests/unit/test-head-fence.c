// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fence of heads without gates: each of the generations that have ended gets its error table,
 * whoever has made it, and nothing else does; asked for by name or by a list, it is the same. This
 * is the kernel, which has devices that this process knows nothing of.
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

#include "base/error.h"
#include "base/str.h"
#include "dm_list.h"
#include "host/head.h"
#include "host/head_known.h"
#include "unit.h"

#define ROOM 64
#define SECTORS 2048
#define UUID "01010000-0000-0000-0000-000000000000"
#define OTHER "01020000-0000-0000-0000-000000000000"
/* as many are known: a list of devices is not cheaper than this process thinks then */
#define KNOWN 200

/**
 * struct device - a device
 * @name: its name
 * @uuid: how its dm uuid begins
 * @type: of its only target, "" for none
 * @next: of the table that is loaded, and not in force
 * @is_failed: it is there, and can not be looked at
 */
struct device {
	char name[LITEIO_DM_NAME_MAX + 1];
	const char *uuid;
	char type[DM_MAX_TYPE_NAME];
	char next[DM_MAX_TYPE_NAME];
	bool is_failed;
};

static struct {
	struct device devices[ROOM];
	size_t n;
	unsigned int n_lists;
	unsigned int n_names;
} kernel;

static struct liteio_uuid uuid;

static struct device *find(const char *name)
{
	for (size_t i = 0; i < kernel.n; i++) {
		if (!strcmp(kernel.devices[i].name, name))
			return &kernel.devices[i];
	}
	return NULL;
}

/* the kernel leaves out what does not begin with the name that is asked for, or what has no uuid */
static void list(struct dm_ioctl *io)
{
	const size_t room = io->data_size;
	struct dm_list l = dm_list_begin(io);

	kernel.n_lists++;
	for (size_t i = 0; i < kernel.n; i++) {
		if (strncmp(kernel.devices[i].name, io->name, strlen(io->name)))
			continue;
		if (!dm_list_add(&l, room, kernel.devices[i].name, kernel.devices[i].uuid))
			return;
	}
}

static void tell_table(const struct device *d, struct dm_ioctl *io)
{
	static const char gate[] = "253:1 0 " UUID " 1", thin[] = "253:1 0";
	struct dm_target_spec *spec = (void *)((char *)io + io->data_start);

	io->target_count = d->type[0] != '\0';
	spec->sector_start = 0;
	spec->length = SECTORS;
	memcpy(spec->target_type, d->type, sizeof(d->type));
	if (strcmp(d->type, "liteio"))
		memcpy(spec + 1, thin, sizeof(thin));
	else
		memcpy(spec + 1, gate, sizeof(gate));
}

static void load(struct device *d, const struct dm_ioctl *io)
{
	const struct dm_target_spec *spec = (const void *)((char *)io + io->data_start);

	ck_assert_uint_eq(io->target_count, 1);
	ck_assert_uint_eq(spec->length, SECTORS);
	memcpy(d->next, spec->target_type, sizeof(d->next));
}

static int answer(struct device *d, unsigned long command, struct dm_ioctl *io)
{
	if (d->is_failed) {
		errno = EIO;
		return -1;
	}
	switch (command) {
	case DM_TABLE_STATUS:
		tell_table(d, io);
		break;
	case DM_TABLE_LOAD:
		load(d, io);
		break;
	case DM_DEV_SUSPEND:
		if (!(io->flags & DM_SUSPEND_FLAG) && d->next[0])
			memcpy(d->type, d->next, sizeof(d->type));
		break;
	default:
		ck_abort_msg("ioctl %lx", command);
	}
	io->flags = d->type[0] ? DM_ACTIVE_PRESENT_FLAG : 0;
	memcpy(io->uuid, d->uuid, strlen(d->uuid) + 1);
	return 0;
}

/* in place of the C library's */
int ioctl(int fd, unsigned long command, ...)
{
	struct dm_ioctl *io;
	struct device *d;
	va_list ap;

	va_start(ap, command);
	io = va_arg(ap, struct dm_ioctl *);
	va_end(ap);
	if (command == DM_LIST_DEVICES) {
		list(io);
		return 0;
	}
	kernel.n_names++;
	d = find(io->name);
	if (d)
		return answer(d, command, io);
	errno = ENXIO;
	return -1;
}

int open(const char *path, int flags, ...)
{
	return (int)syscall(SYS_openat, AT_FDCWD, strcmp(path, "/dev/mapper/control") ? path :
											"/dev/null",
			    flags, 0);
}

/* ---- what is there -------------------------------------------------------------------------- */

static struct device *add(const char *name, const char *type)
{
	struct device *d = &kernel.devices[kernel.n++];

	ck_assert_uint_le(kernel.n, ROOM);
	*d = (struct device){ .uuid = "LITEIO-X" };
	snprintf(d->name, sizeof(d->name), "%s", name);
	snprintf(d->type, sizeof(d->type), "%s", type);
	return d;
}

static struct device *add_head(const char *volume, uint64_t generation, const char *type)
{
	char name[LITEIO_DM_NAME_MAX + 1];

	snprintf(name, sizeof(name), "liteio-head-%s-%llu", volume,
		 (unsigned long long)generation);
	return add(name, type);
}

static void begin(void)
{
	memset(&kernel, 0, sizeof(kernel));
	ck_assert_int_eq(liteio_uuid_parse(UUID, &uuid), 0);
}

/* as on a node with many devices: there names are asked for where a few are left to a list */
static void know_many(void)
{
	for (unsigned int i = 0; i < KNOWN; i++)
		liteio_head_remember(&(struct liteio_head_id){ { { 9, (uint8_t)i } }, 1, false });
}

static bool has_ended(const char *volume, uint64_t generation)
{
	char name[LITEIO_DM_NAME_MAX + 1];

	snprintf(name, sizeof(name), "liteio-head-%s-%llu", volume,
		 (unsigned long long)generation);
	return !strcmp(find(name)->type, "error");
}

static void fence(uint64_t first, uint64_t end)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_msg(!liteio_head_fail_plain(&uuid, first, end, &err), "%s", err.msg);
}

/* ---- cases ---------------------------------------------------------------------------------- */

/* every generation at every floor: those below have ended, and they alone */
static void every_floor(void)
{
	for (uint64_t floor = 0; floor < 30; floor++) {
		begin();
		for (uint64_t g = 1; g < 30; g++)
			add_head(UUID, g, "linear");
		fence(1, floor);
		for (uint64_t g = 1; g < 30; g++)
			ck_assert_msg(has_ended(UUID, g) == (g < floor), "%d %d", (int)g,
				      (int)floor);
	}
}

START_TEST(every_floor_by_name)
{
	know_many();
	every_floor();
	ck_assert_uint_eq(kernel.n_lists, 0);
}
END_TEST

START_TEST(every_floor_by_list)
{
	every_floor();
	ck_assert_uint_gt(kernel.n_lists, 0);
}
END_TEST

static void others(bool by_name)
{
	if (by_name)
		know_many();
	begin();
	add_head(UUID, 2, "liteio");
	add_head(UUID, 3, "");
	add_head(UUID, 4, "linear")->uuid = "LVM-X";
	add_head(UUID, 5, "linear");
	add_head(OTHER, 5, "linear");
	add("liteio-remote-" UUID "-5", "linear");
	add("liteio-thin-" UUID, "thin");
	add("liteio-head-" UUID "-05", "linear");
	add("liteio-head-" UUID "-0", "linear");
	fence(0, 50);
	ck_assert(has_ended(UUID, 5));
	for (size_t i = 0; i < kernel.n; i++) {
		if (i != 3)
			ck_assert_msg(strcmp(kernel.devices[i].type, "error"), "%s",
				      kernel.devices[i].name);
	}
	ck_assert_int_eq(kernel.n_lists > 0, !by_name);
}

/* a gate is the module's; no table; somebody else's; another volume's; a consumer's; no heads */
START_TEST(others_by_name)
{
	others(true);
}
END_TEST

START_TEST(others_by_list)
{
	others(false);
}
END_TEST

/* exactly one, however large its number is, is never worth a list */
START_TEST(one_generation)
{
	const uint64_t generation = INT64_MAX;

	begin();
	add_head(UUID, generation, "linear");
	add_head(UUID, generation - 1, "linear");
	fence(generation, generation + 1);
	ck_assert(has_ended(UUID, generation));
	ck_assert(!has_ended(UUID, generation - 1));
	ck_assert_uint_eq(kernel.n_lists, 0);
	/* that is no generation */
	fence(UINT64_MAX, 0);
}
END_TEST

/* a floor that is far away is not asked for name by name */
START_TEST(high_floor)
{
	begin();
	add_head(UUID, 1, "linear");
	add_head(UUID, INT64_MAX - 1, "linear");
	fence(1, INT64_MAX);
	ck_assert(has_ended(UUID, 1));
	ck_assert(has_ended(UUID, INT64_MAX - 1));
	ck_assert_uint_eq(kernel.n_lists, 1);
	ck_assert_uint_le(kernel.n_names, 20);
}
END_TEST

static void one_fails(uint64_t floor)
{
	begin();
	add_head(UUID, 2, "linear")->is_failed = true;
	ck_assert_int_eq(liteio_head_fail_plain(&uuid, 1, floor, NULL), -EIO);
	/* it is not to be ended */
	fence(1, 2);
}

/* nobody is told that one has ended which can not be looked at */
START_TEST(one_that_fails)
{
	one_fails(3);
	one_fails(1000);
}
END_TEST

/* what it has found is known from then on: whoever clears up finds it */
START_TEST(found_is_known)
{
	struct liteio_head_id *ids;

	begin();
	add_head(UUID, 2, "linear");
	fence(1, 3);
	ck_assert_uint_eq(liteio_head_known_of(&uuid, &ids), 1);
	ck_assert_uint_eq(ids[0].generation, 2);
	free(ids);
}
END_TEST

UNIT_MAIN("head-fence", every_floor_by_name, every_floor_by_list, others_by_name, others_by_list,
	  one_generation, high_floor, one_that_fails, found_is_known)
