// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalog: what must hold between records, round trip, damage of every kind, both slots.
 *
 * Over 600 lines because each way to break a catalog is a function of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "pool/bytes.h"
#include "pool/catalog_record.h"
#include "pool/crc32c.h"
#include "unit.h"

static struct liteio_uuid uuid(unsigned int n)
{
	struct liteio_uuid u = { { 0 } };

	/* so that the order of making is not the order of sorting, while there are few */
	u.b[0] = (uint8_t)(n < 256 ? n * 37 : 255);
	u.b[1] = (uint8_t)(n >> 8);
	u.b[2] = (uint8_t)n;
	u.b[15] = (uint8_t)n;
	u.b[14] = 1;
	return u;
}

static struct liteio_catalog_volume *add(struct liteio_catalog *c, unsigned int n)
{
	struct liteio_catalog_volume v = {
		.uuid = uuid(n),
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_THIN,
		.state = LITEIO_CATALOG_READY,
		.size_bytes = 1 << 20,
		.created = 1700000000 + n,
		.floor = 3,
		.limits = { 1, 2, 3, 4, 5 },
		.owner = "somebody",
	};

	snprintf(v.name, sizeof(v.name), "vol-%u", n);
	v.thin_id = c->next_thin_id++;
	return liteio_catalog_add(c, &v);
}

static struct liteio_catalog_attachment *attach(struct liteio_catalog *c, unsigned int n,
						uint64_t generation)
{
	struct liteio_catalog_attachment a = {
		.volume = uuid(n),
		.generation = generation,
		.state = LITEIO_CATALOG_ATT_LIVE,
		.flags = LITEIO_CATALOG_ATT_READ_ONLY,
		.created = 1,
		.host = "nqn.2014-08.org.example:host",
	};

	return liteio_catalog_add_att(c, &a);
}

static void make(struct liteio_catalog *c, unsigned int n)
{
	struct liteio_uuid pool = uuid(999);

	liteio_catalog_init(c, &pool);
	c->sequence = 5;
	c->thin_txid = 10;
	for (unsigned int i = 1; i <= n; i++) {
		add(c, i);
		attach(c, i, 4);
		attach(c, i, 3);
	}
	ck_assert_int_eq(liteio_catalog_check(c, NULL), 0);
}

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

static void drop_atts(struct liteio_catalog *c)
{
	while (c->n_attachments) {
		const struct liteio_uuid volume = c->attachments[0]->volume;

		liteio_catalog_remove_att(c, &volume, c->attachments[0]->generation);
	}
}

/* each way to break a catalog of two volumes; the records are sorted: [0] is vol-1, [1] is vol-2 */
static void b_uuid(struct liteio_catalog *c)
{
	memset(&c->volumes[0]->uuid, 0, 16);
}

static void b_kind(struct liteio_catalog *c)
{
	c->volumes[0]->kind = 3;
}

static void b_class(struct liteio_catalog *c)
{
	c->volumes[0]->vclass = 0;
}

static void b_state(struct liteio_catalog *c)
{
	c->volumes[0]->state = 4;
}

static void b_size(struct liteio_catalog *c)
{
	c->volumes[0]->size_bytes = 0;
}

static void b_size2(struct liteio_catalog *c)
{
	c->volumes[0]->size_bytes = 1023;
}

static void b_floor(struct liteio_catalog *c)
{
	c->volumes[0]->floor = 0;
}

static void b_floor2(struct liteio_catalog *c)
{
	c->volumes[0]->floor = 5;
}

static void b_floor3(struct liteio_catalog *c)
{
	c->volumes[0]->floor = 1ull << 63;
}

static void b_thin0(struct liteio_catalog *c)
{
	c->volumes[0]->thin_id = 0;
}

static void b_thin1(struct liteio_catalog *c)
{
	c->volumes[0]->thin_id = 3;
}

static void b_thin2(struct liteio_catalog *c)
{
	c->volumes[0]->thin_id = c->volumes[1]->thin_id;
}

static void b_next(struct liteio_catalog *c)
{
	c->next_thin_id = 0;
}

static void b_next2(struct liteio_catalog *c)
{
	c->next_thin_id = 0x1000001;
}

static void b_txid(struct liteio_catalog *c)
{
	c->volumes[0]->txid = 11;
}

static void b_creating(struct liteio_catalog *c)
{
	c->volumes[0]->state = LITEIO_CATALOG_CREATING;
}

static void b_origin(struct liteio_catalog *c)
{
	c->volumes[0]->origin = c->volumes[0]->uuid;
}

