// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit of the NVMe target, on a tree of plain files with the target's names: what is complete,
 * what an interrupted call has left, and what belongs to others. Making and removing exports needs
 * the real target and is tested in guests.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "fake_program.h"
#include "host/nvmet.h"
#include "unit.h"

#define UUID "0123abcd-4567-89ef-0011-223344556677"
#define NQN LITEIO_NQN_PREFIX UUID ":4"

static char root[64];
static struct liteio_nvmet target = { root, 5000 };

static void dir(const char *path)
{
	char *p = liteio_strf("%s/%s", root, path);

	ck_assert_int_eq(liteio_fs_mkdir_p(p, 0755, NULL), 0);
	free(p);
}

static void file(const char *path, const char *text)
{
	char *p = liteio_strf("%s/%s", root, path);

	ck_assert_int_eq(liteio_fs_write_atomic(p, text, strlen(text), 0644, NULL), 0);
	free(p);
}

static void set_up(void)
{
	strcpy(root, "/tmp/liteio-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	dir("ports");
	dir("hosts");
	dir("subsystems");
}

static void tear_down(void)
{
	char *command = liteio_strf("rm -rf %s", root);

	ck_assert_int_eq(system(command), 0);
	free(command);
}

START_TEST(test_list)
{
	struct liteio_nvmet_export *e;
	size_t n;

	set_up();
	dir("ports/1/subsystems/" NQN);
	dir("ports/2/subsystems");
	dir("subsystems/" NQN "/namespaces/1");
	dir("subsystems/" NQN "/allowed_hosts/nqn.host");
	file("subsystems/" NQN "/namespaces/1/device_path", "/dev/dm-7\n");
	file("subsystems/" NQN "/namespaces/1/enable", "1\n");
	dir("subsystems/" LITEIO_NQN_PREFIX UUID ":5");
	dir("subsystems/nqn.of.somebody.else/namespaces/1");
	ck_assert_int_eq(liteio_nvmet_list(&target, &e, &n, NULL), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(e[0].generation, 4);
	ck_assert_str_eq(e[0].device, "/dev/dm-7");
	ck_assert(e[0].enabled);
	ck_assert_uint_eq(e[0].n_host_nqns, 1);
	ck_assert_str_eq(e[0].host_nqns[0], "nqn.host");
	ck_assert_uint_eq(e[0].n_port_ids, 1);
	ck_assert_uint_eq(e[0].port_ids[0], 1);
	ck_assert_uint_eq(e[1].generation, 5);
	ck_assert(!e[1].enabled);
	ck_assert_str_eq(e[1].device, "");
	ck_assert_uint_eq(e[1].n_port_ids, 0);
	liteio_nvmet_exports_free(e, n);
	tear_down();
}
END_TEST

/* what the kernel made and an earlier call left: a namespace that is enabled */
static void enabled_in(const char *group)
{
	dir("subsystems/" NQN "/namespaces/1");
	dir("subsystems/" NQN "/allowed_hosts");
	file("subsystems/" NQN "/attr_allow_any_host", "0\n");
	file("subsystems/" NQN "/attr_serial", "0123abcd456789ef0011\n");
	file("subsystems/" NQN "/attr_model", "LiteIO\n");
	file("subsystems/" NQN "/namespaces/1/device_path", "/dev/dm-7\n");
	file("subsystems/" NQN "/namespaces/1/enable", "1\n");
	file("subsystems/" NQN "/namespaces/1/ana_grpid", group);
	file("subsystems/" NQN "/namespaces/1/revalidate_size", "");
}

static void is_now(const char *attr, const char *want)
{
	char *path = liteio_strf("%s/subsystems/" NQN "/namespaces/1/%s", root, attr), *text;
	size_t len;

	ck_assert_int_eq(liteio_fs_read(path, 64, &text, &len, NULL), 0);
	text[strcspn(text, "\n")] = '\0';
	ck_assert_msg(!strcmp(text, want), "%s is \"%s\", not \"%s\"", attr, text, want);
	free(text);
	free(path);
}

static const struct {
	const char *group;
	bool waits;
	const char *becomes;
	const char *revalidated;
} places[] = {
	/* filled, its size looked at again: "1" is written, a plain file keeps the rest */
	{ "99\n", false, "19", "1" },
	{ "99\n", true, "99", "" },
	/* what has been served is never made to wait */
	{ "1\n", true, "1", "" },
	{ "1\n", false, "1", "" },
	/* what can not be read may wait still */
	{ "", false, "1", "1" },
	{ "", true, "", "" },
};

START_TEST(test_place)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct liteio_nvmet_export want = { .generation = 4, .device = (char *)"/dev/dm-7",
						    .waits = places[i].waits };
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_nvmet_export *e;
		size_t n;

		set_up();
		enabled_in(places[i].group);
		liteio_uuid_parse(UUID, &want.uuid);
		ck_assert_int_eq(liteio_nvmet_list(&target, &e, &n, NULL), 0);
		ck_assert(e[0].waits == !strcmp(places[i].group, "99\n"));
		liteio_nvmet_exports_free(e, n);
		ck_assert_int_eq(liteio_nvmet_create(&target, &want, &err),
				 *places[i].revalidated ? 1 : 0);
		is_now("ana_grpid", places[i].becomes);
		is_now("revalidate_size", places[i].revalidated);
		tear_down();
	}
}
END_TEST

