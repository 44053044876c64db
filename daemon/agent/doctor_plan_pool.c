// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What does not fit together: pools, and disks that carry pools.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/doctor_plan.h"
#include "base/cleanup.h"
#include "base/str.h"

#define NEARLY_FULL 80u
#define TOO_FULL 95u

static bool is_share(uint64_t part, uint64_t of, unsigned int percent)
{
	return of && (double)part * 100 >= (double)of * percent;
}

static void name_pool(struct liteio_finding *f, const char *pool)
{
	snprintf(f->pool, sizeof(f->pool), "%s", pool);
}

/* ---- pools that are open -------------------------------------------------------------------- */

static void plan_state(const struct liteio_doctor_pool *p, struct liteio_findings *ret)
{
	const struct liteio_pool_info *i = &p->info;

	if (i->leaks[0])
		name_pool(liteio_findings_add(ret, LITEIO_CHECK_POOL_STATE,
					      LITEIO_SEVERITY_WARNING, i->name,
					      "space is in use that no volume has, since the power was cut in the middle of a discard, and could not be given back: %s",
					      i->leaks),
			  i->name);
	if (i->condition == LITEIO_POOL_READY)
		return;
	name_pool(liteio_findings_add(ret, LITEIO_CHECK_POOL_STATE, LITEIO_SEVERITY_ERROR, i->name,
				      "pool %s is %s: %s", i->name,
				      liteio_pool_condition_names[i->condition], i->reason),
		  i->name);
}

static void plan_fill(const struct liteio_doctor_pool *p, struct liteio_findings *ret)
{
	static const enum liteio_local_severity severities[] = {
		[LITEIO_FILL_LOW] = LITEIO_SEVERITY_INFO,
		[LITEIO_FILL_HIGH] = LITEIO_SEVERITY_WARNING,
		[LITEIO_FILL_CRITICAL] = LITEIO_SEVERITY_ERROR,
		[LITEIO_FILL_FULL] = LITEIO_SEVERITY_ERROR,
	};
	const struct liteio_pool_info *i = &p->info;
	enum liteio_fill fill = i->space.fill;
	struct liteio_finding *f = NULL;

	if (i->condition == LITEIO_POOL_NO_SPACE)
		return;
	if (i->lacks_spare)
		f = liteio_findings_add(ret, LITEIO_CHECK_POOL_FILL, LITEIO_SEVERITY_WARNING,
					i->name,
					"its metadata were nearly full and took the spare, %" PRIu64
					" of %" PRIu64
					" bytes are used: delete snapshots, and let it grow, or they can not be repaired should they be damaged",
					i->meta_used_bytes, i->meta_bytes);
	else if (is_share(i->meta_used_bytes, i->meta_bytes, NEARLY_FULL))
		f = liteio_findings_add(ret, LITEIO_CHECK_POOL_FILL, LITEIO_SEVERITY_WARNING,
					i->name,
					"%" PRIu64 " of %" PRIu64 " bytes of its metadata are used: delete snapshots, or let it grow",
					i->meta_used_bytes, i->meta_bytes);
	else if (fill > LITEIO_FILL_OK && fill <= LITEIO_FILL_FULL)
		f = liteio_findings_add(ret, LITEIO_CHECK_POOL_FILL, severities[fill], i->name,
					"its space is %s: %" PRIu64 " of %" PRIu64 " bytes of thin data are used",
					liteio_fill_names[fill], i->data_used_bytes, i->data_bytes);
	if (f)
		name_pool(f, i->name);
}

static void plan_copies(const struct liteio_doctor_pool *p, struct liteio_findings *ret)
{
	const struct liteio_pool_info *i = &p->info;
	const struct liteio_pool_copies *c = &p->copies;
	const char *fix = i->condition <= LITEIO_POOL_NO_SPACE ? "writes it again" : NULL;
	enum liteio_local_severity how_full = LITEIO_SEVERITY_WARNING;
	struct liteio_finding *f;

	if (!p->looked)
		return;
	if (is_share(c->records, c->records_max, TOO_FULL))
		how_full = LITEIO_SEVERITY_ERROR;
	if (is_share(c->records, c->records_max, NEARLY_FULL)) {
		f = liteio_findings_add(ret, LITEIO_CHECK_CATALOG_FILL, how_full, i->name,
					"the catalog has %" PRIu64 " of %" PRIu64 " records: raising the floors of volumes drops old attachments",
					c->records, c->records_max);
		name_pool(f, i->name);
	}
	if (c->slots < 2) {
		f = liteio_findings_add(ret, LITEIO_CHECK_CATALOG_COPY, LITEIO_SEVERITY_WARNING,
					i->name, "%s of the two slots of the catalog is damaged",
					c->slots ? "one" : "each");
		f->fix = fix;
		name_pool(f, i->name);
	}
	if (c->is_lost) {
		f = liteio_findings_add(ret, LITEIO_CHECK_CATALOG_COPY, LITEIO_SEVERITY_ERROR,
					i->name,
					"what was written to the catalog last is not on the disk: it loses writes that it says are done");
		f->fix = fix;
		name_pool(f, i->name);
	}
	if (c->labels_differ) {
		f = liteio_findings_add(ret, LITEIO_CHECK_LABEL_COPY, LITEIO_SEVERITY_WARNING,
					i->name,
					"a label on %s, or on another of its disks, is not as it should be",
					i->device);
		f->fix = fix;
		name_pool(f, i->name);
	}
}

