/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands about operations: their columns, for the table in command.c.
 */
#ifndef LITEIO_CTL_OPERATION_COMMAND_H
#define LITEIO_CTL_OPERATION_COMMAND_H

#include "ctl/print.h"

/* of an operation, which is also what a command with --no-wait may be answered with */
extern const struct liteio_column liteio_operation_columns[];

#endif
