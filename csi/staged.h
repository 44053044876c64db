/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this node has staged: one small file per volume, written before anything is attached, so
 * that whatever is attached can be found again. The files lie on a filesystem that a reboot clears,
 * as it clears mounts and attachments.
 */
#ifndef LITEIO_CSI_STAGED_H
#define LITEIO_CSI_STAGED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"

struct liteio_error;

/**
 * struct liteio_staged - one staged volume
 * @uuid: of the volume
 * @generation: of the attachment
 * @path: staging path; owned
 * @device: block device, NULL until it is attached; owned
 * @fs_type: filesystem, NULL for a block volume; owned
 * @read_only: attached for reading
 */
struct liteio_staged {
	struct liteio_uuid uuid;
	uint64_t generation;
	char *path;
	char *device;
	char *fs_type;
	bool read_only;
};

/* read the record of a volume; -ENOENT when there is none */
int liteio_staged_load(const char *dir, const char *volume, struct liteio_staged *ret,
		       struct liteio_error *err);
/* write it, atomically */
int liteio_staged_save(const char *dir, const char *volume, const struct liteio_staged *s,
		       struct liteio_error *err);
/* remove it; 0 when there is none */
int liteio_staged_remove(const char *dir, const char *volume, struct liteio_error *err);
void liteio_staged_fini(struct liteio_staged *s);

#endif
