// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteioctl: every command makes the request it should, bad lines get their sentence, tables align.
 *
 * unit-src: daemon/ctl/command.c daemon/ctl/option.c daemon/ctl/body.c daemon/ctl/query.c
 * unit-src: daemon/ctl/print.c daemon/ctl/module_command.c
 * unit-src: daemon/ctl/limit_options.c daemon/ctl/pool_command.c daemon/ctl/describe.c
 * unit-src: daemon/ctl/operation_command.c daemon/ctl/volume_stats.c daemon/ctl/sample.c
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "ctl/command.h"
#include "ctl/module_command.h"
#include "ctl/print.h"
#include "model/local.h"
#include "unit.h"

#define ID "11111111-2222-4333-8444-555555555555"
#define NO_TIMEOUT .timeout_ms = UINT64_MAX

static const struct {
	const char *noun;
	const char *verb;
	const char *operands[3];
	struct liteio_options o;
	const char *target;
	const char *body; /* NULL: none */
} good[] = {
	{ "pool", "list", { NULL }, { NO_TIMEOUT }, "/v1/pools", NULL },
	{ "pool", "create", { "fast", "/dev/vdb" }, { NO_TIMEOUT }, "/v1/pools",
	  "{\"name\":\"fast\",\"device\":\"/dev/vdb\"}" },
	{ "pool", "create", { "fast" },
	  { .find = true, .dry_run = true, .rule = { .min_size = 1 << 30 }, NO_TIMEOUT },
	  "/v1/disks?minSize=1073741824", NULL },
	{ "pool", "import", { "/dev/vdb" }, { NO_TIMEOUT }, "/v1/pools/import",
	  "{\"device\":\"/dev/vdb\"}" },
	{ "pool", "import", { NULL }, { .all = true, NO_TIMEOUT }, "/v1/pools/import-all", NULL },
	{ "pool", "export", { "fast" }, { NO_TIMEOUT }, "/v1/pools/fast/export", NULL },
	{ "pool", "grow", { "fast" }, { NO_TIMEOUT }, "/v1/pools/fast/grow", "{}" },
	{ "pool", "grow", { "fast" }, { .size = 1 << 30, NO_TIMEOUT }, "/v1/pools/fast/grow",
	  "{\"sizeBytes\":1073741824}" },
	{ "pool", "grow", { "fast" }, { .add = "/dev/vdb", .force = true, NO_TIMEOUT },
	  "/v1/pools/fast/grow", "{\"add\":\"/dev/vdb\",\"force\":true}" },
	{ "pool", "repair", { "fast" }, { NO_TIMEOUT }, "/v1/pools/fast/repair", "{}" },
	{ "pool", "repair", { "fast" }, { .force = true, NO_TIMEOUT }, "/v1/pools/fast/repair",
	  "{\"force\":true}" },
	{ "pool", "repair", { "fast" }, { .from_metadata = true, NO_TIMEOUT },
	  "/v1/pools/fast/repair", "{\"fromMetadata\":true}" },
	{ "volume", "create", { "a" }, { .pool = "fast", .size = 1 << 30, NO_TIMEOUT },
	  "/v1/volumes",
	  "{\"name\":\"a\",\"pool\":\"fast\",\"sizeBytes\":1073741824,\"class\":\"thin\"}" },
	{ "volume", "grow", { "a" }, { .size = 4096, NO_TIMEOUT }, "/v1/volumes/a/grow",
	  "{\"sizeBytes\":4096}" },
	{ "volume", "fence", { "a" }, { .floor = 3, .timeout_ms = 5 }, "/v1/volumes/a/fence",
	  "{\"floor\":3,\"timeoutMs\":5}" },
	{ "export", "create", { "a", "2" }, { .local = true, NO_TIMEOUT }, "/v1/exports",
	  "{\"volume\":\"a\",\"generation\":2,\"local\":true}" },
	{ "export", "delete", { "a", "2" }, { .timeout_ms = 7 }, "/v1/exports/a/2?timeoutMs=7",
	  NULL },
	{ "attachment", "create", { ID, "2" }, { .address = "192.0.2.1,192.0.2.2:9", NO_TIMEOUT },
	  "/v1/attachments",
	  "{\"uuid\":\"" ID "\",\"generation\":2,\"addresses\":[\"192.0.2.1\",\"192.0.2.2:9\"]}" },
	{ "attachment", "delete", { ID, "2" }, { .force = true, NO_TIMEOUT },
	  "/v1/attachments/" ID "/2?force=true", NULL },
	{ "module", "status", { NULL }, { NO_TIMEOUT }, "/v1/module", NULL },
	{ "module", "volumes", { NULL }, { NO_TIMEOUT }, "/v1/module/volumes", NULL },
	{ "module", "attachments", { NULL }, { NO_TIMEOUT }, "/v1/module/attachments", NULL },
	{ "module", "qos", { ID }, { NO_TIMEOUT }, "/v1/module/volumes/" ID, NULL },
	{ "module", "stats", { NULL }, { NO_TIMEOUT }, "/v1/stats", NULL },
	{ "module", "dirty", { NULL }, { NO_TIMEOUT }, "/v1/module/attachments", NULL },
	{ "module", "events", { NULL }, { .follow = true, .count = 3, NO_TIMEOUT },
	  "/v1/module/events", NULL },
	{ "module", "fence", { ID }, { .generation = 3, NO_TIMEOUT }, "/v1/module/fence",
	  "{\"uuid\":\"" ID "\",\"generation\":3,\"timeoutMs\":10000}" },
	{ "stats", NULL, { NULL }, { NO_TIMEOUT }, "/v1/stats", NULL },
	{ "stats", NULL, { "a" }, { NO_TIMEOUT }, "/v1/stats", NULL },
	{ "stats", NULL, { ID }, { NO_TIMEOUT }, "/v1/stats", NULL },
	{ "top", NULL, { NULL }, { .count = 1, .delay_s = 5, .batch = true, NO_TIMEOUT },
	  "/v1/stats", NULL },
	{ "volume", "limit", { "a" },
	  { .limit = { .read_iops = "0", .write_bps = "10Mi", .burst = "20" }, NO_TIMEOUT },
	  "/v1/volumes/a/limits",
	  "{\"readIOPS\":0,\"writeBytesPerSecond\":10485760,\"burstMilliseconds\":20}" },
	{ "volume", "create", { "a" },
	  { .pool = "fast", .size = 1 << 30, .limit = { .write_iops = "7" }, NO_TIMEOUT },
	  "/v1/volumes",
	  "{\"name\":\"a\",\"pool\":\"fast\",\"sizeBytes\":1073741824,"
	  "\"limits\":{\"writeIOPS\":7}}" },
	{ "volume", "create", { "a" },
	  { .pool = "fast", .size = 4096, .wipe = LITEIO_LOCAL_WIPE_ZERO, NO_TIMEOUT },
	  "/v1/volumes",
	  "{\"name\":\"a\",\"pool\":\"fast\",\"sizeBytes\":4096,\"wipe\":\"zero\"}" },
	{ "volume", "rollback", { "a", "s" }, { NO_TIMEOUT }, "/v1/volumes/a/rollback",
	  "{\"snapshot\":\"s\"}" },
	{ "volume", "rename", { "a", "b" }, { NO_TIMEOUT }, "/v1/volumes/a/rename",
	  "{\"name\":\"b\"}" },
	{ "volume", "clone", { "a", "b" }, { .size = 8192, NO_TIMEOUT }, "/v1/volumes/a/clone",
	  "{\"name\":\"b\",\"sizeBytes\":8192}" },
	{ "volume", "delete", { "a" }, { NO_TIMEOUT }, "/v1/volumes/a", NULL },
	{ "volume", "delete", { "a" },
	  { .wipe = LITEIO_LOCAL_WIPE_DISCARD, .no_wait = true, NO_TIMEOUT },
	  "/v1/volumes/a?wipe=discard&wait=false", NULL },
	{ "snapshot", "copy", { "s", "t" }, { NO_TIMEOUT }, "/v1/snapshots",
	  "{\"name\":\"t\",\"snapshot\":\"s\"}" },
	{ "snapshot", "rename", { "s", "t" }, { NO_TIMEOUT }, "/v1/snapshots/s/rename",
	  "{\"name\":\"t\"}" },
	{ "snapshot", "group", { "a=s", "b=t" }, { NO_TIMEOUT }, "/v1/snapshot-groups",
	  "{\"snapshots\":[{\"name\":\"s\",\"volume\":\"a\"},"
	  "{\"name\":\"t\",\"volume\":\"b\"}]}" },
	{ "deletion", "list", { NULL }, { NO_TIMEOUT }, "/v1/deletions", NULL },
	{ "doctor", "", { NULL }, { .fix = true, NO_TIMEOUT }, "/v1/doctor", NULL },
	{ "operation", "list", { NULL }, { NO_TIMEOUT }, "/v1/operations", NULL },
	{ "operation", "wait", { ID }, { NO_TIMEOUT }, "/v1/operations/" ID, NULL },
	{ "events", "", { NULL }, { .follow = true, NO_TIMEOUT }, "/v1/events", NULL },
	{ "pool", "repair", { "fast" }, { .no_wait = true, NO_TIMEOUT },
	  "/v1/pools/fast/repair?wait=false", "{}" },
	{ "disk", "list", { NULL }, { NO_TIMEOUT }, "/v1/disks", NULL },
	{ "disk", "list", { NULL }, { .rule = { .usable = true }, NO_TIMEOUT },
	  "/v1/disks?usable=true", NULL },
	{ "disk", "list", { NULL },
	  { .rule = { 1, 2, "A &b*", "nvme-?", LITEIO_LOCAL_NO, true }, NO_TIMEOUT },
	  "/v1/disks?minSize=1&maxSize=2&model=A%20%26b%2A&byID=nvme-%3F&rotational=no&usable=true",
	  NULL },
};

