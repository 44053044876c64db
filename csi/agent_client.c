// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local agent, as the node's half uses it.
 */
#include "agent_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_local.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"

#define ERRNO_MAX 4095

struct liteio_agent_client {
	char *socket;
};

struct liteio_agent_client *liteio_agent_client_new(const char *socket)
{
	struct liteio_agent_client *client = liteio_calloc(1, sizeof(*client));

	client->socket = liteio_strdup(socket);
	return client;
}

void liteio_agent_client_free(struct liteio_agent_client *client)
{
	if (!client)
		return;
	free(client->socket);
	free(client);
}

static int errno_of(const char *name)
{
	for (int code = 1; name && code <= ERRNO_MAX; code++)
		if (!strcmp(liteio_errno_name(code), name))
			return -code;
	return -EIO;
}

/* {"error": {"code", "message"}} as the errno and sentence it stands for */
static int failure(const struct liteio_http_response *rsp, struct liteio_error *err)
{
	struct liteio_local_failure f = { 0 };
	struct liteio_json *j = NULL;
	int r = -EIO;

	if (liteio_json_parse(rsp->body ? rsp->body : "", rsp->body_len, &j, NULL) == 0 &&
	    liteio_json_decode(j, liteio_local_failure_fields, 0, &f, NULL) == 0 && f.error.message)
		r = liteio_error_set(err, errno_of(f.error.code), "%s", f.error.message);
	else
		r = liteio_error_set(err, -EIO, "the agent answered with status %ld", rsp->status);
	liteio_json_fini(&f, liteio_local_failure_fields);
	liteio_json_unref(j);
	return r;
}

static int decode(const struct liteio_http_response *rsp, const struct liteio_field *fields,
		  void *ret, struct liteio_error *err)
{
	struct liteio_json *j = NULL;
	int r;

	r = liteio_json_parse(rsp->body ? rsp->body : "", rsp->body_len, &j, err);
	if (r == 0)
		r = liteio_json_decode(j, fields, 0, ret, err);
	liteio_json_unref(j);
	return r < 0 ? liteio_error_wrap(err, -EIO, "the agent's answer") : 0;
}

/* @body is consumed; @fields NULL when the answer does not matter */
static int request(struct liteio_agent_client *client, const char *method, const char *path,
		   struct liteio_json *body, uint64_t deadline_ms,
		   const struct liteio_field *fields, void *ret, struct liteio_error *err)
{
	_cleanup_free_ char *text = body ? liteio_json_print(body) : NULL;
	struct liteio_http_response rsp = { 0 };
	uint64_t now = liteio_now_ms();
	const struct liteio_http_local_spec spec = {
		.socket = client->socket,
		.method = method,
		.target = path,
		.body = text,
		.body_len = text ? strlen(text) : 0,
		.timeout_ms = deadline_ms > now ? deadline_ms - now : 1,
	};
	int r;

	liteio_json_unref(body);
	r = liteio_http_local_sync(&spec, &rsp, err);
	if (r < 0)
		return liteio_error_wrap(err, r == -ETIMEDOUT ? r : -EHOSTDOWN,
					 "the agent does not answer on %s", client->socket);
	if (rsp.status < 200 || rsp.status > 299)
		r = failure(&rsp, err);
	else if (fields)
		r = decode(&rsp, fields, ret, err);
	liteio_http_response_fini(&rsp);
	return r;
}

int liteio_agent_ping(struct liteio_agent_client *client, uint64_t deadline_ms,
		      struct liteio_error *err)
{
	return request(client, "GET", "/healthz", NULL, deadline_ms, NULL, NULL, err);
}

int liteio_agent_node_name(struct liteio_agent_client *client, uint64_t deadline_ms, char **ret,
			   struct liteio_error *err)
{
	struct liteio_local_node node = { 0 };
	int r;

	r = request(client, "GET", "/v1/node", NULL, deadline_ms, liteio_local_node_fields, &node,
		    err);
	if (r == 0 && !node.name)
		r = liteio_error_set(err, -EIO, "the agent does not know the name of this node");
	if (r == 0)
		*ret = take_ptr(node.name);
	liteio_json_fini(&node, liteio_local_node_fields);
	return r;
}

int liteio_agent_attach(struct liteio_agent_client *client, const struct liteio_local_attach *req,
			uint64_t deadline_ms, struct liteio_local_attachment *ret,
			struct liteio_error *err)
{
	return request(client, "POST", "/v1/attachments",
		       liteio_json_encode(req, liteio_local_attach_fields), deadline_ms,
		       liteio_local_attachment_fields, ret, err);
}

static char *path_of(const struct liteio_uuid *uuid, uint64_t generation, const char *suffix)
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(uuid, text);
	return liteio_strf("/v1/attachments/%s/%llu%s", text, (unsigned long long)generation,
			   suffix);
}

int liteio_agent_attachment(struct liteio_agent_client *client, const struct liteio_uuid *uuid,
			    uint64_t generation, uint64_t deadline_ms,
			    struct liteio_local_attachment *ret, struct liteio_error *err)
{
	struct liteio_local_attachment_list list = { 0 };
	int r;

	r = request(client, "GET", "/v1/attachments", NULL, deadline_ms,
		    liteio_local_attachment_list_fields, &list, err);
	if (r < 0)
		return r;
	r = liteio_error_set(err, -ENOENT, "the agent has no such attachment");
	for (size_t i = 0; i < list.n_items; i++) {
		if (list.items[i].generation != generation ||
		    !liteio_uuid_equal(&list.items[i].uuid, uuid))
			continue;
		*ret = list.items[i];
		/* its contents belong to the caller now */
		list.items[i] = (struct liteio_local_attachment){ 0 };
		r = 0;
		break;
	}
	liteio_json_fini(&list, liteio_local_attachment_list_fields);
	return r;
}

int liteio_agent_resize(struct liteio_agent_client *client, const struct liteio_uuid *uuid,
			uint64_t generation, uint64_t size_bytes, uint64_t deadline_ms,
			struct liteio_local_attachment *ret, struct liteio_error *err)
{
	const struct liteio_local_resize req = { .size_bytes = size_bytes };
	_cleanup_free_ char *path = path_of(uuid, generation, "/resize");

	return request(client, "POST", path, liteio_json_encode(&req, liteio_local_resize_fields),
		       deadline_ms, liteio_local_attachment_fields, ret, err);
}

int liteio_agent_detach(struct liteio_agent_client *client, const struct liteio_uuid *uuid,
			uint64_t generation, bool force, uint64_t deadline_ms,
			struct liteio_error *err)
{
	_cleanup_free_ char *path = path_of(uuid, generation, force ? "?force=true" : "");

	return request(client, "DELETE", path, NULL, deadline_ms, NULL, NULL, err);
}
