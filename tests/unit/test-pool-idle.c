// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A snapshot of a volume that is attached and that nobody uses holds nothing still; of one that is
 * used it does, be that found out before or afterwards. A volume that is deleted is not taken out
 * of the kernel to be brought back for its space, unless it is in use, nor brought there when it
 * has no blocks: then it is gone at once. What nobody has attached and nobody has written needs no
 * device. A device that is long enough stays when its volume grows. That of a volume that is to be
 * wiped with zeros takes no discards.
 */
#include "pool_wishes.h"
#include "unit.h"

/*
 * what was asked for, one letter each: Freeze the rest, Suspend, snapshot Taken, Removed, resUmed,
 * Deactivated
 */
static char asked[16];

/* how many have the volume open; -1 when it is not there */
static int n_open;

/* how long its device is, what it has, and whether its I/O is held */
static uint64_t device_bytes, mapped_bytes;
static bool is_held;

/* how often it was brought into the kernel, or given another table */
static unsigned int n_activated;

/* it was to take no discards then */
static bool keeps;

/* what those above say, before and after */
static bool idle_before, idle_after;

static void note(char what)
{
	asked[strlen(asked)] = what;
}

static int volume_status(struct liteio_engine *e, const struct liteio_uuid *uuid,
			 struct liteio_engine_volume *ret, struct liteio_error *err)
{
	*ret = (struct liteio_engine_volume){ .open_count = n_open, .size_bytes = device_bytes,
					      .mapped_bytes = mapped_bytes, .suspended = is_held };
	return n_open < 0 ? -ENODEV : 0;
}

static int volume_activate(struct liteio_engine *e, const struct liteio_uuid *uuid,
			   const struct liteio_engine_device *want, struct liteio_pool_thin *ret,
			   struct liteio_error *err)
{
	n_activated++;
	keeps = want->keeps;
	n_open = 0;
	return memory_activate(e, uuid, want, ret, err);
}

static int volume_deactivate(struct liteio_engine *e, const struct liteio_uuid *uuid,
			     struct liteio_error *err)
{
	note('D');
	return n_open > 0 ? liteio_error_set(err, -EBUSY, "it is open") : 0;
}

static int volume_suspend(struct liteio_engine *e, const struct liteio_uuid *uuid,
			  struct liteio_error *err)
{
	note('S');
	return 0;
}

static int volume_resume(struct liteio_engine *e, const struct liteio_uuid *uuid,
			 struct liteio_error *err)
{
	note('U');
	return 0;
}

static int snapshot(struct liteio_engine *e, uint32_t id, uint32_t origin,
		    struct liteio_error *err)
{
	note('T');
	return memory_snapshot(e, id, origin, err);
}

static int take_away(struct liteio_engine *e, uint32_t id, struct liteio_error *err)
{
	note('R');
	return memory_remove(e, id, err);
}

static int freeze(void *arg, struct liteio_error *err)
{
	return 0;
}

/* what it ends with */
static int rest_fails;

static int freeze_rest(void *arg, struct liteio_error *err)
{
	note('F');
	return rest_fails;
}

static void thaw(void *arg)
{
}

static bool is_idle(void *arg, unsigned int by)
{
	ck_assert_uint_eq(by, 2);
	return idle_before;
}

static bool was_idle(void *arg)
{
	/* it is asked when the snapshot is there, and of what was idle */
	ck_assert_str_eq(asked, "T");
	ck_assert(idle_before);
	return idle_after;
}

static struct liteio_uuid begin(struct memory_pool *m)
{
	const struct liteio_pool_create one = {
		.uuid = uuid_of(5), .name = "v5", .size_bytes = 1 << 20,
	};
	static struct liteio_engine_ops ops;

	memset(asked, 0, sizeof(asked));
	n_activated = 0;
	mapped_bytes = 0;
	memory_new(m);
	ops = *m->engine.ops;
	ops.volume_status = volume_status;
	ops.volume_activate = volume_activate;
	ops.volume_deactivate = volume_deactivate;
	ops.volume_suspend = volume_suspend;
	ops.volume_resume = volume_resume;
	ops.snapshot = snapshot;
	ops.remove = take_away;
	m->engine.ops = &ops;
	ck_assert_int_eq(liteio_pool_volume_create(&m->p, &one, NULL, NULL), 0);
	return one.uuid;
}

/* what was asked of the kernel for a snapshot */
static const char *take_and(const struct liteio_quiesce *q, int result)
{
	const struct liteio_uuid uuid = uuid_of(N);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	struct liteio_uuid volume = begin(&m);

	n_open = 2;
	ck_assert_int_eq(liteio_pool_snapshot_create(&m.p, &uuid, "s", &volume, NULL, q, &err),
			 result);
	check_ids(&m);
	memory_close(&m);
	return asked;
}

