// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gRPC server as it runs: a unix socket, the loop in its thread, handlers on workers; a raw
 * HTTP/2 client on the other side.
 *
 * unit-src: tests/unit/grpc_server.c tests/unit/h2_client.c
 */
#include <check.h>
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "csi.pb-c.h"
#include "grpc.h"
#include "grpc_server.h"
#include "h2_client.h"
#include "h2_listen.h"
#include "status.h"
#include "unit.h"

#define INFO "/csi.v1.Identity/GetPluginInfo"
#define PROBE "/csi.v1.Identity/Probe"
#define DELETE "/csi.v1.Controller/DeleteVolume"
#define LIST "/csi.v1.Controller/ListVolumes"
#define EMPTY "\0\0\0\0\0" /* the frame of an empty message */
#define TIMEOUT(s) .extra_name = "grpc-timeout", .extra_value = (s)

/* ---- the services */

static atomic_int probe_result; /* what liteio_grpc_call_check() said to the blocked handler */
static sem_t probe_running, probe_ended;

static int get_plugin_info(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			   struct liteio_error *err)
{
	Csi__V1__GetPluginInfoResponse *resp = out;

	resp->name = liteio_strdup(ctx);
	return 0;
}

/* runs until nobody waits for it any more */
static int probe(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
		 struct liteio_error *err)
{
	int r;

	sem_post(&probe_running);
	do {
		r = liteio_grpc_call_check(call, err);
	} while (r == 0);
	probe_result = r;
	sem_post(&probe_ended);
	return r;
}

static int delete_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			 struct liteio_error *err)
{
	const Csi__V1__DeleteVolumeRequest *req = in;

	return liteio_error_set(err, -EBUSY, "100%% of \xc3\xa9t\xc3\xa9\n%s", req->volume_id);
}

static int list_volumes(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			struct liteio_error *err)
{
	Csi__V1__ListVolumesResponse *resp = out;

	resp->next_token = liteio_calloc(1, (1 << 20) + 1);
	memset(resp->next_token, 't', 1 << 20);
	return 0;
}

static const struct liteio_grpc_method identity[] = {
	{ "GetPluginInfo", get_plugin_info },
	{ "Probe", probe },
};

static const struct liteio_grpc_method controller[] = {
	{ "DeleteVolume", delete_volume },
	{ "ListVolumes", list_volumes },
};

static int begin(struct liteio_error *err)
{
	static char name[] = "test.liteio.io";
	int r;

	r = liteio_grpc_add(server.grpc, &csi__v1__identity__descriptor, identity,
			    LITEIO_ARRAY_SIZE(identity), name, err);
	if (r == 0)
		r = liteio_grpc_add(server.grpc, &csi__v1__controller__descriptor, controller,
				    LITEIO_ARRAY_SIZE(controller), NULL, err);
	return r;
}

static void start(void)
{
	static const struct grpc_server_ops ops = { .begin = begin };

	grpc_server_start(&ops);
}

static void setup(void)
{
	grpc_server_prepare("test-grpc");
	sem_init(&probe_running, 0, 0);
	sem_init(&probe_ended, 0, 0);
}

static void setup_started(void)
{
	setup();
	start();
}

/* ---- the client */

static const struct h2_request probe_request = { .path = PROBE, .body = EMPTY, .body_len = 5 };
static const struct h2_request list_request = { .path = LIST, .body = EMPTY, .body_len = 5 };

static void assert_plugin_info(const struct h2_reply *reply)
{
	Csi__V1__GetPluginInfoResponse *resp;

	ck_assert_int_eq(reply->http_status, 200);
	ck_assert_int_eq(reply->grpc_status, LITEIO_GRPC_OK);
	ck_assert_uint_gt(reply->body_len, 5);
	resp = csi__v1__get_plugin_info_response__unpack(NULL, reply->body_len - 5,
							 (uint8_t *)reply->body + 5);
	ck_assert_ptr_nonnull(resp);
	ck_assert_str_eq(resp->name, "test.liteio.io");
	csi__v1__get_plugin_info_response__free_unpacked(resp, NULL);
}

