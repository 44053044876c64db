// SPDX-License-Identifier: GPL-2.0-only
/*
 * The head: a device-mapper target that adds an offset, a gate and counters to a device.
 *
 * It keeps I/O back only where the volume has limits, and gives that up when it is suspended: then
 * device-mapper holds new I/O and waits for what is in flight. All that outlives a table (gate,
 * counters, limits) belongs to the attachment and its volume. There is no prepare_ioctl on
 * purpose: a command passed through to the device below would go around the gate.
 */
#include <linux/bio.h>
#include <linux/device-mapper.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "attachment.h"
#include "compat.h"
#include "dirty.h"
#include "fence.h"
#include "head.h"
#include "qos.h"
#include "registry.h"
#include "stats.h"
#include "table.h"
#include "trace.h"

#define DM_MSG_PREFIX "liteio"

/**
 * struct head - one target in one table
 * @att: the attachment, bound
 * @dev: the device below
 * @is_ro: refuse what changes data: the table or the attachment says so
 * @is_stopped: suspended, or about to be: nothing may wait any more, see liteio_qos_stop()
 * @table: what the table line says; its dev is not used
 *
 * In whole cache lines: all CPUs read it for each I/O, and a neighbour may be written all the time.
 */
struct head {
	struct liteio_att *att;
	struct dm_dev *dev;
	bool is_ro;
	bool is_stopped;
	struct liteio_table table;
} ____cacheline_aligned_in_smp;

static int open_device(struct dm_target *ti, struct head *head)
{
	u64 size;
	int ret;

	ret = dm_get_device(ti, head->table.dev, dm_table_get_mode(ti->table), &head->dev);
	if (ret) {
		ti->error = "device cannot be opened";
		head->dev = NULL;
		return ret;
	}
	size = bdev_nr_sectors(head->dev->bdev);
	if (head->table.offset > size || ti->len > size - head->table.offset) {
		ti->error = "offset and length reach beyond the end of the device";
		return -EINVAL;
	}
	return 0;
}

static int bind_attachment(struct dm_target *ti, struct head *head)
{
	struct mapped_device *md = dm_table_get_md(ti->table);
	const char *why;
	uuid_t uuid;
	int ret;

	import_uuid(&uuid, head->table.uuid);
	ret = liteio_att_bind(&uuid, head->table.gen, md, disk_devt(dm_disk(md)), &head->att,
			      &why);
	if (ret) {
		ti->error = (char *)why;
		return ret;
	}
	head->is_ro = head->table.ro || (head->att->flags & LITEIO_ATT_RO);
	ret = liteio_dirty_make_room(head->att, ti->begin + ti->len, &why);
	if (ret)
		ti->error = (char *)why;
	return ret;
}

static void head_dtr(struct dm_target *ti)
{
	struct head *head = ti->private;

	if (head->att)
		liteio_att_unbind(head->att);
	if (head->dev)
		dm_put_device(ti, head->dev);
	kfree(head);
}

static int head_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct head *head;
	const char *why;
	int ret;

	head = kzalloc(sizeof(*head), GFP_KERNEL);
	if (!head) {
		ti->error = "no memory for the head";
		return -ENOMEM;
	}
	ti->private = head;

	ret = liteio_table_parse(argc, argv, &head->table, &why);
	if (ret) {
		ti->error = (char *)why;
		goto bad;
	}
	ret = open_device(ti, head);
	if (ret)
		goto bad;
	ret = bind_attachment(ti, head);
	if (ret)
		goto bad;

	head->table.dev = NULL;
	ti->num_flush_bios = 1;
	ti->num_discard_bios = 1;
	ti->num_secure_erase_bios = 1;
	ti->num_write_zeroes_bios = 1;
	ti->per_io_data_size = sizeof(struct liteio_io);
	/* what has waited is sent on with dm_submit_bio_remap() */
	ti->accounts_remapped_io = true;
	/* every flush must pass the gate: flush_bypasses_map stays off */
	return 0;

