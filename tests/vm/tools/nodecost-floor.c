// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The least that operations on a node can cost on this kernel: what it has to be asked for, by
 * device-mapper's own ioctls and messages to a thin pool, behind a socket that is asked like the
 * agent's. Nothing is named, checked, noted or undone here.
 *
 *	nodecost-floor SOCKET DISK [FIRST LAST]
 *
 * makes a thin pool of DISK, or finds the one that it has made there; then its metadata are
 * checked, as the agent and LVM have it done, and these of its volumes are brought back. It says
 * that it is ready, as to systemd, and does what requests to /OPERATION/NUMBER say:
 *
 *	record		writes a block that survives a power cut: what a catalog has to
 *	make		a volume without a device
 *	attach		makes a volume, its device, and a head on it, which is a linear device
 *	snapshot	of a volume that nobody has open: nothing is held
 *	status		how much of it is used, from the kernel
 *	list		the same of all that have devices
 *	grow		its head, to twice the size
 *	detach		takes its head and its device out
 *	unsnapshot	deletes its snapshot
 *	remove		deletes a volume without a device
 *	attachall	as attach, this one and the 99 after it at once: a thread for each
 *	snapshotall	the same of snapshot
 *	detachall	and of detach
 *	ready		nothing
 *	end		nothing more
 *
 * What is deleted is not discarded: its blocks are free, the disk is not told.
 */
#include <linux/fs.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nodecost.h"
#include "tool.h"

#define NAME "floor-"
#define POOL NAME "pool"
#define NAME_MAX_LEN 32
/* of the disk, in sectors: a record, the pool's metadata and its data */
#define RECORD 8u
#define META 65536u
#define DATA (8u << 20)
#define THIN_BLOCK 512u
/* of a volume: its head, and the device below, which never has to become longer */
#define SECTORS 8192u
#define LONG (1ull << 40)
#define VOLUMES_MAX 1024u
/* the thin device of a snapshot is that of its volume and so many */
#define SNAPSHOTS 100000u
/* volumes are brought up side by side, for the kernel waits for the same then */
#define THREADS 32u
/* of what comes at once */
#define CROWD 100u

struct call {
	struct dm_ioctl io;
	char data[512] __attribute__((aligned(8)));
};

static int disk;
static dev_t disk_dev, pool_dev;
static unsigned long long transaction;
static bool has_device[VOLUMES_MAX];

/* ---- devices -------------------------------------------------------------------------------- */

static dev_t create(const char *name)
{
	struct call c;

	dm_prepare(&c.io, sizeof(c), name);
	dm_ask(&c.io, DM_DEV_CREATE, "create");
	return (dev_t)c.io.dev;
}

static void load(const char *name, const char *type, uint64_t sectors, const char *params)
{
	struct call c;
	struct dm_target_spec *spec = (struct dm_target_spec *)c.data;

	dm_prepare(&c.io, sizeof(c), name);
	memset(spec, 0, sizeof(*spec));
	spec->length = sectors;
	snprintf(spec->target_type, sizeof(spec->target_type), "%s", type);
	snprintf((char *)(spec + 1), sizeof(c.data) - sizeof(*spec), "%s", params);
	c.io.target_count = 1;
	dm_ask(&c.io, DM_TABLE_LOAD, "load");
}

/* with the table that was loaded last; what runs is suspended for that, by the same call */
static void resume(const char *name)
{
	struct call c;

	dm_prepare(&c.io, sizeof(c), name);
	c.io.flags = DM_SKIP_LOCKFS_FLAG;
	dm_ask(&c.io, DM_DEV_SUSPEND, "resume");
}

/* @ret is the status of its only target, which nothing is flushed for */
static void status(const char *name, struct call *ret)
{
	dm_prepare(&ret->io, sizeof(*ret), name);
	ret->io.flags = DM_NOFLUSH_FLAG;
	dm_ask(&ret->io, DM_TABLE_STATUS, "status");
}

/* ends what messages have begun; it survives a power cut */
static void commit(void)
{
	dm_message(POOL, "set_transaction_id %llu %llu", transaction, transaction + 1);
	transaction++;
}

static dev_t part(const char *name, unsigned int start, unsigned int sectors)
{
	char params[64];
	dev_t dev = create(name);

	snprintf(params, sizeof(params), "%u:%u %u", major(disk_dev), minor(disk_dev), start);
	load(name, "linear", sectors, params);
	resume(name);
	return dev;
}

