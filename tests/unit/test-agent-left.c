// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel has of pools that nobody has open: what other nodes had attached on a disk that
 * is gone has ended, and nothing else has.
 *
 * unit-src: daemon/agent/left.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ended.h"
#include "agent/left.h"
#include "host/nvmet.h"
#include "unit.h"

/* numbers of devices, whatever they are */
#define DISK(n) (0x800u + (n))
#define DM(n) (0xfd00u + (n))

static const struct liteio_uuid fast = { .b = { 1 } }, slow = { .b = { 2 } };
static const struct liteio_uuid thin = { .b = { 11 } }, linear = { .b = { 12 } },
				reserved = { .b = { 13 } }, other = { .b = { 14 } };

/* a pool on two disks, the second for what is linear and the reserve; another one on a third */
static const struct row {
	enum liteio_dm_role role;
	const struct liteio_uuid *uuid;
	uint64_t generation;
	dev_t below[2];
} rows[] = {
	{ LITEIO_DM_TMETA, &fast, 0, { DISK(0) } },
	{ LITEIO_DM_TDATA, &fast, 0, { DISK(0), DISK(16) } },
	{ LITEIO_DM_POOL, &fast, 0, { DM(0), DM(1) } },
	{ LITEIO_DM_RMETA, &fast, 0, { DISK(0) } },
	{ LITEIO_DM_RDATA, &fast, 0, { DISK(16) } },
	{ LITEIO_DM_RPOOL, &fast, 0, { DM(3), DM(4) } },
	{ LITEIO_DM_THIN, &thin, 0, { DM(2) } },
	{ LITEIO_DM_LINEAR, &linear, 0, { DISK(16) } },
	{ LITEIO_DM_THIN, &reserved, 0, { DM(5) } },
	{ LITEIO_DM_HEAD, &thin, 3, { DM(6) } },
	{ LITEIO_DM_HEAD, &thin, 4, { DM(6) } },
	{ LITEIO_DM_HEAD, &linear, 1, { DM(7) } },
	{ LITEIO_DM_HEAD, &reserved, 1, { DM(8) } },
	{ LITEIO_DM_TMETA, &slow, 0, { DISK(32) } },
	{ LITEIO_DM_TDATA, &slow, 0, { DISK(32) } },
	{ LITEIO_DM_POOL, &slow, 0, { DM(13), DM(14) } },
	{ LITEIO_DM_THIN, &other, 0, { DM(15) } },
	{ LITEIO_DM_HEAD, &other, 5, { DM(16) } },
	/* a consumer's, on a disk of another node */
	{ LITEIO_DM_REMOTE, &other, 6, { DISK(0) } },
	/* its table is "error": what it was made of nobody knows */
	{ LITEIO_DM_HEAD, &other, 4, { 0 } },
};

#define N (sizeof(rows) / sizeof(rows[0]))

/* generation 4 of the thin one is this node's own */
static struct liteio_nvmet_export exports[] = {
	{ .uuid = { .b = { 11 } }, .generation = 3 },
	{ .uuid = { .b = { 12 } }, .generation = 1 },
	{ .uuid = { .b = { 13 } }, .generation = 1 },
	{ .uuid = { .b = { 14 } }, .generation = 4 },
	{ .uuid = { .b = { 14 } }, .generation = 5 },
	{ .uuid = { .b = { 14 } }, .generation = 6 },
};

static struct liteio_left_device devices[N];

static struct liteio_left all(dev_t *gone, size_t n_gone)
{
	for (size_t i = 0; i < N; i++) {
		static dev_t below[N][2];

		memcpy(below[i], rows[i].below, sizeof(below[i]));
		liteio_dm_name(rows[i].role, rows[i].uuid, rows[i].generation, devices[i].name);
		devices[i].dev = DM(i);
		devices[i].below = below[i];
		devices[i].n_below = rows[i].below[1] ? 2 : rows[i].below[0] ? 1 : 0;
	}
	return (struct liteio_left){
		.devices = devices, .n = N, .gone = gone, .n_gone = n_gone, .exports = exports,
		.n_exports = sizeof(exports) / sizeof(exports[0]),
	};
}

/* "<pool>/<volume>/<generation>", by the first bytes of the uuids */
static void ended(dev_t gone, char out[256])
{
	struct liteio_left l = all(&gone, gone ? 1 : 0);
	struct liteio_ended *list;
	size_t n;

	liteio_left_ended(&l, &list, &n);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		sprintf(out + strlen(out), "%s%u/%u/%u", i ? " " : "", list[i].pool.b[0],
			list[i].volume.b[0], (unsigned int)list[i].generation);
		ck_assert_uint_eq(list[i].sequence, 0);
	}
	free(list);
}

START_TEST(test_ended)
{
	static const struct {
		dev_t gone;
		const char *want;
	} cases[] = {
		{ 0, "" },
		{ DISK(0), "1/11/3 1/12/1 1/13/1" },
		/* one disk of a pool is enough */
		{ DISK(16), "1/11/3 1/12/1 1/13/1" },
		{ DISK(32), "2/14/5" },
		{ DISK(48), "" },
	};
	char is[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ended(cases[i].gone, is);
		ck_assert_msg(!strcmp(is, cases[i].want), "%zu: \"%s\"", i, is);
	}
}
END_TEST

/* whatever is not there any more */
START_TEST(test_incomplete)
{
	dev_t gone = DISK(0);

	for (size_t i = 0; i < N; i++) {
		struct liteio_left l = all(&gone, 1);
		struct liteio_ended *list;
		size_t n;

		l.devices[i].name[0] = '\0';
		l.devices[i].dev = 0;
		liteio_left_ended(&l, &list, &n);
		ck_assert_uint_le(n, 3);
		free(list);
	}
}
END_TEST

UNIT_MAIN("agent-left", test_ended, test_incomplete)
