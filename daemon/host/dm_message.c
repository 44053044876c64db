// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages to targets. No device comes, changes or goes by them, so the library has nothing to tell
 * udev's rules: they go the short way.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "host/dm.h"
#include "host/dm_ioctl.h"

int liteio_dm_message(const char *name, uint64_t sector, const char *message,
		      struct liteio_error *err)
{
	LITEIO_DM_CALL(c);
	int r = liteio_dm_call_message(&c, name, sector, message);

	if (r == -ENODEV)
		liteio_error_set(err, r, "cannot send a message to %s: there is no such device",
				 name);
	else if (r)
		liteio_error_set(err, r, "cannot send a message to %s: %s", name,
				 liteio_error_str(NULL, r));
	return r ? liteio_error_wrap(err, r, "\"%s\"", message) : 0;
}
