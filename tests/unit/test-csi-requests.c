// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bad requests of the CSI socket, as the driver serves it: each gets its code and its one sentence,
 * before anybody else is asked and with nothing changed. There is no API server and no agent: what
 * gets as far as asking them is answered UNAVAILABLE, which is what the same requests without their
 * fault get.
 *
 * unit-src: tests/unit/grpc_server.c tests/unit/h2_client.c
 */
#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent_client.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "busy.h"
#include "csi.h"
#include "csi_requests.h"
#include "grpc_server.h"
#include "grpc_wire.h"
#include "h2_client.h"
#include "kube/client.h"
#include "kube/config.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "message.h"
#include "model/meta.h"
#include "staged.h"
#include "status.h"
#include "unit.h"

/* a request of the tables is a whole one in which some fields are said again */
#pragma GCC diagnostic ignored "-Woverride-init"

#define UUID "0b0e63b6-2d0a-4d8c-9a53-3ad1e0f8c7a1"

/* ---- where it all happens; the folders' names are known when a test begins */

static char state[96], targets[96];
static char staging[96], elsewhere[96], target[96], absent[96];

/**
 * struct row - a request and its answer
 * @code: status
 * @sentence: all of it; '@' stands for the test's folder
 * @method: service and method
 * @msg: the request
 */
struct row {
	enum liteio_grpc_status code;
	const char *sentence;
	const char *method;
	const void *msg;
};

#define INVALID(sentence, ...) { LITEIO_GRPC_INVALID_ARGUMENT, sentence, __VA_ARGS__ }
#define NO_ID(what) "the " what " is missing"
#define NO_PATH(what) "the " what " path is missing or not absolute"
#define NO_CAP "the volume capability is missing"
#define NO_CAPS "the request has no volume capabilities"
#define NO_TYPE "the volume capability is neither block nor mount"
#define NO_MODE "the volume capability has no access mode"
#define NO_MANY                                                                                    \
	"access mode MULTI_NODE_MULTI_WRITER is not supported: "                                   \
	"one node may write, or several may read"
#define NO_FS(fs) "filesystem \"" fs "\" is not supported: ext4 or xfs"
#define NO_GROUP "a volume mount group is not supported"
#define NEGATIVE "the capacity range has a negative size: -1"
#define CROSSED "no size has at least 8192 and at most 4096 bytes"
#define NOT_ATTACHED(key)                                                                          \
	"the publish context has no valid " key ": is the volume attached to this node?"
#define BAD(key, value, should) "parameter " key " is \"" value "\", " should
#define IOPS "not a number from 0 to 1000000000"
#define BYTES "neither 0 (no limit) nor a size from 4Ki to 1Ti"
#define LABELS "not key=value,key=value"
#define MANY_MODES MOUNT(), .access_mode = MODE(ANY_WRITER)

