// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loop devices: files as block devices, with direct I/O.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/block.h"
#include "host/kmodule.h"

#define CONTROL "/dev/loop-control"
/* somebody else may take the free device we were told of; then the next one */
#define ATTACH_TRIES 32
#define LOOP_PATH "/dev/loop"

/* does this loop device stand on this very file? By inode: names differ, in a container */
static bool is_on(int fd, const struct stat *file, struct loop_info64 *ret)
{
	return !ioctl(fd, LOOP_GET_STATUS64, ret) && ret->lo_inode == file->st_ino &&
	       ret->lo_device == file->st_dev;
}

static bool stands_on(const char *loop, const struct stat *file)
{
	int fd _cleanup_close_ = open(loop, O_RDONLY | O_CLOEXEC);
	struct loop_info64 info;

	return fd >= 0 && is_on(fd, file, &info);
}

int liteio_block_loop_find(const char *file, char *ret_path, size_t path_len,
			   struct liteio_error *err)
{
	struct stat st;
	char **names;
	size_t n;
	int r;

	if (stat(file, &st))
		return liteio_error_set(err, errno, "cannot look at %s: %s", file,
					liteio_error_str(NULL, -errno));
	r = liteio_fs_list("/sys/class/block", &names, &n, err);
	if (r)
		return r;
	r = -ENODEV;
	for (size_t i = 0; i < n && r; i++) {
		char *path _cleanup_free_ = NULL, *backing _cleanup_free_ = NULL;

		if (strncmp(names[i], "loop", 4) != 0)
			continue;
		backing = liteio_strf("/sys/class/block/%s/loop/backing_file", names[i]);
		path = liteio_strf("/dev/%s", names[i]);
		if (!liteio_fs_exists(backing) || !stands_on(path, &st))
			continue;
		snprintf(ret_path, path_len, "%s", path);
		r = 0;
	}
	liteio_fs_names_free(names, n);
	if (r)
		return liteio_error_set(err, r, "%s has no loop device", file);
	return 0;
}

/*
 * Does its filesystem take direct I/O? The loop driver of 6.1 does not know it of an overlay of one
 * that does not: it says yes, and all reads fail then. Who opens it so is told.
 */
static bool takes_direct_io(const char *file)
{
	int fd _cleanup_close_ = open(file, O_RDONLY | O_DIRECT | O_CLOEXEC);

	return fd >= 0;
}

/* 0, -EBUSY when somebody else was faster, or another negative errno */
static int configure(const char *loop, int file_fd, const char *file, struct liteio_error *err)
{
	struct loop_config config = { .fd = (uint32_t)file_fd };
	int fd _cleanup_close_ = open(loop, O_RDWR | O_CLOEXEC);

	/* gone: somebody else has had it made anew (remove_kept()), and it is as good as taken */
	if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV))
		return liteio_error_set(err, -EBUSY, "cannot open %s: it was removed", loop);
	if (fd < 0)
		return liteio_error_set(err, errno, "cannot open %s: %s", loop,
					liteio_error_str(NULL, -errno));
	config.info.lo_flags = takes_direct_io(file) ? LO_FLAGS_DIRECT_IO : 0;
	snprintf((char *)config.info.lo_file_name, sizeof(config.info.lo_file_name), "%s", file);
	if (!ioctl(fd, LOOP_CONFIGURE, &config))
		return 0;
	return liteio_error_set(err, errno, "cannot set up %s on %s: %s", loop, file,
				liteio_error_str(NULL, -errno));
}

static char *queue_attr(const char *loop, const char *name)
{
	return liteio_strf("/sys/class/block/%s/queue/%s", strrchr(loop, '/') + 1, name);
}

/*
 * A loop device remembers liteio_block_keep() when it goes to another file, and no kernel lets
 * that be taken back: with no discards its granularity is 0, of which nothing is a multiple. So the
 * device goes, once nobody has it open, and who asks for a free one gets it anew. True if it went.
 */
static bool remove_kept(int control, const char *loop)
{
	char *hw _cleanup_free_ = queue_attr(loop, "discard_max_hw_bytes");
	char *attr _cleanup_free_ = queue_attr(loop, "discard_max_bytes");
	char *can _cleanup_free_ = NULL, *takes _cleanup_free_ = NULL;

	if (liteio_fs_read_line(hw, &can, NULL) || !strcmp(can, "0") ||
	    liteio_fs_read_line(attr, &takes, NULL) || strcmp(takes, "0"))
		return false;
	return !ioctl(control, LOOP_CTL_REMOVE, strtol(loop + strlen(LOOP_PATH), NULL, 10));
}

