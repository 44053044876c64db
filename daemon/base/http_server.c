// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small HTTP server on the loop, on libmicrohttpd.
 *
 * libmicrohttpd keeps its sockets in an epoll of its own; the loop watches that epoll and calls
 * MHD_run(). It is given connections, one each time that the loop sees one: by itself it asks for
 * a second one, which is mostly not there, and costs as much as one that is. A request that is not
 * answered from within its handler suspends its connection; the reply resumes it, and libmicrohttpd
 * then asks for the response. A stream is a response that suspends its connection whenever there is
 * nothing to send.
 *
 * On a unix socket libmicrohttpd is told to be fast: what a connection has to say is read before
 * its epoll is told of it, for it is mostly there already, and most connections are over before
 * they have to be waited for. Nor is there a shutdown() before each close(), which only TCP gains
 * from, nor a date, which whoever is on this machine knows.
 *
 * Over 600 lines because the headers of a library are included in one file.
 */
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/callers.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/http_server.h"
#include "base/listen.h"
#include "base/loop.h"
#include "base/str.h"

/* an answer from this size on is a list of hundreds */
#define LARGE_BYTES (128u << 10)
#define DEFAULT_MAX_BODY (1u << 20)
#define DEFAULT_CONNECTIONS 128
#define DEFAULT_IDLE_S 30
#define DEFAULT_MODE 0660
/* of which half is for the head of a request; it is zeroed for each one */
#define CONNECTION_MEMORY 16384
#define STREAM_BLOCK 4096
#define TURNS_MAX 4
/* when there are no descriptors, or no memory, it is tried again after so long */
#define ACCEPT_MS 1000
/* so many times the bound of a body is read and dropped to be able to say "413"; then we hang up */
#define DROP_FACTOR 8

/**
 * struct liteio_http_server - a server
 * @loop: the loop
 * @mhd: libmicrohttpd's daemon
 * @io: watch of its epoll
 * @timer: its timeouts
 * @callers: connections whose request is not complete yet
 * @listener: the socket
 * @listen_io: its watch
 * @accept_timer: armed while nobody is taken, for want of what others may give back
 * @is_full: nobody is taken
 * @requests: all that have begun
 * @max_body: bound of a request's body
 * @max_connections: bound of @n_connections
 * @n_connections: how many there are
 * @crest: of these
 * @gives_back: what they have left is not needed again soon; the C library would keep it
 * @has_more: somebody has come, or is to be answered, whom libmicrohttpd has not looked at since
 * @fn: handler
 * @arg: for @fn
 */
struct liteio_http_server {
	struct liteio_loop *loop;
	struct MHD_Daemon *mhd;
	struct liteio_io *io;
	struct liteio_timer *timer;
	struct liteio_callers *callers;
	struct liteio_listener listener;
	struct liteio_io *listen_io;
	struct liteio_timer *accept_timer;
	bool is_full;
	struct liteio_http_request *requests;
	size_t max_body;
	unsigned int max_connections;
	unsigned int n_connections;
	struct liteio_crest crest;
	bool gives_back;
	bool has_more;
	liteio_http_handler fn;
	void *arg;
};

/**
 * struct liteio_http_request - one request
 * @s: its server
 * @next: in the server's list
 * @link: what points at this request there
 * @conn: libmicrohttpd's connection
 * @caller: who is on it
 * @method: "GET"
 * @path: decoded
 * @body: what has arrived
 * @dropped: bytes of the body beyond the bound
 * @asked: the handler has been called
 * @suspended: the connection waits for the reply
 * @reply: the answer, until libmicrohttpd takes it
 * @status: its status
 * @is_large: it took so much memory that the system gets it back
 * @stream: the answer is one
 */
struct liteio_http_request {
	struct liteio_http_server *s;
	struct liteio_http_request *next, **link;
	struct MHD_Connection *conn;
	struct liteio_caller *caller;
	char *method;
	char *path;
	struct liteio_buf body;
	size_t dropped;
	bool asked;
	bool suspended;
	struct MHD_Response *reply;
	unsigned int status;
	bool is_large;
	struct liteio_http_stream *stream;
};

