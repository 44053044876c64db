// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listening sockets by address text, unix or TCP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/listen.h"
#include "base/process.h"
#include "base/str.h"

/* as many as the kernel allows: whoever does not wait for room in the queue is not turned away */
#define BACKLOG SOMAXCONN

static int listen_error(struct liteio_error *err, const char *what, const char *where)
{
	int code = errno;

	return liteio_error_set(err, code, "cannot %s %s: %s", what, where,
				liteio_error_str(NULL, code));
}

/* does somebody listen who can not answer: one that was killed, and hangs in the kernel? */
static bool is_left_behind(int fd)
{
	struct liteio_process p;
	socklen_t len = sizeof(struct ucred);
	struct ucred cred;

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) && cred.pid > 0 &&
	       !liteio_process_look(cred.pid, &p) && p.is_over;
}

static int listens(const struct sockaddr_un *sa, struct liteio_error *err)
{
	return liteio_error_set(err, -EADDRINUSE, "another process listens on %s", sa->sun_path);
}

/* 0 when the way is free; a socket file is stale when a connection to it is refused */
static int clear_stale(const struct sockaddr_un *sa, struct liteio_error *err)
{
	int fd _cleanup_close_ = -1;
	struct stat st;

	if (lstat(sa->sun_path, &st))
		return errno == ENOENT ? 0 : listen_error(err, "look at", sa->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return liteio_error_set(err, -EEXIST, "%s exists and is not a socket",
					sa->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return listen_error(err, "make a socket for", sa->sun_path);
	if (!connect(fd, (const struct sockaddr *)sa, sizeof(*sa))) {
		if (!is_left_behind(fd))
			return listens(sa, err);
	} else if (errno == EAGAIN) {
		/* the listener's queue is full, so there is one */
		return listens(sa, err);
	} else if (errno != ECONNREFUSED && errno != ENOENT) {
		return listen_error(err, "connect to", sa->sun_path);
	}
	if (unlink(sa->sun_path) && errno != ENOENT)
		return listen_error(err, "remove", sa->sun_path);
	return 0;
}

static int check_path(const char *path, struct liteio_error *err)
{
	const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path);

	if (path[0] != '/' || strlen(path) >= max)
		return liteio_error_set(err, -EINVAL,
					"socket path \"%s\" must be absolute and shorter than %zu",
					path, max);
	return 0;
}

static int listen_unix(const char *path, mode_t mode, gid_t gid, struct liteio_listener *ret,
		       struct liteio_error *err)
{
	int fd _cleanup_close_ = -1;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct stat st;
	int r;

	r = check_path(path, err);
	if (r)
		return r;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	r = clear_stale(&sa, err);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* the file is born with no more rights than it is to have, and gets them before listen() */
	if (fd < 0 || fchmod(fd, mode) || bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return listen_error(err, "bind to", path);
	if ((gid != (gid_t)-1 && lchown(path, (uid_t)-1, gid)) || chmod(path, mode) ||
	    lstat(path, &st) || listen(fd, BACKLOG)) {
		r = listen_error(err, "listen on", path);
		unlink(path);
		return r;
	}
	*ret = (struct liteio_listener){ .fd = take_fd(&fd),
					 .is_unix = true,
					 .path = liteio_strdup(path),
					 .dev = st.st_dev,
					 .ino = st.st_ino };
	return 0;
}

/* "127.0.0.1:80" or "[::1]:80" in place: @ret_host and @ret_port point into @s */
static int split_host_port(char *s, char **ret_host, char **ret_port)
{
	char *colon = strrchr(s, ':');

	if (!colon)
		return -EINVAL;
	*colon = '\0';
	*ret_port = colon + 1;
	*ret_host = s;
	if (s[0] != '[')
		return strchr(s, ':') ? -EINVAL : 0;
	if (colon == s + 1 || colon[-1] != ']')
		return -EINVAL;
	colon[-1] = '\0';
	*ret_host = s + 1;
	return 0;
}

/* numbers only: no name is looked up; freed with freeaddrinfo() */
static int parse_tcp(const char *text, struct addrinfo **ret, struct liteio_error *err)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	char *copy _cleanup_free_ = liteio_strdup(text);
	char *host, *port;
	uint64_t number;

	if (split_host_port(copy, &host, &port) || liteio_parse_u64(port, 0, 65535, &number) ||
	    getaddrinfo(host, port, &hints, ret))
		return liteio_error_set(err, -EINVAL,
					"\"%s\" is not an address and port (example: 127.0.0.1:9100)",
					text);
	return 0;
}

static int listen_tcp(const char *text, struct liteio_listener *ret, struct liteio_error *err)
{
	int fd _cleanup_close_ = -1;
	const int one = 1;
	struct addrinfo *ai;
	int r;

	r = parse_tcp(text, &ai, err);
	if (r)
		return r;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG))
		r = listen_error(err, "listen on", text);
	else
		r = 0;
	freeaddrinfo(ai);
	if (!r)
		*ret = (struct liteio_listener){ .fd = take_fd(&fd) };
	return r;
}

static int bad_scheme(const char *address, struct liteio_error *err)
{
	return liteio_error_set(err, -EINVAL,
				"\"%s\" is neither a unix:// nor a tcp:// address", address);
}

int liteio_listen(const char *address, mode_t mode, gid_t gid, struct liteio_listener *ret,
		  struct liteio_error *err)
{
	if (!strncmp(address, "unix://", 7))
		return listen_unix(address + 7, mode, gid, ret, err);
	if (!strncmp(address, "tcp://", 6))
		return listen_tcp(address + 6, ret, err);
	return bad_scheme(address, err);
}

int liteio_listen_check(const char *address, struct liteio_error *err)
{
	struct addrinfo *ai;
	int r;

	if (!strncmp(address, "unix://", 7))
		return check_path(address + 7, err);
	if (strncmp(address, "tcp://", 6) != 0)
		return bad_scheme(address, err);
	r = parse_tcp(address + 6, &ai, err);
	if (!r)
		freeaddrinfo(ai);
	return r;
}

void liteio_listener_fini(struct liteio_listener *l)
{
	struct stat st;

	if (l->path && !lstat(l->path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	free(l->path);
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct liteio_listener){ .fd = -1 };
}

unsigned int liteio_listener_port(const struct liteio_listener *l)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a = { .in6 = { 0 } };
	socklen_t len = sizeof(a);

	if (l->is_unix || l->fd < 0 || getsockname(l->fd, &a.sa, &len))
		return 0;
	return ntohs(a.sa.sa_family == AF_INET6 ? a.in6.sin6_port : a.in.sin_port);
}
