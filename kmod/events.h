/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: numbered, sent in that order to whoever listens to the family's group.
 */
#ifndef LITEIO_EVENTS_H
#define LITEIO_EVENTS_H

#include "registry.h"

struct genl_family;

/* how the registry tells of events */
extern const struct liteio_front liteio_events_front;

/**
 * liteio_events_start() - from now on events are numbered and sent
 * @family: registered, with the events as its first group; must stay until liteio_events_stop()
 *
 * Context: process.
 */
void liteio_events_start(const struct genl_family *family);

/**
 * liteio_events_stop() - events that come from now on are dropped
 *
 * Context: process.
 */
void liteio_events_stop(void);

/**
 * liteio_events_seq() - number of the newest event
 *
 * Context: process, may sleep. Return: 0 before the first.
 */
u64 liteio_events_seq(void);

#endif
