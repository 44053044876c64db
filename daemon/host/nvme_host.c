// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who this node is to NVMe targets: /etc/nvme/hostnqn and /etc/nvme/hostid.
 *
 * Kernels from 6.12 on refuse a host id that comes with two names, or a name with two ids: the pair
 * is made once and never changed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/nvme.h"

#define DIR_DEFAULT "/etc/nvme"
#define NQN_UUID "nqn.2014-08.org.nvmexpress:uuid:"

/* 1 read, 0 not there, or a negative errno */
static int read_file(const char *path, char **ret, struct liteio_error *err)
{
	if (!liteio_fs_exists(path))
		return 0;
	return liteio_fs_read_line(path, ret, err) ? -EIO : 1;
}

static int check_nqn(const char *nqn, const char *path, struct liteio_error *err)
{
	size_t n = strlen(nqn);

	if (n < 5 || n > LITEIO_NQN_MAX || strncmp(nqn, "nqn.", 4) != 0)
		return liteio_error_set(err, -EINVAL, "%s holds no host NQN", path);
	/* a comma would end the option, a slash the directory on the target */
	for (const char *p = nqn; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f || *p == ',' || *p == '/')
			return liteio_error_set(err, -EINVAL,
						"%s holds a character that no host NQN has", path);
	}
	return 0;
}

static int write_line(const char *path, const char *text, struct liteio_error *err)
{
	char *line _cleanup_free_ = liteio_strf("%s\n", text);

	return liteio_fs_write_atomic(path, line, strlen(line), 0644, err);
}

/* make what is missing from what is there */
static int complete(struct liteio_nvme_host *h, bool has_nqn, bool has_id, const char *nqn_path,
		    const char *id_path, struct liteio_error *err)
{
	char text[LITEIO_UUID_STRLEN + 1];
	int r = 0;

	if (!has_id) {
		/* the usual name carries the id */
		if (!has_nqn || strncmp(h->nqn, NQN_UUID, strlen(NQN_UUID)) ||
		    liteio_uuid_parse(h->nqn + strlen(NQN_UUID), &h->id))
			liteio_uuid_random(&h->id);
		liteio_uuid_format(&h->id, text);
		r = write_line(id_path, text, err);
	}
	if (!r && !has_nqn) {
		liteio_uuid_format(&h->id, text);
		snprintf(h->nqn, sizeof(h->nqn), NQN_UUID "%s", text);
		r = write_line(nqn_path, h->nqn, err);
	}
	return r;
}

int liteio_nvme_host_load(const char *dir, struct liteio_nvme_host *ret, struct liteio_error *err)
{
	char *nqn_path _cleanup_free_ = liteio_strf("%s/hostnqn", dir ? dir : DIR_DEFAULT);
	char *id_path _cleanup_free_ = liteio_strf("%s/hostid", dir ? dir : DIR_DEFAULT);
	char *nqn _cleanup_free_ = NULL, *id _cleanup_free_ = NULL;
	struct liteio_nvme_host h = { 0 };
	int has_nqn, has_id, r;

	r = liteio_fs_mkdir_p(dir ? dir : DIR_DEFAULT, 0755, err);
	if (r)
		return r;
	has_nqn = read_file(nqn_path, &nqn, err);
	if (has_nqn < 0)
		return has_nqn;
	has_id = read_file(id_path, &id, err);
	if (has_id < 0)
		return has_id;
	if (has_nqn) {
		r = check_nqn(nqn, nqn_path, err);
		if (r)
			return r;
		snprintf(h.nqn, sizeof(h.nqn), "%s", nqn);
	}
	if (has_id && liteio_uuid_parse(id, &h.id))
		return liteio_error_set(err, -EINVAL, "%s holds no uuid", id_path);
	r = complete(&h, has_nqn, has_id, nqn_path, id_path, err);
	if (!r)
		*ret = h;
	return r;
}
