// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pool that is looked at by the clock only as long as the kernel might not say in time what
 * becomes of it, and the table of which is loaded with another mark only while nobody uses it.
 */
#include <errno.h>

#include "pool/thin.h"
#include "pool_wishes.h"
#include "unit.h"

#define MIB (1ull << 20)
#define REST_MS 30000u

/* what the kernel has of it */
static struct {
	struct liteio_engine_status status;
	struct liteio_engine_mark mark;
	unsigned int n_loaded;
	int fails;
	/* how often somebody was told that the pool is another one */
	unsigned int n_said;
} kernel;

static int status(struct liteio_engine *e, struct liteio_engine_status *ret,
		  struct liteio_error *err)
{
	*ret = kernel.status;
	ret->txid = memory_of(e)->says.txid;
	return 0;
}

static int mark(struct liteio_engine *e, struct liteio_engine_mark *ret, struct liteio_error *err)
{
	*ret = kernel.mark;
	return 0;
}

static int set_mark(struct liteio_engine *e, uint64_t blocks, struct liteio_error *err)
{
	if (kernel.fails)
		return liteio_error_set(err, kernel.fails, "the kernel says no");
	kernel.mark.blocks = blocks;
	kernel.mark.is_ahead = true;
	kernel.n_loaded++;
	return 0;
}

static void said(void *arg)
{
	kernel.n_said++;
}

static struct memory_pool m;

/* 4096 blocks, 8 MiB of metadata, and the mark at a fifth that a table has when it is made */
static void begin(void)
{
	static struct liteio_engine_ops ops;

	kernel.status = (struct liteio_engine_status){ .meta_used = MIB,
						       .meta_total = 8 * MIB,
						       .data_total = 4096ull * MEMORY_BLOCK };
	kernel.mark = (struct liteio_engine_mark){ .blocks = 820, .is_ahead = true, .n_open = 1 };
	ops = memory_ops;
	ops.status = status;
	ops.mark = mark;
	ops.set_mark = set_mark;
	memory_new(&m);
	m.engine.ops = &ops;
	liteio_pool_set_lane(&m.p, &(struct liteio_pool_lane){ .changed = said });
}

static void take(uint64_t blocks, uint64_t metadata)
{
	kernel.status.data_used += blocks * MEMORY_BLOCK;
	kernel.status.meta_used += metadata;
	kernel.mark.n_ios += blocks;
}

/* as the agent does it, at this moment */
static int look(uint64_t now_ms)
{
	ck_assert_int_eq(liteio_pool_refresh(&m.p, NULL), 0);
	return liteio_pool_keep_mark(&m.p, now_ms, REST_MS, NULL);
}

/* twenty times as much is promised as there is: written full, the metadata would be */
static void promise_much(void)
{
	static struct wishes w;

	ck_assert_int_eq(liteio_pool_set_overcommit(&m.p, 2000, NULL), 0);
	wish(&w);
	for (unsigned int i = 0; i < N; i++)
		w.want[i].size_bytes = 200 * MIB;
	liteio_pool_volume_create_all(&m.p, w.all, N);
	for (unsigned int i = 0; i < N; i++)
		ck_assert_msg(!w.all[i].result, "%u: %s", i, w.err[i].msg);
}

START_TEST(test_nothing_to_do)
{
	begin();
	/* nobody has looked yet: whoever listens is told once */
	ck_assert_int_eq(liteio_pool_refresh(&m.p, NULL), 0);
	ck_assert_int_eq(liteio_pool_refresh(&m.p, NULL), 0);
	ck_assert_uint_eq(kernel.n_said, 1);
	ck_assert_int_eq(look(1), 1);
	take(2000, MIB);
	ck_assert_int_eq(look(2), 1);
	ck_assert_uint_eq(kernel.n_loaded, 0);
	/* the rung of 80 %: the next one is not said by itself */
	take(1300, 0);
	kernel.mark.is_ahead = false;
	ck_assert_int_eq(look(3), 0);
	take(1, 0);
	ck_assert_int_eq(look(REST_MS), 0);
	ck_assert_int_eq(look(REST_MS + 1), 0);
	ck_assert_uint_eq(kernel.n_loaded, 0);
	ck_assert_int_eq(look(2 * REST_MS), 1);
	ck_assert_uint_eq(kernel.n_loaded, 1);
	ck_assert_uint_eq(kernel.mark.blocks, 410);
	ck_assert_int_eq(look(2 * REST_MS + 1), 1);
	ck_assert_uint_eq(kernel.n_loaded, 1);
	ck_assert_uint_eq(kernel.n_said, 1);
	memory_close(&m);
}
END_TEST

