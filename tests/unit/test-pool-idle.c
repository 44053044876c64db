// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A snapshot of a volume that is attached and that nobody uses holds nothing still; of one that is
 * used it does, be that found out before or afterwards.
 */
#include "pool_wishes.h"
#include "unit.h"

/*
 * what the kernel was asked for, one letter each: Suspend, snapshot Taken, Removed, resUmed,
 * Deactivated
 */
static char asked[16];

/* how many have the volume open; -1 when it is not there */
static int n_open;

/* what those above say, before and after */
static bool idle_before, idle_after;

static void note(char what)
{
	asked[strlen(asked)] = what;
}

static int volume_status(struct liteio_engine *e, const struct liteio_uuid *uuid,
			 struct liteio_engine_volume *ret, struct liteio_error *err)
{
	*ret = (struct liteio_engine_volume){ .open_count = n_open };
	return n_open < 0 ? -ENODEV : 0;
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
	memory_new(m);
	ops = *m->engine.ops;
	ops.volume_status = volume_status;
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
static const char *take(const struct liteio_quiesce *q)
{
	const struct liteio_uuid uuid = uuid_of(N);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	struct liteio_uuid volume = begin(&m);

	n_open = 2;
	ck_assert_msg(!liteio_pool_snapshot_create(&m.p, &uuid, "s", &volume, NULL, q, &err), "%s",
		      err.msg);
	check_ids(&m);
	memory_close(&m);
	return asked;
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
}
END_TEST

UNIT_MAIN("pool-idle", test_idle)
