// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes a device in every way there is, at random but repeatably, from many threads.
 *
 *	scribble DEVICE SEED THREADS
 *
 * Each thread writes, forces to the medium, discards and zeroes ranges of random length anywhere
 * on the device, one at a time, with data that is never the same, until SIGTERM, or until it is
 * refused. What a device cannot do is left out. Prints "running" when every thread has begun, and
 * at the end what was done, how much of it was refused, and the seed.
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
#include <sys/uio.h>
#include <unistd.h>

#include <linux/fs.h>

#include "tool.h"

#define THREADS_MAX 64
#define ALIGN 4096
#define BLOCKS_MAX 32

enum way {
	WAY_WRITE,
	WAY_FORCED,
	WAY_DISCARD,
	WAY_ZEROES,
	WAY_NR
};

static const char *const way_names[WAY_NR] = { "written", "forced", "discarded", "zeroed" };

static int fd;
static uint64_t nr_blocks, seed;
static atomic_bool stop;
static atomic_uint nr_begun;
static atomic_uint_fast64_t done[WAY_NR], nr_refused;

/* splitmix64: a step, and a number */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool put(uint64_t *state, char *buffer, uint64_t at, uint64_t len, int flags)
{
	struct iovec io = { buffer, len };
	uint64_t i, word;

	for (i = 0; i < len; i += sizeof(word)) {
		word = next(state);
		memcpy(buffer + i, &word, sizeof(word));
	}
	return pwritev2(fd, &io, 1, (off_t)at, flags) == (ssize_t)len;
}

static bool scribble(enum way way, uint64_t *state, char *buffer, uint64_t at, uint64_t len)
{
	uint64_t range[2] = { at, len };

	switch (way) {
	case WAY_DISCARD:
		return !ioctl(fd, BLKDISCARD, range) || errno == EOPNOTSUPP;
	case WAY_ZEROES:
		return !ioctl(fd, BLKZEROOUT, range);
	default:
		return put(state, buffer, at, len, way == WAY_FORCED ? RWF_DSYNC : 0);
	}
}

/* four writes to one of each other way */
static enum way choose(uint64_t draw)
{
	return draw % 7 < WAY_NR ? (enum way)(draw % 7) : WAY_WRITE;
}

static void *run(void *arg)
{
	uint64_t state = seed * THREADS_MAX + (uint64_t)(uintptr_t)arg, at, len;
	char *buffer;

	if (posix_memalign((void **)&buffer, ALIGN, BLOCKS_MAX * ALIGN))
		die("no memory");
	nr_begun++;
	while (!stop) {
		enum way way = choose(next(&state));

		len = next(&state) % BLOCKS_MAX + 1;
		at = next(&state) % (nr_blocks - len);
		if (!scribble(way, &state, buffer, at * ALIGN, len * ALIGN)) {
			nr_refused++;
			break;
		}
		done[way]++;
	}
	free(buffer);
	return NULL;
}

static void on_term(int sig)
{
	(void)sig;
	stop = true;
}

int main(int argc, char **argv)
{
	struct timespec tick = { .tv_nsec = 1000000 };
	pthread_t threads[THREADS_MAX];
	uint64_t bytes, i, nr;

	if (argc != 4)
		die("usage: scribble DEVICE SEED THREADS");
	fd = open(argv[1], O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes))
		die("%s: %s", argv[1], strerror(errno));
	nr_blocks = bytes / ALIGN;
	seed = number(argv[2]);
	nr = number(argv[3]);
	if (nr > THREADS_MAX || nr_blocks <= BLOCKS_MAX)
		die("at most %d threads, more than %d blocks", THREADS_MAX, BLOCKS_MAX);
	signal(SIGTERM, on_term);
	for (i = 0; i < nr; i++) {
		if (pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)i))
			die("no thread");
	}
	while (nr_begun < nr)
		nanosleep(&tick, NULL);
	puts("running");
	fflush(stdout);
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < WAY_NR; i++)
		printf("%s %" PRIu64 " ", way_names[i], (uint64_t)done[i]);
	printf("refused %" PRIu64 " seed %" PRIu64 "\n", (uint64_t)nr_refused, seed);
	return 0;
}
