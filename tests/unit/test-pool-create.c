// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Volumes created together: a hundred for two writes, each with its own answer; killed after every
 * step, those of making one of them among these, and torn anywhere, all of them are there or none,
 * in the catalog and in the thin pool.
 */
#include <signal.h>
#include <sys/wait.h>

#include "pool/step.h"
#include "pool_wishes.h"
#include "unit.h"

START_TEST(test_two_writes)
{
	struct memory_pool m;
	uint64_t before;

	memory_new(&m);
	before = m.p.cat.sequence;
	create_all(&m);
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	ck_assert_uint_eq(m.thin->messages, 0);
	/* the same again, which is there */
	create_all(&m);
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	/* either slot may be lost */
	for (int slot = 0; slot < 2; slot++) {
		struct memory_pool again;

		open_without(&again, &m, slot);
		ck_assert_uint_eq(again.p.cat.n_volumes, N);
		memory_close(&again);
	}
	memory_close(&m);
}
END_TEST

/* it is there: said in whatever condition the pool is, but not before both slots have it */
START_TEST(test_again)
{
	static struct wishes w;
	struct memory_pool m;
	uint64_t before;

	memory_new(&m);
	create_all(&m);
	before = m.p.cat.sequence;
	liteio_pool_set_condition(&m.p, LITEIO_POOL_READ_ONLY, "Test", true, "it is a test");
	create_all(&m);
	ck_assert_uint_eq(m.p.cat.sequence, before);
	m.p.is_one_copy = true;
	create_all(&m);
	ck_assert_uint_eq(m.p.cat.sequence, before + 1);
	ck_assert(!m.p.is_one_copy);
	wish(&w);
	w.want[N - 1].uuid.b[3] = 1;
	snprintf(w.name[N - 1], sizeof(w.name[N - 1]), "another");
	liteio_pool_volume_create_all(&m.p, w.all, N);
	/* those that come with it are there all the same */
	for (unsigned int i = 0; i < N; i++)
		ck_assert_int_eq(w.all[i].result, i == N - 1 ? -EROFS : 0);
	ck_assert_ptr_nonnull(strstr(w.err[N - 1].msg, "it is a test"));
	memory_close(&m);
}
END_TEST

/* a disk that takes no write any more: what is there in both slots is, what is in one is not yet */
START_TEST(test_again_not_written)
{
	static struct wishes w;
	struct memory_pool m;

	memory_new(&m);
	wish(&w);
	liteio_pool_volume_create_all(&m.p, w.all, N / 2);
	memory_break(&m, true);
	for (int is_one = 0; is_one < 2; is_one++) {
		m.p.is_one_copy = is_one;
		liteio_pool_volume_create_all(&m.p, w.all, N);
		for (unsigned int i = 0; i < N; i++) {
			bool is_there = i < N / 2 && !is_one;

			ck_assert_msg(is_there == !w.all[i].result, "%d: %u: %d", is_one, i,
				      w.all[i].result);
		}
	}
	memory_break(&m, false);
	create_all(&m);
	memory_close(&m);
}
END_TEST

/* a linear volume that is ready, as creating one leaves it */
static void add_linear(struct memory_pool *m, const struct liteio_pool_create *want)
{
	struct liteio_catalog_volume v = {
		.uuid = want->uuid, .kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_LINEAR, .state = LITEIO_CATALOG_READY,
		.size_bytes = want->size_bytes, .floor = LITEIO_CATALOG_GEN_MIN,
	};
	const struct liteio_catalog_extent e = {
		.volume = want->uuid, .state = LITEIO_CATALOG_EXTENT_USED, .start = 1ull << 30,
		.length = want->size_bytes,
	};
	struct liteio_catalog draft;

	snprintf(v.name, sizeof(v.name), "%s", want->name);
	liteio_pool_draft(&m->p, &draft);
	liteio_catalog_add(&draft, &v);
	liteio_catalog_add_extent(&draft, &e);
	ck_assert_int_eq(liteio_pool_persist(&m->p, &draft, NULL), 0);
}

