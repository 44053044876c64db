// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON: strict parsing, printing that reads back, tables that bind structs.
 *
 * Over 600 lines because one struct with a field of each type serves all that is bound, and what is
 * written is compared with what json-c prints in all of them.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/uuid.h"
#include "unit.h"

static struct liteio_json *parse(const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = NULL;
	int r = liteio_json_parse(text, strlen(text), &j, &err);

	ck_assert_msg(r == 0, "%s: %s", text, err.msg);
	return j;
}

static void check_print(const char *text, const char *wanted)
{
	struct liteio_json *j = parse(text);
	char *s = liteio_json_print(j);

	ck_assert_str_eq(s, wanted);
	free(s);
	liteio_json_unref(j);
}

START_TEST(test_print)
{
	check_print("null", "null");
	check_print(" 1 ", "1");
	check_print("-9223372036854775808", "-9223372036854775808");
	check_print("18446744073709551614", "18446744073709551614");
	check_print("0.1", "0.1");
	check_print("1e3", "1000.0");
	check_print("\"a\\n\\u0001\\\"\\\\\\u00e4\"", "\"a\\n\\u0001\\\"\\\\\xc3\xa4\"");
	check_print("{\"b\":[1,{},[]],\"a\":null}", "{\"b\":[1,{},[]],\"a\":null}");
}
END_TEST

START_TEST(test_pretty)
{
	struct liteio_json *j = parse("{\"a\":[1,{}],\"b\":{\"c\":true}}");
	char *s = liteio_json_print_pretty(j);

	ck_assert_str_eq(s, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": true\n  }\n}");
	free(s);
	liteio_json_unref(j);
}
END_TEST

START_TEST(test_bad)
{
	static const char *const bad[] = {
		"",	" ",	     "{",	"[1,]",	    "{\"a\":1,}", "{} {}", "nul",
		"NaN",	"Infinity",  "-Infinity", "1e999",  "01",	  "-",	   "+1",
		"[1 2]", "\"\\u0000\"", "\"\xff\"", "/*x*/1", "\"a\nb", "{a:1}", "tru",
	};
	struct liteio_json *j = (void *)1;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;

		ck_assert_msg(liteio_json_parse(bad[i], strlen(bad[i]), &j, &err) == -EINVAL,
			      "accepted %s", bad[i]);
		ck_assert_ptr_eq(j, (void *)1);
		ck_assert(err.msg[0]);
	}
	/* the length counts, not the terminator */
	ck_assert_int_eq(liteio_json_parse("12", 1, &j, NULL), 0);
	ck_assert_int_eq(liteio_json_get_int(j, "", 7), 7);
	liteio_json_unref(j);
	ck_assert_int_eq(liteio_json_parse("1\0", 2, &j, NULL), -EINVAL);
	ck_assert_int_eq(liteio_json_parse(NULL, LITEIO_JSON_MAX_BYTES + 1ul, &j, NULL), -EMSGSIZE);
}
END_TEST

START_TEST(test_depth)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	struct liteio_json *j;

	for (int i = 0; i < 100000; i++)
		liteio_buf_addstr(&b, "[");
	ck_assert_int_eq(liteio_json_parse(b.data, b.len, &j, NULL), -EINVAL);
	liteio_buf_fini(&b);
}
END_TEST

START_TEST(test_get)
{
	struct liteio_json *j = parse("{\"metadata\":{\"name\":\"x\",\"labels\":{\"a.b/c\":\"v\"}},"
				      "\"n\":5,\"t\":true,\"l\":[1,2]}");

	ck_assert_str_eq(liteio_json_get_string(j, "metadata.name"), "x");
	ck_assert_ptr_null(liteio_json_get_string(j, "metadata.name.x"));
	ck_assert_ptr_null(liteio_json_get_string(j, "n"));
	ck_assert_ptr_null(liteio_json_get_string(NULL, "n"));
	ck_assert_int_eq(liteio_json_get_int(j, "n", 0), 5);
	ck_assert_int_eq(liteio_json_get_int(j, "t", 7), 7);
	ck_assert(liteio_json_get_bool(j, "t", false));
	ck_assert(liteio_json_get_bool(j, "n", true));
	ck_assert_uint_eq(liteio_json_len(liteio_json_get(j, "l")), 2);
	ck_assert_uint_eq(liteio_json_len(j), 0);
	ck_assert_ptr_null(liteio_json_at(liteio_json_get(j, "l"), 2));
	ck_assert_str_eq(liteio_json_string(liteio_json_member(
				 liteio_json_get(j, "metadata.labels"), "a.b/c")), "v");
	liteio_json_unref(j);
}
END_TEST

