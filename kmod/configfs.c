// SPDX-License-Identifier: GPL-2.0-only
/*
 * The window: a read-only tree of what the registry holds.
 *
 *	/sys/kernel/config/liteio/{version,features,instance}
 *	  volumes/<uuid>/{name,floor,barred,qos,throttle}
 *	    attachments/<generation>/{state,host,flags,device,inflight,rejected,queued,throttled,
 *				      dirty,io_stats,latency,last_io}
 *
 * Directories are made and taken away by the module only; mkdir and rmdir get -EPERM because no
 * group has a make operation. A show function runs under configfs' frag_sem, which taking a
 * directory away waits for with liteio_life held: so it takes neither that nor liteio_lock, and
 * reads what may be read without; a spinlock that is innermost does no harm.
 */
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "attachment.h"
#include "configfs.h"
#include "dirty.h"
#include "qos.h"
#include "stats.h"
#include "volume.h"

/**
 * struct vol_window - the directory of a volume
 * @group: the directory itself
 * @attachments: its subdirectory
 * @vol: with a reference
 */
struct vol_window {
	struct config_group group;
	struct config_group attachments;
	struct liteio_vol *vol;
};

/**
 * struct att_window - the directory of an attachment
 * @group: the directory itself
 * @att: with a reference
 */
struct att_window {
	struct config_group group;
	struct liteio_att *att;
};

static struct vol_window *to_vol_window(struct config_item *item)
{
	return container_of(to_config_group(item), struct vol_window, group);
}

static struct liteio_att *to_att(struct config_item *item)
{
	return container_of(to_config_group(item), struct att_window, group)->att;
}

/* --- attachments/<generation> ---------------------------------------------------------------- */

static const char *const class_names[LITEIO_CLASS_NR] = {
	[LITEIO_CLASS_READ] = "read",
	[LITEIO_CLASS_WRITE] = "write",
	[LITEIO_CLASS_FLUSH] = "flush",
	[LITEIO_CLASS_OTHER] = "other",
};

static ssize_t att_state_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", liteio_att_state_name(liteio_att_state(to_att(item))));
}

static ssize_t att_host_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", to_att(item)->host);
}

static ssize_t att_flags_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", to_att(item)->flags & LITEIO_ATT_RO ? "ro" : "");
}

static ssize_t att_device_show(struct config_item *item, char *page)
{
	dev_t dev = READ_ONCE(to_att(item)->dev);

	if (!dev)
		return sysfs_emit(page, "\n");
	return sysfs_emit(page, "%u:%u\n", MAJOR(dev), MINOR(dev));
}

static ssize_t att_inflight_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", liteio_stats_inflight(to_att(item)->stats));
}

static ssize_t att_rejected_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%lld\n", atomic64_read(&to_att(item)->rejected));
}

static ssize_t att_queued_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", liteio_qos_queued(to_att(item)->queue));
}

static ssize_t att_throttled_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", liteio_qos_throttled(to_att(item)->queue));
}

/* nothing when not tracked */
static ssize_t att_dirty_show(struct config_item *item, char *page)
{
	struct liteio_dirty_state dirty;

	if (!liteio_dirty_state(to_att(item), &dirty))
		return sysfs_emit(page, "\n");
	return sysfs_emit(page, "%-11s %llu\n%-11s %u\n%-11s %llu\n%-11s %llu\n", "tracking",
			  dirty.tracking, "chunk_shift", dirty.shift, "chunks", dirty.chunks,
			  "remaining", dirty.remaining);
}

static ssize_t att_io_stats_show(struct config_item *item, char *page)
{
	struct liteio_stats_class sum;
	unsigned int i;
	int len;

	len = sysfs_emit(page, "%-6s %12s %12s %20s %20s\n", "class", "ios", "errors", "bytes",
			 "time_ns");
	for (i = 0; i < LITEIO_CLASS_NR; i++) {
		liteio_stats_class(to_att(item)->stats, i, &sum);
		len += sysfs_emit_at(page, len, "%-6s %12llu %12llu %20llu %20llu\n",
				     class_names[i], sum.ios, sum.errors, sum.bytes, sum.time_ns);
	}
	return len;
}

static ssize_t att_latency_show(struct config_item *item, char *page)
{
	static const unsigned int permille[] = { 500, 900, 990, 999 };
	struct liteio_stats_class sum;
	unsigned int i, k;
	int len;

	len = sysfs_emit(page, "%-6s %16s %16s %16s %16s\n", "class", "p50_ns", "p90_ns",
			 "p99_ns", "p99.9_ns");
	for (i = 0; i < LITEIO_CLASS_NR; i++) {
		liteio_stats_class(to_att(item)->stats, i, &sum);
		len += sysfs_emit_at(page, len, "%-6s", class_names[i]);
		for (k = 0; k < ARRAY_SIZE(permille); k++)
			len += sysfs_emit_at(page, len, " %16llu",
					     liteio_hist_percentile(sum.hist, permille[k]));
		len += sysfs_emit_at(page, len, "\n");
	}
	return len;
}