static void b_name(struct liteio_catalog *c)
{
	c->volumes[0]->name[0] = '\0';
}

static void b_name2(struct liteio_catalog *c)
{
	strcpy(c->volumes[0]->name, "vol-2");
}

static void b_name3(struct liteio_catalog *c)
{
	memset(c->volumes[0]->name, 'a', 128);
}

static void b_owner(struct liteio_catalog *c)
{
	c->volumes[0]->owner[0] = '\n';
}

static void b_order(struct liteio_catalog *c)
{
	c->volumes[1]->uuid = c->volumes[0]->uuid;
}

static void b_att_vol(struct liteio_catalog *c)
{
	c->attachments[0]->volume = uuid(77);
}

static void b_att_gen(struct liteio_catalog *c)
{
	c->attachments[0]->generation = 2;
}

static void b_att_twice(struct liteio_catalog *c)
{
	c->attachments[0]->generation = 4;
}

static void b_att_state(struct liteio_catalog *c)
{
	c->attachments[0]->state = 0;
}

static void b_att_flags(struct liteio_catalog *c)
{
	c->attachments[0]->flags = 4;
}

static void b_att_host(struct liteio_catalog *c)
{
	memset(c->attachments[0]->host, 'a', 224);
}

static void b_snap(struct liteio_catalog *c)
{
	c->volumes[0]->kind = LITEIO_CATALOG_SNAPSHOT;
}

static void b_pool(struct liteio_catalog *c)
{
	memset(&c->pool_uuid, 0, 16);
}

static void b_deleting(struct liteio_catalog *c)
{
	c->volumes[0]->state = LITEIO_CATALOG_DELETING;
}

static void b_two(struct liteio_catalog *c)
{
	drop_atts(c);
	for (int i = 0; i < 2; i++) {
		c->volumes[i]->state = LITEIO_CATALOG_DELETING;
		c->volumes[i]->txid = 11;
	}
}

static void b_wipe(struct liteio_catalog *c)
{
	c->volumes[0]->wipe = 3;
}

/* a record that replaces vol-2, from where each of the following goes wrong */
static struct liteio_catalog_volume *replacement(struct liteio_catalog *c)
{
	struct liteio_catalog_volume *v = add(c, 3);

	v->state = LITEIO_CATALOG_CREATING;
	v->txid = 11;
	v->replaces = uuid(2);
	return v;
}

static void b_replaces_nothing(struct liteio_catalog *c)
{
	replacement(c)->replaces = uuid(77);
}

static void b_replaces_snapshot(struct liteio_catalog *c)
{
	drop_atts(c);
	replacement(c);
	c->volumes[1]->kind = LITEIO_CATALOG_SNAPSHOT;
}

static void b_replaces_deleted(struct liteio_catalog *c)
{
	drop_atts(c);
	replacement(c);
	c->volumes[1]->state = LITEIO_CATALOG_DELETING;
}

static void b_replaces_later(struct liteio_catalog *c)
{
	struct liteio_catalog_volume *v = replacement(c);

	v->state = LITEIO_CATALOG_READY;
	v->txid = 0;
}

static void b_snapshot_replaces(struct liteio_catalog *c)
{
	replacement(c)->kind = LITEIO_CATALOG_SNAPSHOT;
}

/* only an empty volume that is ready is without a device */
static void b_unmade_snapshot(struct liteio_catalog *c)
{
	drop_atts(c);
	c->volumes[0]->is_unmade = true;
	c->volumes[0]->kind = LITEIO_CATALOG_SNAPSHOT;
}

static void b_unmade_deleting(struct liteio_catalog *c)
{
	drop_atts(c);
	c->volumes[0]->is_unmade = true;
	c->volumes[0]->state = LITEIO_CATALOG_DELETING;
}

static void b_unmade_clone(struct liteio_catalog *c)
{
	c->volumes[0]->is_unmade = true;
	c->volumes[0]->origin = c->volumes[1]->uuid;
}

static void b_unmade_replaced(struct liteio_catalog *c)
{
	replacement(c);
	c->volumes[1]->is_unmade = true;
}

static void b_unmade_txid(struct liteio_catalog *c)
{
	c->volumes[0]->is_unmade = true;
	c->volumes[0]->txid = 12;
}