/**
 * struct liteio_http_stream - an answer that goes on; libmicrohttpd's response owns it
 * @s: the server
 * @conn: the connection; gone with the response
 * @pending: not sent yet
 * @suspended: the connection waits for more
 * @ended: nothing more will come, nobody is to be told
 * @closed: told when the response goes
 * @arg: for @closed
 */
struct liteio_http_stream {
	struct liteio_http_server *s;
	struct MHD_Connection *conn;
	struct liteio_buf pending;
	bool suspended;
	bool ended;
	void (*closed)(void *arg);
	void *arg;
};

/* ---- connections -------------------------------------------------------------------------- */

static void take_more(void *arg)
{
	struct liteio_http_server *s = arg;

	if (!s->is_full)
		return;
	s->is_full = false;
	liteio_timer_disarm(s->accept_timer);
	liteio_io_set_events(s->listen_io, LITEIO_IO_READ);
}

/* whoever comes waits in the kernel */
static void take_nobody(struct liteio_http_server *s)
{
	s->is_full = true;
	liteio_io_set_events(s->listen_io, 0);
}

static void on_connection(void *arg, struct MHD_Connection *conn, void **caller,
			  enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info;
	struct liteio_http_server *s = arg;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		liteio_caller_free(*caller);
		*caller = NULL;
		s->gives_back |= liteio_crest_fall(&s->crest, --s->n_connections);
		take_more(s);
		return;
	}
	liteio_crest_rise(&s->crest, ++s->n_connections);
	info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info)
		*caller = liteio_caller_new(s->callers, info->connect_fd);
	/* what was asked is mostly there with the one who asks */
	s->has_more = true;
}

static struct liteio_caller *caller_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* ---- requests ----------------------------------------------------------------------------- */

static struct liteio_http_request *request_new(struct liteio_http_server *s,
					       struct MHD_Connection *conn, const char *path,
					       const char *method)
{
	struct liteio_http_request *req = liteio_calloc(1, sizeof(*req));

	req->s = s;
	req->conn = conn;
	req->caller = caller_of(conn);
	req->path = liteio_strdup(path);
	req->method = liteio_strdup(method);
	req->next = s->requests;
	req->link = &s->requests;
	if (req->next)
		req->next->link = &req->next;
	s->requests = req;
	return req;
}

static void request_free(struct liteio_http_request *req)
{
	*req->link = req->next;
	if (req->next)
		req->next->link = req->link;
	if (req->reply)
		MHD_destroy_response(req->reply);
	liteio_buf_fini(&req->body);
	free(req->method);
	free(req->path);
	free(req);
}

/* hand the reply to libmicrohttpd; MHD_NO ends the connection */
static enum MHD_Result send_reply(struct liteio_http_request *req)
{
	enum MHD_Result r = MHD_queue_response(req->conn, req->status, req->reply);

	MHD_destroy_response(req->reply);
	req->reply = NULL;
	return r;
}

