// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracking of dirty chunks. Why no write is missed is in dirty.h.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "dirty.h"
#include "registry.h"

/* words between two moments in which a long walk lets others run */
#define WORDS_AT_ONCE 4096

/**
 * struct liteio_dirty_map - the bitmap of an attachment that is tracked
 * @tracking: name of the tracking (constant)
 * @shift: logarithm of the bytes of a chunk (constant)
 * @nr: chunks that there is room for (constant)
 * @words: set by whoever marks, cleared under the mutex
 */
struct liteio_dirty_map {
	u64 tracking;
	unsigned int shift;
	u64 nr;
	atomic64_t words[];
};

/**
 * struct liteio_dirty - all of an attachment's tracking but the map
 * @lock: protects everything here, and who writes att->dirty_map
 * @room: where the longest table that was ever loaded ends, in sectors: a map has room for it
 * @sectors: length of the head, not beyond @room; written under @lock, read anywhere
 * @remaining: bits in the map that are set; counted before they are set, so never too low
 * @ticket: number of the last answer of this tracking, 0 before the first
 * @answer: what it gave out and nobody has confirmed; NULL when not tracked
 */
struct liteio_dirty {
	struct mutex lock; /* tracking of one attachment */
	u64 room;
	u64 sectors;
	atomic64_t remaining;
	u64 ticket;
	struct liteio_ranges *answer;
};

static atomic64_t nr_bytes = ATOMIC64_INIT(0);

static unsigned int dirty_lock(struct liteio_dirty *dirty)
{
	mutex_lock(&dirty->lock);
	return memalloc_noio_save();
}

static void dirty_unlock(struct liteio_dirty *dirty, unsigned int cookie)
{
	memalloc_noio_restore(cookie);
	mutex_unlock(&dirty->lock);
}

static struct liteio_dirty_map *map_of(struct liteio_att *att)
{
	return rcu_dereference_protected(att->dirty_map, lockdep_is_held(&att->dirty->lock));
}

/* --- maps ------------------------------------------------------------------------------------ */

static u64 nr_words(u64 nr)
{
	return DIV_ROUND_UP_ULL(nr, LITEIO_CHUNKS_WORD);
}

static u64 map_bytes(const struct liteio_dirty_map *map)
{
	return struct_size(map, words, nr_words(map->nr));
}

static struct liteio_dirty_map *map_new(u64 tracking, u64 room, unsigned int shift,
					const char **why)
{
	u64 nr = liteio_chunks_nr(room, shift);
	struct liteio_dirty_map *map;

	if (nr > LITEIO_DIRTY_CHUNKS_MAX) {
		*why = "the head has too many chunks of this size to be tracked";
		return ERR_PTR(-E2BIG);
	}
	map = kvzalloc(struct_size(map, words, nr_words(nr)), GFP_KERNEL);
	if (!map) {
		*why = "no memory to track dirty chunks";
		return ERR_PTR(-ENOMEM);
	}
	map->tracking = tracking;
	map->shift = shift;
	map->nr = nr;
	atomic64_add(map_bytes(map), &nr_bytes);
	return map;
}

static void map_free(struct liteio_dirty_map *map)
{
	if (!map)
		return;
	atomic64_sub(map_bytes(map), &nr_bytes);
	kvfree(map);
}

static void map_set(struct liteio_dirty *dirty, atomic64_t *word, u64 mask)
{
	u64 before;

	if (((u64)atomic64_read(word) & mask) == mask)
		return;
	atomic64_add(hweight64(mask), &dirty->remaining);
	before = (u64)atomic64_fetch_or(mask, word) & mask;
	if (before)
		atomic64_sub(hweight64(before), &dirty->remaining);
}

/* a full barrier, whatever was set */
static void map_clear(struct liteio_dirty *dirty, atomic64_t *word, u64 mask)
{
	u64 before = (u64)atomic64_fetch_andnot(mask, word) & mask;

	atomic64_sub(hweight64(before), &dirty->remaining);
}

