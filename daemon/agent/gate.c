// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gates in the kernel.
 */
#include "agent/gate.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/head.h"
#include "host/netlink.h"
#include "model/local.h"

int liteio_gate_open(struct liteio_netlink **ret, struct liteio_error *err)
{
	int r;

	r = liteio_netlink_open(ret, err);
	if (r == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	return r;
}

int liteio_gate_need(struct liteio_netlink **ret, struct liteio_error *err)
{
	int r = liteio_gate_open(ret, err);

	if (r == 0 && !*ret)
		return liteio_error_set(err, -ENOENT, "the module liteio is not loaded");
	return r;
}

int liteio_gate_volume(struct liteio_netlink *nl, const struct liteio_uuid *uuid, const char *name,
		       uint64_t floor, struct liteio_error *err)
{
	int r;

	r = liteio_netlink_vol_set(nl, uuid, name, floor, true, false, err);
	/* another thread has raised it meanwhile: the higher one counts */
	return r == -ESTALE ? 0 : r;
}

int liteio_gate_attach(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       uint64_t generation, const char *host, bool read_only,
		       struct liteio_error *err)
{
	struct liteio_netlink_att att;
	int r;

	r = liteio_netlink_att_add(nl, uuid, generation, host, read_only, err);
	if (r != -EEXIST)
		return r;
	r = liteio_netlink_att_get(nl, uuid, generation, &att, err);
	if (r)
		return r;
	if (!!(att.flags & LITEIO_ATT_RO) == read_only)
		return 0;
	if (att.bound)
		return liteio_error_set(err, -EEXIST,
					"generation %llu exists and is %s",
					(unsigned long long)generation,
					read_only ? "writable" : "read-only");
	/* left by an attempt that was never used */
	r = liteio_netlink_att_del(nl, uuid, generation, err);
	if (r)
		return r;
	return liteio_netlink_att_add(nl, uuid, generation, host, read_only, err);
}

int liteio_gate_detach(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       uint64_t generation, bool volume, struct liteio_error *err)
{
	int r;

	r = liteio_netlink_att_del(nl, uuid, generation, err);
	if (r < 0 && r != -ENOENT)
		return r;
	return volume ? liteio_gate_forget(nl, uuid, err) : 0;
}

int liteio_gate_forget(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       struct liteio_error *err)
{
	int r = liteio_netlink_vol_del(nl, uuid, err);

	/* EBUSY: it has other attachments */
	return r == -ENOENT || r == -EBUSY ? 0 : r;
}

int liteio_gate_forget_gone(const struct liteio_uuid *uuid, struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	int r = liteio_gate_open(&nl, err);

	return r || !nl ? r : liteio_gate_forget(nl, uuid, err);
}

/* ---- what only the module is told ---- */

/*
 * Read by who tells only the module that something has ended, written by who has it forget what is
 * in a catalog. Never held for a drain
 */
static pthread_rwlock_t only_lock = PTHREAD_RWLOCK_INITIALIZER;

void liteio_gate_forget_but(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			    uint64_t floor, size_t n_ended)
{
	struct liteio_netlink_volume there;

	liteio_guard_alone(&only_lock);
	if (!liteio_netlink_vol_get(nl, uuid, &there, NULL) && there.floor <= floor &&
	    there.barred <= n_ended)
		liteio_netlink_vol_del(nl, uuid, NULL);
}

int liteio_gate_fence_only(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   uint64_t floor, uint64_t generation, uint64_t timeout_ms,
			   struct liteio_netlink_fence *ret, struct liteio_error *err)
{
	char note[sizeof(ret->note)];
	int r;

	{
		liteio_guard_shared(&only_lock);
		r = liteio_netlink_fence(nl, uuid, floor, generation, 0, ret, err);
	}
	if (r || ret->drained || !timeout_ms)
		return r;
	/* of the one that has changed something */
	memcpy(note, ret->note, sizeof(note));
	r = liteio_netlink_fence_wait(nl, uuid, floor, generation, timeout_ms, ret, err);
	memcpy(ret->note, note, sizeof(note));
	return r;
}

/* ---- fences ---- */

/* heads without a gate: of the generations below @floor, or exactly that one */
static int fence_plain(const struct liteio_uuid *uuid, uint64_t floor, uint64_t generation,
		       struct liteio_error *err)
{
	return floor ? liteio_head_fail_plain(uuid, 1, floor, err) :
		       liteio_head_fail_plain(uuid, generation, generation + 1, err);
}

static int fence_gates(struct liteio_netlink *nl, const struct liteio_uuid *uuid, const char *name,
		       uint64_t floor, uint64_t generation, uint64_t timeout_ms,
		       struct liteio_netlink_fence *ret, struct liteio_error *err)
{
	int r;

	r = liteio_netlink_fence_wait(nl, uuid, floor, generation, timeout_ms, ret, err);
	if (r != -ENOENT)
		return r;
	r = liteio_gate_volume(nl, uuid, name, floor, err);
	if (r)
		return r;
	return liteio_netlink_fence_wait(nl, uuid, floor, generation, timeout_ms, ret, err);
}

int liteio_gate_fence_meanwhile(const struct liteio_uuid *uuid, const char *name, uint64_t floor,
				uint64_t generation)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct liteio_netlink_fence fence;
	int r = liteio_gate_open(&nl, NULL);

	if (!r && nl) {
		liteio_guard_shared(&only_lock);
		r = fence_gates(nl, uuid, name, floor, generation, 0, &fence, NULL);
	}
	/* which may wait for their disk */
	return r ? r : fence_plain(uuid, floor, generation, NULL);
}

int liteio_gate_fence(const struct liteio_uuid *uuid, const char *name, uint64_t floor,
		      uint64_t generation, uint64_t timeout_ms, struct liteio_local_fenced *ret,
		      struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct liteio_netlink_fence fence = { .drained = true };
	uint64_t start = liteio_now_ms();
	int r;

	r = liteio_gate_open(&nl, err);
	if (r)
		return r;
	if (nl) {
		r = fence_gates(nl, uuid, name, floor, generation, timeout_ms, &fence, err);
		if (r)
			return liteio_error_wrap(err, r, "fence");
	}
	r = fence_plain(uuid, floor, generation, err);
	if (r)
		return liteio_error_wrap(err, r, "fence");
	ret->floor = fence.floor;
	ret->drained = fence.drained;
	ret->inflight = fence.inflight;
	ret->waited_ms = liteio_now_ms() - start;
	return 0;
}
