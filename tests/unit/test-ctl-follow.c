// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events as they come: how many are waited for, and what ends the waiting.
 *
 * unit-src: daemon/ctl/follow.c daemon/ctl/event_text.c daemon/ctl/ask.c daemon/ctl/print.c
 * unit-src: daemon/ctl/signals.c
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "ctl/follow.h"
#include "unit.h"

#define HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define EVENT "{\"type\":\"volumeAdded\",\"seq\":9,\"uuid\":\"01a21b7a-5a79-7ed5-85c6-7b8e1156469f\"}\n"

/* says its lines to whoever asks first, and then nothing more until that one goes away */
struct speaker {
	int fd;
	const char *lines[6];
	int signo; /* then, 0 for none */
};

/* false: who has asked hung up */
static bool say(int fd, const char *text)
{
	char chunk[256];
	int n = snprintf(chunk, sizeof(chunk), "%zx\r\n%s\r\n", strlen(text), text);
	ssize_t sent;

	ck_assert_uint_lt((size_t)n, sizeof(chunk));
	sent = send(fd, chunk, (size_t)n, MSG_NOSIGNAL);
	ck_assert(sent == n || errno == EPIPE);
	return sent == n;
}

static void *speak(void *arg)
{
	const struct speaker *s = arg;
	int fd = accept(s->fd, NULL, NULL);
	char request[4096];

	ck_assert_int_gt(read(fd, request, sizeof(request)), 0);
	ck_assert_int_eq(write(fd, HEAD, strlen(HEAD)), (ssize_t)strlen(HEAD));
	for (size_t i = 0; s->lines[i] && say(fd, s->lines[i]); i++)
		;
	if (s->signo)
		kill(getpid(), s->signo);
	while (read(fd, request, sizeof(request)) > 0)
		;
	close(fd);
	return NULL;
}

static int follow(struct speaker *s, uint64_t count, struct liteio_error *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	pthread_t thread;
	int r;

	snprintf(at.sun_path, sizeof(at.sun_path), "/tmp/test-ctl-follow-%d", getpid());
	unlink(at.sun_path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(s->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(s->fd, 1), 0);
	pthread_create(&thread, NULL, speak, s);
	r = liteio_follow(at.sun_path, "/v1/module/events", count, true, err);
	pthread_join(thread, NULL);
	close(s->fd);
	unlink(at.sun_path);
	return r;
}

/* the first line is no event, nor is a sign of life */
START_TEST(as_many_as_were_asked_for)
{
	struct speaker s = { .lines = { "{\"type\":\"begin\",\"seq\":8}\n", EVENT,
					"{\"type\":\"alive\"}\n", EVENT } };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(follow(&s, 2, &err), 0);
}
END_TEST

START_TEST(a_module_that_goes_ends_it)
{
	struct speaker s = { .lines = { "{\"type\":\"begin\",\"seq\":8}\n", EVENT,
					"{\"type\":\"end\"}\n" } };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(follow(&s, 0, &err), -ENODEV);
	ck_assert_ptr_nonnull(strstr(err.msg, "unloaded"));
}
END_TEST

/* as by `head`: it would go on, and keep a connection, for ever */
START_TEST(nobody_reads_any_more)
{
	struct speaker s = { .lines = { "{\"type\":\"begin\",\"seq\":8}\n", EVENT } };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_ptr_nonnull(freopen("/dev/full", "w", stdout));
	ck_assert_int_eq(follow(&s, 0, &err), -EPIPE);
	ck_assert_ptr_nonnull(strstr(err.msg, "nobody reads"));
}
END_TEST

static void interrupted_by(int signo)
{
	struct speaker s = { .lines = { "{\"type\":\"begin\",\"seq\":8}\n", EVENT },
			     .signo = signo };
	struct liteio_error err = LITEIO_ERROR_INIT;
	sigset_t set;

	/* for the thread that speaks, too: who waits for it has it */
	sigemptyset(&set);
	sigaddset(&set, signo);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	ck_assert_int_eq(follow(&s, 0, &err), 0);
}

START_TEST(an_interrupt_ends_it)
{
	interrupted_by(SIGINT);
	interrupted_by(SIGTERM);
}
END_TEST

UNIT_MAIN("ctl-follow", as_many_as_were_asked_for, a_module_that_goes_ends_it,
	  nobody_reads_any_more, an_interrupt_ends_it)
