// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers of the module, through the real libnl: only its socket is replaced, by answers made here.
 * A dump under which objects changed is begun again, and nothing in it is given twice. What the
 * kernel says with a success is heard, too.
 */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "host/netlink.h"
#include "unit.h"

#define FAMILY 30

/* what the kernel sends to one request: parts, each one datagram */
struct answer {
	/* generations of attachments; 0: the end of the part */
	uint64_t parts[2][4];
	/* as many parts carry the flag, from the last one back; the end of the dump is one more */
	unsigned int interrupted;
	/* code in the end of the dump */
	int code;
};

static const struct answer *answers;
static size_t n_answers, n_asked, next_part;
static uint32_t seq, port;
/* of the end of the first command that is no dump; NULL: none */
static const char *sentence;
static bool is_fence;

/* ---- in the place of the socket ------------------------------------------------------------- */

int genl_connect(struct nl_sock *sk)
{
	return 0;
}

int genl_ctrl_resolve(struct nl_sock *sk, const char *name)
{
	return FAMILY;
}

int nl_send_auto(struct nl_sock *sk, struct nl_msg *msg)
{
	nl_complete_msg(sk, msg);
	is_fence = genlmsg_hdr(nlmsg_hdr(msg))->cmd == LITEIO_CMD_FENCE;
	seq = nlmsg_hdr(msg)->nlmsg_seq;
	port = nlmsg_hdr(msg)->nlmsg_pid;
	n_asked++;
	next_part = 0;
	return (int)nlmsg_hdr(msg)->nlmsg_len;
}

static size_t put_att(unsigned char *at, uint64_t generation, int flags)
{
	static const uint8_t uuid[LITEIO_UUID_LEN] = { 1, 2, 3 };
	struct nl_msg *msg = nlmsg_alloc();
	size_t len;

	ck_assert_ptr_nonnull(genlmsg_put(msg, port, seq, FAMILY, 0, NLM_F_MULTI | flags,
					  LITEIO_CMD_ATT_GET, LITEIO_GENL_VERSION));
	nla_put(msg, LITEIO_A_UUID, sizeof(uuid), uuid);
	nla_put_u64(msg, LITEIO_A_GEN, generation);
	nla_put_u32(msg, LITEIO_A_STATE, LITEIO_ATT_OPEN);
	len = NLMSG_ALIGN(nlmsg_hdr(msg)->nlmsg_len);
	memcpy(at, nlmsg_hdr(msg), len);
	nlmsg_free(msg);
	return len;
}

static size_t put_done(unsigned char *at, int code, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();
	size_t len;

	ck_assert_ptr_nonnull(nlmsg_put(msg, port, seq, NLMSG_DONE, sizeof(code),
					NLM_F_MULTI | flags));
	memcpy(nlmsg_data(nlmsg_hdr(msg)), &code, sizeof(code));
	len = NLMSG_ALIGN(nlmsg_hdr(msg)->nlmsg_len);
	memcpy(at, nlmsg_hdr(msg), len);
	nlmsg_free(msg);
	return len;
}

static size_t put_fenced(unsigned char *at)
{
	struct nl_msg *msg = nlmsg_alloc();
	size_t len;

	ck_assert_ptr_nonnull(genlmsg_put(msg, port, seq, FAMILY, 0, 0, LITEIO_CMD_FENCE,
					  LITEIO_GENL_VERSION));
	nla_put_u64(msg, LITEIO_A_FLOOR, 10);
	nla_put_u8(msg, LITEIO_A_DRAINED, n_asked > 1);
	nla_put_u64(msg, LITEIO_A_INFLIGHT, 0);
	len = NLMSG_ALIGN(nlmsg_hdr(msg)->nlmsg_len);
	memcpy(at, nlmsg_hdr(msg), len);
	nlmsg_free(msg);
	return len;
}

/* as the kernel acknowledges: without the request, with a sentence if there is one */
static size_t put_ack(unsigned char *at)
{
	const char *said = n_asked == 1 ? sentence : NULL;
	int flags = NLM_F_CAPPED | (said ? NLM_F_ACK_TLVS : 0);
	struct nlmsgerr e = { .error = 0 };
	struct nl_msg *msg = nlmsg_alloc();
	size_t len;

	ck_assert_ptr_nonnull(nlmsg_put(msg, port, seq, NLMSG_ERROR, 0, flags));
	ck_assert_int_eq(nlmsg_append(msg, &e, sizeof(e), NLMSG_ALIGNTO), 0);
	if (said)
		nla_put_string(msg, NLMSGERR_ATTR_MSG, said);
	len = NLMSG_ALIGN(nlmsg_hdr(msg)->nlmsg_len);
	memcpy(at, nlmsg_hdr(msg), len);
	nlmsg_free(msg);
	return len;
}

