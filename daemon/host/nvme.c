// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Controllers of the kernel's NVMe/TCP host, through /dev/nvme-fabrics, sysfs and uevents.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/kmodule.h"
#include "host/nvme.h"
#include "host/uevent.h"

#define FABRICS "/dev/nvme-fabrics"
#define CLASS "/sys/class/nvme"
#define MULTIPATH "/sys/module/nvme_core/parameters/multipath"
#define SECTOR 512ull
#define QUEUES_MAX 4u
#define RECONNECT_DELAY 2u
#define KEEP_ALIVE 5u

int liteio_nvme_prepare(struct liteio_error *err)
{
	if (liteio_kmodule_is_loaded("nvme_tcp") && liteio_fs_exists(FABRICS))
		return 0;
	return liteio_kmodule_load("nvme-tcp", err);
}

int liteio_nvme_multipath_is_on(const char *value, struct liteio_error *err)
{
	if (value && !strcmp(value, "Y"))
		return 0;
	return liteio_error_set(err, -EOPNOTSUPP,
				"the kernel of this node has no native NVMe multipath (nvme_core.multipath is %s): I/O that has to wait for a disk of its node would end with errors; start this node with nvme_core.multipath=Y",
				value ? value : "not there");
}

int liteio_nvme_check_multipath(struct liteio_error *err)
{
	char *value _cleanup_free_ = NULL;

	(void)liteio_fs_read_line(MULTIPATH, &value, NULL);
	return liteio_nvme_multipath_is_on(value, err);
}

char *liteio_nvme_connect_options(const struct liteio_nvme_connect *c)
{
	char nqn[LITEIO_NQN_MAX + 1], id[LITEIO_UUID_STRLEN + 1];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int queues = c->nr_io_queues;

	if (!queues)
		queues = cpus > 0 && cpus < (long)QUEUES_MAX ? (unsigned int)cpus : QUEUES_MAX;
	liteio_nqn_format(&c->uuid, c->generation, nqn);
	liteio_uuid_format(&c->host->id, id);
	return liteio_strf("transport=tcp,traddr=%s,trsvcid=%s,nqn=%s,hostnqn=%s,hostid=%s,nr_io_queues=%u,ctrl_loss_tmo=%d,reconnect_delay=%u,keep_alive_tmo=%u",
			   c->address, c->port, nqn, c->host->nqn, id, queues, c->ctrl_loss_tmo_s,
			   c->reconnect_delay_s ? c->reconnect_delay_s : RECONNECT_DELAY,
			   c->keep_alive_s ? c->keep_alive_s : KEEP_ALIVE);
}

/* ---- sysfs ---------------------------------------------------------------------------------- */

static char *attr(const char *dir, const char *name)
{
	char *path _cleanup_free_ = liteio_strf("%s/%s", dir, name);
	char *value = NULL;

	if (liteio_fs_read_line(path, &value, NULL))
		return liteio_strdup("");
	return value;
}

/*
 * The target answers, and has the volume, but not yet what it is on: an ANA group that is not
 * accessible. Without multipath nobody knows
 */
static bool has_only_paths_that_wait(const char *dir)
{
	bool waits = false, serves = false;
	char **names;
	size_t n;

	if (liteio_fs_list(dir, &names, &n, NULL))
		return false;
	for (size_t i = 0; i < n; i++) {
		char *path _cleanup_free_ = NULL, *state _cleanup_free_ = NULL;
		unsigned int subsystem, ctrl, ns;

		if (sscanf(names[i], "nvme%uc%un%u", &subsystem, &ctrl, &ns) != 3)
			continue;
		path = liteio_strf("%s/%s", dir, names[i]);
		state = attr(path, "ana_state");
		waits = waits || !strcmp(state, "inaccessible");
		serves = serves || strcmp(state, "inaccessible") != 0;
	}
	liteio_fs_names_free(names, n);
	return waits && !serves;
}

static bool read_ctrl(const char *name, struct liteio_nvme_ctrl *ret)
{
	char *dir _cleanup_free_ = liteio_strf(CLASS "/%s", name);
	char *nqn _cleanup_free_ = attr(dir, "subsysnqn");
	char *address _cleanup_free_ = attr(dir, "address");
	char *state _cleanup_free_ = attr(dir, "state");
	struct liteio_nvme_ctrl c = { 0 };

	if (liteio_nqn_parse(nqn, &c.uuid, &c.generation))
		return false;
	snprintf(c.name, sizeof(c.name), "%s", name);
	snprintf(c.address, sizeof(c.address), "%s", address);
	snprintf(c.state, sizeof(c.state), "%s",
		 !strcmp(state, "live") && has_only_paths_that_wait(dir) ? "waiting" : state);
	*ret = c;
	return true;
}

