// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that was taken away from an open pool, and one that may be it.
 */
#include "pool/back.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/block.h"
#include "pool/object.h"

int liteio_back_judge(const struct liteio_back *was, const struct liteio_back *now,
		      struct liteio_error *err)
{
	if (strcmp(was->id, now->id) != 0)
		return liteio_error_set(err, -ESTALE,
					"it is another disk (%s) than the one before (%s)",
					now->id[0] ? now->id : "without a serial number",
					was->id[0] ? was->id : "without a serial number");
	if (was->size != now->size)
		return liteio_error_set(err, -ESTALE,
					"it has %llu bytes, the one before had %llu",
					(unsigned long long)now->size,
					(unsigned long long)was->size);
	if (now->sequence < was->sequence)
		return liteio_error_set(err, -ESTALE,
					"it is a stale copy: it has state %llu, and %llu was written",
					(unsigned long long)now->sequence,
					(unsigned long long)was->sequence);
	return 0;
}

uint64_t liteio_pool_sequence(struct liteio_pool *p)
{
	liteio_guard(&p->lock);
	return p->cat.sequence;
}

uint64_t liteio_pool_sequence_found(struct liteio_pool *p)
{
	return p->store.read_sequence;
}

/* the pool's lock is held; NULL: it says another place than the pool has */
static const struct liteio_store *place_of(const struct liteio_pool *p,
					   const struct liteio_pool_found *f)
{
	const struct liteio_label *ours = &p->store.label, *theirs = &f->label;
	uint32_t i = theirs->this_device;

	if (!liteio_uuid_equal(&ours->pool_uuid, &theirs->pool_uuid) || i >= ours->n_devices ||
	    !liteio_uuid_equal(&ours->devices[i].uuid, &theirs->devices[i].uuid))
		return NULL;
	return i ? p->store.others[i] : &p->store;
}

bool liteio_pool_has_lost(struct liteio_pool *p, const struct liteio_pool_found *f)
{
	const struct liteio_store *s;

	if (liteio_pool_is_on(p, f->device))
		return false;
	liteio_guard(&p->lock);
	s = place_of(p, f);
	return s && !liteio_block_is_there(s->dev);
}

int liteio_pool_check_back(struct liteio_pool *p, const struct liteio_pool_found *f,
			   struct liteio_error *err)
{
	struct liteio_back was = { 0 }, now = { .sequence = f->label.sequence };
	struct liteio_block_info info;
	int r = liteio_block_brief(f->device, &info, err);

	if (r)
		return r;
	if (!f->label.this_device)
		now.sequence = liteio_pool_catalog_sequence(f->device);
	/* a disk that is not quite there yet is not a stale one */
	if (!f->label.this_device && !now.sequence)
		return liteio_error_set(err, -EIO, "its catalog can not be read");
	memcpy(now.id, info.id, sizeof(now.id));
	now.size = info.size_bytes;
	{
		liteio_guard(&p->lock);
		const struct liteio_store *s = place_of(p, f);

		if (s) {
			memcpy(was.id, s->id, sizeof(was.id));
			was.size = s->size;
			was.sequence = f->label.this_device ? s->label.sequence : p->cat.sequence;
		}
	}
	return liteio_back_judge(&was, &now, err);
}