START_TEST(test_change)
{
	struct liteio_json *j = liteio_json_new_object(), *copy;
	char *s;

	liteio_json_set_string(j, "s", "bad \xff byte");
	liteio_json_set_string(j, "null", NULL);
	liteio_json_set_int(j, "i", 1);
	liteio_json_set_int(j, "i", 2);
	liteio_json_set_bool(j, "b", true);
	copy = liteio_json_copy(j);
	ck_assert(liteio_json_equal(j, copy));
	liteio_json_del(j, "b");
	ck_assert(!liteio_json_equal(j, copy));
	s = liteio_json_print(j);
	ck_assert_str_eq(s, "{\"s\":\"bad \xef\xbf\xbd byte\",\"null\":null,\"i\":2}");
	free(s);
	liteio_json_unref(copy);
	liteio_json_unref(j);
}
END_TEST

/* ---- references from several threads ------------------------------------------------------ */

static void *take_and_drop(void *arg)
{
	struct liteio_json *j = arg;

	for (int i = 0; i < 50000; i++) {
		char *s = NULL;

		liteio_json_ref(j);
		if (i % 1000 == 0)
			s = liteio_json_print(j);
		free(s);
		liteio_json_unref(j);
	}
	return NULL;
}

START_TEST(test_threads)
{
	struct liteio_json *j = parse("{\"a\":[1,2,{\"b\":\"c\"}]}");
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, take_and_drop, j), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	/* a lost count would have freed it, or would leak it now */
	ck_assert_str_eq(liteio_json_string(liteio_json_member(
				 liteio_json_at(liteio_json_get(j, "a"), 2), "b")), "c");
	liteio_json_unref(j);
}
END_TEST

/* ---- structs ------------------------------------------------------------------------------ */

struct leg {
	char *pool;
	uint64_t size;
};

struct vol {
	char *name;
	bool ready;
	uint64_t generation;
	uint64_t size;
	int phase;
	struct liteio_uuid uuid;
	struct leg first;
	struct leg *legs;
	size_t n_legs;
	char **nodes;
	size_t n_nodes;
	struct liteio_json *labels;
	struct liteio_json *extra;
};

static const struct liteio_field leg_fields[] = {
	/* as most tables are written; the other ones have to be as good */
	{ LITEIO_FIELD_KEY("pool"), .type = LITEIO_FIELD_STRING, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct leg, pool) },
	{ .key = "size", .type = LITEIO_FIELD_SIZE, .offset = offsetof(struct leg, size) },
	{ .key = NULL },
};

static const char *const phases[] = { "", "Pending", "Ready", NULL };

static const struct liteio_field vol_fields[] = {
	{ .key = "name", .type = LITEIO_FIELD_STRING, .flags = LITEIO_FIELD_REQUIRED, .max = 8,
	  .offset = offsetof(struct vol, name) },
	{ .key = "ready", .type = LITEIO_FIELD_BOOL, .offset = offsetof(struct vol, ready) },
	{ LITEIO_FIELD_KEY("generation"), .type = LITEIO_FIELD_U64, .min = 1, .max = 100,
	  .offset = offsetof(struct vol, generation) },
	{ .key = "size", .type = LITEIO_FIELD_SIZE, .flags = LITEIO_FIELD_KEEP_ZERO,
	  .offset = offsetof(struct vol, size) },
	{ .key = "phase", .type = LITEIO_FIELD_ENUM, .names = phases,
	  .offset = offsetof(struct vol, phase) },
	{ .key = "uuid", .type = LITEIO_FIELD_UUID, .offset = offsetof(struct vol, uuid) },
	{ LITEIO_FIELD_KEY("first"), .type = LITEIO_FIELD_OBJECT, .fields = leg_fields,
	  .offset = offsetof(struct vol, first) },
	{ .key = "legs", .type = LITEIO_FIELD_ARRAY, .fields = leg_fields, .max = 3,
	  .elem_size = sizeof(struct leg), .offset = offsetof(struct vol, legs),
	  .count_offset = offsetof(struct vol, n_legs) },
	{ .key = "nodes", .type = LITEIO_FIELD_STRINGS, .offset = offsetof(struct vol, nodes),
	  .count_offset = offsetof(struct vol, n_nodes) },
	{ .key = "labels", .type = LITEIO_FIELD_MAP, .offset = offsetof(struct vol, labels) },
	{ .key = "extra", .type = LITEIO_FIELD_RAW, .offset = offsetof(struct vol, extra) },
	{ .key = NULL },
};

