// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lock of the node, and its holder.
 *
 * Who takes it does so with the directory locked: looking at the holder, and making a new file in
 * place of one whose holder is dead, is one step for all that start at the same time.
 */
#include "agent/node_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/process.h"
#include "base/str.h"

/* what was killed is gone by then, if it can go */
#define LEAVING_MS 3000
#define LOOK_NS 50000000

/**
 * struct holder - a process, so that another one with its number is told from it
 * @pid: its number
 * @start: when it was started
 * @ns: in which of the namespaces of process numbers
 */
struct holder {
	int pid;
	unsigned long long start;
	char ns[64];
};

static bool my_namespace(char *ret, size_t len)
{
	ssize_t n = readlink("/proc/self/ns/pid", ret, len - 1);

	if (n <= 0)
		return false;
	ret[n] = '\0';
	return true;
}

/* what can not be told is taken for alive */
static bool is_dead(int fd, struct holder *ret)
{
	char text[128] = "", ns[64];
	struct liteio_process p;
	int r;

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0 || !my_namespace(ns, sizeof(ns)) ||
	    sscanf(text, "%d %llu %63s", &ret->pid, &ret->start, ret->ns) != 3 ||
	    strcmp(ret->ns, ns) != 0)
		return false;
	r = liteio_process_look(ret->pid, &p);
	return r ? r == -ENOENT : p.start != ret->start || p.is_over;
}

/* what is not written down can not be told: then it is waited for like any that is alive */
static void write_down(int fd)
{
	struct holder me = { .pid = getpid() };
	_cleanup_free_ char *text = NULL;
	struct liteio_process p;

	if (liteio_process_look(me.pid, &p) || !my_namespace(me.ns, sizeof(me.ns)))
		return;
	me.start = p.start;
	text = liteio_strf("%d %llu %s\n", me.pid, me.start, me.ns);
	if (ftruncate(fd, 0) || pwrite(fd, text, strlen(text), 0) < 0)
		log_warning(NULL, "the lock of the node does not say who holds it: %s",
			    strerror(errno));
}

static int open_lock(const char *path, int flags, struct liteio_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);

	return fd < 0 ? liteio_error_set(err, -errno, "%s: %s", path, strerror(errno)) : fd;
}

/* 0, or -EBUSY with whether its holder is dead, but will not let go */
static int try_lock(int fd, const char *path, struct holder *dead, struct liteio_error *err)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	uint64_t deadline = liteio_now_ms() + LEAVING_MS;

	dead->pid = 0;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		struct holder h;

		if (errno != EWOULDBLOCK)
			return liteio_error_set(err, -errno, "%s: %s", path, strerror(errno));
		if (!is_dead(fd, &h))
			return liteio_error_set(err, -EBUSY, "another agent is running (%s)", path);
		if (liteio_now_ms() >= deadline) {
			*dead = h;
			return -EBUSY;
		}
		nanosleep(&look, NULL);
	}
	return 0;
}

/* the file that the dead one has locked is nobody's any more */
static int take_over(const char *path, const struct holder *dead, int *fd, struct liteio_error *err)
{
	log_warning(NULL,
		    "the agent %d was killed, and hangs in the kernel: what it has open comes when its disk answers",
		    dead->pid);
	if (unlink(path))
		return liteio_error_set(err, -errno, "%s: %s", path, strerror(errno));
	close(*fd);
	*fd = open_lock(path, O_EXCL, err);
	if (*fd < 0)
		return *fd;
	if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
		return liteio_error_set(err, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

/* its number may be another one's by now */
static int watch_end(const struct holder *dead)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, dead->pid, 0);
	struct liteio_process p;

	if (fd < 0 || liteio_process_look(dead->pid, &p) || p.start != dead->start)
		return -1;
	return take_fd(&fd);
}

int liteio_node_lock(const char *state_dir, int *ret_fd, int *ret_dead, struct liteio_error *err)
{
	_cleanup_free_ char *path = liteio_strf("%s/agent.lock", state_dir);
	_cleanup_close_ int dir = -1, fd = -1;
	struct holder dead;
	int r;

	*ret_dead = -1;
	r = liteio_fs_mkdir_p(state_dir, 0755, err);
	if (r < 0)
		return r;
	dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || flock(dir, LOCK_EX) < 0)
		return liteio_error_set(err, -errno, "%s: %s", state_dir, strerror(errno));
	fd = open_lock(path, 0, err);
	if (fd < 0)
		return fd;
	r = try_lock(fd, path, &dead, err);
	if (r == -EBUSY && dead.pid) {
		r = take_over(path, &dead, &fd, err);
		if (!r)
			*ret_dead = watch_end(&dead);
	}
	if (r)
		return r;
	write_down(fd);
	*ret_fd = take_fd(&fd);
	return 0;
}
