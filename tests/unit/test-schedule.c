// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Placement: each filter alone, the scores, the explanation.
 * unit-src: daemon/controller/schedule.c
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "controller/schedule.h"
#include "unit.h"

#define GIB (1ull << 30)

static struct liteio_condition ready = { .type = (char *)"Ready",
					 .status = LITEIO_CONDITION_TRUE };
static struct liteio_condition not_ready = { .type = (char *)"Ready",
					     .status = LITEIO_CONDITION_FALSE };

/* one node with one good pool, and a volume that fits */
struct world {
	struct liteio_node node;
	struct liteio_storage_pool pool;
	struct liteio_volume volume;
	struct liteio_candidate c;
	struct liteio_schedule_request req;
};

static void world_init(struct world *w, const char *node, const char *pool)
{
	*w = (struct world){ 0 };
	w->node.meta.name = (char *)node;
	w->node.status.conditions = &ready;
	w->node.status.n_conditions = 1;
	w->pool.meta.name = (char *)pool;
	w->pool.spec.node = (char *)node;
	w->pool.spec.overcommit_percent = 200;
	w->pool.status.conditions = &ready;
	w->pool.status.n_conditions = 1;
	w->pool.status.data_bytes = 100 * GIB;
	w->pool.status.data_used_bytes = 10 * GIB;
	w->pool.status.metadata_bytes = GIB;
	w->volume.spec.size_bytes = 10 * GIB;
	w->c = (struct liteio_candidate){ .pool = &w->pool, .node = &w->node, .alive = true };
	w->req.volume = &w->volume;
}

static struct liteio_json *labels(const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = NULL;

	ck_assert_msg(!liteio_json_parse(text, strlen(text), &j, &err), "%s", err.msg);
	return j;
}

static void good(struct world *w)
{
}

static void other(struct world *w)
{
	w->req.only_pool = "elsewhere";
}

static void same(struct world *w)
{
	w->req.only_pool = w->pool.meta.name;
}

static void unknown(struct world *w)
{
	w->c.node = NULL;
}

static void node_unready(struct world *w)
{
	w->node.status.conditions = &not_ready;
}

static void node_silent(struct world *w)
{
	w->c.alive = false;
}

static void node_cordon(struct world *w)
{
	w->node.spec.cordoned = true;
}

static void deleting(struct world *w)
{
	w->pool.meta.deleting = true;
}

static void pool_cordon(struct world *w)
{
	w->pool.spec.cordoned = true;
}

static void pool_unready(struct world *w)
{
	w->pool.status.n_conditions = 0;
}

static void class(struct world *w)
{
	w->volume.spec.volume_class = 7;
}

static void by_node_label(struct world *w)
{
	w->volume.spec.node_selector = labels("{\"zone\":\"b\"}");
	w->node.meta.labels = labels("{\"zone\":\"a\"}");
}

static void by_pool_label(struct world *w)
{
	w->volume.spec.pool_selector = labels("{\"disk\":\"nvme\",\"a.b/c\":\"x\"}");
	w->pool.meta.labels = labels("{\"disk\":\"nvme\"}");
}

static void labels_match(struct world *w)
{
	w->volume.spec.pool_selector = labels("{\"a.b/c\":\"x\"}");
	w->pool.meta.labels = labels("{\"disk\":\"nvme\",\"a.b/c\":\"x\"}");
}

static void must_local(struct world *w)
{
	w->volume.spec.position = LITEIO_POSITION_MUST_LOCAL;
	w->volume.spec.preferred_node = (char *)"elsewhere";
}

static void must_local_anywhere(struct world *w)
{
	w->volume.spec.position = LITEIO_POSITION_MUST_LOCAL;
}

static void must_remote(struct world *w)
{
	w->volume.spec.position = LITEIO_POSITION_MUST_REMOTE;
	w->volume.spec.preferred_node = w->node.meta.name;
}

static void remote_cap(struct world *w)
{
	w->volume.spec.preferred_node = (char *)"elsewhere";
	w->node.spec.max_remote_volumes = 2;
	w->c.remote_volumes = 2;
}

