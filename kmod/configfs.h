/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The window: /sys/kernel/config/liteio shows the registry and changes nothing.
 */
#ifndef LITEIO_CONFIGFS_H
#define LITEIO_CONFIGFS_H

#include "registry.h"

/* how the registry tells this front end about objects */
extern const struct liteio_front liteio_configfs_front;

/**
 * liteio_configfs_init() - open the window
 *
 * Context: process, before any object is made. Return: 0, or a negative errno.
 */
int liteio_configfs_init(void);

/**
 * liteio_configfs_fini() - close the window
 *
 * Context: process, after all objects are gone.
 */
void liteio_configfs_fini(void);

#endif
