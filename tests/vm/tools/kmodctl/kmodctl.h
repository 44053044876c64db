/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of kmodctl share.
 */
#ifndef LITEIO_KMODCTL_KMODCTL_H
#define LITEIO_KMODCTL_KMODCTL_H

#include <stdint.h>

#define BUFFER_SIZE (256 * 1024)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* say why, take back an injected failure, and end with status 2 */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* a whole number, decimal or after 0x hexadecimal, or the end */
uint64_t number(const char *text);

#endif
