// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Other processes.
 */
#include "base/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"

#define STAT_MAX 4096
/* fields behind the name, which may have blanks and brackets in it */
#define STATE 0
#define START 19

int liteio_process_look(int pid, struct liteio_process *ret)
{
	_cleanup_free_ char *path = liteio_strf("/proc/%d/stat", pid), *text = NULL;
	struct liteio_process p = { 0 };
	char *name_end, *f[START + 2];

	if (liteio_fs_read(path, STAT_MAX, &text, NULL, NULL))
		return liteio_fs_exists(path) ? -EIO : -ENOENT;
	name_end = strrchr(text, ')');
	if (!name_end || !name_end[1] ||
	    liteio_split(name_end + 2, ' ', f, START + 2) <= START ||
	    sscanf(f[START], "%llu", &p.start) != 1)
		return -EIO;
	p.is_over = f[STATE][0] == 'Z' || f[STATE][0] == 'X';
	*ret = p;
	return 0;
}
