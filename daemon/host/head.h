/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Heads: the device that a consumer opens, and that carries the gate of its attachment.
 *
 * On the pool node a head sits on the thin volume ("liteio-head-..."), on a remote consumer on the
 * namespace of the export ("liteio-remote-..."). The attachment must be in the kernel's registry
 * (netlink.h) before a head can be made. Without the module a local head is a dm-linear: it has no
 * gate, so only local attachments can have one.
 */
#ifndef LITEIO_HOST_HEAD_H
#define LITEIO_HOST_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/uuid.h"
#include "host/dm.h"

struct liteio_error;

/**
 * struct liteio_head - what a head should be
 * @uuid: of the volume
 * @generation: of the attachment
 * @remote: a consumer's head on an nvme namespace
 * @lower: the device below
 * @size_bytes: size of the head, a multiple of 512, at most that of @lower
 * @read_only: writes are refused
 * @exported: for nvmet, which opens every device for writing: with @read_only only the gate refuses
 *	writes, the device itself is not read-only. Not read back
 * @gate: the target is "liteio"; false makes a dm-linear (local attachments without the module)
 */
struct liteio_head {
	struct liteio_uuid uuid;
	uint64_t generation;
	bool remote;
	dev_t lower;
	uint64_t size_bytes;
	bool read_only;
	bool exported;
	bool gate;
};

/**
 * struct liteio_head_state - what a head is
 * @head: as above, read back from its table
 * @dm: the device
 * @path: to open it
 * @floor: of the volume, as the target reports it; 0 for dm-linear
 * @fenced: the gate is closed
 * @inflight: I/O under way, as the target reports it
 */
struct liteio_head_state {
	struct liteio_head head;
	struct liteio_dm_info dm;
	char path[LITEIO_DM_PATH_MAX];
	uint64_t floor;
	bool fenced;
	uint64_t inflight;
};

/**
 * liteio_head_ensure() - have a running head with this table; create, adopt or reload (grow)
 * @h: what it should be
 * @ret_path: to open it; may be NULL
 * @err: the kernel's reason: -ESTALE below the floor, -ENOENT without the attachment
 *
 * Context: worker; blocks as long as a reload has to wait for I/O.
 * Return: 0 or a negative errno.
 */
int liteio_head_ensure(const struct liteio_head *h, char ret_path[LITEIO_DM_PATH_MAX],
		       struct liteio_error *err);

/**
 * liteio_head_place() - have a head of that size, for a volume that is not there yet
 * @uuid: of the volume
 * @generation: of the attachment
 * @size_bytes: a multiple of 512
 * @ret_path: where the head is
 * @err: why not
 *
 * Whatever gets to it gets an error, until liteio_head_ensure() makes it what it should be. One
 * that is there already stays what it is, whatever that is. Context: worker.
 * Return: 0 or a negative errno.
 */
int liteio_head_place(const struct liteio_uuid *uuid, uint64_t generation, uint64_t size_bytes,
		      char ret_path[LITEIO_DM_PATH_MAX], struct liteio_error *err);

/**
 * liteio_head_grow() - make a head longer, and leave all else of it as it is
 * @uuid: of the volume
 * @generation: of the attachment
 * @size_bytes: a multiple of 512; what is below has that, and more
 * @err: as liteio_head_ensure()
 *
 * It is looked at once, and its table is loaded anew with another length only. So the caller keeps
 * everybody else from making it, or giving it another table: what is below may be another device
 * then. Beside it, it may be fenced (the kernel takes no new table then), suspended (it runs
 * afterwards), opened and closed, or removed (it is not made again).
 *
 * Context: worker, as that. Return: 1 when it is so long, 0 when there is no head that runs and has
 * a gate: liteio_head_ensure() is for all others; or a negative errno, and it has the old length.
 */
int liteio_head_grow(const struct liteio_uuid *uuid, uint64_t generation, uint64_t size_bytes,
		     struct liteio_error *err);

/*
 * that it is there, and who has it open: one question to the kernel, and not what its target has to
 * say, which takes ten times as long; -ENODEV when there is none
 */
int liteio_head_info(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     struct liteio_dm_info *ret, struct liteio_error *err);
/* likewise where it is */
int liteio_head_path(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     char ret[LITEIO_DM_PATH_MAX], struct liteio_error *err);
/* all of it; -ENODEV when there is none */
int liteio_head_get(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		    struct liteio_head_state *ret, struct liteio_error *err);
/* all heads of both kinds; new memory */
int liteio_head_list(struct liteio_head_state **ret, size_t *ret_n, struct liteio_error *err);
/* those of one volume, of which there may be thousands of others; NULL for all */
int liteio_head_list_of(const struct liteio_uuid *uuid, struct liteio_head_state **ret,
			size_t *ret_n, struct liteio_error *err);
/*
 * Likewise those of one kind, without asking for those of all others: what somebody else has made
 * since this process asked for the first time is not there. Not for a fence:
 * liteio_head_fail_plain()
 */
int liteio_head_list_known(const struct liteio_uuid *uuid, bool remote,
			   struct liteio_head_state **ret, size_t *ret_n, struct liteio_error *err);
/* remove; -EBUSY while it is open, 0 when there is none */
int liteio_head_remove(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		       struct liteio_error *err);
/*
 * Make every I/O to a head fail from now on: its table becomes "error". For a consumer whose path
 * is gone; the device stays until its openers leave. I/O that is under way below is waited for:
 * delete the dead controller first (liteio_nvme_disconnect()).
 */
int liteio_head_fail(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     struct liteio_error *err);
/**
 * liteio_head_fail_plain() - the same of every head of a volume, on its pool's node, without a gate
 * @uuid: of the volume
 * @first: generation to begin with
 * @end: generation to end before
 * @err: why one can not be looked at, or be ended
 *
 * For a fence: whoever has made it, and when; those of a consumer are left alone. Asks the kernel
 * itself, by their names, or for a list where these would be more than it has devices. Context:
 * worker, as liteio_head_fail().
 * Return: 0, also when there is none, or a negative errno: then there may be one that writes.
 */
int liteio_head_fail_plain(const struct liteio_uuid *uuid, uint64_t first, uint64_t end,
			   struct liteio_error *err);

/* what a head says of the I/O that has passed it: as long as it is the same, none has */
#define LITEIO_HEAD_TRAFFIC 256
/* -EBUSY when somebody has it open, or I/O is under way; -EOPNOTSUPP when it does not count */
int liteio_head_traffic(const char *dm_name, char ret[LITEIO_HEAD_TRAFFIC],
			struct liteio_error *err);

/* one line of status or table of the target, for tests and fuzzers. Pure; 0 or -EBADMSG */
int liteio_head_parse_status(const char *params, struct liteio_head_state *io);
int liteio_head_parse_table(const char *type, const char *params, struct liteio_head *io);

#endif
