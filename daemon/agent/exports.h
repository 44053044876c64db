/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exports: from a live attachment of the catalog to a head and a subsystem, and back.
 *
 * Context of all functions: worker. Who changes what a volume has in the kernel holds its lock
 * (locks.h); who only looks need not.
 */
#ifndef LITEIO_AGENT_EXPORTS_H
#define LITEIO_AGENT_EXPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/pools.h"

struct liteio_agent;
struct liteio_error;
struct liteio_generations;
struct liteio_nvmet_export;
struct liteio_local_export;

/**
 * liteio_export_prepare() - everything but the door: gate, thin device, head, subsystem
 * @a: the agent
 * @p: pool of the volume
 * @v: the volume, READY
 * @att: live in the catalog
 * @err: why not; -ESTALE when it was fenced meanwhile
 *
 * Adopts what is there. Return: 0; -ETIMEDOUT: something may still be under way; -EAGAIN: the lane
 * was not free, or the disk did not answer, in time, and nothing is; or another negative errno.
 */
int liteio_export_prepare(struct liteio_agent *a, struct liteio_open_pool *p,
			  const struct liteio_catalog_volume *v,
			  const struct liteio_catalog_attachment *att, struct liteio_error *err);

/**
 * liteio_export_take_back() - undo liteio_export_prepare() for a generation that was never linked
 * @uuid: volume
 * @generation: of the attachment
 * @err: what failed
 *
 * Its gate is not closed, it is forgotten: the generation may be prepared again. Return: 0, -EBUSY
 * when it is linked or something has its head open, or another negative errno.
 */
int liteio_export_take_back(const struct liteio_uuid *uuid, uint64_t generation,
			    struct liteio_error *err);

/* open the door: link the subsystem to the port of every address; nothing for a local one */
int liteio_export_link(struct liteio_agent *a, const struct liteio_catalog_attachment *att,
		       struct liteio_error *err);
/*
 * the same for one that consumers know: an address that can not be bound, which is logged, keeps
 * them from no other. An error when it is on none
 */
int liteio_export_link_again(struct liteio_agent *a, const struct liteio_catalog_attachment *att,
			     struct liteio_error *err);

/**
 * liteio_export_remove() - take away what a generation has in the kernel
 * @uuid: volume
 * @generation: of the attachment
 * @drained: its fence has drained; else only the door is closed
 * @ret_removed: nothing is left; false while a mount holds the head, which goes with its last
 *	opener
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int liteio_export_remove(const struct liteio_uuid *uuid, uint64_t generation, bool drained,
			 bool *ret_removed, struct liteio_error *err);

/*
 * liteio_export_sweep(), and the module forgets the volume, unless it has live attachments: before
 * it is deleted. When that comes to nothing, liteio_limits_enforce() has it known again
 */
int liteio_export_forget(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			 struct liteio_error *err);
/*
 * the same for every generation of a volume that is not live in the catalog, fenced in passing:
 * each one's I/O is waited for up to @wait_ms
 */
int liteio_export_sweep(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			uint64_t wait_ms, struct liteio_error *err);

/* those of @in_kernel that are of the volume and not live; new memory */
void liteio_export_remains(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			   const struct liteio_generations *in_kernel, uint64_t **ret,
			   size_t *ret_n);

/* after growing: reload every live head, tell every host */
int liteio_export_resize(struct liteio_agent *a, struct liteio_open_pool *p,
			 const struct liteio_catalog_volume *v, struct liteio_error *err);

/**
 * struct liteio_export_view - which exports there are, at one moment, for showing many of them
 * @is_open: this node serves consumers, and the door is not closed
 * @exports: sorted by volume and generation
 * @n: how many
 */
struct liteio_export_view {
	bool is_open;
	struct liteio_nvmet_export *exports;
	size_t n;
};

/* look at those of one volume, NULL for all; nothing is known when the kernel has no target */
void liteio_export_view_init(struct liteio_export_view *view, struct liteio_agent *a,
			     const struct liteio_uuid *uuid);
void liteio_export_view_fini(struct liteio_export_view *view);

/* an attachment as the kernel has it now; @ret in new memory */
int liteio_export_show(struct liteio_agent *a, const struct liteio_export_view *view,
		       const struct liteio_catalog_volume *v,
		       const struct liteio_catalog_attachment *att, struct liteio_local_export *ret,
		       struct liteio_error *err);

/* could this node serve a remote consumer? 0, or -EOPNOTSUPP with what is missing */
int liteio_export_check_remote(struct liteio_agent *a, struct liteio_error *err);

/* a configured address with its port, "192.0.2.1:4420"; new memory */
char *liteio_export_address(const char *listen);

/* some port of ours listens already */
bool liteio_export_is_listening(void);

/* has the pool live attachments of other nodes? */
bool liteio_export_has_remote(struct liteio_open_pool *p);

/**
 * liteio_export_all_linked() - is every live remote attachment on every port that listens?
 * @a: the agent
 * @ret_missing: the first one that is not, in new memory, untouched when all are
 *
 * No locks of volumes are needed: what changes meanwhile is looked at again by who changes it.
 * Return: true when all are.
 */
bool liteio_export_all_linked(struct liteio_agent *a, char **ret_missing);

#endif
