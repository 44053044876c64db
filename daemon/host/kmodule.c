// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernel modules through libkmod.
 */
#include <errno.h>
#include <libkmod.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/lazy.h"
#include "base/str.h"
#include "host/kmodule.h"

/* what is used of libkmod, which comes with a library of ciphers: kmod.new is its kmod_new */
static struct {
	__typeof__(&kmod_list_next) list_next;
	__typeof__(&kmod_module_get_info) module_get_info;
	__typeof__(&kmod_module_get_initstate) module_get_initstate;
	__typeof__(&kmod_module_get_module) module_get_module;
	__typeof__(&kmod_module_get_path) module_get_path;
	__typeof__(&kmod_module_info_free_list) module_info_free_list;
	__typeof__(&kmod_module_info_get_key) module_info_get_key;
	__typeof__(&kmod_module_info_get_value) module_info_get_value;
	__typeof__(&kmod_module_new_from_lookup) module_new_from_lookup;
	__typeof__(&kmod_module_probe_insert_module) module_probe_insert_module;
	__typeof__(&kmod_module_unref) module_unref;
	__typeof__(&kmod_module_unref_list) module_unref_list;
	__typeof__(&kmod_new) new;
	__typeof__(&kmod_set_log_priority) set_log_priority;
	__typeof__(&kmod_unref) unref;
} kmod;

/* in this order */
static const char *const names[] = {
	"kmod_list_next",
	"kmod_module_get_info",
	"kmod_module_get_initstate",
	"kmod_module_get_module",
	"kmod_module_get_path",
	"kmod_module_info_free_list",
	"kmod_module_info_get_key",
	"kmod_module_info_get_value",
	"kmod_module_new_from_lookup",
	"kmod_module_probe_insert_module",
	"kmod_module_unref",
	"kmod_module_unref_list",
	"kmod_new",
	"kmod_set_log_priority",
	"kmod_unref",
};
_Static_assert(sizeof(kmod) == sizeof(names), "each of them has a name");

static void ctx_unrefp(struct kmod_ctx **c)
{
	if (*c)
		kmod.unref(*c);
}

static void list_unrefp(struct kmod_list **l)
{
	if (*l)
		kmod.module_unref_list(*l);
}

static void mod_unrefp(struct kmod_module **m)
{
	if (*m)
		kmod.module_unref(*m);
}

/* the kernel writes '-' as '_' */
static void sysfs_path(const char *name, const char *file, char *out, size_t len)
{
	snprintf(out, len, "/sys/module/%s%s%s", name, *file ? "/" : "", file);
	for (char *p = out + strlen("/sys/module/"); *p && *p != '/'; p++) {
		if (*p == '-')
			*p = '_';
	}
}

static void read_sysfs(const char *name, const char *file, char *out, size_t len)
{
	char path[256], *value _cleanup_free_ = NULL;

	sysfs_path(name, file, path, sizeof(path));
	out[0] = '\0';
	if (!liteio_fs_read_line(path, &value, NULL))
		snprintf(out, len, "%s", value);
}

bool liteio_kmodule_is_loaded(const char *name)
{
	char path[256];

	sysfs_path(name, "", path, sizeof(path));
	return liteio_fs_exists(path);
}

static int lookup(const char *name, struct kmod_ctx *ctx, struct kmod_list **ret,
		  struct liteio_error *err)
{
	struct kmod_list *list = NULL;
	int r;

	r = kmod.module_new_from_lookup(ctx, name, &list);
	if (r < 0)
		return liteio_error_set(err, r, "cannot look for the module %s: %s", name,
					liteio_error_str(NULL, r));
	if (!list)
		return liteio_error_set(err, -ENOENT, "the module %s is not installed for this kernel",
					name);
	*ret = list;
	return 0;
}

static int load_kmod(struct liteio_error *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool is_loaded;
	int r = 0;

	liteio_guard(&lock);
	if (!is_loaded)
		r = liteio_lazy_load("libkmod.so.2", names, LITEIO_ARRAY_SIZE(names), &kmod, err);
	is_loaded = is_loaded || !r;
	return r;
}

static int new_ctx(struct kmod_ctx **ret, struct liteio_error *err)
{
	int r = load_kmod(err);

	if (r)
		return r;
	*ret = kmod.new(NULL, NULL);
	if (!*ret)
		return liteio_error_set(err, -ENOMEM, "cannot use libkmod");
	/* its messages would go to stderr; we report codes */
	kmod.set_log_priority(*ret, 0);
	return 0;
}

/* the value of a modinfo field of the installed file */
static void file_info(struct kmod_module *mod, const char *key, char *out, size_t len)
{
	struct kmod_list *info = NULL, *i;

	out[0] = '\0';
	if (kmod.module_get_info(mod, &info) < 0)
		return;
	for (i = info; i; i = kmod.list_next(info, i)) {
		if (!strcmp(kmod.module_info_get_key(i), key))
			snprintf(out, len, "%s", kmod.module_info_get_value(i));
	}
	kmod.module_info_free_list(info);
}

int liteio_kmodule_info(const char *name, struct liteio_kmodule_info *ret, struct liteio_error *err)
{
	struct kmod_ctx *ctx _cleanup_(ctx_unrefp) = NULL;
	struct kmod_list *list _cleanup_(list_unrefp) = NULL;
	struct kmod_module *mod _cleanup_(mod_unrefp) = NULL;
	struct liteio_kmodule_info i = { 0 };
	char srcversion[64];
	int r = new_ctx(&ctx, err);

	if (r)
		return r;
	i.loaded = liteio_kmodule_is_loaded(name);
	read_sysfs(name, "version", i.version, sizeof(i.version));
	read_sysfs(name, "srcversion", i.srcversion, sizeof(i.srcversion));
	if (!lookup(name, ctx, &list, NULL)) {
		mod = kmod.module_get_module(list);
		i.builtin = kmod.module_get_initstate(mod) == KMOD_MODULE_BUILTIN;
		i.installed = i.builtin || kmod.module_get_path(mod);
		file_info(mod, "version", i.installed_version, sizeof(i.installed_version));
		file_info(mod, "srcversion", srcversion, sizeof(srcversion));
		i.is_installed_one = i.loaded && srcversion[0] &&
				     !strcmp(srcversion, i.srcversion);
	}
	*ret = i;
	return 0;
}

int liteio_kmodule_load(const char *name, struct liteio_error *err)
{
	struct kmod_ctx *ctx _cleanup_(ctx_unrefp) = NULL;
	struct kmod_list *list _cleanup_(list_unrefp) = NULL, *l;
	int r;

	if (liteio_kmodule_is_loaded(name))
		return 0;
	r = new_ctx(&ctx, err);
	if (r == 0)
		r = lookup(name, ctx, &list, err);
	if (r)
		return r;
	for (l = list; l; l = kmod.list_next(list, l)) {
		struct kmod_module *mod _cleanup_(mod_unrefp) = kmod.module_get_module(l);

		r = kmod.module_probe_insert_module(mod, KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY,
						    NULL, NULL, NULL, NULL);
		if (r < 0 && r != -EEXIST)
			return liteio_error_set(err, r, "cannot load the module %s: %s", name,
						liteio_error_str(NULL, r));
	}
	return 0;
}