static const struct row refused[] = {
	INVALID("the volume has no name", CREATE(.name = NULL)),
	INVALID("mutable parameters are not supported",
		CREATE(MUTABLE("readIOPS", "1"))),
	INVALID(NO_CAPS, CREATE(.n_volume_capabilities = 0)),
	INVALID(NO_TYPE, CREATE(ONE_CAP(CAP()))),
	INVALID(NO_MODE, CREATE(ONE_CAP(CAP(MOUNT(), .access_mode = NULL)))),
	INVALID(NO_MODE, CREATE(ONE_CAP(CAP(BLOCK, .access_mode = MODE(0))))),
	INVALID("unknown access mode 77", CREATE(ONE_CAP(CAP(BLOCK, .access_mode = MODE(77))))),
	INVALID("unknown access mode -1", CREATE(ONE_CAP(CAP(BLOCK, .access_mode = MODE(-1))))),
	INVALID(NO_MANY, CREATE(ONE_CAP(CAP(MANY_MODES)))),
	INVALID(NO_FS("btrfs"), CREATE(ONE_CAP(CAP(MOUNT(.fs_type = "btrfs"))))),
	INVALID(NO_GROUP, CREATE(ONE_CAP(CAP(MOUNT(.volume_mount_group = "1000"))))),
	/* a good one before it does not help */
	INVALID(NO_TYPE, CREATE(.n_volume_capabilities = 2,
				.volume_capabilities = (Csi__V1__VolumeCapability *[]){
					CAP(MOUNT()), CAP() })),
	INVALID("unknown parameter \"replicas\"; known are positionAdvice, class, fsType, "
		"nodeSelector, poolSelector, readIOPS, writeIOPS, readBytesPerSecond, "
		"writeBytesPerSecond, burstMilliseconds",
		CREATE(PARAM("replicas", "3"))),
	INVALID(BAD("positionAdvice", "Near",
		    "not one of PreferLocal, MustLocal, PreferRemote, MustRemote"),
		CREATE(PARAM("positionAdvice", "Near"))),
	INVALID(BAD("class", "thick", "not one of thin, reserved, linear"),
		CREATE(PARAM("class", "thick"))),
	INVALID(BAD("fsType", "zfs", "not ext4 or xfs"), CREATE(PARAM("fsType", "zfs"))),
	INVALID(BAD("nodeSelector", "rack", LABELS), CREATE(PARAM("nodeSelector", "rack"))),
	INVALID(BAD("poolSelector", "a=1,=2", LABELS), CREATE(PARAM("poolSelector", "a=1,=2"))),
	INVALID("parameter nodeSelector has more than 16 labels",
		CREATE(PARAM("nodeSelector",
			     "a=,b=,c=,d=,e=,f=,g=,h=,i=,j=,k=,l=,m=,n=,o=,p=,q="))),
	INVALID(BAD("readIOPS", "-1", IOPS), CREATE(PARAM("readIOPS", "-1"))),
	INVALID(BAD("writeIOPS", "1000000001", IOPS), CREATE(PARAM("writeIOPS", "1000000001"))),
	INVALID(BAD("readBytesPerSecond", "4095", BYTES),
		CREATE(PARAM("readBytesPerSecond", "4095"))),
	INVALID(BAD("writeBytesPerSecond", "much", BYTES),
		CREATE(PARAM("writeBytesPerSecond", "much"))),
	INVALID(BAD("burstMilliseconds", "0", "not a number from 1 to 10000"),
		CREATE(PARAM("burstMilliseconds", "0"))),
	INVALID("the content source names no snapshot", CREATE(SOURCE())),
	INVALID("the content source has no snapshot id", CREATE(FROM_SNAPSHOT(NULL))),
	INVALID("a volume can be made from a snapshot, not from a volume",
		CREATE(FROM_VOLUME("other"))),
	INVALID(NEGATIVE, CREATE(RANGE(-1, 0))),
	INVALID(NEGATIVE, CREATE(RANGE(0, -1))),
	INVALID(CROSSED, CREATE(RANGE(8192, 4096))),

	INVALID(NO_ID("volume id"), DELETE(.volume_id = NULL)),

	INVALID(NO_ID("volume id"), ATTACH(.volume_id = NULL)),
	INVALID(NO_ID("node id"), ATTACH(.node_id = NULL)),
	INVALID(NO_CAP, ATTACH(.volume_capability = NULL)),
	INVALID(NO_TYPE, ATTACH(.volume_capability = CAP())),
	INVALID(NO_MANY, ATTACH(.volume_capability = CAP(MANY_MODES))),
	/* nothing can be called so: nobody need be asked */
	{ LITEIO_GRPC_NOT_FOUND, "there is no Volume ../vol", ATTACH(.volume_id = "../vol") },

	INVALID(NO_ID("volume id"), DETACH(.volume_id = NULL)),

	INVALID(NO_ID("volume id"), VALIDATE(.volume_id = NULL)),
	INVALID(NO_CAPS, VALIDATE(.n_volume_capabilities = 0)),

	INVALID(NO_ID("volume id"), EXPAND(.volume_id = NULL)),
	INVALID("the capacity range is missing", EXPAND(.capacity_range = NULL)),
	INVALID(NO_MODE, EXPAND(.volume_capability = CAP(BLOCK, .access_mode = NULL))),
	INVALID(NEGATIVE, EXPAND(RANGE(-1, 0))),
	INVALID(CROSSED, EXPAND(RANGE(8192, 4096))),

	INVALID("max_entries is negative", VOLUMES(.max_entries = -1)),
	{ LITEIO_GRPC_ABORTED, "the starting token is none of ours: list from the beginning",
	  VOLUMES(.starting_token = "7") },

	INVALID(NO_MANY, CAPACITY(ONE_CAP(CAP(MANY_MODES)))),
	INVALID(BAD("class", "thick", "not one of thin, reserved, linear"),
		CAPACITY(CLASS("class", "thick"))),

	INVALID("the snapshot has no name", SNAPSHOT(.name = NULL)),
	INVALID(NO_ID("source volume id"), SNAPSHOT(.source_volume_id = NULL)),
	INVALID("unknown parameter \"keep\": snapshots have none",
		SNAPSHOT(SNAPSHOT_CLASS("keep", "7"))),
	INVALID(NO_ID("snapshot id"), FORGET(.snapshot_id = NULL)),
	INVALID("max_entries is negative", SNAPSHOTS(.max_entries = -1)),
	{ LITEIO_GRPC_ABORTED, "the starting token is none of ours: list from the beginning",
	  SNAPSHOTS(.starting_token = "7") },

	INVALID(NO_ID("volume id"), STAGE(.volume_id = NULL)),
	INVALID(NO_PATH("staging target"), STAGE(.staging_target_path = NULL)),
	INVALID(NO_PATH("staging target"), STAGE(.staging_target_path = "staging")),
	INVALID(NO_CAP, STAGE(.volume_capability = NULL)),
	INVALID(NO_FS("ntfs"), STAGE(.volume_capability = CAP(MOUNT(.fs_type = "ntfs")))),
	INVALID(NO_FS("ntfs"), STAGE(FS_OF_CLASS("ntfs"))),
	INVALID(NOT_ATTACHED("volumeUUID"), STAGE(.n_publish_context = 0)),
	INVALID(NOT_ATTACHED("generation"), STAGE(PUBLISHED("0"))),
	{ LITEIO_GRPC_NOT_FOUND, "there is no volume ../vol", STAGE(.volume_id = "../vol") },

	INVALID(NO_ID("volume id"), UNSTAGE(.volume_id = NULL)),
	INVALID(NO_PATH("staging target"), UNSTAGE(.staging_target_path = "staging")),

	INVALID(NO_ID("volume id"), PUBLISH(.volume_id = NULL)),
	INVALID(NO_PATH("target"), PUBLISH(.target_path = "target")),
	INVALID(NO_PATH("staging target"), PUBLISH(.staging_target_path = NULL)),
	INVALID(NO_CAP, PUBLISH(.volume_capability = NULL)),
	INVALID(NO_TYPE, PUBLISH(.volume_capability = CAP())),
	{ LITEIO_GRPC_NOT_FOUND, "volume vol is not staged on this node", PUBLISH() },
	{ LITEIO_GRPC_NOT_FOUND, "there is no volume ../vol", PUBLISH(.volume_id = "../vol") },

	INVALID(NO_ID("volume id"), UNPUBLISH(.volume_id = NULL)),
	INVALID(NO_PATH("target"), UNPUBLISH(.target_path = NULL)),

	INVALID(NO_ID("volume id"), STATS(.volume_id = NULL)),
	INVALID(NO_ID("volume path"), STATS(.volume_path = NULL)),
	{ LITEIO_GRPC_NOT_FOUND, "there is no volume ../vol", STATS(.volume_id = "../vol") },

	INVALID(NO_ID("volume id"), GROW(.volume_id = NULL)),
	INVALID(NO_ID("volume path"), GROW(.volume_path = NULL)),
	INVALID(NO_MANY, GROW(.volume_capability = CAP(MANY_MODES))),
	INVALID(NEGATIVE, GROW(RANGE(-1, 0))),
	INVALID(CROSSED, GROW(RANGE(8192, 4096))),
	{ LITEIO_GRPC_NOT_FOUND, "there is no volume ../vol", GROW(.volume_id = "../vol") },
};

