// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happened between two moments.
 */
#include "ctl/sample.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "model/latency.h"

const char *const liteio_class_names[LITEIO_CLASS_NR] = {
	[LITEIO_CLASS_READ] = "read",
	[LITEIO_CLASS_WRITE] = "write",
	[LITEIO_CLASS_FLUSH] = "flush",
	[LITEIO_CLASS_OTHER] = "other",
};

void liteio_sample_fini(struct liteio_sample *s)
{
	liteio_json_fini(&s->stats, liteio_local_stats_list_fields);
	liteio_json_fini(&s->volumes, liteio_local_module_volume_list_fields);
}

int liteio_sample_read(const struct liteio_json *stats, const struct liteio_json *volumes,
		       uint64_t at_ns, struct liteio_sample *ret, struct liteio_error *err)
{
	struct liteio_sample s = { .at_ns = at_ns };
	int r;

	/* not strictly: a newer agent may say more */
	r = liteio_json_decode(stats, liteio_local_stats_list_fields, 0, &s.stats, err);
	if (!r)
		r = liteio_json_decode(volumes, liteio_local_module_volume_list_fields, 0,
				       &s.volumes, err);
	if (r) {
		liteio_sample_fini(&s);
		return liteio_error_wrap(err, r, "the agent's answer");
	}
	*ret = s;
	return 0;
}

/* ---- one attachment, one class -------------------------------------------------------------- */

static const struct liteio_local_class_stats *class_of(const struct liteio_local_stats *s,
						       const char *name)
{
	for (size_t i = 0; s && i < s->n_classes; i++)
		if (s->classes[i].name && !strcmp(s->classes[i].name, name))
			return &s->classes[i];
	return NULL;
}

/* an array of attachments that is searched from where the last one was found: both are in order */
static const struct liteio_local_stats *stats_of(const struct liteio_sample *s,
						 const struct liteio_local_stats *like,
						 size_t *from)
{
	size_t n = s->stats.n_items;

	for (size_t i = 0; i < n; i++) {
		const struct liteio_local_stats *at = &s->stats.items[(*from + i) % n];

		if (at->generation == like->generation &&
		    liteio_uuid_equal(&at->uuid, &like->uuid)) {
			*from = (*from + i + 1) % n;
			return at;
		}
	}
	return NULL;
}

/* add what one class of an attachment did; @hist collects the latencies of the volume */
static void add_class(const struct liteio_local_class_stats *before,
		      const struct liteio_local_class_stats *after,
		      struct liteio_activity_class *to, uint64_t hist[LITEIO_HIST_BUCKETS])
{
	uint64_t was[LITEIO_HIST_BUCKETS] = { 0 }, is[LITEIO_HIST_BUCKETS];
	static const struct liteio_local_class_stats nothing;

	if (!before || before->ios > after->ios || before->bytes > after->bytes)
		before = &nothing;
	to->ios += after->ios - before->ios;
	to->bytes += after->bytes - before->bytes;
	if (after->errors > before->errors)
		to->errors += after->errors - before->errors;
	if (before->hist)
		liteio_latency_read(before->hist, was);
	liteio_latency_read(after->hist, is);
	for (unsigned int i = 0; i < LITEIO_HIST_BUCKETS; i++)
		if (is[i] > was[i])
			hist[i] += is[i] - was[i];
}

/* ---- volumes -------------------------------------------------------------------------------- */

/**
 * struct collected - a volume while its attachments are added up
 * @uuid: to find it by
 * @a: what becomes of it
 * @hist: latencies by class
 */
struct collected {
	struct liteio_uuid uuid;
	struct liteio_activity a;
	uint64_t hist[LITEIO_CLASS_NR][LITEIO_HIST_BUCKETS];
};

static int by_uuid(const void *a, const void *b)
{
	const struct collected *x = a, *y = b;

	return memcmp(x->uuid.b, y->uuid.b, sizeof(x->uuid.b));
}

static int volume_by_uuid(const void *a, const void *b)
{
	const struct liteio_local_module_volume *const *x = a, *const *y = b;

	return memcmp((*x)->uuid.b, (*y)->uuid.b, sizeof((*x)->uuid.b));
}

static uint64_t grown(uint64_t before, uint64_t after)
{
	return after >= before ? after - before : after;
}

