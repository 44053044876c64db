// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be wrong with heads, exports, names and remains, and what the doctor finds then:
 * cases for daemon/agent/doctor_plan_head.c.
 */
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "doctor_node.h"

static void head_missing(struct doctor_node *n)
{
	n->heads[0] = n->heads[1];
	n->v.n_heads = 1;
	n->v.n_links = 0;
}

static void head_size(struct doctor_node *n)
{
	n->heads[0].head.size_bytes = SIZE / 2;
}

static void head_size_open(struct doctor_node *n)
{
	head_size(n);
	n->heads[0].dm.open_count = 1;
}

static void head_lower(struct doctor_node *n)
{
	n->heads[0].head.lower = makedev(253, 2);
}

static void head_read_only(struct doctor_node *n)
{
	n->heads[0].head.read_only = true;
}

static void head_plain(struct doctor_node *n)
{
	n->heads[0].head.gate = false;
}

static void remains(struct doctor_node *n)
{
	n->devices[n->v.n_devices] = doctor_device(LITEIO_DM_HEAD, DATA, 1, 9, "liteio");
	n->heads[n->v.n_heads++] = doctor_head(&n->devices[n->v.n_devices++], DATA, 1, 1);
}

static void remains_open(struct doctor_node *n)
{
	remains(n);
	n->heads[n->v.n_heads - 1].dm.open_count = 1;
}

static void remains_of_gate(struct doctor_node *n)
{
	n->gates[2] = (struct liteio_netlink_att){ .uuid = doctor_uuid(LOG), .generation = 3,
						    .state = LITEIO_ATT_FENCED };
	n->v.n_reg_atts = 3;
}

static void remains_exported(struct doctor_node *n)
{
	remains_open(n);
	n->exports[1] = (struct liteio_nvmet_export){ .uuid = doctor_uuid(DATA), .generation = 1,
						       .enabled = true };
	n->v.n_exports = 2;
}

static void no_export(struct doctor_node *n)
{
	n->v.n_exports = 0;
}

static void not_linked(struct doctor_node *n)
{
	n->exports[0].n_port_ids = 0;
}

static void bypass(struct doctor_node *n)
{
	n->namespaces[0].dev = makedev(253, 2);
}

static void bypass_foreign(struct doctor_node *n)
{
	n->namespaces[1].dev = makedev(253, 1);
}

static void link_nowhere(struct doctor_node *n)
{
	doctor_link(n, "old", "/dev/dm-50");
}

static void link_wrong(struct doctor_node *n)
{
	doctor_link(n, "log", "/dev/dm-3");
}

static void link_gone(struct doctor_node *n)
{
	n->v.n_links = 1;
}

/* not attached by anybody, as far as names go: that is its consumer's to do */
static void links_gone(struct doctor_node *n)
{
	n->v.n_links = 0;
}

static void links_gone_open(struct doctor_node *n)
{
	n->v.n_links = 0;
	n->heads[0].dm.open_count = 1;
}

static const struct doctor_case cases[] = {
	{ MENDED("no head", head_missing, "data/2", HEAD_MISSING, ERR) },
	{ MENDED("a head of another size", head_size, "data/2", HEAD, ERR) },
	{ FOUND("which is open", head_size_open, "data/2", HEAD, ERR) },
	{ MENDED("a head on something else", head_lower, "data/2", HEAD, ERR) },
	{ MENDED("a head that can not write", head_read_only, "data/2", HEAD, ERR) },
	{ FOUND("a head without gate", head_plain, "data/2", HEAD_PLAIN, WARN) },
	{ MENDED("remains", remains, "data/1", REMAINS, WARN) },
	{ FOUND("which are open", remains_open, "data/1", REMAINS, WARN) },
	{ MENDED("remains of a gate", remains_of_gate, "log/3", REMAINS, WARN) },
	{ MENDED("remains of an export", remains_exported, "data/1", REMAINS, WARN) },
	{ MENDED("no subsystem", no_export, "log/5", EXPORT, ERR) },
	{ MENDED("on no port", not_linked, "log/5", EXPORT, ERR) },
	{ FOUND("past the gate", bypass, LITEIO_NQN_PREFIX U2 ":5", BYPASS, ERR) },
	{ FOUND("somebody on a volume", bypass_foreign, "nqn.2020-01.org.example:x", BYPASS, ERR) },
	{ MENDED("a name that leads nowhere", link_nowhere, "old", LINK, WARN) },
	{ MENDED("a name of another volume", link_wrong, "log", LINK, ERR) },
	{ MENDED("a name that is gone", link_gone, "data", LINK, WARN) },
	{ .name = "no names at all", .spoil = links_gone },
	{ MENDED("no names, and it is in use", links_gone_open, U1, LINK, WARN) },
};

const struct doctor_cases doctor_cases_head = { cases, LITEIO_ARRAY_SIZE(cases) };
