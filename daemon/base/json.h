/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON: an opaque value (json-c below, its types stay in json.c) and tables that bind C structs to
 * JSON objects, in both directions, strictly.
 *
 * A struct is described once, as an array of struct liteio_field; decoding then checks names, types
 * and ranges and says where ("spec.attachments[1].node: missing"), encoding writes every field that
 * is set, and freeing releases what decoding allocated.
 */
#ifndef LITEIO_BASE_JSON_H
#define LITEIO_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_error;
struct liteio_json;
struct liteio_json_lines;
struct liteio_json_list;

#define LITEIO_JSON_MAX_BYTES (8u << 20)
#define LITEIO_JSON_MAX_DEPTH 32

/**
 * enum liteio_json_kind - what a value is
 * @LITEIO_JSON_NULL: null, which is a NULL pointer
 * @LITEIO_JSON_BOOL: true or false
 * @LITEIO_JSON_INT: a whole number without fraction and exponent
 * @LITEIO_JSON_DOUBLE: any other number
 * @LITEIO_JSON_STRING: text, without NUL characters
 * @LITEIO_JSON_ARRAY: a list
 * @LITEIO_JSON_OBJECT: members by key, in the order they were added
 */
enum liteio_json_kind {
	LITEIO_JSON_NULL,
	LITEIO_JSON_BOOL,
	LITEIO_JSON_INT,
	LITEIO_JSON_DOUBLE,
	LITEIO_JSON_STRING,
	LITEIO_JSON_ARRAY,
	LITEIO_JSON_OBJECT,
};

/*
 * References: every function that returns a value "owned" gives one reference away. A value that is
 * not changed any more may be read, referenced and released by several threads at once; a value
 * that is still being changed belongs to one thread.
 */
struct liteio_json *liteio_json_ref(struct liteio_json *j);
void liteio_json_unref(struct liteio_json *j); /* NULL is fine */

/**
 * liteio_json_parse() - parse one JSON text
 * @text: need not be terminated
 * @len: its length, at most LITEIO_JSON_MAX_BYTES
 * @ret: the value, owned by the caller
 * @err: what is wrong, at which line and byte; also duplicate trailing text and invalid UTF-8
 *
 * Context: any thread. Return: 0, -EINVAL, -EMSGSIZE.
 */
int liteio_json_parse(const char *text, size_t len, struct liteio_json **ret,
		      struct liteio_error *err);

/*
 * the same of a text that somebody typed: a key that an object has twice is -EINVAL, too, with a
 * sentence that begins with its place: "legs[1].pool: given twice"
 */
int liteio_json_parse_strict(const char *text, size_t len, struct liteio_json **ret,
			     struct liteio_error *err);

/* compact text, in new memory owned by the caller; pretty adds newlines and two spaces */
char *liteio_json_print(const struct liteio_json *j);
char *liteio_json_print_pretty(const struct liteio_json *j);
/*
 * the same of the text of a value, from somebody who is trusted to write JSON; NULL when it is cut
 * off, or too deep
 */
char *liteio_json_indent(const char *text, size_t len);

/* lines, or a part of one; what it returns other than 0 ends them */
typedef int (*liteio_json_say_fn)(void *arg, const char *text, size_t len);

/**
 * liteio_json_lines_new() - liteio_json_indent() of a text that comes by pieces, each of which is
 *	said before the next one comes, so that no long text is in memory
 * @say: what has been put over lines; not from within liteio_json_lines_new()
 * @arg: for @say
 *
 * Context: any thread. Return: nothing yet, for liteio_json_lines_free().
 */
struct liteio_json_lines *liteio_json_lines_new(liteio_json_say_fn say, void *arg);
/* 0, -EBADMSG (no JSON), -EMSGSIZE (a string without an end), or what @say has returned: the end */
int liteio_json_lines_add(struct liteio_json_lines *l, const char *data, size_t len);
/* that was all: likewise; -EBADMSG when something is missing */
int liteio_json_lines_end(struct liteio_json_lines *l);
void liteio_json_lines_free(struct liteio_json_lines *l); /* NULL is fine */

struct liteio_json *liteio_json_new_object(void);
struct liteio_json *liteio_json_new_array(void);
struct liteio_json *liteio_json_new_string(const char *s); /* NULL gives null (a NULL pointer) */
struct liteio_json *liteio_json_new_int(int64_t v);
struct liteio_json *liteio_json_new_u64(uint64_t v);
struct liteio_json *liteio_json_new_bool(bool v);
struct liteio_json *liteio_json_copy(const struct liteio_json *j); /* deep */

