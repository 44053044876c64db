// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /metrics: asked on the loop, measured on a worker, answered on the loop. Whoever asks while it is
 * measured gets the same text, so that many who ask cost no more than one.
 */
#include "agent/metrics.h"

#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/measure.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_server.h"
#include "base/openmetrics.h"
#include "base/str.h"
#include "base/worker.h"

#define CONNECTIONS_MAX 16

/**
 * struct liteio_metrics - the server of /metrics
 * @agent: the agent
 * @server: where it is asked
 * @waiting: who is to be answered when the measuring is done
 * @n_waiting: how many; each has a connection of its own
 * @busy: it is being measured
 * @text: what was measured; of the worker while @busy
 */
struct liteio_metrics {
	struct liteio_agent *agent;
	struct liteio_http_server *server;
	struct liteio_http_request *waiting[CONNECTIONS_MAX];
	size_t n_waiting;
	bool busy;
	struct liteio_buf text;
};

/* worker thread */
static void measure(void *arg)
{
	struct liteio_metrics *s = arg;
	struct liteio_openmetrics m = { .out = &s->text };

	liteio_measure_node(s->agent, &m);
	liteio_measure_pools(s->agent, &m);
	liteio_measure_attachments(s->agent, &m);
	liteio_measure_io(s->agent, &m);
	liteio_measure_agent(s->agent, &m);
	liteio_openmetrics_end(&m);
}

/* loop thread */
static void measured(void *arg)
{
	struct liteio_metrics *s = arg;

	for (size_t i = 0; i < s->n_waiting; i++)
		liteio_http_reply(s->waiting[i], 200, LITEIO_OPENMETRICS_TYPE, s->text.data,
				  s->text.len);
	s->n_waiting = 0;
	s->busy = false;
	liteio_buf_fini(&s->text);
}

static void refuse(struct liteio_http_request *req, unsigned int status, const char *text)
{
	liteio_http_reply(req, status, "text/plain", text, strlen(text));
}

static void on_request(void *arg, struct liteio_http_request *req)
{
	struct liteio_metrics *s = arg;

	if (strcmp(liteio_http_request_path(req), "/metrics") != 0)
		return refuse(req, 404, "there is only /metrics here\n");
	if (strcmp(liteio_http_request_method(req), "GET") != 0)
		return refuse(req, 405, "/metrics can only be read\n");
	if (s->n_waiting == CONNECTIONS_MAX)
		return refuse(req, 503, "too many ask at once\n");
	s->waiting[s->n_waiting++] = req;
	if (s->busy)
		return;
	s->busy = true;
	liteio_worker_submit(s->agent->workers, NULL, measure, measured, s);
}

int liteio_metrics_listen(struct liteio_agent *a, const char *address, struct liteio_error *err)
{
	struct liteio_http_options opt = {
		.max_body = 1024,
		.max_connections = CONNECTIONS_MAX,
		.unix_mode = 0660,
		.unix_gid = (gid_t)-1,
	};
	struct liteio_http_server *server = NULL;
	const struct group *g;
	int r;

	if (!a->metrics && !address)
		return 0;
	if (!a->metrics) {
		a->metrics = liteio_calloc(1, sizeof(*a->metrics));
		a->metrics->agent = a;
	}
	g = a->config.socket_group ? getgrnam(a->config.socket_group) : NULL;
	if (g)
		opt.unix_gid = g->gr_gid;
	if (address) {
		r = liteio_http_server_new(a->loop, address, &opt, on_request, a->metrics, &server,
					   err);
		if (r < 0)
			return r;
	}
	/* whoever waits for an answer of the old one waits no more */
	liteio_metrics_stop(a);
	a->metrics->server = server;
	return 0;
}

void liteio_metrics_stop(struct liteio_agent *a)
{
	struct liteio_metrics *s = a->metrics;

	if (!s)
		return;
	liteio_http_server_free(s->server);
	s->server = NULL;
	s->n_waiting = 0;
}

void liteio_metrics_free(struct liteio_agent *a)
{
	if (!a->metrics)
		return;
	liteio_buf_fini(&a->metrics->text);
	free(a->metrics);
	a->metrics = NULL;
}