int liteio_nvme_list(struct liteio_nvme_ctrl **ret, size_t *ret_n, struct liteio_error *err)
{
	struct liteio_nvme_ctrl *list;
	char **names;
	size_t n_names, n = 0;
	int r;

	if (!liteio_fs_exists(CLASS)) {
		*ret = NULL;
		*ret_n = 0;
		return 0;
	}
	r = liteio_fs_list(CLASS, &names, &n_names, err);
	if (r)
		return r;
	list = liteio_calloc(n_names + 1, sizeof(*list));
	for (size_t i = 0; i < n_names; i++)
		n += read_ctrl(names[i], &list[n]);
	liteio_fs_names_free(names, n_names);
	*ret = list;
	*ret_n = n;
	return 0;
}

/*
 * Is @name the disk of a namespace, as seen below a controller ("nvme0n1", without multipath) or as
 * its hidden path ("nvme0c1n1", with it)? Writes the name of the disk that has a node.
 */
static bool disk_of(const char *name, char *out, size_t len)
{
	unsigned int subsystem, ctrl, ns;
	int end = 0;

	if (sscanf(name, "nvme%uc%un%u%n", &subsystem, &ctrl, &ns, &end) == 3 && !name[end])
		return snprintf(out, len, "nvme%un%u", subsystem, ns) < (int)len;
	end = 0;
	if (sscanf(name, "nvme%un%u%n", &subsystem, &ns, &end) == 2 && !name[end])
		return snprintf(out, len, "%s", name) < (int)len;
	return false;
}

/* a disk that is there to be opened and is this volume: 1, not (yet): 0 */
static int read_disk(const char *disk, const struct liteio_uuid *uuid,
		     struct liteio_nvme_namespace *ret)
{
	char *dir _cleanup_free_ = liteio_strf("/sys/class/block/%s", disk);
	char *text _cleanup_free_ = attr(dir, "uuid");
	char *dev _cleanup_free_ = attr(dir, "dev");
	char *size _cleanup_free_ = attr(dir, "size");
	struct liteio_nvme_namespace ns = { 0 };
	struct liteio_uuid found;
	unsigned int ma, mi;
	uint64_t sectors;

	if (liteio_uuid_parse(text, &found) || !liteio_uuid_equal(&found, uuid) ||
	    sscanf(dev, "%u:%u", &ma, &mi) != 2 ||
	    liteio_parse_u64(size, 1, UINT64_MAX / SECTOR, &sectors))
		return 0;
	snprintf(ns.path, sizeof(ns.path), "/dev/%.47s", disk);
	ns.dev = makedev(ma, mi);
	ns.size_bytes = sectors * SECTOR;
	if (access(ns.path, F_OK))
		return 0;
	*ret = ns;
	return 1;
}

/* the disk below one controller */
static int find_below(const char *ctrl, const struct liteio_uuid *uuid,
		      struct liteio_nvme_namespace *ret)
{
	char *dir _cleanup_free_ = liteio_strf(CLASS "/%s", ctrl);
	char **names, disk[48];
	int found = 0;
	size_t n;

	if (liteio_fs_list(dir, &names, &n, NULL))
		return 0;
	for (size_t i = 0; i < n && !found; i++) {
		if (disk_of(names[i], disk, sizeof(disk)))
			found = read_disk(disk, uuid, ret);
	}
	liteio_fs_names_free(names, n);
	return found;
}

int liteio_nvme_find(const struct liteio_uuid *uuid, uint64_t generation,
		     struct liteio_nvme_namespace *ret, struct liteio_error *err)
{
	struct liteio_nvme_ctrl *list _cleanup_free_ = NULL;
	size_t n;
	int r;

	r = liteio_nvme_list(&list, &n, err);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (list[i].generation == generation && liteio_uuid_equal(&list[i].uuid, uuid) &&
		    find_below(list[i].name, uuid, ret))
			return 0;
	}
	return liteio_error_set(err, -ENODEV, "no controller with this volume is connected");
}

/* ---- connecting ----------------------------------------------------------------------------- */

struct wait {
	const struct liteio_uuid *uuid;
	uint64_t generation;
	uint64_t size_bytes;
	struct liteio_nvme_namespace ns;
};

