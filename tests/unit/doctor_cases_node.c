// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be wrong with the node as a whole, and what the doctor finds then:
 * cases for daemon/agent/doctor_plan.c.
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "doctor_node.h"

static void blind(struct doctor_node *n)
{
	snprintf(n->words[0].name, sizeof(n->words[0].name), "exports");
	n->v.blind = n->words;
	n->v.n_blind = 1;
}

static void stuck(struct doctor_node *n)
{
	n->v.stuck = 2;
}

static void config(struct doctor_node *n)
{
	snprintf(n->words[0].name, sizeof(n->words[0].name), "listen");
	n->v.config = n->words;
	n->v.n_config = 1;
}

static void door(struct doctor_node *n)
{
	snprintf(n->v.door, sizeof(n->v.door), "pool x is missing");
	n->exports[0].n_port_ids = 0;
}

static void other_module(struct doctor_node *n)
{
	snprintf(n->v.module, sizeof(n->v.module), "another one");
}

static const struct doctor_case cases[] = {
	{ .name = "all is well" },
	{ FOUND("blind", blind, "exports", LOOK, WARN) },
	{ FOUND("jobs are stuck", stuck, "node", JOBS, ERR) },
	{ FOUND("a new value", config, "listen", CONFIG, INFO) },
	{ FOUND("a closed door", door, "node", DOOR, ERR) },
	{ FOUND("another module", other_module, "liteio", MODULE, WARN) },
};

const struct doctor_cases doctor_cases_node = { cases, LITEIO_ARRAY_SIZE(cases) };
