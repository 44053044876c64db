/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals as something to wait for, by who waits for something else, too.
 */
#ifndef LITEIO_CTL_SIGNALS_H
#define LITEIO_CTL_SIGNALS_H

struct liteio_error;

/**
 * liteio_signals_open() - from now on these signals do nothing by themselves
 * @signals: their numbers; the last one is 0
 * @err: why not
 *
 * Return: a descriptor that is ready when one has come, owned by the caller; or a negative errno.
 */
int liteio_signals_open(const int *signals, struct liteio_error *err);

/* the number of one that has come; 0: none has */
int liteio_signals_take(int fd);

#endif
