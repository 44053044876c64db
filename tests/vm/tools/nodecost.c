// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an operation costs the whole machine, in a guest with one CPU whose clock counts
 * instructions.
 *
 *	nodecost run COMMAND [ARGUMENT...]	a command, from fork to its end
 *	nodecost ask SOCKET			requests to the agent, one in each line of standard
 *						input: METHOD PATH [BODY]
 *	nodecost together SOCKET		the same, all at once, as one operation
 *	nodecost keep SOCKET			the same over one connection, one after the other,
 *						and nothing is measured or said
 *	nodecost start SOCKET PATH COMMAND [ARGUMENT...]
 *						a server, from fork until it says that it is
 *						ready, as to systemd, and answers a GET of that
 *						path; it is left running. Nobody asks meanwhile:
 *						what that costs is no part of its start
 *	nodecost forget PREFIX			devices of device-mapper are taken out, unmeasured:
 *						dmsetup would need minutes for a thousand
 *	nodecost message DEVICE			each line of standard input is a message to a thin
 *						pool, unmeasured: likewise
 *	nodecost nothing			says what is taken off, in instructions
 *
 * Prints for each operation two numbers: instructions executed by everybody (processes, kernel,
 * interrupts) until nothing of it goes on, and nanoseconds until it had ended, waits included. To
 * wait until nothing goes on costs some tens of thousands of instructions by itself (the sleep, the
 * ticks before the clock stops): what that is with nothing before it, the least of a few times, is
 * taken off. A command that fails and an answer that is not 2xx end the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nodecost.h"
#include "tool.h"

/* how long what an operation has left behind may go on; an idle guest jumps over it */
#define SETTLE_NS 300000000
/*
 * How long nobody asks for anything before each operation: longer than the agent takes an answer
 * of a pool, or of its disk, for a new one (a second). Who asks again within that gets it for less
 * than who comes to a quiet node.
 */
#define REST_NS 1500000000
/* so often nothing is measured before something is */
#define NOTHINGS 5

struct mark {
	uint64_t clock;
	uint64_t idle;
};

static void wait_ns(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ns / 1000000000),
		.tv_nsec = (long)(ns % 1000000000),
	};

	nanosleep(&ts, NULL);
}

/*
 * How long the CPU has done nothing, to the nanosecond; counted when it ends doing so. The kernel
 * counts apart what it has slept while somebody waited for a disk.
 */
static uint64_t idle_ns(void)
{
	static const char *const words[] = { ".idle_sleeptime", ".iowait_sleeptime" };
	FILE *f = fopen("/proc/timer_list", "re");
	uint64_t idle = 0, ns;
	unsigned int found = 0;
	char line[256], *at;

	if (!f)
		die("/proc/timer_list: %s", strerror(errno));
	while (found < 2 && fgets(line, sizeof(line), f)) {
		at = strstr(line, words[found]);
		if (!at || sscanf(at + strlen(words[found]), " : %" SCNu64, &ns) != 1)
			continue;
		idle += ns;
		found++;
	}
	fclose(f);
	if (found < 2)
		die("/proc/timer_list does not say how long the CPU was idle");
	return idle;
}

/* reading the idle time is no part of what is measured */
static void begin(struct mark *m)
{
	wait_ns(REST_NS);
	m->idle = idle_ns();
	m->clock = now();
}

/* instructions since then, when nothing goes on any more */
static uint64_t executed(const struct mark *m)
{
	uint64_t all;

	wait_ns(SETTLE_NS);
	all = now() - m->clock;
	return all - (idle_ns() - m->idle);
}

static uint64_t nothing = UINT64_MAX;

static void measure_nothing(void)
{
	struct mark m;
	uint64_t n;

	for (unsigned int i = 0; i < NOTHINGS; i++) {
		begin(&m);
		n = executed(&m);
		if (n < nothing)
			nothing = n;
	}
}

