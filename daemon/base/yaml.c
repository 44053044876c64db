// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * YAML documents as JSON values, on libyaml.
 */
#include "base/yaml.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"
#include "base/json.h"

/**
 * struct reader - one document on its way
 * @doc: as libyaml has it: nodes, which an alias makes shared
 * @values: made so far
 * @err: where the first complaint goes
 */
struct reader {
	yaml_document_t *doc;
	size_t values;
	struct liteio_error *err;
};

static int convert(struct reader *r, int id, int depth, struct liteio_json **ret);

static int complain(const struct reader *r, const yaml_node_t *node, const char *what)
{
	return liteio_error_set(r->err, -EINVAL, "line %zu: %s", node->start_mark.line + 1, what);
}

static bool is_whole_number(const char *s, int64_t *ret)
{
	const char *digits = s[0] == '-' ? s + 1 : s;
	char *end;

	if (digits[0] < '0' || digits[0] > '9' || (digits[0] == '0' && digits[1]))
		return false;
	errno = 0;
	*ret = strtoll(s, &end, 10);
	return !errno && !*end;
}

static int convert_scalar(const struct reader *r, const yaml_node_t *node, struct liteio_json **ret)
{
	const char *s = (const char *)node->data.scalar.value;
	int64_t number;

	if (strlen(s) != node->data.scalar.length)
		return complain(r, node, "a NUL character in a text");
	*ret = NULL;
	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		*ret = liteio_json_new_string(s);
	else if (!*s || !strcmp(s, "~") || !strcmp(s, "null"))
		return 0;
	else if (!strcmp(s, "true") || !strcmp(s, "false"))
		*ret = liteio_json_new_bool(*s == 't');
	else if (is_whole_number(s, &number))
		*ret = liteio_json_new_int(number);
	else
		*ret = liteio_json_new_string(s);
	return 0;
}

static int convert_sequence(struct reader *r, const yaml_node_t *node, int depth,
			    struct liteio_json **ret)
{
	struct liteio_json *list = liteio_json_new_array(), *item = NULL;
	const yaml_node_item_t *i;
	int err;

	for (i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++) {
		err = convert(r, *i, depth + 1, &item);
		if (err) {
			liteio_json_unref(list);
			return err;
		}
		liteio_json_append(list, item);
	}
	*ret = list;
	return 0;
}

static int convert_pair(struct reader *r, const yaml_node_pair_t *pair, int depth,
			struct liteio_json *into)
{
	const yaml_node_t *key = yaml_document_get_node(r->doc, pair->key);
	struct liteio_json *value = NULL;
	const char *name;
	int err;

	if (key->type != YAML_SCALAR_NODE)
		return complain(r, key, "a key that is no text");
	name = (const char *)key->data.scalar.value;
	if (strlen(name) != key->data.scalar.length)
		return complain(r, key, "a NUL character in a key");
	if (liteio_json_has(into, name))
		return complain(r, key, "this key is there already");
	err = convert(r, pair->value, depth + 1, &value);
	if (!err)
		liteio_json_set(into, name, value);
	return err;
}

static int convert_mapping(struct reader *r, const yaml_node_t *node, int depth,
			   struct liteio_json **ret)
{
	struct liteio_json *object = liteio_json_new_object();
	const yaml_node_pair_t *pair;
	int err;

	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		err = convert_pair(r, pair, depth, object);
		if (err) {
			liteio_json_unref(object);
			return err;
		}
	}
	*ret = object;
	return 0;
}

/* what libyaml gives nodes that have no tag in the file */
static bool has_own_tag(const yaml_node_t *node)
{
	static const char *const plain[] = { YAML_STR_TAG, YAML_SEQ_TAG, YAML_MAP_TAG };
	size_t i;

	for (i = 0; node->tag && i < sizeof(plain) / sizeof(*plain); i++)
		if (!strcmp((const char *)node->tag, plain[i]))
			return false;
	return node->tag;
}

static int convert(struct reader *r, int id, int depth, struct liteio_json **ret)
{
	const yaml_node_t *node = yaml_document_get_node(r->doc, id);

	if (depth > LITEIO_YAML_MAX_DEPTH || ++r->values > LITEIO_YAML_MAX_VALUES)
		return liteio_error_set(r->err, -EMSGSIZE, "line %zu: the document is too %s",
					node->start_mark.line + 1,
					depth > LITEIO_YAML_MAX_DEPTH ? "deep" : "large");
	if (has_own_tag(node))
		return complain(r, node, "a tag, which is not supported");
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return convert_scalar(r, node, ret);
	case YAML_SEQUENCE_NODE:
		return convert_sequence(r, node, depth, ret);
	case YAML_MAPPING_NODE:
		return convert_mapping(r, node, depth, ret);
	default:
		return complain(r, node, "a value of no known kind");
	}
}

static int load(yaml_parser_t *parser, yaml_document_t *doc, struct liteio_error *err)
{
	if (yaml_parser_load(parser, doc))
		return 0;
	return liteio_error_set(err, -EINVAL, "line %zu: %s", parser->problem_mark.line + 1,
				parser->problem ? parser->problem : "not YAML");
}

static int no_other_document(yaml_parser_t *parser, struct liteio_error *err)
{
	yaml_document_t doc;
	bool other;
	int r;

	r = load(parser, &doc, err);
	if (r)
		return r;
	other = yaml_document_get_root_node(&doc);
	yaml_document_delete(&doc);
	return other ? liteio_error_set(err, -EINVAL, "there is more than one document") : 0;
}

int liteio_yaml_parse(const char *text, size_t len, struct liteio_json **ret,
		      struct liteio_error *err)
{
	struct liteio_json *value = NULL;
	yaml_parser_t parser;
	yaml_document_t doc;
	int r;

	if (!yaml_parser_initialize(&parser))
		return liteio_error_set(err, -ENOMEM, "no memory for a YAML parser");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	r = load(&parser, &doc, err);
	if (!r) {
		struct reader reader = { .doc = &doc, .err = err };

		if (yaml_document_get_root_node(&doc)) {
			r = convert(&reader, 1, 0, &value);
			if (!r)
				r = no_other_document(&parser, err);
		}
		yaml_document_delete(&doc);
	}
	yaml_parser_delete(&parser);
	if (r) {
		liteio_json_unref(value);
		return r;
	}
	*ret = value;
	return 0;
}
