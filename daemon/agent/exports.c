// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exports: from a live attachment of the catalog to a head and a subsystem, and back.
 *
 * The order up: registry, thin device, head, subsystem, link. Down: fence (the caller's), link,
 * subsystem, head, registry. A namespace is never disabled over a head that may have I/O in flight:
 * host/nvmet.h refuses, and so does liteio_export_remove().
 */
#include "agent/exports.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/ended.h"
#include "agent/gate.h"
#include "agent/limits.h"
#include "agent/places.h"
#include "agent/publish.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/block.h"
#include "host/head.h"
#include "host/kmodule.h"
#include "host/netlink.h"
#include "host/nvmet.h"
#include "model/local.h"
#include "pool/step.h"

static const struct liteio_nvmet target = LITEIO_NVMET_INIT;

static bool is_local(const struct liteio_catalog_attachment *att)
{
	return att->flags & LITEIO_CATALOG_ATT_LOCAL;
}

static bool is_read_only(const struct liteio_catalog_attachment *att)
{
	return att->flags & LITEIO_CATALOG_ATT_READ_ONLY;
}

int liteio_export_check_remote(struct liteio_agent *a, struct liteio_error *err)
{
	if (a->config.n_listen == 0)
		return liteio_error_set(err, -EOPNOTSUPP,
					"this node serves no remote consumers: no \"listen\" address is configured");
	if (!liteio_kmodule_is_loaded("liteio"))
		return liteio_error_set(err, -EOPNOTSUPP,
					"this node serves no remote consumers: the module liteio is not loaded");
	return 0;
}

bool liteio_export_is_listening(void)
{
	_cleanup_free_ struct liteio_nvmet_port *ports = NULL;
	size_t i, n = 0;

	if (liteio_nvmet_port_list(&target, &ports, &n, NULL) < 0)
		return false;
	for (i = 0; i < n; i++)
		if (ports[i].tcp && ports[i].listening)
			return true;
	return false;
}

/* a volume that can not be limited is given all the same; `volume show` says that it is not */
static void hold_limits(struct liteio_netlink *nl, struct liteio_open_pool *p,
			const struct liteio_catalog_volume *v)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_limits_hold(nl, p, &v->uuid, &err);

	if (r)
		log_warning(NULL, "volume %s: its limits do not hold: %s", v->name,
			    liteio_error_str(&err, r));
}

/*
 * a head made before the module was loaded stays what it is: its table can not be told apart from
 * another's by a generation, and it serves only this node
 */
static bool is_plain(const struct liteio_head *h)
{
	struct liteio_head_state now;

	return liteio_head_get(&h->uuid, h->generation, false, &now, NULL) == 0 && !now.head.gate;
}

/* it is there, on nothing (places.h) */
static bool is_place(const struct liteio_head *h)
{
	struct liteio_head_state now;

	return liteio_head_get(&h->uuid, h->generation, false, &now, NULL) == 0 && !now.head.lower;
}

/* nothing of it is under way, as it is where the kernel has not come back */
static int not_begun(int r)
{
	return r == -ETIMEDOUT ? -EAGAIN : r;
}

/*
 * A fence beside a loaded module waits for no lock of the volume, and what it has made of a plain
 * head, an error, would be undone here. It is written down before any head is failed: one of both
 * sees the other.
 */
static int check_plain(struct liteio_open_pool *p, const struct liteio_head *h,
		       struct liteio_error *err)
{
	int r;

	if (liteio_pool_attachment_is_live(p->engine, &h->uuid, h->generation))
		return 0;
	r = liteio_head_fail(&h->uuid, h->generation, false, err);
	return r ? r : liteio_error_set(err, -ESTALE, "it has ended meanwhile");
}

/*
 * the device below, the gate, and the head on both; @was_place may be NULL. Returns as
 * liteio_export_prepare()
 */
