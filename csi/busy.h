/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * At most one call at a time works on a volume or snapshot; a second one is told to come back.
 */
#ifndef LITEIO_CSI_BUSY_H
#define LITEIO_CSI_BUSY_H

struct liteio_busy;
struct liteio_busy_mark;
struct liteio_error;

struct liteio_busy *liteio_busy_new(void);
/* no mark is left */
void liteio_busy_free(struct liteio_busy *busy);

/**
 * liteio_busy_enter() - begin to work on something
 * @busy: the set
 * @kind: "volume" or "snapshot"
 * @name: which one
 * @ret: the mark, to be given to liteio_busy_leave()
 * @err: the sentence for the second caller
 *
 * Context: any thread; does not wait. Return: 0 or -EAGAIN.
 */
int liteio_busy_enter(struct liteio_busy *busy, const char *kind, const char *name,
		      struct liteio_busy_mark **ret, struct liteio_error *err);
void liteio_busy_leave(struct liteio_busy_mark *mark);

static inline void liteio_busy_leavep(struct liteio_busy_mark **mark)
{
	if (*mark)
		liteio_busy_leave(*mark);
}

/* leave at the end of the scope */
#define _cleanup_busy_ __attribute__((cleanup(liteio_busy_leavep)))

#endif
