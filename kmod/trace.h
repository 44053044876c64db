/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, system liteio: what happens to generations, which I/O a closed gate refuses, and
 * which has to wait because of a limit.
 *
 * Nothing here is on the way of an I/O that passes its gate and its limits. Volumes are recorded as
 * the 16 bytes of their UUID. The kernel's headers read this file several times over, see the end.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM liteio

#if !defined(LITEIO_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LITEIO_TRACE_H

#include <linux/bio.h>
#include <linux/blktrace_api.h>
#include <linux/tracepoint.h>

#include "fence.h"
#include "liteio.h"
#include "qos.h"

/* more than blk_fill_rwbs() fills on any kernel */
#define LITEIO_TRACE_OP 16

/**
 * liteio_fence() - generations were taken away from a volume for good
 * @vol: the volume
 * @first: first generation of the range: the floor so far, or the one that was barred
 * @last: last generation of the range: the one below the new floor, or the one that was barred
 *
 * A fence that changes nothing is not told again. The gates are closed right afterwards, under
 * the same lock, so this comes before any refusal. Context: under liteio_lock.
 */
TRACE_EVENT(liteio_fence,
	    TP_PROTO(const struct liteio_vol *vol, u64 first, u64 last),
	    TP_ARGS(vol, first, last),
	    TP_STRUCT__entry(__array(u8, uuid, LITEIO_UUID_LEN)
			     __field(u64, first)
			     __field(u64, last)),
	    TP_fast_assign(export_uuid(__entry->uuid, &vol->uuid);
			   __entry->first = first;
			   __entry->last = last;),
	    TP_printk("uuid=%pUb first=%llu last=%llu", __entry->uuid, __entry->first,
		      __entry->last)
);

/**
 * liteio_drain() - a wait for the I/O of a fenced range has ended
 * @fence: volume and range; the range of a floor begins at 0
 * @result: how the wait ended
 *
 * Told for each command that fences, also when there was nothing to wait for, and when the
 * waiting process was killed. Context: process, no lock.
 */
TRACE_EVENT(liteio_drain,
	    TP_PROTO(const struct liteio_fence *fence, const struct liteio_fence_result *result),
	    TP_ARGS(fence, result),
	    TP_STRUCT__entry(__array(u8, uuid, LITEIO_UUID_LEN)
			     __field(u64, first)
			     __field(u64, last)
			     __field(u64, inflight)
			     __field(u64, waited_ns)
			     __field(bool, drained)),
	    TP_fast_assign(export_uuid(__entry->uuid, &fence->vol->uuid);
			   __entry->first = fence->first;
			   __entry->last = fence->last;
			   __entry->inflight = result->inflight;
			   __entry->waited_ns = result->waited_ns;
			   __entry->drained = result->is_drained;),
	    TP_printk("uuid=%pUb first=%llu last=%llu drained=%d inflight=%llu waited_ns=%llu",
		      __entry->uuid, __entry->first, __entry->last, __entry->drained,
		      __entry->inflight, __entry->waited_ns)
);

/**
 * liteio_reject() - an I/O came to a closed gate and was failed
 * @att: the attachment, fenced
 * @bio: the I/O as device-mapper gave it to the head: sectors are those of the head
 *
 * Or it waited because of a limit when the gate was closed. What a read-only attachment refuses is
 * not told here. Context: of the submitter of the I/O; or under liteio_lock.
 */
TRACE_EVENT(liteio_reject,
	    TP_PROTO(const struct liteio_att *att, const struct bio *bio),
	    TP_ARGS(att, bio),
	    TP_STRUCT__entry(__array(u8, uuid, LITEIO_UUID_LEN)
			     __field(u64, gen)
			     __field(u64, sector)
			     __field(u32, bytes)
			     __array(char, op, LITEIO_TRACE_OP)),
	    TP_fast_assign(export_uuid(__entry->uuid, &att->vol->uuid);
			   __entry->gen = att->gen;
			   __entry->sector = bio->bi_iter.bi_sector;
			   __entry->bytes = bio->bi_iter.bi_size;
			   blk_fill_rwbs(__entry->op, bio->bi_opf);),
	    TP_printk("uuid=%pUb gen=%llu op=%s sector=%llu bytes=%u", __entry->uuid, __entry->gen,
		      __entry->op, __entry->sector, __entry->bytes)
);

/**
 * liteio_throttle() - an I/O has to wait because of a limit of the volume
 * @att: the attachment
 * @op: operation and flags of the I/O
 * @io: where and how much: sectors are those of the head
 * @kind: the limit to blame at this moment
 *
 * What fails instead because it does not want to wait is not told. Context: of the submitter.
 */
TRACE_EVENT(liteio_throttle,
	    TP_PROTO(const struct liteio_att *att, blk_opf_t op, const struct liteio_io *io,
		     enum liteio_qos_kind kind),
	    TP_ARGS(att, op, io, kind),
	    TP_STRUCT__entry(__array(u8, uuid, LITEIO_UUID_LEN)
			     __field(u64, gen)
			     __field(u64, sector)
			     __field(u32, bytes)
			     __field(u32, kind)
			     __array(char, op, LITEIO_TRACE_OP)),
	    TP_fast_assign(export_uuid(__entry->uuid, &att->vol->uuid);
			   __entry->gen = att->gen;
			   __entry->sector = io->sector;
			   __entry->bytes = io->bytes;
			   __entry->kind = kind;
			   blk_fill_rwbs(__entry->op, op);),
	    TP_printk("uuid=%pUb gen=%llu op=%s sector=%llu bytes=%u limit=%s", __entry->uuid,
		      __entry->gen, __entry->op, __entry->sector, __entry->bytes,
		      __entry->kind == LITEIO_QOS_BPS ? "bps" : "iops")
);

/**
 * liteio_release() - an attachment has left the registry
 * @att: the attachment
 *
 * Its generation is unknown from here on; the floor and what was barred stay. Context: under
 * liteio_lock.
 */
TRACE_EVENT(liteio_release,
	    TP_PROTO(const struct liteio_att *att),
	    TP_ARGS(att),
	    TP_STRUCT__entry(__array(u8, uuid, LITEIO_UUID_LEN)
			     __field(u64, gen)),
	    TP_fast_assign(export_uuid(__entry->uuid, &att->vol->uuid);
			   __entry->gen = att->gen;),
	    TP_printk("uuid=%pUb gen=%llu", __entry->uuid, __entry->gen)
);

#endif

/* read again by the kernel's header, which finds it by the search path that Kbuild gives trace.c */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
