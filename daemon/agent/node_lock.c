// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lock of the node, and its holder.
 *
 * Who takes it does so with the directory locked: looking at the holder, and putting a new file in
 * place of his, is one step for all that start at the same time. The new file is locked and written
 * before it has the name: whenever its writer is killed, what has the name is whole, and tells of
 * all that hang.
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
#include "pool/step.h"

/* what was killed is gone by then, if it can go */
#define LEAVING_MS 3000
#define LOOK_NS 50000000
#define TEXT_MAX 1024

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

/* as they are written down: one a line, who has the lock, and then who hung when that one came */
struct holders {
	struct holder all[1 + LITEIO_DEAD_MAX];
	size_t n;
};

static bool my_namespace(char *ret, size_t len)
{
	ssize_t n = readlink("/proc/self/ns/pid", ret, len - 1);

	if (n <= 0)
		return false;
	ret[n] = '\0';
	return true;
}

static void read_down(int fd, struct holders *ret)
{
	char text[TEXT_MAX] = "", *lines[1 + LITEIO_DEAD_MAX];
	size_t n;

	ret->n = 0;
	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return;
	n = liteio_split(text, '\n', lines, LITEIO_ARRAY_SIZE(lines));
	for (; ret->n < n; ret->n++) {
		struct holder *h = &ret->all[ret->n];

		if (sscanf(lines[ret->n], "%d %llu %63s", &h->pid, &h->start, h->ns) != 3)
			break;
	}
}

/* what can not be told is taken for alive */
static bool is_dead(const struct holder *h)
{
	struct liteio_process p;
	char ns[64];
	int r;

	if (!my_namespace(ns, sizeof(ns)) || strcmp(h->ns, ns) != 0)
		return false;
	r = liteio_process_look(h->pid, &p);
	return r ? r == -ENOENT : p.start != h->start || p.is_over;
}

static void add_holder(struct liteio_buf *text, const struct holder *h)
{
	liteio_buf_addf(text, "%d %llu %s\n", h->pid, h->start, h->ns);
}

/* who can not be told is not written down, nor is anybody else: that one is taken for alive */
static int write_down(int fd, const struct holders *dead)
{
	struct holder me = { .pid = getpid() };
	struct liteio_buf text = LITEIO_BUF_INIT;
	struct liteio_process p;
	ssize_t n;
	int r = 0;

	if (liteio_process_look(me.pid, &p) || !my_namespace(me.ns, sizeof(me.ns))) {
		log_warning(NULL, "the lock of the node does not say who holds it");
		return 0;
	}
	me.start = p.start;
	add_holder(&text, &me);
	for (size_t i = 0; i < dead->n; i++)
		add_holder(&text, &dead->all[i]);
	n = pwrite(fd, text.data, text.len, 0);
	if (n != (ssize_t)text.len)
		r = n < 0 ? -errno : -ENOSPC;
	liteio_buf_fini(&text);
	return r;
}

static int open_lock(const char *path, int flags, struct liteio_error *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0600);

	return fd < 0 ? liteio_error_set(err, -errno, "%s: %s", path, strerror(errno)) : fd;
}

/*
 * 0, or -EBUSY. @was: who has held it, and whom that one knew to hang; of somebody who is dead, but
 * will not let go, when that is -EBUSY, and none of one that lives
 */
static int try_lock(int fd, const char *path, struct holders *was, struct liteio_error *err)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	uint64_t deadline = liteio_now_ms() + LEAVING_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int r = -errno;

		read_down(fd, was);
		if (r == -EWOULDBLOCK && was->n && is_dead(&was->all[0])) {
			if (liteio_now_ms() >= deadline)
				return -EBUSY;
			nanosleep(&look, NULL);
			continue;
		}
		was->n = 0;
		if (r != -EWOULDBLOCK)
			return liteio_error_set(err, r, "%s: %s", path, strerror(-r));
		return liteio_error_set(err, -EBUSY, "another agent is running (%s)", path);
	}
	read_down(fd, was);
	return 0;
}