#define ELSEWHERE "volume vol is staged on @/targets/staging"
#define OLDER "volume vol was attached here anew since: generation 6 is over"
#define FAILED(sentence, ...) { LITEIO_GRPC_FAILED_PRECONDITION, sentence, __VA_ARGS__ }
#define EXISTS(sentence, ...) { LITEIO_GRPC_ALREADY_EXISTS, sentence, __VA_ARGS__ }

/* generation 7 of the volume is staged, as a filesystem */
static const struct row refused_staged[] = {
	EXISTS(ELSEWHERE " already", STAGE(.staging_target_path = elsewhere)),
	EXISTS("volume vol is staged as a filesystem already",
	       STAGE(.volume_capability = CAP(BLOCK))),
	FAILED(OLDER, STAGE(PUBLISHED("6"))),
	FAILED(ELSEWHERE ", not on @/targets/elsewhere",
	       PUBLISH(.staging_target_path = elsewhere)),
	INVALID("volume vol is staged as a filesystem", PUBLISH(.volume_capability = CAP(BLOCK))),
	FAILED("volume vol is not mounted on @/targets/staging", PUBLISH()),
	{ LITEIO_GRPC_NOT_FOUND, "@/targets/absent: No such file or directory",
	  STATS(.volume_path = absent) },
	{ LITEIO_GRPC_NOT_FOUND, "volume vol is not published on @",
	  STATS(.volume_path = server.dir) },
	{ LITEIO_GRPC_NOT_FOUND, "@/targets/absent: No such file or directory",
	  GROW(.volume_path = absent) },
	{ LITEIO_GRPC_NOT_FOUND, "volume vol is not published on @",
	  GROW(.volume_path = server.dir) },
};

