/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the local API was asked, in numbers: as many as there are routes and errors, whoever asks.
 */
#ifndef LITEIO_AGENT_COUNTERS_H
#define LITEIO_AGENT_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#define LITEIO_COUNTERS_ROUTES 64
#define LITEIO_COUNTERS_ERRORS 134

/**
 * struct liteio_counters - since the start; any thread
 * @requests: by line of the table of routes
 * @ns: time that these took, likewise
 * @errors: how many were refused or failed, by errno; 0 holds what is no errno
 */
struct liteio_counters {
	_Atomic uint64_t requests[LITEIO_COUNTERS_ROUTES];
	_Atomic uint64_t ns[LITEIO_COUNTERS_ROUTES];
	_Atomic uint64_t errors[LITEIO_COUNTERS_ERRORS];
};

/* one request was answered: its line of the table, how long it took, 0 or a negative errno */
static inline void liteio_counters_add(struct liteio_counters *c, size_t route, uint64_t ns, int r)
{
	unsigned int e = r < 0 ? -(unsigned int)r : 0;

	if (route < LITEIO_COUNTERS_ROUTES) {
		c->requests[route]++;
		c->ns[route] += ns;
	}
	if (r < 0)
		c->errors[e < LITEIO_COUNTERS_ERRORS ? e : 0]++;
}

#endif
