// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any block as a label. The checksum is made right first, or nothing behind it would ever be
 * reached; a label that is accepted must come back as the same bytes.
 *
 * fuzz-src: daemon/pool/label.c daemon/pool/label_grow.c daemon/pool/crc32c.c
 * fuzz-src: daemon/base/error.c daemon/base/str.c
 * fuzz-src: daemon/base/uuid.c daemon/base/size.c
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pool/bytes.h"
#include "pool/crc32c.h"
#include "pool/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* a valid one, which the input is laid over: random bytes alone would not get far */
static void seed(struct liteio_ondisk_label *d)
{
	static const struct liteio_label_regions regions = { .linear = 10ull << 30,
							     .reserve = 1ull << 30 };
	static struct liteio_label l;

	if (!l.sequence && liteio_label_layout("fast", 100ull << 30, 0, &regions, &l, NULL))
		abort();
	liteio_label_encode(&l, d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_ondisk_label d, again;
	struct liteio_label l;
	size_t at;

	if (size < 2)
		return 0;
	seed(&d);
	at = (size_t)(data[0] | data[1] << 8) % sizeof(d);
	size = size - 2 < sizeof(d) - at ? size - 2 : sizeof(d) - at;
	memcpy((uint8_t *)&d + at, data + 2, size);
	liteio_put(d.crc, 0);
	liteio_put(d.crc, liteio_crc32c(0, &d, sizeof(d)));
	if (liteio_label_decode(&d, &l, &err)) {
		if (!err.msg[0])
			abort();
		return 0;
	}
	liteio_label_encode(&l, &again);
	if (!(l.compat & ~LITEIO_LABEL_COMPAT) && memcmp(&d, &again, sizeof(d)) != 0)
		abort();
	return 0;
}
