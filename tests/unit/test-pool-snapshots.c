// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several snapshots with one transaction: each is there or refused by itself, one of what somebody
 * uses is left out and leaves nothing behind, and cut short at any step, and with either slot lost,
 * each that is ready has a device, and all of them are there or none.
 *
 * Over 600 lines because what is cut short is what was taken together and dropped before: the same
 * pool, wishes and answers.
 */
#include <sys/wait.h>

#include "pool/snapshots.h"
#include "pool_wishes.h"
#include "unit.h"

#define MOST LITEIO_POOL_SNAPSHOTS_MAX
/* the volumes of which snapshots are taken: these, and so many after it */
#define FIRST 5

/* by the number of the volume: how many have it open, what is said of it before and afterwards */
static int n_open[N];
static bool is_used_before[N], is_used_after[N];

static int volume_status(struct liteio_engine *e, const struct liteio_uuid *uuid,
			 struct liteio_engine_volume *ret, struct liteio_error *err)
{
	*ret = (struct liteio_engine_volume){ .open_count = n_open[uuid->b[1]] };
	return 0;
}

static bool is_idle(void *arg, unsigned int by)
{
	size_t i = (uintptr_t)arg;

	ck_assert_uint_eq(by, (unsigned int)n_open[i]);
	return !is_used_before[i];
}

static bool was_idle(void *arg)
{
	return !is_used_after[(uintptr_t)arg];
}

/* nothing is held still here, whatever happens */
static int never(void *arg, struct liteio_error *err)
{
	ck_abort_msg("something was held");
	return 0;
}

static void never_let_go(void *arg)
{
	ck_abort_msg("something was let go");
}

/**
 * struct several - what is taken together
 * @q: of the volumes
 * @name: of each
 * @err: the sentence, if it is refused
 * @all: for the pool
 */
struct several {
	struct liteio_quiesce q[MOST];
	char name[MOST][16];
	struct liteio_error err[MOST];
	struct liteio_pool_snapshot all[MOST];
};

static struct liteio_uuid snapshot_uuid(unsigned int i)
{
	return (struct liteio_uuid){ .b = { (uint8_t)(i * 53), (uint8_t)i, 2 } };
}

static void want(struct several *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned int i = 0; i < MOST; i++) {
		s->q[i] = (struct liteio_quiesce){
			.freeze = never, .freeze_rest = never, .thaw = never_let_go,
			.is_idle = is_idle, .was_idle = was_idle,
			.arg = (void *)(uintptr_t)(FIRST + i),
		};
		snprintf(s->name[i], sizeof(s->name[i]), "s%u", i);
		s->all[i] = (struct liteio_pool_snapshot){
			.uuid = snapshot_uuid(i), .name = s->name[i], .volume = uuid_of(FIRST + i),
			.q = &s->q[i], .err = &s->err[i],
		};
	}
}

static void check_result(const struct several *s, unsigned int i, int result)
{
	ck_assert_msg(s->all[i].result == result, "%u: %d: %s", i, s->all[i].result, s->err[i].msg);
}

static void use_ops(struct memory_pool *m)
{
	static struct liteio_engine_ops ops;

	ops = *m->engine.ops;
	ops.volume_status = volume_status;
	m->engine.ops = &ops;
}

/* those that matter are in the kernel, and nobody uses them */
static void attached(struct memory_pool *m)
{
	use_ops(m);
	memset(n_open, 0, sizeof(n_open));
	memset(is_used_before, 0, sizeof(is_used_before));
	memset(is_used_after, 0, sizeof(is_used_after));
	for (unsigned int i = 0; i < MOST; i++)
		n_open[FIRST + i] = 1;
	m->thin->messages = 0;
}

/* a hundred volumes, of which those that matter have devices */
static void fill(struct memory_pool *m)
{
	struct rights r;

	_Static_assert(MOST == LITEIO_POOL_RIGHTS_MAX, "all of them are attached");
	create_all(m);
	give_all(m, &r);
	for (unsigned int i = 0; i < MOST; i++)
		ck_assert_int_eq(r.all[i].result, 0);
}

static void begin(struct memory_pool *m)
{
	memory_new(m);
	fill(m);
	attached(m);
}

