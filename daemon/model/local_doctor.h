/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's local API, what does not fit together: requests and answers, as in local.h.
 *
 * What should be is in the catalogs, what is in device-mapper, the module and the NVMe target. A
 * finding is one place where both differ, or that needs somebody to look at it.
 */
#ifndef LITEIO_MODEL_LOCAL_DOCTOR_H
#define LITEIO_MODEL_LOCAL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

#define LITEIO_LOCAL_FINDING_OBJECT_MAX 255

/**
 * enum liteio_local_check - what is looked at; the object is in brackets
 * @LITEIO_CHECK_LOOK: a part of this node can not be looked at: nothing is said about it (part)
 * @LITEIO_CHECK_BUSY: an operation is under way: what there is to be said is said after it (volume)
 * @LITEIO_CHECK_JOBS: operations do not come back (node)
 * @LITEIO_CHECK_CONFIG: a key has another value in the configuration than in the agent (key)
 * @LITEIO_CHECK_DOOR: no remote consumer is let in (node)
 * @LITEIO_CHECK_MODULE: the module is not loaded, or another one than is installed (liteio)
 * @LITEIO_CHECK_POOL_MISSING: a known pool is not open (pool)
 * @LITEIO_CHECK_POOL_CLOSED: the kernel has devices of a pool that is not open (pool uuid)
 * @LITEIO_CHECK_POOL_FOUND: a disk carries a pool that is not open, or a second time (device)
 * @LITEIO_CHECK_POOL_STATE: a pool can not do everything (pool)
 * @LITEIO_CHECK_POOL_FILL: a pool runs out of thin blocks (pool)
 * @LITEIO_CHECK_CATALOG_FILL: a catalog runs out of room (pool)
 * @LITEIO_CHECK_CATALOG_COPY: one of the two catalog slots is damaged, or both are old (pool)
 * @LITEIO_CHECK_LABEL_COPY: one of the labels is not as it should be (pool)
 * @LITEIO_CHECK_DELETION: what was deleted gives no space back (pool)
 * @LITEIO_CHECK_THIN_STRAY: a thin device that no record has (pool/id, pool/reserve/id)
 * @LITEIO_CHECK_THIN_LOST: a record whose thin device is not there (uuid of volume or snapshot)
 * @LITEIO_CHECK_GROUP: what is left of a group of snapshots that was not finished (pool/group uuid)
 * @LITEIO_CHECK_SUSPENDED: a device holds its I/O (device)
 * @LITEIO_CHECK_DEVICE_REMAINS: a device of a volume that no catalog has (device)
 * @LITEIO_CHECK_DEVICE: a volume's device is not what the catalog says (device)
 * @LITEIO_CHECK_FLOOR: the kernel lets in generations that the catalog has ended (volume)
 * @LITEIO_CHECK_FLOOR_AHEAD: the kernel keeps out generations that the catalog allows (volume)
 * @LITEIO_CHECK_FENCED: the gate of a generation that has ended is open (volume/generation)
 * @LITEIO_CHECK_LIMITS: the kernel does not hold the limits of a volume (volume)
 * @LITEIO_CHECK_REGISTRY: the kernel knows a volume that nobody has, or is deleted (volume uuid)
 * @LITEIO_CHECK_HEAD_MISSING: a live attachment has no head (volume/generation)
 * @LITEIO_CHECK_HEAD: a head is not what the catalog says (volume/generation)
 * @LITEIO_CHECK_HEAD_PLAIN: a head has no gate although there is the module (volume/generation)
 * @LITEIO_CHECK_REMAINS: what an ended generation has left (volume/generation)
 * @LITEIO_CHECK_EXPORT: a live attachment can not be reached (volume/generation)
 * @LITEIO_CHECK_BYPASS: a subsystem exports something else than a head of its own (nqn)
 * @LITEIO_CHECK_LINK: a name in /dev/liteio leads nowhere, or elsewhere (name)
 * @LITEIO_CHECK_NAME_TWICE: two pools have a volume, or a snapshot, of one name (volume/name,
 *	snapshot/name)
 * @LITEIO_CHECK_NR: how many
 */
