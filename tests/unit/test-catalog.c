// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalog in memory: what is found in it, names that are known, floors, and what ends a
 * transaction or takes it back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "catalog_volumes.h"
#include "pool/catalog_record.h"
#include "unit.h"

START_TEST(test_in_memory)
{
	struct liteio_catalog c, copy;
	struct liteio_uuid one = uuid(1), two = uuid(2);

	make(&c, 50);
	ck_assert_str_eq(liteio_catalog_find(&c, &two)->name, "vol-2");
	ck_assert_ptr_eq(liteio_catalog_find_name(&c, LITEIO_CATALOG_VOLUME, "vol-2"),
			 liteio_catalog_find(&c, &two));
	ck_assert_ptr_null(liteio_catalog_find_name(&c, LITEIO_CATALOG_SNAPSHOT, "vol-2"));
	ck_assert_uint_eq(liteio_catalog_count_live(&c, &one), 2);
	ck_assert_ptr_nonnull(liteio_catalog_find_att(&c, &one, 3));
	ck_assert_ptr_null(liteio_catalog_find_att(&c, &one, 5));
	liteio_catalog_copy(&c, &copy);
	ck_assert(liteio_catalog_raise_floor(&c, &one, 4));
	ck_assert(!liteio_catalog_raise_floor(&c, &one, 2));
	ck_assert_uint_eq(liteio_catalog_find(&c, &one)->floor, 4);
	ck_assert_uint_eq(liteio_catalog_count_live(&c, &one), 1);
	ck_assert_uint_eq(liteio_catalog_count_live(&copy, &one), 2);
	ck_assert(liteio_catalog_remove(&c, &two));
	ck_assert(!liteio_catalog_remove(&c, &two));
	ck_assert_uint_eq(c.n_volumes, 49);
	ck_assert_uint_eq(c.n_attachments, 97);
	ck_assert(liteio_catalog_remove_att(&c, &one, 4));
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	/* the name of what is being deleted is free */
	liteio_catalog_edit(&copy, &two)->state = LITEIO_CATALOG_DELETING;
	ck_assert_ptr_null(liteio_catalog_find_name(&copy, LITEIO_CATALOG_VOLUME, "vol-2"));
	liteio_catalog_fini(&c);
	liteio_catalog_fini(&copy);
}
END_TEST

static bool has(const struct liteio_catalog *c, const char *name)
{
	return liteio_catalog_find_name(c, LITEIO_CATALOG_VOLUME, name);
}

/* a name is found wherever it comes from, and not where it has gone; most are not looked for */
START_TEST(test_names)
{
	struct liteio_catalog c, copy;
	struct liteio_uuid two = uuid(2);
	struct liteio_catalog_names *names;

	make(&c, 50);
	ck_assert(has(&c, "vol-7"));
	liteio_catalog_seal(&c);
	ck_assert(has(&c, "vol-7"));
	ck_assert(!has(&c, "vol-51"));
	ck_assert(!liteio_catalog_may_have(&c, liteio_record_name_key("vol-51")));
	liteio_catalog_copy(&c, &copy);
	ck_assert_ptr_eq(copy.names, c.names);
	/* not sealed yet, in the middle and at the end */
	strcpy(liteio_catalog_edit(&copy, &two)->name, "other");
	add(&copy, 51);
	ck_assert(has(&copy, "other") && has(&copy, "vol-51") && !has(&copy, "vol-2"));
	ck_assert(has(&copy, "vol-1") && has(&copy, "vol-50"));
	liteio_catalog_seal(&copy);
	ck_assert(has(&copy, "other") && has(&copy, "vol-51") && !has(&copy, "vol-2"));
	ck_assert(has(&c, "vol-2") && !has(&c, "other"));
	liteio_catalog_fini(&c);
	/* too many that have gone: the next one begins anew */
	names = copy.names;
	names->n = LITEIO_CATALOG_NAMES_BITS / 4 + 1;
	liteio_catalog_copy(&copy, &c);
	ck_assert_ptr_ne(c.names, names);
	ck_assert_uint_eq(c.names->n, 51);
	ck_assert(!liteio_catalog_may_have(&c, liteio_record_name_key("vol-2")));
	for (unsigned int i = 0; i < c.n_volumes; i++)
		ck_assert(has(&c, c.volumes[i]->name));
	liteio_catalog_fini(&c);
	liteio_catalog_fini(&copy);
}
END_TEST

