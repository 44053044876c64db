// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options of liteioctl as the query of a request.
 */
#include "ctl/query.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "ctl/command.h"
#include "model/local.h"

/* "?" before the first key, "&" before every other one */
static void add_key(struct liteio_buf *b, const char *key)
{
	liteio_buf_addf(b, "%c%s=", b->data && strchr(b->data, '?') ? '&' : '?', key);
}

static void add_number(struct liteio_buf *b, const char *key, uint64_t value)
{
	add_key(b, key);
	liteio_buf_addf(b, "%" PRIu64, value);
}

static void add_text(struct liteio_buf *b, const char *key, const char *value)
{
	add_key(b, key);
	for (; *value; value++) {
		if (liteio_url_plain(*value))
			liteio_buf_add(b, value, 1);
		else
			liteio_buf_addf(b, "%%%02X", (unsigned char)*value);
	}
}

void liteio_query_add(struct liteio_buf *b, unsigned int given, const struct liteio_options *o)
{
	if (given & LITEIO_OPT_TIMEOUT)
		add_number(b, "timeoutMs", o->timeout_ms);
	if (given & LITEIO_OPT_FORCE)
		add_text(b, "force", "true");
	if (given & LITEIO_OPT_MIN_SIZE)
		add_number(b, "minSize", o->rule.min_size);
	if (given & LITEIO_OPT_MAX_SIZE)
		add_number(b, "maxSize", o->rule.max_size);
	if (given & LITEIO_OPT_MODEL)
		add_text(b, "model", o->rule.model);
	if (given & LITEIO_OPT_BY_ID)
		add_text(b, "byID", o->rule.by_id);
	if (given & LITEIO_OPT_ROTATIONAL)
		add_text(b, "rotational", liteio_local_tristate_names[o->rule.rotational]);
	if (given & LITEIO_OPT_USABLE)
		add_text(b, "usable", "true");
	if (given & LITEIO_OPT_WIPE)
		add_text(b, "wipe", liteio_local_wipe_names[o->wipe]);
	if (given & LITEIO_OPT_NO_WAIT)
		add_text(b, "wait", "false");
}
