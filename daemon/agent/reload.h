/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the configuration again while the agent runs.
 */
#ifndef LITEIO_AGENT_RELOAD_H
#define LITEIO_AGENT_RELOAD_H

struct liteio_agent;

/**
 * liteio_reload() - take over what file and command line say now
 * @a: its config is changed, in the keys that are marked so (LITEIO_FIELD_LIVE)
 *
 * All or nothing for the file: one that is not right changes nothing. A key that can not change
 * while the agent runs, or whose new value does not work, keeps its value. Each of these is one
 * line in the log that names the key.
 *
 * Context: loop thread.
 */
void liteio_reload(struct liteio_agent *a);

#endif
