// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What does not fit together: heads, exports, and the names in /dev/liteio.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "agent/doctor_plan.h"
#include "base/str.h"

static const struct liteio_head_state *head_of(const struct liteio_doctor_view *v,
					       const struct liteio_uuid *uuid, uint64_t generation)
{
	for (size_t i = 0; i < v->n_heads; i++)
		if (!v->heads[i].head.remote && v->heads[i].head.generation == generation &&
		    liteio_uuid_equal(&v->heads[i].head.uuid, uuid))
			return &v->heads[i];
	return NULL;
}

static const struct liteio_nvmet_export *export_of(const struct liteio_doctor_view *v,
						   const struct liteio_uuid *uuid,
						   uint64_t generation)
{
	for (size_t i = 0; i < v->n_exports; i++)
		if (v->exports[i].generation == generation &&
		    liteio_uuid_equal(&v->exports[i].uuid, uuid))
			return &v->exports[i];
	return NULL;
}

/* the device that the head of a volume stands on; 0 when there is none */
static dev_t device_of(const struct liteio_doctor_view *v, const struct liteio_catalog_volume *x)
{
	char name[LITEIO_DM_NAME_MAX + 1];

	liteio_dm_name(x->vclass == LITEIO_CATALOG_LINEAR ? LITEIO_DM_LINEAR : LITEIO_DM_THIN,
		       &x->uuid, 0, name);
	for (size_t i = 0; i < v->n_devices; i++)
		if (!strcmp(v->devices[i].dm.name, name))
			return makedev(v->devices[i].dm.major, v->devices[i].dm.minor);
	return 0;
}

/* ---- live attachments ----------------------------------------------------------------------- */

/**
 * struct live - one live attachment
 * @v: the view
 * @volume: its volume
 * @a: its record
 * @object: "<volume>/<generation>"
 * @head: its head, or NULL
 */
struct live {
	const struct liteio_doctor_view *v;
	const struct liteio_doctor_volume *volume;
	const struct liteio_catalog_attachment *a;
	char object[LITEIO_FINDING_OBJECT_MAX];
	const struct liteio_head_state *head;
};

/* NULL when it is what the catalog says */
static const char *what_differs(const struct live *l)
{
	bool ro = l->a->flags & LITEIO_CATALOG_ATT_READ_ONLY;
	bool is_ro = l->head->head.gate ? l->head->head.read_only : l->head->dm.read_only;
	dev_t lower = device_of(l->v, &l->volume->v);

	if (!l->head->head.lower)
		return "no volume below";
	if (lower && l->head->head.lower != lower)
		return "another device below";
	if (l->head->head.size_bytes != l->volume->v.size_bytes)
		return "another size";
	/* whatever the attachment may do: nothing is written into a pool that is not sound */
	if (is_ro != ro && !(is_ro && l->v->pools[l->volume->pool].info.condition))
		return is_ro ? "no right to write" : "the right to write";
	return NULL;
}

static void plan_head(const struct live *l, struct liteio_findings *ret)
{
	bool is_open = l->head->dm.open_count > 0;
	const char *hint = is_open ? ": an agent that starts mends it" : "";
	const char *what = what_differs(l);
	struct liteio_finding *f;

	if (what) {
		f = liteio_findings_add(ret, LITEIO_CHECK_HEAD, LITEIO_SEVERITY_ERROR, l->object,
					"the head of generation %" PRIu64 " of volume %s has %s, the catalog says otherwise%s",
					l->a->generation, l->volume->v.name, what, hint);
		liteio_finding_of(f, l->v, l->volume, l->a->generation);
		if (!is_open)
			f->fix = "gives it the table that the catalog says";
	}
	if (l->v->has_module && !l->head->head.gate && l->head->head.lower) {
		f = liteio_findings_add(ret, LITEIO_CHECK_HEAD_PLAIN, LITEIO_SEVERITY_WARNING,
					l->object,
					"generation %" PRIu64 " of volume %s was attached before the module was loaded: no limits, no statistics; attach it again",
					l->a->generation, l->volume->v.name);
		liteio_finding_of(f, l->v, l->volume, l->a->generation);
	}
}

/* NULL when it can be reached */
static const char *why_unreachable(const struct live *l)
{
	const struct liteio_nvmet_export *e =
		export_of(l->v, &l->a->volume, l->a->generation);

	if (!e)
		return "it has no subsystem";
	if (!e->enabled)
		return "its namespace is not enabled";
	if (e->waits)
		return "it is a place that its head has not filled";
	/* behind a closed door nothing is linked, which is said of the door */
	return !l->v->door[0] && e->n_port_ids < l->v->n_listen ? "it is not on every port" : NULL;
}

