// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A placement as it is written: where the object lives, with the label and the finalizer that the
 * node's agent goes by.
 */
#include <string.h>

#include "base/json.h"
#include "controller/controller.h"
#include "controller/placement.h"

bool liteio_placement_needs_repair(const struct liteio_meta *meta,
				   const struct liteio_placement *p)
{
	const char *label = liteio_meta_label(meta, LITEIO_NODE_LABEL);

	return p->node && !meta->deleting &&
	       (!meta->has_finalizer || !label || strcmp(label, p->node) != 0);
}

int liteio_placement_write(struct liteio_controller *c, const struct liteio_placing *what,
			   const struct liteio_placement *p, struct liteio_json **obj,
			   struct liteio_error *err)
{
	struct liteio_json *patch = liteio_meta_patch(what->meta);
	struct liteio_json *labels = liteio_json_new_object();
	struct liteio_json *spec = liteio_json_new_object();

	liteio_json_set_string(labels, LITEIO_NODE_LABEL, p->node);
	liteio_json_set(liteio_json_get(patch, "metadata"), "labels", labels);
	liteio_meta_patch_finalizer(patch, *obj, what->finalizer, true);
	liteio_json_set(spec, "placement", liteio_json_encode(p, liteio_placement_fields));
	liteio_json_set(patch, "spec", spec);
	return liteio_controller_patch(c, what->resource, what->meta->name, patch, what->store, obj,
				       err);
}