static bool is_ready(const struct memory_pool *m, unsigned int i)
{
	const struct liteio_uuid uuid = snapshot_uuid(i), of = uuid_of(FIRST + i);
	const struct liteio_catalog_volume *v = liteio_catalog_find(&m->p.cat, &uuid);

	ck_assert(!v || (v->state == LITEIO_CATALOG_READY && v->kind == LITEIO_CATALOG_SNAPSHOT &&
			 liteio_uuid_equal(&v->origin, &of) && v->size_bytes == 1 << 20));
	return v;
}

static unsigned int n_ready(const struct memory_pool *m)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < MOST; i++)
		n += is_ready(m, i);
	return n;
}

START_TEST(test_together)
{
	struct memory_pool m;
	struct several s;
	uint64_t before;

	begin(&m);
	want(&s);
	before = m.p.cat.sequence;
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		check_result(&s, i, 0);
	/* creating and ready; one each, and the transaction id */
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	ck_assert_uint_eq(m.thin->messages, MOST + 1);
	ck_assert_uint_eq(n_ready(&m), MOST);
	check_ids(&m);
	/* the same again is there, in a pool that takes nothing, too */
	liteio_pool_set_condition(&m.p, LITEIO_POOL_READ_ONLY, "Test", true, "it is a test");
	want(&s);
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		check_result(&s, i, 0);
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	memory_close(&m);
}
END_TEST

/* what can have no snapshot, for it is to be wiped with zeros */
static void make_wiped(struct memory_pool *m, unsigned int i)
{
	const struct liteio_uuid uuid = uuid_of(i);
	struct liteio_catalog draft;

	liteio_pool_draft(&m->p, &draft);
	liteio_catalog_edit(&draft, &uuid)->wipe = LITEIO_CATALOG_WIPE_ZERO;
	ck_assert_int_eq(liteio_pool_persist(&m->p, &draft, NULL), 0);
}

static uint32_t thin_id_of(const struct memory_pool *m, unsigned int i)
{
	const struct liteio_uuid uuid = uuid_of(i);

	return liteio_catalog_find(&m->p.cat, &uuid)->thin_id;
}

