/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options of liteioctl as the query of a request. Pure.
 */
#ifndef LITEIO_CTL_QUERY_H
#define LITEIO_CTL_QUERY_H

#include <stdint.h>

struct liteio_buf;
struct liteio_options;

/* append those of @given (LITEIO_OPT_*) to a path, "?" and "&" included, escaped */
void liteio_query_add(struct liteio_buf *b, uint64_t given, const struct liteio_options *o);

#endif
