// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Volumes created together, and made when they are needed: a hundred for two writes, each with its
 * own answer; killed after every step and torn anywhere all of them are there or none, in the
 * catalog and in the thin pool.
 */
#include <signal.h>
#include <sys/wait.h>

#include "pool/create.h"
#include "pool_in_memory.h"
#include "unit.h"

#define N 100
#define SECTOR 512u

/**
 * struct wishes - what is created together
 * @want: each
 * @name: its name
 * @err: the sentence, if it is refused
 * @all: for the pool
 */
struct wishes {
	struct liteio_pool_create want[N];
	char name[N][16];
	struct liteio_error err[N];
	struct liteio_pool_creation all[N];
};

static struct liteio_uuid uuid_of(unsigned int i)
{
	/* in no order */
	return (struct liteio_uuid){ .b = { (uint8_t)(i * 37), (uint8_t)i, 1 } };
}

static void wish(struct wishes *w)
{
	memset(w, 0, sizeof(*w));
	for (unsigned int i = 0; i < N; i++) {
		snprintf(w->name[i], sizeof(w->name[i]), "v%u", i);
		w->want[i] = (struct liteio_pool_create){
			.uuid = uuid_of(i), .name = w->name[i], .size_bytes = 1 << 20,
		};
		w->all[i] = (struct liteio_pool_creation){ .want = &w->want[i], .err = &w->err[i] };
	}
}

static void create_all(struct memory_pool *m)
{
	static struct wishes w;

	wish(&w);
	liteio_pool_volume_create_all(&m->p, w.all, N);
	for (unsigned int i = 0; i < N; i++)
		ck_assert_msg(!w.all[i].result, "%u: %s", i, w.err[i].msg);
}

/* the thin pool has what the catalog says it has, and nothing else */
static void check_ids(const struct memory_pool *m)
{
	for (uint32_t id = 1; id < MEMORY_IDS; id++) {
		bool is_there = false;

		for (size_t i = 0; i < m->p.cat.n_volumes; i++)
			is_there = is_there || (m->p.cat.volumes[i]->thin_id == id &&
						!m->p.cat.volumes[i]->is_unmade);
		ck_assert_msg(m->thin->has[id] == is_there, "thin id %u", id);
	}
	ck_assert_uint_eq(m->thin->txid, m->p.cat.thin_txid);
	ck_assert_ptr_null(liteio_catalog_pending(&m->p.cat));
	ck_assert_int_eq(liteio_catalog_check(&m->p.cat, NULL), 0);
}

START_TEST(test_two_writes)
{
	struct memory_thin *t = memory_thin_new();
	struct memory_pool m;
	uint64_t before;
	int fd = memory_file();

	memory_format(&m, fd, t);
	before = m.p.cat.sequence;
	create_all(&m);
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	ck_assert_uint_eq(t->messages, 0);
	/* the same again, which is there */
	create_all(&m);
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	/* either slot may be lost */
	for (int slot = 0; slot < 2; slot++) {
		static char was[LITEIO_ONDISK_BLOCK], noise[LITEIO_ONDISK_BLOCK];
		off_t at = (off_t)(LITEIO_SLOT_OFFSET + (uint64_t)slot * MEMORY_SLOT_BYTES);
		struct memory_pool again;

		ck_assert_int_eq(pread(fd, was, sizeof(was), at), sizeof(was));
		ck_assert_int_eq(pwrite(fd, noise, sizeof(noise), at), sizeof(noise));
		memory_open(&again, fd, t);
		ck_assert_uint_eq(again.p.cat.n_volumes, N);
		memory_close(&again);
		ck_assert_int_eq(pwrite(fd, was, sizeof(was), at), sizeof(was));
	}
	memory_close(&m);
}
END_TEST