/* who was killed between both slots asks again: a linear volume, and its size, are in both then */
START_TEST(test_linear_again)
{
	const struct liteio_pool_create want = {
		.uuid = uuid_of(5), .name = "linear", .size_bytes = 4 << 20,
		.vclass = LITEIO_CATALOG_LINEAR,
	};
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;

	memory_new(&m);
	add_linear(&m, &want);
	/* as whoever opens it finds it */
	m.p.is_one_copy = true;
	ck_assert_msg(!liteio_pool_volume_create(&m.p, &want, NULL, &err), "%s", err.msg);
	ck_assert(!m.p.is_one_copy);
	for (int slot = 0; slot < 2; slot++) {
		struct memory_pool again;

		open_without(&again, &m, slot);
		ck_assert_ptr_nonnull(liteio_catalog_find(&again.p.cat, &want.uuid));
		memory_close(&again);
	}
	/* of a catalog that may be old nothing is written */
	m.p.is_one_copy = true;
	m.p.is_mismatched = true;
	ck_assert_int_eq(liteio_pool_confirm(&m.p, &err), 0);
	ck_assert(m.p.is_one_copy);
	memory_close(&m);
}
END_TEST

/* one that can not be is refused with its own sentence, and the others do not notice */
START_TEST(test_own_answers)
{
	static struct wishes w;
	struct memory_pool m;

	memory_new(&m);
	wish(&w);
	snprintf(w.name[3], sizeof(w.name[3]), "v2");
	snprintf(w.name[5], sizeof(w.name[5]), "a/b");
	w.want[7].size_bytes = 0;
	w.want[9].size_bytes = 1ull << 50;
	w.want[11] = w.want[10];
	w.want[13].uuid = w.want[12].uuid;
	w.want[15].vclass = LITEIO_CATALOG_RESERVED;
	liteio_pool_volume_create_all(&m.p, w.all, N);
	for (unsigned int i = 0; i < N; i++) {
		static const struct {
			unsigned int i;
			int want;
			const char *says;
		} bad[] = {
			{ 3, -EEXIST, "volume v2 exists" },
			{ 5, -EINVAL, "a/b" },
			{ 7, -EINVAL, "volume v7 cannot have 0 bytes" },
			{ 9, -ENOSPC, "overcommit" },
			{ 13, -EEXIST, "the uuid is that of v12" },
			{ 15, -EOPNOTSUPP, "without space for reserved volumes" },
		};
		int want = 0;

		for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
			if (bad[k].i != i)
				continue;
			want = bad[k].want;
			ck_assert_msg(strstr(w.err[i].msg, bad[k].says), "%u says %s", i,
				      w.err[i].msg);
		}
		ck_assert_msg(w.all[i].result == want, "%u: %d", i, w.all[i].result);
	}
	/* 10 and 11 are one */
	ck_assert_uint_eq(m.p.cat.n_volumes, N - 7);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* a disk that takes no write: nobody is told that anything is there */
START_TEST(test_write_fails)
{
	static struct wishes w;
	struct memory_pool m;

	memory_new(&m);
	wish(&w);
	memory_break(&m, true);
	w.want[5].size_bytes = 0;
	liteio_pool_volume_create_all(&m.p, w.all, N);
	for (unsigned int i = 0; i < N; i++) {
		ck_assert_int_eq(w.all[i].result, i == 5 ? -EINVAL : -EBADF);
		ck_assert_ptr_nonnull(strstr(w.err[i].msg, i == 5 ? "0 bytes" : "was not written"));
	}
	ck_assert_uint_eq(m.p.cat.n_volumes, 0);
	memory_break(&m, false);
	create_all(&m);
	memory_close(&m);
}
END_TEST

/* ---- cut short ------------------------------------------------------------------------------ */

/* in a process of its own: which step it is killed after is asked for once in each */
static int in_child(void (*run)(const struct memory_pool *was, const char *step),
		    const struct memory_pool *was, const char *step)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		run(was, step);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* everything that has steps, until it is killed after one of them */
static void do_killed(const struct memory_pool *was, const char *step)
{
	struct memory_pool m;
	struct rights r;

	setenv("LITEIO_STEP_KILL", step, 1);
	memory_open(&m, was->fd, was->thin);
	create_all(&m);
	give_all(&m, &r);
}

