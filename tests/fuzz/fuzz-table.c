// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table line of a head: whatever is parsed, printed and parsed again is the same. The same
 * words as a message: a floor in its range, or one sentence.
 * fuzz-src: kmod/table.c
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../kmod/table.h"

#define ARGS_MAX 12

/* split at blanks, as device-mapper does */
static unsigned int split(char *text, char **args)
{
	unsigned int n = 0;
	char *save = NULL;

	for (args[n] = strtok_r(text, " ", &save); args[n] && n < ARGS_MAX - 1;
	     args[n] = strtok_r(NULL, " ", &save))
		n++;
	return n;
}

static void check_round_trip(const struct liteio_table *table, char *dev)
{
	char text[LITEIO_TABLE_TEXT], *args[ARGS_MAX] = { dev };
	struct liteio_table again;
	const char *why = NULL;
	unsigned int n;

	liteio_table_emit(table, text);
	n = split(text, args + 1) + 1;
	if (liteio_table_parse(n, args, &again, &why) || why)
		abort();
	if (again.offset != table->offset || again.gen != table->gen || again.ro != table->ro ||
	    memcmp(again.uuid, table->uuid, sizeof(again.uuid)) != 0)
		abort();
}

static void check_message(unsigned int n, char *const *args)
{
	const char *why = NULL;
	u64 floor = 0;
	int ret = liteio_table_message(n, args, &floor, &why);

	if (!ret != !why || !ret == !floor || floor > LITEIO_GEN_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *args[ARGS_MAX];
	struct liteio_table table;
	const char *why = NULL;
	unsigned int n;
	int ret;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	n = split(text, args);
	ret = liteio_table_parse(n, args, &table, &why);
	if (!ret != !why)
		abort();
	if (!ret)
		check_round_trip(&table, args[0]);
	check_message(n, args);
	free(text);
	return 0;
}
