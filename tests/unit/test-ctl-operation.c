// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waiting for an operation: on a terminal a line says how far it is, at its beginning, half-way
 * and at its end, and is wiped; in a pipe nothing is said, and the agent is asked less often.
 *
 * unit-src: daemon/ctl/operation.c daemon/ctl/progress.c
 */
#include <check.h>
#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "ctl/ask.h"
#include "ctl/operation.h"
#include "ctl/progress.h"
#include "unit.h"

#define COLUMNS 48
#define EMPTY "                    " /* as wide as the bar in so many columns */
#define RUNNING(done) \
	"{\"state\":\"running\",\"totalBytes\":1048576,\"doneBytes\":" done ",\"tookMs\":7500}"
#define BEGUN "\r[" EMPTY "]   0%    1.0 MiB left"
#define HALF "\r[##########          ]  50%  512.0 KiB left"
#define ALL "\r[####################] 100%        0 B left"

static const char *const *answers; /* of the agent, one after the other */
static unsigned int asked;
static char last_target[128];

int liteio_ask(const char *socket, const char *method, const char *target,
	       const struct liteio_json *body, struct liteio_json **ret, struct liteio_error *err)
{
	const char *text = answers[asked++];

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(method, "GET");
	snprintf(last_target, sizeof(last_target), "%s", target);
	return liteio_json_parse(text, strlen(text), ret, err);
}

/* waits with @fd as the standard error; @said is all that comes out at @from; both are closed */
static int wait_on(int fd, int from, char *said, size_t size)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *operation = NULL;
	int kept = dup(STDERR_FILENO);
	size_t length = 0;
	ssize_t n;
	int r;

	ck_assert_int_ge(kept, 0);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	asked = 0;
	r = liteio_operation_wait("/nowhere", "some", &operation, &err);
	ck_assert_int_eq(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	close(kept);
	/* a terminal hands on what was written when it likes to; it ends when nobody has it open */
	close(fd);
	while ((n = read(from, said + length, size - 1 - length)) > 0)
		length += (size_t)n;
	said[length] = '\0';
	close(from);
	ck_assert_ptr_nonnull(operation);
	liteio_json_unref(operation);
	return r;
}

static const char *const all[] = { RUNNING("0"), RUNNING("524288"), RUNNING("1048576"),
				   "{\"state\":\"done\"}", NULL };

START_TEST(a_terminal_is_told)
{
	const struct winsize size = { .ws_row = 24, .ws_col = COLUMNS };
	int outer, inner;
	char said[1024], *wiped;

	ck_assert_int_eq(openpty(&outer, &inner, NULL, NULL, &size), 0);
	answers = all;
	ck_assert_int_eq(wait_on(inner, outer, said, sizeof(said)), 0);
	ck_assert_uint_eq(asked, 4);
	ck_assert_str_eq(last_target, "/v1/operations/some?waitMs=250");
	ck_assert_msg(!strncmp(said, BEGUN HALF ALL "\r", strlen(BEGUN HALF ALL "\r")), "%s", said);
	/* the last line is empty, and as long as those that it wipes */
	wiped = said + strlen(BEGUN HALF ALL "\r");
	ck_assert_uint_ge(strspn(wiped, " "), strlen(HALF) - 1);
	ck_assert_str_eq(wiped + strspn(wiped, " "), "\r");
}
END_TEST

START_TEST(a_pipe_is_not)
{
	int fds[2];
	char said[1024];

	ck_assert_int_eq(pipe(fds), 0);
	answers = all;
	ck_assert_int_eq(wait_on(fds[1], fds[0], said, sizeof(said)), 0);
	ck_assert_uint_eq(asked, 4);
	ck_assert_str_eq(last_target, "/v1/operations/some?waitMs=30000");
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(one_that_fails_is_wiped)
{
	static const char *const fails[] = {
		RUNNING("524288"),
		"{\"state\":\"failed\",\"error\":{\"code\":\"EIO\",\"message\":\"it broke\"}}", NULL
	};
	int outer, inner;
	char said[1024];

	ck_assert_int_eq(openpty(&outer, &inner, NULL, NULL, NULL), 0);
	answers = fails;
	ck_assert_int_eq(wait_on(inner, outer, said, sizeof(said)), -EREMOTEIO);
	/* a terminal that does not say how wide it is has 80 columns */
	ck_assert_ptr_nonnull(strstr(said, "]  50%  512.0 KiB left\r"));
	ck_assert_int_eq(said[strlen(said) - 1], '\r');
}
END_TEST

/* what is told of bytes, in so many columns */
static const struct {
	const char *operation;
	unsigned int columns;
	bool done;
	const char *line; /* NULL: only that it is short enough */
} lines[] = {
	{ RUNNING("0"), COLUMNS, false, BEGUN },
	{ RUNNING("786432"), COLUMNS, false, "\r[###############     ]  75%  256.0 KiB left" },
	/* not yet all: never told as such */
	{ RUNNING("1048575"), COLUMNS, false, "\r[################### ]  99%        1 B left" },
	{ RUNNING("1048576"), COLUMNS, false, ALL },
	/* more than there is */
	{ RUNNING("9999999"), COLUMNS, false, ALL },
	{ RUNNING("-1"), COLUMNS, false, BEGUN },
	{ RUNNING("524288"), 0, false, "\r[#####     ]  50%  512.0 KiB left" },
	{ RUNNING("524288"), 200, false, NULL },
	/* what is not told in bytes: that it goes on */
	{ "{\"tookMs\":7500}", COLUMNS, false, "\r" EMPTY "                       7 s" },
	{ RUNNING("524288"), COLUMNS, true, NULL },
};

START_TEST(lines_have_their_length)
{
	struct liteio_buf out = LITEIO_BUF_INIT;
	const char *text = lines[_i].operation;
	struct liteio_progress p = { 0 };
	struct liteio_json *j;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, NULL), 0);
	liteio_progress_see(&p, j);
	liteio_json_unref(j);
	liteio_progress_draw(&out, &p, lines[_i].columns, lines[_i].done);
	if (lines[_i].line)
		ck_assert_str_eq(out.data, lines[_i].line);
	/* no line breaks, or what is drawn over it begins elsewhere; \r are no columns */
	if (lines[_i].columns)
		ck_assert_uint_le(strlen(out.data), lines[_i].columns + lines[_i].done);
	liteio_buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ctl-operation");
	TCase *t = unit_case(s, "operation");

	tcase_add_test(t, a_terminal_is_told);
	tcase_add_test(t, a_pipe_is_not);
	tcase_add_test(t, one_that_fails_is_wiped);
	tcase_add_loop_test(t, lines_have_their_length, 0, sizeof(lines) / sizeof(lines[0]));
	return unit_run(s);
}
