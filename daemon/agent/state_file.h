/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this node has to know that is in no catalog: JSON files in <stateDir>, each read and written
 * as a whole by who it belongs to, under a lock of its own.
 *
 * A file that is there and can not be read is not an empty one: who asks decides what follows from
 * it, and nobody overwrites it.
 *
 * Context of all functions: worker; they read or write a file.
 */
#ifndef LITEIO_AGENT_STATE_FILE_H
#define LITEIO_AGENT_STATE_FILE_H

#include <stddef.h>

struct liteio_agent;
struct liteio_error;
struct liteio_field;

/**
 * struct liteio_state_file - a kind of file
 * @name: in <stateDir>
 * @max_bytes: what it may have, read and written
 * @fields: what is in it
 * @what: what nobody knows when it can not be read, as in "... is not known"
 */
struct liteio_state_file {
	const char *name;
	size_t max_bytes;
	const struct liteio_field *fields;
	const char *what;
};

/**
 * liteio_state_load() - what it holds
 * @a: the agent
 * @file: which
 * @ret: zeroed; what to give to liteio_json_fini() with @file's fields, also after an error. As it
 *	was when there is no such file. Members that are unknown are passed over: a newer agent may
 *	have written more.
 * @err: why nobody knows
 *
 * Return: 0 or a negative errno.
 */
int liteio_state_load(const struct liteio_agent *a, const struct liteio_state_file *file, void *ret,
		      struct liteio_error *err);

/**
 * liteio_state_save() - make it hold this, all of it or none
 * @a: the agent
 * @file: which
 * @what: what
 * @err: why not
 *
 * Return: 0 when it is on the disk, -ENOSPC when it has grown beyond what is read again, or another
 * negative errno.
 */
int liteio_state_save(const struct liteio_agent *a, const struct liteio_state_file *file,
		      const void *what, struct liteio_error *err);
/* take the file away, on the disk; one that is not there is no error. Context: worker */
int liteio_state_remove(const struct liteio_agent *a, const struct liteio_state_file *file,
			struct liteio_error *err);

#endif
