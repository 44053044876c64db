/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The liteio kernel module's netlink family (libnl-genl below; its types stay in netlink.c).
 *
 * include/uapi/linux/liteio.h says what every command means; this header only says how to call it.
 * The kernel's own sentence (NETLINK_EXT_ACK) ends up in the error.
 */
#ifndef LITEIO_HOST_NETLINK_H
#define LITEIO_HOST_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/liteio.h>

#include "base/uuid.h"

struct liteio_error;
struct liteio_netlink;
struct liteio_netlink_events;

/* the longest name a volume has inside the kernel; longer ones are cut, they are for people only */
#define LITEIO_NETLINK_NAME_MAX LITEIO_NAME_MAX
#define LITEIO_NETLINK_HOST_MAX 223

/* room for a sentence of the kernel's, cut there */
#define LITEIO_NETLINK_SENTENCE 256

/* lets the kernel choose FENCE's TIMEOUT_MS default */
#define LITEIO_NETLINK_TIMEOUT_DEF UINT32_MAX

/**
 * struct liteio_netlink_info - INFO_GET
 * @version: of the protocol
 * @module: version of the module
 * @features: bits of enum liteio_feature
 * @instance: random per load of the module
 * @event_seq: newest event
 * @stats_bytes: memory of all statistics
 * @dirty_bytes: memory of all tracking of dirty chunks
 */
struct liteio_netlink_info {
	uint32_t version;
	char module[64];
	uint64_t features;
	struct liteio_uuid instance;
	uint64_t event_seq;
	uint64_t stats_bytes;
	uint64_t dirty_bytes;
};

/* limits of a volume, as VOL_SET takes them; 0 is no limit, and the default for @burst_ms */
struct liteio_netlink_qos {
	uint64_t riops;
	uint64_t wiops;
	uint64_t rbps;
	uint64_t wbps;
	uint32_t burst_ms;
};

/* what limits did to one class of I/O, see VOL_GET */
struct liteio_netlink_throttle {
	uint64_t queued;
	uint64_t throttled;
	uint64_t iops_ns;
	uint64_t bps_ns;
};

/*
 * struct liteio_netlink_volume - VOL_GET; @throttle is indexed by enum liteio_class, read and write
 */
struct liteio_netlink_volume {
	struct liteio_uuid uuid;
	char name[LITEIO_NETLINK_NAME_MAX + 1];
	uint64_t floor;
	uint32_t barred;
	uint32_t attachments;
	struct liteio_netlink_qos qos;
	struct liteio_netlink_throttle throttle[LITEIO_CLASS_WRITE + 1];
};

/**
 * struct liteio_netlink_att - ATT_GET
 * @uuid: volume
 * @generation: of the attachment
 * @host: consumer, for people
 * @flags: bits of enum liteio_att_flag
 * @state: enum liteio_att_state
 * @inflight: I/O under way; exact only once fenced
 * @rejected: I/O refused
 * @queued: I/O that waits because of a limit
 * @throttled: I/O that had to
 * @bound: a head is bound; its number is in @major and @minor
 * @major: of the head
 * @minor: of the head
 * @tracking: name of the tracking of dirty chunks, 0 when there is none; then the rest is not set
 * @chunk_shift: logarithm of the bytes of a chunk
 * @chunks: of the head
 * @remaining: that are dirty
 */
struct liteio_netlink_att {
	struct liteio_uuid uuid;
	uint64_t generation;
	char host[LITEIO_NETLINK_HOST_MAX + 1];
	uint32_t flags;
	uint32_t state;
	uint64_t inflight;
	uint64_t rejected;
	uint64_t queued;
	uint64_t throttled;
	bool bound;
	uint32_t major;
	uint32_t minor;
	uint64_t tracking;
	uint32_t chunk_shift;
	uint64_t chunks;
	uint64_t remaining;
};

/**
 * struct liteio_netlink_io - of ATT_GET what says whether there was I/O
 * @uuid: volume
 * @is_bound: a head is bound
 * @is_told: the module tells the rest: it is new enough
 * @started: I/O that has come to the gate so far
 * @inflight: of that, under way; of one reading with @started
 */
struct liteio_netlink_io {
	struct liteio_uuid uuid;
	bool is_bound;
	bool is_told;
	uint64_t started;
	uint64_t inflight;
};

typedef void (*liteio_netlink_io_fn)(void *arg, const struct liteio_netlink_io *io);

/* struct liteio_netlink_fence - FENCE; @note: the kernel's sentence about a success, mostly "" */
struct liteio_netlink_fence {
	uint64_t floor;
	bool drained;
	uint64_t inflight;
	uint64_t waited_ns;
	char note[LITEIO_NETLINK_SENTENCE];
};

struct liteio_netlink_class {
	uint64_t ios;
	uint64_t errors;
	uint64_t bytes;
	uint64_t time_ns;
	uint64_t hist[LITEIO_HIST_BUCKETS];
};

