// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata that are full, and a pool that grows: what the growth brings them waits for no copy of
 * the label that their only disk does not take, and a disk that would not help is not wiped. And no
 * label is left where a disk ended before.
 */
#include "pool_in_memory.h"
#include "unit.h"

#define DEVICE_BYTES (1ull << 30)

static void make_full(struct memory_pool *m)
{
	struct liteio_engine_status *kernel = &m->thin->says;

	kernel->mode = LITEIO_ENGINE_RO;
	kernel->meta_used = kernel->meta_total;
	m->p.status = *kernel;
}

static struct liteio_store *another_disk(void)
{
	struct liteio_store *s = liteio_store_new();

	s->fd = make_file(DEVICE_BYTES);
	s->size = DEVICE_BYTES;
	return s;
}

/* one that is on several disks then is not opened the next time when one of them lacks a copy */
START_TEST(test_one_writable)
{
	for (int i = 0; i < 3; i++) {
		bool is_full = i > 0, is_wide = i > 1, is_grown;
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct memory_pool m;
		struct liteio_label l;

		memory_new_labelled(&m, DEVICE_BYTES);
		make_full(&m);
		l = m.p.store.label;
		memory_enlarge(&m, DEVICE_BYTES);
		ck_assert_int_eq(liteio_label_grow(&l, 0, m.p.store.size, m.p.status.meta_used,
						   NULL), 1);
		if (is_wide) {
			ck_assert_int_eq(liteio_label_add(&l, DEVICE_BYTES, 0, NULL), 0);
			m.p.store.others[1] = another_disk();
		}
		memory_break_end(&m, true);
		is_grown = !liteio_pool_grow_label(&m.p, &l, is_full, &err);
		ck_assert_msg(is_grown == (is_full && !is_wide), "%d: %s", i, err.msg);
		ck_assert_uint_eq(m.p.store.label.devices[0].size,
				  is_grown ? 2 * DEVICE_BYTES : DEVICE_BYTES);
		memory_break_end(&m, false);
		memory_close(&m);
	}
}
END_TEST

/* what is on a disk, at its ends, where a label would be */
static void check_ends(const struct memory_pool *m, const char *begin, const char *end)
{
	char is[8] = "";

	ck_assert_int_eq(pread(m->fd, is, 5, 0), 5);
	ck_assert_str_eq(is, begin);
	ck_assert_int_eq(pread(m->fd, is, 5, DEVICE_BYTES - 5), 5);
	ck_assert_str_eq(is, end);
}

/* full, and as large as dm-thin can use: no disk helps that */
START_TEST(test_not_wiped)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_label *label, l;
	struct liteio_store disk;
	struct memory_pool m;

	memory_new_labelled(&m, DEVICE_BYTES);
	label = &m.p.store.label;
	ck_assert_int_eq(liteio_label_layout("fast", 60000ull << 30, 0, NULL, label, NULL), 0);
	ck_assert(liteio_label_take_spare(label));
	m.thin->says.meta_total = LITEIO_THIN_META_MAX;
	make_full(&m);
	l = *label;
	/* on the pool's own file, of which nothing but that is looked at */
	disk = m.p.store;
	ck_assert_int_eq(pwrite(m.fd, "begin", 5, 0), 5);
	ck_assert_int_eq(pwrite(m.fd, "ended", 5, DEVICE_BYTES - 5), 5);
	ck_assert_int_eq(liteio_pool_grow_onto(&m.p, &disk, true, &l, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "as large as dm-thin can use"));
	ck_assert_mem_eq(&l, label, sizeof(l));
	check_ends(&m, "begin", "ended");
	/* for its data it is one of the pool's */
	ck_assert_int_eq(liteio_pool_grow_onto(&m.p, &disk, false, &l, &err), 0);
	ck_assert_uint_eq(l.n_devices, 2);
	check_ends(&m, "", "");
	memory_close(&m);
}
END_TEST

