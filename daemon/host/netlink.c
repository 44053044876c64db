// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The liteio family through libnl-genl.
 *
 * libnl neither asks for extended ACKs nor reads them: the option is set on the socket and the
 * callbacks look for NLMSGERR_ATTR_MSG themselves. Over 600 lines because the headers of a library
 * are included in one file; what needs none of them is in netlink_*.c.
 */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/spares.h"
#include "base/str.h"
#include "host/netlink.h"

#define RECEIVE_BUFFER (4 << 20)
/* room for one datagram: the kernel makes those of a dump no larger than what it is read into */
#define DATAGRAM_MAX (32 << 10)
#define SPARES_MAX 4
/* how often a dump that objects changed under is begun again before it is taken as it is */
#define DUMP_TRIES 10

/**
 * struct liteio_netlink - a connection
 * @sock: libnl's
 * @family: number of the module's family
 * @module: which load of the module that is of: inodes of sysfs are not used twice
 * @is_broken: an answer may still come that nobody waits for
 * @note: the kernel's sentence about the last command, "" for none
 */
struct liteio_netlink {
	struct nl_sock *sock;
	int family;
	ino_t module;
	bool is_broken;
	char note[LITEIO_NETLINK_SENTENCE];
};

struct liteio_netlink_events {
	struct nl_sock *sock;
	uint64_t known;
};

typedef int (*parse_fn)(const void *attrs, size_t len, void *ret);

/* one request: what came back */
struct request {
	int error;
	bool is_done;
	char sentence[LITEIO_NETLINK_SENTENCE];
	parse_fn parse;
	size_t item_size;
	void *items;
	size_t n_items;
	bool interrupted;
};

/* ---- answers -------------------------------------------------------------------------------- */

static int on_message(struct nl_msg *msg, void *arg)
{
	struct request *q = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct genlmsghdr *g;
	int len;

	if (!q->parse || !genlmsg_valid_hdr(h, 0))
		return NL_OK;
	g = genlmsg_hdr(h);
	len = genlmsg_attrlen(g, 0);
	q->items = liteio_realloc(q->items, q->n_items + 1, q->item_size);
	if (q->parse(genlmsg_attrdata(g, 0), len < 0 ? 0 : (size_t)len,
		     (char *)q->items + q->n_items * q->item_size))
		q->error = -EBADMSG;
	else
		q->n_items++;
	return NL_OK;
}

static int on_done(struct nl_msg *msg, void *arg)
{
	struct request *q = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	int code;

	/* a dump that failed on its way says so in its last message */
	if (nlmsg_datalen(h) >= (int)sizeof(code)) {
		memcpy(&code, nlmsg_data(h), sizeof(code));
		if (code < 0 && !q->error)
			q->error = code;
	}
	q->is_done = true;
	return NL_STOP;
}

/*
 * Objects changed under the dump. Without this, libnl makes an error of it. The message itself
 * comes once more: as one of the dump, or as its end, which has the flag too.
 */
static int on_interrupted(struct nl_msg *msg, void *arg)
{
	struct request *q = arg;

	q->interrupted = true;
	return NL_OK;
}

/* the kernel's sentence follows the error code, and the request when that is repeated */
static void find_sentence(const struct nlmsgerr *e, struct request *q)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)((const char *)e - NLMSG_HDRLEN);
	size_t skip = sizeof(*e), len = h->nlmsg_len - NLMSG_HDRLEN;
	struct nlattr *a;

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (skip >= len)
		return;
	a = nla_find((struct nlattr *)(uintptr_t)((const char *)e + skip), (int)(len - skip),
		     NLMSGERR_ATTR_MSG);
	if (a && nla_len(a) > 0)
		snprintf(q->sentence, sizeof(q->sentence), "%.*s", nla_len(a),
			 (const char *)nla_data(a));
}