static int prepare_head(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			const struct liteio_catalog_attachment *att,
			char ret_path[LITEIO_DM_PATH_MAX], bool *was_place,
			struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct liteio_head h = {
		.uuid = v->uuid,
		.generation = att->generation,
		.size_bytes = v->size_bytes,
		.read_only = is_read_only(att),
		.exported = !is_local(att),
	};
	struct liteio_pool_thin thin;
	struct liteio_pool_load load;
	char path[LITEIO_DM_PATH_MAX] = "";
	int r;

	r = liteio_gate_open(&nl, err);
	if (r == 0 && nl)
		r = liteio_gate_volume(nl, &v->uuid, v->name, v->floor, err);
	if (r == 0 && nl)
		hold_limits(nl, p, v);
	if (r == 0 && nl)
		r = liteio_gate_attach(nl, &v->uuid, att->generation, att->host,
				       is_read_only(att), err);
	if (r)
		return r;
	/* one that was never used is made in the lane */
	if (v->vclass != LITEIO_CATALOG_LINEAR)
		r = liteio_pools_check_awake(p, err);
	if (r)
		return not_begun(r);
	{
		LITEIO_LANE(lane);

		r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
		if (r)
			return not_begun(r);
		r = liteio_pool_volume_prepare(p->engine, &v->uuid, &load, err);
	}
	if (r)
		return r;
	/* and again, should the lane have been waited for */
	if (load.engine)
		r = liteio_pools_check_awake(p, err);
	if (r)
		return not_begun(r);
	liteio_pools_load_begin(p);
	r = liteio_pool_volume_load(&load, &thin, err);
	liteio_pools_load_end(p);
	if (r)
		return r;
	h.lower = thin.dev;
	h.gate = !!nl;
	/* whatever the attachment may do: nothing is written into a pool that is not sound */
	h.read_only = h.read_only || thin.is_read_only;
	if (h.gate && is_local(att) && is_plain(&h))
		h.gate = false;
	if (was_place)
		*was_place = !is_local(att) && is_place(&h);
	r = liteio_head_ensure(&h, path, err);
	/*
	 * one of an agent that let discards through has a device below whose table may be loaded
	 * anew to make it longer: that takes them again until it is told not to
	 */
	if (!r && load.keeps)
		r = liteio_block_keep(path, err);
	if (ret_path)
		memcpy(ret_path, path, sizeof(path));
	return r || !nl || h.gate ? r : check_plain(p, &h, err);
}

int liteio_export_prepare(struct liteio_agent *a, struct liteio_open_pool *p,
			  const struct liteio_catalog_volume *v,
			  const struct liteio_catalog_attachment *att, struct liteio_error *err)
{
	char *hosts[1] = { (char *)att->host };
	struct liteio_nvmet_export e = {
		.uuid = v->uuid,
		.generation = att->generation,
		.host_nqns = hosts,
		.n_host_nqns = 1,
	};
	char path[LITEIO_DM_PATH_MAX];
	bool was_place = false;
	int r;

	if (!is_local(att)) {
		r = liteio_export_check_remote(a, err);
		if (!r)
			r = liteio_ended_check(a, &v->uuid, att->generation, err);
		if (r)
			return r;
	}
	r = prepare_head(p, v, att, path, &was_place, err);
	if (r)
		return liteio_error_wrap(err, r, "head of volume %s", v->name);
	if (was_place)
		liteio_step("agent-fill:head");
	if (is_local(att))
		return 0;
	r = liteio_nvmet_prepare(&target, err);
	if (r)
		return r;
	e.device = path;
	r = liteio_nvmet_create(&target, &e, err);
	if (r < 0)
		return liteio_error_wrap(err, r, "export of volume %s", v->name);
	/* with several at once its head may have been filled before an agent was killed */
	if (r)
		liteio_step("agent-fill:group");
	return 0;
}

/* forget the gate, once no head is bound to it */
static int remove_gate(const struct liteio_uuid *uuid, uint64_t generation,
		       struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	int r;

	r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	/* the volume stays: its floor is what keeps old generations out */
	return liteio_gate_detach(nl, uuid, generation, false, err);
}

/* its name goes with it, if it has it */
static int remove_head(const struct liteio_uuid *uuid, uint64_t generation,
		       struct liteio_error *err)
{
	char path[LITEIO_DM_PATH_MAX];

	if (liteio_head_path(uuid, generation, false, path, NULL) == 0 &&
	    liteio_publish_is(uuid, path))
		liteio_publish_del(uuid, path);
	return liteio_head_remove(uuid, generation, false, err);
}

int liteio_export_remove(const struct liteio_uuid *uuid, uint64_t generation, bool drained,
			 bool *ret_removed, struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	int r;

	*ret_removed = false;
	r = liteio_nvmet_stay(&target, uuid, generation, err);
	if (r)
		log_warning(NULL, "who was left behind may wait: %s", liteio_error_str(err, r));
	r = liteio_nvmet_remove(&target, uuid, generation, drained, err);
	if (r == -EBUSY && !drained)
		return 0;
	if (r)
		return r;
	if (!drained)
		return 0;
	liteio_step("agent-unexport:unlinked");
	r = remove_head(uuid, generation, err);
	if (r == -EBUSY) {
		liteio_dm_name(LITEIO_DM_HEAD, uuid, generation, name);
		return liteio_dm_remove_deferred(name, err);
	}
	if (r)
		return r;
	liteio_step("agent-unexport:head");
	r = remove_gate(uuid, generation, err);
	if (r)
		return r;
	*ret_removed = true;
	return 0;
}