/* is there a label where a disk of this size would end? */
static bool ends_with_label(const struct memory_pool *m, uint64_t size)
{
	struct liteio_ondisk_label d;
	off_t at = (off_t)liteio_label_backup_offset(size);

	ck_assert_int_eq(pread(m->fd, &d, sizeof(d), at), sizeof(d));
	return !liteio_label_decode(&d, &(struct liteio_label){ 0 }, NULL);
}

/* what is there when a pool has grown over it, and when it is wiped, whether or not it had grown */
START_TEST(test_old_end)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	struct liteio_label l;

	for (int is_wiped = 0; is_wiped < 2; is_wiped++) {
		memory_new_labelled(&m, DEVICE_BYTES);
		ck_assert_int_eq(liteio_store_write_label(&m.p.store, &err), 0);
		ck_assert(ends_with_label(&m, DEVICE_BYTES));
		l = m.p.store.label;
		memory_enlarge(&m, DEVICE_BYTES);
		/* as whoever opens it does */
		ck_assert_int_eq(liteio_store_write_label(&m.p.store, &err), 0);
		ck_assert(ends_with_label(&m, DEVICE_BYTES));
		if (is_wiped) {
			ck_assert_int_eq(liteio_store_wipe(&m.p.store, &err), 0);
		} else {
			ck_assert_int_eq(liteio_label_grow(&l, 0, m.p.store.size, 0, NULL), 1);
			ck_assert_int_eq(liteio_pool_grow_label(&m.p, &l, false, &err), 0);
		}
		ck_assert(!ends_with_label(&m, DEVICE_BYTES));
		ck_assert_int_eq(ends_with_label(&m, 2 * DEVICE_BYTES), !is_wiped);
		memory_close(&m);
	}
}
END_TEST

/* what somebody else has written there stays, be it the label of another pool */
START_TEST(test_old_end_of_others)
{
	for (int is_label = 0; is_label < 2; is_label++) {
		const off_t at = (off_t)liteio_label_backup_offset(DEVICE_BYTES);
		struct liteio_ondisk_label theirs = { 0 }, is;
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct memory_pool m;
		struct liteio_label l;

		memory_new_labelled(&m, DEVICE_BYTES);
		l = m.p.store.label;
		l.devices[0].uuid.b[3] ^= 1;
		if (is_label)
			liteio_label_encode(&l, &theirs);
		else
			memset(&theirs, 0x5a, sizeof(theirs));
		memory_enlarge(&m, DEVICE_BYTES);
		ck_assert_int_eq(pwrite(m.fd, &theirs, sizeof(theirs), at), sizeof(theirs));
		l = m.p.store.label;
		ck_assert_int_eq(liteio_label_grow(&l, 0, m.p.store.size, 0, NULL), 1);
		ck_assert_int_eq(liteio_pool_grow_label(&m.p, &l, false, &err), 0);
		ck_assert_int_eq(liteio_store_wipe(&m.p.store, &err), 0);
		ck_assert_int_eq(pread(m.fd, &is, sizeof(is), at), sizeof(is));
		ck_assert_mem_eq(&is, &theirs, sizeof(is));
		memory_close(&m);
	}
}
END_TEST

/* whatever label is found then, no pool is opened by it */
START_TEST(test_no_slots)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog c, read = { 0 };
	struct memory_pool m;

	memory_new_labelled(&m, DEVICE_BYTES);
	liteio_catalog_init(&c, &m.p.store.label.pool_uuid);
	ck_assert_msg(!liteio_store_format_catalog(&m.p.store, &c, &err), "%s", err.msg);
	ck_assert_int_eq(liteio_store_read_catalog(&m.p.store, &read, &err), 0);
	liteio_catalog_fini(&read);
	ck_assert_int_eq(liteio_store_wipe_slots(&m.p.store, &err), 0);
	ck_assert_int_eq(liteio_store_read_catalog(&m.p.store, &read, &err), -EBADMSG);
	liteio_catalog_fini(&c);
	memory_close(&m);
}
END_TEST

UNIT_MAIN("pool-grow", test_one_writable, test_not_wiped, test_old_end, test_old_end_of_others,
	  test_no_slots)
