// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of known pools: what is not there stays on it, is waited for when others used it, and is
 * given up by name.
 *
 * unit-src: daemon/agent/limits.c
 * unit-src: daemon/agent/locks.c daemon/agent/pools.c daemon/agent/pools_known.c
 * unit-src: daemon/agent/claims.c
 * unit-src: daemon/agent/publish.c daemon/agent/names.c
 * unit-src: daemon/agent/door.c daemon/agent/exports.c daemon/agent/exports_link.c
 * unit-src: daemon/agent/pools_look.c daemon/agent/together.c
 * unit-src: daemon/agent/gate.c
 * unit-src: daemon/agent/ended.c daemon/agent/state_file.c
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "agent/groups.h"
#include "agent/known.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "pool_in_memory.h"
#include "unit.h"

#define UUID_A "11111111-1111-4111-8111-111111111111"
#define UUID_B "22222222-2222-4222-8222-222222222222"
#define UUID_C "33333333-3333-4333-8333-333333333333"

static struct liteio_agent agent;
static char dir[] = "/tmp/test-agent-known.XXXXXX";
static char *path;
/* the pool all exports of which have places */
static struct liteio_uuid held;

bool liteio_places_are_held(struct liteio_agent *a, const struct liteio_uuid *pool)
{
	return liteio_uuid_equal(pool, &held);
}

int liteio_places_keep(struct liteio_agent *a, struct liteio_open_pool *p, struct liteio_error *err)
{
	return 0;
}

/* those whose places have gone */
static struct liteio_uuid given_up[4];
static size_t n_given_up;

void liteio_places_give_up(struct liteio_agent *a, const struct liteio_uuid *pool)
{
	struct liteio_known known = { 0 };

	/* it looks at the list, which nobody has locked, and which says so already */
	ck_assert_int_eq(liteio_known_list(a, &known, NULL), 0);
	for (size_t i = 0; i < known.n_pools; i++)
		ck_assert(!liteio_uuid_equal(&known.pools[i].uuid, pool));
	liteio_known_list_free(&known);
	given_up[n_given_up++] = *pool;
}

/* and those whose groups are nobody's to undo */
static struct liteio_uuid ungrouped[4];
static size_t n_ungrouped;

int liteio_groups_forget_pool(struct liteio_agent *a, const struct liteio_uuid *pool,
			      struct liteio_error *err)
{
	ungrouped[n_ungrouped++] = *pool;
	return liteio_error_set(err, -EIO, "groups.json can not be written");
}

static void is_given_up(const char *text)
{
	struct liteio_uuid uuid;

	ck_assert_int_eq(liteio_uuid_parse(text, &uuid), 0);
	ck_assert_uint_eq(n_given_up, 1);
	ck_assert(liteio_uuid_equal(&given_up[0], &uuid));
	ck_assert_uint_eq(n_ungrouped, 1);
	ck_assert(liteio_uuid_equal(&ungrouped[0], &uuid));
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = liteio_strf("%s/pools.json", dir);
	agent.config.state_dir = dir;
	agent.pools = liteio_pools_new();
}

static void teardown(void)
{
	liteio_pools_free(agent.pools);
	unlink(path);
	rmdir(dir);
	free(path);
}

static void list_is(const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_fs_write_atomic(path, text, strlen(text), 0644, &err), 0);
}

static bool list_has(const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char *now = NULL;
	size_t len;
	bool has;

	ck_assert_int_eq(liteio_fs_read(path, 65536, &now, &len, &err), 0);
	has = strstr(now, text);
	free(now);
	return has;
}

START_TEST(who_had_remote_consumers_is_missed)
{
	char *missing;

	ck_assert_ptr_null(liteio_pools_missing(&agent));
	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true},"
		"{\"name\":\"b\",\"uuid\":\"" UUID_B "\"}]}");
	missing = liteio_pools_missing(&agent);
	ck_assert_str_eq(missing, "pool a");
	free(missing);
	/* there are places for them */
	ck_assert_int_eq(liteio_uuid_parse(UUID_B, &held), 0);
	missing = liteio_pools_missing(&agent);
	ck_assert_str_eq(missing, "pool a");
	free(missing);
	ck_assert_int_eq(liteio_uuid_parse(UUID_A, &held), 0);
	ck_assert_ptr_null(liteio_pools_missing(&agent));
}
END_TEST

