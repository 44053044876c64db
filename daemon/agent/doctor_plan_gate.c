// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What does not fit together: the catalogs and the module's registry.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/doctor_plan.h"
#include "base/str.h"
#include "model/limits.h"

/* ---- floors, and generations that ended one by one ------------------------------------------- */

/* attachments of a volume lie in a row */
static size_t first_att(const struct liteio_doctor_view *v, const struct liteio_uuid *uuid)
{
	size_t low = 0, high = v->n_atts;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(v->atts[mid].a.volume.b, uuid->b, sizeof(uuid->b)) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* generations that the catalog has ended by themselves */
static uint64_t count_ended(const struct liteio_doctor_view *v, const struct liteio_uuid *uuid)
{
	uint64_t n = 0;

	for (size_t i = first_att(v, uuid);
	     i < v->n_atts && liteio_uuid_equal(&v->atts[i].a.volume, uuid); i++)
		n += v->atts[i].a.state == LITEIO_CATALOG_ATT_FENCED;
	return n;
}

static void plan_floor(const struct liteio_doctor_view *v, const struct liteio_doctor_volume *x,
		       const struct liteio_netlink_volume *reg, struct liteio_findings *ret)
{
	uint64_t ended = count_ended(v, &x->v.uuid);
	struct liteio_finding *f = NULL;

	if (!reg && x->v.floor <= LITEIO_CATALOG_GEN_MIN && !ended)
		return;
	if (!reg)
		f = liteio_findings_add(ret, LITEIO_CHECK_FLOOR, LITEIO_SEVERITY_ERROR, x->v.name,
					"the kernel does not know volume %s, whose floor is %llu: the module was loaded without the agent",
					x->v.name, (unsigned long long)x->v.floor);
	else if (reg->floor < x->v.floor)
		f = liteio_findings_add(ret, LITEIO_CHECK_FLOOR, LITEIO_SEVERITY_ERROR, x->v.name,
					"the floor of volume %s is %llu, in the kernel %llu",
					x->v.name, (unsigned long long)x->v.floor,
					(unsigned long long)reg->floor);
	else if (reg->floor == x->v.floor && reg->barred < ended)
		f = liteio_findings_add(ret, LITEIO_CHECK_FLOOR, LITEIO_SEVERITY_ERROR, x->v.name,
					"%llu generations of volume %s have ended, the kernel keeps out %u of them",
					(unsigned long long)ended, x->v.name, reg->barred);
	if (f) {
		liteio_finding_of(f, v, x, 0);
		f->fix = "raises it in the kernel";
	}
	if (!reg || reg->floor <= x->v.floor)
		return;
	f = liteio_findings_add(ret, LITEIO_CHECK_FLOOR_AHEAD, LITEIO_SEVERITY_WARNING, x->v.name,
				"the kernel's floor of volume %s is %llu, the catalog's %llu: volume fence makes the higher one last",
				x->v.name, (unsigned long long)reg->floor,
				(unsigned long long)x->v.floor);
	liteio_finding_of(f, v, x, 0);
}

/* ---- limits --------------------------------------------------------------------------------- */

static struct liteio_limits wanted(const struct liteio_catalog_limits *l)
{
	return (struct liteio_limits){ l->read_iops, l->write_iops, l->read_bps, l->write_bps,
				       l->burst_ms };
}

static struct liteio_limits held(const struct liteio_netlink_qos *q)
{
	return (struct liteio_limits){ q->riops, q->wiops, q->rbps, q->wbps, q->burst_ms };
}

static void plan_limits(const struct liteio_doctor_view *v, const struct liteio_doctor_volume *x,
			const struct liteio_netlink_volume *reg, struct liteio_findings *ret)
{
	const struct liteio_limits want = wanted(&x->v.limits);
	const struct liteio_limits none = { 0 };
	const struct liteio_limits have = reg ? held(&reg->qos) : none;
	bool any = liteio_limits_any(&want);
	bool differ = (any || liteio_limits_any(&have)) && !liteio_limits_equal(&want, &have);
	struct liteio_finding *f;
	const char *why;

	if (!v->has_module)
		why = any ? "the module is not loaded" : NULL;
	else if (!v->has_limits)
		why = any ? "this module has none" : NULL;
	else if (!reg)
		why = any ? "the kernel does not know it" : NULL;
	else
		why = differ ? "the kernel holds others" : NULL;
	if (!why)
		return;
	f = liteio_findings_add(ret, LITEIO_CHECK_LIMITS, LITEIO_SEVERITY_WARNING, x->v.name,
				"the limits of volume %s are not in force: %s", x->v.name, why);
	liteio_finding_of(f, v, x, 0);
	if (v->has_module && v->has_limits)
		f->fix = "has the kernel hold them";
}

/* ---- what only the registry has -------------------------------------------------------------- */

/* the agent was killed before it said so; its restart says it, too */
static void plan_deleted(const struct liteio_doctor_view *v, const struct liteio_doctor_volume *x,
			 const struct liteio_netlink_volume *reg, struct liteio_findings *ret)
{
	char uuid[LITEIO_UUID_STRLEN + 1];
	struct liteio_finding *f;

	if (reg->attachments || x->v.state != LITEIO_CATALOG_DELETING)
		return;
	liteio_uuid_format(&reg->uuid, uuid);
	f = liteio_findings_add(ret, LITEIO_CHECK_REGISTRY, LITEIO_SEVERITY_WARNING, uuid,
				"the kernel remembers volume %s, which is deleted", x->v.name);
	liteio_finding_of(f, v, x, 0);
	f->fix = "has the kernel forget it";
}

static void plan_nobodys(const struct liteio_doctor_view *v,
			 const struct liteio_netlink_volume *reg, struct liteio_findings *ret)
{
	const struct liteio_doctor_volume *x = liteio_doctor_volume_of(v, &reg->uuid);
	char uuid[LITEIO_UUID_STRLEN + 1];

	if (x)
		plan_deleted(v, x, reg, ret);
	/* with attachments it is one that this node consumes */
	if (reg->attachments || x || !liteio_doctor_knows_all(v))
		return;
	liteio_uuid_format(&reg->uuid, uuid);
	liteio_findings_add(ret, LITEIO_CHECK_REGISTRY, LITEIO_SEVERITY_INFO, uuid,
			    "the kernel remembers the floor %" PRIu64 " of volume %s, which nobody here has",
			    reg->floor, reg->name[0] ? reg->name : uuid)
		->uuid = reg->uuid;
}

static bool is_live(const struct liteio_catalog_attachment *a)
{
	return a->state == LITEIO_CATALOG_ATT_LIVE;
}

/* the kernel lets through what has ended, or stops what has not */
static void plan_gate(const struct liteio_doctor_view *v, const struct liteio_netlink_att *g,
		      struct liteio_findings *ret)
{
	const struct liteio_doctor_volume *x = liteio_doctor_volume_of(v, &g->uuid);
	const struct liteio_catalog_attachment *a;
	bool is_open = g->state == LITEIO_ATT_NEW || g->state == LITEIO_ATT_OPEN;
	const char *what = "is live, and its gate is closed: detach it, and attach it again";
	char object[LITEIO_FINDING_OBJECT_MAX];
	struct liteio_finding *f;

	a = liteio_doctor_att_of(v, &g->uuid, g->generation);
	if (!x || !a || is_open == is_live(a))
		return;
	if (is_open)
		what = "has ended, and its gate is open";
	liteio_finding_object(x, g->generation, object);
	f = liteio_findings_add(ret, LITEIO_CHECK_FENCED, LITEIO_SEVERITY_ERROR, object,
				"generation %llu of volume %s %s",
				(unsigned long long)g->generation, x->v.name, what);
	liteio_finding_of(f, v, x, g->generation);
	if (is_open)
		f->fix = "closes it";
}

void liteio_doctor_plan_gates(const struct liteio_doctor_view *v, struct liteio_findings *ret)
{
	if (liteio_doctor_is_blind(v, "module"))
		return;
	for (size_t i = 0; i < v->n_volumes; i++) {
		const struct liteio_doctor_volume *x = &v->volumes[i];
		const struct liteio_netlink_volume *reg = liteio_doctor_reg_of(v, &x->v.uuid);

		if (x->v.kind != LITEIO_CATALOG_VOLUME || x->v.state != LITEIO_CATALOG_READY)
			continue;
		if (v->has_module)
			plan_floor(v, x, reg, ret);
		plan_limits(v, x, reg, ret);
	}
	for (size_t i = 0; i < v->n_reg_volumes; i++)
		plan_nobodys(v, &v->reg_volumes[i], ret);
	for (size_t i = 0; i < v->n_reg_atts; i++)
		plan_gate(v, &v->reg_atts[i], ret);
}
