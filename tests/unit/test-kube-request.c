// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests put into words, and answers understood.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/object.h"
#include "kube/request.h"
#include "unit.h"

static struct liteio_json *parse(const char *text)
{
	struct liteio_json *j = NULL;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, NULL), 0);
	return j;
}

static const struct {
	struct liteio_kube_request req;
	const char *body;
	const char *method;
	const char *path;
	const char *sent;
} requests[] = {
	{ { .verb = LITEIO_KUBE_GET, .resource = &liteio_resource_volume, .name = "v" },
	  NULL, "GET", "/apis/liteio.io/v1/volumes/v", NULL },
	{ { .verb = LITEIO_KUBE_LIST, .resource = &liteio_resource_pod,
	    .label_selector = "a=b,c!=d e" },
	  NULL, "GET", "/api/v1/pods?labelSelector=a%3Db%2Cc%21%3Dd%20e", NULL },
	{ { .verb = LITEIO_KUBE_CREATE, .resource = &liteio_resource_volume, .name = "v" },
	  "{\"a\":1}", "POST",
	  "/apis/liteio.io/v1/volumes?fieldManager=me&fieldValidation=Strict", "{\"a\":1}" },
	{ { .verb = LITEIO_KUBE_PATCH, .resource = &liteio_resource_volume, .name = "v",
	    .subresource = "status", .resource_version = "7", .uid = "u", .dry_run = true },
	  "{\"a\":1}", "PATCH",
	  "/apis/liteio.io/v1/volumes/v/status?fieldManager=me&fieldValidation=Strict&dryRun=All",
	  "{\"a\":1,\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"7\"}}" },
	{ { .verb = LITEIO_KUBE_PATCH_JSON, .resource = &liteio_resource_volume, .name = "v",
	    .resource_version = "7" },
	  "[]", "PATCH", "/apis/liteio.io/v1/volumes/v?fieldManager=me&fieldValidation=Strict",
	  "[{\"op\":\"replace\",\"path\":\"/metadata/resourceVersion\",\"value\":\"7\"}]" },
	{ { .verb = LITEIO_KUBE_APPLY, .resource = &liteio_resource_volume, .name = "v",
	    .field_manager = "a/b", .force = true },
	  "{}", "PATCH",
	  "/apis/liteio.io/v1/volumes/v?fieldManager=a%2Fb&fieldValidation=Strict&force=true",
	  "{}" },
	{ { .verb = LITEIO_KUBE_DELETE, .resource = &liteio_resource_lease, .ns = "n", .name = "l",
	    .uid = "u" },
	  NULL, "DELETE", "/apis/coordination.k8s.io/v1/namespaces/n/leases/l",
	  "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":\"u\"}}" },
};

START_TEST(test_words)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct liteio_json *body = requests[i].body ? parse(requests[i].body) : NULL;
		struct liteio_kube_request req = requests[i].req;
		struct liteio_kube_message m;

		req.body = body;
		ck_assert_int_eq(liteio_kube_message_init(&req, "me", &m, NULL), 0);
		ck_assert_str_eq(m.method, requests[i].method);
		ck_assert_str_eq(m.path, requests[i].path);
		ck_assert((m.body != NULL) == (requests[i].sent != NULL));
		if (m.body)
			ck_assert_str_eq(m.body, requests[i].sent);
		liteio_kube_message_fini(&m);
		/* what the caller gave has not been touched */
		if (body) {
			char *text = liteio_json_print(body);

			ck_assert_str_eq(text, requests[i].body);
			free(text);
		}
		liteio_json_unref(body);
	}
}
END_TEST

START_TEST(test_incomplete)
{
	static const struct liteio_kube_request bad[] = {
		{ .verb = LITEIO_KUBE_GET, .resource = &liteio_resource_volume },
		{ .verb = LITEIO_KUBE_DELETE, .resource = &liteio_resource_volume, .name = "" },
		{ .verb = LITEIO_KUBE_CREATE, .resource = &liteio_resource_volume },
		{ .verb = LITEIO_KUBE_GET, .resource = &liteio_resource_pod, .name = "p" },
		{ .verb = LITEIO_KUBE_DELETE, .resource = &liteio_resource_pod, .name = "p",
		  .ns = "" },
	};
	struct liteio_json *object = parse("{}"), *array = parse("[]");
	struct liteio_kube_request req = { .verb = LITEIO_KUBE_PATCH,
					   .resource = &liteio_resource_volume, .name = "v" };
	struct liteio_kube_message m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;

		ck_assert_int_eq(liteio_kube_message_init(&bad[i], "me", &m, &err), -EINVAL);
		ck_assert(err.msg[0]);
	}
	req.body = array;
	ck_assert_int_eq(liteio_kube_message_init(&req, "me", &m, NULL), -EINVAL);
	req.verb = LITEIO_KUBE_PATCH_JSON;
	req.body = object;
	ck_assert_int_eq(liteio_kube_message_init(&req, "me", &m, NULL), -EINVAL);
	liteio_json_unref(object);
	liteio_json_unref(array);
}
END_TEST

