/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The border between the liteio kernel module and userspace: generic netlink, protocol version 1.
 *
 * This file is the specification. It is read by the module, by the node agent and by people.
 * Over 600 lines because it is one, and half of it is prose.
 *
 *
 * WHAT THE MODULE KEEPS
 *
 * A volume is a UUID with a floor. An attachment is one consumer's right to a volume, named by
 * the volume's UUID and a generation; generations of a volume only grow and are never used twice.
 * A head is a device-mapper device with the target "liteio"; its table names a volume and a
 * generation, and it can be loaded only while that attachment exists and is not fenced. Volumes
 * and attachments live in the module's registry until they are deleted or the module is unloaded;
 * heads come and go. Nothing survives a reboot: whoever owns the node puts floors back before
 * anything else.
 *
 * A head takes one message, "fence <floor>": FENCE by FLOOR without waiting, for when nobody is
 * left who speaks this protocol. A floor below the present one is refused with ESTALE, a message
 * to a suspended head with EBUSY; the sentence is in the kernel's log.
 *
 *
 * LIMITS
 *
 * A volume may have limits: operations a second and bytes a second, each for reads and for writes,
 * over all its heads together. I/O that would exceed a limit waits in the head, reads and writes
 * in queues of their own; attachments with waiting I/O take turns. What counts, and what waits:
 *
 *	reads, writes		as one operation and by their bytes
 *	discards, zeroes	as one write operation each, and as no bytes. A long one comes to
 *	written without data,	the head in as many as the device below takes at once: 100 GiB in
 *	secure erases		1600 over a thin pool with blocks of 64 KiB, which takes 64 MiB
 *	flushes			as nothing; never wait
 *	metadata, priority	count, but never wait: what they take, ordinary I/O pays back later,
 *	and swap of the kernel	up to a second of each limit
 *	non-blocking I/O	fails with EAGAIN instead of waiting. What is polled for waits: its
 *				submitter does not
 *
 * After a time without I/O a volume may go over its limits for BURST_MS: it may use at once what
 * the limits would have allowed in that time. Over longer times the limits hold exactly. I/O
 * larger than that passes as soon as nothing is owed, and is paid back after.
 *
 * Changed limits hold at once, also for what waits already. A fence fails what waits. To suspend
 * or remove a head does not take longer because I/O waits: with noflush it goes back to
 * device-mapper, else it goes on at once and the limits are paid back later.
 *
 *
 * DIRTY CHUNKS
 *
 * While an attachment is tracked, the module marks the chunks of its head that are written to, so
 * that somebody can copy a device that is in use: once everything, then round after round what was
 * marked meanwhile, at last what was marked until the writers stopped. A chunk has 2^CHUNK_SHIFT
 * bytes and is named by its number; chunk 0 begins where the head begins, the last one may be cut
 * by its end. A volume with several attachments is tracked by each of them.
 *
 * What marks: writes, forced to the medium or not, discards, zeroes written without data, secure
 * erases; also when they fail or are taken back, for they may have changed something. What never
 * reaches the device below need not mark: what a fence, a limit or read-only refuses. A chunk is
 * marked after the device below has ended the I/O and before its submitter hears of it.
 *
 * What holds, so that nothing is missed:
 *
 *  - When DIRTY_START has answered, all I/O that ends from then on marks, whenever it began. What
 *    ended without a mark has changed the device already: whoever begins to read it after the
 *    answer sees it.
 *  - DIRTY_FETCH takes marks away before it answers. What ends later marks again; what ended before
 *    is seen by whoever begins to read the chunk after the answer.
 *  - So, when all is copied that there was after DIRTY_START, and then every chunk that was given
 *    out, each read after it was given out, then what differs between device and copy is marked,
 *    or belongs to I/O that has not ended. After a FENCE that has drained, or while the head is
 *    suspended, there is no such I/O: when a round then finds nothing and REMAINING is 0, device
 *    and copy are equal. A fence takes no marks away, and chunks can be fetched behind it.
 *
 * Whoever copies reads the head, or the device below, past the page cache (O_DIRECT).
 *
 * Answers can get lost, and so can who asked. So what an answer gave out is marked again, unless
 * the next DIRTY_FETCH carries its TICKET: the caller says so that these chunks are copied, safely.
 * Said again, or by somebody who knows no ticket, DIRTY_FETCH therefore gives out again what was
 * not confirmed; at worst a chunk is copied twice. An answer that cannot be delivered is taken back
 * at once. TRACKING names what DIRTY_START began, at random: when it is another one, marks were
 * lost in between, and only copying everything again helps. So it is with another INSTANCE.
 *
 * A head may be suspended, reloaded, removed and made again; marks belong to the attachment. When
 * it grows, the new chunks, and the one in which it ended before, are marked when the larger table
 * is resumed. Memory for them is taken when that table is loaded, which fails without: ENOMEM, or
 * E2BIG when there would be more than LITEIO_DIRTY_CHUNKS_MAX. When it shrinks, chunks beyond the
 * end are forgotten, and are new when it grows again.
 *
 *
 * HOW TO TALK TO IT
 *
 * Family "liteio", version 1, in the initial network namespace only. Every command needs
 * CAP_SYS_ADMIN in the initial user namespace (of the caller and of the opener of the socket),
 * and so does the multicast group "events". All numbers are host byte order. A UUID is its 16
 * bytes in the order in which they are written (RFC 9562). Strings are terminated with a zero
 * byte, which does not count in the limits below; their characters are graphic ASCII, 0x21 to
 * 0x7e.
 *
 * Attributes are checked strictly: one that a command does not list, a wrong length, a number out
 * of range or trailing bytes are refused with -EINVAL or -ERANGE, and nothing has changed. With
 * NETLINK_EXT_ACK set, every error of this module carries one sentence (NLMSGERR_ATTR_MSG), and
 * errors about one attribute point to it (NLMSGERR_ATTR_OFFS). No sentence has what the kernel
 * around the module refuses because it has no memory, before the module is asked (ENOMEM) or for
 * the message itself (ENOBUFS); and kernel 6.1 loses the sentence when a dump is refused.
 *
 * Commands that answer with a message send exactly one, before the ACK if one was asked for. The
 * others answer with the ACK alone (ask for it: NLM_F_ACK).
 *
 * Dumps give one message per object, in the order of creation. A dump is not one atomic picture:
 * when an object was added or deleted, or a floor raised, since the dump began, the messages that
 * follow carry NLM_F_DUMP_INTR and the reader should start again. Even then an object that
 * existed all the time is neither left out nor given twice.
 *
 * Everything here only ever grows at the end: commands, attributes, events, states, features. A
 * reader skips what it does not know. Meanings and numbers do not change.
 *
 *
 * INFO_GET (do)
 *
 *	in	-
 *	out	VERSION		u32	LITEIO_GENL_VERSION of the module
 *		MODULE		string	version of the module, for people
 *		FEATURES	u64	bits of enum liteio_feature
 *		INSTANCE	16 bytes, random, made when the module was loaded: another value
 *				means another registry, what was known about the old one is void
 *		EVENT_SEQ	u64	sequence number of the newest event, 0 before the first
 *		STATS_BYTES	u64	memory in bytes that the statistics of all attachments take
 *		DIRTY_BYTES	u64	memory in bytes that tracking takes, of all attachments; at
 *				most one bit for each of LITEIO_DIRTY_CHUNKS_MAX chunks and some
 *				KiB for one, twice that for the moment in which its head grows
 *
 *
 * VOL_SET (do): create a volume, or change it
 *
 *	in	UUID		required; not all zero
 *		NAME		string	1..LITEIO_NAME_MAX characters; what people call the volume
 *		FLOOR		u64	LITEIO_GEN_MIN..LITEIO_GEN_MAX
 *		QOS		nest; at least one of:
 *			RIOPS		u64	reads a second; 0..LITEIO_QOS_IOPS_MAX, 0: no limit
 *			WIOPS		u64	writes a second; the same
 *			RBPS		u64	bytes read a second; 0: no limit, or
 *					LITEIO_QOS_BPS_MIN..LITEIO_QOS_BPS_MAX
 *			WBPS		u64	bytes written a second; the same
 *			BURST_MS	u32	LITEIO_QOS_BURST_MS_MIN..LITEIO_QOS_BURST_MS_MAX
 *	flags	NLM_F_CREATE	make the volume when it does not exist, with an empty name, floor
 *				LITEIO_GEN_MIN, no limits and BURST_MS LITEIO_QOS_BURST_MS_DEF
 *				unless given
 *		NLM_F_EXCL	with NLM_F_CREATE: fail when it exists
 *
 * What is not given does not change, neither does a limit that QOS does not name. A FLOOR above the
 * present one does what FENCE does, without waiting. All or nothing.
 *
 *	-EINVAL		QOS names no limit
 *	-ERANGE		a limit of bytes is neither 0 nor in its range
 *	-ENOENT		does not exist and NLM_F_CREATE is not set
 *	-EEXIST		exists and NLM_F_EXCL is set
 *	-ESTALE		FLOOR is below the present one
 *	-ENOSPC		LITEIO_VOL_MAX volumes exist
 *	-ENOMEM
 *
 *
 * VOL_GET (do, dump)
 *
 *	in	UUID		required (do); not accepted (dump)
 *	out	UUID
 *		NAME		string, may be empty
 *		FLOOR		u64
 *		BARRED		u32	generations from the floor on that were fenced one by one
 *		ATTACHMENTS	u32	attachments that exist, whatever their state
 *		QOS		nest, as in VOL_SET, complete
 *		THROTTLE	nest, once for reads and once for writes:
 *			ID		u32	enum liteio_class, read or write
 *			QUEUED		u64	I/O that waits now
 *			THROTTLED	u64	I/O that had to wait so far
 *			IOPS_NS		u64	time over the limit of operations: how long
 *					anything waited because of it
 *			BPS_NS		u64	time over the limit of bytes
 *
 * At any moment only the limit that will hold longer counts as the reason, so that IOPS_NS and
 * BPS_NS together are the time during which anything waited.
 *
 *	-ENOENT		(do)
 *
 *
 * VOL_DEL (do)
 *
 *	in	UUID		required
 *
 *	-ENOENT
 *	-EBUSY		it has attachments
 *
 * The floor and the barred generations are forgotten with it.
 *
 *
 * ATT_ADD (do)
 *
 *	in	UUID		required; the volume exists
 *		GEN		u64	required; LITEIO_GEN_MIN..LITEIO_GEN_MAX
 *		HOST		string	1..LITEIO_HOST_MAX characters; the consumer, for people
 *		FLAGS		u32	bits of enum liteio_att_flag; default none
 *
 * Generations need not be added in their order.
 *
 *	-ENOENT		no such volume
 *	-ESTALE		GEN is below the floor, or was fenced by itself
 *	-EEXIST		exists
 *	-ENOSPC		the volume has LITEIO_VOL_ATT_MAX attachments, or there would be no room
 *			to fence this one by itself, see FENCE
 *	-ENOMEM
 *
 *
 * ATT_GET (do, dump)
 *
 *	in	UUID		required (do); only attachments of this volume (dump)
 *		GEN		u64	required (do); not accepted (dump)
 *	out	UUID
 *		GEN		u64
 *		HOST		string, may be empty
 *		FLAGS		u32
 *		STATE		u32	enum liteio_att_state
 *		INFLIGHT	u64	see FENCE; contains QUEUED
 *		REJECTED	u64	I/O refused because of the fence or of read-only
 *		QUEUED		u64	I/O that waits because of a limit
 *		THROTTLED	u64	I/O that had to wait because of a limit
 *		DEV_MAJOR, DEV_MINOR	u32	the head; absent when no head is bound
 *		TRACKING	u64	these four see DIRTY_FETCH; absent when nothing is tracked
 *		CHUNK_SHIFT	u32
 *		CHUNKS		u64
 *		REMAINING	u64
 *		LAST_NS		u64	see STATS_GET; absent when no I/O has completed
 *		STARTED		u64	I/O that has come to the gate so far, whatever became of it;
 *				counted before it passes, and only grows
 *
 * INFLIGHT and STARTED are of one reading: when INFLIGHT is 0, all STARTED so far had ended. When
 * STARTED is the same in a later answer, no I/O of this attachment was under way in between.
 *
 *	-ENOENT		no such volume, or no such attachment (do); no such volume (dump)
 *
 *
 * ATT_DEL (do)
 *
 *	in	UUID, GEN	required
 *
 * Counters are forgotten, tracking ends. A generation that was fenced, by floor or by itself, stays
 * refused.
 *
 *	-ENOENT		no such volume, or no such attachment
 *	-EBUSY		a head is bound (a loaded table, active or inactive, names it)
 *
 *
 * FENCE (do): end the right to a volume, for good
 *
 *	in	UUID		required
 *		FLOOR		u64	end every generation below this one, or
 *		GEN		u64	end exactly this one; exactly one of the two is required;
 *				both LITEIO_GEN_MIN..LITEIO_GEN_MAX
 *		TIMEOUT_MS	u32	0..LITEIO_FENCE_TIMEOUT_MS_MAX, default
 *				LITEIO_FENCE_TIMEOUT_MS_DEF: how long to wait for I/O in flight
 *	out	UUID
 *		FLOOR		u64	the floor now
 *		DRAINED		u8	1: all I/O of the generations fenced by this command has
 *				ended, nothing of it can reach the device below any more.
 *				0: not yet
 *		INFLIGHT	u64	how much of it has not ended. Never too low; may be too high
 *				by what ended, or was refused, while it was counted
 *		WAITED_NS	u64	time spent waiting
 *
 * When FENCE answers without an error, the gates are closed: no I/O of a fenced generation that
 * was not yet under way will reach the device below, heads that are loaded refuse all I/O with an
 * error, heads of fenced generations can no longer be loaded, their attachments no longer be
 * added. That is so whether DRAINED is 1 or 0. Nobody may be told that the fence is complete
 * before DRAINED is 1.
 *
 * A fence by FLOOR needs no memory but for its answer, nor does one by GEN of an attachment that
 * exists: room for it was taken with ATT_ADD. The errors below say that nothing has changed, but
 * for EINTR; one about an answer that could not be delivered (its socket is full) says nothing.
 *
 * The command is idempotent: said again, it waits again. Fencing below a floor that is already
 * higher changes nothing and waits for what it names; the ACK, if one was asked for, says so in a
 * sentence (NLMSGERR_ATTR_MSG) although it is none of an error. A generation may be fenced that has
 * no attachment: it is barred from ever being added. Nothing opens a fence again. I/O that waits
 * because of a limit is not under way: it is refused like what comes later.
 *
 * The wait is short, because the kernel can register no generic netlink family, of anybody, while
 * any command is running: to wait longer, send FENCE again, or wait for the event ATT_DRAINED of
 * every attachment named.
 *
 *	-ENOENT		no such volume
 *	-ENOSPC		GEN without an attachment: LITEIO_BARRED_MAX generations from the floor on
 *			have been fenced one by one, or have an attachment that may yet be; raise
 *			the floor up to the lowest one in use
 *	-ENOMEM
 *	-EINTR		the caller is being killed; the gates are closed
 *
 *
 * STATS_GET (do, dump)
 *
 *	in	UUID		required (do); only attachments of this volume (dump)
 *		GEN		u64	required (do); not accepted (dump)
 *	out	UUID
 *		GEN		u64
 *		TIME_NS		u64	CLOCK_BOOTTIME when the counters were read
 *		INFLIGHT	u64	see FENCE
 *		REJECTED	u64
 *		QUEUED		u64	see ATT_GET
 *		THROTTLED	u64
 *		CLASS		nest, once per class of I/O:
 *			ID		u32	enum liteio_class
 *			IOS		u64	completed, whatever the result
 *			ERRORS		u64	of these, with an error
 *			BYTES		u64	of those without an error (discard: its range)
 *			TIME_NS		u64	sum of the latencies of those without an error;
 *					waiting because of a limit is part of them
 *			HIST		u64[LITEIO_HIST_BUCKETS], their number by latency; in the
 *					message it is aligned to 4 bytes only: copy it out
 *		LAST_NS		u64	CLOCK_BOOTTIME when I/O last completed, whatever the result;
 *				absent when none has. Not above TIME_NS; TIME_NS - LAST_NS is how
 *				long ago, without what the machine has slept since
 *
 *	-ENOENT		as ATT_GET
 *
 * Counters start at zero with the attachment and only grow; reloading a table keeps them. They
 * are read one after the other while I/O goes on, so they need not add up to the last one.
 *
 *
 * DIRTY_START (do): track the chunks that are written to
 *
 *	in	UUID, GEN	required
 *		CHUNK_SHIFT	u32	required; LITEIO_DIRTY_SHIFT_MIN..LITEIO_DIRTY_SHIFT_MAX
 *	out	TRACKING	u64	name of this tracking, random, not 0
 *		CHUNKS		u64	see DIRTY_FETCH
 *
 * Nothing is marked at first. The attachment may be fenced. It may have no head: then there are as
 * many chunks as its last head had, or none before the first one, all of which is new. Who did not
 * get the answer finds TRACKING in ATT_GET, or stops and starts again.
 *
 *	-ENOENT		no such volume, or no such attachment
 *	-EINVAL		CHUNK_SHIFT is missing
 *	-EBUSY		tracked already
 *	-E2BIG		more than LITEIO_DIRTY_CHUNKS_MAX chunks: CHUNK_SHIFT is too small
 *	-ENOMEM
 *
 *
 * DIRTY_STOP (do)
 *
 *	in	UUID, GEN	required
 *		TRACKING	u64	end no other than this one; default whichever it is
 *
 * Marks are forgotten, memory is given back.
 *
 *	-ENOENT		no such volume, or no such attachment
 *	-ENODATA	not tracked
 *	-ESTALE		TRACKING is not the present one
 *
 *
 * DIRTY_FETCH (do): which chunks are dirty; takes their marks away
 *
 *	in	UUID, GEN	required
 *		TRACKING	u64	required; from DIRTY_START
 *		CURSOR		u64	first chunk to look at; default 0
 *		MAX_CHUNKS	u32	1..LITEIO_DIRTY_CHUNKS_MAX, default the latter: give out no
 *				more than this
 *		TICKET		u64	of the last answer, when all chunks that it gave out are
 *				copied, safely; without, or with any other, these chunks are
 *				marked again first
 *	out	TRACKING	u64
 *		TICKET		u64	number of this answer
 *		RANGE		nest, any number up to LITEIO_DIRTY_RANGES_MAX, in ascending order:
 *			CHUNK		u64	first of adjacent chunks that were marked
 *			LEN		u64	how many
 *		NEXT_CURSOR	u64	first chunk that was not looked at; CHUNKS at the end
 *		CHUNK_SHIFT	u32	logarithm of the bytes of a chunk
 *		CHUNKS		u64	chunks of the head at present
 *		REMAINING	u64	marked chunks, in front of and behind CURSOR, without those
 *				that are given out. Exact while no I/O ends and no head grows,
 *				else never too low
 *
 * A round begins at CURSOR 0, goes on from NEXT_CURSOR with the TICKET of the answer before, and
 * ends when NEXT_CURSOR is CHUNKS. Two who fetch from one tracking get each other's chunks back.
 *
 *	-ENOENT		no such volume, or no such attachment
 *	-EINVAL		TRACKING is missing
 *	-ENODATA	not tracked
 *	-ESTALE		TRACKING is not the present one
 *	-ERANGE		CURSOR is beyond CHUNKS
 *	-ENOMEM
 *	others		the answer could not be delivered, its chunks are marked again
 *
 *
 * EVENT (multicast, group "events")
 *
 *	SEQ		u64	starts at 1, one more each time. A gap, or ENOBUFS on the socket,
 *			means that events were lost: read everything again
 *	TIME_NS		u64	CLOCK_BOOTTIME
 *	TYPE		u32	enum liteio_event
 *	UUID		the volume
 *	GEN		u64	the attachment; absent for events of a volume
 *	VALUE		u64	see enum liteio_event
 */
