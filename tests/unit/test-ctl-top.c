// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteioctl top, stats and events: what happened between two samples, and since the counters began,
 * how a round looks, lines that arrive in pieces.
 *
 * unit-src: daemon/ctl/volume_stats.c daemon/ctl/sample.c daemon/ctl/top_view.c
 * unit-src: daemon/ctl/event_text.c daemon/ctl/print.c
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "ctl/event_text.h"
#include "ctl/print.h"
#include "ctl/sample.h"
#include "ctl/top_view.h"
#include "ctl/volume_stats.h"
#include "unit.h"

#define A "11111111-1111-4111-8111-111111111111"
#define B "22222222-2222-4222-8222-222222222222"
#define SECOND 1000000000ull

static struct liteio_json *parse(const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j;

	ck_assert_msg(!liteio_json_parse(text, strlen(text), &j, &err), "%s: %s", text, err.msg);
	return j;
}

/* classes as text: reads and writes with a histogram of three buckets */
#define CLASSES(ri, rb, rh, wi, wb, wh) \
	"\"classes\":[{\"name\":\"read\",\"ios\":" #ri ",\"bytes\":" #rb ",\"hist\":" rh "}," \
	"{\"name\":\"write\",\"ios\":" #wi ",\"bytes\":" #wb ",\"hist\":" wh "}]"
#define ATT(u, g, classes) "{\"uuid\":\"" u "\",\"generation\":" #g "," classes "}"
#define VOL(u, n, over) "{\"uuid\":\"" u "\",\"name\":\"" n "\",\"overLimit\":{" over "}}"

static struct liteio_sample sample(const char *stats, const char *volumes, uint64_t at_ns)
{
	_cleanup_free_ char *s = liteio_strf("{\"items\":[%s]}", stats);
	_cleanup_free_ char *v = liteio_strf("{\"items\":[%s],\"newer\":1}", volumes);
	struct liteio_json *js = parse(s), *jv = parse(v);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_sample ret;

	ck_assert_msg(!liteio_sample_read(js, jv, at_ns, &ret, &err), "%s", err.msg);
	liteio_json_unref(js);
	liteio_json_unref(jv);
	return ret;
}

static void compare(struct liteio_sample a, struct liteio_sample b, struct liteio_activity **ret,
		    size_t n)
{
	size_t got;

	liteio_sample_compare(&a, &b, ret, &got);
	ck_assert_uint_eq(got, n);
	/* names are the later sample's: they are only looked at before */
	liteio_sample_fini(&a);
	for (size_t i = 0; i < n; i++)
		(*ret)[i].name = "";
	liteio_sample_fini(&b);
}

START_TEST(the_difference_is_what_happened)
{
	struct liteio_activity *v;

	/* the old latencies were shorter and longer: only those in between count */
	compare(sample(ATT(A, 1, CLASSES(200, 4096, "[100,0,0,100]", 10, 0, "[10]")),
		       VOL(A, "a", "\"read\":{\"iopsNs\":5,\"bytesNs\":1}"), 0),
		sample(ATT(A, 1, CLASSES(250, 8192, "[101,49,0,100]", 10, 0, "[10]")),
		       VOL(A, "a", "\"read\":{\"iopsNs\":7,\"bytesNs\":11,\"queued\":3}"), SECOND),
		&v, 1);
	ck_assert_str_eq(v[0].uuid, A);
	ck_assert_uint_eq(v[0].classes[LITEIO_CLASS_READ].ios, 50);
	ck_assert_uint_eq(v[0].classes[LITEIO_CLASS_READ].bytes, 4096);
	ck_assert_uint_eq(v[0].classes[LITEIO_CLASS_READ].p50_ns, 1536);
	ck_assert_uint_eq(v[0].classes[LITEIO_CLASS_READ].p99_ns, 1536);
	ck_assert_uint_eq(v[0].classes[LITEIO_CLASS_WRITE].ios, 0);
	ck_assert_uint_eq(v[0].classes[LITEIO_CLASS_WRITE].p99_ns, 0);
	ck_assert_uint_eq(v[0].over_ns[LITEIO_CLASS_READ], 12);
	ck_assert_uint_eq(v[0].over_ns[LITEIO_CLASS_WRITE], 0);
	ck_assert_uint_eq(v[0].queued[LITEIO_CLASS_READ], 3);
	free(v);
}
END_TEST

