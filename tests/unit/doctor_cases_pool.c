// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be wrong with pools and disks, and what the doctor finds then:
 * cases for daemon/agent/doctor_plan_pool.c.
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "doctor_node.h"

static void missing(struct doctor_node *n)
{
	snprintf(n->missing[0].name, sizeof(n->missing[0].name), "cold");
	n->missing[0].uuid = doctor_uuid(STRANGER);
	n->v.n_missing = 1;
	/* its disk, and what the kernel has of unknown volumes, is said with it, or not at all */
	n->found[1].f.label.pool_uuid = doctor_uuid(STRANGER);
	n->v.n_found = 2;
	n->regs[2] = (struct liteio_netlink_volume){ .uuid = doctor_uuid(STRANGER), .floor = 3 };
	n->v.n_reg_volumes = 3;
}

static void missing_held_back(struct doctor_node *n)
{
	missing(n);
	n->missing[0].held_back = true;
}

static void missing_remote(struct doctor_node *n)
{
	missing(n);
	n->missing[0].remote = true;
}

static void found_other(struct doctor_node *n)
{
	snprintf(n->found[1].f.device, sizeof(n->found[1].f.device), "/dev/vdc");
	n->found[1].f.label.pool_uuid = doctor_uuid(STRANGER);
	n->v.n_found = 2;
}

static void found_exported(struct doctor_node *n)
{
	found_other(n);
	n->found[1].f.label.exported = true;
}

static void found_copy(struct doctor_node *n)
{
	found_other(n);
	n->found[1].f.label.pool_uuid = doctor_uuid(POOL);
}

static void pool_state(struct doctor_node *n)
{
	n->pools[0].info.condition = LITEIO_POOL_READ_ONLY;
}

static void pool_low(struct doctor_node *n)
{
	n->pools[0].info.space.fill = LITEIO_FILL_LOW;
}

static void pool_critical(struct doctor_node *n)
{
	n->pools[0].info.space.fill = LITEIO_FILL_CRITICAL;
}

static void pool_metadata(struct doctor_node *n)
{
	n->pools[0].info.meta_used_bytes = 80;
}

static void pool_spare(struct doctor_node *n)
{
	n->pools[0].info.lacks_spare = true;
}

static void pool_leaks(struct doctor_node *n)
{
	snprintf(n->pools[0].info.leaks, sizeof(n->pools[0].info.leaks), "no room");
}

static void pool_no_space(struct doctor_node *n)
{
	n->pools[0].info.space.fill = LITEIO_FILL_FULL;
	n->pools[0].info.condition = LITEIO_POOL_NO_SPACE;
}

static void catalog_fill(struct doctor_node *n)
{
	n->pools[0].copies.records = 1600;
}

static void catalog_nearly(struct doctor_node *n)
{
	n->pools[0].copies.records = 1599;
}

static void catalog_copy(struct doctor_node *n)
{
	n->pools[0].copies.slots = 1;
}

static void catalog_lost(struct doctor_node *n)
{
	n->pools[0].copies.is_lost = true;
}

static void label_copy(struct doctor_node *n)
{
	n->pools[0].copies.labels_differ = true;
}

static void not_looked(struct doctor_node *n)
{
	n->pools[0].copies = (struct liteio_pool_copies){ 0 };
	n->pools[0].looked = false;
}

static void deletion(struct doctor_node *n)
{
	n->pools[0].reclaims = false;
}

static struct liteio_pool_stray *stray(struct doctor_node *n)
{
	n->pools[0].ids.strays[0].id = 7;
	n->pools[0].ids.n_strays = 1;
	return &n->pools[0].ids.strays[0];
}

static void stray_empty(struct doctor_node *n)
{
	stray(n);
}

static void stray_reserve(struct doctor_node *n)
{
	stray(n)->is_reserve = true;
}

static void stray_with_data(struct doctor_node *n)
{
	stray(n)->mapped = 1;
}

static void stray_foreign(struct doctor_node *n)
{
	stray(n)->is_foreign = true;
}

static void lost_thin(struct doctor_node *n)
{
	n->pools[0].ids.lost[0] = (struct liteio_pool_lost){ doctor_uuid(DATA), DATA };
	n->pools[0].ids.n_lost = 1;
}

/* while its metadata are being made good, and when the volume is gone already */
static void ids_under_repair(struct doctor_node *n)
{
	stray(n);
	lost_thin(n);
	n->pools[0].repairs = true;
}

