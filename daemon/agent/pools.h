/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The open pools of this node, and finding a volume in them.
 *
 * Context of all functions: any thread, unless said otherwise.
 */
#ifndef LITEIO_AGENT_POOLS_H
#define LITEIO_AGENT_POOLS_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/locks.h"
#include "base/uuid.h"
#include "pool/pool.h"

struct liteio_agent;
struct liteio_error;
struct liteio_pools;
struct liteio_waiter;
struct liteio_wish;
struct liteio_workers;

/**
 * struct liteio_open_pool - one open pool
 * @table: that it is, or was, in
 * @leaves: it is out of it, and may be put back: what is done to it, "exported"; under the table's
 *	lock
 * @has: what is in it, while it is out; under the table's lock
 * @n_has: so many
 * @engine: what daemon/pool made of it; its lane functions only between enter and leave
 * @name: of the pool
 * @uuid: of the pool
 * @remote: it is on the disk that other nodes use it (liteio_pools_remember_remote()); never unset
 * @places: it is on the disk that all its exports are written down (places.h); never unset
 * @reclaims: a job gives space back
 * @reclaimed: one has been begun since it is open
 * @repairs: its metadata are being repaired
 * @awake_ms: when the disk of its metadata has answered last
 * @is_asleep: it has not since it was asked last
 * @refs: users, the table included; under the table's lock
 * @lock: covers what follows
 * @creations: volumes that wait to be created, in the order they came (creations.h)
 * @rights: likewise what waits to be attached (rights.h)
 * @snapshots: and of what a snapshot is to be taken (snapshots.h)
 * @endings: and to be fenced (endings.h)
 * @changed: a fence may enter
 * @busy: somebody is in the lane
 * @since_ms: since when, by liteio_now_ms()
 * @is_silent: somebody was told that it has not ended and that the disk may not answer
 * @n_loading: so many thin devices are being loaded, in no lane
 * @moved_ms: when the first of them was begun, or one has ended last
 * @answered_ms: when the kernel has answered last, by liteio_now_ms(): at the end of a look, or who
 *	has asked by himself
 * @urgent: how many fences wait for the lane: they go first
 * @first: of the others who wait, in the order they came: who leaves and comes again at once stands
 *         behind them
 * @last: where the next one is put
 */
struct liteio_open_pool {
	struct liteio_pools *table;
	const char *leaves;
	struct liteio_catalog_volume *has;
	size_t n_has;
	struct liteio_pool *engine;
	char name[LITEIO_ONDISK_NAME];
	struct liteio_uuid uuid;
	_Atomic bool remote;
	_Atomic bool places;
	_Atomic bool reclaims;
	_Atomic bool reclaimed;
	_Atomic bool repairs;
	_Atomic uint64_t awake_ms;
	_Atomic bool is_asleep;
	unsigned int refs;
	pthread_mutex_t lock;
	struct liteio_wish *creations;
	struct liteio_wish *rights;
	struct liteio_wish *snapshots;
	struct liteio_wish *endings;
	pthread_cond_t changed;
	bool busy;
	uint64_t since_ms;
	bool is_silent;
	unsigned int n_loading;
	uint64_t moved_ms;
	uint64_t answered_ms;
	unsigned int urgent;
	struct liteio_waiter *first;
	struct liteio_waiter **last;
};

struct liteio_pools *liteio_pools_new(void);
/*
 * Who looks at a pool does so on one of @looks, and waits for it; who looks at several waits on
 * some of @askers. Nobody else uses them, or he would wait for those who wait. Before there are
 * pools
 */
void liteio_pools_set_workers(struct liteio_pools *t, struct liteio_workers *looks,
			      struct liteio_workers *askers);
/* those, or NULL: who asks does it himself */
struct liteio_workers *liteio_pools_looks(const struct liteio_pools *t);
struct liteio_workers *liteio_pools_askers(const struct liteio_pools *t);
/*
 * @fn is called, on any thread and under no lock but a pool's lane, when there may be something new
 * to say of a pool: its condition is another one, it is new, or its disk answers again after a
 * while; or when it has to be looked at by the clock (liteio_pool_keep_mark()). NULL: nobody wants
 * to know
 */
void liteio_pools_tell(struct liteio_pools *t, void (*fn)(void *arg), void *arg);
/* forgets the pools and leaves them in the kernel as they are */
void liteio_pools_free(struct liteio_pools *t);