/* take over the caller's reference to @v; @v NULL stores null */
void liteio_json_set(struct liteio_json *object, const char *key, struct liteio_json *v);
void liteio_json_del(struct liteio_json *object, const char *key);
void liteio_json_append(struct liteio_json *array, struct liteio_json *v);
void liteio_json_set_string(struct liteio_json *object, const char *key, const char *s);
void liteio_json_set_int(struct liteio_json *object, const char *key, int64_t v);
void liteio_json_set_bool(struct liteio_json *object, const char *key, bool v);

/*
 * Reading: all accept NULL and the wrong type and then answer NULL, 0 or @def. What is returned is
 * borrowed from the value. A path has dots between keys: "metadata.name"; for keys that have dots
 * themselves (labels, annotations) there is liteio_json_member().
 */
enum liteio_json_kind liteio_json_kind(const struct liteio_json *j);
struct liteio_json *liteio_json_member(const struct liteio_json *object, const char *key);
bool liteio_json_has(const struct liteio_json *object, const char *key); /* null counts, too */
struct liteio_json *liteio_json_get(const struct liteio_json *object, const char *path);
const char *liteio_json_get_string(const struct liteio_json *object, const char *path);
int64_t liteio_json_get_int(const struct liteio_json *object, const char *path, int64_t def);
bool liteio_json_get_bool(const struct liteio_json *object, const char *path, bool def);
bool liteio_json_is_object(const struct liteio_json *j);
bool liteio_json_is_array(const struct liteio_json *j);
bool liteio_json_equal(const struct liteio_json *a, const struct liteio_json *b);
const char *liteio_json_string(const struct liteio_json *j); /* NULL when it is not a string */
size_t liteio_json_len(const struct liteio_json *array);
struct liteio_json *liteio_json_at(const struct liteio_json *array, size_t i);
bool liteio_json_bool(const struct liteio_json *j); /* false when it is not a bool */
/* a whole number that is not negative: 0, -EINVAL (not a whole number) or -ERANGE */
int liteio_json_u64(const struct liteio_json *j, uint64_t *ret);
/* visit the members of an object in their order, until @fn returns non-zero, which is returned */
int liteio_json_each(const struct liteio_json *object,
		     int (*fn)(void *arg, const char *key, struct liteio_json *v), void *arg);

/**
 * enum liteio_field_type - how a field is kept in C
 * @LITEIO_FIELD_STRING: char *, allocated; absent is NULL
 * @LITEIO_FIELD_BOOL: bool
 * @LITEIO_FIELD_U64: uint64_t, range-checked
 * @LITEIO_FIELD_SIZE: uint64_t bytes; decodes a number or a size string, encodes a number
 * @LITEIO_FIELD_ENUM: int, index into @names
 * @LITEIO_FIELD_UUID: struct liteio_uuid; absent is the null uuid
 * @LITEIO_FIELD_OBJECT: an embedded struct, described by @fields
 * @LITEIO_FIELD_ARRAY: T *items + size_t n, elements are structs described by @fields
 * @LITEIO_FIELD_STRINGS: char **items + size_t n
 * @LITEIO_FIELD_MAP: struct liteio_json * object of strings (labels), allocated reference
 * @LITEIO_FIELD_RAW: struct liteio_json *, any value, owned reference
 */
enum liteio_field_type {
	LITEIO_FIELD_STRING,
	LITEIO_FIELD_BOOL,
	LITEIO_FIELD_U64,
	LITEIO_FIELD_SIZE,
	LITEIO_FIELD_ENUM,
	LITEIO_FIELD_UUID,
	LITEIO_FIELD_OBJECT,
	LITEIO_FIELD_ARRAY,
	LITEIO_FIELD_STRINGS,
	LITEIO_FIELD_MAP,
	LITEIO_FIELD_RAW,
};

#define LITEIO_FIELD_REQUIRED 1u /* decoding fails without it */
#define LITEIO_FIELD_KEEP_ZERO 2u /* encoded even when zero, false, empty */
#define LITEIO_FIELD_GIVEN 4u /* a bool says whether it is there; encoded only when it is */
#define LITEIO_FIELD_LIVE 8u /* of a configuration: a reload takes it over */

