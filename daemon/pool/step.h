/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named steps of operations that take several, so that each can be interrupted in a test.
 *
 * An operation is a table of steps; liteio_steps_run() runs them in order and stops at the first
 * that fails. Between any two steps the program may be killed: what recovery does then is what the
 * tests check, by setting LITEIO_STEP_KILL=<name> in the environment of the program, which then
 * kills itself right after the step of that name (the first time, or with "<name>:3" the third).
 * "*:3" is the third step that it comes to, whichever that is; its name is said on stderr.
 *
 * THE LIST of a program's steps is a section of the program itself: whatever can be run or killed
 * at is a struct liteio_steps, and only LITEIO_STEPS() and liteio_step() make one, into that
 * section. So none can be forgotten. A file that is not linked has no steps in the list, as in the
 * program.
 */
#ifndef LITEIO_POOL_STEP_H
#define LITEIO_POOL_STEP_H

#include <stddef.h>

#include "base/cleanup.h"

struct liteio_error;

/**
 * struct liteio_step - one step
 * @name: "volume-create:catalog-creating"
 * @run: does it; can be done twice with the same result
 */
struct liteio_step {
	const char *name;
	int (*run)(void *arg, struct liteio_error *err);
};

/**
 * struct liteio_steps - the steps of an operation, in the list of all
 * @table: in their order
 * @n: how many
 */
struct liteio_steps {
	const struct liteio_step *table;
	size_t n;
};

/* a struct liteio_steps of a table; aligned by its size: the section is one array without gaps */
#define LITEIO_STEPS(name, table_of_steps) \
	static const struct liteio_steps name __attribute__((used, section("liteio_steps"), \
			aligned(sizeof(struct liteio_steps)))) = \
		{ table_of_steps, LITEIO_ARRAY_SIZE(table_of_steps) }

int liteio_steps_run(const struct liteio_steps *steps, void *arg, struct liteio_error *err);

/* the place after a step that is in no table: kills the process when it was asked to */
#define liteio_step(step_name) \
	do { \
		static const struct liteio_step liteio_step_one[] = { { step_name, NULL } }; \
		LITEIO_STEPS(liteio_step_here, liteio_step_one); \
		liteio_step_done(&liteio_step_here); \
	} while (0)
void liteio_step_done(const struct liteio_steps *one);

/* the names of all steps of this program, each once; NULL-terminated, free() it */
const char **liteio_step_names(void);

#endif
