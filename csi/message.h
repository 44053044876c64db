/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocol Buffers messages as gRPC carries them: methods of a service, bytes to message, message
 * to framed bytes. The only file that deals with protobuf-c's descriptors. Pure.
 *
 * A message built here and filled in by a handler owns its contents: every string, array and
 * submessage put into it comes from malloc().
 */
#ifndef LITEIO_CSI_MESSAGE_H
#define LITEIO_CSI_MESSAGE_H

#include <stddef.h>

struct ProtobufCMessageDescriptor;
struct ProtobufCServiceDescriptor;
struct liteio_error;

/**
 * struct liteio_message_method - one method of a service
 * @index: position in the service, the same as in the .proto
 * @input: type of the request
 * @output: type of the response
 */
struct liteio_message_method {
	unsigned int index;
	const struct ProtobufCMessageDescriptor *input;
	const struct ProtobufCMessageDescriptor *output;
};

/**
 * liteio_message_service_name() - full name of a service
 * @service: its descriptor
 *
 * Return: "csi.v1.Identity" and so on, static.
 */
const char *liteio_message_service_name(const struct ProtobufCServiceDescriptor *service);

/**
 * liteio_message_method_count() - how many methods a service has
 * @service: its descriptor
 *
 * Return: the number.
 */
unsigned int liteio_message_method_count(const struct ProtobufCServiceDescriptor *service);

/**
 * liteio_message_method_find() - look a method up
 * @service: the service
 * @name: the method
 * @ret: filled in when there is one
 *
 * Return: 0 or -ENOENT.
 */
int liteio_message_method_find(const struct ProtobufCServiceDescriptor *service, const char *name,
			       struct liteio_message_method *ret);

/**
 * liteio_message_new() - an empty message
 * @type: its type
 *
 * Return: the message; give it to liteio_message_free(); never NULL.
 */
void *liteio_message_new(const struct ProtobufCMessageDescriptor *type);

/**
 * liteio_message_free() - release a message and everything in it
 * @msg: may be NULL
 */
void liteio_message_free(void *msg);

/**
 * liteio_message_unpack() - bytes to message
 * @type: what they should be
 * @data: the bytes
 * @len: how many
 * @ret: the message, for liteio_message_free()
 * @err: what is wrong with them
 *
 * Every string is checked to be UTF-8. Return: 0 or -EINVAL.
 */
int liteio_message_unpack(const struct ProtobufCMessageDescriptor *type, const void *data,
			  size_t len, void **ret, struct liteio_error *err);

/**
 * liteio_message_pack() - message to bytes, with room for a frame before them
 * @msg: the message
 * @headroom: bytes left free at the beginning
 * @ret: the bytes, from malloc()
 *
 * Return: how many bytes follow the headroom.
 */
size_t liteio_message_pack(const void *msg, size_t headroom, void **ret);

#endif
