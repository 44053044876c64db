/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/liteio/<volume uuid>: the one name under which a consumer finds its head. On the node that
 * has the volume there is its name beside it, for people: /dev/liteio/<volume name>.
 *
 * A relative link to the head's node, so that it also holds where /dev is mounted elsewhere. At
 * most one attachment of a volume is published on a node. A link is made beside the others, as
 * ".<name>.new", and moved: what is left of that by an agent that was killed goes when the next one
 * starts. Context: worker.
 */
#ifndef LITEIO_AGENT_PUBLISH_H
#define LITEIO_AGENT_PUBLISH_H

#include "base/uuid.h"

struct liteio_error;

#define LITEIO_PUBLISH_DIR "/dev/liteio"

/* before the first of them: what is there is found, and half of what was being made taken away */
void liteio_publish_start(void);
/* path of the link, in new memory */
char *liteio_publish_path(const struct liteio_uuid *uuid);
/* make the link, or turn it to this device ("/dev/dm-7"); 0 or a negative errno */
int liteio_publish_add(const struct liteio_uuid *uuid, const char *device,
		       struct liteio_error *err);
/*
 * the name beside it, once liteio_publish_add() has made that lead to this device; any other name
 * of this device goes. Where it led before says nothing: numbers of devices are given out anew.
 * There is none that reads as a uuid: it could be that of another volume. 0 or a negative errno
 */
int liteio_publish_name(const char *name, const char *device, struct liteio_error *err);
/* 1 when the link leads to this device, 0 when not */
int liteio_publish_is(const struct liteio_uuid *uuid, const char *device);
/* take it away, and the name beside it, if it leads to this device; NULL: wherever it leads */
void liteio_publish_del(const struct liteio_uuid *uuid, const char *device);

#endif
