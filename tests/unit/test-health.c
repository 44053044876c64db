// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a thin pool is opened, and which metadata may take the place of others.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "pool/health.h"
#include "unit.h"

START_TEST(test_open)
{
	static const struct {
		struct liteio_health_found found;
		enum liteio_health_open how;
	} cases[] = {
		/* not in the kernel: clean, new, or checked */
		{ { .is_clean = true }, LITEIO_HEALTH_WRITABLE },
		{ { .is_new = true }, LITEIO_HEALTH_WRITABLE },
		{ { 0 }, LITEIO_HEALTH_CHECK },
		{ { .check = LITEIO_HEALTH_SOUND }, LITEIO_HEALTH_WRITABLE },
		{ { .check = LITEIO_HEALTH_LEAKY }, LITEIO_HEALTH_WRITABLE },
		{ { .check = LITEIO_HEALTH_DAMAGED }, LITEIO_HEALTH_READ_ONLY },
		/* written by somebody else, whatever else is known */
		{ { .is_foreign = true, .is_clean = true }, LITEIO_HEALTH_READ_ONLY },
		{ { .is_foreign = true, .check = LITEIO_HEALTH_SOUND }, LITEIO_HEALTH_READ_ONLY },
		{ { .is_foreign = true, .is_active = true }, LITEIO_HEALTH_WRITABLE },
		/* in the kernel: nothing is checked under it, and nothing made writable */
		{ { .is_active = true, .mode = LITEIO_ENGINE_RW }, LITEIO_HEALTH_WRITABLE },
		{ { .is_active = true, .mode = LITEIO_ENGINE_NO_SPACE }, LITEIO_HEALTH_WRITABLE },
		{ { .is_active = true, .mode = LITEIO_ENGINE_RO }, LITEIO_HEALTH_ADOPT },
		{ { .is_active = true, .mode = LITEIO_ENGINE_FAILED }, LITEIO_HEALTH_ADOPT },
		{ { .is_active = true, .mode = LITEIO_ENGINE_RO, .is_clean = true },
		  LITEIO_HEALTH_ADOPT },
	};

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(cases); i++)
		ck_assert_msg(liteio_health_open(&cases[i].found) == cases[i].how,
			      "case %zu: %d", i, liteio_health_open(&cases[i].found));
}
END_TEST

#define BLOCK (256u << 10)
#define DEVICES_MAX 6

/* id and blocks; a list ends with id 0 */
struct dump {
	bool is_unknown;
	bool is_cut;
	uint64_t txid;
	struct liteio_thin_device devices[DEVICES_MAX];
};

static struct liteio_thin_dump dump_of(const struct dump *d)
{
	struct liteio_thin_dump r = {
		.txid = d->txid,
		.is_whole = !d->is_cut,
		.devices = (struct liteio_thin_device *)(uintptr_t)d->devices,
	};

	while (r.n_devices < DEVICES_MAX && d->devices[r.n_devices].id)
		r.n_devices++;
	return r;
}

/* a volume, a snapshot, one that is being deleted, one of the reserve and a linear one */
static struct liteio_catalog catalog_of(struct liteio_catalog_volume v[6])
{
	static const struct liteio_catalog_volume all[] = {
		{ .name = "db", .kind = LITEIO_CATALOG_VOLUME, .vclass = LITEIO_CATALOG_THIN,
		  .state = LITEIO_CATALOG_READY, .thin_id = 1 },
		{ .name = "snap", .kind = LITEIO_CATALOG_SNAPSHOT, .vclass = LITEIO_CATALOG_THIN,
		  .state = LITEIO_CATALOG_READY, .thin_id = 2 },
		{ .name = "old", .kind = LITEIO_CATALOG_VOLUME, .vclass = LITEIO_CATALOG_THIN,
		  .state = LITEIO_CATALOG_DELETING, .thin_id = 3 },
		{ .name = "res", .kind = LITEIO_CATALOG_VOLUME, .vclass = LITEIO_CATALOG_RESERVED,
		  .state = LITEIO_CATALOG_READY, .thin_id = 4 },
		{ .name = "lin", .kind = LITEIO_CATALOG_VOLUME, .vclass = LITEIO_CATALOG_LINEAR,
		  .state = LITEIO_CATALOG_READY },
		{ .name = "new", .kind = LITEIO_CATALOG_VOLUME, .vclass = LITEIO_CATALOG_THIN,
		  .state = LITEIO_CATALOG_CREATING, .thin_id = 6, .txid = 8 },
	};

	static struct liteio_catalog_volume *pointers[6];

	memcpy(v, all, sizeof(all));
	for (size_t i = 0; i < 6; i++)
		pointers[i] = &v[i];
	return (struct liteio_catalog){ .thin_txid = 7, .reserve_txid = 3, .next_thin_id = 7,
					.volumes = pointers, .n_volumes = 6 };
}

