/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volume: the resource, as C. The schema is deploy/crds/volumes.yaml; a test holds both together.
 *
 * Who writes what. Every field has exactly one writer, which is what the attachment protocol stands
 * on.
 *
 *   spec.sizeBytes class position     the creator (CSI, or a user with kubectl); immutable but for
 *   preferredNode nodeSelector        sizeBytes, which only grows
 *   poolSelector source fsType
 *   spec.limits                       the creator or an admin; may change at any time
 *   spec.attachments[]                "want": the consumers that should have the volume (CSI);
 *                                     keyed by node
 *   spec.placement                    controller: the pool the volume lives on; set once, together
 *                                     with the finalizer and the label liteio.io/node
 *   spec.nextGeneration               controller: the next generation to give, only grows
 *   spec.grants[]                     controller: generations given; keyed by generation
 *   spec.fenceBelow                   controller: every generation below must be fenced; only grows
 *   spec.fenceGenerations[]           controller: single generations that must be fenced
 *   status.node.*                     the pool node's agent: observations, each tagged with the
 *                                     generation or floor it was made for
 *   status.conditions[]               keyed by type, one writer per type: Placed and Granted
 *                                     (controller), Ready and Fencing (agent of the pool node)
 *   metadata.finalizers               controller adds ours when it places, agent removes it when
 *                                     the volume is gone from the pool
 *
 * How it is written. Spec and metadata: JSON merge patch with the resourceVersion of what was read
 * (meta.h), by every writer, CSI included: it is one compare-and-swap of the whole object, so "no
 * other grant is left" and "give this generation" are one atomic step (controller/attach.h), and
 * two publishes at a time can not lose each other's want. Server-side apply would: one manager's
 * apply drops the list items it does not repeat, and it would make a deleted object again. Status:
 * server-side apply, because conditions have two writers, with one manager per writer, and with
 * the resourceVersion too: a report is about the spec as stored or it is refused, which also
 * refuses the late write of an agent that was replaced meanwhile.
 *
 * What can go wrong, and what stops it.
 *
 *   A generation is used twice:  the uuid in NQNs and in the catalog is metadata.uid, so an object
 *   made again under its old name starts with new ones. Within an object the schema refuses a
 *   grant that is neither an old one unchanged nor at or above the old nextGeneration. When the
 *   API server's store was restored from a backup, nextGeneration may be behind what the disks
 *   know: the agent reports the catalog's floor, the controller continues from there (attach.h),
 *   and the catalog refuses a generation below its floor whatever the API says.
 *   A fence is believed too early:  the agent reports fencedBelow only from a fence that answered
 *   "drained" in this very process for this floor; the catalog is written before the kernel is
 *   told. The schema refuses to drop a grant that status does not cover, and to lower what was
 *   reported.
 *   An old agent writes:  refused by its resourceVersion; what it still does to the kernel is
 *   refused by the kernel's floor.
 *   An empty volume takes the place of a lost one:  created, once reported, never goes back, and no
 *   grant is given before it was reported. An agent that finds created set and no such volume in
 *   the catalog reports the loss and makes nothing.
 *   An object disappears (finalizer removed by force, label edited):  never a reason to touch
 *   data; a volume is deleted only when its deletionTimestamp was seen, no grant is left, and the
 *   catalog's record has this uuid.
 */
#ifndef LITEIO_MODEL_VOLUME_H
#define LITEIO_MODEL_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/uuid.h"
#include "model/condition.h"
#include "model/limits.h"
#include "model/meta.h"

#define LITEIO_GENERATION_MAX ((1ull << 48) - 1)
#define LITEIO_VOLUME_SIZE_MIN (4ull << 20)
#define LITEIO_VOLUME_SIZE_MAX (1ull << 50)
#define LITEIO_VOLUME_SIZE_ALIGN (1ull << 20)
#define LITEIO_VOLUME_ATTACHMENTS_MAX 16
#define LITEIO_VOLUME_EXPORTS_MAX 32
#define LITEIO_VOLUME_REASON_MAX 255

#define LITEIO_VOLUME_FINALIZER "liteio.io/volume"

/**
 * enum liteio_volume_class - where the space of a volume comes from
 * @LITEIO_VOLUME_THIN: shared, as it is written; may run out
 * @LITEIO_VOLUME_RESERVED: its whole size is held back
 * @LITEIO_VOLUME_LINEAR: fixed ranges of the disk; no snapshots
 * @LITEIO_VOLUME_CLASS_NR: how many
 */
enum liteio_volume_class {
	LITEIO_VOLUME_THIN,
	LITEIO_VOLUME_RESERVED,
	LITEIO_VOLUME_LINEAR,
	LITEIO_VOLUME_CLASS_NR,
};

/* position advice: where the data should be, seen from the consumer */
enum liteio_position {
	LITEIO_POSITION_PREFER_LOCAL,
	LITEIO_POSITION_MUST_LOCAL,
	LITEIO_POSITION_PREFER_REMOTE,
	LITEIO_POSITION_MUST_REMOTE,
};

/* one consumer that should have the volume (want) */
struct liteio_want {
	char *node;
	bool read_only;
};

/**
 * struct liteio_grant - one generation given to one consumer
 * @generation: never used twice for a volume
 * @node: the consumer
 * @host_nqn: the consumer's, copied from its StorageNode, for the export's host list; NULL when the
 *            consumer is the pool node
 * @read_only: the head refuses writes
 */
struct liteio_grant {
	uint64_t generation;
	char *node;
	char *host_nqn;
	bool read_only;
};

/* one exact generation that is fenced while older and newer ones go on */
struct liteio_fence_gen {
	uint64_t generation;
};