START_TEST(attachments_come_and_go)
{
	struct liteio_activity *v;

	/* generation 1 goes, 2 has new counters (loaded again), 3 is new */
	compare(sample(ATT(A, 1, CLASSES(7, 7, "[7]", 0, 0, "[]")) ","
		       ATT(A, 2, CLASSES(100, 100, "[100]", 0, 0, "[]")),
		       VOL(A, "a", "\"write\":{\"iopsNs\":50}"), 0),
		sample(ATT(A, 2, CLASSES(5, 5, "[5]", 1, 1, "[1]")) ","
		       ATT(A, 3, CLASSES(20, 20, "[20]", 0, 0, "[]")) ","
		       ATT(B, 1, CLASSES(1, 1, "[1]", 1, 1, "[1]")),
		       VOL(A, "a", "\"write\":{\"iopsNs\":4}"), SECOND),
		&v, 1);
	ck_assert_uint_eq(v[0].classes[LITEIO_CLASS_READ].ios, 25);
	ck_assert_uint_eq(v[0].classes[LITEIO_CLASS_WRITE].ios, 1);
	ck_assert_uint_eq(v[0].over_ns[LITEIO_CLASS_WRITE], 4);
	free(v);
}
END_TEST

START_TEST(the_busiest_comes_first)
{
	struct liteio_sample a = sample("", "", 0);
	struct liteio_sample b = sample(ATT(B, 1, CLASSES(9, 0, "[9]", 0, 0, "[]")),
					VOL(A, "z", "") "," VOL(B, "b", ""), SECOND);
	struct liteio_activity *v;
	size_t n;

	liteio_sample_compare(&a, &b, &v, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(v[0].name, "b");
	ck_assert_str_eq(v[1].name, "z");
	free(v);
	liteio_sample_fini(&a);
	liteio_sample_fini(&b);
}
END_TEST

START_TEST(a_bad_answer_is_refused)
{
	static const char *const bad[] = { "[]", "{\"items\":7}",
					   "{\"items\":[{\"uuid\":\"x\"}]}" };
	struct liteio_json *good = parse("{\"items\":[]}");

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct liteio_json *j = parse(bad[i]);
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_sample s;

		ck_assert_int_eq(liteio_sample_read(j, good, 0, &s, &err), -EINVAL);
		ck_assert(err.msg[0]);
		ck_assert_int_eq(liteio_sample_read(good, j, 0, &s, &err), -EINVAL);
		liteio_json_unref(j);
	}
	liteio_json_unref(good);
}
END_TEST

/* ---- views ---- */

static const struct liteio_activity busy[] = {
	{ .uuid = A, .name = "data",
	  .classes[LITEIO_CLASS_READ] = { .ios = 2468, .bytes = 2468 * 4096, .p50_ns = 12288,
					  .p99_ns = 3145728 },
	  .classes[LITEIO_CLASS_WRITE] = { .ios = 3, .bytes = 1536, .p50_ns = 1024,
					   .p99_ns = 1024 },
	  .over_ns[LITEIO_CLASS_READ] = SECOND, .queued[LITEIO_CLASS_READ] = 4 },
	{ .uuid = B, .name = "" },
};

START_TEST(a_round_is_lines)
{
	const struct liteio_round r = { 2 * SECOND, busy, 2 };
	struct liteio_buf out = LITEIO_BUF_INIT;
	char *lines[8];

	liteio_top_lines(&out, &r, "12:00:00", 0, 0);
	ck_assert_uint_eq(liteio_split(out.data, '\n', lines, 8), 5);
	ck_assert_str_eq(lines[0], "liteio top  12:00:00  2 volumes  2.0 s");
	ck_assert_str_eq(lines[2],
			 "data                     1234    4.8M    12us   3.1ms   50%        2     768     1us     1us     -      0       0       4");
	ck_assert_int_eq(strncmp(lines[3], B, 20), 0);
	/* titles stand over their columns */
	ck_assert_uint_eq(strlen(lines[1]), strlen(lines[2]));
	liteio_buf_fini(&out);
}
END_TEST