static const char *take(const struct liteio_quiesce *q)
{
	return take_and(q, 0);
}

START_TEST(test_idle)
{
	const struct liteio_quiesce unknown = { .freeze = freeze, .thaw = thaw };
	struct liteio_quiesce q = unknown;

	ck_assert_str_eq(take(NULL), "STU");
	ck_assert_str_eq(take(&unknown), "STU");
	q.is_idle = is_idle;
	q.was_idle = was_idle;
	ck_assert_str_eq(take(&q), "STU");
	idle_before = true;
	idle_after = true;
	ck_assert_str_eq(take(&q), "T");
	/* somebody came and wrote: what was taken may change */
	idle_after = false;
	ck_assert_str_eq(take(&q), "TRSTU");
	/* ... and is to be held still, too, whenever the device is */
	q.freeze_rest = freeze_rest;
	ck_assert_str_eq(take(&q), "TRFSTU");
	idle_before = false;
	ck_assert_str_eq(take(&q), "FSTU");
	rest_fails = -EIO;
	ck_assert_ptr_eq(strstr(take_and(&q, -EIO), "F"), asked);
	ck_assert_ptr_null(strpbrk(asked, "STU"));
	idle_before = true;
	idle_after = true;
	ck_assert_str_eq(take(&q), "T");
}
END_TEST

/* how often the kernel was asked for the pool */
static unsigned int n_status;

static int status(struct liteio_engine *e, struct liteio_engine_status *ret,
		  struct liteio_error *err)
{
	n_status++;
	return memory_status(e, ret, err);
}

/* the kernel is asked once, and no snapshot is taken in a pool that somebody else has changed */
START_TEST(test_asked_once)
{
	const struct liteio_uuid one = uuid_of(N), two = uuid_of(N - 1), three = uuid_of(N - 2);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	struct liteio_uuid volume = begin(&m);
	struct liteio_engine_ops ops = *m.engine.ops;

	ops.status = status;
	m.engine.ops = &ops;
	n_open = 0;
	/* a volume that nobody has used has no blocks to share: that takes its own questions */
	ck_assert_int_eq(liteio_pool_snapshot_create(&m.p, &one, "s", &volume, NULL, NULL, &err),
			 0);
	n_status = 0;
	ck_assert_int_eq(liteio_pool_snapshot_create(&m.p, &two, "t", &volume, NULL, NULL, &err),
			 0);
	ck_assert_uint_eq(n_status, 1);
	m.thin->says.txid += 5;
	asked[0] = '\0';
	ck_assert_int_eq(liteio_pool_snapshot_create(&m.p, &three, "u", &volume, NULL, NULL,
						     &err),
			 -EROFS);
	ck_assert_str_eq(asked, "");
	ck_assert_str_eq(m.p.reason_word, "TransactionMismatch");
	ck_assert_ptr_null(liteio_catalog_find_name(&m.p.cat, LITEIO_CATALOG_SNAPSHOT, "u"));
	memory_close(&m);
}
END_TEST

/* what was asked of the kernel to delete a volume that has a device */
static const char *delete(int open_count, int result)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_catalog_volume *v;
	struct memory_pool m;
	struct liteio_uuid volume = begin(&m);

	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &volume, NULL, &err), 0);
	m.thin->mapped[liteio_catalog_find(&m.p.cat, &volume)->thin_id] = 1;
	n_open = open_count;
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &volume, &err), result);
	v = liteio_catalog_find(&m.p.cat, &volume);
	ck_assert_int_eq(v->state, result ? LITEIO_CATALOG_READY : LITEIO_CATALOG_DELETING);
	memory_close(&m);
	return asked;
}

START_TEST(test_delete)
{
	ck_assert_str_eq(delete(0, 0), "");
	ck_assert_str_eq(delete(1, -EBUSY), "D");
	ck_assert_str_eq(delete(-1, 0), "");
}
END_TEST

/* how often a volume's device got another table when it grew from 1 to 2 MiB */
static unsigned int grow(int open_count, uint64_t bytes, bool held)
{
	const uint64_t untold = 1;
	uint64_t allocated = untold;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	struct liteio_uuid volume = begin(&m);

	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &volume, NULL, &err), 0);
	n_activated = 0;
	n_open = open_count;
	device_bytes = bytes;
	is_held = held;
	mapped_bytes = MEMORY_BLOCK;
	ck_assert_msg(!liteio_pool_volume_grow(&m.p, &volume, 2 << 20, &allocated, &err), "%s",
		      err.msg);
	ck_assert_uint_eq(liteio_catalog_find(&m.p.cat, &volume)->size_bytes, 2 << 20);
	ck_assert_uint_eq(allocated, open_count < 0 ? untold : mapped_bytes);
	memory_close(&m);
	return n_activated;
}

