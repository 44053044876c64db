/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the names that callers choose to the names of our objects. Pure.
 */
#ifndef LITEIO_CSI_ID_H
#define LITEIO_CSI_ID_H

struct liteio_error;

#define LITEIO_CSI_ID_MAX 100

/**
 * liteio_csi_id() - the id of a new volume or snapshot
 * @prefix: "v" or "s"
 * @name: the caller's name, not empty
 *
 * The name itself when an object can be called so, else the prefix, a dash and a hash of it: the
 * same name always gives the same id, which is what makes creation idempotent. The caller compares
 * the whole name, too: a hash may collide.
 *
 * Return: the id, owned by the caller.
 */
char *liteio_csi_id(const char *prefix, const char *name);

/**
 * liteio_csi_id_check() - could this be an id of ours?
 * @id: from a caller
 *
 * Return: 0, or -EINVAL: nothing of that name can exist.
 */
int liteio_csi_id_check(const char *id);

#endif
