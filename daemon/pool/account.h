/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers of a pool: what was promised to volumes of each class, what is left for each, and
 * what is refused when. Pure: the catalog says what was promised, the kernel what is in use.
 */
#ifndef LITEIO_POOL_ACCOUNT_H
#define LITEIO_POOL_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/catalog.h"

struct liteio_error;

/**
 * enum liteio_fill - how full the thin pool is
 * @LITEIO_FILL_OK: below 80 %
 * @LITEIO_FILL_LOW: from 80 % on: to be said, nothing is refused
 * @LITEIO_FILL_HIGH: from 90 % on: no new thin volume
 * @LITEIO_FILL_CRITICAL: from 95 % on: nothing that could take more thin blocks
 * @LITEIO_FILL_FULL: there is no free block
 */
enum liteio_fill {
	LITEIO_FILL_OK,
	LITEIO_FILL_LOW,
	LITEIO_FILL_HIGH,
	LITEIO_FILL_CRITICAL,
	LITEIO_FILL_FULL,
};

extern const char *const liteio_fill_names[];

/*
 * struct liteio_usage - blocks of a thin pool, as the kernel counts them; bytes
 */
struct liteio_usage {
	uint64_t used;
	uint64_t total;
};

/**
 * struct liteio_account - all numbers, in bytes
 * @thin: blocks of the thin pool
 * @thin_promised: sum of the sizes of thin volumes and snapshots, those being deleted included
 * @thin_allowed: how much that may be: @thin.total times the overcommit
 * @thin_free: largest new thin volume: 0 when @fill refuses one
 * @reserve: blocks of the reserve; zeros when there is none
 * @reserve_promised: sum of the sizes of all that is in it
 * @reserve_free: largest new reserved volume
 * @linear_total: linear space
 * @linear_used: ranges that volumes have, those being deleted included
 * @linear_free: largest new linear volume, unless it is in too many pieces
 * @fill: of the thin pool
 */
struct liteio_account {
	struct liteio_usage thin;
	uint64_t thin_promised;
	uint64_t thin_allowed;
	uint64_t thin_free;
	struct liteio_usage reserve;
	uint64_t reserve_promised;
	uint64_t reserve_free;
	uint64_t linear_total;
	uint64_t linear_used;
	uint64_t linear_free;
	enum liteio_fill fill;
};

/**
 * liteio_account() - add everything up
 * @c: the catalog
 * @thin: blocks of the thin pool
 * @reserve: blocks of the reserve; zeros when there is none
 * @linear_total: linear space
 * @ret: all numbers
 */
void liteio_account(const struct liteio_catalog *c, const struct liteio_usage *thin,
		    const struct liteio_usage *reserve, uint64_t linear_total,
		    struct liteio_account *ret);

/* what wants more space */
enum liteio_account_what {
	LITEIO_ACCOUNT_CREATE, /* a new, empty volume */
	LITEIO_ACCOUNT_SHARE, /* a snapshot, or a volume filled from something */
	LITEIO_ACCOUNT_GROW,
};

/**
 * liteio_account_admit() - may so much more be promised?
 * @a: the numbers
 * @vclass: of the volume
 * @what: why
 * @bytes: how much more
 * @err: the sentence why not
 *
 * Return: 0, -ENOSPC, or -EOPNOTSUPP when the pool has nothing for this class at all.
 */
int liteio_account_admit(const struct liteio_account *a, enum liteio_catalog_class vclass,
			 enum liteio_account_what what, uint64_t bytes, struct liteio_error *err);

/* how full is that? */
enum liteio_fill liteio_account_fill(const struct liteio_usage *u);
/* bytes more in use, and it is fuller: as little as it takes; 0 when it is full */
uint64_t liteio_account_fill_left(const struct liteio_usage *u);

/**
 * liteio_account_metadata() - is there room for the metadata of one device more?
 * @meta: of its thin pool: bytes in use, and all
 * @unmade: volumes that were promised a device in it and have none yet: the root of each is a block
 * @what: growing a volume takes none
 * @err: the sentence why not
 *
 * From 90 % on none is promised: what is there needs the rest for what is written to it, and once
 * all is in use nothing can be deleted any more. Pure. Return: 0 or -ENOSPC.
 */
int liteio_account_metadata(const struct liteio_usage *meta, uint64_t unmade,
			    enum liteio_account_what what, struct liteio_error *err);

/* why it is refused already, of so much: what liteio_account_metadata() said, @r, in more words */
int liteio_account_explain(bool spare_is_taken, int r, struct liteio_error *err);

/**
 * liteio_account_make() - may a device be made that was promised?
 * @meta: of its thin pool: bytes in use, and all
 * @err: the sentence why not
 *
 * Until 95 %, and while there are blocks enough for the trees that have to be written anew: the
 * message that takes the last block has the kernel make the whole pool read-only (dm-thin.c
 * check_for_metadata_space()). Pure. Return: 0 or -ENOSPC.
 */
int liteio_account_make(const struct liteio_usage *meta, struct liteio_error *err);

/* 95 %: metadata that have a spare take it before the kernel finds none free; false of nothing */
bool liteio_account_metadata_short(const struct liteio_usage *meta);
/* 75 %: they are looked at often. The kernel may say nothing before they are full */
bool liteio_account_metadata_pressed(const struct liteio_usage *meta);
/* bytes more in use, and they are at the next of these lines; 0 behind both */
uint64_t liteio_account_metadata_left(const struct liteio_usage *meta);

#endif
