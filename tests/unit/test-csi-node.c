// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the driver remembers and hands on: publish context, record of what is staged, busy marks.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach_context.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "busy.h"
#include "staged.h"
#include "unit.h"

#define ENTRY Csi__V1__NodeStageVolumeRequest__PublishContextEntry

#define UUID "0b0e63b6-2d0a-4d8c-9a53-3ad1e0f8c7a1"
#define NQN "nqn.2026-11.io.liteio:" UUID ":7"

/* the answer of ControllerPublishVolume as the request of NodeStageVolume: what the caller does */
static void hand_over(const Csi__V1__ControllerPublishVolumeResponse *from, ENTRY *entries,
		      ENTRY **list)
{
	for (size_t i = 0; i < from->n_publish_context; i++) {
		csi__v1__node_stage_volume_request__publish_context_entry__init(&entries[i]);
		entries[i].key = from->publish_context[i]->key;
		entries[i].value = from->publish_context[i]->value;
		list[i] = &entries[i];
	}
}

static void make_context(struct liteio_csi_attach_context *ctx, bool local)
{
	char *addresses[] = { "192.0.2.1:4420", "[2001:db8::1]:4420" };
	struct liteio_volume v = { 0 };
	struct liteio_grant grant = { .generation = 7, .node = "b", .read_only = true };
	struct liteio_export_status export = {
		.generation = 7,
		.ready = true,
		.local = local,
		.nqn = NQN,
		.addresses = addresses,
		.n_addresses = 2,
	};

	liteio_uuid_parse(UUID, &v.meta.uuid);
	v.spec.placement.node = "a";
	v.status.node.size_bytes = 1ull << 30;
	liteio_csi_attach_context_take(ctx, &v, &grant, &export);
}

START_TEST(context_survives_the_way)
{
	Csi__V1__ControllerPublishVolumeResponse *resp = liteio_calloc(1, sizeof(*resp));
	Csi__V1__NodeStageVolumeRequest req = CSI__V1__NODE_STAGE_VOLUME_REQUEST__INIT;
	struct liteio_csi_attach_context sent = { 0 }, got = { 0 };
	ENTRY entries[16], *list[16];

	csi__v1__controller_publish_volume_response__init(resp);
	make_context(&sent, _i);
	liteio_csi_attach_context_answer(&sent, resp);
	hand_over(resp, entries, list);
	req.publish_context = list;
	req.n_publish_context = resp->n_publish_context;
	ck_assert_int_eq(liteio_csi_attach_context_parse(&req, &got, NULL), 0);
	ck_assert(liteio_uuid_equal(&sent.uuid, &got.uuid));
	ck_assert_uint_eq(got.generation, 7);
	ck_assert_uint_eq(got.size_bytes, 1ull << 30);
	ck_assert(got.read_only);
	ck_assert(got.local == !!_i);
	ck_assert_str_eq(got.pool_node, "a");
	if (_i) {
		ck_assert_ptr_null(got.nqn);
		ck_assert_ptr_null(got.addresses);
	} else {
		ck_assert_str_eq(got.nqn, NQN);
		ck_assert_str_eq(got.addresses, "192.0.2.1:4420,[2001:db8::1]:4420");
	}
	liteio_csi_attach_context_fini(&sent);
	liteio_csi_attach_context_fini(&got);
	csi__v1__controller_publish_volume_response__free_unpacked(resp, NULL);
}
END_TEST

static const struct {
	const char *key;
	char *value; /* NULL: the entry is left out */
	bool matters;
} broken[] = {
	{ "volumeUUID", NULL, true },
	{ "volumeUUID", "x", true },
	{ "generation", NULL, true },
	{ "generation", "0", true },
	{ "generation", "-1", true },
	{ "generation", "281474976710656", true },
	{ "sizeBytes", "many", true },
	{ "local", "yes", true },
	{ "readOnly", NULL, true },
	{ "nqn", NULL, true },
	{ "addresses", "", true },
	{ "poolNode", NULL, false },
};

START_TEST(broken_context_is_refused)
{
	Csi__V1__ControllerPublishVolumeResponse *resp = liteio_calloc(1, sizeof(*resp));
	Csi__V1__NodeStageVolumeRequest req = CSI__V1__NODE_STAGE_VOLUME_REQUEST__INIT;
	struct liteio_csi_attach_context sent = { 0 }, got = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	ENTRY entries[16], *list[16];
	size_t n = 0;
	int r;

	csi__v1__controller_publish_volume_response__init(resp);
	make_context(&sent, false);
	liteio_csi_attach_context_answer(&sent, resp);
	hand_over(resp, entries, list);
	for (size_t i = 0; i < resp->n_publish_context; i++) {
		if (strcmp(entries[i].key, broken[_i].key)) {
			list[n++] = &entries[i];
		} else if (broken[_i].value) {
			entries[i].value = broken[_i].value;
			list[n++] = &entries[i];
		}
	}
	req.publish_context = list;
	req.n_publish_context = n;
	r = liteio_csi_attach_context_parse(&req, &got, &err);
	ck_assert_int_eq(r, broken[_i].matters ? -EINVAL : 0);
	if (r)
		ck_assert_ptr_nonnull(strstr(err.msg, broken[_i].key));
	liteio_csi_attach_context_fini(&sent);
	liteio_csi_attach_context_fini(&got);
	csi__v1__controller_publish_volume_response__free_unpacked(resp, NULL);
}
END_TEST

