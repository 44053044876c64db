/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What does not fit together: from what was seen to findings. Pure: arrays in, findings out.
 *
 * A view is what doctor_look.c has seen, at moments that are not one: an operation that is under
 * way in between looks like an inconsistency. Who wants to believe a finding looks again while
 * nobody else works on its object (doctor.c).
 */
#ifndef LITEIO_AGENT_DOCTOR_PLAN_H
#define LITEIO_AGENT_DOCTOR_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "host/dm.h"
#include "host/head.h"
#include "host/netlink.h"
#include "host/nvmet.h"
#include "model/local_doctor.h"
#include "pool/copies.h"
#include "pool/ids.h"
#include "pool/pool.h"

/* "<volume>/<generation>", or a subsystem's name */
#define LITEIO_FINDING_OBJECT_MAX 256

/**
 * struct liteio_finding - one place where something is wrong
 * @check: which check has found it
 * @severity: how bad it is
 * @object: what it is about, as enum liteio_local_check says
 * @pool: name of the pool, "" for none
 * @uuid: of the volume that must be locked to look again, null for none
 * @generation: of the attachment, 0 for none
 * @sentence: what is wrong
 * @fix: what can be done about it here, NULL when nothing can; a constant
 */
struct liteio_finding {
	enum liteio_local_check check;
	enum liteio_local_severity severity;
	char object[LITEIO_FINDING_OBJECT_MAX];
	char pool[LITEIO_ONDISK_NAME];
	struct liteio_uuid uuid;
	uint64_t generation;
	char sentence[512];
	const char *fix;
};

/**
 * struct liteio_doctor_pool - an open pool
 * @info: as it says itself
 * @copies: what is on its disks
 * @looked: @copies is known
 * @ids: what its catalog and its thin pools do not agree about
 * @repairs: its metadata are being repaired: nothing is said about its devices
 * @reclaims: somebody gives space of what was deleted back
 */
struct liteio_doctor_pool {
	struct liteio_pool_info info;
	struct liteio_pool_copies copies;
	bool looked;
	struct liteio_pool_ids ids;
	bool repairs;
	bool reclaims;
};

/* a volume or snapshot of a catalog; @pool: index of its pool */
struct liteio_doctor_volume {
	struct liteio_catalog_volume v;
	size_t pool;
};

/* an attachment of a catalog, in the same order as everywhere: by volume and generation */
struct liteio_doctor_att {
	struct liteio_catalog_attachment a;
	size_t pool;
};

/**
 * struct liteio_doctor_device - a device of ours, heads included
 * @dm: the device
 * @type: of its only target, "" when it has another number of them
 * @lower: of a thin device, its pool; of others 0
 * @thin_id: of a thin device
 * @size_bytes: of its table
 * @path: "/dev/dm-7"
 */
struct liteio_doctor_device {
	struct liteio_dm_info dm;
	char type[32];
	dev_t lower;
	uint64_t thin_id;
	uint64_t size_bytes;
	char path[LITEIO_DM_PATH_MAX];
};

/**
 * struct liteio_doctor_link - a name in /dev/liteio
 * @name: the name
 * @target: where it leads, "" when nobody can tell; "/dev/dm-7"
 */
struct liteio_doctor_link {
	char name[LITEIO_ONDISK_NAME];
	char target[LITEIO_DM_PATH_MAX];
};

/**
 * struct liteio_doctor_word - something that has a name, and what there is to say
 * @name: a key, a part that can not be looked at
 * @what: the rest: a sentence, or ""
 */
struct liteio_doctor_word {
	char name[LITEIO_ONDISK_NAME];
	char what[512];
};

/**
 * struct liteio_doctor_missing - a known pool that is not open
 * @name: of the pool
 * @uuid: of the pool
 * @remote: other nodes have had volumes of it
 * @held_back: it is there, and has what another pool has (liteio_known_hold_back())
 */
struct liteio_doctor_missing {
	char name[LITEIO_ONDISK_NAME];
	struct liteio_uuid uuid;
	bool remote;
	bool held_back;
};

/**
 * struct liteio_doctor_group - of a group of snapshots that was not finished (groups.h)
 * @group: its name
 * @pool: the uuid of a pool that has, or had, some of them
 * @n: how many
 */
struct liteio_doctor_group {
	struct liteio_uuid group;
	struct liteio_uuid pool;
	size_t n;
};

/* a disk with a label of ours; @in_use: it is one that an open pool is on */
struct liteio_doctor_found {
	struct liteio_pool_found f;
	bool in_use;
};

/*
 * struct liteio_doctor_view - all that was seen; of each array there is its length
 * @blind: parts that can not be looked at: nothing is said about them. The names are
 *	"device-mapper", "module", "exports", "links", "disks", "pools", "snapshot groups": one of
 *	them here means that its array is empty for want of knowledge
 * @pools: open pools
 * @volumes: of all of them, sorted by uuid
 * @atts: of all of them, sorted by volume and generation
 * @devices: device-mapper devices of ours
 * @heads: those of them that are heads
 * @has_module: the module is loaded
 * @has_limits: it has limits
 * @module: why the loaded one is not the one that it should be, "" for no reason
 * @reg_volumes: the registry, sorted by uuid
 * @reg_atts: the registry's attachments
 * @exports: subsystems of ours
 * @n_listen: so many addresses are configured for remote consumers
 * @namespaces: of every subsystem, whoever made it
 * @links: names in /dev/liteio
 * @found: disks with a label of ours
 * @missing: known pools that are not open
 * @groups: what is left of groups of snapshots that nobody is about to take
 * @config: keys whose value can change only when the agent starts
 * @door: why no remote consumer is let in, "" when they are
 * @stuck: so many jobs do not come back
 *
 * Empty arrays may be NULL. Released with liteio_doctor_view_fini() where it came from.
 */
