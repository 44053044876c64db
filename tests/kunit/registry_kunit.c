// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the registry as the front ends use it, with lock and memory debugging on: what heads may
 * bind, what a fence closes and waits for, what deletion refuses.
 */
#include <kunit/test.h>
#include <linux/device-mapper.h>
#include <linux/ktime.h>

#include "attachment.h"
#include "events.h"
#include "fence.h"
#include "qos.h"
#include "registry.h"
#include "volume.h"

static const uuid_t uuid = UUID_INIT(0x01234567, 0x89ab, 0xcdef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
				     0xcd, 0xef);

/* two devices: only their addresses matter */
static const char this_device, other_device;

static int add(u64 gen)
{
	struct liteio_att *att = liteio_att_new(gen, "host", 0);
	const char *why;
	int ret;

	if (!att)
		return -ENOMEM;
	ret = liteio_att_add(&uuid, att, &why);
	if (ret)
		liteio_att_put(att);
	return ret;
}

static int set(const struct liteio_vol_spec *spec)
{
	const char *why;

	return liteio_vol_set(spec, &why);
}

static int delete_vol(void)
{
	const char *why;

	return liteio_vol_delete(&uuid, &why);
}

static int delete_att(u64 gen)
{
	const char *why;

	return liteio_att_delete(&uuid, gen, &why);
}

static int bind(u64 gen, const void *owner, struct liteio_att **ret_att)
{
	const char *why;

	return liteio_att_bind(&uuid, gen, owner, MKDEV(254, 1), ret_att, &why);
}

/* close by floor, or of one generation, and wait a moment */
static int fence(u64 floor, u64 gen, struct liteio_fence_result *ret_result)
{
	struct liteio_fence f = { .first = gen, .last = gen ?: floor - 1 };
	unsigned int cookie = liteio_registry_lock();
	const char *why;
	int ret = 0;

	f.vol = liteio_vol_get(liteio_vol_find(&uuid));
	if (gen)
		ret = liteio_fence_gen(f.vol, gen, &why);
	else
		liteio_fence_floor(f.vol, floor);
	liteio_registry_unlock(cookie);
	if (!ret)
		ret = liteio_fence_wait(&f, 200, ret_result);
	liteio_vol_put(f.vol);
	return ret;
}

static int registry_init(struct kunit *test)
{
	struct liteio_vol_spec spec = { .uuid = uuid, .name = "v", .is_create = true,
					.is_exclusive = true };

	KUNIT_ASSERT_EQ(test, set(&spec), 0);
	return 0;
}

static void registry_exit(struct kunit *test)
{
	u64 gen;

	for (gen = 1; gen < 10; gen++)
		delete_att(gen);
	KUNIT_EXPECT_EQ(test, delete_vol(), 0);
}

static void expect_name(struct kunit *test, const char *name)
{
	unsigned int cookie = liteio_registry_lock();
	char buf[LITEIO_NAME_MAX + 1];

	liteio_vol_name(liteio_vol_find(&uuid), buf);
	liteio_registry_unlock(cookie);
	KUNIT_EXPECT_STREQ(test, buf, name);
}

static void volumes_are_set(struct kunit *test)
{
	struct liteio_vol_spec spec = { .uuid = uuid, .is_create = true, .is_exclusive = true };

	KUNIT_EXPECT_EQ(test, set(&spec), -EEXIST);
	spec.is_exclusive = false;
	spec.floor = 5;
	KUNIT_EXPECT_EQ(test, set(&spec), 0);
	/* all or nothing */
	spec.floor = 4;
	spec.name = "w";
	KUNIT_EXPECT_EQ(test, set(&spec), -ESTALE);
	expect_name(test, "v");
	spec.floor = 0;
	KUNIT_EXPECT_EQ(test, set(&spec), 0);
	expect_name(test, "w");
	spec.name = NULL;
	spec.is_create = false;
	KUNIT_EXPECT_EQ(test, set(&spec), 0);
	spec.uuid.b[0]++;
	KUNIT_EXPECT_EQ(test, set(&spec), -ENOENT);
	KUNIT_EXPECT_EQ(test, add(4), -ESTALE);
	KUNIT_EXPECT_EQ(test, add(5), 0);
	KUNIT_EXPECT_EQ(test, add(5), -EEXIST);
	KUNIT_EXPECT_EQ(test, delete_vol(), -EBUSY);
}

