/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the API server is and who we are: from the pod we run in, or from a kubeconfig.
 *
 * A kubeconfig is YAML or JSON, as kubectl writes it.
 * Understood are clusters, contexts, namespaces, certificates and keys as files or as data, tokens
 * and token files; exec plugins and password files are refused with a sentence.
 */
#ifndef LITEIO_KUBE_CONFIG_H
#define LITEIO_KUBE_CONFIG_H

#include <stdbool.h>

struct liteio_error;

/**
 * struct liteio_kube_config - credentials; all owned, released by liteio_kube_config_fini()
 * @server: "https://host:port", without a slash at the end
 * @server_name: name to verify in the server's certificate, NULL for the host of @server
 * @ca_file: whom to trust; data from a kubeconfig is kept in anonymous memory and named here
 * @cert_file: client certificate, NULL for none
 * @key_file: its key
 * @token: bearer token, NULL for none
 * @token_file: read again whenever it changes; wins over @token
 * @ns: the namespace we are in, "default" when nothing says so
 * @insecure: the server is not verified; the program should warn
 * @fds: anonymous memory behind the files above, -1 when unused
 */
struct liteio_kube_config {
	char *server;
	char *server_name;
	char *ca_file;
	char *cert_file;
	char *key_file;
	char *token;
	char *token_file;
	char *ns;
	bool insecure;
	int fds[3];
};

/**
 * liteio_kube_config_load() - find credentials
 * @path: a kubeconfig; NULL takes $KUBECONFIG when set, else the service account of the pod
 * @ret: filled in, released by the caller
 * @err: what is missing or wrong, and in which file
 *
 * Context: reads files. Return: 0, -ENOENT (not in a pod and no kubeconfig) or another errno.
 */
int liteio_kube_config_load(const char *path, struct liteio_kube_config *ret,
			    struct liteio_error *err);

/* the service account of the pod, below @root ("" outside of tests) */
int liteio_kube_config_in_cluster(const char *root, struct liteio_kube_config *ret,
				  struct liteio_error *err);

/**
 * liteio_kube_config_copy() - credentials that live on their own
 * @c: credentials; may be released afterwards
 * @ret: the same, with its own hold on the anonymous memory, released by the caller
 * @err: why not
 *
 * Context: does not block. Return: 0, -EMFILE or another errno.
 */
int liteio_kube_config_copy(const struct liteio_kube_config *c, struct liteio_kube_config *ret,
			    struct liteio_error *err);

void liteio_kube_config_fini(struct liteio_kube_config *c);

#endif