/* a success may have its sentence, too */
static int on_ack(struct nl_msg *msg, void *arg)
{
	struct request *q = arg;

	q->is_done = true;
	find_sentence(nlmsg_data(nlmsg_hdr(msg)), q);
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *addr, struct nlmsgerr *e, void *arg)
{
	struct request *q = arg;

	q->error = e->error ? e->error : -EIO;
	q->is_done = true;
	find_sentence(e, q);
	return NL_STOP;
}

/* ---- requests ------------------------------------------------------------------------------- */

static int receive(struct nl_sock *sock, struct request *q, struct liteio_error *err)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int r = 0;

	if (!cb)
		abort();
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_message, q);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_done, q);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, q);
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, q);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, q);
	while (!q->is_done && r >= 0)
		r = nl_recvmsgs(sock, cb);
	nl_cb_put(cb);
	if (!q->is_done && r < 0)
		return liteio_error_set(err, -EIO, "no answer from the module: %s",
					nl_geterror(r));
	return 0;
}

static struct nl_msg *new_message(const struct liteio_netlink *nl, int cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0, flags, (uint8_t)cmd,
				 LITEIO_GENL_VERSION))
		abort();
	return msg;
}

/* the default message has room for all we ever put */
static void put(struct nl_msg *msg, int type, const void *data, size_t len)
{
	if (nla_put(msg, type, (int)len, data))
		abort();
}

static void put_uuid(struct nl_msg *msg, const struct liteio_uuid *uuid)
{
	put(msg, LITEIO_A_UUID, uuid->b, sizeof(uuid->b));
}

static void put_u64(struct nl_msg *msg, int type, uint64_t v)
{
	put(msg, type, &v, sizeof(v));
}

static void put_u32(struct nl_msg *msg, int type, uint32_t v)
{
	put(msg, type, &v, sizeof(v));
}

/* cut, and made of what the kernel takes: graphic ASCII */
static void put_text(struct nl_msg *msg, int type, const char *s, size_t max)
{
	char text[256];
	size_t n = 0;

	for (; s[n] && n < max && n < sizeof(text) - 1; n++)
		text[n] = s[n] > 0x20 && s[n] < 0x7f ? s[n] : '_';
	text[n] = '\0';
	put(msg, type, text, n + 1);
}

/* send, receive, and the kernel's sentence as the error; frees the message */
static int ask(struct liteio_netlink *nl, struct nl_msg *msg, struct request *q, const char *what,
	       struct liteio_error *err)
{
	int r = nl_send_auto(nl->sock, msg);

	nlmsg_free(msg);
	nl->is_broken = nl->is_broken || r < 0;
	if (r < 0)
		return liteio_error_set(err, -EIO, "cannot ask the module to %s: %s", what,
					nl_geterror(r));
	r = receive(nl->sock, q, err);
	nl->is_broken = nl->is_broken || r;
	memcpy(nl->note, q->sentence, sizeof(nl->note));
	if (!r && q->error)
		r = liteio_error_set(err, q->error, "cannot %s: %s", what,
				     q->sentence[0] ? q->sentence :
						      liteio_error_str(NULL, q->error));
	if (r) {
		free(q->items);
		q->items = NULL;
	}
	return r;
}

/* a command that answers with the ACK alone */
static int ask_ack(struct liteio_netlink *nl, struct nl_msg *msg, const char *what,
		   struct liteio_error *err)
{
	struct request q = { 0 };

	return ask(nl, msg, &q, what, err);
}

/* a command that answers with exactly one message */
static int ask_one(struct liteio_netlink *nl, struct nl_msg *msg, parse_fn parse, void *ret,
		   size_t size, const char *what, struct liteio_error *err)
{
	struct request q = { .parse = parse, .item_size = size };
	int r = ask(nl, msg, &q, what, err);

	if (r)
		return r;
	if (q.n_items == 1)
		memcpy(ret, q.items, size);
	else
		r = liteio_error_set(err, -EBADMSG, "cannot %s: the module answered with %zu messages",
				     what, q.n_items);
	free(q.items);
	return r;
}

