// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests made by chance: a command with attributes that it could have, then, in two of three
 * requests, one to four mistakes in types, lengths, numbers, nests or the header. They are about
 * few volumes and few generations, so that what is right often meets something that exists.
 */
#include <string.h>

#include <linux/genetlink.h>
#include <linux/liteio.h>

#include "answer.h"
#include "names.h"
#include "scramble.h"

#define VOLUMES 4
#define GENERATIONS 12

/* what a command may be given, in the order in which it is put */
static const struct {
	uint8_t cmd;
	uint8_t attrs[6];
	uint16_t flags;
} commands[] = {
	{ LITEIO_CMD_INFO_GET, { 0 }, 0 },
	{ LITEIO_CMD_VOL_SET, { LITEIO_A_UUID, LITEIO_A_NAME, LITEIO_A_FLOOR, LITEIO_A_QOS },
	  NLM_F_CREATE | NLM_F_EXCL },
	{ LITEIO_CMD_VOL_SET, { LITEIO_A_UUID, LITEIO_A_QOS }, NLM_F_CREATE },
	{ LITEIO_CMD_VOL_GET, { LITEIO_A_UUID }, NLM_F_DUMP },
	{ LITEIO_CMD_VOL_DEL, { LITEIO_A_UUID }, 0 },
	{ LITEIO_CMD_ATT_ADD, { LITEIO_A_UUID, LITEIO_A_GEN, LITEIO_A_HOST, LITEIO_A_FLAGS }, 0 },
	{ LITEIO_CMD_ATT_ADD, { LITEIO_A_UUID, LITEIO_A_GEN }, 0 },
	{ LITEIO_CMD_ATT_GET, { LITEIO_A_UUID, LITEIO_A_GEN }, NLM_F_DUMP },
	{ LITEIO_CMD_ATT_DEL, { LITEIO_A_UUID, LITEIO_A_GEN }, 0 },
	{ LITEIO_CMD_FENCE, { LITEIO_A_UUID, LITEIO_A_FLOOR, LITEIO_A_TIMEOUT_MS }, 0 },
	{ LITEIO_CMD_FENCE, { LITEIO_A_UUID, LITEIO_A_GEN, LITEIO_A_TIMEOUT_MS }, 0 },
	{ LITEIO_CMD_STATS_GET, { LITEIO_A_UUID, LITEIO_A_GEN }, NLM_F_DUMP },
	{ LITEIO_CMD_DIRTY_START, { LITEIO_A_UUID, LITEIO_A_GEN, LITEIO_A_CHUNK_SHIFT }, 0 },
	{ LITEIO_CMD_DIRTY_STOP, { LITEIO_A_UUID, LITEIO_A_GEN, LITEIO_A_TRACKING }, 0 },
	{ LITEIO_CMD_DIRTY_FETCH, { LITEIO_A_UUID, LITEIO_A_GEN, LITEIO_A_TRACKING,
				    LITEIO_A_CURSOR, LITEIO_A_MAX_CHUNKS, LITEIO_A_TICKET }, 0 },
};

static uint64_t draw(struct scramble *s, uint64_t below)
{
	s->random = s->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (s->random >> 33) % below;
}

void scramble_init(struct scramble *s, uint64_t seed)
{
	*s = (struct scramble){ .random = seed };
}

/* numbers near borders are those that somebody forgets */
static uint64_t odd_number(struct scramble *s)
{
	uint64_t value = 1ULL << draw(s, 64);

	switch (draw(s, 4)) {
	case 0:
		return value - 1;
	case 1:
		return value;
	case 2:
		return ~0ULL - draw(s, 3);
	default:
		return draw(s, 1U << 31);
	}
}

static void put_u32(struct request *r, int type, uint32_t value)
{
	request_put(r, type, &value, sizeof(value));
}

static void put_u64(struct request *r, int type, uint64_t value)
{
	request_put(r, type, &value, sizeof(value));
}

static void put_text(struct scramble *s, struct request *r, int type)
{
	static const char text[] = "nqn.2026-11.io.liteio:a-consumer-or-a-name";
	char copy[sizeof(text)] = { 0 };
	size_t len = 1 + draw(s, sizeof(text) - 1);

	memcpy(copy, text, len);
	request_put(r, type, copy, len + 1);
}

static void put_limits(struct scramble *s, struct request *r)
{
	size_t at = NLMSG_ALIGN(r->nl->nlmsg_len);
	struct nlattr *nest = (struct nlattr *)(r->buffer + at);
	uint64_t i, nr = 1 + draw(s, 3);

	request_put(r, LITEIO_A_QOS | NLA_F_NESTED, "", 0);
	for (i = 0; i < nr; i++) {
		switch (draw(s, 3)) {
		case 0:
			put_u64(r, LITEIO_QOS_A_RIOPS + (int)draw(s, 2), draw(s, 100000));
			break;
		case 1:
			put_u64(r, LITEIO_QOS_A_RBPS + (int)draw(s, 2), 4096 + draw(s, 1U << 30));
			break;
		default:
			put_u32(r, LITEIO_QOS_A_BURST_MS, 1 + (uint32_t)draw(s, 10000));
		}
	}
	nest->nla_len = (unsigned short)(r->nl->nlmsg_len - at);
}