/* nanoseconds of CLOCK_BOOTTIME; nothing before the first */
static ssize_t att_last_io_show(struct config_item *item, char *page)
{
	u64 last_ns = liteio_stats_last_ns(to_att(item)->stats);

	return last_ns ? sysfs_emit(page, "%llu\n", last_ns) : sysfs_emit(page, "\n");
}

CONFIGFS_ATTR_RO(att_, state);
CONFIGFS_ATTR_RO(att_, host);
CONFIGFS_ATTR_RO(att_, flags);
CONFIGFS_ATTR_RO(att_, device);
CONFIGFS_ATTR_RO(att_, inflight);
CONFIGFS_ATTR_RO(att_, rejected);
CONFIGFS_ATTR_RO(att_, queued);
CONFIGFS_ATTR_RO(att_, throttled);
CONFIGFS_ATTR_RO(att_, dirty);
CONFIGFS_ATTR_RO(att_, io_stats);
CONFIGFS_ATTR_RO(att_, latency);
CONFIGFS_ATTR_RO(att_, last_io);

static struct configfs_attribute *att_attrs[] = {
	&att_attr_state,
	&att_attr_host,
	&att_attr_flags,
	&att_attr_device,
	&att_attr_inflight,
	&att_attr_rejected,
	&att_attr_queued,
	&att_attr_throttled,
	&att_attr_dirty,
	&att_attr_io_stats,
	&att_attr_latency,
	&att_attr_last_io,
	NULL,
};

static void att_window_release(struct config_item *item)
{
	struct att_window *window = container_of(to_config_group(item), struct att_window, group);

	liteio_att_put(window->att);
	kfree(window);
}

static struct configfs_item_operations att_item_ops = {
	.release = att_window_release,
};

static const struct config_item_type att_type = {
	.ct_item_ops = &att_item_ops,
	.ct_attrs = att_attrs,
	.ct_owner = THIS_MODULE,
};

/* --- volumes/<uuid> -------------------------------------------------------------------------- */

static ssize_t vol_name_show(struct config_item *item, char *page)
{
	char name[LITEIO_NAME_MAX + 1];

	liteio_vol_name(to_vol_window(item)->vol, name);
	return sysfs_emit(page, "%s\n", name);
}

static ssize_t vol_floor_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", READ_ONCE(to_vol_window(item)->vol->gens.floor));
}

static ssize_t vol_barred_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_vol_window(item)->vol->gens.nr_barred));
}

static ssize_t vol_qos_show(struct config_item *item, char *page)
{
	static const char *const names[LITEIO_LIMIT_NR] = {
		[LITEIO_LIMIT_RIOPS] = "riops",
		[LITEIO_LIMIT_WIOPS] = "wiops",
		[LITEIO_LIMIT_RBPS] = "rbps",
		[LITEIO_LIMIT_WBPS] = "wbps",
		[LITEIO_LIMIT_BURST_MS] = "burst_ms",
	};
	struct liteio_limits limits;
	unsigned int i;
	int len = 0;

	liteio_qos_limits(to_vol_window(item)->vol->qos, &limits);
	for (i = 0; i < LITEIO_LIMIT_NR; i++)
		len += sysfs_emit_at(page, len, "%-8s %llu\n", names[i], limits.value[i]);
	return len;
}

static ssize_t vol_throttle_show(struct config_item *item, char *page)
{
	static const char *const names[LITEIO_DIR_NR] = {
		[LITEIO_DIR_READ] = "read",
		[LITEIO_DIR_WRITE] = "write",
	};
	struct liteio_throttle seen;
	unsigned int dir;
	int len;

	len = sysfs_emit(page, "%-6s %12s %12s %20s %20s\n", "class", "queued", "throttled",
			 "iops_ns", "bps_ns");
	for (dir = 0; dir < LITEIO_DIR_NR; dir++) {
		liteio_qos_throttle(to_vol_window(item)->vol->qos, dir, &seen);
		len += sysfs_emit_at(page, len, "%-6s %12llu %12llu %20llu %20llu\n", names[dir],
				     seen.queued, seen.throttled, seen.over_ns[LITEIO_QOS_IOPS],
				     seen.over_ns[LITEIO_QOS_BPS]);
	}
	return len;
}

CONFIGFS_ATTR_RO(vol_, name);
CONFIGFS_ATTR_RO(vol_, floor);
CONFIGFS_ATTR_RO(vol_, barred);
CONFIGFS_ATTR_RO(vol_, qos);
CONFIGFS_ATTR_RO(vol_, throttle);

static struct configfs_attribute *vol_attrs[] = {
	&vol_attr_name,
	&vol_attr_floor,
	&vol_attr_barred,
	&vol_attr_qos,
	&vol_attr_throttle,
	NULL,
};

static void vol_window_release(struct config_item *item)
{
	struct vol_window *window = to_vol_window(item);

	liteio_vol_put(window->vol);
	kfree(window);
}

static struct configfs_item_operations vol_item_ops = {
	.release = vol_window_release,
};

