/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shorthand for the tables of the resources: one line per member. A file defines the macro T as the
 * name of the struct before each table.
 */
#ifndef LITEIO_MODEL_FIELDS_H
#define LITEIO_MODEL_FIELDS_H

#include <stddef.h>

#include "base/json.h"

#define REQUIRED LITEIO_FIELD_REQUIRED
#define KEEP LITEIO_FIELD_KEEP_ZERO

#define AT(m) .offset = offsetof(struct T, m)
#define STRING(k, m, fl, mx) \
	{ LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_STRING, .flags = fl, AT(m), .max = mx }
#define BOOL(k, m, fl) { LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_BOOL, .flags = fl, AT(m) }
#define NUMBER(k, m, fl, mn, mx) \
	{ LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_U64, .flags = fl, AT(m), .min = mn, .max = mx }
#define SIZE(k, m, fl, mn, mx) \
	{ LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_SIZE, .flags = fl, AT(m), .min = mn, .max = mx }
#define UUID(k, m, fl) { LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_UUID, .flags = fl, AT(m) }
#define ENUM(k, m, fl, t) \
	{ LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_ENUM, .flags = fl, AT(m), .names = t }
#define RAW(k, m) { LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_RAW, AT(m) }
#define MAP(k, m, fl, mx) \
	{ LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_MAP, .flags = fl, AT(m), .max = mx }
#define OBJECT(k, m, f) { LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_OBJECT, AT(m), .fields = f }
/* of numbers alone, in the elements of long lists: those that are the same are written once */
#define NUMBERS(k, m, elem, f) \
	{ LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_OBJECT, AT(m), \
	  .elem_size = sizeof(struct elem), .fields = f }
#define STRINGS(k, m, fl, mx) \
	{ LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_STRINGS, .flags = fl, AT(m), \
	  .count_offset = offsetof(struct T, n_##m), .max = mx }
#define ARRAY(k, m, fl, elem, f, mx) \
	{ LITEIO_FIELD_KEY(k), .type = LITEIO_FIELD_ARRAY, .flags = fl, AT(m), \
	  .count_offset = offsetof(struct T, n_##m), .elem_size = sizeof(struct elem), \
	  .max = mx, .fields = f }
#define CONDITIONS \
	ARRAY("conditions", conditions, 0, liteio_condition, liteio_condition_fields, 16)
#define END { .key = NULL }

#endif
