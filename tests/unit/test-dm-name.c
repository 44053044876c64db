// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of device-mapper devices and of exports: one spelling, both ways.
 */
#include <errno.h>
#include <string.h>

#include "host/dm.h"
#include "host/nvmet.h"
#include "unit.h"

#define TEXT "0123abcd-4567-89ef-0011-223344556677"

START_TEST(test_names)
{
	static const struct {
		enum liteio_dm_role role;
		uint64_t generation;
		const char *name;
		const char *uuid;
	} cases[] = {
		{ LITEIO_DM_POOL, 0, "liteio-pool-" TEXT, "LITEIO-POOL-" TEXT },
		{ LITEIO_DM_TMETA, 0, "liteio-tmeta-" TEXT, "LITEIO-TMETA-" TEXT },
		{ LITEIO_DM_TDATA, 0, "liteio-tdata-" TEXT, "LITEIO-TDATA-" TEXT },
		{ LITEIO_DM_THIN, 0, "liteio-thin-" TEXT, "LITEIO-THIN-" TEXT },
		{ LITEIO_DM_LINEAR, 0, "liteio-linear-" TEXT, "LITEIO-LINEAR-" TEXT },
		{ LITEIO_DM_RPOOL, 0, "liteio-rpool-" TEXT, "LITEIO-RPOOL-" TEXT },
		{ LITEIO_DM_RMETA, 0, "liteio-rmeta-" TEXT, "LITEIO-RMETA-" TEXT },
		{ LITEIO_DM_RDATA, 0, "liteio-rdata-" TEXT, "LITEIO-RDATA-" TEXT },
		{ LITEIO_DM_TSPARE, 0, "liteio-tspare-" TEXT, "LITEIO-TSPARE-" TEXT },
		{ LITEIO_DM_RSPARE, 0, "liteio-rspare-" TEXT, "LITEIO-RSPARE-" TEXT },
		{ LITEIO_DM_HEAD, 1, "liteio-head-" TEXT "-1", "LITEIO-HEAD-" TEXT "-1" },
		{ LITEIO_DM_REMOTE, 0x7fffffffffffffff,
		  "liteio-remote-" TEXT "-9223372036854775807",
		  "LITEIO-REMOTE-" TEXT "-9223372036854775807" },
	};
	struct liteio_uuid uuid, back;

	ck_assert_int_eq(liteio_uuid_parse(TEXT, &uuid), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[LITEIO_DM_NAME_MAX + 1];
		enum liteio_dm_role role;
		uint64_t generation;

		liteio_dm_uuid(cases[i].role, &uuid, cases[i].generation, out);
		ck_assert_str_eq(out, cases[i].uuid);
		liteio_dm_name(cases[i].role, &uuid, cases[i].generation, out);
		ck_assert_str_eq(out, cases[i].name);
		ck_assert_int_eq(liteio_dm_name_parse(out, &role, &back, &generation), 0);
		ck_assert_int_eq(role, cases[i].role);
		ck_assert_uint_eq(generation, cases[i].generation);
		ck_assert(liteio_uuid_equal(&uuid, &back));
	}
}
END_TEST

START_TEST(test_bad_names)
{
	static const char *const bad[] = {
		"",
		"liteio-",
		"liteio-pool",
		"liteio-pool-",
		"liteio-pools-" TEXT,
		"liteio-pool-" TEXT "-1",
		"liteio-pool-" TEXT "x",
		"liteio-pool-0123ABCD-4567-89ef-0011-223344556677",
		"liteio-head-" TEXT,
		"liteio-head-" TEXT "-",
		"liteio-head-" TEXT "-0",
		"liteio-head-" TEXT "-01",
		"liteio-head-" TEXT "-+1",
		"liteio-head-" TEXT "-1 ",
		"liteio-head-" TEXT "-9223372036854775808",
		"LITEIO-HEAD-" TEXT "-1",
		"xliteio-pool-" TEXT,
	};
	struct liteio_uuid uuid;
	enum liteio_dm_role role;
	uint64_t generation;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(liteio_dm_name_parse(bad[i], &role, &uuid, &generation) == -EINVAL,
			      "accepted \"%s\"", bad[i]);
}
END_TEST

START_TEST(test_nqn)
{
	static const char *const bad[] = {
		"",
		LITEIO_NQN_PREFIX,
		LITEIO_NQN_PREFIX TEXT,
		LITEIO_NQN_PREFIX TEXT ":",
		LITEIO_NQN_PREFIX TEXT ":0",
		LITEIO_NQN_PREFIX TEXT ":01",
		LITEIO_NQN_PREFIX TEXT ":1x",
		LITEIO_NQN_PREFIX TEXT "-1",
		LITEIO_NQN_PREFIX "0123ABCD-4567-89ef-0011-223344556677:1",
		LITEIO_NQN_PREFIX TEXT ":9223372036854775808",
		"nqn.2014-08.org.nvmexpress:uuid:" TEXT,
	};
	char out[LITEIO_NQN_MAX + 1];
	struct liteio_uuid uuid, back;
	uint64_t generation;

	ck_assert_int_eq(liteio_uuid_parse(TEXT, &uuid), 0);
	liteio_nqn_format(&uuid, 42, out);
	ck_assert_str_eq(out, "nqn.2026-11.io.liteio:" TEXT ":42");
	ck_assert_int_eq(liteio_nqn_parse(out, &back, &generation), 0);
	ck_assert_uint_eq(generation, 42);
	ck_assert(liteio_uuid_equal(&uuid, &back));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(liteio_nqn_parse(bad[i], &back, &generation) == -EINVAL,
			      "accepted \"%s\"", bad[i]);
}
END_TEST

UNIT_MAIN("dm-name", test_names, test_bad_names, test_nqn)