#define ALL { 1, 100, 0 }, { 2, 50, 0 }, { 3, 10, 0 }

static const struct {
	const char *title;
	struct dump before, after;
	enum liteio_health_verdict verdict;
	uint64_t lost_volumes, lost_blocks, extra;
	const char *what;
} comparisons[] = {
	{ "the same", { .txid = 7, .devices = { ALL } }, { .txid = 7, .devices = { ALL } },
	  LITEIO_HEALTH_WHOLE, 0, 0, 0, "" },
	{ "what is being created may be there or not", { .txid = 7, .devices = { ALL } },
	  { .txid = 7, .devices = { ALL, { 6, 0, 0 } } }, LITEIO_HEALTH_WHOLE, 0, 0, 0, "" },
	{ "its transaction has ended", { .txid = 8, .devices = { ALL, { 6, 0, 0 } } },
	  { .txid = 8, .devices = { ALL, { 6, 0, 0 } } }, LITEIO_HEALTH_WHOLE, 0, 0, 0, "" },
	{ "what is being deleted is no loss", { .txid = 7, .devices = { ALL } },
	  { .txid = 7, .devices = { { 1, 100, 0 }, { 2, 50, 0 } } },
	  LITEIO_HEALTH_WHOLE, 0, 0, 0, "" },
	{ "blocks are gone", { .txid = 7, .devices = { ALL } },
	  { .txid = 7, .devices = { { 1, 96, 0 }, { 2, 50, 0 }, { 3, 10, 0 } } },
	  LITEIO_HEALTH_LOSES, 0, 4, 0, "volume db has lost 1.0 MiB" },
	{ "a volume is gone, and blocks of a snapshot", { .txid = 7, .devices = { ALL } },
	  { .txid = 7, .devices = { { 2, 48, 0 } } }, LITEIO_HEALTH_LOSES, 1, 2, 0,
	  "volume db is gone, snapshot snap has lost 512.0 KiB" },
	{ "nothing was made of them", { .is_unknown = true }, { .txid = 7 },
	  LITEIO_HEALTH_LOSES, 2, 0, 0, "volume db is gone, snapshot snap is gone" },
	{ "what was there is not known", { .is_unknown = true },
	  { .txid = 7, .devices = { ALL } }, LITEIO_HEALTH_UNSURE, 0, 0, 0,
	  "every volume is there, but maybe as it was at an earlier time" },
	{ "not all that was there is known",
	  { .txid = 7, .is_cut = true, .devices = { { 1, 100, 0 } } },
	  { .txid = 7, .devices = { ALL } }, LITEIO_HEALTH_UNSURE, 0, 0, 0,
	  "every volume is there, but maybe as it was at an earlier time" },
	{ "what was deleted is there again", { .txid = 7, .devices = { ALL } },
	  { .txid = 7, .devices = { ALL, { 5, 9, 0 } } }, LITEIO_HEALTH_UNSURE, 0, 0, 1,
	  "every volume is there, but maybe as it was at an earlier time" },
	{ "another transaction", { .txid = 9, .devices = { ALL } },
	  { .txid = 9, .devices = { ALL } }, LITEIO_HEALTH_FOREIGN, 0, 0, 0,
	  "transaction 9 where the catalog has 7: another program has written the pool, "
	  "or the catalog is old" },
	{ "an id that was never given out", { .txid = 7, .devices = { ALL } },
	  { .txid = 7, .devices = { ALL, { 7, 1, 0 } } }, LITEIO_HEALTH_FOREIGN, 0, 0, 0, NULL },
};

START_TEST(test_compare)
{
	struct liteio_catalog_volume v[6];
	const struct liteio_catalog c = catalog_of(v);
	struct liteio_health_loss loss;
	struct liteio_thin_dump before = dump_of(&comparisons[_i].before);
	struct liteio_thin_dump after = dump_of(&comparisons[_i].after);

	liteio_health_compare(&c, LITEIO_CATALOG_THIN,
			      comparisons[_i].before.is_unknown ? NULL : &before, &after, BLOCK,
			      &loss);
	ck_assert_msg(loss.verdict == comparisons[_i].verdict, "%s: verdict %d, \"%s\"",
		      comparisons[_i].title, loss.verdict, loss.what);
	ck_assert_uint_eq(loss.lost_volumes, comparisons[_i].lost_volumes);
	ck_assert_uint_eq(loss.lost_bytes, comparisons[_i].lost_blocks * BLOCK);
	ck_assert_uint_eq(loss.extra, comparisons[_i].extra);
	if (comparisons[_i].what)
		ck_assert_str_eq(loss.what, comparisons[_i].what);
}
END_TEST