static void ask_info(struct h2_client *c)
{
	struct h2_request req = { .path = INFO };

	assert_plugin_info(grpc_server_call(c, &req, NULL, 0));
}

START_TEST(unary_call)
{
	struct h2_request req = { .path = INFO };
	struct h2_client *c = grpc_server_dial();

	for (int i = 0; i < 3; i++)
		ask_info(c);
	req.authority = server.path;
	assert_plugin_info(grpc_server_call(c, &req, NULL, 0));
	h2_client_free(c);
}
END_TEST

START_TEST(errors_carry_status_and_sentence)
{
	Csi__V1__DeleteVolumeRequest msg = CSI__V1__DELETE_VOLUME_REQUEST__INIT;
	struct h2_request req = { .path = DELETE };
	struct h2_client *c = grpc_server_dial();
	struct h2_reply *reply;
	uint8_t buf[64];
	size_t len;

	msg.volume_id = "vol";
	len = csi__v1__delete_volume_request__pack(&msg, buf);
	reply = grpc_server_call(c, &req, buf, len);
	ck_assert_int_eq(reply->http_status, 200);
	ck_assert_int_eq(reply->grpc_status, LITEIO_GRPC_FAILED_PRECONDITION);
	ck_assert_str_eq(reply->grpc_message, "100%25 of %C3%A9t%C3%A9%0Avol");
	ck_assert_uint_eq(reply->body_len, 0);
	h2_client_free(c);
}
END_TEST

static const struct {
	struct h2_request req;
	const char *body;
	size_t len;
	int http_status;
	int grpc_status;
} refused[] = {
	/* unknown service, unknown method, method nobody serves, no method at all */
	{ { .path = "/csi.v1.GroupController/X" }, EMPTY, 5, 200, LITEIO_GRPC_UNIMPLEMENTED },
	{ { .path = "/csi.v1.Identity/Nothing" }, EMPTY, 5, 200, LITEIO_GRPC_UNIMPLEMENTED },
	{ { .path = "/csi.v1.Controller/CreateVolume" }, EMPTY, 5, 200, LITEIO_GRPC_UNIMPLEMENTED },
	{ { .path = "/" }, EMPTY, 5, 200, LITEIO_GRPC_UNIMPLEMENTED },
	{ { .path = "/csi.v1.Identit/GetPluginInfo" }, EMPTY, 5, 200, LITEIO_GRPC_UNIMPLEMENTED },
	/* not one message */
	{ { .path = INFO }, "", 0, 200, LITEIO_GRPC_INTERNAL },
	{ { .path = INFO }, EMPTY, 4, 200, LITEIO_GRPC_INTERNAL },
	{ { .path = INFO }, "\0\0\0\0\1", 5, 200, LITEIO_GRPC_INTERNAL },
	{ { .path = INFO }, EMPTY EMPTY, 10, 200, LITEIO_GRPC_INTERNAL },
	{ { .path = INFO }, "\2\0\0\0", 5, 200, LITEIO_GRPC_INTERNAL },
	/* compressed */
	{ { .path = INFO }, "\1\0\0\0", 5, 200, LITEIO_GRPC_UNIMPLEMENTED },
	/* not a message of that type; not UTF-8, also in a map, two levels down */
	{ { .path = DELETE }, "\0\0\0\0\2\x0a\x7f", 7, 200, LITEIO_GRPC_INVALID_ARGUMENT },
	{ { .path = DELETE }, "\0\0\0\0\3\x0a\1\xff", 8, 200, LITEIO_GRPC_INVALID_ARGUMENT },
	{ { .path = DELETE }, "\0\0\0\0\4\x0a\2\xc0\x80", 9, 200, LITEIO_GRPC_INVALID_ARGUMENT },
	{ { .path = DELETE }, "\0\0\0\0\5\x12\3\x0a\1\xff", 10, 200, LITEIO_GRPC_INVALID_ARGUMENT },
	/* bad timeouts */
	{ { .path = INFO, TIMEOUT("5") }, EMPTY, 5, 200, LITEIO_GRPC_INVALID_ARGUMENT },
	{ { .path = INFO, TIMEOUT("-5S") }, EMPTY, 5, 200, LITEIO_GRPC_INVALID_ARGUMENT },
	{ { .path = INFO, TIMEOUT("123456789S") }, EMPTY, 5, 200, LITEIO_GRPC_INVALID_ARGUMENT },
	{ { .path = INFO, TIMEOUT("5s") }, EMPTY, 5, 200, LITEIO_GRPC_INVALID_ARGUMENT },
	/* not gRPC */
	{ { .path = "/x", .method = "GET" }, "", 0, 405, -1 },
	{ { .path = INFO, .content_type = "text/plain" }, "", 0, 415, -1 },
	{ { .path = INFO, .content_type = "application/grpc+json" }, "", 0, 415, -1 },
};

