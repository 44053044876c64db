// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small files: bounds, atomic replacement, sentences that name the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "unit.h"

static char dir[] = "/tmp/liteio-fs-XXXXXX";
static char path[64];

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
}

static void teardown(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

START_TEST(test_read)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char *text = (void *)1;
	size_t len = 7;

	setup();
	ck_assert_int_eq(liteio_fs_read(path, 10, &text, &len, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
	ck_assert_int_eq(liteio_fs_write_atomic(path, "0123456789", 10, 0640, &err), 0);
	ck_assert_int_eq(liteio_fs_read(path, 9, &text, &len, &err), -EMSGSIZE);
	ck_assert_ptr_eq(text, (void *)1);
	ck_assert_uint_eq(len, 7);
	ck_assert_int_eq(liteio_fs_read(path, 10, &text, &len, &err), 0);
	ck_assert_str_eq(text, "0123456789");
	ck_assert_uint_eq(len, 10);
	free(text);
	ck_assert_int_eq(liteio_fs_read("/proc/self/status", 1 << 16, &text, NULL, NULL), 0);
	ck_assert_int_eq(strncmp(text, "Name:", 5), 0);
	free(text);
	teardown();
}
END_TEST

START_TEST(test_read_line)
{
	char *text;

	setup();
	ck_assert_int_eq(liteio_fs_write_atomic(path, " \ta b \r\nsecond\n", 15, 0600, NULL), 0);
	ck_assert_int_eq(liteio_fs_read_line(path, &text, NULL), 0);
	ck_assert_str_eq(text, "a b");
	free(text);
	ck_assert_int_eq(liteio_fs_write_atomic(path, "\n", 1, 0600, NULL), 0);
	ck_assert_int_eq(liteio_fs_read_line(path, &text, NULL), 0);
	ck_assert_str_eq(text, "");
	free(text);
	teardown();
}
END_TEST

START_TEST(test_write_atomic)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct stat st;
	char **names;
	size_t n;
	char *text;
	int old;

	setup();
	ck_assert_int_eq(liteio_fs_write_atomic(path, "old", 3, 0600, NULL), 0);
	old = open(path, O_RDONLY);
	ck_assert_int_eq(liteio_fs_write_atomic(path, "new", 3, 0644, NULL), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	/* replaced, not written into: who had it open still has the old one */
	ck_assert_int_eq(fstat(old, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 0);
	close(old);
	ck_assert_int_eq(liteio_fs_read(path, 10, &text, NULL, NULL), 0);
	ck_assert_str_eq(text, "new");
	free(text);
	/* a failure leaves nothing behind */
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_lt(liteio_fs_write_atomic(path, "x", 1, 0600, &err), 0);
	ck_assert_int_eq(liteio_fs_list(dir, &names, &n, NULL), 0);
	ck_assert_uint_eq(n, 1);
	liteio_fs_names_free(names, n);
	rmdir(path);
	ck_assert_int_eq(liteio_fs_write_atomic("/no/such/dir/x", "x", 1, 0600, &err), -ENOENT);
	teardown();
}
END_TEST

START_TEST(test_attr)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_fs_write_attr("/dev/null", "1", &err), 0);
	ck_assert_int_eq(liteio_fs_write_attr("/dev/full", "1", &err), -ENOSPC);
	ck_assert_str_eq(err.msg, "cannot write \"1\" to /dev/full: No space left on device");
	/* an attribute exists or not: it is never created */
	setup();
	ck_assert_int_eq(liteio_fs_write_attr(path, "1", &err), -ENOENT);
	ck_assert(!liteio_fs_exists(path));
	teardown();
}
END_TEST

START_TEST(test_dirs)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char *deep, *file;
	char **names;
	size_t n;

	setup();
	deep = liteio_strf("%s//a/b/c/", path);
	ck_assert_int_eq(liteio_fs_mkdir_p(deep, 0755, &err), 0);
	ck_assert_int_eq(liteio_fs_mkdir_p(deep, 0755, &err), 0);
	file = liteio_strf("%s/a/b/z", path);
	ck_assert_int_eq(liteio_fs_write_atomic(file, "", 0, 0600, NULL), 0);
	ck_assert_int_eq(liteio_fs_mkdir_p(file, 0755, &err), -ENOTDIR);
	free(deep);
	deep = liteio_strf("%s/a/b", path);
	ck_assert_int_eq(liteio_fs_list(deep, &names, &n, &err), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(names[0], "c");
	ck_assert_str_eq(names[1], "z");
	liteio_fs_names_free(names, n);
	ck_assert_int_eq(liteio_fs_list("/no/such/dir", &names, &n, &err), -ENOENT);
	unlink(file);
	free(file);
	file = liteio_strf("%s/c", deep);
	ck_assert(liteio_fs_exists(file));
	rmdir(file);
	free(file);
	rmdir(deep);
	deep[strlen(deep) - 2] = '\0';
	rmdir(deep);
	rmdir(path);
	free(deep);
	teardown();
}
END_TEST

UNIT_MAIN("fs", test_read, test_read_line, test_write_atomic, test_attr, test_dirs)