static bool is_in_use(const char *loop)
{
	struct liteio_block_info i;

	return !liteio_block_info(loop, &i, NULL) && (i.n_holders || i.is_mounted || i.is_swap);
}

/*
 * One that was let go of while udevd, say, had it open goes with the last who closes it, also below
 * us: no more. That of a mount stays as it is; whoever wants to use it is told. False: it has gone
 */
static bool take_over(const char *loop, const char *file)
{
	int fd _cleanup_close_ = open(loop, O_RDONLY | O_CLOEXEC);
	struct loop_info64 info;
	struct stat st;

	if (fd < 0 || stat(file, &st) || !is_on(fd, &st, &info))
		return false;
	if (!(info.lo_flags & LO_FLAGS_AUTOCLEAR) || is_in_use(loop))
		return true;
	info.lo_flags &= ~(uint32_t)LO_FLAGS_AUTOCLEAR;
	return !ioctl(fd, LOOP_SET_STATUS64, &info);
}

int liteio_block_loop_attach(const char *file, char *ret_path, size_t path_len,
			     struct liteio_error *err)
{
	char *real _cleanup_free_ = realpath(file, NULL);
	int file_fd _cleanup_close_ = -1, control _cleanup_close_ = -1;
	struct stat st;
	int r;

	if (!real)
		return liteio_error_set(err, errno, "cannot find %s: %s", file,
					liteio_error_str(NULL, -errno));
	if (!liteio_block_loop_find(real, ret_path, path_len, NULL) && take_over(ret_path, real))
		return 0;
	file_fd = open(real, O_RDWR | O_CLOEXEC);
	if (file_fd < 0 || fstat(file_fd, &st))
		return liteio_error_set(err, errno, "cannot open %s: %s", real,
					liteio_error_str(NULL, -errno));
	if (!S_ISREG(st.st_mode))
		return liteio_error_set(err, -EINVAL, "%s is not a regular file", real);
	if (!liteio_fs_exists(CONTROL)) {
		r = liteio_kmodule_load("loop", err);
		if (r)
			return r;
	}
	control = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (control < 0)
		return liteio_error_set(err, errno, "cannot open %s: %s", CONTROL,
					liteio_error_str(NULL, -errno));
	for (int tries = 0;; tries++) {
		int nr = ioctl(control, LOOP_CTL_GET_FREE);

		if (nr < 0)
			return liteio_error_set(err, errno, "there is no free loop device: %s",
						liteio_error_str(NULL, -errno));
		snprintf(ret_path, path_len, LOOP_PATH "%d", nr);
		if (tries < ATTACH_TRIES && remove_kept(control, ret_path))
			continue;
		r = configure(ret_path, file_fd, real, err);
		if (r != -EBUSY || tries == ATTACH_TRIES)
			return r;
	}
}

int liteio_block_loop_detach(const char *path, struct liteio_error *err)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_CLOEXEC), control _cleanup_close_ = -1;

	if (fd < 0)
		return errno == ENOENT ? 0 :
					 liteio_error_set(err, errno, "cannot open %s: %s", path,
							  liteio_error_str(NULL, -errno));
	/* the kernel would let go later, when the last user leaves: say it now instead */
	if (is_in_use(path))
		return liteio_error_set(err, -EBUSY, "%s is in use", path);
	if (ioctl(fd, LOOP_CLR_FD) && errno != ENXIO)
		return liteio_error_set(err, errno, "cannot let go of %s: %s", path,
					liteio_error_str(NULL, -errno));
	/* the next one may be somebody else's; if it can not go now, attaching it makes it go */
	close(take_fd(&fd));
	control = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (control >= 0)
		(void)remove_kept(control, path);
	return 0;
}

/* a file without a name, where @file will be; a descriptor */
static int open_nameless(const char *file)
{
	char *dir _cleanup_free_ = liteio_strdup(file), *end = strrchr(dir, '/');

	if (!end)
		return open(".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	end[end == dir] = '\0';
	return open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
}

int liteio_block_file_create(const char *file, uint64_t size_bytes, struct liteio_error *err)
{
	int fd _cleanup_close_ = open_nameless(file);
	bool is_named = fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR);
	char path[32];
	int r;

	/* not every filesystem has such files */
	if (is_named)
		fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return liteio_error_set(err, errno, "cannot create %s: %s", file,
					liteio_error_str(NULL, -errno));
	r = -posix_fallocate(fd, 0, (off_t)size_bytes);
	if (!r && fsync(fd))
		r = -errno;
	if (r) {
		if (is_named)
			unlink(file);
		return liteio_error_set(err, r, "cannot make %s %llu bytes long: %s", file,
					(unsigned long long)size_bytes, liteio_error_str(NULL, r));
	}
	if (is_named)
		return 0;
	/* whoever is killed has left nothing, or all of it */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, AT_FDCWD, file, AT_SYMLINK_FOLLOW))
		return liteio_error_set(err, errno, "cannot create %s: %s", file,
					liteio_error_str(NULL, -errno));
	return 0;
}

