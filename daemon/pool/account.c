// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The numbers of a pool, and the ladder of what is refused as it fills.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/account.h"

const char *const liteio_fill_names[] = {
	[LITEIO_FILL_OK] = "ok",     [LITEIO_FILL_LOW] = "low",
	[LITEIO_FILL_HIGH] = "high", [LITEIO_FILL_CRITICAL] = "critical",
	[LITEIO_FILL_FULL] = "full", NULL,
};

static const struct {
	enum liteio_fill fill;
	unsigned int percent;
} ladder[] = {
	{ LITEIO_FILL_FULL, 100 },
	{ LITEIO_FILL_CRITICAL, 95 },
	{ LITEIO_FILL_HIGH, 90 },
	{ LITEIO_FILL_LOW, 80 },
};

/* from which rung on a thin volume may not have it */
static const enum liteio_fill refused_from[] = {
	[LITEIO_ACCOUNT_CREATE] = LITEIO_FILL_HIGH,
	[LITEIO_ACCOUNT_SHARE] = LITEIO_FILL_CRITICAL,
	[LITEIO_ACCOUNT_GROW] = LITEIO_FILL_CRITICAL,
};

enum liteio_fill liteio_account_fill(const struct liteio_usage *u)
{
	unsigned __int128 used = u->used, total = u->total;

	for (size_t i = 0; u->total && i < LITEIO_ARRAY_SIZE(ladder); i++) {
		if (used * 100 >= total * ladder[i].percent)
			return ladder[i].fill;
	}
	return LITEIO_FILL_OK;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t liteio_account_fill_left(const struct liteio_usage *u)
{
	enum liteio_fill fill = liteio_account_fill(u);
	unsigned __int128 total = u->total;
	uint64_t left = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(ladder) && ladder[i].fill > fill; i++)
		left = minus((uint64_t)((total * ladder[i].percent + 99) / 100), u->used);
	return left;
}

static uint64_t allowed(uint64_t total, unsigned int percent)
{
	unsigned __int128 v = (unsigned __int128)total * percent / 100;

	return v > INT64_MAX ? INT64_MAX : (uint64_t)v;
}

void liteio_account(const struct liteio_catalog *c, const struct liteio_usage *thin,
		    const struct liteio_usage *reserve, uint64_t linear_total,
		    struct liteio_account *ret)
{
	unsigned int percent =
		c->overcommit_percent ? c->overcommit_percent : LITEIO_OVERCOMMIT_DEFAULT;
	struct liteio_account a = {
		.thin = *thin,
		.reserve = *reserve,
		.linear_total = linear_total,
		.thin_allowed = allowed(thin->total, percent),
		.fill = liteio_account_fill(thin),
	};

	liteio_catalog_promised(c, &a.thin_promised, &a.reserve_promised);
	for (size_t i = 0; i < c->n_extents; i++)
		a.linear_used += c->extents[i].length;
	if (a.fill < refused_from[LITEIO_ACCOUNT_CREATE])
		a.thin_free = minus(a.thin_allowed, a.thin_promised);
	a.reserve_free = minus(reserve->total, a.reserve_promised);
	a.linear_free = minus(linear_total, a.linear_used);
	*ret = a;
}

static int admit_thin(const struct liteio_account *a, enum liteio_account_what what, uint64_t bytes,
		      struct liteio_error *err)
{
	uint64_t left = minus(a->thin_allowed, a->thin_promised);
	char have[32], want[32];

	if (a->fill >= refused_from[what])
		return liteio_error_set(err, -ENOSPC,
					"the pool is %s on space: %s of %s are in use, delete something or fstrim",
					liteio_fill_names[a->fill],
					liteio_format_size(a->thin.used, have, sizeof(have)),
					liteio_format_size(a->thin.total, want, sizeof(want)));
	if (bytes > left)
		return liteio_error_set(err, -ENOSPC,
					"it would promise %s more to thin volumes, the pool's overcommit leaves %s",
					liteio_format_size(bytes, want, sizeof(want)),
					liteio_format_size(left, have, sizeof(have)));
	return 0;
}

