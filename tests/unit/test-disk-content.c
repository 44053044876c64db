// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is on a disk, as mkfs and sfdisk write it into a file: all of it is named, one by one, by
 * what refuses to make a pool and by what force destroys; also what contradicts each other, and
 * partitions that no kernel has read.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/disk.h"
#include "unit.h"

#define ID "11111111-2222-4333-8444-555555555555"
#define OTHER "aaaaaaaa-2222-4333-8444-555555555555"

#define EXT4 "truncate -s 64M ext4 && mkfs.ext4 -q -F -L data -U " ID " ext4"
#define XFS "truncate -s 400M xfs && mkfs.xfs -q -f -L fast -m uuid=" OTHER " xfs"
#define GPT "truncate -s 64M gpt && printf " \
	"'label: gpt\\nlabel-id: " ID "\\nsize=16M, name=boot\\nsize=32M\\n' | sfdisk -q gpt"
#define SAY_EXT4 "x: ext4 (filesystem), label data, uuid " ID
#define SAY_GPT "x: gpt (partition table), uuid " ID, \
	"x: partition 1 of the gpt (16.0 MiB, name boot)", "x: partition 2 of the gpt (32.0 MiB)"

static const struct {
	const char *made; /* in the end it is "x" */
	const char *said; /* behind "x carries " */
	const char *lost[6];
} contents[] = {
	{ "truncate -s 64M x", NULL, { NULL } },
	{ EXT4 " && mv ext4 x", "a signature: ext4 (filesystem), label data, uuid " ID,
	  { SAY_EXT4 } },
	{ XFS " && mv xfs x", "a signature: xfs (filesystem), label fast, uuid " OTHER,
	  { "x: xfs (filesystem), label fast, uuid " OTHER } },
	{ "truncate -s 64M x && mkswap -q -U " ID " x",
	  "a signature: swap (other), uuid " ID,
	  { "x: swap (other), uuid " ID } },
	/* a table that the kernel has not read */
	{ GPT " && mv gpt x",
	  "a signature: gpt (partition table), uuid " ID
	  "; partition 1 of the gpt (16.0 MiB, name boot); partition 2 of the gpt (32.0 MiB)",
	  { SAY_GPT } },
	{ "truncate -s 64M x && printf 'label: gpt\\nlabel-id: " ID "\\n' | sfdisk -q x",
	  "a signature: gpt (partition table), uuid " ID,
	  { "x: gpt (partition table), uuid " ID } },
	/* a filesystem, and a table around it that came later */
	{ EXT4 " && mv ext4 x && printf 'label: dos\\nlabel-id: 0x12345678\\nsize=16M\\n' | "
	       "sfdisk -q --wipe never x",
	  "2 signatures: ext4 (filesystem), label data, uuid " ID
	  "; dos (partition table), uuid 12345678; partition 1 of the dos (16.0 MiB)",
	  { SAY_EXT4, "x: dos (partition table), uuid 12345678",
	    "x: partition 1 of the dos (16.0 MiB)" } },
	/* a filesystem in the place of a table's entries: its copy at the end has them */
	{ EXT4 " && " GPT " && dd if=ext4 of=gpt bs=1024 skip=1 seek=1 count=1 conv=notrunc "
	       "status=none && mv gpt x",
	  "2 signatures: ext4 (filesystem), label data, uuid " ID
	  "; gpt (partition table), uuid " ID,
	  { SAY_EXT4, SAY_GPT } },
	/* libblkid would rather not tell which one it is */
	{ EXT4 " && " XFS " && dd if=xfs of=ext4 bs=512 count=1 conv=notrunc status=none && "
	       "mv ext4 x",
	  "2 signatures: xfs (filesystem), label fast, uuid " OTHER
	  "; ext4 (filesystem), label data, uuid " ID,
	  { "x: xfs (filesystem), label fast, uuid " OTHER, SAY_EXT4 } },
};

static void look_at(const char *made, struct liteio_disk *ret)
{
	char dir[] = "/tmp/test-disk-content.XXXXXX";
	char *make _cleanup_free_ = NULL, *path _cleanup_free_ = NULL;
	char *away _cleanup_free_ = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	make = liteio_strf("cd %s && PATH=$PATH:/usr/sbin:/sbin && %s", dir, made);
	path = liteio_strf("%s/x", dir);
	away = liteio_strf("rm -r %s", dir);
	r = system(make);
	*ret = (struct liteio_disk){
		.info = { .size_bytes = 1ull << 30, .logical_bytes = 512 },
		.label_code = -ENODATA,
	};
	if (!r)
		ret->content_code = liteio_block_content(path, &ret->content, &err);
	ck_assert_int_eq(system(away), 0);
	ck_assert_msg(!r, "%s", made);
	ck_assert_msg(!ret->content_code, "%s", err.msg);
}

START_TEST(all_of_it_is_named)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	static struct liteio_disk_losses losses;
	static struct liteio_disk d;
	char *said _cleanup_free_ = NULL;
	size_t n = 0;
	int r;

	look_at(contents[_i].made, &d);
	r = liteio_disk_judge(&d, "x", 0, false, NULL, &err);
	ck_assert_int_eq(r, contents[_i].said ? -EEXIST : 0);
	said = liteio_strf("x carries %s", contents[_i].said ? contents[_i].said : "");
	ck_assert_msg(!r || !strncmp(err.msg, said, strlen(said)), "%s", err.msg);
	ck_assert_msg(!r || strstr(err.msg, "; --force destroys that"), "%s", err.msg);
	ck_assert_int_eq(liteio_disk_is_forcible(&d), r != 0);
	liteio_disk_lose(&d, "x", &losses);
	for (; contents[_i].lost[n]; n++) {
		ck_assert_uint_lt(n, losses.n);
		ck_assert_str_eq(losses.items[n], contents[_i].lost[n]);
	}
	ck_assert_msg(losses.n == n, "%s, too", losses.items[n]);
}
END_TEST

/* more than one sentence holds: that says so, and what is lost is named nevertheless */
START_TEST(many_partitions)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	static struct liteio_disk_losses losses;
	static struct liteio_disk d;

	look_at("truncate -s 64M x && { echo label: gpt; for i in $(seq 40); do "
		"echo \"size=1M, name=n$i\"; done; } | sfdisk -q x", &d);
	ck_assert_int_eq(liteio_disk_judge(&d, "x", 0, false, NULL, &err), -EEXIST);
	ck_assert_msg(strstr(err.msg, "`liteioctl disk list -o json` says all of it"), "%s",
		      err.msg);
	ck_assert_msg(strstr(err.msg, "; --force destroys that"), "%s", err.msg);
	liteio_disk_lose(&d, "x", &losses);
	ck_assert_uint_eq(losses.n, 1 + LITEIO_BLOCK_PARTITIONS_MAX + 1);
	ck_assert_str_eq(losses.items[32], "x: partition 32 of the gpt (1.0 MiB, name n32)");
	ck_assert_str_eq(losses.items[33], "x: 8 more partitions");
}
END_TEST

START_TEST(what_can_not_be_read)
{
	struct liteio_block_content c = { .n_signatures = 7 };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_block_content("/nowhere", &c, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.msg, "cannot open /nowhere"));
	ck_assert_uint_eq(c.n_signatures, 7);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("disk-content");
	TCase *t = unit_case(s, "all");

	tcase_add_loop_test(t, all_of_it_is_named, 0, sizeof(contents) / sizeof(contents[0]));
	tcase_add_test(t, many_partitions);
	tcase_add_test(t, what_can_not_be_read);
	return unit_run(s);
}