#ifndef _UAPI_LINUX_LITEIO_H
#define _UAPI_LINUX_LITEIO_H

#include <linux/types.h>

#define LITEIO_GENL_NAME		"liteio"
#define LITEIO_GENL_VERSION		1
#define LITEIO_GENL_GROUP_EVENTS	"events"

#define LITEIO_DM_TARGET		"liteio"

/* Limits. Lengths of strings are without the terminating zero byte. */
#define LITEIO_UUID_LEN			16
#define LITEIO_NAME_MAX			63
#define LITEIO_HOST_MAX			223
#define LITEIO_GEN_MIN			1ULL
#define LITEIO_GEN_MAX			0x7fffffffffffffffULL
#define LITEIO_VOL_MAX			65536
#define LITEIO_VOL_ATT_MAX		256
#define LITEIO_BARRED_MAX		4096
#define LITEIO_FENCE_TIMEOUT_MS_MAX	1000
#define LITEIO_FENCE_TIMEOUT_MS_DEF	1000
#define LITEIO_QOS_IOPS_MAX		1000000000ULL
#define LITEIO_QOS_BPS_MIN		4096ULL
#define LITEIO_QOS_BPS_MAX		0x10000000000ULL
#define LITEIO_QOS_BURST_MS_MIN		1
#define LITEIO_QOS_BURST_MS_MAX		10000
#define LITEIO_QOS_BURST_MS_DEF		100
#define LITEIO_DIRTY_SHIFT_MIN		16
#define LITEIO_DIRTY_SHIFT_MAX		26
#define LITEIO_DIRTY_CHUNKS_MAX		0x8000000
#define LITEIO_DIRTY_RANGES_MAX		256