START_TEST(a_round_fits_the_terminal)
{
	const struct liteio_round r = { SECOND, busy, 2 };
	struct liteio_buf out = LITEIO_BUF_INIT;
	char *lines[8];
	size_t n;

	liteio_top_lines(&out, &r, "12:00:00", 30, 3);
	n = liteio_split(out.data, '\n', lines, 8);
	ck_assert_uint_eq(n, 4);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_le(strlen(lines[i]), 30);
	ck_assert_str_eq(lines[3], "");
	liteio_buf_fini(&out);
}
END_TEST

START_TEST(a_round_is_json)
{
	const struct liteio_round r = { 2 * SECOND, busy, 2 };
	struct liteio_json *j = liteio_top_json(&r);
	const struct liteio_json *v = liteio_json_at(liteio_json_get(j, "items"), 0);

	ck_assert_int_eq(liteio_json_get_int(j, "intervalNs", 0), 2 * SECOND);
	ck_assert_str_eq(liteio_json_get_string(v, "name"), "data");
	ck_assert_int_eq(liteio_json_get_int(v, "read.ios", 0), 2468);
	ck_assert_int_eq(liteio_json_get_int(v, "read.iosPerSecond", 0), 1234);
	ck_assert_int_eq(liteio_json_get_int(v, "read.overLimitNs", 0), SECOND);
	ck_assert_int_eq(liteio_json_get_int(v, "write.bytesPerSecond", 0), 768);
	ck_assert(!liteio_json_has(liteio_json_at(liteio_json_get(j, "items"), 1), "name"));
	/* no time has gone: no rate, and no division by it */
	liteio_json_unref(j);
	j = liteio_top_json(&(struct liteio_round){ 0, busy, 1 });
	v = liteio_json_at(liteio_json_get(j, "items"), 0);
	ck_assert_int_eq(liteio_json_get_int(v, "read.iosPerSecond", 9), 0);
	liteio_json_unref(j);
}
END_TEST

START_TEST(times_for_people)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} times[] = {
		{ 0, "0" },		       { 1, "1us" },
		{ 999999, "999us" },	       { 1500000, "1.5ms" },
		{ 250 * 1000000ull, "250ms" }, { 1234 * 1000000ull, "1.23s" },
		{ 125 * SECOND, "2m05s" },     { 7380 * SECOND, "2h03m" },
	};
	char text[16];

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		ck_assert_str_eq(liteio_format_ns(times[i].ns, text, sizeof(text)), times[i].text);
}
END_TEST

/* ---- events ---- */

static struct liteio_buf heard;

static int on_line(void *arg, const char *line)
{
	liteio_buf_addf(&heard, "<%s>", line);
	return strcmp(line, "stop") ? 0 : -ECANCELED;
}

START_TEST(lines_arrive_in_pieces)
{
	struct liteio_event_lines l = { 0 };
	char big[LITEIO_EVENT_LINE_MAX + 1];

	ck_assert_int_eq(liteio_event_lines_add(&l, "a\nb", 3, on_line, NULL), 0);
	ck_assert_str_eq(heard.data, "<a>");
	ck_assert_int_eq(liteio_event_lines_add(&l, "", 0, on_line, NULL), 0);
	ck_assert_int_eq(liteio_event_lines_add(&l, "c\n\ne\n", 5, on_line, NULL), 0);
	ck_assert_str_eq(heard.data, "<a><bc><><e>");
	ck_assert_int_eq(liteio_event_lines_add(&l, "stop\nmore\n", 10, on_line, NULL),
			 -ECANCELED);
	ck_assert_ptr_null(strstr(heard.data, "more"));
	memset(big, 'x', sizeof(big));
	ck_assert_int_eq(liteio_event_lines_add(&l, big, sizeof(big), on_line, NULL), -EMSGSIZE);
	liteio_event_lines_fini(&l);
	liteio_buf_fini(&heard);
}
END_TEST

