// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Named steps, and the end of the process after one of them when a test asked for it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

void liteio_step(const char *name)
{
	pthread_once(&once, read_environment);
	if (!kill_at.name || strcmp(kill_at.name, name) != 0)
		return;
	liteio_guard(&kill_at.lock);
	if (!--kill_at.countdown)
		raise(SIGKILL);
}

int liteio_steps_run(const struct liteio_step *steps, size_t n, void *arg, struct liteio_error *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = steps[i].run(arg, err);

		if (r)
			return r;
		liteio_step(steps[i].name);
	}
	return 0;
}