/*
 * Latency histogram: bucket 0 counts what took less than 1024 ns; from there two buckets per
 * doubling, bucket i starting at liteio_hist_lower_ns(i): 1024, 1536, 2048, 3072, 4096 ... ns. The
 * last one, from 2^41 ns (37 minutes) on, has no end.
 */
#define LITEIO_HIST_BUCKETS		64

/**
 * liteio_hist_lower_ns() - lowest latency that a bucket counts
 * @i: below LITEIO_HIST_BUCKETS
 *
 * Return: nanoseconds.
 */
static __inline__ __u64 liteio_hist_lower_ns(unsigned int i)
{
	return i ? (__u64)(2 + ((i - 1) & 1)) << (9 + ((i - 1) >> 1)) : 0;
}

/**
 * enum liteio_cmd - commands of the family
 * @LITEIO_CMD_UNSPEC: not used
 * @LITEIO_CMD_INFO_GET: what module this is
 * @LITEIO_CMD_VOL_SET: create or change a volume
 * @LITEIO_CMD_VOL_GET: one volume, or all
 * @LITEIO_CMD_VOL_DEL: delete a volume without attachments
 * @LITEIO_CMD_ATT_ADD: add an attachment
 * @LITEIO_CMD_ATT_GET: one attachment, or all
 * @LITEIO_CMD_ATT_DEL: delete an attachment without a head
 * @LITEIO_CMD_FENCE: close gates and wait for I/O in flight
 * @LITEIO_CMD_STATS_GET: counters of one attachment, or of all
 * @LITEIO_CMD_EVENT: only from the kernel, multicast
 * @LITEIO_CMD_DIRTY_START: mark the chunks that are written to
 * @LITEIO_CMD_DIRTY_STOP: mark no more
 * @LITEIO_CMD_DIRTY_FETCH: which are marked; takes their marks away
 */
