// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that does not answer may carry a newer copy of a pool: that keeps the pool away, unless it
 * is where it was last, or the silent disk can not carry it.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "pool/object.h"
#include "unit.h"

#define SIZE 1000u

static const struct {
	const char *what;
	struct liteio_pool_silence silence;
	const char *id;
	const char *was_on;
	bool refused;
} heard[] = {
	{ "all have answered", { 0 }, "S1", NULL, false },
	{ "one hangs, nothing is known", { 1, "/dev/sdx", SIZE }, "S1", NULL, true },
	{ "it was on another disk", { 1, "/dev/sdx", SIZE }, "S1", "S2", true },
	{ "it was on this disk", { 1, "/dev/sdx", SIZE }, "S1", "S1", false },
	{ "it was in this file", { 1, "/dev/sdx", SIZE }, "", "/pools/a.img", false },
	{ "it was in another file", { 1, "/dev/sdx", SIZE }, "", "/pools/b.img", true },
	{ "a disk without a number", { 1, "/dev/sdx", SIZE }, "", "", true },
	{ "too small for it", { 1, "/dev/sdx", SIZE - 1 }, "S1", NULL, false },
	{ "in use by somebody", { 1, "", 0 }, "S1", NULL, false },
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

UNIT_MAIN("pool-heard", test_heard)
