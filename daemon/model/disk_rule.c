// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding disks by rule.
 */
#include "model/disk_rule.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/error.h"
#include "model/local.h"

int liteio_disk_rule_check(const struct liteio_local_disk_rule *rule, struct liteio_error *err)
{
	if (rule->max_bytes && rule->min_bytes > rule->max_bytes)
		return liteio_error_set(err, -EINVAL, "the smallest size is larger than the largest");
	if (rule->model && !rule->model[0])
		return liteio_error_set(err, -EINVAL, "the pattern for the model is empty");
	if (rule->by_id && !rule->by_id[0])
		return liteio_error_set(err, -EINVAL, "the pattern for names in by-id is empty");
	return 0;
}

static bool matches_id(const char *pattern, const struct liteio_local_disk *disk)
{
	static const char dir[] = "/dev/disk/by-id/";

	if (pattern[0] == '/') {
		if (strncmp(pattern, dir, strlen(dir)) != 0)
			return false;
		pattern += strlen(dir);
	}
	for (size_t i = 0; i < disk->n_by_id; i++) {
		if (!fnmatch(pattern, disk->by_id[i], 0))
			return true;
	}
	return false;
}

bool liteio_disk_rule_match(const struct liteio_local_disk_rule *rule,
			    const struct liteio_local_disk *disk)
{
	if (disk->size_bytes < rule->min_bytes)
		return false;
	if (rule->max_bytes && disk->size_bytes > rule->max_bytes)
		return false;
	if (rule->model &&
	    fnmatch(rule->model, disk->model ? disk->model : "", FNM_CASEFOLD) != 0)
		return false;
	if (rule->by_id && !matches_id(rule->by_id, disk))
		return false;
	if (rule->rotational != LITEIO_LOCAL_ANY &&
	    rule->rotational != (disk->rotational ? LITEIO_LOCAL_YES : LITEIO_LOCAL_NO))
		return false;
	return !rule->usable || disk->usable;
}