/* a dump, begun again while objects come and go under it */
static int ask_all(struct liteio_netlink *nl, int cmd, const struct liteio_uuid *uuid,
		   parse_fn parse, size_t size, void **ret, size_t *ret_n, const char *what,
		   struct liteio_error *err)
{
	for (int tries = 1;; tries++) {
		struct request q = { .parse = parse, .item_size = size };
		struct nl_msg *msg = new_message(nl, cmd, NLM_F_REQUEST | NLM_F_DUMP);
		int r;

		if (uuid)
			put_uuid(msg, uuid);
		r = ask(nl, msg, &q, what, err);
		if (r)
			return r;
		if (q.interrupted && tries < DUMP_TRIES) {
			free(q.items);
			continue;
		}
		*ret = q.items;
		*ret_n = q.n_items;
		return 0;
	}
}

/* ---- connection ----------------------------------------------------------------------------- */

static int connect_sock(struct nl_sock **ret, struct liteio_error *err)
{
	struct nl_sock *sock = nl_socket_alloc();
	int one = 1, r;

	if (!sock)
		abort();
	r = genl_connect(sock);
	if (r) {
		nl_socket_free(sock);
		return liteio_error_set(err, -EIO, "cannot open generic netlink: %s",
					nl_geterror(r));
	}
	/* or each is read twice, first to see how long it is */
	nl_socket_set_msg_buf_size(sock, DATAGRAM_MAX);
	nl_socket_disable_msg_peek(sock);
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	*ret = sock;
	return 0;
}

static void connection_free(void *connection)
{
	struct liteio_netlink *nl = connection;

	nl_socket_free(nl->sock);
	free(nl);
}

/* connections between two uses: to make one takes ten calls, and a question which family it is */
static struct liteio_spares *spares;

static void make_spares(void)
{
	spares = liteio_spares_new(SPARES_MAX, connection_free);
}

/* 0: it is not loaded */
static ino_t loaded_module(void)
{
	struct stat st;

	return stat("/sys/module/" LITEIO_GENL_NAME, &st) ? 0 : st.st_ino;
}

static int connect_module(struct liteio_netlink **ret, struct liteio_error *err)
{
	struct nl_sock *sock;
	ino_t module = loaded_module();
	int r, family;

	r = connect_sock(&sock, err);
	if (r)
		return r;
	family = genl_ctrl_resolve(sock, LITEIO_GENL_NAME);
	if (family < 0) {
		nl_socket_free(sock);
		return liteio_error_set(err, -ENOENT, "the module liteio is not loaded");
	}
	*ret = liteio_calloc(1, sizeof(**ret));
	(*ret)->sock = sock;
	(*ret)->family = family;
	(*ret)->module = module;
	return 0;
}

int liteio_netlink_open(struct liteio_netlink **ret, struct liteio_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct liteio_netlink *nl;

	pthread_once(&once, make_spares);
	nl = liteio_spares_take(spares);
	if (nl && nl->module == loaded_module()) {
		*ret = nl;
		return 0;
	}
	/* of a module that is not there any more: its number may be another family's */
	if (nl)
		connection_free(nl);
	return connect_module(ret, err);
}

void liteio_netlink_close(struct liteio_netlink *nl)
{
	if (!nl)
		return;
	if (nl->is_broken || !nl->module)
		connection_free(nl);
	else
		liteio_spares_give(spares, nl);
}

uint64_t liteio_netlink_load(const struct liteio_netlink *nl)
{
	return nl->module;
}

int liteio_netlink_raw(const struct liteio_netlink *nl, int *ret_family)
{
	*ret_family = nl->family;
	return nl_socket_get_fd(nl->sock);
}

void liteio_netlink_broken(struct liteio_netlink *nl)
{
	nl->is_broken = true;
}

/* ---- commands ------------------------------------------------------------------------------- */