/* 0, -EBUSY, or nobody knows */
static int check_not_linked(const struct liteio_uuid *uuid, uint64_t generation,
			    struct liteio_error *err)
{
	struct liteio_nvmet_export *exports = NULL;
	size_t n = 0;
	int r;

	r = liteio_nvmet_list_of(&target, uuid, &exports, &n, err);
	/* no target at all */
	if (r)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < n && !r; i++)
		if (exports[i].generation == generation && exports[i].n_port_ids)
			r = liteio_error_set(err, -EBUSY, "it can be reached");
	liteio_nvmet_exports_free(exports, n);
	return r;
}

int liteio_export_take_back(const struct liteio_uuid *uuid, uint64_t generation,
			    struct liteio_error *err)
{
	struct liteio_head_state head;
	int r;

	r = check_not_linked(uuid, generation, err);
	if (r)
		return r;
	r = liteio_head_get(uuid, generation, false, &head, err);
	if (r && r != -ENODEV)
		return r;
	if (!r && head.inflight)
		return liteio_error_set(err, -EBUSY, "I/O is under way on %s", head.path);
	r = liteio_nvmet_remove(&target, uuid, generation, true, err);
	if (!r)
		r = remove_head(uuid, generation, err);
	return r ? r : remove_gate(uuid, generation, err);
}

/*
 * A thin device has room for it: nothing but the head changes, if there is one. The volume is
 * locked, as by all who make heads or give them tables: restore, export, places, repair, doctor.
 * Who takes one off a disk that is gone (replug.c) has not locked it, and only removes it; the
 * pool, and the device below, stay as long as this one uses it
 */
static int lengthen(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		    const struct liteio_catalog_attachment *att, struct liteio_error *err)
{
	int r = 0;

	/* its suspend waits for what is under way */
	if (v->vclass != LITEIO_CATALOG_LINEAR)
		r = liteio_pools_check_awake(p, err);
	if (r)
		return r;
	/* a device of an older agent may have no room for it: that is made longer, too */
	if (v->vclass != LITEIO_CATALOG_LINEAR &&
	    liteio_head_grow(&v->uuid, att->generation, v->size_bytes, NULL) > 0)
		return 0;
	return prepare_head(p, v, att, NULL, NULL, err);
}

/* only what other nodes use has a place */
static bool has_remote(const struct liteio_catalog_attachment *atts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_local(&atts[i]))
			return true;
	}
	return false;
}

int liteio_export_resize(struct liteio_agent *a, struct liteio_open_pool *p,
			 const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	size_t i, n = 0;
	int r;

	liteio_pool_attachment_list(p->engine, &v->uuid, &atts, &n);
	/* a place that is too small would tear the end off a volume; the head tells who looks */
	r = has_remote(atts, n) ? liteio_places_keep(a, p, err) : 0;
	if (r)
		return r;
	for (i = 0; i < n; i++) {
		if (atts[i].state != LITEIO_CATALOG_ATT_LIVE)
			continue;
		/* one that has ended keeps what it has, and gets nothing new */
		if (!is_local(&atts[i]) &&
		    liteio_ended_check(a, &v->uuid, atts[i].generation, NULL) == -ESTALE)
			continue;
		r = lengthen(p, v, &atts[i], err);
		/* to who asked it is all one what has not ended in time */
		if (r == -EAGAIN)
			r = -ETIMEDOUT;
		if (r == 0 && !is_local(&atts[i]))
			r = liteio_nvmet_revalidate(&target, &v->uuid, atts[i].generation, err);
		if (r)
			return liteio_error_wrap(err, r, "generation %" PRIu64,
						 atts[i].generation);
	}
	return 0;
}

