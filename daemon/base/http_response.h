/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a caller over HTTP is given: the same of every client (http_client.h, http_local.h). Pure.
 */
#ifndef LITEIO_BASE_HTTP_RESPONSE_H
#define LITEIO_BASE_HTTP_RESPONSE_H

#include <stddef.h>

struct liteio_error;

/**
 * struct liteio_http_response - what came back
 * @status: HTTP status
 * @body: terminated, owned by the response; of a stream only what came with a status other than 2xx
 * @body_len: its length
 */
struct liteio_http_response {
	long status;
	char *body;
	size_t body_len;
};

void liteio_http_response_fini(struct liteio_http_response *r);

/**
 * typedef liteio_http_done_fn - a call has ended
 * @arg: of the call
 * @r: 0 and @rsp when an HTTP answer arrived, whatever its status; else a negative errno
 * @rsp: borrowed for the duration of the callback
 * @err: the sentence when @r is negative
 */
typedef void (*liteio_http_done_fn)(void *arg, int r, const struct liteio_http_response *rsp,
				    const struct liteio_error *err);
/*
 * bytes of a stream as they arrive (status 2xx only); non-zero ends the call, a negative errno is
 * what its done callback gets. May cancel its call, but not free the client.
 */
typedef int (*liteio_http_data_fn)(void *arg, const char *data, size_t len);

/* default bound of an answer, and of what is kept of a refused stream */
#define LITEIO_HTTP_RESPONSE_MAX (64u << 20)
#define LITEIO_HTTP_REFUSAL_MAX (64u << 10)

#endif
