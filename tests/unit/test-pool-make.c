// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thin device of a volume: made when it is needed, by whatever needs it, as long as there is
 * room for it; or the volume is as it was.
 */
#include "pool/bytes.h"
#include "pool/health.h"
#include "pool_wishes.h"
#include "unit.h"

START_TEST(test_made_when_needed)
{
	const struct liteio_uuid uuid = uuid_of(5);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	uint64_t bytes = 1;

	memory_new(&m);
	create_all(&m);
	ck_assert_int_eq(liteio_pool_volume_allocated(&m.p, &uuid, &bytes, NULL), 1);
	ck_assert_uint_eq(bytes, 0);
	/* one that the kernel can not make is as it was, and can be asked for again */
	m.thin->fails = -ENOSPC;
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "volume v5 was never used and can not be made now"));
	check_ids(&m);
	ck_assert(liteio_catalog_find(&m.p.cat, &uuid)->is_unmade);
	m.thin->messages = 0;
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, &err), 0);
	ck_assert_uint_eq(m.thin->messages, 2);
	ck_assert(!liteio_catalog_find(&m.p.cat, &uuid)->is_unmade);
	check_ids(&m);
	/* once */
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, &err), 0);
	ck_assert_uint_eq(m.thin->messages, 2);
	ck_assert_int_eq(liteio_pool_volume_allocated(&m.p, &uuid, &bytes, NULL), -ENODEV);
	memory_close(&m);
}
END_TEST

static struct liteio_uuid create_one(struct memory_pool *m)
{
	const struct liteio_pool_create one = {
		.uuid = uuid_of(5), .name = "v5", .size_bytes = 1 << 20,
	};
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_msg(!liteio_pool_volume_create(&m->p, &one, NULL, &err), "%s", err.msg);
	return one.uuid;
}

static int attach(struct memory_pool *m, const struct liteio_uuid *uuid, uint32_t flags,
		  struct liteio_error *err)
{
	const struct liteio_catalog_attachment a = {
		.volume = *uuid, .generation = 1, .flags = flags, .host = "nqn.a",
	};

	return liteio_pool_attachment_add(&m->p, &a, err);
}

/* both slots say that it is made, and nothing that an older reader would not understand */
static void check_made_for_good(const struct memory_pool *was, const struct liteio_uuid *uuid)
{
	for (int slot = 0; slot < 2; slot++) {
		struct liteio_ondisk_slot h;
		struct memory_pool m;

		ck_assert_int_eq(pread(was->fd, &h, sizeof(h), slot_at(slot)), sizeof(h));
		ck_assert_uint_eq(liteio_get(h.incompat), 0);
		open_without(&m, was, slot);
		ck_assert(!liteio_catalog_find(&m.p.cat, uuid)->is_unmade);
		check_ids(&m);
		memory_close(&m);
	}
}

/* whoever is told that it is attached has a device, and losing a slot does not take it away */
START_TEST(test_attached_when_made)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid;
	struct memory_pool m;
	uint64_t before;

	memory_new(&m);
	uuid = create_one(&m);
	m.thin->fails = -EIO;
	ck_assert_int_eq(attach(&m, &uuid, 0, &err), -EIO);
	ck_assert_ptr_nonnull(strstr(err.msg, "v5 was never used and can not be made now"));
	ck_assert_uint_eq(m.p.cat.n_attachments, 0);
	check_ids(&m);
	before = m.p.cat.sequence;
	ck_assert_int_eq(attach(&m, &uuid, 0, &err), 0);
	/* making, made, attached */
	ck_assert_uint_eq(m.p.cat.sequence, before + 3);
	ck_assert_uint_eq(m.p.cat.n_attachments, 1);
	memory_close(&m);
	check_made_for_good(&m, &uuid);
}
END_TEST

