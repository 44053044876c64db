// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local API's requests and answers: strict in, complete out.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "model/local.h"
#include "model/local_module.h"
#include "unit.h"

#define ID "00000000-0000-4000-8000-000000000001"

static int decode(const char *text, const struct liteio_field *fields, void *obj,
		  struct liteio_error *err)
{
	struct liteio_json *j;
	int r;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, err), 0);
	r = liteio_json_decode(j, fields, LITEIO_JSON_STRICT, obj, err);
	liteio_json_unref(j);
	return r;
}

START_TEST(a_request_is_read)
{
	struct liteio_local_volume_create req = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(decode("{\"name\":\"data\",\"pool\":\"fast\",\"sizeBytes\":\"10Gi\","
				"\"class\":\"thin\"}",
				liteio_local_volume_create_fields, &req, &err),
			 0);
	ck_assert_str_eq(req.name, "data");
	ck_assert_str_eq(req.pool, "fast");
	ck_assert(req.size_bytes == 10ull << 30);
	ck_assert(liteio_uuid_is_null(&req.uuid));
	ck_assert_ptr_null(req.snapshot);
	liteio_json_fini(&req, liteio_local_volume_create_fields);
}
END_TEST

static const struct {
	const char *text;
	const struct liteio_field *fields;
	size_t size;
	const char *said;
} refused[] = {
#define R(s) liteio_local_##s##_fields, sizeof(struct liteio_local_##s)
	{ "{\"name\":\"a\",\"device\":\"/dev/x\",\"colour\":1}", R(pool_create), "colour" },
	{ "{\"name\":\"a\"}", R(pool_create), "device" },
	{ "{\"name\":7,\"device\":\"/dev/x\"}", R(pool_create), "name" },
	{ "{\"name\":\"a\",\"pool\":\"p\",\"class\":\"golden\"}", R(volume_create), "class" },
	{ "{\"name\":\"a\",\"pool\":\"p\",\"uuid\":\"12\"}", R(volume_create), "uuid" },
	{ "{\"name\":\"a\",\"pool\":\"p\",\"sizeBytes\":-1}", R(volume_create), "sizeBytes" },
	{ "{\"sizeBytes\":0}", R(resize), "sizeBytes" },
	{ "{}", R(rollback), "snapshot" },
	{ "{\"name\":\"b\",\"snapshot\":\"s\"}", R(rename), "snapshot" },
	{ "{\"name\":\"b\",\"wipe\":\"burn\"}", R(clone), "wipe" },
	{ "{\"wait\":\"maybe\"}", R(delete), "wait" },
	{ "{}", R(snapshot_group), "snapshots" },
	{ "{\"snapshots\":[{\"volume\":\"a\"}]}", R(snapshot_group), "name" },
	{ "{\"sizeBytes\":1125899906842625}", R(resize), "sizeBytes" },
	{ "{\"volume\":\"a\",\"generation\":0}", R(export_create), "generation" },
	{ "{\"volume\":\"a\",\"generation\":281474976710656}", R(export_create), "generation" },
	{ "{\"floor\":2,\"timeoutMs\":60001}", R(fence), "timeoutMs" },
	{ "{\"uuid\":\"00000000-0000-4000-8000-000000000001\",\"generation\":1,"
	  "\"addresses\":[1]}", R(attach), "addresses" },
	{ "[]", R(attach), "" },
	{ "{\"floor\":2}", R(module_fence), "uuid" },
	{ "{\"uuid\":\"" ID "\",\"floor\":281474976710656}", R(module_fence), "floor" },
	{ "{\"uuid\":\"" ID "\",\"generation\":-1}", R(module_fence), "generation" },
	{ "{\"uuid\":\"" ID "\",\"timeoutMs\":60001}", R(module_fence), "timeoutMs" },
	{ "{\"uuid\":\"" ID "\",\"force\":true}", R(module_fence), "force" },
	{ "{\"seq\":7}", R(event), "type" },
	{ "{\"type\":\"volumeadded\"}", R(event), "type" },
#undef R
};

