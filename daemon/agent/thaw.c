// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Letting go of what an agent that is gone held still.
 */
#include "agent/thaw.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/uuid.h"
#include "host/dm.h"

/* from below: what stands on a device that is suspended waits for it */
static const enum liteio_dm_role order[] = { LITEIO_DM_LINEAR, LITEIO_DM_THIN, LITEIO_DM_HEAD };

/* heads are for everybody, what is below them only for us */
static unsigned int flags_of(enum liteio_dm_role role)
{
	return role == LITEIO_DM_HEAD ? 0 : LITEIO_DM_INNER;
}

static bool is_held(const struct liteio_dm_info *i, enum liteio_dm_role role)
{
	enum liteio_dm_role its;
	struct liteio_uuid uuid;
	uint64_t generation;

	return i->suspended && (i->live_table || i->inactive_table) &&
	       liteio_dm_name_parse(i->name, &its, &uuid, &generation) == 0 && its == role;
}

/* false: it stays suspended */
static bool let_go(const struct liteio_dm_info *i, enum liteio_dm_role role)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_dm_resume(i->name, flags_of(role), &err);

	if (r < 0)
		log_err(NULL, "%s stays suspended: %s", i->name, liteio_error_str(&err, r));
	else
		log_warning(NULL, "%s was suspended, it goes on", i->name);
	return r == 0;
}

unsigned int liteio_thaw(void)
{
	_cleanup_free_ struct liteio_dm_info *all = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	unsigned int left = 0;
	size_t i, n = 0;
	int r;

	r = liteio_dm_list(&all, &n, &err);
	if (r < 0) {
		log_err(NULL, "what is suspended is not known: %s", liteio_error_str(&err, r));
		return 1;
	}
	for (size_t k = 0; k < LITEIO_ARRAY_SIZE(order); k++)
		for (i = 0; i < n; i++)
			if (is_held(&all[i], order[k]) && !let_go(&all[i], order[k]))
				left++;
	return left;
}
