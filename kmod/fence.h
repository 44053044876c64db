/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fence: take generations away for good, and wait for what they still have in flight.
 *
 * Why a fence holds. All I/O of an attachment takes a reference on its gate before it goes to
 * the device below and drops it when it completes there. Closing the gate (percpu_ref_kill)
 * makes every later attempt fail; the release callback runs only after a grace period in which
 * every CPU has seen that, and after the last reference is gone. So "drained" means: everything
 * that passed the gate has completed, and nothing will pass any more. Between the two a table
 * may be loaded, swapped, suspended or removed as anybody likes: the gate belongs to the
 * attachment, not to the table.
 */
#ifndef LITEIO_FENCE_H
#define LITEIO_FENCE_H

#include "liteio.h"

/**
 * struct liteio_fence - a fence to wait for
 * @vol: the volume, with a reference
 * @first: first generation of the range
 * @last: last generation of the range
 */
struct liteio_fence {
	struct liteio_vol *vol;
	u64 first;
	u64 last;
};

/**
 * struct liteio_fence_result - how far a fence has come
 * @is_drained: nothing of the range is in flight, nor can be again
 * @inflight: I/O in flight, never too low
 * @waited_ns: time spent waiting
 */
struct liteio_fence_result {
	bool is_drained;
	u64 inflight;
	u64 waited_ns;
};

/**
 * liteio_fence_floor() - raise the floor and close the gates of everything below it
 * @vol: in the registry
 * @floor: LITEIO_GEN_MIN to LITEIO_GEN_MAX; not above the present floor: nothing happens
 *
 * Context: caller holds liteio_lock; does not wait.
 */
void liteio_fence_floor(struct liteio_vol *vol, u64 floor);

/**
 * liteio_fence_reserve() - room to bar one more generation
 * @vol: in the registry
 * @why: on failure one sentence in static storage
 *
 * Besides the barred ones, each attachment whose gate is open has room kept for it: before one is
 * added this must have succeeded. So a gate can always be closed, with no memory left at all.
 * Room is never given up while the volume exists.
 *
 * Context: caller holds liteio_lock. Return: 0, -ENOSPC or -ENOMEM.
 */
int liteio_fence_reserve(struct liteio_vol *vol, const char **why);

/**
 * liteio_fence_gen() - bar one generation and close its gate
 * @vol: in the registry
 * @gen: LITEIO_GEN_MIN to LITEIO_GEN_MAX; need not have an attachment
 * @why: on failure one sentence in static storage
 *
 * Context: caller holds liteio_lock; does not wait.
 * Return: 0; -ENOSPC or -ENOMEM, but only for a generation without an attachment.
 */
int liteio_fence_gen(struct liteio_vol *vol, u64 gen, const char **why);

/**
 * liteio_fence_wait() - wait until a fenced range is drained
 * @fence: all its generations are below the floor or barred
 * @timeout_ms: at most this long
 * @ret: how it ended; set in any case
 *
 * Context: process, takes liteio_lock for moments and sleeps without it.
 * Return: 0, drained or not; -EINTR when the caller is being killed.
 */
int liteio_fence_wait(const struct liteio_fence *fence, unsigned int timeout_ms,
		      struct liteio_fence_result *ret);

#endif
