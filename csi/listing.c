// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One page of a list out of a store.
 */
#include <errno.h>

#include "base/error.h"
#include "base/json.h"
#include "kube/informer.h"
#include "listing.h"

int liteio_csi_listing_run(const struct liteio_csi_listing *l, char **ret_token,
			   struct liteio_error *err)
{
	struct liteio_csi_page page;
	struct liteio_json *list;
	char *token;
	int r;

	r = liteio_csi_page_begin(&page, l->max_entries, l->token, err);
	if (r < 0)
		return r;
	if (!liteio_informer_synced(l->store))
		return liteio_error_set(err, -EHOSTDOWN, "%s are not listed yet", l->what);
	list = liteio_informer_list(l->store);
	for (size_t i = 0; r == 0 && i < liteio_json_len(list); i++)
		r = l->add(l->arg, &page, liteio_json_at(list, i), err);
	token = r == 0 ? liteio_csi_page_token(&page) : NULL;
	if (token)
		*ret_token = token;
	liteio_json_unref(list);
	return r;
}
