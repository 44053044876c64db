// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The low-water mark of a thin pool that is in the kernel (mark.h says what for).
 *
 * It is loaded by resuming: the kernel then holds, exchanges and lets go on in one call (dm-ioctl.c
 * do_resume()), which leaves the pool as it was when whoever calls is killed in it. By a suspend
 * and a resume all volumes would stay held with nobody there to let them go on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/dm.h"
#include "pool/object.h"
#include "pool/thin.h"

static int table_of(const char *pool, struct liteio_dm_target **ret, struct liteio_error *err)
{
	size_t n;
	int r = liteio_dm_table(pool, ret, &n, err);

	if (!r && (n != 1 || strcmp((*ret)->type, "thin-pool") != 0))
		r = liteio_error_set(err, -EIO, "%s has another table than it should", pool);
	return r;
}

/* what goes through the thin pool to its data is counted there, whichever volume it is of */
static int count_ios(const struct liteio_dm_info *i, uint64_t *ret, struct liteio_error *err)
{
	char *path _cleanup_free_ = liteio_strf("/sys/dev/block/%u:%u/stat", i->major, i->minor);
	char *line _cleanup_free_ = NULL;
	int r = liteio_fs_read_line(path, &line, err);

	if (!r && liteio_thin_parse_ios(line, ret))
		r = liteio_error_set(err, -EIO, "cannot read %s", path);
	return r;
}

int liteio_thin_mark(const char *pool, uint32_t event_nr, struct liteio_engine_mark *ret,
		     struct liteio_error *err)
{
	struct liteio_dm_target *table _cleanup_free_ = NULL;
	struct liteio_engine_mark m = { 0 };
	struct liteio_dm_info i;
	int r = table_of(pool, &table, err);

	if (!r && liteio_thin_parse_mark(table->params, &m.blocks))
		r = liteio_error_set(err, -EIO, "cannot read the table of %s", pool);
	if (!r)
		r = liteio_dm_info(pool, &i, err);
	if (!r)
		r = count_ios(&i, &m.n_ios, err);
	if (r)
		return r;
	m.is_ahead = i.event_nr == event_nr;
	m.n_open = i.open_count > 0 ? (unsigned int)i.open_count : 0;
	*ret = m;
	return 0;
}

/* what the kernel would not take it may have left held */
static int exchange(const char *pool, const struct liteio_dm_target *old,
		    const struct liteio_dm_target *new, struct liteio_error *err)
{
	int r = liteio_dm_load(pool, new, 1, LITEIO_DM_INNER, err);

	if (r)
		return r;
	liteio_step("pool-mark:load");
	r = liteio_dm_resume(pool, LITEIO_DM_INNER, err);
	if (r && !liteio_dm_load(pool, old, 1, LITEIO_DM_INNER, NULL))
		(void)liteio_dm_resume(pool, LITEIO_DM_INNER, NULL);
	return r;
}

int liteio_thin_set_mark(const char *pool, uint64_t blocks, uint32_t *ret_event_nr,
			 struct liteio_error *err)
{
	struct liteio_dm_target *old _cleanup_free_ = NULL, new;
	struct liteio_dm_info i;
	int r = liteio_dm_info(pool, &i, err);

	if (!r && (i.suspended || i.read_only || !i.live_table))
		r = liteio_error_set(err, -EBUSY, "%s is held", pool);
	if (!r)
		r = table_of(pool, &old, err);
	if (r)
		return r;
	new = *old;
	r = liteio_thin_put_mark(old->params, blocks, new.params, sizeof(new.params));
	if (r)
		return liteio_error_set(err, -EIO, "cannot read the table of %s", pool);
	r = exchange(pool, old, &new, err);
	/* from before: whatever comes after the load is of it, or makes somebody look again */
	if (!r)
		*ret_event_nr = i.event_nr;
	return r;
}

void liteio_thin_keep_mark(const char *pool, struct liteio_dm_target *target)
{
	struct liteio_dm_target *live _cleanup_free_ = NULL;
	char same[sizeof(target->params)];
	uint64_t blocks;

	if (table_of(pool, &live, NULL) || live->sectors != target->sectors ||
	    liteio_thin_parse_mark(live->params, &blocks) ||
	    liteio_thin_put_mark(target->params, blocks, same, sizeof(same)) ||
	    strcmp(same, live->params) != 0)
		return;
	memcpy(target->params, same, sizeof(same));
}
