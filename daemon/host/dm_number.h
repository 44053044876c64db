/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which numbers devices had when the kernel was asked for them last. It finds a device by its
 * number at once, and by its name among a thousand others only after ten comparisons of names that
 * all begin alike.
 *
 * A number is a guess: who asks by it looks whose answer it is. What this process has removed is
 * forgotten, so that no number leads to somebody else's device, which may hang with its disk.
 *
 * Context: any thread. Pure.
 */
#ifndef LITEIO_HOST_DM_NUMBER_H
#define LITEIO_HOST_DM_NUMBER_H

#include <stdint.h>
#include <sys/types.h>

/* the number, or 0; @ret_times is for liteio_dm_number_learn() */
dev_t liteio_dm_number(const char *name, uint64_t *ret_times);
/* what the kernel has said, unless anything was forgotten since that was @times */
void liteio_dm_number_learn(const char *name, dev_t dev, uint64_t times);
/* it was removed */
void liteio_dm_number_forget(const char *name);

#endif
