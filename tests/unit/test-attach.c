// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The attachment protocol's decisions, as a table of volumes and the one next step of each, and as
 * a walk through every state that wants, controller and agent can reach together.
 * unit-src: daemon/controller/attach.c
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "controller/attach.h"
#include "unit.h"

static const char *host_nqn(void *arg, const char *node)
{
	(void)arg;
	return strcmp(node, "stranger") ? "nqn.2014-08.org.nvmexpress:uuid:x" : NULL;
}

static const struct liteio_attach_hosts hosts = { .nqn = host_nqn };

static struct liteio_json *parse(const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = NULL;

	ck_assert_msg(!liteio_json_parse(text, strlen(text), &j, &err), "%s: %s", text, err.msg);
	return j;
}

static void volume(const char *meta, const char *spec, const char *status, struct liteio_volume *v)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_free_ char *text = liteio_strf(
		"{\"metadata\":{\"name\":\"v\",\"uid\":\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\","
		"\"resourceVersion\":\"7\"%s},\"spec\":{\"sizeBytes\":1073741824%s},"
		"\"status\":{\"node\":{%s}}}",
		meta, spec, status);
	struct liteio_json *j = parse(text);

	*v = (struct liteio_volume){ 0 };
	ck_assert_msg(!liteio_volume_parse(j, v, &err), "%s", err.msg);
	liteio_json_unref(j);
}

#define PLACED ",\"placement\":{\"node\":\"p\",\"pool\":\"p.fast\"}"
#define CREATED "\"created\":true"
#define WANT(n) "{\"node\":\"" n "\"}"
#define WANT_RO(n) "{\"node\":\"" n "\",\"readOnly\":true}"
#define GRANT(g, n) "{\"generation\":" #g ",\"node\":\"" n "\"}"
#define GRANT_RO(g, n) "{\"generation\":" #g ",\"node\":\"" n "\",\"readOnly\":true}"
#define WANTS(w) ",\"attachments\":[" w "]"
#define GRANTS(next, g) ",\"nextGeneration\":" #next ",\"grants\":[" g "]"
#define FLOOR(n) ",\"fenceBelow\":" #n
#define FENCED(n) ",\"fencedBelow\":" #n
#define ONES(g) ",\"fenceGenerations\":[" g "]"
#define ONE(g) "{\"generation\":" #g "}"