START_TEST(test_undrained_is_not_disabled)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid;
	char *path, *value;

	set_up();
	liteio_uuid_parse(UUID, &uuid);
	dir("subsystems/" NQN "/namespaces/1");
	dir("subsystems/" NQN "/allowed_hosts");
	file("subsystems/" NQN "/namespaces/1/enable", "1\n");
	ck_assert_int_eq(liteio_nvmet_remove(&target, &uuid, 4, false, &err), -EBUSY);
	path = liteio_strf("%s/subsystems/" NQN "/namespaces/1/enable", root);
	ck_assert_int_eq(liteio_fs_read_line(path, &value, NULL), 0);
	ck_assert_str_eq(value, "1");
	free(value);
	free(path);
	/* what is not there is removed */
	ck_assert_int_eq(liteio_nvmet_remove(&target, &uuid, 9, false, &err), 0);
	tear_down();
}
END_TEST

START_TEST(test_bad_ports)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	unsigned int id = 77;

	set_up();
	ck_assert_int_eq(liteio_nvmet_port_ensure(&target, "host.name", "4420", &id, &err),
			 -EINVAL);
	ck_assert_int_eq(liteio_nvmet_port_ensure(&target, "192.0.2.1", "0", &id, &err), -EINVAL);
	ck_assert_int_eq(liteio_nvmet_port_ensure(&target, "192.0.2.1", "65536", &id, &err),
			 -EINVAL);
	ck_assert_int_eq(liteio_nvmet_port_ensure(&target, "192.0.2.1", "", &id, &err), -EINVAL);
	ck_assert_uint_eq(id, 77);
	dir("ports/3");
	file("ports/3/addr_traddr", "192.0.2.1\n");
	file("ports/3/addr_trsvcid", "4420\n");
	file("ports/3/addr_trtype", "tcp\n");
	ck_assert_int_eq(liteio_nvmet_port_ensure(&target, "192.0.2.1", "4420", &id, &err), 0);
	ck_assert_uint_eq(id, 3);
	tear_down();
}
END_TEST

static bool is_listening(void)
{
	struct liteio_nvmet_port *ports;
	bool is;
	size_t n;

	ck_assert_int_eq(liteio_nvmet_port_list(&target, &ports, &n, NULL), 0);
	ck_assert_uint_eq(n, 2);
	is = ports[0].listening || ports[1].listening;
	free(ports);
	return is;
}

static bool exists(const char *path)
{
	char *p = liteio_strf("%s/%s", root, path);
	bool is = liteio_fs_exists(p);

	free(p);
	return is;
}