/**
 * struct liteio_field - one member of a bound struct
 * @key: JSON name; a NULL key ends the table
 * @written: @key as it is written, with a comma before it, by LITEIO_FIELD_KEY()
 * @written_len: how long that is; 0 where nobody has counted
 * @type: see enum liteio_field_type
 * @flags: LITEIO_FIELD_*
 * @offset: of the member in the struct
 * @count_offset: of the size_t count (ARRAY, STRINGS), or of the bool (GIVEN: numbers only)
 * @elem_size: sizeof of an element (ARRAY); or of the struct of an OBJECT that has nothing but
 *	numbers, 0 of others: when two of them are the same byte by byte, so is what is written of
 *	them, and there is nothing to release
 * @min: smallest number allowed (U64, SIZE)
 * @max: largest number, string length or element count allowed; 0 means no bound of its own
 * @names: NULL-terminated texts of an ENUM
 * @fields: table of an OBJECT or of an ARRAY's elements
 * @help: one line for the manual, or NULL
 */
struct liteio_field {
	const char *key;
	const char *written;
	size_t written_len;
	enum liteio_field_type type;
	unsigned int flags;
	size_t offset;
	size_t count_offset;
	size_t elem_size;
	uint64_t min;
	uint64_t max;
	const char *const *names;
	const struct liteio_field *fields;
	const char *help;
};

/*
 * all of a table's line that is about the key; of a literal only. What is behind its text can be
 * copied along with it
 */
#define LITEIO_FIELD_KEY(k) \
	.key = "" k, .written = ",\"" k "\":\0\0\0\0\0\0\0", \
	.written_len = sizeof(",\"" k "\":") - 1

#define LITEIO_JSON_STRICT 1u /* an unknown key is an error, and so is null for a known one */

/**
 * liteio_json_decode() - fill a struct from an object
 * @j: the object
 * @fields: the struct's table
 * @flags: LITEIO_JSON_STRICT or 0
 * @obj: zeroed by the caller; holds nothing to free when this fails
 * @err: which field, and what is wrong with it
 *
 * Return: 0 or -EINVAL.
 */
int liteio_json_decode(const struct liteio_json *j, const struct liteio_field *fields,
		       unsigned int flags, void *obj, struct liteio_error *err);

/**
 * liteio_json_line() - the line of a text that a sentence is about
 * @text: what was parsed
 * @len: its length
 * @sentence: begins with the place, as those of liteio_json_decode() do: "legs[1].pool: missing"
 *
 * Context: any thread. Return: the line, from 1, of the key or the element, or of the innermost one
 * around it that is there; 0 when not even that is found.
 */
size_t liteio_json_line(const char *text, size_t len, const char *sentence);

/* put "line 7: " before the sentence of a failure, if the line is known */
void liteio_json_wrap_line(struct liteio_error *err, const char *text, size_t len);

/*
 * What an object may hold, for manual pages and descriptions of an API: an array of key, type,
 * choices, bounds ("min", "max": of the number, of the length or of the count), the "pattern" of a
 * size that is text, the flags that are set ("required", "always", "live"), "fields" of what is
 * inside, and help.
 */
struct liteio_json *liteio_json_describe(const struct liteio_field *fields);

/* a new object with the fields of @obj that are set */
struct liteio_json *liteio_json_encode(const void *obj, const struct liteio_field *fields);
/* liteio_json_print() of that, for a tenth of the work; new memory, never NULL */
char *liteio_json_write(const void *obj, const struct liteio_field *fields);

/**
 * liteio_json_list_new() - likewise of an object that has a list and nothing else, for whoever
 *	comes by its elements one after the other
 * @fields: of the object: a LITEIO_FIELD_ARRAY
 *
 * Context: any thread; the list is one thread's. Return: the list, which liteio_json_list_end()
 * frees.
 */
struct liteio_json_list *liteio_json_list_new(const struct liteio_field *fields);
/* an element; nothing of it is looked at later but its own bytes, where no pointers are */
void liteio_json_list_add(struct liteio_json_list *l, const void *item);
/* its text; new memory, never NULL */
char *liteio_json_list_end(struct liteio_json_list *l);

/* release what decoding allocated, zero the struct */
void liteio_json_fini(void *obj, const struct liteio_field *fields);
/* the same of a struct that goes now: what is in it is not to be looked at any more */
void liteio_json_drop(void *obj, const struct liteio_field *fields);

/* one field of two structs of the same table: is it the same, and let them change it (no OBJECT) */
bool liteio_json_field_equal(const struct liteio_field *f, const void *a, const void *b);
void liteio_json_field_swap(const struct liteio_field *f, void *a, void *b);

#endif
