/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `doctor`: what does not fit together, and having it mended one by one.
 */
#ifndef LITEIO_CTL_DOCTOR_H
#define LITEIO_CTL_DOCTOR_H

#include <stdbool.h>

struct liteio_error;
struct liteio_json;

/**
 * liteio_doctor() - ask for findings, and with @fix have those mended that can be
 * @socket: of the agent
 * @path: of the findings
 * @fix: mend; what was done, and what could not be, is said on stderr
 * @ret: the findings that are left, owned by the caller; may be set on failure, too
 * @err: how many of them are errors
 *
 * Return: 0, -EUCLEAN when a finding is an error, or another negative errno.
 */
int liteio_doctor(const char *socket, const char *path, bool fix, struct liteio_json **ret,
		  struct liteio_error *err);

#endif