/*
 * struct liteio_netlink_stats - STATS_GET; @classes is indexed by enum liteio_class; @last_ns is 0
 * when no I/O has completed, or the module is older than the attribute
 */
struct liteio_netlink_stats {
	struct liteio_uuid uuid;
	uint64_t generation;
	uint64_t time_ns;
	uint64_t inflight;
	uint64_t rejected;
	uint64_t queued;
	uint64_t throttled;
	uint64_t last_ns;
	struct liteio_netlink_class classes[LITEIO_CLASS_NR];
};

/*
 * struct liteio_netlink_event - EVENT
 * @lost: nothing else is valid: events were lost (a gap in @seq, or ENOBUFS), read everything again
 */
struct liteio_netlink_event {
	bool lost;
	uint64_t seq;
	uint64_t time_ns;
	uint32_t type;
	struct liteio_uuid uuid;
	uint64_t generation;
	uint64_t value;
};

/**
 * liteio_netlink_open() - connect to the family
 * @ret: owned by the caller
 * @err: why not; "the module liteio is not loaded" when the family does not exist
 *
 * Context: any thread; a connection is used by one thread at a time. Every command below may block
 * as the header of the protocol says: about a millisecond, FENCE as long as its timeout.
 * Return: 0, -ENOENT without the module, or another negative errno.
 */
int liteio_netlink_open(struct liteio_netlink **ret, struct liteio_error *err);
void liteio_netlink_close(struct liteio_netlink *nl);
/* of the module that it is connected to: another one each time that it is loaded */
uint64_t liteio_netlink_load(const struct liteio_netlink *nl);
/* for netlink_*.c: its descriptor, and the family; it is not to be used again */
int liteio_netlink_raw(const struct liteio_netlink *nl, int *ret_family);
void liteio_netlink_broken(struct liteio_netlink *nl);
static inline void liteio_netlink_closep(struct liteio_netlink **nl)
{
	liteio_netlink_close(*nl);
}

int liteio_netlink_info_get(struct liteio_netlink *nl, struct liteio_netlink_info *ret,
			    struct liteio_error *err);

/**
 * liteio_netlink_vol_set() - create or change a volume
 * @nl: connection
 * @uuid: the volume
 * @name: NULL leaves it; longer than the kernel takes is cut
 * @floor: 0 leaves it
 * @create: make it when it does not exist
 * @excl: with @create: fail with -EEXIST when it does
 * @err: the kernel's sentence
 *
 * Return: 0 or a negative errno as in the protocol.
 */
int liteio_netlink_vol_set(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   const char *name, uint64_t floor, bool create, bool excl,
			   struct liteio_error *err);
/*
 * all limits of a volume that exists at once: a limit that is 0 is taken away; -EOPNOTSUPP when
 * this module has none
 */
int liteio_netlink_vol_limit(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			     const struct liteio_netlink_qos *qos, struct liteio_error *err);
int liteio_netlink_vol_get(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   struct liteio_netlink_volume *ret, struct liteio_error *err);
/* all volumes, in new memory; a dump that was interrupted is begun again */
int liteio_netlink_vol_list(struct liteio_netlink *nl, struct liteio_netlink_volume **ret,
			    size_t *ret_n, struct liteio_error *err);
int liteio_netlink_vol_del(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   struct liteio_error *err);

/* @host may be NULL; characters that the kernel does not take are replaced by '_' */
int liteio_netlink_att_add(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   uint64_t generation, const char *host, bool read_only,
			   struct liteio_error *err);
int liteio_netlink_att_get(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   uint64_t generation, struct liteio_netlink_att *ret,
			   struct liteio_error *err);
/* @uuid NULL for those of all volumes */
int liteio_netlink_att_list(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			    struct liteio_netlink_att **ret, size_t *ret_n,
			    struct liteio_error *err);
/**
 * liteio_netlink_io_each() - what I/O has come to all attachments
 * @nl: the connection
 * @fn: told of each; when this fails it was told of some
 * @arg: for @fn
 * @err: why not
 *
 * Return: 0, -EAGAIN when objects came or went meanwhile, or another negative errno.
 */
int liteio_netlink_io_each(struct liteio_netlink *nl, liteio_netlink_io_fn fn, void *arg,
			   struct liteio_error *err);
int liteio_netlink_att_del(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   uint64_t generation, struct liteio_error *err);

/**
 * liteio_netlink_fence() - one FENCE command
 * @nl: connection
 * @uuid: the volume
 * @floor: end everything below, or 0
 * @generation: end exactly this one, or 0; exactly one of the two is given
 * @timeout_ms: at most LITEIO_FENCE_TIMEOUT_MS_MAX, or LITEIO_NETLINK_TIMEOUT_DEF
 * @ret: what the kernel said; look at @ret->drained
 * @err: why not
 *
 * Return: 0: the gates are closed, whether drained or not; or a negative errno.
 */
