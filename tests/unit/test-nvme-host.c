// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who this node is to targets: made once, kept for ever; and the options of a connection.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "host/nvme.h"
#include "host/uevent.h"
#include "unit.h"

#define TEXT "0123abcd-4567-89ef-0011-223344556677"

static char dir[64];

static void set_up(void)
{
	strcpy(dir, "/tmp/liteio-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(liteio_fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static void tear_down(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/hostnqn", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/hostid", dir);
	unlink(path);
	rmdir(dir);
}

START_TEST(test_made_once)
{
	struct liteio_nvme_host a, b;
	char text[LITEIO_UUID_STRLEN + 1];

	set_up();
	ck_assert_int_eq(liteio_nvme_host_load(dir, &a, NULL), 0);
	liteio_uuid_format(&a.id, text);
	ck_assert_ptr_nonnull(strstr(a.nqn, text));
	ck_assert_int_eq(liteio_nvme_host_load(dir, &b, NULL), 0);
	ck_assert_str_eq(a.nqn, b.nqn);
	ck_assert(liteio_uuid_equal(&a.id, &b.id));
	tear_down();
}
END_TEST

START_TEST(test_kept)
{
	struct liteio_nvme_host h;
	char text[LITEIO_UUID_STRLEN + 1];

	set_up();
	/* a name that carries the id */
	put("hostnqn", "nqn.2014-08.org.nvmexpress:uuid:" TEXT "\n");
	ck_assert_int_eq(liteio_nvme_host_load(dir, &h, NULL), 0);
	liteio_uuid_format(&h.id, text);
	ck_assert_str_eq(text, TEXT);
	tear_down();
	set_up();
	/* both given, without a relation */
	put("hostnqn", "nqn.2026-11.example:me\n");
	put("hostid", TEXT "\n");
	ck_assert_int_eq(liteio_nvme_host_load(dir, &h, NULL), 0);
	ck_assert_str_eq(h.nqn, "nqn.2026-11.example:me");
	tear_down();
}
END_TEST

START_TEST(test_never_replaced)
{
	static const char *const bad_nqns[] = { "", "me", "nqn.a,b", "nqn.a/b", "nqn.a b" };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_nvme_host h;

	for (size_t i = 0; i < sizeof(bad_nqns) / sizeof(bad_nqns[0]); i++) {
		set_up();
		put("hostnqn", bad_nqns[i]);
		ck_assert_msg(liteio_nvme_host_load(dir, &h, &err) == -EINVAL, "accepted \"%s\"",
			      bad_nqns[i]);
		tear_down();
	}
	set_up();
	put("hostid", "nonsense");
	ck_assert_int_eq(liteio_nvme_host_load(dir, &h, &err), -EINVAL);
	tear_down();
}
END_TEST

START_TEST(test_options)
{
	struct liteio_nvme_host h = { .nqn = "nqn.me" };
	struct liteio_nvme_connect c = {
		.generation = 7,
		.address = "192.0.2.1",
		.port = "4420",
		.host = &h,
		.nr_io_queues = 3,
		.ctrl_loss_tmo_s = -1,
	};
	char *options;

	liteio_uuid_parse(TEXT, &c.uuid);
	options = liteio_nvme_connect_options(&c);
	ck_assert_str_eq(options,
			 "transport=tcp,traddr=192.0.2.1,trsvcid=4420,"
			 "nqn=nqn.2026-11.io.liteio:" TEXT ":7,hostnqn=nqn.me,hostid=00000000-0000-0000-0000-000000000000,"
			 "nr_io_queues=3,ctrl_loss_tmo=-1,reconnect_delay=2,keep_alive_tmo=5");
	free(options);
}
END_TEST

static const struct {
	const char *value;
	int code;
	const char *said;
} multipath[] = {
	{ "Y", 0, "" },
	{ "N", -EOPNOTSUPP, "nvme_core.multipath is N" },
	/* a kernel that is built without it; one that says nothing */
	{ NULL, -EOPNOTSUPP, "nvme_core.multipath is not there" },
	{ "", -EOPNOTSUPP, "multipath" },
};

START_TEST(test_multipath)
{
	for (size_t i = 0; i < sizeof(multipath) / sizeof(multipath[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;

		ck_assert_int_eq(liteio_nvme_multipath_is_on(multipath[i].value, &err),
				 multipath[i].code);
		ck_assert_ptr_nonnull(strstr(err.msg, multipath[i].said));
	}
}
END_TEST

static int parse(struct liteio_uevent *e, const char *text, size_t len)
{
	memcpy(e->text, text, len);
	e->len = len;
	return liteio_uevent_parse(e);
}

START_TEST(test_uevent)
{
	static const char good[] = "add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0"
				   "SUBSYSTEM=block\0DEVNAME=nvme0n1\0SEQNUM=7";
	struct liteio_uevent e;

	ck_assert_int_eq(parse(&e, good, sizeof(good)), 0);
	ck_assert_str_eq(e.action, "add");
	ck_assert_str_eq(e.subsystem, "block");
	ck_assert_str_eq(e.devname, "nvme0n1");
	ck_assert_str_eq(liteio_uevent_get(&e, "SEQNUM"), "7");
	ck_assert_ptr_null(liteio_uevent_get(&e, "SEQ"));
	/* not terminated, of udevd, empty, without a path */
	ck_assert_int_eq(parse(&e, good, sizeof(good) - 1), -EBADMSG);
	ck_assert_int_eq(parse(&e, "libudev\0\xfe\xed", 11), -EBADMSG);
	ck_assert_int_eq(parse(&e, "", 0), -EBADMSG);
	ck_assert_int_eq(parse(&e, "add@/x\0ACTION=add", 18), -EBADMSG);
}
END_TEST

/* is it let through by the filter? Here somebody else sends what the kernel would */
static bool comes(struct liteio_uevents *u, int from, const char *action, const char *path)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char text[256];
	struct liteio_uevent e;
	int n = snprintf(text, sizeof(text), "%s@%s%cACTION=%s%cDEVPATH=%s%cSUBSYSTEM=block",
			 action, path, 0, action, 0, path, 0);

	ck_assert_int_eq(send(from, text, (size_t)n + 1, 0), n + 1);
	return liteio_uevents_next(u, &e, &err) == 1;
}

START_TEST(test_only_disks)
{
	static const char *const disks[] = {
		"/devices/pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1",
		"/devices/pci0000:00/0000:00:05.0/virtio2/block/vda/vda1",
		"/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1",
		"/devices/virtual/block/zram0",
		"/devices/virtual/block/md0",
		"/devices/x",
	};
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uevents *u;
	int pair[2];

	ck_assert_int_eq(liteio_uevents_open(&u, &err), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert_int_ge(dup2(pair[0], liteio_uevents_fd(u)), 0);
	liteio_uevents_only_disks(u);
	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		ck_assert(comes(u, pair[1], "add", disks[i]));
		ck_assert(comes(u, pair[1], "remove", disks[i]));
		ck_assert(!comes(u, pair[1], "change", disks[i]));
	}
	ck_assert(!comes(u, pair[1], "add", "/devices/virtual/block/dm-7"));
	ck_assert(!comes(u, pair[1], "remove", "/devices/virtual/block/dm-7"));
	ck_assert(!comes(u, pair[1], "change", "/devices/virtual/block/dm-7"));
	ck_assert(!comes(u, pair[1], "add", "/devices/virtual/bdi/252:7"));
	ck_assert(!comes(u, pair[1], "remove", "/devices/virtual/bdi/252:7"));
	close(pair[0]);
	close(pair[1]);
	liteio_uevents_close(u);
}
END_TEST

UNIT_MAIN("nvme-host", test_made_once, test_kept, test_never_replaced, test_options, test_multipath,
	  test_uevent, test_only_disks)
