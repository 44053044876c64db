// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the doctor makes of what it has seen: a node where all is well (doctor_node.c), and for each
 * finding what is changed so that it is there (doctor_cases_*.c, as the plan is cut). Then nonsense
 * of all kinds.
 *
 * unit-src: daemon/agent/doctor_plan.c daemon/agent/doctor_plan_device.c
 * unit-src: daemon/agent/doctor_plan_gate.c daemon/agent/doctor_plan_name.c
 * unit-src: daemon/agent/doctor_plan_head.c daemon/agent/doctor_plan_pool.c
 * unit-src: tests/unit/doctor_node.c tests/unit/doctor_cases_node.c
 * unit-src: tests/unit/doctor_cases_device.c tests/unit/doctor_cases_gate.c
 * unit-src: tests/unit/doctor_cases_head.c tests/unit/doctor_cases_pool.c
 * unit-src: tests/unit/doctor_cases_name.c
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "doctor_node.h"
#include "unit.h"

static const struct doctor_cases *const tables[] = {
	&doctor_cases_node, &doctor_cases_pool, &doctor_cases_device,
	&doctor_cases_gate, &doctor_cases_head, &doctor_cases_name,
};

/* the case of this number in all tables, NULL behind the last */
static const struct doctor_case *case_at(size_t i)
{
	for (size_t t = 0; t < LITEIO_ARRAY_SIZE(tables); t++) {
		if (i < tables[t]->n)
			return &tables[t]->cases[i];
		i -= tables[t]->n;
	}
	return NULL;
}

static size_t count_cases(void)
{
	size_t n = 0;

	while (case_at(n))
		n++;
	return n;
}

static struct doctor_node *spoilt(const struct doctor_case *c)
{
	struct doctor_node *n = doctor_node_well();

	if (c->spoil)
		c->spoil(n);
	return n;
}

START_TEST(each_is_found_and_nothing_else)
{
	const struct doctor_case *c = case_at((size_t)_i);
	struct liteio_findings f;
	struct doctor_node *n = spoilt(c);
	const struct liteio_finding *x;
	size_t want = c->object ? 1 + c->more : 0;

	liteio_doctor_plan(&n->v, &f);
	for (size_t i = 0; i < f.n && f.n != want; i++)
		printf("%s: %s %s: %s\n", c->name, liteio_local_check_names[f.items[i].check],
		       f.items[i].object, f.items[i].sentence);
	ck_assert_msg(f.n == want, "%s: %zu findings", c->name, f.n);
	if (want) {
		x = liteio_findings_get(&f, c->check, c->object);
		ck_assert_msg(x, "%s: it is about %s", c->name, f.items[0].object);
		ck_assert_msg(x->severity == c->severity, "%s: severity %d", c->name, x->severity);
		ck_assert_msg(!!x->fix == c->has_fix, "%s: fix: %s", c->name,
			      x->fix ? x->fix : "none");
		ck_assert(x->sentence[0]);
	}
	free(f.items);
	free(n);
}
END_TEST

/* every check has a case of its own */
START_TEST(no_check_is_forgotten)
{
	for (int c = 0; c < LITEIO_CHECK_NR; c++) {
		const struct doctor_case *x;
		size_t i = 0;

		for (x = case_at(0); x; x = case_at(++i))
			if (x->object && x->check == (enum liteio_local_check)c)
				break;
		/* said by doctor.c, of what it can not lock */
		ck_assert_msg(c == LITEIO_CHECK_BUSY || x, "%s", liteio_local_check_names[c]);
	}
}
END_TEST

START_TEST(without_the_module)
{
	struct liteio_findings f;
	struct doctor_node *n = doctor_node_well();

	n->v.has_module = false;
	n->v.has_limits = false;
	n->v.n_reg_volumes = 0;
	n->v.n_reg_atts = 0;
	n->heads[0].head.gate = false;
	liteio_doctor_plan(&n->v, &f);
	ck_assert_ptr_nonnull(liteio_findings_get(&f, LITEIO_CHECK_MODULE, "liteio"));
	ck_assert_ptr_nonnull(liteio_findings_get(&f, LITEIO_CHECK_LIMITS, "data"));
	ck_assert_uint_eq(f.n, 2);
	free(f.items);
	free(n);
}
END_TEST