static int count(char **operands)
{
	int n = 0;

	while (operands[n])
		n++;
	return n;
}

START_TEST(commands_make_requests)
{
	char **operands = (char **)good[_i].operands;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *body = NULL, *want;
	const struct liteio_command *c;
	char *target;

	ck_assert_int_eq(liteio_command_find(good[_i].noun, good[_i].verb, &c, &err), 0);
	c = liteio_command_variant(c, &good[_i].o);
	ck_assert_msg(liteio_command_check(c, count(operands), operands, &good[_i].o, &err) == 0,
		      "%s", err.msg);
	target = liteio_command_target(c, operands, &good[_i].o);
	ck_assert_str_eq(target, good[_i].target);
	free(target);
	ck_assert_int_eq(!c->body, !good[_i].body);
	if (!c->body)
		return;
	ck_assert_int_eq(c->body(operands, &good[_i].o, &body, &err), 0);
	ck_assert_int_eq(liteio_json_parse(good[_i].body, strlen(good[_i].body), &want, &err), 0);
	target = liteio_json_print(body);
	liteio_json_del(body, "class");
	liteio_json_del(want, "class");
	/* what was not said is said as "none" */
	if (!liteio_json_get(want, "wipe")) {
		ck_assert(!liteio_json_get(body, "wipe") ||
			  !strcmp(liteio_json_get_string(body, "wipe"), "none"));
		liteio_json_del(body, "wipe");
	}
	ck_assert_msg(liteio_json_equal(body, want), "%s", target);
	free(target);
	liteio_json_unref(body);
	liteio_json_unref(want);
}
END_TEST

