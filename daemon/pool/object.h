/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool object, for the pool_*.c files only.
 *
 * Lane functions read the catalog freely, as nobody else changes it, and change it only through
 * liteio_pool_persist(): a copy is written to the disk and then swapped in under the lock.
 */
#ifndef LITEIO_POOL_OBJECT_H
#define LITEIO_POOL_OBJECT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "pool/engine.h"
#include "pool/pool.h"
#include "pool/step.h"
#include "pool/store.h"

/**
 * struct liteio_pool - an open pool
 * @lock: covers @cat (replacing it), @status, @condition, @reason, @reason_word
 * @store: lane only
 * @engine: lane only
 * @cat: what is on the disk
 * @status: of the engine, as of the last refresh
 * @condition: what can be done
 * @is_stuck: @condition was found when the pool was opened and stays until it is opened again
 * @reason: the sentence
 * @reason_word: for programs
 * @file: backing file of a loop device, or ""
 */
struct liteio_pool {
	pthread_mutex_t lock;
	struct liteio_store store;
	struct liteio_engine *engine;
	struct liteio_catalog cat;
	struct liteio_engine_status status;
	enum liteio_pool_condition condition;
	bool is_stuck;
	char reason[512];
	char reason_word[32];
	char file[4096];
};

/* a copy of the catalog to change; handed to liteio_pool_persist() or liteio_catalog_fini() */
void liteio_pool_draft(struct liteio_pool *p, struct liteio_catalog *ret);
/* write the draft and make it the catalog; takes it over in any case */
int liteio_pool_persist(struct liteio_pool *p, struct liteio_catalog *draft,
			struct liteio_error *err);
/* the same, to one slot after the other: for what must outlive the loss of either */
int liteio_pool_persist_both(struct liteio_pool *p, struct liteio_catalog *draft,
			     struct liteio_error *err);
/* -EROFS with the reason unless volumes can be modified */
int liteio_pool_check_writable(struct liteio_pool *p, struct liteio_error *err);
void liteio_pool_set_condition(struct liteio_pool *p, enum liteio_pool_condition c,
			       const char *word, bool is_stuck, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * Bring an operation that was interrupted to its end or its beginning, by the kernel's transaction
 * id; 0 when none is pending. Sets the condition when the id is none of the two that it may be.
 */
int liteio_pool_settle(struct liteio_pool *p, struct liteio_error *err);

/* the same, and nothing is under way any more, and volumes can be modified */
int liteio_pool_settle_all(struct liteio_pool *p, struct liteio_error *err);

/*
 * An operation that was interrupted by an error, not by the end of the process: settled now if that
 * can be, else by the next operation or the next opening. The kernel may have been told
 * (@is_told), or the records are dropped.
 */
void liteio_pool_abandon(struct liteio_pool *p, bool is_told);

/* -ENOENT with the sentence */
int liteio_pool_no_volume(struct liteio_pool *p, const struct liteio_uuid *uuid,
			  struct liteio_error *err);

/* the step tables, for liteio_pool_steps() */
extern const char *const liteio_pool_format_steps[];
extern const char *const liteio_pool_open_steps[];
extern const char *const liteio_pool_volume_steps[];
extern const char *const liteio_pool_reclaim_steps[];
extern const char *const liteio_pool_grant_steps[];
extern const char *const liteio_pool_rollback_steps[];
extern const char *const liteio_pool_group_steps[];
extern const char *const liteio_pool_change_steps[];

#endif
