// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does to a directory what nobody needs and anybody may, to see that others do not have to wait.
 *
 *	pest list DIRECTORY DEVICE OFFSET
 *	pest rename FROM TO
 *
 * "list" lists the directory once, into memory that is the page of a device at this offset: while
 * the device hangs, so does who lists. "rename" renames what is not there from one directory to the
 * other until SIGTERM, by descriptors, so that names do not matter, and opens both again and again;
 * at the end it prints how often.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tool.h"

#define PAGE 4096
/* between two moments in which the directories are looked for again */
#define RENAMES 200

static atomic_bool stop;

static int directory(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void list(const char *path, const char *device, uint64_t offset)
{
	int dir = directory(path), fd = open(device, O_RDWR | O_CLOEXEC);
	void *page;

	if (dir < 0 || fd < 0)
		die("%s, %s: %s", path, device, strerror(errno));
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (page == MAP_FAILED)
		die("%s: %s", device, strerror(errno));
	if (syscall(SYS_getdents64, dir, page, PAGE) < 0)
		die("%s: %s", path, strerror(errno));
}

static void on_term(int sig)
{
	(void)sig;
	stop = true;
}

static void rename_much(const char *from, const char *to)
{
	uint64_t nr = 0;
	int a, b, i;

	signal(SIGTERM, on_term);
	while (!stop) {
		a = directory(from);
		b = directory(to);
		for (i = 0; a >= 0 && b >= 0 && i < RENAMES && !stop; i++, nr++) {
			if (!renameat(a, "x", b, "y"))
				die("it was renamed");
		}
		if (a >= 0)
			close(a);
		if (b >= 0)
			close(b);
	}
	printf("%" PRIu64 "\n", nr);
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "list"))
		list(argv[2], argv[3], number(argv[4]));
	else if (argc == 4 && !strcmp(argv[1], "rename"))
		rename_much(argv[2], argv[3]);
	else
		die("usage: pest list DIRECTORY DEVICE OFFSET | rename FROM TO");
	return 0;
}
