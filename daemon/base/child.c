// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Child processes.
 *
 * The process has threads, so between fork() and exec() or _exit() the child may only make
 * async-signal-safe calls: everything it needs is prepared before the fork. The parent waits on a
 * pidfd, never with a blocking waitpid(): a child in uninterruptible sleep can not be reaped. Such
 * a child is handed to a list that later calls look through.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"

#define OUTPUT_MAX (64u * 1024)
/* after SIGKILL a child that can die does so within this */
#define KILL_MS 2000

/* ---- children that did not end in time ---------------------------------------------------- */

/* abandoned children, reaped when they are seen to have ended */
static struct {
	pthread_mutex_t lock;
	pid_t *pids;
	size_t n;
} abandoned = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void abandon(pid_t pid)
{
	liteio_guard(&abandoned.lock);
	abandoned.pids = liteio_realloc(abandoned.pids, abandoned.n + 1, sizeof(pid_t));
	abandoned.pids[abandoned.n++] = pid;
}

static void reap_abandoned(void)
{
	liteio_guard(&abandoned.lock);
	for (size_t i = 0; i < abandoned.n;) {
		if (waitpid(abandoned.pids[i], NULL, WNOHANG) == 0)
			i++;
		else
			abandoned.pids[i] = abandoned.pids[--abandoned.n];
	}
	if (!abandoned.n) {
		free(abandoned.pids);
		abandoned.pids = NULL;
	}
}

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int remaining_ms(uint64_t deadline)
{
	uint64_t now = liteio_now_ms();

	if (now >= deadline)
		return 0;
	return deadline - now > INT32_MAX ? INT32_MAX : (int)(deadline - now);
}

/* wait until the pidfd says that the child has ended; 0 or -ETIMEDOUT */
static int wait_end(int pidfd, uint64_t deadline)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, remaining_ms(deadline));
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : -ETIMEDOUT;
}

/* kill what is still there, reap it or remember it */
static void kill_child(pid_t pid, int pidfd)
{
	kill(pid, SIGKILL);
	if (wait_end(pidfd, liteio_now_ms() + KILL_MS))
		abandon(pid);
	else
		waitpid(pid, NULL, 0);
}

/* ---- programs ----------------------------------------------------------------------------- */

/*
 * In the child: async-signal-safe calls only. Returns when the program can not be run: why. One
 * that can not be read, for ever, must not keep anything of ours open, as below. @parent: it ends
 * with this process; 0: it does not
 */
static int exec_child(const char *const argv[], pid_t parent, int in, int out, int says)
{
	const struct sigaction defaults = { .sa_handler = SIG_DFL };
	sigset_t none;

	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		return errno;
	if (says > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned int)says - 1, 0);
	close_range((unsigned int)says + 1, ~0u, 0);
	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &defaults, NULL);
	/* worker threads block all signals: a program must not inherit that */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* a group of its own, so that a kill reaches what the program has started, too */
	(void)setpgid(0, 0);
	/* nor that we want no large pages (heap.c): it may have much to do with its memory */
	(void)prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	if (parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return errno;
	/* it has ended before that was said: nobody is there to be told */
	if (parent && getppid() != parent)
		_exit(1);
	/* the prototype is historical: the strings are not written to */
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	return errno;
}

