/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of volumes that nobody has attached.
 */
#ifndef LITEIO_AGENT_LET_GO_H
#define LITEIO_AGENT_LET_GO_H

struct liteio_agent;
struct liteio_uuid;

/**
 * liteio_let_go_later() - an attachment has ended: the thin device below may go, if it was the last
 * @a: the agent
 * @volume: of which; nobody holds its lock
 *
 * See liteio_pool_volume_let_go(). Who attaches it again meanwhile, or works on it otherwise, keeps
 * it. What stays is used again, or goes when it is deleted. Context: any thread; blocks for
 * nothing.
 */
void liteio_let_go_later(struct liteio_agent *a, const struct liteio_uuid *volume);

#endif
