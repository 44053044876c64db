// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading an answer.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <linux/genetlink.h>

#include "answer.h"
#include "kmodctl.h"
#include "names.h"

/* this libc's headers may be older than the attribute that they were made for */
#ifndef NLM_F_ACK_TLVS
#define NLM_F_ACK_TLVS 0x200
#endif

const void *attr_payload(const struct nlattr *attr)
{
	return attr + 1;
}

uint64_t attr_number(const struct nlattr *attr)
{
	uint64_t u64;
	uint32_t u32;

	switch (attr->nla_len - NLA_HDRLEN) {
	case 1:
		return *(const uint8_t *)attr_payload(attr);
	case 4:
		memcpy(&u32, attr_payload(attr), sizeof(u32));
		return u32;
	case 8:
		memcpy(&u64, attr_payload(attr), sizeof(u64));
		return u64;
	default:
		die("attribute %d has a strange length", attr->nla_type);
	}
}

static void print_attr(const struct attr_kind *kind, const struct nlattr *attr, const char *prefix)
{
	const unsigned char *b = attr_payload(attr);
	int i;

	printf(" %s%s=", prefix, kind->name);
	switch (kind->kind) {
	case KIND_TEXT:
		printf("%.*s", attr->nla_len - NLA_HDRLEN, (const char *)b);
		return;
	case KIND_UUID:
		for (i = 0; i < LITEIO_UUID_LEN; i++)
			printf("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
		return;
	default:
		break;
	}
	if (kind->type == LITEIO_A_STATE && !*prefix)
		printf("%s", state_name(attr_number(attr)));
	else if (kind->type == LITEIO_A_TYPE && !*prefix)
		printf("%s", event_name(attr_number(attr)));
	else
		printf("%" PRIu64, attr_number(attr));
}

/* how many there are in all, and the buckets that have any */
static void print_hist(const struct nlattr *attr, const char *prefix)
{
	uint64_t hist[LITEIO_HIST_BUCKETS], sum = 0;
	unsigned int i;

	if (attr->nla_len - NLA_HDRLEN != sizeof(hist))
		die("the histogram has a strange length");
	memcpy(hist, attr_payload(attr), sizeof(hist));
	for (i = 0; i < LITEIO_HIST_BUCKETS; i++)
		sum += hist[i];
	printf(" %shist=%" PRIu64, prefix, sum);
	for (i = 0; i < LITEIO_HIST_BUCKETS; i++) {
		if (hist[i])
			printf(" %sbucket=%u:%" PRIu64, prefix, i, hist[i]);
	}
}

static void print_nest(const struct nlattr *nest, const char *prefix,
		       const struct attr_space *space)
{
	const struct nlattr *attr, *first = attr_payload(nest);
	const struct attr_kind *kind;

	for_each_attr(attr, first, nest->nla_len - NLA_HDRLEN) {
		kind = kind_by_type(space, attr->nla_type);
		if (kind)
			print_attr(kind, attr, prefix);
	}
}

/* in these nests it comes first what they are about */
static uint64_t nest_id(const struct nlattr *nest, int type)
{
	const struct nlattr *id = attr_payload(nest);

	if (nest->nla_len < 2 * NLA_HDRLEN || id->nla_type != type)
		die("a nest does not say what it is about");
	return attr_number(id);
}

static void print_class(const struct nlattr *nest)
{
	const struct nlattr *attr, *first = attr_payload(nest);
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "%s.", class_name(nest_id(nest, LITEIO_CLASS_A_ID)));
	print_nest(nest, prefix, &class_space);
	for_each_attr(attr, first, nest->nla_len - NLA_HDRLEN) {
		if (attr->nla_type == LITEIO_CLASS_A_HIST)
			print_hist(attr, prefix);
	}
}

static void print_throttle(const struct nlattr *nest)
{
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "over.%s.",
		 class_name(nest_id(nest, LITEIO_THROTTLE_A_ID)));
	print_nest(nest, prefix, &throttle_space);
}

static void print_range(const struct nlattr *nest)
{
	const struct nlattr *attr, *first = attr_payload(nest);
	uint64_t chunk = 0, len = 0;

	for_each_attr(attr, first, nest->nla_len - NLA_HDRLEN) {
		if (attr->nla_type == LITEIO_RANGE_A_CHUNK)
			chunk = attr_number(attr);
		if (attr->nla_type == LITEIO_RANGE_A_LEN)
			len = attr_number(attr);
	}
	printf(" range=%" PRIu64 "+%" PRIu64, chunk, len);
}

void print_message(const struct nlmsghdr *nl)
{
	const struct nlattr *attr, *first;
	const struct attr_kind *kind;
	size_t len = nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);

	first = (const struct nlattr *)((const char *)nl + NLMSG_LENGTH(GENL_HDRLEN));
	for_each_attr(attr, first, len) {
		switch (attr->nla_type & NLA_TYPE_MASK) {
		case LITEIO_A_CLASS:
			print_class(attr);
			break;
		case LITEIO_A_QOS:
			print_nest(attr, "qos.", &qos_space);
			break;
		case LITEIO_A_THROTTLE:
			print_throttle(attr);
			break;
		case LITEIO_A_RANGE:
			print_range(attr);
			break;
		default:
			kind = kind_by_type(&attr_space, attr->nla_type);
			if (kind)
				print_attr(kind, attr, "");
		}
	}
	if (nl->nlmsg_flags & NLM_F_DUMP_INTR)
		printf(" interrupted");
	putchar('\n');
}

const char *answer_sentence(const struct nlmsghdr *nl)
{
	size_t offset = sizeof(*nl) + sizeof(struct nlmsgerr);
	const struct nlmsgerr *err = NLMSG_DATA(nl);
	const struct nlattr *attr, *first;
	const char *sentence = NULL;

	if (!(nl->nlmsg_flags & NLM_F_CAPPED))
		offset += err->msg.nlmsg_len - sizeof(err->msg);
	/* a failed dump carries its attributes right after the number */
	if (nl->nlmsg_type == NLMSG_DONE)
		offset = sizeof(*nl) + sizeof(int);
	first = (const struct nlattr *)((const char *)nl + NLMSG_ALIGN(offset));
	if ((nl->nlmsg_flags & NLM_F_ACK_TLVS) && offset < nl->nlmsg_len) {
		for_each_attr(attr, first, nl->nlmsg_len - offset) {
			if ((attr->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG)
				sentence = attr_payload(attr);
		}
	}
	return sentence;
}

void print_error(const struct nlmsghdr *nl, int error)
{
	const char *sentence = answer_sentence(nl);

	fflush(stdout);
	fprintf(stderr, "%s: %s\n", strerrorname_np(-error), sentence ? sentence : "no sentence");
}

void print_note(const struct nlmsghdr *nl)
{
	const char *sentence = answer_sentence(nl);

	fflush(stdout);
	if (sentence)
		fprintf(stderr, "note: %s\n", sentence);
}