bad:
	head_dtr(ti);
	return ret;
}

/* counted as started, before the gate said no */
static noinline int head_refuse(struct liteio_att *att)
{
	liteio_stats_bounced(att->stats);
	atomic64_inc(&att->rejected);
	return DM_MAPIO_KILL;
}

static noinline int head_refuse_stale(struct liteio_att *att, const struct bio *bio)
{
	trace_liteio_reject(att, bio);
	if (!test_bit(LITEIO_STALE_TOLD, &att->noticed) &&
	    !test_and_set_bit(LITEIO_STALE_TOLD, &att->noticed))
		liteio_att_notice(att, LITEIO_NOTICED_STALE);
	return head_refuse(att);
}

static u32 classify(struct bio *bio)
{
	switch (bio_op(bio)) {
	case REQ_OP_READ:
		return LITEIO_CLASS_READ;
	case REQ_OP_WRITE:
		/* a flush reaches a target as a write of nothing */
		return bio_sectors(bio) ? LITEIO_CLASS_WRITE : LITEIO_CLASS_FLUSH;
	default:
		return LITEIO_CLASS_OTHER;
	}
}

static void head_remap(struct dm_target *ti, struct bio *bio)
{
	struct head *head = ti->private;

	bio_set_dev(bio, head->dev->bdev);
	if (bio_sectors(bio))
		bio->bi_iter.bi_sector =
			head->table.offset + dm_target_offset(ti, bio->bi_iter.bi_sector);
}

/* the volume has limits; the I/O is counted as started, and is ready to be sent on */
static noinline int head_throttle(struct dm_target *ti, struct bio *bio)
{
	struct liteio_io *io = dm_per_bio_data(bio, sizeof(*io));
	struct head *head = ti->private;
	struct liteio_att *att = head->att;
	enum liteio_qos_kind kind;
	/* for afterwards, when the bio may be gone */
	struct liteio_io told = *io;
	blk_opf_t op = bio->bi_opf;

	head_remap(ti, bio);
	switch (liteio_qos_admit(att->queue, bio, &head->is_stopped, &kind)) {
	case LITEIO_QOS_PASS:
		return DM_MAPIO_REMAPPED;
	case LITEIO_QOS_WAIT:
		trace_liteio_throttle(att, op, &told, kind);
		return DM_MAPIO_SUBMITTED;
	case LITEIO_QOS_AGAIN:
		bio_wouldblock_error(bio);
		return DM_MAPIO_SUBMITTED;
	case LITEIO_QOS_REFUSE:
		break;
	}
	/* the gate was closed after the I/O had passed it */
	bio->bi_iter.bi_sector = told.sector;
	head_refuse_stale(att, bio);
	percpu_ref_put(&att->gate);
	return DM_MAPIO_KILL;
}

static int head_map(struct dm_target *ti, struct bio *bio)
{
	struct liteio_io *io = dm_per_bio_data(bio, sizeof(*io));
	struct head *head = ti->private;
	struct liteio_att *att = head->att;

	/* before the gate: whoever closes it and counts what is in flight misses nothing */
	liteio_stats_start(att->stats);
	if (unlikely(!percpu_ref_tryget_live(&att->gate)))
		return head_refuse_stale(att, bio);
	io->class = classify(bio);
	if (unlikely(head->is_ro) && io->class != LITEIO_CLASS_READ &&
	    io->class != LITEIO_CLASS_FLUSH) {
		percpu_ref_put(&att->gate);
		return head_refuse(att);
	}
	io->sector = bio->bi_iter.bi_sector;
	io->bytes = bio->bi_iter.bi_size;
	io->start_ns = ktime_get_ns();

	if (unlikely(liteio_qos_is_limited(att->qos, io->class)))
		return head_throttle(ti, bio);
	head_remap(ti, bio);
	return DM_MAPIO_REMAPPED;
}

