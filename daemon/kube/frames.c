// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stream of JSON texts, one a line, that arrives in pieces cut anywhere.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "kube/frames.h"

static int one_line(const char *line, size_t len, liteio_frame_fn fn, void *arg,
		    struct liteio_error *err)
{
	struct liteio_json *j;
	int r;

	/* empty lines keep a connection alive */
	if (strspn(line, " \t\r\n") >= len)
		return 0;
	r = liteio_json_parse(line, len, &j, err);
	if (r)
		return r;
	r = fn(arg, j, err);
	liteio_json_unref(j);
	return r;
}

int liteio_frames_feed(struct liteio_frames *f, const char *data, size_t len, liteio_frame_fn fn,
		       void *arg, struct liteio_error *err)
{
	size_t begin = 0;
	char *end;
	int r = 0;

	liteio_buf_add(&f->buf, data, len);
	while (!r && (end = memchr(f->buf.data + f->scanned, '\n', f->buf.len - f->scanned))) {
		size_t next = (size_t)(end - f->buf.data) + 1;

		r = one_line(f->buf.data + begin, next - begin, fn, arg, err);
		begin = next;
		f->scanned = next;
	}
	/* once for all lines of this piece */
	liteio_buf_consume(&f->buf, begin);
	f->scanned = f->buf.len;
	if (!r && f->buf.len > LITEIO_JSON_MAX_BYTES)
		r = liteio_error_set(err, -EMSGSIZE, "a line of more than %u bytes",
				     LITEIO_JSON_MAX_BYTES);
	return r;
}

void liteio_frames_reset(struct liteio_frames *f)
{
	liteio_buf_fini(&f->buf);
	f->scanned = 0;
}
