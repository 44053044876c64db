// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loop: posts in order, timers, descriptors, signals, what systemd is told.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "unit.h"

static struct liteio_loop *loop;
static struct liteio_buf seen;

static void setup(void)
{
	ck_assert_int_eq(liteio_loop_new(&loop, NULL), 0);
}

static void teardown(void)
{
	liteio_loop_free(loop);
	liteio_buf_fini(&seen);
}

static void note(void *arg)
{
	liteio_buf_addstr(&seen, arg);
}

static void quit(void *arg)
{
	liteio_loop_quit(loop, 5);
}

static void post_more(void *arg)
{
	liteio_loop_post(loop, note, "c");
	liteio_loop_post(loop, quit, NULL);
	liteio_buf_addstr(&seen, "b");
}

START_TEST(test_post)
{
	setup();
	liteio_loop_post(loop, note, "a");
	liteio_loop_post(loop, post_more, NULL);
	ck_assert_int_eq(liteio_loop_run(loop), 5);
	ck_assert_str_eq(seen.data, "abc");
	/* never dispatched: freed with the loop */
	liteio_loop_post(loop, note, "x");
	teardown();
}
END_TEST

static unsigned int counted;

static void count(void *arg)
{
	if (++counted == 4 * 10000)
		liteio_loop_quit(loop, 0);
}

static void *post_many(void *arg)
{
	for (int i = 0; i < 10000; i++)
		liteio_loop_post(loop, count, NULL);
	return NULL;
}

START_TEST(test_post_threads)
{
	pthread_t t[4];

	setup();
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, post_many, NULL), 0);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(counted, 4 * 10000);
	teardown();
}
END_TEST

static struct liteio_timer *late, *early, *never;

static void on_late(void *arg)
{
	liteio_buf_addstr(&seen, "late");
	/* safe from inside its own callback */
	liteio_timer_free(late);
	liteio_loop_quit(loop, 0);
}

static void on_early(void *arg)
{
	liteio_buf_addstr(&seen, "early,");
	liteio_timer_disarm(never);
}

START_TEST(test_timers)
{
	uint64_t begin = liteio_now_ms();

	setup();
	ck_assert_int_eq(liteio_timer_new(loop, on_late, NULL, &late, NULL), 0);
	ck_assert_int_eq(liteio_timer_new(loop, on_early, NULL, &early, NULL), 0);
	ck_assert_int_eq(liteio_timer_new(loop, note, "never,", &never, NULL), 0);
	liteio_timer_arm(late, 60, 0);
	liteio_timer_arm(never, 40, 0);
	/* an earlier arming is replaced */
	liteio_timer_arm(early, 10000, 0);
	liteio_timer_arm(early, 10, 0);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_str_eq(seen.data, "early,late");
	ck_assert_uint_ge(liteio_now_ms() - begin, 60);
	/* the others are released with the loop */
	teardown();
}
END_TEST

static struct liteio_timer *first, *put_off, *pulled_in;

/* all have been told to the kernel by now */
static void on_first(void *arg)
{
	liteio_buf_addstr(&seen, "first,");
	liteio_timer_arm(put_off, 120, 0);
	liteio_timer_arm(pulled_in, 20, 0);
}

static void on_put_off(void *arg)
{
	liteio_buf_addstr(&seen, "put off");
	liteio_loop_quit(loop, 0);
}

/* the kernel wakes it for nothing then: it fires when it was armed for last, and once */
START_TEST(test_timers_changed)
{
	struct liteio_timer *between;

	setup();
	ck_assert_int_eq(liteio_timer_new(loop, on_first, NULL, &first, NULL), 0);
	ck_assert_int_eq(liteio_timer_new(loop, on_put_off, NULL, &put_off, NULL), 0);
	ck_assert_int_eq(liteio_timer_new(loop, note, "pulled in,", &pulled_in, NULL), 0);
	ck_assert_int_eq(liteio_timer_new(loop, note, "between,", &between, NULL), 0);
	liteio_timer_arm(first, 1, 0);
	liteio_timer_arm(put_off, 10, 0);
	liteio_timer_arm(pulled_in, 10000, 0);
	liteio_timer_arm(between, 80, 0);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_str_eq(seen.data, "first,pulled in,between,put off");
	teardown();
}
END_TEST

static struct liteio_io *io;

static void on_readable(void *arg, int fd, unsigned int events)
{
	char c;

	if (events & LITEIO_IO_READ && read(fd, &c, 1) == 1) {
		liteio_buf_addf(&seen, "r%c", c);
		return;
	}
	liteio_buf_addstr(&seen, events & LITEIO_IO_HUP ? ",hup" : ",?");
	liteio_io_free(io);
	liteio_loop_quit(loop, 0);
}