static int admit_fixed(const char *class, uint64_t total, uint64_t left, uint64_t bytes,
		       struct liteio_error *err)
{
	char have[32], want[32];

	if (!total)
		return liteio_error_set(err, -EOPNOTSUPP,
					"the pool was made without space for %s volumes", class);
	if (bytes > left)
		return liteio_error_set(err, -ENOSPC,
					"it takes %s of the pool's space for %s volumes, %s are left",
					liteio_format_size(bytes, want, sizeof(want)), class,
					liteio_format_size(left, have, sizeof(have)));
	return 0;
}

int liteio_account_admit(const struct liteio_account *a, enum liteio_catalog_class vclass,
			 enum liteio_account_what what, uint64_t bytes, struct liteio_error *err)
{
	switch (vclass) {
	case LITEIO_CATALOG_THIN:
		return admit_thin(a, what, bytes, err);
	case LITEIO_CATALOG_RESERVED:
		return admit_fixed("reserved", a->reserve.total, a->reserve_free, bytes, err);
	case LITEIO_CATALOG_LINEAR:
		if (what == LITEIO_ACCOUNT_SHARE)
			return liteio_error_set(err, -EOPNOTSUPP,
						"linear volumes share no blocks: there are no snapshots of them, and they are filled from none");
		return admit_fixed("linear", a->linear_total, a->linear_free, bytes, err);
	}
	return liteio_error_set(err, -EINVAL, "%d is no class", vclass);
}

/* a block of metadata, of which the root of a device's mappings is one */
#define META_BLOCK 4096u
/* what one device more may have to write anew: two trees and the space map, from the roots down */
#define MAKE_BLOCKS 16u

static int refuse_metadata(const struct liteio_usage *meta, uint64_t unmade,
			   struct liteio_error *err)
{
	char have[32], all[32], promised[96] = "";

	if (unmade)
		snprintf(promised, sizeof(promised),
			 " (and volumes that were never used take theirs later: %" PRIu64 ")",
			 unmade);
	return liteio_error_set(err, -ENOSPC,
				"the pool's metadata are nearly full: %s of %s are in use%s, delete snapshots",
				liteio_format_size(meta->used, have, sizeof(have)),
				liteio_format_size(meta->total, all, sizeof(all)), promised);
}

int liteio_account_metadata(const struct liteio_usage *meta, uint64_t unmade,
			    enum liteio_account_what what, struct liteio_error *err)
{
	if (what == LITEIO_ACCOUNT_GROW ||
	    meta->used + unmade * META_BLOCK < meta->total / 10 * 9)
		return 0;
	/* nothing is known of it */
	return meta->total ? refuse_metadata(meta, unmade, err) : 0;
}

int liteio_account_explain(bool spare_is_taken, int r, struct liteio_error *err)
{
	if (r != -ENOSPC || !spare_is_taken)
		return r;
	return liteio_error_wrap(err, r,
				 "the spare is taken, and half of all is for what is there");
}

int liteio_account_make(const struct liteio_usage *meta, struct liteio_error *err)
{
	uint64_t left = minus(meta->total, meta->used);

	if (!meta->total || (left > meta->total / 20 && left > MAKE_BLOCKS * META_BLOCK))
		return 0;
	return refuse_metadata(meta, 0, err);
}

static uint64_t line_of_short(const struct liteio_usage *meta)
{
	return meta->total / 20 * 19;
}

static uint64_t line_of_pressed(const struct liteio_usage *meta)
{
	return meta->total / 4 * 3;
}

bool liteio_account_metadata_short(const struct liteio_usage *meta)
{
	return meta->total && meta->used >= line_of_short(meta);
}

bool liteio_account_metadata_pressed(const struct liteio_usage *meta)
{
	return meta->total && meta->used >= line_of_pressed(meta);
}

uint64_t liteio_account_metadata_left(const struct liteio_usage *meta)
{
	return minus(liteio_account_metadata_pressed(meta) ? line_of_short(meta) :
							     line_of_pressed(meta),
		     meta->used);
}
