/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local agent, as the node's half uses it: its HTTP API on a unix socket
 * (daemon/agent/README.md).
 *
 * Context of all but _new and _free: worker thread; blocks at most until the deadline. Deadlines
 * are on the clock of liteio_now_ms(). An agent that does not answer is -EHOSTDOWN; else the
 * agent's own errno and sentence.
 */
#ifndef LITEIO_CSI_AGENT_CLIENT_H
#define LITEIO_CSI_AGENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/local.h"

struct liteio_agent_client;
struct liteio_error;

/* @socket is copied; never NULL; _free accepts NULL */
struct liteio_agent_client *liteio_agent_client_new(const char *socket);
void liteio_agent_client_free(struct liteio_agent_client *client);

/* does it answer? */
int liteio_agent_ping(struct liteio_agent_client *client, uint64_t deadline_ms,
		      struct liteio_error *err);

/* the name of this node, as the agent knows it; owned by the caller */
int liteio_agent_node_name(struct liteio_agent_client *client, uint64_t deadline_ms, char **ret,
			   struct liteio_error *err);

/**
 * liteio_agent_attach() - bring a volume's device here
 * @client: the agent
 * @req: which attachment
 * @deadline_ms: when to give up
 * @ret: what is there; release with liteio_json_fini() and liteio_local_attachment_fields
 * @err: why not
 *
 * Return: 0 also when it was there already, or a negative errno.
 */
int liteio_agent_attach(struct liteio_agent_client *client, const struct liteio_local_attach *req,
			uint64_t deadline_ms, struct liteio_local_attachment *ret,
			struct liteio_error *err);

/* an attachment of this node; -ENOENT when it is not there */
int liteio_agent_attachment(struct liteio_agent_client *client, const struct liteio_uuid *uuid,
			    uint64_t generation, uint64_t deadline_ms,
			    struct liteio_local_attachment *ret, struct liteio_error *err);

/* let the device have this size at least */
int liteio_agent_resize(struct liteio_agent_client *client, const struct liteio_uuid *uuid,
			uint64_t generation, uint64_t size_bytes, uint64_t deadline_ms,
			struct liteio_local_attachment *ret, struct liteio_error *err);

/* take the device away; with @force also what is in use, whose I/O then fails. 0 when it is gone */
int liteio_agent_detach(struct liteio_agent_client *client, const struct liteio_uuid *uuid,
			uint64_t generation, bool force, uint64_t deadline_ms,
			struct liteio_error *err);

#endif
