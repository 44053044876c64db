// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What does not fit together: device-mapper devices, but for what heads are about.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "agent/doctor_plan.h"
#include "base/str.h"

/**
 * struct named - a device, and what its name says
 * @d: the device
 * @role: what it is for
 * @uuid: of its volume, or pool
 * @generation: of a head
 */
struct named {
	const struct liteio_doctor_device *d;
	enum liteio_dm_role role;
	struct liteio_uuid uuid;
	uint64_t generation;
};

static bool is_of_pool(enum liteio_dm_role role)
{
	return role != LITEIO_DM_THIN && role != LITEIO_DM_LINEAR && role != LITEIO_DM_HEAD &&
	       role != LITEIO_DM_REMOTE;
}

static void plan_suspended(const struct liteio_doctor_view *v, const struct named *x,
			   struct liteio_findings *ret)
{
	const struct liteio_doctor_volume *volume;
	struct liteio_finding *f;

	if (!x->d->dm.suspended || !(x->d->dm.live_table || x->d->dm.inactive_table))
		return;
	f = liteio_findings_add(ret, LITEIO_CHECK_SUSPENDED, LITEIO_SEVERITY_ERROR, x->d->dm.name,
				"%s is suspended: whoever writes there waits%s", x->d->dm.name,
				is_of_pool(x->role) ? "; an agent that starts resumes it" : "");
	if (is_of_pool(x->role))
		return;
	f->fix = "resumes it";
	f->uuid = x->uuid;
	volume = liteio_doctor_volume_of(v, &x->uuid);
	if (volume)
		liteio_finding_of(f, v, volume, x->generation);
}

/* ---- devices of pools ----------------------------------------------------------------------- */

static void plan_pool_device(const struct liteio_doctor_view *v, const struct named *x,
			     struct liteio_findings *ret)
{
	char uuid[LITEIO_UUID_STRLEN + 1];

	if (liteio_doctor_pool_of(v, &x->uuid) || liteio_doctor_is_blind(v, "pools"))
		return;
	liteio_uuid_format(&x->uuid, uuid);
	liteio_findings_add(ret, LITEIO_CHECK_POOL_CLOSED, LITEIO_SEVERITY_ERROR, uuid,
			    "the kernel has devices of pool %s, which is not open here", uuid);
}

/* the thin pool, by its number; NULL when it is of no open pool */
static const struct liteio_doctor_pool *pool_below(const struct liteio_doctor_view *v, dev_t dev)
{
	for (size_t i = 0; i < v->n_devices; i++) {
		const struct liteio_dm_info *dm = &v->devices[i].dm;
		enum liteio_dm_role role;
		struct liteio_uuid uuid;
		uint64_t generation;

		if (makedev(dm->major, dm->minor) == dev &&
		    !liteio_dm_name_parse(dm->name, &role, &uuid, &generation) &&
		    (role == LITEIO_DM_POOL || role == LITEIO_DM_RPOOL))
			return liteio_doctor_pool_of(v, &uuid);
	}
	return NULL;
}

/* ---- devices of volumes --------------------------------------------------------------------- */

/* nobody's, whoever may come: all pools are open, or it stands on one that is */
static bool is_nobodys(const struct liteio_doctor_view *v, const struct named *x)
{
	if (liteio_doctor_volume_of(v, &x->uuid) || liteio_doctor_is_blind(v, "pools"))
		return false;
	if (x->role == LITEIO_DM_THIN && x->d->lower)
		return pool_below(v, x->d->lower);
	return liteio_doctor_knows_all(v);
}

static void plan_remains(const struct named *x, struct liteio_findings *ret)
{
	struct liteio_finding *f;

	f = liteio_findings_add(ret, LITEIO_CHECK_DEVICE_REMAINS, LITEIO_SEVERITY_WARNING,
				x->d->dm.name, "%s is of a volume that no pool has%s",
				x->d->dm.name, x->d->dm.open_count > 0 ? "; it is open" : "");
	f->uuid = x->uuid;
	if (x->d->dm.open_count <= 0)
		f->fix = "removes it";
}

/* "" when it is what the catalog says */
static const char *what_differs(const struct liteio_doctor_view *v, const struct named *x,
				const struct liteio_doctor_volume *volume)
{
	const struct liteio_uuid *pool = &v->pools[volume->pool].info.uuid;
	const struct liteio_doctor_pool *below;

	if (!x->d->dm.live_table)
		return "";
	if (x->role == LITEIO_DM_LINEAR)
		return x->d->size_bytes == volume->v.size_bytes ? "" : "another size";
	if (strcmp(x->d->type, "thin") != 0)
		return "another target";
	if (x->d->thin_id != volume->v.thin_id)
		return "another thin id";
	below = pool_below(v, x->d->lower);
	if (!below || !liteio_uuid_equal(&below->info.uuid, pool))
		return "another pool below";
	/* longer it may be: its head is as long as the volume */
	return x->d->size_bytes >= volume->v.size_bytes ? "" : "another size";
}

static void plan_volume_device(const struct liteio_doctor_view *v, const struct named *x,
			       struct liteio_findings *ret)
{
	const struct liteio_doctor_volume *volume = liteio_doctor_volume_of(v, &x->uuid);
	struct liteio_finding *f;
	const char *what;

	if (is_nobodys(v, x)) {
		plan_remains(x, ret);
		return;
	}
	if (!volume || volume->v.state != LITEIO_CATALOG_READY || v->pools[volume->pool].repairs)
		return;
	what = what_differs(v, x, volume);
	if (!what[0])
		return;
	f = liteio_findings_add(ret, LITEIO_CHECK_DEVICE, LITEIO_SEVERITY_ERROR, x->d->dm.name,
				"%s of %s has %s than the catalog says", x->d->dm.name,
				volume->v.name, what);
	liteio_finding_of(f, v, volume, 0);
	if (x->d->dm.open_count <= 0)
		f->fix = "gives it the table that the catalog says";
}

static void plan_device(const struct liteio_doctor_view *v, const struct liteio_doctor_device *d,
			struct liteio_findings *ret)
{
	struct named x = { .d = d };

	if (liteio_dm_name_parse(d->dm.name, &x.role, &x.uuid, &x.generation))
		return;
	plan_suspended(v, &x, ret);
	if (is_of_pool(x.role))
		plan_pool_device(v, &x, ret);
	else if (x.role == LITEIO_DM_THIN || x.role == LITEIO_DM_LINEAR)
		plan_volume_device(v, &x, ret);
	else if (x.role == LITEIO_DM_HEAD && is_nobodys(v, &x))
		plan_remains(&x, ret);
}

void liteio_doctor_plan_devices(const struct liteio_doctor_view *v, struct liteio_findings *ret)
{
	for (size_t i = 0; i < v->n_devices; i++)
		plan_device(v, &v->devices[i], ret);
}
