// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz what somebody who listens on the agent's socket can answer: in whatever pieces it comes, it
 * is the same answer, or none, and no more of it is kept than may be.
 *
 * fuzz-src: daemon/base/http_answer.c daemon/base/http_response.c
 * fuzz-src: daemon/base/error.c daemon/base/str.c
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/http_answer.h"
#include "base/str.h"

#define MAX_BODY 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long reached;

/* for `run`: most inputs are no HTTP */
__attribute__((destructor)) static void tell(void)
{
	fprintf(stderr, "stat::reached: %lu\n", reached);
}

static int hear(void *arg, const char *data, size_t len)
{
	liteio_buf_add(arg, data, len);
	return 0;
}

/* what became of it, with all that was heard of a stream or collected as a body */
struct outcome {
	int r;
	struct liteio_http_response rsp;
	struct liteio_buf heard;
};

static void feed(struct outcome *o, unsigned int how, const char *data, size_t size, size_t step)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_http_answer *a;

	*o = (struct outcome){ .heard = LITEIO_BUF_INIT };
	a = liteio_http_answer_new(how & 1, MAX_BODY, how & 2 ? hear : NULL, &o->heard);
	for (size_t i = 0; !o->r && i < size; i += step)
		o->r = liteio_http_answer_add(a, data + i, size - i < step ? size - i : step, &err);
	if (!o->r)
		o->r = liteio_http_answer_end(a, &err);
	if (o->r == 1)
		liteio_http_answer_take(a, &o->rsp);
	else if (o->r >= 0 || !err.msg[0])
		abort();
	liteio_http_answer_free(a);
}

static void outcome_fini(struct outcome *o)
{
	liteio_http_response_fini(&o->rsp);
	liteio_buf_fini(&o->heard);
}

static void check(unsigned int how, const struct outcome *o)
{
	size_t most = how & 2 ? LITEIO_HTTP_REFUSAL_MAX : MAX_BODY;

	if (o->r != 1)
		return;
	reached++;
	if (o->rsp.status < 200 || o->rsp.status > 999 || o->rsp.body_len > most)
		abort();
	if (o->rsp.body && o->rsp.body[o->rsp.body_len])
		abort();
	/* what is heard is not collected, too */
	if (o->heard.len && (o->rsp.body || o->rsp.status >= 300))
		abort();
}

/* of what ends badly a piece more or less may have been heard */
static void compare(const struct outcome *a, const struct outcome *b)
{
	if (a->r != b->r)
		abort();
	if (a->r != 1)
		return;
	if (a->rsp.status != b->rsp.status || a->rsp.body_len != b->rsp.body_len ||
	    a->heard.len != b->heard.len)
		abort();
	if (a->rsp.body_len && memcmp(a->rsp.body, b->rsp.body, a->rsp.body_len))
		abort();
	if (a->heard.len && memcmp(a->heard.data, b->heard.data, a->heard.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, pieces;
	unsigned int how;

	if (size < 2)
		return 0;
	how = data[0];
	feed(&whole, how, (const char *)data + 1, size - 1, size);
	feed(&pieces, how, (const char *)data + 1, size - 1, 1 + (how >> 2));
	check(how, &whole);
	check(how, &pieces);
	compare(&whole, &pieces);
	outcome_fini(&whole);
	outcome_fini(&pieces);
	return 0;
}
