// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Disks: what keeps a pool from being made on one, which of several reasons is said, with which way
 * out, what force changes, the order of a disk's names, and rules that find disks.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "host/block.h"
#include "model/disk_rule.h"
#include "model/local.h"
#include "pool/disk.h"
#include "unit.h"

#define GIB (1ull << 30)
#define EMPTY .label_code = (-ENODATA)
#define ON(...) .content = { .signatures = { { __VA_ARGS__ } }, .n_signatures = 1 }
#define BIG .size_bytes = GIB, .logical_bytes = 512

static const struct {
	const char *what;
	struct liteio_disk d;
	enum liteio_disk_verdict verdict;
	int code;
	const char *said;
	const char *way;
	bool by_force;
} judged[] = {
	{ "empty", { .info = { BIG }, EMPTY }, LITEIO_DISK_USABLE, 0, "",
	  "", false },
	{ "4K blocks", { .info = { .size_bytes = GIB, .logical_bytes = 4096 }, EMPTY },
	  LITEIO_DISK_USABLE, 0, "",
	  "", false },
	{ "large blocks", { .info = { .size_bytes = GIB, .logical_bytes = 16384 }, EMPTY },
	  LITEIO_DISK_BLOCKS, -EINVAL, "x has blocks of 16384 bytes",
	  "take another disk", false },
	{ "read-only", { .info = { BIG, .read_only = true }, EMPTY },
	  LITEIO_DISK_READ_ONLY, -EROFS, "x is read-only",
	  "`blockdev --setrw`", false },
	{ "mounted", { .info = { BIG, .is_mounted = true }, EMPTY,
		       ON(.type = "ext4") },
	  LITEIO_DISK_MOUNTED, -EBUSY, "x is mounted",
	  "`umount` it", false },
	{ "swap", { .info = { BIG, .is_swap = true }, EMPTY }, LITEIO_DISK_SWAP, -EBUSY, "swap",
	  "`swapoff`", false },
	{ "held", { .info = { BIG, .n_holders = 1 }, .holder = "dm-7", EMPTY,
		    ON(.type = "LVM2_member") },
	  LITEIO_DISK_HELD, -EBUSY, "dm-7",
	  "take that away first", false },
	{ "a pool, open", { .info = { BIG, .n_holders = 3 }, .holder = "dm-0", .pool = "fast" },
	  LITEIO_DISK_POOL, -EEXIST, "x carries the pool fast already",
	  "`liteioctl pool delete`", false },
	{ "a part of none", { .info = { BIG }, .pool = "fast", .is_orphan = true },
	  LITEIO_DISK_POOL, -EEXIST, "x carries a part of pool fast, of which no disk is here",
	  "import the pool; --force destroys that", true },
	{ "a part of none, held", { .info = { BIG, .n_holders = 3 }, .holder = "dm-0",
				    .pool = "fast", .is_orphan = true },
	  LITEIO_DISK_POOL, -EEXIST, "x carries a part of pool fast",
	  "import the pool", false },
	{ "a newer pool", { .info = { BIG }, .label_code = -ENOTSUP, .label_why = "version 9" },
	  LITEIO_DISK_POOL, -ENOTSUP, "version 9",
	  "a newer agent", false },
	{ "a damaged pool", { .info = { BIG }, .label_code = -EBADMSG, .label_why = "checksum" },
	  LITEIO_DISK_DAMAGED_POOL, -EEXIST, "x carries the rest of a pool (checksum)",
	  "(checksum); --force destroys that", true },
	{ "partitions", { .info = { BIG, .n_partitions = 2 }, EMPTY,
			  ON(.type = "gpt") },
	  LITEIO_DISK_PARTITIONS, -EEXIST, "x has 2 partitions",
	  "remove them first", false },
	{ "empty table", { .info = { BIG }, EMPTY,
			   ON(.type = "gpt", .usage = "partition table") },
	  LITEIO_DISK_SIGNATURE, -EEXIST, "signature: gpt (partition table)",
	  "; --force destroys that", true },
	{ "ext4", { .info = { BIG }, EMPTY,
		    ON(.type = "ext4", .usage = "filesystem") },
	  LITEIO_DISK_SIGNATURE, -EEXIST, "x carries a signature: ext4 (filesystem)",
	  "; --force destroys that", true },
	{ "several", { .info = { BIG }, EMPTY,
		       .content = { .signatures = { { .type = "xfs", .usage = "filesystem" },
						    { .type = "ext4", .usage = "filesystem" } },
				    .n_signatures = 2 } },
	  LITEIO_DISK_SIGNATURE, -EEXIST,
	  "x carries 2 signatures: xfs (filesystem); ext4 (filesystem)",
	  "; --force destroys that", true },
	{ "broken", { .info = { BIG }, EMPTY, .content_code = -EIO,
		      .content_why = "cannot read" },
	  LITEIO_DISK_UNREADABLE, -EIO, "cannot read",
	  "see to the disk", false },
	{ "label not read", { .info = { BIG }, .label_code = -EIO, .label_why = "at 4096" },
	  LITEIO_DISK_UNREADABLE, -EIO, "at 4096",
	  "see to the disk", false },
	{ "small", { .info = { .size_bytes = 1 << 20, .logical_bytes = 512 }, EMPTY },
	  LITEIO_DISK_SMALL, -EINVAL, "x: 1.0 MiB is too small",
	  "64 MiB is the least", false },
	{ "small, with ext4", { .info = { .size_bytes = 1 << 20, .logical_bytes = 512 }, EMPTY,
				ON(.type = "ext4") },
	  LITEIO_DISK_SIGNATURE, -EEXIST, "ext4",
	  "ext4", false },
	{ "silent", { .info = { BIG, .n_holders = 1 }, .holder = "dm-7", .is_silent = true },
	  LITEIO_DISK_SILENT, -ETIMEDOUT, "x does not answer",
	  "see to the disk", false },
	{ "claimed", { .info = { BIG }, EMPTY, .claim_code = -EBUSY, .claim_why = "in use" },
	  LITEIO_DISK_CLAIMED, -EBUSY, "in use",
	  "`lsns -t mnt`", false },
};

