// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conditions: the table, look-up, and verdicts on their way out.
 */
#include "model/condition.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/fields.h"

const char *const liteio_condition_status_names[] = { "Unknown", "True", "False", NULL };

#define T liteio_condition
const struct liteio_field liteio_condition_fields[] = {
	STRING("type", type, REQUIRED, 63),
	ENUM("status", status, REQUIRED, liteio_condition_status_names),
	STRING("reason", reason, 0, 127),
	STRING("message", message, 0, 1023),
	STRING("lastTransitionTime", last_transition, 0, 63),
	NUMBER("observedGeneration", observed_generation, 0, 0, 0),
	END,
};

#undef T
#define T liteio_condition_list
static const struct liteio_field list_fields[] = {
	CONDITIONS,
	END,
};

#undef T

int liteio_condition_list_parse(const struct liteio_json *obj, struct liteio_condition_list *ret,
				struct liteio_error *err)
{
	const struct liteio_json *status = liteio_json_get(obj, "status");
	struct liteio_condition_list l = { 0 };
	int r = status ? liteio_json_decode(status, list_fields, 0, &l, err) : 0;

	if (!r)
		*ret = l;
	return r;
}

void liteio_condition_list_fini(struct liteio_condition_list *l)
{
	liteio_json_fini(l, list_fields);
}

const struct liteio_condition *liteio_condition_find(const struct liteio_condition *c, size_t n,
						     const char *type)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(c[i].type, type))
			return &c[i];
	return NULL;
}

bool liteio_condition_is_true(const struct liteio_condition *c, size_t n, const char *type)
{
	const struct liteio_condition *found = liteio_condition_find(c, n, type);

	return found && found->status == LITEIO_CONDITION_TRUE;
}

void liteio_verdict_set(struct liteio_verdict *v, enum liteio_condition_status status,
			const char *reason, const char *fmt, ...)
{
	va_list ap;

	v->status = status;
	v->reason = reason;
	va_start(ap, fmt);
	vsnprintf(v->message, sizeof(v->message), fmt, ap);
	va_end(ap);
}

struct liteio_json *liteio_verdict_condition(const struct liteio_verdict *v,
					     const struct liteio_condition *old, size_t n_old,
					     uint64_t generation, const char *now)
{
	const struct liteio_condition *was = liteio_condition_find(old, n_old, v->type);
	struct liteio_json *j = liteio_json_new_object();
	bool same = was && was->status == (int)v->status && was->last_transition;

	liteio_json_set_string(j, "type", v->type);
	liteio_json_set_string(j, "status", liteio_condition_status_names[v->status]);
	liteio_json_set_string(j, "reason", v->reason);
	liteio_json_set_string(j, "message", v->message);
	liteio_json_set_string(j, "lastTransitionTime", same ? was->last_transition : now);
	if (generation)
		liteio_json_set_int(j, "observedGeneration", (int64_t)generation);
	return j;
}

static bool text_differs(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") != 0;
}

bool liteio_verdict_differs(const struct liteio_verdict *v, const struct liteio_condition *old,
			    size_t n_old)
{
	const struct liteio_condition *was = liteio_condition_find(old, n_old, v->type);

	return !was || was->status != (int)v->status || text_differs(was->reason, v->reason) ||
	       text_differs(was->message, v->message);
}
