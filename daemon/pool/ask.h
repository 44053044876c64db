/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question to several disks, of which some may hang.
 *
 * A disk that hangs does not answer, and whoever asks it hangs with it: so each is asked by a
 * thread of its own, which is left behind when it takes too long. As long as it is there its disk
 * is silent, and is not asked again, for whatever. Two that ask a disk the same at the same time
 * get the same answer. What a machine that is short of time was late does not count.
 */
#ifndef LITEIO_POOL_ASK_H
#define LITEIO_POOL_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct liteio_block_info;

/* all disks of a machine that sleep have woken up by then, or are asked again later */
#define LITEIO_ASK_MS 5000

/**
 * struct liteio_ask - the question
 * @fn: puts it to one disk, on a thread that may outlive whoever asks, and that only reads
 *	(heir.h): of all else it has only @arg, a copy, and writes nothing but its answer; 0 or a
 *	negative errno
 * @arg: for it; may be NULL
 * @arg_len: how long that is
 * @answer_len: how long an answer is, which begins as zeros
 * @within_ms: so long the answers are waited for, all together: LITEIO_ASK_MS
 */
struct liteio_ask {
	int (*fn)(const char *device, const void *arg, size_t arg_len, void *answer);
	const void *arg;
	size_t arg_len;
	size_t answer_len;
	uint64_t within_ms;
};

/**
 * liteio_ask_all() - put it to all of them at once
 * @ask: the question
 * @disks: whom
 * @n: how many
 * @answers: @n of them
 * @codes: 0, what @fn said, or -ETIMEDOUT: the disk is silent
 *
 * Context: any thread; blocks for @within_ms at most, and up to six times that where the machine
 * serves nobody in time.
 */
void liteio_ask_all(const struct liteio_ask *ask, const struct liteio_block_info *disks, size_t n,
		    void *answers, int *codes);

/* until a question is answered, whoever has put it to whom, or that time, by liteio_now_ms() */
void liteio_ask_wait(uint64_t until_ms);

/* has this disk been asked, and not answered in time, and not since? Any thread */
bool liteio_ask_is_silent(dev_t dev);
/* has a disk been asked, and not answered in time, and not since? Any thread */
bool liteio_ask_any_silent(void);

#endif
