// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the names that callers choose to the names of our objects.
 */
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "id.h"

/* FNV-1a with 128 bits; collisions are caught by comparing names, so it needs no secret */
static unsigned __int128 hash(const char *s)
{
	const unsigned __int128 prime = (unsigned __int128)1 << 88 | 0x13b;
	unsigned __int128 h = (unsigned __int128)0x6c62272e07bb0142ull << 64;

	h |= 0x62b821756295c58dull;
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * prime;
	return h;
}

int liteio_csi_id_check(const char *id)
{
	return liteio_name_check("volume", id, NULL);
}

char *liteio_csi_id(const char *prefix, const char *name)
{
	unsigned __int128 h;

	/* object names are stricter than ours: each part between dots begins and ends alike */
	if (strlen(name) <= LITEIO_CSI_ID_MAX && liteio_csi_id_check(name) == 0 &&
	    !strstr(name, ".-") && !strstr(name, "-."))
		return liteio_strdup(name);
	h = hash(name);
	return liteio_strf("%s-%016llx%016llx", prefix, (unsigned long long)(h >> 64),
			   (unsigned long long)h);
}