static void check(dev_t meta)
{
	char path[32], *argv[] = { "thin_check", path, NULL };
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "/dev/dm-%u", minor(meta));
	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) != pid || status)
		die("%s of %s has failed", argv[0], path);
}

/* @is_old: it has been made before */
static void open_pool(bool is_old)
{
	dev_t meta = part(NAME "tmeta", RECORD, META);
	dev_t data = part(NAME "tdata", RECORD + META, DATA);
	struct dm_target_spec *spec;
	char params[128];
	struct call c;

	if (is_old)
		check(meta);
	pool_dev = create(POOL);
	snprintf(params, sizeof(params), "%u:%u %u:%u %u 0 1 error_if_no_space", major(meta),
		 minor(meta), major(data), minor(data), THIN_BLOCK);
	load(POOL, "thin-pool", DATA, params);
	resume(POOL);
	status(POOL, &c);
	spec = (struct dm_target_spec *)((char *)&c + c.io.data_start);
	transaction = strtoull((char *)(spec + 1), NULL, 10);
}

/* ---- volumes -------------------------------------------------------------------------------- */

static void names(unsigned int i, char thin[NAME_MAX_LEN], char head[NAME_MAX_LEN])
{
	snprintf(thin, NAME_MAX_LEN, NAME "thin-%u", i);
	snprintf(head, NAME_MAX_LEN, NAME "head-%u", i);
}

static void load_thin(const char *name, unsigned int i)
{
	char params[64];

	snprintf(params, sizeof(params), "%u:%u %u", major(pool_dev), minor(pool_dev), i);
	load(name, "thin", LONG, params);
	resume(name);
}

static void load_head(const char *name, dev_t below, uint64_t sectors)
{
	char params[64];

	snprintf(params, sizeof(params), "%u:%u 0", major(below), minor(below));
	load(name, "linear", sectors, params);
	resume(name);
}

static void create_thin(unsigned int i)
{
	dm_message(POOL, "create_thin %u", i);
}

static void create_snap(unsigned int i)
{
	dm_message(POOL, "create_snap %u %u", SNAPSHOTS + i, i);
}

static void make(unsigned int i)
{
	create_thin(i);
	commit();
}

static void activate(unsigned int i)
{
	char thin[NAME_MAX_LEN], head[NAME_MAX_LEN];
	dev_t dev;

	names(i, thin, head);
	dev = create(thin);
	load_thin(thin, i);
	create(head);
	load_head(head, dev, SECTORS);
	has_device[i] = true;
}

static void grow(unsigned int i)
{
	char thin[NAME_MAX_LEN], head[NAME_MAX_LEN];
	struct call c;

	names(i, thin, head);
	dm_prepare(&c.io, sizeof(c), thin);
	dm_ask(&c.io, DM_DEV_STATUS, "look at");
	load_head(head, (dev_t)c.io.dev, 2 * SECTORS);
}

static void detach(unsigned int i)
{
	char thin[NAME_MAX_LEN], head[NAME_MAX_LEN];

	names(i, thin, head);
	dm_remove(head);
	dm_remove(thin);
	has_device[i] = false;
}

static void status_of(unsigned int i)
{
	char thin[NAME_MAX_LEN], head[NAME_MAX_LEN];
	struct call c;

	names(i, thin, head);
	status(thin, &c);
}

/* what is done for each of them side by side */
static struct {
	void (*act)(unsigned int i);
	unsigned int next, last;
} beside;

static void *act_for_some(void *unused)
{
	unsigned int i;

	while ((i = __atomic_fetch_add(&beside.next, 1, __ATOMIC_RELAXED)) <= beside.last)
		beside.act(i);
	return unused;
}

/* @threads at most at a time, up to CROWD */
static void side_by_side(void (*act)(unsigned int i), unsigned int first, unsigned int last,
			 unsigned int threads)
{
	pthread_t all[CROWD];
	unsigned int n = last - first + 1 < threads ? last - first + 1 : threads;

	beside.act = act;
	beside.next = first;
	beside.last = last;
	for (unsigned int i = 0; i < n; i++) {
		if (pthread_create(&all[i], NULL, act_for_some, NULL))
			die("no thread");
	}
	for (unsigned int i = 0; i < n; i++)
		pthread_join(all[i], NULL);
}

