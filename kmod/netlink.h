/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family: the only way in for commands, and the way out for events (events.h).
 */
#ifndef LITEIO_NETLINK_H
#define LITEIO_NETLINK_H

/**
 * liteio_netlink_init() - take commands
 *
 * Context: process; the registry and the configfs window are ready. Return: 0, or a negative
 * errno.
 */
int liteio_netlink_init(void);

/**
 * liteio_netlink_fini() - take no more commands, send no more events
 *
 * Context: process, waits for commands that are running. Events that come later are dropped.
 */
void liteio_netlink_fini(void);

#endif
