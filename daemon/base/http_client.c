// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HTTP requests, on libcurl.
 *
 * Asynchronous calls share one multi handle that is driven by the loop: curl says which sockets and
 * which timeout it waits for, we say what happened. curl must not be called back from within its
 * own callbacks, so a call that is cancelled there is only marked and swept up afterwards.
 * Synchronous calls take a spare easy handle: a handle keeps its connections.
 *
 * HTTP/1.1 on purpose: with a connection for each stream, a dead connection is the problem of one.
 *
 * libcurl comes with twenty other libraries. A program that makes no client does without them.
 *
 * Over 600 lines because the headers of a library are included in one file.
 */
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_client.h"
#include "base/lazy.h"
#include "base/loop.h"
#include "base/spares.h"
#include "base/str.h"

#define CONNECT_TIMEOUT_MS 10000L
/* idle handles kept for later synchronous calls */
#define MAX_IDLE 16

/* what is used of libcurl: curl.easy_init is its curl_easy_init, and so on */
static struct {
	__typeof__(&curl_easy_cleanup) easy_cleanup;
	__typeof__(&curl_easy_getinfo) easy_getinfo;
	__typeof__(&curl_easy_init) easy_init;
	__typeof__(&curl_easy_perform) easy_perform;
	__typeof__(&curl_easy_reset) easy_reset;
	__typeof__(&curl_easy_setopt) easy_setopt;
	__typeof__(&curl_easy_strerror) easy_strerror;
	__typeof__(&curl_free) free;
	__typeof__(&curl_global_init) global_init;
	__typeof__(&curl_multi_add_handle) multi_add_handle;
	__typeof__(&curl_multi_assign) multi_assign;
	__typeof__(&curl_multi_cleanup) multi_cleanup;
	__typeof__(&curl_multi_info_read) multi_info_read;
	__typeof__(&curl_multi_init) multi_init;
	__typeof__(&curl_multi_remove_handle) multi_remove_handle;
	__typeof__(&curl_multi_setopt) multi_setopt;
	__typeof__(&curl_multi_socket_action) multi_socket_action;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free_all;
	__typeof__(&curl_url) url;
	__typeof__(&curl_url_cleanup) url_cleanup;
	__typeof__(&curl_url_get) url_get;
	__typeof__(&curl_url_set) url_set;
} curl;

/* in this order */
static const char *const names[] = {
	"curl_easy_cleanup",
	"curl_easy_getinfo",
	"curl_easy_init",
	"curl_easy_perform",
	"curl_easy_reset",
	"curl_easy_setopt",
	"curl_easy_strerror",
	"curl_free",
	"curl_global_init",
	"curl_multi_add_handle",
	"curl_multi_assign",
	"curl_multi_cleanup",
	"curl_multi_info_read",
	"curl_multi_init",
	"curl_multi_remove_handle",
	"curl_multi_setopt",
	"curl_multi_socket_action",
	"curl_slist_append",
	"curl_slist_free_all",
	"curl_url",
	"curl_url_cleanup",
	"curl_url_get",
	"curl_url_set",
};
_Static_assert(sizeof(curl) == sizeof(names), "each of them has a name");

/**
 * struct liteio_http_call - one call
 * @c: its client
 * @next: in the client's list
 * @link: what points at this call there
 * @easy: curl's handle
 * @url: for sentences
 * @headers: curl's list
 * @connect_to: curl's list, when the name to verify is not the host
 * @body: of the request
 * @response: what has arrived
 * @max_response: its bound
 * @data: for streams
 * @done: at the end
 * @arg: for both
 * @code: why the call was ended from within, 0 when curl ended it
 * @setup: what was wrong with the request
 * @waiting: begun inside of a callback of curl: handed to curl when that has returned
 * @cancelled: swept up when curl has returned
 * @text: curl's sentence
 */
struct liteio_http_call {
	struct liteio_http_client *c;
	struct liteio_http_call *next, **link;
	CURL *easy;
	char *url;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	char *body;
	struct liteio_buf response;
	size_t max_response;
	liteio_http_data_fn data;
	liteio_http_done_fn done;
	void *arg;
	int code;
	CURLcode setup;
	bool waiting;
	bool cancelled;
	char text[CURL_ERROR_SIZE];
};