/* only snapshots are made together */
static void b_group(struct liteio_catalog *c)
{
	for (unsigned int i = 3; i < 5; i++) {
		struct liteio_catalog_volume *v = add(c, i);

		v->state = LITEIO_CATALOG_CREATING;
		v->txid = 11;
		v->kind = i == 3 ? LITEIO_CATALOG_SNAPSHOT : LITEIO_CATALOG_VOLUME;
	}
}

static void own_all(struct liteio_catalog *c)
{
	for (size_t i = 0; i < c->n_volumes; i++)
		liteio_catalog_edit(c, &c->volumes[i]->uuid);
	for (size_t i = 0; i < c->n_attachments; i++)
		liteio_catalog_edit_att(c, &c->attachments[i]->volume,
					c->attachments[i]->generation);
}

/* what is the same in both is one, as it would be had it never been touched */
static void share(struct liteio_catalog *was, struct liteio_catalog *c)
{
	for (size_t i = 0; i < c->n_volumes; i++)
		for (size_t k = 0; k < was->n_volumes; k++)
			if (!memcmp(c->volumes[i], was->volumes[k], sizeof(*c->volumes[i]))) {
				liteio_record_drop(liteio_record_of(c->volumes[i]));
				c->volumes[i] = was->volumes[k];
				liteio_record_of(c->volumes[i])->refs++;
			}
	for (size_t i = 0; i < c->n_attachments; i++)
		for (size_t k = 0; k < was->n_attachments; k++)
			if (!memcmp(c->attachments[i], was->attachments[k],
				    sizeof(*c->attachments[i]))) {
				liteio_record_drop(liteio_record_of_att(c->attachments[i]));
				c->attachments[i] = was->attachments[k];
				liteio_record_of_att(c->attachments[i])->refs++;
			}
}

START_TEST(test_invariants)
{
	static void (*const breaks[])(struct liteio_catalog *c) = {
		b_uuid,	 b_kind,    b_class,   b_state,	  b_size,   b_size2,	 b_floor,
		b_floor2, b_floor3, b_thin0,   b_thin1,	  b_thin2,  b_next,	 b_next2,
		b_txid,	 b_creating, b_origin, b_name,	  b_name2,  b_name3,	 b_owner,
		b_order, b_att_vol, b_att_gen, b_att_twice, b_att_state, b_att_flags, b_att_host,
		b_snap,	 b_pool,    b_deleting, b_two,	  b_wipe,   b_replaces_nothing,
		b_replaces_snapshot, b_replaces_deleted, b_replaces_later, b_snapshot_replaces,
		b_group, b_unmade_snapshot, b_unmade_deleting, b_unmade_clone, b_unmade_replaced,
		b_unmade_txid,
	};

	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_catalog c, was;

		make(&c, 2);
		liteio_catalog_copy(&c, &was);
		own_all(&c);
		breaks[i](&c);
		share(&was, &c);
		ck_assert_msg(liteio_catalog_check(&c, &err) == -EBADMSG, "break %zu was accepted",
			      i);
		ck_assert_msg(err.msg[0], "break %zu has no sentence", i);
		/* whoever knows that it was good before sees it as well */
		ck_assert_msg(liteio_catalog_check_change(&was, &c, &err) == -EBADMSG,
			      "break %zu was accepted as a change", i);
		liteio_catalog_fini(&c);
		liteio_catalog_fini(&was);
	}
}
END_TEST

static void att_comes(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	struct liteio_catalog_attachment a = *liteio_catalog_find_att(c, volume, 3);

	a.generation = 5;
	liteio_catalog_add_att(c, &a);
}

static void att_changes(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	liteio_catalog_edit_att(c, volume, 4)->state = LITEIO_CATALOG_ATT_FENCED;
}

static void att_goes(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	liteio_catalog_remove_att(c, volume, 3);
}

static void floor_rises(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	liteio_catalog_raise_floor(c, volume, 4);
}

static void volume_goes(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	liteio_catalog_remove(c, volume);
}

static void volume_comes(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	(void)volume;
	add(c, 200);
}

/* the bytes are those of a catalog of which nothing was known before */
static void check_bytes(struct liteio_catalog *c)
{
	uint8_t *bytes = malloc(liteio_catalog_bytes(c));
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog read;
	int r;

	ck_assert_ptr_nonnull(bytes);
	liteio_catalog_encode(c, 1, bytes);
	r = liteio_catalog_decode(bytes, liteio_catalog_bytes(c), &c->pool_uuid, &read, &err);
	ck_assert_msg(!r, "%s", err.msg);
	free(bytes);
	liteio_catalog_fini(&read);
}