/* when it is attached, and when its device becomes longer */
START_TEST(test_keeps)
{
	const struct liteio_pool_create zeros = {
		.uuid = uuid_of(N), .name = "zeros", .size_bytes = 1 << 20,
		.wipe = LITEIO_CATALOG_WIPE_ZERO,
	};
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	struct liteio_uuid volume = begin(&m);

	ck_assert_int_eq(liteio_pool_volume_create(&m.p, &zeros, NULL, &err), 0);
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &zeros.uuid, NULL, &err), 0);
	ck_assert(keeps);
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &volume, NULL, &err), 0);
	ck_assert(!keeps);
	device_bytes = 1 << 20;
	is_held = false;
	ck_assert_int_eq(liteio_pool_volume_grow(&m.p, &zeros.uuid, 2 << 20, NULL, &err), 0);
	ck_assert_uint_eq(n_activated, 3);
	ck_assert(keeps);
	/* the others do not become like that later: they may have given back some */
	ck_assert_int_eq(liteio_pool_volume_wipe(&m.p, &volume, LITEIO_CATALOG_WIPE_ZERO, &err),
			 -EOPNOTSUPP);
	memory_close(&m);
}
END_TEST

START_TEST(test_grow)
{
	ck_assert_uint_eq(grow(1, 1 << 20, false), 1);
	ck_assert_uint_eq(grow(1, 2 << 20, false), 0);
	ck_assert_uint_eq(grow(1, 1ull << 59, false), 0);
	/* what is held goes on */
	ck_assert_uint_eq(grow(1, 1ull << 59, true), 1);
	ck_assert_uint_eq(grow(-1, 0, false), 0);
}
END_TEST

/* how often a deleted volume was brought into the kernel for its space; in the end it is gone */
static unsigned int reclaim(uint64_t mapped, enum liteio_catalog_wipe wipe)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	struct liteio_uuid volume = begin(&m);
	struct liteio_catalog draft;
	bool more = true;
	uint64_t left;
	uint32_t id;

	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &volume, NULL, &err), 0);
	id = liteio_catalog_find(&m.p.cat, &volume)->thin_id;
	n_open = -1;
	m.thin->mapped[id] = mapped;
	liteio_pool_draft(&m.p, &draft);
	liteio_catalog_edit(&draft, &volume)->wipe = wipe;
	ck_assert_int_eq(liteio_pool_persist(&m.p, &draft, &err), 0);
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &volume, &err), 0);
	n_activated = 0;
	ck_assert_int_eq(liteio_pool_reclaim_left(&m.p, &volume, &left, &err), 0);
	ck_assert_uint_eq(left, mapped * MEMORY_BLOCK);
	ck_assert_uint_eq(n_activated, 0);
	ck_assert_msg(!liteio_pool_reclaim(&m.p, &more, &err), "%s", err.msg);
	ck_assert(!more);
	ck_assert_ptr_null(liteio_catalog_find(&m.p.cat, &volume));
	ck_assert(!m.thin->has[id]);
	memory_close(&m);
	return n_activated;
}

START_TEST(test_reclaim)
{
	ck_assert_uint_eq(reclaim(0, LITEIO_CATALOG_WIPE_NONE), 0);
	ck_assert_uint_eq(reclaim(3, LITEIO_CATALOG_WIPE_NONE), 1);
	/* what was committed last is not enough to know where it is to be wiped */
	ck_assert_uint_eq(reclaim(0, LITEIO_CATALOG_WIPE_ZERO), 1);
}
END_TEST