/* one that can not be is refused with its own sentence, and the others do not notice */
START_TEST(test_own_answers)
{
	static struct wishes w;
	struct memory_pool m;

	memory_format(&m, memory_file(), memory_thin_new());
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
	int fd;

	memory_format(&m, memory_file(), memory_thin_new());
	wish(&w);
	fd = m.p.store.fd;
	m.p.store.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	w.want[5].size_bytes = 0;
	liteio_pool_volume_create_all(&m.p, w.all, N);
	for (unsigned int i = 0; i < N; i++) {
		ck_assert_int_eq(w.all[i].result, i == 5 ? -EINVAL : -ENOSPC);
		ck_assert_ptr_nonnull(strstr(w.err[i].msg, i == 5 ? "0 bytes" : "was not written"));
	}
	ck_assert_uint_eq(m.p.cat.n_volumes, 0);
	close(m.p.store.fd);
	m.p.store.fd = fd;
	create_all(&m);
	memory_close(&m);
}
END_TEST

/* ---- devices -------------------------------------------------------------------------------- */

START_TEST(test_made_when_needed)
{
	const struct liteio_uuid uuid = uuid_of(5);
	struct memory_thin *t = memory_thin_new();
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	uint64_t bytes = 1;

	memory_format(&m, memory_file(), t);
	create_all(&m);
	ck_assert_int_eq(liteio_pool_volume_allocated(&m.p, &uuid, &bytes, NULL), 0);
	ck_assert_uint_eq(bytes, 0);
	/* one that the kernel can not make is as it was, and can be asked for again */
	t->fails = -ENOSPC;
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "volume v5 was never used and can not be made now"));
	check_ids(&m);
	ck_assert(liteio_catalog_find(&m.p.cat, &uuid)->is_unmade);
	t->messages = 0;
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, &err), 0);
	ck_assert_uint_eq(t->messages, 2);
	ck_assert(!liteio_catalog_find(&m.p.cat, &uuid)->is_unmade);
	check_ids(&m);
	/* once */
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, &err), 0);
	ck_assert_uint_eq(t->messages, 2);
	ck_assert_int_eq(liteio_pool_volume_allocated(&m.p, &uuid, &bytes, NULL), -ENODEV);
	memory_close(&m);
}
END_TEST

/* somebody else has made a device by its id: it is left to them, and nothing more is written */
START_TEST(test_foreign)
{
	const struct liteio_uuid uuid = uuid_of(5), other = uuid_of(6);
	struct memory_thin *t = memory_thin_new();
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	uint32_t id;

	memory_format(&m, memory_file(), t);
	create_all(&m);
	id = liteio_catalog_find(&m.p.cat, &uuid)->thin_id;
	t->has[id] = true;
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, &err), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(err.msg, "was never given out and is in use"));
	ck_assert(t->has[id]);
	ck_assert_ptr_null(liteio_catalog_pending(&m.p.cat));
	ck_assert(liteio_catalog_find(&m.p.cat, &uuid)->is_unmade);
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &other, NULL, &err), -EROFS);
	memory_close(&m);
}
END_TEST

START_TEST(test_deleted_unmade)
{
	const struct liteio_uuid uuid = uuid_of(5), made = uuid_of(6);
	struct memory_thin *t = memory_thin_new();
	struct memory_pool m;
	uint64_t before;

	memory_format(&m, memory_file(), t);
	create_all(&m);
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &made, NULL, NULL), 0);
	before = m.p.cat.sequence;
	t->messages = 0;
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &uuid, NULL), 0);
	ck_assert_ptr_null(liteio_catalog_find(&m.p.cat, &uuid));
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	ck_assert_uint_eq(t->messages, 0);
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &made, NULL), 0);
	ck_assert_int_eq(liteio_catalog_find(&m.p.cat, &made)->state, LITEIO_CATALOG_DELETING);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* ---- cut short ------------------------------------------------------------------------------ */

/* in a process of its own: which step it is killed after is asked for once in each */
static int in_child(void (*run)(int fd, struct memory_thin *t, const char *step), int fd,
		    struct memory_thin *t, const char *step)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		run(fd, t, step);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* everything that has steps, until it is killed after one of them */
