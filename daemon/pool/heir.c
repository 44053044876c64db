// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a process leaves behind that was killed while one of its threads hangs in the kernel.
 *
 * Facts: a lock of an open file (F_OFD_SETLK) goes with its last descriptor, and each thread of a
 * process has all of them until it has ended. fdinfo of a descriptor tells the locks of that open
 * file, and is there for each thread, also when the first one is a zombie. SIGKILL is pending for
 * each thread of a process that is being killed, or was taken by it (PF_SIGNALED); with one pending
 * no system call is begun any more, and no thread (kernel/signal.c, kernel/fork.c).
 */
#include "pool/heir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/str.h"

/* a name of a thread has 15 characters */
#define NAME_LEN 16
/* of a uuid, which ends with 12 in a row */
#define NAME_DIGITS 10
#define POOL_NAME "pool:"
#define READS_NAME "reads-a-disk"
#define SEVERAL_NAME "several-pools"

#define PROC_MAX 16384
/* include/linux/sched.h: it was killed by a signal */
#define PF_SIGNALED 0x400
/* of /proc/PID/stat, behind the name */
#define STATE 0
#define FLAGS 6

/* ---- what this thread does ------------------------------------------------------------------ */

/* @before: what it is called when it works on no pool, which is asked for once */
static _Thread_local struct {
	unsigned int depth;
	struct liteio_uuid pool;
	char before[NAME_LEN];
} work;

/* the end of it: pools that were made at the same time begin with the same */
static void name_of(const struct liteio_uuid *pool, char out[NAME_LEN])
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(pool, text);
	memcpy(stpcpy(out, POOL_NAME), text + LITEIO_UUID_STRLEN - NAME_DIGITS, NAME_DIGITS + 1);
}

void liteio_heir_begin(const struct liteio_uuid *pool)
{
	char name[NAME_LEN];

	if (work.depth++ == 0) {
		work.pool = *pool;
		name_of(pool, name);
		if (!work.before[0])
			prctl(PR_GET_NAME, work.before);
		prctl(PR_SET_NAME, name);
	} else if (!liteio_uuid_equal(&work.pool, pool)) {
		prctl(PR_SET_NAME, SEVERAL_NAME);
	}
}

void liteio_heir_end(void)
{
	if (--work.depth == 0)
		prctl(PR_SET_NAME, work.before);
}

void liteio_heir_reads(void)
{
	prctl(PR_SET_NAME, READS_NAME);
}

/* ---- what is left of another process -------------------------------------------------------- */

/**
 * struct task - a thread of another process
 * @name: what it says that it works on
 * @state: one letter
 * @is_killed: it runs no instruction of its own any more
 */
struct task {
	char name[NAME_LEN];
	char state;
	bool is_killed;
};

static bool is_kill_pending(const char *dir)
{
	char *path _cleanup_free_ = liteio_strf("%s/status", dir), *text _cleanup_free_ = NULL;
	unsigned long long pending;
	const char *line;

	if (liteio_fs_read(path, PROC_MAX, &text, NULL, NULL))
		return false;
	line = strstr(text, "\nSigPnd:");
	return line && sscanf(line, " SigPnd: %llx", &pending) == 1 &&
	       pending & (1ull << (SIGKILL - 1));
}

/* false: it is not there, or can not be told */
static bool look(const char *dir, struct task *ret)
{
	char *path _cleanup_free_ = liteio_strf("%s/stat", dir), *text _cleanup_free_ = NULL;
	char *name, *end, *f[FLAGS + 2];
	unsigned long flags;

	if (liteio_fs_read(path, PROC_MAX, &text, NULL, NULL))
		return false;
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || end - name > NAME_LEN || !end[1] ||
	    liteio_split(end + 2, ' ', f, FLAGS + 2) <= FLAGS ||
	    sscanf(f[FLAGS], "%lu", &flags) != 1)
		return false;
	snprintf(ret->name, NAME_LEN, "%.*s", (int)(end - name - 1), name + 1);
	ret->state = f[STATE][0];
	ret->is_killed = flags & PF_SIGNALED || is_kill_pending(dir);
	return true;
}

/* it has ended, or it will without having written to the pool of that name */
static bool is_harmless(const struct task *t, const char *pool)
{
	if (t->state == 'Z' || t->state == 'X')
		return true;
	if (!t->is_killed)
		return false;
	return !strcmp(t->name, READS_NAME) ||
	       (!strncmp(t->name, POOL_NAME, strlen(POOL_NAME)) && strcmp(t->name, pool) != 0);
}

/* "lock:	1: OFDLCK ADVISORY  WRITE -1 00:05:97 0 0" */
static bool has_lock_line(const char *text, unsigned int byte)
{
	for (const char *line = strstr(text, "lock:"); line; line = strstr(line + 1, "lock:")) {
		unsigned long long first, last;
		int n = sscanf(line, "lock: %*d: OFDLCK %*s WRITE %*d %*s %llu %llu", &first,
			       &last);

		if (n == 2 && first <= byte && byte <= last)
			return true;
	}
	return false;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) != S_ISBLK(b->st_mode))
		return false;
	return S_ISBLK(a->st_mode) ? a->st_rdev == b->st_rdev :
				     a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* @task is "/proc/PID/task/TID" of a thread that has its files still */
