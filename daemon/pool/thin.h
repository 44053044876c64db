/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine "thin": dm-thin on two linear devices, one for metadata and one for data.
 */
#ifndef LITEIO_POOL_THIN_H
#define LITEIO_POOL_THIN_H

#include <stddef.h>
#include <sys/types.h>

#include "pool/engine.h"
#include "pool/label.h"

/**
 * enum liteio_thin_part - which of the thin pools that a label describes
 * @LITEIO_THIN_MAIN: that of thin volumes; every pool has it
 * @LITEIO_THIN_RESERVE: that of reserved volumes
 */
enum liteio_thin_part {
	LITEIO_THIN_MAIN,
	LITEIO_THIN_RESERVE,
};

/* an engine for the pool that this label describes, on these devices by index; copies both */
struct liteio_engine *liteio_thin_new(const struct liteio_label *label, const dev_t *devs,
				      enum liteio_thin_part part);

/* ---- metadata that are not in use, by the paths of their devices (thin_spare.c) ---- */

/* 1 when they are damaged, or the kernel asks for a check (@err says which), 0, or an errno */
int liteio_thin_needs_repair(const char *path, struct liteio_error *err);
/*
 * make good ones in @spare of those in @meta, which are only read; @known as in
 * liteio_thin_meta_repair(). 0, -EUCLEAN when nothing came of it, or another errno; @ret untouched
 */
int liteio_thin_spare_make(const char *meta, const char *spare,
			   const struct liteio_thin_dump *known, struct liteio_engine_spare *ret,
			   struct liteio_error *err);

/* ---- lines ---- */

/* what the kernel's targets say. Pure; 0 or -EBADMSG, @ret untouched on failure */
int liteio_thin_parse_pool(const char *params, uint32_t thin_block,
			   struct liteio_engine_status *ret);
int liteio_thin_parse_volume(const char *params, uint64_t *ret_mapped_bytes,
			     uint64_t *ret_end_bytes);

#endif