static void end(const struct mark *m)
{
	uint64_t elapsed = now() - m->clock, n = executed(m);

	printf("%" PRIu64 " %" PRIu64 "\n", n > nothing ? n - nothing : 0, elapsed);
	fflush(stdout);
}

static void run(char **argv)
{
	struct mark m;
	int status, null;
	pid_t pid;

	begin(&m);
	pid = fork();
	if (!pid) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork: %s", strerror(errno));
	end(&m);
	if (status)
		die("%s has failed", argv[0]);
}

/* -1: nobody is there */
static int try_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die("%s is too long", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (fd < 0)
		die("no socket: %s", strerror(errno));
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

static int connect_to(const char *path)
{
	int fd = try_connect(path);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

/* METHOD PATH [BODY] as a request in @ret; @line is cut up */
static void make_request(char *line, bool keep, char *ret, size_t room)
{
	char *method, *target, *body;

	line[strcspn(line, "\n")] = '\0';
	method = strtok_r(line, " ", &body);
	target = strtok_r(NULL, " ", &body);
	if (!target)
		die("a request is METHOD PATH [BODY]");
	snprintf(ret, room,
		 "%s %s HTTP/1.1\r\nHost: agent\r\nConnection: %s\r\n"
		 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		 method, target, keep ? "keep-alive" : "close", strlen(body), body);
}

static void send_request(int fd, const char *request)
{
	if (write(fd, request, strlen(request)) != (ssize_t)strlen(request))
		die("a request can not be sent: %s", strerror(errno));
}

/* is it all there? to the end of the connection if the answer does not say how long it is */
static bool is_whole(const char *answer, size_t len)
{
	const char *body = strstr(answer, "\r\n\r\n");
	const char *said = body ? strcasestr(answer, "\r\nContent-Length:") : NULL;

	if (!said || said > body)
		return false;
	said += strlen("\r\nContent-Length:");
	return len >= (size_t)(body + 4 - answer) + strtoull(said, NULL, 10);
}

static void read_answer(int fd, char *answer, size_t room)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, answer + len, room - 1 - len);
		if (n < 0)
			die("an answer can not be read: %s", strerror(errno));
		len += (size_t)n;
		answer[len] = '\0';
	} while (n > 0 && len < room - 1 && !is_whole(answer, len));
}

static void check_answer(const char *request, const char *answer)
{
	if (strncmp(answer, "HTTP/1.1 2", 10) != 0)
		die("%.*s: %s", (int)strcspn(request, "\r"), request, answer);
}

static char answer[4 << 20] __attribute__((aligned(8)));

static void ask(const char *path, char *line)
{
	static char request[4096];
	struct mark m;
	int fd;

	make_request(line, false, request, sizeof(request));
	/* its pages are there before they are needed */
	memset(answer, 0, sizeof(answer));
	begin(&m);
	fd = connect_to(path);
	send_request(fd, request);
	read_answer(fd, answer, sizeof(answer));
	close(fd);
	end(&m);
	check_answer(request, answer);
}

#define TOGETHER_MAX 128

static void together(const char *path)
{
	static char requests[TOGETHER_MAX][4096], line[4096];
	static int fds[TOGETHER_MAX];
	struct mark m;
	size_t n = 0;

	while (n < TOGETHER_MAX && fgets(line, sizeof(line), stdin))
		make_request(line, false, requests[n++], sizeof(requests[0]));
	memset(answer, 0, sizeof(answer));
	begin(&m);
	for (size_t i = 0; i < n; i++) {
		fds[i] = connect_to(path);
		send_request(fds[i], requests[i]);
	}
	for (size_t i = 0; i < n; i++) {
		read_answer(fds[i], answer, sizeof(answer));
		close(fds[i]);
		check_answer(requests[i], answer);
		/* one that goes on has not been measured */
		if (!strncmp(answer, "HTTP/1.1 202", 12))
			die("%.*s: %s", (int)strcspn(requests[i], "\r"), requests[i], answer);
	}
	end(&m);
}

