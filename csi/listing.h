/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page of a list out of a store: what ListVolumes and ListSnapshots have in common.
 */
#ifndef LITEIO_CSI_LISTING_H
#define LITEIO_CSI_LISTING_H

#include <stdint.h>

#include "page.h"

struct liteio_error;
struct liteio_informer;
struct liteio_json;

/**
 * typedef liteio_csi_listing_add_fn - put an object into the answer, if it belongs there
 * @arg: of the listing
 * @page: to be asked with liteio_csi_page_take(), last of all
 * @obj: the object
 * @err: why not
 *
 * Return: 0, also for an object that was left out, or a negative errno.
 */
typedef int (*liteio_csi_listing_add_fn)(void *arg, struct liteio_csi_page *page,
					 const struct liteio_json *obj, struct liteio_error *err);

/**
 * struct liteio_csi_listing - what to list
 * @store: of the objects
 * @what: "volumes", for the sentence
 * @max_entries: of the request
 * @token: of the request
 * @add: called for each object, by name
 * @arg: for @add
 */
struct liteio_csi_listing {
	struct liteio_informer *store;
	const char *what;
	int32_t max_entries;
	const char *token;
	liteio_csi_listing_add_fn add;
	void *arg;
};

/**
 * liteio_csi_listing_run() - fill one page
 * @l: what to list
 * @ret_token: the token of the next page, owned by the caller; untouched when this was the last one
 * @err: why not
 *
 * Context: any thread; does not wait.
 * Return: 0, -EHOSTDOWN while the store is not filled, what liteio_csi_page_begin() or @add says.
 */
int liteio_csi_listing_run(const struct liteio_csi_listing *l, char **ret_token,
			   struct liteio_error *err);

#endif
