// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who this node is: name, NVMe host, boot.
 */
#include "agent/node.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/config.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/uuid.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static int host_pair_init(struct liteio_identity *id, const char *dir, struct liteio_error *err)
{
	char text[LITEIO_UUID_STRLEN + 1];
	int r;

	r = liteio_fs_mkdir_p(dir, 0755, err);
	if (r == 0)
		r = liteio_nvme_host_load(dir, &id->host, err);
	if (r < 0)
		return r;
	liteio_uuid_format(&id->host.id, text);
	id->host_nqn = liteio_strdup(id->host.nqn);
	id->host_id = liteio_strdup(text);
	return 0;
}

static char *host_name(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) < 0 || !name[0])
		return liteio_strdup("localhost");
	return liteio_strdup(name);
}

int liteio_identity_init(struct liteio_identity *id, const struct liteio_config *c,
			 struct liteio_error *err)
{
	struct liteio_identity new = { 0 };
	struct utsname uts;
	int r;

	new.name = c->node_name ? liteio_strdup(c->node_name) : host_name();
	r = liteio_name_check("node", new.name, err);
	if (r == 0)
		r = host_pair_init(&new, c->host_nqn_dir ? c->host_nqn_dir : c->state_dir, err);
	if (r == 0)
		r = liteio_fs_read_line(BOOT_ID, &new.boot_id, err);
	if (r < 0) {
		liteio_identity_fini(&new);
		return liteio_error_wrap(err, r, "identity of this node");
	}
	new.kernel = liteio_strdup(uname(&uts) == 0 ? uts.release : "unknown");
	*id = new;
	return 0;
}

void liteio_identity_fini(struct liteio_identity *id)
{
	free(id->name);
	free(id->host_nqn);
	free(id->host_id);
	free(id->boot_id);
	free(id->kernel);
	memset(id, 0, sizeof(*id));
}
