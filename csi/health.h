/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Liveness over HTTP, for the kubelet's probes: /healthz.
 */
#ifndef LITEIO_CSI_HEALTH_H
#define LITEIO_CSI_HEALTH_H

struct liteio_error;
struct liteio_health;
struct liteio_loop;
struct liteio_workers;

/**
 * liteio_health_new() - serve /healthz
 * @loop: the loop
 * @workers: jobs that run for longer than any call may are a failure
 * @address: "tcp://127.0.0.1:9811" or "unix:///path"
 * @ret: owned by the caller
 * @err: why not
 *
 * 200 while the loop turns and no handler is stuck, 503 otherwise.
 *
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_health_new(struct liteio_loop *loop, struct liteio_workers *workers, const char *address,
		      struct liteio_health **ret, struct liteio_error *err);
void liteio_health_free(struct liteio_health *health); /* NULL is fine */

#endif
