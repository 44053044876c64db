/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that are loaded when they are first needed: each brings others with it, which cost time
 * at every start of a program, and memory for as long as it runs. And code that was needed once.
 */
#ifndef LITEIO_BASE_LAZY_H
#define LITEIO_BASE_LAZY_H

#include <stddef.h>

struct liteio_error;

/**
 * liteio_lazy_load() - load a library, and find functions of it
 * @file: its soname
 * @names: of the functions
 * @n: how many
 * @ret: as many pointers to functions, in this order
 * @err: what is missing
 *
 * It stays for the life of the process. Reads files: blocks as long as they do. The caller does it
 * once.
 * Return: 0 or -ENOSYS.
 */
int liteio_lazy_load(const char *file, const char *const *names, size_t n, void *ret,
		     struct liteio_error *err);

/*
 * Code that is mapped is not, until it is run again: of program and libraries, what only the start
 * has run takes no memory of the process. It stays where the kernel keeps files. Any thread
 */
void liteio_lazy_forget_code(void);

#endif
