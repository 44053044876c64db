// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names in /dev/liteio: each leads where it should at every moment, whatever the others are called,
 * and none is taken from a volume that has it.
 *
 * unit-src: daemon/agent/names.c
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/publish.h"

/* not where a real one may be at work */
#undef LITEIO_PUBLISH_DIR
#define LITEIO_PUBLISH_DIR "links"
#include "agent/publish.c"
#include "unit.h"

static const struct liteio_uuid one = { { 1 } }, two = { { 2 } };
static char dir[] = "/tmp/test-agent-publish.XXXXXX";

/* of each test its own; what is in it is a link, or the folder of links */
static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(mkdir(LITEIO_PUBLISH_DIR, 0755), 0);
}

static void teardown(void)
{
	char **names;
	size_t n;

	ck_assert_int_eq(liteio_fs_list(LITEIO_PUBLISH_DIR, &names, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *path = liteio_strf(LITEIO_PUBLISH_DIR "/%s", names[i]);

		unlink(path);
	}
	liteio_fs_names_free(names, n);
	liteio_names_fini(&known.names);
	rmdir(LITEIO_PUBLISH_DIR);
	rmdir(dir);
}

static void publish(const struct liteio_uuid *uuid, const char *name, const char *device)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_msg(!liteio_publish_add(uuid, device, &err), "%s", err.msg);
	ck_assert_msg(!liteio_publish_name(name, device, &err), "%s", err.msg);
}

/* NULL: there is no such name */
static void leads(const char *name, const char *to)
{
	_cleanup_free_ char *path = liteio_strf(LITEIO_PUBLISH_DIR "/%s", name);
	_cleanup_free_ char *found = target_of(path);

	if (!to)
		ck_assert_ptr_null(found);
	else
		ck_assert_str_eq(found, to);
}

START_TEST(a_name_and_what_looks_like_a_half_of_it)
{
	publish(&one, "data.new", "/dev/dm-1");
	publish(&two, "data", "/dev/dm-2");
	leads("data", "../dm-2");
	leads("data.new", "../dm-1");
	publish(&two, "data", "/dev/dm-3");
	leads("data", "../dm-3");
	leads("data.new", "../dm-1");
	liteio_publish_del(&two, "/dev/dm-3");
	leads("data", NULL);
	leads("data.new", "../dm-1");
}
END_TEST

START_TEST(what_a_killed_agent_left_goes)
{
	ck_assert_int_eq(symlink("../dm-1", LITEIO_PUBLISH_DIR "/.data.new"), 0);
	ck_assert_int_eq(symlink("../dm-2", LITEIO_PUBLISH_DIR "/old"), 0);
	publish(&one, "log", "/dev/dm-2");
	leads(".data.new", NULL);
	leads("old", NULL);
	leads("log", "../dm-2");
}
END_TEST

/* also when nothing is published any more */
START_TEST(half_of_a_name_goes_at_the_start)
{
	ck_assert_int_eq(symlink("../dm-1", LITEIO_PUBLISH_DIR "/.data.new"), 0);
	ck_assert_int_eq(symlink("../dm-2", LITEIO_PUBLISH_DIR "/old.new"), 0);
	liteio_publish_start();
	leads(".data.new", NULL);
	leads("old.new", "../dm-2");
	/* it is known: its device is another volume's by now */
	publish(&one, "log", "/dev/dm-2");
	leads("old.new", NULL);
}
END_TEST

/* that of a pool which is not open yet: nobody but its link says that it is its */
/* after a kernel that has forgotten all, whoever comes back first: each has its own again */
START_TEST(numbers_are_given_out_anew)
{
	publish(&one, "data", "/dev/dm-1");
	publish(&two, "logs", "/dev/dm-2");
	publish(&two, "logs", "/dev/dm-1");
	leads("logs", "../dm-1");
	publish(&one, "data", "/dev/dm-2");
	leads("data", "../dm-2");
	leads("logs", "../dm-1");
	liteio_publish_del(&one, "/dev/dm-2");
	leads("data", NULL);
	leads("logs", "../dm-1");
}
END_TEST

/* what was left when this process itself failed, and a folder that somebody has removed */
START_TEST(what_is_in_the_way_goes)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	publish(&one, "data", "/dev/dm-1");
	ck_assert_int_eq(symlink("../dm-7", LITEIO_PUBLISH_DIR "/.data.new"), 0);
	publish(&one, "data", "/dev/dm-2");
	leads("data", "../dm-2");
	leads(".data.new", NULL);
	/* it can not be replaced by a link, and nothing half made is left */
	ck_assert_int_eq(mkdir(LITEIO_PUBLISH_DIR "/logs", 0755), 0);
	ck_assert_int_lt(liteio_publish_name("logs", "/dev/dm-2", &err), 0);
	ck_assert(strstr(err.msg, "/logs: "));
	leads(".logs.new", NULL);
	ck_assert_int_eq(rmdir(LITEIO_PUBLISH_DIR "/logs"), 0);
	liteio_publish_del(&one, "/dev/dm-2");
	ck_assert_int_eq(rmdir(LITEIO_PUBLISH_DIR), 0);
	publish(&one, "data", "/dev/dm-3");
	leads("data", "../dm-3");
}
END_TEST

/* only the one that leads there */
START_TEST(the_link_of_another_device_stays)
{
	publish(&one, "data", "/dev/dm-1");
	liteio_publish_del(&one, "/dev/dm-10");
	leads("data", "../dm-1");
	liteio_publish_del(&two, NULL);
	liteio_publish_del(&one, NULL);
	leads("data", NULL);
}
END_TEST

START_TEST(no_name_reads_as_a_uuid)
{
	publish(&one, "22222222-2222-4222-8222-222222222222", "/dev/dm-1");
	leads("22222222-2222-4222-8222-222222222222", NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("agent-publish");
	TCase *cases = unit_case(suite, "publish");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_name_and_what_looks_like_a_half_of_it);
	tcase_add_test(cases, what_a_killed_agent_left_goes);
	tcase_add_test(cases, half_of_a_name_goes_at_the_start);
	tcase_add_test(cases, numbers_are_given_out_anew);
	tcase_add_test(cases, what_is_in_the_way_goes);
	tcase_add_test(cases, the_link_of_another_device_stays);
	tcase_add_test(cases, no_name_reads_as_a_uuid);
	return unit_run(suite);
}