/* there is nothing to be read of it, and what is not sound is not written for it */
START_TEST(test_not_attached_read_only)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid;
	struct memory_pool m;
	uint64_t before;

	memory_new(&m);
	uuid = create_one(&m);
	before = m.p.cat.sequence;
	liteio_pool_set_condition(&m.p, LITEIO_POOL_READ_ONLY, "Test", true, "it is a test");
	ck_assert_int_eq(attach(&m, &uuid, LITEIO_CATALOG_ATT_READ_ONLY, &err), -EROFS);
	ck_assert_ptr_nonnull(strstr(err.msg, "v5 was never used and can not be made now"));
	ck_assert_uint_eq(m.p.cat.n_attachments, 0);
	ck_assert_uint_eq(m.p.cat.sequence, before);
	/* it can be fenced, and deleted when the pool is well */
	ck_assert_int_eq(liteio_pool_floor_raise(&m.p, &uuid, 5, &err), 0);
	ck_assert_int_eq(liteio_pool_attachment_fence(&m.p, &uuid, 7, false, &err), 0);
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &uuid, &err), -EROFS);
	ck_assert(liteio_catalog_find(&m.p.cat, &uuid)->is_unmade);
	memory_close(&m);
}
END_TEST

/* ... nor by whoever activates it without an attachment, or takes a snapshot */
START_TEST(test_made_for_good)
{
	for (int how = 0; how < 2; how++) {
		const struct liteio_uuid snap = uuid_of(6);
		struct liteio_uuid uuid;
		struct memory_pool m;

		memory_new(&m);
		uuid = create_one(&m);
		if (how)
			ck_assert_int_eq(liteio_pool_snapshot_create(&m.p, &snap, "snap", &uuid,
								     NULL, NULL, NULL), 0);
		else
			ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, NULL), 0);
		check_ids(&m);
		memory_close(&m);
		check_made_for_good(&m, &uuid);
	}
}
END_TEST

/* metadata that are nearly full: no device is promised that has no place, and none is made */
START_TEST(test_metadata)
{
	const uint64_t nine_tenths = MEMORY_META_BYTES / 2 / 10 * 9;
	const uint64_t most = MEMORY_META_BYTES / 20 * 19;
	static struct wishes w;
	const struct liteio_uuid uuid = uuid_of(5);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	uint64_t before;

	memory_new(&m);
	wish(&w);
	m.thin->says.meta_used = nine_tenths - 51 * 4096;
	liteio_pool_volume_create_all(&m.p, w.all, N);
	for (unsigned int i = 0; i < N; i++) {
		ck_assert_int_eq(w.all[i].result, i < 51 ? 0 : -ENOSPC);
		ck_assert(i < 51 || strstr(w.err[i].msg, "metadata are nearly full"));
		ck_assert(i < 51 || strstr(w.err[i].msg, "the spare is taken, and half"));
	}
	before = m.p.cat.sequence;
	m.thin->says.meta_used = most + 4096;
	ck_assert_int_eq(attach(&m, &uuid, 0, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "volume v5 was never used and can not be made now"));
	ck_assert_ptr_nonnull(strstr(err.msg, "metadata are nearly full"));
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, NULL), -ENOSPC);
	ck_assert_uint_eq(m.p.cat.sequence, before);
	ck_assert_uint_eq(m.p.cat.n_attachments, 0);
	ck_assert_uint_eq(m.thin->messages, 0);
	m.thin->says.meta_used = most - 4096;
	ck_assert_int_eq(attach(&m, &uuid, 0, &err), 0);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* one that was taken back, and that the kernel may still have, is nobody's: another id is used */
START_TEST(test_taken_back)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid;
	struct memory_pool m;
	uint32_t old, new;

	memory_new(&m);
	uuid = create_one(&m);
	old = liteio_catalog_find(&m.p.cat, &uuid)->thin_id;
	m.thin->commit_fails = -EIO;
	m.thin->keeps = true;
	ck_assert_int_eq(attach(&m, &uuid, 0, &err), -EIO);
	ck_assert(m.thin->has[old]);
	ck_assert_ptr_null(liteio_catalog_pending(&m.p.cat));
	ck_assert(!liteio_health_is_known(&m.p.cat, LITEIO_CATALOG_THIN, old));
	ck_assert_int_eq(attach(&m, &uuid, 0, &err), 0);
	new = liteio_catalog_find(&m.p.cat, &uuid)->thin_id;
	ck_assert_uint_ne(new, old);
	ck_assert(m.thin->has[new]);
	ck_assert_int_eq(m.p.condition, LITEIO_POOL_READY);
	memory_close(&m);
}
END_TEST

