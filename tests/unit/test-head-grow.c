// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A head that is made longer after one look at it: whatever becomes of it between that and the new
 * table, it has the old table or the new one, runs, and is not made again.
 */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "host/dm.h"
#include "host/dm_ioctl.h"
#include "host/head.h"
#include "unit.h"

#define OLD 4096
#define NEW 8192

static const struct liteio_uuid uuid = { .b = { 1 } };

/* ---- a kernel with one device --------------------------------------------------------------- */

/**
 * struct kernel - what it has of the device
 * @is_there: anything
 * @sectors: of the table in use
 * @next: of the one that is taken when it is resumed; 0 for none
 * @is_suspended: it holds its I/O
 * @is_fenced: no table of this generation is taken any more
 * @n_open: who has it open
 * @n_calls: so many questions and orders there were
 * @meanwhile: happens before the call of this number
 * @at: that number
 */
static struct kernel {
	bool is_there;
	uint64_t sectors;
	uint64_t next;
	bool is_suspended;
	bool is_fenced;
	int n_open;
	unsigned int n_calls;
	void (*meanwhile)(void);
	unsigned int at;
} kernel;

static bool call(struct liteio_dm_call *c, const char *name)
{
	if (kernel.n_calls++ == kernel.at && kernel.meanwhile)
		kernel.meanwhile();
	memset(&c->here, 0, sizeof(c->here));
	c->io = &c->here.io;
	c->io->dev = makedev(253, 7);
	c->io->open_count = kernel.n_open;
	c->io->flags = DM_ACTIVE_PRESENT_FLAG | (kernel.is_suspended ? DM_SUSPEND_FLAG : 0) |
		       (kernel.next ? DM_INACTIVE_PRESENT_FLAG : 0);
	snprintf(c->io->name, sizeof(c->io->name), "%s", name);
	liteio_dm_uuid(LITEIO_DM_HEAD, &uuid, 3, c->io->uuid);
	return kernel.is_there;
}

void liteio_dm_call_fini(struct liteio_dm_call *c)
{
}

int liteio_dm_changing(void)
{
	return 0;
}

void liteio_dm_changed(const int *c)
{
}

void *liteio_dm_call_data(const struct liteio_dm_call *c)
{
	return (char *)c->io + c->io->data_start;
}

int liteio_dm_call_ask(struct liteio_dm_call *c, unsigned long command, const char *name,
		       unsigned int flags)
{
	struct dm_target_spec *spec;

	ck_assert_uint_eq(command, DM_TABLE_STATUS);
	if (!call(c, name))
		return -ENODEV;
	c->io->data_start = sizeof(*c->io);
	c->io->target_count = 1;
	spec = liteio_dm_call_data(c);
	spec->length = kernel.sectors;
	snprintf(spec->target_type, sizeof(spec->target_type), "liteio");
	strcpy((char *)(spec + 1), "253:5 0 01000000-0000-0000-0000-000000000000 3");
	return 0;
}

int liteio_dm_call_ask_at(struct liteio_dm_call *c, unsigned long command, dev_t dev,
			  unsigned int flags)
{
	return -ENODEV;
}

int liteio_dm_call_message(struct liteio_dm_call *c, const char *name, uint64_t sector,
			   const char *message)
{
	return -ENODEV;
}

int liteio_dm_call_load(struct liteio_dm_call *c, const char *name,
			const struct liteio_dm_target *t, size_t n, unsigned int flags)
{
	if (!call(c, name))
		return -ENODEV;
	if (kernel.is_fenced)
		return -ESTALE;
	/* the device below is that of the look, too */
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(t->params, "253:5 0 01000000-0000-0000-0000-000000000000 3");
	kernel.next = t->sectors;
	return 0;
}

int liteio_dm_call_suspend(struct liteio_dm_call *c, const char *name, unsigned int flags,
			   uint32_t udev)
{
	if (!call(c, name))
		return -ENODEV;
	kernel.is_suspended = flags & DM_SUSPEND_FLAG;
	if (kernel.is_suspended)
		return 0;
	if (kernel.next)
		kernel.sectors = kernel.next;
	kernel.next = 0;
	return 0;
}

void liteio_dm_call_info(const struct liteio_dm_call *c, struct liteio_dm_info *ret)
{
	*ret = (struct liteio_dm_info){
		.major = major(c->io->dev),
		.minor = minor(c->io->dev),
		.open_count = c->io->open_count,
		.suspended = c->io->flags & DM_SUSPEND_FLAG,
		.live_table = c->io->flags & DM_ACTIVE_PRESENT_FLAG,
		.inactive_table = c->io->flags & DM_INACTIVE_PRESENT_FLAG,
	};
	snprintf(ret->name, sizeof(ret->name), "%s", c->io->name);
	snprintf(ret->uuid, sizeof(ret->uuid), "%s", c->io->uuid);
}

/* ---- what becomes of it --------------------------------------------------------------------- */

/* its disk is gone, and the pool taken off it (replug.c) */
static void goes(void)
{
	kernel.is_there = false;
}

static void is_fenced(void)
{
	kernel.is_fenced = true;
}

/* a snapshot that nobody waits for any more */
static void is_held(void)
{
	kernel.is_suspended = true;
}

static void is_opened(void)
{
	kernel.n_open = 1;
}

static void is_closed(void)
{
	kernel.n_open = 0;
}

static void (*const events[])(void) = { goes, is_fenced, is_held, is_opened, is_closed };

/* the look, and at most the new table, the suspend and the resume */
#define CALLS 4

static void has_it_all_or_nothing(void (*event)(void), unsigned int at, int n_open)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	memset(&kernel, 0, sizeof(kernel));
	kernel.is_there = true;
	kernel.sectors = OLD;
	kernel.n_open = n_open;
	kernel.meanwhile = event;
	kernel.at = at;
	r = liteio_head_grow(&uuid, 3, NEW * 512, &err);
	ck_assert_uint_le(kernel.n_calls, CALLS + 1);
	if (r > 0)
		ck_assert_uint_eq(kernel.sectors, NEW);
	/* it was held, or gone, when it was looked at: for liteio_head_ensure() */
	if (r == 0)
		ck_assert_uint_eq(at, 0);
	if (r <= 0)
		ck_assert_uint_eq(kernel.sectors, OLD);
	/* what was held before the look is for others */
	if (kernel.is_there && r)
		ck_assert(!kernel.is_suspended);
	if (!kernel.is_there)
		ck_assert_int_le(r, 0);
}

START_TEST(whatever_becomes_of_it)
{
	for (unsigned int at = 0; at < CALLS; at++) {
		has_it_all_or_nothing(events[_i], at, 0);
		has_it_all_or_nothing(events[_i], at, 1);
	}
}
END_TEST

START_TEST(undisturbed)
{
	has_it_all_or_nothing(NULL, 0, 0);
	ck_assert_uint_eq(kernel.sectors, NEW);
	ck_assert_uint_eq(kernel.n_calls, 3);
	has_it_all_or_nothing(NULL, 0, 1);
	ck_assert_uint_eq(kernel.sectors, NEW);
	ck_assert_uint_eq(kernel.n_calls, 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("head-grow");
	TCase *t = unit_case(s, "grow");

	tcase_add_test(t, undisturbed);
	tcase_add_loop_test(t, whatever_becomes_of_it, 0, sizeof(events) / sizeof(events[0]));
	return unit_run(s);
}
