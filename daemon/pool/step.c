// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Named steps, the list of all, and the end of the process after one when a test asked for it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/step.h"

/* what LITEIO_STEP_KILL asks for; read once, the environment does not change */
static struct {
	char *name;
	uint64_t countdown;
	pthread_mutex_t lock;
} kill_at = { .lock = PTHREAD_MUTEX_INITIALIZER };
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* by the linker: where the section begins and ends; without a step there is none */
extern const struct liteio_steps __start_liteio_steps[] __attribute__((weak));
extern const struct liteio_steps __stop_liteio_steps[] __attribute__((weak));

/* "volume-create:messages", or with a count after it: "volume-create:messages:3" */
static void read_environment(void)
{
	const char *s = getenv("LITEIO_STEP_KILL");
	char *colon;

	if (!s)
		return;
	kill_at.name = liteio_strdup(s);
	kill_at.countdown = 1;
	colon = strrchr(kill_at.name, ':');
	if (colon && !liteio_parse_u64(colon + 1, 1, UINT32_MAX, &kill_at.countdown))
		*colon = '\0';
}

static void reached(const char *name)
{
	pthread_once(&once, read_environment);
	if (!kill_at.name || (strcmp(kill_at.name, "*") != 0 && strcmp(kill_at.name, name) != 0))
		return;
	liteio_guard(&kill_at.lock);
	if (--kill_at.countdown)
		return;
	/* who asked for any does not know which */
	if (!strcmp(kill_at.name, "*"))
		dprintf(STDERR_FILENO, "killed after step %s\n", name);
	raise(SIGKILL);
}

void liteio_step_done(const struct liteio_steps *one)
{
	reached(one->table[0].name);
}

int liteio_steps_run(const struct liteio_steps *steps, void *arg, struct liteio_error *err)
{
	for (size_t i = 0; i < steps->n; i++) {
		int r = steps->table[i].run(arg, err);

		if (r)
			return r;
		reached(steps->table[i].name);
	}
	return 0;
}

static bool has(const char *const *names, size_t n, const char *name)
{
	while (n > 0) {
		if (!strcmp(names[--n], name))
			return true;
	}
	return false;
}

const char **liteio_step_names(void)
{
	const char **names = liteio_calloc(1, sizeof(*names));
	size_t n = 0;

	for (const struct liteio_steps *s = __start_liteio_steps; s < __stop_liteio_steps; s++) {
		names = liteio_realloc(names, n + s->n + 1, sizeof(*names));
		for (size_t i = 0; i < s->n; i++) {
			if (!has(names, n, s->table[i].name))
				names[n++] = s->table[i].name;
		}
	}
	names[n] = NULL;
	return names;
}
