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

struct liteio_dm_target;

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

/* ---- the low-water mark of a pool in the kernel, by its name (thin_mark.c) ---- */

/* @event_nr: of the device when its table was loaded; see struct liteio_engine_mark */
int liteio_thin_mark(const char *pool, uint32_t event_nr, struct liteio_engine_mark *ret,
		     struct liteio_error *err);
/* its table with another mark; @ret_event_nr: of the device before, unless it fails */
int liteio_thin_set_mark(const char *pool, uint64_t blocks, uint32_t *ret_event_nr,
			 struct liteio_error *err);
/* what is to be loaded takes the mark of the table that is there, if they differ in nothing else */
void liteio_thin_keep_mark(const char *pool, struct liteio_dm_target *target);

/* ---- lines ---- */

/* what the kernel's targets say. Pure; 0 or -EBADMSG, @ret untouched on failure */
int liteio_thin_parse_pool(const char *params, uint32_t thin_block,
			   struct liteio_engine_status *ret);
/* in a table: its mark, and the same table with another one */
int liteio_thin_parse_mark(const char *params, uint64_t *ret);
int liteio_thin_put_mark(const char *params, uint64_t blocks, char *ret, size_t len);
/* "/sys/dev/block/<major>:<minor>/stat": how many there were of whatever kind */
int liteio_thin_parse_ios(const char *stat, uint64_t *ret);
int liteio_thin_parse_volume(const char *params, uint64_t *ret_mapped_bytes,
			     uint64_t *ret_end_bytes);

#endif
