// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lock of the node: held by who lives, waited for while its holder ends, and taken from one
 * that is dead and keeps it all the same, by one and not by two.
 *
 * unit-src: daemon/agent/node_lock.c daemon/pool/step.c
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/node_lock.h"
#include "base/cleanup.h"
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
	ck_assert_msg(rmdir(dir) == 0, "something else than the lock is left");
	free(path);
}

static char *read_lock(void)
{
	char *path = liteio_strf("%s/agent.lock", dir), *text;

	ck_assert_int_eq(liteio_fs_read(path, 4096, &text, NULL, NULL), 0);
	free(path);
	return text;
}

static int lines_of_lock(void)
{
	char *text = read_lock();
	int n = 0;

	for (const char *s = text; (s = strchr(s, '\n')); s++)
		n++;
	free(text);
	return n;
}

/* in the file as it is, whoever has it locked */
static void write_lock(const char *text)
{
	char *path = liteio_strf("%s/agent.lock", dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
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

/* one more that takes it from a dead one is killed where it hurts: he that hangs stays known */
START_TEST(killed_at_each_step)
{
	static const char *const steps[] = { "agent-lock:made", "agent-lock:written",
					     "agent-lock:there" };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(steps); i++) {
		int fd, status;
		pid_t a, b;

		make_dir();
		a = holder(leave_a_thread);
		wait_for_zombie(a);
		b = fork();
		if (b == 0) {
			setenv("LITEIO_STEP_KILL", steps[i], 1);
			_exit(lock(&fd) ? 1 : 0);
		}
		ck_assert_int_eq(waitpid(b, &status, 0), b);
		ck_assert_msg(WIFSIGNALED(status), "%s: there is no such step", steps[i]);
		/* in a process that has not asked yet whether it is to be killed */
		b = holder(leave);
		ck_assert_int_eq(waitpid(b, &status, 0), b);
		ck_assert_int_eq(lines_of_lock(), 2);
		end(a);
		remove_dir();
	}
}
END_TEST

/* written by an agent that was killed while it did so: nobody has it, and nobody is in it */
START_TEST(what_is_not_whole_is_nobody)
{
	static const char *const texts[] = { "", "12", "12 34 pid:[1", "\n", "12 34" };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(texts); i++) {
		int fd;

		make_dir();
		write_lock(texts[i]);
		ck_assert_int_eq(lock(&fd), 0);
		ck_assert_uint_eq(dead.n, 0);
		ck_assert_int_eq(lines_of_lock(), 1);
		close(fd);
		remove_dir();
	}
}
END_TEST

/* as somebody who is dead, if it was there to the end */
START_TEST(who_is_cut_off_lives)
{
	char ns[64] = "", *line;
	pid_t pid;
	int fd;

	make_dir();
	ck_assert_int_gt(readlink("/proc/self/ns/pid", ns, sizeof(ns) - 1), 0);
	line = liteio_strf("999999999 1 %s", ns);
	pid = holder(live);
	for (size_t i = strlen(line); i-- > 0;) {
		line[i] = '\0';
		write_lock(line);
		ck_assert_msg(lock(&fd) == -EBUSY, "\"%s\" is taken for dead", line);
	}
	end(pid);
	free(line);
	remove_dir();
}
END_TEST

/* there is no room for a new file: it is had all the same, and by nobody else */
START_TEST(without_room_it_says_nothing)
{
	char *new = NULL;
	pid_t pid;
	int fd, second, status;

	make_dir();
	pid = holder(leave);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	new = liteio_strf("%s/agent.lock.new", dir);
	ck_assert_int_eq(mkdir(new, 0700), 0);
	ck_assert_int_eq(lock(&fd), 0);
	ck_assert_int_eq(lines_of_lock(), 0);
	ck_assert_int_eq(rmdir(new), 0);
	ck_assert_msg(lock(&second) == -EBUSY, "it tells of one that is gone, and is taken over");
	close(fd);
	free(new);
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
	pid_t pid;
	int fd;

	make_dir();
	pid = holder(live);
	write_lock("999999999 1 pid:[1]\n");
	ck_assert_int_eq(lock(&fd), -EBUSY);
	end(pid);
	remove_dir();
}
END_TEST

UNIT_MAIN("agent-node-lock", who_lives_keeps_it, it_is_taken_from_the_dead, all_that_hang_are_known,
	  killed_at_each_step, what_is_not_whole_is_nobody, who_is_cut_off_lives,
	  without_room_it_says_nothing, what_it_left_behind_does_not_keep_it,
	  who_is_not_known_lives, who_is_elsewhere_lives)
