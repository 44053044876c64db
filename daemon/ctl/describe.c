// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands of liteioctl, for manual pages and completions. Pure.
 */
#include "base/json.h"
#include "ctl/command.h"

/* names without dashes, of the options of a set */
static struct liteio_json *describe_options(uint64_t set)
{
	struct liteio_json *list = liteio_json_new_array();

	for (uint64_t bit = 1; bit; bit <<= 1)
		if (set & bit)
			liteio_json_append(list,
					   liteio_json_new_string(liteio_option_name(bit) + 2));
	return list;
}

struct liteio_json *liteio_commands_describe(void)
{
	struct liteio_json *list = liteio_json_new_array();
	const struct liteio_command *c;

	for (c = liteio_commands; c->noun; c++) {
		struct liteio_json *o = liteio_json_new_object();

		liteio_json_set_string(o, "noun", c->noun);
		liteio_json_set_string(o, "verb", c->verb);
		liteio_json_set_string(o, "operands", c->operand_names);
		liteio_json_set_string(o, "help", c->help);
		liteio_json_set(o, "options", describe_options(c->options));
		liteio_json_set(o, "needed", describe_options(c->needed));
		liteio_json_append(list, o);
	}
	return list;
}
