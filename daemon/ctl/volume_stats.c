// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteioctl stats: what the volumes of this node have done.
 */
#include "ctl/volume_stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "ctl/sample.h"

#define NUMBER(t, k) { t, k, LITEIO_COLUMN_NUMBER }
#define TEXT(t, k) { t, k, LITEIO_COLUMN_TEXT }
#define NS(t, k) { t, k, LITEIO_COLUMN_NS }

const struct liteio_column liteio_volume_stats_columns[] = {
	TEXT("VOLUME", "volume"),
	TEXT("CLASS", "class"),
	NUMBER("DONE", "ios"),
	NUMBER("FAILED", "errors"),
	{ "BYTES", "bytes", LITEIO_COLUMN_SIZE },
	NS("P50", "p50Ns"),
	NS("P90", "p90Ns"),
	NS("P99", "p99Ns"),
	NS("P99.9", "p999Ns"),
	NS("OVER LIMIT", "overLimitNs"),
	NUMBER("WAITING", "queued"),
	{ "", "", LITEIO_COLUMN_WIDE },
	TEXT("UUID", "uuid"),
	{ .title = NULL },
};

static void set(struct liteio_json *row, const char *key, uint64_t n)
{
	liteio_json_set(row, key, liteio_json_new_u64(n));
}

static struct liteio_json *row_of(const struct liteio_activity *a, size_t class)
{
	const struct liteio_activity_class *c = &a->classes[class];
	struct liteio_json *row = liteio_json_new_object();

	/* of a volume of another node this one may not know the name */
	liteio_json_set_string(row, "volume", a->name[0] ? a->name : a->uuid);
	liteio_json_set_string(row, "uuid", a->uuid);
	liteio_json_set_string(row, "class", liteio_class_names[class]);
	set(row, "ios", c->ios);
	set(row, "errors", c->errors);
	set(row, "bytes", c->bytes);
	set(row, "p50Ns", c->p50_ns);
	set(row, "p90Ns", c->p90_ns);
	set(row, "p99Ns", c->p99_ns);
	set(row, "p999Ns", c->p999_ns);
	/* there are limits of these only */
	if (class <= LITEIO_CLASS_WRITE) {
		set(row, "overLimitNs", a->over_ns[class]);
		set(row, "queued", a->queued[class]);
	}
	return row;
}

int liteio_volume_stats(const struct liteio_json *stats, const struct liteio_json *volumes,
			const char *which, struct liteio_json **ret, struct liteio_error *err)
{
	/* all that was done since the counters began, which is when each attachment was made */
	const struct liteio_sample nothing = { 0 };
	struct liteio_activity *all _cleanup_free_ = NULL;
	struct liteio_json *items = liteio_json_new_array();
	struct liteio_sample now;
	size_t n;
	int r;

	r = liteio_sample_read(stats, volumes, 0, &now, err);
	if (r) {
		liteio_json_unref(items);
		return r;
	}
	liteio_sample_compare(&nothing, &now, &all, &n);
	for (size_t i = 0; i < n; i++) {
		if (which && strcmp(which, all[i].name) != 0 && strcmp(which, all[i].uuid) != 0)
			continue;
		for (size_t k = 0; k < LITEIO_CLASS_NR; k++)
			liteio_json_append(items, row_of(&all[i], k));
	}
	liteio_sample_fini(&now);
	if (which && !liteio_json_len(items)) {
		liteio_json_unref(items);
		return liteio_error_set(err, -ENOENT,
					"the kernel knows no volume \"%s\": it is not attached on this node and has not been",
					which);
	}
	*ret = liteio_json_new_object();
	liteio_json_set(*ret, "items", items);
	return 0;
}
