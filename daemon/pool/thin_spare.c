// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Good metadata in the spare, of those that are there.
 */
#include <errno.h>
#include <stdbool.h>

#include "base/error.h"
#include "pool/thin.h"
#include "pool/thin_meta.h"

/* metadata that a program crashes on are not sound, or nobody knows that they are */
static bool is_unsound(int r)
{
	return r == -EUCLEAN || r == -EFAULT;
}

int liteio_thin_needs_repair(const char *path, struct liteio_error *err)
{
	struct liteio_thin_dump d = { 0 };
	bool flagged;
	int r;

	r = liteio_thin_meta_check(path, false, err);
	if (!r)
		r = liteio_thin_meta_dump(path, false, &d, err);
	if (r)
		return is_unsound(r) ? 1 : r;
	flagged = d.flags & LITEIO_THIN_NEEDS_CHECK;
	liteio_thin_dump_fini(&d);
	if (flagged)
		liteio_error_set(err, -EUCLEAN, "the kernel asks for a check");
	return flagged;
}

static int make(const char *meta, const char *spare, const struct liteio_thin_dump *known,
		struct liteio_engine_spare *s, struct liteio_error *err)
{
	int r = liteio_thin_meta_check(meta, false, err);

	if (r && !is_unsound(r))
		return r;
	s->was_sound = !r;
	s->knows_before = !liteio_thin_meta_dump(meta, false, &s->before, NULL);
	/* what is shared between snapshots stays so only in a copy */
	if (s->was_sound)
		r = liteio_thin_meta_copy(meta, spare, err);
	else
		r = liteio_thin_meta_repair(meta, spare, known, err);
	if (!r)
		r = liteio_thin_meta_check(spare, true, err);
	if (!r)
		r = liteio_thin_meta_dump(spare, false, &s->after, err);
	if (!r && !s->after.is_whole)
		r = liteio_error_set(err, -EUCLEAN, "what came of the repair can not be read");
	return is_unsound(r) ? -EUCLEAN : r;
}

int liteio_thin_spare_make(const char *meta, const char *spare,
			   const struct liteio_thin_dump *known, struct liteio_engine_spare *ret,
			   struct liteio_error *err)
{
	struct liteio_engine_spare s = { 0 };
	int r = make(meta, spare, known, &s, err);

	if (r) {
		liteio_engine_spare_fini(&s);
		return r;
	}
	*ret = s;
	return 0;
}