/* the parsers with the type of a generic one */
#define PARSER(name, type) \
	static int name(const void *attrs, size_t len, void *ret) \
	{ \
		return liteio_netlink_##name(attrs, len, (struct type *)ret); \
	}
PARSER(parse_info, liteio_netlink_info)
PARSER(parse_volume, liteio_netlink_volume)
PARSER(parse_att, liteio_netlink_att)
PARSER(parse_fence, liteio_netlink_fence)
PARSER(parse_stats, liteio_netlink_stats)
PARSER(parse_event, liteio_netlink_event)

int liteio_netlink_info_get(struct liteio_netlink *nl, struct liteio_netlink_info *ret,
			    struct liteio_error *err)
{
	return ask_one(nl, new_message(nl, LITEIO_CMD_INFO_GET, NLM_F_REQUEST | NLM_F_ACK),
		       parse_info, ret, sizeof(*ret), "ask the module about itself", err);
}

int liteio_netlink_vol_set(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   const char *name, uint64_t floor, bool create, bool excl,
			   struct liteio_error *err)
{
	int flags = NLM_F_REQUEST | NLM_F_ACK | (create ? NLM_F_CREATE : 0) |
		    (excl ? NLM_F_EXCL : 0);
	struct nl_msg *msg = new_message(nl, LITEIO_CMD_VOL_SET, flags);

	put_uuid(msg, uuid);
	if (name && *name)
		put_text(msg, LITEIO_A_NAME, name, LITEIO_NETLINK_NAME_MAX);
	if (floor)
		put_u64(msg, LITEIO_A_FLOOR, floor);
	return ask_ack(nl, msg, "set the volume in the module", err);
}

int liteio_netlink_vol_get(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   struct liteio_netlink_volume *ret, struct liteio_error *err)
{
	struct nl_msg *msg = new_message(nl, LITEIO_CMD_VOL_GET, NLM_F_REQUEST | NLM_F_ACK);

	put_uuid(msg, uuid);
	return ask_one(nl, msg, parse_volume, ret, sizeof(*ret), "read the volume from the module",
		       err);
}

int liteio_netlink_vol_list(struct liteio_netlink *nl, struct liteio_netlink_volume **ret,
			    size_t *ret_n, struct liteio_error *err)
{
	return ask_all(nl, LITEIO_CMD_VOL_GET, NULL, parse_volume, sizeof(**ret), (void **)ret,
		       ret_n, "list the module's volumes", err);
}

int liteio_netlink_vol_del(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   struct liteio_error *err)
{
	struct nl_msg *msg = new_message(nl, LITEIO_CMD_VOL_DEL, NLM_F_REQUEST | NLM_F_ACK);

	put_uuid(msg, uuid);
	return ask_ack(nl, msg, "delete the volume from the module", err);
}

int liteio_netlink_att_add(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   uint64_t generation, const char *host, bool read_only,
			   struct liteio_error *err)
{
	struct nl_msg *msg = new_message(nl, LITEIO_CMD_ATT_ADD, NLM_F_REQUEST | NLM_F_ACK);

	put_uuid(msg, uuid);
	put_u64(msg, LITEIO_A_GEN, generation);
	if (host && *host)
		put_text(msg, LITEIO_A_HOST, host, LITEIO_NETLINK_HOST_MAX);
	if (read_only)
		put_u32(msg, LITEIO_A_FLAGS, LITEIO_ATT_RO);
	return ask_ack(nl, msg, "add the attachment to the module", err);
}

int liteio_netlink_att_get(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   uint64_t generation, struct liteio_netlink_att *ret,
			   struct liteio_error *err)
{
	struct nl_msg *msg = new_message(nl, LITEIO_CMD_ATT_GET, NLM_F_REQUEST | NLM_F_ACK);

	put_uuid(msg, uuid);
	put_u64(msg, LITEIO_A_GEN, generation);
	return ask_one(nl, msg, parse_att, ret, sizeof(*ret),
		       "read the attachment from the module", err);
}

