/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strings: growing buffers, strict number and size parsing, and name rules. Pure.
 */
#ifndef LITEIO_BASE_STR_H
#define LITEIO_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_error;

/**
 * struct liteio_buf - a growing byte buffer, always terminated
 * @data: owned; NULL until something was added
 * @len: bytes without the terminator
 * @cap: bytes allocated
 *
 * Allocation failure ends the process: no program of ours can go on without memory.
 */
struct liteio_buf {
	char *data;
	size_t len;
	size_t cap;
};

#define LITEIO_BUF_INIT { NULL, 0, 0 }

void liteio_buf_add(struct liteio_buf *b, const void *data, size_t len);
/* what liteio_buf_room() does when there is none */
void liteio_buf_grow(struct liteio_buf *b, size_t len);
/* where @len more bytes can be written; they count, and are terminated, when @b->len is raised */
static inline char *liteio_buf_room(struct liteio_buf *b, size_t len)
{
	/* what there is has room for a terminator */
	if (!b->data || len >= b->cap - b->len)
		liteio_buf_grow(b, len);
	return b->data + b->len;
}

void liteio_buf_addstr(struct liteio_buf *b, const char *s);
void liteio_buf_addf(struct liteio_buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* decimal digits, for texts of many numbers */
void liteio_buf_add_u64(struct liteio_buf *b, uint64_t v);
/* drop the first @n bytes (n <= len) */
void liteio_buf_consume(struct liteio_buf *b, size_t n);
void liteio_buf_fini(struct liteio_buf *b);
/* hand the string to the caller (never NULL), leave the buffer empty */
char *liteio_buf_take(struct liteio_buf *b);

/* printf into new memory, owned by the caller; never NULL */
char *liteio_strf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* strdup that never returns NULL for non-NULL */
char *liteio_strdup(const char *s);
void *liteio_calloc(size_t n, size_t size);
void *liteio_realloc(void *p, size_t n, size_t size);
/*
 * @items of a list of @n, of @size bytes each, with room for one more: where they are now. @room is
 * the list's, 0 at first, and doubles
 */
void *liteio_list_room(void *items, size_t n, size_t *room, size_t size);

/*
 * whole string is a decimal number in [min, max]; 0 or -EINVAL/-ERANGE, @ret untouched on failure
 */
int liteio_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret);

/*
 * How a size is written, as an extended regular expression: what does not match it is no size, and
 * what does is one, or out of range. Small letters, which are of 1024 for lvcreate and may be a
 * thousandth for Kubernetes, are none but the k
 */
#define LITEIO_SIZE_PATTERN \
	"^\\+?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+|(k|[KMGTPE]i?)?B?)$"

/**
 * liteio_parse_size() - bytes as people and Kubernetes write them
 * @s: "1073741824", "512M", "10Gi", "1.5Ti"; K M G T P E are powers of 1000 and Ki Mi Gi Ti Pi Ei
 *     of 1024, with or without a B behind; also "1e9"; fractions of a byte are rounded up as
 *     Kubernetes does
 * @ret: bytes
 * @err: what is wrong with it
 *
 * Return: 0, -EINVAL (not LITEIO_SIZE_PATTERN) or -ERANGE (zero or over 2^63-1).
 */
int liteio_parse_size(const char *s, uint64_t *ret, struct liteio_error *err);

/* "10.0 GiB" for people, in a caller's buffer of at least 32 bytes; returns the buffer */
char *liteio_format_size(uint64_t bytes, char *out, size_t len);

/**
 * liteio_name_check() - may this be the name of a pool, volume or snapshot?
 * @what: "volume", for the sentence
 * @name: 1..LITEIO_OBJECT_NAME_MAX characters, lower-case letters, digits, '-' and '.',
 *        beginning and ending with a letter or digit, no ".." (the rule of Kubernetes object
 *        names, so that one name serves everywhere)
 * @err: what is wrong with it
 *
 * Return: 0 or -EINVAL.
 */
int liteio_name_check(const char *what, const char *name, struct liteio_error *err);

/* not LITEIO_NAME_MAX: in the kernel a name is for people only, and may be cut */
#define LITEIO_OBJECT_NAME_MAX 127

/* may stand in a URL as it is: letters, digits, "-_.~" */
bool liteio_url_plain(char c);

/* NULL when @s is valid UTF-8, else a copy with U+FFFD in place of every byte that is not */
char *liteio_utf8_clean(const char *s);

/* pointers into @s of at most @max separated fields; modifies @s; returns how many */
size_t liteio_split(char *s, char sep, char **fields, size_t max);

#endif
