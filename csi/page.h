/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists in pages. A token names the last object of the page before, so that pages stay right when
 * objects come and go in between. Pure.
 */
#ifndef LITEIO_CSI_PAGE_H
#define LITEIO_CSI_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_error;

/**
 * struct liteio_csi_page - where we are in a list that is sorted by name
 * @after: objects up to this name are on earlier pages; "" for the first page
 * @left: how many may still be added
 * @last: name of the last one added; borrowed, NULL when none was
 * @more: one more was there, but did not fit
 */
struct liteio_csi_page {
	const char *after;
	size_t left;
	const char *last;
	bool more;
};

/**
 * liteio_csi_page_begin() - begin a page
 * @page: filled in; borrows @token
 * @max_entries: of the request; 0 for no limit
 * @token: of the request; "" for the beginning
 * @err: what is wrong with them
 *
 * Return: 0, -EINVAL, or -EAGAIN for a token that is none of ours (CSI wants ABORTED).
 */
int liteio_csi_page_begin(struct liteio_csi_page *page, int32_t max_entries, const char *token,
			  struct liteio_error *err);

/**
 * liteio_csi_page_take() - does the next object of the list belong to this page?
 * @page: the page
 * @name: of the object, borrowed until the end of the page
 *
 * Return: true when it is to be put into the answer.
 */
bool liteio_csi_page_take(struct liteio_csi_page *page, const char *name);

/* the token of the next page, owned by the caller; NULL when this was the last one */
char *liteio_csi_page_token(const struct liteio_csi_page *page);

#endif