static void map_set_range(struct liteio_dirty *dirty, struct liteio_dirty_map *map,
			  struct liteio_range range)
{
	u64 end = nr_words(range.chunk + range.len), word;

	for (word = range.chunk / LITEIO_CHUNKS_WORD; word < end; word++)
		map_set(dirty, &map->words[word], liteio_chunks_mask(word, range));
}

static void map_clear_range(struct liteio_dirty *dirty, struct liteio_dirty_map *map,
			    struct liteio_range range)
{
	u64 end = nr_words(range.chunk + range.len), word;

	for (word = range.chunk / LITEIO_CHUNKS_WORD; word < end; word++)
		map_clear(dirty, &map->words[word], liteio_chunks_mask(word, range));
}

/* add the bits of a smaller map that nobody marks in any more; they have been counted there */
static void map_merge(struct liteio_dirty *dirty, struct liteio_dirty_map *map,
		      const struct liteio_dirty_map *old)
{
	u64 end = nr_words(old->nr), word, bits;

	for (word = 0; word < end; word++) {
		bits = atomic64_read(&old->words[word]);
		if (!bits)
			continue;
		bits &= (u64)atomic64_fetch_or(bits, &map->words[word]);
		/* marked in both, and counted twice */
		atomic64_sub(hweight64(bits), &dirty->remaining);
	}
}

/* --- from the I/O path ----------------------------------------------------------------------- */

void liteio_dirty_mark(struct liteio_att *att, const struct liteio_io *io)
{
	struct liteio_dirty_map *map;
	struct liteio_range range;

	if (io->class != LITEIO_CLASS_WRITE && io->class != LITEIO_CLASS_OTHER)
		return;
	rcu_read_lock();
	map = rcu_dereference(att->dirty_map);
	if (map && io->bytes) {
		range = liteio_chunks_of(io->sector, io->bytes, map->shift);
		if (WARN_ON_ONCE(range.chunk + range.len > map->nr))
			range = liteio_chunks_cut(range, map->nr);
		/*
		 * The data is on the device before a bit is found to be set already. Pairs with
		 * map_clear().
		 */
		smp_mb();
		map_set_range(att->dirty, map, range);
	}
	rcu_read_unlock();
}

/* --- answers --------------------------------------------------------------------------------- */

/* what the last answer gave out is marked again, as far as it is still there */
static void put_back(struct liteio_dirty *dirty, struct liteio_dirty_map *map)
{
	u64 nr = liteio_chunks_nr(dirty->sectors, map->shift);
	struct liteio_ranges *answer = dirty->answer;
	u32 i;

	for (i = 0; i < answer->nr; i++)
		map_set_range(dirty, map, liteio_chunks_cut(answer->range[i], nr));
	answer->nr = 0;
}

/* give out what is marked from a chunk on; returns the first one that was not looked at */
static u64 collect(struct liteio_dirty *dirty, struct liteio_dirty_map *map, u64 cursor)
{
	u64 nr = liteio_chunks_nr(dirty->sectors, map->shift);
	struct liteio_range rest = { cursor, nr - cursor };
	u64 word, bits, taken;

	for (word = cursor / LITEIO_CHUNKS_WORD; word < nr_words(nr); word++) {
		if (word % WORDS_AT_ONCE == 0)
			cond_resched();
		bits = atomic64_read(&map->words[word]) & liteio_chunks_mask(word, rest);
		if (!bits)
			continue;
		taken = liteio_ranges_take(dirty->answer, word, bits);
		map_clear(dirty, &map->words[word], taken);
		if (taken != bits)
			return word * LITEIO_CHUNKS_WORD + __ffs64(bits & ~taken);
	}
	return nr;
}

static void fill_state(struct liteio_dirty *dirty, const struct liteio_dirty_map *map,
		       struct liteio_dirty_state *ret)
{
	ret->tracking = map->tracking;
	ret->shift = map->shift;
	ret->chunks = liteio_chunks_nr(READ_ONCE(dirty->sectors), map->shift);
	ret->remaining = atomic64_read(&dirty->remaining);
}

