// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of the CSI socket: methods found by name, bytes read and written, and no string in them,
 * however deep, that is not UTF-8.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "csi.pb-c.h"
#include "message.h"
#include "unit.h"

#define NOT_UTF8(field, type) "the field " field " of csi.v1." type " is not valid UTF-8"

START_TEST(methods_are_found)
{
	const ProtobufCServiceDescriptor *node = &csi__v1__node__descriptor;
	struct liteio_message_method method = { 0 };

	ck_assert_str_eq(liteio_message_service_name(node), "csi.v1.Node");
	ck_assert_int_eq(liteio_message_method_find(node, "NodeUnstageVolume", &method), 0);
	ck_assert_uint_eq(method.index, 1);
	ck_assert_ptr_eq(method.input, &csi__v1__node_unstage_volume_request__descriptor);
	ck_assert_ptr_eq(method.output, &csi__v1__node_unstage_volume_response__descriptor);
	ck_assert_uint_lt(method.index, liteio_message_method_count(node));
	ck_assert_int_eq(liteio_message_method_find(node, "DeleteVolume", &method), -ENOENT);
	ck_assert_int_eq(liteio_message_method_find(node, "NodeUnstage", &method), -ENOENT);
	ck_assert_int_eq(liteio_message_method_find(node, "", &method), -ENOENT);
}
END_TEST

/* a string by itself: a DeleteVolumeRequest is its id; the first byte is how long it is */
static const struct {
	const char *text;
	bool ok;
} strings[] = {
	{ "", true },
	{ "vol-1", true },
	/* the first and the last of each length, around the surrogates, the last there is */
	{ "\x7f", true },
	{ "\xc2\x80", true },
	{ "\xdf\xbf", true },
	{ "\xe0\xa0\x80", true },
	{ "\xed\x9f\xbf", true },
	{ "\xee\x80\x80", true },
	{ "\xef\xbf\xbf", true },
	{ "\xf0\x90\x80\x80", true },
	{ "\xf4\x8f\xbf\xbf", true },
	{ "a\xc3\xa9z", true },
	/* longer than need be */
	{ "\xc0\x80", false },
	{ "\xc1\xbf", false },
	{ "\xe0\x9f\xbf", false },
	{ "\xf0\x8f\xbf\xbf", false },
	/* surrogates; beyond the last */
	{ "\xed\xa0\x80", false },
	{ "\xed\xbf\xbf", false },
	{ "\xf4\x90\x80\x80", false },
	/* not a beginning, no end, an end that is none */
	{ "\x80", false },
	{ "\xbf", false },
	{ "\xff", false },
	{ "\xf8\x88\x80\x80\x80", false },
	{ "a\xc3", false },
	{ "\xe2\x82", false },
	{ "\xf0\x90\x80", false },
	{ "\xe2\x28\xa1", false },
	{ "\xc3\xa9\xa9", false },
};

START_TEST(strings_are_utf8)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(strings); i++) {
		char bytes[16] = { 0x0a, (char)strlen(strings[i].text) };
		struct liteio_error err = LITEIO_ERROR_INIT;
		void *msg = NULL;
		int r;

		strcpy(bytes + 2, strings[i].text);
		r = liteio_message_unpack(&csi__v1__delete_volume_request__descriptor, bytes,
					  2 + strlen(strings[i].text), &msg, &err);
		ck_assert_msg(r == (strings[i].ok ? 0 : -EINVAL), "row %zu: %d", i, r);
		if (r == 0)
			ck_assert_str_eq(((Csi__V1__DeleteVolumeRequest *)msg)->volume_id,
					 strings[i].text);
		else
			ck_assert_str_eq(err.msg, NOT_UTF8("volume_id", "DeleteVolumeRequest"));
		liteio_message_free(msg);
	}
}
END_TEST

#define INIT(t) PROTOBUF_C_MESSAGE_INIT(&csi__v1__##t##__descriptor)
#define FLAGS(...) (char *[]){ __VA_ARGS__ }
#define MOUNT(group, ...)                                                                          \
	.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT,                         \
	.mount = &(Csi__V1__VolumeCapability__MountVolume){                                        \
		.base = INIT(volume_capability__mount_volume), .volume_mount_group = (group),      \
		.n_mount_flags = 2, .mount_flags = FLAGS(__VA_ARGS__) }
#define PARAM Csi__V1__CreateVolumeRequest__ParametersEntry
#define ENTRY(k, v) \
	&(PARAM){ .base = INIT(create_volume_request__parameters_entry), .key = (k), .value = (v) }
