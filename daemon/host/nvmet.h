/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exports: the kernel's NVMe target, configured through configfs.
 *
 * One subsystem per (volume, generation), one namespace in it, hosts always listed. The order of
 * the steps is fixed: a subsystem is linked to its ports last and unlinked first.
 *
 * ONE RULE IS ABSOLUTE: a namespace is never disabled over a head that may still have I/O in
 * flight. Disabling waits for that I/O with a lock held that every other export of the node needs.
 * So liteio_nvmet_remove() wants to be told that the fence has drained, and refuses otherwise.
 *
 * Steps that take the target's locks run in a child process with a bound (base/child.h): a kernel
 * that does not come back costs one process, not the agent. Context: worker threads.
 */
#ifndef LITEIO_HOST_NVMET_H
#define LITEIO_HOST_NVMET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/uuid.h"

struct liteio_error;

#define LITEIO_NVMET_ROOT "/sys/kernel/config/nvmet"
#define LITEIO_NQN_PREFIX "nqn.2026-11.io.liteio:"
#define LITEIO_NQN_MAX 223
/* the subsystem of liteio_nvmet_stay(): not a name of an export, so that no listing has it */
#define LITEIO_NQN_NOBODY LITEIO_NQN_PREFIX "nobody"
#define LITEIO_NVMET_PORT_DEF "4420"

/**
 * struct liteio_nvmet - where and how patiently
 * @root: configfs directory; LITEIO_NVMET_ROOT but in tests
 * @timeout_ms: bound of one step
 */
struct liteio_nvmet {
	const char *root;
	uint64_t timeout_ms;
};

#define LITEIO_NVMET_INIT { LITEIO_NVMET_ROOT, 10000 }

/**
 * struct liteio_nvmet_port - one listening address
 * @id: directory under ports/
 * @address: numeric IPv4 or IPv6 address
 * @port: TCP port, as text
 * @listening: an export is linked, so that the socket is open; LITEIO_NQN_NOBODY is none
 * @tcp: trtype is tcp (in a listing, other ports may exist)
 */
struct liteio_nvmet_port {
	unsigned int id;
	char address[64];
	char port[8];
	bool listening;
	bool tcp;
};

/**
 * struct liteio_nvmet_export - one subsystem of ours, wanted or found
 * @uuid: volume; becomes the uuid of the namespace
 * @generation: of the attachment
 * @device: path of the head
 * @host_nqns: hosts that may connect
 * @n_host_nqns: how many; an export without hosts can be reached by nobody
 * @port_ids: (found) ports it is linked to
 * @n_port_ids: how many
 * @enabled: (found) the namespace is enabled
 * @waits: the place of a volume that is not there yet: consumers connect, and their I/O waits on
 *	their side. The namespace is in an ANA group that is accessible on no port. One that has
 *	been accessible is never made to wait again: so nothing is in flight on one that waits
 */
struct liteio_nvmet_export {
	struct liteio_uuid uuid;
	uint64_t generation;
	char *device;
	char **host_nqns;
	size_t n_host_nqns;
	unsigned int *port_ids;
	size_t n_port_ids;
	bool enabled;
	bool waits;
};

/* "nqn.2026-11.io.liteio:<uuid>:<generation>" */
void liteio_nqn_format(const struct liteio_uuid *uuid, uint64_t generation,
		       char out[LITEIO_NQN_MAX + 1]);
/* the reverse, strict: 0, or -EINVAL when it is not a name of ours. Pure */
int liteio_nqn_parse(const char *nqn, struct liteio_uuid *ret_uuid, uint64_t *ret_generation);

/* load nvmet and nvmet-tcp, mount configfs when it is not; 0 or a negative errno */
int liteio_nvmet_prepare(const struct liteio_nvmet *t, struct liteio_error *err);

/**
 * liteio_nvmet_port_ensure() - a port for an address, found or made; it listens once linked
 * @t: target
 * @address: numeric
 * @port: TCP port
 * @ret_id: its number
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_nvmet_port_ensure(const struct liteio_nvmet *t, const char *address, const char *port,
			     unsigned int *ret_id, struct liteio_error *err);
/* remove a port without links; 0 when it is not there */
int liteio_nvmet_port_remove(const struct liteio_nvmet *t, unsigned int id,
			     struct liteio_error *err);
