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
#include "model/local.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/*
 * The pair is made together and kept together: a host id that shows up under a second host NQN is
 * refused by the kernel. hostid is written first, hostnqn says that both are there.
 */
static int host_pair_make(const char *nqn_path, const char *id_path, struct liteio_error *err)
{
	_cleanup_free_ char *nqn = NULL, *id = NULL;
	char text[LITEIO_UUID_STRLEN + 1];
	struct liteio_uuid uuid;
	int r;

	liteio_uuid_random(&uuid);
	liteio_uuid_format(&uuid, text);
	id = liteio_strf("%s\n", text);
	nqn = liteio_strf("nqn.2014-08.org.nvmexpress:uuid:%s\n", text);
	r = liteio_fs_write_atomic(id_path, id, strlen(id), 0644, err);
	if (r < 0)
		return r;
	return liteio_fs_write_atomic(nqn_path, nqn, strlen(nqn), 0644, err);
}

static int host_pair_read(struct liteio_identity *id, const char *nqn_path, const char *id_path,
			  struct liteio_error *err)
{
	struct liteio_uuid uuid;
	int r;

	r = liteio_fs_read_line(nqn_path, &id->host_nqn, err);
	if (r < 0)
		return r;
	r = liteio_fs_read_line(id_path, &id->host_id, err);
	if (r < 0)
		return r;
	if (strncmp(id->host_nqn, "nqn.", 4) != 0 || strlen(id->host_nqn) > LITEIO_LOCAL_NQN_MAX)
		return liteio_error_set(err, -EINVAL, "%s: no NQN", nqn_path);
	if (liteio_uuid_parse(id->host_id, &uuid) < 0)
		return liteio_error_set(err, -EINVAL, "%s: no UUID", id_path);
	return 0;
}

static int host_pair_init(struct liteio_identity *id, const char *dir, struct liteio_error *err)
{
	_cleanup_free_ char *nqn_path = liteio_strf("%s/hostnqn", dir);
	_cleanup_free_ char *id_path = liteio_strf("%s/hostid", dir);
	int r;

	if (!liteio_fs_exists(nqn_path)) {
		r = liteio_fs_mkdir_p(dir, 0755, err);
		if (r < 0)
			return r;
		r = host_pair_make(nqn_path, id_path, err);
		if (r < 0)
			return r;
	}
	return host_pair_read(id, nqn_path, id_path, err);
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
