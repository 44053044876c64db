// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What answers of the API server mean: HTTP status and Status object to errno and sentence.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "kube/client.h"

static const struct {
	long status;
	int code;
} codes[] = {
	{ 400, -EINVAL },     { 401, -EACCES }, { 403, -EACCES }, { 404, -ENOENT },
	{ 405, -EOPNOTSUPP }, { 409, -EAGAIN }, { 410, -ESTALE }, { 412, -EAGAIN },
	{ 413, -EINVAL },     { 415, -EINVAL }, { 422, -EINVAL }, { 429, -EBUSY },
	{ 503, -EBUSY },      { 504, -EBUSY },
};

static bool is(const char *s, const char *wanted)
{
	return s && !strcmp(s, wanted);
}

/* does a cause of the Status say this? */
static bool has_cause(const struct liteio_json *doc, const char *key, const char *value)
{
	const struct liteio_json *causes = liteio_json_get(doc, "details.causes");

	for (size_t i = 0; i < liteio_json_len(causes); i++) {
		if (is(liteio_json_get_string(liteio_json_at(causes, i), key), value))
			return true;
	}
	return false;
}

static int code_of(long status, const struct liteio_json *doc)
{
	const char *reason = liteio_json_get_string(doc, "reason");

	/* a watch reports the end of its history inside a 200 */
	if (is(reason, "Expired") || is(reason, "Gone"))
		return -ESTALE;
	if (status == 404 && !liteio_json_get_string(doc, "details.name"))
		return -EOPNOTSUPP;
	if (status == 409 && is(reason, "AlreadyExists"))
		return -EEXIST;
	if (status == 409 && has_cause(doc, "reason", "FieldManagerConflict"))
		return -EPERM;
	/* another object of that name: for a patch this is no conflict to the server, but it is */
	if (status == 422 && has_cause(doc, "field", "metadata.uid"))
		return -EAGAIN;
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(codes); i++) {
		if (codes[i].status == status)
			return codes[i].code;
	}
	return -EIO;
}

/* some messages quote a whole object; what is wrong with it stands at the end */
static int set_message(struct liteio_error *err, int r, const char *message)
{
	size_t len = strlen(message);

	if (len < LITEIO_ERROR_MSG_MAX)
		return liteio_error_set(err, r, "%s", message);
	return liteio_error_set(err, r, "%.120s ... %s", message, message + len - 360);
}

int liteio_kube_status_error(long status, const char *body, size_t len, struct liteio_error *err)
{
	struct liteio_json *doc = NULL;
	const char *message;
	int r;

	if (liteio_json_parse(body ? body : "", len, &doc, NULL))
		doc = NULL;
	/* an error event of a watch has the status only inside */
	if (status < 300)
		status = (long)liteio_json_get_int(doc, "code", 500);
	r = code_of(status, doc);
	message = liteio_json_get_string(doc, "message");
	if (message && *message)
		set_message(err, r, message);
	else
		liteio_error_set(err, r, "the API server answered %ld: %.*s", status,
				 body ? (int)strcspn(body, "\r\n") : 0, body ? body : "");
	liteio_json_unref(doc);
	return r;
}

bool liteio_kube_retryable(int r)
{
	switch (r) {
	case -EBUSY:
	case -EIO:
	case -ETIMEDOUT:
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -ECONNABORTED:
	case -EHOSTUNREACH:
	case -ENETUNREACH:
	case -ENETDOWN:
	case -EPIPE:
	case -EPROTO:
		return true;
	default:
		return false;
	}
}
