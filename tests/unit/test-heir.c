// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks of a process that was killed while one of its threads hangs: they are passed over where
 * that thread says that it works on another pool, and by one only. The thread hangs in the exit
 * that its debugger, this test, is told of: killed, with all that was open.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"
#include "pool/heir.h"
#include "unit.h"

/* made in one moment: they begin with the same */
static const struct liteio_uuid ours = { .b = { 1, 2, 3, [15] = 1 } };
static const struct liteio_uuid other = { .b = { 1, 2, 3, [15] = 2 } };

static char path[] = "/tmp/test-heir.XXXXXX";

static void make_file(void)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

/* -EBUSY, or the descriptor that has the lock */
static int try(const struct liteio_uuid *pool)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int fd = open(path, O_RDWR | O_CLOEXEC), r = liteio_heir_lock(fd, path, pool, &err);

	if (!r)
		return fd;
	close(fd);
	if (r == -EBUSY)
		ck_assert_ptr_nonnull(strstr(err.msg, "another process has the pool on /tmp/test"));
	return r;
}

/* ---- a process that has the lock, and a thread that does something ---- */

static void works_on_ours(void)
{
	liteio_heir_begin(&ours);
}

static void works_on_other(void)
{
	liteio_heir_begin(&other);
	/* and comes back to it */
	liteio_heir_begin(&other);
	liteio_heir_end();
}

static void works_on_both(void)
{
	liteio_heir_begin(&other);
	liteio_heir_begin(&ours);
	liteio_heir_end();
}

static void has_worked(void)
{
	liteio_heir_begin(&other);
	liteio_heir_end();
}

static void (*thread_does)(void);
static int said[2];

static void *thread(void *arg)
{
	int tid = (int)syscall(SYS_gettid);

	thread_does();
	if (write(said[1], &tid, sizeof(tid)) != sizeof(tid))
		_exit(1);
	for (;;)
		pause();
}

struct holder {
	pid_t pid, tid;
};

static struct holder start(void (*does)(void))
{
	struct holder h;

	thread_does = does;
	ck_assert_int_eq(pipe(said), 0);
	h.pid = fork();
	if (h.pid == 0) {
		pthread_t t;

		if (try(&ours) < 0 || pthread_create(&t, NULL, thread, NULL))
			_exit(1);
		for (;;)
			pause();
	}
	close(said[1]);
	ck_assert_msg(read(said[0], &h.tid, sizeof(h.tid)) == sizeof(h.tid), "it has no lock");
	close(said[0]);
	return h;
}

static void wait_until_over(pid_t pid)
{
	struct liteio_process p = { 0 };

	while (!p.is_over) {
		ck_assert_int_eq(liteio_process_look(pid, &p), 0);
		sched_yield();
	}
}

/* killed, and the thread hangs */
static void kill_hard(struct holder h)
{
	int status;

	ck_assert_int_eq(ptrace(PTRACE_SEIZE, h.tid, 0, PTRACE_O_TRACEEXIT), 0);
	kill(h.pid, SIGKILL);
	ck_assert_int_eq(waitpid(h.tid, &status, __WALL), h.tid);
	ck_assert_int_eq(status >> 8, SIGTRAP | PTRACE_EVENT_EXIT << 8);
	wait_until_over(h.pid);
}

/* what it hung in has returned */
static void end(struct holder h)
{
	ptrace(PTRACE_DETACH, h.tid, 0, 0);
	while (waitpid(h.pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

static const struct {
	void (*does)(void);
	bool is_passed_on;
} rows[] = {
	{ works_on_other, true },
	{ liteio_heir_reads, true },
	{ works_on_ours, false },
	{ works_on_both, false },
	{ has_worked, false },
};

START_TEST(who_is_left_decides)
{
	struct holder h;
	int fd;

	make_file();
	h = start(rows[_i].does);
	/* it lives */
	ck_assert_int_eq(try(&ours), -EBUSY);
	kill_hard(h);
	/* who does not know whose pool it is passes over nothing */
	ck_assert_int_eq(try(NULL), -EBUSY);
	fd = try(&ours);
	ck_assert_msg(rows[_i].is_passed_on ? fd >= 0 : fd == -EBUSY, "row %d: %d", _i, fd);
	end(h);
	if (fd >= 0)
		close(fd);
	fd = try(&ours);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(path);
}
END_TEST

/* of another process */
static bool is_refused_elsewhere(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try(&ours) == -EBUSY ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

START_TEST(there_is_one_heir)
{
	struct holder first, second;
	int fd;

	make_file();
	first = start(works_on_other);
	kill_hard(first);
	/* the heir hangs, too, and is killed */
	second = start(liteio_heir_reads);
	ck_assert(is_refused_elsewhere());
	kill_hard(second);
	fd = try(&ours);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(try(&ours), -EBUSY);
	ck_assert(is_refused_elsewhere());
	/* their bytes are free now, and stay so */
	end(first);
	ck_assert_int_eq(try(&ours), -EBUSY);
	end(second);
	ck_assert_int_eq(try(&ours), -EBUSY);
	ck_assert(is_refused_elsewhere());
	close(fd);
	fd = try(&ours);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(path);
}
END_TEST

static void *end_the_first(void *arg)
{
	pause();
	return NULL;
}

/* its first thread has ended, and nobody has killed it: the other one goes on */
START_TEST(who_was_not_killed_lives)
{
	pid_t pid;
	char byte;
	int fd;

	make_file();
	ck_assert_int_eq(pipe(said), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t t;

		liteio_heir_reads();
		if (try(&ours) < 0 || pthread_create(&t, NULL, end_the_first, NULL) ||
		    write(said[1], "", 1) != 1)
			_exit(1);
		pthread_exit(NULL);
	}
	ck_assert_int_eq(read(said[0], &byte, 1), 1);
	wait_until_over(pid);
	ck_assert_int_eq(try(&ours), -EBUSY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fd = try(&ours);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(path);
}
END_TEST

/* several at the same time: never two of them */
#define TRIERS 8
#define ROUNDS 300

static int inside, n_taken;

static void *try_often(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int fd = try(&ours);

		if (fd < 0)
			continue;
		ck_assert_int_eq(__atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST), 0);
		__atomic_fetch_add(&n_taken, 1, __ATOMIC_SEQ_CST);
		sched_yield();
		__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
		close(fd);
	}
	return NULL;
}

START_TEST(never_two)
{
	pthread_t threads[TRIERS];

	make_file();
	for (int i = 0; i < TRIERS; i++)
		pthread_create(&threads[i], NULL, try_often, NULL);
	for (int i = 0; i < TRIERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_gt(n_taken, 0);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heir");
	TCase *tcase = unit_case(suite, "heir");

	tcase_add_loop_test(tcase, who_is_left_decides, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, there_is_one_heir);
	tcase_add_test(tcase, who_was_not_killed_lives);
	tcase_add_test(tcase, never_two);
	return unit_run(suite);
}
