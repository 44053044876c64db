/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /metrics says, part by part. README.md lists it.
 *
 * How much it can become is bounded: by the pools of a node, by the routes of the API, and by
 * LITEIO_MEASURE_MAX for what is said of single volumes and attachments; what is left out is
 * counted. Nothing is said that only root may know. What does not answer is left out.
 *
 * Context of all functions: worker. They change nothing and activate nothing.
 */
#ifndef LITEIO_AGENT_MEASURE_H
#define LITEIO_AGENT_MEASURE_H

struct liteio_agent;
struct liteio_openmetrics;

#define LITEIO_MEASURE_MAX 1000

void liteio_measure_node(struct liteio_agent *a, struct liteio_openmetrics *m);
void liteio_measure_pools(struct liteio_agent *a, struct liteio_openmetrics *m);
void liteio_measure_attachments(struct liteio_agent *a, struct liteio_openmetrics *m);
void liteio_measure_io(struct liteio_agent *a, struct liteio_openmetrics *m);
void liteio_measure_agent(struct liteio_agent *a, struct liteio_openmetrics *m);

#endif
