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
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/object.h"
#include "pool/repair.h"
#include "pool/salvage.h"
#include "pool/thin.h"

/* so many are named, the others counted */
#define NAMED_MAX 5

/* what a thin pool knows; its metadata must be sound, or they are not all there is */
static int read_part(const struct liteio_pool *p, enum liteio_thin_part part,
		     struct liteio_thin_dump *ret, struct liteio_error *err)
{
	struct liteio_error down_err = LITEIO_ERROR_INIT;
	dev_t devs[LITEIO_LABEL_DEVICES_MAX];
	struct liteio_engine *e;
	int r, down;

	liteio_pool_devs(p, devs);
	e = liteio_thin_new(&p->store.label, devs, part);
	r = e->ops->check(e, err);
	if (r >= 0)
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

/*
 * nobody writes there: the space of linear volumes is given to others, and heads are on them,
 * whether the agent that made them lives or not
 */
static int check_unused(const struct liteio_pool *p, struct liteio_error *err)
{
	dev_t devs[LITEIO_LABEL_DEVICES_MAX];
	char holder[64];

	liteio_pool_devs(p, devs);
	for (uint32_t i = 0; i < p->store.label.n_devices; i++) {
		if (liteio_block_holder(devs[i], 0, holder))
			return liteio_error_set(err, -EBUSY,
						"%s is in use by %s: restart the node, or close what uses it",
						i ? p->store.others[i]->path : p->store.path,
						holder);
	}
	return 0;
}

/* one that was killed has left its view of the metadata there */
static void clean_up(const struct liteio_pool *p)
{
	static const enum liteio_thin_part parts[] = { LITEIO_THIN_MAIN, LITEIO_THIN_RESERVE };
	dev_t devs[LITEIO_LABEL_DEVICES_MAX];

	liteio_pool_devs(p, devs);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(parts); i++) {
		struct liteio_engine *e = liteio_thin_new(&p->store.label, devs, parts[i]);

		if (!e->ops->is_active(e))
			(void)e->ops->deactivate(e, NULL);
		e->ops->free(e);
	}
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
	r = liteio_store_count_slots(s, NULL, err);
	if (r > 0)
		return liteio_error_set(err, -EBADMSG,
					"both copies of its catalog are whole, and it is not known which one counts");
	return r;
}

static int build(struct liteio_pool *p, struct liteio_catalog *ret, struct liteio_error *err)
{
	bool has_reserve = liteio_label_extent(&p->store.label, LITEIO_EXTENT_RESERVE_DATA);
	struct liteio_salvage s = {
		.label = &p->store.label,
		.now = (uint64_t)time(NULL),
		/* what was promised for them is not known: the most that costs nothing */
		.wipe = liteio_pool_check_discards(p, LITEIO_CATALOG_WIPE_DISCARD, NULL) ?
				LITEIO_CATALOG_WIPE_NONE :
				LITEIO_CATALOG_WIPE_DISCARD,
	};
	struct liteio_thin_dump main = { 0 }, reserve = { 0 };
	int r;

	r = read_part(p, LITEIO_THIN_MAIN, &main, err);
	if (!r && has_reserve)
		r = read_part(p, LITEIO_THIN_RESERVE, &reserve, err);
	s.main = &main;
	s.reserve = has_reserve ? &reserve : NULL;
	if (!r)
		r = liteio_salvage_catalog(&s, ret, err);
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
		const struct liteio_catalog_volume *v = c->volumes[i];

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

/* the pool as far as it can be had without a catalog */
static int gather(struct liteio_pool *p, const char *device, struct liteio_error *err)
{
	int r = liteio_store_open(device, true, &p->store, err);

	if (!r)
		r = liteio_store_read_label(&p->store, err);
	if (!r)
		r = liteio_pool_gather(p, false, err);
	if (r)
		return r;
	r = check_lost(&p->store, err);
	if (r)
		return r;
	clean_up(p);
	r = check_unused(p, err);
	/* a copy may have a catalog */
	return r ? r : liteio_pool_check_only_one(p, err);
}

static int salvage(struct liteio_pool *p, const char *device, enum liteio_pool_salvage_how how,
		   struct liteio_pool_salvage *ret, struct liteio_error *err)
{
	struct liteio_catalog c;
	int r;

	r = gather(p, device, err);
	if (!r)
		r = build(p, &c, err);
	if (r)
		return r;
	tell(&p->store, &c, ret);
	if (how == LITEIO_SALVAGE_MAKE && ret->lost[0])
		r = liteio_error_set(err, -EUCLEAN, "%s: only with --force", ret->lost);
	else if (how != LITEIO_SALVAGE_LOOK)
		r = liteio_store_format_catalog(&p->store, &c, err);
	liteio_catalog_fini(&c);
	if (!r && how != LITEIO_SALVAGE_LOOK)
		liteio_step("pool-salvage:catalog");
	return r;
}

static int salvage_on(const char *device, enum liteio_pool_salvage_how how,
		      struct liteio_pool_salvage *ret, struct liteio_error *err)
{
	struct liteio_pool *p = liteio_calloc(1, sizeof(*p));
	int r;

	pthread_mutex_init(&p->lock, NULL);
	p->store = (struct liteio_store)LITEIO_STORE_INIT;
	r = salvage(p, device, how, ret, err);
	liteio_store_close(&p->store);
	pthread_mutex_destroy(&p->lock);
	free(p);
	return r;
}

struct salvage_call {
	enum liteio_pool_salvage_how how;
	struct liteio_pool_salvage *ret;
};

static int call_salvage(const char *device, void *arg, struct liteio_error *err)
{
	const struct salvage_call *c = arg;

	return salvage_on(device, c->how, c->ret, err);
}

int liteio_pool_salvage(const char *device, enum liteio_pool_salvage_how how,
			struct liteio_pool_salvage *ret, struct liteio_error *err)
{
	struct salvage_call c = { how, ret };

	return liteio_block_on_device(device, call_salvage, &c, err);
}
