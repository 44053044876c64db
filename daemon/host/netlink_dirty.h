/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's commands about dirty chunks: which parts of a head were written to.
 *
 * include/uapi/linux/liteio.h says what holds and what does not; this header only how to call it.
 * What may never be forgotten: chunks that an answer gave out are confirmed with its ticket when
 * they are copied and safe, and not before.
 */
#ifndef LITEIO_HOST_NETLINK_DIRTY_H
#define LITEIO_HOST_NETLINK_DIRTY_H

#include <stddef.h>
#include <stdint.h>

#include <linux/liteio.h>

struct liteio_error;
struct liteio_netlink;
struct liteio_uuid;

/**
 * struct liteio_netlink_dirty_start - DIRTY_START
 * @tracking: name of what has begun
 * @chunks: of the head
 */
struct liteio_netlink_dirty_start {
	uint64_t tracking;
	uint64_t chunks;
};

/**
 * struct liteio_netlink_dirty_request - what to fetch
 * @tracking: from the start
 * @cursor: first chunk to look at
 * @max_chunks: give out no more; 0 for as many as there is room for
 * @ticket: of the last answer when all of it is copied, else 0
 */
struct liteio_netlink_dirty_request {
	uint64_t tracking;
	uint64_t cursor;
	uint32_t max_chunks;
	uint64_t ticket;
};

/**
 * struct liteio_netlink_dirty_range - adjacent chunks
 * @chunk: the first one
 * @len: how many, not 0
 */
struct liteio_netlink_dirty_range {
	uint64_t chunk;
	uint64_t len;
};

/**
 * struct liteio_netlink_dirty_answer - DIRTY_FETCH
 * @tracking: as asked for
 * @ticket: confirms this answer
 * @next_cursor: where to go on; the end when it is @chunks
 * @chunk_shift: logarithm of the bytes of a chunk
 * @chunks: of the head
 * @remaining: marked and not given out
 * @n_ranges: used entries of @ranges
 * @ranges: given out, ascending
 */
struct liteio_netlink_dirty_answer {
	uint64_t tracking;
	uint64_t ticket;
	uint64_t next_cursor;
	uint32_t chunk_shift;
	uint64_t chunks;
	uint64_t remaining;
	size_t n_ranges;
	struct liteio_netlink_dirty_range ranges[LITEIO_DIRTY_RANGES_MAX];
};

/**
 * liteio_netlink_dirty_start() - track an attachment
 * @nl: connection
 * @uuid: volume
 * @generation: of the attachment
 * @chunk_shift: LITEIO_DIRTY_SHIFT_MIN to LITEIO_DIRTY_SHIFT_MAX
 * @ret: what has begun; when the answer was lost, ATT_GET has it too
 * @err: the kernel's sentence
 *
 * Return: 0 or a negative errno as in the protocol.
 */
int liteio_netlink_dirty_start(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			       uint64_t generation, uint32_t chunk_shift,
			       struct liteio_netlink_dirty_start *ret, struct liteio_error *err);

/**
 * liteio_netlink_dirty_stop() - track it no more
 * @nl: connection
 * @uuid: volume
 * @generation: of the attachment
 * @tracking: no other than this one, or 0 for any
 * @err: the kernel's sentence
 *
 * Return: 0 or a negative errno as in the protocol.
 */
int liteio_netlink_dirty_stop(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			      uint64_t generation, uint64_t tracking, struct liteio_error *err);

/**
 * liteio_netlink_dirty_fetch() - which chunks are dirty
 * @nl: connection
 * @uuid: volume
 * @generation: of the attachment
 * @request: what to fetch
 * @ret: untouched on failure: then nothing was given out, or it will be again
 * @err: the kernel's sentence
 *
 * Return: 0 or a negative errno as in the protocol; -ESTALE and -ENODATA: marks were lost, all has
 * to be copied again.
 */
int liteio_netlink_dirty_fetch(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			       uint64_t generation,
			       const struct liteio_netlink_dirty_request *request,
			       struct liteio_netlink_dirty_answer *ret, struct liteio_error *err);

/* pure, as those in netlink.h; -EBADMSG also when a single range cannot be read */
int liteio_netlink_parse_dirty_start(const void *attrs, size_t len,
				     struct liteio_netlink_dirty_start *ret);
int liteio_netlink_parse_dirty_answer(const void *attrs, size_t len,
				      struct liteio_netlink_dirty_answer *ret);

#endif