static void plan_export(const struct live *l, struct liteio_findings *ret)
{
	const char *why;
	struct liteio_finding *f;

	if (l->a->flags & LITEIO_CATALOG_ATT_LOCAL || liteio_doctor_is_blind(l->v, "exports"))
		return;
	why = why_unreachable(l);
	if (!why)
		return;
	f = liteio_findings_add(ret, LITEIO_CHECK_EXPORT, LITEIO_SEVERITY_ERROR, l->object,
				"the consumer of generation %" PRIu64 " of volume %s can not reach it: %s",
				l->a->generation, l->volume->v.name, why);
	liteio_finding_of(f, l->v, l->volume, l->a->generation);
	if (l->v->has_module && l->v->n_listen)
		f->fix = "exports it again";
}

static void plan_live(const struct liteio_doctor_view *v, const struct liteio_doctor_att *x,
		      struct liteio_findings *ret)
{
	struct live l = { .v = v, .a = &x->a };
	struct liteio_finding *f;

	l.volume = liteio_doctor_volume_of(v, &x->a.volume);
	if (!l.volume || x->a.state != LITEIO_CATALOG_ATT_LIVE ||
	    l.volume->v.state != LITEIO_CATALOG_READY || v->pools[x->pool].repairs)
		return;
	liteio_finding_object(l.volume, x->a.generation, l.object);
	l.head = head_of(v, &x->a.volume, x->a.generation);
	if (l.head) {
		plan_head(&l, ret);
		plan_export(&l, ret);
		return;
	}
	f = liteio_findings_add(ret, LITEIO_CHECK_HEAD_MISSING, LITEIO_SEVERITY_ERROR, l.object,
				"generation %" PRIu64 " of volume %s is attached and has no device",
				x->a.generation, l.volume->v.name);
	liteio_finding_of(f, v, l.volume, x->a.generation);
	f->fix = "makes it again";
}

/* ---- ended ones ----------------------------------------------------------------------------- */

/* anything in the kernel of a generation that is not live: said once, whatever is found first */
static void plan_remains(const struct liteio_doctor_view *v, const struct liteio_uuid *uuid,
			 uint64_t generation, struct liteio_findings *ret)
{
	const struct liteio_doctor_volume *x = liteio_doctor_volume_of(v, uuid);
	const struct liteio_catalog_attachment *a = liteio_doctor_att_of(v, uuid, generation);
	const struct liteio_head_state *head = head_of(v, uuid, generation);
	const struct liteio_nvmet_export *e = export_of(v, uuid, generation);
	char object[LITEIO_FINDING_OBJECT_MAX];
	struct liteio_finding *f;
	bool is_open;

	if (!x || (a && a->state == LITEIO_CATALOG_ATT_LIVE))
		return;
	liteio_finding_object(x, generation, object);
	if (liteio_findings_get(ret, LITEIO_CHECK_REMAINS, object))
		return;
	/* the export's own opening of its head ends with it */
	is_open = head && head->dm.open_count > (e && e->enabled ? 1 : 0);
	f = liteio_findings_add(ret, LITEIO_CHECK_REMAINS, LITEIO_SEVERITY_WARNING, object,
				"generation %" PRIu64 " of volume %s has ended and still has%s%s%s%s",
				generation, x->v.name, head ? " a head" : "",
				e ? head ? " and a subsystem" : " a subsystem" : "",
				head || e ? "" : " a gate",
				is_open ? ": its device is open" : "");
	liteio_finding_of(f, v, x, generation);
	if (!is_open)
		f->fix = "removes what is left";
}

/* ---- who goes past a head ------------------------------------------------------------------- */

static const struct liteio_doctor_device *device_at(const struct liteio_doctor_view *v, dev_t dev)
{
	for (size_t i = 0; dev && i < v->n_devices; i++)
		if (makedev(v->devices[i].dm.major, v->devices[i].dm.minor) == dev)
			return &v->devices[i];
	return NULL;
}

static void plan_bypass(const struct liteio_doctor_view *v,
			const struct liteio_nvmet_namespace *ns, struct liteio_findings *ret)
{
	const struct liteio_doctor_device *d = device_at(v, ns->dev);
	char head[LITEIO_DM_NAME_MAX + 1] = "";
	struct liteio_uuid uuid;
	uint64_t generation;
	bool is_ours = !liteio_nqn_parse(ns->nqn, &uuid, &generation);

	if (is_ours)
		liteio_dm_name(LITEIO_DM_HEAD, &uuid, generation, head);
	if (!ns->enabled || (!is_ours && !d) || (is_ours && d && !strcmp(d->dm.name, head)))
		return;
	liteio_findings_add(ret, LITEIO_CHECK_BYPASS, LITEIO_SEVERITY_ERROR, ns->nqn,
			    "the subsystem %s exports %s (%s), which goes past the gate",
			    ns->nqn, ns->device, d ? d->dm.name : "no device of ours");
}

/* ---- names ---------------------------------------------------------------------------------- */

