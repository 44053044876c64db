// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signals as something to wait for.
 */
#include "ctl/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"

int liteio_signals_open(const int *signals, struct liteio_error *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (; *signals; signals++)
		sigaddset(&set, *signals);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return liteio_error_set(err, -errno, "cannot wait for signals: %s",
					liteio_error_str(NULL, -errno));
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return fd;
}

int liteio_signals_take(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}
