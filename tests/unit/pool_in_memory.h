/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool without a kernel: its catalog is on a file, by the real store; its thin pool is an array
 * of ids, and what a kernel would say of it, in memory that outlives the process that uses it, as a
 * kernel does. It may have a label, too. What else a test needs of a kernel it puts into a copy of
 * the table of operations.
 */
#ifndef LITEIO_TESTS_POOL_IN_MEMORY_H
#define LITEIO_TESTS_POOL_IN_MEMORY_H

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "pool/object.h"
#include "slots_in_file.h"

#define MEMORY_BLOCK (256u << 10)
#define MEMORY_IDS 1024
/* they have taken the spare: what new things may use is half of them */
#define MEMORY_META_BYTES (32u << 20)

/**
 * struct memory_thin - what a kernel would have
 * @says: of itself
 * @has: the devices
 * @mapped: their blocks
 * @messages: how many there were, each a commit
 * @near_asked: how often metadata were read for one of them
 * @fails: what the next create_thin ends with
 * @commit_fails: what the next set_transaction_id ends with
 * @commit_lies: that is done all the same
 * @keeps: a device that is removed comes back, as its commit did not get to the disk
 */
struct memory_thin {
	struct liteio_engine_status says;
	bool has[MEMORY_IDS];
	uint64_t mapped[MEMORY_IDS];
	unsigned int messages;
	unsigned int near_asked;
	int fails;
	int commit_fails;
	bool commit_lies;
	bool keeps;
};

/**
 * struct memory_pool - an open pool
 * @p: for the functions of daemon/pool
 * @engine: of @p
 * @thin: shared with other processes
 * @fd: the file
 */
struct memory_pool {
	struct liteio_pool p;
	struct liteio_engine engine;
	struct memory_thin *thin;
	int fd;
};

static struct memory_thin *memory_of(struct liteio_engine *e)
{
	return ((struct memory_pool *)((char *)e - offsetof(struct memory_pool, engine)))->thin;
}

static bool memory_is_active(struct liteio_engine *e)
{
	return true;
}

static int memory_status(struct liteio_engine *e, struct liteio_engine_status *ret,
			 struct liteio_error *err)
{
	*ret = memory_of(e)->says;
	return 0;
}

static int memory_create(struct liteio_engine *e, uint32_t id, struct liteio_error *err)
{
	struct memory_thin *t = memory_of(e);
	int r = t->fails;

	t->fails = 0;
	if (r)
		return liteio_error_set(err, r, "the kernel says no");
	if (t->has[id])
		return -EEXIST;
	t->has[id] = true;
	t->messages++;
	return 0;
}

static int memory_remove(struct liteio_engine *e, uint32_t id, struct liteio_error *err)
{
	memory_of(e)->has[id] = memory_of(e)->has[id] && memory_of(e)->keeps;
	memory_of(e)->messages++;
	return 0;
}

static int memory_devices(struct liteio_engine *e, struct liteio_thin_device **ret, size_t *ret_n,
			  struct liteio_error *err)
{
	struct liteio_thin_device *d = calloc(MEMORY_IDS, sizeof(*d));

	ck_assert_ptr_nonnull(d);
	*ret_n = 0;
	for (uint32_t id = 0; id < MEMORY_IDS; id++)
		if (memory_of(e)->has[id])
			d[(*ret_n)++] = (struct liteio_thin_device){
				.id = id, .mapped = memory_of(e)->mapped[id]
			};
	*ret = d;
	return 0;
}

/* all are in one leaf */
static int memory_near(struct liteio_engine *e, uint32_t id, struct liteio_thin_device **ret,
		       size_t *ret_n, struct liteio_error *err)
{
	memory_of(e)->near_asked++;
	return memory_devices(e, ret, ret_n, err);
}

static int memory_snapshot(struct liteio_engine *e, uint32_t id, uint32_t origin,
			   struct liteio_error *err)
{
	if (!memory_of(e)->has[origin])
		return liteio_error_set(err, -ENODATA, "no device %u", origin);
	return memory_create(e, id, err);
}

static int memory_commit(struct liteio_engine *e, uint64_t from, uint64_t to,
			 struct liteio_error *err)
{
	struct memory_thin *t = memory_of(e);
	int r = t->commit_fails;

	if (t->says.txid != from)
		return liteio_error_set(err, -EINVAL, "transaction %llu is not the one",
					(unsigned long long)from);
	t->commit_fails = 0;
	if (!r || t->commit_lies)
		t->says.txid = to;
	t->messages++;
	return r ? liteio_error_set(err, r, "the metadata could not be written") : 0;
}