START_TEST(a_disk_is_judged)
{
	struct liteio_disk_losses losses;
	struct liteio_error err = LITEIO_ERROR_INIT;
	enum liteio_disk_verdict verdict = LITEIO_DISK_UNREADABLE;
	const struct liteio_disk *d = &judged[_i].d;
	const char *what = judged[_i].what;
	int r;

	r = liteio_disk_judge(d, "x", 0, false, &verdict, &err);
	ck_assert_msg(r == judged[_i].code, "%s: %d: %s", what, r, err.msg);
	ck_assert_msg(verdict == judged[_i].verdict, "%s: %s", what,
		      liteio_disk_verdict_names[verdict]);
	ck_assert_msg(!r || strstr(err.msg, judged[_i].said), "%s: %s", what, err.msg);
	ck_assert_msg(strstr(err.msg, judged[_i].way), "%s: no way out: %s", what, err.msg);
	ck_assert_msg(!strstr(err.msg, "--force") == !judged[_i].by_force, "%s: %s", what, err.msg);
	ck_assert_msg(liteio_disk_is_forcible(d) == judged[_i].by_force, "%s", what);
	/* force never makes it worse, and nobody has to want the words */
	/* what force destroys is named: something where it is needed, nothing where it is not */
	liteio_disk_lose(d, "x", &losses);
	ck_assert_msg(losses.n <= LITEIO_DISK_LOSSES_MAX, "%s", what);
	ck_assert_msg(!judged[_i].by_force || (losses.n && !strncmp(losses.items[0], "x: ", 3)),
		      "%s: %zu losses", what, losses.n);
	ck_assert_msg(judged[_i].code || losses.n == 0, "%s: %s", what, losses.items[0]);
	r = liteio_disk_judge(d, "x", 0, true, NULL, NULL);
	ck_assert_msg((r == 0) == (judged[_i].by_force || !judged[_i].code), "%s", what);
}
END_TEST

START_TEST(what_force_destroys_is_named_before_it_does)
{
	const struct liteio_disk d = { .info = { BIG }, EMPTY,
				       ON("ext4", "filesystem", "my data", "12-34") };
	const struct liteio_disk odd = { .info = { BIG }, EMPTY,
					 ON("xfs", "filesystem", "a\n\033[2Jb") };
	struct liteio_error err = LITEIO_ERROR_INIT;

	liteio_disk_judge(&d, "x", 0, false, NULL, &err);
	ck_assert_str_eq(err.msg,
			 "x carries a signature: ext4 (filesystem), label my data, uuid 12-34; --force destroys that");
	/* whatever somebody has called it, it is one line that leaves a terminal alone */
	liteio_disk_judge(&odd, "x", 0, false, NULL, &err);
	ck_assert_str_eq(err.msg,
			 "x carries a signature: xfs (filesystem), label a??[2Jb; --force destroys that");
}
END_TEST

START_TEST(the_pools_block_size_counts)
{
	const struct liteio_disk d = { .info = { .size_bytes = 128 << 20, .logical_bytes = 512 },
				       EMPTY };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_disk_judge(&d, "x", 1 << 20, false, NULL, &err), 0);
	ck_assert_int_eq(liteio_disk_judge(&d, "x", 1 << 30, false, NULL, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "no room"));
	ck_assert_int_eq(liteio_disk_judge(&d, "x", 65537, false, NULL, &err), -EINVAL);
}
END_TEST

START_TEST(every_verdict_has_a_word)
{
	for (int i = 0; i <= LITEIO_DISK_SILENT; i++)
		ck_assert_ptr_nonnull(liteio_disk_verdict_names[i]);
	ck_assert_ptr_null(liteio_disk_verdict_names[LITEIO_DISK_SILENT + 1]);
}
END_TEST

