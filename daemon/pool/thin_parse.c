// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines of the targets thin-pool and thin, and the first block of a pool's metadata. Pure.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "pool/bytes.h"
#include "pool/crc32c.h"
#include "pool/thin.h"

#define META_BLOCK 4096ull
/*
 * struct thin_disk_superblock of the kernel's dm-thin-metadata.c: csum over all behind it, flags,
 * blocknr, uuid, magic, version, time, trans_id, held_root, the roots of the space maps of data and
 * of metadata, each of which begins with how many blocks it is about, and how many are in use
 */
#define SUPERBLOCK_FLAGS_AT 4
#define SUPERBLOCK_BLOCKNR_AT 8
#define SUPERBLOCK_MAGIC 27022010u
#define SUPERBLOCK_MAGIC_AT 32
#define SUPERBLOCK_TRANS_ID_AT 48
#define SUPERBLOCK_DATA_AT 64
#define SUPERBLOCK_META_AT 192
#define SUPERBLOCK_CSUM_XOR 160774u
#define SECTOR 512ull
#define FIELDS_MAX 16
/* two numbers, and what a later kernel may add to them */
#define VOLUME_MAX 256

/* "12/3456", in units of @unit bytes */
static int parse_ratio(char *s, uint64_t unit, uint64_t *ret_used, uint64_t *ret_total)
{
	uint64_t used, total;
	char *f[2];

	if (liteio_split(s, '/', f, 2) != 2 ||
	    liteio_parse_u64(f[0], 0, INT64_MAX / unit, &used) ||
	    liteio_parse_u64(f[1], 0, INT64_MAX / unit, &total))
		return -EBADMSG;
	*ret_used = used * unit;
	*ret_total = total * unit;
	return 0;
}

/*
 * <txid> <used>/<total meta> <used>/<total data> <held root> <mode> <discard> <policy>
 * <needs_check|-> <low water>; or "Fail". Fields at the end came later: older kernels do not have
 * them.
 */
int liteio_thin_parse_pool(const char *params, uint32_t thin_block,
			   struct liteio_engine_status *ret)
{
	static const struct {
		const char *word;
		enum liteio_engine_mode mode;
	} modes[] = {
		{ "rw", LITEIO_ENGINE_RW },
		{ "ro", LITEIO_ENGINE_RO },
		{ "out_of_data_space", LITEIO_ENGINE_NO_SPACE },
	};
	char *copy _cleanup_free_ = liteio_strdup(params);
	struct liteio_engine_status s = { .mode = LITEIO_ENGINE_FAILED };
	char *f[FIELDS_MAX];
	size_t n;

	if (!strcmp(params, "Fail")) {
		*ret = s;
		return 0;
	}
	n = liteio_split(copy, ' ', f, FIELDS_MAX);
	if (n < 5 || liteio_parse_u64(f[0], 0, UINT64_MAX, &s.txid) ||
	    parse_ratio(f[1], META_BLOCK, &s.meta_used, &s.meta_total) ||
	    parse_ratio(f[2], thin_block, &s.data_used, &s.data_total))
		return -EBADMSG;
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(modes); i++) {
		if (!strcmp(f[4], modes[i].word))
			s.mode = modes[i].mode;
	}
	for (size_t i = 5; i < n; i++) {
		if (!strcmp(f[i], "needs_check"))
			s.needs_check = true;
	}
	*ret = s;
	return 0;
}

/* <metadata device> <data device> <block sectors> <mark> <features...>: where it is, and it */
static int find_mark(const char *params, size_t *ret_at, uint64_t *ret)
{
	char *copy _cleanup_free_ = liteio_strdup(params);
	char *f[5];

	if (liteio_split(copy, ' ', f, 5) < 4 || liteio_parse_u64(f[3], 0, UINT64_MAX, ret))
		return -EBADMSG;
	*ret_at = (size_t)(f[3] - copy);
	return 0;
}

