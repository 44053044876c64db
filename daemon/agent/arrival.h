/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks that come late: known pools that are not open are tried again when disks have come or gone.
 * The door is reviewed as often as long as it is closed.
 */
#ifndef LITEIO_AGENT_ARRIVAL_H
#define LITEIO_AGENT_ARRIVAL_H

struct liteio_agent;
struct liteio_arrival;
struct liteio_error;

/**
 * liteio_arrival_start() - look out for them until none is missing and the door is open
 * @a: the agent, which has opened what was there when it started
 * @ret: stopped with liteio_arrival_stop(), freed with liteio_arrival_free()
 * @err: why not
 *
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_arrival_start(struct liteio_agent *a, struct liteio_arrival **ret,
			 struct liteio_error *err);
/* no new job from here on; may be NULL; loop thread */
void liteio_arrival_stop(struct liteio_arrival *w);
/* when no job runs any more; may be NULL */
void liteio_arrival_free(struct liteio_arrival *w);

#endif
