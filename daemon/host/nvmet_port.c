// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ports of the NVMe target: one per listening address.
 *
 * The number of a port of ours follows from its address, so that a port whose making was
 * interrupted is found again and finished.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/nvmet.h"
#include "host/nvmet_cfs.h"

#define FIRST_ID 20000u
#define IDS 30000u

/* FNV-1a: all that is asked of it is to spread */
static unsigned int id_of(const char *address, const char *port)
{
	uint32_t h = 2166136261u;

	for (const char *p = address; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	for (const char *p = port; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	return FIRST_ID + h % IDS;
}

static void read_port(const struct liteio_nvmet *t, unsigned int id, struct liteio_nvmet_port *ret)
{
	char dir[LITEIO_NVMET_PATH_MAX], **names;
	char *address _cleanup_free_ = NULL, *port _cleanup_free_ = NULL;
	char *type _cleanup_free_ = NULL, *links _cleanup_free_ = NULL;
	size_t n;

	liteio_nvmet_path(t, dir, "ports/%u", id);
	address = liteio_nvmet_get(dir, "addr_traddr");
	port = liteio_nvmet_get(dir, "addr_trsvcid");
	type = liteio_nvmet_get(dir, "addr_trtype");
	links = liteio_strf("%s/subsystems", dir);
	*ret = (struct liteio_nvmet_port){ .id = id, .tcp = !strcmp(type, "tcp") };
	snprintf(ret->address, sizeof(ret->address), "%s", address);
	snprintf(ret->port, sizeof(ret->port), "%s", port);
	if (!liteio_fs_list(links, &names, &n, NULL)) {
		for (size_t i = 0; i < n; i++)
			ret->listening |= strcmp(names[i], LITEIO_NQN_NOBODY) != 0;
		liteio_fs_names_free(names, n);
	}
}

int liteio_nvmet_port_list(const struct liteio_nvmet *t, struct liteio_nvmet_port **ret,
			   size_t *ret_n, struct liteio_error *err)
{
	char dir[LITEIO_NVMET_PATH_MAX], **names;
	struct liteio_nvmet_port *ports;
	size_t n_names, n = 0;
	int r;

	liteio_nvmet_path(t, dir, "ports");
	r = liteio_fs_list(dir, &names, &n_names, err);
	if (r)
		return r;
	ports = liteio_calloc(n_names + 1, sizeof(*ports));
	for (size_t i = 0; i < n_names; i++) {
		uint64_t id;

		if (!liteio_parse_u64(names[i], 0, UINT16_MAX, &id))
			read_port(t, (unsigned int)id, &ports[n++]);
	}
	liteio_fs_names_free(names, n_names);
	*ret = ports;
	*ret_n = n;
	return 0;
}

static bool is_at(const struct liteio_nvmet_port *p, const char *address, const char *port)
{
	return !strcmp(p->address, address) && !strcmp(p->port, port);
}

static int configure(const struct liteio_nvmet *t, unsigned int id, const char *address,
		     const char *port, const char *family, struct liteio_error *err)
{
	char dir[LITEIO_NVMET_PATH_MAX];
	const char *const attrs[][2] = {
		{ "addr_traddr", address },
		{ "addr_trsvcid", port },
		{ "addr_adrfam", family },
		{ "addr_trtype", "tcp" },
	};
	int r;

	liteio_nvmet_path(t, dir, "ports/%u", id);
	r = liteio_nvmet_mkdir(dir, err);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(attrs) && !r; i++)
		r = liteio_nvmet_set(t, dir, attrs[i][0], attrs[i][1], err);
	return r;
}

int liteio_nvmet_port_ensure(const struct liteio_nvmet *t, const char *address, const char *port,
			     unsigned int *ret_id, struct liteio_error *err)
{
	struct liteio_nvmet_port *ports _cleanup_free_ = NULL;
	unsigned char raw[sizeof(struct in6_addr)];
	unsigned int id = id_of(address, port);
	const char *family;
	uint64_t number;
	size_t n;
	int r;

	if (inet_pton(AF_INET, address, raw) == 1)
		family = "ipv4";
	else if (inet_pton(AF_INET6, address, raw) == 1)
		family = "ipv6";
	else
		return liteio_error_set(err, -EINVAL, "\"%s\" is not a numeric address", address);
	if (liteio_parse_u64(port, 1, UINT16_MAX, &number))
		return liteio_error_set(err, -EINVAL, "\"%s\" is not a TCP port", port);
	r = liteio_nvmet_port_list(t, &ports, &n, err);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (ports[i].tcp && is_at(&ports[i], address, port)) {
			*ret_id = ports[i].id;
			return 0;
		}
	}
	/* a number that another address has taken goes to the next one */
	for (size_t i = 0; i < n; i++) {
		if (ports[i].id != id || !ports[i].address[0] || is_at(&ports[i], address, port))
			continue;
		id = id + 1 < FIRST_ID + IDS ? id + 1 : FIRST_ID;
		i = (size_t)-1;
	}
	r = configure(t, id, address, port, family, err);
	if (!r)
		*ret_id = id;
	return r;
}

int liteio_nvmet_port_remove(const struct liteio_nvmet *t, unsigned int id,
			     struct liteio_error *err)
{
	char dir[LITEIO_NVMET_PATH_MAX];

	liteio_nvmet_path(t, dir, "ports/%u", id);
	return liteio_nvmet_rmdir(t, dir, err);
}