START_TEST(test_metadata_may_fill)
{
	begin();
	ck_assert_int_eq(look(1), 1);
	kernel.n_said = 0;
	/* who promises more does not look, and says so */
	promise_much();
	ck_assert_uint_eq(kernel.n_said, 1);
	take(1, 0);
	ck_assert_int_eq(look(1000), 0);
	ck_assert_int_eq(look(1000 + REST_MS - 1), 0);
	ck_assert_int_eq(look(1000 + REST_MS), 1);
	ck_assert_uint_eq(kernel.n_loaded, 1);
	/* 5 MiB are left to the line, and half of that counts */
	ck_assert_uint_eq(kernel.mark.blocks, 4095 - 20);
	/* no more was taken than was thought of: all is well, and nobody looks */
	take(19, 19 * 128 << 10);
	ck_assert_int_eq(liteio_pool_refresh(&m.p, NULL), 0);
	ck_assert_uint_eq(kernel.n_said, 1);
	/* more: snapshots, say */
	kernel.status.meta_used += 5 * MIB / 2;
	ck_assert_int_eq(liteio_pool_refresh(&m.p, NULL), 0);
	ck_assert_uint_eq(kernel.n_said, 2);
	ck_assert_int_eq(liteio_pool_refresh(&m.p, NULL), 0);
	ck_assert_uint_eq(kernel.n_said, 2);
	ck_assert_int_eq(look(2000 + REST_MS), 0);
	memory_close(&m);
}
END_TEST

/* one of the volumes is attached, or is not any more */
static void attach(uint64_t generation, bool is_attached)
{
	const struct liteio_catalog_attachment a = { .volume = m.p.cat.volumes[0]->uuid,
						     .generation = generation,
						     .host = "nqn.2014-08.org.nvmexpress:uuid:a" };
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = is_attached ? liteio_pool_attachment_add(&m.p, &a, &err) :
			      liteio_pool_attachment_fence(&m.p, &a.volume, generation, true, &err);

	ck_assert_msg(!r, "%s", err.msg);
}

static void snapshot(const struct liteio_uuid *uuid)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_uuid of = m.p.cat.volumes[0]->uuid;
	int r = liteio_pool_snapshot_create(&m.p, uuid, "s", &of, NULL, NULL, &err);

	ck_assert_msg(!r, "%s", err.msg);
}

/*
 * Of a discard the kernel says nothing, and where blocks are shared it takes metadata: as long as
 * somebody might discard, there is a clock
 */
START_TEST(test_discards)
{
	static const struct liteio_uuid snap = { { 99 } };

	begin();
	promise_much();
	ck_assert_int_eq(look(1), 0);
	ck_assert_int_eq(look(1 + REST_MS), 1);
	kernel.n_said = 0;
	/* nothing is shared yet: what a discard takes it gives back */
	attach(1, true);
	ck_assert_int_eq(look(2 + REST_MS), 1);
	ck_assert_uint_eq(kernel.n_said, 0);
	/* more devices than there is room for, had each of them nodes of its own */
	take(3000, MIB);
	kernel.mark.is_ahead = false;
	ck_assert_int_eq(look(3 + REST_MS), 0);
	ck_assert_int_eq(look(3 + 2 * REST_MS), 1);
	kernel.n_said = 0;
	snapshot(&snap);
	ck_assert_uint_eq(kernel.n_said, 1);
	ck_assert_int_eq(look(4 + 3 * REST_MS), 0);
	ck_assert_int_eq(look(4 + 9 * REST_MS), 0);
	/* nobody has it: nobody can */
	attach(1, false);
	ck_assert_int_eq(look(5 + 9 * REST_MS), 1);
	ck_assert_uint_eq(kernel.n_said, 1);
	attach(2, true);
	ck_assert_uint_eq(kernel.n_said, 2);
	ck_assert_int_eq(look(6 + 9 * REST_MS), 0);
	attach(2, false);
	ck_assert_int_eq(look(7 + 9 * REST_MS), 1);
	/* but for the agent itself, when something is deleted */
	m.thin->mapped[liteio_catalog_find(&m.p.cat, &snap)->thin_id] = 1;
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &snap, NULL), 0);
	ck_assert_uint_eq(kernel.n_said, 3);
	ck_assert_int_eq(look(8 + 9 * REST_MS), 0);
	memory_close(&m);
}
END_TEST

