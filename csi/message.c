// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Protocol Buffers messages as gRPC carries them, on protobuf-c.
 */
#include <errno.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "message.h"

const char *liteio_message_service_name(const struct ProtobufCServiceDescriptor *service)
{
	return service->name;
}

unsigned int liteio_message_method_count(const struct ProtobufCServiceDescriptor *service)
{
	return service->n_methods;
}

int liteio_message_method_find(const struct ProtobufCServiceDescriptor *service, const char *name,
			       struct liteio_message_method *ret)
{
	const ProtobufCMethodDescriptor *method;

	method = protobuf_c_service_descriptor_get_method_by_name(service, name);
	if (!method)
		return -ENOENT;
	ret->index = (unsigned int)(method - service->methods);
	ret->input = method->input;
	ret->output = method->output;
	return 0;
}

void *liteio_message_new(const struct ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *msg = liteio_calloc(1, type->sizeof_message);

	protobuf_c_message_init(type, msg);
	return msg;
}

void liteio_message_free(void *msg)
{
	protobuf_c_message_free_unpacked(msg, NULL);
}

/* length of the UTF-8 sequence at @s, 0 when there is none; @s is terminated */
static size_t utf8_sequence(const unsigned char *s)
{
	static const struct {
		uint32_t mask, lead, len, min;
	} forms[] = {
		{ 0x80, 0x00, 1, 0 },
		{ 0xe0, 0xc0, 2, 0x80 },
		{ 0xf0, 0xe0, 3, 0x800 },
		{ 0xf8, 0xf0, 4, 0x10000 },
	};

	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		uint32_t c = s[0] & (unsigned char)~forms[f].mask;

		if ((s[0] & forms[f].mask) != forms[f].lead)
			continue;
		for (size_t i = 1; i < forms[f].len; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[i] & 0x3f);
		}
		/* overlong forms, surrogates, beyond the last code point */
		if (c < forms[f].min || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
			return 0;
		return forms[f].len;
	}
	return 0;
}

static bool utf8_ok(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n;

	while (*p) {
		n = utf8_sequence(p);
		if (!n)
			return false;
		p += n;
	}
	return true;
}

static const ProtobufCFieldDescriptor *find_bad_string(const ProtobufCMessage *msg);

static bool value_ok(const ProtobufCFieldDescriptor *field, const void *value,
		     const ProtobufCFieldDescriptor **ret_bad)
{
	const void *p = *(void *const *)value;

	if (!p)
		return true;
	if (field->type == PROTOBUF_C_TYPE_STRING && !utf8_ok(p))
		*ret_bad = field;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		*ret_bad = find_bad_string(p);
	return !*ret_bad;
}

/* types of CSI do not nest in themselves: the recursion is as deep as the .proto */
static const ProtobufCFieldDescriptor *find_bad_string(const ProtobufCMessage *msg)
{
	const ProtobufCFieldDescriptor *bad = NULL;
	const char *base = (const char *)msg;

	for (unsigned int i = 0; i < msg->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &msg->descriptor->fields[i];
		const char *member = base + field->offset;
		size_t n = 1;

		if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
		    *(const uint32_t *)(base + field->quantifier_offset) != field->id)
			continue;
		if (field->label == PROTOBUF_C_LABEL_REPEATED) {
			n = *(const size_t *)(base + field->quantifier_offset);
			member = *(const char *const *)member;
		}
		for (size_t j = 0; j < n; j++)
			if (!value_ok(field, member + j * sizeof(void *), &bad))
				return bad;
	}
	return NULL;
}

int liteio_message_unpack(const struct ProtobufCMessageDescriptor *type, const void *data,
			  size_t len, void **ret, struct liteio_error *err)
{
	const ProtobufCFieldDescriptor *bad;
	ProtobufCMessage *msg;

	msg = protobuf_c_message_unpack(type, NULL, len, data);
	if (!msg)
		return liteio_error_set(err, -EINVAL, "the request is not a valid %s", type->name);
	bad = find_bad_string(msg);
	if (bad) {
		protobuf_c_message_free_unpacked(msg, NULL);
		return liteio_error_set(err, -EINVAL, "the field %s of %s is not valid UTF-8",
					bad->name, type->name);
	}
	*ret = msg;
	return 0;
}

size_t liteio_message_pack(const void *msg, size_t headroom, void **ret)
{
	size_t len = protobuf_c_message_get_packed_size(msg);
	uint8_t *data = liteio_calloc(1, headroom + len);

	protobuf_c_message_pack(msg, data + headroom);
	*ret = data;
	return len;
}
