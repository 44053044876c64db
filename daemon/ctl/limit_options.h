/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --read-iops and its like: limits on the command line. Pure.
 */
#ifndef LITEIO_CTL_LIMIT_OPTIONS_H
#define LITEIO_CTL_LIMIT_OPTIONS_H

#include <stdbool.h>

#include "model/limits.h"

struct liteio_error;

/**
 * struct liteio_limit_options - as they were written; NULL for what was not
 * @read_iops: --read-iops
 * @write_iops: --write-iops
 * @read_bps: --read-bps
 * @write_bps: --write-bps
 * @burst: --burst
 *
 * Text, because "0" is a value and not the absence of one. Borrowed from the command line.
 */
struct liteio_limit_options {
	const char *read_iops;
	const char *write_iops;
	const char *read_bps;
	const char *write_bps;
	const char *burst;
};

/* what was said, as a change; -EINVAL with the option and what is wrong with it */
int liteio_limit_options_parse(const struct liteio_limit_options *o,
			       struct liteio_limits_change *ret, struct liteio_error *err);

#endif