/* what has nothing to give back is gone by the two writes of an operation, or when that can be */
START_TEST(test_gone)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	struct liteio_uuid volume = begin(&m);
	uint64_t before, left;
	bool more = true;

	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &volume, NULL, &err), 0);
	n_open = -1;
	before = m.p.cat.sequence;
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &volume, &err), 0);
	ck_assert_ptr_null(liteio_catalog_find(&m.p.cat, &volume));
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	check_ids(&m);
	memory_close(&m);

	volume = begin(&m);
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &volume, NULL, &err), 0);
	n_open = -1;
	m.thin->commit_fails = -EIO;
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &volume, &err), 0);
	ck_assert_int_eq(liteio_catalog_find(&m.p.cat, &volume)->state, LITEIO_CATALOG_DELETING);
	ck_assert_int_eq(liteio_pool_reclaim_left(&m.p, &volume, &left, &err), 0);
	ck_assert_msg(!liteio_pool_reclaim(&m.p, &more, &err), "%s", err.msg);
	ck_assert(!more);
	ck_assert_ptr_null(liteio_catalog_find(&m.p.cat, &volume));
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* what is read of one is known of others, until they are brought back */
START_TEST(test_near)
{
	const struct liteio_uuid s[2] = { uuid_of(N), uuid_of(N + 1) };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	struct liteio_uuid volume = begin(&m);

	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &volume, NULL, &err), 0);
	m.thin->mapped[liteio_catalog_find(&m.p.cat, &volume)->thin_id] = 1;
	n_open = -1;
	for (unsigned int i = 0; i < 2; i++)
		ck_assert_msg(!liteio_pool_snapshot_create(&m.p, &s[i], i ? "t" : "s", &volume,
							   NULL, NULL, &err), "%s", err.msg);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &s[i], &err), 0);
		ck_assert_ptr_null(liteio_catalog_find(&m.p.cat, &s[i]));
		ck_assert_uint_eq(m.thin->near_asked, 1);
	}
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &volume, &err), 0);
	ck_assert_ptr_nonnull(liteio_catalog_find(&m.p.cat, &volume));
	ck_assert_uint_eq(m.thin->near_asked, 2);
	memory_close(&m);
}
END_TEST

/* what let_go() says of a volume, and whether its device is known to have no blocks then */
static int let_go(struct memory_pool *m, const struct liteio_uuid *volume, bool *ret_is_known)
{
	uint32_t id = liteio_catalog_find(&m->p.cat, volume)->thin_id;
	struct liteio_pool_load load;
	int r = liteio_pool_volume_let_go(&m->p, volume, &load);

	*ret_is_known = liteio_pool_empty_is(&m->p, id);
	if (r)
		return r;
	ck_assert_int_eq(liteio_pool_volume_unload(&load, NULL), 0);
	ck_assert_str_eq(asked, "D");
	n_open = -1;
	return 0;
}

START_TEST(test_let_go)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	struct liteio_uuid volume = begin(&m);
	const struct liteio_catalog_attachment att = {
		.volume = volume, .generation = 1, .state = LITEIO_CATALOG_ATT_LIVE,
		.flags = LITEIO_CATALOG_ATT_LOCAL,
	};
	bool known;
	uint64_t bytes = 1;
	uint32_t id;

	/* it never had one */
	ck_assert_int_eq(let_go(&m, &volume, &known), -EBUSY);
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &volume, NULL, &err), 0);
	id = liteio_catalog_find(&m.p.cat, &volume)->thin_id;
	mapped_bytes = MEMORY_BLOCK;
	ck_assert_int_eq(let_go(&m, &volume, &known), -EBUSY);
	mapped_bytes = 0;
	n_open = 1;
	ck_assert_int_eq(let_go(&m, &volume, &known), -EBUSY);
	n_open = 0;
	is_held = true;
	ck_assert_int_eq(let_go(&m, &volume, &known), -EBUSY);
	is_held = false;
	ck_assert_int_eq(liteio_pool_attachment_add(&m.p, &att, &err), 0);
	ck_assert_int_eq(let_go(&m, &volume, &known), -EBUSY);
	ck_assert(!known);
	ck_assert_int_eq(liteio_pool_attachment_drop(&m.p, &volume, 1, &err), 0);
	ck_assert_int_eq(let_go(&m, &volume, &known), 0);
	ck_assert(known);
	ck_assert_int_eq(let_go(&m, &volume, &known), -ENODEV);
	/* the disk is not asked for that */
	m.thin->mapped[id] = 3;
	ck_assert_int_eq(liteio_pool_volume_allocated(&m.p, &volume, &bytes, &err), 1);
	ck_assert_uint_eq(bytes, 0);
	/* what was brought back may have been written: not known any more */
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &volume, NULL, &err), 0);
	ck_assert(!liteio_pool_empty_is(&m.p, id));
	n_open = -1;
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &volume, &err), 0);
	ck_assert_int_eq(liteio_catalog_find(&m.p.cat, &volume)->state, LITEIO_CATALOG_DELETING);
	memory_close(&m);
}
END_TEST

UNIT_MAIN("pool-idle", test_idle, test_asked_once, test_delete, test_keeps, test_grow, test_reclaim,
	  test_gone, test_near, test_let_go)
