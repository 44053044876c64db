// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is mounted on a remote volume is unmounted at the shutdown, while its path is alive: again
 * while it is used, and again when the program that does it was killed.
 *
 * unit-src: daemon/agent/release.c
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/gate.h"
#include "agent/publish.h"
#include "agent/release.h"
#include "base/error.h"
#include "base/str.h"
#include "fake_program.h"
#include "host/dm.h"
#include "host/head.h"
#include "host/mount.h"
#include "host/netlink.h"
#include "host/nvme.h"
#include "unit.h"

static char dir[] = "/tmp/liteio-test-release-XXXXXX";

/* ---- a node with one remote volume, which is mounted as long as "mounted" is there ----------- */

static bool is_mounted(void)
{
	_cleanup_free_ char *path = liteio_strf("%s/mounted", dir);

	return access(path, F_OK) == 0;
}

int liteio_nvme_list(struct liteio_nvme_ctrl **ret, size_t *ret_n, struct liteio_error *err)
{
	*ret = liteio_calloc(1, sizeof(**ret));
	(*ret)->generation = 1;
	strcpy((*ret)->state, "live");
	*ret_n = 1;
	return 0;
}

int liteio_nvme_disconnect(const struct liteio_uuid *uuid, uint64_t generation, uint64_t timeout_ms,
			   struct liteio_error *err)
{
	return 0;
}

int liteio_mount_users(const char *device, char ***ret, size_t *ret_n, struct liteio_error *err)
{
	*ret_n = is_mounted();
	*ret = liteio_calloc(1, sizeof(**ret));
	if (*ret_n)
		**ret = liteio_strdup("/somewhere");
	return 0;
}

int liteio_head_get(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		    struct liteio_head_state *ret, struct liteio_error *err)
{
	memset(ret, 0, sizeof(*ret));
	return 0;
}

int liteio_head_remove(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		       struct liteio_error *err)
{
	return 0;
}

int liteio_head_fail(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     struct liteio_error *err)
{
	return 0;
}

int liteio_dm_remove_deferred(const char *name, struct liteio_error *err)
{
	return 0;
}

int liteio_gate_open(struct liteio_netlink **ret, struct liteio_error *err)
{
	*ret = NULL;
	return 0;
}

int liteio_gate_detach(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       uint64_t generation, bool only_unbound, struct liteio_error *err)
{
	return 0;
}

void liteio_publish_del(const struct liteio_uuid *uuid, const char *device)
{
}

/* ---- the tests ------------------------------------------------------------------------------ */

/* what umount does before it is done: once, and then it unmounts */
static void unmount(const char *first)
{
	_cleanup_free_ char *mounted = NULL, *tried = NULL, *script = NULL;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	mounted = liteio_strf("%s/mounted", dir);
	tried = liteio_strf("%s/tried", dir);
	script = liteio_strf("[ -e %s ] || { touch %s; %s; }\nrm %s", tried, tried, first, mounted);
	fclose(fopen(mounted, "we"));
	fake(dir, "umount", script);
	ck_assert_uint_eq(liteio_release_all(), 0);
	ck_assert(!is_mounted());
	unlink(tried);
	fake_end(dir, "umount");
}

START_TEST(test_is_used)
{
	unmount("echo target is busy; exit 32");
}
END_TEST

START_TEST(test_is_killed)
{
	unmount("kill -KILL $$");
}
END_TEST

UNIT_MAIN("agent-release", test_is_used, test_is_killed)