/* generation 7 of the volume is staged, as a device */
static const struct row refused_block[] = {
	INVALID("volume vol is staged as a block device", PUBLISH()),
};

/* it was about to be staged when the driver was killed */
static const struct row refused_half[] = {
	FAILED("volume vol is not completely staged", PUBLISH()),
};

/* the requests that the rows above begin with have no fault */
#define DOWN(sentence, ...) { LITEIO_GRPC_UNAVAILABLE, sentence, __VA_ARGS__ }
static const struct row good[] = {
	DOWN("Volume vol: ", CREATE()),
	DOWN("Volume vol: ", CREATE(ONE_CAP(CAP(BLOCK)), RANGE(4096, 8192))),
	DOWN("Volume vol: ", CREATE(FROM_SNAPSHOT("snap"), PARAM("class", "thin"))),
	DOWN("Volume vol: ", DELETE()),
	DOWN("Volume vol: ", ATTACH()),
	DOWN("Volume vol: ", DETACH()),
	DOWN("Volume vol: ", VALIDATE()),
	DOWN("Volume vol: ", EXPAND()),
	DOWN("volumes are not listed yet", VOLUMES()),
	DOWN("pools and nodes are not listed yet", CAPACITY()),
	DOWN("pools and nodes are not listed yet",
	     CAPACITY(CLASS("class", "thin"), ONE_CAP(CAP(MOUNT())))),
	DOWN("Snapshot snap: ", SNAPSHOT()),
	DOWN("Snapshot snap: ", FORGET()),
	DOWN("snapshots are not listed yet", SNAPSHOTS()),
	DOWN("the agent does not answer on @/agent.sock", STAGE()),
	DOWN("the agent does not answer on @/agent.sock", STAGE(FS_OF_CLASS("xfs"))),
	{ LITEIO_GRPC_OK, NULL, UNSTAGE() },
	{ LITEIO_GRPC_OK, NULL, UNPUBLISH() },
	{ LITEIO_GRPC_NOT_FOUND, "volume vol is not staged on this node", STATS() },
	{ LITEIO_GRPC_NOT_FOUND, "volume vol is not staged on this node", GROW(RANGE(4096, 0)) },
};

/* ---- the driver */