static void do_killed(int fd, struct memory_thin *t, const char *step)
{
	const struct liteio_uuid uuid = uuid_of(5);
	struct memory_pool m;

	setenv("LITEIO_STEP_KILL", step, 1);
	memory_open(&m, fd, t);
	create_all(&m);
	liteio_pool_volume_activate(&m.p, &uuid, NULL, NULL);
}

static void run_killed(int fd, struct memory_thin *t, const char *step)
{
	int status = in_child(do_killed, fd, t, step);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s was not reached",
		      step);
}

/* what is found then, and that it goes on from there */
static void do_after(int fd, struct memory_thin *t, const char *step)
{
	bool is_made = !strcmp(step, "volume-make:transaction") ||
		       !strcmp(step, "volume-make:catalog-made");
	const struct liteio_uuid uuid = uuid_of(5);
	struct memory_pool m;

	memory_open(&m, fd, t);
	ck_assert_uint_eq(m.p.cat.n_volumes, N);
	check_ids(&m);
	ck_assert_msg(liteio_catalog_find(&m.p.cat, &uuid)->is_unmade == !is_made, "%s", step);
	create_all(&m);
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, NULL), 0);
	check_ids(&m);
	memory_close(&m);
}

START_TEST(test_killed)
{
	for (const char *const *step = liteio_pool_create_steps; *step; step++) {
		struct memory_thin *t = memory_thin_new();
		struct memory_pool m;
		int fd = memory_file();

		memory_format(&m, fd, t);
		memory_close(&m);
		run_killed(fd, t, *step);
		ck_assert_msg(in_child(do_after, fd, t, *step) == 0, "after %s", *step);
		close(fd);
	}
}
END_TEST

static void read_all(int fd, uint8_t *ret)
{
	ck_assert_int_eq(pread(fd, ret, MEMORY_DEVICE_BYTES, 0), MEMORY_DEVICE_BYTES);
}

/* of the sectors that differ those that @which says have got to the disk */
static void tear(int fd, const uint8_t *was, const uint8_t *is, uint64_t which)
{
	unsigned int n = 0;

	ck_assert_int_eq(pwrite(fd, was, MEMORY_DEVICE_BYTES, 0), MEMORY_DEVICE_BYTES);
	for (size_t at = 0; at < MEMORY_DEVICE_BYTES; at += SECTOR) {
		if (memcmp(was + at, is + at, SECTOR) && (which >> n++ % 64 & 1))
			ck_assert_int_eq(pwrite(fd, is + at, SECTOR, (off_t)at), SECTOR);
	}
}

/* so many volumes are there when a write from @was to @is was torn, in many ways */
static void check_torn(const uint8_t *was, const uint8_t *is, size_t least, size_t most)
{
	struct memory_thin *t = memory_thin_new();
	uint64_t which = 0x9e3779b97f4a7c15;
	int fd = memory_file();

	for (int i = 0; i < 24; i++) {
		struct memory_pool m;

		which = which * 6364136223846793005 + 1442695040888963407;
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
	uint8_t *before = malloc(MEMORY_DEVICE_BYTES), *one = malloc(MEMORY_DEVICE_BYTES);
	uint8_t *both = malloc(MEMORY_DEVICE_BYTES);
	struct memory_thin *t = memory_thin_new();
	struct memory_pool m;
	int fd = memory_file();

	memory_format(&m, fd, t);
	memory_close(&m);
	read_all(fd, before);
	run_killed(fd, t, "volume-new:one-copy");
	read_all(fd, one);
	/* and the second write */
	memory_open(&m, fd, t);
	ck_assert_int_eq(liteio_pool_persist_again(&m.p, NULL), 0);
	memory_close(&m);
	read_all(fd, both);
	/* nobody has been told anything: all or none */
	check_torn(before, one, 0, N);
	check_torn(one, both, N, N);
	free(before);
	free(one);
	free(both);
}
END_TEST

UNIT_MAIN("pool-create", test_two_writes, test_own_answers, test_write_fails, test_made_when_needed,
	  test_foreign, test_deleted_unmade, test_killed, test_torn)
