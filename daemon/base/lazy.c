// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Libraries that are loaded when they are first needed.
 */
#include "base/lazy.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"

int liteio_lazy_load(const char *file, const char *const *names, size_t n, void *ret,
		     struct liteio_error *err)
{
	void *lib = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; lib && i < n; i++) {
		void *found = dlsym(lib, names[i]);

		if (!found)
			lib = NULL;
		else
			memcpy((char *)ret + i * sizeof(found), &found, sizeof(found));
	}
	if (!lib)
		return liteio_error_set(err, -ENOSYS, "a library can not be loaded: %s", dlerror());
	return 0;
}
