// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes blocks that say who wrote them, and checks who did: the judge of fences.
 *
 *	stampwriter write DEVICE GEN BLOCKS WRITERS	until SIGTERM; each writer rewrites its own
 *							blocks over and over, errors or not; who is
 *							refused takes a breath
 *	stampwriter fill DEVICE GEN BLOCKS		every block once
 *	stampwriter check DEVICE GEN BLOCKS		is every block of GEN and whole?
 *	stampwriter verify DEVICE GEN BLOCKS FILE	is every block at least as new as FILE says?
 *	stampwriter verify DEVICE GEN BLOCKS FILE OLD	... here, or on the device OLD?
 *
 * "write" prints "running" when every writer has had a first block acknowledged. On SIGTERM it
 * waits for its writers, prints its counts, and writes what was acknowledged (a sequence number
 * per block) to the file that the variable STAMPS names. With STAMPS each write is flushed before
 * it counts as acknowledged: it has to survive a power cut. On SIGUSR1 it prints its counts at
 * once.
 *
 * With SAY=NAME every write is flushed, too, and said when it is acknowledged, "NAME BLOCK SEQ", or
 * "failed NAME BLOCK": for who is to know of it when the power is cut. FLUSH=fsync has it flushed
 * by a call of its own instead of with the write (FUA). FROM=N: sequences begin above N, for a
 * device that has blocks of an earlier one.
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
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define BLOCK 4096
#define MAGIC 0x6c697465696f3031ULL
#define WRITERS_MAX 64
/* what is refused at once would else take the CPU of those who look what else happens */
#define BREATH_NS 10000000

struct stamp {
	uint64_t magic;
	uint64_t gen;
	uint64_t block;
	uint64_t seq;
	uint64_t sum;
};

struct writer {
	pthread_t thread;
	unsigned int id;
};

static int fd;
static const char *say; /* name of what is written to, or NULL */
static bool has_fsync;
static uint64_t gen, nr_blocks;
static unsigned int nr_writers;
static uint64_t *acked; /* per block: sequence of the newest write that was acknowledged */
static atomic_bool stop;
static atomic_uint_fast64_t nr_acked, nr_failed;
static atomic_uint nr_begun;

