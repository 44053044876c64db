/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GET /v1/module/events: the module's events as lines of an answer that goes on. README.md says
 * what is in them.
 *
 * Each listener has a subscription of its own, so that a slow one makes nobody else lose anything,
 * and without listeners nothing is subscribed and the agent sleeps.
 */
#ifndef LITEIO_AGENT_EVENTS_H
#define LITEIO_AGENT_EVENTS_H

struct liteio_call;
struct liteio_error;

#define LITEIO_EVENTS_LISTENERS_MAX 16

/**
 * liteio_events_open() - subscribe; the answer is all that follows, until the listener hangs up
 * @call: gets its stream
 * @err: why not
 *
 * Context: worker. Return: 0, -ENOENT without the module, -EBUSY with too many listeners, or
 * another negative errno.
 */
int liteio_events_open(struct liteio_call *call, struct liteio_error *err);

#endif
