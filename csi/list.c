// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ListVolumes, from the store.
 */
#include <errno.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "csi.h"
#include "listing.h"
#include "volume.h"

/* a node counts until its last generation is fenced */
static void add_nodes(const struct liteio_volume *v,
		      Csi__V1__ListVolumesResponse__VolumeStatus *out)
{
	out->published_node_ids =
		liteio_calloc(v->spec.n_grants, sizeof(*out->published_node_ids));
	for (size_t i = 0; i < v->spec.n_grants; i++)
		out->published_node_ids[out->n_published_node_ids++] =
			liteio_strdup(v->spec.grants[i].node);
}

static Csi__V1__ListVolumesResponse__Entry *entry_of(const struct liteio_volume *v)
{
	Csi__V1__ListVolumesResponse__Entry *entry =
		liteio_message_new(&csi__v1__list_volumes_response__entry__descriptor);

	entry->volume = liteio_message_new(&csi__v1__volume__descriptor);
	liteio_csi_volume_answer(v, entry->volume);
	entry->status =
		liteio_message_new(&csi__v1__list_volumes_response__volume_status__descriptor);
	add_nodes(v, entry->status);
	return entry;
}

static int add_volume(void *arg, struct liteio_csi_page *page, const struct liteio_json *obj,
		      struct liteio_error *err)
{
	Csi__V1__ListVolumesResponse *resp = arg;
	struct liteio_volume v = { 0 };

	/* not made yet: to its creator it does not exist */
	if (!liteio_json_get_bool(obj, "status.node.created", false) ||
	    !liteio_csi_page_take(page, liteio_json_get_string(obj, "metadata.name")))
		return 0;
	if (liteio_volume_parse(obj, &v, err) < 0)
		return -EIO;
	resp->entries = liteio_realloc(resp->entries, resp->n_entries + 1, sizeof(*resp->entries));
	resp->entries[resp->n_entries++] = entry_of(&v);
	liteio_volume_fini(&v);
	return 0;
}

int liteio_csi_list_volumes(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			    struct liteio_error *err)
{
	const Csi__V1__ListVolumesRequest *req = in;
	Csi__V1__ListVolumesResponse *resp = out;
	const struct liteio_csi *csi = ctx;
	const struct liteio_csi_listing listing = {
		.store = csi->volumes,
		.what = "volumes",
		.max_entries = req->max_entries,
		.token = req->starting_token,
		.add = add_volume,
		.arg = resp,
	};

	return liteio_csi_listing_run(&listing, &resp->next_token, err);
}
