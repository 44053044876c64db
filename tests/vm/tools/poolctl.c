// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pool engine by hand: each call opens a pool, does one thing and leaves everything in the kernel
 * as it is, as an agent does that is restarted between any two requests.
 *
 *	poolctl steps
 *	poolctl probe|format|scan ...	see the table at the end
 *	poolctl COMMAND DEVICE [ARGUMENT...]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "pool/pool.h"

#define ARGS_MAX 5

struct call {
	struct liteio_pool *pool;
	char **arg;
	int n;
	bool is_closed;
};

static struct liteio_uuid uuid_arg(const struct call *c, int i)
{
	struct liteio_uuid u = { { 0 } };

	if (i < c->n && liteio_uuid_parse(c->arg[i], &u)) {
		fprintf(stderr, "poolctl: %s is no uuid\n", c->arg[i]);
		exit(2);
	}
	return u;
}

static uint64_t number_arg(const struct call *c, int i)
{
	uint64_t v = 0;

	if (i < c->n && liteio_parse_size(c->arg[i], &v, NULL) && strcmp(c->arg[i], "0") != 0) {
		fprintf(stderr, "poolctl: %s is no number\n", c->arg[i]);
		exit(2);
	}
	return v;
}

/* ---- pools ------------------------------------------------------------------------------------ */

static int do_format(struct call *c, struct liteio_error *err)
{
	struct liteio_pool_format f = {
		.device = c->arg[0],
		.name = c->arg[1],
		.size_bytes = number_arg(c, 2),
		.force = c->n > 3 && !strcmp(c->arg[3], "force"),
	};
	char text[LITEIO_UUID_STRLEN + 1];
	struct liteio_uuid uuid;
	int r = liteio_pool_format(&f, &uuid, err);

	if (r)
		return r;
	liteio_uuid_format(&uuid, text);
	puts(text);
	return 0;
}

static int do_probe(struct call *c, struct liteio_error *err)
{
	struct liteio_pool_found f;
	int r = liteio_pool_probe(c->arg[0], &f, err);

	if (!r)
		printf("%s %s\n", f.label.pool_name, f.from_backup ? "backup" : "first");
	return r;
}

static int do_scan(struct call *c, struct liteio_error *err)
{
	struct liteio_pool_found *f;
	size_t n;
	int r = liteio_pool_scan(&f, &n, err);

	if (r)
		return r;
	for (size_t i = 0; i < n; i++)
		printf("%s %s\n", f[i].device, f[i].label.pool_name);
	free(f);
	return 0;
}

static int do_info(struct call *c, struct liteio_error *err)
{
	struct liteio_pool_info i;
	int r = liteio_pool_refresh(c->pool, err);

	liteio_pool_info(c->pool, &i);
	printf("condition=%s reason=%s txid=%llu used=%llu data=%llu provisioned=%llu volumes=%llu snapshots=%llu deleting=%llu\n",
	       liteio_pool_condition_names[i.condition], i.reason_word[0] ? i.reason_word : "-",
	       (unsigned long long)i.thin_txid, (unsigned long long)i.data_used_bytes,
	       (unsigned long long)i.data_bytes, (unsigned long long)i.provisioned_bytes,
	       (unsigned long long)i.n_volumes, (unsigned long long)i.n_snapshots,
	       (unsigned long long)i.n_deleting);
	if (i.reason[0])
		fprintf(stderr, "%s\n", i.reason);
	return i.condition == LITEIO_POOL_FAILED ? r : 0;
}

static int do_close(struct call *c, struct liteio_error *err)
{
	int r = liteio_pool_close(c->pool, err);

	c->is_closed = !r;
	return r;
}

static int do_destroy(struct call *c, struct liteio_error *err)
{
	int r = liteio_pool_destroy(c->pool, err);

	c->is_closed = !r;
	return r;
}

/* ---- volumes ---------------------------------------------------------------------------------- */

static int do_create(struct call *c, struct liteio_error *err)
{
	struct liteio_pool_create v = {
		.uuid = uuid_arg(c, 0),
		.name = c->arg[1],
		.size_bytes = number_arg(c, 2),
		.source = uuid_arg(c, 3),
	};

	return liteio_pool_volume_create(c->pool, &v, NULL, err);
}

static int do_snapshot(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0), volume = uuid_arg(c, 2);

	return liteio_pool_snapshot_create(c->pool, &uuid, c->arg[1], &volume, "poolctl", NULL, err);
}

static int do_grow(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);

	return liteio_pool_volume_grow(c->pool, &uuid, number_arg(c, 1), err);
}

static int do_delete(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);

	return liteio_pool_volume_delete(c->pool, &uuid, err);
}

static int do_reclaim(struct call *c, struct liteio_error *err)
{
	bool more = true;
	int r = 0;

	while (more && !r)
		r = liteio_pool_reclaim(c->pool, &more, err);
	return r;
}

