// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A socket file and who listens on it: one that is alive keeps it, one that was killed and can not
 * end does not.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/listen.h"
#include "base/process.h"
#include "base/str.h"
#include "unit.h"

static char dir[] = "/tmp/test-listen.XXXXXX";

static int listen_on(struct liteio_listener *ret, struct liteio_error *err)
{
	char *address = liteio_strf("unix://%s/sock", dir);
	int r = liteio_listen(address, 0600, (gid_t)-1, ret, err);

	free(address);
	return r;
}

static void *sleep_on(void *arg)
{
	pause();
	return NULL;
}

/* a child that listens; its first thread ends, or not */
static pid_t listener(bool ends)
{
	struct liteio_listener l;
	char byte = 0;
	int said[2];
	pthread_t t;
	pid_t pid;

	ck_assert_int_eq(pipe(said), 0);
	pid = fork();
	if (pid == 0) {
		if (listen_on(&l, NULL) || pthread_create(&t, NULL, sleep_on, NULL) ||
		    write(said[1], &byte, 1) != 1)
			_exit(1);
		if (ends)
			pthread_exit(NULL);
		pause();
	}
	ck_assert_int_eq(read(said[0], &byte, 1), 1);
	close(said[0]);
	close(said[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(a_socket_has_one_listener)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_process p = { 0 };
	struct liteio_listener l;
	pid_t pid;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	pid = listener(false);
	ck_assert_int_eq(listen_on(&l, &err), -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(err.msg, "another process listens"));
	end(pid);
	pid = listener(true);
	while (!p.is_over) {
		ck_assert_int_eq(liteio_process_look(pid, &p), 0);
		sched_yield();
	}
	ck_assert_int_eq(listen_on(&l, NULL), 0);
	end(pid);
	liteio_listener_fini(&l);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(a_process_is_known_by_its_number)
{
	struct liteio_process me = { 0 }, again = { 0 };

	ck_assert_int_eq(liteio_process_look(getpid(), &me), 0);
	ck_assert(!me.is_over);
	ck_assert(me.start > 0);
	ck_assert_int_eq(liteio_process_look(getpid(), &again), 0);
	ck_assert(me.start == again.start);
	ck_assert_int_eq(liteio_process_look(0x7fffffff, &me), -ENOENT);
}
END_TEST

UNIT_MAIN("listen", a_socket_has_one_listener, a_process_is_known_by_its_number)
