// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `doctor`: findings, and having them mended one by one.
 */
#include "ctl/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "ctl/ask.h"
#include "model/local_doctor.h"

#define FIX_PATH "/v1/doctor/fix"

static const char *text(const struct liteio_json *finding, const char *key)
{
	const char *s = liteio_json_get_string(finding, key);

	return s ? s : "";
}

static void fix_one(const char *socket, const struct liteio_json *finding)
{
	struct liteio_json *body = liteio_json_new_object(), *answer = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	liteio_json_set_string(body, "check", text(finding, "check"));
	liteio_json_set_string(body, "object", text(finding, "object"));
	r = liteio_ask(socket, "POST", FIX_PATH, body, &answer, &err);
	if (r < 0)
		fprintf(stderr, "liteioctl: %s: not mended: %s\n", text(finding, "object"),
			liteio_error_str(&err, r));
	else if (liteio_json_get_bool(answer, "fixed", false))
		fprintf(stderr, "liteioctl: %s: %s\n", text(finding, "sentence"),
			text(finding, "fix"));
	liteio_json_unref(answer);
	liteio_json_unref(body);
}

static const struct liteio_json *items_of(const struct liteio_json *answer, size_t *ret_n)
{
	const struct liteio_json *items = liteio_json_get(answer, "items");

	*ret_n = liteio_json_is_array(items) ? liteio_json_len(items) : 0;
	return items;
}

static int fix_all(const char *socket, const char *path, struct liteio_json **io,
		   struct liteio_error *err)
{
	struct liteio_json *before = *io;
	const struct liteio_json *items;
	size_t n;

	items = items_of(before, &n);
	for (size_t i = 0; i < n; i++)
		if (text(liteio_json_at(items, i), "fix")[0])
			fix_one(socket, liteio_json_at(items, i));
	*io = NULL;
	liteio_json_unref(before);
	return liteio_ask(socket, "GET", path, NULL, io, err);
}

int liteio_doctor(const char *socket, const char *path, bool fix, struct liteio_json **ret,
		  struct liteio_error *err)
{
	const char *worst = liteio_local_severity_names[LITEIO_SEVERITY_ERROR];
	const struct liteio_json *items;
	size_t n, errors = 0;
	int r;

	r = liteio_ask(socket, "GET", path, NULL, ret, err);
	if (r == 0 && fix)
		r = fix_all(socket, path, ret, err);
	if (r < 0)
		return r;
	items = items_of(*ret, &n);
	for (size_t i = 0; i < n; i++)
		errors += !strcmp(text(liteio_json_at(items, i), "severity"), worst);
	if (errors)
		return liteio_error_set(err, -EUCLEAN, "%zu of %zu findings are errors", errors, n);
	return 0;
}
