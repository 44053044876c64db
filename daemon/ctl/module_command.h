/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands about the module's registry and about limits: their columns and requests, for the table
 * in command.c. Pure.
 */
#ifndef LITEIO_CTL_MODULE_COMMAND_H
#define LITEIO_CTL_MODULE_COMMAND_H

#include <stdint.h>

#include "ctl/print.h"

struct liteio_error;
struct liteio_json;
struct liteio_options;

extern const struct liteio_column liteio_module_volume_columns[];
extern const struct liteio_column liteio_module_attachment_columns[];
/* rows of liteio_dirty_rows() */
extern const struct liteio_column liteio_module_dirty_columns[];
/* shown as an object */
extern const struct liteio_column liteio_module_qos_columns[];
extern const struct liteio_column liteio_module_fenced_columns[];
extern const struct liteio_column liteio_module_stats_columns[];

/* the answer of GET /v1/stats as rows for liteio_module_stats_columns: an array, owned */
struct liteio_json *liteio_stats_rows(const struct liteio_json *answer);

/* of the answer of GET /v1/module/attachments those that are tracked: an array, owned */
struct liteio_json *liteio_dirty_rows(const struct liteio_json *answer);

/* those of LITEIO_OPT_* for limits that were given */
uint64_t liteio_limits_given(const struct liteio_options *o);

/* as struct liteio_command's body */
int liteio_body_limit(char **operands, const struct liteio_options *o, struct liteio_json **ret,
		      struct liteio_error *err);
int liteio_body_module_fence(char **operands, const struct liteio_options *o,
			     struct liteio_json **ret, struct liteio_error *err);

#endif