/**
 * struct liteio_http_client - a client
 * @loop: NULL when there are no asynchronous calls
 * @multi: all asynchronous calls
 * @timer: curl's timeout
 * @calls: under way
 * @refs: one of the owner, one of each running dispatch
 * @in_curl: curl is on the stack: it must not be called
 * @dead: freed by its owner
 * @tls: whom to trust, strings owned
 * @idle: handles of ended synchronous calls
 */
struct liteio_http_client {
	struct liteio_loop *loop;
	CURLM *multi;
	struct liteio_timer *timer;
	struct liteio_http_call *calls;
	unsigned int refs;
	bool in_curl;
	bool dead;
	struct liteio_http_tls tls;
	struct liteio_spares *idle;
};

/* ---- what curl says ----------------------------------------------------------------------- */

static const struct {
	CURLcode curl;
	int code;
} codes[] = {
	{ CURLE_UNSUPPORTED_PROTOCOL, -EINVAL },
	{ CURLE_URL_MALFORMAT, -EINVAL },
	{ CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
	{ CURLE_COULDNT_CONNECT, -ECONNREFUSED },
	{ CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
	{ CURLE_GOT_NOTHING, -ECONNRESET },
	{ CURLE_SEND_ERROR, -ECONNRESET },
	{ CURLE_RECV_ERROR, -ECONNRESET },
	{ CURLE_PARTIAL_FILE, -ECONNRESET },
	{ CURLE_SSL_CONNECT_ERROR, -EPROTO },
	{ CURLE_PEER_FAILED_VERIFICATION, -EKEYREJECTED },
	{ CURLE_SSL_CACERT_BADFILE, -ENOKEY },
	{ CURLE_SSL_CERTPROBLEM, -ENOKEY },
};

/* the call has ended without an answer: the errno, with a sentence */
static int call_error(struct liteio_http_call *call, CURLcode cc, struct liteio_error *err)
{
	const char *text = call->text[0] ? call->text : curl.easy_strerror(cc);
	int code = -EIO;
	long os = 0;

	if (call->code == -EMSGSIZE)
		return liteio_error_set(err, -EMSGSIZE, "%s: the answer is larger than %zu bytes",
					call->url, call->max_response);
	if (call->code)
		return liteio_error_set(err, call->code, "%s: ended by the receiver", call->url);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(codes); i++) {
		if (codes[i].curl == cc)
			code = codes[i].code;
	}
	if (cc == CURLE_COULDNT_CONNECT &&
	    !curl.easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os) && os > 0)
		code = -(int)os;
	return liteio_error_set(err, code, "%s: %s", call->url, text);
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct liteio_http_call *call = arg;
	size_t len = size * n, room;
	long status = 0;
	int r;

	if (call->cancelled)
		return 0;
	curl.easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	if (call->data && status >= 200 && status < 300) {
		r = call->data(call->arg, data, len);
		if (r)
			call->code = r < 0 ? r : -ECANCELED;
		return r || call->cancelled ? 0 : len;
	}
	room = call->max_response - call->response.len;
	if (len > room && !call->data) {
		call->code = -EMSGSIZE;
		return 0;
	}
	liteio_buf_add(&call->response, data, len < room ? len : room);
	return len;
}

/* ---- setting a call up -------------------------------------------------------------------- */

/*
 * curl verifies the name that is in the URL. When another one is wanted, the URL gets that name and
 * curl is told where to connect for it.
 */
static CURLcode verify_other_name(struct liteio_http_call *call)
{
	const char *name = call->c->tls.server_name;
	char *host = NULL, *port = NULL, *text = NULL;
	CURLU *u = curl.url();
	CURLcode cc = CURLE_URL_MALFORMAT;

	if (u && !curl.url_set(u, CURLUPART_URL, call->url, 0) &&
	    !curl.url_get(u, CURLUPART_HOST, &host, 0) &&
	    !curl.url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) &&
	    !curl.url_set(u, CURLUPART_HOST, name, 0) &&
	    !curl.url_get(u, CURLUPART_URL, &text, 0)) {
		char *to = liteio_strf("%s:%s:%s:%s", name, port, host, port);

		call->connect_to = curl.slist_append(NULL, to);
		cc = curl.easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_to);
		if (!cc)
			cc = curl.easy_setopt(call->easy, CURLOPT_URL, text);
		free(to);
	}
	curl.free(text);
	curl.free(port);
	curl.free(host);
	curl.url_cleanup(u);
	return cc;
}

