// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold between the records of a catalog: each way to break it is seen, in the whole of it
 * and in what has changed.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "catalog_volumes.h"
#include "pool/catalog_record.h"
#include "unit.h"

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

UNIT_MAIN("catalog-check", test_invariants)