/* what is said to have failed, and is there after all, is there */
START_TEST(test_said_to_fail)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid;
	struct memory_pool m;

	memory_new(&m);
	uuid = create_one(&m);
	m.thin->commit_fails = -EIO;
	m.thin->commit_lies = true;
	ck_assert_msg(!attach(&m, &uuid, 0, &err), "%s", err.msg);
	ck_assert(!liteio_catalog_find(&m.p.cat, &uuid)->is_unmade);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* to a snapshot that a volume of its uuid had before it */
START_TEST(test_rolled_back)
{
	struct liteio_catalog_volume snap = {
		.uuid = uuid_of(6), .name = "snap", .kind = LITEIO_CATALOG_SNAPSHOT,
		.vclass = LITEIO_CATALOG_THIN, .state = LITEIO_CATALOG_READY,
		.origin = uuid_of(5), .size_bytes = 1 << 20, .floor = LITEIO_CATALOG_GEN_MIN,
	};
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_catalog_volume *v;
	struct liteio_catalog draft;
	struct liteio_uuid uuid;
	struct memory_pool m;
	size_t n_deleting = 0;

	memory_new(&m);
	uuid = create_one(&m);
	liteio_pool_draft(&m.p, &draft);
	snap.thin_id = draft.next_thin_id++;
	m.thin->has[snap.thin_id] = true;
	liteio_catalog_add(&draft, &snap);
	ck_assert_int_eq(liteio_pool_persist(&m.p, &draft, NULL), 0);
	ck_assert_msg(!liteio_pool_volume_rollback(&m.p, &uuid, &snap.uuid, &err), "%s", err.msg);
	v = liteio_catalog_find(&m.p.cat, &uuid);
	ck_assert(!v->is_unmade);
	ck_assert_int_eq(v->state, LITEIO_CATALOG_READY);
	/* what it was before goes, as with every other */
	for (size_t i = 0; i < m.p.cat.n_volumes; i++)
		n_deleting += m.p.cat.volumes[i]->state == LITEIO_CATALOG_DELETING;
	ck_assert_uint_eq(n_deleting, 1);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* somebody else has made a device by its id: it is left to them, and nothing more is written */
START_TEST(test_foreign)
{
	const struct liteio_uuid uuid = uuid_of(5), other = uuid_of(6);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;
	uint32_t id;

	memory_new(&m);
	create_all(&m);
	id = liteio_catalog_find(&m.p.cat, &uuid)->thin_id;
	m.thin->has[id] = true;
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, &err), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(err.msg, "was never given out and is in use"));
	ck_assert(m.thin->has[id]);
	ck_assert_ptr_null(liteio_catalog_pending(&m.p.cat));
	ck_assert(liteio_catalog_find(&m.p.cat, &uuid)->is_unmade);
	/* and when the pool is well again, it is not met with again */
	ck_assert_uint_ne(liteio_catalog_find(&m.p.cat, &uuid)->thin_id, id);
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &other, NULL, &err), -EROFS);
	memory_close(&m);
}
END_TEST

START_TEST(test_deleted_unmade)
{
	const struct liteio_uuid uuid = uuid_of(5), made = uuid_of(6);
	struct memory_pool m;
	uint64_t before;

	memory_new(&m);
	create_all(&m);
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &made, NULL, NULL), 0);
	before = m.p.cat.sequence;
	m.thin->messages = 0;
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &uuid, NULL), 0);
	ck_assert_ptr_null(liteio_catalog_find(&m.p.cat, &uuid));
	ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	ck_assert_uint_eq(m.thin->messages, 0);
	m.thin->mapped[liteio_catalog_find(&m.p.cat, &made)->thin_id] = 1;
	ck_assert_int_eq(liteio_pool_volume_delete(&m.p, &made, NULL), 0);
	ck_assert_int_eq(liteio_catalog_find(&m.p.cat, &made)->state, LITEIO_CATALOG_DELETING);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* eight at once: their devices by one transaction, and one write has all their rights */
