// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exports: creating, opening and removing subsystems of the kernel's NVMe target.
 *
 * Host directories are shared by all exports to one host. They are made when the first export names
 * the host and removed with the last: one lock keeps "make and link" and "unlink and remove" of two
 * threads apart.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/kmodule.h"
#include "host/nvmet.h"
#include "host/nvmet_cfs.h"

#define GENERATION_MAX 0x7fffffffffffffffull
#define SERIAL_LEN 20
#define CONFIGFS "/sys/kernel/config"

static pthread_mutex_t hosts_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- names ---------------------------------------------------------------------------------- */

void liteio_nqn_format(const struct liteio_uuid *uuid, uint64_t generation,
		       char out[LITEIO_NQN_MAX + 1])
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(uuid, text);
	snprintf(out, LITEIO_NQN_MAX + 1, LITEIO_NQN_PREFIX "%s:%llu", text,
		 (unsigned long long)generation);
}

int liteio_nqn_parse(const char *nqn, struct liteio_uuid *ret_uuid, uint64_t *ret_generation)
{
	const size_t prefix = strlen(LITEIO_NQN_PREFIX);
	char again[LITEIO_NQN_MAX + 1], text[LITEIO_UUID_STRLEN + 1];
	struct liteio_uuid uuid;
	uint64_t generation;

	if (strlen(nqn) > LITEIO_NQN_MAX || strncmp(nqn, LITEIO_NQN_PREFIX, prefix) != 0 ||
	    strlen(nqn) < prefix + LITEIO_UUID_STRLEN + 2)
		return -EINVAL;
	memcpy(text, nqn + prefix, LITEIO_UUID_STRLEN);
	text[LITEIO_UUID_STRLEN] = '\0';
	if (liteio_uuid_parse(text, &uuid) ||
	    liteio_parse_u64(nqn + prefix + LITEIO_UUID_STRLEN + 1, 1, GENERATION_MAX, &generation))
		return -EINVAL;
	/* one spelling only */
	liteio_nqn_format(&uuid, generation, again);
	if (strcmp(again, nqn) != 0)
		return -EINVAL;
	*ret_uuid = uuid;
	*ret_generation = generation;
	return 0;
}

/* ---- preparing ------------------------------------------------------------------------------ */

int liteio_nvmet_prepare(const struct liteio_nvmet *t, struct liteio_error *err)
{
	int r;

	if (!liteio_kmodule_is_loaded("nvmet_tcp")) {
		r = liteio_kmodule_load("nvmet-tcp", err);
		if (r)
			return r;
	}
	if (liteio_fs_exists(t->root))
		return 0;
	if (mount("none", CONFIGFS, "configfs", 0, NULL) && errno != EBUSY)
		return liteio_error_set(err, errno, "cannot mount configfs: %s",
					liteio_error_str(NULL, -errno));
	if (!liteio_fs_exists(t->root))
		return liteio_error_set(err, -ENODEV, "%s does not exist", t->root);
	return 0;
}

/* ---- subsystem, namespace ------------------------------------------------------------------- */

static void subsystem_path(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			   uint64_t generation, char out[LITEIO_NVMET_PATH_MAX])
{
	char nqn[LITEIO_NQN_MAX + 1];

	liteio_nqn_format(uuid, generation, nqn);
	liteio_nvmet_path(t, out, "subsystems/%s", nqn);
}

static void namespace_path(const char *subsystem, char out[LITEIO_NVMET_PATH_MAX])
{
	if (snprintf(out, LITEIO_NVMET_PATH_MAX, "%s/namespaces/1", subsystem) >=
	    LITEIO_NVMET_PATH_MAX)
		abort();
}

static int create_subsystem(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			    const char *dir, struct liteio_error *err)
{
	char text[LITEIO_UUID_STRLEN + 1], serial[SERIAL_LEN + 1];
	size_t n = 0;
	int r;

	liteio_uuid_format(uuid, text);
	for (const char *p = text; *p && n < SERIAL_LEN; p++) {
		if (*p != '-')
			serial[n++] = *p;
	}
	serial[n] = '\0';
	r = liteio_nvmet_mkdir(dir, err);
	if (!r)
		r = liteio_nvmet_set(t, dir, "attr_allow_any_host", "0", err);
	if (!r)
		r = liteio_nvmet_set(t, dir, "attr_serial", serial, err);
	if (!r)
		r = liteio_nvmet_set(t, dir, "attr_model", "LiteIO", err);
	return r;
}

/* a host that hears of the group does not look at the size again: so that comes first */
static int end_wait(const struct liteio_nvmet *t, const struct liteio_nvmet_export *e,
		    const char *ns, struct liteio_error *err)
{
	int r = liteio_nvmet_revalidate(t, &e->uuid, e->generation, err);

	if (!r)
		r = liteio_nvmet_set(t, ns, "ana_grpid", LITEIO_NVMET_GROUP_SERVES, err);
	return r ? r : 1;
}