static uint64_t over(const struct liteio_throttle *t)
{
	return t->iops_ns + t->bps_ns;
}

static void begin_volume(const struct liteio_local_module_volume *before,
			 const struct liteio_local_module_volume *after, struct collected *c)
{
	static const struct liteio_local_module_volume nothing;
	const struct liteio_over_limit *was = before ? &before->over_limit : &nothing.over_limit;
	const struct liteio_over_limit *is = &after->over_limit;

	c->uuid = after->uuid;
	liteio_uuid_format(&after->uuid, c->a.uuid);
	c->a.name = after->name ? after->name : "";
	c->a.over_ns[LITEIO_CLASS_READ] = grown(over(&was->read), over(&is->read));
	c->a.over_ns[LITEIO_CLASS_WRITE] = grown(over(&was->write), over(&is->write));
	c->a.queued[LITEIO_CLASS_READ] = is->read.queued;
	c->a.queued[LITEIO_CLASS_WRITE] = is->write.queued;
}

/* the volumes of the later sample, by uuid */
static struct collected *begin(const struct liteio_sample *a, const struct liteio_sample *b)
{
	size_t n = b->volumes.n_items, n_old = a->volumes.n_items;
	const struct liteio_local_module_volume **old = liteio_calloc(n_old + 1, sizeof(*old));
	struct collected *all = liteio_calloc(n + 1, sizeof(*all));

	for (size_t i = 0; i < n_old; i++)
		old[i] = &a->volumes.items[i];
	qsort(old, n_old, sizeof(*old), volume_by_uuid);
	for (size_t i = 0; i < n; i++) {
		const struct liteio_local_module_volume *key = &b->volumes.items[i];
		const struct liteio_local_module_volume **was =
			bsearch(&key, old, n_old, sizeof(*old), volume_by_uuid);

		begin_volume(was ? *was : NULL, key, &all[i]);
	}
	free(old);
	qsort(all, n, sizeof(*all), by_uuid);
	return all;
}

static void add_attachment(const struct liteio_local_stats *before,
			   const struct liteio_local_stats *after, struct collected *c)
{
	for (size_t k = 0; k < LITEIO_CLASS_NR; k++) {
		const struct liteio_local_class_stats *is = class_of(after, liteio_class_names[k]);

		if (is)
			add_class(class_of(before, liteio_class_names[k]), is, &c->a.classes[k],
				  c->hist[k]);
	}
}

static uint64_t busy(const struct liteio_activity *a)
{
	uint64_t ios = 0;

	for (size_t k = 0; k < LITEIO_CLASS_NR; k++)
		ios += a->classes[k].ios;
	return ios;
}

static int by_activity(const void *a, const void *b)
{
	const struct liteio_activity *x = a, *y = b;
	int r;

	if (busy(x) != busy(y))
		return busy(x) > busy(y) ? -1 : 1;
	r = strcmp(x->name, y->name);
	return r ? r : strcmp(x->uuid, y->uuid);
}

void liteio_sample_compare(const struct liteio_sample *a, const struct liteio_sample *b,
			   struct liteio_activity **ret, size_t *ret_n)
{
	struct collected *all = begin(a, b);
	size_t n = b->volumes.n_items, from = 0;
	struct liteio_activity *out;

	for (size_t i = 0; i < b->stats.n_items; i++) {
		const struct liteio_local_stats *after = &b->stats.items[i];
		const struct collected key = { .uuid = after->uuid };
		struct collected *c = n ? bsearch(&key, all, n, sizeof(key), by_uuid) : NULL;

		/* one that came between the two answers is told next time */
		if (c)
			add_attachment(stats_of(a, after, &from), after, c);
	}
	out = liteio_calloc(n + 1, sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < LITEIO_CLASS_NR; k++) {
			struct liteio_activity_class *c = &all[i].a.classes[k];

			c->p50_ns = liteio_latency_percentile(all[i].hist[k], 500);
			c->p90_ns = liteio_latency_percentile(all[i].hist[k], 900);
			c->p99_ns = liteio_latency_percentile(all[i].hist[k], 990);
			c->p999_ns = liteio_latency_percentile(all[i].hist[k], 999);
		}
		out[i] = all[i].a;
	}
	free(all);
	qsort(out, n, sizeof(*out), by_activity);
	*ret = out;
	*ret_n = n;
}