START_TEST(names_that_say_more_come_first)
{
	static const char *const names[] = {
		"nvme-ACME_SSD_1234", "scsi-35000c500a1b2c3d4", "nvme-eui.0025385b71b00f3d",
		"wwn-0x5000c500a1b2c3d4", "lvm-pv-uuid-x",
	};

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_uint_lt(liteio_block_id_rank(names[i - 1]),
				  liteio_block_id_rank(names[i]));
	ck_assert_uint_eq(liteio_block_id_rank("ata-X"), 0);
	ck_assert_uint_eq(liteio_block_id_rank("scsi-SATA_X"), 0);
}
END_TEST

START_TEST(who_made_it)
{
	static const struct {
		const char *uuid;
		const char *who;
	} made[] = {
		{ "LVM-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "lvm" },
		/* a part of a thin pool is no disk for others */
		{ "LVM-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef-tpool",
		  NULL },
		{ "mpath-333333330000007d0", "mpath" },
		{ "part1-mpath-333333330000007d0", "dm" },
		{ "CRYPT-LUKS2-0123456789abcdef0123456789abcdef-home", "crypt" },
		{ "LITEIO-THIN-11111111-2222-4333-8444-555555555555", NULL },
		{ "", "dm" },
	};

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		const char *who = liteio_block_mapped(made[i].uuid);

		ck_assert_msg(!who == !made[i].who && (!who || !strcmp(who, made[i].who)), "%s: %s",
			      made[i].uuid, who ? who : "nobody");
	}
}
END_TEST

static char *ids[] = { "nvme-ACME_SSD_1234", "wwn-0x1" };
static const struct liteio_local_disk ssd = {
	.by_id = ids, .n_by_id = 2, .size_bytes = GIB, .model = "ACME SSD 1T", .usable = true,
};
static const struct liteio_local_disk bare = { .size_bytes = GIB, .rotational = true };

static const struct {
	struct liteio_local_disk_rule rule;
	bool ssd;
	bool bare;
} rules[] = {
	{ { 0 }, true, true },
	{ { .min_bytes = GIB, .max_bytes = GIB }, true, true },
	{ { .min_bytes = GIB + 1 }, false, false },
	{ { .max_bytes = GIB - 1 }, false, false },
	{ { .model = "ACME*" }, true, false },
	{ { .model = "*ssd*" }, true, false },
	{ { .model = "SSD" }, false, false },
	{ { .model = "*" }, true, true },
	{ { .by_id = "nvme-ACME_*" }, true, false },
	{ { .by_id = "wwn-0x?" }, true, false },
	{ { .by_id = "nvme-acme_*" }, false, false },
	{ { .by_id = "/dev/disk/by-id/wwn-*" }, true, false },
	{ { .by_id = "/dev/disk/by-path/wwn-*" }, false, false },
	{ { .by_id = "*" }, true, false },
	{ { .rotational = LITEIO_LOCAL_NO }, true, false },
	{ { .rotational = LITEIO_LOCAL_YES }, false, true },
	{ { .usable = true }, true, false },
	{ { .usable = true, .model = "*", .rotational = LITEIO_LOCAL_NO, .min_bytes = 1 }, true,
	  false },
	{ { .usable = true, .rotational = LITEIO_LOCAL_YES }, false, false },
};

START_TEST(a_rule_finds_disks)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_msg(liteio_disk_rule_check(&rules[_i].rule, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(liteio_disk_rule_match(&rules[_i].rule, &ssd), rules[_i].ssd);
	ck_assert_int_eq(liteio_disk_rule_match(&rules[_i].rule, &bare), rules[_i].bare);
}
END_TEST

START_TEST(a_rule_that_nothing_can_match_is_refused)
{
	static const struct liteio_local_disk_rule bad[] = {
		{ .min_bytes = 2, .max_bytes = 1 }, { .model = "" }, { .by_id = "" },
	};
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_disk_rule_check(&bad[_i], &err), -EINVAL);
	ck_assert_int_ne(err.msg[0], '\0');
}
END_TEST

int main(void)
{
	Suite *s = suite_create("disk");
	TCase *t = unit_case(s, "all");

	tcase_add_loop_test(t, a_disk_is_judged, 0, sizeof(judged) / sizeof(judged[0]));
	tcase_add_test(t, what_force_destroys_is_named_before_it_does);
	tcase_add_test(t, the_pools_block_size_counts);
	tcase_add_test(t, every_verdict_has_a_word);
	tcase_add_test(t, who_made_it);
	tcase_add_test(t, names_that_say_more_come_first);
	tcase_add_loop_test(t, a_rule_finds_disks, 0, sizeof(rules) / sizeof(rules[0]));
	tcase_add_loop_test(t, a_rule_that_nothing_can_match_is_refused, 0, 3);
	return unit_run(s);
}
