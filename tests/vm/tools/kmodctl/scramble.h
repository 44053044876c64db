/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that are right, and then made wrong by chance: what does the module make of them?
 */
#ifndef LITEIO_KMODCTL_SCRAMBLE_H
#define LITEIO_KMODCTL_SCRAMBLE_H

#include <stdint.h>

#include "request.h"

/* what chance has made so far; the same seed makes the same requests */
struct scramble {
	uint64_t random;
	uint64_t tracking; /* of the answers, so that requests can name them */
	uint64_t ticket;
};

void scramble_init(struct scramble *s, uint64_t seed);

/* the next request; how many of its parts were made wrong */
unsigned int scramble_next(struct scramble *s, int family, struct request *r);

/* learn from an answer */
void scramble_learn(struct scramble *s, const struct nlmsghdr *nl);

/* the name of the command of a request, or "none" */
const char *scramble_command(const struct request *r);

#endif
