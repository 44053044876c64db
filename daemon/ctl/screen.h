/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal that is drawn over and over, with the few sequences that every terminal has.
 *
 * It is left as it was: at the end, and while the program is stopped (ctrl-Z).
 */
#ifndef LITEIO_CTL_SCREEN_H
#define LITEIO_CTL_SCREEN_H

struct liteio_screen;

enum liteio_screen_key {
	LITEIO_SCREEN_NOTHING,
	LITEIO_SCREEN_QUIT, /* q */
	LITEIO_SCREEN_REDRAW, /* the space bar */
};

/* take the terminal of standard output */
struct liteio_screen *liteio_screen_open(void);
/* give it back; NULL is fine */
void liteio_screen_close(struct liteio_screen *s);

/* where keys come from; -1: from nowhere, as without a screen (NULL) */
int liteio_screen_keys(const struct liteio_screen *s);
/* the next of them, when there is one */
enum liteio_screen_key liteio_screen_key(struct liteio_screen *s);
/* ctrl-Z: stop this process; it returns when that goes on, and the picture is to be drawn again */
void liteio_screen_stop(struct liteio_screen *s);

/* columns and lines now */
void liteio_screen_size(const struct liteio_screen *s, unsigned int *ret_columns,
			unsigned int *ret_lines);
/* the whole picture: lines that fit; the last one need not be ended */
void liteio_screen_draw(struct liteio_screen *s, const char *text);

#endif
