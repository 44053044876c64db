/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions, as all our resources carry them: a type, a status, a reason for programs and a message
 * for people. Every condition type of an object has one writer.
 */
#ifndef LITEIO_MODEL_CONDITION_H
#define LITEIO_MODEL_CONDITION_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

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

/* the condition of a type, or NULL */
const struct liteio_condition *liteio_condition_find(const struct liteio_condition *c, size_t n,
						     const char *type);

#endif
