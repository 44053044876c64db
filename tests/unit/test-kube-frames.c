// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watch frames: the same whatever the pieces; and the store behind informers.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "kube/frames.h"
#include "kube/store.h"
#include "unit.h"

#define STREAM \
	"{\"type\":\"ADDED\",\"object\":{\"a\":\"x\\ny\"}}\n" \
	"\n" \
	"{\"type\":\"MODIFIED\",\"object\":{}}\r\n" \
	"{\"type\":\"BOOKMARK\"}\n"

static struct liteio_buf seen;

static int on_frame(void *arg, struct liteio_json *j, struct liteio_error *err)
{
	liteio_buf_addf(&seen, "%s,", liteio_json_get_string(j, "type"));
	return 0;
}

static int on_frame_stop(void *arg, struct liteio_json *j, struct liteio_error *err)
{
	on_frame(arg, j, err);
	return -EPIPE;
}

START_TEST(test_cuts)
{
	size_t len = strlen(STREAM);

	/* cut at every two places */
	for (size_t a = 0; a <= len; a++) {
		for (size_t b = a; b <= len; b++) {
			struct liteio_frames f = LITEIO_FRAMES_INIT;

			liteio_buf_fini(&seen);
			ck_assert(!liteio_frames_feed(&f, STREAM, a, on_frame, NULL, NULL));
			ck_assert(!liteio_frames_feed(&f, STREAM + a, b - a, on_frame, NULL, NULL));
			ck_assert(!liteio_frames_feed(&f, STREAM + b, len - b, on_frame, NULL,
						      NULL));
			ck_assert_str_eq(seen.data, "ADDED,MODIFIED,BOOKMARK,");
			liteio_frames_reset(&f);
		}
	}
	liteio_buf_fini(&seen);
}
END_TEST

START_TEST(test_bytes)
{
	struct liteio_frames f = LITEIO_FRAMES_INIT;

	for (const char *p = STREAM; *p; p++)
		ck_assert_int_eq(liteio_frames_feed(&f, p, 1, on_frame, NULL, NULL), 0);
	ck_assert_str_eq(seen.data, "ADDED,MODIFIED,BOOKMARK,");
	liteio_frames_reset(&f);
	liteio_buf_fini(&seen);
}
END_TEST

START_TEST(test_bad)
{
	struct liteio_frames f = LITEIO_FRAMES_INIT;
	struct liteio_error err = LITEIO_ERROR_INIT;
	char *chunk = liteio_calloc(1, 1 << 20);
	int r = 0;

	ck_assert_int_eq(liteio_frames_feed(&f, "{\"a\":\n", 6, on_frame, NULL, &err), -EINVAL);
	liteio_frames_reset(&f);
	ck_assert_int_eq(liteio_frames_feed(&f, STREAM, strlen(STREAM), on_frame_stop, NULL, &err),
			 -EPIPE);
	ck_assert_str_eq(seen.data, "ADDED,");
	liteio_frames_reset(&f);
	/* a line without end does not eat all memory */
	memset(chunk, ' ', 1 << 20);
	for (int i = 0; i < 10 && !r; i++)
		r = liteio_frames_feed(&f, chunk, 1 << 20, on_frame, NULL, &err);
	ck_assert_int_eq(r, -EMSGSIZE);
	liteio_frames_reset(&f);
	liteio_buf_fini(&seen);
	free(chunk);
}
END_TEST

/* ---- the store ---------------------------------------------------------------------------- */

static struct liteio_json *object(const char *name, unsigned int version)
{
	char *text = liteio_strf("{\"metadata\":{\"name\":\"%s\",\"resourceVersion\":\"%u\"}}",
				 name, version);
	struct liteio_json *j = NULL;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, NULL), 0);
	free(text);
	return j;
}

/* everything told since the last call, as "+a1 ~a1:2 -a2 S" */
static void check_told(struct liteio_kube_store *s, const char *wanted)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	struct liteio_change c;

	liteio_buf_addstr(&b, "");
	while (liteio_kube_store_next_change(s, &c)) {
		const struct liteio_json *any = c.obj ? c.obj : c.old;

		if (!any)
			liteio_buf_addstr(&b, "S ");
		else
			liteio_buf_addf(&b, "%s%s%s ", !c.old ? "+" : c.obj ? "~"
									    : "-",
					liteio_json_get_string(any, "metadata.name"),
					liteio_json_get_string(any, "metadata.resourceVersion"));
		liteio_json_unref(c.old);
		liteio_json_unref(c.obj);
	}
	ck_assert_str_eq(b.data, wanted);
	liteio_buf_fini(&b);
}

static void update(struct liteio_kube_store *s, const char *name, unsigned int version,
		   bool deleted)
{
	struct liteio_json *j = object(name, version);

	liteio_kube_store_update(s, j, deleted);
	liteio_json_unref(j);
}

static bool offer(struct liteio_kube_store *s, const char *name, unsigned int version)
{
	struct liteio_json *j = object(name, version);
	bool taken = liteio_kube_store_offer(s, j);

	liteio_json_unref(j);
	return taken;
}