/* not opened unasked; but its consumers would be told that there is no such volume */
START_TEST(one_that_is_held_back_is_missed_unless_it_has_places)
{
	char *missing;

	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true,"
		"\"heldBack\":true}]}");
	missing = liteio_pools_missing(&agent);
	ck_assert_pstr_eq(missing, "pool a");
	free(missing);
	ck_assert_int_eq(liteio_uuid_parse(UUID_A, &held), 0);
	ck_assert_ptr_null(liteio_pools_missing(&agent));
}
END_TEST

START_TEST(what_is_not_there_stays_known)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true},"
		"{\"name\":\"b\",\"uuid\":\"" UUID_B "\",\"file\":\"/b\"}]}");
	ck_assert_int_eq(liteio_pools_remember(&agent, &err), 0);
	ck_assert(list_has(UUID_A));
	ck_assert(list_has("true"));
	ck_assert(list_has(UUID_B));
	ck_assert(list_has("/b"));
	ck_assert_uint_eq(n_given_up, 0);
}
END_TEST

/* what an agent says that knows of places; an older one drops it, as this one does with "more" */
START_TEST(that_all_exports_are_written_down_stays_known)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_known known = { 0 };

	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true,"
		"\"places\":true,\"more\":true},{\"name\":\"b\",\"uuid\":\"" UUID_B "\",\"remote\":true}]}");
	ck_assert_int_eq(liteio_pools_remember(&agent, &err), 0);
	ck_assert(!list_has("more"));
	ck_assert_int_eq(liteio_known_list(&agent, &known, &err), 0);
	ck_assert_uint_eq(known.n_pools, 2);
	ck_assert(known.pools[0].places);
	ck_assert(!known.pools[1].places);
	liteio_known_list_free(&known);
}
END_TEST

START_TEST(a_missing_pool_is_given_up_by_name)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	bool known = true;

	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true},"
		"{\"name\":\"b\",\"uuid\":\"" UUID_B "\"}]}");
	ck_assert_int_eq(liteio_pools_forget(&agent, "c", &known, &err), 0);
	ck_assert(!known);
	ck_assert_int_eq(liteio_pools_forget(&agent, "a", &known, &err), 0);
	ck_assert(known);
	ck_assert(!list_has(UUID_A));
	ck_assert(list_has(UUID_B));
	ck_assert_ptr_null(liteio_pools_missing(&agent));
	is_given_up(UUID_A);
}
END_TEST

static struct liteio_open_pool *open_pool(struct memory_pool *m)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p;

	memory_new(m);
	m->p.store.label.pool_uuid.b[0] = 1;
	snprintf(m->p.store.label.pool_name, sizeof(m->p.store.label.pool_name), "a");
	ck_assert_int_eq(liteio_pools_add(agent.pools, &m->p, &p, &err), 0);
	return p;
}

static void close_pool(struct memory_pool *m, struct liteio_open_pool *p)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_pools_take_out(agent.pools, p, "closed", &err), 0);
	p->engine = NULL;
	liteio_pools_put(agent.pools, p);
	memory_close(m);
}

/* once it is on the list nobody writes it again, and the next agent leaves it there */
START_TEST(that_its_exports_are_written_down_is_remembered)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool memory;
	struct liteio_open_pool *p = open_pool(&memory);

	ck_assert_int_eq(liteio_pools_remember(&agent, &err), 0);
	ck_assert(!list_has("places"));
	ck_assert_int_eq(liteio_pools_remember_places(&agent, p, &err), 0);
	ck_assert(list_has("places"));
	p->places = false;
	ck_assert_int_eq(liteio_pools_remember(&agent, &err), 0);
	ck_assert(list_has("places"));
	/* one that can not be written is tried again */
	list_is("{");
	ck_assert_int_lt(liteio_pools_remember_places(&agent, p, &err), 0);
	list_is("{\"pools\":[]}");
	ck_assert_int_eq(liteio_pools_remember_places(&agent, p, &err), 0);
	ck_assert(list_has("places"));
	close_pool(&memory, p);
}
END_TEST

