// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pool engine by hand: each call opens a pool, does one thing and leaves everything in the
 * kernel as it is, as an agent does that is restarted between any two requests.
 *
 *	poolctl steps
 *	poolctl probe|format|scan ...	see the table at the end
 *	poolctl COMMAND DEVICE [ARGUMENT...]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/dm.h"
#include "pool/pool.h"
#include "pool/repair.h"
#include "pool/step.h"
#include "story.h"

#define ARGS_MAX 7

struct call {
	struct liteio_pool *pool;
	char **arg;
	int n;
	bool is_closed;
};

static struct liteio_uuid uuid_arg(const struct call *c, int i)
{
	struct liteio_uuid u = { { 0 } };

	if (i < c->n && strcmp(c->arg[i], "-") != 0 && liteio_uuid_parse(c->arg[i], &u)) {
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

static int do_list(struct call *c, struct liteio_error *err);

/* ---- pools ---------------------------------------------------------------------------------- */

static int do_format(struct call *c, struct liteio_error *err)
{
	struct liteio_pool_format f = {
		.device = c->arg[0],
		.name = c->arg[1],
		.size_bytes = number_arg(c, 2),
		.force = c->n > 3 && !strcmp(c->arg[3], "force"),
		.linear_bytes = number_arg(c, 4),
		.reserve_bytes = number_arg(c, 5),
		.block_bytes = (uint32_t)number_arg(c, 6),
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
		printf("%s %s%s\n", f.label.pool_name, f.from_backup ? "backup" : "first",
		       f.label.exported ? " exported" : "");
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
	if (i.leaks[0])
		printf("leaks=%s\n", i.leaks);
	printf("fill=%s overcommit=%llu thin-promised=%llu thin-free=%llu reserve=%llu reserve-used=%llu reserve-promised=%llu reserve-free=%llu linear=%llu linear-used=%llu linear-free=%llu\n",
	       liteio_fill_names[i.space.fill], (unsigned long long)i.overcommit_percent,
	       (unsigned long long)i.space.thin_promised, (unsigned long long)i.space.thin_free,
	       (unsigned long long)i.space.reserve.total, (unsigned long long)i.space.reserve.used,
	       (unsigned long long)i.space.reserve_promised,
	       (unsigned long long)i.space.reserve_free, (unsigned long long)i.space.linear_total,
	       (unsigned long long)i.space.linear_used, (unsigned long long)i.space.linear_free);
	if (i.reason[0])
		fprintf(stderr, "%s\n", i.reason);
	return i.condition == LITEIO_POOL_FAILED ? r : 0;
}

/* everything there is to see, in one process: guests are slow */
static int do_show(struct call *c, struct liteio_error *err)
{
	int r = do_info(c, err);

	return r ? r : do_list(c, err);
}

/* the kernel knows no thin device below N that the catalog does not; what is found is removed */
static int do_orphans(struct call *c, struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1], message[32];
	struct liteio_pool_info i;
	int found = 0;

	liteio_pool_info(c->pool, &i);
	if (i.n_volumes + i.n_snapshots)
		return liteio_error_set(err, -EBUSY, "the pool is not empty");
	for (int reserve = 0; reserve <= (i.space.reserve.total != 0); reserve++) {
		liteio_dm_name(reserve ? LITEIO_DM_RPOOL : LITEIO_DM_POOL, &i.uuid, 0, name);
		for (uint64_t id = 1; id < number_arg(c, 0); id++) {
			snprintf(message, sizeof(message), "delete %llu", (unsigned long long)id);
			found += liteio_dm_message(name, 0, message, NULL) != -ENODATA;
		}
	}
	if (found)
		return liteio_error_set(err, -EUCLEAN, "%d thin devices are left over", found);
	return 0;
}

static int do_import(struct call *c, struct liteio_error *err)
{
	const struct liteio_pool_how how = { .device = c->arg[0], .is_import = true };

	return liteio_pool_open_how(&how, &c->pool, err);
}

static int do_export(struct call *c, struct liteio_error *err)
{
	int r = liteio_pool_export(c->pool, err);

	c->is_closed = !r;
	return r;
}

static int do_enlarge(struct call *c, struct liteio_error *err)
{
	const struct liteio_pool_growth g = {
		.size_bytes = number_arg(c, 0),
		.add = c->n > 1 ? c->arg[1] : NULL,
		.force = c->n > 2,
	};

	return liteio_pool_grow(c->pool, &g, err);
}

static int do_repair(struct call *c, struct liteio_error *err)
{
	const struct liteio_pool_repair how = { .force = c->n > 0 && !strcmp(c->arg[0], "force") };
	struct liteio_pool_repaired done;
	int r = liteio_pool_repair(c->pool, &how, &done, err);

	if (!r)
		printf("copied=%u rebuilt=%u lost-volumes=%llu lost=%llu %s\n", done.n_copied,
		       done.n_rebuilt, (unsigned long long)done.lost_volumes,
		       (unsigned long long)done.lost_bytes, done.lost);
	return r;
}

static int do_salvage(struct call *c, struct liteio_error *err)
{
	static const char *const words[] = { "look", "make", "force" };
	enum liteio_pool_salvage_how how = LITEIO_SALVAGE_LOOK;
	struct liteio_pool_salvage s;
	int r;

	for (size_t i = 0; c->n > 1 && i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(c->arg[1], words[i]))
			how = (enum liteio_pool_salvage_how)i;
	}
	r = liteio_pool_salvage(c->arg[0], how, &s, err);

	if (!r)
		printf("%s %zu: %s; %s\n", s.pool, s.n_volumes, s.what, s.lost);
	return r;
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

/* ---- volumes -------------------------------------------------------------------------------- */

static enum liteio_catalog_class class_arg(const struct call *c, int i)
{
	static const char *const names[] = { "-", "thin", "reserved", "linear" };

	for (int k = 0; i < c->n && k < 4; k++) {
		if (!strcmp(c->arg[i], names[k]))
			return (enum liteio_catalog_class)k;
	}
	return 0;
}

static int do_create(struct call *c, struct liteio_error *err)
{
	struct liteio_pool_create v = {
		.uuid = uuid_arg(c, 0),
		.name = c->arg[1],
		.size_bytes = number_arg(c, 2),
		.source = uuid_arg(c, 3),
		.vclass = class_arg(c, 4),
	};

	if (c->n > 5)
		v.wipe = LITEIO_CATALOG_WIPE_ZERO;
	return liteio_pool_volume_create(c->pool, &v, NULL, err);
}

static int do_snapshot(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0), volume = uuid_arg(c, 2);

	return liteio_pool_snapshot_create(c->pool, &uuid, c->arg[1], &volume, "poolctl", NULL,
					   err);
}

static int do_rollback(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid volume = uuid_arg(c, 0), snapshot = uuid_arg(c, 1);

	return liteio_pool_volume_rollback(c->pool, &volume, &snapshot, err);
}

static int do_rename(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);

