// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any text as what thin_dump writes: it is read as far as it makes sense, and devices are in order.
 *
 * fuzz-src: daemon/pool/thin_dump.c daemon/base/str.c daemon/base/error.c daemon/base/size.c
 */
#include <stdlib.h>

#include "pool/thin_meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct liteio_thin_dump d;

	if (liteio_thin_dump_parse((const char *)data, size, &d))
		return 0;
	for (size_t i = 0; i < d.n_devices; i++) {
		if (liteio_thin_dump_find(&d, d.devices[i].id) != &d.devices[i])
			abort();
	}
	liteio_thin_dump_fini(&d);
	return 0;
}
