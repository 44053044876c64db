// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The programs of filesystems: what is made of how they end. One that was killed says nothing of a
 * filesystem, and who can not tell must not call it damaged.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fake_program.h"
#include "host/mount.h"
#include "unit.h"

static int make(const char *device, struct liteio_error *err)
{
	return liteio_mkfs(device, "ext4", 60000, err);
}

static int check(const char *device, struct liteio_error *err)
{
	return liteio_fsck(device, "ext4", 60000, err);
}

static int grow(const char *device, struct liteio_error *err)
{
	return liteio_fs_grow(device, "/target", "xfs", 60000, err);
}

/**
 * struct end - of a program
 * @program: which
 * @asked: what asks for it
 * @script: what it does
 * @code: what is made of that
 * @said: the sentence, behind the program's name; a device stands in it as %s
 */
struct end {
	const char *program;
	int (*asked)(const char *device, struct liteio_error *err);
	const char *script;
	int code;
	const char *said;
};

static const struct end ends[] = {
	{ "mkfs.ext4", make, "exit 0", 0, NULL },
	{ "mkfs.ext4", make, "echo first; echo no room; exit 1", -EIO, " on %s failed: no room" },
	{ "mkfs.ext4", make, "kill -KILL $$", -EINTR, " on %s was ended by SIGKILL (Killed)" },
	{ "e2fsck", check, "exit 0", 0, NULL },
	{ "e2fsck", check, "echo repaired; exit 1", 0, NULL },
	{ "e2fsck", check, "echo UNEXPECTED; exit 4", -EUCLEAN, " on %s: UNEXPECTED" },
	/* it has its own meaning for the number that a shell has for no signal at all */
	{ "e2fsck", check, "echo no library; exit 128", -EUCLEAN, " on %s: no library" },
	{ "e2fsck", check, "echo half; kill -KILL $$", -EINTR,
	  " on %s was ended by SIGKILL (Killed)" },
	{ "e2fsck", check, "kill -HUP $$", -EINTR, " on %s was ended by SIGHUP (Hangup)" },
	{ "e2fsck", check, "kill -SEGV $$", -EFAULT,
	  " on %s has crashed: SIGSEGV (Segmentation fault)" },
	{ "xfs_growfs", grow, "exit 0", 0, NULL },
	{ "xfs_growfs", grow, "kill -TERM $$", -EINTR,
	  " on /target was ended by SIGTERM (Terminated)" },
};

START_TEST(test_end)
{
	const struct end *e = &ends[_i];
	char dir[] = "/tmp/liteio-test-mkfs-XXXXXX";
	_cleanup_free_ char *device = NULL, *want = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	device = liteio_strf("%s/device", dir);
	f = fopen(device, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(ftruncate(fileno(f), 1 << 20), 0);
	fclose(f);
	fake(dir, e->program, e->script);
	ck_assert_int_eq(e->asked(device, &err), e->code);
	if (e->said) {
		const char *at = strstr(e->said, "%s");

		want = liteio_strf("%s%.*s%s%s", e->program,
				   (int)(at ? at - e->said : (long)strlen(e->said)), e->said,
				   at ? device : "", at ? at + 2 : "");
		ck_assert_str_eq(err.msg, want);
	}
	unlink(device);
	fake_end(dir, e->program);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mkfs");

	tcase_add_loop_test(unit_case(suite, "ends"), test_end, 0,
			    (int)LITEIO_ARRAY_SIZE(ends));
	return unit_run(suite);
}