static bool has_lock(const char *task, const struct stat *file, unsigned int byte)
{
	char *dir _cleanup_free_ = liteio_strf("%s/fdinfo", task), **names;
	bool has = false;
	size_t n;

	if (liteio_fs_list(dir, &names, &n, NULL))
		return false;
	for (size_t i = 0; i < n && !has; i++) {
		char *fd _cleanup_free_ = liteio_strf("%s/fd/%s", task, names[i]);
		char *info _cleanup_free_ = liteio_strf("%s/%s", dir, names[i]);
		char *text _cleanup_free_ = NULL;
		struct stat st;

		has = !stat(fd, &st) && is_same(&st, file) &&
		      !liteio_fs_read(info, PROC_MAX, &text, NULL, NULL) &&
		      has_lock_line(text, byte);
	}
	liteio_fs_names_free(names, n);
	return has;
}

/* the lock is this process's, and nobody is left of it who may write to the pool of that name */
static bool is_left_by(const char *pid, const struct stat *file, unsigned int byte,
		       const char *pool)
{
	char *dir _cleanup_free_ = liteio_strf("/proc/%s/task", pid), **tids;
	bool has = false, is_safe = true;
	size_t n;

	if (liteio_fs_list(dir, &tids, &n, NULL))
		return false;
	for (size_t i = 0; i < n && is_safe; i++) {
		char *task _cleanup_free_ = liteio_strf("%s/%s", dir, tids[i]);
		struct task t;

		/* one that has gone meanwhile does nothing any more */
		is_safe = look(task, &t) ? is_harmless(&t, pool) : !liteio_fs_exists(task);
		has = has || has_lock(task, file, byte);
	}
	liteio_fs_names_free(tids, n);
	return has && is_safe;
}

static bool is_left(const struct stat *file, unsigned int byte, const struct liteio_uuid *pool)
{
	char name[NAME_LEN], **pids;
	bool left = false;
	size_t n;

	if (!pool || liteio_fs_list("/proc", &pids, &n, NULL))
		return false;
	name_of(pool, name);
	for (size_t i = 0; i < n && !left; i++) {
		struct liteio_process p;
		int pid = atoi(pids[i]);

		left = pid > 0 && !liteio_process_look(pid, &p) && p.is_over &&
		       is_left_by(pids[i], file, byte, name);
	}
	liteio_fs_names_free(pids, n);
	return left;
}

/* ---- locks ---------------------------------------------------------------------------------- */

static struct flock bytes(short type, unsigned int first, unsigned int n)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = first,
			       .l_len = n };
}

static bool is_byte_locked(int fd, unsigned int byte)
{
	struct flock l = bytes(F_WRLCK, byte, 1);

	return fcntl(fd, F_OFD_GETLK, &l) || l.l_type != F_UNLCK;
}

/* the first that is free, or -EBUSY */
static int take_one(int fd)
{
	for (unsigned int i = 0; i < LITEIO_HEIR_LOCKS; i++) {
		struct flock l = bytes(F_WRLCK, i, 1);

		if (!fcntl(fd, F_OFD_SETLK, &l))
			return (int)i;
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
	}
	return -EBUSY;
}

/* all others are free, or left behind */
static bool is_only_one(int fd, int mine, const struct liteio_uuid *pool)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	for (int i = 0; i < LITEIO_HEIR_LOCKS; i++) {
		if (i != mine && is_byte_locked(fd, (unsigned int)i) &&
		    !is_left(&st, (unsigned int)i, pool))
			return false;
	}
	return true;
}

int liteio_heir_lock(int fd, const char *path, const struct liteio_uuid *pool,
		     struct liteio_error *err)
{
	struct flock none = bytes(F_UNLCK, 0, LITEIO_HEIR_LOCKS);
	/* who will have to give way again does not get in the way of others */
	int mine = is_only_one(fd, -1, pool) ? take_one(fd) : -EBUSY;

	if (mine >= 0 && is_only_one(fd, mine, pool))
		return 0;
	if (mine >= 0)
		fcntl(fd, F_OFD_SETLK, &none);
	if (mine >= 0 || mine == -EBUSY)
		return liteio_error_set(err, -EBUSY, "another process has the pool on %s open",
					path);
	return liteio_error_set(err, mine, "cannot lock %s: %s", path,
				liteio_error_str(NULL, mine));
}

bool liteio_heir_is_locked(int fd)
{
	for (unsigned int i = 0; i < LITEIO_HEIR_LOCKS; i++)
		if (is_byte_locked(fd, i))
			return true;
	return false;
}