START_TEST(bad_requests_get_one_sentence)
{
	struct h2_request req = refused[_i].req;
	struct h2_client *c = grpc_server_dial();
	struct h2_reply *reply;
	int32_t id;

	req.body = refused[_i].body;
	req.body_len = refused[_i].len;
	id = h2_client_request(c, &req);
	ck_assert(h2_client_wait(c, id, GRPC_SERVER_WAIT_MS));
	reply = h2_client_reply(c, id);
	ck_assert_int_eq(reply->http_status, refused[_i].http_status);
	ck_assert_int_eq(reply->grpc_status, refused[_i].grpc_status);
	if (refused[_i].grpc_status > 0)
		ck_assert_uint_gt(strlen(reply->grpc_message), 10);
	/* the connection is as good as before */
	ask_info(c);
	h2_client_free(c);
}
END_TEST

START_TEST(oversized_request)
{
	_cleanup_free_ char *msg = liteio_calloc(1, 3u << 20);
	struct h2_request req = { .path = INFO };
	struct h2_client *c = grpc_server_dial();
	struct h2_reply *reply;

	reply = grpc_server_call(c, &req, msg, 3u << 20);
	ck_assert_int_eq(reply->grpc_status, LITEIO_GRPC_RESOURCE_EXHAUSTED);
	h2_client_free(c);
}
END_TEST

START_TEST(deadline_reaches_the_handler_first)
{
	struct h2_request req = { .path = PROBE, TIMEOUT("2000m") };
	struct h2_client *c = grpc_server_dial();
	struct h2_reply *reply = grpc_server_call(c, &req, NULL, 0);

	/* the handler's own sentence, in time */
	ck_assert_int_eq(reply->grpc_status, LITEIO_GRPC_DEADLINE_EXCEEDED);
	ck_assert_str_eq(reply->grpc_message, "not done within the caller's deadline");
	sem_wait(&probe_ended);
	ck_assert_int_eq(probe_result, -ETIMEDOUT);
	h2_client_free(c);
}
END_TEST

START_TEST(cancel_reaches_the_handler)
{
	struct h2_client *c = grpc_server_dial();
	int32_t id = h2_client_request(c, &probe_request);

	h2_client_flush(c);
	sem_wait(&probe_running);
	h2_client_cancel(c, id);
	h2_client_flush(c);
	sem_wait(&probe_ended);
	ck_assert_int_eq(probe_result, -ECANCELED);
	ask_info(c);
	h2_client_free(c);
}
END_TEST

START_TEST(lost_connection_reaches_the_handler)
{
	struct h2_client *c = grpc_server_dial();

	h2_client_request(c, &probe_request);
	h2_client_flush(c);
	sem_wait(&probe_running);
	h2_client_free(c);
	sem_wait(&probe_ended);
	ck_assert_int_eq(probe_result, -ECANCELED);
}
END_TEST

