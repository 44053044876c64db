// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The door, with an nft of our own: it opens when nothing is missing, and one that may be closed is
 * not taken for open.
 *
 * unit-src: daemon/agent/door.c
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/exports.h"
#include "agent/pools.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "unit.h"

static char *listens[] = { "192.0.2.1:4420" };
static struct liteio_agent agent = { .config = { .listen = listens, .n_listen = 1 } };
static char dir[] = "/tmp/test-agent-door.XXXXXX";
static const char *missing;
static bool is_listening;

/*
 * "table" is there as long as the kernel would have it; "asked" says that it was asked for
 * something; what "dies" when says is when it does not come back
 */
static const char nft[] = "#!/bin/sh\n"
			  "cd $DOOR_DIR || exit 1\n"
			  "touch asked\n"
			  "dies() { [ \"$(cat dies 2>/dev/null)\" != $1 ] || kill -9 $$; }\n"
			  "dies before\n"
			  "case \"$1\" in\n"
			  "*delete*) rm -f table ;;\n"
			  "add*) if [ -e refuses ]; then exit 1; else touch table; fi ;;\n"
			  "list*) [ -e table ] ;;\n"
			  "esac\n"
			  "r=$?\n"
			  "dies after\n"
			  "exit $r\n";

static char *file(const char *name)
{
	return liteio_strf("%s/%s", dir, name);
}

static bool is_there(const char *name)
{
	char *path = file(name);
	bool is = liteio_fs_exists(path);

	free(path);
	return is;
}

static void take(const char *name)
{
	char *path = file(name);

	unlink(path);
	free(path);
}

static void put(const char *name, const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char *path = file(name);

	ck_assert_int_eq(liteio_fs_write_atomic(path, text, strlen(text), 0755, &err), 0);
	free(path);
}

static void setup(void)
{
	char *path;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	put("nft", nft);
	path = liteio_strf("%s:%s", dir, getenv("PATH"));
	setenv("PATH", path, 1);
	setenv("DOOR_DIR", dir, 1);
	free(path);
	agent.door = liteio_door_new();
}

static void teardown(void)
{
	static const char *const names[] = { "nft", "table", "asked", "dies", "refuses" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		take(names[i]);
	rmdir(dir);
	liteio_door_free(agent.door);
}

/* ---- what it waits for ---- */

char *liteio_pools_missing(struct liteio_agent *a)
{
	return missing ? liteio_strdup(missing) : NULL;
}

bool liteio_export_all_linked(struct liteio_agent *a, char **ret_missing)
{
	return true;
}

bool liteio_export_is_listening(void)
{
	return is_listening;
}

static int close_door(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	return liteio_door_close_for_links(&agent, &err);
}

static bool is_closed(void)
{
	return liteio_door_is_closed(&agent);
}

START_TEST(it_is_closed_until_nothing_is_missing)
{
	char *reason;

	missing = "pool fast";
	ck_assert_int_eq(close_door(), 0);
	ck_assert(is_closed() && is_there("table"));
	liteio_door_review(&agent);
	ck_assert(is_closed() && is_there("table"));
	reason = liteio_door_reason(&agent);
	ck_assert_ptr_nonnull(strstr(reason, "pool fast"));
	free(reason);
	missing = NULL;
	liteio_door_review(&agent);
	ck_assert(!is_closed() && !is_there("table"));
	ck_assert_ptr_null(liteio_door_reason(&agent));
	/* an open one costs nothing */
	take("asked");
	liteio_door_review(&agent);
	ck_assert(!is_there("asked"));
}
END_TEST

/* nft did not come back, and the table is there all the same */
START_TEST(one_that_was_closed_unsaid_is_opened)
{
	put("dies", "after");
	ck_assert_int_lt(close_door(), 0);
	ck_assert(is_there("table"));
	ck_assert_msg(is_closed(), "nobody will ever open it");
	liteio_door_review(&agent);
	ck_assert_msg(is_closed(), "opened unsaid, and taken for open");
	take("dies");
	liteio_door_review(&agent);
	ck_assert(!is_closed() && !is_there("table"));
}
END_TEST

/* nor is it before it has been opened while something is missing */
START_TEST(one_that_may_be_closed_is_looked_at)
{
	missing = "pool fast";
	put("dies", _i ? "after" : "before");
	ck_assert_int_lt(close_door(), 0);
	ck_assert(is_there("table") == !!_i);
	ck_assert(is_closed());
	/* it still does not say */
	liteio_door_review(&agent);
	ck_assert(is_closed());
	take("dies");
	liteio_door_review(&agent);
	ck_assert(is_closed() == !!_i);
	ck_assert(is_there("table") == !!_i);
}
END_TEST

START_TEST(what_an_earlier_process_left_is_found)
{
	if (_i)
		put("table", "");
	put("dies", "before");
	liteio_door_find(&agent);
	ck_assert_msg(is_closed(), "what is not known is not open");
	take("dies");
	liteio_door_find(&agent);
	ck_assert(is_closed() == !!_i);
}
END_TEST

/* where there is no way to close it, it is open, and said to be */
START_TEST(one_that_can_not_be_closed_is_open)
{
	put("refuses", "");
	if (_i)
		setenv("PATH", "/nowhere", 1);
	liteio_door_find(&agent);
	ck_assert(!is_closed());
	ck_assert_int_lt(close_door(), 0);
	ck_assert(!is_closed());
}
END_TEST

/* what is linked when a port listens only adds to it */
START_TEST(links_are_made_behind_it_unless_a_port_listens)
{
	is_listening = true;
	ck_assert_int_eq(close_door(), 0);
	ck_assert(!is_closed() && !is_there("asked"));
	is_listening = false;
	ck_assert_int_eq(close_door(), 0);
	ck_assert(is_closed() && is_there("table"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-door");
	TCase *t = unit_case(s, "all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, it_is_closed_until_nothing_is_missing);
	tcase_add_test(t, one_that_was_closed_unsaid_is_opened);
	tcase_add_loop_test(t, one_that_may_be_closed_is_looked_at, 0, 2);
	tcase_add_loop_test(t, what_an_earlier_process_left_is_found, 0, 2);
	tcase_add_loop_test(t, one_that_can_not_be_closed_is_open, 0, 2);
	tcase_add_test(t, links_are_made_behind_it_unless_a_port_listens);
	return unit_run(s);
}
