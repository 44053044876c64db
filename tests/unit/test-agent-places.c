// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is written down of exports, so that their places can be held while their pool is away: all
 * live ones of other nodes, with what their consumers were told, or nothing that could be taken for
 * all. The catalog is that of a pool in memory, the kernel has nothing.
 *
 * unit-src: daemon/agent/places.c daemon/agent/state_file.c
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/known.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "pool/create.h"
#include "pool_in_memory.h"
#include "unit.h"

#define HOST "nqn.2014-08.org.nvmexpress:uuid:a"
#define POOL "01000000-0000-0000-0000-000000000000"
#define VOLUME "05000000-0000-0000-0000-000000000000"

static struct liteio_agent agent;
static struct liteio_open_pool pool = { .name = "fast", .uuid.b = { 1 } };
static struct memory_pool memory;
static const struct liteio_uuid volume = { .b = { 5 } };
static char dir[] = "/tmp/test-agent-places.XXXXXX";
static char *path;

/* of the heads that there are */
static uint64_t block;

uint64_t liteio_places_block(const struct liteio_uuid *v, uint64_t generation)
{
	ck_assert(liteio_uuid_equal(v, &volume));
	return block;
}

/* how often the list of pools was told that they are all written down; what it says */
static unsigned int listed;
static int list_result;

int liteio_pools_remember_places(struct liteio_agent *a, struct liteio_open_pool *p,
				 struct liteio_error *err)
{
	ck_assert_ptr_eq(p, &pool);
	listed++;
	return list_result ? liteio_error_set(err, list_result, "no list") : 0;
}

static void setup(void)
{
	const struct liteio_pool_create want = {
		.uuid = volume, .name = "data", .size_bytes = 1 << 20,
	};
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = liteio_strf("%s/exports.json", dir);
	agent.config.state_dir = dir;
	memory_new(&memory);
	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, &err), 0);
	liteio_catalog_edit(&memory.p.cat, &volume)->is_unmade = false;
	pool.engine = &memory.p;
}

static void teardown(void)
{
	memory_close(&memory);
	unlink(path);
	rmdir(dir);
	free(path);
}

static void attach(uint64_t generation, uint32_t flags)
{
	struct liteio_catalog_attachment att = { .volume = volume, .generation = generation,
						 .state = LITEIO_CATALOG_ATT_LIVE, .flags = flags };
	struct liteio_error err = LITEIO_ERROR_INIT;

	if (!(flags & LITEIO_CATALOG_ATT_LOCAL))
		snprintf(att.host, sizeof(att.host), HOST);
	ck_assert_int_eq(liteio_pool_attachment_add(&memory.p, &att, &err), 0);
}

static int keep(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	return liteio_places_keep(&agent, &pool, &err);
}

static void file_is(const char *text)
{
	ck_assert_int_eq(liteio_fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

/* "<generation>/<MiB>/<block> ..." of the pool, "none" when it is not there */
static void is_kept(const char *want)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_pool_places *of;
	struct liteio_places places = { 0 };
	char is[256] = "";

	ck_assert_int_eq(liteio_places_load(&agent, &places, &err), 0);
	of = liteio_places_of(&places, &pool.uuid);
	for (size_t i = 0; of && i < of->n; i++) {
		ck_assert_str_eq(of->items[i].host, HOST);
		ck_assert(liteio_uuid_equal(&of->items[i].volume, &volume));
		sprintf(is + strlen(is), "%s%u/%u/%u", i ? " " : "",
			(unsigned int)of->items[i].generation,
			(unsigned int)(of->items[i].size_bytes >> 20),
			(unsigned int)of->items[i].block_bytes);
	}
	ck_assert_msg(!strcmp(of ? is : "none", want), "kept is \"%s\", not \"%s\"",
		      of ? is : "none", want);
	liteio_places_free(&places);
}

START_TEST(nothing_is_written_where_nobody_is_remote)
{
	attach(1, LITEIO_CATALOG_ATT_LOCAL);
	ck_assert_int_eq(keep(), 0);
	ck_assert(!liteio_fs_exists(path));
	ck_assert_uint_eq(listed, 0);
	is_kept("none");
	/* once there was one, that there is none any more has to be known */
	pool.remote = true;
	ck_assert_int_eq(keep(), 0);
	is_kept("");
	pool.remote = false;
}
END_TEST

START_TEST(what_is_live_and_remote_is_written)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	attach(1, LITEIO_CATALOG_ATT_LOCAL);
	attach(2, 0);
	attach(3, LITEIO_CATALOG_ATT_READ_ONLY);
	ck_assert_int_eq(keep(), 0);
	is_kept("2/1/0 3/1/0");
	ck_assert_uint_eq(listed, 1);
	/* then there are no places: nothing else is wrong */
	list_result = -EIO;
	/* before it is linked there is a head */
	block = 4096;
	ck_assert_int_eq(keep(), 0);
	is_kept("2/1/4096 3/1/4096");
	list_result = 0;
	block = 0;
	ck_assert_int_eq(liteio_pool_attachment_fence(&memory.p, &volume, 2, false, &err), 0);
	ck_assert_int_eq(keep(), 0);
	is_kept("3/1/4096");
	/* what was never used was never served */
	liteio_catalog_edit(&memory.p.cat, &volume)->is_unmade = true;
	ck_assert_int_eq(keep(), 0);
	is_kept("");
}
END_TEST

