/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both slots of a catalog in a file, which is as good as a device for who reads and writes them;
 * and a write to them that a power cut has torn.
 */
#ifndef LITEIO_TESTS_SLOTS_IN_FILE_H
#define LITEIO_TESTS_SLOTS_IN_FILE_H

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/store.h"

#define SLOT_BYTES (1u << 20)
#define SLOTS_END (LITEIO_SLOT_OFFSET + 2 * SLOT_BYTES)
#define SECTOR 512u

/* of zeros, and gone when it is closed */
static inline int make_file(uint64_t bytes)
{
	char path[] = "/tmp/liteio-unit-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

/* both slots, as a label would say where they are; no device of it could be gone */
static inline struct liteio_store slots_store(int fd)
{
	struct liteio_store s = LITEIO_STORE_INIT;

	s.fd = dup(fd);
	s.plain_fd = dup(fd);
	s.size = SLOTS_END;
	snprintf(s.label.pool_name, sizeof(s.label.pool_name), "fast");
	s.label.pool_uuid.b[0] = 1;
	s.label.n_extents = 2;
	for (int i = 0; i < 2; i++) {
		s.label.extents[i].kind = i ? LITEIO_EXTENT_SLOT_B : LITEIO_EXTENT_SLOT_A;
		s.label.extents[i].start = LITEIO_SLOT_OFFSET + (uint64_t)i * SLOT_BYTES;
		s.label.extents[i].length = SLOT_BYTES;
	}
	return s;
}

static inline off_t slot_at(int slot)
{
	return (off_t)(LITEIO_SLOT_OFFSET + (uint64_t)slot * SLOT_BYTES);
}

/* from here on writes fail, or succeed again; what is there can be read all the time */
static inline void slots_break(struct liteio_store *s, int fd, bool is_broken)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	close(s->fd);
	close(s->plain_fd);
	s->fd = is_broken ? open(path, O_RDONLY | O_CLOEXEC) : dup(fd);
	s->plain_fd = dup(s->fd);
	ck_assert_int_ge(s->plain_fd, 0);
}

static inline void read_all(int fd, uint8_t *ret)
{
	ck_assert_int_eq(pread(fd, ret, SLOTS_END, 0), SLOTS_END);
}

/* some of the sectors that a write changes have got to the disk: which, says a bit of @which */
static inline void tear(int fd, const uint8_t *was, const uint8_t *is, uint64_t which)
{
	unsigned int n = 0;

	for (size_t at = 0; at < SLOTS_END; at += SECTOR) {
		const uint8_t *from = was + at;

		if (!memcmp(from, is + at, SECTOR))
			continue;
		if (which >> n++ % 64 & 1)
			from = is + at;
		ck_assert_int_eq(pwrite(fd, from, SECTOR, (off_t)at), SECTOR);
	}
}

#endif