#define REQUEST(key_of, value_of, ...) \
	&(Csi__V1__CreateVolumeRequest){ .base = INIT(create_volume_request), \
					 .name = "vol", \
					 .n_parameters = 1, \
					 .parameters = (PARAM *[]){ ENTRY(key_of, value_of) }, \
					 .n_volume_capabilities = 1, \
					 .volume_capabilities = CAPS(__VA_ARGS__) }
#define CAP(...) (&(Csi__V1__VolumeCapability){ \
	.base = INIT(volume_capability), __VA_ARGS__ })
#define CAPS(...) (Csi__V1__VolumeCapability *[]){ CAP(__VA_ARGS__) }

/* what is wrong may be deep; NULL: nothing is */
static const struct {
	const char *field;
	const Csi__V1__CreateVolumeRequest *req;
} nested[] = {
	{ NULL, REQUEST("class", "thin", MOUNT("", "noatime", "discard")) },
	{ "key", REQUEST("\xff", "thin", MOUNT("", "noatime", "discard")) },
	{ "value", REQUEST("class", "\xff", MOUNT("", "noatime", "discard")) },
	{ "volume_mount_group", REQUEST("class", "thin", MOUNT("\xff", "noatime", "discard")) },
	{ "mount_flags", REQUEST("class", "thin", MOUNT("", "\xff", "discard")) },
	{ "mount_flags", REQUEST("class", "thin", MOUNT("", "noatime", "\xff")) },
};

START_TEST(strings_are_looked_at_everywhere)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(nested); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		_cleanup_free_ char *sentence = NULL;
		_cleanup_free_ void *bytes = NULL;
		size_t len = liteio_message_pack(nested[i].req, 0, &bytes);
		void *msg = NULL;
		int r;

		r = liteio_message_unpack(&csi__v1__create_volume_request__descriptor, bytes, len,
					  &msg, &err);
		ck_assert_msg(r == (nested[i].field ? -EINVAL : 0), "row %zu: %d", i, r);
		if (nested[i].field) {
			sentence = liteio_strf(NOT_UTF8("%s", "CreateVolumeRequest"),
					       nested[i].field);
			ck_assert_str_eq(err.msg, sentence);
		}
		liteio_message_free(msg);
	}
}
END_TEST

START_TEST(what_is_no_message_is_refused)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\x0a", 1 }, /* no length */
		{ "\x0a\x7f", 2 }, /* longer than there is */
		{ "\x0a\xff\xff\xff\xff\x0f", 6 },
		{ "\x08", 1 }, /* a number of no bytes */
		{ "\x07", 1 }, /* a kind of field that there is not */
	};

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(bad); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		void *msg = NULL;
		int r;

		r = liteio_message_unpack(&csi__v1__delete_volume_request__descriptor,
					  bad[i].bytes, bad[i].len, &msg, &err);
		ck_assert_msg(r == -EINVAL, "row %zu: %d", i, r);
		ck_assert_str_eq(err.msg, "the request is not a valid csi.v1.DeleteVolumeRequest");
		ck_assert_ptr_null(msg);
	}
}
END_TEST

/* fields of a newer caller are passed over */
START_TEST(unknown_fields_are_no_fault)
{
	static const char bytes[] = "\x0a\3vol\xfa\x07\2\xff\xff";
	Csi__V1__DeleteVolumeRequest *req;
	void *msg;

	ck_assert_int_eq(liteio_message_unpack(&csi__v1__delete_volume_request__descriptor, bytes,
					       sizeof(bytes) - 1, &msg, NULL),
			 0);
	req = msg;
	ck_assert_str_eq(req->volume_id, "vol");
	liteio_message_free(msg);
}
END_TEST

START_TEST(room_for_the_frame_is_left)
{
	Csi__V1__GetPluginInfoResponse *out =
		liteio_message_new(&csi__v1__get_plugin_info_response__descriptor);
	static const char expected[] = "\0\0\0\0\0\x0a\1n\x12\1v";
	void *bytes;

	/* a new message is an empty one */
	ck_assert_uint_eq(liteio_message_pack(out, 0, &bytes), 0);
	free(bytes);
	out->name = liteio_strdup("n");
	out->vendor_version = liteio_strdup("v");
	ck_assert_uint_eq(liteio_message_pack(out, 5, &bytes), sizeof(expected) - 1 - 5);
	ck_assert_mem_eq(bytes, expected, sizeof(expected) - 1);
	free(bytes);
	liteio_message_free(out);
}
END_TEST

UNIT_MAIN("csi-message", methods_are_found, strings_are_utf8, strings_are_looked_at_everywhere,
	  what_is_no_message_is_refused, unknown_fields_are_no_fault, room_for_the_frame_is_left)
