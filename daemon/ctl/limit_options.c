// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits on the command line.
 */
#include "ctl/limit_options.h"

#include <errno.h>
#include <string.h>

#include <linux/liteio.h>

#include "base/error.h"
#include "base/str.h"

static int take_number(const char *option, const char *text, uint64_t min, uint64_t max,
		       uint64_t *ret, bool *ret_given, struct liteio_error *err)
{
	if (!text)
		return 0;
	if (liteio_parse_u64(text, min, max, ret) < 0)
		return liteio_error_set(err, -EINVAL, "%s: \"%s\" is not a number from %llu to %llu",
					option, text, (unsigned long long)min,
					(unsigned long long)max);
	*ret_given = true;
	return 0;
}

static int take_bytes(const char *option, const char *text, uint64_t *ret, bool *ret_given,
		      struct liteio_error *err)
{
	if (!text)
		return 0;
	*ret = 0;
	if (strcmp(text, "0") != 0 &&
	    (liteio_parse_size(text, ret, NULL) < 0 || *ret < LITEIO_QOS_BPS_MIN ||
	     *ret > LITEIO_QOS_BPS_MAX))
		return liteio_error_set(err, -EINVAL,
					"%s: \"%s\" is neither 0 (no limit) nor a size from 4Ki to 1Ti",
					option, text);
	*ret_given = true;
	return 0;
}

int liteio_limit_options_parse(const struct liteio_limit_options *o,
			       struct liteio_limits_change *ret, struct liteio_error *err)
{
	struct liteio_limits_change c = { .read_iops = false };
	int r;

	r = take_number("--read-iops", o->read_iops, 0, LITEIO_QOS_IOPS_MAX, &c.to.read_iops,
			&c.read_iops, err);
	if (!r)
		r = take_number("--write-iops", o->write_iops, 0, LITEIO_QOS_IOPS_MAX,
				&c.to.write_iops, &c.write_iops, err);
	if (!r)
		r = take_bytes("--read-bps", o->read_bps, &c.to.read_bps, &c.read_bps, err);
	if (!r)
		r = take_bytes("--write-bps", o->write_bps, &c.to.write_bps, &c.write_bps, err);
	if (!r)
		r = take_number("--burst", o->burst, LITEIO_QOS_BURST_MS_MIN,
				LITEIO_QOS_BURST_MS_MAX, &c.to.burst_ms, &c.burst_ms, err);
	if (!r)
		*ret = c;
	return r;
}