/* @tracking: the only one that will do, or NULL */
static int check_tracking(const struct liteio_dirty_map *map, const u64 *tracking,
			  const char **why)
{
	if (!map) {
		*why = "dirty chunks of the attachment are not tracked";
		return -ENODATA;
	}
	if (tracking && map->tracking != *tracking) {
		*why = "the tracking has ended, its marks are lost";
		return -ESTALE;
	}
	return 0;
}

int liteio_dirty_fetch(struct liteio_att *att, struct liteio_dirty_fetch *fetch, const char **why)
{
	struct liteio_dirty *dirty = att->dirty;
	unsigned int cookie = dirty_lock(dirty);
	struct liteio_dirty_map *map = map_of(att);
	int ret;

	ret = check_tracking(map, &fetch->tracking, why);
	if (!ret && fetch->cursor > liteio_chunks_nr(dirty->sectors, map->shift)) {
		*why = "the cursor is beyond the last chunk";
		ret = -ERANGE;
	}
	if (!ret) {
		if (fetch->ticket != dirty->ticket)
			put_back(dirty, map);
		liteio_ranges_init(dirty->answer, fetch->max_chunks);
		fetch->cursor = collect(dirty, map, fetch->cursor);
		fetch->ticket = ++dirty->ticket;
		fetch->ranges = *dirty->answer;
		fill_state(dirty, map, &fetch->state);
	}
	dirty_unlock(dirty, cookie);
	return ret;
}

void liteio_dirty_take_back(struct liteio_att *att, const struct liteio_dirty_fetch *fetch)
{
	struct liteio_dirty *dirty = att->dirty;
	unsigned int cookie = dirty_lock(dirty);
	struct liteio_dirty_map *map = map_of(att);

	if (map && map->tracking == fetch->tracking && dirty->ticket == fetch->ticket)
		put_back(dirty, map);
	dirty_unlock(dirty, cookie);
}

bool liteio_dirty_state(struct liteio_att *att, struct liteio_dirty_state *ret)
{
	struct liteio_dirty_map *map;

	rcu_read_lock();
	map = rcu_dereference(att->dirty_map);
	if (map)
		fill_state(att->dirty, map, ret);
	rcu_read_unlock();
	return map;
}

/* --- the life of a tracking ------------------------------------------------------------------ */

struct liteio_dirty *liteio_dirty_new(void)
{
	struct liteio_dirty *dirty = kzalloc(sizeof(*dirty), GFP_KERNEL);

	if (dirty)
		mutex_init(&dirty->lock);
	return dirty;
}

static void answer_free(struct liteio_ranges *answer)
{
	if (!answer)
		return;
	atomic64_sub(sizeof(*answer), &nr_bytes);
	kfree(answer);
}

void liteio_dirty_free(struct liteio_dirty *dirty, struct liteio_dirty_map *map)
{
	map_free(map);
	answer_free(dirty->answer);
	mutex_destroy(&dirty->lock);
	kfree(dirty);
}

u64 liteio_dirty_bytes(void)
{
	return atomic64_read(&nr_bytes);
}

static u64 new_name(void)
{
	u64 name;

	do {
		name = get_random_u64();
	} while (!name);
	return name;
}

static int begin(struct liteio_att *att, unsigned int shift, const char **why)
{
	struct liteio_dirty *dirty = att->dirty;
	struct liteio_dirty_map *map;

	map = map_new(new_name(), dirty->room, shift, why);
	if (IS_ERR(map))
		return PTR_ERR(map);
	dirty->answer = kzalloc(sizeof(*dirty->answer), GFP_KERNEL);
	if (!dirty->answer) {
		map_free(map);
		*why = "no memory to track dirty chunks";
		return -ENOMEM;
	}
	atomic64_add(sizeof(*dirty->answer), &nr_bytes);
	dirty->ticket = 0;
	rcu_assign_pointer(att->dirty_map, map);
	/* every end of an I/O that saw no map is over, and everybody can see what it wrote */
	synchronize_rcu();
	return 0;
}

