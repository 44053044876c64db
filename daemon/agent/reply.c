// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers of the local API.
 */
#include "agent/reply.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_server.h"
#include "base/json.h"
#include "base/uuid.h"

void liteio_reply_text(struct liteio_http_request *req, unsigned int status, const char *json)
{
	liteio_http_reply(req, status, "application/json", json, strlen(json));
}

void liteio_reply_own(struct liteio_http_request *req, unsigned int status, char *json)
{
	liteio_http_reply_text(req, status, "application/json", json);
}

void liteio_reply_json(struct liteio_http_request *req, unsigned int status,
		       struct liteio_json *j)
{
	_cleanup_free_ char *text = liteio_json_print(j);

	liteio_reply_text(req, status, text);
	liteio_json_unref(j);
}

void liteio_reply_error(struct liteio_http_request *req, unsigned int status, int code,
			const char *message, const struct liteio_uuid *operation)
{
	struct liteio_json *error = liteio_json_new_object(), *j = liteio_json_new_object();
	char uuid[LITEIO_UUID_STRLEN + 1];

	liteio_json_set_string(error, "code", liteio_errno_name(code));
	liteio_json_set_string(error, "message", message);
	liteio_json_set(j, "error", error);
	if (operation) {
		liteio_uuid_format(operation, uuid);
		liteio_json_set_string(j, "operation", uuid);
	}
	liteio_reply_json(req, status, j);
}
