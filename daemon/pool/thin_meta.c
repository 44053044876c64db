// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata of dm-thin outside the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/ondisk.h"
#include "pool/thin_meta.h"

/* all metadata are read: at most 15 GiB, on a slow disk */
#define TIMEOUT_MS (60u * 60 * 1000)
#define CHUNK (1u << 20)

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

/* run it; 0, or -EUCLEAN with what it says */
static int run(const char *const argv[], struct liteio_error *err)
{
	struct liteio_child_result res;
	char *output _cleanup_free_ = NULL;
	int r;

	r = liteio_child_run(argv, TIMEOUT_MS, &res, err);
	if (r)
		return r;
	output = res.output;
	if (!res.status)
		return 0;
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

int liteio_thin_meta_check(const char *path, bool clear, struct liteio_error *err)
{
	const char *const check[] = { "thin_check", path, NULL };
	const char *const check_and_clear[] = { "thin_check", "--clear-needs-check-flag", path,
						NULL };
	int r;

	r = run(clear ? check_and_clear : check, err);
	if (r || !clear)
		return r;
	return flush(path, err);
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

/* ---- dump ----------------------------------------------------------------------------------- */

static int parse_file(int fd, struct liteio_thin_dump *ret)
{
	off_t len = lseek(fd, 0, SEEK_END);
	void *text;
	int r;

	if (len <= 0)
		return -ENODATA;
	text = mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return -errno;
	r = liteio_thin_dump_parse(text, (size_t)len, ret);
	munmap(text, (size_t)len);
	return r;
}

int liteio_thin_meta_dump(const char *path, bool with_mappings, struct liteio_thin_dump *ret,
			  struct liteio_error *err)
{
	char out[64];
	const char *argv[] = { "thin_dump", "-o", out, path, NULL, NULL };
	int fd _cleanup_close_ = memfd_create("thin_dump", MFD_CLOEXEC);
	struct liteio_error ran_err = LITEIO_ERROR_INIT;
	int ran, r;

	if (fd < 0)
		return liteio_error_set(err, errno, "there is no memory for what is in %s", path);
	/* it may be larger than what a child may say, and is nothing to leave on a disk */
	snprintf(out, sizeof(out), "/proc/%d/fd/%d", (int)getpid(), fd);
	if (!with_mappings) {
		argv[3] = "--skip-mappings";
		argv[4] = path;
	}
	ran = run(argv, &ran_err);
	if (ran && ran != -EUCLEAN)
		return liteio_error_set(err, ran, "%s", ran_err.msg);
	r = parse_file(fd, ret);
	if (r == -ENODATA && ran)
		return liteio_error_set(err, ran, "%s", ran_err.msg);
	if (r)
		return liteio_error_set(err, r, "cannot read what thin_dump says of %s", path);
	/* what it has complained of is not all there is, however it looks */
	if (ran)
		ret->is_whole = false;
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
	r = run(plain, NULL);
	if (r == -EUCLEAN)
		r = run(told, err);
	return r ? r : flush(to, err);
}
