// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata that are nearly full take the spare: the label says so before anything is written there,
 * in both copies, unless they are full and one of these can not be written. A label from before is
 * not believed by who would open by it, or repair into it; and what comes with the end of a repair.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/crc32c.h"
#include "pool/repair.h"
#include "pool_in_memory.h"
#include "unit.h"

#define DEVICE_BYTES (1ull << 30)
/* dm-thin-metadata.c: where a superblock has what, and what its checksum is salted with */
#define SUPERBLOCK_CSUM_XOR 160774u
#define SUPERBLOCK_MAGIC 27022010ull
#define SUPERBLOCK_MAGIC_AT 32
#define SUPERBLOCK_META_AT 192

/**
 * struct bed - a pool with a label
 * @m: the pool
 * @label_bytes: of metadata that the engine was told of
 * @n_resized: how often it was told
 * @n_filled: how often something was written to the spare
 * @is_sound: the metadata need no repair
 * @is_one_copy: a copy of the label can not be written
 * @is_out: it was taken out of the kernel
 */
static struct bed {
	struct memory_pool m;
	uint64_t label_bytes;
	unsigned int n_resized;
	unsigned int n_filled;
	bool is_sound;
	bool is_one_copy;
	bool is_out;
} b;

/* what an agent that is started would read of one copy */
static void read_copy(uint64_t offset, struct liteio_label *ret)
{
	struct liteio_ondisk_label d;

	ck_assert_int_eq(pread(b.m.fd, &d, sizeof(d), (off_t)offset), sizeof(d));
	ck_assert_int_eq(liteio_label_decode(&d, ret, NULL), 0);
}

static void both_have(uint64_t meta_bytes)
{
	struct liteio_label l[2];

	read_copy(LITEIO_LABEL_OFFSET, &l[0]);
	read_copy(liteio_label_backup_offset(DEVICE_BYTES), &l[1]);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(liteio_label_sum(&l[i], LITEIO_EXTENT_THIN_META), meta_bytes);
		ck_assert_uint_eq(l[i].sequence, b.m.p.store.label.sequence);
	}
}

static bool is_active(struct liteio_engine *e)
{
	return !b.is_out;
}

static bool is_locked(struct liteio_engine *e)
{
	return false;
}

static int resize(struct liteio_engine *e, const struct liteio_label *label, const dev_t *devs,
		  struct liteio_error *err)
{
	b.n_resized++;
	b.label_bytes = liteio_label_sum(label, LITEIO_EXTENT_THIN_META);
	if (!b.is_one_copy)
		both_have(b.label_bytes);
	return 0;
}

static int activate(struct liteio_engine *e, bool read_only, struct liteio_error *err)
{
	struct liteio_engine_status *kernel = &memory_of(e)->says;

	b.is_out = false;
	if (b.label_bytes > kernel->meta_total) {
		kernel->mode = LITEIO_ENGINE_RW;
		kernel->meta_total = b.label_bytes;
	}
	return 0;
}

static int deactivate(struct liteio_engine *e, struct liteio_error *err)
{
	b.is_out = true;
	return 0;
}

static int needs_repair(struct liteio_engine *e, struct liteio_error *err)
{
	return !b.is_sound;
}

static int spare_fill(struct liteio_engine *e, uint64_t txid, struct liteio_engine_spare *ret,
		      struct liteio_error *err)
{
	b.n_filled++;
	return liteio_error_set(err, -EUCLEAN, "there was nothing to repair");
}

static int nothing(struct liteio_engine *e, struct liteio_error *err)
{
	return 0;
}

static const struct liteio_engine_ops ops = {
	.name = "unit",
	.is_active = is_active,
	.is_locked = is_locked,
	.status = memory_status,
	.resize = resize,
	.activate = activate,
	.deactivate = deactivate,
	.needs_repair = needs_repair,
	.spare_fill = spare_fill,
	.devices_resume = nothing,
	.volumes_deactivate = nothing,
	.volumes_resume = nothing,
};

static void bed_init(void)
{
	struct liteio_engine_status *kernel;

	memset(&b, 0, sizeof(b));
	memory_new_labelled(&b.m, DEVICE_BYTES);
	b.m.engine.ops = &ops;
	kernel = &b.m.thin->says;
	kernel->meta_used = kernel->meta_total / 100 * 96;
	b.m.p.status = *kernel;
}