enum liteio_cmd {
	LITEIO_CMD_UNSPEC,
	LITEIO_CMD_INFO_GET,
	LITEIO_CMD_VOL_SET,
	LITEIO_CMD_VOL_GET,
	LITEIO_CMD_VOL_DEL,
	LITEIO_CMD_ATT_ADD,
	LITEIO_CMD_ATT_GET,
	LITEIO_CMD_ATT_DEL,
	LITEIO_CMD_FENCE,
	LITEIO_CMD_STATS_GET,
	LITEIO_CMD_EVENT,
	LITEIO_CMD_DIRTY_START,
	LITEIO_CMD_DIRTY_STOP,
	LITEIO_CMD_DIRTY_FETCH,

	/* private: the end */
	__LITEIO_CMD_MAX,
	LITEIO_CMD_MAX = __LITEIO_CMD_MAX - 1
};

/**
 * enum liteio_attr - attributes of all messages
 * @LITEIO_A_UNSPEC: not used
 * @LITEIO_A_PAD: alignment of 64-bit numbers, to be skipped
 * @LITEIO_A_VERSION: u32
 * @LITEIO_A_MODULE: string
 * @LITEIO_A_FEATURES: u64, bits of enum liteio_feature
 * @LITEIO_A_INSTANCE: LITEIO_UUID_LEN bytes
 * @LITEIO_A_EVENT_SEQ: u64
 * @LITEIO_A_STATS_BYTES: u64
 * @LITEIO_A_UUID: LITEIO_UUID_LEN bytes
 * @LITEIO_A_NAME: string
 * @LITEIO_A_FLOOR: u64
 * @LITEIO_A_BARRED: u32
 * @LITEIO_A_ATTACHMENTS: u32
 * @LITEIO_A_GEN: u64
 * @LITEIO_A_HOST: string
 * @LITEIO_A_FLAGS: u32, bits of enum liteio_att_flag
 * @LITEIO_A_STATE: u32, enum liteio_att_state
 * @LITEIO_A_INFLIGHT: u64
 * @LITEIO_A_REJECTED: u64
 * @LITEIO_A_DEV_MAJOR: u32
 * @LITEIO_A_DEV_MINOR: u32
 * @LITEIO_A_TIMEOUT_MS: u32
 * @LITEIO_A_DRAINED: u8
 * @LITEIO_A_WAITED_NS: u64
 * @LITEIO_A_TIME_NS: u64
 * @LITEIO_A_CLASS: nest of enum liteio_class_attr
 * @LITEIO_A_SEQ: u64
 * @LITEIO_A_TYPE: u32, enum liteio_event
 * @LITEIO_A_VALUE: u64
 * @LITEIO_A_QOS: nest of enum liteio_qos_attr
 * @LITEIO_A_THROTTLE: nest of enum liteio_throttle_attr
 * @LITEIO_A_QUEUED: u64
 * @LITEIO_A_THROTTLED: u64
 * @LITEIO_A_DIRTY_BYTES: u64
 * @LITEIO_A_TRACKING: u64
 * @LITEIO_A_CHUNK_SHIFT: u32
 * @LITEIO_A_CHUNKS: u64
 * @LITEIO_A_REMAINING: u64
 * @LITEIO_A_CURSOR: u64
 * @LITEIO_A_NEXT_CURSOR: u64
 * @LITEIO_A_MAX_CHUNKS: u32
 * @LITEIO_A_TICKET: u64
 * @LITEIO_A_RANGE: nest of enum liteio_range_attr
 * @LITEIO_A_LAST_NS: u64
 * @LITEIO_A_STARTED: u64
 */