static struct liteio_csi csi;
static int nobody = -1; /* a port that answers nobody, kept from others */

static char *dead_server(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	nobody = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(nobody, (struct sockaddr *)&addr, len), 0);
	ck_assert_int_eq(getsockname(nobody, (struct sockaddr *)&addr, &len), 0);
	return liteio_strf("http://127.0.0.1:%u", ntohs(addr.sin_port));
}

static int watch(const struct liteio_resource *resource, struct liteio_informer **ret,
		 struct liteio_error *err)
{
	const struct liteio_informer_spec spec = { .resource = resource };

	return liteio_informer_new(csi.kube, &spec, NULL, NULL, ret, err);
}

static int begin(struct liteio_error *err)
{
	_cleanup_free_ char *socket = liteio_strf("%s/agent.sock", server.dir);
	_cleanup_free_ char *url = dead_server();
	const struct liteio_kube_config config = { .server = url, .fds = { -1, -1, -1 } };
	int r;

	csi.busy = liteio_busy_new();
	csi.state_dir = state;
	csi.node_name = "node";
	csi.agent = liteio_agent_client_new(socket);
	r = liteio_kube_new(server.loop, &config, "test-csi-requests/1", &csi.kube, err);
	if (r == 0)
		r = watch(&liteio_resource_volume, &csi.volumes, err);
	if (r == 0)
		r = watch(&liteio_resource_snapshot, &csi.snapshots, err);
	if (r == 0)
		r = watch(&liteio_resource_storagepool, &csi.pools, err);
	if (r == 0)
		r = watch(&liteio_resource_storagenode, &csi.nodes, err);
	if (r == 0)
		r = liteio_csi_add_controller(server.grpc, &csi, err);
	if (r == 0)
		r = liteio_csi_add_node(server.grpc, &csi, err);
	return r;
}

static void end(void)
{
	liteio_informer_free(csi.volumes);
	liteio_informer_free(csi.snapshots);
	liteio_informer_free(csi.pools);
	liteio_informer_free(csi.nodes);
	liteio_kube_free(csi.kube);
	liteio_agent_client_free(csi.agent);
	liteio_busy_free(csi.busy);
	close(nobody);
}

static void setup(void)
{
	static const struct grpc_server_ops ops = { .begin = begin, .end = end };

	grpc_server_prepare("test-csi-requests");
	snprintf(state, sizeof(state), "%s/state", server.dir);
	snprintf(targets, sizeof(targets), "%s/targets", server.dir);
	snprintf(staging, sizeof(staging), "%s/targets/staging", server.dir);
	snprintf(elsewhere, sizeof(elsewhere), "%s/targets/elsewhere", server.dir);
	snprintf(target, sizeof(target), "%s/targets/pod", server.dir);
	snprintf(absent, sizeof(absent), "%s/targets/absent", server.dir);
	ck_assert_int_eq(mkdir(state, 0700), 0);
	ck_assert_int_eq(mkdir(targets, 0700), 0);
	grpc_server_start(&ops);
}

static void teardown(void)
{
	ck_assert_int_eq(rmdir(state), 0);
	ck_assert_int_eq(rmdir(targets), 0);
	grpc_server_stop();
}

/* ---- the check */

static size_t entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

/* as it comes over the wire, with the folder's name in it */
static char *expected(const char *sentence)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	_cleanup_free_ char *text = NULL;

	for (; *sentence; sentence++)
		liteio_buf_addf(&b, *sentence == '@' ? "%s" : "%.1s",
				*sentence == '@' ? server.dir : sentence);
	text = liteio_buf_take(&b);
	return liteio_grpc_message_encode(text);
}