START_TEST(test_io)
{
	int fds[2];

	setup();
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(liteio_io_new(loop, fds[0], LITEIO_IO_READ, on_readable, NULL, &io, NULL),
			 0);
	/* level-triggered: called again while there is something */
	ck_assert_int_eq(write(fds[1], "ab", 2), 2);
	close(fds[1]);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_str_eq(seen.data, "rarb,hup");
	close(fds[0]);
	teardown();
}
END_TEST

static void on_sig(void *arg, int signo)
{
	liteio_loop_quit(loop, signo);
}

START_TEST(test_signal)
{
	setup();
	ck_assert_int_eq(liteio_loop_on_signal(loop, SIGTERM, on_sig, NULL, NULL), 0);
	kill(getpid(), SIGTERM);
	ck_assert_int_eq(liteio_loop_run(loop), SIGTERM);
	teardown();
}
END_TEST

/* play systemd: what is said to it is read from here */
static int notify_socket(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	/* an abstract name, so that there is nothing to clean up */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(sa.sun_path + 1, sizeof(sa.sun_path) - 1, "liteio-test-%d", getpid());
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa,
			      (socklen_t)(sizeof(sa.sun_family) + 1 + strlen(sa.sun_path + 1))),
			 0);
	sa.sun_path[0] = '@';
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	return fd;
}

/* the next thing that was said begins like this */
static void check_told(int fd, const char *wanted)
{
	char msg[256];
	ssize_t n = recv(fd, msg, sizeof(msg) - 1, MSG_DONTWAIT);

	ck_assert_msg(n > 0, "nothing was said, not even %s", wanted);
	msg[n] = '\0';
	ck_assert_msg(!strncmp(msg, wanted, strlen(wanted)), "\"%s\" for %s", msg, wanted);
}

START_TEST(test_notify)
{
	int fd = notify_socket();

	setup();
	liteio_loop_post(loop, quit, NULL);
	ck_assert_int_eq(liteio_loop_run(loop), 5);
	/* that it runs is not that others may rely on it */
	check_told(fd, "STOPPING=1");
	liteio_loop_ready();
	check_told(fd, "READY=1");
	close(fd);
	teardown();
}
END_TEST

START_TEST(test_reload)
{
	int fd = notify_socket();

	setup();
	liteio_loop_reload(true);
	liteio_loop_reload(false);
	check_told(fd, "RELOADING=1\nMONOTONIC_USEC=");
	check_told(fd, "READY=1");
	close(fd);
	teardown();
}
END_TEST

/* a second of watchdog: the loop speaks before it is over, and goes on speaking */
START_TEST(test_watchdog)
{
	struct liteio_timer *timer;
	int fd = notify_socket();

	setenv("WATCHDOG_USEC", "1000000", 1);
	setup();
	ck_assert_int_eq(liteio_timer_new(loop, quit, NULL, &timer, NULL), 0);
	liteio_timer_arm(timer, 2000, 1);
	ck_assert_int_eq(liteio_loop_run(loop), 5);
	/* told once when the loop begins */
	check_told(fd, "WATCHDOG=1");
	check_told(fd, "WATCHDOG=1");
	check_told(fd, "WATCHDOG=1");
	close(fd);
	teardown();
}
END_TEST

static pthread_mutex_t wait_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wait_cond = PTHREAD_COND_INITIALIZER;
static bool has_come;

static void *come(void *arg)
{
	pthread_mutex_lock(&wait_lock);
	has_come = true;
	pthread_cond_signal(&wait_cond);
	pthread_mutex_unlock(&wait_lock);
	return NULL;
}

START_TEST(test_wait_until)
{
	uint64_t end_ms = liteio_now_ms() + 1500;
	pthread_t t;

	pthread_mutex_lock(&wait_lock);
	/* what is over is not waited for, and what is not, is */
	ck_assert(!liteio_wait_until(&wait_cond, &wait_lock, 0));
	while (liteio_wait_until(&wait_cond, &wait_lock, end_ms))
		;
	ck_assert_uint_ge(liteio_now_ms(), end_ms);
	ck_assert_int_eq(pthread_create(&t, NULL, come, NULL), 0);
	while (!has_come)
		ck_assert(liteio_wait_until(&wait_cond, &wait_lock, end_ms + 3600000));
	pthread_mutex_unlock(&wait_lock);
	pthread_join(t, NULL);
}
END_TEST

UNIT_MAIN("loop", test_post, test_post_threads, test_timers, test_timers_changed,
	  test_io, test_signal, test_notify,
	  test_reload, test_watchdog, test_wait_until)