enum liteio_attr {
	LITEIO_A_UNSPEC,
	LITEIO_A_PAD,
	LITEIO_A_VERSION,
	LITEIO_A_MODULE,
	LITEIO_A_FEATURES,
	LITEIO_A_INSTANCE,
	LITEIO_A_EVENT_SEQ,
	LITEIO_A_STATS_BYTES,
	LITEIO_A_UUID,
	LITEIO_A_NAME,
	LITEIO_A_FLOOR,
	LITEIO_A_BARRED,
	LITEIO_A_ATTACHMENTS,
	LITEIO_A_GEN,
	LITEIO_A_HOST,
	LITEIO_A_FLAGS,
	LITEIO_A_STATE,
	LITEIO_A_INFLIGHT,
	LITEIO_A_REJECTED,
	LITEIO_A_DEV_MAJOR,
	LITEIO_A_DEV_MINOR,
	LITEIO_A_TIMEOUT_MS,
	LITEIO_A_DRAINED,
	LITEIO_A_WAITED_NS,
	LITEIO_A_TIME_NS,
	LITEIO_A_CLASS,
	LITEIO_A_SEQ,
	LITEIO_A_TYPE,
	LITEIO_A_VALUE,
	LITEIO_A_QOS,
	LITEIO_A_THROTTLE,
	LITEIO_A_QUEUED,
	LITEIO_A_THROTTLED,
	LITEIO_A_DIRTY_BYTES,
	LITEIO_A_TRACKING,
	LITEIO_A_CHUNK_SHIFT,
	LITEIO_A_CHUNKS,
	LITEIO_A_REMAINING,
	LITEIO_A_CURSOR,
	LITEIO_A_NEXT_CURSOR,
	LITEIO_A_MAX_CHUNKS,
	LITEIO_A_TICKET,
	LITEIO_A_RANGE,
	LITEIO_A_LAST_NS,
	LITEIO_A_STARTED,

