// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Heartbeats: a short list of nodes with what was last seen of each.
 */
#include "controller/heartbeat.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

struct beat {
	struct beat *next;
	char *node;
	char *renewed;
	uint64_t duration_ms;
	uint64_t seen_ms;
	bool changed; /* since this process has begun to look */
};

struct liteio_heartbeats {
	pthread_mutex_t lock; /* protects the list */
	struct beat *list;
};

struct liteio_heartbeats *liteio_heartbeats_new(void)
{
	struct liteio_heartbeats *h = liteio_calloc(1, sizeof(*h));

	pthread_mutex_init(&h->lock, NULL);
	return h;
}

static void beat_free(struct beat *b)
{
	free(b->node);
	free(b->renewed);
	free(b);
}

void liteio_heartbeats_free(struct liteio_heartbeats *h)
{
	struct beat *b;

	if (!h)
		return;
	while ((b = h->list)) {
		h->list = b->next;
		beat_free(b);
	}
	pthread_mutex_destroy(&h->lock);
	free(h);
}

/* where the node's entry is, or would be linked in; called with the lock held */
static struct beat **find(struct liteio_heartbeats *h, const char *node)
{
	struct beat **at = &h->list;

	while (*at && strcmp((*at)->node, node) != 0)
		at = &(*at)->next;
	return at;
}

void liteio_heartbeats_see(struct liteio_heartbeats *h, const char *node, const char *renewed,
			   uint64_t duration_ms, bool fresh, uint64_t now_ms)
{
	liteio_guard(&h->lock);
	struct beat **at = find(h, node);
	struct beat *b = *at;

	if (!b) {
		b = liteio_calloc(1, sizeof(*b));
		b->node = liteio_strdup(node);
		b->seen_ms = now_ms;
		b->changed = fresh;
		*at = b;
	} else {
		if (!strcmp(b->renewed, renewed))
			return;
		b->changed = true;
		b->seen_ms = now_ms;
		free(b->renewed);
	}
	b->renewed = liteio_strdup(renewed);
	b->duration_ms = duration_ms ? duration_ms : LITEIO_HEARTBEAT_DEFAULT_MS;
}

void liteio_heartbeats_forget(struct liteio_heartbeats *h, const char *node)
{
	liteio_guard(&h->lock);
	struct beat **at = find(h, node);
	struct beat *b = *at;

	if (b) {
		*at = b->next;
		beat_free(b);
	}
}

bool liteio_heartbeats_alive(struct liteio_heartbeats *h, const char *node, bool was_alive,
			     uint64_t now_ms, uint64_t *ret_again_ms)
{
	liteio_guard(&h->lock);
	struct beat *b = *find(h, node);

	*ret_again_ms = 0;
	if (!b || (!b->changed && !was_alive) || now_ms - b->seen_ms >= b->duration_ms)
		return false;
	*ret_again_ms = b->seen_ms + b->duration_ms - now_ms + 1;
	return true;
}