static void local_at_cap(struct world *w)
{
	remote_cap(w);
	w->volume.spec.preferred_node = w->node.meta.name;
}

static void data_full(struct world *w)
{
	w->pool.status.data_used_bytes = 90 * GIB;
}

static void metadata_full(struct world *w)
{
	w->pool.status.metadata_used_bytes = GIB - 1;
}

static void promised(struct world *w)
{
	w->pool.status.provisioned_bytes = 190 * GIB + 1;
}

static void promised_fits(struct world *w)
{
	w->pool.status.provisioned_bytes = 190 * GIB;
}

/* a linear volume: the thin data does not matter, what was set apart does */
static void linear(struct world *w)
{
	w->volume.spec.volume_class = LITEIO_VOLUME_LINEAR;
	w->pool.status.linear_bytes = 40 * GIB;
	w->pool.status.linear_free_bytes = 10 * GIB;
	w->pool.status.data_used_bytes = 100 * GIB;
	w->pool.status.metadata_used_bytes = GIB;
	w->pool.status.provisioned_bytes = 900 * GIB;
}

static void no_linear(struct world *w)
{
	w->volume.spec.volume_class = LITEIO_VOLUME_LINEAR;
}

static void linear_full(struct world *w)
{
	linear(w);
	w->pool.status.linear_free_bytes = 10 * GIB - 1;
}

static void linear_assigned(struct world *w)
{
	linear(w);
	w->c.assigned_fixed[LITEIO_VOLUME_LINEAR] = 31 * GIB;
}

static void reserved(struct world *w)
{
	linear(w);
	w->volume.spec.volume_class = LITEIO_VOLUME_RESERVED;
	w->pool.status.reserved_bytes = 10 * GIB;
	w->pool.status.reserved_free_bytes = 10 * GIB;
}

static void reserved_full(struct world *w)
{
	reserved(w);
	w->c.assigned_fixed[LITEIO_VOLUME_RESERVED] = 1;
}

static void assigned(struct world *w)
{
	w->c.assigned_bytes = 191 * GIB;
}

static const struct {
	void (*spoil)(struct world *w);
	enum liteio_refusal refusal;
} cases[] = {
	{ good, LITEIO_REFUSAL_NONE },
	{ other, LITEIO_REFUSAL_OTHER_POOL },
	{ same, LITEIO_REFUSAL_NONE },
	{ unknown, LITEIO_REFUSAL_NODE_UNKNOWN },
	{ node_unready, LITEIO_REFUSAL_NODE_NOT_READY },
	{ node_silent, LITEIO_REFUSAL_NODE_NOT_ALIVE },
	{ node_cordon, LITEIO_REFUSAL_NODE_CORDONED },
	{ deleting, LITEIO_REFUSAL_POOL_DELETING },
	{ pool_cordon, LITEIO_REFUSAL_POOL_CORDONED },
	{ pool_unready, LITEIO_REFUSAL_POOL_NOT_READY },
	{ class, LITEIO_REFUSAL_CLASS },
	{ linear, LITEIO_REFUSAL_NONE },
	{ no_linear, LITEIO_REFUSAL_CLASS },
	{ linear_full, LITEIO_REFUSAL_OVERCOMMIT },
	{ linear_assigned, LITEIO_REFUSAL_OVERCOMMIT },
	{ reserved, LITEIO_REFUSAL_NONE },
	{ reserved_full, LITEIO_REFUSAL_OVERCOMMIT },
	{ by_node_label, LITEIO_REFUSAL_NODE_SELECTOR },
	{ by_pool_label, LITEIO_REFUSAL_POOL_SELECTOR },
	{ labels_match, LITEIO_REFUSAL_NONE },
	{ must_local, LITEIO_REFUSAL_POSITION },
	{ must_local_anywhere, LITEIO_REFUSAL_NONE },
	{ must_remote, LITEIO_REFUSAL_POSITION },
	{ remote_cap, LITEIO_REFUSAL_REMOTE_CAP },
	{ local_at_cap, LITEIO_REFUSAL_NONE },
	{ data_full, LITEIO_REFUSAL_DATA_FULL },
	{ metadata_full, LITEIO_REFUSAL_METADATA_FULL },
	{ promised, LITEIO_REFUSAL_OVERCOMMIT },
	{ promised_fits, LITEIO_REFUSAL_NONE },
	{ assigned, LITEIO_REFUSAL_OVERCOMMIT },
};