enum liteio_local_check {
	LITEIO_CHECK_LOOK,
	LITEIO_CHECK_BUSY,
	LITEIO_CHECK_JOBS,
	LITEIO_CHECK_CONFIG,
	LITEIO_CHECK_DOOR,
	LITEIO_CHECK_MODULE,
	LITEIO_CHECK_POOL_MISSING,
	LITEIO_CHECK_POOL_CLOSED,
	LITEIO_CHECK_POOL_FOUND,
	LITEIO_CHECK_POOL_STATE,
	LITEIO_CHECK_POOL_FILL,
	LITEIO_CHECK_CATALOG_FILL,
	LITEIO_CHECK_CATALOG_COPY,
	LITEIO_CHECK_LABEL_COPY,
	LITEIO_CHECK_DELETION,
	LITEIO_CHECK_THIN_STRAY,
	LITEIO_CHECK_THIN_LOST,
	LITEIO_CHECK_GROUP,
	LITEIO_CHECK_SUSPENDED,
	LITEIO_CHECK_DEVICE_REMAINS,
	LITEIO_CHECK_DEVICE,
	LITEIO_CHECK_FLOOR,
	LITEIO_CHECK_FLOOR_AHEAD,
	LITEIO_CHECK_FENCED,
	LITEIO_CHECK_LIMITS,
	LITEIO_CHECK_REGISTRY,
	LITEIO_CHECK_HEAD_MISSING,
	LITEIO_CHECK_HEAD,
	LITEIO_CHECK_HEAD_PLAIN,
	LITEIO_CHECK_REMAINS,
	LITEIO_CHECK_EXPORT,
	LITEIO_CHECK_BYPASS,
	LITEIO_CHECK_LINK,
	LITEIO_CHECK_NAME_TWICE,
	LITEIO_CHECK_NR,
};

/* "look", "poolMissing", ...; NULL-terminated */
extern const char *const liteio_local_check_names[];

/**
 * enum liteio_local_severity - how bad it is
 * @LITEIO_SEVERITY_INFO: good to know
 * @LITEIO_SEVERITY_WARNING: nobody is harmed yet
 * @LITEIO_SEVERITY_ERROR: somebody's I/O or data is at stake, or what was promised is not kept
 */
enum liteio_local_severity {
	LITEIO_SEVERITY_INFO,
	LITEIO_SEVERITY_WARNING,
	LITEIO_SEVERITY_ERROR,
};

/* "info", "warning", "error"; NULL-terminated */
extern const char *const liteio_local_severity_names[];

/**
 * struct liteio_local_finding - one of the answer of GET /v1/doctor
 * @check: enum liteio_local_check
 * @object: what it is about; which kind of object, the check says
 * @pool: name of the pool, NULL when it is about none
 * @severity: enum liteio_local_severity
 * @sentence: what is wrong
 * @fix: what POST /v1/doctor/fix does about it, a sentence; NULL when that is for people to do
 */
struct liteio_local_finding {
	int check;
	char *object;
	char *pool;
	int severity;
	char *sentence;
	char *fix;
};

/* the worst first */
struct liteio_local_finding_list {
	struct liteio_local_finding *items;
	size_t n_items;
};

/**
 * struct liteio_local_doctor_fix - POST /v1/doctor/fix
 * @check: enum liteio_local_check, of a finding
 * @object: of the same finding
 */
struct liteio_local_doctor_fix {
	int check;
	char *object;
};

/**
 * struct liteio_local_doctor_fixed - answer of POST /v1/doctor/fix
 * @check: as it was asked for
 * @object: as it was asked for
 * @fixed: something was done; false: there is nothing to mend any more
 * @sentence: what was wrong
 */
struct liteio_local_doctor_fixed {
	int check;
	char *object;
	bool fixed;
	char *sentence;
};

extern const struct liteio_field liteio_local_finding_list_fields[];
extern const struct liteio_field liteio_local_doctor_fix_fields[];
extern const struct liteio_field liteio_local_doctor_fixed_fields[];

#endif