/* @whole: the sentence is all that is said, not how it begins. What is wrong is told, all of it */
static bool ask(struct h2_client *c, const struct row *row, bool whole)
{
	_cleanup_free_ char *path = liteio_strf("/csi.v1.%s", row->method);
	_cleanup_free_ char *sentence = expected(row->sentence ? row->sentence : "");
	struct h2_request req = { .path = path };
	_cleanup_free_ void *msg = NULL;
	size_t len = liteio_message_pack(row->msg, 0, &msg);
	struct h2_reply *reply = grpc_server_call(c, &req, msg, len);
	const char *said = reply->grpc_message ? reply->grpc_message : "";

	if (reply->grpc_status == (int)row->code &&
	    !(whole ? strcmp(said, sentence) : strncmp(said, sentence, strlen(sentence))))
		return true;
	fprintf(stderr, "%s: %s \"%s\"\n\tis not %s \"%s\"\n", row->method,
		liteio_grpc_status_name((enum liteio_grpc_status)reply->grpc_status), said,
		liteio_grpc_status_name(row->code), sentence);
	return false;
}

static bool has_entries(const struct row *row, const char *dir, size_t n)
{
	if (entries(dir) == n)
		return true;
	fprintf(stderr, "%s: \"%s\" changes what is in %s\n", row->method,
		row->sentence ? row->sentence : "OK", dir);
	return false;
}

START_TEST(bad_requests_are_refused)
{
	struct h2_client *c = grpc_server_dial();
	unsigned int wrong = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(refused); i++) {
		const struct row *row = &refused[i];

		wrong += !ask(c, row, true);
		wrong += !has_entries(row, state, 0) + !has_entries(row, targets, 0);
		/* so that the next one is judged by itself */
		ck_assert_int_eq(liteio_staged_remove(state, "vol", NULL), 0);
	}
	ck_assert_uint_eq(wrong, 0);
	h2_client_free(c);
}
END_TEST

START_TEST(good_requests_ask_the_server)
{
	struct h2_client *c = grpc_server_dial();
	unsigned int wrong = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(good); i++) {
		const struct row *row = &good[i];
		bool stages = !strcmp(row->method, "Node/NodeStageVolume");

		wrong += !ask(c, row, false);
		/* what is about to be attached is noted first */
		wrong += !has_entries(row, state, stages) + !has_entries(row, targets, 0);
		ck_assert_int_eq(liteio_staged_remove(state, "vol", NULL), 0);
	}
	ck_assert_uint_eq(wrong, 0);
	h2_client_free(c);
}
END_TEST

/* the volume's record is as it was, and the only one, after each of what is asked */
static void ask_staged(const struct row *rows, size_t n, const char *device, const char *fs_type)
{
	struct liteio_staged s = { .generation = 7,
				   .path = staging,
				   .device = (char *)device,
				   .fs_type = (char *)fs_type };
	_cleanup_free_ char *file = liteio_strf("%s/vol.json", state);
	_cleanup_free_ char *before = NULL;
	struct h2_client *c = grpc_server_dial();
	unsigned int wrong = 0;
	size_t len;

	liteio_uuid_parse(UUID, &s.uuid);
	ck_assert_int_eq(liteio_staged_save(state, "vol", &s, NULL), 0);
	ck_assert_int_eq(liteio_fs_read(file, 4096, &before, &len, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *after = NULL;

		wrong += !ask(c, &rows[i], true);
		wrong += !has_entries(&rows[i], state, 1) + !has_entries(&rows[i], targets, 0);
		ck_assert_int_eq(liteio_fs_read(file, 4096, &after, &len, NULL), 0);
		ck_assert_str_eq(before, after);
	}
	ck_assert_uint_eq(wrong, 0);
	ck_assert_int_eq(liteio_staged_remove(state, "vol", NULL), 0);
	h2_client_free(c);
}

START_TEST(what_is_staged_stays)
{
	ask_staged(refused_staged, LITEIO_ARRAY_SIZE(refused_staged), "/dev/null", "ext4");
	ask_staged(refused_block, LITEIO_ARRAY_SIZE(refused_block), "/dev/null", NULL);
	ask_staged(refused_half, LITEIO_ARRAY_SIZE(refused_half), NULL, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csi-requests");
	TCase *tc = unit_case(suite, "requests");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, bad_requests_are_refused);
	tcase_add_test(tc, good_requests_ask_the_server);
	tcase_add_test(tc, what_is_staged_stays);
	return unit_run(suite);
}