/* 1: it was there, and has ended its wait */
static int create_namespace(const struct liteio_nvmet *t, const struct liteio_nvmet_export *e,
			    const char *dir, struct liteio_error *err)
{
	const char *group = e->waits ? LITEIO_NVMET_GROUP_WAITS : LITEIO_NVMET_GROUP_SERVES;
	char ns[LITEIO_NVMET_PATH_MAX], uuid[LITEIO_UUID_STRLEN + 1];
	int r;

	namespace_path(dir, ns);
	r = liteio_nvmet_mkdir(ns, err);
	if (r)
		return r;
	if (liteio_nvmet_ns_is_enabled(ns)) {
		char *device _cleanup_free_ = liteio_nvmet_get(ns, "device_path");

		if (strcmp(device, e->device) != 0)
			return liteio_error_set(err, -EBUSY, "%s is exported with %s, not with %s",
						dir, device, e->device);
		/* of one that can not say its group nobody knows that it serves */
		return !e->waits && !liteio_nvmet_ns_serves(ns) ? end_wait(t, e, ns, err) : 0;
	}
	liteio_uuid_format(&e->uuid, uuid);
	r = liteio_nvmet_set(t, ns, "device_path", e->device, err);
	if (!r)
		r = liteio_nvmet_set(t, ns, "device_uuid", uuid, err);
	if (!r)
		r = liteio_nvmet_set(t, ns, "ana_grpid", group, err);
	if (!r)
		r = liteio_nvmet_set(t, ns, "enable", "1", err);
	return r;
}

/* ---- hosts ---------------------------------------------------------------------------------- */

/*
 * Whoever has the lock may hang in the kernel, for as long as a step of it may take: a hundred who
 * come after him would wait for one another, each for so long
 */
static int lock_hosts(const struct liteio_nvmet *t, pthread_mutex_t **ret, struct liteio_error *err)
{
	uint64_t until_ms = liteio_now_ms() + t->timeout_ms;
	const struct timespec until = { (time_t)(until_ms / 1000),
					(long)(until_ms % 1000) * 1000000 };

	if (pthread_mutex_clocklock(&hosts_lock, CLOCK_MONOTONIC, &until))
		return liteio_error_set(err, -ETIMEDOUT,
					"the kernel does not end what it does for another export's hosts");
	*ret = &hosts_lock;
	return 0;
}

static int allow_host(const struct liteio_nvmet *t, const char *dir, const char *nqn,
		      struct liteio_error *err)
{
	char host[LITEIO_NVMET_PATH_MAX];
	char *link _cleanup_free_ = liteio_strf("%s/allowed_hosts/%s", dir, nqn);
	pthread_mutex_t *locked _cleanup_(liteio_unlockp) = NULL;
	int r;

	if (strlen(nqn) > LITEIO_NQN_MAX || strchr(nqn, '/') || !*nqn)
		return liteio_error_set(err, -EINVAL, "\"%s\" is no host NQN", nqn);
	/* its directory is kept by it */
	if (liteio_fs_exists(link))
		return 0;
	liteio_nvmet_path(t, host, "hosts/%s", nqn);
	r = lock_hosts(t, &locked, err);
	if (!r)
		r = liteio_nvmet_mkdir(host, err);
	return r ? r : liteio_nvmet_symlink(t, host, link, err);
}

static int forget_host(const struct liteio_nvmet *t, const char *dir, const char *nqn,
		       struct liteio_error *err)
{
	char host[LITEIO_NVMET_PATH_MAX];
	char *link _cleanup_free_ = liteio_strf("%s/allowed_hosts/%s", dir, nqn);
	pthread_mutex_t *locked _cleanup_(liteio_unlockp) = NULL;
	int r;

	liteio_nvmet_path(t, host, "hosts/%s", nqn);
	r = lock_hosts(t, &locked, err);
	if (r)
		return r;
	r = liteio_nvmet_rmlink(t, link, err);
	if (r)
		return r;
	/* another export may still name it */
	r = liteio_nvmet_rmdir(t, host, err);
	return r == -EBUSY || r == -ENOTEMPTY ? 0 : r;
}

static bool is_wanted(const struct liteio_nvmet_export *e, const char *nqn)
{
	for (size_t i = 0; i < e->n_host_nqns; i++) {
		if (!strcmp(e->host_nqns[i], nqn))
			return true;
	}
	return false;
}

/* the hosts of an export are those of @e, or none when @e is NULL */
static int set_hosts(const struct liteio_nvmet *t, const struct liteio_nvmet_export *e,
		     const char *dir, struct liteio_error *err)
{
	char *allowed _cleanup_free_ = liteio_strf("%s/allowed_hosts", dir);
	char **names;
	size_t n;
	int r;

	r = liteio_fs_list(allowed, &names, &n, err);
	if (r)
		return r;
	for (size_t i = 0; i < n && !r; i++) {
		if (!e || !is_wanted(e, names[i]))
			r = forget_host(t, dir, names[i], err);
	}
	liteio_fs_names_free(names, n);
	for (size_t i = 0; e && i < e->n_host_nqns && !r; i++)
		r = allow_host(t, dir, e->host_nqns[i], err);
	return r;
}

