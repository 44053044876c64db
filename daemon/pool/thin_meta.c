// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata of dm-thin outside the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "base/worker.h"
#include "pool/ondisk.h"
#include "pool/thin_meta.h"

/* all metadata are read: at most 15 GiB, on a slow disk */
#define TIMEOUT_MS (60u * 60 * 1000)
#define CHUNK (1u << 20)
/* metadata change once a second, or with each flush of a volume that has new blocks */
#define DEVICES_TRIES 50u
/* in the lane, for numbers that can be had by other means */
#define NEAR_TRIES 3u

/* what a program says of how far it is, and of what it found well */
static bool is_progress(const char *line)
{
	static const char *const words[] = { "examining ", "checking ", "TRANSACTION_ID=",
					     "METADATA_FREE_BLOCKS=" };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(words); i++) {
		if (!strncmp(line, words[i], strlen(words[i])))
			return true;
	}
	return !*line;
}

/* the last line that complains; the order of all of them is not that in which they were said */
static const char *complaint(char *output)
{
	const char *found = "it does not say why";
	char *rest = output, *line;

	while ((line = strsep(&rest, "\n"))) {
		line += strspn(line, " ");
		if (!is_progress(line))
			found = line;
	}
	return found;
}

/*
 * run it; 0, -EUCLEAN with what it says, -EFAULT when it has crashed, or another errno when it did
 * not come to its end: then it says nothing of what it has looked at. It ends with the agent: it
 * has the metadata for itself, and the next agent's would find them in use, which it could not tell
 * from damaged
 */
static int run(const char *const argv[], struct liteio_error *err)
{
	struct liteio_child_result res;
	char *output _cleanup_free_ = NULL;
	int r = liteio_child_run_bound(argv, TIMEOUT_MS, &res, err);

	/* whether it is there is not what the caller asks */
	if (r == -ENOENT || r == -EACCES || r == -ENOEXEC)
		return -EIO;
	if (r)
		return r;
	output = res.output;
	if (!res.status)
		return 0;
	/* by setpriv (base/child.h), which has the shell's numbers: it could not be begun */
	if (res.status == 126 || res.status == 127)
		return liteio_error_set(err, -EIO, "%s can not be run: %s", argv[0],
					complaint(output));
	r = liteio_child_check_signal(argv[0], &res, err);
	if (r)
		return r;
	return liteio_error_set(err, -EUCLEAN, "%s: %s", argv[0], complaint(output));
}

/* what a program has written there is on the disk, not only in its memory */
static int flush(const char *path, struct liteio_error *err)
{
	int fd _cleanup_close_ = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fsync(fd))
		return liteio_error_set(err, errno, "cannot flush %s: %s", path,
					liteio_error_str(NULL, -errno));
	return 0;
}

/*
 * What thin_check has found is no damage, and only has to be put right some time: blocks that
 * nobody has, from version 1.0 on
 */
static bool is_untidy(const char *path)
{
	const char *const check[] = { "thin_check", "--ignore-non-fatal-errors", path, NULL };

	return !run(check, NULL);
}

static int read_block(void *arg, uint64_t block, uint8_t *ret)
{
	ssize_t n;

	if (block > INT64_MAX / LITEIO_ONDISK_BLOCK)
		return -EUCLEAN;
	n = pread(*(const int *)arg, ret, LITEIO_ONDISK_BLOCK,
		  (off_t)(block * LITEIO_ONDISK_BLOCK));
	if (n < 0)
		return -errno;
	/* behind their end */
	return n == LITEIO_ONDISK_BLOCK ? 0 : -EUCLEAN;
}

/* before 1.0 it does not compare what is in use with what devices have */
static int look_for_leaks(const char *path, struct liteio_error *err)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	uint64_t n = 0;
	int r = -errno;

	if (fd >= 0) {
		liteio_worker_allow(TIMEOUT_MS);
		r = liteio_thin_tree_leaked(read_block, &fd, &n);
		liteio_worker_moved();
	}
	/* nobody knows; nor is there anything to be checked in what is not there */
	if (r == -E2BIG || r == -EBUSY || r == -ENODATA)
		return 0;
	if (r == -EUCLEAN)
		return liteio_error_set(err, r,
					"what they say is in use is not what their devices have");
	if (r)
		return liteio_error_set(err, r, "cannot read %s: %s", path,
					liteio_error_str(NULL, r));
	if (!n)
		return 0;
	liteio_error_set(err, -EUCLEAN, "%" PRIu64 " blocks are in use, and nobody has them", n);
	return LITEIO_THIN_LEAKY;
}

