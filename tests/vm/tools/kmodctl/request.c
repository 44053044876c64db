// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making a request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>

#include "names.h"
#include "request.h"

void request_init(struct request *r, int family, int cmd)
{
	struct genlmsghdr *genl;

	memset(r->buffer, 0, NLMSG_LENGTH(GENL_HDRLEN));
	r->nl = (struct nlmsghdr *)r->buffer;
	r->nl->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->nl->nlmsg_type = (unsigned short)family;
	r->nl->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	r->nl->nlmsg_seq = 1;
	genl = NLMSG_DATA(r->nl);
	genl->cmd = (unsigned char)cmd;
	genl->version = LITEIO_GENL_VERSION;
}

void request_put(struct request *r, int type, const void *data, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(r->buffer + NLMSG_ALIGN(r->nl->nlmsg_len));

	if (NLMSG_ALIGN(r->nl->nlmsg_len) + NLA_HDRLEN + len + NLA_ALIGNTO > sizeof(r->buffer))
		die("the request is too long");
	attr->nla_type = (unsigned short)type;
	attr->nla_len = (unsigned short)(NLA_HDRLEN + len);
	memset(attr + 1, 0, NLA_ALIGN(len));
	memcpy(attr + 1, data, len);
	r->nl->nlmsg_len = NLMSG_ALIGN(r->nl->nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

/* hexadecimal digits, dashes between them do not count */
static size_t unhex(const char *text, unsigned char *out, size_t room)
{
	size_t len = 0;
	unsigned int byte;

	while (*text) {
		if (*text == '-') {
			text++;
			continue;
		}
		if (len == room || sscanf(text, "%2x", &byte) != 1 || !text[1])
			die("\"%s\" is not hexadecimal", text);
		out[len++] = (unsigned char)byte;
		text += 2;
	}
	return len;
}

static void put_kind(struct request *r, const struct attr_kind *kind, const char *text)
{
	unsigned char uuid[64];
	uint64_t u64;
	uint32_t u32;
	uint8_t u8;

	switch (kind->kind) {
	case KIND_U8:
		u8 = (uint8_t)number(text);
		request_put(r, kind->type, &u8, sizeof(u8));
		break;
	case KIND_U32:
		u32 = (uint32_t)number(text);
		request_put(r, kind->type, &u32, sizeof(u32));
		break;
	case KIND_U64:
		u64 = number(text);
		request_put(r, kind->type, &u64, sizeof(u64));
		break;
	case KIND_TEXT:
		request_put(r, kind->type, text, strlen(text) + 1);
		break;
	case KIND_UUID:
		request_put(r, kind->type, uuid, unhex(text, uuid, sizeof(uuid)));
		break;
	}
}

static void put_argument(struct request *r, const char *argument, const struct attr_space *space)
{
	const char *value = strchr(argument, '=');
	const struct attr_kind *kind;
	unsigned char raw[4096];

	if (!value)
		die("\"%s\" is not NAME=VALUE", argument);
	value++;
	if (*argument == '#') {
		request_put(r, atoi(argument + 1), raw,
			    unhex(value, raw, sizeof(raw)));
		return;
	}
	kind = kind_by_name(space, argument);
	if (kind) {
		put_kind(r, kind, value);
		return;
	}
	die("no attribute is called \"%s\"", argument);
}

static void put_flag(struct request *r, const char *flag)
{
	if (!strcmp(flag, "create"))
		r->nl->nlmsg_flags |= NLM_F_CREATE;
	else if (!strcmp(flag, "excl"))
		r->nl->nlmsg_flags |= NLM_F_EXCL;
	else if (!strcmp(flag, "dump"))
		r->nl->nlmsg_flags |= NLM_F_DUMP;
	else
		die("no flag is called \"%s\"", flag);
}

/* into the nest that was begun last, or a new one; returns where it begins */
static size_t put_nested(struct request *r, size_t nest_at, const char *argument)
{
	struct nlattr *nest;

	if (!nest_at) {
		nest_at = NLMSG_ALIGN(r->nl->nlmsg_len);
		request_put(r, LITEIO_A_QOS | NLA_F_NESTED, "", 0);
	}
	if (*argument)
		put_argument(r, argument, &qos_space);
	nest = (struct nlattr *)(r->buffer + nest_at);
	nest->nla_len = (unsigned short)(NLMSG_ALIGN(r->nl->nlmsg_len) - nest_at);
	return nest_at;
}

void request_arguments(struct request *r, char **arguments, int nr)
{
	size_t nest_at = 0;
	int i;

	for (i = 0; i < nr; i++) {
		if (*arguments[i] == '+') {
			put_flag(r, arguments[i] + 1);
		} else if (!strncmp(arguments[i], "qos.", 4)) {
			nest_at = put_nested(r, nest_at, arguments[i] + 4);
		} else {
			nest_at = 0;
			put_argument(r, arguments[i], &attr_space);
		}
	}
}