int liteio_nvmet_create(const struct liteio_nvmet *t, const struct liteio_nvmet_export *e,
			struct liteio_error *err)
{
	char dir[LITEIO_NVMET_PATH_MAX];
	int r, has_waited = 0;

	subsystem_path(t, &e->uuid, e->generation, dir);
	r = create_subsystem(t, &e->uuid, dir, err);
	if (!r)
		has_waited = create_namespace(t, e, dir, err);
	if (!r)
		r = has_waited < 0 ? has_waited : set_hosts(t, e, dir, err);
	return r ? r : has_waited;
}

/* ---- the door ------------------------------------------------------------------------------- */

int liteio_nvmet_link(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
		      uint64_t generation, unsigned int port_id, struct liteio_error *err)
{
	char dir[LITEIO_NVMET_PATH_MAX], link[LITEIO_NVMET_PATH_MAX], nqn[LITEIO_NQN_MAX + 1];

	subsystem_path(t, uuid, generation, dir);
	liteio_nqn_format(uuid, generation, nqn);
	liteio_nvmet_path(t, link, "ports/%u/subsystems/%s", port_id, nqn);
	return liteio_nvmet_symlink(t, dir, link, err);
}

/* what is done with an export's link on each port, there or not */
static int each_link(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
		     uint64_t generation,
		     int (*fn)(const struct liteio_nvmet *t, const char *port, const char *link,
			       struct liteio_error *err),
		     struct liteio_error *err)
{
	char ports[LITEIO_NVMET_PATH_MAX], link[LITEIO_NVMET_PATH_MAX], nqn[LITEIO_NQN_MAX + 1];
	char **names;
	size_t n;
	int r;

	liteio_nqn_format(uuid, generation, nqn);
	liteio_nvmet_path(t, ports, "ports");
	r = liteio_fs_list(ports, &names, &n, err);
	if (r)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < n && !r; i++) {
		liteio_nvmet_path(t, link, "ports/%s/subsystems/%s", names[i], nqn);
		r = fn(t, names[i], link, err);
	}
	liteio_fs_names_free(names, n);
	return r;
}

static int unlink_one(const struct liteio_nvmet *t, const char *port, const char *link,
		      struct liteio_error *err)
{
	(void)port;
	return liteio_nvmet_rmlink(t, link, err);
}

int liteio_nvmet_unlink(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			uint64_t generation, struct liteio_error *err)
{
	return each_link(t, uuid, generation, unlink_one, err);
}

static int stay_one(const struct liteio_nvmet *t, const char *port, const char *link,
		    struct liteio_error *err)
{
	char dir[LITEIO_NVMET_PATH_MAX], stays[LITEIO_NVMET_PATH_MAX];
	int r;

	if (!liteio_fs_exists(link))
		return 0;
	liteio_nvmet_path(t, dir, "subsystems/%s", LITEIO_NQN_NOBODY);
	liteio_nvmet_path(t, stays, "ports/%s/subsystems/%s", port, LITEIO_NQN_NOBODY);
	r = liteio_nvmet_mkdir(dir, err);
	if (!r)
		r = liteio_nvmet_set(t, dir, "attr_allow_any_host", "0", err);
	if (!r)
		r = liteio_nvmet_symlink(t, dir, stays, err);
	/* another export of this port was removed at the same time */
	return r == -EEXIST ? 0 : r;
}

int liteio_nvmet_stay(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
		      uint64_t generation, struct liteio_error *err)
{
	return each_link(t, uuid, generation, stay_one, err);
}

int liteio_nvmet_remove(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			uint64_t generation, bool drained, struct liteio_error *err)
{
	char dir[LITEIO_NVMET_PATH_MAX], ns[LITEIO_NVMET_PATH_MAX];
	int r;

	r = liteio_nvmet_unlink(t, uuid, generation, err);
	subsystem_path(t, uuid, generation, dir);
	if (r || !liteio_fs_exists(dir))
		return r;
	namespace_path(dir, ns);
	if (liteio_nvmet_ns_is_enabled(ns)) {
		if (!drained)
			return liteio_error_set(err, -EBUSY,
						"the export may have I/O in flight, it is not disabled");
		r = liteio_nvmet_set(t, ns, "enable", "0", err);
	}
	if (!r)
		r = set_hosts(t, NULL, dir, err);
	if (!r)
		r = liteio_nvmet_rmdir(t, ns, err);
	if (!r)
		r = liteio_nvmet_rmdir(t, dir, err);
	return r;
}

int liteio_nvmet_revalidate(const struct liteio_nvmet *t, const struct liteio_uuid *uuid,
			    uint64_t generation, struct liteio_error *err)
{
	char dir[LITEIO_NVMET_PATH_MAX], ns[LITEIO_NVMET_PATH_MAX];
	char *path _cleanup_free_ = NULL;

	subsystem_path(t, uuid, generation, dir);
	namespace_path(dir, ns);
	path = liteio_strf("%s/revalidate_size", ns);
	return liteio_child_write(path, "1", 1, NULL, 0, t->timeout_ms, err);
}
