// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be wrong with the module's registry, and what the doctor finds then:
 * cases for daemon/agent/doctor_plan_gate.c.
 */
#include "base/cleanup.h"
#include "doctor_node.h"

static void floor_behind(struct doctor_node *n)
{
	n->regs[1].floor = 3;
}

static void floor_unknown(struct doctor_node *n)
{
	n->v.n_reg_volumes = 1;
}

static void floor_barred(struct doctor_node *n)
{
	n->regs[0].barred = 0;
}

static void floor_ahead(struct doctor_node *n)
{
	n->regs[1].floor = 5;
}

static void gate_open(struct doctor_node *n)
{
	n->gates[2] = (struct liteio_netlink_att){ .uuid = doctor_uuid(DATA), .generation = 1,
						    .state = LITEIO_ATT_NEW };
	n->v.n_reg_atts = 3;
}

static void gate_closed(struct doctor_node *n)
{
	n->gates[0].state = LITEIO_ATT_FENCED;
}

static void limits_differ(struct doctor_node *n)
{
	n->regs[0].qos.riops = 50;
}

static void limits_too_many(struct doctor_node *n)
{
	n->regs[1].qos.wbps = 4096;
}

static void limits_none(struct doctor_node *n)
{
	n->v.has_limits = false;
}

static void nobodys(struct doctor_node *n)
{
	n->regs[2] = (struct liteio_netlink_volume){ .uuid = doctor_uuid(STRANGER), .floor = 3 };
	n->v.n_reg_volumes = 3;
}

static void deleted(struct doctor_node *n)
{
	n->regs[2] = (struct liteio_netlink_volume){ .uuid = doctor_uuid(GONE), .floor = 3 };
	n->v.n_reg_volumes = 3;
}

/* of another node, and attached here */
static void consumed(struct doctor_node *n)
{
	nobodys(n);
	n->regs[2].attachments = 1;
	n->gates[2] = (struct liteio_netlink_att){ .uuid = doctor_uuid(STRANGER), .generation = 9,
						    .state = LITEIO_ATT_OPEN };
	n->v.n_reg_atts = 3;
	n->devices[n->v.n_devices] = doctor_device(LITEIO_DM_REMOTE, STRANGER, 9, 9, "liteio");
	n->heads[n->v.n_heads] = doctor_head(&n->devices[n->v.n_devices++], STRANGER, 9, 99);
	n->heads[n->v.n_heads++].head.remote = true;
}

static const struct doctor_case cases[] = {
	{ MENDED("a floor is behind", floor_behind, "log", FLOOR, ERR) },
	{ MENDED("a floor is unknown", floor_unknown, "log", FLOOR, ERR) },
	{ MENDED("an ended one is forgotten", floor_barred, "data", FLOOR, ERR) },
	{ FOUND("a floor is ahead", floor_ahead, "log", FLOOR_AHEAD, WARN) },
	{ MENDED_AND("an open gate", gate_open, "data/1", FENCED, ERR) },
	{ FOUND("a closed gate", gate_closed, "data/2", FENCED, ERR) },
	{ MENDED("other limits", limits_differ, "data", LIMITS, WARN) },
	{ MENDED("limits of nobody", limits_too_many, "log", LIMITS, WARN) },
	{ FOUND("a module without limits", limits_none, "data", LIMITS, WARN) },
	{ FOUND("a volume of nobody", nobodys, U11, REGISTRY, INFO) },
	{ MENDED("a deleted volume", deleted, U4, REGISTRY, WARN) },
	{ .name = "a volume of another node", .spoil = consumed },
};

const struct doctor_cases doctor_cases_gate = { cases, LITEIO_ARRAY_SIZE(cases) };
