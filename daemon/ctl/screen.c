// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A terminal that is drawn over and over.
 */
#include "ctl/screen.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/str.h"

#define ENTER "\033[?1049h\033[?25l" /* the other screen, no cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"

struct liteio_screen {
	int keys; /* a descriptor, or -1 */
	struct termios was;
	bool raw; /* @was is to be put back */
};

/* no echo, no lines: a key is read when it is pressed; ctrl-C and ctrl-Z stay signals */
static void enter(struct liteio_screen *s)
{
	struct termios t;

	s->raw = tcgetattr(STDIN_FILENO, &s->was) == 0;
	if (s->raw) {
		t = s->was;
		t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		t.c_cc[VMIN] = 1;
		t.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &t);
	}
	fputs(ENTER, stdout);
	fflush(stdout);
}

static void leave(struct liteio_screen *s)
{
	fputs(LEAVE, stdout);
	fflush(stdout);
	if (s->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &s->was);
	s->raw = false;
}

int liteio_screen_keys(const struct liteio_screen *s)
{
	return s ? s->keys : -1;
}

enum liteio_screen_key liteio_screen_key(struct liteio_screen *s)
{
	char c;

	if (read(s->keys, &c, 1) <= 0) {
		/* the terminal has gone; its hang-up signal ends us */
		s->keys = -1;
		return LITEIO_SCREEN_NOTHING;
	}
	if (c == 'q' || c == 'Q')
		return LITEIO_SCREEN_QUIT;
	return c == ' ' ? LITEIO_SCREEN_REDRAW : LITEIO_SCREEN_NOTHING;
}

void liteio_screen_stop(struct liteio_screen *s)
{
	leave(s);
	raise(SIGSTOP);
	enter(s);
}

struct liteio_screen *liteio_screen_open(void)
{
	struct liteio_screen *s = liteio_calloc(1, sizeof(*s));

	s->keys = isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
	enter(s);
	return s;
}

void liteio_screen_close(struct liteio_screen *s)
{
	if (!s)
		return;
	leave(s);
	free(s);
}

void liteio_screen_size(const struct liteio_screen *s, unsigned int *ret_columns,
			unsigned int *ret_lines)
{
	struct winsize size = { 0 };

	*ret_columns = 80;
	*ret_lines = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	if (size.ws_col)
		*ret_columns = size.ws_col;
	if (size.ws_row)
		*ret_lines = size.ws_row;
}

void liteio_screen_draw(struct liteio_screen *s, const char *text)
{
	const char *end;

	fputs(HOME, stdout);
	for (; (end = strchr(text, '\n')) && end[1]; text = end + 1)
		printf("%.*s" CLEAR_LINE "\n", (int)(end - text), text);
	printf("%.*s" CLEAR_LINE CLEAR_REST, (int)strcspn(text, "\n"), text);
	fflush(stdout);
}