	return liteio_pool_volume_rename(c->pool, &uuid, c->arg[1], err);
}

static int do_wipe(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);
	bool zero = !strcmp(c->arg[1], "zero");

	return liteio_pool_volume_wipe(c->pool, &uuid,
				       zero ? LITEIO_CATALOG_WIPE_ZERO :
					      LITEIO_CATALOG_WIPE_DISCARD,
				       err);
}

static int do_group(struct call *c, struct liteio_error *err)
{
	const struct liteio_pool_member m[] = {
		{ uuid_arg(c, 0), "first", uuid_arg(c, 1) },
		{ uuid_arg(c, 2), "second", uuid_arg(c, 3) },
	};

	return liteio_pool_snapshot_group(c->pool, m, 2, "poolctl", NULL, err);
}

static int do_grow(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);

	return liteio_pool_volume_grow(c->pool, &uuid, number_arg(c, 1), NULL, err);
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
	struct liteio_catalog_volume v;
	struct liteio_pool_thin t;
	int r;

	/* one that was found again has a uuid that nobody knows */
	if (liteio_pool_volume_find(c->pool, LITEIO_CATALOG_VOLUME, c->arg[0], &v))
		v.uuid = uuid_arg(c, 0);
	r = liteio_pool_volume_activate(c->pool, &v.uuid, &t, err);
	if (!r)
		puts(t.path);
	return r;
}

static int do_deactivate(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);

	return liteio_pool_volume_deactivate(c->pool, &uuid, err);
}

/* one that has no thin device yet has id 0 */
static int do_list(struct call *c, struct liteio_error *err)
{
	static const char *const states[] = { "?", "creating", "ready", "deleting" };
	struct liteio_catalog_attachment *a;
	struct liteio_catalog_volume *v;
	size_t n;

	liteio_pool_volume_list(c->pool, &v, &n);
	for (size_t i = 0; i < n; i++)
		printf("%s %s %s size=%llu floor=%llu id=%u limits=%llu,%llu,%llu,%llu,%u\n",
		       v[i].kind == LITEIO_CATALOG_VOLUME ? "volume" : "snapshot", v[i].name,
		       states[v[i].state], (unsigned long long)v[i].size_bytes,
		       (unsigned long long)v[i].floor, v[i].is_unmade ? 0 : v[i].thin_id,
		       (unsigned long long)v[i].limits.read_iops,
		       (unsigned long long)v[i].limits.write_iops,
		       (unsigned long long)v[i].limits.read_bps,
		       (unsigned long long)v[i].limits.write_bps, v[i].limits.burst_ms);
	free(v);
	liteio_pool_attachment_list(c->pool, NULL, &a, &n);
	for (size_t i = 0; i < n; i++)
		printf("attachment %llu %s %s\n", (unsigned long long)a[i].generation,
		       a[i].state == LITEIO_CATALOG_ATT_LIVE ? "live" : "fenced", a[i].host);
	free(a);
	return 0;
}

