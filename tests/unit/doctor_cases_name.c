// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names that two pools have, and what the doctor finds then: cases for
 * daemon/agent/doctor_plan_name.c.
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "doctor_node.h"

/* another pool, and what is in it besides */
static void second_pool(struct doctor_node *n)
{
	n->pools[1] = n->pools[0];
	n->pools[1].info.uuid = doctor_uuid(STRANGER);
	snprintf(n->pools[1].info.name, sizeof(n->pools[1].info.name), "cold");
	n->v.n_pools = 2;
}

static void give_name(struct doctor_node *n, size_t volume, const char *name)
{
	second_pool(n);
	n->volumes[volume].pool = 1;
	snprintf(n->volumes[volume].v.name, sizeof(n->volumes[volume].v.name), "%s", name);
}

static void twin(struct doctor_node *n)
{
	give_name(n, 1, "data");
}

static void twin_deleted(struct doctor_node *n)
{
	give_name(n, 3, "data");
}

static void twin_of_kind(struct doctor_node *n)
{
	give_name(n, 2, "data");
}

/* whoever has the name in /dev/liteio, or nobody: it is not turned */
static void twin_without_link(struct doctor_node *n)
{
	twin(n);
	n->v.n_links = 1;
}

static void found(struct doctor_node *n)
{
	snprintf(n->found[1].f.device, sizeof(n->found[1].f.device), "/dev/vdc");
	snprintf(n->found[1].f.label.pool_name, sizeof(n->found[1].f.label.pool_name), "fast");
	n->found[1].f.label.pool_uuid = doctor_uuid(STRANGER);
	n->v.n_found = 2;
}

static const struct doctor_case cases[] = {
	{ FOUND("a volume's name twice", twin, "volume/data", NAME_TWICE, WARN) },
	{ FOUND("and no link", twin_without_link, "volume/data", NAME_TWICE, WARN) },
	{ .name = "of one that was deleted", .spoil = twin_deleted },
	{ .name = "of a volume and a snapshot", .spoil = twin_of_kind },
	{ FOUND("a pool's name twice", found, "/dev/vdc", POOL_FOUND, WARN) },
};

const struct doctor_cases doctor_cases_name = { cases, LITEIO_ARRAY_SIZE(cases) };
