// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An HTTP/1.1 answer, on http_parser.
 */
#include "base/http_answer.h"

#include <errno.h>
#include <http_parser.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/str.h"

/**
 * struct liteio_http_answer - an answer
 * @parser: its state; it bounds the head
 * @has_body: false when it is one to HEAD
 * @has_begun: something has come
 * @is_whole: nothing is missing
 * @body: what is collected
 * @max_body: its bound
 * @data: for streams
 * @arg: for @data
 * @code: why a callback has ended it
 */
struct liteio_http_answer {
	http_parser parser;
	bool has_body;
	bool has_begun;
	bool is_whole;
	struct liteio_buf body;
	size_t max_body;
	liteio_http_data_fn data;
	void *arg;
	int code;
};

/* http_parser: 1 when no body follows; there is nothing that an interim answer could mean to us */
static int on_head(http_parser *parser)
{
	const struct liteio_http_answer *a = parser->data;

	return parser->status_code < 200 ? -1 : !a->has_body;
}

static int on_body(http_parser *parser, const char *data, size_t len)
{
	struct liteio_http_answer *a = parser->data;
	size_t room = a->max_body - a->body.len;
	int r;

	if (a->data && parser->status_code < 300) {
		r = a->data(a->arg, data, len);
		a->code = r > 0 ? -ECANCELED : r;
		return a->code;
	}
	if (len > room && !a->data) {
		a->code = -EMSGSIZE;
		return a->code;
	}
	/* of most it is known how much is to come; of the others this is the largest number */
	if (!a->body.len && parser->content_length <= room - (len < room ? len : room))
		liteio_buf_room(&a->body, len + (size_t)parser->content_length);
	liteio_buf_add(&a->body, data, len < room ? len : room);
	return 0;
}

static int on_whole(http_parser *parser)
{
	struct liteio_http_answer *a = parser->data;

	a->is_whole = true;
	/* what follows is not for us */
	http_parser_pause(parser, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_headers_complete = on_head,
	.on_body = on_body,
	.on_message_complete = on_whole,
};

struct liteio_http_answer *liteio_http_answer_new(bool has_body, size_t max_body,
						  liteio_http_data_fn data, void *arg)
{
	struct liteio_http_answer *a = liteio_calloc(1, sizeof(*a));

	http_parser_init(&a->parser, HTTP_RESPONSE);
	a->parser.data = a;
	a->has_body = has_body;
	a->max_body = max_body ? max_body : LITEIO_HTTP_RESPONSE_MAX;
	if (data)
		a->max_body = LITEIO_HTTP_REFUSAL_MAX;
	a->data = data;
	a->arg = arg;
	return a;
}

void liteio_http_answer_free(struct liteio_http_answer *a)
{
	if (!a)
		return;
	liteio_buf_fini(&a->body);
	free(a);
}

int liteio_http_answer_add(struct liteio_http_answer *a, const char *data, size_t len,
			   struct liteio_error *err)
{
	enum http_errno e;

	a->has_begun = true;
	http_parser_execute(&a->parser, &settings, data, len);
	if (a->is_whole)
		return 1;
	e = HTTP_PARSER_ERRNO(&a->parser);
	if (e == HPE_OK)
		return 0;
	if (a->code == -EMSGSIZE)
		return liteio_error_set(err, -EMSGSIZE, "the answer is larger than %zu bytes",
					a->max_body);
	if (a->code)
		return liteio_error_set(err, a->code, "ended by the receiver");
	if (e == HPE_HEADER_OVERFLOW)
		return liteio_error_set(err, -EMSGSIZE,
					"the head of the answer is larger than %d bytes",
					HTTP_MAX_HEADER_SIZE);
	return liteio_error_set(err, -EPROTO, "the answer is no HTTP: %s",
				e == HPE_CB_headers_complete ? "it is an interim one" :
							       http_errno_description(e));
}

int liteio_http_answer_end(struct liteio_http_answer *a, struct liteio_error *err)
{
	http_parser_execute(&a->parser, &settings, NULL, 0);
	if (a->is_whole)
		return 1;
	return liteio_error_set(err, -ECONNRESET, a->has_begun ?
				"the connection was closed in the middle of the answer" :
				"the connection was closed without an answer");
}

long liteio_http_answer_status(const struct liteio_http_answer *a)
{
	return a->parser.status_code;
}

void liteio_http_answer_take(struct liteio_http_answer *a, struct liteio_http_response *ret)
{
	*ret = (struct liteio_http_response){ .status = a->parser.status_code,
					      .body_len = a->body.len };
	if (!a->data || a->body.len)
		ret->body = liteio_buf_take(&a->body);
}