START_TEST(test_attached_together)
{
	struct memory_pool m;
	struct rights r;
	uint64_t before;

	memory_new(&m);
	create_all(&m);
	before = m.p.cat.sequence;
	m.thin->messages = 0;
	give_all(&m, &r);
	for (unsigned int i = 0; i < LITEIO_POOL_RIGHTS_MAX; i++) {
		ck_assert_msg(!r.all[i].result, "%u: %s", i, r.err[i].msg);
		ck_assert(r.all[i].is_new);
	}
	ck_assert_uint_eq(m.thin->messages, LITEIO_POOL_RIGHTS_MAX + 1);
	ck_assert_uint_eq(m.p.cat.sequence, before + 3);
	ck_assert_uint_eq(m.p.cat.n_attachments, LITEIO_POOL_RIGHTS_MAX);
	check_ids(&m);
	/* the same again, and nothing is written */
	give_all(&m, &r);
	for (unsigned int i = 0; i < LITEIO_POOL_RIGHTS_MAX; i++)
		ck_assert(!r.all[i].result && !r.all[i].is_new);
	ck_assert_uint_eq(m.p.cat.sequence, before + 3);
	memory_close(&m);
}
END_TEST

/* one that is refused keeps no other from it */
START_TEST(test_one_is_refused)
{
	const struct liteio_uuid fenced = uuid_of(7);
	struct memory_pool m;
	struct rights r;

	memory_new(&m);
	create_all(&m);
	ck_assert_int_eq(liteio_pool_floor_raise(&m.p, &fenced, 5, NULL), 0);
	/* what can not be made together is made one by one */
	m.thin->fails = -EIO;
	give_all(&m, &r);
	for (unsigned int i = 0; i < LITEIO_POOL_RIGHTS_MAX; i++)
		ck_assert_msg(r.all[i].result == (i == 2 ? -ESTALE : 0), "%u: %s", i, r.err[i].msg);
	ck_assert_ptr_nonnull(strstr(r.err[2].msg, "below the floor 5"));
	ck_assert_uint_eq(m.p.cat.n_attachments, LITEIO_POOL_RIGHTS_MAX - 1);
	ck_assert(liteio_catalog_find(&m.p.cat, &fenced)->is_unmade);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

/* the last of them is somebody else's: none is given, and what was made for the others is gone */
START_TEST(test_foreign_among_several)
{
	struct liteio_uuid last = uuid_of(5 + LITEIO_POOL_RIGHTS_MAX - 1);
	struct memory_pool m;
	struct rights r;
	uint32_t id;

	memory_new(&m);
	create_all(&m);
	id = liteio_catalog_find(&m.p.cat, &last)->thin_id;
	m.thin->has[id] = true;
	give_all(&m, &r);
	for (unsigned int i = 0; i < LITEIO_POOL_RIGHTS_MAX; i++)
		ck_assert_int_eq(r.all[i].result, -EROFS);
	ck_assert_uint_eq(m.p.cat.n_attachments, 0);
	for (uint32_t k = 1; k < MEMORY_IDS; k++)
		ck_assert(m.thin->has[k] == (k == id));
	ck_assert_ptr_null(liteio_catalog_pending(&m.p.cat));
	memory_close(&m);
}
END_TEST

/* the write of the rights fails: nobody has one, and the devices that were made stay */
START_TEST(test_rights_not_written)
{
	struct memory_pool m;
	struct rights r;

	memory_new(&m);
	create_all(&m);
	for (unsigned int i = 0; i < LITEIO_POOL_RIGHTS_MAX; i++) {
		const struct liteio_uuid uuid = uuid_of(5 + i);

		ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &uuid, NULL, NULL), 0);
	}
	memory_break(&m, true);
	give_all(&m, &r);
	for (unsigned int i = 0; i < LITEIO_POOL_RIGHTS_MAX; i++) {
		ck_assert_int_eq(r.all[i].result, -EBADF);
		ck_assert(!r.all[i].is_new);
	}
	ck_assert_uint_eq(m.p.cat.n_attachments, 0);
	memory_break(&m, false);
	give_all(&m, &r);
	ck_assert_uint_eq(m.p.cat.n_attachments, LITEIO_POOL_RIGHTS_MAX);
	check_ids(&m);
	memory_close(&m);
}
END_TEST

