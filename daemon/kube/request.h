/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a struct liteio_kube_request to method, URL and body. Pure; for daemon/kube itself.
 */
#ifndef LITEIO_KUBE_REQUEST_H
#define LITEIO_KUBE_REQUEST_H

struct liteio_error;
struct liteio_kube_request;

/**
 * struct liteio_kube_message - a request as HTTP sees it
 * @method: "GET"
 * @path: path and query, owned
 * @content_type: of the body, NULL without one
 * @body: owned, NULL for none
 */
struct liteio_kube_message {
	const char *method;
	char *path;
	const char *content_type;
	char *body;
};

/**
 * liteio_kube_message_init() - put a request into words
 * @req: the request
 * @field_manager: when @req has none
 * @ret: filled in, released by liteio_kube_message_fini()
 * @err: what is missing in @req
 *
 * Return: 0 or -EINVAL.
 */
int liteio_kube_message_init(const struct liteio_kube_request *req, const char *field_manager,
			     struct liteio_kube_message *ret, struct liteio_error *err);
void liteio_kube_message_fini(struct liteio_kube_message *m);

#endif