/* a new file in place of the old one, locked and written; another one's lock is nobody's then */
static int put_in_place(const char *path, const struct holders *dead, int *ret_fd,
			struct liteio_error *err)
{
	_cleanup_free_ char *new = liteio_strf("%s.new", path);
	_cleanup_close_ int fd = -1;
	int r;

	/* of one that was killed */
	(void)unlink(new);
	fd = open_lock(new, O_CREAT | O_EXCL, err);
	if (fd < 0)
		return fd;
	liteio_step("agent-lock:made");
	r = flock(fd, LOCK_EX | LOCK_NB) ? -errno : write_down(fd, dead);
	if (!r)
		liteio_step("agent-lock:written");
	if (!r && rename(new, path))
		r = -errno;
	if (r) {
		(void)unlink(new);
		return liteio_error_set(err, r, "%s: %s", new, strerror(-r));
	}
	liteio_step("agent-lock:there");
	*ret_fd = take_fd(&fd);
	return 0;
}

/* its number may be another one's by now */
static int watch_end(const struct holder *dead)
{
	_cleanup_close_ int fd = -1;
	struct liteio_process p;

	if (!is_dead(dead))
		return -1;
	fd = (int)syscall(SYS_pidfd_open, dead->pid, 0);
	if (fd < 0 || liteio_process_look(dead->pid, &p) || p.start != dead->start)
		return -1;
	return take_fd(&fd);
}

/* those of @was from the first one on that are not gone: all that hang, and each is watched */
static void keep_dead(const struct holders *was, size_t first, struct holders *ret,
		      struct liteio_dead *ret_dead)
{
	for (size_t i = first; i < was->n && ret_dead->n < LITEIO_DEAD_MAX; i++) {
		int fd = watch_end(&was->all[i]);

		if (fd < 0)
			continue;
		ret->all[ret->n++] = was->all[i];
		ret_dead->fds[ret_dead->n++] = fd;
	}
}

/*
 * For want of room it is kept in the old file, if nobody else has that: which says nothing then, as
 * he that it told of is gone, and so would be taken for dead
 */
static int keep_old(int *fd, struct liteio_error *err, int r)
{
	log_warning(NULL, "the lock of the node does not say who holds it: %s",
		    liteio_error_str(err, r));
	return ftruncate(*fd, 0) ? liteio_error_set(err, -errno, "agent.lock: %s", strerror(errno))
				 : 0;
}

int liteio_node_lock(const char *state_dir, int *ret_fd, struct liteio_dead *ret_dead,
		     struct liteio_error *err)
{
	_cleanup_free_ char *path = liteio_strf("%s/agent.lock", state_dir);
	_cleanup_close_ int dir = -1, old = -1, fd = -1;
	struct holders was = { 0 }, dead = { 0 };
	bool is_taken;
	int r;

	ret_dead->n = 0;
	r = liteio_fs_mkdir_p(state_dir, 0755, err);
	if (r < 0)
		return r;
	dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || flock(dir, LOCK_EX) < 0)
		return liteio_error_set(err, -errno, "%s: %s", state_dir, strerror(errno));
	old = open_lock(path, O_CREAT, err);
	if (old < 0)
		return old;
	r = try_lock(old, path, &was, err);
	is_taken = r == -EBUSY && was.n;
	if (r && !is_taken)
		return r;
	if (is_taken)
		log_warning(NULL,
			    "the agent %d was killed, and hangs in the kernel: what it has open comes when its disk answers",
			    was.all[0].pid);
	/* who let go of it himself is gone */
	keep_dead(&was, is_taken ? 0 : 1, &dead, ret_dead);
	r = put_in_place(path, &dead, &fd, err);
	if (r && !is_taken) {
		r = keep_old(&old, err, r);
		fd = take_fd(&old);
	}
	if (r)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}