static void put_right(struct scramble *s, struct request *r, int type)
{
	unsigned char uuid[LITEIO_UUID_LEN] = { 0 };

	switch (type) {
	case LITEIO_A_UUID:
		memset(uuid, 0x11 * (1 + (int)draw(s, VOLUMES)), sizeof(uuid));
		request_put(r, type, uuid, sizeof(uuid));
		break;
	case LITEIO_A_NAME:
	case LITEIO_A_HOST:
		put_text(s, r, type);
		break;
	case LITEIO_A_QOS:
		put_limits(s, r);
		break;
	case LITEIO_A_FLOOR:
		/* seldom high, or nothing could be added any more */
		put_u64(r, type, draw(s, 20) ? 1 + draw(s, 2) : 1 + draw(s, GENERATIONS));
		break;
	case LITEIO_A_GEN:
		put_u64(r, type, 1 + draw(s, GENERATIONS));
		break;
	case LITEIO_A_TRACKING:
		put_u64(r, type, s->tracking);
		break;
	case LITEIO_A_TICKET:
		put_u64(r, type, s->ticket);
		break;
	case LITEIO_A_CURSOR:
		put_u64(r, type, draw(s, 3));
		break;
	case LITEIO_A_MAX_CHUNKS:
		put_u32(r, type, 1 + (uint32_t)draw(s, 1000));
		break;
	case LITEIO_A_CHUNK_SHIFT:
		put_u32(r, type, LITEIO_DIRTY_SHIFT_MIN + (uint32_t)draw(s, 11));
		break;
	default:
		put_u32(r, type, (uint32_t)draw(s, 2));
	}
}

/* one of the attributes of the message, or NULL */
static struct nlattr *pick(struct scramble *s, struct request *r)
{
	char *first = r->buffer + NLMSG_LENGTH(GENL_HDRLEN);
	const struct nlattr *attr, *found = NULL;
	uint64_t seen = 0;

	for_each_attr(attr, (const struct nlattr *)first,
		      r->nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN)) {
		if (!draw(s, ++seen))
			found = attr;
	}
	return found ? (struct nlattr *)(first + ((const char *)found - first)) : NULL;
}

static void spoil_attr(struct scramble *s, struct nlattr *attr, const char *end)
{
	uint64_t i, room = (uint64_t)(end - (char *)attr), value = odd_number(s);

	switch (draw(s, 5)) {
	case 0:
		attr->nla_type = (unsigned short)draw(s, LITEIO_A_MAX + 4);
		break;
	case 1:
		attr->nla_type ^= draw(s, 2) ? NLA_F_NESTED : NLA_F_NET_BYTEORDER;
		break;
	case 2:
		attr->nla_len = (unsigned short)draw(s, 2 * room);
		break;
	case 3:
		if (room >= NLA_HDRLEN + sizeof(value))
			memcpy(attr + 1, &value, sizeof(value));
		break;
	default:
		for (i = NLA_HDRLEN; i < room && i < NLA_HDRLEN + 64; i++) {
			if (!draw(s, 4))
				((char *)attr)[i] = (char)draw(s, 256);
		}
	}
}

static void spoil(struct scramble *s, struct request *r)
{
	struct genlmsghdr *genl = NLMSG_DATA(r->nl);
	struct nlattr *attr = pick(s, r);
	unsigned char bytes[64];
	size_t i;

	switch (draw(s, 8)) {
	case 0:
		genl->cmd = (uint8_t)draw(s, LITEIO_CMD_MAX + 4);
		break;
	case 1:
		r->nl->nlmsg_flags ^= draw(s, 2) ? NLM_F_DUMP : NLM_F_CREATE | NLM_F_EXCL;
		break;
	case 2:
		/* cut off, but for the header */
		i = r->nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
		r->nl->nlmsg_len -= (unsigned int)draw(s, i + 1);
		break;
	case 3:
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)draw(s, 256);
		request_put(r, (int)draw(s, 65536), bytes, draw(s, sizeof(bytes)));
		break;
	case 4:
		put_right(s, r, 1 + (int)draw(s, LITEIO_A_MAX));
		break;
	default:
		if (attr)
			spoil_attr(s, attr, r->buffer + r->nl->nlmsg_len);
	}
}

unsigned int scramble_next(struct scramble *s, int family, struct request *r)
{
	size_t i, which = draw(s, COUNT(commands));
	unsigned int wrong = draw(s, 3) ? 1 + (unsigned int)draw(s, 4) : 0;

	request_init(r, family, commands[which].cmd);
	if (commands[which].flags == NLM_F_DUMP)
		r->nl->nlmsg_flags |= draw(s, 4) ? 0 : NLM_F_DUMP;
	else if (draw(s, 4))
		r->nl->nlmsg_flags |= commands[which].flags & (draw(s, 4) ? NLM_F_CREATE : 0xffff);
	for (i = 0; i < sizeof(commands[which].attrs) && commands[which].attrs[i]; i++) {
		/* the key is nearly always there, the rest comes and goes */
		if (commands[which].attrs[i] == LITEIO_A_UUID ? draw(s, 50) : draw(s, 6))
			put_right(s, r, commands[which].attrs[i]);
	}
	for (i = 0; i < wrong; i++)
		spoil(s, r);
	return wrong;
}

void scramble_learn(struct scramble *s, const struct nlmsghdr *nl)
{
	const struct nlattr *attr, *first;

	first = (const struct nlattr *)((const char *)nl + NLMSG_LENGTH(GENL_HDRLEN));
	for_each_attr(attr, first, nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN)) {
		if (attr->nla_type == LITEIO_A_TRACKING)
			s->tracking = attr_number(attr);
		if (attr->nla_type == LITEIO_A_TICKET)
			s->ticket = attr_number(attr);
	}
}

const char *scramble_command(const struct request *r)
{
	const struct genlmsghdr *genl = NLMSG_DATA(r->nl);

	return command_name(genl->cmd);
}