static void check_diff(struct liteio_catalog *was, struct liteio_catalog *c,
		       const struct liteio_catalog_same *same)
{
	const struct liteio_catalog_same unknown = { 0 };
	struct liteio_catalog_range a[LITEIO_CATALOG_RANGES], b[LITEIO_CATALOG_RANGES];
	size_t n = liteio_catalog_diff(was, c, same, a);

	ck_assert_uint_eq(n, liteio_catalog_diff(was, c, &unknown, b));
	ck_assert_mem_eq(a, b, n * sizeof(a[0]));
}

/* what is known of attachments without a look is what a look says, whichever changes, and how */
START_TEST(test_same_atts)
{
	static void (*const changes[])(struct liteio_catalog *c, const struct liteio_uuid *) = {
		att_comes, att_changes, att_goes, floor_rises, volume_goes, volume_comes,
	};
	/* behind that of generation 3 are those of 4 and 5; that a volume comes moves them only */
	static const size_t at[] = { 2, 1, 0, 0, 0, 0 };

	for (size_t k = 0; k < sizeof(changes) / sizeof(changes[0]); k++) {
		for (unsigned int i = 0; i < 30; i++) {
			struct liteio_catalog was, c, next;
			struct liteio_catalog_same same;
			struct liteio_uuid volume;

			make(&was, 30);
			check_bytes(&was);
			volume = was.volumes[i]->uuid;
			liteio_catalog_copy(&was, &c);
			changes[k](&c, &volume);
			same = liteio_catalog_same(&was, NULL, &c);
			ck_assert_uint_eq(same.n_atts,
					  changes[k] == volume_comes ? 60 : 2 * i + at[k]);
			ck_assert_int_eq(liteio_catalog_check_change(&was, &c, NULL), 0);
			check_diff(&was, &c, &same);
			check_bytes(&c);
			/* by way of another, too, in which something else has changed */
			liteio_catalog_copy(&c, &next);
			if (i != 7)
				att_changes(&next, &was.volumes[7]->uuid);
			same = liteio_catalog_same(&was, &c, &next);
			check_diff(&was, &next, &same);
			check_bytes(&next);
			liteio_catalog_fini(&next);
			liteio_catalog_fini(&c);
			liteio_catalog_fini(&was);
		}
	}
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

static void *encode(struct liteio_catalog *c, size_t *ret_len)
{
	void *buf = malloc(liteio_catalog_bytes(c));

	ck_assert_ptr_nonnull(buf);
	liteio_catalog_encode(c, 1700000001, buf);
	*ret_len = liteio_catalog_bytes(c);
	return buf;
}

static void seal(void *slot)
{
	struct liteio_ondisk_slot *h = slot;

	liteio_put(h->records_crc, liteio_crc32c(0, (char *)slot + LITEIO_ONDISK_BLOCK,
						 liteio_get(h->n_records) * LITEIO_RECORD_BYTES));
	liteio_put(h->crc, 0);
	liteio_put(h->crc, liteio_crc32c(0, h, sizeof(*h)));
}

START_TEST(test_round_trip)
{
	static const unsigned int counts[] = { 0, 1, 7, 4096 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct liteio_catalog c, back;
		void *slot, *again;
		size_t len, len2;

		make(&c, counts[i]);
		c.is_clean = i & 1;
		slot = encode(&c, &len);
		/* 4096 volumes with two attachments each fit */
		ck_assert(len <= LITEIO_SLOT_BYTES && len % LITEIO_ONDISK_BLOCK == 0);
		/* no more of the slot has to be read, and never more than there is */
		ck_assert_uint_eq(liteio_catalog_used(slot, LITEIO_SLOT_BYTES), len);
		ck_assert_uint_eq(liteio_catalog_used(slot, LITEIO_ONDISK_BLOCK),
				  LITEIO_ONDISK_BLOCK);
		ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), 0);
		ck_assert_uint_eq(back.n_volumes, counts[i]);
		ck_assert_uint_eq(back.n_attachments, counts[i] * 2);
		ck_assert(back.is_clean == c.is_clean);
		again = encode(&back, &len2);
		ck_assert_uint_eq(len, len2);
		ck_assert_mem_eq(slot, again, len);
		free(slot);
		free(again);
		liteio_catalog_fini(&c);
		liteio_catalog_fini(&back);
	}
}
END_TEST

