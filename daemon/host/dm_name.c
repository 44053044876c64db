// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of our device-mapper devices. Pure.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "host/dm.h"

/* the largest generation there is, as the kernel module counts them */
#define GENERATION_MAX 0x7fffffffffffffffull

static const struct role {
	const char *lower;
	const char *upper;
	bool has_generation;
} roles[LITEIO_DM_ROLE_NR] = {
	[LITEIO_DM_POOL] = { "pool", "POOL", false },
	[LITEIO_DM_TMETA] = { "tmeta", "TMETA", false },
	[LITEIO_DM_TDATA] = { "tdata", "TDATA", false },
	[LITEIO_DM_THIN] = { "thin", "THIN", false },
	[LITEIO_DM_HEAD] = { "head", "HEAD", true },
	[LITEIO_DM_REMOTE] = { "remote", "REMOTE", true },
	[LITEIO_DM_LINEAR] = { "linear", "LINEAR", false },
	[LITEIO_DM_RPOOL] = { "rpool", "RPOOL", false },
	[LITEIO_DM_RMETA] = { "rmeta", "RMETA", false },
	[LITEIO_DM_RDATA] = { "rdata", "RDATA", false },
	[LITEIO_DM_TSPARE] = { "tspare", "TSPARE", false },
	[LITEIO_DM_RSPARE] = { "rspare", "RSPARE", false },
};

/* by hand: a name is made for each question to the kernel, and most are without a number */
static void format(const char *prefix, const char *role, bool has_generation,
		   const struct liteio_uuid *uuid, uint64_t generation, char *out)
{
	char *at = stpcpy(stpcpy(out, prefix), role);

	*at++ = '-';
	liteio_uuid_format(uuid, at);
	at += LITEIO_UUID_STRLEN;
	if (has_generation)
		snprintf(at, (size_t)(out + LITEIO_DM_NAME_MAX + 1 - at), "-%" PRIu64, generation);
}

void liteio_dm_name(enum liteio_dm_role role, const struct liteio_uuid *uuid, uint64_t generation,
		    char out[LITEIO_DM_NAME_MAX + 1])
{
	format("liteio-", roles[role].lower, roles[role].has_generation, uuid, generation, out);
}

void liteio_dm_uuid(enum liteio_dm_role role, const struct liteio_uuid *uuid, uint64_t generation,
		    char out[LITEIO_DM_NAME_MAX + 1])
{
	format(LITEIO_DM_UUID_PREFIX, roles[role].upper, roles[role].has_generation, uuid,
	       generation, out);
}

/* what follows "liteio-<role>-" */
static int parse_rest(const char *s, bool has_generation, struct liteio_uuid *ret_uuid,
		      uint64_t *ret_generation)
{
	char text[LITEIO_UUID_STRLEN + 1];
	uint64_t generation = 0;

	if (strlen(s) < LITEIO_UUID_STRLEN)
		return -EINVAL;
	memcpy(text, s, LITEIO_UUID_STRLEN);
	text[LITEIO_UUID_STRLEN] = '\0';
	s += LITEIO_UUID_STRLEN;
	if (has_generation) {
		/* one spelling only: no sign, no leading zero */
		if (s[0] != '-' || s[1] < '1' || s[1] > '9' ||
		    liteio_parse_u64(s + 1, 1, GENERATION_MAX, &generation))
			return -EINVAL;
	} else if (*s) {
		return -EINVAL;
	}
	for (const char *p = text; *p; p++) {
		if (*p >= 'A' && *p <= 'F')
			return -EINVAL;
	}
	if (liteio_uuid_parse(text, ret_uuid))
		return -EINVAL;
	*ret_generation = generation;
	return 0;
}

int liteio_dm_name_parse(const char *name, enum liteio_dm_role *ret_role,
			 struct liteio_uuid *ret_uuid, uint64_t *ret_generation)
{
	static const char prefix[] = "liteio-";
	const size_t prefix_len = sizeof(prefix) - 1;

	if (strncmp(name, prefix, prefix_len) != 0)
		return -EINVAL;
	name += prefix_len;
	for (int i = 0; i < LITEIO_DM_ROLE_NR; i++) {
		size_t len = strlen(roles[i].lower);

		if (strncmp(name, roles[i].lower, len) || name[len] != '-')
			continue;
		if (parse_rest(name + len + 1, roles[i].has_generation, ret_uuid, ret_generation))
			return -EINVAL;
		*ret_role = (enum liteio_dm_role)i;
		return 0;
	}
	return -EINVAL;
}

void liteio_dm_path(const struct liteio_dm_info *info, char out[LITEIO_DM_PATH_MAX])
{
	snprintf(out, LITEIO_DM_PATH_MAX, "/dev/dm-%u", info->minor);
}
