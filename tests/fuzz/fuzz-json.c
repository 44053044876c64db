// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz JSON as it comes from the API server, from liteioctl and from configuration files: parsing,
 * printing that reads back the same, decoding into a struct and back, the line of what is wrong,
 * watch frames cut anywhere. Then all that our programs decode, see objects.c.
 *
 * fuzz-src: tests/fuzz/objects.c tests/fuzz/routes.c daemon/agent/config.c csi/params.c
 * fuzz-src: daemon/model/condition.c daemon/model/limits.c daemon/model/local.c
 * fuzz-src: daemon/model/local_doctor.c daemon/model/local_module.c
 * fuzz-src: daemon/model/local_operation.c daemon/model/meta.c daemon/model/node.c
 * fuzz-src: daemon/model/pool.c daemon/model/snapshot.c daemon/model/volume.c
 * fuzz-src: daemon/base/args.c daemon/base/fs.c daemon/base/listen.c daemon/base/process.c
 * fuzz-src: daemon/base/json_write.c daemon/base/json_indent.c
 * fuzz-src: daemon/base/json.c daemon/base/json_bind.c daemon/base/json_where.c
 * fuzz-src: daemon/base/str.c daemon/base/size.c daemon/base/uuid.c
 * fuzz-src: daemon/base/error.c daemon/kube/frames.c daemon/kube/base64.c
 */
#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/uuid.h"
#include "kube/base64.h"
#include "kube/frames.h"
#include "members.h"
#include "objects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct leg {
	char *pool;
	uint64_t size;
};

struct vol {
	char *name;
	bool ready;
	uint64_t generation;
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
	{ .key = "p", .type = LITEIO_FIELD_STRING, .flags = LITEIO_FIELD_REQUIRED,
	  .offset = offsetof(struct leg, pool) },
	{ .key = "s", .type = LITEIO_FIELD_SIZE, .offset = offsetof(struct leg, size) },
	{ .key = NULL },
};

static const char *const phases[] = { "", "A", "B", NULL };

static const struct liteio_field vol_fields[] = {
	{ .key = "n", .type = LITEIO_FIELD_STRING, .max = 8, .offset = offsetof(struct vol, name) },
	{ .key = "r", .type = LITEIO_FIELD_BOOL, .offset = offsetof(struct vol, ready) },
	{ .key = "g", .type = LITEIO_FIELD_U64, .min = 1,
	  .offset = offsetof(struct vol, generation) },
	{ .key = "p", .type = LITEIO_FIELD_ENUM, .names = phases,
	  .offset = offsetof(struct vol, phase) },
	{ .key = "u", .type = LITEIO_FIELD_UUID, .offset = offsetof(struct vol, uuid) },
	{ .key = "f", .type = LITEIO_FIELD_OBJECT, .fields = leg_fields,
	  .offset = offsetof(struct vol, first) },
	{ .key = "l", .type = LITEIO_FIELD_ARRAY, .fields = leg_fields, .max = 100,
	  .elem_size = sizeof(struct leg), .offset = offsetof(struct vol, legs),
	  .count_offset = offsetof(struct vol, n_legs) },
	{ .key = "o", .type = LITEIO_FIELD_STRINGS, .offset = offsetof(struct vol, nodes),
	  .count_offset = offsetof(struct vol, n_nodes) },
	{ .key = "m", .type = LITEIO_FIELD_MAP, .offset = offsetof(struct vol, labels) },
	{ .key = "x", .type = LITEIO_FIELD_RAW, .offset = offsetof(struct vol, extra) },
	{ .key = NULL },
};

/* a line of the text, or none */
static void where(const struct liteio_json *j, const char *text, size_t size)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct vol v = { 0 };
	size_t lines = 1;

	if (!liteio_json_decode(j, vol_fields, LITEIO_JSON_STRICT, &v, &err)) {
		liteio_json_fini(&v, vol_fields);
		return;
	}
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	if (liteio_json_line(text, size, err.msg) > lines)
		abort();
}

