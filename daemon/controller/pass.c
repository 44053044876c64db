// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One pass over one object: read it from its store, look at it, say what came of it.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "controller/pass.h"
#include "kube/informer.h"

/* somebody else wrote: their write is on its way to the store */
#define CONFLICT_MS 100

int liteio_pass_run(struct liteio_controller *c, const struct liteio_pass *p, const char *name,
		    uint64_t *ret_again_ms)
{
	struct liteio_json *obj = liteio_informer_get(p->store, name);
	_cleanup_free_ char *about = liteio_strf("%s=%s", p->kind, name);
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	if (!obj)
		return 0;
	r = p->look(c, &obj, ret_again_ms, &err);
	liteio_json_unref(obj);
	if (r == -EAGAIN || r == -ENOENT) {
		log_debug(about, "%s", liteio_error_str(&err, r));
		*ret_again_ms = CONFLICT_MS;
		return 0;
	}
	if (r)
		log_warning(about, "%s", liteio_error_str(&err, r));
	return r;
}