/* it is of that name, and not asked for: which of both is this node's the list says */
START_TEST(a_missing_pool_is_not_given_up_for_a_namesake)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool memory;
	struct liteio_open_pool *p = open_pool(&memory);

	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true}]}");
	ck_assert_int_eq(liteio_pools_remember(&agent, &err), 0);
	ck_assert_uint_eq(n_given_up, 0);
	ck_assert(list_has(UUID_A));
	close_pool(&memory, p);
}
END_TEST

/* nobody but the list says which one may be opened, and whether it may be given up */
START_TEST(a_name_is_that_of_the_pool_on_the_list)
{
	static const struct {
		const char *uuid;
		const char *name;
		bool is_asked;
		const char *said;
	} rows[] = {
		{ UUID_A, "a", false, NULL },
		{ UUID_A, "a", true, NULL },
		{ UUID_C, "a", false, "another one than the pool a of this node" },
		{ UUID_C, "a", true,
		  "other nodes use, is another one and not open: bring its disk back, or give it up"
		  " first (pool delete a)" },
		{ NULL, "a", true, "pool delete a" },
		{ UUID_C, "b", false, "another one than the pool b of this node" },
		{ UUID_C, "b", true, NULL },
		{ NULL, "b", true, NULL },
		{ UUID_C, "c", false, NULL },
	};

	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true},"
		"{\"name\":\"b\",\"uuid\":\"" UUID_B "\"},"
		"{\"uuid\":\"44444444-4444-4444-8444-444444444444\"}]}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_uuid uuid;
		int r;

		if (rows[i].uuid)
			ck_assert_int_eq(liteio_uuid_parse(rows[i].uuid, &uuid), 0);
		r = liteio_known_check_name(&agent, rows[i].uuid ? &uuid : NULL, rows[i].name,
					    rows[i].is_asked, &err);
		ck_assert_int_eq(r, rows[i].said ? -EEXIST : 0);
		if (r)
			ck_assert_msg(strstr(err.msg, rows[i].said), "%s", err.msg);
	}
}
END_TEST

/* a new one has taken its name */
START_TEST(a_missing_pool_has_a_successor)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool memory;
	struct liteio_open_pool *p = open_pool(&memory);

	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true},"
		"{\"name\":\"b\",\"uuid\":\"" UUID_B "\",\"remote\":true}]}");
	ck_assert_int_eq(liteio_pools_remember_new(&agent, p, &err), 0);
	is_given_up(UUID_A);
	ck_assert(list_has(UUID_B));
	close_pool(&memory, p);
}
END_TEST

START_TEST(an_exported_pool_is_not_waited_for)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid;

	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true},"
		"{\"name\":\"b\",\"uuid\":\"" UUID_B "\"}]}");
	ck_assert_int_eq(liteio_uuid_parse(UUID_A, &uuid), 0);
	ck_assert_int_eq(liteio_pools_forget_gone(&agent, &uuid, &err), 0);
	ck_assert(!list_has(UUID_A));
	ck_assert(list_has(UUID_B));
	ck_assert_ptr_null(liteio_pools_missing(&agent));
	/* the same again */
	ck_assert_int_eq(liteio_pools_forget_gone(&agent, &uuid, &err), 0);
	ck_assert(list_has(UUID_B));
	is_given_up(UUID_A);
}
END_TEST

