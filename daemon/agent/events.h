/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GET /v1/events: what happens to pools, volumes, snapshots and operations of this node, and to
 * what the module knows; GET /v1/module/events: the latter alone. Lines of an answer that goes on;
 * README.md says what is in them.
 *
 * Each listener has a subscription of its own to the module, so that a slow one makes nobody else
 * lose anything, and without listeners nothing is subscribed and the agent sleeps.
 */
#ifndef LITEIO_AGENT_EVENTS_H
#define LITEIO_AGENT_EVENTS_H

#include "model/local_module.h"

struct liteio_agent;
struct liteio_call;
struct liteio_error;
struct liteio_listener;
struct liteio_uuid;

#define LITEIO_EVENTS_LISTENERS_MAX 16

/**
 * struct liteio_listeners - who listens; zero to begin with
 * @n: how many, of both streams; any thread
 * @n_node: of them, of GET /v1/events; any thread
 * @first: those; loop thread
 */
struct liteio_listeners {
	_Atomic unsigned int n;
	_Atomic unsigned int n_node;
	struct liteio_listener *first;
};

/**
 * liteio_module_events_open() - subscribe; the answer is all that follows, until the asker hangs up
 * @call: gets its stream
 * @err: why not
 *
 * Context: worker. Return: 0, -ENOENT without the module, -EBUSY with too many listeners, or
 * another negative errno.
 */
int liteio_module_events_open(struct liteio_call *call, struct liteio_error *err);
/* the same for all events; without the module they are those of the node */
int liteio_events_open(struct liteio_call *call, struct liteio_error *err);

/**
 * liteio_events_tell() - something has happened
 * @a: the agent
 * @e: its type, uuid, and words, which are copied
 *
 * Context: any thread; costs nothing while nobody listens.
 */
void liteio_events_tell(struct liteio_agent *a, const struct liteio_local_event *e);

/* the same in the words that most of them need; @uuid, @pool and @message may be NULL */
void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *pool, const char *message);

#endif
