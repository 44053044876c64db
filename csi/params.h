/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a StorageClass may say about volumes, and how big a volume becomes. Pure.
 */
#ifndef LITEIO_CSI_PARAMS_H
#define LITEIO_CSI_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/limits.h"

struct liteio_error;
struct liteio_json;

#define LITEIO_CSI_FS_DEFAULT "ext4"
#define LITEIO_CSI_CONTEXT_FS_TYPE "fsType" /* key in the volume context */

/**
 * struct liteio_csi_params - parameters of a StorageClass; zero is all defaults
 * @position: enum liteio_position
 * @volume_class: enum liteio_volume_class
 * @fs_type: for capabilities that name none; owned, NULL when not given
 * @node_selector: labels of the pool's node; owned, NULL when not given
 * @pool_selector: labels of the pool; owned, NULL when not given
 * @limits: what the volume may do in a second
 */
struct liteio_csi_params {
	int position;
	int volume_class;
	char *fs_type;
	struct liteio_json *node_selector;
	struct liteio_json *pool_selector;
	struct liteio_limits limits;
};

/**
 * liteio_csi_params_set() - take one parameter
 * @p: the parameters so far
 * @key: "positionAdvice", "class", "fsType", "nodeSelector", "poolSelector", "readIOPS",
 *	"writeIOPS", "readBytesPerSecond", "writeBytesPerSecond", "burstMilliseconds"; what the
 *	provisioner adds about PVC and PV is accepted and not used
 * @value: its value; selectors are "key=value,key=value", bytes may be written "100Mi"
 * @err: what is wrong, with what would be right
 *
 * Return: 0 or -EINVAL.
 */
int liteio_csi_params_set(struct liteio_csi_params *p, const char *key, const char *value,
			  struct liteio_error *err);
void liteio_csi_params_fini(struct liteio_csi_params *p);

/* is this a filesystem that a volume can be formatted with? */
bool liteio_csi_fs_known(const char *fs_type);

/**
 * liteio_csi_range_check() - is there any size in a capacity range?
 * @required: bytes asked for at least, 0 for no bound
 * @limit: bytes allowed at most, 0 for no bound
 * @err: what is senseless about it
 *
 * For refusing such a range before anything else is looked at.
 *
 * Return: 0 or -EINVAL.
 */
int liteio_csi_range_check(int64_t required, int64_t limit, struct liteio_error *err);

/**
 * liteio_csi_size() - the size of a volume from a capacity range
 * @required: bytes asked for at least, 0 for no bound
 * @limit: bytes allowed at most, 0 for no bound
 * @fallback: size when neither is given
 * @ret: the size, a multiple of LITEIO_VOLUME_SIZE_ALIGN
 * @err: why there is none
 *
 * Return: 0, -EINVAL as liteio_csi_range_check(), or -ERANGE.
 */
int liteio_csi_size(int64_t required, int64_t limit, uint64_t fallback, uint64_t *ret,
		    struct liteio_error *err);

#define LITEIO_CSI_SIZE_DEFAULT (1ull << 30)

#endif
