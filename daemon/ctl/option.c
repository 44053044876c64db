// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The options of liteioctl's commands.
 */
#include "ctl/option.h"

#include "ctl/module_command.h"
#include "model/local.h"

#define OPT(o) LITEIO_OPT_##o

const struct liteio_option_name liteio_option_names[] = {
	{ OPT(SIZE), "--size" },	     { OPT(BLOCK_SIZE), "--block-size" },
	{ OPT(FORCE), "--force" },	     { OPT(POOL), "--pool" },
	{ OPT(SNAPSHOT), "--snapshot" },     { OPT(UUID), "--uuid" },
	{ OPT(HOST_NQN), "--host-nqn" },     { OPT(READ_ONLY), "--read-only" },
	{ OPT(LOCAL), "--local" },	     { OPT(FLOOR), "--floor" },
	{ OPT(GENERATION), "--generation" }, { OPT(TIMEOUT), "--timeout" },
	{ OPT(ADDRESS), "--address" },	     { OPT(NQN), "--nqn" },
	{ OPT(MIN_SIZE), "--min-size" },     { OPT(MAX_SIZE), "--max-size" },
	{ OPT(MODEL), "--model" },	     { OPT(BY_ID), "--by-id" },
	{ OPT(ROTATIONAL), "--rotational" }, { OPT(USABLE), "--usable" },
	{ OPT(CLASS), "--class" },	     { OPT(LINEAR), "--linear" },
	{ OPT(RESERVED), "--reserved" },     { OPT(OVERCOMMIT), "--overcommit" },
	{ OPT(ALL), "--all" },		     { OPT(ADD), "--add" },
	{ OPT(WIPE), "--wipe" },	     { OPT(NO_WAIT), "--no-wait" },
	{ OPT(READ_IOPS), "--read-iops" },   { OPT(WRITE_IOPS), "--write-iops" },
	{ OPT(READ_BPS), "--read-bps" },     { OPT(WRITE_BPS), "--write-bps" },
	{ OPT(BURST), "--burst" },	     { OPT(FOLLOW), "--follow" },
	{ OPT(COUNT), "--count" },	     { OPT(DELAY), "--delay" },
	{ OPT(BATCH), "--batch" },	     { OPT(FROM_METADATA), "--from-metadata" },
	{ OPT(FIX), "--fix" },		     { OPT(FIND), "--find" },
	{ OPT(DRY_RUN), "--dry-run" },
	{ 0, NULL },
};

const char *liteio_option_name(uint64_t bit)
{
	const struct liteio_option_name *n = liteio_option_names;

	while (n->name && n->bit != bit)
		n++;
	return n->name;
}

static uint64_t rule_given(const struct liteio_options *o)
{
	return (o->rule.min_size ? OPT(MIN_SIZE) : 0) | (o->rule.max_size ? OPT(MAX_SIZE) : 0) |
	       (o->rule.model ? OPT(MODEL) : 0) | (o->rule.by_id ? OPT(BY_ID) : 0) |
	       (o->rule.rotational != LITEIO_LOCAL_ANY ? OPT(ROTATIONAL) : 0) |
	       (o->rule.usable ? OPT(USABLE) : 0);
}

uint64_t liteio_options_given(const struct liteio_options *o)
{
	return (o->size ? OPT(SIZE) : 0) | (o->block_size ? OPT(BLOCK_SIZE) : 0) |
	       (o->force ? OPT(FORCE) : 0) | (o->pool ? OPT(POOL) : 0) |
	       (o->snapshot ? OPT(SNAPSHOT) : 0) | (o->uuid ? OPT(UUID) : 0) |
	       (o->host_nqn ? OPT(HOST_NQN) : 0) | (o->read_only ? OPT(READ_ONLY) : 0) |
	       (o->local ? OPT(LOCAL) : 0) | (o->floor ? OPT(FLOOR) : 0) |
	       (o->generation ? OPT(GENERATION) : 0) |
	       (o->timeout_ms != UINT64_MAX ? OPT(TIMEOUT) : 0) |
	       (o->address ? OPT(ADDRESS) : 0) | (o->nqn ? OPT(NQN) : 0) |
	       (o->volume_class ? OPT(CLASS) : 0) | (o->linear ? OPT(LINEAR) : 0) |
	       (o->reserved ? OPT(RESERVED) : 0) | (o->overcommit ? OPT(OVERCOMMIT) : 0) |
	       (o->all ? OPT(ALL) : 0) | (o->add ? OPT(ADD) : 0) |
	       (o->find ? OPT(FIND) : 0) | (o->dry_run ? OPT(DRY_RUN) : 0) |
	       (o->wipe ? OPT(WIPE) : 0) | (o->no_wait ? OPT(NO_WAIT) : 0) | rule_given(o) |
	       liteio_limits_given(o) | (o->follow ? OPT(FOLLOW) : 0) |
	       (o->count ? OPT(COUNT) : 0) | (o->delay_s ? OPT(DELAY) : 0) |
	       (o->batch ? OPT(BATCH) : 0) | (o->from_metadata ? OPT(FROM_METADATA) : 0) |
	       (o->fix ? OPT(FIX) : 0);
}
