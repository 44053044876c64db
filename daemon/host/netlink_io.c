// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What I/O has come to all attachments. It is asked for each list of volumes, so its answer is read
 * where it was received: libnl would copy each message into memory of its own, and the whole
 * attachment would be taken out of it.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/netlink.h"

/* the kernel puts no more of a dump into one */
#define DATAGRAM_MAX (32 << 10)
/* no number of libnl's, which begin with the time */
#define SEQ 1u

static int send_question(int fd, int family)
{
	const struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
	} question = {
		.h = { .nlmsg_len = sizeof(question), .nlmsg_type = (uint16_t)family,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = SEQ },
		.g = { .cmd = LITEIO_CMD_ATT_GET, .version = LITEIO_GENL_VERSION },
	};
	ssize_t n;

	do {
		n = send(fd, &question, sizeof(question), 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* from the kernel */
static ssize_t receive(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len;
	ssize_t n;

	do {
		len = sizeof(from);
		n = recvfrom(fd, buf, size, MSG_TRUNC, (struct sockaddr *)&from, &len);
		if (n < 0 && errno != EINTR)
			return -errno;
	} while (n < 0 || from.nl_pid);
	return (size_t)n > size ? -EMSGSIZE : n;
}

int liteio_netlink_io_each(struct liteio_netlink *nl, liteio_netlink_io_fn fn, void *arg,
			   struct liteio_error *err)
{
	char *buf _cleanup_free_ = liteio_realloc(NULL, DATAGRAM_MAX, 1);
	int family, fd = liteio_netlink_raw(nl, &family);
	int r = send_question(fd, family);

	while (!r) {
		ssize_t n = receive(fd, buf, DATAGRAM_MAX);

		r = n < 0 ? (int)n : liteio_netlink_parse_io_part(buf, (size_t)n, SEQ, fn, arg);
	}
	if (r > 0)
		return 0;
	/* what is still to come belongs to nobody */
	liteio_netlink_broken(nl);
	return liteio_error_set(err, r, "cannot ask the module for the I/O of heads: %s",
				liteio_error_str(NULL, r));
}
