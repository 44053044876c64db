/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream of JSON texts, one a line, that arrives in pieces cut anywhere. Pure.
 */
#ifndef LITEIO_KUBE_FRAMES_H
#define LITEIO_KUBE_FRAMES_H

#include "base/str.h"

struct liteio_error;
struct liteio_json;

/**
 * struct liteio_frames - what has arrived and is not yet a whole line
 * @buf: the bytes
 * @scanned: so many of them hold no line end
 */
struct liteio_frames {
	struct liteio_buf buf;
	size_t scanned;
};

#define LITEIO_FRAMES_INIT { LITEIO_BUF_INIT, 0 }

/* one whole text; @j is borrowed. Non-zero ends the feeding and is returned from it */
typedef int (*liteio_frame_fn)(void *arg, struct liteio_json *j, struct liteio_error *err);

/**
 * liteio_frames_feed() - more bytes
 * @f: the stream
 * @data: the bytes
 * @len: how many
 * @fn: called for every text that is whole now
 * @arg: for @fn
 * @err: what is wrong with a text
 *
 * After a failure the stream can not go on: liteio_frames_reset().
 * Return: 0, what @fn returned, -EINVAL (not JSON) or -EMSGSIZE (a line beyond
 * LITEIO_JSON_MAX_BYTES).
 */
int liteio_frames_feed(struct liteio_frames *f, const char *data, size_t len, liteio_frame_fn fn,
		       void *arg, struct liteio_error *err);

/* forget what is not whole, release the memory */
void liteio_frames_reset(struct liteio_frames *f);

#endif
