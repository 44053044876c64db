// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is known of the metadata of a thin pool, and what follows from it.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "pool/health.h"

/* so many are named, the others counted */
#define NAMED_MAX 3

enum liteio_health_open liteio_health_open(const struct liteio_health_found *f)
{
	/* I/O goes on: one that the kernel holds read-only stays so until it is repaired */
	if (f->is_active)
		return f->mode < LITEIO_ENGINE_RO ? LITEIO_HEALTH_WRITABLE : LITEIO_HEALTH_ADOPT;
	if (f->is_foreign)
		return LITEIO_HEALTH_READ_ONLY;
	/* there may not even be metadata */
	if (f->is_clean || f->is_new || f->check == LITEIO_HEALTH_SOUND ||
	    f->check == LITEIO_HEALTH_LEAKY)
		return LITEIO_HEALTH_WRITABLE;
	return f->check == LITEIO_HEALTH_DAMAGED ? LITEIO_HEALTH_READ_ONLY : LITEIO_HEALTH_CHECK;
}

__attribute__((format(printf, 2, 3)))
static void say(struct liteio_health_loss *l, const char *fmt, ...)
{
	size_t n = strlen(l->what);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->what + n, sizeof(l->what) - n, fmt, ap);
	va_end(ap);
}

/**
 * struct comparison - one under way
 * @before: what could be read of the damaged ones; NULL for nothing
 * @after: what was made of them
 * @thin_block: bytes
 * @n_named: volumes that were named
 * @ret: the result
 */
struct comparison {
	const struct liteio_thin_dump *before;
	const struct liteio_thin_dump *after;
	uint32_t thin_block;
	size_t n_named;
	struct liteio_health_loss *ret;
};

static void name_loss(struct comparison *x, const struct liteio_catalog_volume *v, uint64_t bytes)
{
	const char *kind = v->kind == LITEIO_CATALOG_SNAPSHOT ? "snapshot" : "volume";
	char size[32];

	if (x->n_named++ >= NAMED_MAX)
		return;
	if (x->n_named > 1)
		say(x->ret, ", ");
	if (bytes)
		say(x->ret, "%s %s has lost %s", kind, v->name,
		    liteio_format_size(bytes, size, sizeof(size)));
	else
		say(x->ret, "%s %s is gone", kind, v->name);
}

static void compare_volume(struct comparison *x, const struct liteio_catalog_volume *v)
{
	const struct liteio_thin_device *was = NULL, *is;
	uint64_t bytes;

	is = liteio_thin_dump_find(x->after, v->thin_id);
	if (!is) {
		x->ret->lost_volumes++;
		name_loss(x, v, 0);
		return;
	}
	if (x->before)
		was = liteio_thin_dump_find(x->before, v->thin_id);
	if (!was || was->mapped <= is->mapped)
		return;
	bytes = (was->mapped - is->mapped) * x->thin_block;
	x->ret->lost_bytes += bytes;
	name_loss(x, v, bytes);
}

/* one that has no device, as far as these metadata know, has nothing to lose */
static bool is_to_be_there(const struct liteio_catalog_volume *v,
			   const struct liteio_thin_dump *after)
{
	return v->state == LITEIO_CATALOG_READY &&
	       (!v->is_unmade || (v->txid && v->txid == after->txid));
}

bool liteio_health_is_known(const struct liteio_catalog *c, enum liteio_catalog_class vclass,
			    uint32_t id)
{
	for (size_t i = 0; i < c->n_volumes; i++) {
		const struct liteio_catalog_volume *v = c->volumes[i];

		if (v->vclass == vclass && v->thin_id == id)
			return !v->is_unmade || v->txid;
	}
	return false;
}

static uint64_t txid_of(const struct liteio_catalog *c, enum liteio_catalog_class vclass)
{
	return vclass == LITEIO_CATALOG_RESERVED ? c->reserve_txid : c->thin_txid;
}

/* an id that was never given out, or a transaction id that is none of the two that it may be */
static bool is_foreign(const struct liteio_catalog *c, enum liteio_catalog_class vclass,
		       const struct liteio_thin_dump *after)
{
	const struct liteio_catalog_volume *pending = liteio_catalog_pending(c);
	uint64_t t = txid_of(c, vclass);

	if (after->n_devices && after->devices[after->n_devices - 1].id >= c->next_thin_id)
		return true;
	return after->txid != t &&
	       !(pending && pending->vclass == vclass && after->txid == t + 1);
}

void liteio_health_compare(const struct liteio_catalog *c, enum liteio_catalog_class vclass,
			   const struct liteio_thin_dump *before,
			   const struct liteio_thin_dump *after, uint32_t thin_block,
			   struct liteio_health_loss *ret)
{
	struct comparison x = { before, after, thin_block, 0, ret };

	*ret = (struct liteio_health_loss){ 0 };
	if (is_foreign(c, vclass, after)) {
		ret->verdict = LITEIO_HEALTH_FOREIGN;
		say(ret, "transaction %" PRIu64 " where the catalog has %" PRIu64
			 ": another program has written the pool, or the catalog is old",
		    after->txid, txid_of(c, vclass));
		return;
	}
	for (size_t i = 0; i < c->n_volumes; i++) {
		const struct liteio_catalog_volume *v = c->volumes[i];

		if (v->vclass == vclass && is_to_be_there(v, after))
			compare_volume(&x, v);
	}
	if (x.n_named > NAMED_MAX)
		say(ret, " and %zu more", x.n_named - NAMED_MAX);
	for (size_t i = 0; i < after->n_devices; i++)
		ret->extra += !liteio_health_is_known(c, vclass, after->devices[i].id);
	if (ret->lost_volumes || ret->lost_bytes) {
		ret->verdict = LITEIO_HEALTH_LOSES;
	} else if (!before || !before->is_whole || ret->extra) {
		ret->verdict = LITEIO_HEALTH_UNSURE;
		say(ret, "every volume is there, but maybe as it was at an earlier time");
	}
}