static void replace(struct liteio_kube_store *s, const char *version, const char *a,
		    unsigned int a_v, const char *b, unsigned int b_v)
{
	struct liteio_json *list = liteio_json_new_array();

	if (a)
		liteio_json_append(list, object(a, a_v));
	if (b)
		liteio_json_append(list, object(b, b_v));
	liteio_kube_store_replace(s, list, version);
	liteio_json_unref(list);
}

START_TEST(test_store)
{
	struct liteio_kube_store *s = liteio_kube_store_new();
	struct liteio_json *list;
	char *version;

	ck_assert(!liteio_kube_store_synced(s));
	replace(s, "10", "b", 5, "a", 7);
	ck_assert(liteio_kube_store_synced(s));
	check_told(s, "+b5 +a7 S ");
	update(s, "c", 11, false);
	update(s, "a", 12, false);
	update(s, "b", 13, true);
	update(s, "never-there", 14, true);
	check_told(s, "+c11 ~a12 -b5 ");
	list = liteio_kube_store_list(s);
	ck_assert_uint_eq(liteio_json_len(list), 2);
	ck_assert_str_eq(liteio_json_get_string(liteio_json_at(list, 0), "metadata.name"), "a");
	liteio_json_unref(list);
	/* a new list: what is the same is not told, what is missing is gone */
	replace(s, "20", "a", 12, "d", 15);
	check_told(s, "+d15 -c11 ");
	ck_assert_uint_eq(liteio_kube_store_count(s), 2);
	replace(s, "21", NULL, 0, NULL, 0);
	check_told(s, "-a12 -d15 ");
	liteio_kube_store_advance(s, "30");
	version = liteio_kube_store_version(s);
	ck_assert_str_eq(version, "30");
	free(version);
	liteio_kube_store_free(s);
}
END_TEST

START_TEST(test_offer)
{
	struct liteio_kube_store *s = liteio_kube_store_new();

	/* before there is a picture nothing can be ahead of it */
	ck_assert(!offer(s, "a", 5));
	replace(s, "10", "a", 5, NULL, 0);
	check_told(s, "+a5 S ");
	ck_assert(offer(s, "a", 12));
	check_told(s, "~a12 ");
	ck_assert(!offer(s, "a", 12));
	ck_assert(!offer(s, "a", 11));
	/* the watch catches up: older news of it are none, the same is the same */
	update(s, "a", 11, false);
	update(s, "a", 12, false);
	check_told(s, "");
	update(s, "a", 14, true);
	check_told(s, "-a12 ");
	/* an answer older than the watch: it may have been deleted since */
	ck_assert(!offer(s, "a", 13));
	ck_assert_uint_eq(liteio_kube_store_count(s), 0);
	/* ahead again, deleted, made anew: only the last is left */
	ck_assert(offer(s, "a", 20));
	update(s, "a", 16, false);
	update(s, "a", 17, true);
	check_told(s, "+a20 ");
	update(s, "a", 20, false);
	update(s, "a", 21, false);
	check_told(s, "~a21 ");
	liteio_kube_store_free(s);
}
END_TEST

START_TEST(test_restored)
{
	struct liteio_kube_store *s = liteio_kube_store_new();

	/* a server restored from a backup is behind: a list is the truth all the same */
	replace(s, "100", "a", 90, "b", 95);
	replace(s, "50", "a", 40, NULL, 0);
	check_told(s, "+a90 +b95 S ~a40 -b95 ");
	update(s, "a", 51, false);
	check_told(s, "~a51 ");
	liteio_kube_store_free(s);
}
END_TEST

static int is_version(void *arg, const struct liteio_json *obj, struct liteio_error *err)
{
	const char *v = liteio_json_get_string(obj, "metadata.resourceVersion");

	return v && !strcmp(v, arg);
}

static int wait_for(struct liteio_kube_store *s, const char *key, char *version, unsigned int ms,
		    struct liteio_json **ret, struct liteio_error *err)
{
	return liteio_kube_store_wait(s, key, is_version, version, liteio_now_ms() + ms, ret, err);
}

static void *change_later(void *arg)
{
	replace(arg, "10", "a", 5, "b", 6);
	for (unsigned int i = 11; i < 200; i++)
		update(arg, i % 2 ? "a" : "b", i, false);
	return NULL;
}

START_TEST(test_wait)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_kube_store *s = liteio_kube_store_new();
	struct liteio_json *obj = NULL;
	char last[] = "199";
	pthread_t t;

	/* not synced: nothing is known, also not that it is not there */
	ck_assert_int_eq(wait_for(s, "a", last, 30, NULL, &err), -ETIMEDOUT);
	ck_assert_str_eq(err.msg, "the time was over before a could be read");
	pthread_create(&t, NULL, change_later, s);
	ck_assert_int_eq(wait_for(s, "a", last, 30000, &obj, &err), 0);
	ck_assert_str_eq(liteio_json_get_string(obj, "metadata.name"), "a");
	liteio_json_unref(obj);
	pthread_join(t, NULL);
	ck_assert_int_eq(wait_for(s, "b", last, 30, NULL, &err), -ETIMEDOUT);
	liteio_kube_store_free(s);
}
END_TEST

UNIT_MAIN("kube-frames", test_cuts, test_bytes, test_bad, test_store, test_offer, test_restored,
	  test_wait)