static const struct {
	const char *noun;
	const char *verb;
	const char *operands[4];
	struct liteio_options o;
	const char *said;
} bad[] = {
	{ "pools", "list", { NULL }, { NO_TIMEOUT }, "pools" },
	{ "pool", "import", { NULL }, { NO_TIMEOUT }, "DEVICE" },
	{ "pool", "import", { "/dev/vdb" }, { .all = true, NO_TIMEOUT }, "no operands" },
	{ "pool", "import", { "vdb" }, { NO_TIMEOUT }, "absolute" },
	{ "pool", "export", { "fast" }, { .all = true, NO_TIMEOUT }, "--all" },
	{ "pool", "grow", { "fast" }, { .force = true, NO_TIMEOUT }, "--force" },
	{ "pool", "grow", { "fast" }, { .add = "vdb", NO_TIMEOUT }, "--add" },
	{ "pool", "show", { "fast" }, { .add = "/dev/vdb", NO_TIMEOUT }, "--add" },
	{ "pool", NULL, { NULL }, { NO_TIMEOUT },
	  "list, show, create, set, grow, export, import, repair, delete" },
	{ "pool", "destroy", { NULL }, { NO_TIMEOUT }, "list, show" },
	{ "pool", "show", { NULL }, { NO_TIMEOUT }, "POOL" },
	{ "pool", "list", { "x" }, { NO_TIMEOUT }, "no operands" },
	{ "pool", "show", { "Fast!" }, { NO_TIMEOUT }, "Fast!" },
	{ "pool", "show", { "../x" }, { NO_TIMEOUT }, "../x" },
	{ "pool", "create", { "fast", "vdb" }, { NO_TIMEOUT }, "vdb" },
	{ "pool", "create", { "fast" }, { NO_TIMEOUT }, "POOL DEVICE" },
	{ "pool", "create", { "fast", "/dev/vdb" }, { .find = true, NO_TIMEOUT }, "takes POOL" },
	{ "pool", "create", { "fast", "/dev/vdb" }, { .dry_run = true, NO_TIMEOUT }, "--dry-run" },
	{ "pool", "create", { "fast" }, { .find = true, .force = true, NO_TIMEOUT }, "--force" },
	{ "pool", "show", { "fast" }, { .size = 1, NO_TIMEOUT }, "--size" },
	{ "volume", "create", { "a" }, { .size = 1, NO_TIMEOUT }, "--pool" },
	{ "volume", "create", { "a" }, { .pool = "p", NO_TIMEOUT }, "--size" },
	{ "volume", "grow", { "a" }, { NO_TIMEOUT }, "--size" },
	{ "volume", "rollback", { "a" }, { NO_TIMEOUT }, "VOLUME SNAPSHOT" },
	{ "volume", "rename", { "a", "B!" }, { NO_TIMEOUT }, "B!" },
	{ "volume", "rename", { "a", "b" }, { .no_wait = true, NO_TIMEOUT }, "--no-wait" },
	{ "snapshot", "group", { NULL }, { NO_TIMEOUT }, "VOLUME=SNAPSHOT" },
	{ "snapshot", "group", { "a=s", "b" }, { NO_TIMEOUT }, "\"b\"" },
	{ "snapshot", "group", { "a=" }, { NO_TIMEOUT }, "no name" },
	{ "volume", "fence", { "a" }, { NO_TIMEOUT }, "--floor" },
	{ "volume", "fence", { "a" }, { .floor = 1, .generation = 1, NO_TIMEOUT }, "either" },
	{ "volume", "create", { "a" }, { .pool = "p", .size = 1, .uuid = "1", NO_TIMEOUT },
	  "--uuid" },
	{ "export", "create", { "a", "0" }, { .local = true, NO_TIMEOUT }, "\"0\"" },
	{ "export", "create", { "a", "1" }, { NO_TIMEOUT }, "--host-nqn" },
	{ "attachment", "create", { "a", "1" }, { .local = true, NO_TIMEOUT }, "UUID" },
	{ "attachment", "create", { ID, "1" }, { NO_TIMEOUT }, "--address" },
	{ "module", NULL, { NULL }, { NO_TIMEOUT }, "status, load, volumes" },
	{ "module", "qos", { "a" }, { NO_TIMEOUT }, "UUID" },
	{ "module", "qos", { NULL }, { NO_TIMEOUT }, "takes UUID" },
	{ "module", "events", { NULL }, { NO_TIMEOUT }, "--follow" },
	{ "module", "events", { NULL }, { .follow = true, .delay_s = 1, NO_TIMEOUT }, "--delay" },
	{ "module", "fence", { ID }, { NO_TIMEOUT }, "either --floor or --generation" },
	{ "module", "fence", { ID }, { .floor = 1, .generation = 1, NO_TIMEOUT }, "either" },
	{ "module", "fence", { "a" }, { .floor = 1, NO_TIMEOUT }, "UUID" },
	{ "stats", NULL, { "a", "b" }, { NO_TIMEOUT }, "stats takes [VOLUME]" },
	{ "stats", NULL, { "A" }, { NO_TIMEOUT }, "A" },
	{ "stats", NULL, { NULL }, { .fix = true, NO_TIMEOUT }, "--fix" },
	{ "top", NULL, { "x" }, { NO_TIMEOUT }, "top takes no operands" },
	{ "top", NULL, { NULL }, { .follow = true, NO_TIMEOUT },
	  "--follow is not an option of top" },
	{ "pool", "list", { NULL }, { .batch = true, NO_TIMEOUT }, "--batch" },
	{ "volume", "limit", { "a" }, { NO_TIMEOUT }, "needs a limit" },
	{ "volume", "limit", { NULL }, { .limit = { .read_iops = "1" }, NO_TIMEOUT }, "VOLUME" },
	{ "volume", "limit", { "a" }, { .limit = { .read_iops = "1000000001" }, NO_TIMEOUT },
	  "--read-iops" },
	{ "volume", "limit", { "a" }, { .limit = { .write_iops = "1k" }, NO_TIMEOUT },
	  "--write-iops" },
	{ "volume", "limit", { "a" }, { .limit = { .read_bps = "4095" }, NO_TIMEOUT },
	  "--read-bps" },
	{ "volume", "limit", { "a" }, { .limit = { .write_bps = "2Ti" }, NO_TIMEOUT },
	  "--write-bps" },
	{ "volume", "limit", { "a" }, { .limit = { .write_bps = "-1" }, NO_TIMEOUT },
	  "--write-bps" },
	{ "volume", "limit", { "a" }, { .limit = { .burst = "0" }, NO_TIMEOUT }, "--burst" },
	{ "volume", "create", { "a" },
	  { .pool = "p", .size = 1, .limit = { .read_bps = "" }, NO_TIMEOUT }, "--read-bps" },
	{ "disk", "list", { "x" }, { NO_TIMEOUT }, "no operands" },
	{ "disk", "list", { NULL }, { .rule = { .min_size = 2, .max_size = 1 }, NO_TIMEOUT },
	  "smallest" },
	{ "disk", "list", { NULL }, { .rule = { .model = "" }, NO_TIMEOUT }, "empty" },
	{ "disk", "list", { NULL }, { .rule = { .by_id = "" }, NO_TIMEOUT }, "empty" },
	{ "pool", "list", { NULL }, { .rule = { .usable = true }, NO_TIMEOUT }, "--usable" },
};

