// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Block devices: facts from sysfs and mountinfo, zeroing and discarding.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/block.h"

#define SECTOR 512ull
#define BLANKS " \t\r"
#define ATTRIBUTE_MAX 4096
/* whose use is looked for */
#define PARTITIONS_MAX 256
#define MOUNTINFO_MAX (16u << 20)

void liteio_block_devname(dev_t dev, char out[32])
{
	snprintf(out, 32, "%u:%u", major(dev), minor(dev));
}

/* ---- sysfs ---------------------------------------------------------------------------------- */

/*
 * The directory of a device is found once: each way to a file through the links in /sys/dev is a
 * walk through the whole machine
 */
static int open_dir(dev_t dev)
{
	char path[64] = "/sys/dev/block/";

	liteio_block_devname(dev, path + strlen(path));
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* one line, without blanks around it; false, and "", when it can not be read */
static bool read_text(int dir, const char *file, char *out, size_t len)
{
	int fd _cleanup_close_ = openat(dir, file, O_RDONLY | O_CLOEXEC);
	char text[ATTRIBUTE_MAX + 1], *begin = text, *end;
	/* the kernel gives an attribute in one piece */
	ssize_t n = fd < 0 ? -1 : read(fd, text, ATTRIBUTE_MAX);

	text[n > 0 ? n : 0] = '\0';
	begin += strspn(begin, BLANKS);
	end = begin + strcspn(begin, "\n");
	while (end > begin && strchr(BLANKS, end[-1]))
		end--;
	snprintf(out, len, "%.*s", (int)(end - begin), begin);
	return n >= 0;
}

static uint64_t read_number(int dir, const char *file, uint64_t missing)
{
	char text[32];
	uint64_t v;

	if (!read_text(dir, file, text, sizeof(text)) || liteio_parse_u64(text, 0, UINT64_MAX, &v))
		return missing;
	return v;
}

static bool has(int dir, const char *file)
{
	struct stat st;

	return !fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW);
}

static void close_list(DIR **list)
{
	if (*list)
		closedir(*list);
}

/* NULL: it is not there */
static DIR *open_list(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !list)
		close(fd);
	return list;
}