static void heads_bind_once_per_device(struct kunit *test)
{
	struct liteio_att *first, *second, *third;

	KUNIT_EXPECT_EQ(test, bind(1, &this_device, &first), -ENOENT);
	KUNIT_ASSERT_EQ(test, add(1), 0);
	KUNIT_ASSERT_EQ(test, bind(1, &this_device, &first), 0);
	KUNIT_EXPECT_EQ(test, liteio_att_state(first), LITEIO_ATT_OPEN);
	KUNIT_EXPECT_EQ(test, bind(1, &other_device, &third), -EBUSY);
	KUNIT_ASSERT_EQ(test, bind(1, &this_device, &second), 0);
	KUNIT_EXPECT_PTR_EQ(test, first, second);
	liteio_att_unbind(first);
	KUNIT_EXPECT_EQ(test, delete_att(1), -EBUSY);
	liteio_att_unbind(second);
	KUNIT_ASSERT_EQ(test, bind(1, &other_device, &third), 0);
	liteio_att_unbind(third);
	KUNIT_EXPECT_EQ(test, delete_att(1), 0);
	KUNIT_EXPECT_EQ(test, delete_att(1), -ENOENT);
}

static void fence_closes_what_is_below(struct kunit *test)
{
	struct liteio_fence_result result;
	struct liteio_att *old, *new, *none;

	KUNIT_ASSERT_EQ(test, add(1), 0);
	KUNIT_ASSERT_EQ(test, add(2), 0);
	KUNIT_ASSERT_EQ(test, bind(1, &this_device, &old), 0);
	KUNIT_ASSERT_EQ(test, bind(2, &other_device, &new), 0);
	KUNIT_ASSERT_TRUE(test, percpu_ref_tryget_live(&old->gate));

	/* one in flight: closed, but not drained */
	KUNIT_EXPECT_EQ(test, fence(2, 0, &result), 0);
	KUNIT_EXPECT_FALSE(test, result.is_drained);
	KUNIT_EXPECT_EQ(test, liteio_att_state(old), LITEIO_ATT_DRAINING);
	KUNIT_EXPECT_FALSE(test, percpu_ref_tryget_live(&old->gate));
	KUNIT_EXPECT_TRUE(test, percpu_ref_tryget_live(&new->gate));
	KUNIT_EXPECT_EQ(test, bind(1, &this_device, &none), -ESTALE);

	/* it ends: drained; said again, it is drained still */
	percpu_ref_put(&old->gate);
	KUNIT_EXPECT_EQ(test, fence(2, 0, &result), 0);
	KUNIT_EXPECT_TRUE(test, result.is_drained);
	KUNIT_EXPECT_EQ(test, liteio_att_state(old), LITEIO_ATT_FENCED);
	KUNIT_EXPECT_EQ(test, fence(1, 0, &result), 0);
	KUNIT_EXPECT_TRUE(test, result.is_drained);

	percpu_ref_put(&new->gate);
	liteio_att_unbind(old);
	liteio_att_unbind(new);
	KUNIT_EXPECT_EQ(test, delete_att(1), 0);
	KUNIT_EXPECT_EQ(test, add(1), -ESTALE);
	/* a table that comes late is told the same, with or without the attachment */
	KUNIT_EXPECT_EQ(test, bind(1, &this_device, &none), -ESTALE);
	KUNIT_EXPECT_EQ(test, bind(3, &this_device, &none), -ENOENT);
}