START_TEST(test_not_loaded)
{
	begin();
	promise_much();
	ck_assert_int_eq(look(1), 0);
	/* holding so many would take too long */
	kernel.mark.n_open = 101;
	ck_assert_int_eq(look(1 + REST_MS), 0);
	kernel.mark.n_open = 100;
	kernel.fails = -EBUSY;
	ck_assert_int_eq(look(1 + REST_MS), -EBUSY);
	kernel.fails = 0;
	/* another one is at it */
	kernel.mark.n_ios++;
	ck_assert_int_eq(look(1 + 2 * REST_MS), 0);
	ck_assert_uint_eq(kernel.n_loaded, 0);
	ck_assert_int_eq(look(1 + 3 * REST_MS), 1);
	/* it has more now, and its table is another one: nothing is known of its mark */
	kernel.n_said = 0;
	kernel.status.meta_total *= 2;
	ck_assert_int_eq(liteio_pool_refresh(&m.p, NULL), 0);
	ck_assert_uint_eq(kernel.n_said, 1);
	ck_assert_int_eq(look(2 + 3 * REST_MS), 1);
	kernel.status.data_total = 4095ull * MEMORY_BLOCK;
	ck_assert_int_eq(liteio_pool_refresh(&m.p, NULL), 0);
	ck_assert_uint_eq(kernel.n_said, 2);
	/* of one that is not well there is nothing that a mark would say */
	kernel.status.mode = LITEIO_ENGINE_NO_SPACE;
	ck_assert_int_eq(look(1 + 4 * REST_MS), 1);
	ck_assert_uint_eq(kernel.n_loaded, 1);
	memory_close(&m);
}
END_TEST

START_TEST(test_lines)
{
	static const char table[] = "253:0 253:1 512 820 1 error_if_no_space";
	static const char *const bad[] = { "", "253:0 253:1 512", "253:0 253:1 512 x 0",
					   "253:0 253:1 512 -1 0" };
	char out[64];
	uint64_t n = 7;

	ck_assert_int_eq(liteio_thin_parse_mark(table, &n), 0);
	ck_assert_uint_eq(n, 820);
	ck_assert_int_eq(liteio_thin_put_mark(table, 12345, out, sizeof(out)), 0);
	ck_assert_str_eq(out, "253:0 253:1 512 12345 1 error_if_no_space");
	ck_assert_int_eq(liteio_thin_put_mark("1:0 2:1 128 0", 9, out, sizeof(out)), 0);
	ck_assert_str_eq(out, "1:0 2:1 128 9");
	ck_assert_int_eq(liteio_thin_put_mark(table, 12345, out, 30), -EBADMSG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(liteio_thin_parse_mark(bad[i], &n), -EBADMSG);
	ck_assert_int_eq(
		liteio_thin_parse_ios("   5 0 40 1   60 0 80 2   0 3 3   700 0 900 4   8000 5", &n),
		0);
	ck_assert_uint_eq(n, 8765);
	ck_assert_int_eq(liteio_thin_parse_ios("5 0 40 1 60 0 80 2 0 3 3", &n), -EBADMSG);
	ck_assert_uint_eq(n, 8765);
}
END_TEST

UNIT_MAIN("pool-mark", test_nothing_to_do, test_metadata_may_fill, test_discards,
	  test_not_loaded, test_lines)
