/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door: while exports are being restored, nobody may find the target half complete.
 *
 * A port listens from its first link on. A host that reconnects to a subsystem which is not linked
 * yet is told so in a way that makes it give the volume up for good, with errors to whoever uses
 * it. A host that gets no answer tries again. So, when links are about to be made on ports that do
 * not listen yet, packets to them are dropped until the last link is there.
 */
#ifndef LITEIO_AGENT_DOOR_H
#define LITEIO_AGENT_DOOR_H

struct liteio_config;
struct liteio_error;

/* drop what comes in to the listen addresses' ports; worker. 0 or a negative errno */
int liteio_door_close(const struct liteio_config *c, struct liteio_error *err);
/* no longer; 0 also when it was not closed. worker */
int liteio_door_open(struct liteio_error *err);

#endif
