/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The head: the device-mapper target through which all I/O of an attachment goes.
 */
#ifndef LITEIO_HEAD_H
#define LITEIO_HEAD_H

/**
 * liteio_head_init() - let device-mapper know the target
 *
 * From here on heads may be made; the registry is ready. Context: process.
 * Return: 0, or a negative errno.
 */
int liteio_head_init(void);

/**
 * liteio_head_fini() - take the target away
 *
 * No head exists: each pins the module. Context: process.
 */
void liteio_head_fini(void);

#endif
