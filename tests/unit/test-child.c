// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Child processes: what they say, what they leave open, and that a stuck one does not stop us.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/heap.h"
#include "base/loop.h"
#include "base/str.h"
#include "unit.h"

static char dir[] = "/tmp/liteio-child-XXXXXX";

/* as with vm.overcommit_memory=2: there is no room for a copy of this process */
static bool has_no_room;

pid_t _Fork(void)
{
	pid_t (*real)(void);

	if (has_no_room) {
		errno = ENOMEM;
		return -1;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "_Fork");
	return real();
}

static char *in_dir(const char *name)
{
	return liteio_strf("%s/%s", dir, name);
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	const char *const argv[] = { "rm", "-rf", dir, NULL };
	struct liteio_child_result res;

	ck_assert_int_eq(liteio_child_run(argv, 10000, &res, NULL), 0);
	free(res.output);
}

static int sh(const char *script, uint64_t timeout_ms, struct liteio_child_result *res,
	      struct liteio_error *err)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return liteio_child_run(argv, timeout_ms, res, err);
}

START_TEST(test_run)
{
	struct liteio_child_result res;

	ck_assert_int_eq(sh("echo out; echo err >&2; exit 3", 10000, &res, NULL), 0);
	ck_assert_int_eq(res.status, 3);
	ck_assert_int_eq(res.signal, 0);
	ck_assert_str_eq(res.output, "out\nerr\n");
	free(res.output);
	ck_assert_int_eq(sh("kill -9 $$", 10000, &res, NULL), 0);
	ck_assert_int_eq(res.status, 128 + SIGKILL);
	ck_assert_int_eq(res.signal, SIGKILL);
	free(res.output);
	/* standard input is empty, and nobody waits for it */
	ck_assert_int_eq(sh("cat; echo end", 10000, &res, NULL), 0);
	ck_assert_str_eq(res.output, "end\n");
	free(res.output);
}
END_TEST

/* a number that looks like a signal is the program's own, unless one has ended it */
START_TEST(test_check_signal)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_child_result res;

	ck_assert_int_eq(sh("exit 137", 10000, &res, NULL), 0);
	ck_assert_int_eq(res.status, 137);
	ck_assert_int_eq(liteio_child_check_signal("sh", &res, &err), 0);
	free(res.output);
	ck_assert_int_eq(sh("kill -KILL $$", 10000, &res, NULL), 0);
	ck_assert_int_eq(liteio_child_check_signal("sh", &res, &err), -EINTR);
	ck_assert_str_eq(err.msg, "sh was ended by SIGKILL (Killed)");
	free(res.output);
	ck_assert_int_eq(sh("kill -SEGV $$", 10000, &res, NULL), 0);
	ck_assert_int_eq(liteio_child_check_signal("sh", &res, &err), -EFAULT);
	ck_assert_str_eq(err.msg, "sh has crashed: SIGSEGV (Segmentation fault)");
	free(res.output);
}
END_TEST

/* who is bound is killed with us, also where there is no room for a copy; nobody else is */
START_TEST(test_run_bound)
{
	const char *const argv[] = { "setpriv", "--dump", NULL };
	const char *const missing[] = { "liteio-no-such-program", NULL };
	struct liteio_child_result res;

	ck_assert_int_eq(liteio_child_run(argv, 10000, &res, NULL), 0);
	ck_assert_msg(!strstr(res.output, "death signal: KILL"), "%s", res.output);
	free(res.output);
	for (int i = 0; i < 2; i++) {
		has_no_room = i;
		ck_assert_int_eq(liteio_child_run_bound(argv, 10000, &res, NULL), 0);
		has_no_room = false;
		ck_assert_msg(!!strstr(res.output, "death signal: KILL"), "%s", res.output);
		free(res.output);
	}
	ck_assert_int_eq(liteio_child_run_bound(missing, 10000, &res, NULL), -ENOENT);
	has_no_room = true;
	ck_assert_int_eq(liteio_child_run_bound(missing, 10000, &res, NULL), 0);
	has_no_room = false;
	ck_assert_int_eq(res.status, 127);
	free(res.output);
}
END_TEST

START_TEST(test_run_missing)
{
	const char *const argv[] = { "liteio-no-such-program", NULL };
	struct liteio_child_result res = { .status = 77 };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_child_run(argv, 10000, &res, &err), -ENOENT);
	ck_assert_int_eq(res.status, 77);
	ck_assert_str_eq(err.msg, "cannot run liteio-no-such-program: No such file or directory");
}
END_TEST