START_TEST(many_calls_at_a_time)
{
	struct h2_client *c = grpc_server_dial();
	int32_t ids[1000];

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(ids); i++)
		ids[i] = h2_client_request(
			c, &(struct h2_request){ .path = INFO,
						 .body = EMPTY,
						 .body_len = 5 });
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(ids); i++) {
		ck_assert(h2_client_wait(c, ids[i], GRPC_SERVER_WAIT_MS));
		/* those sent before the client knew the limit may have been refused by protocol */
		if (h2_client_reply(c, ids[i])->error_code == 0)
			assert_plugin_info(h2_client_reply(c, ids[i]));
	}
	ck_assert_int_eq(h2_client_reply(c, ids[999])->error_code, 0);
	h2_client_free(c);
}
END_TEST

START_TEST(calls_are_bounded)
{
	struct h2_client *c = grpc_server_dial();
	struct h2_reply *reply;

	for (int i = 0; i < 2; i++) {
		h2_client_request(c, &probe_request);
		h2_client_flush(c);
		sem_wait(&probe_running);
	}
	reply = grpc_server_call(c, &(struct h2_request){ .path = INFO }, NULL, 0);
	ck_assert_int_eq(reply->grpc_status, LITEIO_GRPC_RESOURCE_EXHAUSTED);
	h2_client_free(c);
	sem_wait(&probe_ended);
	sem_wait(&probe_ended);
}
END_TEST

static void setup_two_calls(void)
{
	setup();
	server.grpc_config.max_calls = 2;
	start();
}

/* one peer that does not read holds up nobody else, and is cut off in the end */
START_TEST(slow_reader)
{
	struct h2_client *slow = grpc_server_dial(), *c = grpc_server_dial();

	for (int i = 0; i < 4; i++)
		h2_client_request(slow, &list_request);
	/* a window update for each byte would need reading; without it 64 KiB come */
	h2_client_flush(slow);
	for (int i = 0; i < 20; i++)
		ask_info(c);
	h2_client_free(slow);
	ask_info(c);
	h2_client_free(c);
}
END_TEST

START_TEST(large_response)
{
	struct h2_request req = { .path = LIST };
	struct h2_client *c = grpc_server_dial();
	struct h2_reply *reply = grpc_server_call(c, &req, NULL, 0);

	ck_assert_int_eq(reply->grpc_status, LITEIO_GRPC_OK);
	ck_assert_uint_eq(reply->body_len, 5 + 1 + 3 + (1 << 20));
	h2_client_free(c);
}
END_TEST

/* ---- the listener */