int liteio_netlink_fence(struct liteio_netlink *nl, const struct liteio_uuid *uuid, uint64_t floor,
			 uint64_t generation, uint32_t timeout_ms, struct liteio_netlink_fence *ret,
			 struct liteio_error *err);
/*
 * FENCE again and again until drained or @timeout_ms is over; 0 in both cases: see @ret->drained.
 * @ret->note is of the first one, which is the one that changes something
 */
int liteio_netlink_fence_wait(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			      uint64_t floor, uint64_t generation, uint64_t timeout_ms,
			      struct liteio_netlink_fence *ret, struct liteio_error *err);

int liteio_netlink_stats_get(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			     uint64_t generation, struct liteio_netlink_stats *ret,
			     struct liteio_error *err);
int liteio_netlink_stats_list(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			      struct liteio_netlink_stats **ret, size_t *ret_n,
			      struct liteio_error *err);

/**
 * struct liteio_netlink_attr - an attribute of a command
 * @type: enum liteio_attr
 * @data: its content
 * @len: bytes of @data; all attributes of a command together at most a few hundred
 */
struct liteio_netlink_attr {
	int type;
	const void *data;
	size_t len;
};

/**
 * struct liteio_netlink_question - a command, for those with a header of their own
 * @cmd: enum liteio_cmd
 * @attrs: its attributes
 * @n_attrs: how many
 * @parse: reads the one message it answers with; NULL when it answers with the ACK alone
 * @size: of what @parse fills
 * @what: what one cannot do when it fails
 */
struct liteio_netlink_question {
	int cmd;
	const struct liteio_netlink_attr *attrs;
	size_t n_attrs;
	int (*parse)(const void *attrs, size_t len, void *ret);
	size_t size;
	const char *what;
};

/**
 * liteio_netlink_ask() - one command
 * @nl: connection
 * @question: the command
 * @ret: filled by the question's parser, untouched on failure
 * @err: the kernel's sentence
 *
 * Return: 0 or a negative errno as in the protocol.
 */
int liteio_netlink_ask(struct liteio_netlink *nl, const struct liteio_netlink_question *question,
		       void *ret, struct liteio_error *err);

/**
 * liteio_netlink_events_open() - subscribe to the family's events
 * @ret: owned by the caller
 * @err: why not
 *
 * Events can be lost between a listing and the subscription: subscribe first, then ask for the
 * newest event (INFO_GET), say so with liteio_netlink_events_expect(), then list.
 * Return: 0 or a negative errno.
 */
int liteio_netlink_events_open(struct liteio_netlink_events **ret, struct liteio_error *err);
/* events up to @seq are known: they are skipped, and the one after it is the next */
void liteio_netlink_events_expect(struct liteio_netlink_events *ev, uint64_t seq);
void liteio_netlink_events_close(struct liteio_netlink_events *ev);
/* non-blocking descriptor to watch for reading; borrowed */
int liteio_netlink_events_fd(const struct liteio_netlink_events *ev);
/*
 * the next event: 1 and @ret, 0 when there is none now, or a negative errno; never blocks. Without
 * liteio_netlink_events_expect() the first one is event 1 or "lost"
 */
int liteio_netlink_events_next(struct liteio_netlink_events *ev, struct liteio_netlink_event *ret,
			       struct liteio_error *err);

/*
 * Pure parts, for tests and fuzzers: one message body (attributes after the generic netlink header)
 * as the kernel sends it. Return 0, or -EBADMSG when something that must be there is not.
 */
int liteio_netlink_parse_info(const void *attrs, size_t len, struct liteio_netlink_info *ret);
int liteio_netlink_parse_volume(const void *attrs, size_t len, struct liteio_netlink_volume *ret);
int liteio_netlink_parse_att(const void *attrs, size_t len, struct liteio_netlink_att *ret);
int liteio_netlink_parse_io(const void *attrs, size_t len, struct liteio_netlink_io *ret);
/*
 * a datagram of the dump that was asked for with @seq: 1 when it has the end, 0 when there is more
 * to come; -EAGAIN when objects changed under it, or what the kernel says
 */
int liteio_netlink_parse_io_part(const void *bytes, size_t len, uint32_t seq,
				 liteio_netlink_io_fn fn, void *arg);
int liteio_netlink_parse_fence(const void *attrs, size_t len, struct liteio_netlink_fence *ret);
int liteio_netlink_parse_stats(const void *attrs, size_t len, struct liteio_netlink_stats *ret);
int liteio_netlink_parse_event(const void *attrs, size_t len, struct liteio_netlink_event *ret);

/* where an event stands to those before it */
enum liteio_netlink_order {
	LITEIO_NETLINK_KNOWN, /* not behind the newest one that is known */
	LITEIO_NETLINK_NEXT, /* the one behind it */
	LITEIO_NETLINK_GAP, /* others are missing between the two */
};

/* @known: the newest event that is known, 0 for none; becomes @seq when that is newer */
enum liteio_netlink_order liteio_netlink_order(uint64_t *known, uint64_t seq);

#endif
