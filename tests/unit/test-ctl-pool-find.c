// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `pool create --find`: one disk is meant or none is taken.
 *
 * unit-src: daemon/ctl/pool_find.c
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "ctl/pool_find.h"
#include "unit.h"

#define A "{\"device\":\"/dev/a\",\"usable\":true}"
#define B "{\"device\":\"/dev/b\",\"usable\":true}"
#define LV "{\"device\":\"/dev/mapper/lv\",\"type\":\"lvm\",\"usable\":true}"
#define PATHS "{\"device\":\"/dev/mapper/paths\",\"type\":\"mpath\",\"usable\":true}"
#define PATHS_USED "{\"device\":\"/dev/mapper/p\",\"type\":\"mpath\",\"reason\":\"it is mounted\"}"
#define USED "{\"device\":\"/dev/used\",\"reason\":\"/dev/used is mounted\"}"
#define FAST "{\"device\":\"/dev/fast\",\"pool\":\"fast\"}"
#define WAY "{\"device\":\"/dev/way\",\"pool\":\"fast\",\"reason\":\"another kernel device\"}"
#define MANY "{\"device\":\"/dev/mapper/many\",\"type\":\"mpath\",\"pool\":\"fast\"}"
#define SLOW "{\"device\":\"/dev/slow\",\"pool\":\"slow\",\"reason\":\"it has the pool slow\"}"

static const struct {
	const char *disks;
	int r;
	const char *said; /* device, or words of the sentence */
} cases[] = {
	{ "[" A "]", 0, "/dev/a" },
	{ "[" USED "," A "," SLOW "]", 0, "/dev/a" },
	{ "[" A "," USED "," B "]", -ENOTUNIQ, "2 usable disks (/dev/a, /dev/b)" },
	{ "[]", -ENODEV, "finds no disk" },
	{ "{}", -ENODEV, "finds no disk" },
	{ "[" USED "]", -EBUSY, "/dev/used is mounted" },
	{ "[" SLOW "," USED "]", -EBUSY, "it has the pool slow; `disk list` says it of each" },
	/* what somebody has made for something is not taken unless it is named */
	{ "[" LV "," A "," PATHS_USED "]", 0, "/dev/a" },
	{ "[" LV "]", -EBUSY, "/dev/mapper/lv is of device-mapper (lvm), name it" },
	{ "[" PATHS "," LV "]", 0, "/dev/mapper/paths" },
	{ "[" PATHS "," A "," LV "]", -ENOTUNIQ, "2 usable disks (/dev/mapper/paths, /dev/a)" },
	/* asked again: where it is already */
	{ "[" A "," FAST "," B "]", 0, "/dev/fast" },
	{ "[" WAY "," WAY "," MANY "]", 0, "/dev/mapper/many" },
	{ "[" MANY "," WAY "," A "]", 0, "/dev/mapper/many" },
};

START_TEST(one_disk_is_meant)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_json *disk = NULL;
	struct liteio_json *disks;

	ck_assert_int_eq(liteio_json_parse(cases[_i].disks, strlen(cases[_i].disks), &disks, NULL),
			 0);
	ck_assert_int_eq(liteio_pool_find(disks, "fast", &disk, &err), cases[_i].r);
	ck_assert_ptr_nonnull(strstr(cases[_i].r ? liteio_error_str(&err, cases[_i].r) :
						   liteio_json_get_string(disk, "device"),
				     cases[_i].said));
	liteio_json_unref(disks);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ctl-pool-find");

	tcase_add_loop_test(unit_case(s, "find"), one_disk_is_meant, 0,
			    sizeof(cases) / sizeof(cases[0]));
	return unit_run(s);
}