int liteio_thin_meta_check(const char *path, bool clear, struct liteio_error *err)
{
	const char *const check[] = { "thin_check", path, NULL };
	const char *const check_and_clear[] = { "thin_check", "--clear-needs-check-flag", path,
						NULL };
	int r;

	r = run(clear ? check_and_clear : check, err);
	if (clear)
		return r ? r : flush(path, err);
	if (r == -EUCLEAN && is_untidy(path))
		return LITEIO_THIN_LEAKY;
	return r ? r : look_for_leaks(path, err);
}

int liteio_thin_meta_free_leaks(const char *path, struct liteio_error *err)
{
	const char *const mend[] = { "thin_check", "--auto-repair", path, NULL };
	int r;

	r = run(mend, err);
	if (!r)
		r = flush(path, err);
	return r ? r : liteio_thin_meta_check(path, false, err);
}

/* ---- superblock ----------------------------------------------------------------------------- */

int liteio_thin_meta_superblock(const char *path, struct liteio_thin_superblock *ret)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	uint8_t *block _cleanup_free_ = aligned_alloc(LITEIO_ONDISK_BLOCK, LITEIO_ONDISK_BLOCK);
	ssize_t n;

	if (!block)
		abort();
	n = fd < 0 ? -1 : pread(fd, block, LITEIO_ONDISK_BLOCK, 0);
	if (n < (ssize_t)LITEIO_ONDISK_BLOCK)
		return n < 0 ? -errno : -EIO;
	return liteio_thin_parse_superblock(block, ret);
}

/* ---- devices -------------------------------------------------------------------------------- */

/* the sentence for what reading devices came to */
static int say_devices(const char *path, int r, struct liteio_error *err)
{
	if (r == -EAGAIN)
		return liteio_error_set(err, r, "its metadata change faster than they can be read");
	if (r)
		return liteio_error_set(err, r, "cannot read which thin devices %s has: %s", path,
					liteio_error_str(NULL, r));
	return 0;
}

int liteio_thin_meta_devices(const char *path, struct liteio_thin_device **ret, size_t *ret_n,
			     struct liteio_error *err)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	int r = fd < 0 ? -errno : -EAGAIN;

	for (unsigned int i = 0; i < DEVICES_TRIES && r == -EAGAIN; i++)
		r = liteio_thin_tree_devices(read_block, &fd, ret, ret_n);
	return say_devices(path, r, err);
}

void liteio_thin_meta_touch(const char *path)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	struct liteio_thin_device *devices = NULL;
	size_t n = 0;

	if (fd >= 0 && !liteio_thin_tree_devices(read_block, &fd, &devices, &n))
		free(devices);
}

int liteio_thin_meta_near(const char *path, uint32_t id, struct liteio_thin_device **ret,
			  size_t *ret_n, struct liteio_error *err)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	int r = fd < 0 ? -errno : -EAGAIN;

	for (unsigned int i = 0; i < NEAR_TRIES && r == -EAGAIN; i++)
		r = liteio_thin_tree_near(read_block, &fd, id, ret, ret_n);
	return say_devices(path, r, err);
}

/* ---- dump ----------------------------------------------------------------------------------- */

/**
 * struct reader - takes what thin_dump writes, as it comes: it may be more than there is memory
 * @fd: of a pipe
 * @parser: what is made of it
 */
struct reader {
	int fd;
	struct liteio_thin_parser *parser;
};

