// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the configuration again while the agent runs.
 *
 * Most of the configuration is read by any thread at any time and therefore never changes; what
 * can change is used by the loop thread alone.
 */
#include "agent/reload.h"

#include <stddef.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/metrics.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"

static int apply_log_level(struct liteio_agent *a, const struct liteio_config *next,
			   struct liteio_error *err)
{
	liteio_log_set_level(liteio_config_priority(next));
	return 0;
}

static int apply_log_format(struct liteio_agent *a, const struct liteio_config *next,
			    struct liteio_error *err)
{
	liteio_log_set_format(next->log_format);
	return 0;
}

static int apply_metrics(struct liteio_agent *a, const struct liteio_config *next,
			 struct liteio_error *err)
{
	return liteio_metrics_listen(a, next->metrics, err);
}

/* what is to be done about a new value; nothing for a key that is looked at when it is needed */
static const struct {
	size_t offset;
	int (*apply)(struct liteio_agent *a, const struct liteio_config *next,
		     struct liteio_error *err);
} steps[] = {
	{ offsetof(struct liteio_config, log_level), apply_log_level },
	{ offsetof(struct liteio_config, log_format), apply_log_format },
	{ offsetof(struct liteio_config, metrics), apply_metrics },
};

static int apply(struct liteio_agent *a, const struct liteio_field *f,
		 const struct liteio_config *next, struct liteio_error *err)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(steps); i++)
		if (steps[i].offset == f->offset)
			return steps[i].apply(a, next, err);
	return 0;
}

static void take_over(struct liteio_agent *a, const struct liteio_field *f,
		      struct liteio_config *next)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	if (!(f->flags & LITEIO_FIELD_LIVE)) {
		log_warning(NULL, "%s: keeps its value, it can change only when the agent starts",
			    f->key);
		return;
	}
	r = apply(a, f, next, &err);
	if (r < 0) {
		log_err(NULL, "%s: keeps its value: %s", f->key, liteio_error_str(&err, r));
		return;
	}
	liteio_json_field_swap(f, &a->config, next);
	log_info(NULL, "%s: has a new value", f->key);
}

void liteio_reload(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config next = { 0 };
	int mode, r;

	liteio_loop_reload(true);
	r = liteio_config_load(a->argc, a->argv, &next, &mode, NULL, &err);
	if (r < 0) {
		log_err(NULL, "nothing is reloaded: %s", liteio_error_str(&err, r));
	} else {
		for (const struct liteio_field *f = liteio_config_fields; f->key; f++)
			if (!liteio_json_field_equal(f, &a->config, &next))
				take_over(a, f, &next);
		log_info(NULL, "the configuration was read again");
		liteio_config_fini(&next);
	}
	liteio_loop_reload(false);
}
