/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /metrics: numbers of this node for whoever watches it, where the configuration says so.
 */
#ifndef LITEIO_AGENT_METRICS_H
#define LITEIO_AGENT_METRICS_H

struct liteio_agent;
struct liteio_error;

/**
 * liteio_metrics_start() - listen where the configuration says; nothing without an address
 * @a: with loop, workers and config; its @metrics is set
 * @err: why not
 *
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_metrics_start(struct liteio_agent *a, struct liteio_error *err);
/* listen no more; what is being measured is measured for nobody */
void liteio_metrics_stop(struct liteio_agent *a);
/* once the workers have ended */
void liteio_metrics_free(struct liteio_agent *a);

#endif