static void set_response(struct liteio_http_request *req, unsigned int status,
			 const char *content_type, size_t len, struct MHD_Response *rsp)
{
	if (!rsp)
		abort();
	if (content_type)
		MHD_add_response_header(rsp, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	req->status = status;
	req->is_large = len >= LARGE_BYTES;
	req->reply = rsp;
}

static void set_reply(struct liteio_http_request *req, unsigned int status,
		      const char *content_type, const void *body, size_t len)
{
	/* the prototype is historical: with MUST_COPY the data is only read */
	void *data = (void *)(uintptr_t)(len ? body : "");

	set_response(req, status, content_type, len,
		     MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result refuse_body(struct liteio_http_request *req)
{
	char *text _cleanup_free_ = liteio_strf("a request body may have at most %zu bytes\n",
						req->s->max_body);

	set_reply(req, 413, "text/plain", text, strlen(text));
	return send_reply(req);
}

/* the head of a request is there; refuse a body that says itself that it is too large */
static enum MHD_Result begin_request(struct liteio_http_request *req)
{
	const char *text = liteio_http_request_header(req, "Content-Length");
	uint64_t len;

	if (text && !liteio_parse_u64(text, 0, UINT64_MAX, &len) && len > req->s->max_body)
		return refuse_body(req);
	return MHD_YES;
}

static enum MHD_Result add_body(struct liteio_http_request *req, const char *data, size_t len)
{
	if (req->dropped || len > req->s->max_body - req->body.len) {
		req->dropped += len;
		return req->dropped / DROP_FACTOR > req->s->max_body ? MHD_NO : MHD_YES;
	}
	liteio_buf_add(&req->body, data, len);
	return MHD_YES;
}

/*
 * called by libmicrohttpd for the head, for each piece of the body, for the end, and after resume
 */
static enum MHD_Result on_access(void *arg, struct MHD_Connection *conn, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *len, void **per_request)
{
	struct liteio_http_request *req = *per_request;
	struct liteio_http_server *s = arg;

	if (!req) {
		req = request_new(s, conn, url, method);
		*per_request = req;
		return begin_request(req);
	}
	if (*len) {
		enum MHD_Result r = add_body(req, data, *len);

		*len = 0;
		return r;
	}
	if (req->dropped)
		return refuse_body(req);
	if (!req->asked) {
		/* what was said by one that has been turned away is still there to be read */
		if (req->caller && !liteio_caller_heard(req->caller))
			return MHD_NO;
		req->asked = true;
		s->fn(s->arg, req);
	}
	if (req->reply)
		return send_reply(req);
	req->suspended = true;
	MHD_suspend_connection(conn);
	return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *conn, void **per_request,
			 enum MHD_RequestTerminationCode why)
{
	struct liteio_http_request *req = *per_request;

	if (!req)
		return;
	req->s->gives_back |= req->is_large;
	if (req->caller)
		liteio_caller_answered(req->caller);
	request_free(req);
	*per_request = NULL;
}

const char *liteio_http_request_method(const struct liteio_http_request *req)
{
	return req->method;
}

const char *liteio_http_request_path(const struct liteio_http_request *req)
{
	return req->path;
}

const char *liteio_http_request_query(const struct liteio_http_request *req, const char *key)
{
	return MHD_lookup_connection_value(req->conn, MHD_GET_ARGUMENT_KIND, key);
}

struct query_walk {
	int (*fn)(void *arg, const char *key, const char *value);
	void *arg;
	int r;
};

static enum MHD_Result query_step(void *arg, enum MHD_ValueKind kind, const char *key,
				  const char *value)
{
	struct query_walk *w = arg;

	w->r = w->fn(w->arg, key, value ? value : "");
	return w->r ? MHD_NO : MHD_YES;
}

int liteio_http_request_query_each(const struct liteio_http_request *req,
				   int (*fn)(void *arg, const char *key, const char *value),
				   void *arg)
{
	struct query_walk w = { .fn = fn, .arg = arg };

	MHD_get_connection_values(req->conn, MHD_GET_ARGUMENT_KIND, query_step, &w);
	return w.r;
}

const char *liteio_http_request_header(const struct liteio_http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, name);
}

const char *liteio_http_request_body(const struct liteio_http_request *req, size_t *ret_len)
{
	if (ret_len)
		*ret_len = req->body.len;
	return req->body.data ? req->body.data : "";
}

int liteio_http_request_peer(const struct liteio_http_request *req, uid_t *ret_uid, gid_t *ret_gid,
			     pid_t *ret_pid)
{
	const union MHD_ConnectionInfo *info;
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (!req->s->listener.is_unix)
		return -ENOTSUP;
	info = MHD_get_connection_info(req->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (!info)
		return -ENOTCONN;
	if (getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -errno;
	*ret_uid = cred.uid;
	*ret_gid = cred.gid;
	*ret_pid = cred.pid;
	return 0;
}

/* also from within MHD_run(), by whoever is called for another connection: see run() */
static void resume(struct liteio_http_server *s, struct MHD_Connection *conn)
{
	MHD_resume_connection(conn);
	s->has_more = true;
	liteio_timer_arm(s->timer, 0, 0);
}

/* the reply is set: let libmicrohttpd take it */
static void answer(struct liteio_http_request *req)
{
	if (!req->suspended)
		return;
	req->suspended = false;
	resume(req->s, req->conn);
}

void liteio_http_reply(struct liteio_http_request *req, unsigned int status,
		       const char *content_type, const void *body, size_t len)
{
	set_reply(req, status, content_type, body, len);
	answer(req);
}

void liteio_http_reply_text(struct liteio_http_request *req, unsigned int status,
			    const char *content_type, char *text)
{
	size_t len = strlen(text);

	set_response(req, status, content_type, len,
		     MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE));
	answer(req);
}

/* ---- streams ------------------------------------------------------------------------------ */

static ssize_t stream_read(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct liteio_http_stream *st = arg;
	size_t n = st->pending.len < max ? st->pending.len : max;

	if (n) {
		memcpy(buf, st->pending.data, n);
		liteio_buf_consume(&st->pending, n);
		return (ssize_t)n;
	}
	if (st->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	st->suspended = true;
	MHD_suspend_connection(st->conn);
	return 0;
}

/* by libmicrohttpd, with the response */
static void stream_free(void *arg)
{
	struct liteio_http_stream *st = arg;

	if (!st->ended)
		st->closed(st->arg);
	liteio_buf_fini(&st->pending);
	free(st);
}

static void stream_wake(struct liteio_http_stream *st)
{
	if (!st->suspended)
		return;
	st->suspended = false;
	resume(st->s, st->conn);
}

struct liteio_http_stream *liteio_http_stream_new(struct liteio_http_request *req,
						  unsigned int status, const char *content_type,
						  void (*closed)(void *arg), void *arg)
{
	struct liteio_http_stream *st = liteio_calloc(1, sizeof(*st));

	st->s = req->s;
	st->conn = req->conn;
	st->closed = closed;
	st->arg = arg;
	req->stream = st;
	req->status = status;
	req->reply = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read,
						       st, stream_free);
	if (!req->reply)
		abort();
	MHD_add_response_header(req->reply, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	answer(req);
	return st;
}

int liteio_http_stream_write(struct liteio_http_stream *st, const void *data, size_t len)
{
	if (len > LITEIO_HTTP_STREAM_MAX - st->pending.len)
		return -ENOBUFS;
	liteio_buf_add(&st->pending, data, len);
	stream_wake(st);
	return 0;
}

void liteio_http_stream_end(struct liteio_http_stream *st)
{
	st->ended = true;
	stream_wake(st);
}

/* ---- the server --------------------------------------------------------------------------- */

/* what it can do at once; its timeout does not count what was resumed meanwhile */
static bool has_more(const struct liteio_http_server *s, MHD_UNSIGNED_LONG_LONG *ret_ms)
{
	*ret_ms = UINT64_MAX;
	if (s->has_more)
		return true;
	return MHD_get_timeout(s->mhd, ret_ms) == MHD_YES && !*ret_ms;
}

static void run(void *arg)
{
	struct liteio_http_server *s = arg;
	MHD_UNSIGNED_LONG_LONG ms;
	unsigned int turn = 0;
	bool more;

	/* a turn of the loop costs more than one of these; then it is somebody else's */
	do {
		s->has_more = false;
		MHD_run(s->mhd);
		more = has_more(s, &ms);
	} while (more && ++turn < TURNS_MAX);
	if (more)
		liteio_timer_arm(s->timer, 0, 0);
	else if (ms != UINT64_MAX)
		liteio_timer_arm(s->timer, ms, 100);
	else
		liteio_timer_disarm(s->timer);
	/* who comes, is heard and goes is told by libmicrohttpd, from here or just before */
	liteio_callers_settle(s->callers);
	if (s->gives_back)
		liteio_heap_give_back();
	s->gives_back = false;
}

static void on_ready(void *arg, int fd, unsigned int events)
{
	run(arg);
}

/* one: whether there is another the loop knows, and asks for nothing */
static void on_caller(void *arg, int fd, unsigned int events)
{
	struct liteio_http_server *s = arg;
	struct sockaddr_storage from = { .ss_family = AF_UNIX };
	socklen_t len = s->listener.is_unix ? sizeof(from.ss_family) : sizeof(from);
	int conn;

	/* who comes over a unix socket has no name: the kernel is not asked for it */
	conn = accept4(fd, s->listener.is_unix ? NULL : (struct sockaddr *)&from,
		       s->listener.is_unix ? NULL : &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (conn < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			take_nobody(s);
			liteio_timer_arm(s->accept_timer, ACCEPT_MS, ACCEPT_MS / 10);
		}
		return;
	}
	/* closed by it if it can not */
	MHD_add_connection(s->mhd, conn, (struct sockaddr *)&from, len);
	if (s->n_connections >= s->max_connections)
		take_nobody(s);
	run(s);
}

/* what libmicrohttpd has to say concerns single connections that broke */
static void drop_log(void *arg, const char *fmt, va_list ap)
{
}

static int start(struct liteio_http_server *s, const struct liteio_http_options *opt,
		 struct liteio_error *err)
{
	unsigned int connections = opt && opt->max_connections ? opt->max_connections :
								 DEFAULT_CONNECTIONS;
	unsigned int idle_s = opt && opt->idle_timeout_s ? opt->idle_timeout_s : DEFAULT_IDLE_S;
	unsigned int fast = s->listener.is_unix ? MHD_USE_TURBO | MHD_USE_SUPPRESS_DATE_NO_CLOCK :
						  0;
	const union MHD_DaemonInfo *info;
	int r;

	r = liteio_timer_new(s->loop, run, s, &s->timer, err);
	if (!r)
		r = liteio_callers_new(s->loop, connections, idle_s * 1000ull, &s->callers, err);
	if (!r)
		r = liteio_timer_new(s->loop, take_more, s, &s->accept_timer, err);
	if (r)
		return r;
	/* beside those that are being heard out there is room for as many who are answered */
	s->max_connections = 2 * connections;
	s->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
				  MHD_USE_NO_LISTEN_SOCKET | fast,
				  0, NULL, NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER, drop_log,
				  NULL, MHD_OPTION_CONNECTION_LIMIT, s->max_connections,
				  MHD_OPTION_CONNECTION_TIMEOUT, idle_s,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
				  MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
				  on_completed, s, MHD_OPTION_NOTIFY_CONNECTION,
				  on_connection, s, MHD_OPTION_END);
	if (!s->mhd)
		return liteio_error_set(err, -EIO, "cannot start libmicrohttpd");
	info = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || info->epoll_fd < 0)
		return liteio_error_set(err, -EIO, "libmicrohttpd has no epoll descriptor");
	r = liteio_io_new(s->loop, info->epoll_fd, LITEIO_IO_READ, on_ready, s, &s->io, err);
	if (!r)
		r = liteio_io_new(s->loop, s->listener.fd, LITEIO_IO_READ, on_caller, s,
				  &s->listen_io, err);
	return r;
}

static void ignore_sigpipe(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	/* a client that goes away is no reason for the process to end */
	sigaction(SIGPIPE, &ignore, NULL);
}

int liteio_http_server_new(struct liteio_loop *loop, const char *address,
			   const struct liteio_http_options *opt, liteio_http_handler fn, void *arg,
			   struct liteio_http_server **ret, struct liteio_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct liteio_http_server *s = liteio_calloc(1, sizeof(*s));
	int r;

	pthread_once(&once, ignore_sigpipe);
	s->loop = loop;
	s->fn = fn;
	s->arg = arg;
	s->max_body = opt && opt->max_body ? opt->max_body : DEFAULT_MAX_BODY;
	s->listener.fd = -1;
	r = liteio_listen(address, opt && opt->unix_mode ? opt->unix_mode : DEFAULT_MODE,
			  opt ? opt->unix_gid : (gid_t)-1, &s->listener, err);
	if (!r)
		r = start(s, opt, err);
	if (r) {
		liteio_http_server_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void liteio_http_server_free(struct liteio_http_server *s)
{
	if (!s)
		return;
	liteio_io_free(s->io);
	liteio_io_free(s->listen_io);
	s->is_full = false;
	if (s->mhd) {
		/* it must not be stopped while connections are suspended */
		for (struct liteio_http_request *req = s->requests; req; req = req->next) {
			if (req->suspended || (req->stream && req->stream->suspended))
				MHD_resume_connection(req->conn);
		}
		MHD_stop_daemon(s->mhd);
	}
	liteio_listener_fini(&s->listener);
	liteio_callers_free(s->callers);
	liteio_timer_free(s->timer);
	liteio_timer_free(s->accept_timer);
	free(s);
}

unsigned int liteio_http_server_port(const struct liteio_http_server *s)
{
	return liteio_listener_port(&s->listener);
}
