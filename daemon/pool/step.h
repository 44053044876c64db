/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named steps of operations that take several, so that each can be interrupted in a test.
 *
 * An operation is a table of steps; liteio_steps_run() runs them in order and stops at the first
 * that fails. Between any two steps the program may be killed: what recovery does then is what the
 * tests check, by setting LITEIO_STEP_KILL=<name> in the environment of the program, which then
 * kills itself right after the step of that name (the first time, or with "<name>:3" the third).
 */
#ifndef LITEIO_POOL_STEP_H
#define LITEIO_POOL_STEP_H

#include <stddef.h>

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

int liteio_steps_run(const struct liteio_step *steps, size_t n, void *arg,
		     struct liteio_error *err);
/* the place after a step: kills the process when it was asked to */
void liteio_step(const char *name);

#endif
