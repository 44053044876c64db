// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generations that have ended while the disk was gone that would say so: they stay ended until the
 * catalog has it, and of a file that can not be read nothing is concluded.
 *
 * unit-src: daemon/agent/ended.c daemon/agent/state_file.c
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/ended.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "unit.h"

static struct liteio_agent agent;
static char dir[] = "/tmp/test-agent-ended.XXXXXX";
static char *path;

static const struct liteio_ended some[] = {
	{ .pool.b = { 1 }, .volume.b = { 11 }, .generation = 4, .sequence = 7 },
	{ .pool.b = { 2 }, .volume.b = { 12 }, .generation = UINT64_MAX >> 1 },
	{ .pool.b = { 1 }, .volume.b = { 11 }, .generation = 5 },
};

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = liteio_strf("%s/ended.json", dir);
	agent.config.state_dir = dir;
}

static void teardown(void)
{
	unlink(path);
	rmdir(dir);
	free(path);
}

static void settle(size_t i, uint64_t found)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_ended_settled(&agent, &some[i], found, &err), 0);
}

static int check(size_t i)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	return liteio_ended_check(&agent, &some[i].volume, some[i].generation, &err);
}

static void add(size_t first, size_t n)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_ended_add(&agent, some + first, n, &err), 0);
}

static void file_is(const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_fs_write_atomic(path, text, strlen(text), 0644, &err), 0);
}

START_TEST(nothing_has_ended_without_a_file)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_ended *of;
	size_t n = 1;

	ck_assert_int_eq(check(0), 0);
	ck_assert_int_eq(liteio_ended_of(&agent, &some[0].pool, &of, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_null(of);
	settle(0, 7);
	ck_assert(!liteio_fs_exists(path));
}
END_TEST

START_TEST(what_has_ended_stays_so_until_it_is_settled)
{
	add(0, 2);
	ck_assert_int_eq(check(0), -ESTALE);
	ck_assert_int_eq(check(1), -ESTALE);
	/* the same volume, and not this generation */
	ck_assert_int_eq(check(2), 0);
	/* again, and one more */
	add(0, 3);
	ck_assert_int_eq(check(2), -ESTALE);
	settle(0, 7);
	ck_assert_int_eq(check(0), 0);
	ck_assert_int_eq(check(1), -ESTALE);
	ck_assert_int_eq(check(2), -ESTALE);
}
END_TEST

/* the disk itself may come back after it */
START_TEST(an_older_catalog_settles_nothing)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_ended again = some[0];

	add(0, 1);
	settle(0, 6);
	ck_assert_int_eq(check(0), -ESTALE);
	/* it ends once more: with the older one, and with a newer one */
	again.sequence = 6;
	ck_assert_int_eq(liteio_ended_add(&agent, &again, 1, &err), 0);
	settle(0, 6);
	ck_assert_int_eq(check(0), -ESTALE);
	again.sequence = 9;
	ck_assert_int_eq(liteio_ended_add(&agent, &again, 1, &err), 0);
	settle(0, 8);
	ck_assert_int_eq(check(0), -ESTALE);
	settle(0, 9);
	ck_assert_int_eq(check(0), 0);
}
END_TEST

/* an agent that knows more has written it */
START_TEST(what_a_newer_one_has_written_is_read)
{
	file_is("{\"since\":[],\"generations\":[{\"pool\":\"01000000-0000-0000-0000-000000000000\","
		"\"volume\":\"0b000000-0000-0000-0000-000000000000\",\"generation\":4,"
		"\"sequence\":7,\"why\":{\"disk\":1}}]}");
	ck_assert_int_eq(check(0), -ESTALE);
	settle(0, 6);
	ck_assert_int_eq(check(0), -ESTALE);
	settle(0, 7);
	ck_assert_int_eq(check(0), 0);
}
END_TEST

/* an agent that did not know of it */
START_TEST(what_was_written_without_a_number_is_settled_by_any)
{
	file_is("{\"generations\":[{\"pool\":\"01000000-0000-0000-0000-000000000000\","
		"\"volume\":\"0b000000-0000-0000-0000-000000000000\",\"generation\":4}]}");
	ck_assert_int_eq(check(0), -ESTALE);
	settle(0, 1);
	ck_assert_int_eq(check(0), 0);
}
END_TEST

START_TEST(those_of_a_pool_are_listed)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_ended *of;
	size_t n;

	add(0, 3);
	ck_assert_int_eq(liteio_ended_of(&agent, &some[0].pool, &of, &n, &err), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(of[0].generation + of[1].generation, 9);
	free(of);
}
END_TEST

/* one that could be anything lets nobody in, and is not overwritten */
static const char *const unreadable[] = {
	"", "{", "[]", "{}", "{\"generations\":[{\"volume\":\"x\"}]}",
	"{\"generations\":[{\"pool\":\"11111111-1111-4111-8111-111111111111\",\"generation\":1}]}",
};

START_TEST(of_a_file_that_is_not_readable_nothing_is_known)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_ended *of = NULL;
	char *now = NULL;
	size_t n;
	int r;

	file_is(unreadable[_i]);
	r = liteio_ended_check(&agent, &some[0].volume, 1, &err);
	ck_assert_int_lt(r, 0);
	ck_assert_int_ne(r, -ESTALE);
	ck_assert_ptr_nonnull(strstr(err.msg, "which generations have ended is not known"));
	ck_assert_int_lt(liteio_ended_add(&agent, some, 1, &err), 0);
	ck_assert_int_lt(liteio_ended_of(&agent, &some[0].pool, &of, &n, &err), 0);
	ck_assert_int_lt(liteio_ended_settled(&agent, &some[0], 7, &err), 0);
	ck_assert_int_eq(liteio_fs_read(path, 4096, &now, NULL, &err), 0);
	ck_assert_str_eq(now, unreadable[_i]);
	free(now);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-ended");
	TCase *t = unit_case(s, "all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_has_ended_without_a_file);
	tcase_add_test(t, what_has_ended_stays_so_until_it_is_settled);
	tcase_add_test(t, an_older_catalog_settles_nothing);
	tcase_add_test(t, what_a_newer_one_has_written_is_read);
	tcase_add_test(t, what_was_written_without_a_number_is_settled_by_any);
	tcase_add_test(t, those_of_a_pool_are_listed);
	tcase_add_loop_test(t, of_a_file_that_is_not_readable_nothing_is_known, 0,
			    sizeof(unreadable) / sizeof(unreadable[0]));
	return unit_run(s);
}
