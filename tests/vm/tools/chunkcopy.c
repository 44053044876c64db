// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies chunks from one device to another, past the page cache.
 *
 *	chunkcopy SOURCE TARGET SHIFT
 *
 * A chunk has 2^SHIFT bytes. Standard input says which: words CHUNK+LEN, as kmodctl prints the
 * ranges of dirty-fetch. Of a chunk that ends beyond the source, what there is of it is copied.
 * Ends when all of it is safe on the target, and prints how many chunks it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define BLOCK (1 << 16)
#define ALIGN 4096

static int open_device(const char *path, int flags)
{
	int fd = open(path, flags | O_DIRECT | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static void copy(int from, int to, off_t begin, off_t end)
{
	static char *buffer;
	ssize_t n;

	if (!buffer && posix_memalign((void **)&buffer, ALIGN, BLOCK))
		die("no memory");
	while (begin < end) {
		n = pread(from, buffer, BLOCK, begin);
		if (n < 0)
			die("read at %jd: %s", (intmax_t)begin, strerror(errno));
		if (!n)
			return;
		if (pwrite(to, buffer, (size_t)n, begin) != n)
			die("write at %jd: %s", (intmax_t)begin, strerror(errno));
		begin += n;
	}
}

int main(int argc, char **argv)
{
	uint64_t chunk, len, copied = 0, shift;
	int from, to;

	if (argc != 4)
		die("usage: chunkcopy SOURCE TARGET SHIFT");
	from = open_device(argv[1], O_RDONLY);
	to = open_device(argv[2], O_WRONLY);
	shift = number(argv[3]);
	while (scanf("%" SCNu64 "+%" SCNu64, &chunk, &len) == 2) {
		copy(from, to, (off_t)(chunk << shift), (off_t)((chunk + len) << shift));
		copied += len;
	}
	if (!feof(stdin))
		die("what is not CHUNK+LEN?");
	if (fsync(to))
		die("%s: %s", argv[2], strerror(errno));
	printf("%" PRIu64 "\n", copied);
	return 0;
}