/* as a fence does, but nothing is waited for */
static void a_floor_that_is_set_closes_what_is_below(struct kunit *test)
{
	struct liteio_vol_spec spec = { .uuid = uuid, .floor = 2 };
	struct liteio_att *old, *new;

	KUNIT_ASSERT_EQ(test, add(1), 0);
	KUNIT_ASSERT_EQ(test, add(2), 0);
	KUNIT_ASSERT_EQ(test, bind(1, &this_device, &old), 0);
	KUNIT_ASSERT_EQ(test, bind(2, &other_device, &new), 0);
	KUNIT_ASSERT_TRUE(test, percpu_ref_tryget_live(&old->gate));
	KUNIT_EXPECT_EQ(test, set(&spec), 0);
	KUNIT_EXPECT_EQ(test, liteio_att_state(old), LITEIO_ATT_DRAINING);
	KUNIT_EXPECT_FALSE(test, percpu_ref_tryget_live(&old->gate));
	KUNIT_EXPECT_EQ(test, liteio_att_state(new), LITEIO_ATT_OPEN);
	percpu_ref_put(&old->gate);
	liteio_att_unbind(old);
	liteio_att_unbind(new);
}

/* what device-mapper has in front of a bio, and more than that */
#define FRONT_PAD 1024

/* as a head does when I/O has ended; the gate is what the bio was given for itself */
static void waiting_ended(struct bio *bio)
{
	percpu_ref_put(bio->bi_private);
}

/* a write that waits for days behind a limit, in front of a gate that it has passed */
static struct bio *wait_behind_limit(struct kunit *test, struct liteio_att *att)
{
	char *memory = kunit_kzalloc(test, FRONT_PAD + sizeof(struct bio), GFP_KERNEL);
	struct liteio_lane *lane = &att->qos->lanes[LITEIO_DIR_WRITE];
	struct liteio_limits limits = {
		.value[LITEIO_LIMIT_WBPS] = LITEIO_QOS_BPS_MIN,
		.value[LITEIO_LIMIT_BURST_MS] = 1,
	};
	enum liteio_qos_kind kind;
	bool is_stopped = false;
	struct bio *bio;

	KUNIT_ASSERT_NOT_NULL(test, memory);
	bio = (struct bio *)(memory + FRONT_PAD);
	liteio_qos_set(att->qos, &limits);
	spin_lock_irq(&lane->lock);
	liteio_bucket_take(&lane->buckets[LITEIO_QOS_BPS], U32_MAX, ktime_get_ns());
	spin_unlock_irq(&lane->lock);
	bio->bi_opf = REQ_OP_WRITE;
	bio->bi_end_io = waiting_ended;
	bio->bi_private = &att->gate;
	KUNIT_ASSERT_TRUE(test, percpu_ref_tryget_live(&att->gate));
	KUNIT_ASSERT_EQ(test, liteio_qos_admit(att->queue, bio, &is_stopped, &kind),
			LITEIO_QOS_WAIT);
	return bio;
}

/* what waits for a limit never got under way: it fails, and the fence need not wait for it */
static void fence_fails_what_waits(struct kunit *test)
{
	struct liteio_fence_result result;
	struct liteio_att *att;
	struct liteio_io *io;
	struct bio *bio;

	KUNIT_ASSERT_EQ(test, add(1), 0);
	KUNIT_ASSERT_EQ(test, bind(1, &this_device, &att), 0);
	bio = wait_behind_limit(test, att);
	io = dm_per_bio_data(bio, sizeof(*io));
	io->class = LITEIO_CLASS_WRITE;
	KUNIT_EXPECT_EQ(test, fence(2, 0, &result), 0);
	KUNIT_EXPECT_TRUE(test, result.is_drained);
	KUNIT_EXPECT_EQ(test, bio->bi_status, BLK_STS_IOERR);
	KUNIT_EXPECT_EQ(test, io->class, (u32)LITEIO_CLASS_REFUSED);
	KUNIT_EXPECT_EQ(test, atomic64_read(&att->rejected), 1LL);
	KUNIT_EXPECT_EQ(test, liteio_qos_queued(att->queue), 0ULL);
	liteio_att_unbind(att);
}

