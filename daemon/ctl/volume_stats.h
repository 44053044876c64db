/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * liteioctl stats: what the volumes of this node have done, all attachments of one added up. Pure.
 */
#ifndef LITEIO_CTL_VOLUME_STATS_H
#define LITEIO_CTL_VOLUME_STATS_H

#include "ctl/print.h"

struct liteio_error;
struct liteio_json;

extern const struct liteio_column liteio_volume_stats_columns[];

/**
 * liteio_volume_stats() - the counters by volume and class of I/O
 * @stats: the answer of GET /v1/stats
 * @volumes: the answer of GET /v1/module/volumes
 * @which: name or uuid of one volume; NULL for all
 * @ret: "items" for liteio_volume_stats_columns, the busiest volume first; owned by the caller
 * @err: the sentence
 *
 * Return: 0, -ENOENT when the kernel does not know that volume, -EINVAL for no such answers.
 */
int liteio_volume_stats(const struct liteio_json *stats, const struct liteio_json *volumes,
			const char *which, struct liteio_json **ret, struct liteio_error *err);

#endif
