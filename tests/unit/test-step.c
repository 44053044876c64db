// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Named steps: whatever can be run or killed at is in the list, once; the process ends right after
 * the step that was asked for, and not before; what fails ends the operation.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/step.h"
#include "unit.h"

static int count(void *arg, struct liteio_error *err)
{
	++*(int *)arg;
	return 0;
}

static int failing(void *arg, struct liteio_error *err)
{
	return liteio_error_set(err, -EIO, "as it should");
}

static const struct liteio_step good[] = {
	{ "good:one", count },
	{ "good:two", count },
	{ "good:three", count },
};
LITEIO_STEPS(good_steps, good);

static const struct liteio_step bad[] = {
	{ "bad:one", count },
	{ "bad:two", failing },
	{ "bad:three", count },
};
LITEIO_STEPS(bad_steps, bad);

static void one_place(void)
{
	liteio_step("single:twice");
}

static void another_place(void)
{
	liteio_step("single:twice");
	liteio_step("single:once");
}

/* the position in the list, which must have it once */
static size_t place_of(const char *const *names, const char *name)
{
	size_t place = 0, times = 0;

	for (size_t i = 0; names[i]; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		place = i;
		times++;
	}
	ck_assert_msg(times == 1, "%s is there %zu times", name, times);
	return place;
}

START_TEST(test_listed)
{
	_cleanup_free_ const char **names = liteio_step_names();
	size_t n = 0;

	while (names[n])
		n++;
	/* and nothing else: of what this program does not have there are no steps */
	ck_assert_uint_eq(n, 8);
	ck_assert_uint_eq(place_of(names, "good:two"), place_of(names, "good:one") + 1);
	ck_assert_uint_eq(place_of(names, "good:three"), place_of(names, "good:two") + 1);
	place_of(names, "bad:one");
	place_of(names, "bad:two");
	place_of(names, "bad:three");
	place_of(names, "single:twice");
	place_of(names, "single:once");
}
END_TEST

START_TEST(test_run)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int done = 0;

	ck_assert_int_eq(liteio_steps_run(&good_steps, &done, &err), 0);
	ck_assert_int_eq(done, 3);
	ck_assert_int_eq(liteio_steps_run(&bad_steps, &done, &err), -EIO);
	ck_assert_int_eq(done, 4);
	ck_assert_str_eq(liteio_error_str(&err, -EIO), "as it should");
}
END_TEST

static void everything(int *done)
{
	liteio_steps_run(&good_steps, done, NULL);
	one_place();
	++*done;
	liteio_steps_run(&good_steps, done, NULL);
	another_place();
	++*done;
}

START_TEST(test_killed)
{
	static const struct {
		const char *at;
		int done;
	} cases[] = {
		{ "good:one", 1 },
		{ "good:three", 3 },
		{ "single:twice", 3 },
		{ "good:two:2", 6 },
		{ "single:twice:2", 7 },
		{ "single:once", 7 },
		/* whichever it comes to */
		{ "*", 1 },
		{ "*:3", 3 },
		/* not so often, and not at all */
		{ "good:two:3", 8 },
		{ "nothing:at-all", 8 },
	};
	int *done = mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);

	ck_assert_ptr_ne(done, MAP_FAILED);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(cases); i++) {
		pid_t pid;
		int status;

		*done = 0;
		pid = fork();
		if (!pid) {
			setenv("LITEIO_STEP_KILL", cases[i].at, 1);
			everything(done);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(*done == cases[i].done, "%s: %d", cases[i].at, *done);
		if (cases[i].done < 8)
			ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		else
			ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	munmap(done, sizeof(*done));
}
END_TEST

UNIT_MAIN("step", test_listed, test_run, test_killed)