/* it grows; what its blocks are is not forgotten when there is no head to look at */
START_TEST(what_a_consumer_was_told_is_kept)
{
	attach(2, 0);
	file_is("{\"pools\":[{\"pool\":\"" POOL "\",\"exports\":[{\"volume\":\"" VOLUME
		"\",\"generation\":2,\"hostNQN\":\"" HOST "\",\"sizeBytes\":1048576,"
		"\"blockBytes\":512}]},{\"pool\":\"" VOLUME "\",\"exports\":[]}]}");
	is_kept("2/1/512");
	liteio_catalog_edit(&memory.p.cat, &volume)->size_bytes = 2 << 20;
	ck_assert_int_eq(keep(), 0);
	is_kept("2/2/512");
	attach(3, 0);
	ck_assert_int_eq(keep(), 0);
	is_kept("2/2/512 3/2/0");
	/* the others' are left alone */
	ck_assert_int_eq(liteio_places_drop(&agent, &pool.uuid, NULL), 0);
	is_kept("none");
	pool.uuid = volume;
	is_kept("");
	pool.uuid = (struct liteio_uuid){ .b = { 1 } };
}
END_TEST

START_TEST(what_does_not_change_is_not_written)
{
	attach(2, 0);
	ck_assert_int_eq(keep(), 0);
	/* a newer agent may have written more, and a write would lose it */
	file_is("{\"pools\":[{\"pool\":\"" POOL "\",\"exports\":[{\"volume\":\"" VOLUME
		"\",\"generation\":2,\"hostNQN\":\"" HOST "\",\"sizeBytes\":1048576,\"more\":1}]}]}");
	ck_assert_int_eq(keep(), 0);
	ck_assert_int_eq(liteio_fs_exists(path), 1);
	{
		char *text;
		size_t len;

		ck_assert_int_eq(liteio_fs_read(path, 65536, &text, &len, NULL), 0);
		ck_assert_ptr_nonnull(strstr(text, "more"));
		free(text);
	}
}
END_TEST

static const char *const broken[] = {
	"{",
	"{}",
	/* a list that is missing is not an empty one */
	"{\"pools\":[{\"pool\":\"" POOL "\"}]}",
	"{\"pools\":[{\"pool\":\"" POOL "\",\"exports\":[{\"volume\":\"" VOLUME "\"}]}]}",
};

START_TEST(one_that_can_not_be_read_says_nothing_and_is_made_anew)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_places places = { 0 };

		file_is(broken[i]);
		ck_assert_int_lt(liteio_places_load(&agent, &places, &err), 0);
		liteio_places_free(&places);
	}
	attach(2, 0);
	ck_assert_int_eq(keep(), 0);
	is_kept("2/1/0");
}
END_TEST