static void bed_fini(void)
{
	memory_close(&b.m);
	close(b.m.fd);
}

START_TEST(test_taken)
{
	uint64_t have;

	bed_init();
	have = b.m.thin->says.meta_total;
	b.m.p.status.meta_used = have / 100 * 94;
	ck_assert_int_eq(liteio_pool_relieve(&b.m.p), 0);
	both_have(have);
	ck_assert_uint_eq(b.n_resized, 0);
	b.m.p.status.meta_used = have / 100 * 96;
	ck_assert_int_eq(liteio_pool_relieve(&b.m.p), 1);
	ck_assert_uint_eq(b.n_resized, 1);
	both_have(2 * have);
	ck_assert_uint_eq(b.m.thin->says.meta_total, 2 * have);
	/* half of all is for what is new; and there is nothing more to take */
	b.m.p.status = b.m.thin->says;
	b.m.p.status.meta_used = 2 * have;
	{
		struct liteio_usage u;

		liteio_pool_meta_usage(&b.m.p, &u);
		ck_assert_uint_eq(u.total, have);
		ck_assert_uint_eq(u.used, 2 * have);
	}
	ck_assert_int_eq(liteio_pool_relieve(&b.m.p), 0);
	ck_assert_uint_eq(b.n_resized, 1);
	bed_fini();
}
END_TEST