/**
 * struct liteio_placement - where a volume or snapshot lives
 * @node: StorageNode; NULL: not placed yet
 * @pool: StoragePool object
 * @source_uuid: metadata.uid of what it is made from (the Snapshot a volume is restored from, the
 *               Volume a snapshot is taken of), null when nothing: another object that takes the
 *               name meanwhile is not meant
 */
struct liteio_placement {
	char *node;
	char *pool;
	struct liteio_uuid source_uuid;
};

/* what a new volume is filled from; NULL means empty */
struct liteio_volume_source {
	char *snapshot; /* Snapshot object */
};

struct liteio_volume_spec {
	uint64_t size_bytes;
	int volume_class; /* enum liteio_volume_class */
	int position; /* enum liteio_position */
	char *preferred_node; /* the consumer the position advice is about; NULL: unknown */
	struct liteio_json *node_selector; /* labels a pool's node must have */
	struct liteio_json *pool_selector; /* labels a pool must have */
	struct liteio_volume_source source;
	char *fs_type; /* informational */
	struct liteio_limits limits;

	struct liteio_want *attachments;
	size_t n_attachments;

	struct liteio_placement placement;
	uint64_t next_generation; /* at least 1 */
	struct liteio_grant *grants;
	size_t n_grants;
	uint64_t fence_below;
	struct liteio_fence_gen *fence_gens;
	size_t n_fence_gens;
};

/**
 * struct liteio_export_status - an attachment as the pool node's agent sees it
 * @generation: the grant it was made for
 * @node: the consumer; NULL when no grant of that generation is left
 * @ready: the gate is open and, for a remote consumer, the export is linked to the port
 * @local: consumer and pool node are the same: no export, the consumer opens the head itself
 * @nqn: subsystem, remote only
 * @addresses: "192.0.2.1:4420" or "[2001:db8::1]:4420", remote only
 * @n_addresses: how many
 */
struct liteio_export_status {
	uint64_t generation;
	char *node;
	bool ready;
	bool local;
	char *nqn;
	char **addresses;
	size_t n_addresses;
};

/**
 * struct liteio_volume_observed - status.node: written only by the pool node's agent
 * @size_bytes: what the volume has now, on the pool and at its exports
 * @allocated_bytes: blocks in use
 * @fenced_below: floor that is persisted in the catalog, raised in the kernel, and drained
 * @fenced_gens: exact generations fenced and drained
 * @n_fenced_gens: how many
 * @exports: live attachments
 * @n_exports: how many
 * @created: the volume exists in the pool's catalog; never goes back
 * @limits: as the pool's catalog has them
 * @limits_not_in_force: why the pool node's kernel does not hold them, a sentence; NULL when it
 *	does
 */
struct liteio_volume_observed {
	bool created;
	uint64_t size_bytes;
	uint64_t allocated_bytes;
	uint64_t fenced_below;
	struct liteio_fence_gen *fenced_gens;
	size_t n_fenced_gens;
	struct liteio_export_status *exports;
	size_t n_exports;
	struct liteio_limits limits;
	char *limits_not_in_force;
};

struct liteio_volume_status {
	struct liteio_volume_observed node;
	struct liteio_condition *conditions;
	size_t n_conditions;
};

/**
 * struct liteio_volume - a Volume object
 * @meta: name (also the CSI volume id and the name in the pool's catalog), uuid, ...
 * @spec: what is wanted
 * @status: what is
 */
struct liteio_volume {
	struct liteio_meta meta;
	struct liteio_volume_spec spec;
	struct liteio_volume_status status;
};

/* JSON table of struct liteio_volume_spec, for partial objects and for schema tests */
extern const struct liteio_field liteio_volume_spec_fields[];
extern const struct liteio_field liteio_volume_observed_fields[];
extern const struct liteio_field liteio_volume_status_fields[];
extern const struct liteio_field liteio_want_fields[];
extern const struct liteio_field liteio_grant_fields[];
extern const struct liteio_field liteio_fence_gen_fields[];
extern const struct liteio_field liteio_placement_fields[];
extern const char *const liteio_volume_class_names[];
extern const char *const liteio_position_names[];

/**
 * liteio_volume_parse() - an API object as a struct
 * @j: the object as the API server sent it
 * @ret: filled in on success, released with liteio_volume_fini()
 * @err: the field that is wrong
 *
 * Unknown fields are ignored (a newer schema may have more). Pure. Return: 0 or -EINVAL.
 */
int liteio_volume_parse(const struct liteio_json *j, struct liteio_volume *ret,
			struct liteio_error *err);
void liteio_volume_fini(struct liteio_volume *v);

/* the grant of a node or of a generation, or NULL */
const struct liteio_grant *liteio_volume_grant_of(const struct liteio_volume *v, const char *node);
const struct liteio_grant *liteio_volume_grant(const struct liteio_volume *v, uint64_t generation);
const struct liteio_want *liteio_volume_want(const struct liteio_volume *v, const char *node);
const struct liteio_export_status *liteio_volume_export(const struct liteio_volume *v,
							uint64_t generation);
/* the controller has asked for the fence of this generation, by floor or by itself */
bool liteio_volume_fence_asked(const struct liteio_volume *v, uint64_t generation);
/* the agent's report covers the fence of this generation: persisted, in the kernel, drained */
bool liteio_volume_is_fenced(const struct liteio_volume *v, uint64_t generation);

/* "nqn.2026-11.io.liteio:<uuid>:<generation>", in new memory */
char *liteio_volume_nqn(const struct liteio_uuid *uuid, uint64_t generation);

#endif
