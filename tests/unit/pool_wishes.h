/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hundred volumes in a pool without a kernel, rights to some of them, and what must hold of it
 * then.
 */
#ifndef LITEIO_TESTS_POOL_WISHES_H
#define LITEIO_TESTS_POOL_WISHES_H

#include "pool/create.h"
#include "pool/grant.h"
#include "pool_in_memory.h"

#define N 100

/**
 * struct wishes - what is created together
 * @want: each
 * @name: its name
 * @err: the sentence, if it is refused
 * @all: for the pool
 */
struct wishes {
	struct liteio_pool_create want[N];
	char name[N][16];
	struct liteio_error err[N];
	struct liteio_pool_creation all[N];
};

static struct liteio_uuid uuid_of(unsigned int i)
{
	/* in no order */
	return (struct liteio_uuid){ .b = { (uint8_t)(i * 37), (uint8_t)i, 1 } };
}

static void wish(struct wishes *w)
{
	memset(w, 0, sizeof(*w));
	for (unsigned int i = 0; i < N; i++) {
		snprintf(w->name[i], sizeof(w->name[i]), "v%u", i);
		w->want[i] = (struct liteio_pool_create){
			.uuid = uuid_of(i), .name = w->name[i], .size_bytes = 1 << 20,
		};
		w->all[i] = (struct liteio_pool_creation){ .want = &w->want[i], .err = &w->err[i] };
	}
}

static inline void create_all(struct memory_pool *m)
{
	static struct wishes w;

	wish(&w);
	liteio_pool_volume_create_all(&m->p, w.all, N);
	for (unsigned int i = 0; i < N; i++)
		ck_assert_msg(!w.all[i].result, "%u: %s", i, w.err[i].msg);
}

/**
 * struct rights - what is given together
 * @att: to volumes 5, 6, ...
 * @err: the sentence, if it is refused
 * @all: for the pool
 */
struct rights {
	struct liteio_catalog_attachment att[LITEIO_POOL_RIGHTS_MAX];
	struct liteio_error err[LITEIO_POOL_RIGHTS_MAX];
	struct liteio_pool_right all[LITEIO_POOL_RIGHTS_MAX];
};

static inline void give_all(struct memory_pool *m, struct rights *r)
{
	memset(r, 0, sizeof(*r));
	for (unsigned int i = 0; i < LITEIO_POOL_RIGHTS_MAX; i++) {
		r->att[i] = (struct liteio_catalog_attachment){
			.volume = uuid_of(5 + i), .generation = 1, .host = "nqn.a",
		};
		r->all[i] = (struct liteio_pool_right){ .att = &r->att[i], .err = &r->err[i] };
	}
	liteio_pool_attachment_add_all(&m->p, r->all, LITEIO_POOL_RIGHTS_MAX);
}

/* the thin pool has what the catalog says it has, and nothing else */
static inline void check_ids(const struct memory_pool *m)
{
	for (uint32_t id = 1; id < MEMORY_IDS; id++) {
		bool is_there = false;

		for (size_t i = 0; i < m->p.cat.n_volumes; i++)
			is_there = is_there || (m->p.cat.volumes[i]->thin_id == id &&
						!m->p.cat.volumes[i]->is_unmade);
		ck_assert_msg(m->thin->has[id] == is_there, "thin id %u", id);
	}
	ck_assert_uint_eq(m->thin->says.txid, m->p.cat.thin_txid);
	ck_assert_ptr_null(liteio_catalog_pending(&m->p.cat));
	ck_assert_int_eq(liteio_catalog_check(&m->p.cat, NULL), 0);
}

/* the pool as it is when one slot is damaged; the disk is as it was when this returns */
static inline void open_without(struct memory_pool *ret, const struct memory_pool *was, int slot)
{
	static char whole[LITEIO_ONDISK_BLOCK], noise[LITEIO_ONDISK_BLOCK];
	off_t at = slot_at(slot);

	ck_assert_int_eq(pread(was->fd, whole, sizeof(whole), at), sizeof(whole));
	ck_assert_int_eq(pwrite(was->fd, noise, sizeof(noise), at), sizeof(noise));
	memory_open(ret, was->fd, was->thin);
	ck_assert_int_eq(pwrite(was->fd, whole, sizeof(whole), at), sizeof(whole));
}

#endif