/* what the pool, or its kernel, is */
START_TEST(test_able)
{
	static const struct {
		struct liteio_pool p;
		int r;
	} cases[] = {
		{ { .status = { .mode = LITEIO_ENGINE_NO_SPACE } }, 1 },
		{ { .status = { .mode = LITEIO_ENGINE_RO } }, 0 },
		{ { .status = { .needs_check = true } }, 0 },
		{ { .condition = LITEIO_POOL_FAILED }, 0 },
		{ { .condition = LITEIO_POOL_READ_ONLY, .is_stuck = true }, 0 },
		{ { .is_mismatched = true }, 0 },
		{ { .is_under_repair = true }, 0 },
		/* the disk does not take the catalog: that is elsewhere on it */
		{ { .condition = LITEIO_POOL_READ_ONLY, .reason_word = "CatalogNotWritten" }, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct liteio_pool *c = &cases[i].p;

		bed_init();
		b.m.p.condition = c->condition;
		b.m.p.is_stuck = c->is_stuck;
		b.m.p.is_mismatched = c->is_mismatched;
		b.m.p.is_under_repair = c->is_under_repair;
		memcpy(b.m.p.reason_word, c->reason_word, sizeof(b.m.p.reason_word));
		b.m.p.status.mode = c->status.mode;
		b.m.p.status.needs_check = c->status.needs_check;
		ck_assert_msg(liteio_pool_relieve(&b.m.p) == cases[i].r, "case %zu", i);
		bed_fini();
	}
}
END_TEST

/* the disk has the last word, and the kernel is told of nothing that it does not have */
START_TEST(test_not_written)
{
	uint64_t have;

	bed_init();
	have = b.m.thin->says.meta_total;
	memory_break(&b.m, true);
	ck_assert_int_lt(liteio_pool_relieve(&b.m.p), 0);
	ck_assert_int_lt(liteio_pool_relieve(&b.m.p), 0);
	ck_assert_int_eq(b.m.p.condition, LITEIO_POOL_READY);
	ck_assert_uint_eq(b.n_resized, 0);
	/* full ones say it */
	b.m.p.status.mode = LITEIO_ENGINE_RO;
	b.m.p.status.meta_used = have;
	ck_assert_int_lt(liteio_pool_relieve(&b.m.p), 0);
	ck_assert_int_eq(b.m.p.condition, LITEIO_POOL_READ_ONLY);
	ck_assert_str_eq(b.m.p.reason_word, LITEIO_POOL_META_FULL);
	ck_assert_ptr_nonnull(strstr(b.m.p.reason, "could not take the spare"));
	memory_break(&b.m, false);
	ck_assert_int_eq(liteio_pool_relieve(&b.m.p), 1);
	both_have(2 * have);
	ck_assert_int_eq(b.m.thin->says.mode, LITEIO_ENGINE_RW);
	bed_fini();
}
END_TEST

/* cut short behind one copy: the other one is written before the kernel has more */
START_TEST(test_one_copy)
{
	struct liteio_ondisk_label old;
	uint64_t have;

	bed_init();
	have = b.m.thin->says.meta_total;
	liteio_label_encode(&b.m.p.store.label, &old);
	ck_assert(liteio_label_take_spare(&b.m.p.store.label));
	b.m.p.store.label.sequence++;
	ck_assert_int_eq(liteio_store_write_label(&b.m.p.store, NULL), 0);
	ck_assert_int_eq(pwrite(b.m.fd, &old, sizeof(old), LITEIO_LABEL_OFFSET), sizeof(old));
	b.m.p.label_in_doubt = true;
	ck_assert_int_eq(liteio_pool_relieve(&b.m.p), 1);
	ck_assert_uint_eq(b.n_resized, 1);
	both_have(2 * have);
	bed_fini();
}
END_TEST

static void set_end_broken(bool is_broken)
{
	memory_break_end(&b.m, is_broken);
	b.is_one_copy = is_broken;
}

/* a bad sector below one copy: what is full does not wait for it, whichever is written first */
START_TEST(test_one_writable)
{
	for (int i = 0; i < 2; i++) {
		struct liteio_label l;
		uint64_t have;

		bed_init();
		have = b.m.thin->says.meta_total;
		b.m.p.store.from_backup = i;
		set_end_broken(true);
		/* what is not full can wait */
		ck_assert_int_lt(liteio_pool_relieve(&b.m.p), 0);
		ck_assert_uint_eq(b.n_resized, 0);
		set_end_broken(false);
		bed_fini();

		bed_init();
		b.m.p.store.from_backup = i;
		b.m.thin->says.mode = LITEIO_ENGINE_RO;
		b.m.thin->says.meta_used = have;
		b.m.p.status = b.m.thin->says;
		set_end_broken(true);
		ck_assert_int_eq(liteio_pool_relieve(&b.m.p), 1);
		ck_assert_uint_eq(b.n_resized, 1);
		ck_assert_uint_eq(b.m.thin->says.meta_total, 2 * have);
		ck_assert_int_eq(b.m.thin->says.mode, LITEIO_ENGINE_RW);
		read_copy(LITEIO_LABEL_OFFSET, &l);
		ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_THIN_META), 2 * have);
		ck_assert(!b.m.p.label_in_doubt);
		ck_assert(liteio_pool_labels_differ(&b.m.p));
		/* the copy that has it counts, and is written last */
		ck_assert(!b.m.p.store.from_backup);
		ck_assert_int_lt(liteio_pool_mend_label(&b.m.p, NULL), 0);
		set_end_broken(false);
		ck_assert_int_eq(liteio_pool_mend_label(&b.m.p, NULL), 0);
		both_have(2 * have);
		bed_fini();
	}
}
END_TEST

/* a write that was given back as failed is there for all that: what is full goes on with it */
START_TEST(test_written_after_all)
{
	for (int is_full = 0; is_full < 2; is_full++) {
		struct liteio_label was;
		uint64_t have;

		bed_init();
		have = b.m.thin->says.meta_total;
		was = b.m.p.store.label;
		ck_assert(liteio_label_take_spare(&b.m.p.store.label));
		b.m.p.store.label.sequence++;
		ck_assert_int_eq(liteio_store_write_label(&b.m.p.store, NULL), 0);
		b.m.p.store.label = was;
		if (is_full) {
			b.m.thin->says.mode = LITEIO_ENGINE_RO;
			b.m.thin->says.meta_used = have;
			b.m.p.status = b.m.thin->says;
		}
		memory_break(&b.m, true);
		ck_assert_int_eq(liteio_pool_relieve(&b.m.p) == 1, is_full);
		ck_assert_uint_eq(b.m.thin->says.meta_total, is_full ? 2 * have : have);
		bed_fini();
	}
}
END_TEST