/* one that can not be is refused with its own sentence, and the others do not notice */
START_TEST(test_own_answers)
{
	static const struct {
		int result;
		const char *says;
	} bad[MOST] = {
		[0] = { -EEXIST, "snapshot kept exists" },
		[2] = { -ENOENT, "has no volume" },
		[3] = { -EOPNOTSUPP, "zeros" },
		[4] = { -ENODATA, "no device" },
		[5] = { -EINVAL, "a/b" },
		[6] = { -EEXIST, "snapshot s1 exists" },
	};
	const struct liteio_uuid kept = uuid_of(N), of = uuid_of(1);
	struct memory_pool m;
	struct several s;

	begin(&m);
	ck_assert_int_eq(liteio_pool_snapshot_create(&m.p, &kept, "kept", &of, NULL, NULL, NULL),
			 0);
	want(&s);
	s.all[0].name = "kept";
	s.all[2].volume = uuid_of(N + 1);
	make_wiped(&m, FIRST + 3);
	/* the kernel has lost it */
	m.thin->has[thin_id_of(&m, FIRST + 4)] = false;
	s.all[5].name = "a/b";
	/* two by one name: who comes first has it */
	s.all[6].name = "s1";
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++) {
		check_result(&s, i, bad[i].result);
		ck_assert_msg(!bad[i].says || strstr(s.err[i].msg, bad[i].says), "%u says %s", i,
			      s.err[i].msg);
	}
	ck_assert(is_ready(&m, 1) && is_ready(&m, 7));
	ck_assert_uint_eq(n_ready(&m), 2);
	m.thin->has[thin_id_of(&m, FIRST + 4)] = true;
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* what somebody uses is left to who holds it still, and nothing is written for it */
START_TEST(test_used)
{
	struct memory_pool m;
	struct several s;
	uint64_t before;

	begin(&m);
	want(&s);
	before = m.p.cat.sequence;
	is_used_before[FIRST + 2] = true;
	/* who has it open is not known */
	s.all[4].q = NULL;
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		check_result(&s, i, i == 2 || i == 4 ? LITEIO_POOL_SNAPSHOT_ALONE : 0);
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	ck_assert_uint_eq(m.thin->messages, MOST - 2 + 1);
	ck_assert_uint_eq(n_ready(&m), MOST - 2);
	check_ids(&m);
	/* nobody has it in the kernel, or open: whatever is above */
	want(&s);
	n_open[FIRST + 2] = 0;
	n_open[FIRST + 4] = 0;
	s.all[4].q = NULL;
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	ck_assert_uint_eq(n_ready(&m), MOST);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* no record of it is in either slot, and no bit that an older reader would not know */
static void check_dropped(const struct memory_pool *was, unsigned int i)
{
	for (int slot = 0; slot < 2; slot++) {
		struct memory_pool m;

		open_without(&m, was, slot);
		ck_assert(!is_ready(&m, i));
		check_ids(&m);
		memory_close(&m);
	}
}

/* somebody wrote while it was taken: it is taken back, and nobody ever sees it */
START_TEST(test_dropped)
{
	struct memory_pool m;
	struct several s;
	uint64_t before;

	begin(&m);
	want(&s);
	before = m.p.cat.sequence;
	is_used_after[FIRST + 3] = true;
	is_used_after[FIRST + 6] = true;
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		check_result(&s, i, i == 3 || i == 6 ? LITEIO_POOL_SNAPSHOT_ALONE : 0);
	/* and once more to both slots */
	ck_assert_uint_eq(m.p.cat.sequence, before + 4);
	ck_assert_uint_eq(m.thin->messages, MOST + 2 + 1);
	ck_assert_uint_eq(n_ready(&m), MOST - 2);
	check_ids(&m);
	/* it comes alone, by another id */
	is_used_after[FIRST + 3] = false;
	liteio_pool_snapshot_create_all(&m.p, &s.all[3], 1);
	check_result(&s, 3, 0);
	check_ids(&m);
	memory_close(&m);
	check_dropped(&m, 6);
	/* all of them */
	begin(&m);
	want(&s);
	for (unsigned int i = 0; i < MOST; i++)
		is_used_after[FIRST + i] = true;
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		check_result(&s, i, LITEIO_POOL_SNAPSHOT_ALONE);
	ck_assert_uint_eq(n_ready(&m), 0);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* the kernel takes one back, and the disk does not take that: all of them are undone */
START_TEST(test_not_dropped)
{
	struct memory_pool m, again;
	struct several s;

	begin(&m);
	want(&s);
	is_used_after[FIRST + 3] = true;
	m.thin->commit_fails = -EIO;
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		check_result(&s, i, i == 3 ? LITEIO_POOL_SNAPSHOT_ALONE : -EIO);
	ck_assert_uint_eq(n_ready(&m), 0);
	check_ids(&m);
	/* it says no, and has done it */
	m.thin->commit_fails = -EIO;
	m.thin->commit_lies = true;
	want(&s);
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	check_result(&s, 3, LITEIO_POOL_SNAPSHOT_ALONE);
	check_result(&s, 4, -EIO);
	memory_close(&m);
	memory_open(&again, m.fd, m.thin);
	ck_assert_uint_eq(n_ready(&again), MOST - 1);
	ck_assert(!is_ready(&again, 3));
	check_ids(&again);
	memory_close(&again);
}
END_TEST

#define RESERVED 3

/* the pool has a reserve, with volumes in it that have devices */
static void add_reserve(struct memory_pool *m, struct memory_pool *reserve)
{
	memory_init(reserve, m->fd, memory_thin_new());
	m->p.reserve = &reserve->engine;
	m->p.store.label.extents[3].kind = LITEIO_EXTENT_RESERVE_DATA;
	m->p.store.label.extents[3].length = 64 << 20;
	m->p.store.label.n_extents = 4;
	for (unsigned int i = 0; i < RESERVED; i++) {
		const struct liteio_pool_create one = {
			.uuid = uuid_of(N + i), .name = i ? i > 1 ? "r2" : "r1" : "r0",
			.size_bytes = 1 << 20, .vclass = LITEIO_CATALOG_RESERVED,
		};
		struct liteio_error err = LITEIO_ERROR_INIT;

		ck_assert_msg(!liteio_pool_volume_create(&m->p, &one, NULL, &err), "%s", err.msg);
		ck_assert_int_eq(liteio_pool_make(&m->p, &one.uuid, NULL), 0);
	}
	reserve->thin->messages = 0;
}

/* of each thin pool those that are in it, by a transaction of its own */
START_TEST(test_classes)
{
	struct memory_pool m, reserve;
	struct several s;
	uint64_t before, txid;

	begin(&m);
	add_reserve(&m, &reserve);
	txid = m.p.cat.reserve_txid;
	before = m.p.cat.sequence;
	want(&s);
	for (unsigned int i = 0; i < RESERVED; i++)
		s.all[2 * i].volume = uuid_of(N + i);
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		check_result(&s, i, 0);
	ck_assert_uint_eq(m.p.cat.sequence, before + 4);
	ck_assert_uint_eq(m.thin->messages, MOST - RESERVED + 1);
	ck_assert_uint_eq(reserve.thin->messages, RESERVED + 1);
	ck_assert_uint_eq(reserve.thin->says.txid, txid + 1);
	ck_assert_uint_eq(m.p.cat.reserve_txid, txid + 1);
	ck_assert_uint_eq(m.thin->says.txid, m.p.cat.thin_txid);
	ck_assert_int_eq(liteio_catalog_check(&m.p.cat, NULL), 0);
	memory_close(&reserve);
	memory_close(&m);
}
END_TEST

static void leave(void *arg)
{
	ck_abort_msg("others, whose snapshots these are, have the lane");
}

/* volumes that were never used have their devices first, together */
START_TEST(test_unmade)
{
	const struct liteio_uuid twice = uuid_of(FIRST + MOST);
	struct memory_pool m;
	struct several s;

	begin(&m);
	liteio_pool_set_lane(&m.p, &(struct liteio_pool_lane){ .leave = leave });
	want(&s);
	for (unsigned int i = 0; i < MOST; i++)
		s.all[i].volume = uuid_of(FIRST + MOST + i);
	/* two of one volume: it is made once */
	s.all[2].volume = twice;
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		check_result(&s, i, 0);
	check_ids(&m);
	ck_assert_str_eq(m.p.reason_word, "");
	memory_close(&m);
}
END_TEST

/* where there is not enough for all each is asked for by itself */
START_TEST(test_no_space)
{
	struct memory_pool m;
	struct several s;
	uint64_t before;

	begin(&m);
	want(&s);
	before = m.p.cat.sequence;
	/* room for the metadata of a few, and not of all */
	m.thin->says.meta_used = MEMORY_META_BYTES / 2 * 9 / 10 - 3 * LITEIO_ONDISK_BLOCK -
				 liteio_catalog_unmade(&m.p.cat, LITEIO_CATALOG_THIN) *
					 LITEIO_ONDISK_BLOCK;
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		check_result(&s, i, LITEIO_POOL_SNAPSHOT_ALONE);
	ck_assert_uint_eq(m.p.cat.sequence, before);
	liteio_pool_snapshot_create_all(&m.p, s.all, 2);
	check_result(&s, 0, 0);
	check_result(&s, 1, 0);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* a disk that takes no write: nobody is told that anything is there */
START_TEST(test_write_fails)
{
	struct memory_pool m;
	struct several s;

	begin(&m);
	want(&s);
	memory_break(&m, true);
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++) {
		check_result(&s, i, -EBADF);
		ck_assert_ptr_nonnull(strstr(s.err[i].msg, "was not written"));
	}
	ck_assert_uint_eq(n_ready(&m), 0);
	memory_break(&m, false);
	want(&s);
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	ck_assert_uint_eq(n_ready(&m), MOST);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* an id that was never given out is somebody else's: what he has stays, and nothing more is done */
START_TEST(test_foreign)
{
	struct memory_pool m;
	struct several s;
	uint32_t theirs;

	begin(&m);
	want(&s);
	theirs = m.p.cat.next_thin_id + 4;
	m.thin->has[theirs] = true;
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		ck_assert_int_ne(s.all[i].result, 0);
	ck_assert_str_eq(m.p.reason_word, "ForeignDevice");
	ck_assert(m.thin->has[theirs]);
	m.thin->has[theirs] = false;
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* ---- cut short ------------------------------------------------------------------------------ */

/* each part is in a process of its own: which step it is killed after is asked for once in each */
static int in_child(void (*run)(const struct memory_pool *was, const char *step, bool is_dropped),
		    const struct memory_pool *was, const char *step, bool is_dropped)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		run(was, step, is_dropped);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void do_before(const struct memory_pool *was, const char *step, bool is_dropped)
{
	struct memory_pool m;

	memory_open(&m, was->fd, was->thin);
	fill(&m);
}

/* killed after a step, one of them dropped or not */
static void do_killed(const struct memory_pool *was, const char *step, bool is_dropped)
{
	struct memory_pool m;
	struct several s;

	setenv("LITEIO_STEP_KILL", step, 1);
	memory_open(&m, was->fd, was->thin);
	attached(&m);
	is_used_after[FIRST + 3] = is_dropped;
	want(&s);
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
}

/* whichever slot is lost, what is ready has a device, and what was dropped is not ready */
static void check_without(const struct memory_pool *was, int slot, bool is_dropped)
{
	static char slots[SLOTS_END];
	struct memory_thin thin = *was->thin;
	struct memory_pool m;
	unsigned int n;

	ck_assert_int_eq(pread(was->fd, slots, sizeof(slots), 0), sizeof(slots));
	open_without(&m, was, slot);
	n = n_ready(&m);
	/* one that is of before all of it may leave devices behind that nobody knows */
	ck_assert(n == 0 || n == MOST - (is_dropped ? 1u : 0));
	for (size_t i = 0; i < m.p.cat.n_volumes; i++) {
		const struct liteio_catalog_volume *v = m.p.cat.volumes[i];

		ck_assert(v->is_unmade || m.thin->has[v->thin_id]);
	}
	memory_close(&m);
	*was->thin = thin;
	ck_assert_int_eq(pwrite(was->fd, slots, sizeof(slots), 0), sizeof(slots));
}

/* what is found then, and that it goes on from there */
static void do_after(const struct memory_pool *was, const char *step, bool is_dropped)
{
	bool is_there = !strcmp(step, "snapshots:transaction") ||
			!strcmp(step, "snapshots:catalog-ready");
	unsigned int n = is_there ? MOST - (is_dropped ? 1u : 0) : 0;
	struct memory_pool m;
	struct several s;

	for (int slot = 0; slot < 2; slot++)
		check_without(was, slot, is_dropped);
	memory_open(&m, was->fd, was->thin);
	ck_assert_msg(n_ready(&m) == n, "%s: %u", step, n_ready(&m));
	check_ids(&m);
	attached(&m);
	want(&s);
	liteio_pool_snapshot_create_all(&m.p, s.all, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		check_result(&s, i, 0);
	ck_assert_uint_eq(n_ready(&m), MOST);
	check_ids(&m);
	memory_close(&m);
}

static void check_killed(const char *step, bool is_dropped)
{
	struct memory_pool m;
	int status;

	memory_new(&m);
	ck_assert_int_eq(in_child(do_before, &m, step, is_dropped), 0);
	status = in_child(do_killed, &m, step, is_dropped);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s was not reached",
		      step);
	ck_assert_msg(!in_child(do_after, &m, step, is_dropped), "after %s%s", step,
		      is_dropped ? ", one dropped" : "");
	memory_close(&m);
}

START_TEST(test_killed)
{
	static const char *const steps[] = {
		"snapshots:catalog-creating", "snapshots:taken:1", "snapshots:taken:8",
		"snapshots:messages", "snapshots:transaction", "snapshots:catalog-ready",
	};
	const char **names = liteio_step_names();
	unsigned int n = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		check_killed(steps[i], false);
		check_killed(steps[i], true);
	}
	check_killed("snapshots:dropped-once", true);
	check_killed("snapshots:dropped", true);
	for (const char **name = names; *name; name++)
		n += !strncmp(*name, "snapshots:", strlen("snapshots:"));
	/* and there are no others */
	ck_assert_uint_eq(n, 7);
	free(names);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool-snapshots");
	TCase *t = unit_case(s, "snapshots");

	tcase_add_test(t, test_together);
	tcase_add_test(t, test_own_answers);
	tcase_add_test(t, test_used);
	tcase_add_test(t, test_dropped);
	tcase_add_test(t, test_not_dropped);
	tcase_add_test(t, test_classes);
	tcase_add_test(t, test_unmade);
	tcase_add_test(t, test_no_space);
	tcase_add_test(t, test_write_fails);
	tcase_add_test(t, test_foreign);
	tcase_add_test(t, test_killed);
	return unit_run(s);
}