static int memory_activate(struct liteio_engine *e, const struct liteio_uuid *uuid,
			   const struct liteio_engine_device *want, struct liteio_pool_thin *ret,
			   struct liteio_error *err)
{
	return memory_of(e)->has[want->id] ?
		       0 :
		       liteio_error_set(err, -ENODATA, "no device %u", want->id);
}

static int memory_deactivate(struct liteio_engine *e, const struct liteio_uuid *uuid,
			     struct liteio_error *err)
{
	return 0;
}

static int memory_volume_status(struct liteio_engine *e, const struct liteio_uuid *uuid,
				struct liteio_engine_volume *ret, struct liteio_error *err)
{
	return -ENODEV;
}

static const struct liteio_engine_ops memory_ops = {
	.name = "memory",
	.is_active = memory_is_active,
	.status = memory_status,
	.create = memory_create,
	.snapshot = memory_snapshot,
	.remove = memory_remove,
	.devices = memory_devices,
	.near = memory_near,
	.commit = memory_commit,
	.volume_activate = memory_activate,
	.volume_deactivate = memory_deactivate,
	.volume_status = memory_volume_status,
};

static struct memory_thin *memory_thin_new(void)
{
	struct memory_thin *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(t, MAP_FAILED);
	t->says.meta_used = 1 << 20;
	t->says.meta_total = MEMORY_META_BYTES;
	t->says.data_total = 1ull << 30;
	return t;
}

static inline void memory_init(struct memory_pool *m, int fd, struct memory_thin *t)
{
	memset(m, 0, sizeof(*m));
	pthread_mutex_init(&m->p.lock, NULL);
	m->engine.ops = &memory_ops;
	m->thin = t;
	m->fd = fd;
	m->p.engine = &m->engine;
	m->p.store = slots_store(fd);
	m->p.store.label.thin_block = MEMORY_BLOCK;
	m->p.store.label.extents[2].kind = LITEIO_EXTENT_THIN_META;
	m->p.store.label.extents[2].length = MEMORY_META_BYTES;
	m->p.store.label.n_extents = 3;
}

static inline void memory_write_catalog(struct memory_pool *m)
{
	liteio_catalog_init(&m->p.cat, &m->p.store.label.pool_uuid);
	ck_assert_int_eq(liteio_store_format_catalog(&m->p.store, &m->p.cat, NULL), 0);
}

/* a new one, on a file and in a kernel of its own */
static inline void memory_new(struct memory_pool *m)
{
	memory_init(m, make_file(SLOTS_END), memory_thin_new());
	memory_write_catalog(m);
}

/* likewise, with a label: the only disk has so many bytes */
static inline void memory_new_labelled(struct memory_pool *m, uint64_t bytes)
{
	struct liteio_store *s = &m->p.store;

	memory_init(m, make_file(bytes), memory_thin_new());
	s->size = bytes;
	ck_assert_int_eq(liteio_label_layout("fast", bytes, 0, NULL, &s->label, NULL), 0);
	ck_assert_int_eq(liteio_store_write_label(s, NULL), 0);
	memory_write_catalog(m);
	m->thin->says.meta_total = liteio_label_sum(&s->label, LITEIO_EXTENT_THIN_META);
}

/* the one that is there, what was interrupted settled */
static inline void memory_open(struct memory_pool *m, int fd, struct memory_thin *t)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	memory_init(m, fd, t);
	ck_assert_msg(!liteio_store_read_catalog(&m->p.store, &m->p.cat, &err), "%s", err.msg);
	ck_assert_msg(!liteio_pool_settle(&m->p, &err), "%s", err.msg);
}

static inline void memory_break(struct memory_pool *m, bool is_broken)
{
	slots_break(&m->p.store, m->fd, is_broken);
}

/* from here on the copy of the label at the end can not be written, or can again */
static inline void memory_break_end(const struct memory_pool *m, bool is_broken)
{
	const struct rlimit limit = { is_broken ? liteio_label_backup_offset(m->p.store.size) :
						  RLIM_INFINITY,
				      RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* its disk is larger than what its label was written for */
static inline void memory_enlarge(struct memory_pool *m, uint64_t bytes)
{
	m->p.store.size += bytes;
	ck_assert_int_eq(ftruncate(m->fd, (off_t)m->p.store.size), 0);
}

/* the file is who opened it's */
static inline void memory_close(struct memory_pool *m)
{
	liteio_catalog_fini(&m->p.cat);
	liteio_pool_empty_forget_all(&m->p);
	liteio_store_close(&m->p.store);
	pthread_mutex_destroy(&m->p.lock);
}

#endif