static void write_superblock(uint64_t meta_bytes)
{
	static uint8_t block[LITEIO_ONDISK_BLOCK];
	const struct liteio_extent *e =
		liteio_label_extent(&b.m.p.store.label, LITEIO_EXTENT_THIN_META);
	uint64_t magic = SUPERBLOCK_MAGIC, blocks = meta_bytes / LITEIO_ONDISK_BLOCK;
	uint32_t csum;

	memset(block, 0, sizeof(block));
	memcpy(block + SUPERBLOCK_MAGIC_AT, &magic, sizeof(magic));
	memcpy(block + SUPERBLOCK_META_AT, &blocks, sizeof(blocks));
	csum = ~liteio_crc32c(0, block + 4, sizeof(block) - 4) ^ SUPERBLOCK_CSUM_XOR;
	memcpy(block, &csum, sizeof(csum));
	ck_assert_int_eq(pwrite(b.m.fd, block, sizeof(block), (off_t)e->start), sizeof(block));
}

/* one of two copies is lost, and the other one from before: what it calls the spare is in use */
START_TEST(test_old_label)
{
	const struct liteio_pool_repair how = { .force = true };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pool_repaired done;
	uint64_t have;

	bed_init();
	have = b.m.thin->says.meta_total;
	b.m.p.cat.thin_txid = 0;
	write_superblock(have);
	ck_assert_int_eq(liteio_pool_repair(&b.m.p, &how, &done, &err), -EUCLEAN);
	ck_assert_uint_eq(b.n_filled, 1);
	/* what force does not help is not said to be a matter of force */
	ck_assert_msg(strstr(err.msg, "with --force neither (there was nothing to repair)"), "%s",
		      err.msg);
	write_superblock(2 * have);
	ck_assert_int_eq(liteio_pool_repair(&b.m.p, &how, &done, &err), -ESTALE);
	ck_assert_msg(strstr(err.msg, "a copy from before they took the spare"), "%s", err.msg);
	ck_assert_uint_eq(b.n_filled, 1);
	bed_fini();
}
END_TEST

/* the same when it is opened: it is not written over the one that counts */
START_TEST(test_old_label_opened)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	uint64_t have;

	bed_init();
	have = b.m.thin->says.meta_total;
	/* a growth that was cut short leaves less than the label says */
	write_superblock(have / 2);
	ck_assert_int_eq(liteio_pool_gather(&b.m.p, false, &err), 0);
	ck_assert_uint_eq(liteio_label_sum(&b.m.p.store.label, LITEIO_EXTENT_THIN_META), have);
	/* not the spare, or not known to be: nothing is opened */
	write_superblock(3 * have);
	ck_assert_int_eq(liteio_pool_gather(&b.m.p, false, &err), -ESTALE);
	ck_assert_msg(strstr(err.msg, "the other copy, at its end, again"), "%s", err.msg);
	write_superblock(2 * have);
	b.m.p.store.size += 1 << 20;
	ck_assert_int_eq(liteio_pool_gather(&b.m.p, false, &err), -ESTALE);
	b.m.p.store.size -= 1 << 20;
	ck_assert_uint_eq(liteio_label_sum(&b.m.p.store.label, LITEIO_EXTENT_THIN_META), have);
	both_have(have);
	/* the spare: it is gone on with as it was, also when it can not be written at first */
	ck_assert_msg(!liteio_pool_gather(&b.m.p, false, &err), "%s", err.msg);
	ck_assert_uint_eq(liteio_label_sum(&b.m.p.store.label, LITEIO_EXTENT_THIN_META), 2 * have);
	memory_break(&b.m, true);
	ck_assert_int_lt(liteio_pool_relabel(&b.m.p, &b.m.p.store.label, &err), 0);
	memory_break(&b.m, false);
	ck_assert_int_eq(liteio_pool_end_doubt(&b.m.p, &err), 0);
	ck_assert_uint_eq(liteio_label_sum(&b.m.p.store.label, LITEIO_EXTENT_THIN_META), 2 * have);
	ck_assert_int_eq(liteio_pool_mend_label(&b.m.p, &err), 0);
	both_have(2 * have);
	bed_fini();
}
END_TEST