static void crowd(void (*act)(unsigned int i), unsigned int first)
{
	side_by_side(act, first, first + CROWD - 1, CROWD);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void record(void)
{
	static char block[RECORD * 512] __attribute__((aligned(RECORD * 512)));

	if (pwrite(disk, block, sizeof(block), 0) != sizeof(block))
		die("a record can not be written: %s", strerror(errno));
}

/* those from @i on; false: there is no such operation */
static bool act_for_all(const char *operation, unsigned int i)
{
	if (i + CROWD > VOLUMES_MAX)
		return false;
	if (!strcmp(operation, "attachall")) {
		crowd(create_thin, i);
		commit();
		crowd(activate, i);
	} else if (!strcmp(operation, "snapshotall")) {
		crowd(create_snap, i);
		commit();
	} else if (!strcmp(operation, "detachall")) {
		crowd(detach, i);
	} else {
		return false;
	}
	return true;
}

/* false: there is no such operation */
static bool act(const char *operation, unsigned int i)
{
	if (!strcmp(operation, "record")) {
		record();
	} else if (!strcmp(operation, "make")) {
		make(i);
	} else if (!strcmp(operation, "attach")) {
		make(i);
		activate(i);
	} else if (!strcmp(operation, "snapshot")) {
		create_snap(i);
		commit();
	} else if (!strcmp(operation, "status")) {
		status_of(i);
	} else if (!strcmp(operation, "list")) {
		for (unsigned int k = 0; k < VOLUMES_MAX; k++) {
			if (has_device[k])
				status_of(k);
		}
	} else if (!strcmp(operation, "grow")) {
		grow(i);
	} else if (!strcmp(operation, "detach")) {
		detach(i);
	} else if (!strcmp(operation, "unsnapshot")) {
		dm_message(POOL, "delete %u", SNAPSHOTS + i);
		commit();
	} else if (!strcmp(operation, "remove")) {
		dm_message(POOL, "delete %u", i);
		commit();
	} else {
		return !strcmp(operation, "ready") || !strcmp(operation, "end") ||
		       act_for_all(operation, i);
	}
	return true;
}

/* one request after the other, until who asks has gone */
static void serve(int fd)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	char request[4096], operation[16];
	size_t len = 0;
	unsigned int i;
	ssize_t n;

	while ((n = read(fd, request + len, sizeof(request) - 1 - len)) > 0) {
		len += (size_t)n;
		request[len] = '\0';
		if (!strstr(request, "\r\n\r\n"))
			continue;
		if (sscanf(request, "%*s /%15[a-z]/%u ", operation, &i) != 2 || i >= VOLUMES_MAX ||
		    !act(operation, i))
			die("this is no request: %s", request);
		if (write(fd, answer, sizeof(answer) - 1) != sizeof(answer) - 1)
			die("an answer can not be sent: %s", strerror(errno));
		if (!strcmp(operation, "end"))
			exit(0);
		len = 0;
	}
	close(fd);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 8))
		die("%s: %s", path, strerror(errno));
	return fd;
}

/* to nodecost, whose socket has no file */
static void say_ready(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *name = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!name || name[0] != '@' || strlen(name) >= sizeof(address.sun_path))
		die("nobody wants to know when it is ready");
	memcpy(address.sun_path + 1, name + 1, strlen(name + 1));
	if (fd < 0 || sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&address,
			     offsetof(struct sockaddr_un, sun_path) + strlen(name)) != 7)
		die("%s: %s", name, strerror(errno));
	close(fd);
}

int main(int argc, char **argv)
{
	struct stat st;
	int fd, client;

	if (argc != 3 && argc != 5)
		die("usage: nodecost-floor SOCKET DISK [FIRST LAST]");
	disk = open(argv[2], O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC);
	if (disk < 0 || fstat(disk, &st) || !S_ISBLK(st.st_mode))
		die("%s is no disk", argv[2]);
	disk_dev = st.st_rdev;
	open_pool(argc == 5);
	if (argc == 5) {
		if (number(argv[3]) > number(argv[4]) || number(argv[4]) >= VOLUMES_MAX)
			die("%s to %s are no volumes", argv[3], argv[4]);
		side_by_side(activate, (unsigned int)number(argv[3]), (unsigned int)number(argv[4]),
			     THREADS);
	}
	fd = listen_at(argv[1]);
	say_ready();
	while ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		serve(client);
	die("accept: %s", strerror(errno));
}
