// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An HTTP/2 server on a unix socket.
 *
 * Idle connections are kept for ever: the sidecars of Kubernetes end themselves when they lose
 * theirs. What is bounded in time is the handshake, the arrival of a request, and a peer that does
 * not take what we send.
 */
#include <errno.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/listen.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "h2_listen.h"

#define READ_BYTES 65536
#define ACCEPT_RETRY_MS 1000
#define EXPIRY_SLACK_MS 500

struct conn {
	TAILQ_ENTRY(conn)
	link;
	struct liteio_h2_listener *listener;
	struct liteio_h2_conn *h2;
	struct liteio_io *io;
	struct liteio_timer *timer;
	uint64_t stalled_since_ms; /* 0: nothing waits to be sent */
	int fd;
};

TAILQ_HEAD(conn_list, conn);

struct liteio_h2_listener {
	struct liteio_loop *loop;
	struct liteio_h2_listen_config config;
	char *path;
	struct liteio_listener socket;
	struct liteio_h2 *h2;
	struct liteio_io *io;
	struct liteio_timer *accept_timer;
	struct conn_list conns;
	unsigned int n_conns;
	bool listening;
};

static void conn_close(struct conn *c)
{
	struct liteio_h2_listener *l = c->listener;

	TAILQ_REMOVE(&l->conns, c, link);
	l->n_conns--;
	liteio_h2_conn_free(c->h2);
	liteio_timer_free(c->timer);
	liteio_io_free(c->io);
	close(c->fd);
	free(c);
}

/* send what can be sent; returns false when the peer is gone */
static bool conn_flush(struct conn *c)
{
	const void *data;
	size_t len;
	ssize_t n;

	for (;;) {
		len = liteio_h2_conn_output(c->h2, liteio_now_ms(), &data);
		if (!len) {
			c->stalled_since_ms = 0;
			return true;
		}
		n = send(c->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (!c->stalled_since_ms)
				c->stalled_since_ms = liteio_now_ms();
			return true;
		}
		if (n < 0)
			return false;
		c->stalled_since_ms = 0;
		liteio_h2_conn_sent(c->h2, (size_t)n);
	}
}

static void conn_arm(struct conn *c)
{
	uint64_t now = liteio_now_ms();
	uint64_t at = liteio_h2_conn_expiry(c->h2);

	if (c->stalled_since_ms && c->stalled_since_ms + c->listener->config.stall_ms < at)
		at = c->stalled_since_ms + c->listener->config.stall_ms;
	if (at == UINT64_MAX)
		liteio_timer_disarm(c->timer);
	else
		liteio_timer_arm(c->timer, at > now ? at - now : 0, EXPIRY_SLACK_MS);
}

/* after anything happened: flush, and wait for the right things next; may end the connection */
static void conn_update(struct conn *c, bool broken)
{
	if (!conn_flush(c) || broken || liteio_h2_conn_done(c->h2)) {
		conn_close(c);
		return;
	}
	liteio_io_set_events(c->io, LITEIO_IO_READ | (c->stalled_since_ms ? LITEIO_IO_WRITE : 0));
	conn_arm(c);
}

/* h2.h has something to send: flush in the next round of the loop, not inside the caller */
static void conn_wake(void *arg)
{
	struct conn *c = arg;

	liteio_io_set_events(c->io, LITEIO_IO_READ | LITEIO_IO_WRITE);
}

static void conn_ready(void *arg, int fd, unsigned int events)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct conn *c = arg;
	char buf[READ_BYTES];
	bool broken = false;
	ssize_t n;

	if (events & ~LITEIO_IO_WRITE) {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			conn_close(c);
			return;
		}
		if (n > 0 && liteio_h2_conn_recv(c->h2, buf, (size_t)n, liteio_now_ms(), &err)) {
			log_warning(NULL, "%s: connection ended: %s", c->listener->path, err.msg);
			broken = true;
		}
	}
	conn_update(c, broken);
}

static void conn_late(void *arg)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct conn *c = arg;
	uint64_t now = liteio_now_ms();
	bool broken;

	if (c->stalled_since_ms && now >= c->stalled_since_ms + c->listener->config.stall_ms) {
		log_warning(NULL, "%s: the peer takes nothing: cut off", c->listener->path);
		conn_close(c);
		return;
	}
	broken = liteio_h2_conn_expire(c->h2, now, &err) < 0;
	if (broken)
		log_warning(NULL, "%s: connection ended: %s", c->listener->path, err.msg);
	conn_update(c, broken);
}

