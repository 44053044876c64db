/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request of the CSI socket as its handler begins with it: bytes to message, and what the message
 * says of volumes, capabilities and attachments.
 */
#ifndef LITEIO_TESTS_FUZZ_REQUESTS_H
#define LITEIO_TESTS_FUZZ_REQUESTS_H

#include <stddef.h>

struct liteio_error;

/**
 * request_read() - read a request, and abort unless what must hold does
 * @path: of the call, "/service/method"
 * @msg: the message
 * @len: its bytes
 * @err: the sentence, when it is refused
 *
 * Return: 0, -ENOSYS: there is no such method, or -EINVAL, always with a sentence.
 */
int request_read(const char *path, const void *msg, size_t len, struct liteio_error *err);

/* how many were messages of their method, and how many of these their handler would go on with */
extern unsigned long requests_unpacked, requests_accepted;

#endif
