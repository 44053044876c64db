// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fence is in both slots when it is answered, and costs what has changed, not what is there:
 * whichever slot is lost, by itself or because a sector of it had rotted unread, no older floor
 * comes back, wherever the power is cut.
 */
#include "pool/copies.h"
#include "pool_wishes.h"
#include "unit.h"

/* the end of it, which is zero */
#define FIRST_RECORD (LITEIO_ONDISK_BLOCK + 400)

/* what is told of the catalog that an agent would find: the floor of a volume, or 0 for none */
static uint64_t floor_on_disk(int fd, const struct liteio_uuid *uuid, size_t *ret_rights)
{
	struct liteio_store s = slots_store(fd);
	struct liteio_catalog c;
	uint64_t floor = 0;
	size_t first;

	*ret_rights = 0;
	if (!liteio_store_read_catalog(&s, &c, NULL)) {
		floor = liteio_catalog_find(&c, uuid)->floor;
		*ret_rights = liteio_catalog_atts_of(&c, uuid, &first);
		liteio_catalog_fini(&c);
	}
	liteio_store_close(&s);
	return floor;
}

/* likewise without one slot, which is as it was when this returns */
static uint64_t floor_without(int fd, int slot, const struct liteio_uuid *uuid, size_t *ret_rights)
{
	static char was[SECTOR], noise[SECTOR];
	uint64_t floor;

	ck_assert_int_eq(pread(fd, was, sizeof(was), slot_at(slot)), sizeof(was));
	ck_assert_int_eq(pwrite(fd, noise, sizeof(noise), slot_at(slot)), sizeof(noise));
	floor = floor_on_disk(fd, uuid, ret_rights);
	ck_assert_int_eq(pwrite(fd, was, sizeof(was), slot_at(slot)), sizeof(was));
	return floor;
}

/* a right to each volume */
static void begin(struct memory_pool *m)
{
	memory_new(m);
	create_all(m);
	for (unsigned int i = 0; i < N; i++) {
		const struct liteio_catalog_attachment att = {
			.volume = uuid_of(i), .generation = 1, .flags = LITEIO_CATALOG_ATT_LOCAL,
		};

		ck_assert_int_eq(liteio_pool_attachment_add(&m->p, &att, NULL), 0);
	}
}

static void end(struct memory_pool *m)
{
	memory_close(m);
	close(m->fd);
}

/* as a detach does, or a fence to a floor */
static void fence(struct memory_pool *m, unsigned int i)
{
	const struct liteio_uuid uuid = uuid_of(i);
	int r = i % 2 ? liteio_pool_floor_raise(&m->p, &uuid, 2, NULL) :
			liteio_pool_attachment_fence(&m->p, &uuid, 1, true, NULL);

	ck_assert_int_eq(r, 0);
	ck_assert(!m->p.is_one_copy);
}

START_TEST(either_slot)
{
	struct memory_pool m;
	size_t n;

	begin(&m);
	for (unsigned int i = 0; i < N; i++) {
		const struct liteio_uuid uuid = uuid_of(i);

		fence(&m, i);
		for (int slot = 0; slot < 2; slot++) {
			ck_assert_uint_eq(floor_without(m.fd, slot, &uuid, &n), 2);
			ck_assert_uint_eq(n, 0);
		}
	}
	end(&m);
}
END_TEST

/* one of the last ones: nothing but it moves */
START_TEST(cost)
{
	unsigned int n_small = 0;
	struct memory_pool m;
	uint64_t before;

	begin(&m);
	for (unsigned int i = 0; i < 10; i++) {
		const struct liteio_uuid last =
			m.p.cat.attachments[m.p.cat.n_attachments - 1]->volume;

		before = m.p.store.bytes_written;
		ck_assert_int_eq(liteio_pool_attachment_fence(&m.p, &last, 1, true, NULL), 0);
		/* of each a header, the block of the volume, and what has lost its end */
		n_small += m.p.store.bytes_written - before <= 2 * 4 * LITEIO_ONDISK_BLOCK;
	}
	/* but for those that happen to be the ones of all of a slot */
	ck_assert_uint_ge(n_small, 8);
	end(&m);
}
END_TEST

/* a sector that nothing has been written to since, in either slot */
START_TEST(rot)
{
	for (unsigned int i = 0; i < 4; i++) {
		const unsigned int volume = 50 + i;
		const struct liteio_uuid uuid = uuid_of(volume);
		struct memory_pool m;
		int rotten = (int)(i % 2);
		size_t n;

		begin(&m);
		ck_assert_int_eq(pwrite(m.fd, "rot", 3, slot_at(rotten) + FIRST_RECORD), 3);
		fence(&m, volume);
		ck_assert_uint_eq(floor_on_disk(m.fd, &uuid, &n), 2);
		for (int slot = 0; slot < 2; slot++)
			ck_assert_uint_ne(floor_without(m.fd, slot, &uuid, &n), 1);
		end(&m);
	}
}
END_TEST

/* some sectors of all that it writes are on the disk: an older floor only as long as it is asked */
START_TEST(power_cut)
{
	static uint8_t was[SLOTS_END], is[SLOTS_END];
	const struct liteio_uuid uuid = uuid_of(7);
	struct memory_pool m;
	size_t n;

	begin(&m);
	read_all(m.fd, was);
	fence(&m, 7);
	read_all(m.fd, is);
	for (uint64_t which = 0; which < 1 << 12; which++) {
		/* the first slot is flushed before the other one is begun: not both are torn */
		static uint8_t first[SLOTS_END];
		const bool in_b = which & 1;
		const size_t at = (size_t)slot_at(!m.p.store.slot), len = SLOT_BYTES;

		memcpy(first, was, sizeof(first));
		memcpy(first + at, is + at, len);
		ck_assert_int_eq(pwrite(m.fd, was, SLOTS_END, 0), SLOTS_END);
		if (in_b) {
			ck_assert_int_eq(pwrite(m.fd, first, SLOTS_END, 0), SLOTS_END);
			tear(m.fd, first, is, which >> 1);
			ck_assert_uint_eq(floor_on_disk(m.fd, &uuid, &n), 2);
		} else {
			tear(m.fd, was, first, which >> 1);
			ck_assert_uint_ge(floor_on_disk(m.fd, &uuid, &n), 1);
		}
	}
	end(&m);
}
END_TEST

UNIT_MAIN("pool-fence", either_slot, cost, rot, power_cut)
