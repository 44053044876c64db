// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events as lines and as text.
 */
#include "ctl/event_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <linux/liteio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"

int liteio_event_lines_add(struct liteio_event_lines *l, const char *data, size_t len,
			   int (*fn)(void *arg, const char *line), void *arg)
{
	const char *end;
	int r = 0;

	while (r == 0 && (end = memchr(data, '\n', len))) {
		_cleanup_free_ char *line = NULL;

		liteio_buf_add(&l->pending, data, (size_t)(end - data));
		if (l->pending.len > LITEIO_EVENT_LINE_MAX)
			return -EMSGSIZE;
		len -= (size_t)(end - data) + 1;
		data = end + 1;
		line = liteio_buf_take(&l->pending);
		r = fn(arg, line);
	}
	if (r)
		return r;
	if (len > LITEIO_EVENT_LINE_MAX - l->pending.len)
		return -EMSGSIZE;
	liteio_buf_add(&l->pending, data, len);
	return 0;
}

void liteio_event_lines_fini(struct liteio_event_lines *l)
{
	liteio_buf_fini(&l->pending);
}

int liteio_event_parse(const char *line, struct liteio_local_event *ret, struct liteio_error *err)
{
	struct liteio_local_event e = { 0 };
	struct liteio_json *j;
	int r;

	r = liteio_json_parse(line, strlen(line), &j, err);
	if (r)
		return -EINVAL;
	r = liteio_json_decode(j, liteio_local_event_fields, 0, &e, err);
	liteio_json_unref(j);
	if (r)
		return r;
	*ret = e;
	return 0;
}

/* what the value of each event is; NULL: nothing */
static const char *value_name(int type)
{
	switch (type - LITEIO_LOCAL_EVENT_MODULE + LITEIO_EVENT_VOL_ADDED) {
	case LITEIO_EVENT_VOL_ADDED:
	case LITEIO_EVENT_VOL_CHANGED:
		return "floor";
	case LITEIO_EVENT_ATT_FENCED:
		return "inflight";
	case LITEIO_EVENT_IO_ERROR:
	case LITEIO_EVENT_NO_SPACE:
		return "errors";
	default:
		return NULL;
	}
}

static void add_value(struct liteio_buf *b, const struct liteio_local_event *e)
{
	const char *name = value_name(e->type);

	switch (e->type - LITEIO_LOCAL_EVENT_MODULE + LITEIO_EVENT_VOL_ADDED) {
	case LITEIO_EVENT_ATT_BOUND:
	case LITEIO_EVENT_ATT_UNBOUND:
		liteio_buf_addf(b, "  head=%" PRIu64 ":%" PRIu64, e->value >> 32,
				e->value & UINT32_MAX);
		return;
	case LITEIO_EVENT_DIRTY_CHANGED:
		if (e->value)
			liteio_buf_addf(b, "  chunk=%llu", 1ull << (e->value & 63));
		else
			liteio_buf_addstr(b, "  not tracked");
		return;
	case LITEIO_EVENT_ATT_ADDED:
		if (e->value & LITEIO_ATT_RO)
			liteio_buf_addstr(b, "  read-only");
		return;
	default:
		if (name)
			liteio_buf_addf(b, "  %s=%" PRIu64, name, e->value);
	}
}

/* what happened on the node has no number, and words */
static void add_words(struct liteio_buf *b, const struct liteio_local_event *e, const char *uuid)
{
	if (e->verb)
		liteio_buf_addf(b, "  %s", e->verb);
	if (e->name)
		liteio_buf_addf(b, "%s%s", e->verb ? " " : "  ", e->name);
	if (e->pool)
		liteio_buf_addf(b, "  pool=%s", e->pool);
	liteio_buf_addf(b, "  %s", uuid);
	if (e->message)
		liteio_buf_addf(b, "  %s", e->message);
}

char *liteio_event_text(const struct liteio_local_event *e)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	char uuid[LITEIO_UUID_STRLEN + 1];

	switch (e->type) {
	case LITEIO_LOCAL_EVENT_BEGIN:
	case LITEIO_LOCAL_EVENT_ALIVE:
	case LITEIO_LOCAL_EVENT_END:
		return NULL;
	case LITEIO_LOCAL_EVENT_LOST:
		return liteio_strdup("resync: events were lost; what was known is void, list everything again");
	default:
		break;
	}
	liteio_uuid_format(&e->uuid, uuid);
	if (e->type < LITEIO_LOCAL_EVENT_MODULE) {
		liteio_buf_addf(&b, "%-6s  %12.6f  %-17s", "-", (double)e->time_ns / 1e9,
				liteio_local_event_names[e->type]);
		add_words(&b, e, uuid);
		return liteio_buf_take(&b);
	}
	liteio_buf_addf(&b, "%-6" PRIu64 "  %12.6f  %-17s  %s", e->seq, (double)e->time_ns / 1e9,
			liteio_local_event_names[e->type], uuid);
	if (e->generation)
		liteio_buf_addf(&b, "  generation=%" PRIu64, e->generation);
	add_value(&b, e);
	return liteio_buf_take(&b);
}
