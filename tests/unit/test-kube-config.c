// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Credentials: kubeconfigs good and bad, the service account of a pod.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "kube/config.h"
#include "unit.h"

static char dir[] = "/tmp/liteio-kubeconfig-XXXXXX";
static char path[64];

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/config", dir);
	unsetenv("KUBECONFIG");
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("KUBERNETES_SERVICE_PORT");
}

static void teardown(void)
{
	const char *const argv[] = { "rm", "-rf", dir, NULL };
	struct liteio_child_result res;

	ck_assert_int_eq(liteio_child_run(argv, 10000, &res, NULL), 0);
	free(res.output);
}

static void put(const char *where, const char *text)
{
	ck_assert_int_eq(liteio_fs_write_atomic(where, text, strlen(text), 0600, NULL), 0);
}

#define CONFIG(cluster, context, user) \
	"{\"current-context\":\"x\"," \
	"\"contexts\":[{\"name\":\"other\"},{\"name\":\"x\",\"context\":{" context "}}]," \
	"\"clusters\":[{\"name\":\"c\",\"cluster\":{" cluster "}}]," \
	"\"users\":[{\"name\":\"u\",\"user\":{" user "}}]}"
#define SERVER "\"server\":\"https://h:6443/\""
#define CONTEXT "\"cluster\":\"c\",\"user\":\"u\""

START_TEST(test_token)
{
	struct liteio_kube_config c;

	setup();
	put(path, CONFIG(SERVER ",\"certificate-authority\":\"ca.crt\"",
			 CONTEXT ",\"namespace\":\"ns\"", "\"token\":\"t\""));
	ck_assert_int_eq(liteio_kube_config_load(path, &c, NULL), 0);
	ck_assert_str_eq(c.server, "https://h:6443");
	ck_assert_str_eq(c.token, "t");
	ck_assert_str_eq(c.ns, "ns");
	/* files are meant from where the kubeconfig is */
	ck_assert_int_eq(strncmp(c.ca_file, dir, strlen(dir)), 0);
	ck_assert_str_eq(c.ca_file + strlen(dir), "/ca.crt");
	ck_assert(!c.insecure);
	liteio_kube_config_fini(&c);
	/* by the environment */
	setenv("KUBECONFIG", path, 1);
	ck_assert_int_eq(liteio_kube_config_load(NULL, &c, NULL), 0);
	ck_assert_str_eq(c.token, "t");
	liteio_kube_config_fini(&c);
	teardown();
}
END_TEST

START_TEST(test_data)
{
	struct liteio_kube_config c, copy;
	char *text;

	setup();
	put(path, CONFIG(SERVER ",\"certificate-authority-data\":\"Y2E=\"", CONTEXT,
			 "\"client-certificate-data\":\"Y3J0\",\"client-key-data\":\"a2V5\""));
	ck_assert_int_eq(liteio_kube_config_load(path, &c, NULL), 0);
	/* can be opened by name, as often as one likes, and is nowhere in the file system */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(liteio_fs_read(c.ca_file, 100, &text, NULL, NULL), 0);
		ck_assert_str_eq(text, "ca");
		free(text);
	}
	ck_assert_int_eq(liteio_fs_read(c.key_file, 100, &text, NULL, NULL), 0);
	ck_assert_str_eq(text, "key");
	free(text);
	ck_assert_str_eq(c.ns, "default");
	/* a copy reads the same when the original is gone */
	ck_assert_int_eq(liteio_kube_config_copy(&c, &copy, NULL), 0);
	liteio_kube_config_fini(&c);
	ck_assert_int_eq(c.fds[0], -1);
	ck_assert_int_eq(liteio_fs_read(copy.ca_file, 100, &text, NULL, NULL), 0);
	ck_assert_str_eq(text, "ca");
	free(text);
	ck_assert_int_eq(liteio_fs_read(copy.cert_file, 100, &text, NULL, NULL), 0);
	ck_assert_str_eq(text, "crt");
	free(text);
	ck_assert_int_eq(liteio_fs_read(copy.key_file, 100, &text, NULL, NULL), 0);
	ck_assert_str_eq(text, "key");
	free(text);
	ck_assert_str_eq(copy.server, "https://h:6443");
	ck_assert_ptr_null(copy.token);
	liteio_kube_config_fini(&copy);
	teardown();
}
END_TEST

