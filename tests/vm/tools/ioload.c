// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * I/O of one kind from many threads, one at a time each, directly to a device: food for limits.
 *
 *	ioload read|write|flush|discard|zeroes DEVICE BYTES THREADS [COUNT]
 *
 * Every thread goes on until it has done COUNT, or for ever, but stops at its first failure. On
 * SIGTERM all stop after what they are doing. Prints "running" when every thread has begun, and at
 * the end what was done, how many threads have failed, and how long the slowest I/O took.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>

#include "tool.h"

#define THREADS_MAX 64
#define ALIGN 4096

static int fd;
static uint64_t nr_bytes, nr_blocks, count;
static atomic_bool stop;
static atomic_uint nr_begun;
static atomic_uint_fast64_t nr_done, nr_failed, slowest_ns;

typedef bool (*io_fn)(void *buffer, uint64_t at);

static bool io_read(void *buffer, uint64_t at)
{
	return pread(fd, buffer, nr_bytes, (off_t)at) == (ssize_t)nr_bytes;
}

static bool io_write(void *buffer, uint64_t at)
{
	return pwrite(fd, buffer, nr_bytes, (off_t)at) == (ssize_t)nr_bytes;
}

static bool io_flush(void *buffer, uint64_t at)
{
	(void)buffer;
	(void)at;
	return !fdatasync(fd);
}

static bool io_discard(void *buffer, uint64_t at)
{
	uint64_t range[2] = { at, nr_bytes };

	(void)buffer;
	return !ioctl(fd, BLKDISCARD, range);
}

static bool io_zeroes(void *buffer, uint64_t at)
{
	uint64_t range[2] = { at, nr_bytes };

	(void)buffer;
	return !ioctl(fd, BLKZEROOUT, range);
}

static const struct {
	const char *name;
	io_fn io;
} kinds[] = {
	{ "read", io_read },
	{ "write", io_write },
	{ "flush", io_flush },
	{ "discard", io_discard },
	{ "zeroes", io_zeroes },
};

static io_fn io;

static void note_slowest(uint64_t ns)
{
	uint64_t seen = slowest_ns;

	while (ns > seen && !atomic_compare_exchange_weak(&slowest_ns, &seen, ns))
		;
}

static void *run(void *arg)
{
	uint64_t i, start, at = (uint64_t)(uintptr_t)arg;
	void *buffer = NULL;

	if (posix_memalign(&buffer, ALIGN, nr_bytes ? nr_bytes : ALIGN))
		die("no memory");
	memset(buffer, 0xa5, nr_bytes);
	nr_begun++;
	for (i = 0; !stop && (!count || i < count); i++) {
		at = at * 6364136223846793005ULL + 1442695040888963407ULL;
		start = now();
		if (!io(buffer, (at >> 33) % nr_blocks * nr_bytes)) {
			nr_failed++;
			break;
		}
		note_slowest(now() - start);
		nr_done++;
	}
	free(buffer);
	return NULL;
}

/* takes the signals for all threads */
static void *wait_for_end(void *arg)
{
	sigset_t *signals = arg;
	int sig;

	sigwait(signals, &sig);
	stop = true;
	return NULL;
}

static void run_all(unsigned int nr)
{
	pthread_t threads[THREADS_MAX], waiter;
	struct timespec tick = { .tv_nsec = 1000000 };
	sigset_t signals;
	unsigned int i;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (pthread_create(&waiter, NULL, wait_for_end, &signals))
		die("no thread");
	for (i = 0; i < nr; i++) {
		if (pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)(i + 1)))
			die("no thread");
	}
	while (nr_begun < nr)
		nanosleep(&tick, NULL);
	puts("running");
	fflush(stdout);
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	uint64_t size = 0, nr;
	size_t i;

	if (argc < 5 || argc > 6)
		die("usage: ioload read|write|flush|discard|zeroes DEVICE BYTES THREADS [COUNT]");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(argv[1], kinds[i].name))
			io = kinds[i].io;
	}
	if (!io)
		die("no kind is called \"%s\"", argv[1]);
	nr_bytes = number(argv[3]);
	nr = number(argv[4]);
	count = argc > 5 ? number(argv[5]) : 0;
	if (!nr || nr > THREADS_MAX)
		die("1 to %d threads", THREADS_MAX);
	fd = open(argv[2], (io == io_read ? O_RDONLY : O_RDWR) | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size))
		die("%s: %s", argv[2], strerror(errno));
	nr_blocks = nr_bytes ? size / nr_bytes : 1;
	if (!nr_blocks)
		die("the device is too small");
	run_all((unsigned int)nr);
	printf("done %" PRIu64 " failed %" PRIu64 " slowest_ms %" PRIu64 "\n", (uint64_t)nr_done,
	       (uint64_t)nr_failed, (uint64_t)slowest_ns / 1000000);
	return 0;
}