/* who waits for a deletion to end gives the space back by himself, and holds its lock */
static const struct liteio_doctor_volume *first_deleting(const struct liteio_doctor_view *v,
							 size_t pool)
{
	for (size_t i = 0; i < v->n_volumes; i++)
		if (v->volumes[i].pool == pool &&
		    v->volumes[i].v.state == LITEIO_CATALOG_DELETING)
			return &v->volumes[i];
	return NULL;
}

static void plan_deletion(const struct liteio_doctor_view *v, size_t pool,
			  struct liteio_findings *ret)
{
	const struct liteio_doctor_pool *p = &v->pools[pool];
	const struct liteio_doctor_volume *d = first_deleting(v, pool);
	struct liteio_finding *f;

	if (!d || p->reclaims || p->repairs)
		return;
	f = liteio_findings_add(ret, LITEIO_CHECK_DELETION, LITEIO_SEVERITY_WARNING, p->info.name,
				"%s was deleted and gives no space back", d->v.name);
	liteio_finding_of(f, v, d, 0);
	if (p->info.condition <= LITEIO_POOL_NO_SPACE)
		f->fix = "gives it back";
}

static void plan_stray(const struct liteio_doctor_pool *p, const struct liteio_pool_stray *s,
		       struct liteio_findings *ret)
{
	const struct liteio_pool_info *i = &p->info;
	_cleanup_free_ char *object =
		liteio_strf("%s/%s%" PRIu32, i->name, s->is_reserve ? "reserve/" : "", s->id);
	struct liteio_finding *f;

	if (s->is_foreign)
		f = liteio_findings_add(ret, LITEIO_CHECK_THIN_STRAY, LITEIO_SEVERITY_ERROR, object,
					"its thin pool has device %" PRIu32 ", which the agent has never made: another program writes the pool",
					s->id);
	else
		f = liteio_findings_add(ret, LITEIO_CHECK_THIN_STRAY, LITEIO_SEVERITY_WARNING,
					object,
					"its thin pool has device %" PRIu32 " with %" PRIu64
					" blocks, which is no volume's or snapshot's",
					s->id, s->mapped);
	name_pool(f, i->name);
	/* what has a block may be somebody's data */
	if (!s->is_foreign && !s->mapped && i->condition <= LITEIO_POOL_NO_SPACE)
		f->fix = "deletes it, it is empty";
}

static void plan_lost(const struct liteio_doctor_view *v, const struct liteio_pool_lost *l,
		      struct liteio_findings *ret)
{
	const struct liteio_doctor_volume *d = liteio_doctor_volume_of(v, &l->uuid);
	char uuid[LITEIO_UUID_STRLEN + 1];
	struct liteio_finding *f;

	/* deleted meanwhile */
	if (!d)
		return;
	liteio_uuid_format(&l->uuid, uuid);
	f = liteio_findings_add(ret, LITEIO_CHECK_THIN_LOST, LITEIO_SEVERITY_ERROR, uuid,
				"%s %s is thin device %" PRIu32 ", which its thin pool does not have: its data is lost",
				d->v.kind == LITEIO_CATALOG_SNAPSHOT ? "snapshot" : "volume",
				d->v.name, l->id);
	liteio_finding_of(f, v, d, 0);
}

static void plan_ids(const struct liteio_doctor_view *v, const struct liteio_doctor_pool *p,
		     struct liteio_findings *ret)
{
	if (p->repairs)
		return;
	for (size_t i = 0; i < p->ids.n_strays; i++)
		plan_stray(p, &p->ids.strays[i], ret);
	for (size_t i = 0; i < p->ids.n_lost; i++)
		plan_lost(v, &p->ids.lost[i], ret);
}

/* ---- pools that are not --------------------------------------------------------------------- */

static const struct liteio_doctor_found *disk_of(const struct liteio_doctor_view *v,
						 const struct liteio_uuid *pool)
{
	for (size_t i = 0; i < v->n_found; i++)
		if (liteio_uuid_equal(&v->found[i].f.label.pool_uuid, pool))
			return &v->found[i];
	return NULL;
}

static void plan_missing(const struct liteio_doctor_view *v,
			 const struct liteio_doctor_missing *m, struct liteio_findings *ret)
{
	const struct liteio_doctor_found *disk = disk_of(v, &m->uuid);

	if (m->held_back) {
		name_pool(liteio_findings_add(ret, LITEIO_CHECK_POOL_MISSING, LITEIO_SEVERITY_ERROR,
					      m->name,
					      "pool %s is held back: it has a volume or snapshot with the uuid of one in another pool, and came later: keep one of both (delete that one, or export its pool), then pool import%s%s",
					      m->name, disk ? " " : "", disk ? disk->f.device : ""),
			  m->name);
		return;
	}
	name_pool(liteio_findings_add(ret, LITEIO_CHECK_POOL_MISSING,
				      m->remote ? LITEIO_SEVERITY_ERROR : LITEIO_SEVERITY_WARNING,
				      m->name, "pool %s is known here and not open: %s%s", m->name,
				      disk ? "pool import says why not, its disk is " : "its disk is not there",
				      disk ? disk->f.device : ""),
		  m->name);
}