static const struct config_item_type vol_type = {
	.ct_item_ops = &vol_item_ops,
	.ct_attrs = vol_attrs,
	.ct_owner = THIS_MODULE,
};

/* a directory that only holds directories */
static const struct config_item_type folder_type = {
	.ct_owner = THIS_MODULE,
};

/* --- the top --------------------------------------------------------------------------------- */

static ssize_t root_version_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", LITEIO_VERSION);
}

static ssize_t root_features_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "0x%llx\n", liteio_registry_features());
}

static ssize_t root_instance_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%pUb\n", liteio_registry_instance());
}

CONFIGFS_ATTR_RO(root_, version);
CONFIGFS_ATTR_RO(root_, features);
CONFIGFS_ATTR_RO(root_, instance);

static struct configfs_attribute *root_attrs[] = {
	&root_attr_version,
	&root_attr_features,
	&root_attr_instance,
	NULL,
};

static const struct config_item_type root_type = {
	.ct_attrs = root_attrs,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem subsystem;
static struct config_group volumes;

/* --- told by the registry -------------------------------------------------------------------- */

static int vol_added(struct liteio_vol *vol)
{
	struct vol_window *window = kzalloc(sizeof(*window), GFP_KERNEL);
	char name[UUID_STRING_LEN + 1];
	int ret;

	if (!window)
		return -ENOMEM;
	snprintf(name, sizeof(name), "%pUb", &vol->uuid);
	config_group_init_type_name(&window->group, name, &vol_type);
	/* a name as long as this is allocated, and its beginning would be used without a word */
	if (!config_item_name(&window->group.cg_item)) {
		kfree(window);
		return -ENOMEM;
	}
	config_group_init_type_name(&window->attachments, "attachments", &folder_type);
	configfs_add_default_group(&window->attachments, &window->group);
	window->vol = liteio_vol_get(vol);
	ret = configfs_register_group(&volumes, &window->group);
	if (ret) {
		config_group_put(&window->group);
		return ret;
	}
	vol->window = window;
	return 0;
}

/*
 * configfs detaches a registered directory under the lock of its parent, not under its own
 * (fs/configfs/dir.c configfs_unregister_group()). Who lists it meanwhile stands on a name that
 * goes (configfs_readdir() lets go of configfs_dirent_lock at each), and hangs its cursor into a
 * list that is freed. So the directory's own lock is held, too. As everybody else takes that after
 * the parent's, nobody may be about to: its name goes first, and under the parent's lock, so that
 * whoever has found it by that name is gone as well. Who has it open needs no name, but takes both
 * locks only to rename from one to the other, in vain, and under the lock of all such renames. The
 * lock class says that this order is meant.
 */
static void unregister(struct config_group *group)
{
	struct dentry *dentry = dget(group->cg_item.ci_dentry);
	struct inode *parent = d_inode(group->cg_item.ci_parent->ci_dentry);

	mutex_lock(&parent->i_sb->s_vfs_rename_mutex);
	inode_lock_nested(parent, I_MUTEX_PARENT);
	d_drop(dentry);
	inode_unlock(parent);
	inode_lock_nested(d_inode(dentry), I_MUTEX_XATTR);
	configfs_unregister_group(group);
	inode_unlock(d_inode(dentry));
	mutex_unlock(&parent->i_sb->s_vfs_rename_mutex);
	dput(dentry);
}

static void vol_removed(struct liteio_vol *vol)
{
	struct vol_window *window = vol->window;

	vol->window = NULL;
	unregister(&window->group);
	config_group_put(&window->group);
}

static int att_added(struct liteio_att *att)
{
	struct vol_window *parent = att->vol->window;
	struct att_window *window;
	char name[24];
	int ret;

	window = kzalloc(sizeof(*window), GFP_KERNEL);
	if (!window)
		return -ENOMEM;
	snprintf(name, sizeof(name), "%llu", att->gen);
	config_group_init_type_name(&window->group, name, &att_type);
	window->att = liteio_att_get(att);
	ret = configfs_register_group(&parent->attachments, &window->group);
	if (ret) {
		config_group_put(&window->group);
		return ret;
	}
	att->window = window;
	return 0;
}

static void att_removed(struct liteio_att *att)
{
	struct att_window *window = att->window;

	att->window = NULL;
	unregister(&window->group);
	config_group_put(&window->group);
}

const struct liteio_front liteio_configfs_front = {
	.vol_added = vol_added,
	.vol_removed = vol_removed,
	.att_added = att_added,
	.att_removed = att_removed,
};

int liteio_configfs_init(void)
{
	config_group_init_type_name(&subsystem.su_group, "liteio", &root_type);
	config_group_init_type_name(&volumes, "volumes", &folder_type);
	configfs_add_default_group(&volumes, &subsystem.su_group);
	mutex_init(&subsystem.su_mutex);
	return configfs_register_subsystem(&subsystem);
}

void liteio_configfs_fini(void)
{
	configfs_unregister_subsystem(&subsystem);
	mutex_destroy(&subsystem.su_mutex);
}