static const struct liteio_head_state *head_at(const struct liteio_doctor_view *v,
					       const char *path)
{
	for (size_t i = 0; i < v->n_heads; i++)
		if (!strcmp(v->heads[i].path, path))
			return &v->heads[i];
	return NULL;
}

static bool has_link(const struct liteio_doctor_view *v, const char *name, const char *target)
{
	for (size_t i = 0; i < v->n_links; i++)
		if (!strcmp(v->links[i].name, name) && !strcmp(v->links[i].target, target))
			return true;
	return false;
}

static void plan_link(const struct liteio_doctor_view *v, const struct liteio_doctor_link *l,
		      struct liteio_findings *ret)
{
	const struct liteio_head_state *head = head_at(v, l->target);
	const struct liteio_doctor_volume *x;
	struct liteio_finding *f;
	struct liteio_uuid uuid;
	bool is_right;

	if (head && !liteio_uuid_parse(l->name, &uuid)) {
		is_right = liteio_uuid_equal(&uuid, &head->head.uuid);
	} else {
		x = head ? liteio_doctor_volume_of(v, &head->head.uuid) : NULL;
		is_right = x && !strcmp(x->v.name, l->name);
	}
	/* a name of an attachment leads elsewhere: said above */
	if (is_right || (head && !liteio_doctor_knows_all(v)) ||
	    liteio_findings_get(ret, LITEIO_CHECK_LINK, l->name))
		return;
	f = liteio_findings_add(ret, LITEIO_CHECK_LINK,
				head ? LITEIO_SEVERITY_ERROR : LITEIO_SEVERITY_WARNING, l->name,
				head ? "/dev/liteio/%s leads to %s, which is another volume" : "/dev/liteio/%s leads to %s, which is no attached volume",
				l->name, l->target[0] ? l->target : "nothing");
	if (head)
		f->uuid = head->head.uuid;
	f->fix = "takes it away";
}

/* an attachment of this node that is in use, or has one of its names, has both */
static void plan_names(const struct liteio_doctor_view *v, const struct liteio_doctor_att *x,
		       struct liteio_findings *ret)
{
	const struct liteio_doctor_volume *volume = liteio_doctor_volume_of(v, &x->a.volume);
	const struct liteio_head_state *head = head_of(v, &x->a.volume, x->a.generation);
	char text[LITEIO_UUID_STRLEN + 1];
	struct liteio_finding *f;
	struct liteio_uuid uuid;
	bool by_uuid, by_name;

	if (!volume || !head || x->a.state != LITEIO_CATALOG_ATT_LIVE ||
	    !(x->a.flags & LITEIO_CATALOG_ATT_LOCAL))
		return;
	liteio_uuid_format(&x->a.volume, text);
	by_uuid = has_link(v, text, head->path);
	/* there is no name that reads as a uuid, and none need lead to one that is not alone */
	by_name = by_uuid;
	if (liteio_uuid_parse(volume->v.name, &uuid) && !liteio_doctor_has_namesake(v, volume))
		by_name = has_link(v, volume->v.name, head->path);
	if ((by_uuid && by_name) || (!by_uuid && !by_name && head->dm.open_count <= 0))
		return;
	f = liteio_findings_add(ret, LITEIO_CHECK_LINK, LITEIO_SEVERITY_WARNING,
				by_uuid ? volume->v.name : text,
				"/dev/liteio/%s does not lead to %s, where volume %s is",
				by_uuid ? volume->v.name : text, head->path, volume->v.name);
	liteio_finding_of(f, v, volume, x->a.generation);
	f->fix = "has it lead there";
}

void liteio_doctor_plan_heads(const struct liteio_doctor_view *v, struct liteio_findings *ret)
{
	for (size_t i = 0; i < v->n_namespaces; i++)
		plan_bypass(v, &v->namespaces[i], ret);
	if (liteio_doctor_is_blind(v, "device-mapper"))
		return;
	for (size_t i = 0; i < v->n_atts; i++)
		plan_live(v, &v->atts[i], ret);
	for (size_t i = 0; i < v->n_heads; i++)
		if (!v->heads[i].head.remote)
			plan_remains(v, &v->heads[i].head.uuid, v->heads[i].head.generation, ret);
	for (size_t i = 0; i < v->n_exports; i++)
		plan_remains(v, &v->exports[i].uuid, v->exports[i].generation, ret);
	for (size_t i = 0; i < v->n_reg_atts; i++)
		plan_remains(v, &v->reg_atts[i].uuid, v->reg_atts[i].generation, ret);
	if (liteio_doctor_is_blind(v, "links"))
		return;
	for (size_t i = 0; i < v->n_atts; i++)
		plan_names(v, &v->atts[i], ret);
	for (size_t i = 0; i < v->n_links; i++)
		plan_link(v, &v->links[i], ret);
}