/* libnl calls this one instead of its own */
int nl_recv(struct nl_sock *sk, struct sockaddr_nl *nla, unsigned char **buf, struct ucred **creds)
{
	const struct answer *a;
	size_t len = 0;
	int flags;

	ck_assert_uint_lt(next_part, 3);
	*buf = calloc(1, 4096);
	memset(nla, 0, sizeof(*nla));
	nla->nl_family = AF_NETLINK;
	if (is_fence)
		return (int)(next_part++ ? put_ack(*buf) : put_fenced(*buf));
	a = &answers[n_asked <= n_answers ? n_asked - 1 : n_answers - 1];
	flags = next_part + a->interrupted > 2 ? NLM_F_DUMP_INTR : 0;
	if (next_part < 2) {
		for (const uint64_t *gen = a->parts[next_part]; *gen; gen++)
			len += put_att(*buf + len, *gen, flags);
	} else {
		len = put_done(*buf, a->code, flags);
	}
	next_part++;
	return (int)len;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static int list(const struct answer *a, size_t n, struct liteio_netlink_att **ret, size_t *ret_n,
		struct liteio_error *err)
{
	struct liteio_netlink *nl;
	int r;

	answers = a;
	n_answers = n;
	n_asked = 0;
	ck_assert_int_eq(liteio_netlink_open(&nl, err), 0);
	r = liteio_netlink_att_list(nl, NULL, ret, ret_n, err);
	liteio_netlink_close(nl);
	return r;
}

/* generations 1 to n, once each, after so many requests */
static void expect_list(const struct answer *a, size_t n, size_t items, size_t asked)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_netlink_att *atts;
	size_t n_atts;
	int r;

	r = list(a, n, &atts, &n_atts, &err);
	ck_assert_msg(r == 0, "%d: %s", r, err.msg);
	ck_assert_uint_eq(n_asked, asked);
	ck_assert_uint_eq(n_atts, items);
	for (size_t i = 0; i < items; i++)
		ck_assert_uint_eq(atts[i].generation, i + 1);
	free(atts);
}

#define ALL { { 1, 2, 3 }, { 4 } }
#define FEWER { { 1, 2, 3 }, { 5 } }

START_TEST(a_dump_is_read_once)
{
	static const struct answer a[] = { { .parts = ALL } };

	expect_list(a, 1, 4, 1);
}
END_TEST

/* from the end alone to all of it; what was in the first dump is forgotten */
START_TEST(an_interrupted_dump_is_begun_again)
{
	for (unsigned int parts = 1; parts <= 3; parts++) {
		const struct answer a[] = { { .parts = FEWER, .interrupted = parts },
					    { .parts = FEWER, .interrupted = 1 },
					    { .parts = ALL } };

		expect_list(a, 3, 4, 3);
	}
}
END_TEST

/* the module gives nothing twice even then, and so nor do we */
START_TEST(it_is_taken_as_it_is_in_the_end)
{
	static const struct answer a[] = { { .parts = ALL, .interrupted = 3 } };

	expect_list(a, 1, 4, 10);
}
END_TEST

START_TEST(a_dump_that_fails_on_its_way_is_an_error)
{
	for (unsigned int parts = 0; parts <= 1; parts++) {
		const struct answer a[] = { { .parts = ALL,
					      .interrupted = parts,
					      .code = -ENOMEM } };
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_netlink_att *atts = NULL;
		size_t n_atts = 77;

		ck_assert_int_eq(list(a, 1, &atts, &n_atts, &err), -ENOMEM);
		ck_assert_ptr_null(atts);
		ck_assert_uint_eq(n_asked, 1);
	}
}
END_TEST

/* ---- fences --------------------------------------------------------------------------------- */

/* drained with the second request; the note is that of the first */
START_TEST(a_success_may_say_something)
{
	static const struct liteio_uuid uuid = { .b = { 1, 2, 3 } };
	static const char *const sentences[] = { NULL, "the floor is higher already" };

	for (size_t i = 0; i < 2; i++) {
		struct liteio_netlink_fence f;
		struct liteio_netlink *nl;

		n_asked = 0;
		sentence = sentences[i];
		ck_assert_int_eq(liteio_netlink_open(&nl, NULL), 0);
		ck_assert_int_eq(liteio_netlink_fence(nl, &uuid, 3, 0, 0, &f, NULL), 0);
		ck_assert_str_eq(f.note, sentence ? sentence : "");
		n_asked = 0;
		ck_assert_int_eq(liteio_netlink_fence_wait(nl, &uuid, 3, 0, 60000, &f, NULL), 0);
		ck_assert_uint_eq(n_asked, 2);
		ck_assert(f.drained);
		ck_assert_str_eq(f.note, sentence ? sentence : "");
		/* what was said of one command is not said of the next */
		ck_assert_int_eq(liteio_netlink_fence(nl, &uuid, 3, 0, 0, &f, NULL), 0);
		ck_assert_str_eq(f.note, "");
		liteio_netlink_close(nl);
	}
}
END_TEST

UNIT_MAIN("netlink-answer", a_dump_is_read_once, an_interrupted_dump_is_begun_again,
	  it_is_taken_as_it_is_in_the_end, a_dump_that_fails_on_its_way_is_an_error,
	  a_success_may_say_something)
