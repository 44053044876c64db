// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Good metadata in the spare, of those that are there.
 */
#include <errno.h>
#include <stdbool.h>

#include "base/error.h"
#include "pool/thin.h"
#include "pool/thin_meta.h"

/* a leaf that was made anew has at least so many of the 252 mappings that it has room for */
#define MAPPINGS_MIN 84

/* metadata that a program crashes on are not sound, or nobody knows that they are */
static bool is_unsound(int r)
{
	return r == -EUCLEAN || r == -EFAULT;
}

int liteio_thin_needs_repair(const char *path, struct liteio_error *err)
{
	struct liteio_thin_superblock s;
	int r;

	r = liteio_thin_meta_check(path, false, err);
	/* what is leaky is not broken, and no hindrance for what is */
	if (r < 0)
		return is_unsound(r) ? 1 : r;
	r = liteio_thin_meta_superblock(path, &s);
	if (r)
		return liteio_error_set(err, r, "cannot read %s: %s", path,
					liteio_error_str(NULL, r));
	if (s.flags & LITEIO_THIN_NEEDS_CHECK)
		liteio_error_set(err, -EUCLEAN, "the kernel asks for a check");
	return s.flags & LITEIO_THIN_NEEDS_CHECK;
}

/*
 * What is shared between snapshots is written once for each of them then: is there room for it, and
 * is it not much more? A few blocks are not worth metadata that get full
 */
static bool has_room(const char *meta, const struct liteio_thin_dump *d)
{
	struct liteio_thin_superblock super;
	uint64_t n = 0;

	if (liteio_thin_meta_superblock(meta, &super))
		return false;
	for (size_t i = 0; i < d->n_devices; i++)
		n += d->devices[i].mapped / MAPPINGS_MIN + 2;
	return n < super.meta_blocks / 2 && n < 2 * super.meta_used;
}

static int copy(const char *meta, const char *spare, struct liteio_error *err)
{
	int r = liteio_thin_meta_copy(meta, spare, err);

	return r ? r : liteio_thin_meta_check(spare, true, err);
}

/*
 * The copy in the spare is given what nobody has: by thin_check, or where that does not do it, by
 * making all anew. Where that can not be done either, it is a copy again
 */
static int free_leaks(const char *meta, const char *spare, const struct liteio_thin_dump *known,
		      struct liteio_engine_spare *s, struct liteio_error *err)
{
	int r = liteio_thin_meta_free_leaks(spare, err);

	if (r == LITEIO_THIN_LEAKY && s->knows_before && has_room(meta, &s->before)) {
		r = liteio_thin_meta_repair(meta, spare, known, err);
		if (!r)
			r = liteio_thin_meta_check(spare, false, err);
		s->was_sound = r;
	}
	s->is_leaky = r;
	return r ? copy(meta, spare, err) : 0;
}

static int make(const char *meta, const char *spare, const struct liteio_thin_dump *known,
		struct liteio_engine_spare *s, struct liteio_error *err)
{
	int r = liteio_thin_meta_check(meta, false, err);

	if (r < 0 && !is_unsound(r))
		return r;
	s->was_sound = r >= 0;
	s->is_leaky = r == LITEIO_THIN_LEAKY;
	s->knows_before = !liteio_thin_meta_dump(meta, false, &s->before, NULL);
	/* what is shared between snapshots stays so only in a copy */
	if (s->was_sound) {
		r = copy(meta, spare, err);
	} else {
		r = liteio_thin_meta_repair(meta, spare, known, err);
		if (!r)
			r = liteio_thin_meta_check(spare, true, err);
	}
	if (!r && s->is_leaky)
		r = free_leaks(meta, spare, known, s, err);
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
