/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of the local API. Context: loop thread; each answers the request, which is gone then.
 */
#ifndef LITEIO_AGENT_REPLY_H
#define LITEIO_AGENT_REPLY_H

struct liteio_http_request;
struct liteio_json;
struct liteio_uuid;

/* JSON that is text already; copied */
void liteio_reply_text(struct liteio_http_request *req, unsigned int status, const char *json);
/* likewise new memory, which is not the caller's any more */
void liteio_reply_own(struct liteio_http_request *req, unsigned int status, char *json);
/* takes @j over */
void liteio_reply_json(struct liteio_http_request *req, unsigned int status,
		       struct liteio_json *j);
/* @operation: as what it goes on all the same, or NULL */
void liteio_reply_error(struct liteio_http_request *req, unsigned int status, int code,
			const char *message, const struct liteio_uuid *operation);

#endif