static const struct {
	const char *name;
	const char *meta;
	const char *spec;
	const char *status;
	enum liteio_attach_kind kind;
	uint64_t generation;
	const char *node;
	const char *reason;
} steps[] = {
	{ "nothing wanted", "", PLACED, CREATED, LITEIO_ATTACH_NOTHING, 0, NULL, "NotWanted" },
	{ "not placed", "", WANTS(WANT("a")), "", LITEIO_ATTACH_NOTHING, 0, NULL, "NotPlaced" },
	{ "not created", "", PLACED WANTS(WANT("a")), "", LITEIO_ATTACH_NOTHING, 0, NULL,
	  "NotCreated" },
	{ "first consumer", "", PLACED WANTS(WANT("a")), CREATED, LITEIO_ATTACH_GIVE, 1, "a",
	  "Granted" },
	{ "consumer without a node object", "", PLACED WANTS(WANT("stranger")), CREATED,
	  LITEIO_ATTACH_NOTHING, 0, NULL, "ConsumerUnknown" },
	{ "being deleted", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"",
	  PLACED WANTS(WANT("a")), CREATED, LITEIO_ATTACH_NOTHING, 0, NULL, "Deleting" },
	{ "granted", "", PLACED WANTS(WANT("a")) GRANTS(2, GRANT(1, "a")), CREATED,
	  LITEIO_ATTACH_NOTHING, 0, NULL, "Granted" },
	{ "second writer waits", "", PLACED WANTS(WANT("a") "," WANT("b")) GRANTS(2, GRANT(1, "a")),
	  CREATED, LITEIO_ATTACH_NOTHING, 0, NULL, "Held" },
	{ "unwanted grant is fenced", "", PLACED WANTS(WANT("b")) GRANTS(2, GRANT(1, "a")), CREATED,
	  LITEIO_ATTACH_FENCE_BELOW, 2, "a", "Held" },
	{ "also on a volume being deleted", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"",
	  PLACED GRANTS(2, GRANT(1, "a")), CREATED, LITEIO_ATTACH_FENCE_BELOW, 2, "a",
	  "NotWanted" },
	{ "waits for the drain", "", PLACED WANTS(WANT("b")) GRANTS(2, GRANT(1, "a")) FLOOR(2),
	  CREATED, LITEIO_ATTACH_NOTHING, 0, NULL, "Fencing" },
	{ "an older report is not enough", "",
	  PLACED WANTS(WANT("b")) GRANTS(4, GRANT(3, "a")) FLOOR(4), CREATED FENCED(3),
	  LITEIO_ATTACH_NOTHING, 0, NULL, "Fencing" },
	{ "drained", "", PLACED WANTS(WANT("b")) GRANTS(2, GRANT(1, "a")) FLOOR(2),
	  CREATED FENCED(2), LITEIO_ATTACH_DROP, 1, "a", "Fencing" },
	{ "drained though wanted again", "",
	  PLACED WANTS(WANT("a")) GRANTS(2, GRANT(1, "a")) FLOOR(2), CREATED FENCED(2),
	  LITEIO_ATTACH_DROP, 1, "a", "Fencing" },
	{ "wanted again before the drain", "",
	  PLACED WANTS(WANT("a")) GRANTS(2, GRANT(1, "a")) FLOOR(2), CREATED, LITEIO_ATTACH_NOTHING,
	  0, NULL, "Fencing" },
	{ "next consumer", "", PLACED WANTS(WANT("b")) ",\"nextGeneration\":2" FLOOR(2),
	  CREATED FENCED(2), LITEIO_ATTACH_GIVE, 2, "b", "Granted" },
	{ "other mode is another attachment", "",
	  PLACED WANTS(WANT_RO("a")) GRANTS(2, GRANT(1, "a")), CREATED,
	  LITEIO_ATTACH_FENCE_BELOW, 2, "a", "Held" },
	{ "second reader", "",
	  PLACED WANTS(WANT_RO("a") "," WANT_RO("b")) GRANTS(2, GRANT_RO(1, "a")), CREATED,
	  LITEIO_ATTACH_GIVE, 2, "b", "Granted" },
	{ "writer waits for readers", "",
	  PLACED WANTS(WANT_RO("a") "," WANT("b")) GRANTS(2, GRANT_RO(1, "a")), CREATED,
	  LITEIO_ATTACH_NOTHING, 0, NULL, "Held" },
	{ "oldest reader leaves by floor", "",
	  PLACED WANTS(WANT_RO("b")) GRANTS(3, GRANT_RO(1, "a") "," GRANT_RO(2, "b")), CREATED,
	  LITEIO_ATTACH_FENCE_BELOW, 2, "a", "Granted" },
	{ "younger reader leaves alone", "",
	  PLACED WANTS(WANT_RO("a")) GRANTS(3, GRANT_RO(1, "a") "," GRANT_RO(2, "b")), CREATED,
	  LITEIO_ATTACH_FENCE_ONE, 2, "b", "Granted" },
	{ "younger reader is fenced", "",
	  PLACED WANTS(WANT_RO("a")) GRANTS(3, GRANT_RO(1, "a") "," GRANT_RO(2, "b")) ONES(ONE(2)),
	  CREATED ",\"fencedGenerations\":[" ONE(2) "]", LITEIO_ATTACH_DROP, 2, "b", "Granted" },
	{ "list is cleaned", "",
	  PLACED WANTS(WANT_RO("a")) GRANTS(3, GRANT_RO(1, "a")) ONES(ONE(2)),
	  CREATED ",\"fencedGenerations\":[" ONE(2) "]", LITEIO_ATTACH_CLEAN, 2, NULL, "Granted" },
	{ "restored backup: floor", "", PLACED WANTS(WANT("a")), CREATED FENCED(9),
	  LITEIO_ATTACH_RAISE, 9, NULL, "Granted" },
	{ "restored backup: open gate", "", PLACED WANTS(WANT("a")) ",\"nextGeneration\":3",
	  CREATED ",\"exports\":[{\"generation\":5,\"ready\":true}]", LITEIO_ATTACH_FENCE_BELOW, 6,
	  NULL, "Fencing" },
	{ "consumer is the pool node", "", PLACED WANTS(WANT("p")), CREATED, LITEIO_ATTACH_GIVE, 1,
	  "p", "Granted" },
};

