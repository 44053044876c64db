/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single steps in the target's configfs tree, for nvmet.c and its siblings only.
 *
 * What takes a lock of the target runs in a child process and is given up after the bound. Each
 * step is done when it is done already.
 */
#ifndef LITEIO_HOST_NVMET_CFS_H
#define LITEIO_HOST_NVMET_CFS_H

#include <stdbool.h>
#include <stddef.h>

#include "host/nvmet.h"

#define LITEIO_NVMET_PATH_MAX 1024

/*
 * ANA groups of namespaces: the kernel has the first one optimized on every port, and all others
 * inaccessible, as long as nobody makes a directory for them
 */
#define LITEIO_NVMET_GROUP_SERVES "1"
#define LITEIO_NVMET_GROUP_WAITS "99"

/* path below the root; a path that does not fit ends the process: all parts are bounded */
void liteio_nvmet_path(const struct liteio_nvmet *t, char out[LITEIO_NVMET_PATH_MAX],
		       const char *fmt, ...) __attribute__((format(printf, 3, 4)));

int liteio_nvmet_mkdir(const char *path, struct liteio_error *err);
int liteio_nvmet_rmdir(const struct liteio_nvmet *t, const char *path, struct liteio_error *err);
int liteio_nvmet_symlink(const struct liteio_nvmet *t, const char *target, const char *path,
			 struct liteio_error *err);
int liteio_nvmet_rmlink(const struct liteio_nvmet *t, const char *path, struct liteio_error *err);
/* write unless the attribute says so already */
int liteio_nvmet_set(const struct liteio_nvmet *t, const char *dir, const char *attr,
		     const char *value, struct liteio_error *err);
/* "" when it cannot be read; owned by the caller */
char *liteio_nvmet_get(const char *dir, const char *attr);
bool liteio_nvmet_ns_is_enabled(const char *ns);
/* both false when nobody can say */
bool liteio_nvmet_ns_serves(const char *ns);
bool liteio_nvmet_ns_waits(const char *ns);

#endif
