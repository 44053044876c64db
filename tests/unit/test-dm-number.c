// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers of devices: what was said last of each, and nothing of what was removed.
 */
#include <stdio.h>

#include "host/dm.h"
#include "host/dm_number.h"
#include "unit.h"

#define MANY 3000u

static void name_of(unsigned int i, char ret[LITEIO_DM_NAME_MAX + 1])
{
	snprintf(ret, LITEIO_DM_NAME_MAX + 1,
		 "liteio-thin-01a21d95-e78a-7ea8-a445-c11d718e%04x", i);
}

static dev_t number(unsigned int i)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	uint64_t times;

	name_of(i, name);
	return liteio_dm_number(name, &times);
}

static uint64_t times_now(void)
{
	uint64_t times;

	liteio_dm_number("", &times);
	return times;
}

static void learn(unsigned int i, dev_t dev)
{
	char name[LITEIO_DM_NAME_MAX + 1];

	name_of(i, name);
	liteio_dm_number_learn(name, dev, times_now());
}

static void forget(unsigned int i)
{
	char name[LITEIO_DM_NAME_MAX + 1];

	name_of(i, name);
	liteio_dm_number_forget(name);
}

/* also when there have been many others, which are gone */
START_TEST(test_many)
{
	ck_assert_uint_eq(number(0), 0);
	forget(0);
	for (unsigned int round = 1; round <= 3; round++) {
		for (unsigned int i = 0; i < MANY; i++)
			learn(i, 1000 * round + i);
		for (unsigned int i = 0; i < MANY; i++)
			ck_assert_uint_eq(number(i), 1000 * round + i);
		for (unsigned int i = round; i < MANY; i++) {
			forget(i);
			ck_assert_uint_eq(number(i), 0);
		}
		for (unsigned int i = MANY; i < 2 * MANY; i++) {
			learn(i, i);
			forget(i);
		}
		for (unsigned int i = 0; i < round; i++)
			ck_assert_uint_eq(number(i), 1000 * round + i);
	}
}
END_TEST

/* the end of a name counts, however long it is, and so does its length */
START_TEST(test_names)
{
	static const char *const names[] = { "a", "aa", "aaaaaaaa", "aaaaaaaaa", "aaaaaaaab" };
	uint64_t times;

	for (unsigned int i = 0; i < 5; i++)
		liteio_dm_number_learn(names[i], 7 + i, times_now());
	for (unsigned int i = 0; i < 5; i++)
		ck_assert_uint_eq(liteio_dm_number(names[i], &times), 7 + i);
}
END_TEST

/* what was asked before something was removed may be of what was removed */
START_TEST(test_asked_before)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	uint64_t times;

	name_of(1, name);
	ck_assert_uint_eq(liteio_dm_number(name, &times), 0);
	forget(1);
	liteio_dm_number_learn(name, 5, times);
	ck_assert_uint_eq(number(1), 0);
	liteio_dm_number(name, &times);
	liteio_dm_number_learn(name, 6, times);
	ck_assert_uint_eq(number(1), 6);
}
END_TEST

UNIT_MAIN("dm-number", test_many, test_names, test_asked_before)
