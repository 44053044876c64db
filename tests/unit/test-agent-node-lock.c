// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lock of the node: held by who lives, waited for while its holder ends, and taken from one
 * that is dead and keeps it all the same, by one and not by two.
 *
 * unit-src: daemon/agent/node_lock.c
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/node_lock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "unit.h"

static char dir[] = "/tmp/test-agent-node-lock.XXXXXX";

static void make_dir(void)
{
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void remove_dir(void)
{
	char *path = liteio_strf("%s/agent.lock", dir);

	unlink(path);
	rmdir(dir);
	free(path);
}

static struct liteio_dead dead;

static bool is_gone(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static int lock(int *ret_fd)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	return liteio_node_lock(dir, ret_fd, &dead, &err);
}

/* a child that takes the lock, says so, and does this */
static pid_t holder(void (*then)(void))
{
	char byte = 0;
	int fd, said[2];
	pid_t pid;

	ck_assert_int_eq(pipe(said), 0);
	pid = fork();
	if (pid == 0) {
		if (lock(&fd) || write(said[1], &byte, 1) != 1)
			_exit(1);
		close(said[0]);
		close(said[1]);
		then();
		_exit(0);
	}
	close(said[1]);
	ck_assert_msg(read(said[0], &byte, 1) == 1, "the holder has not got it");
	close(said[0]);
	return pid;
}

static void live(void)
{
	pause();
}

/* all that was open stays so in a child of its own */
static void leave_a_child(void)
{
	if (fork() == 0)
		pause();
}

static void *sleep_on(void *arg)
{
	pause();
	return NULL;
}

/* the leader ends, a thread does not: as one that hangs in the kernel */
static void leave_a_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, sleep_on, NULL) == 0)
		pthread_exit(NULL);
}

static void wait_for_zombie(pid_t pid)
{
	char *path = liteio_strf("/proc/%d/stat", pid), *text;
	bool is_one = false;

	while (!is_one) {
		ck_assert_int_eq(liteio_fs_read(path, 4096, &text, NULL, NULL), 0);
		is_one = strstr(text, ") Z ");
		free(text);
		sched_yield();
	}
	free(path);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(who_lives_keeps_it)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	pid_t pid;
	int fd;

	make_dir();
	pid = holder(live);
	ck_assert_int_eq(liteio_node_lock(dir, &fd, &dead, &err), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, "another agent is running"));
	end(pid);
	ck_assert_int_eq(lock(&fd), 0);
	close(fd);
	remove_dir();
}
END_TEST

START_TEST(it_is_taken_from_the_dead)
{
	pid_t pid;
	int fd, second, gone;

	make_dir();
	pid = holder(leave_a_thread);
	wait_for_zombie(pid);
	ck_assert_int_eq(lock(&fd), 0);
	/* the one that it was taken from is not gone before its last thread is */
	ck_assert_uint_eq(dead.n, 1);
	gone = dead.fds[0];
	ck_assert(!is_gone(gone, 0));
	ck_assert_msg(lock(&second) == -EBUSY, "a second one has it, too");
	ck_assert_uint_eq(dead.n, 0);
	kill(pid, SIGKILL);
	ck_assert(is_gone(gone, -1));
	end(pid);
	close(gone);
	close(fd);
	ck_assert_int_eq(lock(&fd), 0);
	ck_assert_uint_eq(dead.n, 0);
	close(fd);
	remove_dir();
}
END_TEST

static void leave(void)
{
}

/* "--thaw", when an agent has ended, takes it over, and is gone before there is a next one */
START_TEST(all_that_hang_are_known)
{
	int fd, first, second, status;
	pid_t a, b, thaw;

	make_dir();
	a = holder(leave_a_thread);
	wait_for_zombie(a);
	b = holder(leave_a_thread);
	wait_for_zombie(b);
	thaw = holder(leave);
	ck_assert_int_eq(waitpid(thaw, &status, 0), thaw);
	ck_assert_int_eq(lock(&fd), 0);
	ck_assert_uint_eq(dead.n, 2);
	second = dead.fds[0];
	first = dead.fds[1];
	close(fd);
	end(b);
	ck_assert(is_gone(second, 0));
	ck_assert(!is_gone(first, 0));
	ck_assert_int_eq(lock(&fd), 0);
	ck_assert_msg(dead.n == 1, "who is gone still hangs, or who hangs is gone");
	ck_assert(!is_gone(dead.fds[0], 0));
	end(a);
	ck_assert(is_gone(dead.fds[0], 0));
	remove_dir();
}
END_TEST

START_TEST(what_it_left_behind_does_not_keep_it)
{
	int fd, status;
	pid_t pid;

	make_dir();
	pid = holder(leave_a_child);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(lock(&fd), 0);
	close(fd);
	remove_dir();
}
END_TEST

/* a holder that is not written down, or in words of another time, is alive */
START_TEST(who_is_not_known_lives)
{
	char *path;
	pid_t pid;
	int fd;

	make_dir();
	path = liteio_strf("%s/agent.lock", dir);
	pid = holder(live);
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(lock(&fd), -EBUSY);
	end(pid);
	free(path);
	remove_dir();
}
END_TEST

/* its number is that of a process in another namespace: of nobody here */
START_TEST(who_is_elsewhere_lives)
{
	const char *text = "999999999 1 pid:[1]\n";
	char *path;
	pid_t pid;
	int fd, f;

	make_dir();
	path = liteio_strf("%s/agent.lock", dir);
	pid = holder(live);
	f = open(path, O_WRONLY | O_TRUNC);
	ck_assert_int_eq(write(f, text, strlen(text)), (ssize_t)strlen(text));
	close(f);
	ck_assert_int_eq(lock(&fd), -EBUSY);
	end(pid);
	free(path);
	remove_dir();
}
END_TEST

UNIT_MAIN("agent-node-lock", who_lives_keeps_it, it_is_taken_from_the_dead, all_that_hang_are_known,
	  what_it_left_behind_does_not_keep_it, who_is_not_known_lives, who_is_elsewhere_lives)
