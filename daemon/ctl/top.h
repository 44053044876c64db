/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * liteioctl top: again and again what volumes do.
 */
#ifndef LITEIO_CTL_TOP_H
#define LITEIO_CTL_TOP_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_error;

/**
 * struct liteio_top_options - how
 * @socket: of the agent
 * @count: rounds; 0 for ever
 * @delay_s: seconds between two of them; 0 takes the default
 * @batch: plain text also on a terminal
 * @json: an object a line instead
 */
struct liteio_top_options {
	const char *socket;
	uint64_t count;
	uint64_t delay_s;
	bool batch;
	bool json;
};

/**
 * liteio_top() - run until told to stop
 * @o: how
 * @err: why it could not go on
 *
 * On a terminal the picture is drawn over and over, until q or an interrupt, and the terminal is
 * left as it was; an agent that does not answer is waited for. Elsewhere rounds follow each other
 * as text, and an agent that does not answer is the end. Return: 0 or a negative errno.
 */
int liteio_top(const struct liteio_top_options *o, struct liteio_error *err);

#endif
