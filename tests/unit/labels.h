/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labels, as they are made and as they are on a disk.
 */
#ifndef LITEIO_TESTS_LABELS_H
#define LITEIO_TESTS_LABELS_H

#include <check.h>

#include "pool/bytes.h"
#include "pool/crc32c.h"
#include "pool/label.h"

#define GIB (1ull << 30)

/* of a new pool on a disk of this size */
static inline void make_label(struct liteio_label *l, uint64_t size)
{
	ck_assert_int_eq(liteio_label_layout("fast", size, 0, NULL, l, NULL), 0);
	l->created = 1700000000;
}

/* what was changed in it is what it says */
static inline void seal_label(struct liteio_ondisk_label *d)
{
	liteio_put(d->crc, 0);
	liteio_put(d->crc, liteio_crc32c(0, d, sizeof(*d)));
}

#endif
