// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The test bed's hand inside a guest: runs the scripts that the host sends over a virtio-serial
 * port and sends back what they print and how they end. It is the guest's first program (pid 1), or
 * a service where systemd is that.
 *
 * Host to guest:  "run ID LENGTH\n" and LENGTH bytes of shell script; "off\n" to switch off.
 * Guest to host:  "ready\n" once; "out ID LENGTH\n" and LENGTH bytes; "end ID CODE\n".
 *
 * One script at a time. Its end is the end of its own process: what it left running in the
 * background goes on, and is not waited for.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT_NAME "liteio.cmd"
#define SCRIPT "/run/liteio-script"

/* The script that is running, if any. */
struct job {
	pid_t pid;
	unsigned long id;
	int out; /* its stdout and stderr */
};

static FILE *port;

static void die(const char *what)
{
	fprintf(stderr, "guestd: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Opens the port of our name, by what sysfs says: there may be no udev yet. */
static int port_open(void)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	int fd = -1;

	if (!dir)
		die("/sys/class/virtio-ports");
	while (fd < 0 && (entry = readdir(dir))) {
		char path[300], name[64] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && strcmp(name, PORT_NAME "\n") == 0) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			fd = open(path, O_RDWR | O_CLOEXEC);
		}
		fclose(f);
	}
	closedir(dir);
	if (fd < 0)
		die("no port called " PORT_NAME);
	return fd;
}

/* Writes all of it; the host reads, or the host is gone and so are we. */
static void port_write(const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fileno(port), p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("write to the host");
		p += n;
		len -= (size_t)n;
	}
}

static void script_save(size_t len)
{
	char buf[4096];
	FILE *f = fopen(SCRIPT, "we");

	if (!f)
		die(SCRIPT);
	while (len) {
		size_t n = fread(buf, 1, len < sizeof(buf) ? len : sizeof(buf), port);

		if (!n || fwrite(buf, 1, n, f) != n)
			die("script from the host");
		len -= n;
	}
	if (fclose(f))
		die(SCRIPT);
}

static void script_exec(int out)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(127);
	execl("/bin/bash", "bash", SCRIPT, (char *)NULL);
	_exit(127);
}

static void job_start(struct job *job, unsigned long id, size_t len)
{
	int fds[2];

	script_save(len);
	if (pipe2(fds, O_CLOEXEC))
		die("pipe");
	job->pid = fork();
	if (job->pid < 0)
		die("fork");
	if (!job->pid)
		script_exec(fds[1]);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	job->out = fds[0];
	job->id = id;
}

/* Sends what the script has printed so far; closes our end when there can be no more. */
static void job_output(struct job *job)
{
	char head[64], buf[16384];
	ssize_t n;

	while (job->out >= 0) {
		n = read(job->out, buf, sizeof(buf));
		if (n < 0)
			return;
		if (n == 0) {
			close(job->out);
			job->out = -1;
			return;
		}
		snprintf(head, sizeof(head), "out %lu %zd\n", job->id, n);
		port_write(head, strlen(head));
		port_write(buf, (size_t)n);
	}
}

static void job_end(struct job *job, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	char line[64];

	job_output(job);
	if (job->out >= 0)
		close(job->out);
	snprintf(line, sizeof(line), "end %lu %d\n", job->id, code);
	port_write(line, strlen(line));
	job->pid = 0;
	job->out = -1;
}

/* As pid 1 we inherit orphans too; all are reaped, only the script's own end is told. */
static void reap(struct job *job)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == job->pid)
			job_end(job, status);
	}
}

static void switch_off(void)
{
	sync();
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	else
		execlp("systemctl", "systemctl", "poweroff", (char *)NULL);
	die("switching off");
}

static void host_says(struct job *job)
{
	unsigned long id;
	char line[128];
	size_t len;

	if (!fgets(line, sizeof(line), port))
		die("read from the host");
	if (strcmp(line, "off\n") == 0)
		switch_off();
	else if (sscanf(line, "run %lu %zu", &id, &len) == 2)
		job_start(job, id, len);
}

int main(void)
{
	struct job job = {.out = -1};
	struct signalfd_siginfo info;
	sigset_t set;
	int chld;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	chld = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	port = fdopen(port_open(), "r+");
	if (!port || chld < 0)
		die("start");
	setvbuf(port, NULL, _IONBF, 0);
	port_write("ready\n", 6);
	for (;;) {
		/* a negative fd is skipped: one script at a time, and no output without one */
		struct pollfd fds[] = {
			{.fd = chld, .events = POLLIN},
			{.fd = job.out, .events = POLLIN},
			{.fd = job.pid ? -1 : fileno(port), .events = POLLIN},
		};

		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[1].revents)
			job_output(&job);
		while (read(chld, &info, sizeof(info)) > 0)
			;
		reap(&job);
		if (fds[2].revents)
			host_says(&job);
	}
}