START_TEST(next_step)
{
	struct liteio_attach_step s;
	struct liteio_verdict verdict;
	struct liteio_volume v;

	volume(steps[_i].meta, steps[_i].spec, steps[_i].status, &v);
	liteio_attach_next(&v, &hosts, &s, &verdict);
	ck_assert_msg(s.kind == steps[_i].kind, "%s: %s", steps[_i].name,
		      liteio_attach_names[s.kind]);
	ck_assert_msg(s.generation == steps[_i].generation, "%s: %" PRIu64, steps[_i].name,
		      s.generation);
	if (steps[_i].node)
		ck_assert_str_eq(s.node, steps[_i].node);
	ck_assert_msg(!strcmp(verdict.reason, steps[_i].reason), "%s: %s", steps[_i].name,
		      verdict.reason);
	liteio_volume_fini(&v);
}
END_TEST

/*
 * Every reachable state of: the wants of two consumers in either mode, the controller's steps, an
 * agent that opens granted gates and closes fenced ones, in any order. What must never be: a gate
 * open for a writer while any other grant is held, a generation given twice, a spec that the schema
 * refuses.
 */
#define GEN_MAX 5
#define WALK_MAX 200000
#define WALK_SLOTS (4 * WALK_MAX)

struct state {
	uint8_t want[2]; /* 0 no, 1 writer, 2 reader */
	uint8_t gen[2]; /* grant of a consumer, 0 none */
	uint8_t ro[2];
	uint8_t next, floor;
	uint8_t one; /* bit set of single fenced generations */
	uint8_t done_floor, done_one; /* reported */
	uint8_t open; /* gates, bit set */
	uint8_t writer; /* which of them may write */
	uint8_t used; /* generations ever given */
};

static const char *const node_names[] = { "a", "b" };

static struct state *walk_seen;
static uint32_t *walk_slots; /* hash table of index + 1 */
static size_t walk_count, walk_steps;

static void to_volume(const struct state *s, struct liteio_volume *v, struct liteio_want *w,
		      struct liteio_grant *g, struct liteio_fence_gen *f,
		      struct liteio_fence_gen *df)
{
	int i;

	*v = (struct liteio_volume){ 0 };
	v->meta.uid = (char *)"u";
	v->meta.resource_version = (char *)"1";
	v->spec.placement.node = (char *)"p";
	v->spec.placement.pool = (char *)"p.x";
	v->spec.attachments = w;
	v->spec.grants = g;
	v->spec.fence_gens = f;
	v->status.node.fenced_gens = df;
	v->status.node.created = true;
	for (i = 0; i < 2; i++) {
		if (s->want[i])
			w[v->spec.n_attachments++] = (struct liteio_want){ (char *)node_names[i],
									   s->want[i] == 2 };
		if (s->gen[i])
			g[v->spec.n_grants++] = (struct liteio_grant){ s->gen[i],
								       (char *)node_names[i], NULL,
								       s->ro[i] };
	}
	for (i = 1; i < 8; i++) {
		if (s->one & 1 << i)
			f[v->spec.n_fence_gens++].generation = i;
		if (s->done_one & 1 << i)
			df[v->status.node.n_fenced_gens++].generation = i;
	}
	v->spec.next_generation = s->next;
	v->spec.fence_below = s->floor;
	v->status.node.fenced_below = s->done_floor;
}

static void check_state(const struct state *s)
{
	int i;

	ck_assert(s->floor <= s->next);
	ck_assert(!(s->gen[0] && s->gen[1]) || (s->ro[0] && s->ro[1]));
	for (i = 1; i < 8; i++) {
		if (!(s->open & 1 << i) || !(s->writer & 1 << i))
			continue;
		/* the gate of a writer is open: no newer grant of anybody, no other gate */
		ck_assert_msg((s->open & ~(1 << i)) == 0, "gates %x", s->open);
		ck_assert(s->gen[0] <= i && s->gen[1] <= i);
	}
}

static void visit(struct state s)
{
	const uint8_t *b = (const uint8_t *)&s;
	uint32_t h = 2166136261u;
	size_t i;

	check_state(&s);
	walk_steps++;
	for (i = 0; i < sizeof(s); i++)
		h = (h ^ b[i]) * 16777619u;
	for (i = h % WALK_SLOTS; walk_slots[i]; i = (i + 1) % WALK_SLOTS)
		if (!memcmp(&walk_seen[walk_slots[i] - 1], &s, sizeof(s)))
			return;
	ck_assert(walk_count < WALK_MAX);
	walk_seen[walk_count++] = s;
	walk_slots[i] = walk_count;
}