START_TEST(bad_lines_get_a_sentence)
{
	char **operands = (char **)bad[_i].operands;
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_command *c;
	struct liteio_json *body = NULL;
	int r;

	r = liteio_command_find(bad[_i].noun, bad[_i].verb, &c, &err);
	if (r == 0)
		c = liteio_command_variant(c, &bad[_i].o);
	if (r == 0)
		r = liteio_command_check(c, count(operands), operands, &bad[_i].o, &err);
	if (r == 0 && c->body)
		r = c->body(operands, &bad[_i].o, &body, &err);
	ck_assert_int_eq(r, -EINVAL);
	ck_assert_ptr_null(body);
	ck_assert_msg(strstr(err.msg, bad[_i].said), "%s", err.msg);
}
END_TEST

static const struct liteio_column columns[] = {
	{ "NAME", "name", LITEIO_COLUMN_TEXT },
	{ "SIZE", "sizeBytes", LITEIO_COLUMN_SIZE },
	{ "ADDRESSES", "addresses", LITEIO_COLUMN_TEXTS },
	{ "", "", LITEIO_COLUMN_WIDE },
	{ "UUID", "uuid", LITEIO_COLUMN_TEXT },
	{ .title = NULL },
};

START_TEST(wide_tables_have_more_columns)
{
	static const char text[] = "[{\"name\":\"a\",\"uuid\":\"the-uuid\"}]";
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_buf out = LITEIO_BUF_INIT;
	struct liteio_json *j;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, &err), 0);
	liteio_print_table(&out, columns, false, j);
	ck_assert_ptr_null(strstr(out.data, "UUID"));
	ck_assert_ptr_null(strstr(out.data, "the-uuid"));
	liteio_buf_fini(&out);
	liteio_print_table(&out, columns, true, j);
	ck_assert_ptr_nonnull(strstr(out.data, "UUID"));
	ck_assert_ptr_nonnull(strstr(out.data, "the-uuid"));
	liteio_buf_fini(&out);
	/* one object has all the room there is */
	liteio_print_object(&out, columns, liteio_json_at(j, 0));
	ck_assert_ptr_nonnull(strstr(out.data, "the-uuid"));
	liteio_buf_fini(&out);
	liteio_json_unref(j);
}
END_TEST

