/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON as our programs decode it; fuzz-json hands every text to all of them.
 */
#ifndef LITEIO_TESTS_FUZZ_OBJECTS_H
#define LITEIO_TESTS_FUZZ_OBJECTS_H

#include <stddef.h>

struct liteio_field;
struct liteio_json;

/* decode into a struct of @size bytes; what was decoded and encoded decodes to the same again */
void fuzz_bind(const struct liteio_json *j, const struct liteio_field *fields, size_t size,
	       unsigned int flags);
/* objects of the API server, bodies and answers of the local API, parameters of a StorageClass */
void fuzz_objects(const struct liteio_json *j);
/* the agent's configuration */
void fuzz_config(const char *text, size_t len);

#endif