static void controller_step(const struct state *s)
{
	struct liteio_want w[2];
	struct liteio_grant g[2];
	struct liteio_fence_gen f[8], df[8];
	struct liteio_attach_step step;
	struct liteio_verdict verdict;
	struct liteio_volume v;
	struct state n = *s;
	int i;

	to_volume(s, &v, w, g, f, df);
	liteio_attach_next(&v, &hosts, &step, &verdict);
	switch (step.kind) {
	case LITEIO_ATTACH_GIVE:
		if (step.generation >= GEN_MAX)
			return;
		ck_assert(!(s->used & 1 << step.generation));
		i = strcmp(step.node, "a") != 0;
		ck_assert(!s->gen[i]);
		n.gen[i] = step.generation;
		n.ro[i] = step.read_only;
		n.next = step.generation + 1;
		n.used |= 1 << step.generation;
		break;
	case LITEIO_ATTACH_FENCE_BELOW:
		ck_assert(step.generation > s->floor);
		n.floor = step.generation;
		break;
	case LITEIO_ATTACH_FENCE_ONE:
		n.one |= 1 << step.generation;
		break;
	case LITEIO_ATTACH_DROP:
		for (i = 0; i < 2; i++)
			if (n.gen[i] == step.generation)
				n.gen[i] = n.ro[i] = 0;
		n.one &= ~(1 << step.generation);
		break;
	case LITEIO_ATTACH_CLEAN:
		n.one &= ~(1 << step.generation);
		break;
	default:
		return;
	}
	visit(n);
}

static void agent_steps(const struct state *s)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct state n = *s;

		if (!s->gen[i] || s->floor > s->gen[i] || s->one & 1 << s->gen[i] ||
		    s->done_floor > s->gen[i])
			continue;
		n.open |= 1 << s->gen[i];
		if (!s->ro[i])
			n.writer |= 1 << s->gen[i];
		visit(n);
	}
	if (s->floor > s->done_floor) {
		struct state n = *s;

		n.open &= ~((1 << s->floor) - 1);
		n.done_floor = s->floor;
		visit(n);
	}
	if (s->one != s->done_one) {
		struct state n = *s;

		n.open &= ~s->one;
		n.done_one = s->one;
		visit(n);
	}
}

START_TEST(walk)
{
	struct state s = { .next = 1 };
	size_t i;

	walk_seen = calloc(WALK_MAX, sizeof(*walk_seen));
	walk_slots = calloc(WALK_SLOTS, sizeof(*walk_slots));
	walk_count = 0;
	visit(s);
	for (i = 0; i < walk_count; i++) {
		int c, mode;

		s = walk_seen[i];
		for (c = 0; c < 2; c++)
			for (mode = 0; mode < 3; mode++) {
				struct state n = s;

				n.want[c] = mode;
				visit(n);
			}
		controller_step(&s);
		agent_steps(&s);
	}
	ck_assert_msg(walk_count > 1000, "only %zu states", walk_count);
	printf("walked %zu states, %zu steps\n", walk_count, walk_steps);
	free(walk_slots);
	free(walk_seen);
}
END_TEST

START_TEST(patch_is_compare_and_swap)
{
	struct liteio_attach_step s;
	struct liteio_verdict verdict;
	struct liteio_volume v;
	struct liteio_json *j;
	_cleanup_free_ char *text = NULL;

	volume("", PLACED WANTS(WANT_RO("a") "," WANT_RO("b")) GRANTS(5, GRANT_RO(4, "a")),
	       CREATED, &v);
	liteio_attach_next(&v, &hosts, &s, &verdict);
	j = liteio_attach_patch(&v, &s);
	text = liteio_json_print(j);
	ck_assert_str_eq(
		text,
		"{\"metadata\":{\"resourceVersion\":\"7\"},"
		"\"spec\":{\"grants\":["
		"{\"generation\":4,\"node\":\"a\",\"readOnly\":true},"
		"{\"generation\":5,\"node\":\"b\","
		"\"hostNQN\":\"nqn.2014-08.org.nvmexpress:uuid:x\",\"readOnly\":true}],"
		"\"nextGeneration\":6}}");
	liteio_json_unref(j);
	liteio_volume_fini(&v);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attach");
	TCase *t = unit_case(s, "attach");

	tcase_set_timeout(t, 200);
	tcase_add_loop_test(t, next_step, 0, LITEIO_ARRAY_SIZE(steps));
	tcase_add_test(t, walk);
	tcase_add_test(t, patch_is_compare_and_swap);
	return unit_run(s);
}