/**
 * liteio_pools_add() - take an open pool into the table
 * @t: the table
 * @engine: owned by the table when this succeeds
 * @ret: with a reference for the caller
 * @err: the name or the uuid is there already, or of one that may be put back
 *
 * Nobody is told: the caller may hold a lock, and says so when he has let go of it. Return: 0 or
 * -EEXIST.
 */
int liteio_pools_add(struct liteio_pools *t, struct liteio_pool *engine,
		     struct liteio_open_pool **ret, struct liteio_error *err);
/* nobody has looked at what was added. Context: no lock is held, see liteio_pools_tell() */
void liteio_pools_say_added(struct liteio_pools *t);
/**
 * liteio_pools_take_out() - take a pool out that nobody else uses
 * @t: the table
 * @p: the caller's reference is the only one afterwards
 * @what: is done to it, for sentences: "exported"
 * @err: somebody uses it still after some seconds
 *
 * Until liteio_pools_left() or liteio_pools_put_back() nobody has it, and it is not gone: nobody
 * opens it, or one of its name, nor is it missing. Context: worker that holds its name
 * (pool_locks.h). Return: 0 or -EBUSY.
 */
int liteio_pools_take_out(struct liteio_pools *t, struct liteio_open_pool *p, const char *what,
			  struct liteio_error *err);
/* it stays after all */
void liteio_pools_put_back(struct liteio_pools *t, struct liteio_open_pool *p);
/* it has gone, and its engine with it; the reference is the caller's still */
void liteio_pools_left(struct liteio_pools *t, struct liteio_open_pool *p);
/*
 * by name; -ENOENT, or -EBUSY while it is out and may be put back; released with
 * liteio_pools_put()
 */
int liteio_pools_get(struct liteio_pools *t, const char *name, struct liteio_open_pool **ret,
		     struct liteio_error *err);
/* by uuid; likewise */
int liteio_pools_get_uuid(struct liteio_pools *t, const struct liteio_uuid *uuid,
			  struct liteio_open_pool **ret);

/**
 * struct liteio_sought - a volume or snapshot that somebody looks for
 * @kind: of that name
 * @name: NULL: by its uuid
 * @uuid: likewise
 */
struct liteio_sought {
	enum liteio_catalog_kind kind;
	const char *name;
	const struct liteio_uuid *uuid;
};

/*
 * Every pool, each with a reference, for who looks for something in them (@what; NULL: nothing);
 * released with liteio_pools_put_all(), whatever is returned. -EBUSY: one that was out at that
 * moment, and may be put back, has it, or gives back the space of one that had this name
 */
int liteio_pools_all_for(struct liteio_pools *t, const struct liteio_sought *what,
			 struct liteio_open_pool ***ret, size_t *ret_n, struct liteio_error *err);
/* all of them, likewise */
void liteio_pools_all(struct liteio_pools *t, struct liteio_open_pool ***ret, size_t *ret_n);
/*
 * goes on whenever a pool comes into the table, is taken out, or has gone: who has not found
 * something in it, and concludes from that, asks whether it is what it was
 */
uint64_t liteio_pools_changes(struct liteio_pools *t);
void liteio_pools_put_all(struct liteio_pools *t, struct liteio_open_pool **all, size_t n);
void liteio_pools_put(struct liteio_pools *t, struct liteio_open_pool *p);
/*
 * is it in the table, or out of it and may be put back? It may have gone as soon as this is
 * answered
 */
static inline bool liteio_pools_is_open(struct liteio_pools *t, const struct liteio_uuid *uuid)
{
	struct liteio_open_pool *p;
	int r = liteio_pools_get_uuid(t, uuid, &p);

	if (!r)
		liteio_pools_put(t, p);
	return !r || r == -EBUSY;
}
/* a reference more, for who has one */
void liteio_pools_hold(struct liteio_open_pool *p);

/**
 * liteio_pools_enter() - be alone in the pool's lane
 * @p: the pool
 * @urgent: before all that are not
 *
 * Context: worker; waits for the lane function that is running, each of which is bounded
 * (daemon/pool deletes in slices), and for those that came before. Return: @p.
 */
struct liteio_open_pool *liteio_pools_enter(struct liteio_open_pool *p, bool urgent);
void liteio_pools_leave(struct liteio_open_pool *p);
/*
 * for so long one and the same has had the lane, or no load of a thin device has ended of those
 * that are under way; 0 when there is nothing. Any thread
 */
