// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that was taken away from an open pool: which one is taken for it, and that none is as long
 * as that place is not empty; and which state of the pool was found on a disk.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "pool/back.h"
#include "pool/object.h"
#include "pool_in_memory.h"
#include "unit.h"

#define WAS { "S1", 1000, 7 }
#define DISK_BYTES (1ull << 30)

static const struct {
	const char *what;
	struct liteio_back was;
	struct liteio_back now;
	const char *said; /* NULL: it is that one */
} judged[] = {
	{ "the same", WAS, { "S1", 1000, 7 }, NULL },
	{ "written when it was pulled", WAS, { "S1", 1000, 8 }, NULL },
	{ "without a number", { "", 1000, 7 }, { "", 1000, 7 }, NULL },
	{ "a stale copy", WAS, { "S1", 1000, 6 },
	  "it is a stale copy: it has state 6, and 7 was written" },
	{ "a stale copy elsewhere", { "", 1000, 7 }, { "", 1000, 6 }, "stale copy" },
	{ "one that can not be read", WAS, { "S1", 1000, 0 }, "stale copy" },
	{ "a clone", WAS, { "S2", 1000, 7 }, "another disk (S2) than the one before (S1)" },
	{ "a clone without a number", WAS, { "", 1000, 7 }, "(without a serial number)" },
	{ "a larger one", WAS, { "S1", 2000, 7 }, "it has 2000 bytes, the one before had 1000" },
};

START_TEST(test_judge)
{
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		int r = liteio_back_judge(&judged[i].was, &judged[i].now, &err);

		ck_assert_msg(r == (judged[i].said ? -ESTALE : 0), "%s: %d", judged[i].what, r);
		ck_assert_msg(!r || strstr(err.msg, judged[i].said), "%s: %s", judged[i].what,
			      err.msg);
	}
}
END_TEST

/* a disk that the kernel has */
static dev_t some_disk(void)
{
	DIR *d = opendir("/sys/dev/block");
	unsigned int major = 0, minor = 0;
	const struct dirent *e;

	while (d && (e = readdir(d)) && sscanf(e->d_name, "%u:%u", &major, &minor) != 2)
		;
	if (d)
		closedir(d);
	return makedev(major, minor);
}

START_TEST(test_place)
{
	const dev_t gone = makedev(4095, 1048575);
	struct liteio_store other = LITEIO_STORE_INIT;
	struct liteio_pool p = { .store = LITEIO_STORE_INIT };
	struct liteio_pool_found f = { .device = "/dev/null" };

	pthread_mutex_init(&p.lock, NULL);
	p.store.label.pool_uuid.b[0] = 1;
	p.store.label.n_devices = 2;
	p.store.label.devices[0].uuid.b[0] = 2;
	p.store.label.devices[1].uuid.b[0] = 3;
	p.store.others[1] = &other;
	f.label = p.store.label;
	/* the second one is gone: an image of the first takes no place */
	p.store.dev = some_disk();
	other.dev = gone;
	ck_assert(liteio_pool_is_gone(&p));
	ck_assert(!liteio_pool_has_lost(&p, &f));
	f.label.this_device = 1;
	ck_assert(liteio_pool_has_lost(&p, &f));
	/* one that never was a part of it */
	f.label.devices[1].uuid.b[0] = 4;
	ck_assert(!liteio_pool_has_lost(&p, &f));
	f.label.this_device = 2;
	ck_assert(!liteio_pool_has_lost(&p, &f));
	f.label = p.store.label;
	f.label.pool_uuid.b[0] = 9;
	ck_assert(!liteio_pool_has_lost(&p, &f));
	pthread_mutex_destroy(&p.lock);
}
END_TEST

/* what was found is what was there, whatever has been written since */
START_TEST(test_sequence)
{
	struct memory_pool m;
	uint64_t last;

	memory_new(&m);
	ck_assert_uint_eq(liteio_pool_sequence_found(&m.p), 0);
	ck_assert_int_eq(liteio_pool_set_clean(&m.p, !m.p.cat.is_clean, NULL), 0);
	last = liteio_pool_sequence(&m.p);
	ck_assert_uint_eq(liteio_pool_sequence_found(&m.p), 0);
	memory_close(&m);
	memory_open(&m, m.fd, m.thin);
	ck_assert_uint_eq(liteio_pool_sequence_found(&m.p), last);
	ck_assert_int_eq(liteio_pool_set_clean(&m.p, !m.p.cat.is_clean, NULL), 0);
	ck_assert_uint_gt(liteio_pool_sequence(&m.p), last);
	ck_assert_uint_eq(liteio_pool_sequence_found(&m.p), last);
	memory_close(&m);
	close(m.fd);
}
END_TEST

/* a label that the second disk did not take, for it was pulled, is not what it has to come back with */
START_TEST(test_label_not_written)
{
	struct liteio_store *other = liteio_store_new();
	struct memory_pool m;
	struct liteio_label l;
	uint64_t last;
	int fd;

	memory_new_labelled(&m, DISK_BYTES);
	other->fd = make_file(DISK_BYTES);
	other->size = DISK_BYTES;
	m.p.store.others[1] = other;
	l = m.p.store.label;
	ck_assert_int_eq(liteio_label_add(&l, DISK_BYTES, 0, NULL), 0);
	ck_assert_int_eq(liteio_pool_relabel(&m.p, &l, NULL), 0);
	last = other->label.sequence;
	ck_assert_uint_eq(last, m.p.store.label.sequence);
	ck_assert(!liteio_pool_labels_differ(&m.p));
	fd = other->fd;
	other->fd = -1;
	ck_assert_int_lt(liteio_pool_relabel(&m.p, &l, NULL), 0);
	ck_assert_uint_eq(other->label.sequence, last);
	/* though one of its copies may have been */
	ck_assert(liteio_pool_labels_differ(&m.p));
	other->fd = fd;
	ck_assert_int_eq(liteio_pool_relabel(&m.p, &l, NULL), 0);
	ck_assert_uint_gt(other->label.sequence, last);
	ck_assert(!liteio_pool_labels_differ(&m.p));
	memory_close(&m);
	close(m.fd);
}
END_TEST

UNIT_MAIN("pool-back", test_judge, test_place, test_sequence, test_label_not_written)