static void *read_all(void *arg)
{
	struct reader *x = arg;
	char chunk[1u << 16];

	for (;;) {
		ssize_t n = read(x->fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		liteio_thin_parser_feed(x->parser, chunk, (size_t)n);
	}
}

/* run thin_dump into the pipe, to which @out leads, and read it out */
static int dump_through(const char *const argv[], int in, int out, struct liteio_thin_dump *ret,
			int *ret_ran, struct liteio_error *ran_err)
{
	struct reader x = { .fd = in, .parser = liteio_thin_parser_new() };
	pthread_t thread;
	int r = pthread_create(&thread, NULL, read_all, &x);

	if (r) {
		close(out);
		(void)liteio_thin_parser_end(x.parser, ret);
		return -r;
	}
	*ret_ran = run(argv, ran_err);
	/* the last writer: the reader comes to an end */
	close(out);
	pthread_join(thread, NULL);
	return liteio_thin_parser_end(x.parser, ret);
}

int liteio_thin_meta_dump(const char *path, bool with_mappings, struct liteio_thin_dump *ret,
			  struct liteio_error *err)
{
	char out[64];
	const char *argv[] = { "thin_dump", "-o", out, path, NULL, NULL };
	struct liteio_error ran_err = LITEIO_ERROR_INIT;
	struct liteio_thin_dump d = { 0 };
	int in _cleanup_close_ = -1;
	int fds[2], ran = 0, r;

	if (pipe2(fds, O_CLOEXEC))
		return liteio_error_set(err, errno, "cannot make a pipe for thin_dump: %s",
					liteio_error_str(NULL, -errno));
	in = fds[0];
	/* what it says of how it went is apart from that */
	snprintf(out, sizeof(out), "/proc/%d/fd/%d", (int)getpid(), fds[1]);
	if (!with_mappings) {
		argv[3] = "--skip-mappings";
		argv[4] = path;
	}
	r = dump_through(argv, in, fds[1], &d, &ran, &ran_err);
	/* one that was stopped has said nothing that could be relied on */
	if (ran && (ran != -EUCLEAN || r == -ENODATA)) {
		liteio_thin_dump_fini(&d);
		return liteio_error_set(err, ran, "%s", ran_err.msg);
	}
	if (r)
		return liteio_error_set(err, r, "cannot read what thin_dump says of %s", path);
	/* what it has complained of is not all there is, however it looks */
	if (ran)
		d.is_whole = false;
	*ret = d;
	return 0;
}

/* ---- copy, repair --------------------------------------------------------------------------- */

static int copy_all(int in, int out, void *chunk)
{
	for (;;) {
		ssize_t n = read(in, chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return fsync(out) ? -errno : 0;
		for (ssize_t done = 0; done < n;) {
			ssize_t w = write(out, (char *)chunk + done, (size_t)(n - done));

			if (w < 0 && errno == EINTR)
				continue;
			if (w <= 0)
				return w ? -errno : -ENOSPC;
			done += w;
		}
	}
}

int liteio_thin_meta_copy(const char *from, const char *to, struct liteio_error *err)
{
	int in _cleanup_close_ = open(from, O_RDONLY | O_DIRECT | O_CLOEXEC);
	int out _cleanup_close_ = open(to, O_WRONLY | O_DIRECT | O_CLOEXEC);
	void *chunk _cleanup_free_ = aligned_alloc(LITEIO_ONDISK_BLOCK, CHUNK);
	int r;

	if (!chunk)
		abort();
	r = in < 0 || out < 0 ? -errno : copy_all(in, out, chunk);
	if (r)
		return liteio_error_set(err, r, "cannot copy metadata from %s to %s: %s", from, to,
					liteio_error_str(NULL, r));
	return 0;
}

int liteio_thin_meta_repair(const char *from, const char *to, const struct liteio_thin_dump *known,
			    struct liteio_error *err)
{
	char txid[24], block[24], blocks[24];
	const char *const plain[] = { "thin_repair", "-i", from, "-o", to, NULL };
	const char *const told[] = { "thin_repair", "-i", from, "-o", to,
				     "--transaction-id", txid, "--data-block-size", block,
				     "--nr-data-blocks", blocks, NULL };
	int r;

	snprintf(txid, sizeof(txid), "%" PRIu64, known->txid);
	snprintf(block, sizeof(block), "%" PRIu32, known->block_sectors);
	snprintf(blocks, sizeof(blocks), "%" PRIu64, known->data_blocks);
	/* what metadata say of themselves is believed first */
	r = run(plain, err);
	if (r == -EUCLEAN || r == -EFAULT)
		r = run(told, err);
	/* nothing will come of it another time: it has met with nothing but these metadata */
	if (r == -EFAULT)
		return -EUCLEAN;
	return r ? r : flush(to, err);
}
