// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may use the local API.
 */
#include "agent/peer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "agent/config.h"
#include "base/error.h"

#define GROUPS_MAX 256

int liteio_peer_group(const struct liteio_config *c, gid_t *ret, struct liteio_error *err)
{
	const struct group *g;

	*ret = (gid_t)-1;
	if (!c->socket_group)
		return 0;
	g = getgrnam(c->socket_group);
	if (!g)
		return liteio_error_set(err, -EINVAL, "socketGroup: no group \"%s\" on this node",
					c->socket_group);
	*ret = g->gr_gid;
	return 0;
}

static bool is_in_group(const char *group, uid_t uid, gid_t gid)
{
	struct passwd pw, *pw_found = NULL;
	struct group gr, *gr_found = NULL;
	gid_t groups[GROUPS_MAX];
	int i, n = GROUPS_MAX;
	char buf[4096], gbuf[4096];

	if (getgrnam_r(group, &gr, gbuf, sizeof(gbuf), &gr_found) != 0 || !gr_found)
		return false;
	if (gid == gr.gr_gid)
		return true;
	if (getpwuid_r(uid, &pw, buf, sizeof(buf), &pw_found) != 0 || !pw_found)
		return false;
	if (getgrouplist(pw.pw_name, gid, groups, &n) < 0)
		return false;
	for (i = 0; i < n; i++)
		if (groups[i] == gr.gr_gid)
			return true;
	return false;
}

bool liteio_peer_may(const struct liteio_config *c, uid_t uid, gid_t gid)
{
	return uid == 0 || (c->socket_group && is_in_group(c->socket_group, uid, gid));
}
