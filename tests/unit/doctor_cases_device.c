// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be wrong with devices of ours, and what the doctor finds then:
 * cases for daemon/agent/doctor_plan_device.c.
 */
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "doctor_node.h"

static void pool_closed(struct doctor_node *n)
{
	n->devices[n->v.n_devices++] = doctor_device(LITEIO_DM_POOL, STRANGER, 0, 7, "thin-pool");
	n->devices[n->v.n_devices++] = doctor_device(LITEIO_DM_TMETA, STRANGER, 0, 8, "linear");
	/* what stands on it is not judged */
	n->devices[n->v.n_devices] = doctor_device(LITEIO_DM_THIN, STRANGER + 1, 0, 9, "thin");
	n->devices[n->v.n_devices++].lower = makedev(253, 7);
}

static void suspended(struct doctor_node *n)
{
	n->devices[3].dm.suspended = true;
}

static void suspended_pool(struct doctor_node *n)
{
	n->devices[0].dm.suspended = true;
}

static void thin_remains(struct doctor_node *n)
{
	n->devices[n->v.n_devices] = doctor_device(LITEIO_DM_THIN, STRANGER, 0, 9, "thin");
	n->devices[n->v.n_devices++].lower = makedev(253, 0);
}

static void thin_remains_open(struct doctor_node *n)
{
	thin_remains(n);
	n->devices[n->v.n_devices - 1].dm.open_count = 1;
}

static void head_remains(struct doctor_node *n)
{
	n->devices[n->v.n_devices] = doctor_device(LITEIO_DM_HEAD, STRANGER, 1, 9, "liteio");
	n->heads[n->v.n_heads++] = doctor_head(&n->devices[n->v.n_devices++], STRANGER, 1, 1);
}

static void thin_id(struct doctor_node *n)
{
	n->devices[1].thin_id = 77;
}

static void linear_size(struct doctor_node *n)
{
	n->devices[2].size_bytes = SIZE / 2;
	n->devices[2].dm.open_count = 1;
}

static const struct doctor_case cases[] = {
	{ FOUND("a pool is closed", pool_closed, U11, POOL_CLOSED, ERR) },
	{ MENDED("a suspended head", suspended, "liteio-head-" U1 "-2", SUSPENDED, ERR) },
	{ FOUND("a suspended pool", suspended_pool, "liteio-pool-" U9, SUSPENDED, ERR) },
	{ MENDED("a device of nobody", thin_remains, "liteio-thin-" U11, DEVICE_REMAINS, WARN) },
	{ FOUND("which is open", thin_remains_open, "liteio-thin-" U11, DEVICE_REMAINS, WARN) },
	{ MENDED("a head of nobody", head_remains, "liteio-head-" U11 "-1", DEVICE_REMAINS, WARN) },
	{ MENDED("another thin id", thin_id, "liteio-thin-" U1, DEVICE, ERR) },
	{ FOUND("another size", linear_size, "liteio-linear-" U2, DEVICE, ERR) },
};

const struct doctor_cases doctor_cases_device = { cases, LITEIO_ARRAY_SIZE(cases) };
