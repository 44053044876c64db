// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything a pool can do, in one process, twice the same: what a test interrupts at every step.
 */
#include "story.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "pool/create.h"
#include "pool/pool.h"
#include "pool/snapshots.h"

#define STORY_BYTES (32ull << 20)
#define STORY_PATTERN (1u << 20)

struct story {
	struct liteio_pool *pool;
	struct liteio_uuid one, two, snap;
	int fd;
};

static int story_freeze(void *arg, struct liteio_error *err)
{
	return 0;
}

static void story_thaw(void *arg)
{
}

static int story_write(int fd, int byte, struct liteio_error *err)
{
	char *buf = aligned_alloc(4096, STORY_PATTERN);
	int r = 0;

	memset(buf, byte, STORY_PATTERN);
	if (pwrite(fd, buf, STORY_PATTERN, 0) != (ssize_t)STORY_PATTERN || fsync(fd))
		r = liteio_error_set(err, errno, "cannot write");
	free(buf);
	return r;
}

static int story_read(const char *path, struct liteio_error *err)
{
	char *buf = aligned_alloc(4096, STORY_PATTERN);
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC), r = 0;

	if (fd < 0 || pread(fd, buf, STORY_PATTERN, 0) != (ssize_t)STORY_PATTERN)
		r = liteio_error_set(err, errno, "cannot read %s", path);
	for (size_t i = 0; i < STORY_PATTERN && !r; i++) {
		if (buf[i] != 0x5a)
			r = liteio_error_set(err, -EUCLEAN, "byte %zu of %s is wrong", i, path);
	}
	if (fd >= 0)
		close(fd);
	free(buf);
	return r;
}

static int story_reclaim(struct story *s, struct liteio_error *err)
{
	bool more = true;
	int r = 0;

	while (more && !r)
		r = liteio_pool_reclaim(s->pool, &more, err);
	return r;
}

