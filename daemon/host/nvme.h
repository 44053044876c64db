/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The consumer's side of an export: controllers of the kernel's NVMe/TCP host.
 *
 * Connecting is one write to /dev/nvme-fabrics; everything else is sysfs and uevents. That is the
 * kernel's ABI, so no library is needed.
 */
#ifndef LITEIO_HOST_NVME_H
#define LITEIO_HOST_NVME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/uuid.h"
#include "host/nvmet.h"

struct liteio_error;

/**
 * struct liteio_nvme_host - who we are to targets; the pair never changes on a node
 * @nqn: host NQN
 * @id: host id
 */
struct liteio_nvme_host {
	char nqn[LITEIO_NQN_MAX + 1];
	struct liteio_uuid id;
};

/**
 * struct liteio_nvme_connect - one path to an export
 * @uuid: volume
 * @generation: of the attachment
 * @address: numeric
 * @port: TCP port
 * @host: who we are
 * @nr_io_queues: 0 takes the smaller of 4 and the CPUs online
 * @ctrl_loss_tmo_s: how long to keep trying when the path is lost; -1: for ever
 * @reconnect_delay_s: between two tries; 0 takes 2
 * @keep_alive_s: 0 takes 5
 */
struct liteio_nvme_connect {
	struct liteio_uuid uuid;
	uint64_t generation;
	const char *address;
	const char *port;
	const struct liteio_nvme_host *host;
	unsigned int nr_io_queues;
	int ctrl_loss_tmo_s;
	unsigned int reconnect_delay_s;
	unsigned int keep_alive_s;
};

/**
 * struct liteio_nvme_ctrl - a controller of ours, as sysfs shows it
 * @name: "nvme3"
 * @uuid: volume, from the subsystem's name
 * @generation: of the attachment
 * @address: "traddr=192.0.2.1,trsvcid=4420,..."
 * @state: "live", "connecting", "deleting (no IO)", ...; "waiting" when it is live, and the target
 *	holds a place for a volume that is not there yet: I/O waits as while it is connecting
 */
struct liteio_nvme_ctrl {
	char name[32];
	struct liteio_uuid uuid;
	uint64_t generation;
	char address[256];
	char state[32];
};

/**
 * struct liteio_nvme_namespace - the block device of an export
 * @path: "/dev/nvme0n1"
 * @dev: its number
 * @size_bytes: its size now
 */
struct liteio_nvme_namespace {
	char path[64];
	dev_t dev;
	uint64_t size_bytes;
};

/* load nvme-tcp; 0 or a negative errno */
int liteio_nvme_prepare(struct liteio_error *err);
/*
 * 0 when the kernel has native multipath, which alone knows how to wait for a path that is
 * "waiting"; else -EOPNOTSUPP. After liteio_nvme_prepare()
 */
int liteio_nvme_check_multipath(struct liteio_error *err);
/* the same of what its parameter says, NULL when there is none; pure */
int liteio_nvme_multipath_is_on(const char *value, struct liteio_error *err);

/**
 * liteio_nvme_host_load() - read hostnqn and hostid, making the missing ones
 * @dir: NULL for /etc/nvme
 * @ret: the pair
 * @err: why not; a file that is there and not valid is an error, it is never replaced
 *
 * A missing pair is made together and kept: hostid random, hostnqn "nqn.2014-08.org.nvmexpress:
 * uuid:<hostid>". When only one is missing it is derived from the other. Context: worker.
 * Return: 0 or a negative errno.
 */
int liteio_nvme_host_load(const char *dir, struct liteio_nvme_host *ret, struct liteio_error *err);

/**
 * liteio_nvme_connect() - connect and wait for the namespace of this volume under this subsystem
 * @c: the path
 * @timeout_ms: bound of everything
 * @ret: the block device
 * @err: the target refused, was not there, or no namespace came up in time
 *
 * A path that is already connected is a success. The namespace is searched only below controllers
 * of exactly this subsystem, and its uuid is compared: the kernel drops a duplicate silently.
 * When the namespace does not come up, the controller is deleted again, if this call made it.
 * Context: worker; blocks at most @timeout_ms. Return: 0, -ECONNREFUSED, -ETIMEDOUT, -EACCES (host
 * not allowed, or no such subsystem: the target does not tell them apart), or another errno.
 */
int liteio_nvme_connect(const struct liteio_nvme_connect *c, uint64_t timeout_ms,
			struct liteio_nvme_namespace *ret, struct liteio_error *err);
/* the block device of an attachment that is connected now; -ENODEV otherwise */
int liteio_nvme_find(const struct liteio_uuid *uuid, uint64_t generation,
		     struct liteio_nvme_namespace *ret, struct liteio_error *err);
/* wait until that block device is at least this large (the target was told to revalidate) */
int liteio_nvme_wait_size(const struct liteio_uuid *uuid, uint64_t generation, uint64_t size_bytes,
			  uint64_t timeout_ms, struct liteio_nvme_namespace *ret,
			  struct liteio_error *err);
/* controllers whose subsystem has a name of ours; new memory */
int liteio_nvme_list(struct liteio_nvme_ctrl **ret, size_t *ret_n, struct liteio_error *err);

/**
 * liteio_nvme_disconnect() - delete every controller of an attachment
 * @uuid: volume
 * @generation: of the attachment
 * @timeout_ms: bound; a kernel that does not come back is left to end in the background
 * @err: why not
 *
 * I/O that waits for a lost path fails at once: that is what sets free a process that hangs on it.
 * Context: worker. Return: 0 (also when nothing was connected), -ETIMEDOUT, or another errno.
 */
int liteio_nvme_disconnect(const struct liteio_uuid *uuid, uint64_t generation, uint64_t timeout_ms,
			   struct liteio_error *err);

/* the option string for /dev/nvme-fabrics; new memory. Pure */
char *liteio_nvme_connect_options(const struct liteio_nvme_connect *c);

#endif