#define FULL \
	"{\"name\":\"v\",\"ready\":true,\"generation\":7,\"size\":1024,\"phase\":\"Ready\"," \
	"\"uuid\":\"00112233-4455-6677-8899-aabbccddeeff\",\"first\":{\"pool\":\"p0\"}," \
	"\"legs\":[{\"pool\":\"p1\",\"size\":1},{\"pool\":\"p2\"}],\"nodes\":[\"a\",\"b\"]," \
	"\"labels\":{\"k\":\"v\"},\"extra\":[1]}"

/* as a value that is printed, and written at once */
static void check_text(const struct vol *v, const char *text)
{
	struct liteio_json *j = liteio_json_encode(v, vol_fields);
	char *printed = liteio_json_print(j), *written = liteio_json_write(v, vol_fields);

	ck_assert_str_eq(printed, text);
	ck_assert_str_eq(written, text);
	free(printed);
	free(written);
	liteio_json_unref(j);
}

START_TEST(test_bind)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = parse(FULL);
	struct vol v = { 0 };

	ck_assert_msg(!liteio_json_decode(j, vol_fields, LITEIO_JSON_STRICT, &v, &err), "%s",
		      err.msg);
	liteio_json_unref(j);
	ck_assert_str_eq(v.name, "v");
	ck_assert(v.ready);
	ck_assert_uint_eq(v.generation, 7);
	ck_assert_int_eq(v.phase, 2);
	ck_assert_uint_eq(v.uuid.b[15], 0xff);
	ck_assert_uint_eq(v.n_legs, 2);
	ck_assert_str_eq(v.legs[1].pool, "p2");
	ck_assert_uint_eq(v.n_nodes, 2);
	ck_assert_str_eq(v.nodes[1], "b");
	check_text(&v, FULL);
	liteio_json_fini(&v, vol_fields);
	ck_assert_ptr_null(v.name);
	ck_assert_ptr_null(v.legs);
	ck_assert_uint_eq(v.n_legs, 0);
	/* nothing set: only what is kept though zero */
	check_text(&v, "{\"size\":0}");
}
END_TEST

/* what has to be said in another way, or not at all */
START_TEST(test_write)
{
	char *nodes[] = { "a \"b\"", "\n\\", "\xff", "\xc3\xa4", "", NULL };
	struct leg legs[2] = { { .pool = "x\ty" } };
	struct vol v = { .name = "\x7f", .size = UINT64_MAX, .generation = 10, .phase = 3 };

	v.nodes = nodes;
	v.n_nodes = 6;
	v.legs = legs;
	v.n_legs = 2;
	check_text(&v, "{\"name\":\"\\u007f\",\"generation\":10,\"size\":18446744073709551615,"
		       "\"legs\":[{\"pool\":\"x\\u0009y\"},{}],\"nodes\":[\"a \\\"b\\\"\","
		       "\"\\n\\\\\",\"\xef\xbf\xbd\",\"\xc3\xa4\",\"\",null]}");
}
END_TEST

/* a text over lines is what its value is */
static void check_indent(const struct liteio_json *j, const char *text)
{
	char *pretty = liteio_json_print_pretty(j);
	char *lines = liteio_json_indent(text, strlen(text));

	ck_assert_pstr_eq(lines, pretty);
	free(lines);
	free(pretty);
}

struct span {
	uint64_t at;
	uint64_t size;
};

static const struct liteio_field span_fields[] = {
	{ LITEIO_FIELD_KEY("at"), .type = LITEIO_FIELD_U64, .offset = offsetof(struct span, at) },
	{ .key = "size", .type = LITEIO_FIELD_SIZE, .offset = offsetof(struct span, size) },
	{ .key = NULL },
};

struct pair {
	uint64_t id;
	struct span a;
	struct span b;
	struct span c;
	struct span d;
};

struct pairs {
	struct pair *items;
	size_t n_items;
};