uint64_t liteio_pools_busy_ms(struct liteio_open_pool *p);
/* around what is loaded in no lane: it hangs with the disk, too. Any thread */
void liteio_pools_load_begin(struct liteio_open_pool *p);
void liteio_pools_load_end(struct liteio_open_pool *p);

static inline void liteio_pools_leavep(struct liteio_open_pool **p)
{
	if (*p)
		liteio_pools_leave(*p);
}

/**
 * enum liteio_lane_for - how long to wait for the lane
 * @LITEIO_LANE_LOOK: numbers: LITEIO_LOOK_MS, and not for one who has had it for so long already;
 *	there are older ones
 * @LITEIO_LANE_FENCE: before all that is no fence: 20 s; who wants it asks again
 * @LITEIO_LANE_CHANGE: a minute
 * @LITEIO_LANE_MEET: who has other pools waiting meanwhile (moment.h): LITEIO_MEET_MS
 *
 * What is in the lane is bounded as long as the disk answers. One that hangs must not take along
 * who waits: a worker each, of which there are not many, and the pools beside it are well.
 */
enum liteio_lane_for {
	LITEIO_LANE_LOOK,
	LITEIO_LANE_FENCE,
	LITEIO_LANE_CHANGE,
	LITEIO_LANE_MEET,
};

/* a disk that lets one wait so long does not answer: on a slow machine one that is well does */
#define LITEIO_LOOK_MS 10000
#define LITEIO_MEET_MS 1500

/**
 * liteio_lane_enter() - be alone in the pool's lane, unless that takes too long
 * @p: the pool
 * @what_for: how long that is
 * @ret: @p, to leave it with
 * @err: since when it has not been free
 *
 * Who only looks does not even wait when one and the same has had the lane for so long already.
 * Context: worker. Return: 0; -ETIMEDOUT; -EAGAIN, for who only looks: others were before all the
 * while, and each of them has got on.
 */
int liteio_lane_enter(struct liteio_open_pool *p, enum liteio_lane_for what_for,
		      struct liteio_open_pool **ret, struct liteio_error *err);

/*
 * the same, unless what it is for was done by another one in the lane: 0 without @ret then.
 * @is_done is under the pool's lock; whoever sets it calls liteio_lane_recall() before letting go
 * of that
 */
int liteio_lane_enter_unless(struct liteio_open_pool *p, enum liteio_lane_for what_for,
			     const bool *is_done, struct liteio_open_pool **ret,
			     struct liteio_error *err);
void liteio_lane_recall(struct liteio_open_pool *p);

/*
 * who has the lane since @since_ms has it still, and does not get on: the sentence. False: it has
 * left. Any thread
 */
bool liteio_lane_is_silent(struct liteio_open_pool *p, uint64_t since_ms, struct liteio_error *err);

/* for liteio_lane_enter(): left at the end of the scope */
#define LITEIO_LANE(name) struct liteio_open_pool *(name) _cleanup_(liteio_pools_leavep) = NULL

/*
 * in the lane until the end of the scope, however long it takes to come in: where nobody else can
 * be there, as nobody else has the pool
 */
#define liteio_lane_guard(p, urgent) \
	struct liteio_open_pool *lane_guard _cleanup_(liteio_pools_leavep) \
		__attribute__((unused)) = liteio_pools_enter(p, urgent)

/**
 * typedef liteio_look_fn - a question to a pool
 * @engine: in its lane
 * @ret: memory for the answer, zeroed, or a copy of what was handed to liteio_pools_do_for(); not
 *	that of the caller, and plain bytes: nothing to release
 * @err: why there is none
 *
 * Return: 0 or a negative errno, and it has answered; or positive: nobody had to be asked.
 */
typedef int (*liteio_look_fn)(struct liteio_pool *engine, void *ret, struct liteio_error *err);

/**
 * liteio_pools_look() - ask, and wait for the answer no longer than LITEIO_LOOK_MS,
 *	once it has been asked
 * @p: the pool
 * @fn: asks, in the lane, on another thread: one that hangs keeps the lane until the disk answers
 * @ret: its answer, when there is one
 * @len: of that
 * @err: of @fn, or that the disk may not answer
 *
 * The kernel's status of a thin pool waits for a commit of its metadata that is under way, so even
 * who only looks can hang with the disk. Context: worker. Return: that of @fn, or of
 * liteio_lane_enter().
 */
int liteio_pools_look(struct liteio_open_pool *p, liteio_look_fn fn, void *ret, size_t len,
		      struct liteio_error *err);
