// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists of the module's objects, through the real libnl: only its socket is replaced, by answers made
 * here. A dump under which objects changed is begun again, and nothing in it is given twice.
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

/* libnl calls this one instead of its own */
int nl_recv(struct nl_sock *sk, struct sockaddr_nl *nla, unsigned char **buf, struct ucred **creds)
{
	const struct answer *a = &answers[n_asked <= n_answers ? n_asked - 1 : n_answers - 1];
	int flags = next_part + a->interrupted > 2 ? NLM_F_DUMP_INTR : 0;
	size_t len = 0;

	ck_assert_uint_lt(next_part, 3);
	*buf = calloc(1, 4096);
	memset(nla, 0, sizeof(*nla));
	nla->nl_family = AF_NETLINK;
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
		const struct answer a[] = { { .parts = ALL, .interrupted = parts, .code = -ENOMEM } };
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_netlink_att *atts = NULL;
		size_t n_atts = 77;

		ck_assert_int_eq(list(a, 1, &atts, &n_atts, &err), -ENOMEM);
		ck_assert_ptr_null(atts);
		ck_assert_uint_eq(n_asked, 1);
	}
}
END_TEST

UNIT_MAIN("netlink-dump", a_dump_is_read_once, an_interrupted_dump_is_begun_again,
	  it_is_taken_as_it_is_in_the_end, a_dump_that_fails_on_its_way_is_an_error)
