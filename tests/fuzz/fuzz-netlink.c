// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a message of the module.
 *
 * fuzz-src: daemon/host/netlink_parse.c
 */
#include <stdlib.h>
#include <string.h>

#include "host/netlink.h"
#include "host/netlink_dirty.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* what was accepted is terminated */
static void check_text(const char *s, size_t size)
{
	if (!memchr(s, 0, size))
		abort();
}

static void nothing(void *arg, const struct liteio_netlink_io *io)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct liteio_netlink_dirty_answer d;
	struct liteio_netlink_dirty_start b;
	struct liteio_netlink_volume v;
	struct liteio_netlink_fence f;
	struct liteio_netlink_stats s;
	struct liteio_netlink_event e;
	struct liteio_netlink_info i;
	struct liteio_netlink_att a;

	if (!liteio_netlink_parse_info(data, size, &i))
		check_text(i.module, sizeof(i.module));
	if (!liteio_netlink_parse_volume(data, size, &v))
		check_text(v.name, sizeof(v.name));
	if (!liteio_netlink_parse_att(data, size, &a))
		check_text(a.host, sizeof(a.host));
	liteio_netlink_parse_fence(data, size, &f);
	liteio_netlink_parse_stats(data, size, &s);
	liteio_netlink_parse_event(data, size, &e);
	liteio_netlink_parse_dirty_start(data, size, &b);
	/* the number that zeroes have */
	liteio_netlink_parse_io_part(data, size, 0, nothing, NULL);
	if (!liteio_netlink_parse_dirty_answer(data, size, &d) &&
	    d.n_ranges > LITEIO_DIRTY_RANGES_MAX)
		abort();
	return 0;
}