int liteio_netlink_att_list(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			    struct liteio_netlink_att **ret, size_t *ret_n,
			    struct liteio_error *err)
{
	return ask_all(nl, LITEIO_CMD_ATT_GET, uuid, parse_att, sizeof(**ret), (void **)ret, ret_n,
		       "list the module's attachments", err);
}

int liteio_netlink_att_del(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   uint64_t generation, struct liteio_error *err)
{
	struct nl_msg *msg = new_message(nl, LITEIO_CMD_ATT_DEL, NLM_F_REQUEST | NLM_F_ACK);

	put_uuid(msg, uuid);
	put_u64(msg, LITEIO_A_GEN, generation);
	return ask_ack(nl, msg, "delete the attachment from the module", err);
}

int liteio_netlink_fence(struct liteio_netlink *nl, const struct liteio_uuid *uuid, uint64_t floor,
			 uint64_t generation, uint32_t timeout_ms, struct liteio_netlink_fence *ret,
			 struct liteio_error *err)
{
	struct nl_msg *msg = new_message(nl, LITEIO_CMD_FENCE, NLM_F_REQUEST | NLM_F_ACK);
	int r;

	put_uuid(msg, uuid);
	if (floor)
		put_u64(msg, LITEIO_A_FLOOR, floor);
	if (generation)
		put_u64(msg, LITEIO_A_GEN, generation);
	if (timeout_ms != LITEIO_NETLINK_TIMEOUT_DEF)
		put_u32(msg, LITEIO_A_TIMEOUT_MS, timeout_ms);
	r = ask_one(nl, msg, parse_fence, ret, sizeof(*ret), "fence the volume", err);
	if (!r)
		memcpy(ret->note, nl->note, sizeof(ret->note));
	return r;
}

int liteio_netlink_fence_wait(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			      uint64_t floor, uint64_t generation, uint64_t timeout_ms,
			      struct liteio_netlink_fence *ret, struct liteio_error *err)
{
	uint64_t deadline = liteio_now_ms() + timeout_ms;
	char note[sizeof(ret->note)] = "";

	/* each round waits inside the kernel: this is no busy loop */
	for (bool is_first = true;; is_first = false) {
		uint64_t now = liteio_now_ms();
		uint64_t left = now < deadline ? deadline - now : 0;
		int r;

		if (left > LITEIO_FENCE_TIMEOUT_MS_MAX)
			left = LITEIO_FENCE_TIMEOUT_MS_MAX;
		r = liteio_netlink_fence(nl, uuid, floor, generation, (uint32_t)left, ret, err);
		if (!r && is_first)
			memcpy(note, ret->note, sizeof(note));
		else if (!r)
			memcpy(ret->note, note, sizeof(note));
		if (r || ret->drained || !left)
			return r;
	}
}

int liteio_netlink_stats_get(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			     uint64_t generation, struct liteio_netlink_stats *ret,
			     struct liteio_error *err)
{
	struct nl_msg *msg = new_message(nl, LITEIO_CMD_STATS_GET, NLM_F_REQUEST | NLM_F_ACK);

	put_uuid(msg, uuid);
	put_u64(msg, LITEIO_A_GEN, generation);
	return ask_one(nl, msg, parse_stats, ret, sizeof(*ret), "read the statistics", err);
}

int liteio_netlink_stats_list(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			      struct liteio_netlink_stats **ret, size_t *ret_n,
			      struct liteio_error *err)
{
	return ask_all(nl, LITEIO_CMD_STATS_GET, uuid, parse_stats, sizeof(**ret), (void **)ret,
		       ret_n, "list the statistics", err);
}

