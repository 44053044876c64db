/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel modules (libkmod below; its types stay in kmodule.c). Context: worker threads.
 */
#ifndef LITEIO_HOST_KMODULE_H
#define LITEIO_HOST_KMODULE_H

#include <stdbool.h>
#include <stddef.h>

struct liteio_error;

/**
 * struct liteio_kmodule_info - one module
 * @loaded: it is in the kernel
 * @builtin: part of the kernel image
 * @version: of the loaded one, "" when it has none
 * @srcversion: of the loaded one, "" when it has none
 * @installed: a file for this kernel is there for modprobe
 * @installed_version: of that file, "" when it has none
 * @is_installed_one: the loaded module was built from the same source as the installed file; false
 *                    also when that cannot be told
 */
struct liteio_kmodule_info {
	bool loaded;
	bool builtin;
	char version[64];
	char srcversion[64];
	bool installed;
	char installed_version[64];
	bool is_installed_one;
};

/**
 * liteio_kmodule_info() - what is in the kernel, and what modprobe would load
 * @name: of the module
 * @ret: the answer
 * @err: why not
 *
 * Reads the installed file: milliseconds. Return: 0 or a negative errno.
 */
int liteio_kmodule_info(const char *name, struct liteio_kmodule_info *ret,
			struct liteio_error *err);
bool liteio_kmodule_is_loaded(const char *name);
/* like modprobe: with dependencies and configuration; 0 when it is there already */
int liteio_kmodule_load(const char *name, struct liteio_error *err);

#endif