START_TEST(test_run_output_cut)
{
	struct liteio_child_result res;

	/* far more than is kept, and than a pipe holds: the program must still come to its end */
	ck_assert_int_eq(sh("head -c 1000000 /dev/zero | tr '\\0' x; echo done >&2", 20000, &res,
			    NULL), 0);
	ck_assert_int_eq(res.status, 0);
	ck_assert_uint_eq(strlen(res.output), 64 * 1024);
	free(res.output);
}
END_TEST

START_TEST(test_run_timeout)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_child_result res;
	uint64_t begin = liteio_now_ms();
	struct pollfd fifo = { 0 };
	char *mark, *script;

	setup();
	mark = in_dir("mark");
	/* what the program has started is killed with it */
	script = liteio_strf("mkfifo %s.f; (cat %s.f; touch %s) & wait", mark, mark, mark);
	ck_assert_int_eq(sh(script, 200, &res, &err), -ETIMEDOUT);
	ck_assert_str_eq(err.msg, "sh did not end within 200 ms");
	ck_assert_uint_lt(liteio_now_ms() - begin, 10000);
	free(script);
	/* nobody has the fifo open any more, as soon as all have died of it: it has no reader */
	script = liteio_strf("%s.f", mark);
	fifo.fd = open(script, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fifo.fd < 0) {
		ck_assert_int_eq(errno, ENXIO);
	} else {
		ck_assert_int_eq(poll(&fifo, 1, 10000), 1);
		ck_assert_int_eq(fifo.revents, POLLERR);
		close(fifo.fd);
	}
	ck_assert(!liteio_fs_exists(mark));
	free(script);
	free(mark);
	teardown();
}
END_TEST

START_TEST(test_run_background)
{
	struct liteio_child_result res;
	uint64_t begin = liteio_now_ms();

	/* a daemon that keeps our pipe open does not keep us */
	ck_assert_int_eq(sh("sleep 30 & echo $!", 20000, &res, NULL), 0);
	ck_assert_uint_lt(liteio_now_ms() - begin, 15000);
	kill(atoi(res.output), SIGKILL);
	free(res.output);
}
END_TEST

START_TEST(test_run_signals)
{
	struct liteio_child_result res;
	sigset_t all;

	/* a worker thread blocks everything; its children do not */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	ck_assert_int_eq(sh("kill -TERM $$; echo survived", 10000, &res, NULL), 0);
	ck_assert_int_eq(res.status, 128 + SIGTERM);
	free(res.output);
}
END_TEST

