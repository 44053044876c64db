/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which generations of which volumes have anything in the kernel of this pool node: a gate, a head
 * or a subsystem. Looked up at one moment, for one volume or for all: to find out again for each of
 * a thousand volumes what a thousand have costs a million looks.
 */
#ifndef LITEIO_AGENT_GENERATIONS_H
#define LITEIO_AGENT_GENERATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct liteio_error;

struct liteio_generation {
	struct liteio_uuid uuid;
	uint64_t generation;
};

/* sorted by volume and generation, each once */
struct liteio_generations {
	struct liteio_generation *items;
	size_t n;
};

#define LITEIO_GENERATIONS(name) \
	struct liteio_generations name _cleanup_(liteio_generations_fini) = { 0 }

/**
 * liteio_generations_in_kernel() - look
 * @uuid: of this volume; NULL for all
 * @ret: released with liteio_generations_fini() in any case
 * @err: why not
 *
 * Context: worker (sweep.c). Return: 0 or a negative errno.
 */
int liteio_generations_in_kernel(const struct liteio_uuid *uuid, struct liteio_generations *ret,
				 struct liteio_error *err);
void liteio_generations_fini(struct liteio_generations *g);

/* add one, anywhere; then sort them and drop what is there twice. Pure */
void liteio_generations_add(struct liteio_generations *g, const struct liteio_uuid *uuid,
			    uint64_t generation);
void liteio_generations_sort(struct liteio_generations *g);
/* those of one volume: how many, and the index of the first. Pure */
size_t liteio_generations_of(const struct liteio_generations *g, const struct liteio_uuid *uuid,
			     size_t *ret_first);

#endif