static void *block_buffer(void)
{
	void *buffer = NULL;

	if (posix_memalign(&buffer, BLOCK, BLOCK))
		die("no memory");
	return buffer;
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static uint64_t sum_of(const struct stamp *s)
{
	return mix(s->gen) ^ mix(s->block + 1) ^ mix(s->seq + 2);
}

/* the stamp at both ends of the block, so that a torn block shows */
static void stamp_block(void *buffer, uint64_t block, uint64_t seq)
{
	struct stamp s = { .magic = MAGIC, .gen = gen, .block = block, .seq = seq };

	s.sum = sum_of(&s);
	memset(buffer, (int)seq, BLOCK);
	memcpy(buffer, &s, sizeof(s));
	memcpy((char *)buffer + BLOCK - sizeof(s), &s, sizeof(s));
}

static bool read_stamp(const void *buffer, uint64_t block, struct stamp *ret)
{
	struct stamp tail;

	memcpy(ret, buffer, sizeof(*ret));
	memcpy(&tail, (const char *)buffer + BLOCK - sizeof(tail), sizeof(tail));
	return !memcmp(ret, &tail, sizeof(tail)) && ret->magic == MAGIC && ret->block == block &&
	       ret->sum == sum_of(ret);
}

static void *writer_run(void *arg)
{
	struct writer *w = arg;
	uint64_t mine = nr_blocks / nr_writers, first = w->id * mine, block, seq = 0;
	const struct timespec breath = { .tv_nsec = BREATH_NS };
	const char *from = getenv("FROM");
	uint64_t random = mix(w->id + 1 + (from ? number(from) : 0));
	void *buffer = block_buffer();
	bool has_begun = false;

	if (from)
		seq = number(from);
	while (!stop) {
		random = mix(random + 1);
		block = first + random % mine;
		stamp_block(buffer, block, ++seq);
		if (pwrite(fd, buffer, BLOCK, (off_t)(block * BLOCK)) != BLOCK ||
		    (has_fsync && fsync(fd))) {
			nr_failed++;
			if (say)
				printf("failed %s %" PRIu64 "\n", say, block);
			nanosleep(&breath, NULL);
			continue;
		}
		acked[block] = seq;
		if (say)
			printf("%s %" PRIu64 " %" PRIu64 "\n", say, block, seq);
		nr_acked++;
		if (!has_begun)
			nr_begun++;
		has_begun = true;
	}
	free(buffer);
	return NULL;
}

static void print_counts(void)
{
	printf("acked %" PRIu64 " failed %" PRIu64 "\n", (uint64_t)nr_acked, (uint64_t)nr_failed);
	fflush(stdout);
}

static void save_acked(void)
{
	const char *name = getenv("STAMPS");
	FILE *f;

	if (!name)
		return;
	f = fopen(name, "we");
	if (!f || fwrite(acked, sizeof(*acked), nr_blocks, f) != nr_blocks || fclose(f))
		die("%s: %s", name, strerror(errno));
}

static int do_write(const char *writers)
{
	static struct writer w[WRITERS_MAX];
	struct timespec tick = { .tv_nsec = 10000000 };
	bool is_told = false;
	sigset_t signals;
	unsigned int i;
	int sig;

	nr_writers = (unsigned int)number(writers);
	if (!nr_writers || nr_writers > WRITERS_MAX || nr_blocks < nr_writers)
		die("1 to %d writers, and no fewer blocks", WRITERS_MAX);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	for (i = 0; i < nr_writers; i++) {
		w[i].id = i;
		if (pthread_create(&w[i].thread, NULL, writer_run, &w[i]))
			die("no thread");
	}
	for (;;) {
		sig = sigtimedwait(&signals, NULL, is_told ? NULL : &tick);
		if (sig == SIGTERM)
			break;
		if (sig == SIGUSR1)
			print_counts();
		if (!is_told && nr_begun == nr_writers) {
			puts("running");
			fflush(stdout);
			is_told = true;
		}
	}
	stop = true;
	for (i = 0; i < nr_writers; i++)
		pthread_join(w[i].thread, NULL);
	print_counts();
	save_acked();
	return 0;
}

static int do_fill(void)
{
	void *buffer = block_buffer();
	uint64_t block;

	for (block = 0; block < nr_blocks; block++) {
		stamp_block(buffer, block, 0);
		if (pwrite(fd, buffer, BLOCK, (off_t)(block * BLOCK)) != BLOCK)
			die("block %" PRIu64 ": %s", block, strerror(errno));
	}
	free(buffer);
	return fsync(fd) ? 1 : 0;
}

static void read_block(int from, void *buffer, uint64_t block)
{
	if (pread(from, buffer, BLOCK, (off_t)(block * BLOCK)) != BLOCK)
		die("block %" PRIu64 ": %s", block, strerror(errno));
}

/* is it there, stamped by the generation and no older than that? */
static bool is_new(int from, void *buffer, uint64_t block, uint64_t at_least)
{
	struct stamp s;

	read_block(from, buffer, block);
	return read_stamp(buffer, block, &s) && s.gen == gen && s.seq >= at_least;
}

/* with at_least: the blocks that it has a number for; they may be on the other device, if any */
static int do_check(const uint64_t *at_least, int other)
{
	uint64_t block, bad = 0, torn = 0, old = 0, there = 0;
	void *buffer = block_buffer();
	struct stamp s;

	for (block = 0; block < nr_blocks; block++) {
		if (at_least && !at_least[block])
			continue;
		if (other >= 0 && is_new(other, buffer, block, at_least[block])) {
			there++;
			continue;
		}
		read_block(fd, buffer, block);
		if (!read_stamp(buffer, block, &s))
			torn++;
		else if (s.gen != gen)
			bad++;
		else if (at_least && s.seq < at_least[block])
			old++;
	}
	free(buffer);
	printf("of another generation %" PRIu64 " torn %" PRIu64 " lost %" PRIu64, bad, torn, old);
	if (other >= 0)
		printf(" on the other device %" PRIu64, there);
	putchar('\n');
	return bad || torn || old;
}

static int do_verify(const char *name, const char *old)
{
	FILE *f = fopen(name, "re");
	int other = -1;

	if (!f || fread(acked, sizeof(*acked), nr_blocks, f) != nr_blocks)
		die("%s: cannot be read", name);
	fclose(f);
	if (old) {
		other = open(old, O_RDONLY | O_DIRECT | O_CLOEXEC);
		if (other < 0)
			die("%s: %s", old, strerror(errno));
	}
	return do_check(acked, other);
}

int main(int argc, char **argv)
{
	const char *flush;

	if (argc < 5)
		die("usage: stampwriter write|fill|check|verify DEVICE GEN BLOCKS [WRITERS|FILE [OLD]]");
	say = getenv("SAY");
	flush = getenv("FLUSH");
	has_fsync = flush && !strcmp(flush, "fsync");
	/* each line by itself, also into a pipe */
	if (say)
		setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open(argv[2], O_RDWR | O_DIRECT | O_CLOEXEC |
				   ((getenv("STAMPS") || say) && !has_fsync ? O_DSYNC : 0));
	if (fd < 0)
		die("%s: %s", argv[2], strerror(errno));
	gen = number(argv[3]);
	nr_blocks = number(argv[4]);
	acked = calloc(nr_blocks, sizeof(*acked));
	if (!acked)
		die("no memory");
	if (!strcmp(argv[1], "write") && argc == 6)
		return do_write(argv[5]);
	if (!strcmp(argv[1], "fill"))
		return do_fill();
	if (!strcmp(argv[1], "check"))
		return do_check(NULL, -1);
	if (!strcmp(argv[1], "verify") && argc >= 6 && argc <= 7)
		return do_verify(argv[5], argv[6]);
	die("no command \"%s\" with %d arguments", argv[1], argc - 2);
}
