// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists in pages.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "page.h"

#define PREFIX "after:"

int liteio_csi_page_begin(struct liteio_csi_page *page, int32_t max_entries, const char *token,
			  struct liteio_error *err)
{
	if (max_entries < 0)
		return liteio_error_set(err, -EINVAL, "max_entries is negative");
	if (*token && strncmp(token, PREFIX, strlen(PREFIX)))
		return liteio_error_set(err, -EAGAIN,
					"the starting token is none of ours: list from the beginning");
	*page = (struct liteio_csi_page){
		.after = *token ? token + strlen(PREFIX) : "",
		.left = max_entries ? (size_t)max_entries : SIZE_MAX,
	};
	return 0;
}

bool liteio_csi_page_take(struct liteio_csi_page *page, const char *name)
{
	if (strcmp(name, page->after) <= 0)
		return false;
	if (!page->left) {
		page->more = true;
		return false;
	}
	page->left--;
	page->last = name;
	return true;
}

char *liteio_csi_page_token(const struct liteio_csi_page *page)
{
	return page->more ? liteio_strf(PREFIX "%s", page->last) : NULL;
}