static bool is_missing(const struct liteio_doctor_view *v, const struct liteio_uuid *pool)
{
	for (size_t i = 0; i < v->n_missing; i++)
		if (liteio_uuid_equal(&v->missing[i].uuid, pool))
			return true;
	return false;
}

static void plan_found(const struct liteio_doctor_view *v, const struct liteio_doctor_found *d,
		       struct liteio_findings *ret)
{
	const struct liteio_label *l = &d->f.label;
	const struct liteio_doctor_pool *open = liteio_doctor_pool_of(v, &l->pool_uuid);
	struct liteio_finding *f;

	if (d->in_use || (!open && (l->exported || is_missing(v, &l->pool_uuid))))
		return;
	if (open)
		f = liteio_findings_add(ret, LITEIO_CHECK_POOL_FOUND, LITEIO_SEVERITY_ERROR,
					d->f.device,
					"%s carries pool %s a second time: it is open on %s",
					d->f.device, open->info.name, open->info.device);
	else if (liteio_doctor_name_is_taken(v, l->pool_name, &l->pool_uuid))
		f = liteio_findings_add(ret, LITEIO_CHECK_POOL_FOUND, LITEIO_SEVERITY_WARNING,
					d->f.device,
					"%s carries pool %s, which is not opened: it is another one than the pool of that name of this node",
					d->f.device, l->pool_name);
	else
		f = liteio_findings_add(ret, LITEIO_CHECK_POOL_FOUND, LITEIO_SEVERITY_WARNING,
					d->f.device,
					"%s carries pool %s, which is not open: pool import %s",
					d->f.device, l->pool_name, d->f.device);
	name_pool(f, l->pool_name);
}

/* ---- groups of snapshots -------------------------------------------------------------------- */

static void plan_open_group(const struct liteio_doctor_pool *p, const struct liteio_doctor_group *g,
			    const char *group, struct liteio_findings *ret)
{
	_cleanup_free_ char *object = liteio_strf("%s/%s", p->info.name, group);
	struct liteio_finding *f;

	f = liteio_findings_add(ret, LITEIO_CHECK_GROUP, LITEIO_SEVERITY_WARNING, object,
				"%zu snapshots of pool %s are of a group that was not finished: they are no moment together",
				g->n, p->info.name);
	name_pool(f, p->info.name);
	if (p->info.condition <= LITEIO_POOL_NO_SPACE && !p->repairs)
		f->fix = "deletes what is there of them, of which nobody was told";
}

/* one that is known is undone when it is opened, and is missed until then */
static void plan_group(const struct liteio_doctor_view *v, const struct liteio_doctor_group *g,
		       struct liteio_findings *ret)
{
	const struct liteio_doctor_pool *open = liteio_doctor_pool_of(v, &g->pool);
	const struct liteio_doctor_found *disk = disk_of(v, &g->pool);
	char group[LITEIO_UUID_STRLEN + 1], pool[LITEIO_UUID_STRLEN + 1];
	_cleanup_free_ char *object = NULL;
	struct liteio_finding *f;

	liteio_uuid_format(&g->group, group);
	if (open) {
		plan_open_group(open, g, group, ret);
		return;
	}
	if (is_missing(v, &g->pool) || liteio_doctor_is_blind(v, "pools") ||
	    liteio_doctor_is_blind(v, "disks"))
		return;
	liteio_uuid_format(&g->pool, pool);
	object = liteio_strf("%s/%s", pool, group);
	f = liteio_findings_add(ret, LITEIO_CHECK_GROUP, LITEIO_SEVERITY_WARNING, object,
				"%zu snapshots of a group that was not finished are in pool %s, which is not this node's%s%s",
				g->n, pool, disk ? ": they go when it is imported, its disk is " : "",
				disk ? disk->f.device : "");
	if (!disk)
		f->fix = "forgets them";
}

void liteio_doctor_plan_pools(const struct liteio_doctor_view *v, struct liteio_findings *ret)
{
	for (size_t i = 0; i < v->n_pools; i++) {
		plan_state(&v->pools[i], ret);
		plan_fill(&v->pools[i], ret);
		plan_copies(&v->pools[i], ret);
		plan_deletion(v, i, ret);
		plan_ids(v, &v->pools[i], ret);
	}
	for (size_t i = 0; i < v->n_missing; i++)
		plan_missing(v, &v->missing[i], ret);
	for (size_t i = 0; i < v->n_groups; i++)
		plan_group(v, &v->groups[i], ret);
	for (size_t i = 0; i < v->n_found; i++)
		plan_found(v, &v->found[i], ret);
}
