// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata that are read as other ones than were written: who needs them is told so in words, and
 * the pool says it from then on, until it is repaired.
 *
 * unit-src: daemon/pool/thin.c
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "host/dm.h"
#include "pool/thin.h"
#include "pool_in_memory.h"
#include "unit.h"

/* what the kernel answers to a message */
static int answer;

int liteio_dm_message(const char *name, uint64_t sector, const char *text,
		      struct liteio_error *err)
{
	return answer ? liteio_error_set(err, answer, "the kernel says no") : 0;
}

static unsigned int n_said;

static void said(void *arg)
{
	n_said++;
}

/* what asks for metadata */
static const char *const asks[] = { "create", "snapshot", "remove", "commit" };

static int ask(struct liteio_engine *e, const char *what, struct liteio_error *err)
{
	if (!strcmp(what, "create"))
		return e->ops->create(e, 7, err);
	if (!strcmp(what, "snapshot"))
		return e->ops->snapshot(e, 8, 7, err);
	if (!strcmp(what, "remove"))
		return e->ops->remove(e, 7, err);
	return e->ops->commit(e, 1, 2, err);
}

START_TEST(test_told)
{
	static const int damages[] = { -EILSEQ, -ENOTBLK };
	const struct liteio_label label = { .thin_block = MEMORY_BLOCK };
	const dev_t devs[LITEIO_LABEL_DEVICES_MAX] = { 0 };
	struct liteio_engine *e = liteio_thin_new(&label, devs, LITEIO_THIN_MAIN);
	struct liteio_error err = LITEIO_ERROR_INIT;

	e->met_damage = said;
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		for (size_t k = 0; k < sizeof(damages) / sizeof(damages[0]); k++) {
			answer = damages[k];
			n_said = 0;
			ck_assert_msg(ask(e, asks[i], &err) == -EUCLEAN, "%s", asks[i]);
			ck_assert_msg(strstr(err.msg, "are not what was written"), "%s: %s",
				      asks[i], err.msg);
			ck_assert_msg(n_said == 1, "%s", asks[i]);
		}
		/* what else fails is something else */
		answer = -EIO;
		ck_assert_msg(ask(e, asks[i], &err) == -EIO, "%s", asks[i]);
		ck_assert_msg(n_said == 1, "%s", asks[i]);
	}
	/* nobody wants to know */
	answer = -EILSEQ;
	e->met_damage = NULL;
	ck_assert_int_eq(ask(e, "create", &err), -EUCLEAN);
	e->ops->free(e);
}
END_TEST

/* what the kernel says later makes it no better, and who is worse off stays so */
START_TEST(test_condition)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;

	memory_new(&m);
	liteio_pool_set_lane(&m.p, &(struct liteio_pool_lane){ .changed = said });
	ck_assert_int_eq(liteio_pool_refresh(&m.p, &err), 0);
	ck_assert_int_eq(m.p.condition, LITEIO_POOL_READY);
	n_said = 0;
	liteio_pool_met_damage(&m.p);
	ck_assert_int_eq(m.p.condition, LITEIO_POOL_READ_ONLY);
	ck_assert_str_eq(m.p.reason_word, "MetadataDamaged");
	ck_assert_ptr_nonnull(strstr(m.p.reason, "liteioctl pool repair"));
	ck_assert_uint_eq(n_said, 1);
	ck_assert_int_eq(liteio_pool_refresh(&m.p, &err), 0);
	ck_assert_str_eq(m.p.reason_word, "MetadataDamaged");
	ck_assert_int_eq(liteio_pool_check_writable(&m.p, &err), -EROFS);
	/* told again, it is not news */
	n_said = 1;
	liteio_pool_met_damage(&m.p);
	ck_assert_uint_eq(n_said, 1);
	m.thin->says.mode = LITEIO_ENGINE_FAILED;
	ck_assert_int_eq(liteio_pool_refresh(&m.p, &err), 0);
	ck_assert_int_eq(m.p.condition, LITEIO_POOL_FAILED);
	liteio_pool_met_damage(&m.p);
	ck_assert_int_eq(m.p.condition, LITEIO_POOL_FAILED);
	memory_close(&m);
}
END_TEST

UNIT_MAIN("thin-damage", test_told, test_condition)