static noinline void head_failed(struct liteio_att *att, u32 class, blk_status_t error)
{
	/*
	 * Not an error: the submitter said that it would rather come back than wait, or it comes
	 * back by itself after a suspend, or a fence has refused it and counted that.
	 */
	if (error == BLK_STS_AGAIN || error == BLK_STS_DM_REQUEUE ||
	    class == LITEIO_CLASS_REFUSED) {
		liteio_stats_bounced(att->stats);
		return;
	}
	liteio_stats_failed(att->stats, class, ktime_get_ns());
	if (error == BLK_STS_NOSPC)
		liteio_att_notice(att, LITEIO_NOTICED_NO_SPACE);
	/* a discard, say, that the device does not know is an answer, not a fault */
	else if (error != BLK_STS_NOTSUPP && error != BLK_STS_TARGET)
		liteio_att_notice(att, LITEIO_NOTICED_ERROR);
}

/* may run in a hard interrupt; called exactly for the I/O that head_map() has passed on */
static int head_end_io(struct dm_target *ti, struct bio *bio, blk_status_t *error)
{
	struct liteio_io *io = dm_per_bio_data(bio, sizeof(*io));
	struct head *head = ti->private;
	struct liteio_att *att = head->att;

	/* before the submitter is told, and while the gate is held */
	if (unlikely(liteio_dirty_is_tracked(att)))
		liteio_dirty_mark(att, io);
	if (likely(!*error))
		liteio_stats_done(att->stats, io->class, io->bytes, io->start_ns, ktime_get_ns());
	else
		head_failed(att, io->class, *error);
	percpu_ref_put(&att->gate);
	return DM_ENDIO_DONE;
}

/*
 * Before a suspend and before the end. What waits goes back to device-mapper where that may keep it
 * (noflush), else on to the device below; nothing waits for that here.
 */
static void head_presuspend(struct dm_target *ti)
{
	struct bio_list waiting = BIO_EMPTY_LIST;
	struct head *head = ti->private;
	struct bio *bio;

	liteio_qos_stop(head->att->queue, &head->is_stopped,
			dm_noflush_suspending(ti) ? &waiting : NULL);
	while ((bio = bio_list_pop(&waiting))) {
		bio->bi_status = BLK_STS_DM_REQUEUE;
		bio_endio(bio);
	}
}

/* also after a suspend that was interrupted */
static void head_resume(struct dm_target *ti)
{
	struct head *head = ti->private;

	liteio_dirty_resize(head->att, get_capacity(dm_disk(dm_table_get_md(ti->table))));
	liteio_qos_start(&head->is_stopped);
}

/*
 * INFO: <uuid> <gen> <floor> <state> <inflight> r|w|f|o <ios> <sectors> <errors> rejected <n>
 * queued <n> throttled <n> dirty <marked>/<chunks>|-
 */
static void status_info(struct head *head, char *result, unsigned int maxlen)
{
	static const char letters[LITEIO_CLASS_NR] = {
		[LITEIO_CLASS_READ] = 'r',
		[LITEIO_CLASS_WRITE] = 'w',
		[LITEIO_CLASS_FLUSH] = 'f',
		[LITEIO_CLASS_OTHER] = 'o',
	};
	struct liteio_att *att = head->att;
	struct liteio_dirty_state dirty;
	struct liteio_stats_class sum;
	unsigned int i, sz = 0;

	DMEMIT("%pUb %llu %llu %s %llu", &att->vol->uuid, att->gen,
	       READ_ONCE(att->vol->gens.floor), liteio_att_state_name(liteio_att_state(att)),
	       liteio_stats_inflight(att->stats));
	for (i = 0; i < LITEIO_CLASS_NR; i++) {
		liteio_stats_class(att->stats, i, &sum);
		DMEMIT(" %c %llu %llu %llu", letters[i], sum.ios, sum.bytes >> SECTOR_SHIFT,
		       sum.errors);
	}
	DMEMIT(" rejected %lld queued %llu throttled %llu", atomic64_read(&att->rejected),
	       liteio_qos_queued(att->queue), liteio_qos_throttled(att->queue));
	if (liteio_dirty_state(att, &dirty))
		DMEMIT(" dirty %llu/%llu", dirty.remaining, dirty.chunks);
	else
		DMEMIT(" dirty -");
}