START_TEST(a_bad_request_is_refused)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	void *req = calloc(1, refused[_i].size);

	ck_assert_int_eq(decode(refused[_i].text, refused[_i].fields, req, &err), -EINVAL);
	ck_assert_msg(strstr(err.msg, refused[_i].said), "%s: %s", refused[_i].text, err.msg);
	free(req);
}
END_TEST

START_TEST(an_answer_goes_there_and_back)
{
	struct liteio_local_volume_attachment att[] = {
		{ .generation = 3, .host_nqn = (char *)"nqn.2014-08.org.x:y", .read_only = true },
		{ .generation = 4, .local = true },
	};
	struct liteio_local_volume v = {
		.name = (char *)"data", .pool = (char *)"fast", .state = (char *)"ready",
		.size_bytes = 1ull << 30, .floor = 3, .attachments = att, .n_attachments = 2,
	};
	struct liteio_local_volume_list list = { .items = &v, .n_items = 1 }, back = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = liteio_json_encode(&list, liteio_local_volume_list_fields);
	char *text = liteio_json_print(j);

	ck_assert_ptr_nonnull(strstr(text, "\"allocatedBytes\":0"));
	ck_assert_int_eq(decode(text, liteio_local_volume_list_fields, &back, &err), 0);
	ck_assert_uint_eq(back.n_items, 1);
	ck_assert_str_eq(back.items[0].name, "data");
	ck_assert_uint_eq(back.items[0].n_attachments, 2);
	ck_assert(back.items[0].attachments[0].read_only);
	ck_assert(back.items[0].attachments[1].local);
	ck_assert_uint_eq(back.items[0].attachments[1].generation, 4);
	liteio_json_fini(&back, liteio_local_volume_list_fields);
	liteio_json_unref(j);
	free(text);
}
END_TEST

START_TEST(an_empty_list_is_a_list)
{
	struct liteio_local_pool_list list = { 0 };
	struct liteio_json *j = liteio_json_encode(&list, liteio_local_pool_list_fields);
	char *text = liteio_json_print(j);

	ck_assert_str_eq(text, "{\"items\":[]}");
	free(text);
	liteio_json_unref(j);
}
END_TEST

static char *encoded(const void *obj, const struct liteio_field *fields)
{
	struct liteio_json *j = liteio_json_encode(obj, fields);
	char *text = liteio_json_print(j);

	liteio_json_unref(j);
	return text;
}

/* numbers of the registry are told when they are 0, too; what is not there is not */
START_TEST(the_registry_is_told)
{
	struct liteio_local_module_attachment att[] = {
		{ .generation = 3, .state = (char *)"open" },
		{ .generation = 4,
		  .state = (char *)"fenced",
		  .read_only = true,
		  .rejected = 2,
		  .device = (char *)"253:4",
		  .dirty = { (char *)"00000000000000ff", 65536, 512, 3 } },
	};
	struct liteio_local_module_attachment_list list = { .items = att, .n_items = 2 };
	struct liteio_local_module_fenced fenced = { .floor = 4, .drained = true };
	char *text;

	liteio_uuid_parse(ID, &att[0].uuid);
	att[1].uuid = att[0].uuid;
	text = encoded(&list, liteio_local_module_attachment_list_fields);
	ck_assert_str_eq(text, "{\"items\":[{\"uuid\":\"" ID "\",\"generation\":3,\"state\":\"open\","
			       "\"readOnly\":false,\"inflight\":0,\"rejected\":0,\"queued\":0,"
			       "\"throttled\":0},{\"uuid\":\"" ID "\",\"generation\":4,"
			       "\"state\":\"fenced\",\"readOnly\":true,\"inflight\":0,\"rejected\":2,"
			       "\"queued\":0,\"throttled\":0,\"device\":\"253:4\",\"dirty\":{"
			       "\"tracking\":\"00000000000000ff\",\"chunkBytes\":65536,"
			       "\"chunks\":512,\"remaining\":3}}]}");
	free(text);
	text = encoded(&fenced, liteio_local_module_fenced_fields);
	ck_assert_str_eq(text, "{\"persisted\":false,\"floor\":4,\"drained\":true,\"inflight\":0,"
			       "\"waitedMs\":0}");
	free(text);
}
END_TEST