static const struct {
	long status;
	const char *body;
	int r;
	const char *sentence;
} answers[] = {
	{ 404, "{\"message\":\"volumes \\\"v\\\" not found\",\"details\":{\"name\":\"v\"}}",
	  -ENOENT, "volumes \"v\" not found" },
	{ 404, "{\"message\":\"the server could not find the requested resource\",\"details\":{}}",
	  -EOPNOTSUPP, "the server could not find the requested resource" },
	{ 404, "404 page not found\n", -EOPNOTSUPP,
	  "the API server answered 404: 404 page not found" },
	{ 409, "{\"reason\":\"AlreadyExists\",\"message\":\"m\"}", -EEXIST, "m" },
	{ 409, "{\"reason\":\"Conflict\",\"message\":\"m\"}", -EAGAIN, "m" },
	{ 409,
	  "{\"reason\":\"Conflict\",\"message\":\"m\",\"details\":{\"causes\":["
	  "{\"reason\":\"FieldManagerConflict\"}]}}",
	  -EPERM, "m" },
	{ 422, "{\"message\":\"m\"}", -EINVAL, "m" },
	{ 422, "{\"message\":\"m\",\"details\":{\"causes\":[{\"field\":\"metadata.uid\"}]}}",
	  -EAGAIN, "m" },
	{ 410, "{\"message\":\"m\"}", -ESTALE, "m" },
	{ 401, "", -EACCES, "the API server answered 401: " },
	{ 403, NULL, -EACCES, "the API server answered 403: " },
	{ 429, "slow down", -EBUSY, "the API server answered 429: slow down" },
	{ 500, "{\"message\":\"m\"}", -EIO, "m" },
	{ 503, "", -EBUSY, "the API server answered 503: " },
	{ 302, "", -EIO, "the API server answered 302: " },
	/* inside a watch */
	{ 200, "{\"code\":410,\"reason\":\"Expired\",\"message\":\"too old\"}", -ESTALE,
	  "too old" },
	{ 200, "{\"message\":\"m\"}", -EIO, "m" },
};

START_TEST(test_answers)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const char *body = answers[i].body;
		struct liteio_error err = LITEIO_ERROR_INIT;

		ck_assert_msg(liteio_kube_status_error(answers[i].status, body,
						       body ? strlen(body) : 0, &err) ==
				      answers[i].r,
			      "%zu: %s", i, err.msg);
		ck_assert_int_eq(err.code, answers[i].r);
		ck_assert_str_eq(err.msg, answers[i].sentence);
	}
	ck_assert(liteio_kube_retryable(-EBUSY));
	ck_assert(liteio_kube_retryable(-ECONNREFUSED));
	ck_assert(!liteio_kube_retryable(-EAGAIN));
	ck_assert(!liteio_kube_retryable(-EINVAL));
	ck_assert(!liteio_kube_retryable(0));
}
END_TEST

START_TEST(test_long_message)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_buf b = LITEIO_BUF_INIT;

	/* the beginning says about what, the end says what is wrong */
	liteio_buf_addstr(&b, "{\"message\":\"the begin");
	for (int i = 0; i < 1000; i++)
		liteio_buf_addstr(&b, "xxxxx");
	liteio_buf_addstr(&b, "the end\"}");
	ck_assert_int_eq(liteio_kube_status_error(422, b.data, b.len, &err), -EINVAL);
	ck_assert_int_eq(strncmp(err.msg, "the begin", 9), 0);
	ck_assert_str_eq(err.msg + strlen(err.msg) - 7, "the end");
	liteio_buf_fini(&b);
}
END_TEST

UNIT_MAIN("kube-request", test_words, test_incomplete, test_answers, test_long_message)
