// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The small encodings of gRPC (grpc_wire.c) and the status table (status.c).
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "grpc_wire.h"
#include "status.h"
#include "unit.h"

START_TEST(frame_round_trip)
{
	uint8_t body[LITEIO_GRPC_FRAME_BYTES + 300] = { 0 };
	const uint8_t *msg;
	size_t len;

	liteio_grpc_frame_write(300, body);
	ck_assert_int_eq(liteio_grpc_frame_parse(body, sizeof(body), &msg, &len, NULL), 0);
	ck_assert_uint_eq(len, 300);
	ck_assert_ptr_eq(msg, body + LITEIO_GRPC_FRAME_BYTES);
}
END_TEST

static const struct {
	const char *body;
	size_t len;
	int code;
} bad_frames[] = {
	{ "", 0, -EBADMSG },
	{ "\0\0\0\0", 4, -EBADMSG },
	{ "\0\0\0\0\1", 5, -EBADMSG },
	{ "\0\0\0\0\0x", 6, -EBADMSG },
	{ "\0\xff\xff\xff\xff", 5, -EBADMSG },
	{ "\1\0\0\0", 5, -EOPNOTSUPP },
	{ "\2\0\0\0", 5, -EBADMSG },
};

START_TEST(bad_frame_is_refused)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	const uint8_t *msg = NULL;
	size_t len = 77;

	ck_assert_int_eq(liteio_grpc_frame_parse(bad_frames[_i].body, bad_frames[_i].len, &msg,
						 &len, &err),
			 bad_frames[_i].code);
	ck_assert_ptr_null(msg);
	ck_assert_uint_eq(len, 77);
	ck_assert_str_ne(err.msg, "");
}
END_TEST

static const struct {
	const char *text;
	int code;
	uint64_t ms;
} timeouts[] = {
	{ "1H", 0, 3600000 },
	{ "2M", 0, 120000 },
	{ "30S", 0, 30000 },
	{ "250m", 0, 250 },
	{ "1500u", 0, 2 },
	{ "1n", 0, 1 },
	{ "0S", 0, 0 },
	{ "99999999H", 0, 359999996400000ull },
	{ "", -EINVAL, 0 },
	{ "S", -EINVAL, 0 },
	{ "1", -EINVAL, 0 },
	{ "1s", -EINVAL, 0 },
	{ "1SS", -EINVAL, 0 },
	{ " 1S", -EINVAL, 0 },
	{ "+1S", -EINVAL, 0 },
	{ "-1S", -EINVAL, 0 },
	{ "1.5S", -EINVAL, 0 },
	{ "123456789S", -EINVAL, 0 },
};

START_TEST(timeout)
{
	uint64_t ms = 0;

	ck_assert_int_eq(liteio_grpc_timeout_parse(timeouts[_i].text, &ms, NULL),
			 timeouts[_i].code);
	ck_assert_uint_eq(ms, timeouts[_i].ms);
}
END_TEST

START_TEST(message_is_percent_encoded)
{
	_cleanup_free_ char *plain = liteio_grpc_message_encode("volume v1: not \"there\" ~");
	_cleanup_free_ char *all = liteio_grpc_message_encode("50%\n\x7f\xc3\xbc");
	_cleanup_free_ char *empty = liteio_grpc_message_encode("");

	ck_assert_str_eq(plain, "volume v1: not \"there\" ~");
	ck_assert_str_eq(all, "50%25%0A%7F%C3%BC");
	ck_assert_str_eq(empty, "");
}
END_TEST

START_TEST(status_of_errno)
{
	ck_assert_int_eq(liteio_grpc_status_of(0), LITEIO_GRPC_OK);
	ck_assert_int_eq(liteio_grpc_status_of(-EINVAL), LITEIO_GRPC_INVALID_ARGUMENT);
	ck_assert_int_eq(liteio_grpc_status_of(-ENOENT), LITEIO_GRPC_NOT_FOUND);
	ck_assert_int_eq(liteio_grpc_status_of(-EEXIST), LITEIO_GRPC_ALREADY_EXISTS);
	ck_assert_int_eq(liteio_grpc_status_of(-EBUSY), LITEIO_GRPC_FAILED_PRECONDITION);
	ck_assert_int_eq(liteio_grpc_status_of(-EAGAIN), LITEIO_GRPC_ABORTED);
	ck_assert_int_eq(liteio_grpc_status_of(-ERANGE), LITEIO_GRPC_OUT_OF_RANGE);
	ck_assert_int_eq(liteio_grpc_status_of(-ENOSPC), LITEIO_GRPC_RESOURCE_EXHAUSTED);
	ck_assert_int_eq(liteio_grpc_status_of(-ETIMEDOUT), LITEIO_GRPC_DEADLINE_EXCEEDED);
	ck_assert_int_eq(liteio_grpc_status_of(-ENOSYS), LITEIO_GRPC_UNIMPLEMENTED);
	ck_assert_int_eq(liteio_grpc_status_of(-ECONNREFUSED), LITEIO_GRPC_UNAVAILABLE);
	ck_assert_int_eq(liteio_grpc_status_of(-EIO), LITEIO_GRPC_INTERNAL);
	ck_assert_str_eq(liteio_grpc_status_name(LITEIO_GRPC_FAILED_PRECONDITION),
			 "FAILED_PRECONDITION");
	ck_assert_str_eq(liteio_grpc_status_name((enum liteio_grpc_status)99), "UNKNOWN");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csi-wire");
	TCase *tc = unit_case(suite, "wire");

	tcase_add_test(tc, frame_round_trip);
	tcase_add_loop_test(tc, bad_frame_is_refused, 0, LITEIO_ARRAY_SIZE(bad_frames));
	tcase_add_loop_test(tc, timeout, 0, LITEIO_ARRAY_SIZE(timeouts));
	tcase_add_test(tc, message_is_percent_encoded);
	tcase_add_test(tc, status_of_errno);
	return unit_run(suite);
}