/* 0 when it has begun to run, or died before that; else why it does not */
static int wait_exec(int fd, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n, code = 0;

	do {
		n = poll(&p, 1, remaining_ms(deadline));
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -ETIMEDOUT;
	/* nothing: the program's first act was to close it */
	return read(fd, &code, sizeof(code)) == (ssize_t)sizeof(code) ? -code : 0;
}

static _Noreturn void run_child(const char *const argv[], pid_t parent, int in, int out, int says)
{
	int code = exec_child(argv, parent, in, out, says);
	ssize_t n = write(says, &code, sizeof(code));

	_exit(n != (ssize_t)sizeof(code));
}

/*
 * Where there is no room for a copy of all that we may write to, stacks of threads and all, which
 * nobody would have written to (vm.overcommit_memory=2). The child has our memory until the program
 * runs: this thread waits for that, however long it takes, and what is said of large pages there
 * would hold for us, so that the program has to do without them
 */
static int spawn_sharing(const char *const argv[], int in, int out, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int r;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&files);
	r = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	r = r ?: posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	r = r ?: posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
	r = r ?: posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	r = r ?: posix_spawnp(ret, argv[0], &files, &attr, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	if (r)
		*ret = 0;
	return -r;
}

/* there nothing of ours runs in the child: a program has to say it, which is one more to load */
static int spawn_bound(const char *const argv[], int in, int out, pid_t *ret)
{
	static const char *const says[] = { "setpriv", "--pdeathsig", "KILL", "--" };
	const char **all _cleanup_free_ = NULL;
	size_t n = 0;

	while (argv[n])
		n++;
	all = liteio_calloc(LITEIO_ARRAY_SIZE(says) + n + 1, sizeof(*all));
	memcpy(all, says, sizeof(says));
	memcpy(all + LITEIO_ARRAY_SIZE(says), argv, n * sizeof(*all));
	return spawn_sharing(all, in, out, ret);
}

/* @ret is 0 when there is no child */
static int spawn(const char *const argv[], bool is_bound, int out, uint64_t deadline, pid_t *ret)
{
	const pid_t parent = is_bound ? getpid() : 0;
	int in _cleanup_close_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int said _cleanup_close_ = -1, says _cleanup_close_ = -1;
	sigset_t all, before;
	int fds[2], code;

	*ret = 0;
	if (in < 0 || pipe2(fds, O_CLOEXEC))
		return -errno;
	said = fds[0];
	says = fds[1];
	/* a handler of ours must not run in the child */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* unlike fork() it takes no lock that another thread may hold for long */
	*ret = _Fork();
	code = errno;
	if (!*ret)
		run_child(argv, parent, in, out, says);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (*ret < 0) {
		*ret = 0;
		if (code != ENOMEM)
			return -code;
		return (is_bound ? spawn_bound : spawn_sharing)(argv, in, out, ret);
	}
	close(take_fd(&says));
	return wait_exec(said, deadline);
}

/* take what is there; false at the end of the output */
static bool read_output(int fd, struct liteio_buf *out)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (!n)
		return false;
	/* beyond the bound it is read and dropped, so that the program does not block on it */
	if (out->len < OUTPUT_MAX) {
		size_t room = OUTPUT_MAX - out->len;

		liteio_buf_add(out, chunk, (size_t)n < room ? (size_t)n : room);
	}
	return true;
}

/* collect output until the program has ended; what it left running may keep the pipe open */
static int collect(int pidfd, int fd, uint64_t deadline, struct liteio_buf *out)
{
	struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	for (;;) {
		int n = poll(p, 2, remaining_ms(deadline));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -ETIMEDOUT;
		if (p[1].revents && !read_output(fd, out))
			p[1].fd = -1;
		if (p[0].revents)
			break;
	}
	/* the pipe may still hold what was written before the end; the descriptor does not block */
	while (p[1].fd >= 0) {
		struct pollfd rest = { .fd = fd, .events = POLLIN };

		if (poll(&rest, 1, 0) <= 0 || !read_output(fd, out))
			break;
	}
	return 0;
}

/* kill all of it, and say why */
static int give_up(const char *name, pid_t pid, int pidfd, int r, uint64_t timeout_ms,
		   struct liteio_error *err)
{
	kill(-pid, SIGKILL);
	kill_child(pid, pidfd);
	if (r != -ETIMEDOUT)
		return liteio_error_set(err, r, "cannot wait for %s: %s", name,
					liteio_error_str(NULL, r));
	return liteio_error_set(err, r, "%s did not end within %llu ms", name,
				(unsigned long long)timeout_ms);
}

