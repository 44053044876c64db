// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * StorageNode: the tables.
 */
#include "model/node.h"

#include "base/error.h"
#include "model/fields.h"

#define T liteio_node_spec
const struct liteio_field liteio_node_spec_fields[] = {
	BOOL("cordoned", cordoned, 0),
	NUMBER("maxRemoteVolumes", max_remote_volumes, 0, 0, 65535),
	END,
};

#undef T
#define T liteio_node_status
const struct liteio_field liteio_node_status_fields[] = {
	STRING("hostNQN", host_nqn, 0, 223),
	STRING("hostID", host_id, 0, 36),
	STRINGS("addresses", addresses, 0, 8),
	STRING("kernel", kernel, 0, 127),
	STRING("module", module, 0, 63),
	STRING("agent", agent, 0, 63),
	STRING("bootID", boot_id, 0, 36),
	CONDITIONS,
	END,
};

#undef T

int liteio_node_parse(const struct liteio_json *j, struct liteio_node *ret,
		      struct liteio_error *err)
{
	const struct liteio_json *spec = liteio_json_get(j, "spec");
	const struct liteio_json *status = liteio_json_get(j, "status");
	struct liteio_node n = { 0 };
	int r;

	r = liteio_meta_parse(j, NULL, &n.meta, err);
	if (!r && spec)
		r = liteio_json_decode(spec, liteio_node_spec_fields, 0, &n.spec, err);
	if (!r && status)
		r = liteio_json_decode(status, liteio_node_status_fields, 0, &n.status, err);
	if (r) {
		r = liteio_error_wrap(err, r, "storage node %s", n.meta.name ? n.meta.name : "?");
		liteio_node_fini(&n);
		return r;
	}
	*ret = n;
	return 0;
}

void liteio_node_fini(struct liteio_node *n)
{
	liteio_meta_fini(&n->meta);
	liteio_json_fini(&n->spec, liteio_node_spec_fields);
	liteio_json_fini(&n->status, liteio_node_status_fields);
}
