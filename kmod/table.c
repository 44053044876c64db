// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser and printer of a head's table arguments, parser of messages to it. Pure.
 */
#include "table.h"

/* positions of the fixed arguments, then the count of options, then the options */
enum {
	ARG_DEV,
	ARG_OFFSET,
	ARG_UUID,
	ARG_GEN,
	ARG_NR_FIXED,
	ARG_NR_OPTIONS = ARG_NR_FIXED,
	ARG_OPTIONS
};

/* offset of the dashes in a UUID as text */
static bool is_dash(unsigned int at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* decimal digits and nothing else, up to max */
static bool parse_number(const char *s, u64 max, u64 *ret)
{
	u64 value = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned int digit = (unsigned int)(*s - '0');

		if (digit > 9 || digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

static bool parse_uuid(const char *s, u8 *ret)
{
	u8 uuid[LITEIO_UUID_LEN];
	unsigned int at = 0, nibbles = 0;

	for (; s[at]; at++) {
		int value;

		if (at >= LITEIO_UUID_TEXT)
			return false;
		if (is_dash(at)) {
			if (s[at] != '-')
				return false;
			continue;
		}
		value = hex_value(s[at]);
		if (value < 0)
			return false;
		if (nibbles & 1)
			uuid[nibbles / 2] |= (u8)value;
		else
			uuid[nibbles / 2] = (u8)(value << 4);
		nibbles++;
	}
	if (at != LITEIO_UUID_TEXT)
		return false;
	memcpy(ret, uuid, sizeof(uuid));
	return true;
}

static const char *parse_options(unsigned int argc, char *const *argv, struct liteio_table *table)
{
	u64 nr = 0;
	unsigned int i;

	if (argc <= ARG_NR_OPTIONS)
		return NULL;
	if (!parse_number(argv[ARG_NR_OPTIONS], 1, &nr))
		return "number of options is not 0 or 1";
	if (argc - ARG_OPTIONS != nr)
		return "number of options does not match the options that follow";
	for (i = ARG_OPTIONS; i < argc; i++) {
		if (strcmp(argv[i], "ro") != 0)
			return "unknown option (the only one is ro)";
		table->ro = true;
	}
	return NULL;
}

static bool parse_gen(const char *s, u64 *ret)
{
	return parse_number(s, LITEIO_GEN_MAX, ret) && *ret >= LITEIO_GEN_MIN;
}

static const char *parse_fixed(char *const *argv, struct liteio_table *table)
{
	static const u8 nil[LITEIO_UUID_LEN];

	table->dev = argv[ARG_DEV];
	if (!*table->dev)
		return "device is empty";
	if (!parse_number(argv[ARG_OFFSET], ~(u64)0 >> 9, &table->offset))
		return "offset is not a number of sectors";
	if (!parse_uuid(argv[ARG_UUID], table->uuid))
		return "volume is not a UUID";
	if (!memcmp(table->uuid, nil, sizeof(nil)))
		return "volume is the nil UUID";
	if (!parse_gen(argv[ARG_GEN], &table->gen))
		return "generation is not a number from 1 to 9223372036854775807";
	return NULL;
}

int liteio_table_parse(unsigned int argc, char *const *argv, struct liteio_table *ret_table,
		       const char **ret_why)
{
	struct liteio_table table = { .ro = false };
	const char *why;

	if (argc < ARG_NR_FIXED)
		why = "arguments are <dev> <offset> <volume-uuid> <generation> [<#options> ro]";
	else
		why = parse_fixed(argv, &table);
	if (!why)
		why = parse_options(argc, argv, &table);
	if (why) {
		*ret_why = why;
		return -EINVAL;
	}
	*ret_table = table;
	return 0;
}

void liteio_table_emit(const struct liteio_table *table, char *buf)
{
	static const char hex[] = "0123456789abcdef";
	char uuid[LITEIO_UUID_TEXT + 1];
	unsigned int at, nibble = 0;

	for (at = 0; at < LITEIO_UUID_TEXT; at++) {
		u8 byte = table->uuid[nibble / 2];

		if (is_dash(at)) {
			uuid[at] = '-';
			continue;
		}
		uuid[at] = hex[nibble & 1 ? byte & 15 : byte >> 4];
		nibble++;
	}
	uuid[LITEIO_UUID_TEXT] = '\0';
	snprintf(buf, LITEIO_TABLE_TEXT, "%llu %s %llu%s", (unsigned long long)table->offset, uuid,
		 (unsigned long long)table->gen, table->ro ? " 1 ro" : "");
}

static const char *parse_message(unsigned int argc, char *const *argv, u64 *floor)
{
	if (!argc || strcmp(argv[0], "fence") != 0)
		return "the only message is fence <floor>";
	if (argc != 2)
		return "fence takes exactly one floor";
	if (!parse_gen(argv[1], floor))
		return "floor is not a number from 1 to 9223372036854775807";
	return NULL;
}

int liteio_table_message(unsigned int argc, char *const *argv, u64 *ret_floor,
			 const char **ret_why)
{
	u64 floor = 0;
	const char *why = parse_message(argc, argv, &floor);

	if (why) {
		*ret_why = why;
		return -EINVAL;
	}
	*ret_floor = floor;
	return 0;
}