/* who has a name that nobody had is not compared with all others; who takes one of another is */
START_TEST(a_new_name_is_nobody_elses)
{
	struct liteio_catalog was, c;
	struct liteio_catalog_volume *v;

	make(&was, 50);
	liteio_catalog_copy(&was, &c);
	v = add(&c, 51);
	ck_assert_int_eq(liteio_catalog_check_change(&was, &c, NULL), 0);
	ck_assert(liteio_record_of(v)->is_first);
	/* sealed again, with a bit that may be another's by now */
	v = liteio_catalog_edit(&c, &v->uuid);
	ck_assert_int_eq(liteio_catalog_check_change(&was, &c, NULL), 0);
	ck_assert(!liteio_record_of(v)->is_first);
	liteio_catalog_fini(&c);
	liteio_catalog_fini(&was);
	/* before and behind its owner, and before and behind the other that is new, too */
	for (unsigned int n = 51; n < 58; n++) {
		for (unsigned int of = 1; of <= 58; of++) {
			make(&was, 50);
			liteio_catalog_copy(&was, &c);
			add(&c, 58);
			v = add(&c, n);
			snprintf(v->name, sizeof(v->name), "vol-%u", of);
			ck_assert_msg(liteio_catalog_check_change(&was, &c, NULL) ==
				      (of <= 50 || of == 58 ? -EBADMSG : 0), "%u as %u", n, of);
			liteio_catalog_fini(&c);
			liteio_catalog_fini(&was);
		}
	}
}
END_TEST

/* the end of a generation as a floor, where nobody else's right is older */
START_TEST(a_floor_goes_past_what_is_over)
{
	const struct liteio_uuid one = uuid(1);
	struct liteio_catalog c;

	liteio_catalog_init(&c, &(struct liteio_uuid){ { 9 } });
	c.next_thin_id = 1;
	add(&c, 1);
	add(&c, 2);
	attach(&c, 1, 4)->state = LITEIO_CATALOG_ATT_FENCED;
	attach(&c, 1, 5);
	attach(&c, 1, 7);
	attach(&c, 2, 3);
	ck_assert_msg(!liteio_catalog_raise_past(&c, &one, 7), "5 is live");
	ck_assert_uint_eq(liteio_catalog_find(&c, &one)->floor, 3);
	ck_assert_uint_eq(c.n_attachments, 4);
	/* 4 has a record, it goes; 7 is younger, it stays */
	ck_assert(liteio_catalog_raise_past(&c, &one, 5));
	ck_assert_uint_eq(liteio_catalog_find(&c, &one)->floor, 6);
	ck_assert_uint_eq(c.n_attachments, 2);
	ck_assert_msg(!liteio_catalog_raise_past(&c, &one, 5), "it is past it");
	ck_assert(liteio_catalog_raise_past(&c, &one, 7));
	ck_assert_uint_eq(liteio_catalog_find(&c, &one)->floor, 8);
	ck_assert_msg(!liteio_catalog_raise_past(&c, &one, LITEIO_CATALOG_GEN_MAX), "no floor is higher");
	/* one that was never there; and another volume's is nothing to it */
	ck_assert(liteio_catalog_raise_past(&c, &one, LITEIO_CATALOG_GEN_MAX - 1));
	ck_assert_uint_eq(c.n_attachments, 1);
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	liteio_catalog_fini(&c);
}
END_TEST