/* NULL: that was all */
static const char *next_name(DIR *list)
{
	const struct dirent *e;

	do {
		e = list ? readdir(list) : NULL;
	} while (e && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")));
	return e ? e->d_name : NULL;
}

static unsigned int count_holders(int dir)
{
	DIR *list _cleanup_(close_list) = open_list(dir, "holders");
	unsigned int n = 0;

	while (next_name(list))
		n++;
	return n;
}

bool liteio_block_is_there(dev_t dev)
{
	char path[64] = "/sys/dev/block/";

	/* the link goes with the device; to follow it is a walk through the whole machine */
	liteio_block_devname(dev, path + strlen(path));
	return liteio_fs_exists(path) || !liteio_fs_exists("/sys/dev/block");
}

bool liteio_block_holder(dev_t dev, size_t n, char out[64])
{
	char path[256], **names;
	size_t n_names;
	bool found;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders", major(dev), minor(dev));
	if (liteio_fs_list(path, &names, &n_names, NULL))
		return false;
	found = n < n_names;
	if (found)
		snprintf(out, 64, "%s", names[n]);
	liteio_fs_names_free(names, n_names);
	return found;
}

/* what the kernel calls it; "" when it can not be told */
static void find_name(dev_t dev, char out[256])
{
	char path[64] = "/sys/dev/block/", link[512], *last;
	ssize_t n;

	liteio_block_devname(dev, path + strlen(path));
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	last = strrchr(link, '/');
	snprintf(out, 256, "%s", last ? last + 1 : "");
}

/* the subdirectories with its name in front that have a file "partition"; @ret their numbers */
static unsigned int partitions(int dir, dev_t dev, dev_t *ret, unsigned int max)
{
	DIR *list _cleanup_(close_list) = open_list(dir, ".");
	unsigned int found = 0, ma, mi;
	char whole[256], text[32];
	const char *name;

	find_name(dev, whole);
	while ((name = next_name(list))) {
		char *file _cleanup_free_ = NULL, *number _cleanup_free_ = NULL;

		if (strncmp(name, whole, strlen(whole)) != 0)
			continue;
		file = liteio_strf("%s/partition", name);
		number = liteio_strf("%s/dev", name);
		if (!has(dir, file) || !read_text(dir, number, text, sizeof(text)) ||
		    sscanf(text, "%u:%u", &ma, &mi) != 2)
			continue;
		if (found < max)
			ret[found] = makedev(ma, mi);
		found++;
	}
	return found;
}

/* ---- who uses it ---------------------------------------------------------------------------- */

static bool is_mounted_dev(const char *mountinfo, dev_t dev)
{
	char word[40];

	/* the third field of a line; blanks around it make it unmistakable */
	snprintf(word, sizeof(word), " %u:%u ", major(dev), minor(dev));
	return strstr(mountinfo, word);
}

/* /proc/swaps begins each line with the path */
static bool is_swap(const char *swaps, dev_t dev)
{
	const char *line = swaps;

	while ((line = strchr(line, '\n')) && *++line) {
		char path[256];
		struct stat st;
		size_t n = strcspn(line, " \t\n");

		if (n >= sizeof(path))
			continue;
		memcpy(path, line, n);
		path[n] = '\0';
		if (!stat(path, &st) && S_ISBLK(st.st_mode) && st.st_rdev == dev)
			return true;
	}
	return false;
}

/* @list: the device, and its partitions */
static void find_use(const dev_t *list, unsigned int n, bool *ret_mounted, bool *ret_swap)
{
	char *mountinfo _cleanup_free_ = NULL, *swaps _cleanup_free_ = NULL;

	/* what cannot be read is taken as in use: the careful answer */
	if (liteio_fs_read("/proc/self/mountinfo", MOUNTINFO_MAX, &mountinfo, NULL, NULL))
		*ret_mounted = true;
	if (liteio_fs_read("/proc/swaps", MOUNTINFO_MAX, &swaps, NULL, NULL))
		swaps = liteio_strdup("");
	for (unsigned int i = 0; i < n; i++) {
		if (mountinfo && is_mounted_dev(mountinfo, list[i]))
			*ret_mounted = true;
		if (is_swap(swaps, list[i]))
			*ret_swap = true;
	}
}

/* ---- information ---------------------------------------------------------------------------- */

static int open_block(const char *path, int flags, struct stat *st, struct liteio_error *err)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return liteio_error_set(err, errno, "cannot open %s: %s", path,
					liteio_error_str(NULL, -errno));
	if (fstat(fd, st) || !S_ISBLK(st->st_mode)) {
		close(fd);
		return liteio_error_set(err, -ENOTBLK, "%s is not a block device", path);
	}
	return fd;
}

/* a partition has no queue of its own */
static uint64_t queue_number(int dir, const struct liteio_block_info *i, const char *name,
			     uint64_t missing)
{
	char *file _cleanup_free_ = liteio_strf("%squeue/%s", i->is_partition ? "../" : "", name);

	return read_number(dir, file, missing);
}

/*
 * Where drivers have it; it is that of the whole disk. The serial number of an NVMe disk is its
 * controller's, and all its namespaces have the same: a world-wide name comes first.
 */
static void find_id(int dir, struct liteio_block_info *i)
{
	static const char *const files[] = { "wwid", "device/wwid", "serial", "device/serial" };

	for (size_t k = 0; k < LITEIO_ARRAY_SIZE(files) && !i->id[0]; k++) {
		char *file _cleanup_free_ =
			liteio_strf("%s%s", i->is_partition ? "../" : "", files[k]);

		read_text(dir, file, i->id, sizeof(i->id));
	}
}

/* @ret_dir is its directory, or none, as when sysfs is not there: the caller closes it */
static int look(const char *path, struct liteio_block_info *ret, int *ret_dir,
		struct liteio_error *err)
{
	char *real _cleanup_free_ = realpath(path, NULL);
	struct liteio_block_info i = { 0 };
	struct stat st;
	int dir;

