/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /metrics: numbers of this node for whoever watches it, where the configuration says so.
 */
#ifndef LITEIO_AGENT_METRICS_H
#define LITEIO_AGENT_METRICS_H

struct liteio_agent;
struct liteio_error;

/**
 * liteio_metrics_listen() - listen there, and no more where it was listened on before
 * @a: with loop, workers and config; its @metrics is set
 * @address: as in the configuration, NULL: nowhere
 * @err: why not; then all is as it was before
 *
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_metrics_listen(struct liteio_agent *a, const char *address, struct liteio_error *err);
/* listen no more; what is being measured is measured for nobody */
void liteio_metrics_stop(struct liteio_agent *a);
/* once the workers have ended */
void liteio_metrics_free(struct liteio_agent *a);

#endif