char *liteio_export_address(const char *listen)
{
	_cleanup_free_ char *host = NULL;
	uint16_t port;

	if (liteio_local_address_parse(listen, &host, &port, NULL) < 0)
		return liteio_strdup(listen);
	return liteio_strf(strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

static int compare_exports(const void *a, const void *b)
{
	const struct liteio_nvmet_export *x = a, *y = b;
	int d = memcmp(x->uuid.b, y->uuid.b, sizeof(x->uuid.b));

	if (d)
		return d;
	return x->generation < y->generation ? -1 : x->generation > y->generation;
}

static void sort_exports(struct liteio_nvmet_export *exports, size_t n)
{
	if (n)
		qsort(exports, n, sizeof(*exports), compare_exports);
}

/* linked to so many ports, and the namespace on; or NULL. @exports are sorted */
static const struct liteio_nvmet_export *
find_linked(const struct liteio_catalog_attachment *att, size_t ports,
	    const struct liteio_nvmet_export *exports, size_t n)
{
	const struct liteio_nvmet_export key = { .uuid = att->volume,
						 .generation = att->generation };
	const struct liteio_nvmet_export *e = NULL;

	if (n)
		e = bsearch(&key, exports, n, sizeof(*exports), compare_exports);
	return e && e->enabled && e->n_port_ids >= ports ? e : NULL;
}

void liteio_export_view_init(struct liteio_export_view *view, struct liteio_agent *a,
			     const struct liteio_uuid *uuid)
{
	*view = (struct liteio_export_view){ 0 };
	view->is_open = a->config.n_listen && !liteio_door_is_closed(a);
	if (!view->is_open ||
	    liteio_nvmet_list_of(&target, uuid, &view->exports, &view->n, NULL) < 0)
		return;
	sort_exports(view->exports, view->n);
}

void liteio_export_view_fini(struct liteio_export_view *view)
{
	liteio_nvmet_exports_free(view->exports, view->n);
	*view = (struct liteio_export_view){ 0 };
}

/* ports that something of ours is linked to; an address that can not be bound is not one of them */
static size_t ports_in_use(const struct liteio_nvmet_export *exports, size_t n)
{
	size_t i, most = 1;

	for (i = 0; i < n; i++)
		if (exports[i].n_port_ids > most)
			most = exports[i].n_port_ids;
	return most;
}

bool liteio_export_has_remote(struct liteio_open_pool *p)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	size_t n = 0;

	liteio_pool_attachment_list_remote(p->engine, &atts, &n);
	return n > 0;
}

static char *first_not_linked(struct liteio_agent *a, struct liteio_open_pool *p, size_t ports,
			      const struct liteio_nvmet_export *exports, size_t n)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct liteio_catalog_volume v;
	size_t i, n_atts = 0;

	liteio_pool_attachment_list_remote(p->engine, &atts, &n_atts);
	/* what was never used was never served: nobody misses it */
	for (i = 0; i < n_atts; i++)
		/* one that has ended is not waited for, though the catalog may not say so yet */
		if (!find_linked(&atts[i], ports, exports, n) &&
		    liteio_ended_check(a, &atts[i].volume, atts[i].generation, NULL) != -ESTALE &&
		    liteio_pool_volume_get(p->engine, &atts[i].volume, &v) == 0 && !v.is_unmade)
			return liteio_strf("generation %" PRIu64 " of volume %s is not restored",
					   atts[i].generation, v.name);
	return NULL;
}

bool liteio_export_all_linked(struct liteio_agent *a, char **ret_missing)
{
	struct liteio_nvmet_export *exports = NULL;
	struct liteio_open_pool **all;
	char *missing = NULL;
	size_t i, n_all, ports, n = 0;

	/* no target at all: nothing is linked */
	if (liteio_nvmet_list(&target, &exports, &n, NULL) < 0)
		n = 0;
	sort_exports(exports, n);
	ports = ports_in_use(exports, n);
	liteio_pools_all(a->pools, &all, &n_all);
	for (i = 0; i < n_all && !missing; i++)
		missing = first_not_linked(a, all[i], ports, exports, n);
	liteio_pools_put_all(a->pools, all, n_all);
	liteio_nvmet_exports_free(exports, n);
	if (missing)
		*ret_missing = missing;
	return !missing;
}

/* on every configured address, nobody is kept out, and nobody has to wait */
static bool is_reachable(struct liteio_agent *a, const struct liteio_export_view *view,
			 const struct liteio_catalog_attachment *att)
{
	const struct liteio_nvmet_export *e =
		find_linked(att, a->config.n_listen, view->exports, view->n);

	return view->is_open && e && !e->waits;
}

int liteio_export_show(struct liteio_agent *a, const struct liteio_export_view *view,
		       const struct liteio_catalog_volume *v,
		       const struct liteio_catalog_attachment *att, struct liteio_local_export *ret,
		       struct liteio_error *err)
{
	struct liteio_head_state head;
	bool open;
	size_t i;
	int r;

	r = liteio_head_get(&v->uuid, att->generation, false, &head, err);
	if (r < 0 && r != -ENODEV)
		return r;
	open = r == 0 && !head.fenced;
	ret->volume = liteio_strdup(v->name);
	ret->uuid = v->uuid;
	ret->generation = att->generation;
	ret->read_only = is_read_only(att);
	ret->local = is_local(att);
	ret->device = r == 0 ? liteio_strdup(head.path) : NULL;
	ret->ready = open && (ret->local || is_reachable(a, view, att));
	if (ret->local)
		return 0;
	ret->nqn = liteio_volume_nqn(&v->uuid, att->generation);
	ret->host_nqn = liteio_strdup(att->host);
	ret->addresses = liteio_calloc(a->config.n_listen + 1, sizeof(*ret->addresses));
	ret->n_addresses = a->config.n_listen;
	for (i = 0; i < a->config.n_listen; i++)
		ret->addresses[i] = liteio_export_address(a->config.listen[i]);
	return 0;
}
