/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that are not the real ones: scripts in a folder that is looked through first.
 */
#ifndef LITEIO_TESTS_FAKE_PROGRAM_H
#define LITEIO_TESTS_FAKE_PROGRAM_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

/* the first program of this name from here on */
static inline void fake(const char *dir, const char *name, const char *script)
{
	_cleanup_free_ char *path = liteio_strf("%s/%s", dir, name);
	_cleanup_free_ char *search = liteio_strf("%s:%s", dir, getenv("PATH"));
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/bash\n%s\n", script);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0700), 0);
	ck_assert_int_eq(setenv("PATH", search, 1), 0);
}

static inline void fake_end(const char *dir, const char *name)
{
	_cleanup_free_ char *path = liteio_strf("%s/%s", dir, name);

	unlink(path);
	rmdir(dir);
}

#endif