static int run(const char *const argv[], bool is_bound, uint64_t timeout_ms,
	       struct liteio_child_result *ret, struct liteio_error *err)
{
	uint64_t deadline = liteio_now_ms() + timeout_ms;
	int in _cleanup_close_ = -1, out _cleanup_close_ = -1, pidfd _cleanup_close_ = -1;
	struct liteio_buf text = LITEIO_BUF_INIT;
	int fds[2], r, status;
	pid_t pid;

	reap_abandoned();
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return liteio_error_set(err, errno, "cannot make a pipe for %s: %s", argv[0],
					liteio_error_str(NULL, errno));
	in = fds[0];
	out = fds[1];
	/* our end does not block, the program's does: the flag belongs to each end */
	fcntl(out, F_SETFL, 0);
	/* it is not we who are stuck, and it has a bound of its own */
	liteio_worker_allow(timeout_ms);
	r = spawn(argv, is_bound, out, deadline, &pid);
	close(take_fd(&out));
	if (r && (!pid || r != -ETIMEDOUT)) {
		/* it has said so, and ends, if there is one at all */
		if (pid)
			waitpid(pid, NULL, 0);
		liteio_worker_moved();
		return liteio_error_set(err, r, "cannot run %s: %s", argv[0],
					liteio_error_str(NULL, r));
	}
	pidfd = pidfd_of(pid);
	if (!r)
		r = pidfd < 0 ? -errno : collect(pidfd, in, deadline, &text);
	liteio_worker_moved();
	if (r) {
		liteio_buf_fini(&text);
		return give_up(argv[0], pid, pidfd, r, timeout_ms, err);
	}
	waitpid(pid, &status, 0);
	ret->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	ret->status = ret->signal ? 128 + ret->signal : WEXITSTATUS(status);
	ret->output = liteio_buf_take(&text);
	return 0;
}

int liteio_child_run(const char *const argv[], uint64_t timeout_ms,
		     struct liteio_child_result *ret, struct liteio_error *err)
{
	return run(argv, false, timeout_ms, ret, err);
}

int liteio_child_run_bound(const char *const argv[], uint64_t timeout_ms,
			   struct liteio_child_result *ret, struct liteio_error *err)
{
	return run(argv, true, timeout_ms, ret, err);
}

/* a fault of its own, and not what somebody has sent it; and who has no memory left may abort */
static bool is_crash(int signal)
{
	static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(own); i++) {
		if (signal == own[i])
			return true;
	}
	return false;
}

int liteio_child_check_signal(const char *what, const struct liteio_child_result *res,
			      struct liteio_error *err)
{
	const char *name = sigabbrev_np(res->signal), *meaning = sigdescr_np(res->signal);
	bool crashed = is_crash(res->signal);

	if (!res->signal)
		return 0;
	if (!name || !meaning)
		return liteio_error_set(err, -EINTR, "%s was ended by signal %d", what,
					res->signal);
	return liteio_error_set(err, crashed ? -EFAULT : -EINTR, "%s %s SIG%s (%s)", what,
				crashed ? "has crashed:" : "was ended by", name, meaning);
}

/* ---- single writes ------------------------------------------------------------------------ */

/* what the child says over its pipe: the step that failed, or STEP_DONE */
enum write_step {
	STEP_DONE,
	STEP_OPEN,
	STEP_WRITE,
	STEP_READ,
};

#define REPLY_MAX 2048

struct write_report {
	int step;
	int code;
	size_t reply_len;
	char reply[REPLY_MAX];
};

/* a pipe takes so much in one piece, without blocking */
_Static_assert(sizeof(struct write_report) <= PIPE_BUF, "a report is one atomic write");

/* what the child needs; all of it exists before the fork */
struct write_plan {
	const char *path;
	const void *data;
	size_t len;
	size_t reply_len;
	bool want_reply;
};