/* the copy that was written last is where the disk ended before it became larger */
START_TEST(test_old_label_of_a_smaller_disk)
{
	const uint64_t at[] = { LITEIO_LABEL_OFFSET, liteio_label_backup_offset(2 * DEVICE_BYTES) };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_ondisk_label old;
	struct liteio_label l;
	uint64_t have;

	bed_init();
	have = b.m.thin->says.meta_total;
	liteio_label_encode(&b.m.p.store.label, &old);
	ck_assert_int_eq(liteio_pool_relieve(&b.m.p), 1);
	ck_assert_int_eq(pwrite(b.m.fd, &old, sizeof(old), LITEIO_LABEL_OFFSET), sizeof(old));
	memory_enlarge(&b.m, DEVICE_BYTES);
	write_superblock(2 * have);
	ck_assert_msg(!liteio_store_read_label(&b.m.p.store, &err), "%s", err.msg);
	ck_assert_uint_eq(liteio_label_sum(&b.m.p.store.label, LITEIO_EXTENT_THIN_META), 2 * have);
	ck_assert_msg(!liteio_pool_gather(&b.m.p, false, &err), "%s", err.msg);
	ck_assert_int_eq(liteio_pool_mend_label(&b.m.p, &err), 0);
	for (int i = 0; i < 2; i++) {
		read_copy(at[i], &l);
		ck_assert_uint_eq(liteio_label_sum(&l, LITEIO_EXTENT_THIN_META), 2 * have);
	}
	bed_fini();
}
END_TEST

/* ... which one of another device, or from before, or damaged, does not become; and it is said */
START_TEST(test_old_label_says_where)
{
	const off_t at = (off_t)liteio_label_backup_offset(DEVICE_BYTES);
	struct liteio_ondisk_label d;
	struct liteio_label l;

	for (int i = 0; i < 3; i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		uint64_t have;

		bed_init();
		have = b.m.thin->says.meta_total;
		l = b.m.p.store.label;
		ck_assert(liteio_label_take_spare(&l));
		l.sequence += i != 1;
		if (i == 0)
			l.devices[0].uuid.b[3] ^= 1;
		liteio_label_encode(&l, &d);
		if (i == 2)
			d.zero2[5] = 1;
		ck_assert_int_eq(pwrite(b.m.fd, &d, sizeof(d), at), sizeof(d));
		memory_enlarge(&b.m, DEVICE_BYTES);
		write_superblock(2 * have);
		ck_assert_msg(!liteio_store_read_label(&b.m.p.store, &err), "%s", err.msg);
		ck_assert_uint_eq(liteio_label_sum(&b.m.p.store.label, LITEIO_EXTENT_THIN_META),
				  have);
		ck_assert_int_eq(liteio_pool_gather(&b.m.p, false, &err), -ESTALE);
		ck_assert_msg(strstr(err.msg, "where that was when it had 1.0 GiB, again"), "%s",
			      err.msg);
		bed_fini();
	}
}
END_TEST

/* what was found damaged at opening, and is not any more: the catalog is in both slots then, too */
START_TEST(test_repaired)
{
	const struct liteio_pool_repair how = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pool_repaired done;
	uint64_t was;

	for (int is_one_copy = 0; is_one_copy < 2; is_one_copy++) {
		bed_init();
		b.is_sound = true;
		/* none that could be gone */
		b.m.p.store.label.n_devices = 0;
		b.m.p.is_one_copy = is_one_copy;
		liteio_pool_set_condition(&b.m.p, LITEIO_POOL_READ_ONLY, "MetadataDamaged", true,
					  "it was not found good");
		was = b.m.p.cat.sequence;
		ck_assert_msg(!liteio_pool_repair(&b.m.p, &how, &done, &err), "%s", err.msg);
		ck_assert_int_lt(b.m.p.condition, LITEIO_POOL_READ_ONLY);
		ck_assert_uint_eq(b.n_filled, 0);
		ck_assert(!b.m.p.is_one_copy);
		ck_assert_uint_eq(b.m.p.cat.sequence, was + (uint64_t)is_one_copy);
		bed_fini();
	}
}
END_TEST

UNIT_MAIN("pool-relief", test_taken, test_able, test_not_written, test_one_copy, test_one_writable,
	  test_written_after_all, test_old_label, test_old_label_opened,
	  test_old_label_of_a_smaller_disk, test_old_label_says_where, test_repaired)