int liteio_netlink_ask(struct liteio_netlink *nl, const struct liteio_netlink_question *question,
		       void *ret, struct liteio_error *err)
{
	struct nl_msg *msg = new_message(nl, question->cmd, NLM_F_REQUEST | NLM_F_ACK);
	size_t i;

	for (i = 0; i < question->n_attrs; i++)
		put(msg, question->attrs[i].type, question->attrs[i].data, question->attrs[i].len);
	if (!question->parse)
		return ask_ack(nl, msg, question->what, err);
	return ask_one(nl, msg, question->parse, ret, question->size, question->what, err);
}

/* ---- events --------------------------------------------------------------------------------- */

int liteio_netlink_events_open(struct liteio_netlink_events **ret, struct liteio_error *err)
{
	struct nl_sock *sock;
	int r, group;

	r = connect_sock(&sock, err);
	if (r)
		return r;
	group = genl_ctrl_resolve_grp(sock, LITEIO_GENL_NAME, LITEIO_GENL_GROUP_EVENTS);
	if (group < 0) {
		nl_socket_free(sock);
		return liteio_error_set(err, -ENOENT, "the module liteio is not loaded");
	}
	nl_socket_disable_seq_check(sock);
	nl_socket_set_buffer_size(sock, RECEIVE_BUFFER, 0);
	nl_socket_set_nonblocking(sock);
	r = nl_socket_add_membership(sock, group);
	if (r) {
		nl_socket_free(sock);
		return liteio_error_set(err, -EIO, "cannot subscribe to the module's events: %s",
					nl_geterror(r));
	}
	*ret = liteio_calloc(1, sizeof(**ret));
	(*ret)->sock = sock;
	return 0;
}

void liteio_netlink_events_close(struct liteio_netlink_events *ev)
{
	if (!ev)
		return;
	nl_socket_free(ev->sock);
	free(ev);
}

void liteio_netlink_events_expect(struct liteio_netlink_events *ev, uint64_t seq)
{
	ev->known = seq;
}

int liteio_netlink_events_fd(const struct liteio_netlink_events *ev)
{
	return nl_socket_get_fd(ev->sock);
}

/* one datagram from the socket, without libnl's parser: -EAGAIN, -ENOBUFS, or its length */
static ssize_t next_datagram(struct liteio_netlink_events *ev, void *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	ssize_t n;

	do {
		n = recvfrom(nl_socket_get_fd(ev->sock), buf, size, MSG_DONTWAIT,
			     (struct sockaddr *)&from, &from_len);
		if (n < 0 && errno != EINTR)
			return -errno;
	} while (n < 0 || from.nl_pid);
	return n;
}

int liteio_netlink_events_next(struct liteio_netlink_events *ev, struct liteio_netlink_event *ret,
			       struct liteio_error *err)
{
	_Alignas(struct nlmsghdr) char buf[4096];
	struct nlmsghdr *h = (struct nlmsghdr *)buf;
	enum liteio_netlink_order order;
	struct liteio_netlink_event e;

	for (;;) {
		ssize_t n = next_datagram(ev, buf, sizeof(buf));

		if (n == -EAGAIN)
			return 0;
		if (n == -ENOBUFS) {
			*ret = (struct liteio_netlink_event){ .lost = true };
			return 1;
		}
		if (n < 0)
			return liteio_error_set(err, (int)n, "cannot read the module's events: %s",
						liteio_error_str(NULL, (int)n));
		if (!nlmsg_ok(h, (int)n) || !genlmsg_valid_hdr(h, 0) ||
		    genlmsg_hdr(h)->cmd != LITEIO_CMD_EVENT ||
		    parse_event(genlmsg_attrdata(genlmsg_hdr(h), 0),
				(size_t)genlmsg_attrlen(genlmsg_hdr(h), 0), &e))
			continue;
		order = liteio_netlink_order(&ev->known, e.seq);
		if (order == LITEIO_NETLINK_KNOWN)
			continue;
		/* the event itself is of no use when those before it are missing */
		if (order == LITEIO_NETLINK_GAP)
			e = (struct liteio_netlink_event){ .lost = true, .seq = e.seq };
		*ret = e;
		return 1;
	}
}