START_TEST(test_a_port_stays_for_who_was_left_behind)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid;

	set_up();
	liteio_uuid_parse(UUID, &uuid);
	dir("ports/3/subsystems");
	dir("ports/4/subsystems");
	dir("subsystems/" LITEIO_NQN_NOBODY);
	file("subsystems/" LITEIO_NQN_NOBODY "/attr_allow_any_host", "0\n");
	/* an export that is linked nowhere leaves nothing behind */
	ck_assert_int_eq(liteio_nvmet_stay(&target, &uuid, 4, &err), 0);
	ck_assert(!exists("ports/3/subsystems/" LITEIO_NQN_NOBODY));
	file("ports/3/subsystems/" NQN, "");
	ck_assert(is_listening());
	ck_assert_int_eq(liteio_nvmet_stay(&target, &uuid, 4, &err), 0);
	ck_assert_int_eq(liteio_nvmet_stay(&target, &uuid, 4, &err), 0);
	ck_assert(exists("ports/3/subsystems/" LITEIO_NQN_NOBODY));
	ck_assert(!exists("ports/4/subsystems/" LITEIO_NQN_NOBODY));
	/* nobody is served any more: the door has to be shut before the next links */
	ck_assert_int_eq(liteio_nvmet_remove(&target, &uuid, 4, true, &err), 0);
	ck_assert(exists("ports/3/subsystems/" LITEIO_NQN_NOBODY));
	ck_assert(!is_listening());
	tear_down();
}
END_TEST

/* ---- hosts, while the kernel hangs in what it does for one ---- */

static int create_for(const char *host, uint64_t timeout_ms, struct liteio_error *err)
{
	const struct liteio_nvmet t = { root, timeout_ms };
	char *hosts[] = { (char *)host };
	struct liteio_nvmet_export e = { .generation = 4, .device = (char *)"/dev/dm-7",
					 .host_nqns = hosts, .n_host_nqns = 1 };

	ck_assert_int_eq(liteio_uuid_parse(UUID, &e.uuid), 0);
	return liteio_nvmet_create(&t, &e, err);
}

static void *hang(void *arg)
{
	int r = create_for("nqn.slow", 60000, NULL);

	return r ? root : arg;
}

START_TEST(who_hangs_with_a_host_is_not_waited_for)
{
	char *command, *script, *line;
	struct liteio_error err = LITEIO_ERROR_INIT;
	char programs[] = "/tmp/liteio-test-XXXXXX";
	pthread_t slow;
	size_t len;
	void *r;

	set_up();
	enabled_in("1\n");
	command = liteio_strf("%s/go", root);
	ck_assert_ptr_nonnull(mkdtemp(programs));
	/* it says that it has begun, and ends when somebody reads that */
	ck_assert_int_eq(mkfifo(command, 0600), 0);
	script = liteio_strf("echo >%s; exec /bin/ln \"$@\"", command);
	fake(programs, "ln", script);
	ck_assert_int_eq(pthread_create(&slow, NULL, hang, NULL), 0);
	while (!exists("hosts/nqn.slow"))
		sched_yield();
	ck_assert_int_eq(create_for("nqn.other", 100, &err), -ETIMEDOUT);
	ck_assert_str_eq(err.msg,
			 "the kernel does not end what it does for another export's hosts");
	/* nor by whom nothing has to be done for */
	dir("subsystems/" NQN "/allowed_hosts/nqn.there");
	ck_assert_int_eq(create_for("nqn.there", 100, &err), 0);
	ck_assert_int_eq(liteio_fs_read(command, 64, &line, &len, &err), 0);
	ck_assert_int_eq(pthread_join(slow, &r), 0);
	ck_assert_ptr_null(r);
	ck_assert(exists("subsystems/" NQN "/allowed_hosts/nqn.slow"));
	fake_end(programs, "ln");
	free(line);
	free(script);
	free(command);
	tear_down();
}
END_TEST

UNIT_MAIN("nvmet-tree", test_list, test_place, test_undrained_is_not_disabled, test_bad_ports,
	  test_a_port_stays_for_who_was_left_behind, who_hangs_with_a_host_is_not_waited_for)