/* the first failure of several settings is kept in "cc", what comes after it is left out */
#define SET(option, value) (cc = cc ? cc : curl.easy_setopt(call->easy, option, value))

static CURLcode setup_tls(struct liteio_http_call *call)
{
	const struct liteio_http_tls *c = &call->c->tls;
	CURLcode cc = CURLE_OK;

	if (c->ca_file) {
		SET(CURLOPT_CAINFO, c->ca_file);
		/* and nobody else: the system's directory is on by default */
		SET(CURLOPT_CAPATH, NULL);
	}
	SET(CURLOPT_SSLCERT, c->cert_file);
	SET(CURLOPT_SSLKEY, c->key_file);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, c->insecure ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, c->insecure ? 0L : 2L);
	return cc || !c->server_name ? cc : verify_other_name(call);
}

static CURLcode setup_request(struct liteio_http_call *call,
			      const struct liteio_http_call_spec *spec)
{
	CURLcode cc = CURLE_OK;

	/* curl would ask for permission before it sends a large body, and wait for a second */
	call->headers = curl.slist_append(NULL, "Expect:");
	for (size_t i = 0; spec->headers && spec->headers[i]; i++)
		call->headers = curl.slist_append(call->headers, spec->headers[i]);
	SET(CURLOPT_HTTPHEADER, call->headers);
	if (!strcmp(spec->method, "HEAD"))
		SET(CURLOPT_NOBODY, 1L);
	if (spec->body || !strcmp(spec->method, "POST") || !strcmp(spec->method, "PUT")) {
		call->body = liteio_calloc(1, spec->body_len + 1);
		if (spec->body)
			memcpy(call->body, spec->body, spec->body_len);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)spec->body_len);
		SET(CURLOPT_POSTFIELDS, call->body);
	}
	return SET(CURLOPT_CUSTOMREQUEST, spec->method);
}

static CURLcode setup(struct liteio_http_call *call, const struct liteio_http_call_spec *spec)
{
	CURLcode cc = CURLE_OK;

	SET(CURLOPT_URL, spec->url);
	SET(CURLOPT_ERRORBUFFER, call->text);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)(spec->timeout_ms > INT32_MAX ? INT32_MAX :
								      spec->timeout_ms));
	/* a stream may be silent for long: the kernel finds out whether the peer is there */
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_TCP_KEEPIDLE, 15L);
	SET(CURLOPT_TCP_KEEPINTVL, 5L);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, call);
	SET(CURLOPT_PRIVATE, call);
	call->max_response = spec->max_response ? spec->max_response : LITEIO_HTTP_RESPONSE_MAX;
	if (call->data)
		call->max_response = LITEIO_HTTP_REFUSAL_MAX;
	if (setup_tls(call))
		return CURLE_SSL_CERTPROBLEM;
	return cc ? cc : setup_request(call, spec);
}

#undef SET

/* all but the handle and the struct itself */
static void call_fini(struct liteio_http_call *call)
{
	curl.slist_free_all(call->headers);
	curl.slist_free_all(call->connect_to);
	liteio_buf_fini(&call->response);
	free(call->body);
	free(call->url);
}

/* ---- the multi handle --------------------------------------------------------------------- */

static void client_release(struct liteio_http_client *c)
{
	if (--c->refs)
		return;
	liteio_spares_free(c->idle);
	/* closes connections, which tells us about sockets: the loop must still be there */
	if (c->multi)
		curl.multi_cleanup(c->multi);
	liteio_timer_free(c->timer);
	free((void *)(uintptr_t)c->tls.ca_file);
	free((void *)(uintptr_t)c->tls.cert_file);
	free((void *)(uintptr_t)c->tls.key_file);
	free((void *)(uintptr_t)c->tls.server_name);
	free(c);
}