START_TEST(filter)
{
	struct world w;

	world_init(&w, "n", "n.p");
	cases[_i].spoil(&w);
	ck_assert_str_eq(liteio_refusal_names[liteio_schedule_filter(&w.req, &w.c)],
			 liteio_refusal_names[cases[_i].refusal]);
	liteio_json_unref(w.volume.spec.node_selector);
	liteio_json_unref(w.volume.spec.pool_selector);
	liteio_json_unref(w.node.meta.labels);
	liteio_json_unref(w.pool.meta.labels);
}
END_TEST

static int choose(struct world *w, size_t n, struct liteio_schedule_result *res)
{
	struct liteio_candidate c[4];
	size_t i;

	for (i = 0; i < n; i++)
		c[i] = w[i].c;
	liteio_schedule(&w[0].req, c, n, res);
	return res->chosen;
}

START_TEST(choice)
{
	struct liteio_schedule_result res;
	struct world w[3];

	world_init(&w[0], "b", "b.p");
	world_init(&w[1], "a", "a.p");
	world_init(&w[2], "c", "c.p");
	/* all the same: by name */
	ck_assert_int_eq(choose(w, 3, &res), 1);
	/* the emptier one */
	w[2].pool.status.data_used_bytes = GIB;
	ck_assert_int_eq(choose(w, 3, &res), 2);
	/* near the consumer, even when fuller */
	w[0].volume.spec.preferred_node = (char *)"b";
	w[0].pool.status.data_used_bytes = 80 * GIB;
	ck_assert_int_eq(choose(w, 3, &res), 0);
	/* far from it, when that is preferred */
	w[0].volume.spec.position = LITEIO_POSITION_PREFER_REMOTE;
	ck_assert_int_eq(choose(w, 3, &res), 2);
	/* not at all possible near it: elsewhere */
	w[0].volume.spec.position = LITEIO_POSITION_PREFER_LOCAL;
	w[0].pool.status.data_used_bytes = 95 * GIB;
	ck_assert_int_eq(choose(w, 3, &res), 2);
	ck_assert_uint_eq(res.refused[LITEIO_REFUSAL_DATA_FULL], 1);
	/* less promised, when as full */
	w[1].pool.status.data_used_bytes = GIB;
	w[2].c.assigned_bytes = 100 * GIB;
	ck_assert_int_eq(choose(w, 3, &res), 1);
}
END_TEST

START_TEST(explanation)
{
	struct liteio_verdict v = { .type = LITEIO_CONDITION_PLACED };
	struct liteio_schedule_result res;
	struct world w[3];

	world_init(&w[0], "a", "a.p");
	world_init(&w[1], "b", "b.p");
	world_init(&w[2], "c", "c.p");
	assigned(&w[0]);
	node_unready(&w[1]);
	assigned(&w[2]);
	ck_assert_int_eq(choose(w, 3, &res), -1);
	liteio_schedule_explain(&w[0].req, &res, &v);
	ck_assert_str_eq(v.message,
			 "0 of 3 pools can take 10.0 GiB: 1 NodeNotReady, 2 Overcommit");
	ck_assert_int_eq(choose(w, 0, &res), -1);
	liteio_schedule_explain(&w[0].req, &res, &v);
	ck_assert_str_eq(v.reason, "NoPool");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schedule");
	TCase *t = unit_case(s, "schedule");

	tcase_add_loop_test(t, filter, 0, LITEIO_ARRAY_SIZE(cases));
	tcase_add_test(t, choice);
	tcase_add_test(t, explanation);
	return unit_run(s);
}