/* the file below, as it is called now, opened for writing; a descriptor or a negative errno */
static int open_backing(const char *loop, struct liteio_error *err)
{
	char *link _cleanup_free_ = NULL, *file _cleanup_free_ = NULL;
	struct stat st;
	int fd, r;

	link = liteio_strf("/sys/class/block/%s/loop/backing_file", strrchr(loop, '/') + 1);
	r = liteio_fs_read_line(link, &file, err);
	if (r)
		return r;
	fd = open(file, O_RDWR | O_CLOEXEC);
	/* the name may be that of another file by now */
	if (fd >= 0 && !fstat(fd, &st) && stands_on(loop, &st))
		return fd;
	r = fd < 0 ? -errno : -ESTALE;
	if (fd >= 0)
		close(fd);
	return liteio_error_set(err, r, "cannot open %s, the file below %s: %s", file, loop,
				liteio_error_str(NULL, r));
}

/* what is there must not become shorter below whoever uses it */
static int file_extend(int fd, uint64_t has, uint64_t size_bytes, struct liteio_error *err)
{
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return liteio_error_set(err, errno, "cannot look at the file: %s",
					liteio_error_str(NULL, -errno));
	if ((uint64_t)st.st_size / 512 * 512 < has)
		return liteio_error_set(err, -EINVAL,
					"the file has %llu bytes now, and %llu before: a pool can not shrink",
					(unsigned long long)st.st_size, (unsigned long long)has);
	if (!size_bytes)
		return 0;
	if ((uint64_t)st.st_size > size_bytes)
		return liteio_error_set(err, -EINVAL,
					"the file has %llu bytes already: a pool can not shrink",
					(unsigned long long)st.st_size);
	if ((uint64_t)st.st_size == size_bytes)
		return 0;
	r = -posix_fallocate(fd, st.st_size, (off_t)size_bytes - st.st_size);
	if (!r && fsync(fd))
		r = -errno;
	/* what was gained of a filesystem that is full now is given back */
	if (r && ftruncate(fd, st.st_size))
		r = -errno;
	return r ? liteio_error_set(err, r, "cannot make the file %llu bytes long: %s",
				    (unsigned long long)size_bytes, liteio_error_str(NULL, r)) :
		   0;
}

int liteio_block_file_extend(const char *file, uint64_t size_bytes, struct liteio_error *err)
{
	int fd _cleanup_close_ = open(file, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return liteio_error_set(err, errno, "cannot open %s: %s", file,
					liteio_error_str(NULL, -errno));
	return file_extend(fd, 0, size_bytes, err);
}

int liteio_block_loop_resize(const char *path, uint64_t size_bytes, struct liteio_error *err)
{
	int fd _cleanup_close_ = -1, loop _cleanup_close_ = open(path, O_RDWR | O_CLOEXEC);
	uint64_t has;
	int r;

	if (loop < 0)
		return liteio_error_set(err, errno, "cannot open %s: %s", path,
					liteio_error_str(NULL, -errno));
	r = liteio_block_size(path, &has, err);
	if (r)
		return r;
	fd = open_backing(path, err);
	r = fd < 0 ? fd : file_extend(fd, has, size_bytes, err);
	if (!r && ioctl(loop, LOOP_SET_CAPACITY, 0))
		r = liteio_error_set(err, errno, "cannot make %s as large as its file: %s", path,
				     liteio_error_str(NULL, -errno));
	return r;
}

int liteio_block_on_device(const char *path,
			   int (*fn)(const char *device, void *arg, struct liteio_error *err),
			   void *arg, struct liteio_error *err)
{
	char loop[64];
	struct stat st;
	bool was_there;
	int r;

	if (stat(path, &st))
		return liteio_error_set(err, errno, "cannot look at %s: %s", path,
					liteio_error_str(NULL, -errno));
	if (!S_ISREG(st.st_mode))
		return fn(path, arg, err);
	was_there = !liteio_block_loop_find(path, loop, sizeof(loop), NULL);
	r = liteio_block_loop_attach(path, loop, sizeof(loop), err);
	if (r)
		return r;
	r = fn(loop, arg, err);
	if (!was_there)
		liteio_block_loop_detach(loop, NULL);
	return r;
}
