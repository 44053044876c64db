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

/*
 * What is not written down can not be told: then it is waited for like any that is alive. The new
 * text first, then its length: killed in between, what hangs is still there.
 */
static void write_down(int fd, const struct holders *dead)
{
	struct holder me = { .pid = getpid() };
	struct liteio_buf text = LITEIO_BUF_INIT;
	struct liteio_process p;

	if (liteio_process_look(me.pid, &p) || !my_namespace(me.ns, sizeof(me.ns)))
		return;
	me.start = p.start;
	add_holder(&text, &me);
	for (size_t i = 0; i < dead->n; i++)
		add_holder(&text, &dead->all[i]);
	if (pwrite(fd, text.data, text.len, 0) < 0 || ftruncate(fd, (off_t)text.len))
		log_warning(NULL, "the lock of the node does not say who holds it: %s",
			    strerror(errno));
	liteio_buf_fini(&text);
}

static int open_lock(const char *path, int flags, struct liteio_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);

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

int liteio_node_lock(const char *state_dir, int *ret_fd, struct liteio_dead *ret_dead,
		     struct liteio_error *err)
{
	_cleanup_free_ char *path = liteio_strf("%s/agent.lock", state_dir);
	_cleanup_close_ int dir = -1, fd = -1;
	struct holders was = { 0 }, dead = { 0 };
	bool is_taken = false;
	int r;

	ret_dead->n = 0;
	r = liteio_fs_mkdir_p(state_dir, 0755, err);
	if (r < 0)
		return r;
	dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || flock(dir, LOCK_EX) < 0)
		return liteio_error_set(err, -errno, "%s: %s", state_dir, strerror(errno));
	fd = open_lock(path, 0, err);
	if (fd < 0)
		return fd;
	r = try_lock(fd, path, &was, err);
	if (r == -EBUSY && was.n) {
		is_taken = true;
		r = take_over(path, &was.all[0], &fd, err);
	}
	if (r)
		return r;
	/* who let go of it himself is gone */
	keep_dead(&was, is_taken ? 0 : 1, &dead, ret_dead);
	write_down(fd, &dead);
	*ret_fd = take_fd(&fd);
	return 0;
}