int liteio_thin_parse_mark(const char *params, uint64_t *ret)
{
	size_t at;

	return find_mark(params, &at, ret);
}

int liteio_thin_put_mark(const char *params, uint64_t blocks, char *ret, size_t len)
{
	uint64_t old;
	size_t at;
	int r = find_mark(params, &at, &old);

	if (!r && (size_t)snprintf(ret, len, "%.*s%" PRIu64 "%s", (int)at, params, blocks,
				   params + at + strcspn(params + at, " ")) >= len)
		r = -EBADMSG;
	return r;
}

/* Documentation/block/stat.rst: reads, writes, discards, flushes, each the first of its fields */
int liteio_thin_parse_ios(const char *stat, uint64_t *ret)
{
	static const size_t firsts[] = { 0, 4, 11, 15 };
	char *copy _cleanup_free_ = liteio_strdup(stat);
	uint64_t n, sum = 0;
	char *f[32];
	size_t n_fields = 0;

	for (char *save = NULL, *at = strtok_r(copy, " ", &save); at && n_fields < 32;
	     at = strtok_r(NULL, " ", &save))
		f[n_fields++] = at;
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(firsts); i++) {
		if (firsts[i] >= n_fields || liteio_parse_u64(f[firsts[i]], 0, UINT64_MAX, &n))
			return -EBADMSG;
		sum += n;
	}
	*ret = sum;
	return 0;
}

/* dm_bm_checksum(): without the last inversion, and salted by what kind of block it is */
static uint32_t superblock_csum(const uint8_t *block)
{
	return ~liteio_crc32c(0, block + SUPERBLOCK_FLAGS_AT, META_BLOCK - SUPERBLOCK_FLAGS_AT) ^
	       SUPERBLOCK_CSUM_XOR;
}

int liteio_thin_parse_superblock(const uint8_t *block, struct liteio_thin_superblock *ret)
{
	if (liteio_is_zero(block, META_BLOCK))
		return -ENODATA;
	if (liteio_le_get(block + SUPERBLOCK_MAGIC_AT, 8) != SUPERBLOCK_MAGIC ||
	    liteio_le_get(block + SUPERBLOCK_BLOCKNR_AT, 8) ||
	    liteio_le_get(block, 4) != superblock_csum(block))
		return -EUCLEAN;
	ret->txid = liteio_le_get(block + SUPERBLOCK_TRANS_ID_AT, 8);
	ret->flags = (uint32_t)liteio_le_get(block + SUPERBLOCK_FLAGS_AT, 4);
	ret->data_blocks = liteio_le_get(block + SUPERBLOCK_DATA_AT, 8);
	ret->meta_blocks = liteio_le_get(block + SUPERBLOCK_META_AT, 8);
	ret->meta_used = liteio_le_get(block + SUPERBLOCK_META_AT + 8, 8);
	return 0;
}

/* <mapped sectors> <highest mapped sector|->; or "Fail" */
int liteio_thin_parse_volume(const char *params, uint64_t *ret_mapped_bytes,
			     uint64_t *ret_end_bytes)
{
	char copy[VOLUME_MAX];
	uint64_t mapped, highest = 0;
	char *f[3];

	/* asked for each volume of a list, and not worth new memory */
	if (strlen(params) >= sizeof(copy))
		return -EBADMSG;
	memcpy(copy, params, strlen(params) + 1);
	if (liteio_split(copy, ' ', f, 3) < 2 ||
	    liteio_parse_u64(f[0], 0, INT64_MAX / SECTOR, &mapped))
		return -EBADMSG;
	if (strcmp(f[1], "-") != 0) {
		if (liteio_parse_u64(f[1], 0, INT64_MAX / SECTOR - 1, &highest))
			return -EBADMSG;
		highest++;
	}
	*ret_mapped_bytes = mapped * SECTOR;
	*ret_end_bytes = highest * SECTOR;
	return 0;
}
