// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands about dirty chunks, as lists of attributes.
 */
#include "base/uuid.h"
#include "host/netlink.h"
#include "host/netlink_dirty.h"

#define NUMBER(attr, value) { .type = (attr), .data = &(value), .len = sizeof(value) }
#define UUID(uuid) { .type = LITEIO_A_UUID, .data = (uuid)->b, .len = sizeof((uuid)->b) }
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int parse_start(const void *attrs, size_t len, void *ret)
{
	return liteio_netlink_parse_dirty_start(attrs, len, ret);
}

static int parse_answer(const void *attrs, size_t len, void *ret)
{
	return liteio_netlink_parse_dirty_answer(attrs, len, ret);
}

int liteio_netlink_dirty_start(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			       uint64_t generation, uint32_t chunk_shift,
			       struct liteio_netlink_dirty_start *ret, struct liteio_error *err)
{
	const struct liteio_netlink_attr attrs[] = {
		UUID(uuid),
		NUMBER(LITEIO_A_GEN, generation),
		NUMBER(LITEIO_A_CHUNK_SHIFT, chunk_shift),
	};
	const struct liteio_netlink_question question = {
		.cmd = LITEIO_CMD_DIRTY_START,
		.attrs = attrs,
		.n_attrs = COUNT(attrs),
		.parse = parse_start,
		.size = sizeof(*ret),
		.what = "track the attachment's dirty chunks",
	};

	return liteio_netlink_ask(nl, &question, ret, err);
}

int liteio_netlink_dirty_stop(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			      uint64_t generation, uint64_t tracking, struct liteio_error *err)
{
	const struct liteio_netlink_attr attrs[] = {
		UUID(uuid),
		NUMBER(LITEIO_A_GEN, generation),
		/* last, to be left out */
		NUMBER(LITEIO_A_TRACKING, tracking),
	};
	const struct liteio_netlink_question question = {
		.cmd = LITEIO_CMD_DIRTY_STOP,
		.attrs = attrs,
		.n_attrs = COUNT(attrs) - !tracking,
		.what = "end tracking the attachment's dirty chunks",
	};

	return liteio_netlink_ask(nl, &question, NULL, err);
}

int liteio_netlink_dirty_fetch(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			       uint64_t generation,
			       const struct liteio_netlink_dirty_request *request,
			       struct liteio_netlink_dirty_answer *ret, struct liteio_error *err)
{
	uint32_t max_chunks = request->max_chunks ? request->max_chunks : LITEIO_DIRTY_CHUNKS_MAX;
	const struct liteio_netlink_attr attrs[] = {
		UUID(uuid),
		NUMBER(LITEIO_A_GEN, generation),
		NUMBER(LITEIO_A_TRACKING, request->tracking),
		NUMBER(LITEIO_A_CURSOR, request->cursor),
		NUMBER(LITEIO_A_MAX_CHUNKS, max_chunks),
		NUMBER(LITEIO_A_TICKET, request->ticket),
	};
	const struct liteio_netlink_question question = {
		.cmd = LITEIO_CMD_DIRTY_FETCH,
		.attrs = attrs,
		.n_attrs = COUNT(attrs),
		.parse = parse_answer,
		.size = sizeof(*ret),
		.what = "fetch the attachment's dirty chunks",
	};

	return liteio_netlink_ask(nl, &question, ret, err);
}