/* nobody marks any more: forget what was marked */
static void end(struct liteio_att *att, struct liteio_dirty_map *map)
{
	struct liteio_dirty *dirty = att->dirty;

	rcu_assign_pointer(att->dirty_map, NULL);
	synchronize_rcu();
	map_free(map);
	answer_free(dirty->answer);
	dirty->answer = NULL;
	atomic64_set(&dirty->remaining, 0);
}

/* of an attachment that was deleted nothing is told */
static int tell(struct liteio_att *att, u64 shift, const char **why)
{
	unsigned int cookie = liteio_registry_lock();
	bool is_gone = att->is_gone;

	if (!is_gone)
		liteio_registry_event(LITEIO_EVENT_DIRTY_CHANGED, att->vol, att, shift);
	liteio_registry_unlock(cookie);
	if (!is_gone)
		return 0;
	*why = "the attachment was deleted";
	return -ENOENT;
}

int liteio_dirty_start(struct liteio_att *att, unsigned int shift, struct liteio_dirty_state *ret,
		       const char **why)
{
	struct liteio_dirty *dirty = att->dirty;
	unsigned int cookie = dirty_lock(dirty);
	int error = -EBUSY;

	if (map_of(att))
		*why = "dirty chunks of the attachment are tracked already";
	else
		error = begin(att, shift, why);
	if (!error) {
		fill_state(dirty, map_of(att), ret);
		error = tell(att, shift, why);
		if (error)
			end(att, map_of(att));
	}
	dirty_unlock(dirty, cookie);
	return error;
}

int liteio_dirty_stop(struct liteio_att *att, const u64 *tracking, const char **why)
{
	struct liteio_dirty *dirty = att->dirty;
	unsigned int cookie = dirty_lock(dirty);
	struct liteio_dirty_map *map = map_of(att);
	int ret = check_tracking(map, tracking, why);

	if (!ret) {
		end(att, map);
		ret = tell(att, 0, why);
	}
	dirty_unlock(dirty, cookie);
	return ret;
}

/* --- heads that grow and shrink -------------------------------------------------------------- */

static int grow(struct liteio_att *att, struct liteio_dirty_map *old, u64 room, const char **why)
{
	struct liteio_dirty_map *map = map_new(old->tracking, room, old->shift, why);

	if (IS_ERR(map))
		return PTR_ERR(map);
	rcu_assign_pointer(att->dirty_map, map);
	/* whoever marks in the old one has done so */
	synchronize_rcu();
	map_merge(att->dirty, map, old);
	map_free(old);
	return 0;
}

int liteio_dirty_make_room(struct liteio_att *att, u64 sectors, const char **why)
{
	struct liteio_dirty *dirty = att->dirty;
	unsigned int cookie = dirty_lock(dirty);
	struct liteio_dirty_map *map = map_of(att);
	int ret = 0;

	if (sectors > dirty->room) {
		if (map && liteio_chunks_nr(sectors, map->shift) > map->nr)
			ret = grow(att, map, sectors, why);
		if (!ret)
			dirty->room = sectors;
	}
	dirty_unlock(dirty, cookie);
	return ret;
}

void liteio_dirty_resize(struct liteio_att *att, u64 sectors)
{
	struct liteio_dirty *dirty = att->dirty;
	unsigned int cookie = dirty_lock(dirty);
	struct liteio_dirty_map *map = map_of(att);
	u64 before, after;

	/* beyond @room there are targets of others in the table */
	sectors = min(sectors, dirty->room);
	if (map && sectors > dirty->sectors) {
		/* the chunk of the first new sector, which may have been there in part */
		before = liteio_chunks_of(dirty->sectors, 1, map->shift).chunk;
		after = liteio_chunks_nr(sectors, map->shift);
		map_set_range(dirty, map, (struct liteio_range){ before, after - before });
	} else if (map && sectors < dirty->sectors) {
		before = liteio_chunks_nr(dirty->sectors, map->shift);
		after = liteio_chunks_nr(sectors, map->shift);
		map_clear_range(dirty, map, (struct liteio_range){ after, before - after });
	}
	WRITE_ONCE(dirty->sectors, sectors);
	dirty_unlock(dirty, cookie);
}