int liteio_nvmet_port_list(const struct liteio_nvmet *t, struct liteio_nvmet_port **ret,
			   size_t *ret_n, struct liteio_error *err);

/**
 * liteio_nvmet_create() - subsystem, namespace and hosts, enabled but not yet linked
 * @t: target
 * @e: wanted: uuid, generation, device, hosts, whether it waits
 * @err: what failed
 *
 * Adopts what an interrupted call left. An enabled namespace with another device is an error
 * (-EBUSY): nothing that runs is ever changed below its consumer. One that waits, and is wanted not
 * to, is told of its size and goes on: its head has to be what it should by then. One that does not
 * wait is left so. Hosts are made equal to the list.
 * Return: 1 when it has waited until now, else 0, or a negative errno.
 */
int liteio_nvmet_create(const struct liteio_nvmet *t, const struct liteio_nvmet_export *e,
			struct liteio_error *err);
/* open the door: link to a port; its first link binds the socket. 0 when linked already */
int liteio_nvmet_link(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
		      uint64_t generation, unsigned int port_id, struct liteio_error *err);
/* close the door on every port: controllers are torn down in the background. 0 when not linked */
int liteio_nvmet_unlink(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			uint64_t generation, struct liteio_error *err);

/**
 * liteio_nvmet_stay() - have the ports of an export listen without it, too
 * @t: target
 * @uuid: volume
 * @generation: of the attachment, which will not come back
 * @err: what failed
 *
 * The last link that goes closes the socket, and a consumer that was left behind would try to
 * connect for as long as it was told to, with its I/O waiting. One that is told that there is no
 * such subsystem gives up, and its I/O gets errors (kernels from 6.10 on; older ones try on). So a
 * subsystem without a namespace, to which no host may connect, stays linked.
 * Return: 0 (also when the export is linked nowhere) or a negative errno.
 */
int liteio_nvmet_stay(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
		      uint64_t generation, struct liteio_error *err);

/**
 * liteio_nvmet_remove() - unlink, forget the hosts, disable, remove
 * @t: target
 * @uuid: volume
 * @generation: of the attachment
 * @drained: the fence of this generation has answered DRAINED, or its head does not exist, or it
 *	was never linked: nobody was let in
 * @err: what failed
 *
 * With @drained false it closes the door (unlink) and stops before the namespace with -EBUSY.
 * Return: 0 (also when there was nothing), -ETIMEDOUT when the kernel did not come back, or another
 * negative errno.
 */
int liteio_nvmet_remove(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			uint64_t generation, bool drained, struct liteio_error *err);
/* tell connected hosts that the head has another size */
int liteio_nvmet_revalidate(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			    uint64_t generation, struct liteio_error *err);

/* audit: every subsystem with a name of ours, complete or not; free with ..._exports_free() */
int liteio_nvmet_list(const struct liteio_nvmet *t, struct liteio_nvmet_export **ret, size_t *ret_n,
		      struct liteio_error *err);
/* those of one volume, NULL for all; the others are not looked at */
int liteio_nvmet_list_of(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			 struct liteio_nvmet_export **ret, size_t *ret_n, struct liteio_error *err);
/* audit: namespaces of others whose device is this path; their number, or a negative errno */
int liteio_nvmet_foreign_users(const struct liteio_nvmet *t, const char *device,
			       struct liteio_error *err);
/**
 * struct liteio_nvmet_namespace - a namespace of any subsystem, whoever made it
 * @nqn: the subsystem
 * @device: path of its device, as the subsystem has it
 * @dev: what that is; 0 when it is no block device
 * @enabled: it is given out
 */
struct liteio_nvmet_namespace {
	char nqn[LITEIO_NQN_MAX + 1];
	char device[256];
	dev_t dev;
	bool enabled;
};

/* audit: all of them, in new memory; none where there is no target */
int liteio_nvmet_namespace_list(const struct liteio_nvmet *t, struct liteio_nvmet_namespace **ret,
				size_t *ret_n, struct liteio_error *err);
void liteio_nvmet_exports_free(struct liteio_nvmet_export *e, size_t n);

#endif
