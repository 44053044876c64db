// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pure parts of the driver: parameters, sizes, ids, capabilities, pages.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "capability.h"
#include "id.h"
#include "model/volume.h"
#include "page.h"
#include "params.h"
#include "unit.h"

static const struct {
	const char *key;
	const char *value;
	int code;
} params[] = {
	{ "positionAdvice", "MustLocal", 0 },
	{ "positionAdvice", "mustlocal", -EINVAL },
	{ "positionAdvice", "", -EINVAL },
	{ "class", "thin", 0 },
	{ "class", "reserved", 0 },
	{ "class", "linear", 0 },
	{ "class", "golden", -EINVAL },
	{ "fsType", "xfs", 0 },
	{ "fsType", "ext3", -EINVAL },
	{ "fsType", "ext4 -O x", -EINVAL },
	{ "nodeSelector", "disk=nvme,zone=a", 0 },
	{ "nodeSelector", "disk=", 0 },
	{ "nodeSelector", "disk", -EINVAL },
	{ "nodeSelector", "=nvme", -EINVAL },
	{ "nodeSelector", "", -EINVAL },
	{ "poolSelector", "a=b,,c=d", -EINVAL },
	{ "readIOPS", "0", 0 },
	{ "readIOPS", "1000000000", 0 },
	{ "readIOPS", "1000000001", -EINVAL },
	{ "writeIOPS", "-1", -EINVAL },
	{ "writeIOPS", "1k", -EINVAL },
	{ "writeIOPS", "", -EINVAL },
	{ "readBytesPerSecond", "0", 0 },
	{ "readBytesPerSecond", "4096", 0 },
	{ "readBytesPerSecond", "4095", -EINVAL },
	{ "readBytesPerSecond", "100Mi", 0 },
	{ "writeBytesPerSecond", "1Ti", 0 },
	{ "writeBytesPerSecond", "2Ti", -EINVAL },
	{ "writeBytesPerSecond", "99999999999999999999", -EINVAL },
	{ "writeBytesPerSecond", "fast", -EINVAL },
	{ "burstMilliseconds", "0", -EINVAL },
	{ "burstMilliseconds", "10000", 0 },
	{ "burstMilliseconds", "10001", -EINVAL },
	{ "csi.storage.k8s.io/pvc/name", "anything", 0 },
	{ "volumeType", "KernelLVol", -EINVAL },
	{ "", "", -EINVAL },
};

START_TEST(parameter)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_csi_params p = { 0 };

	ck_assert_int_eq(liteio_csi_params_set(&p, params[_i].key, params[_i].value, &err),
			 params[_i].code);
	if (params[_i].code)
		ck_assert_uint_gt(strlen(err.msg), 10);
	liteio_csi_params_fini(&p);
}
END_TEST

START_TEST(parameters_mean_something)
{
	struct liteio_csi_params p = { 0 };

	ck_assert_int_eq(p.position, LITEIO_POSITION_PREFER_LOCAL);
	ck_assert_int_eq(liteio_csi_params_set(&p, "positionAdvice", "MustRemote", NULL), 0);
	ck_assert_int_eq(p.position, LITEIO_POSITION_MUST_REMOTE);
	ck_assert_int_eq(liteio_csi_params_set(&p, "fsType", "xfs", NULL), 0);
	ck_assert_int_eq(liteio_csi_params_set(&p, "fsType", "ext4", NULL), 0);
	ck_assert_str_eq(p.fs_type, "ext4");
	ck_assert_int_eq(liteio_csi_params_set(&p, "poolSelector", "a=b,c.io/d=e", NULL), 0);
	ck_assert_str_eq(liteio_json_string(liteio_json_member(p.pool_selector, "c.io/d")), "e");
	ck_assert_int_eq(liteio_csi_params_set(&p, "writeBytesPerSecond", "10Mi", NULL), 0);
	ck_assert_int_eq(liteio_csi_params_set(&p, "readIOPS", "500", NULL), 0);
	ck_assert(p.limits.write_bps == 10 << 20 && p.limits.read_iops == 500);
	ck_assert(!p.limits.write_iops && !p.limits.read_bps && !p.limits.burst_ms);
	liteio_csi_params_fini(&p);
}
END_TEST

