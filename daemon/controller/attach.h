/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's part of the attachment protocol, as a pure decision: from one Volume as it was
 * read, the one next step. The caller writes the step as a compare-and-swap on that very object;
 * whoever else wrote meanwhile, even another controller that believes to lead, makes it fail, and
 * the decision is made anew. Therefore each step here is one atomic step of the protocol.
 *
 *   raise   the pool's catalog knows a higher floor than the spec (the API server's store came
 *           from a backup): continue from there, so that no generation is given twice
 *   drop    a grant whose fence was asked for and is reported done: gone, even if wanted again
 *   fence   a grant that nobody wants (any more, or in this mode): raise the floor above it. When
 *           an older grant must live on, which only read-only grants can, fence just this
 *           generation
 *   clean   a single fenced generation whose grant is gone: no longer listed
 *   give    a wanted consumer gets the next generation: when no grant is left at all, or when every
 *           want and every grant is read-only. Never on a volume that is being deleted, and not
 *           before the pool node has reported that the volume exists
 */
#ifndef LITEIO_CONTROLLER_ATTACH_H
#define LITEIO_CONTROLLER_ATTACH_H

#include <stdint.h>

#include "model/volume.h"

enum liteio_attach_kind {
	LITEIO_ATTACH_NOTHING,
	LITEIO_ATTACH_RAISE,
	LITEIO_ATTACH_DROP,
	LITEIO_ATTACH_FENCE_BELOW,
	LITEIO_ATTACH_FENCE_ONE,
	LITEIO_ATTACH_CLEAN,
	LITEIO_ATTACH_GIVE,
};

/* for logs and events */
extern const char *const liteio_attach_names[];

/**
 * struct liteio_attach_step - what to do next
 * @kind: enum liteio_attach_kind
 * @generation: RAISE, FENCE_BELOW: the new floor; the others: the generation it is about
 * @node: DROP, FENCE_*, GIVE: the consumer (borrowed from the volume; NULL: nobody's any more)
 * @host_nqn: GIVE: of the consumer (borrowed from the look-up), NULL when it is the pool node
 * @read_only: GIVE: as wanted
 */
struct liteio_attach_step {
	enum liteio_attach_kind kind;
	uint64_t generation;
	const char *node;
	const char *host_nqn;
	bool read_only;
};

/**
 * struct liteio_attach_hosts - who is who
 * @nqn: host NQN of a node, borrowed until the step was written; NULL when it is not known (yet)
 * @arg: for @nqn
 */
struct liteio_attach_hosts {
	const char *(*nqn)(void *arg, const char *node);
	void *arg;
};

/**
 * liteio_attach_next() - decide
 * @v: the volume as read
 * @hosts: look-up of consumers
 * @ret: the step
 * @granted: the condition Granted that goes with it: who waits, and for what
 *
 * Pure.
 */
void liteio_attach_next(const struct liteio_volume *v, const struct liteio_attach_hosts *hosts,
			struct liteio_attach_step *ret, struct liteio_verdict *granted);

/**
 * liteio_attach_patch() - a step as the merge patch to send
 * @v: the volume it was decided from
 * @step: not NOTHING
 *
 * Return: a new object, a compare-and-swap on @v.
 */
struct liteio_json *liteio_attach_patch(const struct liteio_volume *v,
					const struct liteio_attach_step *step);

#endif
