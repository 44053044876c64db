/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions, as all our resources carry them: a type, a status, a reason for programs and a
 * message for people. Every condition type of an object has one writer.
 */
#ifndef LITEIO_MODEL_CONDITION_H
#define LITEIO_MODEL_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct liteio_error;

#define LITEIO_CONDITION_READY "Ready" /* all; the node's agent */
#define LITEIO_CONDITION_FENCING "Fencing" /* Volume; the node's agent */
#define LITEIO_CONDITION_PLACED "Placed" /* Volume, Snapshot; the controller */
#define LITEIO_CONDITION_GRANTED "Granted" /* Volume; the controller: why a consumer still waits */
#define LITEIO_CONDITION_ALIVE "Alive" /* StorageNode; the controller, from the agent's Lease */

enum liteio_condition_status {
	LITEIO_CONDITION_UNKNOWN,
	LITEIO_CONDITION_TRUE,
	LITEIO_CONDITION_FALSE,
};

/**
 * struct liteio_condition - one condition
 * @type: "Ready"
 * @status: enum liteio_condition_status
 * @reason: CamelCase word
 * @message: a sentence
 * @last_transition: RFC 3339, changes only when @status does
 * @observed_generation: metadata.generation this was concluded from
 */
struct liteio_condition {
	char *type;
	int status;
	char *reason;
	char *message;
	char *last_transition;
	uint64_t observed_generation;
};

extern const char *const liteio_condition_status_names[];
extern const struct liteio_field liteio_condition_fields[];

/**
 * struct liteio_condition_list - status.conditions of any object
 * @conditions: parsed
 * @n_conditions: how many
 */
struct liteio_condition_list {
	struct liteio_condition *conditions;
	size_t n_conditions;
};

/* @obj: a whole object; without conditions the list is empty. Return: 0 or -EINVAL */
int liteio_condition_list_parse(const struct liteio_json *obj, struct liteio_condition_list *ret,
				struct liteio_error *err);
void liteio_condition_list_fini(struct liteio_condition_list *l);

/* the condition of a type, or NULL */
const struct liteio_condition *liteio_condition_find(const struct liteio_condition *c, size_t n,
						     const char *type);
/* is the condition of a type there and True? */
bool liteio_condition_is_true(const struct liteio_condition *c, size_t n, const char *type);

/**
 * struct liteio_verdict - a condition about to be reported
 * @type: LITEIO_CONDITION_*
 * @status: enum liteio_condition_status
 * @reason: CamelCase word, static
 * @message: a sentence, cut when too long
 */
struct liteio_verdict {
	const char *type;
	enum liteio_condition_status status;
	const char *reason;
	char message[512];
};

/* set status, reason and message; @type is kept */
void liteio_verdict_set(struct liteio_verdict *v, enum liteio_condition_status status,
			const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * liteio_verdict_condition() - a verdict as the condition object to write
 * @v: the verdict
 * @old: conditions the object has now
 * @n_old: how many
 * @generation: metadata.generation it was concluded from
 * @now: RFC 3339; taken as lastTransitionTime only when the status differs from the old one
 *
 * Return: a new object.
 */
struct liteio_json *liteio_verdict_condition(const struct liteio_verdict *v,
					     const struct liteio_condition *old, size_t n_old,
					     uint64_t generation, const char *now);

/* would writing this verdict change anything that is worth a write? */
bool liteio_verdict_differs(const struct liteio_verdict *v, const struct liteio_condition *old,
			    size_t n_old);

#endif