START_TEST(tables_are_aligned)
{
	static const char text[] = "[{\"name\":\"a\",\"sizeBytes\":1073741824,\"addresses\":"
				   "[\"x\",\"y\"]},{\"name\":\"longer\",\"sizeBytes\":0}]";
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_buf out = LITEIO_BUF_INIT;
	struct liteio_json *j;
	char *line, *size;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, &err), 0);
	liteio_print_table(&out, columns, false, j);
	size = strstr(out.data, "SIZE");
	ck_assert_ptr_nonnull(size);
	ck_assert_int_eq(size - out.data, 8);
	line = strchr(out.data, '\n') + 1;
	ck_assert_int_eq(strncmp(line, "a       1", 9), 0);
	ck_assert_ptr_nonnull(strstr(line, "x,y\n"));
	ck_assert_ptr_nonnull(strstr(line, "longer  "));
	ck_assert_ptr_null(strstr(out.data, "\x20\n"));
	liteio_buf_fini(&out);

	liteio_print_object(&out, columns, liteio_json_at(j, 1));
	ck_assert_ptr_null(strstr(out.data, "addresses"));
	liteio_buf_fini(&out);
	liteio_json_unref(j);
}
END_TEST

static const struct {
	uint64_t asked;
	const char *volume;
	const char *said;
} rounded[] = {
	{ 4194305, "{\"sizeBytes\":5242880}",
	  "the size is rounded up to a multiple of 1 MiB: 5242880 bytes" },
	{ 5242879, "{\"sizeBytes\":5242880}",
	  "the size is rounded up to a multiple of 1 MiB: 5242880 bytes" },
	{ 5242880, "{\"sizeBytes\":5242880}", NULL },
	/* nothing was asked for; it is that large for another reason; an operation has no size */
	{ 0, "{\"sizeBytes\":5242880}", NULL },
	{ 4194304, "{\"sizeBytes\":5242880}", NULL },
	{ 4194305, "{\"uuid\":\"x\"}", NULL },
};

