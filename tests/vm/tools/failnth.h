/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has the kernel fail one allocation of what this thread does: by /proc/thread-self/fail-nth of a
 * kernel with fault injection, or by tests/vm/modules/failnth.c on one without.
 */
#ifndef LITEIO_TOOLS_FAILNTH_H
#define LITEIO_TOOLS_FAILNTH_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int failnth_fd = -1;

/**
 * failnth_arm() - from here on the nth allocation fails
 * @nth: 1 for the next one; 0 changes nothing
 */
static inline void failnth_arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (!nth)
		return;
	failnth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (failnth_fd < 0)
		failnth_fd = open("/sys/kernel/debug/fail-nth", O_RDWR | O_CLOEXEC);
	if (failnth_fd < 0 || write(failnth_fd, text, (size_t)len) != len) {
		fputs("this kernel has no file fail-nth\n", stderr);
		exit(2);
	}
}

/**
 * failnth_disarm() - nothing fails any more
 *
 * Tells on standard error whether an allocation has failed.
 */
static inline void failnth_disarm(void)
{
	char text[16] = "";

	if (failnth_fd < 0)
		return;
	/* what is left of the count: nothing when the one it was has been reached */
	if (read(failnth_fd, text, sizeof(text) - 1) < 1 || write(failnth_fd, "0", 1) != 1) {
		perror("fail-nth");
		exit(2);
	}
	close(failnth_fd);
	failnth_fd = -1;
	if (atoi(text))
		fprintf(stderr, "fail-nth: not reached: %d left\n", atoi(text));
	else
		fputs("fail-nth: injected\n", stderr);
}

#endif
