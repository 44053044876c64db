// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names by where they lead: those of one device are found, and no others.
 *
 * unit-src: daemon/agent/names.c
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/names.h"
#include "unit.h"

static char *text(const char *before, unsigned int n)
{
	static char all[4][32];
	static unsigned int next;
	char *s = all[next++ % 4];

	snprintf(s, sizeof(all[0]), "%s%u", before, n);
	return s;
}

static void expect(struct liteio_names *names, const char *target, const char *but,
		   const char *name)
{
	char *taken = liteio_names_take(names, target, but);

	if (name)
		ck_assert_str_eq(taken, name);
	else
		ck_assert_ptr_null(taken);
	free(taken);
}

START_TEST(test_taken)
{
	struct liteio_names names = { 0 };

	expect(&names, "../dm-1", NULL, NULL);
	liteio_names_add(&names, "b", "../dm-1");
	liteio_names_add(&names, "a", "../dm-1");
	liteio_names_add(&names, "c", "../dm-1");
	liteio_names_add(&names, "a", "../dm-1");
	liteio_names_add(&names, "a", "../dm-10");
	expect(&names, "../dm-0", NULL, NULL);
	expect(&names, "../dm-2", NULL, NULL);
	/* all but one, wherever it stands among them */
	expect(&names, "../dm-1", "b", "a");
	expect(&names, "../dm-1", "b", "c");
	expect(&names, "../dm-1", "b", NULL);
	expect(&names, "../dm-1", "a", "b");
	expect(&names, "../dm-1", NULL, NULL);
	expect(&names, "../dm-10", "a", NULL);
	expect(&names, "../dm-10", "b", "a");
	ck_assert_uint_eq(names.n, 0);
	liteio_names_fini(&names);
}
END_TEST

START_TEST(test_many)
{
	struct liteio_names names = { 0 };

	for (unsigned int i = 0; i < 1000; i++)
		liteio_names_add(&names, text("v-", i * 7 % 1000), text("../dm-", i));
	ck_assert_uint_eq(names.n, 1000);
	/* they come and go */
	for (unsigned int i = 0; i < 1000; i += 2)
		expect(&names, text("../dm-", i), "v-1", text("v-", i * 7 % 1000));
	for (unsigned int i = 0; i < 1000; i++)
		liteio_names_add(&names, text("w-", i), text("../dm-", i));
	for (unsigned int i = 1; i < 1000; i += 2)
		expect(&names, text("../dm-", i), text("w-", i), text("v-", i * 7 % 1000));
	for (unsigned int i = 0; i < 1000; i++)
		expect(&names, text("../dm-", i), NULL, text("w-", i));
	ck_assert_uint_eq(names.n, 0);
	liteio_names_add(&names, "left", "../dm-3");
	liteio_names_fini(&names);
}
END_TEST

UNIT_MAIN("agent-names", test_taken, test_many)