/* in the child: async-signal-safe calls only */
static enum write_step write_steps(const struct write_plan *plan, struct write_report *rep)
{
	ssize_t n;
	int fd;

	fd = open(plan->path, (plan->want_reply ? O_RDWR : O_WRONLY) | O_CLOEXEC);
	if (fd < 0)
		return STEP_OPEN;
	n = write(fd, plan->data, plan->len);
	if (n >= 0 && (size_t)n != plan->len)
		errno = EIO;
	if (n < 0 || (size_t)n != plan->len)
		return STEP_WRITE;
	if (!plan->want_reply)
		return STEP_DONE;
	n = read(fd, rep->reply, plan->reply_len < REPLY_MAX ? plan->reply_len : REPLY_MAX);
	if (n < 0)
		return STEP_READ;
	rep->reply_len = (size_t)n;
	return STEP_DONE;
}

static _Noreturn void write_child(const struct write_plan *plan, int report_fd)
{
	struct write_report rep = { 0 };
	ssize_t n;

	/*
	 * A child that is stuck for ever must not keep anything of ours open: no lock, no device,
	 * no socket, and not the pipe of another child.
	 */
	if (dup2(report_fd, 0) < 0)
		_exit(1);
	close_range(1, ~0u, 0);
	rep.step = write_steps(plan, &rep);
	rep.code = rep.step == STEP_DONE ? 0 : errno;
	n = write(0, &rep, sizeof(rep));
	_exit(n != (ssize_t)sizeof(rep));
}

static int report_error(const struct write_plan *plan, const struct write_report *rep,
			struct liteio_error *err)
{
	static const char *const verbs[] = {
		[STEP_OPEN] = "open",
		[STEP_WRITE] = "write to",
		[STEP_READ] = "read the answer from",
	};

	return liteio_error_set(err, rep->code, "cannot %s %s: %s", verbs[rep->step], plan->path,
				liteio_error_str(NULL, -rep->code));
}

int liteio_child_write(const char *path, const void *data, size_t len, char *reply,
		       size_t reply_len, uint64_t timeout_ms, struct liteio_error *err)
{
	struct write_plan plan = { path, data, len, reply_len ? reply_len - 1 : 0, !!reply };
	uint64_t deadline = liteio_now_ms() + timeout_ms;
	int in _cleanup_close_ = -1, out _cleanup_close_ = -1, pidfd _cleanup_close_ = -1;
	struct write_report rep;
	int fds[2], r;
	pid_t pid;

	if (reply && !reply_len)
		return liteio_error_set(err, -EINVAL, "no room for the answer of %s", path);
	reap_abandoned();
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return liteio_error_set(err, errno, "cannot make a pipe: %s",
					liteio_error_str(NULL, errno));
	in = fds[0];
	out = fds[1];
	/* unlike fork() it takes no lock that another thread may hold for long */
	pid = _Fork();
	if (pid < 0)
		return liteio_error_set(err, errno, "cannot start a child process: %s",
					liteio_error_str(NULL, errno));
	if (!pid)
		write_child(&plan, out);
	pidfd = pidfd_of(pid);
	r = pidfd < 0 ? -errno : wait_end(pidfd, deadline);
	if (r) {
		kill_child(pid, pidfd);
		return liteio_error_set(err, r, "%s did not take a write within %llu ms", path,
					(unsigned long long)timeout_ms);
	}
	waitpid(pid, NULL, 0);
	if (read(in, &rep, sizeof(rep)) != (ssize_t)sizeof(rep))
		return liteio_error_set(err, -EIO, "the child that wrote to %s was killed", path);
	if (rep.step != STEP_DONE)
		return report_error(&plan, &rep, err);
	if (reply) {
		memcpy(reply, rep.reply, rep.reply_len);
		reply[rep.reply_len] = '\0';
	}
	return 0;
}
