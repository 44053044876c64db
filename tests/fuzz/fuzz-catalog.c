// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a catalog slot. Checksums are made right first; a catalog that is accepted must hold
 * what the checks promise and come back as the same records.
 *
 * fuzz-src: daemon/pool/catalog.c daemon/pool/catalog_codec.c daemon/pool/catalog_extent.c
 * fuzz-src: daemon/pool/catalog_check.c daemon/pool/catalog_record.c daemon/pool/crc32c.c
 * fuzz-src: daemon/base/error.c daemon/base/str.c daemon/base/uuid.c daemon/base/size.c
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pool/bytes.h"
#include "pool/catalog.h"
#include "pool/crc32c.h"

#define BYTES (3 * LITEIO_ONDISK_BLOCK)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct liteio_uuid pool = { { 1 } };

/* a linear volume in two pieces, and a reserved one */
static void seed_classes(struct liteio_catalog *c)
{
	struct liteio_catalog_volume v = {
		.uuid = { { 3 } },
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_LINEAR,
		.state = LITEIO_CATALOG_READY,
		.size_bytes = 3 * LITEIO_LINEAR_UNIT,
		.floor = 1,
		.name = "a3",
	};
	struct liteio_catalog_extent e = {
		.volume = v.uuid,
		.state = LITEIO_CATALOG_EXTENT_USED,
		.start = 9 * LITEIO_LINEAR_UNIT,
		.length = LITEIO_LINEAR_UNIT,
	};

	liteio_catalog_add(c, &v);
	liteio_catalog_add_extent(c, &e);
	e.start = 2 * LITEIO_LINEAR_UNIT;
	e.length = 2 * LITEIO_LINEAR_UNIT;
	e.offset = LITEIO_LINEAR_UNIT;
	liteio_catalog_add_extent(c, &e);
	v = (struct liteio_catalog_volume){
		.uuid = { { 4 } },
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_RESERVED,
		.state = LITEIO_CATALOG_READY,
		.size_bytes = 4096,
		.floor = 1,
		.thin_id = 3,
		.name = "a4",
	};
	liteio_catalog_add(c, &v);
	c->reserve_txid = 1;
	c->overcommit_percent = 100;
}

/*
 * two volumes with an attachment each, one of them on its way back to a snapshot, and one of each
 * other class, which the input is laid over
 */
static void seed(uint8_t *slot)
{
	const struct liteio_catalog_volume replacement = {
		.uuid = { { 5 } },
		.kind = LITEIO_CATALOG_VOLUME,
		.vclass = LITEIO_CATALOG_THIN,
		.state = LITEIO_CATALOG_CREATING,
		.size_bytes = 4096,
		.floor = 1,
		.txid = 1,
		.thin_id = 4,
		.name = "a5",
		.replaces = { { 2 } },
		.wipe = LITEIO_CATALOG_WIPE_DISCARD,
	};
	struct liteio_catalog c;

	liteio_catalog_init(&c, &pool);
	c.sequence = 3;
	for (uint8_t i = 1; i <= 2; i++) {
		struct liteio_catalog_volume v = {
			.uuid = { { i } },
			.kind = LITEIO_CATALOG_VOLUME,
			.vclass = LITEIO_CATALOG_THIN,
			.state = LITEIO_CATALOG_READY,
			.size_bytes = 4096,
			.floor = 1,
			.thin_id = i,
			.name = { 'a', (char)('0' + i) },
		};
		struct liteio_catalog_attachment a = {
			.volume = { { i } },
			.generation = 1,
			.state = LITEIO_CATALOG_ATT_LIVE,
			.host = "nqn.x",
		};

		liteio_catalog_add(&c, &v);
		liteio_catalog_add_att(&c, &a);
	}
	liteio_catalog_add(&c, &replacement);
	seed_classes(&c);
	c.next_thin_id = 5;
	if (liteio_catalog_check(&c, NULL))
		abort();
	liteio_catalog_encode(&c, 0, slot);
	liteio_catalog_fini(&c);
}

static void seal(uint8_t *slot)
{
	struct liteio_ondisk_slot *h = (struct liteio_ondisk_slot *)slot;
	uint64_t n = liteio_get(h->n_records);

	if (n <= (BYTES - LITEIO_ONDISK_BLOCK) / LITEIO_RECORD_BYTES)
		liteio_put(h->records_crc,
			   liteio_crc32c(0, slot + LITEIO_ONDISK_BLOCK, n * LITEIO_RECORD_BYTES));
	liteio_put(h->crc, 0);
	liteio_put(h->crc, liteio_crc32c(0, h, sizeof(*h)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_Alignas(8) uint8_t slot[BYTES], again[BYTES];
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog c;
	size_t at;

	if (size < 2)
		return 0;
	memset(slot, 0, sizeof(slot));
	seed(slot);
	at = (size_t)(data[0] | data[1] << 8) % sizeof(slot);
	size = size - 2 < sizeof(slot) - at ? size - 2 : sizeof(slot) - at;
	memcpy(slot + at, data + 2, size);
	seal(slot);
	if (liteio_catalog_decode(slot, sizeof(slot), &pool, &c, &err)) {
		if (!err.msg[0])
			abort();
		return 0;
	}
	if (liteio_catalog_check(&c, NULL) || liteio_catalog_bytes(&c) > sizeof(again))
		abort();
	liteio_catalog_encode(&c, 0, again);
	if (!(c.compat & ~LITEIO_SLOT_COMPAT_ZEROED) &&
	    memcmp(slot + LITEIO_ONDISK_BLOCK, again + LITEIO_ONDISK_BLOCK,
		   (c.n_volumes + c.n_attachments + c.n_extents) * LITEIO_RECORD_BYTES) != 0)
		abort();
	liteio_catalog_fini(&c);
	return 0;
}
