/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volume capabilities: how a workload wants to use a volume, and whether it can. Pure.
 */
#ifndef LITEIO_CSI_CAPABILITY_H
#define LITEIO_CSI_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>

#include "csi.pb-c.h"

struct liteio_error;

/**
 * liteio_csi_capability_check() - is one capability something this driver offers?
 * @cap: may be NULL, which is an error
 * @err: why not
 *
 * Filesystem (ext4, xfs) and block; one node writing, or any number of nodes reading.
 * Return: 0 or -EINVAL.
 */
int liteio_csi_capability_check(const Csi__V1__VolumeCapability *cap, struct liteio_error *err);

/* all of a list, which must not be empty */
int liteio_csi_capabilities_check(Csi__V1__VolumeCapability *const *caps, size_t n,
				  struct liteio_error *err);

/* does it only read, whatever else the request says? of a checked capability */
bool liteio_csi_capability_reads_only(const Csi__V1__VolumeCapability *cap);

/* one workload at a time, even on one node; of a checked capability */
bool liteio_csi_capability_is_exclusive(const Csi__V1__VolumeCapability *cap);

/* a block volume, not a filesystem; of a checked capability */
bool liteio_csi_capability_is_block(const Csi__V1__VolumeCapability *cap);

#endif