/* takes over @fd, whatever happens */
static int conn_new(struct liteio_h2_listener *l, int fd, struct liteio_error *err)
{
	struct conn *c = liteio_calloc(1, sizeof(*c));
	int r;

	c->listener = l;
	c->fd = fd;
	TAILQ_INSERT_TAIL(&l->conns, c, link);
	l->n_conns++;
	r = liteio_io_new(l->loop, fd, LITEIO_IO_READ, conn_ready, c, &c->io, err);
	if (r == 0)
		r = liteio_timer_new(l->loop, conn_late, c, &c->timer, err);
	if (r == 0)
		r = liteio_h2_conn_new(l->h2, liteio_now_ms(), conn_wake, c, &c->h2, err);
	if (r < 0)
		conn_close(c);
	else
		conn_update(c, false);
	return r;
}

static void accept_again(void *arg)
{
	struct liteio_h2_listener *l = arg;

	liteio_io_set_events(l->io, LITEIO_IO_READ);
}

static void accept_ready(void *arg, int fd, unsigned int events)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_h2_listener *l = arg;
	int conn_fd;

	conn_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (conn_fd < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		log_err(NULL, "%s: can not accept a connection: %m", l->path);
		liteio_io_set_events(l->io, 0);
		liteio_timer_arm(l->accept_timer, ACCEPT_RETRY_MS, 0);
		return;
	}
	if (l->n_conns >= l->config.connections) {
		log_warning(NULL, "%s: connection refused: %u are open already", l->path,
			    l->n_conns);
		close(conn_fd);
		return;
	}
	if (conn_new(l, conn_fd, &err) < 0)
		log_err(NULL, "%s: connection refused: %s", l->path, err.msg);
}

static int listen_at(struct liteio_h2_listener *l, struct liteio_error *err)
{
	_cleanup_free_ char *address = liteio_strf("unix://%s", l->path);
	int r;

	r = liteio_listen(address, 0600, (gid_t)-1, &l->socket, err);
	if (r < 0)
		return r;
	l->listening = true;
	return liteio_io_new(l->loop, l->socket.fd, LITEIO_IO_READ, accept_ready, l, &l->io, err);
}

int liteio_h2_listener_new(struct liteio_loop *loop, const struct liteio_h2_listen_config *config,
			   const struct liteio_h2_ops *ops, void *arg,
			   struct liteio_h2_listener **ret, struct liteio_error *err)
{
	struct liteio_h2_listener *l = liteio_calloc(1, sizeof(*l));
	int r;

	l->loop = loop;
	l->config = *config;
	l->path = liteio_strdup(config->path);
	l->config.path = l->path;
	l->h2 = liteio_h2_new(&config->limits, ops, arg);
	TAILQ_INIT(&l->conns);
	r = liteio_timer_new(loop, accept_again, l, &l->accept_timer, err);
	if (r == 0)
		r = listen_at(l, err);
	if (r < 0) {
		liteio_h2_listener_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

static void stop_accepting(struct liteio_h2_listener *l)
{
	if (!l->listening)
		return;
	l->listening = false;
	liteio_timer_disarm(l->accept_timer);
	liteio_io_free(l->io);
	l->io = NULL;
	liteio_listener_fini(&l->socket);
}

void liteio_h2_listener_shutdown(struct liteio_h2_listener *l)
{
	struct conn *c;

	stop_accepting(l);
	TAILQ_FOREACH(c, &l->conns, link)
	liteio_h2_conn_shutdown(c->h2);
}

unsigned int liteio_h2_listener_connections(const struct liteio_h2_listener *l)
{
	return l->n_conns;
}

void liteio_h2_listener_free(struct liteio_h2_listener *l)
{
	struct conn *c, *next;

	if (!l)
		return;
	stop_accepting(l);
	for (c = TAILQ_FIRST(&l->conns); c; c = next) {
		next = TAILQ_NEXT(c, link);
		conn_close(c);
	}
	liteio_timer_free(l->accept_timer);
	liteio_h2_free(l->h2);
	free(l->path);
	free(l);
}
