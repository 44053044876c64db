/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What attributes, commands, states and events are called on the command line and in answers.
 */
#ifndef LITEIO_KMODCTL_NAMES_H
#define LITEIO_KMODCTL_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include <linux/liteio.h>

enum kind {
	KIND_U8,
	KIND_U32,
	KIND_U64,
	KIND_TEXT,
	KIND_UUID,
};

struct attr_kind {
	const char *name;
	int type;
	enum kind kind;
};

/* the attributes of a message, or of one of its nests */
struct attr_space {
	const struct attr_kind *kinds;
	size_t nr;
};

extern const struct attr_space attr_space, qos_space, throttle_space, class_space;

/* the kind with this name, which ends at '=', or this type; NULL when there is none */
const struct attr_kind *kind_by_name(const struct attr_space *space, const char *argument);
const struct attr_kind *kind_by_type(const struct attr_space *space, int type);

/* names of numbers, "unknown" for others */
const char *class_name(uint64_t class);
const char *state_name(uint64_t state);
const char *event_name(uint64_t event);

/* a name of a command, or a number; and the other way round, "none" for others */
int command_number(const char *name);
const char *command_name(int cmd);

#endif
