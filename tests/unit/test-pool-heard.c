// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that does not answer may carry a newer copy of a pool: that keeps the pool away, unless it
 * is where it was last, or the silent disk can not carry it. And a disk of several that was not
 * found is not missing, if it may be the one that is silent.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "pool/object.h"
#include "unit.h"

#define SIZE 1000u

/* one disk that nobody uses, and does not answer */
#define ONE(bytes) { 1, "/dev/sdx", bytes, "/dev/sdx", bytes }

static const struct {
	const char *what;
	struct liteio_pool_silence silence;
	const char *id;
	const char *was_on;
	bool refused;
} heard[] = {
	{ "all have answered", { 0 }, "S1", NULL, false },
	{ "one hangs, nothing is known", ONE(SIZE), "S1", NULL, true },
	{ "it was on another disk", ONE(SIZE), "S1", "S2", true },
	{ "it was on this disk", ONE(SIZE), "S1", "S1", false },
	{ "it was in this file", ONE(SIZE), "", "/pools/a.img", false },
	{ "it was in another file", ONE(SIZE), "", "/pools/b.img", true },
	{ "a disk without a number", ONE(SIZE), "", "", true },
	{ "too small for it", ONE(SIZE - 1), "S1", NULL, false },
	{ "in use by somebody", { .n = 1 }, "S1", NULL, false },
};

START_TEST(test_heard)
{
	for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
		struct liteio_pool p = { .store = LITEIO_STORE_INIT };
		struct liteio_error err = LITEIO_ERROR_INIT;
		int r;

		p.store.label.n_devices = 1;
		p.store.label.devices[0].size = SIZE;
		strcpy(p.store.id, heard[i].id);
		p.named = "/pools/a.img";
		p.was_on = heard[i].was_on;
		r = liteio_pool_check_heard(&p, &heard[i].silence, &err);
		ck_assert_msg(r == (heard[i].refused ? -EAGAIN : 0), "%s: %d", heard[i].what, r);
		ck_assert_msg(!r || !strncmp(err.msg, "/dev/sdx does not answer", 24), "%s: %s",
			      heard[i].what, err.msg);
	}
}
END_TEST

#define IS_MISSING(disk) "pool x is on 2 disks, and disk " #disk " of them is missing"
#define MAY_BE_SILENT(disk) \
	"pool x is on 2 disks, and disk " #disk " of them was not found, but /dev/sdx does not " \
	"answer, and may be it"

/* the second disk is the smaller one */
static const struct {
	const char *what;
	struct liteio_pool_silence silence;
	uint32_t disk;
	int code;
	const char *said;
} missing[] = {
	{ "all have answered", { 0 }, 1, -ENODEV,
	  IS_MISSING(2) },
	{ "one hangs", ONE(SIZE), 1, -EAGAIN,
	  MAY_BE_SILENT(2) },
	{ "one hangs that somebody has in use: we may", { 1, "", 0, "/dev/sdx", SIZE }, 1, -EAGAIN,
	  MAY_BE_SILENT(2) },
	{ "too small for it", ONE(SIZE - 1), 1, -ENODEV,
	  IS_MISSING(2) },
	{ "large enough for the other", ONE(SIZE), 0, -ENODEV,
	  IS_MISSING(1) },
};

START_TEST(test_missing)
{
	const struct liteio_label l = { .pool_name = "x", .n_devices = 2,
					.devices = { { .size = 2 * SIZE }, { .size = SIZE } } };

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		int r = liteio_pool_say_missing(&l, missing[i].disk, &missing[i].silence, &err);

		ck_assert_msg(r == missing[i].code, "%s: %d", missing[i].what, r);
		ck_assert_str_eq(err.msg, missing[i].said);
	}
}
END_TEST

UNIT_MAIN("pool-heard", test_heard, test_missing)