/* what may happen a million times a second is told once in it, what happens once is told at once */
static void errors_wait_for_their_second(struct kunit *test)
{
	struct liteio_att *att;
	u64 seq;

	KUNIT_ASSERT_EQ(test, add(1), 0);
	KUNIT_ASSERT_EQ(test, bind(1, &this_device, &att), 0);
	seq = liteio_events_seq();
	WRITE_ONCE(att->notice_last, jiffies);
	liteio_att_notice(att, LITEIO_NOTICED_ERROR);
	KUNIT_EXPECT_TRUE(test, timer_pending(&att->notice_work.timer));
	liteio_att_notice(att, LITEIO_NOTICED_STALE);
	KUNIT_EXPECT_FALSE(test, timer_pending(&att->notice_work.timer));
	/* with what was told at once, the other is told too */
	flush_delayed_work(&att->notice_work);
	KUNIT_EXPECT_EQ(test, liteio_events_seq(), seq + 2);
	liteio_att_unbind(att);
}

static unsigned int changes(void)
{
	unsigned int cookie = liteio_registry_lock();
	unsigned int ret = liteio_registry_changes();

	liteio_registry_unlock(cookie);
	return ret;
}

/* what a dump may miss is counted, so that it can say so; what it cannot is not */
static void what_changes_the_lists_is_counted(struct kunit *test)
{
	struct liteio_vol_spec spec = { .uuid = uuid, .name = "w" };
	struct liteio_fence_result result;
	unsigned int before = changes();

	KUNIT_EXPECT_EQ(test, set(&spec), 0);
	KUNIT_EXPECT_EQ(test, changes(), before);
	KUNIT_ASSERT_EQ(test, add(1), 0);
	KUNIT_EXPECT_NE(test, changes(), before);
	before = changes();
	KUNIT_EXPECT_EQ(test, fence(2, 0, &result), 0);
	KUNIT_EXPECT_NE(test, changes(), before);
	before = changes();
	KUNIT_EXPECT_EQ(test, fence(2, 0, &result), 0);
	KUNIT_EXPECT_EQ(test, add(1), -ESTALE);
	KUNIT_EXPECT_EQ(test, changes(), before);
	KUNIT_EXPECT_EQ(test, fence(0, 7, &result), 0);
	KUNIT_EXPECT_NE(test, changes(), before);
	before = changes();
	KUNIT_EXPECT_EQ(test, delete_att(1), 0);
	KUNIT_EXPECT_NE(test, changes(), before);
}

static void fence_of_one_spares_the_others(struct kunit *test)
{
	struct liteio_fence_result result;
	struct liteio_att *att[4];
	u64 gen;

	for (gen = 1; gen < 4; gen++) {
		KUNIT_ASSERT_EQ(test, add(gen), 0);
		KUNIT_ASSERT_EQ(test, bind(gen, &att[gen], &att[gen]), 0);
	}
	KUNIT_EXPECT_EQ(test, fence(0, 2, &result), 0);
	KUNIT_EXPECT_TRUE(test, result.is_drained);
	for (gen = 1; gen < 4; gen++) {
		bool is_open = percpu_ref_tryget_live(&att[gen]->gate);

		KUNIT_EXPECT_EQ(test, is_open, gen != 2);
		if (is_open)
			percpu_ref_put(&att[gen]->gate);
		liteio_att_unbind(att[gen]);
	}
	KUNIT_EXPECT_EQ(test, delete_att(2), 0);
	KUNIT_EXPECT_EQ(test, add(2), -ESTALE);
	KUNIT_EXPECT_EQ(test, bind(2, &att[2], &att[2]), -ESTALE);

	/* one that does not exist is refused from now on as well */
	KUNIT_EXPECT_EQ(test, fence(0, 7, &result), 0);
	KUNIT_EXPECT_TRUE(test, result.is_drained);
	KUNIT_EXPECT_EQ(test, add(7), -ESTALE);
	KUNIT_EXPECT_EQ(test, add(8), 0);
}