#define ENDS 6

/* of volumes 5, 6, ...: what is wrong with one of them is no other's */
static void end_all(struct memory_pool *m, struct liteio_pool_ending *all, struct liteio_error *err)
{
	const struct liteio_pool_ending ends[ENDS] = {
		{ .volume = uuid_of(5), .floor = 4 },
		{ .volume = uuid_of(200), .generation = 1 },
		{ .volume = uuid_of(6), .generation = 1, .by_floor = true },
		{ .volume = uuid_of(7), .generation = 0 },
		{ .volume = uuid_of(5), .floor = 3 },
		{ .volume = uuid_of(8), .generation = 7 },
	};

	memcpy(all, ends, sizeof(ends));
	memset(err, 0, ENDS * sizeof(*err));
	for (size_t i = 0; i < ENDS; i++)
		all[i].err = &err[i];
	liteio_pool_end_all(&m->p, all, ENDS);
}

START_TEST(test_ended_together)
{
	struct liteio_pool_ending all[ENDS];
	struct liteio_error err[ENDS];
	struct memory_pool m;
	struct rights r;
	uint64_t before;

	memory_new(&m);
	create_all(&m);
	give_all(&m, &r);
	before = m.p.cat.sequence;
	memory_break(&m, true);
	end_all(&m, all, err);
	for (size_t i = 0; i < ENDS; i++)
		ck_assert_int_eq(all[i].result, i == 1 ? -ENOENT : i == 3 ? -EINVAL : -EBADF);
	memory_break(&m, false);
	/* to both slots, once for all; and again nothing is written */
	for (unsigned int times = 0; times < 2; times++) {
		end_all(&m, all, err);
		for (size_t i = 0; i < ENDS; i++)
			ck_assert_msg(all[i].result == (i == 1 ? -ENOENT : i == 3 ? -EINVAL : 0),
				      "%zu: %s", i, err[i].msg);
		ck_assert_uint_eq(m.p.cat.sequence, before + 2);
	}
	ck_assert_uint_eq(liteio_catalog_find(&m.p.cat, &all[0].volume)->floor, 4);
	ck_assert_uint_eq(liteio_catalog_find(&m.p.cat, &all[2].volume)->floor, 2);
	ck_assert_ptr_null(liteio_catalog_find_att(&m.p.cat, &all[2].volume, 1));
	ck_assert_int_eq(liteio_catalog_find_att(&m.p.cat, &all[5].volume, 7)->state,
			 LITEIO_CATALOG_ATT_FENCED);
	memory_close(&m);
}
END_TEST

/* there is room for the records of some: it is not all that are refused */
START_TEST(test_ended_as_there_is_room)
{
	struct liteio_pool_ending all[N];
	struct memory_pool m;
	size_t n = 0;

	memory_new(&m);
	create_all(&m);
	for (unsigned int i = 0; i < N; i++)
		all[i] = (struct liteio_pool_ending){ .volume = uuid_of(i), .generation = 7 };
	for (unsigned int i = 0; i < m.p.store.label.n_extents; i++)
		m.p.store.label.extents[i].length =
			liteio_catalog_bytes(&m.p.cat) + LITEIO_ONDISK_BLOCK;
	liteio_pool_end_all(&m.p, all, N);
	while (n < N && !all[n].result)
		n++;
	ck_assert_uint_ge(n, LITEIO_ONDISK_BLOCK / LITEIO_RECORD_BYTES);
	ck_assert_uint_lt(n, N);
	ck_assert_uint_eq(m.p.cat.n_attachments, n);
	while (n < N)
		ck_assert_int_eq(all[n++].result, -ENOSPC);
	memory_close(&m);
}
END_TEST

UNIT_MAIN("pool-make", test_made_when_needed, test_attached_when_made, test_not_attached_read_only,
	  test_made_for_good, test_metadata, test_taken_back, test_said_to_fail, test_rolled_back,
	  test_foreign, test_deleted_unmade, test_attached_together, test_one_is_refused,
	  test_foreign_among_several, test_rights_not_written, test_ended_together,
	  test_ended_as_there_is_room)
