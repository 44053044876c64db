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

#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"

#define ENTER "\033[?1049h\033[?25l" /* the other screen, no cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"

struct liteio_screen {
	struct liteio_loop *loop;
	void (*fn)(void *arg, enum liteio_screen_key key);
	void *arg;
	struct liteio_io *io;
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

static void on_input(void *arg, int fd, unsigned int events)
{
	struct liteio_screen *s = arg;
	char c;
	ssize_t n = read(fd, &c, 1);

	if (n <= 0) {
		/* the terminal has gone; its hang-up signal ends us */
		liteio_io_set_events(s->io, 0);
		return;
	}
	if (c == 'q' || c == 'Q')
		s->fn(s->arg, LITEIO_SCREEN_QUIT);
	else if (c == ' ')
		s->fn(s->arg, LITEIO_SCREEN_REDRAW);
}

static void on_resize(void *arg, int signo)
{
	struct liteio_screen *s = arg;

	s->fn(s->arg, LITEIO_SCREEN_REDRAW);
}

/* ctrl-Z: stop in order, and go on in order */
static void on_stop(void *arg, int signo)
{
	struct liteio_screen *s = arg;

	leave(s);
	raise(SIGSTOP);
	enter(s);
	s->fn(s->arg, LITEIO_SCREEN_REDRAW);
}

int liteio_screen_open(struct liteio_loop *loop, void (*fn)(void *arg, enum liteio_screen_key key),
		       void *arg, struct liteio_screen **ret, struct liteio_error *err)
{
	struct liteio_screen *s = liteio_calloc(1, sizeof(*s));
	int r;

	s->loop = loop;
	s->fn = fn;
	s->arg = arg;
	r = liteio_loop_on_signal(loop, SIGWINCH, on_resize, s, err);
	if (r == 0)
		r = liteio_loop_on_signal(loop, SIGTSTP, on_stop, s, err);
	if (r == 0 && isatty(STDIN_FILENO))
		r = liteio_io_new(loop, STDIN_FILENO, LITEIO_IO_READ, on_input, s, &s->io, err);
	if (r) {
		free(s);
		return r;
	}
	enter(s);
	*ret = s;
	return 0;
}

void liteio_screen_close(struct liteio_screen *s)
{
	if (!s)
		return;
	leave(s);
	liteio_io_free(s->io);
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