static void head_status(struct dm_target *ti, status_type_t type, unsigned int flags,
			char *result, unsigned int maxlen)
{
	struct head *head = ti->private;
	char text[LITEIO_TABLE_TEXT];
	unsigned int sz = 0;

	switch (type) {
	case STATUSTYPE_INFO:
		status_info(head, result, maxlen);
		break;

	case STATUSTYPE_TABLE:
		liteio_table_emit(&head->table, text);
		DMEMIT("%s %s", head->dev->name, text);
		break;

	case STATUSTYPE_IMA:
		DMEMIT_TARGET_NAME_VERSION(ti->type);
		DMEMIT(",device_name=%s,offset=%llu,uuid=%pUb,generation=%llu,read_only=%c;",
		       head->dev->name, head->table.offset, head->table.uuid, head->table.gen,
		       head->is_ro ? 'y' : 'n');
		break;
	}
}

/* its own gate may be among those that close; nothing waits for the drain */
static int fence_by_message(struct liteio_att *att, u64 floor, const char **why)
{
	unsigned int cookie = liteio_registry_lock();
	struct liteio_vol *vol = att->vol;
	int ret = 0;

	if (floor < vol->gens.floor) {
		*why = "the floor of the volume is higher already";
		ret = -ESTALE;
	} else {
		liteio_fence_floor(vol, floor);
	}
	liteio_registry_unlock(cookie);
	return ret;
}

/*
 * Break glass: fence <floor>, for whoever has a node on which nobody answers who could be asked by
 * netlink. Answers <floor> <state> <inflight> of this head.
 */
static int head_message(struct dm_target *ti, unsigned int argc, char **argv, char *result,
			unsigned int maxlen)
{
	struct head *head = ti->private;
	struct liteio_att *att = head->att;
	const char *why;
	unsigned int sz = 0;
	u64 floor;
	int ret;

	ret = liteio_table_message(argc, argv, &floor, &why);
	if (!ret && dm_suspended(ti)) {
		why = "the head is suspended: only netlink reaches its gate";
		ret = -EBUSY;
	}
	if (!ret)
		ret = fence_by_message(att, floor, &why);
	if (ret) {
		DMERR("volume %pUb, generation %llu: message refused: %s", &att->vol->uuid,
		      att->gen, why);
		return ret;
	}
	DMEMIT("%llu %s %llu", READ_ONCE(att->vol->gens.floor),
	       liteio_att_state_name(liteio_att_state(att)), liteio_stats_inflight(att->stats));
	/* there is an answer */
	return 1;
}

static int head_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn, void *data)
{
	struct head *head = ti->private;

	return fn(ti, head->dev, head->table.offset, ti->len, data);
}

static struct target_type head_target = {
	.name = LITEIO_DM_TARGET,
	.version = { 1, 2, 0 },
	.features = DM_TARGET_NOWAIT | DM_TARGET_PASSES_INTEGRITY | LITEIO_DM_ATOMIC_WRITES,
	.module = THIS_MODULE,
	.ctr = head_ctr,
	.dtr = head_dtr,
	.map = head_map,
	.end_io = head_end_io,
	.presuspend = head_presuspend,
	.presuspend_undo = head_resume,
	.resume = head_resume,
	.status = head_status,
	.message = head_message,
	.iterate_devices = head_iterate_devices,
};

int liteio_head_init(void)
{
	return dm_register_target(&head_target);
}

void liteio_head_fini(void)
{
	dm_unregister_target(&head_target);
}

/* as with the kernel's own targets: a table loads the module where it is installed */
MODULE_ALIAS("dm-" LITEIO_DM_TARGET);