/* another pool's may be in it, which is away */
START_TEST(one_that_can_not_be_read_now_is_left_alone)
{
	attach(2, 0);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_assert_int_eq(keep(), -EISDIR);
	ck_assert_int_eq(liteio_places_drop(&agent, &pool.uuid, NULL), -EISDIR);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

/* lost while a pool of other nodes is away: who makes it anew does not know that one's */
START_TEST(what_is_missing_from_it_is_not_said)
{
	struct liteio_known_pool away = { .uuid = volume, .remote = true, .places = true };
	const struct liteio_known_pool own = { .uuid = volume };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_places places = { 0 };

	attach(2, 0);
	file_is("{");
	ck_assert_int_eq(keep(), 0);
	ck_assert_int_eq(liteio_places_load(&agent, &places, &err), 0);
	ck_assert(!liteio_places_say(&places, &away));
	ck_assert(liteio_places_say(&places, &own));
	places.pools[0].pool = away.uuid;
	ck_assert(liteio_places_say(&places, &away));
	/* an older agent has served it since */
	away.places = false;
	ck_assert(!liteio_places_say(&places, &away));
	liteio_places_free(&places);
}
END_TEST

/* and who wants to link it hears of that */
START_TEST(what_can_not_be_written_is_an_error)
{
	attach(2, 0);
	agent.config.state_dir = (char *)"/dev/null/state";
	ck_assert_int_lt(keep(), 0);
	ck_assert_uint_eq(listed, 0);
	agent.config.state_dir = dir;
}
END_TEST

/* files can be taken away in any case */
static void can_write(bool can)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = can ? limit.rlim_max : 0;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* what is served in any case, and is not in it: nobody may be let in by it */
START_TEST(a_file_that_may_say_too_little_goes)
{
	attach(2, 0);
	liteio_places_keep_or_lose(&agent, &pool);
	is_kept("2/1/0");
	attach(3, 0);
	can_write(false);
	liteio_places_keep_or_lose(&agent, &pool);
	can_write(true);
	ck_assert(!liteio_fs_exists(path));
	is_kept("none");
}
END_TEST

START_TEST(only_blocks_of_512_bytes_can_be_held)
{
	struct liteio_place items[] = { { .block_bytes = 512 }, { .block_bytes = 512 } };
	struct liteio_pool_places p = { .items = items, .n = 2 };

	ck_assert(liteio_places_can_be_held(&p));
	items[1].block_bytes = 4096;
	ck_assert(!liteio_places_can_be_held(&p));
	items[1].block_bytes = 0;
	ck_assert(!liteio_places_can_be_held(&p));
	p.n = 0;
	ck_assert(liteio_places_can_be_held(&p));
}
END_TEST

START_TEST(a_place_is_somebodys_or_goes)
{
	static const struct {
		struct liteio_place_facts facts;
		bool stays;
	} rows[] = {
		{ { .is_written_down = true }, true },
		{ { .is_live = true }, true },
		{ { .is_live = true, .is_written_down = true }, true },
		{ { .is_unsure = true }, true },
		{ { 0 }, false },
		{ { .has_ended = true, .is_written_down = true }, false },
		{ { .has_ended = true, .is_live = true }, false },
		{ { .has_ended = true, .is_unsure = true }, false },
		{ { .has_ended = true }, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(liteio_place_stays(&rows[i].facts) == rows[i].stays, "row %zu", i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-places");
	TCase *t = unit_case(s, "file");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_is_written_where_nobody_is_remote);
	tcase_add_test(t, what_is_live_and_remote_is_written);
	tcase_add_test(t, what_a_consumer_was_told_is_kept);
	tcase_add_test(t, what_does_not_change_is_not_written);
	tcase_add_test(t, one_that_can_not_be_read_says_nothing_and_is_made_anew);
	tcase_add_test(t, one_that_can_not_be_read_now_is_left_alone);
	tcase_add_test(t, what_is_missing_from_it_is_not_said);
	tcase_add_test(t, what_can_not_be_written_is_an_error);
	tcase_add_test(t, a_file_that_may_say_too_little_goes);
	tcase_add_test(t, only_blocks_of_512_bytes_can_be_held);
	tcase_add_test(t, a_place_is_somebodys_or_goes);
	return unit_run(s);
}