/**
 * liteio_pools_do_for() - change something, and wait no longer than so long for its end
 * @p: the pool
 * @what_for: in the lane
 * @fn: as of liteio_pools_look(): it goes on when nobody waits for it any more
 * @data: for @fn, and what that has made of it, when it has ended without error
 * @len: of that
 * @ms: so long, once the lane is entered
 * @err: of @fn, or that the disk may not answer
 *
 * Context: worker. Return: that of @fn; -ETIMEDOUT: it may still be done, late; or that of
 * liteio_lane_enter().
 */
int liteio_pools_do_for(struct liteio_open_pool *p, enum liteio_lane_for what_for,
			liteio_look_fn fn, void *data, size_t len, uint64_t ms,
			struct liteio_error *err);
/* the same, as liteio_lane_enter_unless(): 0, and @data as it was, when another one has done it */
int liteio_pools_do_for_unless(struct liteio_open_pool *p, enum liteio_lane_for what_for,
			       const bool *is_done, liteio_look_fn fn, void *data, size_t len,
			       uint64_t ms, struct liteio_error *err);
/* liteio_pools_look(), but once it has been asked it is waited for so long */
int liteio_pools_look_for(struct liteio_open_pool *p, liteio_look_fn fn, void *ret, size_t len,
			  uint64_t ms, struct liteio_error *err);
/* the kernel has just answered a question to it that waits for its metadata; in its lane */
void liteio_pools_answered(struct liteio_open_pool *p);
/* it has answered within the last second */
bool liteio_pools_has_answered(struct liteio_open_pool *p);
/*
 * 0 when it has answered within the last second, or does now; else a negative errno. Who then asks
 * by himself may hang all the same, but only with a disk that begins to at that moment. Context:
 * worker
 */
int liteio_pools_answers(struct liteio_open_pool *p, struct liteio_error *err);

/* liteio_pool_awake(), liteio_pool_await(), which are remembered; worker, no lane */
int liteio_pools_ask_awake(struct liteio_open_pool *p, struct liteio_error *err);
void liteio_pools_await(struct liteio_open_pool *p);
/*
 * before the kernel is asked for a device of a volume: 0 when its disk has answered, or taken a
 * catalog, within the last second, or answers now; -ETIMEDOUT. pool/awake.h says why. Worker, no
 * lane
 */
int liteio_pools_check_awake(struct liteio_open_pool *p, struct liteio_error *err);
/*
 * liteio_pools_look() of who reads the metadata's tree: once its disk has answered for all of that,
 * in no lane. One block that is silent keeps nobody else from the pool; only one that begins to be
 * so between both. Return: likewise, or -ETIMEDOUT, and @fn was not asked
 */
int liteio_pools_look_awake(struct liteio_open_pool *p, liteio_look_fn fn, void *ret, size_t len,
			    struct liteio_error *err);

/**
 * struct liteio_pools_state - what a pool is, now
 * @info: with the kernel's numbers of now, or older ones: because its disk does not answer, which
 *	condition and reason say then, or because others were before for too long
 * @shared_bytes: liteio_pool_shared(), if that was asked, too
 * @shared_known: it was, and could be told
 */
struct liteio_pools_state {
	struct liteio_pool_info info;
	uint64_t shared_bytes;
	bool shared_known;
};

/*
 * @is_all: what is shared, too: a question to every device of the pool. Context: worker; within
 * twice LITEIO_LOOK_MS, and at once when its disk has not answered for so long already
 */
void liteio_pools_state(struct liteio_open_pool *p, bool is_all, struct liteio_pools_state *ret);

/**
 * typedef liteio_pools_each_fn - called for one of several pools
 * @arg: of all of them
 * @p: the pool
 * @i: which one of them it is
 */
typedef void (*liteio_pools_each_fn)(void *arg, struct liteio_open_pool *p, size_t i);

/**
 * liteio_pools_each() - something for several pools, beside each other
 * @t: the table
 * @all: the pools; @fn may put one and forget it
 * @n: how many
 * @fn: may wait as long as a look or two do; on any thread
 * @arg: for it
 *
 * Those that hang are waited for together. Context: worker; ends when all have.
 */
void liteio_pools_each(struct liteio_pools *t, struct liteio_open_pool **all, size_t n,
		       liteio_pools_each_fn fn, void *arg);

/**
 * struct liteio_target - a volume or snapshot that an operation is about
 * @agent: the agent
 * @pool: where it is; a reference
 * @volume: its record, as it was when it was locked
 * @lock: nobody else works on it
 */