/* what ends a transaction, by what was under way */
START_TEST(test_finish)
{
	struct liteio_uuid one = uuid(1), two = uuid(2), three = uuid(3), four = uuid(4);
	struct liteio_catalog_volume *v;
	struct liteio_catalog c;
	uint32_t old;

	make(&c, 2);
	ck_assert_uint_eq(liteio_catalog_features(&c), 0);
	liteio_catalog_finish(&c);
	ck_assert_uint_eq(c.thin_txid, 10);

	/* roll back: the thin ids change places, and nothing else of the volume does */
	old = liteio_catalog_find(&c, &two)->thin_id;
	v = replacement(&c);
	ck_assert_uint_eq(liteio_catalog_features(&c), LITEIO_SLOT_INCOMPAT_REPLACES);
	ck_assert_ptr_eq(liteio_catalog_replacing(&c, &two), v);
	ck_assert_ptr_null(liteio_catalog_replacing(&c, &one));
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	liteio_catalog_finish(&c);
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	ck_assert_uint_eq(c.thin_txid, 11);
	ck_assert_uint_eq(liteio_catalog_features(&c), 0);
	v = liteio_catalog_edit(&c, &two);
	ck_assert_uint_eq(v->thin_id, 3);
	ck_assert_str_eq(v->name, "vol-2");
	ck_assert_int_eq(v->state, LITEIO_CATALOG_READY);
	v = liteio_catalog_edit(&c, &three);
	ck_assert_uint_eq(v->thin_id, old);
	ck_assert_int_eq(v->state, LITEIO_CATALOG_DELETING);
	ck_assert_str_eq(v->name, "vol-2");

	/* a deletion, alone */
	v->txid = 12;
	liteio_catalog_finish(&c);
	ck_assert_ptr_null(liteio_catalog_find(&c, &three));
	ck_assert_uint_eq(c.thin_txid, 12);

	/* a group, at once */
	for (unsigned int i = 3; i < 5; i++) {
		v = add(&c, i);
		v->kind = LITEIO_CATALOG_SNAPSHOT;
		v->state = LITEIO_CATALOG_CREATING;
		v->txid = 13;
		v->wipe = LITEIO_CATALOG_WIPE_ZERO;
	}
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_features(&c),
			  LITEIO_SLOT_INCOMPAT_GROUP | LITEIO_SLOT_INCOMPAT_WIPE);
	liteio_catalog_finish(&c);
	ck_assert_uint_eq(c.thin_txid, 13);
	ck_assert_uint_eq(liteio_catalog_features(&c), LITEIO_SLOT_INCOMPAT_WIPE);
	ck_assert_int_eq(liteio_catalog_find(&c, &three)->state, LITEIO_CATALOG_READY);
	ck_assert_int_eq(liteio_catalog_find(&c, &four)->state, LITEIO_CATALOG_READY);
	liteio_catalog_fini(&c);
}
END_TEST

/* one that has no device yet, and gets one: done, and taken back */
START_TEST(test_unmade)
{
	const struct liteio_uuid one = uuid(1);
	struct liteio_catalog_volume *v;
	struct liteio_catalog c, made;
	uint32_t id;

	make(&c, 2);
	ck_assert_uint_eq(liteio_catalog_unmade(&c, LITEIO_CATALOG_THIN), 0);
	v = liteio_catalog_edit(&c, &one);
	v->is_unmade = true;
	id = v->thin_id;
	/* sealed or not */
	ck_assert_uint_eq(liteio_catalog_unmade(&c, LITEIO_CATALOG_THIN), 1);
	liteio_catalog_seal(&c);
	ck_assert_uint_eq(liteio_catalog_unmade(&c, LITEIO_CATALOG_THIN), 1);
	ck_assert_uint_eq(liteio_catalog_unmade(&c, LITEIO_CATALOG_RESERVED), 0);
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_features(&c), LITEIO_SLOT_INCOMPAT_UNMADE);
	liteio_catalog_edit(&c, &one)->txid = 11;
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_features(&c), LITEIO_SLOT_INCOMPAT_UNMADE);
	liteio_catalog_copy(&c, &made);
	liteio_catalog_finish(&made);
	ck_assert(!liteio_catalog_find(&made, &one)->is_unmade);
	ck_assert_uint_eq(liteio_catalog_find(&made, &one)->thin_id, id);
	ck_assert_uint_eq(liteio_catalog_unmade(&made, LITEIO_CATALOG_THIN), 0);
	ck_assert_int_eq(liteio_catalog_find(&made, &one)->state, LITEIO_CATALOG_READY);
	ck_assert_uint_eq(made.thin_txid, 11);
	ck_assert_uint_eq(liteio_catalog_features(&made), 0);
	ck_assert_int_eq(liteio_catalog_check_change(&c, &made, NULL), 0);
	liteio_catalog_fini(&made);
	liteio_catalog_copy(&c, &made);
	liteio_catalog_undo(&made);
	ck_assert(liteio_catalog_find(&made, &one)->is_unmade);
	/* the kernel may have the old one: it is not made again by that */
	ck_assert_uint_eq(liteio_catalog_find(&made, &one)->thin_id, c.next_thin_id);
	ck_assert_uint_eq(made.next_thin_id, c.next_thin_id + 1);
	ck_assert_uint_eq(made.thin_txid, 10);
	ck_assert_ptr_null(liteio_catalog_pending(&made));
	ck_assert_uint_eq(made.n_volumes, 2);
	ck_assert_int_eq(liteio_catalog_check_change(&c, &made, NULL), 0);
	/* what was being created never was */
	replacement(&made);
	liteio_catalog_undo(&made);
	ck_assert_uint_eq(made.n_volumes, 2);
	liteio_catalog_fini(&made);
	/* all have been given out: the old one is better than none */
	liteio_catalog_copy(&c, &made);
	made.next_thin_id = LITEIO_THIN_ID_MAX + 1;
	liteio_catalog_undo(&made);
	ck_assert_uint_eq(liteio_catalog_find(&made, &one)->thin_id, id);
	ck_assert_int_eq(liteio_catalog_check(&made, NULL), 0);
	liteio_catalog_fini(&made);
	liteio_catalog_fini(&c);
}
END_TEST