/* as the module sends it, by name */
START_TEST(an_event_is_told)
{
	struct liteio_local_event e = { .type = LITEIO_LOCAL_EVENT_MODULE, .seq = 9, .time_ns = 5 };
	struct liteio_local_event back = { 0 };
	char *text;

	ck_assert_str_eq(liteio_local_event_names[LITEIO_LOCAL_EVENT_BEGIN], "begin");
	ck_assert_str_eq(liteio_local_event_names[LITEIO_LOCAL_EVENT_END], "end");
	text = encoded(&e, liteio_local_event_fields);
	ck_assert_str_eq(text, "{\"type\":\"volumeAdded\",\"seq\":9,\"timeNs\":5}");
	ck_assert_int_eq(decode(text, liteio_local_event_fields, &back, NULL), 0);
	ck_assert_int_eq(back.type, LITEIO_LOCAL_EVENT_MODULE);
	ck_assert_uint_eq(back.seq, 9);
	free(text);
}
END_TEST

static const struct {
	const char *text;
	const char *host; /* NULL: refused */
	unsigned int port;
} addresses[] = {
	{ "192.0.2.1:4420", "192.0.2.1", 4420 },
	{ "192.0.2.1", "192.0.2.1", 4420 },
	{ "192.0.2.1:1", "192.0.2.1", 1 },
	{ "[2001:db8::1]:8009", "2001:db8::1", 8009 },
	{ "[2001:db8::1]", "2001:db8::1", 4420 },
	{ "2001:db8::1", "2001:db8::1", 4420 },
	{ "node-a:4420", NULL, 0 },
	{ "192.0.2.1:0", NULL, 0 },
	{ "192.0.2.1:65536", NULL, 0 },
	{ "192.0.2.1:", NULL, 0 },
	{ "192.0.2.256:4420", NULL, 0 },
	{ "192.0.2.1,nqn=x:4420", NULL, 0 },
	{ "[2001:db8::1", NULL, 0 },
	{ "[2001:db8::1]4420", NULL, 0 },
	{ "[]:4420", NULL, 0 },
	{ "", NULL, 0 },
};

START_TEST(addresses_are_parsed)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char *host = NULL;
	uint16_t port = 0;
	int r = liteio_local_address_parse(addresses[_i].text, &host, &port, &err);

	if (!addresses[_i].host) {
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_ptr_null(host);
		ck_assert(err.msg[0]);
		return;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(host, addresses[_i].host);
	ck_assert_uint_eq(port, addresses[_i].port);
	free(host);
}
END_TEST

START_TEST(every_errno_has_a_status)
{
	ck_assert_uint_eq(liteio_local_status(-EINVAL), 400);
	ck_assert_uint_eq(liteio_local_status(-EACCES), 403);
	ck_assert_uint_eq(liteio_local_status(-ENOENT), 404);
	ck_assert_uint_eq(liteio_local_status(-ESTALE), 409);
	ck_assert_uint_eq(liteio_local_status(-EAGAIN), 503);
	ck_assert_uint_eq(liteio_local_status(-ETIMEDOUT), 504);
	ck_assert_uint_eq(liteio_local_status(-ENOSPC), 507);
	ck_assert_uint_eq(liteio_local_status(-EIO), 500);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("local");
	TCase *t = unit_case(s, "local");

	tcase_add_test(t, a_request_is_read);
	tcase_add_loop_test(t, a_bad_request_is_refused, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(t, an_answer_goes_there_and_back);
	tcase_add_test(t, an_empty_list_is_a_list);
	tcase_add_test(t, the_registry_is_told);
	tcase_add_test(t, an_event_is_told);
	tcase_add_loop_test(t, addresses_are_parsed, 0, sizeof(addresses) / sizeof(addresses[0]));
	tcase_add_test(t, every_errno_has_a_status);
	return unit_run(s);
}
