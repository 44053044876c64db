/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which agents are alive, judged by how long their Lease has not changed as seen from here: clocks
 * of different machines are never compared.
 *
 * Good for placement and for people, never for safety: nothing about an attachment is ever
 * concluded from a heartbeat that did not come.
 */
#ifndef LITEIO_CONTROLLER_HEARTBEAT_H
#define LITEIO_CONTROLLER_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_heartbeats;
struct liteio_json;

#define LITEIO_HEARTBEAT_DEFAULT_MS 40000

/* Context: any thread for all functions; they do not block */
struct liteio_heartbeats *liteio_heartbeats_new(void);
void liteio_heartbeats_free(struct liteio_heartbeats *h);

/**
 * liteio_heartbeats_see() - a Lease as it was just seen
 * @h: the table
 * @node: whose
 * @renewed: spec.renewTime as text, only compared for being another one
 * @duration_ms: the Lease's, 0 takes the default
 * @fresh: it was made just now, so that it need not change to be believed
 * @now_ms: of liteio_now_ms()
 */
void liteio_heartbeats_see(struct liteio_heartbeats *h, const char *node, const char *renewed,
			   uint64_t duration_ms, bool fresh, uint64_t now_ms);
/* the Lease was deleted */
void liteio_heartbeats_forget(struct liteio_heartbeats *h, const char *node);

/**
 * liteio_heartbeats_alive() - is the agent of a node alive?
 * @h: the table
 * @node: which
 * @was_alive: what the last controller wrote: believed for as long as this process has not seen the
 *             Lease change yet, so that a restart neither revives the dead nor buries the living
 * @now_ms: of liteio_now_ms()
 * @ret_again_ms: set to when the answer may change if nothing is heard; 0 for never
 *
 * Return: true when it is.
 */
bool liteio_heartbeats_alive(struct liteio_heartbeats *h, const char *node, bool was_alive,
			     uint64_t now_ms, uint64_t *ret_again_ms);

#endif