/* a text is over lines as a value is, whatever spaces it has; and anything else has an end */
static void indent(const char *text, size_t len, const struct liteio_json *j)
{
	char *lines = liteio_json_indent(text, len), *pretty = liteio_json_print_pretty(j);
	char *of_pretty = liteio_json_indent(pretty, strlen(pretty));
	char *line = liteio_json_print(j), *of_line = liteio_json_indent(line, strlen(line));
	struct liteio_json *back = NULL;

	if (!lines || !of_pretty || strcmp(pretty, of_pretty) != 0 ||
	    !of_line || strcmp(pretty, of_line) != 0 ||
	    liteio_json_parse(lines, strlen(lines), &back, NULL) || !liteio_json_equal(j, back))
		abort();
	liteio_json_unref(back);
	free(of_line);
	free(line);
	free(of_pretty);
	free(pretty);
	free(lines);
}

/* what somebody typed is taken when every key is there once, and else there is a sentence */
static void strict(const char *text, size_t size, const struct liteio_json *j)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *again = NULL;
	int r = liteio_json_parse_strict(text, size, &again, &err);

	if (!r != members_once(text, size) || (r && !err.msg[0]) ||
	    (!r && !liteio_json_equal(j, again)))
		abort();
	liteio_json_unref(again);
}

static void print(const struct liteio_json *j, char *(*printer)(const struct liteio_json *))
{
	struct liteio_json *back = NULL;
	char *text = printer(j);

	if (liteio_json_parse(text, strlen(text), &back, NULL) || !liteio_json_equal(j, back))
		abort();
	liteio_json_unref(back);
	free(text);
}

static int on_frame(void *arg, struct liteio_json *j, struct liteio_error *err)
{
	struct liteio_buf *b = arg;
	char *text = liteio_json_print(j);

	liteio_buf_addf(b, "%s\n", text);
	free(text);
	return 0;
}

/* the same frames whether they come in one piece or byte by byte */
static void frames(const char *data, size_t size)
{
	struct liteio_frames whole = LITEIO_FRAMES_INIT, pieces = LITEIO_FRAMES_INIT;
	struct liteio_buf a = LITEIO_BUF_INIT, b = LITEIO_BUF_INIT;
	int r, s = 0;

	r = liteio_frames_feed(&whole, data, size, on_frame, &a, NULL);
	for (size_t i = 0; i < size && !s; i++)
		s = liteio_frames_feed(&pieces, data + i, 1, on_frame, &b, NULL);
	if (r != s || a.len != b.len || (a.len && memcmp(a.data, b.data, a.len)))
		abort();
	liteio_frames_reset(&whole);
	liteio_frames_reset(&pieces);
	liteio_buf_fini(&a);
	liteio_buf_fini(&b);
}

static const regex_t *size_pattern(void)
{
	static regex_t pattern;
	static bool made;

	if (!made && regcomp(&pattern, LITEIO_SIZE_PATTERN, REG_EXTENDED | REG_NOSUB))
		abort();
	made = true;
	return &pattern;
}

static void texts(const char *data, size_t size)
{
	char *text = liteio_calloc(1, size + 1), *clean, *decoded;
	struct liteio_uuid u;
	uint64_t n;
	size_t len;

	memcpy(text, data, size);
	if (!liteio_parse_size(text, &n, NULL) && (!n || n > INT64_MAX))
		abort();
	if (regexec(size_pattern(), text, 0, NULL, 0) !=
	    (liteio_parse_size(text, &n, NULL) == -EINVAL))
		abort();
	if (!liteio_base64_decode(text, &decoded, &len))
		free(decoded);
	liteio_uuid_parse(text, &u);
	liteio_name_check("volume", text, NULL);
	clean = liteio_utf8_clean(text);
	if (clean && liteio_utf8_clean(clean))
		abort();
	free(clean);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = NULL, *copy;

	texts((const char *)data, size);
	frames((const char *)data, size);
	fuzz_config((const char *)data, size);
	if (liteio_json_parse((const char *)data, size, &j, &err)) {
		if (!err.msg[0])
			abort();
		return 0;
	}
	where(j, (const char *)data, size);
	strict((const char *)data, size, j);
	print(j, liteio_json_print);
	print(j, liteio_json_print_pretty);
	indent((const char *)data, size, j);
	copy = liteio_json_copy(j);
	if (!liteio_json_equal(j, copy))
		abort();
	liteio_json_unref(copy);
	fuzz_bind(j, vol_fields, sizeof(struct vol), 0);
	fuzz_bind(j, vol_fields, sizeof(struct vol), LITEIO_JSON_STRICT);
	fuzz_objects(j);
	liteio_json_unref(j);
	return 0;
}