static int do_activate(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);
	struct liteio_pool_thin t;
	int r = liteio_pool_volume_activate(c->pool, &uuid, &t, err);

	if (!r)
		puts(t.path);
	return r;
}

static int do_deactivate(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);

	return liteio_pool_volume_deactivate(c->pool, &uuid, err);
}

static int do_list(struct call *c, struct liteio_error *err)
{
	static const char *const states[] = { "?", "creating", "ready", "deleting" };
	struct liteio_catalog_attachment *a;
	struct liteio_catalog_volume *v;
	size_t n;

	liteio_pool_volume_list(c->pool, &v, &n);
	for (size_t i = 0; i < n; i++)
		printf("%s %s %s size=%llu floor=%llu id=%u\n",
		       v[i].kind == LITEIO_CATALOG_VOLUME ? "volume" : "snapshot", v[i].name,
		       states[v[i].state], (unsigned long long)v[i].size_bytes,
		       (unsigned long long)v[i].floor, v[i].thin_id);
	free(v);
	liteio_pool_attachment_list(c->pool, NULL, &a, &n);
	for (size_t i = 0; i < n; i++)
		printf("attachment %llu %s %s\n", (unsigned long long)a[i].generation,
		       a[i].state == LITEIO_CATALOG_ATT_LIVE ? "live" : "fenced", a[i].host);
	free(a);
	return 0;
}

/* ---- floors and attachments ------------------------------------------------------------------- */

static int do_floor(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);

	return liteio_pool_floor_raise(c->pool, &uuid, number_arg(c, 1), err);
}

static int do_attach(struct call *c, struct liteio_error *err)
{
	struct liteio_catalog_attachment a = {
		.volume = uuid_arg(c, 0),
		.generation = number_arg(c, 1),
	};

	snprintf(a.host, sizeof(a.host), "%s", c->arg[2]);
	return liteio_pool_attachment_add(c->pool, &a, err);
}

static int do_fence(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);

	return liteio_pool_attachment_fence(c->pool, &uuid, number_arg(c, 1), err);
}

/* ---- the table -------------------------------------------------------------------------------- */

static const struct command {
	const char *name;
	int (*run)(struct call *c, struct liteio_error *err);
	bool needs_pool;
	int min_args;
	const char *args;
} commands[] = {
	{ "format", do_format, false, 2, "DEVICE NAME [SIZE [force]]" },
	{ "probe", do_probe, false, 1, "DEVICE" },
	{ "scan", do_scan, false, 0, "" },
	{ "info", do_info, true, 0, "" },
	{ "list", do_list, true, 0, "" },
	{ "close", do_close, true, 0, "" },
	{ "destroy", do_destroy, true, 0, "" },
	{ "create", do_create, true, 3, "UUID NAME SIZE [SOURCE-UUID]" },
	{ "snapshot", do_snapshot, true, 3, "UUID NAME VOLUME-UUID" },
	{ "grow", do_grow, true, 2, "UUID SIZE" },
	{ "delete", do_delete, true, 1, "UUID" },
	{ "reclaim", do_reclaim, true, 0, "" },
	{ "activate", do_activate, true, 1, "UUID" },
	{ "deactivate", do_deactivate, true, 1, "UUID" },
	{ "floor", do_floor, true, 2, "UUID FLOOR" },
	{ "attach", do_attach, true, 3, "UUID GENERATION HOST" },
	{ "fence", do_fence, true, 2, "UUID GENERATION" },
};

static int usage(void)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "poolctl %s %s%s\n", commands[i].name,
			commands[i].needs_pool ? "DEVICE " : "", commands[i].args);
	return 2;
}

static int run(const struct command *cmd, struct call *c)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	r = liteio_pool_prepare(&err);
	if (!r && cmd->needs_pool) {
		r = liteio_pool_open(c->arg[0], &c->pool, &err);
		c->arg++;
		c->n--;
	}
	if (!r)
		r = cmd->run(c, &err);
	if (c->pool && !c->is_closed)
		liteio_pool_release(c->pool);
	if (r)
		fprintf(stderr, "poolctl: %s: %s\n", liteio_errno_name(r), liteio_error_str(&err, r));
	return r ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct call c = { .arg = argv + 2, .n = argc - 2 };

	if (argc == 2 && !strcmp(argv[1], "steps")) {
		for (const char *const *s = liteio_pool_steps(); *s; s++)
			puts(*s);
		return 0;
	}
	for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *cmd = &commands[i];

		if (!strcmp(argv[1], cmd->name) && c.n >= cmd->min_args + cmd->needs_pool &&
		    c.n <= ARGS_MAX)
			return run(cmd, &c);
	}
	return usage();
}