static const struct {
	const char *line;
	const char *text; /* NULL: not shown */
} events[] = {
	{ "{\"type\":\"attachmentFenced\",\"seq\":12,\"timeNs\":83201000000,\"uuid\":\"" A
	  "\",\"generation\":3,\"value\":2}",
	  "12         83.201000  attachmentFenced   " A "  generation=3  inflight=2" },
	{ "{\"type\":\"attachmentBound\",\"seq\":1,\"timeNs\":0,\"uuid\":\"" A
	  "\",\"generation\":3,\"value\":1086626725893}",
	  "1           0.000000  attachmentBound    " A "  generation=3  head=253:5" },
	{ "{\"type\":\"limitsChanged\",\"seq\":2,\"uuid\":\"" A "\"}",
	  "2           0.000000  limitsChanged      " A },
	{ "{\"type\":\"volumeAdded\",\"seq\":2,\"uuid\":\"" A "\",\"value\":1,\"newer\":true}",
	  "2           0.000000  volumeAdded        " A "  floor=1" },
	{ "{\"type\":\"dirtyChanged\",\"seq\":3,\"uuid\":\"" A "\",\"generation\":1,\"value\":16}",
	  "3           0.000000  dirtyChanged       " A "  generation=1  chunk=65536" },
	{ "{\"type\":\"volumeCreated\",\"timeNs\":1500000000,\"uuid\":\"" A
	  "\",\"name\":\"data\",\"pool\":\"fast\"}",
	  "-           1.500000  volumeCreated      data  pool=fast  " A },
	{ "{\"type\":\"operationFailed\",\"timeNs\":0,\"uuid\":\"" A
	  "\",\"name\":\"data\",\"verb\":\"volume grow\",\"message\":\"it is full\"}",
	  "-           0.000000  operationFailed    volume grow data  " A "  it is full" },
	{ "{\"type\":\"lost\"}",
	  "resync: events were lost; what was known is void, list everything again" },
	{ "{\"type\":\"begin\",\"seq\":4}", NULL },
	{ "{\"type\":\"alive\"}", NULL },
	{ "{\"type\":\"end\"}", NULL },
};

START_TEST(events_are_lines)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_local_event e;
		char *text;

		ck_assert_msg(!liteio_event_parse(events[i].line, &e, &err), "%s", err.msg);
		text = liteio_event_text(&e);
		if (events[i].text)
			ck_assert_str_eq(text, events[i].text);
		else
			ck_assert_ptr_null(text);
		free(text);
		liteio_json_fini(&e, liteio_local_event_fields);
	}
}
END_TEST

START_TEST(what_is_no_event_is_refused)
{
	static const char *const bad[] = { "", "x", "[]", "{}", "{\"type\":\"dawn\"}",
					   "{\"type\":\"lost\",\"seq\":-1}" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_local_event e;

		ck_assert_int_eq(liteio_event_parse(bad[i], &e, &err), -EINVAL);
		ck_assert(err.msg[0]);
	}
}
END_TEST

/* every event of the module has a name, and nothing else has */
START_TEST(all_events_have_names)
{
	int n = 0;

	while (liteio_local_event_names[n])
		n++;
	ck_assert_int_eq(n, LITEIO_LOCAL_EVENT_MODULE + LITEIO_EVENT_DIRTY_CHANGED -
				    LITEIO_EVENT_VOL_ADDED + 1);
}
END_TEST

/* the value of a row, as text */
static const char *cell(const struct liteio_json *answer, size_t row, const char *key)
{
	return liteio_json_get_string(liteio_json_at(liteio_json_get(answer, "items"), row), key);
}

static int64_t number(const struct liteio_json *answer, size_t row, const char *key)
{
	return liteio_json_get_int(liteio_json_at(liteio_json_get(answer, "items"), row), key, -1);
}