static void keep(const char *path)
{
	static char request[4096], line[4096];
	int fd = connect_to(path);

	while (fgets(line, sizeof(line), stdin)) {
		make_request(line, true, request, sizeof(request));
		send_request(fd, request);
		read_answer(fd, answer, sizeof(answer));
		check_answer(request, answer);
	}
	close(fd);
}

/* where the server says, as systemd's manager has it, that it is ready; also from another root */
static int listen_for_ready(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0nodecost" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address,
			   offsetof(struct sockaddr_un, sun_path) + strlen("@nodecost")))
		die("no socket to be told that it is ready: %s", strerror(errno));
	if (setenv("NOTIFY_SOCKET", "@nodecost", 1))
		die("no environment: %s", strerror(errno));
	return fd;
}

/* as long as it has not ended, which is looked at when it says nothing for a while */
static void wait_ready(int fd, pid_t pid, const char *name)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char said[256];
	int status;
	ssize_t n;

	for (;;) {
		if (poll(&p, 1, 1000) <= 0) {
			if (waitpid(pid, &status, WNOHANG))
				die("%s has ended", name);
			continue;
		}
		n = read(fd, said, sizeof(said) - 1);
		said[n > 0 ? n : 0] = '\0';
		if (strstr(said, "READY=1"))
			return;
	}
}

static void start(const char *path, const char *target, char **argv)
{
	static char request[4096], line[4096];
	int null, fd, ready = listen_for_ready();
	struct mark m;
	pid_t pid;

	snprintf(line, sizeof(line), "GET %s ", target);
	make_request(line, false, request, sizeof(request));
	memset(answer, 0, sizeof(answer));
	begin(&m);
	pid = fork();
	if (!pid) {
		/* who reads what we say does not wait for its end */
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
			dup2(null, fd);
		setsid();
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		die("fork: %s", strerror(errno));
	wait_ready(ready, pid, argv[0]);
	fd = connect_to(path);
	send_request(fd, request);
	read_answer(fd, answer, sizeof(answer));
	close(fd);
	end(&m);
	check_answer(request, answer);
	fprintf(stderr, "%d\n", (int)pid);
}

static void forget(const char *prefix)
{
	struct dm_ioctl *dm = (struct dm_ioctl *)answer;
	struct dm_name_list *d;

	dm_prepare(dm, sizeof(answer), "");
	dm_ask(dm, DM_LIST_DEVICES, "list");
	d = (struct dm_name_list *)(answer + dm->data_start);
	while (d->dev) {
		if (!strncmp(d->name, prefix, strlen(prefix)))
			dm_remove(d->name);
		if (!d->next)
			break;
		d = (struct dm_name_list *)((char *)d + d->next);
	}
}

static void messages(const char *device)
{
	char line[128];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		dm_message(device, "%s", line);
	}
}

int main(int argc, char **argv)
{
	char line[4096];

	if (argc == 2 && !strcmp(argv[1], "nothing")) {
		measure_nothing();
		printf("%" PRIu64 "\n", nothing);
	} else if (argc > 2 && !strcmp(argv[1], "run")) {
		measure_nothing();
		run(argv + 2);
	} else if (argc == 3 && !strcmp(argv[1], "ask")) {
		measure_nothing();
		while (fgets(line, sizeof(line), stdin))
			ask(argv[2], line);
	} else if (argc == 3 && !strcmp(argv[1], "together")) {
		measure_nothing();
		together(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "keep")) {
		keep(argv[2]);
	} else if (argc > 4 && !strcmp(argv[1], "start")) {
		measure_nothing();
		start(argv[2], argv[3], argv + 4);
	} else if (argc == 3 && !strcmp(argv[1], "forget")) {
		forget(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "message")) {
		messages(argv[2]);
	} else {
		die("usage: nodecost run COMMAND [ARGUMENT...] | ask|together|keep SOCKET | start SOCKET PATH COMMAND [ARGUMENT...] | forget PREFIX | message DEVICE | nothing");
	}
	return 0;
}