	/* private: the end */
	__LITEIO_A_MAX,
	LITEIO_A_MAX = __LITEIO_A_MAX - 1
};

/**
 * enum liteio_class_attr - attributes in the nest LITEIO_A_CLASS
 * @LITEIO_CLASS_A_UNSPEC: not used
 * @LITEIO_CLASS_A_PAD: alignment of 64-bit numbers, to be skipped
 * @LITEIO_CLASS_A_ID: u32, enum liteio_class
 * @LITEIO_CLASS_A_IOS: u64
 * @LITEIO_CLASS_A_ERRORS: u64
 * @LITEIO_CLASS_A_BYTES: u64
 * @LITEIO_CLASS_A_TIME_NS: u64
 * @LITEIO_CLASS_A_HIST: u64[LITEIO_HIST_BUCKETS]
 */
enum liteio_class_attr {
	LITEIO_CLASS_A_UNSPEC,
	LITEIO_CLASS_A_PAD,
	LITEIO_CLASS_A_ID,
	LITEIO_CLASS_A_IOS,
	LITEIO_CLASS_A_ERRORS,
	LITEIO_CLASS_A_BYTES,
	LITEIO_CLASS_A_TIME_NS,
	LITEIO_CLASS_A_HIST,

	/* private: the end */
	__LITEIO_CLASS_A_MAX,
	LITEIO_CLASS_A_MAX = __LITEIO_CLASS_A_MAX - 1
};