/* its deletion was cut short: there is none to wait for, and who asks again gives its name up */
START_TEST(a_pool_that_is_being_deleted_stays_known_and_is_not_waited_for)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid;
	bool known = false;
	char *missing;

	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true},"
		"{\"name\":\"b\",\"uuid\":\"" UUID_B "\",\"remote\":true}]}");
	ck_assert_int_eq(liteio_uuid_parse(UUID_A, &uuid), 0);
	ck_assert_int_eq(liteio_pools_wait_no_more(&agent, &uuid, &err), 0);
	ck_assert(list_has(UUID_A));
	missing = liteio_pools_missing(&agent);
	ck_assert_str_eq(missing, "pool b");
	ck_assert_uint_eq(n_given_up, 0);
	free(missing);
	ck_assert_int_eq(liteio_pools_forget(&agent, "a", &known, &err), 0);
	ck_assert(known);
	ck_assert(!list_has(UUID_A));
	ck_assert(list_has(UUID_B));
}
END_TEST

static bool is_missing(const char *said)
{
	char *missing = liteio_pools_missing(&agent);
	bool is = missing && strstr(missing, said);

	free(missing);
	return is;
}

/* who could not be waited for is missed as well, unless the list says that nobody else uses it */
START_TEST(what_is_late_is_missed)
{
	struct liteio_uuid a, b;

	ck_assert_int_eq(liteio_uuid_parse(UUID_A, &a), 0);
	ck_assert_int_eq(liteio_uuid_parse(UUID_B, &b), 0);
	list_is("{\"pools\":[{\"name\":\"b\",\"uuid\":\"" UUID_B "\"}]}");
	liteio_late_begin("/dev/a", &a);
	liteio_late_begin("/dev/b", &b);
	liteio_late_begin("/dev/c", NULL);
	ck_assert(is_missing("the pool on /dev/a, which is being opened"));
	ck_assert(!is_missing("/dev/b"));
	ck_assert(is_missing("the pool on /dev/c, which is being opened"));
	liteio_late_end("/dev/a");
	liteio_late_end("/dev/c");
	ck_assert_ptr_null(liteio_pools_missing(&agent));
	liteio_late_end("/dev/b");
}
END_TEST

/* what hangs and was deleted by its name does not keep the door shut; the doctor still sees it */
START_TEST(what_is_given_up_is_not_missed)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	bool was_known = false;
	struct liteio_uuid a;
	char *text;

	ck_assert_int_eq(liteio_uuid_parse(UUID_A, &a), 0);
	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true}]}");
	liteio_late_begin("/dev/a", &a);
	liteio_claim_give_up(&a);
	ck_assert_int_eq(liteio_pools_forget(&agent, "a", &was_known, &err), 0);
	ck_assert(was_known);
	ck_assert_ptr_null(liteio_pools_missing(&agent));
	text = liteio_known_late(&agent);
	ck_assert_str_eq(text, "the pool on /dev/a, which is being opened");
	free(text);
	liteio_late_end("/dev/a");
	ck_assert_ptr_null(liteio_known_late(&agent));
}
END_TEST

START_TEST(where_it_was_stays_known)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid a, b, c;
	char *place;

	ck_assert_int_eq(liteio_uuid_parse(UUID_A, &a), 0);
	ck_assert_int_eq(liteio_uuid_parse(UUID_B, &b), 0);
	ck_assert_int_eq(liteio_uuid_parse(UUID_C, &c), 0);
	/* "more" is of an agent that is newer than this one */
	list_is("{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"serial\":\"S1\",\"more\":1},"
		"{\"name\":\"b\",\"uuid\":\"" UUID_B "\",\"file\":\"/b\"},"
		"{\"name\":\"c\",\"uuid\":\"" UUID_C "\",\"at\":\"pci0/virtio2\"}]}");
	ck_assert_int_eq(liteio_pools_remember(&agent, &err), 0);
	place = liteio_known_place(&agent, &a, NULL);
	ck_assert_str_eq(place, "S1");
	free(place);
	place = liteio_known_place(&agent, &b, NULL);
	ck_assert_str_eq(place, "/b");
	free(place);
	place = liteio_known_place(&agent, &c, NULL);
	ck_assert_str_eq(place, "pci0/virtio2");
	free(place);
	a.b[0] ^= 1;
	ck_assert_ptr_null(liteio_known_place(&agent, &a, NULL));
}
END_TEST