static char top[64];
static char *dir;

static void setup(void)
{
	strcpy(top, "/tmp/liteio-staged-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	dir = liteio_strf("%s/csi", top);
}

static void teardown(void)
{
	rmdir(dir);
	rmdir(top);
	free(dir);
}

START_TEST(record_is_kept)
{
	struct liteio_staged s = { .generation = 3,
				   .path = "/stage/path",
				   .device = "/dev/liteio/x",
				   .fs_type = "xfs",
				   .read_only = true };
	struct liteio_staged got = { 0 };

	liteio_uuid_parse(UUID, &s.uuid);
	ck_assert_int_eq(liteio_staged_load(dir, "vol", &got, NULL), -ENOENT);
	ck_assert_int_eq(liteio_staged_save(dir, "vol", &s, NULL), 0);
	ck_assert_int_eq(liteio_staged_load(dir, "vol", &got, NULL), 0);
	ck_assert(liteio_uuid_equal(&s.uuid, &got.uuid));
	ck_assert_uint_eq(got.generation, 3);
	ck_assert_str_eq(got.path, "/stage/path");
	ck_assert_str_eq(got.device, "/dev/liteio/x");
	ck_assert_str_eq(got.fs_type, "xfs");
	ck_assert(got.read_only);
	liteio_staged_fini(&got);
	ck_assert_int_eq(liteio_staged_load(dir, "other", &got, NULL), -ENOENT);
	ck_assert_int_eq(liteio_staged_remove(dir, "vol", NULL), 0);
	ck_assert_int_eq(liteio_staged_remove(dir, "vol", NULL), 0);
	ck_assert_int_eq(liteio_staged_load(dir, "vol", &got, NULL), -ENOENT);
}
END_TEST

START_TEST(record_cannot_leave_its_folder)
{
	struct liteio_staged s = { .generation = 3, .path = "/p" }, got;
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_staged_save(dir, "../evil", &s, &err), -ENOENT);
	ck_assert_int_eq(liteio_staged_load(dir, "../../etc/passwd", &got, &err), -ENOENT);
	ck_assert_int_eq(liteio_staged_remove(dir, "/etc/passwd", &err), -ENOENT);
}
END_TEST

START_TEST(damaged_record_is_an_error)
{
	_cleanup_free_ char *file = liteio_strf("%s/vol.json", dir);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_staged got;

	ck_assert_int_eq(liteio_fs_mkdir_p(dir, 0700, NULL), 0);
	ck_assert_int_eq(liteio_fs_write_atomic(file, "{\"uuid\":", 8, 0600, NULL), 0);
	ck_assert_int_eq(liteio_staged_load(dir, "vol", &got, &err), -EIO);
	ck_assert_ptr_nonnull(strstr(err.msg, file));
	unlink(file);
}
END_TEST

START_TEST(one_at_a_time)
{
	struct liteio_busy *busy = liteio_busy_new();
	struct liteio_busy_mark *a, *b, *c;
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_busy_enter(busy, "volume", "x", &a, &err), 0);
	ck_assert_int_eq(liteio_busy_enter(busy, "volume", "x", &b, &err), -EAGAIN);
	ck_assert_ptr_nonnull(strstr(err.msg, "volume x"));
	ck_assert_int_eq(liteio_busy_enter(busy, "snapshot", "x", &b, &err), 0);
	ck_assert_int_eq(liteio_busy_enter(busy, "volume", "y", &c, &err), 0);
	liteio_busy_leave(a);
	ck_assert_int_eq(liteio_busy_enter(busy, "volume", "x", &a, &err), 0);
	liteio_busy_leave(b);
	liteio_busy_leave(a);
	liteio_busy_leave(c);
	liteio_busy_free(busy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csi-node");
	TCase *tc = unit_case(suite, "context");

	tcase_add_loop_test(tc, context_survives_the_way, 0, 2);
	tcase_add_loop_test(tc, broken_context_is_refused, 0, LITEIO_ARRAY_SIZE(broken));
	tcase_add_test(tc, one_at_a_time);
	tc = unit_case(suite, "staged");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, record_is_kept);
	tcase_add_test(tc, record_cannot_leave_its_folder);
	tcase_add_test(tc, damaged_record_is_an_error);
	return unit_run(suite);
}
