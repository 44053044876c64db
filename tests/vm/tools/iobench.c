// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one I/O costs, in instructions: reads or writes blocks of 4 KiB, or flushes, one after the
 * other, directly, in a guest whose clock counts instructions (1 ns is 1 instruction).
 *
 *	iobench read|write|flush DEVICE [COUNT [CPUS]]
 *
 * With CPUS a thread on each of the first so many CPUs does so, all at a time, each in blocks of
 * its own; the clock then counts the instructions of all of them. Prints the clock per I/O of a
 * batch that is better than three of four, which leaves out the timer interrupts that some catch.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define BLOCK 4096
#define BATCH 16
/* blocks of each thread */
#define SPAN 1024
#define CPUS_MAX 16

typedef void (*io_fn)(void *buffer, off_t at);

static int fd;
static io_fn io;
static uint64_t nr_batches = 256, nr_cpus = 1;
static uint64_t *batches;
static pthread_barrier_t together;

static void io_read(void *buffer, off_t at)
{
	if (pread(fd, buffer, BLOCK, at) != BLOCK)
		die("read at %jd: %s", (intmax_t)at, strerror(errno));
}

static void io_write(void *buffer, off_t at)
{
	if (pwrite(fd, buffer, BLOCK, at) != BLOCK)
		die("write at %jd: %s", (intmax_t)at, strerror(errno));
}

static void io_flush(void *buffer, off_t at)
{
	if (fdatasync(fd))
		die("flush: %s", strerror(errno));
}

static const struct {
	const char *name;
	io_fn io;
} kinds[] = {
	{ "read", io_read },
	{ "write", io_write },
	{ "flush", io_flush },
};

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void stay_on(uint64_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("there is no CPU %" PRIu64, cpu);
}

/* the first thread holds the clock: from before all begin until all have ended */
static void *run(void *arg)
{
	uint64_t cpu = (uintptr_t)arg, start = 0, block = 0, i, k;
	off_t at = (off_t)(cpu * SPAN * BLOCK);
	void *buffer;

	if (nr_cpus > 1)
		stay_on(cpu);
	if (posix_memalign(&buffer, BLOCK, BLOCK))
		die("no memory");
	memset(buffer, 0x5a, BLOCK);
	/* once over everything, so that nothing is done for the first time below */
	for (k = 0; k < (io == io_flush ? BATCH : SPAN); k++)
		io(buffer, at + (off_t)(k * BLOCK));
	for (i = 0; i < nr_batches; i++) {
		if (!cpu)
			start = now();
		if (nr_cpus > 1)
			pthread_barrier_wait(&together);
		for (k = 0; k < BATCH; k++)
			io(buffer, at + (off_t)(block++ % SPAN * BLOCK));
		if (nr_cpus > 1)
			pthread_barrier_wait(&together);
		if (!cpu)
			batches[i] = (now() - start) / (BATCH * nr_cpus);
	}
	free(buffer);
	return NULL;
}

static void run_all(void)
{
	pthread_t threads[CPUS_MAX] = { 0 };
	uint64_t i;

	pthread_barrier_init(&together, NULL, (unsigned int)nr_cpus);
	for (i = 1; i < nr_cpus; i++) {
		if (pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)i))
			die("no thread");
	}
	run(NULL);
	for (i = 1; i < nr_cpus; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 3 || argc > 5)
		die("usage: iobench read|write|flush DEVICE [COUNT [CPUS]]");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(argv[1], kinds[i].name))
			io = kinds[i].io;
	}
	if (!io)
		die("no kind is called \"%s\"", argv[1]);
	if (argc > 3)
		nr_batches = number(argv[3]) / BATCH;
	if (argc > 4)
		nr_cpus = number(argv[4]);
	if (!nr_cpus || nr_cpus > CPUS_MAX)
		die("1 to %d CPUs", CPUS_MAX);
	/*
	 * The kernel compares the node's times at each read, in fewer instructions when they are of
	 * different seconds: not a matter of chance without a time of access.
	 */
	fd = open(argv[2], (io == io_read ? O_RDONLY | O_NOATIME : O_RDWR) | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", argv[2], strerror(errno));
	batches = calloc(nr_batches, sizeof(*batches));
	if (!nr_batches || !batches)
		die("no memory");
	run_all();
	qsort(batches, nr_batches, sizeof(*batches), compare);
	printf("%" PRIu64 "\n", batches[nr_batches / 4]);
	return 0;
}
