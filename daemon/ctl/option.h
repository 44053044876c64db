/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of liteioctl's commands: their bits, their names, and which of them were given. Pure.
 */
#ifndef LITEIO_CTL_OPTION_H
#define LITEIO_CTL_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/limit_options.h"

/* options a command takes beside --socket, --output and --help */
#define LITEIO_OPT_SIZE 0x1ull
#define LITEIO_OPT_BLOCK_SIZE 0x2ull
#define LITEIO_OPT_FORCE 0x4ull
#define LITEIO_OPT_POOL 0x8ull
#define LITEIO_OPT_SNAPSHOT 0x10ull
#define LITEIO_OPT_UUID 0x20ull
#define LITEIO_OPT_HOST_NQN 0x40ull
#define LITEIO_OPT_READ_ONLY 0x80ull
#define LITEIO_OPT_LOCAL 0x100ull
#define LITEIO_OPT_FLOOR 0x200ull
#define LITEIO_OPT_GENERATION 0x400ull
#define LITEIO_OPT_TIMEOUT 0x800ull
#define LITEIO_OPT_ADDRESS 0x1000ull
#define LITEIO_OPT_NQN 0x2000ull
#define LITEIO_OPT_MIN_SIZE 0x4000ull
#define LITEIO_OPT_MAX_SIZE 0x8000ull
#define LITEIO_OPT_MODEL 0x10000ull
#define LITEIO_OPT_BY_ID 0x20000ull
#define LITEIO_OPT_ROTATIONAL 0x40000ull
#define LITEIO_OPT_USABLE 0x80000ull
#define LITEIO_OPT_ALL 0x100000ull
#define LITEIO_OPT_ADD 0x200000ull
#define LITEIO_OPT_FIND 0x400000ull
#define LITEIO_OPT_DRY_RUN 0x800000ull
#define LITEIO_OPT_WIPE 0x1000000ull
#define LITEIO_OPT_NO_WAIT 0x2000000ull
#define LITEIO_OPT_CLASS 0x4000000ull
#define LITEIO_OPT_LINEAR 0x8000000ull
#define LITEIO_OPT_RESERVED 0x10000000ull
#define LITEIO_OPT_OVERCOMMIT 0x20000000ull

#define LITEIO_OPT_FROM_METADATA 0x40000000ull

/* limits, events, top */
#define LITEIO_OPT_READ_IOPS 0x100000000ull
#define LITEIO_OPT_WRITE_IOPS 0x200000000ull
#define LITEIO_OPT_READ_BPS 0x400000000ull
#define LITEIO_OPT_WRITE_BPS 0x800000000ull
#define LITEIO_OPT_BURST 0x1000000000ull
#define LITEIO_OPT_FOLLOW 0x2000000000ull
#define LITEIO_OPT_COUNT 0x4000000000ull
#define LITEIO_OPT_DELAY 0x8000000000ull
#define LITEIO_OPT_BATCH 0x10000000000ull
#define LITEIO_OPT_FIX 0x20000000000ull

/**
 * struct liteio_options - values of the options; NULL, 0 and false where nothing was said
 * @size: --size
 * @block_size: --block-size
 * @force: --force
 * @pool: --pool
 * @snapshot: --snapshot
 * @uuid: --uuid
 * @host_nqn: --host-nqn
 * @read_only: --read-only
 * @local: --local
 * @floor: --floor; there is no floor 0
 * @generation: --generation; there is no generation 0
 * @timeout_ms: --timeout; UINT64_MAX when it was not given
 * @address: --address
 * @nqn: --nqn
 * @all: --all
 * @add: --add
 * @find: --find
 * @dry_run: --dry-run
 * @wipe: --wipe (enum liteio_local_wipe)
 * @no_wait: --no-wait
 * @volume_class: --class; enum liteio_volume_class, thin when nothing was said
 * @linear: --linear
 * @reserved: --reserved
 * @overcommit: --overcommit; there is no overcommit 0
 * @from_metadata: --from-metadata
 * @rule: --min-size, --max-size, --model, --by-id, --rotational, --usable
 * @limit: --read-iops, --write-iops, --read-bps, --write-bps, --burst
 * @follow: --follow
 * @count: --count
 * @delay_s: --delay
 * @batch: --batch
 * @fix: --fix
 *
 * Strings are borrowed from the command line.
 */
struct liteio_options {
	uint64_t size;
	uint64_t block_size;
	bool force;
	const char *pool;
	const char *snapshot;
	const char *uuid;
	const char *host_nqn;
	bool read_only;
	bool local;
	uint64_t floor;
	uint64_t generation;
	uint64_t timeout_ms;
	const char *address;
	const char *nqn;
	bool all;
	const char *add;
	bool find;
	bool dry_run;
	int wipe;
	bool no_wait;
	int volume_class;
	uint64_t linear;
	uint64_t reserved;
	uint64_t overcommit;
	bool from_metadata;
	struct {
		uint64_t min_size;
		uint64_t max_size;
		const char *model;
		const char *by_id;
		int rotational; /* enum liteio_local_tristate */
		bool usable;
	} rule;
	struct liteio_limit_options limit;
	bool follow;
	uint64_t count;
	uint64_t delay_s;
	bool batch;
	bool fix;
};

struct liteio_option_name {
	uint64_t bit;
	const char *name;
};

/* "--size" for LITEIO_OPT_SIZE; a NULL name ends the table */
extern const struct liteio_option_name liteio_option_names[];

/* the name of one option; NULL for what is none */
const char *liteio_option_name(uint64_t bit);
/* LITEIO_OPT_* of all that something was said for */
uint64_t liteio_options_given(const struct liteio_options *o);

#endif