	if (!real || stat(real, &st))
		return liteio_error_set(err, errno, "cannot look at %s: %s", path,
					liteio_error_str(NULL, -errno));
	if (!S_ISBLK(st.st_mode))
		return liteio_error_set(err, -ENOTBLK, "%s is not a block device", path);
	if (strlen(real) >= sizeof(i.path))
		return liteio_error_set(err, -ENAMETOOLONG, "the path %s is too long", real);
	snprintf(i.path, sizeof(i.path), "%s", real);
	i.dev = st.st_rdev;
	dir = open_dir(i.dev);
	i.is_partition = has(dir, "partition");
	i.size_bytes = read_number(dir, "size", 0) * SECTOR;
	find_id(dir, &i);
	*ret = i;
	*ret_dir = dir;
	return 0;
}

/* ours and LVM's own are of device-mapper, too */
static const char *mapped_by(int dir)
{
	char uuid[256] = "";
	const char *who;

	read_text(dir, "dm/uuid", uuid, sizeof(uuid));
	who = liteio_block_mapped(uuid);
	return who ? who : "dm";
}

int liteio_block_brief(const char *path, struct liteio_block_info *ret, struct liteio_error *err)
{
	int dir _cleanup_close_ = -1;

	return look(path, ret, &dir, err);
}

int liteio_block_info(const char *path, struct liteio_block_info *ret, struct liteio_error *err)
{
	dev_t list[1 + PARTITIONS_MAX];
	struct liteio_block_info i;
	int dir _cleanup_close_ = -1, r;
	unsigned int n;

	r = look(path, &i, &dir, err);
	if (r)
		return r;
	i.logical_bytes = (uint32_t)queue_number(dir, &i, "logical_block_size", SECTOR);
	i.physical_bytes = (uint32_t)queue_number(dir, &i, "physical_block_size", SECTOR);
	i.rotational = queue_number(dir, &i, "rotational", 0) != 0;
	i.discard = queue_number(dir, &i, "discard_max_bytes", 0) != 0;
	i.read_only = read_number(dir, "ro", 0) != 0;
	if (has(dir, "dm"))
		snprintf(i.mapped, sizeof(i.mapped), "%s", mapped_by(dir));
	i.n_holders = count_holders(dir);
	list[0] = i.dev;
	i.n_partitions = partitions(dir, i.dev, list + 1, PARTITIONS_MAX);
	n = i.n_partitions < PARTITIONS_MAX ? i.n_partitions : PARTITIONS_MAX;
	find_use(list, 1 + n, &i.is_mounted, &i.is_swap);
	read_text(dir, i.is_partition ? "../device/model" : "device/model", i.model,
		  sizeof(i.model));
	read_text(dir, i.is_partition ? "../device/serial" : "device/serial", i.serial,
		  sizeof(i.serial));
	*ret = i;
	return 0;
}

int liteio_block_size(const char *path, uint64_t *ret, struct liteio_error *err)
{
	struct stat st;
	uint64_t size;
	int fd _cleanup_close_ = open_block(path, O_RDONLY, &st, err);

	if (fd < 0)
		return fd;
	if (ioctl(fd, BLKGETSIZE64, &size))
		return liteio_error_set(err, errno, "cannot read the size of %s: %s", path,
					liteio_error_str(NULL, -errno));
	*ret = size;
	return 0;
}

char *liteio_block_lasting_path(const char *path)
{
	char *sysfs _cleanup_free_ = NULL, *name _cleanup_free_ = NULL;

	if (strncmp(path, "/dev/dm-", 8) != 0)
		return NULL;
	sysfs = liteio_strf("/sys/class/block/%s/dm/name", path + 5);
	if (liteio_fs_read_line(sysfs, &name, NULL))
		return NULL;
	return liteio_strf("/dev/mapper/%s", name);
}

