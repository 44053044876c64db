/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arguments of a head in a device-mapper table: text to struct and back; and of messages to it.
 * Pure.
 *
 *	<start> <length> liteio <dev> <offset> <volume-uuid> <generation> [<#options> ro]
 *
 *	dmsetup message <head> 0 fence <floor>
 */
#ifndef LITEIO_TABLE_H
#define LITEIO_TABLE_H

#include "pure.h"

/* characters of a UUID as text, and room for what liteio_table_emit() gives */
#define LITEIO_UUID_TEXT 36
#define LITEIO_TABLE_TEXT 128

/**
 * struct liteio_table - what a table line says
 * @dev: path or major:minor of the device below; borrowed from the argument vector
 * @offset: first sector of it that belongs to the head
 * @uuid: the volume, bytes in the order written
 * @gen: the generation, LITEIO_GEN_MIN to LITEIO_GEN_MAX
 * @ro: refuse what changes data
 */
struct liteio_table {
	const char *dev;
	u64 offset;
	u8 uuid[LITEIO_UUID_LEN];
	u64 gen;
	bool ro;
};

/**
 * liteio_table_parse() - read the arguments that follow the target's name
 * @argc: number of arguments
 * @argv: the arguments; not changed
 * @ret_table: result; untouched on failure
 * @ret_why: on failure one sentence in static storage; untouched on success
 *
 * Context: any. Return: 0, or -EINVAL.
 */
int liteio_table_parse(unsigned int argc, char *const *argv, struct liteio_table *ret_table,
		       const char **ret_why);

/**
 * liteio_table_emit() - write the arguments after <dev>, so that parsing them gives the same again
 * @table: the table
 * @buf: LITEIO_TABLE_TEXT bytes; gets terminated text without leading or trailing space
 *
 * Context: any.
 */
void liteio_table_emit(const struct liteio_table *table, char *buf);

/**
 * liteio_table_message() - read a message to a head; there is only one kind
 * @argc: number of words
 * @argv: the words; not changed
 * @ret_floor: of a fence, LITEIO_GEN_MIN to LITEIO_GEN_MAX; untouched on failure
 * @ret_why: on failure one sentence in static storage; untouched on success
 *
 * Context: any. Return: 0, or -EINVAL.
 */
int liteio_table_message(unsigned int argc, char *const *argv, u64 *ret_floor,
			 const char **ret_why);

#endif