/* what is right for a process that is to be small is not for what it runs; and stays so for it */
START_TEST(test_run_large_pages)
{
	struct liteio_child_result res;

	liteio_heap_init();
	ck_assert_int_eq(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	ck_assert_int_eq(sh("cat /proc/self/status", 10000, &res, NULL), 0);
	/* 1: it may have them */
	ck_assert_ptr_nonnull(strstr(res.output, "THP_enabled:\t1"));
	free(res.output);
	ck_assert_int_eq(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
}
END_TEST

/* a program has what it is given, and nothing else of ours */
static void keeps_nothing(void)
{
	struct liteio_child_result res;
	int fds[2];

	/* not close-on-exec on purpose */
	ck_assert_int_eq(pipe(fds), 0);
	/* by what opens nothing itself */
	ck_assert_int_eq(sh("n=0; while [ $n -lt 100 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n + 1)); done",
			    10000, &res, NULL),
			 0);
	ck_assert_str_eq(res.output, "0\n1\n2\n");
	free(res.output);
	close(fds[0]);
	close(fds[1]);
}

START_TEST(test_run_keeps_nothing)
{
	keeps_nothing();
}
END_TEST

/* all that the others have, but for large pages */
START_TEST(test_run_without_a_copy)
{
	const char *const missing[] = { "liteio-no-such-program", NULL };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_child_result res;
	sigset_t all;

	liteio_heap_init();
	has_no_room = true;
	ck_assert_int_eq(liteio_child_run(missing, 10000, &res, &err), -ENOENT);
	ck_assert_str_eq(err.msg, "cannot run liteio-no-such-program: No such file or directory");
	ck_assert_int_eq(sh("cat; echo out; echo err >&2; exit 3", 10000, &res, NULL), 0);
	ck_assert_int_eq(res.status, 3);
	ck_assert_str_eq(res.output, "out\nerr\n");
	free(res.output);
	keeps_nothing();
	/* what it starts is killed with it: they are a group */
	ck_assert_int_eq(sh("read _ _ _ _ group _ </proc/$$/stat; [ $group = $$ ]", 10000, &res,
			    NULL), 0);
	ck_assert_int_eq(res.status, 0);
	free(res.output);
	ck_assert_int_eq(sh("cat /dev/zero", 100, &res, NULL), -ETIMEDOUT);
	ck_assert_int_eq(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	signal(SIGTERM, SIG_IGN);
	ck_assert_int_eq(sh("kill -TERM $$; echo survived", 10000, &res, NULL), 0);
	ck_assert_int_eq(res.status, 128 + SIGTERM);
	free(res.output);
}
END_TEST

START_TEST(test_write)
{
	char *path, *text;

	setup();
	path = in_dir("attr");
	ck_assert_int_eq(liteio_fs_write_atomic(path, "", 0, 0600, NULL), 0);
	ck_assert_int_eq(liteio_child_write(path, "value", 5, NULL, 0, 10000, NULL), 0);
	ck_assert_int_eq(liteio_fs_read(path, 100, &text, NULL, NULL), 0);
	ck_assert_str_eq(text, "value");
	free(text);
	free(path);
	teardown();
}
END_TEST

START_TEST(test_write_reply)
{
	char reply[4] = "";

	/* reads back what a file that knows both does: an answer after the write */
	ck_assert_int_eq(liteio_child_write("/dev/zero", "x", 1, reply, sizeof(reply), 10000, NULL),
			 0);
	ck_assert_int_eq(reply[3], 0);
	ck_assert_int_eq(liteio_child_write("/dev/zero", "x", 1, reply, 0, 10000, NULL), -EINVAL);
}
END_TEST

START_TEST(test_write_errors)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_child_write("/no/such/file", "x", 1, NULL, 0, 10000, &err),
			 -ENOENT);
	ck_assert_str_eq(err.msg, "cannot open /no/such/file: No such file or directory");
	ck_assert_int_eq(liteio_child_write("/dev/full", "x", 1, NULL, 0, 10000, &err), -ENOSPC);
	ck_assert_str_eq(err.msg, "cannot write to /dev/full: No space left on device");
}
END_TEST

START_TEST(test_write_timeout)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	uint64_t begin = liteio_now_ms();
	char *path;

	setup();
	path = in_dir("fifo");
	/* opening a fifo to write blocks until somebody reads */
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(liteio_child_write(path, "x", 1, NULL, 0, 100, &err), -ETIMEDOUT);
	ck_assert_uint_ge(liteio_now_ms() - begin, 100);
	ck_assert_uint_lt(liteio_now_ms() - begin, 10000);
	free(path);
	teardown();
}
END_TEST

/* ---- what a child keeps ------------------------------------------------------------------- */

static char fifo[64];

static void *stuck_write(void *arg)
{
	return (void *)(intptr_t)liteio_child_write(fifo, "x", 1, NULL, 0, 60000, NULL);
}

START_TEST(test_write_keeps_nothing)
{
	int fds[2], reader, r = 0;
	pthread_t t;
	char c;

	setup();
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	/* not close-on-exec on purpose: a child that only writes never calls exec */
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(pthread_create(&t, NULL, stuck_write, NULL), 0);
	close(fds[1]);
	/* end of file comes although the child still hangs: it holds no copy of our end */
	ck_assert_int_eq(read(fds[0], &c, 1), 0);
	reader = open(fifo, O_RDONLY);
	ck_assert_int_eq(read(reader, &c, 1), 1);
	ck_assert_int_eq(c, 'x');
	pthread_join(t, (void **)&r);
	close(reader);
	close(fds[0]);
	teardown();
}
END_TEST

UNIT_MAIN("child", test_run, test_run_bound, test_check_signal, test_run_missing,
	  test_run_output_cut, test_run_timeout, test_run_background, test_run_signals,
	  test_run_large_pages, test_run_keeps_nothing, test_run_without_a_copy, test_write,
	  test_write_reply, test_write_errors, test_write_timeout, test_write_keeps_nothing)