/* a volume without a device: what metadata may have by its id, as far as its making has come */
static const struct {
	const char *title;
	uint64_t txid;
	struct dump after;
	enum liteio_health_verdict verdict;
	uint64_t lost_volumes, extra;
} unmade[] = {
	{ "it has nothing to lose", 0, { .txid = 7, .devices = { ALL } },
	  LITEIO_HEALTH_WHOLE, 0, 0 },
	{ "a remnant, which is none of it", 0, { .txid = 7, .devices = { ALL, { 6, 0, 0 } } },
	  LITEIO_HEALTH_UNSURE, 0, 1 },
	{ "it is not made yet", 8, { .txid = 7, .devices = { ALL } }, LITEIO_HEALTH_WHOLE, 0, 0 },
	{ "it is half made", 8, { .txid = 7, .devices = { ALL, { 6, 0, 0 } } },
	  LITEIO_HEALTH_WHOLE, 0, 0 },
	{ "it was made", 8, { .txid = 8, .devices = { ALL, { 6, 0, 0 } } },
	  LITEIO_HEALTH_WHOLE, 0, 0 },
	{ "it was made, and is gone", 8, { .txid = 8, .devices = { ALL } },
	  LITEIO_HEALTH_LOSES, 1, 0 },
};

START_TEST(test_unmade)
{
	struct liteio_thin_dump after = dump_of(&unmade[_i].after);
	struct liteio_catalog_volume v[6];
	const struct liteio_catalog c = catalog_of(v);
	struct liteio_health_loss loss;

	v[5].state = LITEIO_CATALOG_READY;
	v[5].is_unmade = true;
	v[5].txid = unmade[_i].txid;
	liteio_health_compare(&c, LITEIO_CATALOG_THIN, &after, &after, BLOCK, &loss);
	ck_assert_msg(loss.verdict == unmade[_i].verdict, "%s: verdict %d, \"%s\"",
		      unmade[_i].title, loss.verdict, loss.what);
	ck_assert_uint_eq(loss.lost_volumes, unmade[_i].lost_volumes);
	ck_assert_uint_eq(loss.extra, unmade[_i].extra);
	ck_assert_int_eq(liteio_health_is_known(&c, LITEIO_CATALOG_THIN, 6), !!unmade[_i].txid);
}
END_TEST

/* each thin pool is compared with its own volumes, by its own transaction id */
START_TEST(test_reserve)
{
	const struct dump same = { .txid = 3, .devices = { { 4, 10, 0 } } };
	struct liteio_thin_dump d = dump_of(&same);
	struct liteio_catalog_volume v[6];
	const struct liteio_catalog c = catalog_of(v);
	struct liteio_health_loss loss;

	liteio_health_compare(&c, LITEIO_CATALOG_RESERVED, &d, &d, BLOCK, &loss);
	ck_assert_int_eq(loss.verdict, LITEIO_HEALTH_WHOLE);
	d.txid = 4;
	liteio_health_compare(&c, LITEIO_CATALOG_RESERVED, &d, &d, BLOCK, &loss);
	ck_assert_int_eq(loss.verdict, LITEIO_HEALTH_FOREIGN);
}
END_TEST

/* more losses than a sentence has room for are counted */
START_TEST(test_many)
{
	struct liteio_catalog_volume v[200] = { 0 }, *pointers[200];
	const struct liteio_catalog c = { .thin_txid = 7, .next_thin_id = 300, .volumes = pointers,
					  .n_volumes = 200 };
	const struct liteio_thin_dump after = { .txid = 7, .is_whole = true };
	struct liteio_health_loss loss;

	for (uint32_t i = 0; i < 200; i++) {
		v[i] = (struct liteio_catalog_volume){ .vclass = LITEIO_CATALOG_THIN,
						       .state = LITEIO_CATALOG_READY,
						       .kind = LITEIO_CATALOG_VOLUME,
						       .thin_id = i + 1 };
		snprintf(v[i].name, sizeof(v[i].name), "v%u", i);
		pointers[i] = &v[i];
	}
	liteio_health_compare(&c, LITEIO_CATALOG_THIN, NULL, &after, BLOCK, &loss);
	ck_assert_uint_eq(loss.lost_volumes, 200);
	ck_assert_str_eq(loss.what,
			 "volume v0 is gone, volume v1 is gone, volume v2 is gone and 197 more");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("health");
	TCase *tcase = unit_case(suite, "health");

	tcase_add_test(tcase, test_open);
	tcase_add_loop_test(tcase, test_compare, 0, LITEIO_ARRAY_SIZE(comparisons));
	tcase_add_loop_test(tcase, test_unmade, 0, LITEIO_ARRAY_SIZE(unmade));
	tcase_add_test(tcase, test_reserve);
	tcase_add_test(tcase, test_many);
	return unit_run(suite);
}
