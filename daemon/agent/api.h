/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local API: HTTP+JSON on a unix socket. README.md has the paths.
 */
#ifndef LITEIO_AGENT_API_H
#define LITEIO_AGENT_API_H

struct liteio_agent;
struct liteio_error;
struct liteio_json;

/**
 * liteio_api_start() - listen on the configured socket
 * @a: with loop, workers and config; its @api is set
 * @err: why not
 *
 * Context: loop thread. Before @a->ready only what needs no pool is answered, the rest is 503.
 * Return: 0 or a negative errno.
 */
int liteio_api_start(struct liteio_agent *a, struct liteio_error *err);
void liteio_api_stop(struct liteio_agent *a);

/* answered beside the table of routes, on the loop and in plain text */
#define LITEIO_API_HEALTH "/healthz"

/*
 * What is taken and given, from the tables: "routes" (method, path, query, body, answer), the
 * "failure" that is answered instead, and which "errors" have a status of their own; the caller's.
 */
struct liteio_json *liteio_api_describe(void);

#endif