struct liteio_target {
	struct liteio_agent *agent;
	struct liteio_open_pool *pool;
	struct liteio_catalog_volume volume;
	struct liteio_named_lock *lock;
};

/**
 * liteio_target_find() - find what is meant, without locking
 * @a: the agent
 * @kind: volume or snapshot
 * @name: its name; or its uuid, which is that of no other one whatever they are called
 * @ret: released with liteio_target_fini()
 * @err: why not
 *
 * A name is one object's on a node; but pools that were made on different nodes may be open
 * together. What two of them have is meant by its uuid alone, until one is called otherwise.
 * Context: any thread. Return: 0, -ENOENT no pool has it, -EEXIST two pools have one of that name,
 * or -EBUSY: one has it that is out of the table, and may be put back.
 */
int liteio_target_find(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		       struct liteio_target *ret, struct liteio_error *err);
/* the same by the name alone: is it taken? Only -ENOENT says that it is free */
int liteio_target_find_name(struct liteio_agent *a, enum liteio_catalog_kind kind,
			    const char *name, struct liteio_target *ret, struct liteio_error *err);
int liteio_target_find_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    struct liteio_target *ret, struct liteio_error *err);
/* find, and wait until nobody else works on it (worker) */
int liteio_target_open(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		       struct liteio_target *ret, struct liteio_error *err);
void liteio_target_fini(struct liteio_target *t);

/* a name that somebody else is about to give is waited for so long, which is as long as a lane */
#define LITEIO_NAME_MS 60000
uint64_t liteio_name_until(void); /* so long from now */
/**
 * liteio_name_take() - nobody else gives this name to a volume, or snapshot, in any pool
 * @a: the agent
 * @kind: volume or snapshot
 * @name: that is to be looked for and given
 * @until_ms: by liteio_now_ms()
 * @ret: given back with liteio_locks_give(), when the name is given or not wanted
 * @err: somebody is at it: what he works on may hang; or a pool on its way here has it (claims.h)
 *
 * Context: worker. Return: 0 or -EBUSY.
 */
int liteio_name_take(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		     uint64_t until_ms, struct liteio_named_lock **ret, struct liteio_error *err);

/**
 * liteio_uuid_take() - nobody else gives this uuid to anything, in any pool
 * @a: the agent
 * @uuid: a null one: it gets its own, and nothing is taken
 * @ret: given back with liteio_locks_give(), when the uuid is given or not wanted
 * @err: who has it
 *
 * After liteio_name_take(), by who has not found the name: what was begun before and is asked for
 * again has its uuid. It waits for nobody, so several may be taken in any order. Context: worker.
 * Return: 0; -EEXIST; -EBUSY somebody is at it, or a pool that is on its way here, or is out of the
 * table and may be put back, has it; or -EAGAIN what has it is being deleted.
 */
int liteio_uuid_take(struct liteio_agent *a, const struct liteio_uuid *uuid,
		     struct liteio_named_lock **ret, struct liteio_error *err);

/*
 * may a pool that is not in the table come in, as far as uuids are concerned? 0; -EEXIST with one
 * that another one has; -EBUSY one that is out has it, or it is about to be given, or deleted.
 * After liteio_claim_names()
 */
int liteio_target_check_uuids(struct liteio_agent *a, struct liteio_pool *engine,
			      struct liteio_error *err);
/*
 * the same, and -EEXIST with names that it and others have, or are about to be given: for one that
 * somebody imports. One that this node knows comes with its names: what two have then is told apart
 * by its uuid (liteio_target_find())
 */
int liteio_target_check_names(struct liteio_agent *a, struct liteio_pool *engine,
			      struct liteio_error *err);
/*
 * liteio_publish_name() of a volume of this node. One of a name that another one has which is
 * attached here, too, gets none: what is there stays
 */
int liteio_target_publish(struct liteio_agent *a, const struct liteio_catalog_volume *v,
			  const char *device, struct liteio_error *err);

/* a target that is released at the end of the scope; needs base/cleanup.h */
#define LITEIO_TARGET(name) struct liteio_target name _cleanup_(liteio_target_fini) = { 0 }

/**
 * liteio_pools_remember() - write down which pools this node has open
 * @a: the agent
 * @err: why not
 *
 * What is written down is opened again at the next start; so is what matches "devices" of the
 * configuration. One that was not found then stays written down until it is forgotten. A list that
 * is there and can not be read is left as it is. What goes off the list here and below is given up,
 * and its places go (places.h). Context: worker. Return: 0 or a negative errno.
 */