char *liteio_block_where(const char *path)
{
	char *real _cleanup_free_ = realpath(path, NULL), *link _cleanup_free_ = NULL;
	char *full _cleanup_free_ = NULL, *end;
	static const char top[] = "/sys/devices/";

	if (!real || strncmp(real, "/dev/", 5) != 0)
		return NULL;
	link = liteio_strf("/sys/class/block/%s", real + 5);
	full = realpath(link, NULL);
	if (!full || strncmp(full, top, strlen(top)) != 0)
		return NULL;
	/* the names that the kernel gives to disks may be others after a reboot */
	end = strstr(full, "/block/");
	if (!end || !strncmp(full + strlen(top), "virtual/", 8))
		return NULL;
	*end = '\0';
	return liteio_strdup(full + strlen(top));
}

/*
 * What is made of memory, files and other devices is no disk, and there may be thousands of them:
 * none of their files is read. nvme multipath shows its paths as hidden disks without a node
 */
static bool is_listed(const char *name)
{
	static const char *const skipped[] = { "ram", "zram", "fd", "sr", "dm-", "loop" };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(skipped); i++) {
		if (!strncmp(name, skipped[i], strlen(skipped[i])))
			return false;
	}
	return true;
}

int liteio_block_list(struct liteio_block_info **ret, size_t *ret_n, struct liteio_error *err)
{
	struct liteio_block_info *list;
	char **names;
	size_t n_names, n = 0;
	int r;

	r = liteio_fs_list("/sys/class/block", &names, &n_names, err);
	if (r)
		return r;
	list = liteio_calloc(n_names + 1, sizeof(*list));
	for (size_t i = 0; i < n_names; i++) {
		char path[256];

		if (!is_listed(names[i]) ||
		    snprintf(path, sizeof(path), "/dev/%s", names[i]) >= (int)sizeof(path))
			continue;
		/* the kernel writes '/' as '!' */
		for (char *p = path; *p; p++) {
			if (*p == '!')
				*p = '/';
		}
		if (!liteio_block_brief(path, &list[n], NULL) && list[n].size_bytes)
			n++;
	}
	liteio_fs_names_free(names, n_names);
	*ret = list;
	*ret_n = n;
	return 0;
}

/* ---- claims --------------------------------------------------------------------------------- */

int liteio_block_check_unclaimed(const char *path, struct liteio_error *err)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd >= 0)
		return 0;
	if (errno == EBUSY)
		return liteio_error_set(err, -EBUSY, "%s is in use: the kernel gives it to nobody else",
					path);
	return liteio_error_set(err, errno, "cannot open %s: %s", path,
				liteio_error_str(NULL, -errno));
}

/* ---- ranges --------------------------------------------------------------------------------- */

static int range_ioctl(int fd, unsigned long request, const char *what, uint64_t start,
		       uint64_t len, struct liteio_error *err)
{
	uint64_t range[2] = { start, len };

	if (ioctl(fd, request, range))
		return liteio_error_set(err, errno, "cannot %s %llu bytes at %llu: %s", what,
					(unsigned long long)len, (unsigned long long)start,
					liteio_error_str(NULL, -errno));
	return 0;
}

int liteio_block_zero(int fd, uint64_t start, uint64_t len, struct liteio_error *err)
{
	return range_ioctl(fd, BLKZEROOUT, "zero", start, len, err);
}

int liteio_block_discard(int fd, uint64_t start, uint64_t len, struct liteio_error *err)
{
	return range_ioctl(fd, BLKDISCARD, "discard", start, len, err);
}

/* a change holds what is in use for a moment, so there is none where nothing changes */
int liteio_block_keep(const char *path, struct liteio_error *err)
{
	char *attr _cleanup_free_ = liteio_strf("/sys/class/block/%s/queue/discard_max_bytes",
						strrchr(path, '/') + 1);
	char *takes _cleanup_free_ = NULL;
	int r = liteio_fs_read_line(attr, &takes, err);

	if (r || !strcmp(takes, "0"))
		return r;
	return liteio_fs_write_attr(attr, "0", err);
}

int liteio_block_flush(int fd, struct liteio_error *err)
{
	if (fsync(fd))
		return liteio_error_set(err, errno, "cannot flush: %s",
					liteio_error_str(NULL, -errno));
	return 0;
}
