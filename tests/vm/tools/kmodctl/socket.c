// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The socket to the kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/liteio.h>

#include "answer.h"
#include "socket.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

int socket_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int one = 1, fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return fd;
}

static ssize_t receive(int fd, char *buffer)
{
	ssize_t len;

	do {
		len = recv(fd, buffer, BUFFER_SIZE, 0);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		die("recv: %s", strerror(errno));
	return len;
}

void socket_send(int fd, struct request *r)
{
	if (send(fd, r->buffer, r->nl->nlmsg_len, 0) < 0)
		die("send: %s", strerror(errno));
}

int socket_ask(int fd, struct request *r, message_fn each, void *arg,
	       const struct nlmsghdr **ret_end)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nl;
	int error;
	ssize_t len;

	socket_send(fd, r);
	for (;;) {
		len = receive(fd, buffer);
		for (nl = (struct nlmsghdr *)buffer; NLMSG_OK(nl, len); nl = NLMSG_NEXT(nl, len)) {
			if (nl->nlmsg_type != NLMSG_ERROR && nl->nlmsg_type != NLMSG_DONE) {
				each(arg, nl);
				continue;
			}
			memcpy(&error, NLMSG_DATA(nl), sizeof(error));
			*ret_end = nl;
			return error;
		}
	}
}

static void print_each(void *arg, const struct nlmsghdr *nl)
{
	(void)arg;
	print_message(nl);
}

int socket_converse(int fd, struct request *r)
{
	const struct nlmsghdr *end;
	int error = socket_ask(fd, r, print_each, NULL, &end);

	if (error)
		print_error(end, error);
	else
		print_note(end);
	return error ? 1 : 0;
}

/* number of the only group in a nest of groups */
static uint32_t group_of(const struct nlattr *groups)
{
	const struct nlattr *group = attr_payload(groups), *item, *first = attr_payload(group);
	uint32_t id = 0;

	for_each_attr(item, first, group->nla_len - NLA_HDRLEN) {
		if (item->nla_type == CTRL_ATTR_MCAST_GRP_ID)
			id = (uint32_t)attr_number(item);
	}
	return id;
}

int socket_resolve(int fd, uint32_t *ret_group)
{
	static struct request r;
	static char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nl = (struct nlmsghdr *)buffer;
	const struct nlattr *attr, *first;
	int family = 0;

	request_init(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	r.nl->nlmsg_flags = NLM_F_REQUEST;
	request_put(&r, CTRL_ATTR_FAMILY_NAME, LITEIO_GENL_NAME, sizeof(LITEIO_GENL_NAME));
	socket_send(fd, &r);
	receive(fd, buffer);
	if (nl->nlmsg_type == NLMSG_ERROR)
		die("no family \"%s\": is the module loaded?", LITEIO_GENL_NAME);
	first = (const struct nlattr *)(buffer + NLMSG_LENGTH(GENL_HDRLEN));
	for_each_attr(attr, first, nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN)) {
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			family = *(const uint16_t *)attr_payload(attr);
		if ((attr->nla_type & NLA_TYPE_MASK) == CTRL_ATTR_MCAST_GROUPS)
			*ret_group = group_of(attr);
	}
	return family;
}

int socket_events(int fd, uint32_t group, long count)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nl;
	ssize_t len;

	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group))) {
		fprintf(stderr, "%s: no sentence\n", strerrorname_np(errno));
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (count) {
		len = recv(fd, buffer, sizeof(buffer), 0);
		if (len < 0 && errno == ENOBUFS) {
			puts("lost");
			continue;
		}
		if (len < 0)
			die("recv: %s", strerror(errno));
		for (nl = (struct nlmsghdr *)buffer; NLMSG_OK(nl, len) && count;
		     nl = NLMSG_NEXT(nl, len)) {
			print_message(nl);
			if (count > 0)
				count--;
		}
	}
	return 0;
}