static void call_release(struct liteio_http_call *call)
{
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	curl.multi_remove_handle(call->c->multi, call->easy);
	curl.easy_cleanup(call->easy);
	call_fini(call);
	free(call);
}

/* a call has left curl: tell its owner. May free the client */
static void call_finish(struct liteio_http_call *call, CURLcode cc)
{
	struct liteio_http_response rsp = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	liteio_http_done_fn done = call->done;
	void *arg = call->arg;
	int r = 0;

	if (cc) {
		r = call_error(call, cc, &err);
	} else {
		curl.easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &rsp.status);
		rsp.body_len = call->response.len;
		rsp.body = call->data && !rsp.body_len ? NULL : liteio_buf_take(&call->response);
	}
	/* before the callback: the call is not there any more when its owner hears of the end */
	call_release(call);
	done(arg, r, r ? NULL : &rsp, r ? &err : NULL);
	liteio_http_response_fini(&rsp);
}

/* what could not be done while curl was on the stack */
static void sweep(struct liteio_http_client *c)
{
	struct liteio_http_call *call = c->calls;

	while (call) {
		struct liteio_http_call *next = call->next;

		if (call->cancelled) {
			call_release(call);
		} else if (call->waiting) {
			call->waiting = false;
			curl.multi_add_handle(c->multi, call->easy);
		}
		call = next;
	}
}

/* tell curl what happened, then tell owners what ended */
static void drive(struct liteio_http_client *c, curl_socket_t fd, int what)
{
	int running, left;
	CURLMsg *msg;

	c->refs++;
	c->in_curl = true;
	curl.multi_socket_action(c->multi, fd, what, &running);
	c->in_curl = false;
	sweep(c);
	while (!c->dead && (msg = curl.multi_info_read(c->multi, &left))) {
		struct liteio_http_call *call = NULL;
		CURLcode cc = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl.easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		if (call->setup) {
			cc = call->setup;
			call->text[0] = '\0';
		}
		call_finish(call, cc);
	}
	client_release(c);
}

static void on_socket_ready(void *arg, int fd, unsigned int events)
{
	int what = 0;

	if (events & LITEIO_IO_READ)
		what |= CURL_CSELECT_IN;
	if (events & LITEIO_IO_WRITE)
		what |= CURL_CSELECT_OUT;
	if (events & (LITEIO_IO_ERR | LITEIO_IO_HUP))
		what |= CURL_CSELECT_ERR;
	drive(arg, fd, what);
}

