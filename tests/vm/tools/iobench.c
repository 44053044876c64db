// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one I/O costs, in instructions: reads or writes blocks of 4 KiB one after the other,
 * directly, in a guest whose clock counts instructions (1 ns is 1 instruction).
 *
 *	iobench read|write DEVICE [COUNT]
 *
 * Prints the median over batches of the clock per I/O, which leaves out the timer interrupts that
 * some batches catch.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define BLOCK 4096
#define BATCH 16
#define SPAN 1024

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void transfer(int fd, void *buffer, off_t at, int is_write)
{
	ssize_t n = is_write ? pwrite(fd, buffer, BLOCK, at) : pread(fd, buffer, BLOCK, at);

	if (n != BLOCK)
		die("%s at %jd: %s", is_write ? "write" : "read", (intmax_t)at,
		    n < 0 ? strerror(errno) : "short");
}

int main(int argc, char **argv)
{
	uint64_t *batches, start, block = 0;
	long nr, i, k;
	void *buffer;
	int fd, is_write;

	if (argc < 3 || (strcmp(argv[1], "read") != 0 && strcmp(argv[1], "write") != 0))
		die("usage: iobench read|write DEVICE [COUNT]");
	is_write = !strcmp(argv[1], "write");
	nr = (argc > 3 ? strtol(argv[3], NULL, 10) : 4096) / BATCH;
	fd = open(argv[2], (is_write ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", argv[2], strerror(errno));
	batches = calloc((size_t)nr, sizeof(*batches));
	if (nr < 1 || !batches || posix_memalign(&buffer, BLOCK, BLOCK))
		die("no memory");
	memset(buffer, 0x5a, BLOCK);

	/* once over everything, so that nothing is done for the first time below */
	for (i = 0; i < SPAN; i++)
		transfer(fd, buffer, (off_t)i * BLOCK, is_write);
	for (i = 0; i < nr; i++) {
		start = now();
		for (k = 0; k < BATCH; k++)
			transfer(fd, buffer, (off_t)(block++ % SPAN) * BLOCK, is_write);
		batches[i] = (now() - start) / BATCH;
	}
	qsort(batches, (size_t)nr, sizeof(*batches), compare);
	printf("%" PRIu64 "\n", batches[nr / 2]);
	return 0;
}
