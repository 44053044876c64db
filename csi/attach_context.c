// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The publish context: what ControllerPublishVolume tells NodeStageVolume about an attachment.
 */
#include "attach_context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

#define KEY_UUID "volumeUUID"
#define KEY_GENERATION "generation"
#define KEY_SIZE "sizeBytes"
#define KEY_LOCAL "local"
#define KEY_READ_ONLY "readOnly"
#define KEY_POOL_NODE "poolNode"
#define KEY_NQN "nqn"
#define KEY_ADDRESSES "addresses"

void liteio_csi_attach_context_fini(struct liteio_csi_attach_context *ctx)
{
	free(ctx->pool_node);
	free(ctx->nqn);
	free(ctx->addresses);
	*ctx = (struct liteio_csi_attach_context){ 0 };
}

void liteio_csi_attach_context_take(struct liteio_csi_attach_context *ctx,
				    const struct liteio_volume *v, const struct liteio_grant *grant,
				    const struct liteio_export_status *export)
{
	struct liteio_buf addresses = LITEIO_BUF_INIT;

	liteio_csi_attach_context_fini(ctx);
	ctx->uuid = v->meta.uuid;
	ctx->generation = grant->generation;
	ctx->size_bytes = v->status.node.size_bytes;
	ctx->local = export->local;
	ctx->read_only = grant->read_only;
	ctx->pool_node = liteio_strdup(v->spec.placement.node);
	if (export->local)
		return;
	ctx->nqn = liteio_strdup(export->nqn);
	for (size_t i = 0; i < export->n_addresses; i++)
		liteio_buf_addf(&addresses, "%s%s", i ? "," : "", export->addresses[i]);
	ctx->addresses = liteio_buf_take(&addresses);
}

/* takes over @value; NULL adds nothing */
static void add(Csi__V1__ControllerPublishVolumeResponse *out, const char *key, char *value)
{
	Csi__V1__ControllerPublishVolumeResponse__PublishContextEntry *entry;

	if (!value)
		return;
	entry = liteio_calloc(1, sizeof(*entry));
	csi__v1__controller_publish_volume_response__publish_context_entry__init(entry);
	entry->key = liteio_strdup(key);
	entry->value = value;
	out->publish_context = liteio_realloc(out->publish_context, out->n_publish_context + 1,
					      sizeof(*out->publish_context));
	out->publish_context[out->n_publish_context++] = entry;
}

void liteio_csi_attach_context_answer(const struct liteio_csi_attach_context *ctx,
				      Csi__V1__ControllerPublishVolumeResponse *out)
{
	char *uuid = liteio_calloc(1, LITEIO_UUID_STRLEN + 1);

	liteio_uuid_format(&ctx->uuid, uuid);
	add(out, KEY_UUID, uuid);
	add(out, KEY_GENERATION, liteio_strf("%llu", (unsigned long long)ctx->generation));
	add(out, KEY_SIZE, liteio_strf("%llu", (unsigned long long)ctx->size_bytes));
	add(out, KEY_LOCAL, liteio_strdup(ctx->local ? "true" : "false"));
	add(out, KEY_READ_ONLY, liteio_strdup(ctx->read_only ? "true" : "false"));
	add(out, KEY_POOL_NODE, liteio_strdup(ctx->pool_node));
	add(out, KEY_NQN, liteio_strdup(ctx->nqn));
	add(out, KEY_ADDRESSES, liteio_strdup(ctx->addresses));
}

static const char *find(const Csi__V1__NodeStageVolumeRequest *req, const char *key)
{
	for (size_t i = 0; i < req->n_publish_context; i++)
		if (!strcmp(req->publish_context[i]->key, key))
			return req->publish_context[i]->value;
	return NULL;
}

static bool parse_bool(const char *s, bool *ret)
{
	if (!s || (strcmp(s, "true") && strcmp(s, "false")))
		return false;
	*ret = !strcmp(s, "true");
	return true;
}

int liteio_csi_attach_context_parse(const Csi__V1__NodeStageVolumeRequest *req,
				    struct liteio_csi_attach_context *ret,
				    struct liteio_error *err)
{
	struct liteio_csi_attach_context ctx = { 0 };
	const char *text[] = { find(req, KEY_UUID), find(req, KEY_GENERATION),
			       find(req, KEY_SIZE) };
	const char *nqn = find(req, KEY_NQN), *addresses = find(req, KEY_ADDRESSES);
	const char *bad = NULL;

	if (!text[0] || liteio_uuid_parse(text[0], &ctx.uuid) < 0)
		bad = KEY_UUID;
	else if (!text[1] ||
		 liteio_parse_u64(text[1], 1, LITEIO_GENERATION_MAX, &ctx.generation) < 0)
		bad = KEY_GENERATION;
	else if (!text[2] ||
		 liteio_parse_u64(text[2], 1, LITEIO_VOLUME_SIZE_MAX, &ctx.size_bytes) < 0)
		bad = KEY_SIZE;
	else if (!parse_bool(find(req, KEY_LOCAL), &ctx.local))
		bad = KEY_LOCAL;
	else if (!parse_bool(find(req, KEY_READ_ONLY), &ctx.read_only))
		bad = KEY_READ_ONLY;
	else if (!ctx.local && (!nqn || !*nqn))
		bad = KEY_NQN;
	else if (!ctx.local && (!addresses || !*addresses))
		bad = KEY_ADDRESSES;
	if (bad)
		return liteio_error_set(err, -EINVAL,
					"the publish context has no valid %s: is the volume attached to this node?",
					bad);
	ctx.pool_node = liteio_strdup(find(req, KEY_POOL_NODE));
	if (!ctx.local) {
		ctx.nqn = liteio_strdup(nqn);
		ctx.addresses = liteio_strdup(addresses);
	}
	*ret = ctx;
	return 0;
}
