// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pool whose catalog is lost: what can be found again, and a catalog made of that.
 *
 * Both slots have to be damaged: one that the disk does not give back may be the newest, and one of
 * a newer version is not damaged. The pool is not open, and not in the kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/object.h"
#include "pool/salvage.h"
#include "pool/thin.h"

const char *const liteio_pool_salvage_steps[] = {
	"pool-salvage:catalog", NULL,
};

/* so many are named, the others counted */
#define NAMED_MAX 5

/* what a thin pool knows; its metadata must be sound, or they are not all there is */
static int read_part(const struct liteio_store *s, enum liteio_thin_part part,
		     struct liteio_thin_dump *ret, struct liteio_error *err)
{
	struct liteio_engine *e = liteio_thin_new(&s->label, &s->dev, part);
	struct liteio_error down_err = LITEIO_ERROR_INIT;
	int r, down;

	if (e->ops->is_active(e)) {
		r = liteio_error_set(err, -EBUSY,
				     "its thin pool is in the kernel: restart the node, or close what uses it");
		e->ops->free(e);
		return r;
	}
	r = e->ops->check(e, err);
	if (!r)
		r = e->ops->contents(e, ret, err);
	else if (r == -EUCLEAN)
		liteio_error_wrap(err, r, "the metadata are damaged, too");
	if (!r && !ret->is_whole) {
		liteio_thin_dump_fini(ret);
		r = liteio_error_set(err, -EUCLEAN, "the metadata can not be read to their end");
	}
	down = e->ops->deactivate(e, &down_err);
	if (!r && down) {
		liteio_thin_dump_fini(ret);
		r = liteio_error_set(err, down, "%s", down_err.msg);
	}
	e->ops->free(e);
	return r;
}

/* nothing that is still good is given up */
static int check_lost(struct liteio_store *s, struct liteio_error *err)
{
	struct liteio_catalog c;
	int r = liteio_store_read_catalog(s, &c, err);

	if (!r) {
		liteio_catalog_fini(&c);
		return liteio_error_set(err, -EEXIST, "its catalog can be read");
	}
	if (r != -EBADMSG)
		return r;
	if (liteio_store_count_slots(s))
		return liteio_error_set(err, -EBADMSG,
					"both copies of its catalog are whole, and it is not known which one counts");
	return 0;
}

static int build(struct liteio_store *s, struct liteio_catalog *ret, struct liteio_error *err)
{
	bool has_reserve = liteio_label_extent(&s->label, LITEIO_EXTENT_RESERVE_DATA);
	struct liteio_thin_dump main = { 0 }, reserve = { 0 };
	int r;

	r = read_part(s, LITEIO_THIN_MAIN, &main, err);
	if (!r && has_reserve)
		r = read_part(s, LITEIO_THIN_RESERVE, &reserve, err);
	if (!r)
		r = liteio_salvage_catalog(&s->label, &main, has_reserve ? &reserve : NULL,
					   (uint64_t)time(NULL), ret, err);
	liteio_thin_dump_fini(&main);
	liteio_thin_dump_fini(&reserve);
	return r;
}

/* "recovered-1 (32.0 MiB), recovered-2 (16.0 MiB) and 7 more" */
static void tell(const struct liteio_store *s, const struct liteio_catalog *c,
		 struct liteio_pool_salvage *ret)
{
	uint64_t linear = liteio_label_sum(&s->label, LITEIO_EXTENT_LINEAR);
	struct liteio_buf b = LITEIO_BUF_INIT;
	char size[32];

	*ret = (struct liteio_pool_salvage){ .n_volumes = c->n_volumes };
	snprintf(ret->pool, sizeof(ret->pool), "%s", s->label.pool_name);
	for (size_t i = 0; i < c->n_volumes; i++) {
		const struct liteio_catalog_volume *v = &c->volumes[i];

		if (i == NAMED_MAX)
			liteio_buf_addf(&b, " and %zu more", c->n_volumes - i);
		if (i >= NAMED_MAX)
			break;
		liteio_buf_addf(&b, "%s%s (%s%s)", i ? ", " : "", v->name,
				liteio_format_size(v->size_bytes, size, sizeof(size)),
				v->vclass == LITEIO_CATALOG_RESERVED ? ", reserved" : "");
	}
	snprintf(ret->what, sizeof(ret->what), "%s", b.len ? b.data : "no volume at all");
	liteio_buf_fini(&b);
	if (linear)
		snprintf(ret->lost, sizeof(ret->lost),
			 "linear volumes can not be found again, and all %s of linear space would be free",
			 liteio_format_size(linear, size, sizeof(size)));
}

static int salvage(const char *device, bool make, struct liteio_pool_salvage *ret,
		   struct liteio_error *err)
{
	struct liteio_store s _cleanup_(liteio_store_closep) = { .fd = -1 };
	struct liteio_catalog c;
	int r;

	r = liteio_store_open(device, true, &s, err);
	if (!r)
		r = liteio_store_read_label(&s, err);
	if (!r && s.label.n_devices != 1)
		r = liteio_error_set(err, -ENOTSUP, "%s is one of %zu devices of its pool", device,
				     s.label.n_devices);
	if (!r)
		r = check_lost(&s, err);
	if (!r)
		r = build(&s, &c, err);
	if (r)
		return r;
	tell(&s, &c, ret);
	if (make)
		r = liteio_store_format_catalog(&s, &c, err);
	liteio_catalog_fini(&c);
	if (!r && make)
		liteio_step("pool-salvage:catalog");
	return r;
}

int liteio_pool_salvage(const char *device, bool make, struct liteio_pool_salvage *ret,
			struct liteio_error *err)
{
	char loop[64];
	struct stat st;
	bool was_there;
	int r;

	if (stat(device, &st))
		return liteio_error_set(err, errno, "cannot look at %s: %s", device,
					liteio_error_str(NULL, -errno));
	if (!S_ISREG(st.st_mode))
		return salvage(device, make, ret, err);
	was_there = !liteio_block_loop_find(device, loop, sizeof(loop), NULL);
	r = liteio_block_loop_attach(device, loop, sizeof(loop), err);
	if (r)
		return r;
	r = salvage(loop, make, ret, err);
	if (!was_there)
		liteio_block_loop_detach(loop, NULL);
	return r;
}
