// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Liveness over HTTP, for the kubelet's probes.
 */
#include "health.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/http_server.h"
#include "base/str.h"
#include "base/worker.h"

/* longer than any deadline; making or repairing a filesystem has an hour */
#define STUCK_MS (70ull * 60 * 1000)

struct liteio_health {
	struct liteio_http_server *server;
	struct liteio_workers *workers;
};

static void answer(struct liteio_http_request *req, unsigned int status, const char *text)
{
	liteio_http_reply(req, status, "text/plain", text, strlen(text));
}

static void on_request(void *arg, struct liteio_http_request *req)
{
	struct liteio_health *health = arg;

	if (strcmp(liteio_http_request_path(req), "/healthz"))
		answer(req, 404, "only /healthz is here\n");
	else if (liteio_workers_stuck(health->workers, STUCK_MS))
		answer(req, 503, "a call is stuck\n");
	else
		answer(req, 200, "ok\n");
}

int liteio_health_new(struct liteio_loop *loop, struct liteio_workers *workers, const char *address,
		      struct liteio_health **ret, struct liteio_error *err)
{
	struct liteio_health *health = liteio_calloc(1, sizeof(*health));
	int r;

	health->workers = workers;
	r = liteio_http_server_new(loop, address, NULL, on_request, health, &health->server, err);
	if (r < 0) {
		free(health);
		return r;
	}
	*ret = health;
	return 0;
}

void liteio_health_free(struct liteio_health *health)
{
	if (!health)
		return;
	liteio_http_server_free(health->server);
	free(health);
}