struct liteio_doctor_view {
	struct liteio_doctor_word *blind;
	size_t n_blind;
	struct liteio_doctor_pool *pools;
	size_t n_pools;
	struct liteio_doctor_volume *volumes;
	size_t n_volumes;
	struct liteio_doctor_att *atts;
	size_t n_atts;
	struct liteio_doctor_device *devices;
	size_t n_devices;
	struct liteio_head_state *heads;
	size_t n_heads;
	bool has_module;
	bool has_limits;
	char module[256];
	struct liteio_netlink_volume *reg_volumes;
	size_t n_reg_volumes;
	struct liteio_netlink_att *reg_atts;
	size_t n_reg_atts;
	struct liteio_nvmet_export *exports;
	size_t n_exports;
	size_t n_listen;
	struct liteio_nvmet_namespace *namespaces;
	size_t n_namespaces;
	struct liteio_doctor_link *links;
	size_t n_links;
	struct liteio_doctor_found *found;
	size_t n_found;
	struct liteio_doctor_missing *missing;
	size_t n_missing;
	struct liteio_doctor_group *groups;
	size_t n_groups;
	struct liteio_doctor_word *config;
	size_t n_config;
	char door[256];
	unsigned int stuck;
};

/**
 * struct liteio_findings - what was found
 * @items: in new memory
 * @n: how many
 */
struct liteio_findings {
	struct liteio_finding *items;
	size_t n;
};

/**
 * liteio_doctor_plan() - what does not fit together in a view
 * @view: what was seen
 * @ret: the findings, the worst first; @ret->items is freed by the caller
 *
 * Each check and object is found at most once.
 */
void liteio_doctor_plan(const struct liteio_doctor_view *view, struct liteio_findings *ret);

/* the finding with this check and object, or NULL */
const struct liteio_finding *liteio_findings_get(const struct liteio_findings *f,
						 enum liteio_local_check check, const char *object);

/* ---- the checks, by what they look at; each adds to @ret. For doctor_plan.c alone ---- */

/* doctor_plan_device.c */
void liteio_doctor_plan_devices(const struct liteio_doctor_view *v, struct liteio_findings *ret);
/* doctor_plan_gate.c: the module's registry */
void liteio_doctor_plan_gates(const struct liteio_doctor_view *v, struct liteio_findings *ret);
/* doctor_plan_head.c: heads, exports and names of attachments, and their remains */
void liteio_doctor_plan_heads(const struct liteio_doctor_view *v, struct liteio_findings *ret);
/* doctor_plan_name.c: names that two pools have */
void liteio_doctor_plan_names(const struct liteio_doctor_view *v, struct liteio_findings *ret);
/* another pool has a volume of this name, too */
bool liteio_doctor_has_namesake(const struct liteio_doctor_view *v,
				const struct liteio_doctor_volume *x);
/* a pool of this name that is open here, or known, and is not this one */
bool liteio_doctor_name_is_taken(const struct liteio_doctor_view *v, const char *pool,
				 const struct liteio_uuid *uuid);
/* doctor_plan_pool.c: pools, disks */
void liteio_doctor_plan_pools(const struct liteio_doctor_view *v, struct liteio_findings *ret);

/* what is added, zeroed; the sentence by format */
struct liteio_finding *liteio_findings_add(struct liteio_findings *f, enum liteio_local_check check,
					   enum liteio_local_severity severity, const char *object,
					   const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* every volume of this node is in the view: one that is not there is nobody's */
bool liteio_doctor_knows_all(const struct liteio_doctor_view *v);
/* the open pool with this uuid, or NULL */
const struct liteio_doctor_pool *liteio_doctor_pool_of(const struct liteio_doctor_view *v,
						       const struct liteio_uuid *uuid);
/* a finding about a generation of a volume, which is to be locked */
void liteio_finding_of(struct liteio_finding *f, const struct liteio_doctor_view *v,
		       const struct liteio_doctor_volume *volume, uint64_t generation);
/* "<volume>/<generation>" */
void liteio_finding_object(const struct liteio_doctor_volume *volume, uint64_t generation,
			   char out[LITEIO_FINDING_OBJECT_MAX]);
/* a part can not be looked at: its array says nothing */
bool liteio_doctor_is_blind(const struct liteio_doctor_view *v, const char *part);
/* the record of a volume or snapshot, or NULL; @v->volumes is sorted */
const struct liteio_doctor_volume *liteio_doctor_volume_of(const struct liteio_doctor_view *v,
							   const struct liteio_uuid *uuid);
/* the attachment in its catalog, or NULL; @v->atts is sorted */
const struct liteio_catalog_attachment *
liteio_doctor_att_of(const struct liteio_doctor_view *v, const struct liteio_uuid *uuid,
		     uint64_t generation);
/* the volume in the registry, or NULL; @v->reg_volumes is sorted */
const struct liteio_netlink_volume *liteio_doctor_reg_of(const struct liteio_doctor_view *v,
							 const struct liteio_uuid *uuid);

#endif