int liteio_pools_remember(struct liteio_agent *a, struct liteio_error *err);
/* the same once somebody has made or imported @p: what was known by its name is given up; worker */
int liteio_pools_remember_new(struct liteio_agent *a, const struct liteio_open_pool *p,
			      struct liteio_error *err);
/* before the first remote consumer of a pool is let in: write down that it has one; worker */
int liteio_pools_remember_remote(struct liteio_agent *a, struct liteio_open_pool *p,
				 struct liteio_error *err);

/* all its exports are written down, and every one to come will be before it is let in; worker */
int liteio_pools_remember_places(struct liteio_agent *a, struct liteio_open_pool *p,
				 struct liteio_error *err);

/**
 * liteio_pools_forget() - no longer wait for a pool that is not there
 * @a: the agent
 * @name: the pool's
 * @ret_known: it was known and is not open; now it is not known any more
 * @err: why not
 *
 * Context: worker. Return: 0 or a negative errno.
 */
int liteio_pools_forget(struct liteio_agent *a, const char *name, bool *ret_known,
			struct liteio_error *err);

/* deleted or exported: taken out of the table, and now off the list; worker */
int liteio_pools_forget_gone(struct liteio_agent *a, const struct liteio_uuid *uuid,
			     struct liteio_error *err);

/* taken out of the table to be deleted: it stays on the list, and nobody waits for it; worker */
int liteio_pools_wait_no_more(struct liteio_agent *a, const struct liteio_uuid *uuid,
			      struct liteio_error *err);

/*
 * known pools that are not open and had remote consumers, for which no places are held (places.h),
 * and those that are still being opened and may have had some, unless they were given up: "pool a,
 * pool b" in new memory, or NULL. Reads the list; one that can not be read has all missing. Worker
 */
char *liteio_pools_missing(struct liteio_agent *a);

/* the uuid of the pool that is known by this name, open or not: 0 or -ENOENT. Worker */
int liteio_pools_known_uuid(struct liteio_agent *a, const char *name, struct liteio_uuid *ret);

/* the file in which a known pool is, in new memory; NULL when it is in none. Worker */
char *liteio_pools_known_file(struct liteio_agent *a, const char *name);

/**
 * liteio_pools_open_known() - open every pool that this node should have
 * @a: the agent, starting
 *
 * Those that can not be opened are logged and left alone. One that was exported is not opened, and
 * not known any more. One whose disk does not answer, or that takes long to open, is not waited
 * for: it comes into the table later, and its exports are brought back then.
 * Context: worker.
 */
void liteio_pools_open_known(struct liteio_agent *a);

/* known pools that are not open, whoever used them, or have lost a disk; reads the list; worker */
bool liteio_pools_any_missing(struct liteio_agent *a);
/* one could not be opened because of what ends by itself: it may have. Context: one worker */
bool liteio_pools_try_again(void);
/*
 * open those of them that are there now; @opened is called for each, which is in the table then,
 * on a worker; for those that are not waited for, later. @is_again: why some can not be opened was
 * said before. Context: worker that shares "pools" (pool_locks.h)
 */
void liteio_pools_open_missing(struct liteio_agent *a, bool is_again,
			       void (*opened)(struct liteio_agent *a, struct liteio_open_pool *p));

/**
 * liteio_pools_reclaim() - give the space of deleted volumes back, slice by slice, until all is
 * @p: the pool
 * @uuid: of the volume whose space is what whoever watches this thread sees come back
 * @err: why not
 *
 * Context: worker. Return: 0 or a negative errno.
 */
int liteio_pools_reclaim(struct liteio_open_pool *p, const struct liteio_uuid *uuid,
			 struct liteio_error *err);
/* whoever listens is told that there are none any more; any thread */
void liteio_pools_reclaimed(struct liteio_agent *a, const struct liteio_open_pool *p);
/* the same, on another worker, while everything else goes on; any thread */
void liteio_pools_reclaim_later(struct liteio_agent *a, struct liteio_open_pool *p);
/*
 * The same for who only looks at it: what such a job has left. A pool that was just opened has
 * heads of what was deleted, until somebody has brought its volumes back (restore.h), and begins
 * one
 */
void liteio_pools_reclaim_rest(struct liteio_agent *a, struct liteio_open_pool *p);

#endif