static void barred_generations_are_bounded(struct kunit *test)
{
	struct liteio_fence_result result;
	u64 gen;

	for (gen = 1000; gen < 1000 + LITEIO_BARRED_MAX; gen++)
		KUNIT_ASSERT_EQ(test, fence(0, gen, &result), 0);
	KUNIT_EXPECT_EQ(test, fence(0, gen, &result), -ENOSPC);
	KUNIT_EXPECT_EQ(test, fence(0, gen - 1, &result), 0);
	KUNIT_EXPECT_EQ(test, fence(1001, 0, &result), 0);
	KUNIT_EXPECT_EQ(test, fence(0, gen, &result), 0);
	KUNIT_EXPECT_EQ(test, add(1500), -ESTALE);
	KUNIT_EXPECT_EQ(test, add(gen), -ESTALE);
}

/* an attachment brings the room that it takes to fence it: with the set full, its gate closes */
static void fence_of_an_attachment_needs_no_room(struct kunit *test)
{
	struct liteio_fence_result result;
	u64 gen, last = 1000 + LITEIO_BARRED_MAX - 3;
	struct liteio_vol *vol;
	unsigned int cookie;
	u64 *room;

	for (gen = 1; gen < 4; gen++)
		KUNIT_ASSERT_EQ(test, add(gen), 0);
	for (gen = 1000; gen < last; gen++)
		KUNIT_ASSERT_EQ(test, fence(0, gen, &result), 0);
	/* what is left belongs to the three */
	KUNIT_EXPECT_EQ(test, fence(0, last, &result), -ENOSPC);
	KUNIT_EXPECT_EQ(test, add(4), -ENOSPC);
	cookie = liteio_registry_lock();
	vol = liteio_vol_find(&uuid);
	room = vol->gens.barred;
	liteio_registry_unlock(cookie);
	for (gen = 1; gen < 4; gen++) {
		KUNIT_EXPECT_EQ(test, fence(0, gen, &result), 0);
		KUNIT_EXPECT_TRUE(test, result.is_drained);
		KUNIT_EXPECT_EQ(test, fence(0, last, &result), -ENOSPC);
	}
	/* nothing was allocated for it */
	KUNIT_EXPECT_PTR_EQ(test, vol->gens.barred, room);
	KUNIT_EXPECT_EQ(test, vol->gens.nr_barred, (u32)LITEIO_BARRED_MAX);
	/* a floor makes room again */
	KUNIT_EXPECT_EQ(test, fence(5, 0, &result), 0);
	KUNIT_EXPECT_EQ(test, add(5), 0);
	KUNIT_EXPECT_EQ(test, fence(0, last, &result), 0);
}

static struct kunit_case registry_cases[] = {
	KUNIT_CASE(volumes_are_set),
	KUNIT_CASE(heads_bind_once_per_device),
	KUNIT_CASE(fence_closes_what_is_below),
	KUNIT_CASE(a_floor_that_is_set_closes_what_is_below),
	KUNIT_CASE(fence_fails_what_waits),
	KUNIT_CASE(errors_wait_for_their_second),
	KUNIT_CASE(what_changes_the_lists_is_counted),
	KUNIT_CASE(fence_of_one_spares_the_others),
	KUNIT_CASE(barred_generations_are_bounded),
	KUNIT_CASE(fence_of_an_attachment_needs_no_room),
	{}
};

static struct kunit_suite registry_suite = {
	.name = "liteio_registry",
	.init = registry_init,
	.exit = registry_exit,
	.test_cases = registry_cases,
};

kunit_test_suite(registry_suite);

MODULE_DESCRIPTION("KUnit tests of the registry");
MODULE_LICENSE("GPL");
