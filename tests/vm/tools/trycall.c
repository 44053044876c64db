// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which calls somebody may make: each that is named, or all, and a line of it, "NAME ok" or
 * "NAME ERRNO".
 *
 *	trycall [NAME...]
 *
 * Who runs it has to be root, but for what is taken away from it; /run/trycall.other is a file of
 * another user whom alone it is for. None of the calls leaves anything behind that matters.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

#define OTHER "/run/trycall.other"
#define OWN "/run/trycall.own"

/* 0 or -1, of what is a descriptor, too */
static int ended(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

static int try_reboot(void)
{
	/* what Ctrl-Alt-Del does: the machine goes on */
	return reboot(RB_DISABLE_CAD);
}

static int try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? -1 : 0;
}

static int try_mount(void)
{
	if (mount("none", "/mnt", "tmpfs", 0, NULL))
		return -1;
	return umount2("/mnt", MNT_DETACH);
}

static int try_unshare(void)
{
	return unshare(CLONE_NEWNS);
}

static int try_swapoff(void)
{
	/* nobody swaps to it: who may ask is told so */
	return swapoff(OTHER) && errno == EINVAL ? 0 : -1;
}

static int try_module(void)
{
	/* who may ask is told that it is no file */
	return syscall(SYS_finit_module, -1, "", 0) && errno == EBADF ? 0 : -1;
}

static int try_personality(void)
{
	return personality(ADDR_NO_RANDOMIZE) < 0 ? -1 : 0;
}

static int try_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static int try_realtime(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	return sched_setscheduler(0, SCHED_FIFO, &param);
}

static int try_clock(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME, &now) ? -1 : clock_settime(CLOCK_REALTIME, &now);
}

static int try_suid(void)
{
	int fd = open(OWN, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		die("%s: %s", OWN, strerror(errno));
	return fchmod(fd, 04755);
}

static int try_chown(void)
{
	int fd = open(OWN, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		die("%s: %s", OWN, strerror(errno));
	return fchown(fd, (uid_t)-1, 6);
}

static int try_write_other(void)
{
	return ended(open(OTHER, O_WRONLY | O_CLOEXEC));
}

static int try_read_other(void)
{
	return ended(open(OTHER, O_RDONLY | O_CLOEXEC));
}

static int try_chmod_other(void)
{
	return chmod(OTHER, 0600);
}

static int try_mknod(void)
{
	int r = mknod("/run/trycall.node", S_IFBLK | 0600, 7 << 8);

	if (!r)
		unlink("/run/trycall.node");
	return r;
}

static int try_setuid(void)
{
	return setuid(65534);
}

static int try_bind_80(void)
{
	const struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(80) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(fd, (const struct sockaddr *)&a, sizeof(a));
}

static int try_raw(void)
{
	return ended(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}

static int try_packet(void)
{
	return ended(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int try_unix(void)
{
	return ended(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_inet(void)
{
	return ended(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_netlink(void)
{
	return ended(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
}

static int try_control(void)
{
	return ended(open("/dev/mapper/control", O_RDWR | O_CLOEXEC));
}

static int try_kmsg(void)
{
	return ended(open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
}

static const struct {
	const char *name;
	int (*try)(void);
} calls[] = {
	{ "reboot", try_reboot },
	{ "ptrace", try_ptrace },
	{ "mount", try_mount },
	{ "unshare", try_unshare },
	{ "swapoff", try_swapoff },
	{ "personality", try_personality },
	{ "code", try_code },
	{ "realtime", try_realtime },
	{ "clock", try_clock },
	{ "suid", try_suid },
	{ "write-other", try_write_other },
	{ "read-other", try_read_other },
	{ "chmod-other", try_chmod_other },
	{ "mknod", try_mknod },
	{ "setuid", try_setuid },
	{ "bind-80", try_bind_80 },
	{ "raw", try_raw },
	{ "packet", try_packet },
	{ "kmsg", try_kmsg },
	{ "unix", try_unix },
	{ "inet", try_inet },
	{ "netlink", try_netlink },
	{ "control", try_control },
	{ "module", try_module },
	{ "chown", try_chown },
};

#define N_CALLS (sizeof(calls) / sizeof(calls[0]))

/* each in a process of its own: what one has taken on the next one does not have */
static void try_one(size_t i)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		errno = 0;
		_exit(calls[i].try() ? errno : 0);
	}
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid: %s", strerror(errno));
	unlink(OWN);
	if (WIFSIGNALED(status))
		printf("%s %s\n", calls[i].name, sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		printf("%s %s\n", calls[i].name, strerrorname_np(WEXITSTATUS(status)));
	else
		printf("%s ok\n", calls[i].name);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < N_CALLS; i++) {
		bool is_wanted = argc == 1;

		for (int a = 1; a < argc; a++)
			is_wanted |= !strcmp(argv[a], calls[i].name);
		if (is_wanted)
			try_one(i);
	}
	return 0;
}
