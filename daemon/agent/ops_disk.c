// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on disks: which there are, and what a pool would say to them.
 */
#include <string.h>

#include "agent/ops.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "host/block.h"
#include "model/disk_rule.h"
#include "model/local.h"
#include "pool/disk.h"

/* what a disk says of itself need not be text */
static char *text_of(const char *s)
{
	char *clean;

	if (!s[0])
		return NULL;
	clean = liteio_utf8_clean(s);
	return clean ? clean : liteio_strdup(s);
}

/* "xfs, ext4"; NULL when there is nothing */
static char *types_of(const struct liteio_block_content *c)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	char *types, *clean;

	for (size_t i = 0; i < c->n_signatures; i++)
		liteio_buf_addf(&b, "%s%s", i ? ", " : "", c->signatures[i].type);
	types = liteio_buf_take(&b);
	clean = text_of(types);
	free(types);
	return clean;
}

static void fill_ids(const struct liteio_disk *d, const struct liteio_block_id *ids, size_t n,
		     struct liteio_local_disk *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (ids[i].dev != d->info.dev)
			continue;
		ret->by_id = liteio_realloc(ret->by_id, ret->n_by_id + 1, sizeof(*ret->by_id));
		ret->by_id[ret->n_by_id++] = text_of(ids[i].name);
	}
}

static void fill(const struct liteio_disk *d, struct liteio_local_disk *ret)
{
	struct liteio_error why = LITEIO_ERROR_INIT;
	struct liteio_disk_losses losses;
	enum liteio_disk_verdict verdict;
	int r;

	/* a number that may be another one's after a reboot is no name to go by */
	ret->device = liteio_block_lasting_path(d->info.path);
	if (!ret->device)
		ret->device = liteio_strdup(d->info.path);
	r = liteio_disk_judge(d, ret->device, 0, false, &verdict, &why);
	ret->type = liteio_strdup(d->info.is_partition ? "partition" :
				  d->info.mapped[0]    ? d->info.mapped :
							 "disk");
	ret->size_bytes = d->info.size_bytes;
	ret->model = text_of(d->info.model);
	ret->serial = text_of(d->info.serial);
	ret->rotational = d->info.rotational;
	ret->usable = r == 0;
	ret->forcible = liteio_disk_is_forcible(d);
	ret->verdict = liteio_strdup(liteio_disk_verdict_names[verdict]);
	ret->reason = r ? text_of(liteio_error_str(&why, r)) : NULL;
	ret->signature = types_of(&d->content);
	ret->pool = text_of(d->pool);
	if (!ret->forcible)
		return;
	liteio_disk_lose(d, ret->device, &losses);
	ret->destroyed = liteio_calloc(losses.n + 1, sizeof(*ret->destroyed));
	for (size_t i = 0; i < losses.n; i++)
		ret->destroyed[ret->n_destroyed++] = text_of(losses.items[i]);
}

int liteio_op_disk_list(struct liteio_agent *a, const struct liteio_local_disk_rule *rule,
			struct liteio_local_disk_list *ret, struct liteio_error *err)
{
	struct liteio_disk *disks _cleanup_free_ = NULL;
	struct liteio_block_id *ids;
	size_t i, n, n_ids;
	int r;

	r = liteio_disk_rule_check(rule, err);
	if (!r)
		r = liteio_disk_list(&disks, &n, err);
	if (r)
		return r;
	liteio_block_ids(&ids, &n_ids);
	ret->items = liteio_calloc(n + 1, sizeof(*ret->items));
	for (i = 0; i < n; i++) {
		struct liteio_local_disk *one = &ret->items[ret->n_items];

		fill_ids(&disks[i], ids, n_ids, one);
		fill(&disks[i], one);
		if (liteio_disk_rule_match(rule, one))
			ret->n_items++;
		else
			liteio_json_fini(one, liteio_local_disk_fields);
	}
	liteio_block_ids_free(ids, n_ids);
	return 0;
}
