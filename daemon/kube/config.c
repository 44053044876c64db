// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the API server is and who we are.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "base/yaml.h"
#include "kube/base64.h"
#include "kube/config.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define CONFIG_MAX (1u << 20)

static void config_init(struct liteio_kube_config *c)
{
	*c = (struct liteio_kube_config){ .fds = { -1, -1, -1 } };
}

void liteio_kube_config_fini(struct liteio_kube_config *c)
{
	free(c->server);
	free(c->server_name);
	free(c->ca_file);
	free(c->cert_file);
	free(c->key_file);
	/* a secret does not stay in freed memory */
	if (c->token)
		explicit_bzero(c->token, strlen(c->token));
	free(c->token);
	free(c->token_file);
	free(c->ns);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(c->fds); i++)
		liteio_closep(&c->fds[i]);
	config_init(c);
}

/* another name for a file; memory gets a descriptor of its own, which the name then leads to */
static int copy_file(const char *name, int from, int *fd, char **ret_name,
		     struct liteio_error *err)
{
	if (from < 0) {
		*ret_name = liteio_strdup(name);
		return 0;
	}
	*fd = fcntl(from, F_DUPFD_CLOEXEC, 3);
	if (*fd < 0)
		return liteio_error_set(err, errno, "cannot keep %s: %s", name,
					liteio_error_str(NULL, errno));
	*ret_name = liteio_strf("/proc/self/fd/%d", *fd);
	return 0;
}

int liteio_kube_config_copy(const struct liteio_kube_config *c, struct liteio_kube_config *ret,
			    struct liteio_error *err)
{
	struct liteio_kube_config to;
	int r;

	config_init(&to);
	r = copy_file(c->ca_file, c->fds[0], &to.fds[0], &to.ca_file, err);
	if (!r)
		r = copy_file(c->cert_file, c->fds[1], &to.fds[1], &to.cert_file, err);
	if (!r)
		r = copy_file(c->key_file, c->fds[2], &to.fds[2], &to.key_file, err);
	if (r) {
		liteio_kube_config_fini(&to);
		return r;
	}
	to.server = liteio_strdup(c->server);
	to.server_name = liteio_strdup(c->server_name);
	to.token = liteio_strdup(c->token);
	to.token_file = liteio_strdup(c->token_file);
	to.ns = liteio_strdup(c->ns);
	to.insecure = c->insecure;
	*ret = to;
	return 0;
}

/* ---- the service account of a pod --------------------------------------------------------- */

int liteio_kube_config_in_cluster(const char *root, struct liteio_kube_config *ret,
				  struct liteio_error *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	char *ns_file _cleanup_free_ = liteio_strf("%s%s/namespace", root, SERVICE_ACCOUNT);
	struct liteio_kube_config c;

	if (!host || !*host || !port || !*port)
		return liteio_error_set(err, -ENOENT,
					"not in a pod (KUBERNETES_SERVICE_HOST is not set) and no kubeconfig given");
	config_init(&c);
	c.server = liteio_strf(strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
	c.ca_file = liteio_strf("%s%s/ca.crt", root, SERVICE_ACCOUNT);
	c.token_file = liteio_strf("%s%s/token", root, SERVICE_ACCOUNT);
	if (access(c.token_file, R_OK) || access(c.ca_file, R_OK)) {
		int r = liteio_error_set(err, errno, "the pod has no service account: %s%s: %s",
					 root, SERVICE_ACCOUNT, liteio_error_str(NULL, errno));

		liteio_kube_config_fini(&c);
		return r;
	}
	if (liteio_fs_read_line(ns_file, &c.ns, NULL))
		c.ns = liteio_strdup("default");
	*ret = c;
	return 0;
}

/* ---- kubeconfig --------------------------------------------------------------------------- */

/* the member @what of the entry called @name in the list @list */
static struct liteio_json *find_named(const struct liteio_json *doc, const char *list,
				      const char *name, const char *what)
{
	const struct liteio_json *entries = liteio_json_get(doc, list);

	for (size_t i = 0; i < liteio_json_len(entries); i++) {
		const struct liteio_json *e = liteio_json_at(entries, i);
		const char *n = liteio_json_get_string(e, "name");

		if (n && !strcmp(n, name))
			return liteio_json_get(e, what);
	}
	return NULL;
}

/* put decoded data where only this process can read it, under a name that opens it */
static int keep_data(const char *key, const char *text, int *fd, char **ret_name,
		     struct liteio_error *err)
{
	char *data _cleanup_free_ = NULL;
	size_t len;

	if (liteio_base64_decode(text, &data, &len))
		return liteio_error_set(err, -EINVAL, "%s is not base64", key);
	*fd = memfd_create(key, MFD_CLOEXEC);
	if (*fd < 0 || write(*fd, data, len) != (ssize_t)len)
		return liteio_error_set(err, errno, "cannot keep %s: %s", key,
					liteio_error_str(NULL, errno));
	explicit_bzero(data, len);
	*ret_name = liteio_strf("/proc/self/fd/%d", *fd);
	return 0;
}

/* "certificate-authority" as a file (relative to the kubeconfig) or, with "-data", as base64 */
static int take_file(const struct liteio_json *from, const char *key, const char *dir, int *fd,
		     char **ret_name, struct liteio_error *err)
{
	char *data_key _cleanup_free_ = liteio_strf("%s-data", key);
	const char *data = liteio_json_get_string(from, data_key);
	const char *file = liteio_json_get_string(from, key);

	if (data && *data)
		return keep_data(data_key, data, fd, ret_name, err);
	if (file && *file)
		*ret_name = file[0] == '/' ? liteio_strdup(file) : liteio_strf("%s/%s", dir, file);
	return 0;
}

static int take_cluster(const struct liteio_json *cluster, const char *dir,
			struct liteio_kube_config *c, struct liteio_error *err)
{
	const char *server = liteio_json_get_string(cluster, "server");
	size_t len = server ? strlen(server) : 0;

	if (!server || (strncmp(server, "https://", 8) && strncmp(server, "http://", 7)))
		return liteio_error_set(err, -EINVAL, "the cluster has no https:// server");
	c->server = liteio_strdup(server);
	while (len && c->server[len - 1] == '/')
		c->server[--len] = '\0';
	c->server_name = liteio_strdup(liteio_json_get_string(cluster, "tls-server-name"));
	c->insecure = liteio_json_get_bool(cluster, "insecure-skip-tls-verify", false);
	return take_file(cluster, "certificate-authority", dir, &c->fds[0], &c->ca_file, err);
}

static int take_user(const struct liteio_json *user, const char *dir, struct liteio_kube_config *c,
		     struct liteio_error *err)
{
	static const char *const refused[] = { "exec", "auth-provider", "username", "password" };
	const char *token_file = liteio_json_get_string(user, "tokenFile");
	int r;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(refused); i++) {
		if (liteio_json_member(user, refused[i]))
			return liteio_error_set(err, -EOPNOTSUPP,
						"the user has \"%s\", which is not supported (certificates and tokens are)",
						refused[i]);
	}
	c->token = liteio_strdup(liteio_json_get_string(user, "token"));
	if (token_file && *token_file)
		c->token_file = token_file[0] == '/' ? liteio_strdup(token_file) :
						       liteio_strf("%s/%s", dir, token_file);
	r = take_file(user, "client-certificate", dir, &c->fds[1], &c->cert_file, err);
	if (!r)
		r = take_file(user, "client-key", dir, &c->fds[2], &c->key_file, err);
	if (!r && !c->cert_file != !c->key_file)
		r = liteio_error_set(err, -EINVAL,
				     "the user has a client certificate without key, or a key without certificate");
	return r;
}

