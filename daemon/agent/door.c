// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The door: one nftables table of ours, made and removed as a whole by nft, and what it waits for.
 *
 * A process that is killed between both leaves the door closed; the next start finds it so and
 * opens it when nothing is missing any more.
 *
 * What nft is told it does as a whole or not at all, but one that did not come back has not said
 * which. The door is taken for closed then, and looked at before anything is concluded from that.
 */
#include "agent/door.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/exports.h"
#include "agent/pools.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "model/local.h"

#define TABLE "inet liteio-door"
#define NFT_MS 10000

/**
 * struct liteio_door - what is known of the door
 * @lock: covers the reason, and changes
 * @closed: packets are dropped, or may be; changes under the lock, read by any thread
 * @is_doubtful: nobody knows which of both
 * @reason: what it was waiting for when that was looked at last; NULL when not yet
 */
struct liteio_door {
	pthread_mutex_t lock;
	_Atomic bool closed;
	bool is_doubtful;
	char *reason;
};

struct liteio_door *liteio_door_new(void)
{
	struct liteio_door *d = liteio_calloc(1, sizeof(*d));

	pthread_mutex_init(&d->lock, NULL);
	return d;
}

void liteio_door_free(struct liteio_door *d)
{
	if (!d)
		return;
	free(d->reason);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static int nft(const char *script, struct liteio_error *err)
{
	const char *const argv[] = { "nft", script, NULL };
	struct liteio_child_result result = { 0 };
	int r;

	r = liteio_child_run(argv, NFT_MS, &result, err);
	if (r < 0)
		return r;
	r = liteio_child_check_signal("nft", &result, err);
	if (r == 0 && result.status != 0)
		r = liteio_error_set(err, -EIO, "nft: %s", result.output ? result.output : "failed");
	free(result.output);
	return r;
}

/* it said so, or there is none that could run; else it may have done it */
static bool has_refused(int r)
{
	return r == -EIO || r == -ENOENT || r == -EACCES;
}

static int nft_drop(const struct liteio_config *c, struct liteio_error *err)
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

/* the door is locked */
static void look(struct liteio_door *d)
{
	int r = nft("list table " TABLE, NULL);

	d->is_doubtful = r && !has_refused(r);
	d->closed = !has_refused(r);
}

void liteio_door_find(struct liteio_agent *a)
{
	liteio_guard(&a->door->lock);
	look(a->door);
}

int liteio_door_close_for_links(struct liteio_agent *a, struct liteio_error *err)
{
	struct liteio_door *d = a->door;
	int r;

	if (liteio_export_is_listening())
		return 0;
	liteio_guard(&d->lock);
	r = nft_drop(&a->config, err);
	if (has_refused(r))
		return r;
	d->is_doubtful = r;
	d->closed = true;
	return r;
}

/* what is missing, a sentence in new memory; NULL: nothing */
static char *what_is_missing(struct liteio_agent *a)
{
	_cleanup_free_ char *pools = liteio_pools_missing(a);
	char *reason = NULL;

	if (pools)
		return liteio_strf("not found: %s; import a pool to bring its exports back, or delete it by name to give them up",
				   pools);
	liteio_export_all_linked(a, &reason);
	return reason;
}

static void set_reason(struct liteio_door *d, const char *reason)
{
	if (reason && (!d->reason || strcmp(d->reason, reason) != 0))
		log_warning(NULL, "no remote consumer is let in: %s", reason);
	free(d->reason);
	d->reason = reason ? liteio_strdup(reason) : NULL;
}

void liteio_door_review(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_door *d = a->door;
	_cleanup_free_ char *reason = NULL;
	int r;

	if (!d->closed)
		return;
	liteio_guard(&d->lock);
	if (!d->closed)
		return;
	reason = what_is_missing(a);
	if (!reason) {
		/* "add" makes the deletion succeed when there is none */
		r = nft("add table " TABLE "; delete table " TABLE, &err);
		if (r)
			reason = liteio_strf("nothing is missing, but: %s",
					     liteio_error_str(&err, r));
		d->is_doubtful = r && !has_refused(r);
	} else if (d->is_doubtful) {
		look(d);
		if (!d->closed) {
			free(reason);
			reason = NULL;
		}
	}
	set_reason(d, reason);
	d->closed = !!reason;
}

bool liteio_door_is_closed(const struct liteio_agent *a)
{
	return a->door->closed;
}

char *liteio_door_reason(struct liteio_agent *a)
{
	struct liteio_door *d = a->door;

	if (!d->closed)
		return NULL;
	liteio_guard(&d->lock);
	if (!d->closed)
		return NULL;
	return liteio_strdup(d->reason ? d->reason : "exports are being restored");
}