static void run_killed(const struct memory_pool *was, const char *step)
{
	int status = in_child(do_killed, was, step);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s was not reached",
		      step);
}

/* what is found then, and that it goes on from there: all of those that are attached, or none */
static void do_after(const struct memory_pool *was, const char *step)
{
	bool is_attached = !strcmp(step, "attachment-add:catalog");
	bool is_made = is_attached || !strcmp(step, "volume-make:transaction") ||
		       !strcmp(step, "volume-make:catalog-made");
	struct memory_pool m;
	struct rights r;

	memory_open(&m, was->fd, was->thin);
	ck_assert_uint_eq(m.p.cat.n_volumes, N);
	ck_assert_uint_eq(m.p.cat.n_attachments, is_attached ? LITEIO_POOL_RIGHTS_MAX : 0);
	check_ids(&m);
	for (unsigned int i = 0; i < LITEIO_POOL_RIGHTS_MAX; i++) {
		const struct liteio_uuid uuid = uuid_of(5 + i);

		ck_assert_msg(liteio_catalog_find(&m.p.cat, &uuid)->is_unmade == !is_made,
			      "%s: %u", step, i);
	}
	create_all(&m);
	give_all(&m, &r);
	for (unsigned int i = 0; i < LITEIO_POOL_RIGHTS_MAX; i++)
		ck_assert_msg(!r.all[i].result && r.all[i].is_new == !is_attached, "%s: %u", step,
			      i);
	check_ids(&m);
	memory_close(&m);
}

START_TEST(test_killed)
{
	_cleanup_free_ const char **names = liteio_step_names();
	int n = 0;

	for (const char **step = names; *step; step++) {
		struct memory_pool m;

		if (strncmp(*step, "volume-new:", 11) != 0 &&
		    strncmp(*step, "volume-make:", 12) != 0 &&
		    strcmp(*step, "attachment-add:catalog") != 0)
			continue;
		n++;
		memory_new(&m);
		memory_close(&m);
		run_killed(&m, *step);
		ck_assert_msg(in_child(do_after, &m, *step) == 0, "after %s", *step);
		close(m.fd);
	}
	ck_assert_int_eq(n, 8);
}
END_TEST

/* so many volumes are there when a write from @was to @is was torn, in many ways */
static void check_torn(const uint8_t *was, const uint8_t *is, size_t least, size_t most)
{
	struct memory_thin *t = memory_thin_new();
	uint64_t which = 0x9e3779b97f4a7c15;
	int fd = make_file(SLOTS_END);

	for (int i = 0; i < 24; i++) {
		struct memory_pool m;

		which = which * 6364136223846793005 + 1442695040888963407;
		ck_assert_int_eq(pwrite(fd, was, SLOTS_END, 0), SLOTS_END);
		tear(fd, was, is, i == 0 ? 0 : i == 1 ? UINT64_MAX : which);
		memory_open(&m, fd, t);
		ck_assert_msg(m.p.cat.n_volumes == least || m.p.cat.n_volumes == most,
			      "%zu volumes are there", m.p.cat.n_volumes);
		if (i == 1)
			ck_assert_uint_eq(m.p.cat.n_volumes, most);
		check_ids(&m);
		memory_close(&m);
	}
	close(fd);
}

START_TEST(test_torn)
{
	uint8_t *before = malloc(SLOTS_END), *one = malloc(SLOTS_END), *both = malloc(SLOTS_END);
	struct memory_pool m;

	memory_new(&m);
	memory_close(&m);
	read_all(m.fd, before);
	run_killed(&m, "volume-new:one-copy");
	read_all(m.fd, one);
	/* and the second write */
	memory_open(&m, m.fd, m.thin);
	ck_assert_int_eq(liteio_pool_persist_again(&m.p, NULL), 0);
	memory_close(&m);
	read_all(m.fd, both);
	/* nobody has been told anything: all or none */
	check_torn(before, one, 0, N);
	check_torn(one, both, N, N);
	free(before);
	free(one);
	free(both);
}
END_TEST

UNIT_MAIN("pool-create", test_two_writes, test_again, test_again_not_written,
	  test_linear_again, test_own_answers, test_write_fails, test_killed, test_torn)
