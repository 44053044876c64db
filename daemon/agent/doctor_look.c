// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the doctor sees: the kernel's side of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/doctor.h"
#include "agent/gate.h"
#include "agent/publish.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/kmodule.h"

static const struct liteio_nvmet target = LITEIO_NVMET_INIT;

void liteio_doctor_word(struct liteio_doctor_word **words, size_t *n, const char *name,
			const char *what)
{
	struct liteio_doctor_word *w;

	*words = liteio_realloc(*words, *n + 1, sizeof(**words));
	w = &(*words)[(*n)++];
	snprintf(w->name, sizeof(w->name), "%s", name);
	snprintf(w->what, sizeof(w->what), "%s", what);
}

static void blind(struct liteio_doctor_view *v, const char *part, struct liteio_error *err, int r)
{
	liteio_doctor_word(&v->blind, &v->n_blind, part, liteio_error_str(err, r));
}

/* ---- devices -------------------------------------------------------------------------------- */

/* "253:3 17": the pool below, and the id in it */
static void parse_thin(const char *params, struct liteio_doctor_device *d)
{
	unsigned int ma, mi;
	unsigned long long id;

	if (sscanf(params, "%u:%u %llu", &ma, &mi, &id) == 3) {
		d->lower = makedev(ma, mi);
		d->thin_id = id;
	}
}

/* false: it went away meanwhile */
static bool look_device(const struct liteio_dm_info *dm, struct liteio_doctor_device *ret)
{
	struct liteio_dm_target *table _cleanup_free_ = NULL;
	size_t n = 0;

	*ret = (struct liteio_doctor_device){ .dm = *dm };
	liteio_dm_path(dm, ret->path);
	if (liteio_dm_table(dm->name, &table, &n, NULL))
		return false;
	for (size_t i = 0; i < n; i++)
		ret->size_bytes += table[i].sectors * 512;
	/* a volume may lie in several ranges */
	if (n == 0)
		return true;
	snprintf(ret->type, sizeof(ret->type), "%s", table[0].type);
	if (n == 1 && !strcmp(table[0].type, "thin"))
		parse_thin(table[0].params, ret);
	return true;
}

static void look_devices(struct liteio_doctor_view *v)
{
	struct liteio_dm_info *list _cleanup_free_ = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	size_t n = 0;
	int r;

	r = liteio_dm_list(&list, &n, &err);
	if (!r)
		r = liteio_head_list(&v->heads, &v->n_heads, &err);
	if (r) {
		blind(v, "device-mapper", &err, r);
		return;
	}
	v->devices = liteio_calloc(n + 1, sizeof(*v->devices));
	for (size_t i = 0; i < n; i++)
		v->n_devices += look_device(&list[i], &v->devices[v->n_devices]);
}

/* ---- the module ----------------------------------------------------------------------------- */

static int compare_reg(const void *a, const void *b)
{
	const struct liteio_netlink_volume *x = a, *y = b;

	return memcmp(x->uuid.b, y->uuid.b, sizeof(x->uuid.b));
}

/* another one than modprobe would load; one that is not installed can not be compared */
static void look_installed(struct liteio_doctor_view *v)
{
	struct liteio_kmodule_info i;

	if (liteio_kmodule_info("liteio", &i, NULL) || !i.installed || i.is_installed_one)
		return;
	snprintf(v->module, sizeof(v->module),
		 "the module that is loaded (%s) is not the one that is installed (%s): it is taken when the node starts again",
		 i.version[0] ? i.version : "of no version",
		 i.installed_version[0] ? i.installed_version : "of no version");
}

static int look_registry(struct liteio_netlink *nl, struct liteio_doctor_view *v,
			 struct liteio_error *err)
{
	struct liteio_netlink_info info;
	int r;

	r = liteio_netlink_info_get(nl, &info, err);
	if (!r)
		r = liteio_netlink_vol_list(nl, &v->reg_volumes, &v->n_reg_volumes, err);
	if (!r)
		r = liteio_netlink_att_list(nl, NULL, &v->reg_atts, &v->n_reg_atts, err);
	if (r)
		return r;
	v->has_module = true;
	v->has_limits = info.features & LITEIO_FEATURE_QOS;
	if (v->n_reg_volumes > 1)
		qsort(v->reg_volumes, v->n_reg_volumes, sizeof(*v->reg_volumes), compare_reg);
	look_installed(v);
	return 0;
}

static void look_module(struct liteio_doctor_view *v)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	r = liteio_gate_open(&nl, &err);
	if (!r && nl)
		r = look_registry(nl, v, &err);
	if (r)
		blind(v, "module", &err, r);
}

/* ---- exports, names ------------------------------------------------------------------------- */

static void look_exports(struct liteio_doctor_view *v)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	/* no configfs, or no target in it: no exports */
	r = liteio_nvmet_list(&target, &v->exports, &v->n_exports, &err);
	if (r == -ENOENT)
		r = 0;
	if (!r)
		r = liteio_nvmet_namespace_list(&target, &v->namespaces, &v->n_namespaces, &err);
	if (r)
		blind(v, "exports", &err, r);
}

/* "../dm-7" as "/dev/dm-7"; "" for what leads elsewhere */
static void look_link(const char *name, struct liteio_doctor_link *ret)
{
	_cleanup_free_ char *path = liteio_strf(LITEIO_PUBLISH_DIR "/%s", name);
	char found[LITEIO_DM_PATH_MAX];
	ssize_t len = readlink(path, found, sizeof(found) - 1);

	*ret = (struct liteio_doctor_link){ 0 };
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	if (len < 0 || strncmp(found, "../", 3) != 0)
		return;
	found[len] = '\0';
	snprintf(ret->target, sizeof(ret->target), "/dev/%.*s", (int)sizeof(ret->target) - 6,
		 found + 3);
}

static void look_links(struct liteio_doctor_view *v)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char **names;
	size_t n = 0;
	int r;

	if (!liteio_fs_exists(LITEIO_PUBLISH_DIR))
		return;
	r = liteio_fs_list(LITEIO_PUBLISH_DIR, &names, &n, &err);
	if (r) {
		blind(v, "links", &err, r);
		return;
	}
	v->links = liteio_calloc(n + 1, sizeof(*v->links));
	for (size_t i = 0; i < n; i++)
		look_link(names[i], &v->links[v->n_links++]);
	liteio_fs_names_free(names, n);
}

/* ---- the whole ------------------------------------------------------------------------------ */

void liteio_doctor_look(struct liteio_agent *a, struct liteio_doctor_view *ret)
{
	*ret = (struct liteio_doctor_view){ .n_listen = a->config.n_listen };
	liteio_doctor_look_pools(a, ret);
	look_devices(ret);
	look_module(ret);
	look_exports(ret);
	look_links(ret);
	liteio_doctor_look_node(a, ret);
}

void liteio_doctor_view_fini(struct liteio_doctor_view *v)
{
	free(v->blind);
	free(v->pools);
	free(v->volumes);
	free(v->atts);
	free(v->devices);
	free(v->heads);
	free(v->reg_volumes);
	free(v->reg_atts);
	if (v->exports)
		liteio_nvmet_exports_free(v->exports, v->n_exports);
	free(v->namespaces);
	free(v->links);
	free(v->found);
	free(v->missing);
	free(v->groups);
	free(v->config);
}
