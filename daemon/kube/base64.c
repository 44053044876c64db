// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Base64, as kubeconfigs and Secrets carry their data.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "kube/base64.h"

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

int liteio_base64_decode(const char *text, char **ret, size_t *ret_len)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	unsigned int bits = 0, n = 0, padding = 0;
	uint32_t group = 0;

	for (; *text; text++) {
		int v = value_of(*text);
		char byte;

		if (*text == '\n' || *text == '\r')
			continue;
		if (*text == '=') {
			padding++;
			continue;
		}
		if (v < 0 || padding)
			goto bad;
		n++;
		group = group << 6 | (unsigned int)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			byte = (char)(group >> bits & 0xff);
			liteio_buf_add(&b, &byte, 1);
		}
	}
	/* whole groups of four, and no bits left over that say something */
	if ((n + padding) % 4 || padding > 2 || group & ((1u << bits) - 1))
		goto bad;
	*ret_len = b.len;
	*ret = liteio_buf_take(&b);
	return 0;
bad:
	liteio_buf_fini(&b);
	return -EINVAL;
}
