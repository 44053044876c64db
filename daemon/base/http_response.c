// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a caller over HTTP is given.
 */
#include "base/http_response.h"

#include <stdlib.h>

void liteio_http_response_fini(struct liteio_http_response *r)
{
	free(r->body);
	*r = (struct liteio_http_response){ 0 };
}
