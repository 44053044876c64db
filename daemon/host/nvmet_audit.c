// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the NVMe target exports now, and whether somebody goes past our heads.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/nvmet.h"
#include "host/nvmet_cfs.h"

void liteio_nvmet_exports_free(struct liteio_nvmet_export *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(e[i].device);
		liteio_fs_names_free(e[i].host_nqns, e[i].n_host_nqns);
		free(e[i].port_ids);
	}
	free(e);
}

static void read_ports(const struct liteio_nvmet *t, const char *nqn, struct liteio_nvmet_export *e,
		       const struct liteio_nvmet_port *ports, size_t n)
{
	char link[LITEIO_NVMET_PATH_MAX];

	e->port_ids = liteio_calloc(n + 1, sizeof(*e->port_ids));
	for (size_t i = 0; i < n; i++) {
		liteio_nvmet_path(t, link, "ports/%u/subsystems/%s", ports[i].id, nqn);
		if (liteio_fs_exists(link))
			e->port_ids[e->n_port_ids++] = ports[i].id;
	}
}

static void read_export(const struct liteio_nvmet *t, const char *nqn,
			struct liteio_nvmet_export *e)
{
	char ns[LITEIO_NVMET_PATH_MAX], hosts[LITEIO_NVMET_PATH_MAX];

	liteio_nvmet_path(t, ns, "subsystems/%s/namespaces/1", nqn);
	liteio_nvmet_path(t, hosts, "subsystems/%s/allowed_hosts", nqn);
	e->device = liteio_nvmet_get(ns, "device_path");
	/* what the kernel says for "none" */
	if (!strcmp(e->device, "(null)"))
		e->device[0] = '\0';
	e->enabled = liteio_nvmet_ns_is_enabled(ns);
	e->waits = liteio_nvmet_ns_waits(ns);
	if (liteio_fs_list(hosts, &e->host_nqns, &e->n_host_nqns, NULL))
		e->n_host_nqns = 0;
}

int liteio_nvmet_list(const struct liteio_nvmet *t, struct liteio_nvmet_export **ret, size_t *ret_n,
		      struct liteio_error *err)
{
	return liteio_nvmet_list_of(t, NULL, ret, ret_n, err);
}

int liteio_nvmet_list_of(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			 struct liteio_nvmet_export **ret, size_t *ret_n, struct liteio_error *err)
{
	struct liteio_nvmet_port *ports _cleanup_free_ = NULL;
	struct liteio_nvmet_export *list;
	char dir[LITEIO_NVMET_PATH_MAX], **names;
	size_t n_names, n_ports, n = 0;
	int r;

	r = liteio_nvmet_port_list(t, &ports, &n_ports, err);
	if (r)
		return r;
	liteio_nvmet_path(t, dir, "subsystems");
	r = liteio_fs_list(dir, &names, &n_names, err);
	if (r)
		return r;
	list = liteio_calloc(n_names + 1, sizeof(*list));
	for (size_t i = 0; i < n_names; i++) {
		struct liteio_nvmet_export e = { 0 };

		if (liteio_nqn_parse(names[i], &e.uuid, &e.generation) ||
		    (uuid && !liteio_uuid_equal(&e.uuid, uuid)))
			continue;
		read_export(t, names[i], &e);
		read_ports(t, names[i], &e, ports, n_ports);
		list[n++] = e;
	}
	liteio_fs_names_free(names, n_names);
	*ret = list;
	*ret_n = n;
	return 0;
}

static bool same_device(const char *path, const struct stat *st)
{
	struct stat other;

	return !stat(path, &other) && S_ISBLK(other.st_mode) && other.st_rdev == st->st_rdev;
}

/* enabled namespaces of one subsystem that stand on the device */
static int count_users(const struct liteio_nvmet *t, const char *nqn, const struct stat *st)
{
	char dir[LITEIO_NVMET_PATH_MAX], ns[LITEIO_NVMET_PATH_MAX], **names;
	int users = 0;
	size_t n;

	liteio_nvmet_path(t, dir, "subsystems/%s/namespaces", nqn);
	if (liteio_fs_list(dir, &names, &n, NULL))
		return 0;
	for (size_t i = 0; i < n; i++) {
		char *device _cleanup_free_ = NULL;

		liteio_nvmet_path(t, ns, "subsystems/%s/namespaces/%s", nqn, names[i]);
		device = liteio_nvmet_get(ns, "device_path");
		users += liteio_nvmet_ns_is_enabled(ns) && same_device(device, st);
	}
	liteio_fs_names_free(names, n);
	return users;
}

int liteio_nvmet_foreign_users(const struct liteio_nvmet *t, const char *device,
			       struct liteio_error *err)
{
	char dir[LITEIO_NVMET_PATH_MAX], **names;
	struct liteio_uuid uuid;
	uint64_t generation;
	struct stat st;
	int users = 0, r;
	size_t n;

	if (stat(device, &st))
		return liteio_error_set(err, errno, "cannot look at %s: %s", device,
					liteio_error_str(NULL, -errno));
	liteio_nvmet_path(t, dir, "subsystems");
	r = liteio_fs_list(dir, &names, &n, err);
	if (r)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < n; i++) {
		if (liteio_nqn_parse(names[i], &uuid, &generation))
			users += count_users(t, names[i], &st);
	}
	liteio_fs_names_free(names, n);
	return users;
}

/* ---- everybody's namespaces ----------------------------------------------------------------- */

struct namespaces {
	struct liteio_nvmet_namespace *items;
	size_t n;
};

static void add_namespaces(const struct liteio_nvmet *t, const char *nqn, struct namespaces *to)
{
	char dir[LITEIO_NVMET_PATH_MAX], ns[LITEIO_NVMET_PATH_MAX], **names;
	size_t n;

	liteio_nvmet_path(t, dir, "subsystems/%s/namespaces", nqn);
	if (liteio_fs_list(dir, &names, &n, NULL))
		return;
	to->items = liteio_realloc(to->items, to->n + n + 1, sizeof(*to->items));
	for (size_t i = 0; i < n; i++) {
		struct liteio_nvmet_namespace *x = &to->items[to->n++];
		char *device _cleanup_free_ = NULL;
		struct stat st;

		memset(x, 0, sizeof(*x));
		liteio_nvmet_path(t, ns, "subsystems/%s/namespaces/%s", nqn, names[i]);
		device = liteio_nvmet_get(ns, "device_path");
		snprintf(x->nqn, sizeof(x->nqn), "%s", nqn);
		snprintf(x->device, sizeof(x->device), "%s", device);
		x->enabled = liteio_nvmet_ns_is_enabled(ns);
		if (!stat(device, &st) && S_ISBLK(st.st_mode))
			x->dev = st.st_rdev;
	}
	liteio_fs_names_free(names, n);
}

int liteio_nvmet_namespace_list(const struct liteio_nvmet *t, struct liteio_nvmet_namespace **ret,
				size_t *ret_n, struct liteio_error *err)
{
	struct namespaces all = { 0 };
	char dir[LITEIO_NVMET_PATH_MAX], **names;
	size_t n;
	int r;

	liteio_nvmet_path(t, dir, "subsystems");
	r = liteio_fs_list(dir, &names, &n, err);
	if (r && r != -ENOENT)
		return r;
	if (r)
		n = 0;
	for (size_t i = 0; i < n; i++)
		add_namespaces(t, names[i], &all);
	if (!r)
		liteio_fs_names_free(names, n);
	*ret = all.items;
	*ret_n = all.n;
	return 0;
}