static int is_there(void *arg)
{
	struct wait *w = arg;

	if (liteio_nvme_find(w->uuid, w->generation, &w->ns, NULL))
		return 0;
	return w->ns.size_bytes >= w->size_bytes;
}

/* what the errno of the write to /dev/nvme-fabrics means here */
static int explain(int r, const struct liteio_nvme_connect *c, struct liteio_error *err)
{
	switch (r) {
	case -EIO:
		return liteio_error_set(err, -EACCES,
					"the target at %s:%s knows no such export for this host",
					c->address, c->port);
	case -EINVAL:
		return liteio_error_set(err, -EINVAL,
					"the kernel refuses the connection to %s:%s: a bad option, or a host id that another host NQN has used",
					c->address, c->port);
	case -ETIMEDOUT:
		return liteio_error_set(err, -ETIMEDOUT, "the target at %s:%s does not answer",
					c->address, c->port);
	default:
		return liteio_error_set(err, r, "cannot connect to %s:%s: %s", c->address, c->port,
					liteio_error_str(NULL, r));
	}
}

/* 1 made a controller, 0 there was one, or a negative errno */
static int write_fabrics(const struct liteio_nvme_connect *c, uint64_t timeout_ms,
			 struct liteio_error *err)
{
	char *options _cleanup_free_ = liteio_nvme_connect_options(c);
	char reply[128];
	int r;

	r = liteio_child_write(FABRICS, options, strlen(options), reply, sizeof(reply), timeout_ms,
			       NULL);
	if (r == -EALREADY)
		return 0;
	return r ? explain(r, c, err) : 1;
}

static uint64_t left_ms(uint64_t deadline)
{
	uint64_t now = liteio_now_ms();

	return now < deadline ? deadline - now : 1;
}

int liteio_nvme_connect(const struct liteio_nvme_connect *c, uint64_t timeout_ms,
			struct liteio_nvme_namespace *ret, struct liteio_error *err)
{
	struct liteio_uevents *events _cleanup_(liteio_uevents_closep) = NULL;
	struct wait w = { .uuid = &c->uuid, .generation = c->generation, .size_bytes = 1 };
	uint64_t deadline = liteio_now_ms() + timeout_ms;
	int r, is_new;

	/* before the connection: no event between the two is missed */
	r = liteio_uevents_open(&events, err);
	if (r)
		return r;
	is_new = write_fabrics(c, timeout_ms, err);
	if (is_new < 0)
		return is_new;
	r = liteio_uevents_wait(events, is_there, &w, "block", left_ms(deadline), err);
	if (r) {
		if (is_new)
			liteio_nvme_disconnect(&c->uuid, c->generation, timeout_ms, NULL);
		return liteio_error_wrap(err, r, "connected to %s:%s, but the namespace did not appear",
					 c->address, c->port);
	}
	*ret = w.ns;
	return 0;
}

int liteio_nvme_wait_size(const struct liteio_uuid *uuid, uint64_t generation, uint64_t size_bytes,
			  uint64_t timeout_ms, struct liteio_nvme_namespace *ret,
			  struct liteio_error *err)
{
	struct liteio_uevents *events _cleanup_(liteio_uevents_closep) = NULL;
	struct wait w = { .uuid = uuid, .generation = generation, .size_bytes = size_bytes };
	int r;

	r = liteio_uevents_open(&events, err);
	if (!r)
		r = liteio_uevents_wait(events, is_there, &w, "block", timeout_ms, err);
	if (r)
		return liteio_error_wrap(err, r, "the namespace has %llu bytes, not %llu",
					 (unsigned long long)w.ns.size_bytes,
					 (unsigned long long)size_bytes);
	*ret = w.ns;
	return 0;
}

int liteio_nvme_disconnect(const struct liteio_uuid *uuid, uint64_t generation, uint64_t timeout_ms,
			   struct liteio_error *err)
{
	struct liteio_nvme_ctrl *list _cleanup_free_ = NULL;
	uint64_t deadline = liteio_now_ms() + timeout_ms;
	int first = 0;
	size_t n;
	int r;

	r = liteio_nvme_list(&list, &n, err);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		char *path _cleanup_free_ = NULL;

		if (list[i].generation != generation || !liteio_uuid_equal(&list[i].uuid, uuid))
			continue;
		path = liteio_strf(CLASS "/%s/delete_controller", list[i].name);
		r = liteio_child_write(path, "1", 1, NULL, 0, left_ms(deadline), err);
		/* gone already, by itself or by somebody else */
		if (r && r != -ENOENT && r != -ENODEV && !first)
			first = r;
	}
	return first;
}