static int take_context(const struct liteio_json *doc, const char *dir,
			struct liteio_kube_config *c, struct liteio_error *err)
{
	const char *name = liteio_json_get_string(doc, "current-context");
	const struct liteio_json *context, *cluster, *user;
	const char *s;
	int r;

	if (!name || !*name)
		return liteio_error_set(err, -EINVAL, "there is no current-context");
	context = find_named(doc, "contexts", name, "context");
	if (!context)
		return liteio_error_set(err, -EINVAL, "there is no context \"%s\"", name);
	s = liteio_json_get_string(context, "cluster");
	cluster = s ? find_named(doc, "clusters", s, "cluster") : NULL;
	if (!cluster)
		return liteio_error_set(err, -EINVAL, "there is no cluster \"%s\"", s ?: "");
	r = take_cluster(cluster, dir, c, err);
	if (r)
		return r;
	s = liteio_json_get_string(context, "user");
	user = s ? find_named(doc, "users", s, "user") : NULL;
	if (s && *s && !user)
		return liteio_error_set(err, -EINVAL, "there is no user \"%s\"", s);
	s = liteio_json_get_string(context, "namespace");
	c->ns = liteio_strdup(s && *s ? s : "default");
	return take_user(user, dir, c, err);
}

static int load_kubeconfig(const char *path, struct liteio_kube_config *ret,
			   struct liteio_error *err)
{
	char *copy _cleanup_free_ = liteio_strdup(path);
	char *text _cleanup_free_ = NULL;
	struct liteio_kube_config c;
	struct liteio_json *doc;
	size_t len;
	int r;

	r = liteio_fs_read(path, CONFIG_MAX, &text, &len, err);
	if (r)
		return r;
	r = liteio_yaml_parse(text, len, &doc, err);
	explicit_bzero(text, len);
	if (r)
		return liteio_error_wrap(err, r, "kubeconfig %s", path);
	config_init(&c);
	r = take_context(doc, dirname(copy), &c, err);
	liteio_json_unref(doc);
	if (r) {
		liteio_kube_config_fini(&c);
		return liteio_error_wrap(err, r, "kubeconfig %s", path);
	}
	*ret = c;
	return 0;
}

int liteio_kube_config_load(const char *path, struct liteio_kube_config *ret,
			    struct liteio_error *err)
{
	if (!path || !*path)
		path = getenv("KUBECONFIG");
	if (path && *path)
		return load_kubeconfig(path, ret, err);
	return liteio_kube_config_in_cluster("", ret, err);
}
