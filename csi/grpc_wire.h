/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small encodings of gRPC: the message frame, grpc-timeout, grpc-message. Pure.
 */
#ifndef LITEIO_CSI_GRPC_WIRE_H
#define LITEIO_CSI_GRPC_WIRE_H

#include <stddef.h>
#include <stdint.h>

struct liteio_error;

/* one byte of flags and four of length before every message */
#define LITEIO_GRPC_FRAME_BYTES 5

/**
 * liteio_grpc_frame_parse() - find the one message of a unary request
 * @body: the request's body
 * @len: its length
 * @ret_msg: the message, inside @body
 * @ret_len: its length
 * @err: what is wrong
 *
 * Return: 0; -EOPNOTSUPP for a compressed message; -EBADMSG for anything but exactly one message.
 */
int liteio_grpc_frame_parse(const void *body, size_t len, const uint8_t **ret_msg, size_t *ret_len,
			    struct liteio_error *err);

/**
 * liteio_grpc_frame_write() - write the frame of an uncompressed message
 * @len: length of the message, below 4 GiB
 * @out: the frame
 */
void liteio_grpc_frame_write(size_t len, uint8_t out[LITEIO_GRPC_FRAME_BYTES]);

/**
 * liteio_grpc_timeout_parse() - the value of grpc-timeout
 * @s: 1 to 8 digits and one of H M S m u n
 * @ret_ms: milliseconds, rounded up
 * @err: what is wrong
 *
 * Return: 0 or -EINVAL.
 */
int liteio_grpc_timeout_parse(const char *s, uint64_t *ret_ms, struct liteio_error *err);

/**
 * liteio_grpc_message_encode() - a sentence as the value of grpc-message
 * @s: UTF-8
 *
 * Return: the percent-encoded sentence, owned by the caller; never NULL.
 */
char *liteio_grpc_message_encode(const char *s);

#endif
