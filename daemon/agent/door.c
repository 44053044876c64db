// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The door: one nftables table of ours, made and removed as a whole by nft.
 *
 * A process that is killed between both leaves the door closed; the next start opens it when it is
 * done, which is right: the exports were not complete.
 */
#include "agent/door.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "model/local.h"

#define TABLE "inet liteio-door"
#define NFT_MS 10000

static int nft(const char *script, struct liteio_error *err)
{
	const char *const argv[] = { "nft", script, NULL };
	struct liteio_child_result result = { 0 };
	int r;

	r = liteio_child_run(argv, NFT_MS, &result, err);
	if (r < 0)
		return r;
	if (result.status != 0)
		r = liteio_error_set(err, -EIO, "nft: %s", result.output ? result.output : "failed");
	free(result.output);
	return r;
}

int liteio_door_close(const struct liteio_config *c, struct liteio_error *err)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	size_t i;
	int r = 0;

	liteio_buf_addstr(&b, "add table " TABLE "; flush table " TABLE
			      "; add chain " TABLE
			      " input { type filter hook input priority -300; }");
	for (i = 0; r == 0 && i < c->n_listen; i++) {
		_cleanup_free_ char *host = NULL;
		uint16_t port;

		r = liteio_local_address_parse(c->listen[i], &host, &port, err);
		if (r == 0)
			liteio_buf_addf(&b, "; add rule " TABLE " input %s daddr %s tcp dport %u drop",
					strchr(host, ':') ? "ip6" : "ip", host, port);
	}
	if (r == 0)
		r = nft(b.data, err);
	liteio_buf_fini(&b);
	return r;
}

int liteio_door_open(struct liteio_error *err)
{
	/* "add" makes the deletion succeed when there is none */
	return nft("add table " TABLE "; delete table " TABLE, err);
}