/* as kubectl writes it */
START_TEST(test_yaml)
{
	struct liteio_kube_config c;

	setup();
	put(path, "apiVersion: v1\nkind: Config\ncurrent-context: x\npreferences: {}\n"
		  "clusters:\n- cluster:\n    insecure-skip-tls-verify: true\n"
		  "    server: https://h:6443\n  name: c\n"
		  "contexts:\n- context:\n    cluster: c\n    user: u\n  name: x\n"
		  "users:\n- name: u\n  user:\n    token: t\n");
	ck_assert_int_eq(liteio_kube_config_load(path, &c, NULL), 0);
	ck_assert_str_eq(c.server, "https://h:6443");
	ck_assert_str_eq(c.token, "t");
	ck_assert(c.insecure);
	liteio_kube_config_fini(&c);
	teardown();
}
END_TEST

static const struct {
	const char *text;
	int r;
	const char *sentence;
} bad[] = {
	{ "apiVersion: v1\n", -EINVAL, "there is no current-context" },
	{ "a: [1\nb: 2\n", -EINVAL, "line 2: " },
	{ "", -EINVAL, "there is no current-context" },
	{ "{}", -EINVAL, "there is no current-context" },
	{ "{\"current-context\":\"y\"}", -EINVAL, "there is no context \"y\"" },
	{ CONFIG(SERVER, "\"cluster\":\"d\"", ""), -EINVAL, "there is no cluster \"d\"" },
	{ CONFIG(SERVER, "\"cluster\":\"c\",\"user\":\"v\"", ""), -EINVAL,
	  "there is no user \"v\"" },
	{ CONFIG("", CONTEXT, ""), -EINVAL, "no https:// server" },
	{ CONFIG("\"server\":\"ftp://x\"", CONTEXT, ""), -EINVAL, "no https:// server" },
	{ CONFIG(SERVER ",\"certificate-authority-data\":\"*\"", CONTEXT, ""), -EINVAL,
	  "certificate-authority-data is not base64" },
	{ CONFIG(SERVER, CONTEXT, "\"exec\":{\"command\":\"x\"}"), -EOPNOTSUPP, "\"exec\"" },
	{ CONFIG(SERVER, CONTEXT, "\"client-key\":\"k\""), -EINVAL, "key without certificate" },
};

START_TEST(test_bad)
{
	struct liteio_kube_config c = { .server = (void *)1 };
	struct liteio_error err;

	setup();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(path, bad[i].text);
		ck_assert_msg(liteio_kube_config_load(path, &c, &err) == bad[i].r, "%s: %s",
			      bad[i].text, err.msg);
		ck_assert_msg(strstr(err.msg, bad[i].sentence) != NULL, "%s: %s", bad[i].text,
			      err.msg);
		ck_assert_ptr_nonnull(strstr(err.msg, path));
		ck_assert_ptr_eq(c.server, (void *)1);
	}
	ck_assert_int_eq(liteio_kube_config_load("/no/such/file", &c, &err), -ENOENT);
	teardown();
}
END_TEST

START_TEST(test_in_cluster)
{
	struct liteio_kube_config c;
	struct liteio_error err;
	char *account, *file;

	setup();
	ck_assert_int_eq(liteio_kube_config_load(NULL, &c, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.msg, "not in a pod"));
	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	ck_assert_int_eq(liteio_kube_config_in_cluster(dir, &c, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.msg, "no service account"));
	account = liteio_strf("%s/var/run/secrets/kubernetes.io/serviceaccount", dir);
	ck_assert_int_eq(liteio_fs_mkdir_p(account, 0700, NULL), 0);
	for (int i = 0; i < 2; i++) {
		file = liteio_strf("%s/%s", account, i ? "token" : "ca.crt");
		put(file, "x\n");
		free(file);
	}
	ck_assert_int_eq(liteio_kube_config_in_cluster(dir, &c, &err), 0);
	ck_assert_str_eq(c.server, "https://[fd00::1]:443");
	ck_assert_ptr_nonnull(strstr(c.token_file, "/serviceaccount/token"));
	ck_assert_str_eq(c.ns, "default");
	liteio_kube_config_fini(&c);
	setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
	file = liteio_strf("%s/namespace", account);
	put(file, "liteio-system");
	free(file);
	ck_assert_int_eq(liteio_kube_config_in_cluster(dir, &c, &err), 0);
	ck_assert_str_eq(c.server, "https://10.96.0.1:443");
	ck_assert_str_eq(c.ns, "liteio-system");
	liteio_kube_config_fini(&c);
	free(account);
	teardown();
}
END_TEST

UNIT_MAIN("kube-config", test_token, test_data, test_yaml, test_bad, test_in_cluster)