START_TEST(test_every_bit_counts)
{
	struct liteio_catalog c, back;
	size_t len, used;
	uint8_t *slot;

	make(&c, 2);
	slot = encode(&c, &len);
	used = LITEIO_ONDISK_BLOCK + 6 * LITEIO_RECORD_BYTES;
	for (size_t i = 0; i < used; i++) {
		int r;

		slot[i] ^= (uint8_t)(1u << i % 8);
		r = liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL);
		ck_assert_msg(r == (i < 16 ? -ENODATA : -EBADMSG), "byte %zu gave %d", i, r);
		slot[i] ^= (uint8_t)(1u << i % 8);
	}
	free(slot);
	liteio_catalog_fini(&c);
}
END_TEST

START_TEST(test_truncated)
{
	struct liteio_catalog c, back;
	uint8_t *slot, *part;
	size_t len;

	make(&c, 20);
	slot = encode(&c, &len);
	for (size_t n = 0; n < LITEIO_ONDISK_BLOCK + 60 * LITEIO_RECORD_BYTES; n += 256) {
		/* of its own size, so that reading beyond it is seen */
		part = malloc(n ? n : 1);
		ck_assert_ptr_nonnull(part);
		memcpy(part, slot, n);
		ck_assert_int_eq(liteio_catalog_decode(part, n, &c.pool_uuid, &back, NULL),
				 -EBADMSG);
		free(part);
	}
	/* torn: the rest of the write before */
	memset(slot + len / 2, 0, len - len / 2);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), -EBADMSG);
	free(slot);
	liteio_catalog_fini(&c);
}
END_TEST

START_TEST(test_every_field_counts)
{
	static const struct {
		size_t offset;
		size_t size;
		uint64_t value;
		int want;
		const char *what;
	} cases[] = {
		{ 20, 4, 2, -ENOTSUP, "version" },
		{ 32, 8, 1ull << 63, -ENOTSUP, "incompat" },
		{ 40, 8, UINT64_MAX, -EBADMSG, "sequence" },
		{ 48, 8, 1, -ENODATA, "another pool" },
		{ 64, 8, UINT64_MAX, -EBADMSG, "txid" },
		{ 72, 4, 1, -EBADMSG, "next thin id" },
		{ 76, 4, 2, -EBADMSG, "flags" },
		{ 80, 4, 1000, -EBADMSG, "number of records" },
		{ 80, 4, 5, -EBADMSG, "attachment without its volume, at the end" },
		{ 100, 1, 1, -EBADMSG, "unused bytes" },
		{ 4096, 2, 2, -EBADMSG, "a volume as an attachment" },
		{ 4096, 2, 7, -EBADMSG, "type" },
		{ 4096 + 5, 1, 1, -EBADMSG, "unused bytes of a volume" },
		{ 4096 + 511, 1, 1, -EBADMSG, "unused bytes of a volume" },
		{ 4096 + 472, 1, 1, -EBADMSG, "zeroed, and ready" },
		{ 4096 + 480, 1, 1, -EBADMSG, "replaces, without a transaction" },
		{ 4096 + 496, 1, 1, -EBADMSG, "to be wiped, without the feature" },
		{ 4096 + 497, 1, 1, -EBADMSG, "unmade, without the feature" },
		{ 4096 + 497, 1, 2, -EBADMSG, "neither made nor unmade" },
		{ 4096 + 112 + 100, 1, 65, -EBADMSG, "something after the end of the name" },
		{ 4096 + 1024 + 3, 1, 1, -EBADMSG, "unused bytes of an attachment" },
		{ 4096 + 1024 + 300, 1, 1, -EBADMSG, "unused bytes of an attachment" },
		{ 4096 + 1024 + 40, 1, 7, -EBADMSG, "host" },
	};
	struct liteio_catalog c, back;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		uint8_t *slot;
		size_t len;
		int r;

		make(&c, 2);
		slot = encode(&c, &len);
		if (cases[i].offset == 80 && cases[i].value == 5)
			liteio_le_put(slot + 4096 + 2 * 512 + 8, 1, 99);
		liteio_le_put(slot + cases[i].offset, cases[i].size, cases[i].value);
		if (cases[i].value != 1000)
			seal(slot);
		r = liteio_catalog_decode(slot, len, &c.pool_uuid, &back, &err);
		ck_assert_msg(r == cases[i].want, "%s gave %d: %s", cases[i].what, r, err.msg);
		ck_assert_msg(err.msg[0], "%s has no sentence", cases[i].what);
		free(slot);
		liteio_catalog_fini(&c);
	}
}
END_TEST