/**
 * enum liteio_qos_attr - attributes in the nest LITEIO_A_QOS
 * @LITEIO_QOS_A_UNSPEC: not used
 * @LITEIO_QOS_A_PAD: alignment of 64-bit numbers, to be skipped
 * @LITEIO_QOS_A_RIOPS: u64
 * @LITEIO_QOS_A_WIOPS: u64
 * @LITEIO_QOS_A_RBPS: u64
 * @LITEIO_QOS_A_WBPS: u64
 * @LITEIO_QOS_A_BURST_MS: u32
 */
enum liteio_qos_attr {
	LITEIO_QOS_A_UNSPEC,
	LITEIO_QOS_A_PAD,
	LITEIO_QOS_A_RIOPS,
	LITEIO_QOS_A_WIOPS,
	LITEIO_QOS_A_RBPS,
	LITEIO_QOS_A_WBPS,
	LITEIO_QOS_A_BURST_MS,

	/* private: the end */
	__LITEIO_QOS_A_MAX,
	LITEIO_QOS_A_MAX = __LITEIO_QOS_A_MAX - 1
};

/**
 * enum liteio_throttle_attr - attributes in the nest LITEIO_A_THROTTLE
 * @LITEIO_THROTTLE_A_UNSPEC: not used
 * @LITEIO_THROTTLE_A_PAD: alignment of 64-bit numbers, to be skipped
 * @LITEIO_THROTTLE_A_ID: u32, enum liteio_class
 * @LITEIO_THROTTLE_A_QUEUED: u64
 * @LITEIO_THROTTLE_A_THROTTLED: u64
 * @LITEIO_THROTTLE_A_IOPS_NS: u64
 * @LITEIO_THROTTLE_A_BPS_NS: u64
 */
enum liteio_throttle_attr {
	LITEIO_THROTTLE_A_UNSPEC,
	LITEIO_THROTTLE_A_PAD,
	LITEIO_THROTTLE_A_ID,
	LITEIO_THROTTLE_A_QUEUED,
	LITEIO_THROTTLE_A_THROTTLED,
	LITEIO_THROTTLE_A_IOPS_NS,
	LITEIO_THROTTLE_A_BPS_NS,

	/* private: the end */
	__LITEIO_THROTTLE_A_MAX,
	LITEIO_THROTTLE_A_MAX = __LITEIO_THROTTLE_A_MAX - 1
};

/**
 * enum liteio_range_attr - attributes in the nest LITEIO_A_RANGE
 * @LITEIO_RANGE_A_UNSPEC: not used
 * @LITEIO_RANGE_A_PAD: alignment of 64-bit numbers, to be skipped
 * @LITEIO_RANGE_A_CHUNK: u64
 * @LITEIO_RANGE_A_LEN: u64
 */
enum liteio_range_attr {
	LITEIO_RANGE_A_UNSPEC,
	LITEIO_RANGE_A_PAD,
	LITEIO_RANGE_A_CHUNK,
	LITEIO_RANGE_A_LEN,

	/* private: the end */
	__LITEIO_RANGE_A_MAX,
	LITEIO_RANGE_A_MAX = __LITEIO_RANGE_A_MAX - 1
};