START_TEST(what_was_rounded_is_said)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j;
	char *said;

	ck_assert_int_eq(liteio_json_parse(rounded[_i].volume, strlen(rounded[_i].volume), &j,
					   &err), 0);
	said = liteio_print_rounded(rounded[_i].asked, j);
	if (rounded[_i].said)
		ck_assert_str_eq(said, rounded[_i].said);
	else
		ck_assert_ptr_null(said);
	free(said);
	liteio_json_unref(j);
}
END_TEST

static const struct liteio_column limit_columns[] = {
	{ "LIMITS", "limits", LITEIO_COLUMN_LIMITS },
	{ "OVER", "overLimit", LITEIO_COLUMN_OVER_LIMIT },
	{ "READ", "limits.readIOPS", LITEIO_COLUMN_LIMIT },
	{ "WRITE", "limits.writeBytesPerSecond", LITEIO_COLUMN_LIMIT_SIZE },
	{ "TIME", "overLimit.read.iopsNs", LITEIO_COLUMN_NS },
	{ .title = NULL },
};

START_TEST(limits_are_told_in_short)
{
	static const char text[] =
		"[{\"limits\":{\"readIOPS\":100,\"writeBytesPerSecond\":1048576},\"overLimit\":"
		"{\"read\":{\"iopsNs\":1500000000,\"bytesNs\":500000000},\"write\":{}}},"
		"{\"limits\":{\"writeIOPS\":5},\"limitsNotInForce\":\"why\"},{}]";
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_buf out = LITEIO_BUF_INIT;
	struct liteio_json *j;
	char *lines[8];

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, &err), 0);
	liteio_print_table(&out, limit_columns, true, j);
	ck_assert_uint_eq(liteio_split(out.data, '\n', lines, 8), 5);
	ck_assert_str_eq(lines[1],
			 "read 100/s, write 1.0 MiB/s  read 2.00s, write 0  100   1.0 MiB  1.50s");
	ck_assert_ptr_nonnull(strstr(lines[2], "write 5/s (not in force)"));
	ck_assert_int_eq(strncmp(lines[3], "- ", 2), 0);
	liteio_buf_fini(&out);
	liteio_json_unref(j);
}
END_TEST

