/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base64, as kubeconfigs and Secrets carry their data. Pure.
 */
#ifndef LITEIO_KUBE_BASE64_H
#define LITEIO_KUBE_BASE64_H

#include <stddef.h>

/*
 * decode into new, terminated memory; line breaks are skipped. 0 or -EINVAL, @ret_* untouched then
 */
int liteio_base64_decode(const char *text, char **ret, size_t *ret_len);

#endif
