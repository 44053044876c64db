/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UUIDs: 16 bytes in the order they are written, and 36 lower-case characters of text.
 */
#ifndef LITEIO_BASE_UUID_H
#define LITEIO_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#define LITEIO_UUID_STRLEN 36

struct liteio_uuid {
	uint8_t b[16];
};

/* parse exactly 36 characters, either case; 0 or -EINVAL, @ret untouched on failure */
int liteio_uuid_parse(const char *s, struct liteio_uuid *ret);
/* write 36 lower-case characters and the terminator */
void liteio_uuid_format(const struct liteio_uuid *u, char out[LITEIO_UUID_STRLEN + 1]);
/* a random (version 4) uuid from the kernel's generator */
void liteio_uuid_random(struct liteio_uuid *ret);
/*
 * One (version 7) that sorts behind those made before, as far as the clock does not go back: 60
 * bits of time, then random ones. For what is kept sorted and mostly grows: a new one is the last.
 */
void liteio_uuid_ordered(struct liteio_uuid *ret);
bool liteio_uuid_is_null(const struct liteio_uuid *u);
bool liteio_uuid_equal(const struct liteio_uuid *a, const struct liteio_uuid *b);

#endif
