/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML, where other people's files are YAML (kubeconfigs): one document becomes the JSON value that
 * it stands for. libyaml reads it; its types stay in yaml.c.
 */
#ifndef LITEIO_BASE_YAML_H
#define LITEIO_BASE_YAML_H

#include <stddef.h>

struct liteio_error;
struct liteio_json;

#define LITEIO_YAML_MAX_DEPTH 32
/* values in a document, every use of an alias counted */
#define LITEIO_YAML_MAX_VALUES 65536

/**
 * liteio_yaml_parse() - parse one YAML document
 * @text: need not be terminated
 * @len: its length
 * @ret: the value, owned by the caller; NULL for an empty document
 * @err: what is wrong and in which line
 *
 * Plain scalars are what YAML 1.2's JSON schema makes of them: null, true, false, whole numbers;
 * all else is a string, as is everything quoted. Keys are strings; one that comes twice, a second
 * document and a tag of the file's own are errors. JSON is YAML, too.
 *
 * Context: any thread. Return: 0, -EINVAL, or -EMSGSIZE when it is too deep or too large.
 */
int liteio_yaml_parse(const char *text, size_t len, struct liteio_json **ret,
		      struct liteio_error *err);

#endif
