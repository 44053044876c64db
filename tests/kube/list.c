// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole collection, read at once and page by page: what tests hold an informer's store against.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/object.h"
#include "live.h"

/**
 * struct page - one of them, asked for by a test's thread and answered on the loop's
 * @k: the client
 * @res: what is listed
 * @ns: where
 * @query: the request
 * @lock: covers what follows
 * @told: signalled when it is there
 * @ended: it is there
 * @r: 0 or a negative errno
 * @obj: the List object, ours
 * @err: the sentence
 */
struct page {
	struct liteio_kube *k;
	const struct liteio_resource *res;
	const char *ns;
	const char *query;
	pthread_mutex_t lock;
	pthread_cond_t told;
	bool ended;
	int r;
	struct liteio_json *obj;
	struct liteio_error err;
};

static void on_page(void *arg, int r, struct liteio_json *obj, const struct liteio_error *err)
{
	struct page *p = arg;

	pthread_mutex_lock(&p->lock);
	p->r = r;
	if (r)
		p->err = *err;
	else
		p->obj = liteio_json_ref(obj);
	p->ended = true;
	pthread_cond_signal(&p->told);
	pthread_mutex_unlock(&p->lock);
}

static void start(void *arg)
{
	struct page *p = arg;

	liteio_kube_page_start(p->k, p->res, p->ns, p->query, on_page, p);
}

/* the answer, owned by the caller */
static struct liteio_json *read_page(struct page *p)
{
	live_on_loop(start, p);
	pthread_mutex_lock(&p->lock);
	while (!p->ended)
		pthread_cond_wait(&p->told, &p->lock);
	pthread_mutex_unlock(&p->lock);
	CHECK(!p->r, "%s", p->err.msg);
	return p->obj;
}

struct liteio_json *live_list(struct liteio_kube *k, const struct liteio_resource *res,
			      const char *ns, const char *label_selector)
{
	struct liteio_json *items = liteio_json_new_array();
	char *token = NULL;

	do {
		struct liteio_buf q = LITEIO_BUF_INIT;
		struct page p = { .k = k,
				  .res = res,
				  .ns = ns,
				  .lock = PTHREAD_MUTEX_INITIALIZER,
				  .told = PTHREAD_COND_INITIALIZER };
		struct liteio_json *answer;
		const struct liteio_json *page;
		const char *next;

		liteio_kube_query_add(&q, "limit", "250");
		liteio_kube_query_add(&q, "labelSelector", label_selector);
		liteio_kube_query_add(&q, "continue", token);
		p.query = q.data;
		answer = read_page(&p);
		liteio_buf_fini(&q);
		page = liteio_json_get(answer, "items");
		for (size_t i = 0; i < liteio_json_len(page); i++)
			liteio_json_append(items, liteio_json_ref(liteio_json_at(page, i)));
		free(token);
		next = liteio_json_get_string(answer, "metadata.continue");
		token = next && *next ? liteio_strdup(next) : NULL;
		liteio_json_unref(answer);
	} while (token);
	return items;
}
