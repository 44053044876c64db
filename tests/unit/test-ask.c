// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A question to several disks: who answers is heard, who hangs is waited for once and then no
 * more, who has come to is asked again. A machine that stands still takes no disk for silent.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/ask.h"
#include "unit.h"

#define BOUND_MS 300
#define FOR_EVER_MS 3600000

static struct liteio_block_info disks[4];
/* lets go what hangs; says that somebody is asked */
static sem_t gate, began;
static atomic_uint n_asked;

/* "hangs" does, until it is let go; "gone" is; all others answer with what they were asked */
static int answer(const char *device, const void *arg, size_t arg_len, void *ret)
{
	int number = 7;

	n_asked++;
	sem_post(&began);
	if (!strcmp(device, "hangs"))
		sem_wait(&gate);
	if (!strcmp(device, "gone"))
		return -ENXIO;
	if (arg_len)
		memcpy(&number, arg, sizeof(number));
	memcpy(ret, &number, sizeof(number));
	return 0;
}

static void setup(void)
{
	static const char *const names[] = { "a", "hangs", "gone", "b" };

	for (unsigned int i = 0; i < LITEIO_ARRAY_SIZE(disks); i++) {
		strcpy(disks[i].path, names[i]);
		disks[i].dev = makedev(8, i);
	}
	sem_init(&gate, 0, 0);
	sem_init(&began, 0, 0);
}

static void ask_with(const void *arg, size_t arg_len, uint64_t ms, int *answers, int *codes)
{
	const struct liteio_ask ask = { answer, arg, arg_len, sizeof(int), ms };

	liteio_ask_all(&ask, disks, LITEIO_ARRAY_SIZE(disks), answers, codes);
}

static int ask_one(uint64_t ms)
{
	const struct liteio_ask ask = { .fn = answer, .answer_len = sizeof(int),
					.within_ms = ms };
	int number, code;

	liteio_ask_all(&ask, &disks[1], 1, &number, &code);
	return code;
}

static void wait_until_none_is_silent(void)
{
	while (liteio_ask_any_silent())
		sched_yield();
}

START_TEST(who_hangs_holds_up_nobody)
{
	int answers[4] = { 0 }, codes[4], number = 42;

	setup();
	ask_with(&number, sizeof(number), BOUND_MS, answers, codes);
	ck_assert_int_eq(codes[0], 0);
	ck_assert_int_eq(answers[0], 42);
	ck_assert_int_eq(codes[1], -ETIMEDOUT);
	ck_assert_int_eq(codes[2], -ENXIO);
	ck_assert_int_eq(codes[3], 0);
	ck_assert_int_eq(answers[3], 42);
	ck_assert_uint_eq(n_asked, 4);
	ck_assert(liteio_ask_any_silent());
	/* whatever is asked now is not asked of it, and waits for nothing */
	ask_with(NULL, 0, FOR_EVER_MS, answers, codes);
	ck_assert_int_eq(codes[1], -ETIMEDOUT);
	ck_assert_int_eq(codes[3], 0);
	ck_assert_int_eq(answers[3], 7);
	ck_assert_uint_eq(n_asked, 7);
	/* it has come to */
	sem_post(&gate);
	wait_until_none_is_silent();
	sem_post(&gate);
	ask_with(NULL, 0, FOR_EVER_MS, answers, codes);
	ck_assert_int_eq(codes[1], 0);
	ck_assert_int_eq(answers[1], 7);
}
END_TEST

static atomic_bool is_woken;

/* again and again: who waits may not have begun to when the first answer is there */
static void *answer_again(void *arg)
{
	const struct liteio_ask ask = { answer, NULL, 0, sizeof(int), FOR_EVER_MS };
	int number, code;

	while (!is_woken)
		liteio_ask_all(&ask, &disks[0], 1, &number, &code);
	return NULL;
}

START_TEST(an_answer_wakes_who_waits_for_one)
{
	pthread_t other;

	setup();
	liteio_ask_wait(liteio_now_ms());
	pthread_create(&other, NULL, answer_again, NULL);
	liteio_ask_wait(liteio_now_ms() + FOR_EVER_MS);
	is_woken = true;
	pthread_join(other, NULL);
}
END_TEST

static void *ask_first(void *arg)
{
	*(int *)arg = ask_one(FOR_EVER_MS);
	return NULL;
}

/* two that look for pools at the same time: neither takes the disk for silent, or asks it twice */
START_TEST(who_asks_the_same_waits_for_the_same)
{
	pthread_t first;
	int code = 1;

	setup();
	pthread_create(&first, NULL, ask_first, &code);
	sem_wait(&began);
	ck_assert_int_eq(ask_one(BOUND_MS), -ETIMEDOUT);
	ck_assert_uint_eq(n_asked, 1);
	ck_assert(!liteio_ask_any_silent());
	sem_post(&gate);
	pthread_join(first, NULL);
	ck_assert_int_eq(code, 0);
}
END_TEST

/* no thread of this process runs for longer than there is time for an answer, which comes then */
static pid_t stand_still(void)
{
	const struct timespec longer = { .tv_nsec = 2 * BOUND_MS * 1000000 };
	pid_t parent = getpid(), pid = fork();

	if (!pid) {
		kill(parent, SIGSTOP);
		nanosleep(&longer, NULL);
		kill(parent, SIGCONT);
		_exit(0);
	}
	return pid;
}

static void *let_go_after_standstill(void *arg)
{
	sem_wait(&began);
	waitpid(stand_still(), NULL, 0);
	sem_post(&gate);
	return NULL;
}

START_TEST(who_was_not_served_has_not_waited)
{
	pthread_t other;

	setup();
	pthread_create(&other, NULL, let_go_after_standstill, NULL);
	ck_assert_int_eq(ask_one(BOUND_MS), 0);
	ck_assert(!liteio_ask_any_silent());
	pthread_join(other, NULL);
}
END_TEST

UNIT_MAIN("ask", who_hangs_holds_up_nobody, an_answer_wakes_who_waits_for_one,
	  who_asks_the_same_waits_for_the_same,
	  who_was_not_served_has_not_waited)