START_TEST(stats_are_a_row_for_each_class)
{
	static const char text[] =
		"{\"items\":[{\"uuid\":\"" ID "\",\"generation\":3,\"timeNs\":7500000000,"
		"\"lastNs\":5000000000,\"classes\":["
		"{\"name\":\"read\",\"ios\":5,\"p99Ns\":1024},{\"name\":\"write\",\"ios\":7}]},"
		"{\"uuid\":\"" ID "\",\"generation\":4,\"timeNs\":7500000000,"
		"\"classes\":[{\"name\":\"read\"}]}]}";
	struct liteio_json *j, *rows;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, NULL), 0);
	rows = liteio_stats_rows(j);
	ck_assert_uint_eq(liteio_json_len(rows), 3);
	ck_assert_str_eq(liteio_json_get_string(liteio_json_at(rows, 1), "class"), "write");
	/* how long ago the last I/O was; of generation 4 there was none */
	ck_assert_str_eq(liteio_json_get_string(liteio_json_at(rows, 0), "idle"), "2.50s");
	ck_assert_str_eq(liteio_json_get_string(liteio_json_at(rows, 1), "idle"), "2.50s");
	ck_assert_ptr_null(liteio_json_get(liteio_json_at(rows, 2), "idle"));
	ck_assert_int_eq(liteio_json_get_int(liteio_json_at(rows, 1), "ios", 0), 7);
	ck_assert_int_eq(liteio_json_get_int(liteio_json_at(rows, 0), "p99Ns", 0), 1024);
	ck_assert_int_eq(liteio_json_get_int(liteio_json_at(rows, 0), "generation", 0), 3);
	liteio_json_unref(rows);
	liteio_json_unref(j);
}
END_TEST

START_TEST(only_what_is_tracked_is_dirty)
{
	static const char text[] = "{\"items\":[{\"generation\":1},{\"generation\":2,\"dirty\":"
				   "{\"tracking\":\"00000000000000ff\",\"chunkBytes\":65536,"
				   "\"chunks\":512,\"remaining\":3}}]}";
	struct liteio_buf out = LITEIO_BUF_INIT;
	struct liteio_json *j, *rows;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, NULL), 0);
	rows = liteio_dirty_rows(j);
	ck_assert_uint_eq(liteio_json_len(rows), 1);
	liteio_print_table(&out, liteio_module_dirty_columns, false, rows);
	ck_assert_ptr_nonnull(strstr(out.data, "64.0 KiB  3      512     00000000000000ff"));
	liteio_buf_fini(&out);
	liteio_json_unref(rows);
	liteio_json_unref(j);
}
END_TEST