START_TEST(test_compat)
{
	struct liteio_ondisk_slot *h;
	struct liteio_catalog c, back;
	size_t len;
	void *slot;

	make(&c, 2);
	slot = encode(&c, &len);
	h = slot;
	liteio_put(h->compat, 4);
	h->zero[9] = 1;
	((uint8_t *)slot)[4096 + 500] = 1;
	seal(slot);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), 0);
	ck_assert_uint_eq(back.compat, 4);
	free(slot);
	liteio_catalog_fini(&c);
	liteio_catalog_fini(&back);
}
END_TEST

/* a linear volume that is being created, and says how much of it is zeroed */
static void make_zeroing(struct liteio_catalog *c, uint64_t zeroed)
{
	struct liteio_catalog_volume v = {
		.uuid = uuid(7),
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_LINEAR,
		.state = LITEIO_CATALOG_CREATING,
		.size_bytes = 4 * LITEIO_LINEAR_UNIT,
		.floor = LITEIO_CATALOG_GEN_MIN,
		.name = "vol-7",
		.zeroed_bytes = zeroed,
	};
	const struct liteio_catalog_extent e = { .volume = uuid(7),
						 .state = LITEIO_CATALOG_EXTENT_FRESH,
						 .start = 8 * LITEIO_LINEAR_UNIT,
						 .length = 4 * LITEIO_LINEAR_UNIT };

	make(c, 1);
	liteio_catalog_add(c, &v);
	liteio_catalog_add_extent(c, &e);
}

START_TEST(test_zeroed)
{
	const uint64_t zeroed = 3 * LITEIO_LINEAR_UNIT;
	struct liteio_uuid seven = uuid(7);
	struct liteio_catalog c, back;
	struct liteio_ondisk_slot *h;
	size_t len;
	void *slot;

	make_zeroing(&c, zeroed);
	slot = encode(&c, &len);
	h = slot;
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_find(&back, &seven)->zeroed_bytes, zeroed);
	liteio_catalog_fini(&back);
	/* one that does not know of it, and clears the bit, can not mean it */
	liteio_put(h->compat, 0);
	seal(slot);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), -EBADMSG);
	liteio_put(h->compat, 4);
	seal(slot);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_find(&back, &seven)->zeroed_bytes, 0);
	liteio_catalog_fini(&back);
	free(slot);
	/* of one that is ready nothing is left of it */
	liteio_catalog_edit(&c, &seven)->state = LITEIO_CATALOG_READY;
	liteio_catalog_use_extents(&c, &seven);
	slot = encode(&c, &len);
	ck_assert_int_eq(liteio_catalog_decode(slot, len, &c.pool_uuid, &back, NULL), 0);
	ck_assert_uint_eq(liteio_catalog_find(&back, &seven)->zeroed_bytes, 0);
	liteio_catalog_fini(&back);
	free(slot);
	liteio_catalog_fini(&c);
	make_zeroing(&c, 5 * LITEIO_LINEAR_UNIT);
	ck_assert_int_eq(liteio_catalog_check(&c, NULL), -EBADMSG);
	liteio_catalog_fini(&c);
}
END_TEST

START_TEST(test_choose)
{
	struct liteio_catalog a = { .sequence = 4 }, b = { .sequence = 5 };

	ck_assert_int_eq(liteio_catalog_choose(0, &a, 0, &b), 1);
	ck_assert_int_eq(liteio_catalog_choose(0, &b, 0, &a), 0);
	ck_assert_int_eq(liteio_catalog_choose(0, &a, 0, &a), -EBADMSG);
	ck_assert_int_eq(liteio_catalog_choose(-EBADMSG, &a, 0, &b), 1);
	ck_assert_int_eq(liteio_catalog_choose(0, &a, -ENODATA, &b), 0);
	ck_assert_int_eq(liteio_catalog_choose(-EBADMSG, &a, -ENODATA, &b), -EBADMSG);
	/* a newer one is never passed over */
	ck_assert_int_eq(liteio_catalog_choose(0, &a, -ENOTSUP, &b), -ENOTSUP);
	ck_assert_int_eq(liteio_catalog_choose(-ENOTSUP, &a, -EBADMSG, &b), -ENOTSUP);
}
END_TEST

UNIT_MAIN("catalog", test_in_memory, test_names, a_new_name_is_nobody_elses,
	  a_floor_goes_past_what_is_over, test_invariants, test_same_atts,
	  test_finish, test_unmade, test_made_together, test_round_trip,
	  test_every_bit_counts, test_truncated, test_every_field_counts, test_compat, test_zeroed,
	  test_choose)
