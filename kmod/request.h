/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes of requests: what the policies of netlink.c cannot say, and the sentence of a refusal.
 */
#ifndef LITEIO_REQUEST_H
#define LITEIO_REQUEST_H

#include <net/netlink.h>

#include "volume.h"

/**
 * liteio_request_refuse() - say why a command is refused
 * @extack: of the command; NULL: nobody wants to know
 * @attr: what the sentence is about, or NULL
 * @error: negative errno
 * @why: one sentence, which outlives the command
 *
 * Context: any. Return: @error.
 */
int liteio_request_refuse(struct netlink_ext_ack *extack, const struct nlattr *attr, int error,
			  const char *why);

/**
 * liteio_request_tell() - say something about a command that is done
 * @extack: of the command; NULL: nobody wants to know
 * @why: one sentence, which outlives the command; goes with the ACK
 *
 * Context: any.
 */
void liteio_request_tell(struct netlink_ext_ack *extack, const char *why);

/**
 * liteio_request_uuid() - the volume that a command names
 * @attrs: of the command, checked
 * @extack: of the command
 * @ret: not nil
 *
 * Context: any. Return: 0 or -EINVAL.
 */
int liteio_request_uuid(struct nlattr **attrs, struct netlink_ext_ack *extack, uuid_t *ret);

/**
 * liteio_request_gen() - the generation that a command names
 * @attrs: of the command, checked
 * @extack: of the command
 * @ret: in its range
 *
 * Context: any. Return: 0 or -EINVAL.
 */
int liteio_request_gen(struct nlattr **attrs, struct netlink_ext_ack *extack, u64 *ret);

/**
 * liteio_request_text() - a name for people
 * @attr: checked; NULL: none was given, and nothing happens
 * @extack: of the command
 * @ret: not empty, graphic ASCII; belongs to the message
 *
 * Context: any. Return: 0 or -EINVAL.
 */
int liteio_request_text(struct nlattr *attr, struct netlink_ext_ack *extack, const char **ret);

/**
 * liteio_request_limits() - the limits that a command names
 * @nest: checked; NULL: none were given, and nothing happens
 * @extack: of the command
 * @spec: gets them, and which they are
 *
 * Context: any. Return: 0 or -EINVAL.
 */
int liteio_request_limits(struct nlattr *nest, struct netlink_ext_ack *extack,
			  struct liteio_vol_spec *spec);

#endif