static void lost_deleted(struct doctor_node *n)
{
	lost_thin(n);
	n->pools[0].ids.lost[0].uuid = doctor_uuid(STRANGER);
}

static void group_in(struct doctor_node *n, unsigned char pool)
{
	n->groups[0] = (struct liteio_doctor_group){ doctor_uuid(LOG), doctor_uuid(pool), 3 };
	n->v.groups = n->groups;
	n->v.n_groups = 1;
}

static void group_open(struct doctor_node *n)
{
	group_in(n, POOL);
}

static void group_read_only(struct doctor_node *n)
{
	pool_state(n);
	group_open(n);
}

static void group_given_up(struct doctor_node *n)
{
	group_in(n, STRANGER);
}

static void group_missing(struct doctor_node *n)
{
	missing(n);
	group_in(n, STRANGER);
}

static void group_not_imported(struct doctor_node *n)
{
	found_other(n);
	group_in(n, STRANGER);
}

/* it may be on the list that nobody can read */
static void group_unsure(struct doctor_node *n)
{
	group_in(n, STRANGER);
	snprintf(n->words[0].name, sizeof(n->words[0].name), "pools");
	n->v.blind = n->words;
	n->v.n_blind = 1;
}

static const struct doctor_case cases[] = {
	{ FOUND("a pool is missing", missing, "cold", POOL_MISSING, WARN) },
	{ FOUND("one that is held back", missing_held_back, "cold", POOL_MISSING, ERR) },
	{ FOUND("and others wait for it", missing_remote, "cold", POOL_MISSING, ERR) },
	{ FOUND("a pool that is not open", found_other, "/dev/vdc", POOL_FOUND, WARN) },
	{ .name = "an exported one", .spoil = found_exported },
	{ FOUND("a copy", found_copy, "/dev/vdc", POOL_FOUND, ERR) },
	{ FOUND("a pool that is read-only", pool_state, "fast", POOL_STATE, ERR) },
	{ FOUND("a pool that fills", pool_low, "fast", POOL_FILL, INFO) },
	{ FOUND("a pool that is nearly full", pool_critical, "fast", POOL_FILL, ERR) },
	{ FOUND("metadata that fill", pool_metadata, "fast", POOL_FILL, WARN) },
	{ FOUND("metadata without a spare", pool_spare, "fast", POOL_FILL, WARN) },
	{ FOUND("space that nobody has", pool_leaks, "fast", POOL_STATE, WARN) },
	{ FOUND("a full pool", pool_no_space, "fast", POOL_STATE, ERR) },
	{ FOUND("a full catalog", catalog_fill, "fast", CATALOG_FILL, WARN) },
	{ .name = "a catalog that is not", .spoil = catalog_nearly },
	{ MENDED("a damaged slot", catalog_copy, "fast", CATALOG_COPY, WARN) },
	{ MENDED("a disk that loses writes", catalog_lost, "fast", CATALOG_COPY, ERR) },
	{ MENDED("a damaged label", label_copy, "fast", LABEL_COPY, WARN) },
	{ .name = "a disk that does not answer", .spoil = not_looked },
	{ MENDED("an empty thin device of nobody", stray_empty, "fast/7", THIN_STRAY, WARN) },
	{ MENDED("in the reserve", stray_reserve, "fast/reserve/7", THIN_STRAY, WARN) },
	{ FOUND("one with data", stray_with_data, "fast/7", THIN_STRAY, WARN) },
	{ FOUND("one of another program", stray_foreign, "fast/7", THIN_STRAY, ERR) },
	{ FOUND("a volume without its thin device", lost_thin, U1, THIN_LOST, ERR) },
	{ .name = "during a repair", .spoil = ids_under_repair },
	{ .name = "one that was deleted", .spoil = lost_deleted },
	{ MENDED("half a group of snapshots", group_open, "fast/" U2, GROUP, WARN) },
	{ FOUND_AND("that can not be deleted", group_read_only, "fast/" U2, GROUP, WARN) },
	{ MENDED("of a pool that was given up", group_given_up, U11 "/" U2, GROUP, WARN) },
	{ FOUND("of one that is awaited", group_missing, "cold", POOL_MISSING, WARN) },
	{ FOUND_AND("of one that is here", group_not_imported, U11 "/" U2, GROUP, WARN) },
	{ FOUND("of nobody knows which", group_unsure, "pools", LOOK, WARN) },
	{ MENDED("a deletion that stands", deletion, "fast", DELETION, WARN) },
};

const struct doctor_cases doctor_cases_pool = { cases, LITEIO_ARRAY_SIZE(cases) };