START_TEST(socket_is_private_and_goes_away)
{
	struct stat st;

	ck_assert_int_eq(stat(server.path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

static int listen_in_new_loop(const char *at, struct liteio_error *err)
{
	struct liteio_h2_listen_config cfg = LITEIO_H2_LISTEN_CONFIG_DEFAULT;
	struct liteio_h2_listener *l = NULL;
	struct liteio_loop *other;
	int r;

	cfg.path = at;
	ck_assert_int_eq(liteio_loop_new(&other, NULL), 0);
	r = liteio_h2_listener_new(other, &cfg, liteio_grpc_ops(), NULL, &l, err);
	liteio_h2_listener_free(l);
	liteio_loop_free(other);
	return r;
}

START_TEST(living_socket_is_not_taken)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct h2_client *c;

	ck_assert_int_eq(listen_in_new_loop(server.path, &err), -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(err.msg, server.path));
	c = grpc_server_dial();
	ask_info(c);
	h2_client_free(c);
}
END_TEST

START_TEST(dead_socket_is_replaced)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct h2_client *c;

	strncpy(addr.sun_path, server.path, sizeof(addr.sun_path) - 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	start();
	c = grpc_server_dial();
	ask_info(c);
	h2_client_free(c);
}
END_TEST

START_TEST(other_files_are_left_alone)
{
	_cleanup_free_ char *long_path = liteio_calloc(1, 300);
	_cleanup_free_ char *file = liteio_strf("%s/file", server.dir);
	struct liteio_error err = LITEIO_ERROR_INIT;
	FILE *f = fopen(file, "we");
	struct stat st;

	fclose(f);
	ck_assert_int_eq(listen_in_new_loop(file, &err), -EEXIST);
	ck_assert_int_eq(stat(file, &st), 0);
	unlink(file);
	memset(long_path, 'p', 299);
	ck_assert_int_eq(listen_in_new_loop(long_path, &err), -EINVAL);
	ck_assert_int_eq(listen_in_new_loop("/nonexistent/sock", &err), -ENOENT);
	start();
}
END_TEST

START_TEST(connections_are_bounded)
{
	struct h2_client *a = grpc_server_dial(), *b = grpc_server_dial(), *refused_one;

	ask_info(a);
	ask_info(b);
	refused_one = grpc_server_dial();
	ck_assert(h2_client_wait(refused_one, 0, GRPC_SERVER_WAIT_MS));
	h2_client_free(refused_one);
	h2_client_free(a);
	h2_client_free(b);
}
END_TEST

START_TEST(silent_peer_is_cut_off)
{
	struct h2_client *c = h2_client_new();
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char buf[256];

	strncpy(addr.sun_path, server.path, sizeof(addr.sun_path) - 1);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	/* settings of the server, then the end: the handshake never came */
	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
	close(fd);
	h2_client_free(c);
}
END_TEST

static void setup_tight(void)
{
	setup();
	server.config.connections = 2;
	server.config.limits.handshake_ms = 50;
	start();
}

START_TEST(unknown_handler_name_is_refused)
{
	static const struct liteio_grpc_method wrong[] = { { "Prob", probe } };
	struct liteio_grpc *other =
		liteio_grpc_new(server.loop, server.workers, &server.grpc_config);
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_grpc_add(other, &csi__v1__identity__descriptor, wrong, 1, NULL,
					 &err),
			 -EINVAL);
	ck_assert_str_eq(err.msg, "csi.v1.Identity has no method Prob");
	liteio_grpc_free(other);
}
END_TEST

static TCase *tcase(Suite *suite, const char *name, SFun set_up)
{
	TCase *tc = unit_case(suite, name);

	tcase_add_checked_fixture(tc, set_up, grpc_server_stop);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("grpc");
	TCase *tc;

	tc = tcase(suite, "calls", setup_started);
	tcase_add_test(tc, unary_call);
	tcase_add_test(tc, errors_carry_status_and_sentence);
	tcase_add_loop_test(tc, bad_requests_get_one_sentence, 0, LITEIO_ARRAY_SIZE(refused));
	tcase_add_test(tc, oversized_request);
	tcase_add_test(tc, deadline_reaches_the_handler_first);
	tcase_add_test(tc, cancel_reaches_the_handler);
	tcase_add_test(tc, lost_connection_reaches_the_handler);
	tcase_add_test(tc, many_calls_at_a_time);
	tcase_add_test(tc, slow_reader);
	tcase_add_test(tc, large_response);
	tcase_add_test(tc, unknown_handler_name_is_refused);
	tcase_add_test(tc, socket_is_private_and_goes_away);
	tcase_add_test(tc, living_socket_is_not_taken);
	tc = tcase(suite, "bounds", setup_two_calls);
	tcase_add_test(tc, calls_are_bounded);
	tc = tcase(suite, "tight", setup_tight);
	tcase_add_test(tc, connections_are_bounded);
	tcase_add_test(tc, silent_peer_is_cut_off);
	tc = tcase(suite, "socket files", setup);
	tcase_add_test(tc, dead_socket_is_replaced);
	tcase_add_test(tc, other_files_are_left_alone);
	return unit_run(suite);
}
