// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The small encodings of gRPC: the message frame, grpc-timeout, grpc-message.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "grpc_wire.h"

#define FLAG_COMPRESSED 1
#define TIMEOUT_DIGITS_MAX 8

int liteio_grpc_frame_parse(const void *body, size_t len, const uint8_t **ret_msg, size_t *ret_len,
			    struct liteio_error *err)
{
	const uint8_t *p = body;
	uint32_t msg_len;

	if (len < LITEIO_GRPC_FRAME_BYTES)
		return liteio_error_set(err, -EBADMSG, "the request has %zu bytes, not one message",
					len);
	if (p[0] == FLAG_COMPRESSED)
		return liteio_error_set(err, -EOPNOTSUPP,
					"compressed messages are not supported, send identity");
	if (p[0])
		return liteio_error_set(err, -EBADMSG, "unknown message flags 0x%02x", p[0]);
	msg_len = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
	if (msg_len != len - LITEIO_GRPC_FRAME_BYTES)
		return liteio_error_set(err, -EBADMSG,
					"the frame announces %u bytes and %zu follow: not one message",
					msg_len, len - LITEIO_GRPC_FRAME_BYTES);
	*ret_msg = p + LITEIO_GRPC_FRAME_BYTES;
	*ret_len = msg_len;
	return 0;
}

void liteio_grpc_frame_write(size_t len, uint8_t out[LITEIO_GRPC_FRAME_BYTES])
{
	out[0] = 0;
	out[1] = (uint8_t)(len >> 24);
	out[2] = (uint8_t)(len >> 16);
	out[3] = (uint8_t)(len >> 8);
	out[4] = (uint8_t)len;
}

int liteio_grpc_timeout_parse(const char *s, uint64_t *ret_ms, struct liteio_error *err)
{
	static const struct {
		char unit;
		uint64_t ms; /* in one unit, */
		uint64_t part; /* or this many units in a millisecond */
	} units[] = {
		{ 'H', 3600000, 1 },
		{ 'M', 60000, 1 },
		{ 'S', 1000, 1 },
		{ 'm', 1, 1 },
		{ 'u', 1, 1000 },
		{ 'n', 1, 1000000 },
	};
	size_t digits = strspn(s, "0123456789");
	uint64_t value = 0;

	if (digits < 1 || digits > TIMEOUT_DIGITS_MAX || strlen(s) != digits + 1)
		goto invalid;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (uint64_t)(s[i] - '0');
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(units); i++) {
		if (units[i].unit == s[digits]) {
			*ret_ms = (value * units[i].ms + units[i].part - 1) / units[i].part;
			return 0;
		}
	}
invalid:
	return liteio_error_set(err, -EINVAL,
				"grpc-timeout must be 1 to 8 digits and one of H M S m u n");
}

char *liteio_grpc_message_encode(const char *s)
{
	struct liteio_buf out = LITEIO_BUF_INIT;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x20 && c <= 0x7e && c != '%')
			liteio_buf_add(&out, s, 1);
		else
			liteio_buf_addf(&out, "%%%02X", c);
	}
	return liteio_buf_take(&out);
}