#define MI (1ll << 20)

static const struct {
	int64_t required, limit;
	int code;
	uint64_t size;
} sizes[] = {
	{ 0, 0, 0, 1ull << 30 },
	{ 1, 0, 0, 4 * MI },
	{ 4 * MI + 1, 0, 0, 5 * MI },
	{ 10 * MI, 10 * MI, 0, 10 * MI },
	{ 10 * MI - 1, 10 * MI - 1, -ERANGE, 0 },
	{ 0, 100 * MI + 5, 0, 100 * MI },
	{ 0, 2 * MI, -ERANGE, 0 },
	{ 0, 2ll << 30, 0, 1ull << 30 },
	{ -1, 0, -EINVAL, 0 },
	{ 0, -1, -EINVAL, 0 },
	{ 10 * MI, 9 * MI, -EINVAL, 0 },
	{ INT64_MAX, 0, -ERANGE, 0 },
	{ 1ll << 50, 0, 0, 1ull << 50 },
	{ (1ll << 50) + 1, 0, -ERANGE, 0 },
};

START_TEST(size)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	uint64_t ret = 0;

	ck_assert_int_eq(liteio_csi_size(sizes[_i].required, sizes[_i].limit,
					 LITEIO_CSI_SIZE_DEFAULT, &ret, &err),
			 sizes[_i].code);
	ck_assert_uint_eq(ret, sizes[_i].size);
	ck_assert(!sizes[_i].code == !err.msg[0]);
}
END_TEST

static const struct {
	const char *name;
	bool kept;
} names[] = {
	{ "pvc-0b2f", true },
	{ "a", true },
	{ "a.b", true },
	{ "A", false },
	{ "with space", false },
	{ "-a", false },
	{ "a-", false },
	{ "a..b", false },
	{ "a.-b", false },
	{ "a-.b", false },
	{ "../../etc/passwd", false },
	{ "\xc3\xa9", false },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
	  true },
	{ "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
	  false },
};

START_TEST(name_to_id)
{
	_cleanup_free_ char *id = liteio_csi_id("v", names[_i].name);
	_cleanup_free_ char *again = liteio_csi_id("v", names[_i].name);

	ck_assert_str_eq(id, again);
	ck_assert_int_eq(liteio_csi_id_check(id), 0);
	if (names[_i].kept) {
		ck_assert_str_eq(id, names[_i].name);
	} else {
		ck_assert_uint_eq(strlen(id), 2 + 32);
		ck_assert_mem_eq(id, "v-", 2);
	}
}
END_TEST

/* a name that differs in one bit has another id; the vector is FNV-1a's own */
START_TEST(hashed_ids_differ)
{
	_cleanup_free_ char *a = liteio_csi_id("v", "Volume 1");
	_cleanup_free_ char *b = liteio_csi_id("v", "Volume 2");
	_cleanup_free_ char *empty = liteio_csi_id("s", "");

	ck_assert_str_ne(a, b);
	ck_assert_str_eq(empty, "s-6c62272e07bb014262b821756295c58d");
}
END_TEST

#define MODE(m) CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__##m

static const struct {
	unsigned int mode;
	int code;
	bool reads_only;
} modes[] = {
	{ MODE(UNKNOWN), -EINVAL, false },
	{ MODE(SINGLE_NODE_WRITER), 0, false },
	{ MODE(SINGLE_NODE_READER_ONLY), 0, true },
	{ MODE(MULTI_NODE_READER_ONLY), 0, true },
	{ MODE(MULTI_NODE_SINGLE_WRITER), -EINVAL, false },
	{ MODE(MULTI_NODE_MULTI_WRITER), -EINVAL, false },
	{ MODE(SINGLE_NODE_SINGLE_WRITER), 0, false },
	{ MODE(SINGLE_NODE_MULTI_WRITER), 0, false },
	{ 99, -EINVAL, false },
	{ (unsigned int)-1, -EINVAL, false },
};