START_TEST(nothing_at_all)
{
	struct liteio_doctor_view v = { .has_module = true };
	struct liteio_findings f;

	liteio_doctor_plan(&v, &f);
	ck_assert_uint_eq(f.n, 0);
	free(f.items);
}
END_TEST

/* the worst first, and nothing twice */
static void check_order(const struct liteio_findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		ck_assert(f->items[i].check < LITEIO_CHECK_NR);
		ck_assert(memchr(f->items[i].object, 0, sizeof(f->items[i].object)));
		if (i)
			ck_assert(f->items[i].severity <= f->items[i - 1].severity);
		ck_assert_ptr_eq(liteio_findings_get(f, f->items[i].check, f->items[i].object),
				 &f->items[i]);
	}
}

/* several things at once, whatever they are to each other */
START_TEST(any_two_together)
{
	struct liteio_findings f;

	for (size_t i = 0; i < count_cases(); i++) {
		struct doctor_node *n = spoilt(case_at((size_t)_i));

		if (case_at(i)->spoil && i != (size_t)_i)
			case_at(i)->spoil(n);
		liteio_doctor_plan(&n->v, &f);
		check_order(&f);
		free(f.items);
		free(n);
	}
}
END_TEST

/* bytes of the arrays that are no pointers, strings or indexes are turned to anything */
static void scramble(struct doctor_node *n, unsigned int *seed)
{
	struct {
		void *at;
		size_t len;
	} parts[] = {
		{ &n->volumes[0].v.uuid, sizeof(n->volumes[0].v.uuid) },
		{ &n->volumes[1].v.state, 1 },
		{ &n->volumes[2].v.kind, 1 },
		{ &n->volumes[1].v.size_bytes, 8 },
		{ &n->volumes[0].v.floor, 8 },
		{ &n->atts[0].a.state, 1 },
		{ &n->atts[1].a.generation, 8 },
		{ &n->atts[2].a.flags, 4 },
		{ &n->devices[1].lower, 8 },
		{ &n->devices[2].dm.minor, 4 },
		{ n->devices[3].dm.name + 12, 40 },
		{ &n->heads[0].head.uuid, sizeof(n->heads[0].head.uuid) },
		{ &n->heads[1].dm.open_count, 4 },
		{ &n->regs[0].floor, 8 },
		{ &n->regs[1].qos, sizeof(n->regs[1].qos) },
		{ &n->gates[0].state, 4 },
		{ &n->gates[1].generation, 8 },
		{ &n->exports[0].n_port_ids, 1 },
		{ n->namespaces[0].nqn, 60 },
		{ &n->namespaces[1].dev, 8 },
		{ n->links[0].name, 36 },
		{ n->links[1].target, 20 },
		{ &n->pools[0].info.space.fill, 1 },
		{ &n->pools[0].copies.records, 8 },
	};
	size_t i = (size_t)rand_r(seed) % LITEIO_ARRAY_SIZE(parts);
	unsigned char *p = parts[i].at;

	for (size_t k = 0; k < parts[i].len; k++)
		if (rand_r(seed) % 3 == 0)
			p[k] = (unsigned char)rand_r(seed);
}

START_TEST(nonsense_is_survived)
{
	const size_t n_cases = count_cases();
	unsigned int seed = 1;

	for (size_t round = 0; round < 3000; round++) {
		struct liteio_findings f;
		struct doctor_node *n = spoilt(case_at((size_t)rand_r(&seed) % n_cases));

		for (int k = rand_r(&seed) % 4; k >= 0; k--)
			scramble(n, &seed);
		liteio_doctor_plan(&n->v, &f);
		check_order(&f);
		free(f.items);
		free(n);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor-plan");
	TCase *tcase = unit_case(suite, "plan");
	const int n_cases = (int)count_cases();

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, each_is_found_and_nothing_else, 0, n_cases);
	tcase_add_test(tcase, no_check_is_forgotten);
	tcase_add_test(tcase, without_the_module);
	tcase_add_test(tcase, nothing_at_all);
	tcase_add_loop_test(tcase, any_two_together, 0, n_cases);
	tcase_add_test(tcase, nonsense_is_survived);
	return unit_run(suite);
}
