// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exports: the links from subsystems to the ports of this node's addresses.
 */
#include "agent/exports.h"

#include <stdio.h>

#include "agent/agent.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "host/nvmet.h"
#include "model/local.h"

static const struct liteio_nvmet target = LITEIO_NVMET_INIT;

static bool is_local(const struct liteio_catalog_attachment *att)
{
	return att->flags & LITEIO_CATALOG_ATT_LOCAL;
}

/* the port of one configured address */
static int port_of(const char *listen, unsigned int *ret, struct liteio_error *err)
{
	_cleanup_free_ char *host = NULL;
	char port_text[8];
	uint16_t port;
	int r;

	r = liteio_local_address_parse(listen, &host, &port, err);
	if (r)
		return r;
	snprintf(port_text, sizeof(port_text), "%u", port);
	return liteio_nvmet_port_ensure(&target, host, port_text, ret, err);
}

static int link_to(const char *listen, const struct liteio_catalog_attachment *att,
		   struct liteio_error *err)
{
	unsigned int port;
	int r = port_of(listen, &port, err);

	if (r == 0)
		r = liteio_nvmet_link(&target, &att->volume, att->generation, port, err);
	return r ? liteio_error_wrap(err, r, "listening on %s", listen) : 0;
}

int liteio_export_link(struct liteio_agent *a, const struct liteio_catalog_attachment *att,
		       struct liteio_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && !is_local(att) && i < a->config.n_listen; i++)
		r = link_to(a->config.listen[i], att, err);
	return r;
}

int liteio_export_link_again(struct liteio_agent *a, const struct liteio_catalog_attachment *att,
			     struct liteio_error *err)
{
	bool is_linked = false;
	int r = 0;

	for (size_t i = 0; !is_local(att) && i < a->config.n_listen; i++) {
		int one = link_to(a->config.listen[i], att, err);

		is_linked = is_linked || !one;
		r = one ? one : r;
	}
	if (!r || !is_linked)
		return r;
	log_warning(NULL, "an export is not on all addresses: %s", liteio_error_str(err, r));
	return 0;
}
