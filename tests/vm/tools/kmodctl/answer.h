/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading an answer.
 */
#ifndef LITEIO_KMODCTL_ANSWER_H
#define LITEIO_KMODCTL_ANSWER_H

#include <stdint.h>

#include <linux/netlink.h>

#define for_each_attr(attr, start, len) \
	for ((attr) = (start); (char *)(attr) + NLA_HDRLEN <= (char *)(start) + (len) && \
	     (attr)->nla_len >= NLA_HDRLEN && \
	     (char *)(attr) + (attr)->nla_len <= (char *)(start) + (len); \
	     (attr) = (const struct nlattr *)((char *)(attr) + NLA_ALIGN((attr)->nla_len)))

/* the attribute's content, which may not be aligned */
const void *attr_payload(const struct nlattr *attr);
uint64_t attr_number(const struct nlattr *attr);

/* one line with all that is known of a message */
void print_message(const struct nlmsghdr *nl);

/* what the kernel says of the end of a command, NULL when it says nothing */
const char *answer_sentence(const struct nlmsghdr *nl);

/* to standard error the name of the errno, and the kernel's sentence */
void print_error(const struct nlmsghdr *nl, int error);

/* to standard error the kernel's sentence about a success, if it has one */
void print_note(const struct nlmsghdr *nl);

#endif
