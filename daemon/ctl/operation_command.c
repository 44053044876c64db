// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands about operations: their columns.
 */
#include "ctl/operation_command.h"

#include <stddef.h>

const struct liteio_column liteio_operation_columns[] = {
	{ "UUID", "uuid", LITEIO_COLUMN_TEXT },
	{ "VERB", "verb", LITEIO_COLUMN_TEXT },
	{ "OBJECT", "object", LITEIO_COLUMN_TEXT },
	{ "POOL", "pool", LITEIO_COLUMN_TEXT },
	{ "STATE", "state", LITEIO_COLUMN_TEXT },
	{ "DONE", "doneBytes", LITEIO_COLUMN_SIZE },
	{ "OF", "totalBytes", LITEIO_COLUMN_SIZE },
	{ "ERROR", "error.message", LITEIO_COLUMN_TEXT },
	{ "", "", LITEIO_COLUMN_WIDE },
	{ "BEGUN", "begunAt", LITEIO_COLUMN_TEXT },
	{ "TOOK MS", "tookMs", LITEIO_COLUMN_NUMBER },
	{ .title = NULL },
};