/* several of one class get theirs by one transaction, and nothing else is under way with them */
START_TEST(test_made_together)
{
	const struct liteio_uuid two = uuid(2), three = uuid(3);
	struct liteio_catalog_volume *v;
	struct liteio_catalog c, other;

	make(&c, 3);
	for (unsigned int i = 2; i <= 3; i++) {
		const struct liteio_uuid u = uuid(i);

		v = liteio_catalog_edit(&c, &u);
		v->is_unmade = true;
		v->txid = 11;
	}
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_features(&c),
			  LITEIO_SLOT_INCOMPAT_UNMADE | LITEIO_SLOT_INCOMPAT_MAKING);
	liteio_catalog_copy(&c, &other);
	v = liteio_catalog_edit(&other, &three);
	v->vclass = LITEIO_CATALOG_RESERVED;
	v->txid = 1;
	ck_assert_int_eq(liteio_catalog_check(&other, NULL), -EBADMSG);
	liteio_catalog_fini(&other);
	liteio_catalog_copy(&c, &other);
	v = add(&other, 4);
	v->kind = LITEIO_CATALOG_SNAPSHOT;
	v->state = LITEIO_CATALOG_CREATING;
	v->txid = 11;
	ck_assert_int_eq(liteio_catalog_check(&other, NULL), -EBADMSG);
	liteio_catalog_fini(&other);
	liteio_catalog_copy(&c, &other);
	liteio_catalog_undo(&other);
	ck_assert(liteio_catalog_find(&other, &two)->is_unmade);
	ck_assert(liteio_catalog_find(&other, &three)->is_unmade);
	ck_assert_uint_eq(liteio_catalog_features(&other), LITEIO_SLOT_INCOMPAT_UNMADE);
	ck_assert_int_eq(liteio_catalog_check_change(&c, &other, NULL), 0);
	liteio_catalog_fini(&other);
	liteio_catalog_finish(&c);
	ck_assert(!liteio_catalog_find(&c, &two)->is_unmade);
	ck_assert(!liteio_catalog_find(&c, &three)->is_unmade);
	ck_assert_uint_eq(c.thin_txid, 11);
	ck_assert_uint_eq(liteio_catalog_features(&c), 0);
	liteio_catalog_fini(&c);
}
END_TEST

UNIT_MAIN("catalog", test_in_memory, test_names, a_new_name_is_nobody_elses,
	  a_floor_goes_past_what_is_over, test_finish, test_unmade, test_made_together)
