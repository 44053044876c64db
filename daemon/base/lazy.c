// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Libraries that are loaded when they are first needed, and code that is not any more.
 */
#include "base/lazy.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/*
 * What can be written is left alone, and a page that may be shared with it: that, and relocations,
 * are in no file
 */
static int forget_segments(struct dl_phdr_info *info, size_t size, void *arg)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + h->p_vaddr, end = begin + h->p_memsz;

		begin = (begin + page - 1) / page * page;
		end = end / page * page;
		if (h->p_type == PT_LOAD && !(h->p_flags & PF_W) && begin < end)
			(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

void liteio_lazy_forget_code(void)
{
	dl_iterate_phdr(forget_segments, NULL);
}
