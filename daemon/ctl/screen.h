/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal that is drawn over and over, with the few sequences that every terminal has.
 *
 * It is left as it was: at the end, and while the program is stopped (ctrl-Z).
 */
#ifndef LITEIO_CTL_SCREEN_H
#define LITEIO_CTL_SCREEN_H

struct liteio_error;
struct liteio_loop;
struct liteio_screen;

enum liteio_screen_key {
	LITEIO_SCREEN_QUIT, /* q */
	LITEIO_SCREEN_REDRAW, /* another size, back from being stopped, or the space bar */
};

/**
 * liteio_screen_open() - take the terminal of standard output
 * @loop: the loop
 * @fn: called for keys
 * @arg: for @fn
 * @ret: the screen
 * @err: why not
 *
 * Context: loop thread, for all functions. Return: 0 or a negative errno.
 */
int liteio_screen_open(struct liteio_loop *loop, void (*fn)(void *arg, enum liteio_screen_key key),
		       void *arg, struct liteio_screen **ret, struct liteio_error *err);
/* give it back; NULL is fine */
void liteio_screen_close(struct liteio_screen *s);

/* columns and lines now */
void liteio_screen_size(const struct liteio_screen *s, unsigned int *ret_columns,
			unsigned int *ret_lines);
/* the whole picture: lines that fit; the last one need not be ended */
void liteio_screen_draw(struct liteio_screen *s, const char *text);

#endif