/* every bit has a name, and no two have the same */
START_TEST(options_have_names)
{
	for (const struct liteio_command *c = liteio_commands; c->noun; c++)
		for (uint64_t bit = 1; bit; bit <<= 1)
			if (c->options & bit)
				ck_assert_msg(liteio_option_name(bit), "%s %s", c->noun, c->verb);
	ck_assert_str_eq(liteio_option_name(LITEIO_OPT_BATCH), "--batch");
	ck_assert_ptr_null(liteio_option_name(0));
}
END_TEST

/* the names of an array, in the order of their bits */
static char *joined(const struct liteio_json *names)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	for (size_t i = 0; i < liteio_json_len(names); i++)
		liteio_buf_addf(&b, "%s%s", i ? " " : "",
				liteio_json_string(liteio_json_at(names, i)));
	return b.len ? liteio_buf_take(&b) : liteio_strdup("");
}

static const struct {
	const char *noun;
	const char *verb;
	const char *operands;
	const char *options;
	const char *needed;
} described[] = {
	{ "pool", "list", "", "", "" },
	{ "pool", "repair", "POOL", "force no-wait from-metadata", "" },
	{ "volume", "grow", "VOLUME", "size no-wait", "size" },
	{ "module", "events", "", "follow count", "follow" },
};

START_TEST(commands_are_described)
{
	struct liteio_json *list = liteio_commands_describe();
	size_t n = 0;

	/* each as the table has it, with every option that it takes and none twice */
	for (const struct liteio_command *c = liteio_commands; c->noun; c++, n++) {
		const struct liteio_json *o = liteio_json_at(list, n);
		const struct liteio_json *options = liteio_json_get(o, "options");

		ck_assert_str_eq(liteio_json_get_string(o, "noun"), c->noun);
		ck_assert_str_eq(liteio_json_get_string(o, "help"), c->help);
		ck_assert_uint_eq(liteio_json_len(options),
				  (size_t)__builtin_popcountll(c->options));
		ck_assert_uint_eq(liteio_json_len(liteio_json_get(o, "needed")),
				  (size_t)__builtin_popcountll(c->needed));
	}
	ck_assert_uint_eq(liteio_json_len(list), n);
	for (size_t i = 0; i < sizeof(described) / sizeof(described[0]); i++) {
		const struct liteio_command *c;
		const struct liteio_json *o;
		char *options, *needed;

		ck_assert_int_eq(liteio_command_find(described[i].noun, described[i].verb, &c,
						     NULL),
				 0);
		o = liteio_json_at(list, (size_t)(c - liteio_commands));
		options = joined(liteio_json_get(o, "options"));
		needed = joined(liteio_json_get(o, "needed"));
		ck_assert_str_eq(liteio_json_get_string(o, "verb"), described[i].verb);
		ck_assert_str_eq(liteio_json_get_string(o, "operands"), described[i].operands);
		ck_assert_str_eq(options, described[i].options);
		ck_assert_str_eq(needed, described[i].needed);
		free(options);
		free(needed);
	}
	liteio_json_unref(list);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ctl-command");
	TCase *t = unit_case(s, "command");

	tcase_add_loop_test(t, commands_make_requests, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(t, bad_lines_get_a_sentence, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, tables_are_aligned);
	tcase_add_test(t, wide_tables_have_more_columns);
	tcase_add_loop_test(t, what_was_rounded_is_said, 0, sizeof(rounded) / sizeof(rounded[0]));
	tcase_add_test(t, limits_are_told_in_short);
	tcase_add_test(t, stats_are_a_row_for_each_class);
	tcase_add_test(t, only_what_is_tracked_is_dirty);
	tcase_add_test(t, options_have_names);
	tcase_add_test(t, commands_are_described);
	return unit_run(s);
}
