// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that can erase securely, for there is none in a guest: the device-mapper target "eraser",
 * table "<start> <len> eraser <dev>". A secure erase becomes zeroes on the device below, all else
 * passes; its status says how many there were, and how many sectors.
 */
#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/module.h>
#include <linux/slab.h>

#define DM_MSG_PREFIX "eraser"

struct eraser {
	struct dm_dev *dev;
	atomic64_t erases;
	atomic64_t sectors;
};

static int eraser_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct eraser *eraser;
	int ret;

	if (argc != 1) {
		ti->error = "the argument is <dev>";
		return -EINVAL;
	}
	eraser = kzalloc(sizeof(*eraser), GFP_KERNEL);
	if (!eraser)
		return -ENOMEM;
	ret = dm_get_device(ti, argv[0], dm_table_get_mode(ti->table), &eraser->dev);
	if (ret) {
		ti->error = "device cannot be opened";
		kfree(eraser);
		return ret;
	}
	ti->private = eraser;
	ti->num_flush_bios = 1;
	ti->num_secure_erase_bios = 1;
	ti->num_write_zeroes_bios = 1;
	return 0;
}

static void eraser_dtr(struct dm_target *ti)
{
	struct eraser *eraser = ti->private;

	dm_put_device(ti, eraser->dev);
	kfree(eraser);
}

static int eraser_map(struct dm_target *ti, struct bio *bio)
{
	struct eraser *eraser = ti->private;

	if (bio_op(bio) == REQ_OP_SECURE_ERASE) {
		atomic64_inc(&eraser->erases);
		atomic64_add(bio_sectors(bio), &eraser->sectors);
		bio->bi_opf = REQ_OP_WRITE_ZEROES | (bio->bi_opf & ~REQ_OP_MASK);
	}
	bio_set_dev(bio, eraser->dev->bdev);
	return DM_MAPIO_REMAPPED;
}

static void eraser_status(struct dm_target *ti, status_type_t type, unsigned int flags,
			  char *result, unsigned int maxlen)
{
	struct eraser *eraser = ti->private;
	unsigned int sz = 0;

	if (type == STATUSTYPE_INFO)
		DMEMIT("%lld %lld", atomic64_read(&eraser->erases),
		       atomic64_read(&eraser->sectors));
	else if (type == STATUSTYPE_TABLE)
		DMEMIT("%s", eraser->dev->name);
}

/* nobody below is asked: none of them can erase */
static int eraser_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn, void *data)
{
	return 0;
}

static void eraser_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	limits->max_secure_erase_sectors = UINT_MAX;
	limits->max_write_zeroes_sectors = UINT_MAX;
}

static struct target_type eraser_target = {
	.name = "eraser",
	.version = { 1, 0, 0 },
	.module = THIS_MODULE,
	.ctr = eraser_ctr,
	.dtr = eraser_dtr,
	.map = eraser_map,
	.status = eraser_status,
	.iterate_devices = eraser_iterate_devices,
	.io_hints = eraser_io_hints,
};

static int __init eraser_init(void)
{
	return dm_register_target(&eraser_target);
}

static void __exit eraser_exit(void)
{
	dm_unregister_target(&eraser_target);
}

module_init(eraser_init);
module_exit(eraser_exit);

MODULE_DESCRIPTION("A disk that can erase securely, for tests");
MODULE_LICENSE("GPL");
