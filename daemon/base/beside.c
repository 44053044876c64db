// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same for each of a few, side by side.
 */
#include "base/beside.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/**
 * struct one - of them
 * @fn: what is done
 * @arg: for it
 * @thread: by whom
 * @has_thread: not by who asked for all
 */
struct one {
	void (*fn)(void *arg);
	void *arg;
	pthread_t thread;
	bool has_thread;
};

static void *run(void *arg)
{
	const struct one *x = arg;

	x->fn(x->arg);
	return NULL;
}

void liteio_beside_run(void (*fn)(void *arg), void *const *args, size_t n)
{
	struct one all[LITEIO_BESIDE_MAX];
	sigset_t every, old;

	/* signals are for the loop */
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &old);
	for (size_t i = 1; i < n; i++) {
		all[i] = (struct one){ .fn = fn, .arg = args[i] };
		all[i].has_thread = !pthread_create(&all[i].thread, NULL, run, &all[i]);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (n)
		fn(args[0]);
	for (size_t i = 1; i < n; i++) {
		if (all[i].has_thread)
			pthread_join(all[i].thread, NULL);
		else
			fn(args[i]);
	}
}
