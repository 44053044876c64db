/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door: nobody may find the target half complete.
 *
 * A port listens from its first link on. A host that reconnects to a subsystem which is not linked
 * yet is told so in a way that makes it give the volume up for good, with errors to whoever uses
 * it. A host that gets no answer tries again. So, when links are about to be made on ports that do
 * not listen yet, packets to them are dropped until the last link is there: until every live
 * attachment of every pool that had remote consumers is linked. A pool that does not come in time
 * has places linked instead (places.h), and nobody is kept out by it. One of which it is not known
 * what it had, or which can have none, is waited for until it is imported, or deleted by name; that
 * is the admin's to decide. One whose disk stops to answer before its volumes are brought back has
 * places, too; only for those whose devices are being loaded just then it is waited until it does,
 * or the disk is pulled out (restore.h).
 *
 * Context of all functions: worker, unless said otherwise.
 */
#ifndef LITEIO_AGENT_DOOR_H
#define LITEIO_AGENT_DOOR_H

#include <stdbool.h>

struct liteio_agent;
struct liteio_door;
struct liteio_error;

/* heap; any thread */
struct liteio_door *liteio_door_new(void);
void liteio_door_free(struct liteio_door *d);

/* is it closed since before this process started? for its start */
void liteio_door_find(struct liteio_agent *a);

/**
 * liteio_door_close_for_links() - drop what comes in to the listen addresses' ports
 * @a: the agent
 * @err: why it is as it was, or may be: when nobody knows it is taken for closed until a review has
 *	found out
 *
 * Before something is linked; there is nothing to do when a port listens already. Where it can not
 * be closed, who brings back all exports goes on without: nobody would be served otherwise, and all
 * links come at once. Who makes one link of several does not: the hosts of the others, which wait
 * as long as no port listens, would be told that they are not there.
 * Return: 0 or a negative errno.
 */
int liteio_door_close_for_links(struct liteio_agent *a, struct liteio_error *err);

/**
 * liteio_door_review() - open the door when nothing is missing any more
 * @a: the agent
 *
 * To be called after everything that may have completed the target; costs nothing while the door is
 * open. What is still waited for is logged when it changes. A door that may not be closed is looked
 * at.
 */
void liteio_door_review(struct liteio_agent *a);

/* any thread, does not block */
bool liteio_door_is_closed(const struct liteio_agent *a);
/* why it is closed, a sentence in new memory; NULL while it is open. Any thread */
char *liteio_door_reason(struct liteio_agent *a);

#endif