static int do_overcommit(struct call *c, struct liteio_error *err)
{
	return liteio_pool_set_overcommit(c->pool, number_arg(c, 0), err);
}

/* ---- floors and attachments ----------------------------------------------------------------- */

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
		.flags = c->n > 3 && !strcmp(c->arg[3], "ro") ? LITEIO_CATALOG_ATT_READ_ONLY : 0,
	};

	snprintf(a.host, sizeof(a.host), "%s", c->arg[2]);
	return liteio_pool_attachment_add(c->pool, &a, err);
}

static int do_fence(struct call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid = uuid_arg(c, 0);

	return liteio_pool_attachment_fence(c->pool, &uuid, number_arg(c, 1), false, err);
}

/* ---- the story ------------------------------------------------------------------------------ */

static int do_story(struct call *c, struct liteio_error *err)
{
	const struct liteio_uuid one = uuid_arg(c, 0), two = uuid_arg(c, 1), snap = uuid_arg(c, 2);
	int r = poolctl_story(c->pool, &one, &two, &snap, err);

	return r ? r : do_close(c, err);
}

/* ---- the table ------------------------------------------------------------------------------ */

static const struct command {
	const char *name;
	int (*run)(struct call *c, struct liteio_error *err);
	bool needs_pool;
	int min_args;
	const char *args;
} commands[] = {
	{ "format", do_format, false, 2,
	  "DEVICE NAME [SIZE [force|- [LINEAR [RESERVE [BLOCK]]]]]" },
	{ "probe", do_probe, false, 1, "DEVICE" },
	{ "scan", do_scan, false, 0, "" },
	{ "salvage", do_salvage, false, 1, "DEVICE [make|force]" },
	{ "info", do_info, true, 0, "" },
	{ "list", do_list, true, 0, "" },
	{ "show", do_show, true, 0, "" },
	{ "orphans", do_orphans, true, 1, "N" },
	{ "import", do_import, false, 1, "DEVICE" },
	{ "export", do_export, true, 0, "" },
	{ "enlarge", do_enlarge, true, 0, "[SIZE|0 [DEVICE [force]]]" },
	{ "close", do_close, true, 0, "" },
	{ "destroy", do_destroy, true, 0, "" },
	{ "repair", do_repair, true, 0, "[force]" },
	{ "create", do_create, true, 3, "UUID NAME SIZE [SOURCE-UUID|- [CLASS|- [zero]]]" },
	{ "overcommit", do_overcommit, true, 1, "PERCENT" },
	{ "snapshot", do_snapshot, true, 3, "UUID NAME VOLUME-UUID" },
	{ "rollback", do_rollback, true, 2, "UUID SNAPSHOT-UUID" },
	{ "rename", do_rename, true, 2, "UUID NAME" },
	{ "wipe", do_wipe, true, 2, "UUID zero|discard" },
	{ "group", do_group, true, 4, "UUID VOLUME-UUID UUID VOLUME-UUID" },
	{ "grow", do_grow, true, 2, "UUID SIZE" },
	{ "delete", do_delete, true, 1, "UUID" },
	{ "reclaim", do_reclaim, true, 0, "" },
	{ "activate", do_activate, true, 1, "UUID|NAME" },
	{ "deactivate", do_deactivate, true, 1, "UUID" },
	{ "floor", do_floor, true, 2, "UUID FLOOR" },
	{ "attach", do_attach, true, 3, "UUID GENERATION HOST [ro]" },
	{ "fence", do_fence, true, 2, "UUID GENERATION" },
	{ "story", do_story, true, 3, "UUID UUID UUID" },
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
		r = liteio_pool_open(c->arg[0], NULL, &c->pool, &err);
		c->arg++;
		c->n--;
	}
	if (!r)
		r = cmd->run(c, &err);
	if (c->pool && !c->is_closed)
		liteio_pool_release(c->pool);
	if (r)
		fprintf(stderr, "poolctl: %s: %s\n", liteio_errno_name(r),
			liteio_error_str(&err, r));
	return r ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct call c = { .arg = argv + 2, .n = argc - 2 };

	if (argc == 2 && !strcmp(argv[1], "steps")) {
		_cleanup_free_ const char **names = liteio_step_names();

		for (size_t i = 0; names[i]; i++)
			puts(names[i]);
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
