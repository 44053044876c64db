/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Child processes, for two things: programs we call (mkfs, thin_check), and single kernel writes
 * that may block without a bound (nvmet namespace disable, fabrics connect, controller delete). A
 * child that does not end in time is killed if it can be, abandoned if it can not (a process in
 * uninterruptible sleep), and reported; the caller goes on.
 */
#ifndef LITEIO_BASE_CHILD_H
#define LITEIO_BASE_CHILD_H

#include <stddef.h>
#include <stdint.h>

struct liteio_error;

/**
 * struct liteio_child_result - what a program said
 * @status: exit status 0..255, or 128 + signal
 * @signal: that has ended it; 0 when none has
 * @output: stdout and stderr together, terminated, cut at 64 KiB; owned by the caller, free()
 */
struct liteio_child_result {
	int status;
	int signal;
	char *output;
};

/**
 * liteio_child_run() - run a program to its end
 * @argv: argv[0] is looked up in PATH; no secret may be in it
 * @timeout_ms: killed after this
 * @ret: filled in only when the program ran and ended
 * @err: why it did not
 *
 * Context: worker thread; blocks at most @timeout_ms plus the time to kill; and, where there is no
 * memory for a copy of this process, until the program's file has been read.
 * Return: 0 when the program ran (look at @ret->status), -ETIMEDOUT, or another negative errno.
 */
int liteio_child_run(const char *const argv[], uint64_t timeout_ms,
		     struct liteio_child_result *ret, struct liteio_error *err);

/**
 * liteio_child_run_bound() - the same of a program that ends with this process
 * @argv: likewise
 * @timeout_ms: likewise
 * @ret: likewise
 * @err: likewise
 *
 * It is killed by the kernel when the calling thread ends, which waits for it here: so when this
 * process does. Where there is no memory for a copy of this process, setpriv(1) says that to the
 * kernel, and a program that can not be run is a status of 126 or 127.
 * Context, Return: as liteio_child_run().
 */
int liteio_child_run_bound(const char *const argv[], uint64_t timeout_ms,
			   struct liteio_child_result *ret, struct liteio_error *err);

/**
 * liteio_child_check_signal() - has it come to its end by itself?
 * @what: the program, and on what; for the sentence
 * @res: how it has ended
 * @err: which signal it was
 *
 * One that a signal has ended says nothing of what it has looked at, and of what it was to do it
 * may have done all, some, or nothing. Return: 0; -EFAULT it has crashed, and may do so again;
 * -EINTR somebody has stopped it, or it had no memory left.
 */
int liteio_child_check_signal(const char *what, const struct liteio_child_result *res,
			      struct liteio_error *err);

/**
 * liteio_child_write() - one open-write(-read)-close in a child process
 * @path: file to open (O_WRONLY, or O_RDWR when @reply is given)
 * @data: bytes of the single write()
 * @len: how many
 * @reply: buffer for one read() after the write, terminated; NULL for none
 * @reply_len: its size
 * @timeout_ms: the child is abandoned after this
 * @err: what failed
 *
 * Context: worker thread; blocks at most @timeout_ms. @data does not show up in any argv.
 * Return: 0, -ETIMEDOUT when the kernel did not come back (the write may still take effect later!),
 * or the negative errno of the system call that failed.
 */
int liteio_child_write(const char *path, const void *data, size_t len, char *reply,
		       size_t reply_len, uint64_t timeout_ms, struct liteio_error *err);

#endif