static int story_open(struct story *s, struct liteio_error *err)
{
	struct liteio_pool_thin thin;
	int r = liteio_pool_volume_activate(s->pool, &s->one, &thin, err);

	if (r)
		return r;
	s->fd = open(thin.path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (s->fd < 0)
		return liteio_error_set(err, errno, "cannot open %s", thin.path);
	return 0;
}

/* the members of the story's group of snapshots: of both volumes */
static void story_members(const struct story *s, struct liteio_pool_member ret[2])
{
	ret[0] = (struct liteio_pool_member){ s->one, "group-one", s->one };
	ret[1] = (struct liteio_pool_member){ s->two, "group-two", s->two };
	ret[0].uuid.b[0] ^= 0x80;
	ret[1].uuid.b[0] ^= 0x80;
}

static int story_ungroup(struct story *s, struct liteio_error *err)
{
	struct liteio_pool_member m[2];
	int r;

	story_members(s, m);
	r = liteio_pool_volume_delete(s->pool, &m[0].uuid, err);
	return r ? r : liteio_pool_volume_delete(s->pool, &m[1].uuid, err);
}

static int story_begin(struct story *s, struct liteio_error *err)
{
	struct liteio_pool_create one = {
		.uuid = s->one,
		.name = "one",
		.size_bytes = STORY_BYTES,
	};
	struct liteio_catalog_attachment a = { .volume = s->one, .generation = 1, .host = "nqn.a" };
	const struct liteio_catalog_limits limits = { .read_iops = 1000, .write_bps = 1 << 20 };
	struct liteio_catalog_volume v;
	int r;

	/* one that was interrupted between the ends of both could not be made again */
	r = story_ungroup(s, err);
	if (!r)
		r = story_reclaim(s, err);
	if (r)
		return r;
	/* it may have been interrupted when it had another one */
	liteio_pool_volume_rename(s->pool, &s->one, "one", NULL);
	if (!liteio_pool_volume_get(s->pool, &s->one, &v))
		one.size_bytes = v.size_bytes;
	r = liteio_pool_volume_create(s->pool, &one, NULL, err);
	if (r)
		return r;
	r = liteio_pool_attachment_add(s->pool, &a, err);
	if (r && r != -ESTALE)
		return r;
	r = liteio_pool_volume_limit(s->pool, &s->one, &limits, err);
	if (r)
		return r;
	r = story_open(s, err);
	return r ? r : story_write(s->fd, 0x5a, err);
}

static int story_middle(struct story *s, struct liteio_error *err)
{
	const struct liteio_quiesce q = {
		.freeze = story_freeze,
		.thaw = story_thaw,
		.arg = s,
	};
	struct liteio_pool_create two = { .uuid = s->two, .name = "two", .source = s->snap };
	struct liteio_pool_thin thin;
	int r;

	r = liteio_pool_snapshot_create(s->pool, &s->snap, "snap", &s->one, NULL, &q, err);
	if (!r)
		r = liteio_pool_volume_create(s->pool, &two, NULL, err);
	if (!r)
		r = liteio_pool_volume_activate(s->pool, &s->two, &thin, err);
	if (!r)
		r = story_read(thin.path, err);
	if (!r)
		r = liteio_pool_volume_grow(s->pool, &s->one, STORY_BYTES + (16 << 20), NULL, err);
	if (!r)
		r = liteio_pool_attachment_fence(s->pool, &s->one, 1, false, err);
	if (!r)
		r = liteio_pool_floor_raise(s->pool, &s->one, 2, err);
	return r;
}

/* it goes wrong, and back to the snapshot */
static int story_back(struct story *s, struct liteio_error *err)
{
	struct liteio_pool_thin thin;
	int r;

	r = story_write(s->fd, 0xa5, err);
	close(s->fd);
	if (!r)
		r = liteio_pool_volume_rollback(s->pool, &s->one, &s->snap, err);
	if (!r)
		r = liteio_pool_volume_activate(s->pool, &s->one, &thin, err);
	if (!r)
		r = story_read(thin.path, err);
	if (!r)
		r = liteio_pool_volume_rename(s->pool, &s->one, "uno", err);
	return r ? r : liteio_pool_volume_rename(s->pool, &s->one, "one", err);
}

/* both at once, one of them in use; both are gone again when this returns */
static int story_group(struct story *s, struct liteio_error *err)
{
	const struct liteio_quiesce q = {
		.freeze = story_freeze,
		.thaw = story_thaw,
		.arg = s,
	};
	struct liteio_pool_member m[2];
	int r;

	story_members(s, m);
	r = story_open(s, err);
	if (r)
		return r;
	r = liteio_pool_snapshot_group(s->pool, m, 2, NULL, &q, err);
	close(s->fd);
	return r ? r : story_ungroup(s, err);
}

/* one that is to be wiped with zeros, and has something to wipe */
static int story_wiped(struct story *s, struct liteio_error *err)
{
	struct liteio_pool_create three = {
		.uuid = s->two,
		.name = "three",
		.size_bytes = STORY_BYTES,
		.wipe = LITEIO_CATALOG_WIPE_ZERO,
	};
	struct liteio_pool_thin thin;
	int fd, r;

	three.uuid.b[0] ^= 0x40;
	r = liteio_pool_volume_create(s->pool, &three, NULL, err);
	if (!r)
		r = liteio_pool_volume_activate(s->pool, &three.uuid, &thin, err);
	if (r)
		return r;
	fd = open(thin.path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return liteio_error_set(err, errno, "cannot open %s", thin.path);
	r = story_write(fd, 0x5a, err);
	close(fd);
	return r ? r : liteio_pool_volume_delete(s->pool, &three.uuid, err);
}

/* one byte more than @from: a uuid of its own */
static struct liteio_uuid story_uuid(struct liteio_uuid from, uint8_t more)
{
	from.b[15] ^= more;
	return from;
}

/* create what is not there yet, have it active, write it and read it */
static int story_fixed(struct story *s, const struct liteio_uuid *uuid,
		       enum liteio_catalog_class vclass, const char *name, struct liteio_error *err)
{
	struct liteio_pool_create c = {
		.uuid = *uuid,
		.name = name,
		.vclass = vclass,
		.size_bytes = STORY_PATTERN * 8,
	};
	struct liteio_catalog_volume v;
	struct liteio_pool_thin thin;
	int fd, r;

	if (!liteio_pool_volume_get(s->pool, uuid, &v))
		c.size_bytes = v.size_bytes;
	r = liteio_pool_volume_create(s->pool, &c, NULL, err);
	if (!r)
		r = liteio_pool_volume_activate(s->pool, uuid, &thin, err);
	if (r)
		return r;
	fd = open(thin.path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return liteio_error_set(err, errno, "cannot open %s", thin.path);
	r = story_write(fd, 0x5a, err);
	close(fd);
	if (!r)
		r = liteio_pool_volume_grow(s->pool, uuid, STORY_PATTERN * 16, NULL, err);
	return r ? r : story_read(thin.path, err);
}

/* the other classes, on a pool that has space for them */
static int story_classes(struct story *s, struct liteio_error *err)
{
	struct liteio_uuid linear = story_uuid(s->one, 1), reserved = story_uuid(s->one, 2);
	struct liteio_uuid snap = story_uuid(s->one, 3);
	struct liteio_pool_info i;
	int r;

	r = liteio_pool_set_overcommit(s->pool, 700, err);
	if (!r)
		r = liteio_pool_set_overcommit(s->pool, 800, err);
	liteio_pool_info(s->pool, &i);
	if (!r && i.space.linear_total)
		r = story_fixed(s, &linear, LITEIO_CATALOG_LINEAR, "linear", err);
	if (!r && i.space.reserve.total)
		r = story_fixed(s, &reserved, LITEIO_CATALOG_RESERVED, "reserved", err);
	if (!r && i.space.reserve.total)
		r = liteio_pool_snapshot_create(s->pool, &snap, "kept", &reserved, NULL, NULL, err);
	if (!r)
		r = liteio_pool_volume_delete(s->pool, &snap, err);
	if (!r)
		r = liteio_pool_volume_delete(s->pool, &linear, err);
	return r ? r : liteio_pool_volume_delete(s->pool, &reserved, err);
}

#define STORY_MANY 3

/* several at once, of which one is used */
static int story_many(struct story *s, struct liteio_error *err)
{
	static const char *const names[STORY_MANY] = { "many-1", "many-2", "many-3" };
	struct liteio_pool_creation all[STORY_MANY];
	struct liteio_pool_create want[STORY_MANY];
	struct liteio_pool_thin thin;
	int r = 0;

	for (int i = 0; i < STORY_MANY; i++) {
		want[i] = (struct liteio_pool_create){
			.uuid = story_uuid(s->one, (uint8_t)(16 + i)),
			.name = names[i],
			.size_bytes = STORY_BYTES,
		};
		all[i] = (struct liteio_pool_creation){ .want = &want[i], .err = err };
	}
	liteio_pool_volume_create_all(s->pool, all, STORY_MANY);
	for (int i = 0; i < STORY_MANY && !r; i++)
		r = all[i].result;
	if (!r)
		r = liteio_pool_volume_activate(s->pool, &want[1].uuid, &thin, err);
	for (int i = 0; i < STORY_MANY && !r; i++)
		r = liteio_pool_volume_delete(s->pool, &want[i].uuid, err);
	return r;
}

#define STORY_TOGETHER 3

static bool story_is_idle(void *arg, unsigned int n_open)
{
	return true;
}

static bool story_was_idle(void *arg)
{
	return true;
}

static bool story_was_used(void *arg)
{
	return false;
}

/* what of them has to be taken alone is, and all are gone again */
static int story_together_end(struct story *s, struct liteio_pool_snapshot *all,
			      struct liteio_error *err)
{
	int r = 0;

	for (int i = 0; i < STORY_TOGETHER && !r; i++) {
		const struct liteio_pool_snapshot *x = &all[i];

		r = x->result;
		if (r == LITEIO_POOL_SNAPSHOT_ALONE)
			r = liteio_pool_snapshot_create(s->pool, &x->uuid, x->name, &x->volume,
							NULL, x->q, err);
	}
	for (int i = 0; i < STORY_TOGETHER && !r; i++)
		r = liteio_pool_volume_delete(s->pool, &all[i].uuid, err);
	return r;
}

/* several at once: of what is open and idle, of what somebody wrote to meanwhile, of what is not */
static int story_together(struct story *s, struct liteio_error *err)
{
	const struct liteio_quiesce idle = {
		.freeze = story_freeze,
		.thaw = story_thaw,
		.is_idle = story_is_idle,
		.was_idle = story_was_idle,
		.arg = s,
	};
	struct liteio_quiesce used = idle;
	struct liteio_pool_snapshot all[STORY_TOGETHER] = {
		{ .name = "together-1", .volume = s->one, .q = &idle },
		{ .name = "together-2", .volume = s->one, .q = &used },
		{ .name = "together-3", .volume = s->two },
	};
	int r;

	used.was_idle = story_was_used;
	for (int i = 0; i < STORY_TOGETHER; i++) {
		all[i].uuid = story_uuid(s->one, (uint8_t)(32 + i));
		all[i].err = err;
	}
	r = story_open(s, err);
	if (r)
		return r;
	liteio_pool_snapshot_create_all(s->pool, all, STORY_TOGETHER);
	r = story_together_end(s, all, err);
	close(s->fd);
	return r;
}

static int story_end(struct story *s, struct liteio_error *err)
{
	int r;

	r = liteio_pool_volume_wipe(s->pool, &s->two, LITEIO_CATALOG_WIPE_DISCARD, err);
	if (!r)
		r = liteio_pool_volume_delete(s->pool, &s->two, err);
	if (!r)
		r = story_wiped(s, err);
	if (!r)
		r = liteio_pool_volume_delete(s->pool, &s->snap, err);
	if (!r)
		r = liteio_pool_volume_delete(s->pool, &s->one, err);
	return r ? r : story_reclaim(s, err);
}

int poolctl_story(struct liteio_pool *pool, const struct liteio_uuid *one,
		  const struct liteio_uuid *two, const struct liteio_uuid *snap,
		  struct liteio_error *err)
{
	struct story s = { .pool = pool, .one = *one, .two = *two, .snap = *snap };
	int r;

	r = story_begin(&s, err);
	if (!r)
		r = story_middle(&s, err);
	if (!r)
		r = story_back(&s, err);
	if (!r)
		r = story_group(&s, err);
	if (!r)
		r = story_classes(&s, err);
	if (!r)
		r = story_many(&s, err);
	if (!r)
		r = story_together(&s, err);
	return r ? r : story_end(&s, err);
}