START_TEST(access_mode)
{
	Csi__V1__VolumeCapability__AccessMode mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__INIT;
	Csi__V1__VolumeCapability__BlockVolume block =
		CSI__V1__VOLUME_CAPABILITY__BLOCK_VOLUME__INIT;
	Csi__V1__VolumeCapability cap = CSI__V1__VOLUME_CAPABILITY__INIT;

	mode.mode = modes[_i].mode;
	cap.access_mode = &mode;
	cap.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
	cap.block = &block;
	ck_assert_int_eq(liteio_csi_capability_check(&cap, NULL), modes[_i].code);
	if (!modes[_i].code)
		ck_assert(liteio_csi_capability_reads_only(&cap) == modes[_i].reads_only);
}
END_TEST

START_TEST(access_type)
{
	Csi__V1__VolumeCapability__AccessMode mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__INIT;
	Csi__V1__VolumeCapability__MountVolume mount =
		CSI__V1__VOLUME_CAPABILITY__MOUNT_VOLUME__INIT;
	Csi__V1__VolumeCapability cap = CSI__V1__VOLUME_CAPABILITY__INIT;
	Csi__V1__VolumeCapability *list[] = { &cap };

	mode.mode = MODE(SINGLE_NODE_WRITER);
	ck_assert_int_eq(liteio_csi_capability_check(NULL, NULL), -EINVAL);
	ck_assert_int_eq(liteio_csi_capabilities_check(list, 0, NULL), -EINVAL);
	cap.access_mode = &mode;
	ck_assert_int_eq(liteio_csi_capability_check(&cap, NULL), -EINVAL);
	cap.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	cap.mount = &mount;
	ck_assert_int_eq(liteio_csi_capabilities_check(list, 1, NULL), 0);
	mount.fs_type = "xfs";
	ck_assert_int_eq(liteio_csi_capability_check(&cap, NULL), 0);
	mount.fs_type = "btrfs";
	ck_assert_int_eq(liteio_csi_capability_check(&cap, NULL), -EINVAL);
	mount.fs_type = "";
	cap.access_mode = NULL;
	ck_assert_int_eq(liteio_csi_capability_check(&cap, NULL), -EINVAL);
}
END_TEST

START_TEST(pages)
{
	static const char *const all[] = { "a", "b", "c", "d", "e" };
	_cleanup_free_ char *token = NULL;
	struct liteio_csi_page page;
	char seen[16] = "";
	unsigned int n_pages = 0;

	do {
		ck_assert_int_eq(liteio_csi_page_begin(&page, 2, token ? token : "", NULL), 0);
		for (size_t i = 0; i < LITEIO_ARRAY_SIZE(all); i++)
			if (liteio_csi_page_take(&page, all[i]))
				strcat(seen, all[i]);
		free(token);
		token = liteio_csi_page_token(&page);
		n_pages++;
	} while (token);
	ck_assert_str_eq(seen, "abcde");
	ck_assert_uint_eq(n_pages, 3);
}
END_TEST

START_TEST(bad_pages)
{
	struct liteio_csi_page page;

	ck_assert_int_eq(liteio_csi_page_begin(&page, -1, "", NULL), -EINVAL);
	ck_assert_int_eq(liteio_csi_page_begin(&page, 0, "invalid-token", NULL), -EAGAIN);
	/* what it named may be gone: the page goes on behind it */
	ck_assert_int_eq(liteio_csi_page_begin(&page, 0, "after:bb", NULL), 0);
	ck_assert(!liteio_csi_page_take(&page, "b"));
	ck_assert(liteio_csi_page_take(&page, "c"));
	ck_assert_ptr_null(liteio_csi_page_token(&page));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csi-params");
	TCase *tc = unit_case(suite, "pure");

	tcase_add_loop_test(tc, parameter, 0, LITEIO_ARRAY_SIZE(params));
	tcase_add_test(tc, parameters_mean_something);
	tcase_add_loop_test(tc, size, 0, LITEIO_ARRAY_SIZE(sizes));
	tcase_add_loop_test(tc, name_to_id, 0, LITEIO_ARRAY_SIZE(names));
	tcase_add_test(tc, hashed_ids_differ);
	tcase_add_loop_test(tc, access_mode, 0, LITEIO_ARRAY_SIZE(modes));
	tcase_add_test(tc, access_type);
	tcase_add_test(tc, pages);
	tcase_add_test(tc, bad_pages);
	return unit_run(suite);
}