/**
 * enum liteio_class - classes of I/O
 * @LITEIO_CLASS_READ: reads
 * @LITEIO_CLASS_WRITE: writes with data, forced to the medium (FUA) or not
 * @LITEIO_CLASS_FLUSH: flushes of the volatile cache
 * @LITEIO_CLASS_OTHER: discard, write zeroes, secure erase
 */
enum liteio_class {
	LITEIO_CLASS_READ,
	LITEIO_CLASS_WRITE,
	LITEIO_CLASS_FLUSH,
	LITEIO_CLASS_OTHER,

	/* private: how many */
	LITEIO_CLASS_NR
};

/**
 * enum liteio_feature - what this module can do, bits of LITEIO_A_FEATURES
 * @LITEIO_FEATURE_FENCE_FLOOR: FENCE by FLOOR
 * @LITEIO_FEATURE_FENCE_GEN: FENCE of one exact generation
 * @LITEIO_FEATURE_STATS: STATS_GET with histograms
 * @LITEIO_FEATURE_EVENTS: the multicast group
 * @LITEIO_FEATURE_ATOMIC_WRITES: heads pass atomic writes on (depends on the kernel)
 * @LITEIO_FEATURE_QOS: limits of volumes
 * @LITEIO_FEATURE_DIRTY: tracking of dirty chunks
 */
enum liteio_feature {
	LITEIO_FEATURE_FENCE_FLOOR	= 1 << 0,
	LITEIO_FEATURE_FENCE_GEN	= 1 << 1,
	LITEIO_FEATURE_STATS		= 1 << 2,
	LITEIO_FEATURE_EVENTS		= 1 << 3,
	LITEIO_FEATURE_ATOMIC_WRITES	= 1 << 4,
	LITEIO_FEATURE_QOS		= 1 << 5,
	LITEIO_FEATURE_DIRTY		= 1 << 6
};

/**
 * enum liteio_att_flag - bits of LITEIO_A_FLAGS
 * @LITEIO_ATT_RO: the head refuses everything that changes data; flushes pass
 */
enum liteio_att_flag {
	LITEIO_ATT_RO			= 1 << 0
};

/**
 * enum liteio_att_state - life of an attachment, LITEIO_A_STATE
 * @LITEIO_ATT_NEW: no head is bound
 * @LITEIO_ATT_OPEN: a head is bound, I/O passes
 * @LITEIO_ATT_DRAINING: fenced, I/O is still in flight
 * @LITEIO_ATT_FENCED: fenced and drained
 */
enum liteio_att_state {
	LITEIO_ATT_NEW,
	LITEIO_ATT_OPEN,
	LITEIO_ATT_DRAINING,
	LITEIO_ATT_FENCED
};

/**
 * enum liteio_event - kinds of events, LITEIO_A_TYPE, and their LITEIO_A_VALUE
 * @LITEIO_EVENT_VOL_ADDED: a volume was created; the floor
 * @LITEIO_EVENT_VOL_CHANGED: name or floor of a volume changed; the floor
 * @LITEIO_EVENT_VOL_DELETED: a volume was deleted; 0
 * @LITEIO_EVENT_ATT_ADDED: an attachment was added; its flags
 * @LITEIO_EVENT_ATT_BOUND: the first table of a head was loaded; major << 32 | minor
 * @LITEIO_EVENT_ATT_UNBOUND: the last table was dropped; major << 32 | minor
 * @LITEIO_EVENT_ATT_FENCED: the gate was closed; I/O in flight at that moment
 * @LITEIO_EVENT_ATT_DRAINED: the last I/O behind a closed gate ended; 0
 * @LITEIO_EVENT_ATT_DELETED: an attachment was deleted; 0
 * @LITEIO_EVENT_STALE_IO: the first I/O after the gate was closed was refused; 0. Once
 * @LITEIO_EVENT_IO_ERROR: I/O failed; errors of the attachment until now. About one a second
 * @LITEIO_EVENT_NO_SPACE: I/O failed for lack of space; errors until now. About one a second
 * @LITEIO_EVENT_QOS_CHANGED: limits of a volume changed; 0
 * @LITEIO_EVENT_DIRTY_CHANGED: an attachment is tracked, or no more; its chunk shift, or 0
 */
enum liteio_event {
	LITEIO_EVENT_VOL_ADDED		= 1,
	LITEIO_EVENT_VOL_CHANGED,
	LITEIO_EVENT_VOL_DELETED,
	LITEIO_EVENT_ATT_ADDED,
	LITEIO_EVENT_ATT_BOUND,
	LITEIO_EVENT_ATT_UNBOUND,
	LITEIO_EVENT_ATT_FENCED,
	LITEIO_EVENT_ATT_DRAINED,
	LITEIO_EVENT_ATT_DELETED,
	LITEIO_EVENT_STALE_IO,
	LITEIO_EVENT_IO_ERROR,
	LITEIO_EVENT_NO_SPACE,
	LITEIO_EVENT_QOS_CHANGED,
	LITEIO_EVENT_DIRTY_CHANGED
};

#endif