#define PAIR_SPAN(m) \
	{ LITEIO_FIELD_KEY(#m), .type = LITEIO_FIELD_OBJECT, .fields = span_fields, \
	  .offset = offsetof(struct pair, m), .elem_size = sizeof(struct span) }

static const struct liteio_field pair_fields[] = {
	PAIR_SPAN(a),
	{ .key = "id", .type = LITEIO_FIELD_U64, .offset = offsetof(struct pair, id) },
	/* nobody has said that it has nothing but numbers */
	{ .key = "d", .type = LITEIO_FIELD_OBJECT, .fields = span_fields,
	  .offset = offsetof(struct pair, d) },
	PAIR_SPAN(b),
	PAIR_SPAN(c),
	{ .key = NULL },
};

static const struct liteio_field pairs_fields[] = {
	{ .key = "items", .type = LITEIO_FIELD_ARRAY, .fields = pair_fields,
	  .elem_size = sizeof(struct pair), .offset = offsetof(struct pairs, items),
	  .count_offset = offsetof(struct pairs, n_items) },
	{ .key = NULL },
};

/* objects in the elements of a list, each of which is what that of the last one is, or is not */
START_TEST(test_write_again)
{
	/* 0: nothing to say */
	static const struct span spans[] = { { 0, 0 }, { 3, 1 }, { 3, 70 } };
	struct pair items[6] = { 0 };
	struct pairs all = { items, 6 };

	for (unsigned int way = 0; way < 729; way++) {
		struct liteio_json *j;
		char *printed, *written;

		for (unsigned int i = 0, left = way; i < 6; i++, left /= 3)
			items[i] = (struct pair){ i % 2 * 7, spans[left % 3], spans[(left + i) % 3],
						  spans[left % 3], spans[left % 3] };
		j = liteio_json_encode(&all, pairs_fields);
		printed = liteio_json_print(j);
		written = liteio_json_write(&all, pairs_fields);
		ck_assert_str_eq(written, printed);
		check_indent(j, written);
		free(printed);
		free(written);
		liteio_json_unref(j);
	}
}
END_TEST

struct vols {
	struct vol *items;
	size_t n_items;
};

static const struct liteio_field vols_fields[] = {
	{ LITEIO_FIELD_KEY("items"), .type = LITEIO_FIELD_ARRAY, .fields = vol_fields,
	  .elem_size = sizeof(struct vol), .offset = offsetof(struct vols, items),
	  .count_offset = offsetof(struct vols, n_items) },
	{ .key = NULL },
};

/* what may look like one another, in text or as it is */
static char *const names[] = { "v",	  "v",	  NULL, "",	"a\"b",
			       "a\\\"b", "a\\", "v2", "\xff", "\xef\xbf\xbd" };

static char *name_by(unsigned int n)
{
	return names[n % (sizeof(names) / sizeof(names[0]))];
}

static void make_vol(struct vol *v, struct leg *legs, unsigned int some)
{
	*v = (struct vol){
		.name = name_by(some >> 2),
		.ready = some >> 7 & 1,
		.generation = some >> 8 & 1,
		.size = some >> 9 & 1 ? UINT64_MAX : 7,
		.phase = some >> 10 & 3,
		.uuid.b[15] = some >> 12 & 1,
		.first.pool = name_by(some >> 13),
		.legs = legs,
		.n_legs = some >> 17 & 3,
	};
	for (unsigned int i = 0; i < 3; i++)
		legs[i] = (struct leg){ name_by(some >> (18 + i)), some >> 22 & 1 };
}

/* in one go, or one element after the other, which are where the last one was */
START_TEST(test_write_list)
{
	unsigned int some = 1;

	for (unsigned int way = 0; way < 3000; way++) {
		struct liteio_json_list *list = liteio_json_list_new(vols_fields);
		struct leg legs[5][3], few[3];
		struct vol items[5], one;
		struct vols all = { items, way % 6 };
		char *printed, *written, *listed;
		struct liteio_json *j;

		for (unsigned int i = 0; i < all.n_items; i++) {
			some = some * 1103515245 + 12345;
			make_vol(&items[i], legs[i], some >> 6 & (way % 2 ? 0x3f : 0x3ffffff));
			make_vol(&one, few, some >> 6 & (way % 2 ? 0x3f : 0x3ffffff));
			liteio_json_list_add(list, &one);
		}
		j = liteio_json_encode(&all, vols_fields);
		printed = liteio_json_print(j);
		written = liteio_json_write(&all, vols_fields);
		listed = liteio_json_list_end(list);
		ck_assert_str_eq(written, printed);
		ck_assert_str_eq(listed, printed);
		free(listed);
		free(written);
		free(printed);
		liteio_json_unref(j);
	}
}
END_TEST

/* wherever a character is that has to be said in another way */
START_TEST(test_write_each)
{
	struct vol v = { 0 };
	char text[21];

	v.name = text;
	for (int c = 1; c < 256; c++) {
		for (size_t len = 1; len < sizeof(text); len++) {
			for (size_t at = 0; at < len; at++) {
				struct liteio_json *j;
				char *printed, *written;

				memset(text, at % 2 ? '!' : '~', len);
				text[len] = '\0';
				text[at] = (char)c;
				j = liteio_json_encode(&v, vol_fields);
				printed = liteio_json_print(j);
				written = liteio_json_write(&v, vol_fields);
				ck_assert_str_eq(written, printed);
				free(printed);
				free(written);
				liteio_json_unref(j);
			}
		}
	}
}
END_TEST

static const struct {
	const char *text;
	const char *sentence;
} bad_docs[] = {
	{ "[]", "must be a JSON object" },
	{ "{}", "name: missing" },
	{ "{\"name\":null}", "name: null is no value" },
	{ "{\"name\":\"v\",\"size\":null}", "size: null is no value, leave it out instead" },
	{ "{\"name\":\"v\",\"first\":{\"pool\":\"p\",\"size\":null}}",
	  "first.size: null is no value, leave it out instead" },
	{ "{\"name\":\"v\",\"legs\":[{\"pool\":\"p\"},{\"pool\":null}]}",
	  "legs[1].pool: null is no value" },
	{ "{\"name\":1}", "name: must be a string" },
	{ "{\"name\":\"123456789\"}", "name: longer than 8 characters" },
	{ "{\"name\":\"v\",\"nam\":1}", "nam: unknown field" },
	{ "{\"name\":\"v\",\"ready\":\"true\"}", "ready: must be true or false" },
	{ "{\"name\":\"v\",\"generation\":0}", "generation: 0 is less than 1" },
	{ "{\"name\":\"v\",\"generation\":101}", "generation: 101 is more than 100" },
	{ "{\"name\":\"v\",\"generation\":-1}", "generation: number out of range" },
	{ "{\"name\":\"v\",\"generation\":99999999999999999999}",
	  "generation: number out of range" },
	{ "{\"name\":\"v\",\"generation\":1.5}", "generation: must be a whole number" },
	{ "{\"name\":\"v\",\"size\":\"12Q\"}",
	  "size: size \"12Q\": unknown unit \"Q\" (known: K M G T P E, of 1000, and Ki Mi Gi Ti Pi Ei, "
	  "of 1024)" },
	{ "{\"name\":\"v\",\"phase\":\"Gone\"}",
	  "phase: \"Gone\" is not one of: , Pending, Ready" },
	{ "{\"name\":\"v\",\"uuid\":\"x\"}", "uuid: \"x\" is not a UUID" },
	{ "{\"name\":\"v\",\"first\":[]}", "first: must be an object" },
	{ "{\"name\":\"v\",\"first\":{}}", "first.pool: missing" },
	{ "{\"name\":\"v\",\"legs\":{}}", "legs: must be a list" },
	{ "{\"name\":\"v\",\"legs\":[{\"pool\":\"p\"},{\"pool\":\"p\",\"x\":1}]}",
	  "legs[1].x: unknown field" },
	{ "{\"name\":\"v\",\"legs\":[1]}", "legs[0]: must be an object" },
	{ "{\"name\":\"v\",\"legs\":[{},{},{},{}]}", "legs: more than 3 elements" },
	{ "{\"name\":\"v\",\"nodes\":[\"a\",null]}", "nodes[1]: must be a string" },
	{ "{\"name\":\"v\",\"labels\":{\"a\":1}}", "labels.a: must be a string" },
};

START_TEST(test_bind_bad)
{
	static const struct vol zero;

	for (size_t i = 0; i < sizeof(bad_docs) / sizeof(bad_docs[0]); i++) {
		struct liteio_json *j = parse(bad_docs[i].text);
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct vol v = { 0 };

		ck_assert_int_eq(liteio_json_decode(j, vol_fields, LITEIO_JSON_STRICT, &v, &err),
				 -EINVAL);
		ck_assert_str_eq(err.msg, bad_docs[i].sentence);
		ck_assert_mem_eq(&v, &zero, sizeof(v));
		ck_assert_int_eq(liteio_json_decode(j, vol_fields, 1, &v, NULL), -EINVAL);
		liteio_json_unref(j);
	}
}
END_TEST

START_TEST(test_bind_lenient)
{
	/* as Kubernetes has it: null is what is not there */
	struct liteio_json *j = parse("{\"name\":\"v\",\"unknown\":1,\"size\":\"1.5Ki\","
				      "\"generation\":null,\"first\":null}");
	struct vol v = { 0 };

	ck_assert_int_eq(liteio_json_decode(j, vol_fields, 0, &v, NULL), 0);
	ck_assert_uint_eq(v.size, 1536);
	liteio_json_unref(j);
	/* it goes itself: released like any, and not cleared */
	liteio_json_drop(&v, vol_fields);
	ck_assert_uint_eq(v.size, 1536);
}
END_TEST

static const struct {
	size_t line;
	const char *sentence;
} places[] = {
	{ 2, "name: longer than 8 characters" },
	{ 3, "first.size: must be a string" },
	{ 3, "first.pool: missing" },
	{ 5, "legs: more than 1 elements" },
	{ 6, "legs[0].pool: missing" },
	{ 9, "legs[1].size: number out of range" },
	{ 8, "legs[1].pool: missing" },
	{ 5, "legs[2].pool: missing" },
	{ 11, "nodes[3]: must be a string" },
	{ 13, "twice: the last one counts" },
	{ 14, "a.b: key: unknown field" },
	{ 15, "last.in.here: deep" },
	{ 0, "nam: unknown field" },
	{ 0, "names: unknown field" },
	{ 0, "must be a JSON object" },
	{ 0, "" },
};

START_TEST(test_line)
{
	static const char text[] = "{\n"
				   "\"name\": \"a \\\"nodes\\\": }] b\",\n"
				   "\"first\": { \"size\"\n"
				   ": 1 },\n"
				   "\"legs\": [\n"
				   "  {},\n"
				   "\n"
				   "  { \"\": [[],[{}]],\n"
				   "    \"size\": -1 } ],\n"
				   "\"nodes\": [ 1, 2.5e3,\n"
				   "null, true ],\n"
				   "\"twice\": 1,\n"
				   "\"twice\": 2,\n"
				   "\"a.b: key\": 1, \"last\": { \"in\": {\n"
				   "\"here\": \"\" } } }";
	struct liteio_error err = LITEIO_ERROR_INIT;

	liteio_json_unref(parse(text));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		ck_assert_msg(liteio_json_line(text, strlen(text), places[i].sentence) ==
				      places[i].line,
			      "%s: line %zu", places[i].sentence,
			      liteio_json_line(text, strlen(text), places[i].sentence));
	/* a text that is cut anywhere is read no further */
	for (size_t i = 0; i < strlen(text); i++) {
		char *cut = liteio_calloc(1, i + 1);

		memcpy(cut, text, i);
		cut = liteio_realloc(cut, i ? i : 1, 1);
		liteio_json_line(cut, i, "last.in.here: deep");
		free(cut);
	}
	liteio_error_set(&err, -EINVAL, "nodes[3]: must be a string");
	liteio_json_wrap_line(&err, text, strlen(text));
	ck_assert_int_eq(err.code, -EINVAL);
	ck_assert_str_eq(err.msg, "line 11: nodes[3]: must be a string");
	liteio_error_set(&err, -EINVAL, "colour: unknown field");
	liteio_json_wrap_line(&err, text, strlen(text));
	ck_assert_str_eq(err.msg, "colour: unknown field");
}
END_TEST

START_TEST(test_describe)
{
	struct liteio_json *d = liteio_json_describe(vol_fields), *generation, *name;

	name = liteio_json_at(d, 0);
	ck_assert_str_eq(liteio_json_get_string(name, "key"), "name");
	ck_assert(liteio_json_get_bool(name, "required", false));
	ck_assert_int_eq(liteio_json_get_int(name, "max", 0), 8);
	ck_assert(!liteio_json_has(name, "min"));
	generation = liteio_json_at(d, 2);
	ck_assert_int_eq(liteio_json_get_int(generation, "min", 0), 1);
	ck_assert(!liteio_json_has(generation, "required"));
	for (size_t i = 0; i < liteio_json_len(d); i++) {
		const struct liteio_json *f = liteio_json_at(d, i);
		bool inner = !strcmp(liteio_json_get_string(f, "key"), "first") ||
			     !strcmp(liteio_json_get_string(f, "key"), "legs");

		ck_assert(liteio_json_has(f, "fields") == inner);
		ck_assert(!inner || liteio_json_len(liteio_json_get(f, "fields")) == 2);
	}
	liteio_json_unref(d);
}
END_TEST

static const struct {
	const char *text;
	const char *lines;
} indented[] = {
	{ "{\"a\":[1,{\"b\":null}],\"c\":{},\"d\":[]}",
	  "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n"
	  "  \"c\": {},\n  \"d\": []\n}" },
	{ " [ ] ", "[]" },
	{ "\"a\\\"b{[,:\"", "\"a\\\"b{[,:\"" },
	{ "-1.5", "-1.5" },
	{ "{\n\t\"a\" : \"\" , \"b\" : 18446744073709551615 }",
	  "{\n  \"a\": \"\",\n  \"b\": 18446744073709551615\n}" },
	/* cut off, or no JSON */
	{ "", NULL },
	{ " ", NULL },
	{ "{\"a\":1", NULL },
	{ "[1,", NULL },
	{ "{\"a", NULL },
	{ "\"a\\", NULL },
	{ "\"a\\\"", NULL },
	{ "[}", NULL },
	{ "{]", NULL },
	{ "[]]", NULL },
	{ ",", NULL },
	/* the same characters as before, but not in a list */
	{ "[{},[1,22222222],[2,33333333],{\"x\":1,22222222],[2,33333333}]", NULL },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", NULL },
};

START_TEST(test_indent)
{
	for (size_t i = 0; i < sizeof(indented) / sizeof(indented[0]); i++) {
		const char *text = indented[i].text;
		/* nothing is read behind its end */
		char *copy = liteio_strdup(text), *lines;
		size_t len = strlen(text);

		copy = realloc(copy, len ? len : 1);
		lines = liteio_json_indent(copy, len);
		ck_assert_pstr_eq(lines, indented[i].lines);
		free(lines);
		free(copy);
	}
}
END_TEST

/* members of which objects in a list have some, in one order */
static const char *const members[] = {
	"\"name-of-it\":\"v-1\"",
	"\"origin-of-it\":\"}],{[\\\",\"",
	"\"sizeBytes\":4194304",
	"\"legs\":[{\"pool\":\"a\",\"size\":1},{\"pool\":\"b\"}]",
	"\"legsToo\":[]",
	"\"limits\":{\"read\":{\"a\":1,\"b\":2},\"write\":{}}",
	"\"lists\":[[1,2],[3,[4]],{\"a\":[{\"b\":1},{\"b\":1}]}]",
	"\"s\":0",
};

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

/* any of them, as bits of @some say; and a number that @n says */
static void add_object(struct liteio_buf *b, unsigned int some, unsigned int n)
{
	liteio_buf_addf(b, "{\"n\":%u", n);
	for (unsigned int i = 0; i < N_MEMBERS; i++) {
		if (some >> i & 1)
			liteio_buf_addf(b, ",%s", members[i]);
	}
	liteio_buf_addf(b, ",\"sizeBytesToo\":%u}", 4194304 * (n % 7));
}

/* what is the same as in the object before is written as that was */
START_TEST(test_indent_again)
{
	unsigned int some = 1;

	for (unsigned int way = 0; way < 4000; way++) {
		struct liteio_buf b = LITEIO_BUF_INIT;
		struct liteio_json *j;

		liteio_buf_addstr(&b, "{\"items\":[");
		for (unsigned int i = 0; i < 6; i++) {
			some = some * 1103515245 + 12345;
			if (i)
				liteio_buf_addstr(&b, ",");
			/* few are without much */
			add_object(&b, some >> 8 | (way % 2 ? some >> 18 : 0), some >> 16 & 15);
			if (i == 3 && way % 5 == 0)
				liteio_buf_addstr(&b, ",[1,{\"sizeBytes\":2},\"sizeBytes\"],null");
		}
		liteio_buf_addstr(&b, way % 3 ? "]}" : "],\"more\":[{\"s\":0},{\"s\":0}]}");
		j = parse(b.data);
		check_indent(j, b.data);
		liteio_json_unref(j);
		liteio_buf_fini(&b);
	}
}
END_TEST

/* more members than are remembered, and what is between them */
START_TEST(test_indent_many)
{
	for (unsigned int n = 1; n < 100; n++) {
		struct liteio_buf b = LITEIO_BUF_INIT;
		struct liteio_json *j;

		for (unsigned int i = 0; i < 4; i++) {
			liteio_buf_addstr(&b, i ? ",\t{" : "[{");
			for (unsigned int k = 0; k < n; k++)
				liteio_buf_addf(&b, "%s\"key-%u\": [%u ,{ }]", k ? " , " : "", k,
						k == 40 || k == n / 2 ? i / 2 : k);
			liteio_buf_addstr(&b, "}");
		}
		liteio_buf_addstr(&b, "]");
		j = parse(b.data);
		check_indent(j, b.data);
		liteio_json_unref(j);
		liteio_buf_fini(&b);
	}
}
END_TEST

static int keep(void *arg, const char *text, size_t len)
{
	liteio_buf_add(arg, text, len);
	return 0;
}

/* how it ends when so much of it comes at a time; @b gets what is said */
static int by_pieces(const char *text, size_t len, size_t piece, struct liteio_buf *b)
{
	struct liteio_json_lines *l = liteio_json_lines_new(keep, b);
	int r = 0;

	for (size_t at = 0; at < len && !r; at += piece)
		r = liteio_json_lines_add(l, text + at, len - at < piece ? len - at : piece);
	r = r ?: liteio_json_lines_end(l);
	liteio_json_lines_free(l);
	return r;
}

/* of a text that is long, and cut everywhere while it comes */
START_TEST(test_lines)
{
	static const size_t pieces[] = { 1, 7, 1000, 16384, 1u << 20 };

	for (unsigned int way = 0; way < 20; way++) {
		struct liteio_buf b = LITEIO_BUF_INIT, said = LITEIO_BUF_INIT;
		size_t piece = pieces[way % 5];
		char *lines;

		/* what is cut is another token each time */
		liteio_buf_addf(&b, "{\"items\":[%*s", (int)(7 * way), "");
		for (unsigned int i = 0; i < 900; i++) {
			if (i)
				liteio_buf_addstr(&b, ",");
			add_object(&b, 0xbf | way << 1, i % 30 ? 1 : i);
		}
		liteio_buf_addstr(&b, "],\"n\":123}");
		ck_assert_uint_gt(b.len, 3 * (48u << 10));
		lines = liteio_json_indent(b.data, b.len);
		ck_assert_int_eq(by_pieces(b.data, b.len, piece, &said), 0);
		ck_assert_uint_eq(said.len, strlen(lines));
		ck_assert(!memcmp(said.data, lines, said.len));
		/* it has no end, or another one behind that */
		for (size_t cut = 1 + way; cut < 200; cut += 61)
			ck_assert_int_eq(by_pieces(b.data, b.len - cut, 4096, &said), -EBADMSG);
		ck_assert_int_eq(by_pieces(b.data, 1, 1, &said), -EBADMSG);
		liteio_buf_addstr(&b, "}");
		ck_assert_int_eq(by_pieces(b.data, b.len, piece, &said), -EBADMSG);
		liteio_buf_fini(&said);
		liteio_buf_fini(&b);
		free(lines);
	}
}
END_TEST

static int refuse(void *arg, const char *text, size_t len)
{
	return -EPIPE;
}

/* what is too long, who has enough, and what is no text at all */
START_TEST(test_lines_bad)
{
	struct liteio_buf b = LITEIO_BUF_INIT, said = LITEIO_BUF_INIT;
	struct liteio_json_lines *l = liteio_json_lines_new(refuse, NULL);

	for (size_t i = 0; i < sizeof(indented) / sizeof(indented[0]); i++) {
		int r = by_pieces(indented[i].text, strlen(indented[i].text), 3, &said);

		ck_assert_int_eq(r, indented[i].lines ? 0 : -EBADMSG);
		if (indented[i].lines)
			ck_assert_str_eq(said.data, indented[i].lines);
		liteio_buf_fini(&said);
	}
	ck_assert_int_eq(liteio_json_lines_add(l, "[1]", 3), 0);
	ck_assert_int_eq(liteio_json_lines_end(l), -EPIPE);
	liteio_json_lines_free(l);
	liteio_json_lines_free(NULL);
	liteio_buf_addstr(&b, "[\"");
	while (b.len < 3 * LITEIO_JSON_MAX_BYTES)
		liteio_buf_addstr(&b, "no end of a string, no end of a string, no end of a string ");
	ck_assert_int_eq(by_pieces(b.data, b.len, 16384, &said), -EMSGSIZE);
	ck_assert_uint_lt(said.len, 16);
	liteio_buf_fini(&said);
	liteio_buf_fini(&b);
}
END_TEST

UNIT_MAIN("json", test_print, test_pretty, test_indent, test_indent_again, test_indent_many,
	  test_lines, test_lines_bad,
	  test_bad, test_depth, test_get, test_change, test_threads, test_bind, test_write,
	  test_write_again, test_write_list, test_write_each, test_bind_bad, test_bind_lenient,
	  test_line, test_describe)
