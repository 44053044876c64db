/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands about pools and the disks for them: their columns and requests, for the table in
 * command.c. Pure.
 */
#ifndef LITEIO_CTL_POOL_COMMAND_H
#define LITEIO_CTL_POOL_COMMAND_H

#include "ctl/print.h"

struct liteio_error;
struct liteio_json;
struct liteio_options;

extern const struct liteio_column liteio_disk_columns[];
extern const struct liteio_column liteio_pool_columns[];
extern const struct liteio_column liteio_pool_exported_columns[];
extern const struct liteio_column liteio_pool_imported_columns[];
extern const struct liteio_column liteio_pool_repaired_columns[];

/* as struct liteio_command's body */
int liteio_body_pool_create(char **operands, const struct liteio_options *o,
			    struct liteio_json **ret, struct liteio_error *err);
int liteio_body_pool_set(char **operands, const struct liteio_options *o,
			 struct liteio_json **ret, struct liteio_error *err);
int liteio_body_pool_import(char **operands, const struct liteio_options *o,
			    struct liteio_json **ret, struct liteio_error *err);
int liteio_body_pool_grow(char **operands, const struct liteio_options *o,
			  struct liteio_json **ret, struct liteio_error *err);

#endif
