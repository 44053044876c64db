/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel has of pools on disks that are gone, told without their catalogs.
 *
 * An agent that is started while a disk is out can not open the pool. What other nodes had attached
 * has ended all the same (replug.h), and when the node is started anew before the disk is back,
 * nobody knows that any more. What device-mapper has says enough: which heads there are, what they
 * stand on, and which of that is made of a disk that is gone.
 */
#ifndef LITEIO_AGENT_LEFT_H
#define LITEIO_AGENT_LEFT_H

#include <stddef.h>
#include <sys/types.h>

#include "host/dm.h"

struct liteio_ended;
struct liteio_nvmet_export;

/**
 * struct liteio_left_device - a device of ours
 * @name: says what it is
 * @dev: its number
 * @below: what it stands on; released with free()
 * @n_below: how many these are
 */
struct liteio_left_device {
	char name[LITEIO_DM_NAME_MAX + 1];
	dev_t dev;
	dev_t *below;
	size_t n_below;
};

/**
 * struct liteio_left - what there is
 * @devices: of device-mapper
 * @n: how many
 * @gone: disks that are gone
 * @n_gone: how many
 * @exports: what other nodes may use
 * @n_exports: how many
 */
struct liteio_left {
	struct liteio_left_device *devices;
	size_t n;
	dev_t *gone;
	size_t n_gone;
	struct liteio_nvmet_export *exports;
	size_t n_exports;
};

/*
 * The generations that have ended: heads of a pool of which a disk is gone, and exported. New
 * memory, NULL for none. Nobody knows of which state of the pool. Pure
 */
void liteio_left_ended(const struct liteio_left *l, struct liteio_ended **ret, size_t *ret_n);

#endif