START_TEST(stats_add_up_the_attachments_of_a_volume)
{
	struct liteio_json *stats = parse("{\"items\":["
		ATT(A, 1, CLASSES(100, 4096, "[90,10]", 1, 512, "[1]")) ","
		ATT(A, 3, CLASSES(100, 8192, "[0,99,1]", 0, 0, "[]")) ","
		ATT(B, 1, CLASSES(5, 1, "[5]", 0, 0, "[]")) "]}");
	struct liteio_json *volumes = parse("{\"items\":["
		VOL(B, "", "") ","
		VOL(A, "a", "\"read\":{\"iopsNs\":5,\"bytesNs\":2,\"queued\":4}") "]}");
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_buf out = LITEIO_BUF_INIT;
	struct liteio_json *ret;

	ck_assert_int_eq(liteio_volume_stats(stats, volumes, NULL, &ret, &err), 0);
	/* a row for each class, the busiest volume first */
	ck_assert_uint_eq(liteio_json_len(liteio_json_get(ret, "items")), 8);
	ck_assert_str_eq(cell(ret, 0, "volume"), "a");
	ck_assert_str_eq(cell(ret, 0, "uuid"), A);
	ck_assert_str_eq(cell(ret, 0, "class"), "read");
	ck_assert_int_eq(number(ret, 0, "ios"), 200);
	ck_assert_int_eq(number(ret, 0, "bytes"), 12288);
	/* of both together: 90 of 200 in the first bucket, 199 in the first two */
	ck_assert_int_eq(number(ret, 0, "p50Ns"), 1536);
	ck_assert_int_eq(number(ret, 0, "p90Ns"), 1536);
	ck_assert_int_eq(number(ret, 0, "p99Ns"), 1536);
	ck_assert_int_gt(number(ret, 0, "p999Ns"), 1536);
	ck_assert_int_eq(number(ret, 0, "overLimitNs"), 7);
	ck_assert_int_eq(number(ret, 0, "queued"), 4);
	ck_assert_str_eq(cell(ret, 1, "class"), "write");
	ck_assert_int_eq(number(ret, 1, "ios"), 1);
	ck_assert_int_eq(number(ret, 1, "overLimitNs"), 0);
	ck_assert_str_eq(cell(ret, 2, "class"), "flush");
	ck_assert_int_eq(number(ret, 2, "overLimitNs"), -1);
	/* without a name it is called by its uuid */
	ck_assert_str_eq(cell(ret, 4, "volume"), B);
	liteio_print_table(&out, liteio_volume_stats_columns, false, liteio_json_get(ret, "items"));
	ck_assert_ptr_nonnull(strstr(out.data, "P99.9"));
	ck_assert_ptr_nonnull(strstr(out.data, "12.0 KiB"));
	liteio_buf_fini(&out);
	liteio_json_unref(ret);

	/* one of them, by name or uuid; one that is not there */
	ck_assert_int_eq(liteio_volume_stats(stats, volumes, "a", &ret, &err), 0);
	ck_assert_uint_eq(liteio_json_len(liteio_json_get(ret, "items")), 4);
	ck_assert_str_eq(cell(ret, 3, "uuid"), A);
	liteio_json_unref(ret);
	ck_assert_int_eq(liteio_volume_stats(stats, volumes, B, &ret, &err), 0);
	ck_assert_uint_eq(liteio_json_len(liteio_json_get(ret, "items")), 4);
	ck_assert_int_eq(number(ret, 0, "ios"), 5);
	liteio_json_unref(ret);
	ck_assert_int_eq(liteio_volume_stats(stats, volumes, "c", &ret, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.msg, "no volume \"c\""));
	liteio_json_unref(stats);
	liteio_json_unref(volumes);
}
END_TEST

UNIT_MAIN("ctl-top", the_difference_is_what_happened, attachments_come_and_go,
	  stats_add_up_the_attachments_of_a_volume,
	  the_busiest_comes_first, a_bad_answer_is_refused, a_round_is_lines,
	  a_round_fits_the_terminal, a_round_is_json, times_for_people, lines_arrive_in_pieces,
	  events_are_lines, what_is_no_event_is_refused, all_events_have_names)