/*
 * What it says has become more with the time: what an older agent did not know of nobody has asked
 * for, and it is not lost by being read. A newer one's words are no obstacle.
 */
static const struct {
	const char *list;
	const char *missing;
	const char *place;
} older[] = {
	{ "{}", NULL, NULL },
	{ "{\"pools\":[]}", NULL, NULL },
	{ "{\"pools\":[{\"uuid\":\"" UUID_A "\"}]}", NULL, NULL },
	{ "{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\"}]}", NULL, NULL },
	{ "{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"file\":\"/a\"}]}", NULL, "/a" },
	{ "{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A "\",\"remote\":true}]}", "pool a",
	  NULL },
	{ "{\"pools\":[{\"uuid\":\"" UUID_A "\",\"remote\":true}]}", "pool without a name", NULL },
	{ "{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A
	  "\",\"serial\":\"S1\",\"remote\":true}]}",
	  "pool a", "S1" },
	{ "{\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A
	  "\",\"at\":\"pci0\",\"remote\":false}]}",
	  NULL, "pci0" },
	{ "{\"version\":9,\"pools\":[{\"name\":\"a\",\"uuid\":\"" UUID_A
	  "\",\"serial\":\"S1\",\"remote\":true,\"legs\":[1,{}]}]}",
	  "pool a", "S1" },
};

START_TEST(what_other_versions_have_written_is_read)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid a;

	ck_assert_int_eq(liteio_uuid_parse(UUID_A, &a), 0);
	list_is(older[_i].list);
	/* as it is, and as this one writes it then */
	for (int written = 0; written < 2; written++) {
		char *missing = liteio_pools_missing(&agent);
		char *place = liteio_known_place(&agent, &a, NULL);

		ck_assert_pstr_eq(missing, older[_i].missing);
		ck_assert_pstr_eq(place, older[_i].place);
		free(missing);
		free(place);
		ck_assert_int_eq(liteio_pools_remember(&agent, &err), 0);
	}
	ck_assert(list_has(UUID_A) == !!strstr(older[_i].list, UUID_A));
}
END_TEST

/* what it says may be put right again: nothing of it is lost, and nobody is let in meanwhile */
START_TEST(a_list_that_can_not_be_read_is_left_alone)
{
	static const char broken[] = "{\"pools\":[{\"name\":\"a\",";
	struct liteio_error err = LITEIO_ERROR_INIT;
	bool known = true;

	list_is(broken);
	ck_assert_int_lt(liteio_pools_remember(&agent, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
	ck_assert(list_has(broken));
	ck_assert(is_missing("can not be read"));
	ck_assert_int_eq(liteio_pools_forget(&agent, "a", &known, &err), 0);
	ck_assert(!known);
	ck_assert(list_has(broken));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-known");
	TCase *t = unit_case(s, "list");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, who_had_remote_consumers_is_missed);
	tcase_add_test(t, one_that_is_held_back_is_missed_unless_it_has_places);
	tcase_add_test(t, what_is_not_there_stays_known);
	tcase_add_test(t, that_all_exports_are_written_down_stays_known);
	tcase_add_test(t, a_missing_pool_is_given_up_by_name);
	tcase_add_test(t, that_its_exports_are_written_down_is_remembered);
	tcase_add_test(t, a_missing_pool_is_not_given_up_for_a_namesake);
	tcase_add_test(t, a_name_is_that_of_the_pool_on_the_list);
	tcase_add_test(t, a_missing_pool_has_a_successor);
	tcase_add_test(t, an_exported_pool_is_not_waited_for);
	tcase_add_test(t, a_pool_that_is_being_deleted_stays_known_and_is_not_waited_for);
	tcase_add_test(t, what_is_late_is_missed);
	tcase_add_test(t, what_is_given_up_is_not_missed);
	tcase_add_test(t, where_it_was_stays_known);
	tcase_add_loop_test(t, what_other_versions_have_written_is_read, 0,
			    sizeof(older) / sizeof(older[0]));
	tcase_add_test(t, a_list_that_can_not_be_read_is_left_alone);
	return unit_run(s);
}