static void on_timeout(void *arg)
{
	drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* curl: what to wait for on a socket */
static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *per_socket)
{
	struct liteio_http_client *c = arg;
	struct liteio_io *io = per_socket;
	unsigned int events = 0;

	if (what == CURL_POLL_REMOVE) {
		liteio_io_free(io);
		curl.multi_assign(c->multi, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= LITEIO_IO_READ;
	if (what & CURL_POLL_OUT)
		events |= LITEIO_IO_WRITE;
	if (io) {
		liteio_io_set_events(io, events);
		return 0;
	}
	if (liteio_io_new(c->loop, fd, events, on_socket_ready, c, &io, NULL))
		return -1;
	curl.multi_assign(c->multi, fd, io);
	return 0;
}

/* curl: when to be called at the latest */
static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *arg)
{
	struct liteio_http_client *c = arg;

	if (timeout_ms < 0)
		liteio_timer_disarm(c->timer);
	else
		liteio_timer_arm(c->timer, (uint64_t)timeout_ms, 1);
	return 0;
}

/* ---- clients ------------------------------------------------------------------------------ */

static CURL *new_handle(void)
{
	CURL *easy = curl.easy_init();

	if (!easy)
		abort();
	return easy;
}

static int load_curl(struct liteio_error *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool is_loaded;
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	int r;

	liteio_guard(&lock);
	if (is_loaded)
		return 0;
	r = liteio_lazy_load("libcurl.so.4", names, LITEIO_ARRAY_SIZE(names), &curl, err);
	if (r)
		return r;
	/* a peer that goes away is an error of the call, not the end of the process */
	sigaction(SIGPIPE, &ignore, NULL);
	if (curl.global_init(CURL_GLOBAL_ALL))
		abort();
	is_loaded = true;
	return 0;
}

static int init_multi(struct liteio_http_client *c, struct liteio_error *err)
{
	int r = liteio_timer_new(c->loop, on_timeout, c, &c->timer, err);

	if (r)
		return r;
	c->multi = curl.multi_init();
	if (!c->multi)
		return liteio_error_set(err, -ENOMEM, "cannot start libcurl");
	curl.multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl.multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl.multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	curl.multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	return 0;
}

int liteio_http_client_new(struct liteio_loop *loop, const struct liteio_http_tls *tls,
			   struct liteio_http_client **ret, struct liteio_error *err)
{
	struct liteio_http_client *c;
	int r = load_curl(err);

	if (r)
		return r;
	c = liteio_calloc(1, sizeof(*c));
	c->refs = 1;
	c->loop = loop;
	c->idle = liteio_spares_new(MAX_IDLE, curl.easy_cleanup);
	if (tls) {
		c->tls.ca_file = liteio_strdup(tls->ca_file);
		c->tls.cert_file = liteio_strdup(tls->cert_file);
		c->tls.key_file = liteio_strdup(tls->key_file);
		c->tls.server_name = liteio_strdup(tls->server_name);
		c->tls.insecure = tls->insecure;
	}
	r = loop ? init_multi(c, err) : 0;
	if (r) {
		client_release(c);
		return r;
	}
	*ret = c;
	return 0;
}

void liteio_http_client_free(struct liteio_http_client *c)
{
	struct liteio_http_call *call, *next;

	if (!c)
		return;
	for (call = c->calls; call; call = next) {
		next = call->next;
		call_release(call);
	}
	c->dead = true;
	client_release(c);
}

/* ---- calls -------------------------------------------------------------------------------- */

struct liteio_http_call *liteio_http_call_start(struct liteio_http_client *c,
						const struct liteio_http_call_spec *spec,
						liteio_http_data_fn data, liteio_http_done_fn done,
						void *arg)
{
	struct liteio_http_call *call = liteio_calloc(1, sizeof(*call));

	call->c = c;
	call->easy = new_handle();
	call->url = liteio_strdup(spec->url);
	call->data = data;
	call->done = done;
	call->arg = arg;
	call->next = c->calls;
	call->link = &c->calls;
	if (call->next)
		call->next->link = &call->next;
	c->calls = call;
	/* the end of a call is always told through the callback: curl refuses this URL soon */
	call->setup = setup(call, spec);
	if (call->setup)
		curl.easy_setopt(call->easy, CURLOPT_URL, "invalid://");
	if (c->in_curl)
		call->waiting = true;
	else
		curl.multi_add_handle(c->multi, call->easy);
	return call;
}

void liteio_http_call_cancel(struct liteio_http_call *call)
{
	if (!call)
		return;
	if (call->c->in_curl)
		call->cancelled = true;
	else
		call_release(call);
}

int liteio_http_call_sync(struct liteio_http_client *c, const struct liteio_http_call_spec *spec,
			  struct liteio_http_response *ret, struct liteio_error *err)
{
	struct liteio_http_call call = { .c = c, .url = liteio_strdup(spec->url) };
	CURLcode cc;
	int r = 0;

	call.easy = liteio_spares_take(c->idle);
	if (!call.easy)
		call.easy = new_handle();
	cc = setup(&call, spec);
	if (!cc)
		cc = curl.easy_perform(call.easy);
	if (cc) {
		r = call_error(&call, cc, err);
	} else {
		*ret = (struct liteio_http_response){ .body_len = call.response.len };
		curl.easy_getinfo(call.easy, CURLINFO_RESPONSE_CODE, &ret->status);
		ret->body = liteio_buf_take(&call.response);
	}
	/* forgets the options, keeps the connections */
	curl.easy_reset(call.easy);
	liteio_spares_give(c->idle, call.easy);
	call_fini(&call);
	return r;
}
