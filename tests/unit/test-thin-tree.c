// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which devices metadata of dm-thin know, read block by block: of what the real programs have
 * written, of what changes meanwhile, and of what is damaged.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pool/thin_meta.h"
#include "thin_files.h"
#include "unit.h"

#define MANY 1000
/* of the superblock: its uuid, which the checksum covers */
#define UUID_AT 16

/* so many that the tree has nodes above nodes: each third id, and of them each other has a block */
static void make_many(const char *dir, const char *path)
{
	_cleanup_free_ char *xml = liteio_strf("%s/xml", dir), *flag = liteio_strf("-o %s", path);
	FILE *f = fopen(xml, "we");

	ck_assert_ptr_nonnull(f);
	fputs("<superblock uuid=\"\" time=\"1\" transaction=\"5\" flags=\"0\" version=\"2\" "
	      "data_block_size=\"128\" nr_data_blocks=\"8192\">\n", f);
	for (int i = 1; i <= MANY; i++)
		fprintf(f, "<device dev_id=\"%d\" mapped_blocks=\"%d\" transaction=\"1\" "
			"creation_time=\"0\" snap_time=\"0\">%s</device>\n", 3 * i, i % 2,
			i % 2 ? "<single_mapping origin_block=\"0\" data_block=\"7\" time=\"0\"/>" :
				"");
	fputs("</superblock>\n", f);
	fclose(f);
	make_file(path);
	run("thin_restore -i", xml, flag);
	unlink(xml);
}

START_TEST(test_devices)
{
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";
	struct liteio_thin_device *d _cleanup_free_ = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_free_ char *path = NULL;
	size_t n = 0;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = liteio_strf("%s/meta", dir);
	make_many(dir, path);
	ck_assert_msg(!liteio_thin_meta_devices(path, &d, &n, &err), "%s", err.msg);
	ck_assert_uint_eq(n, MANY);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(d[i].id, 3 * (i + 1));
		ck_assert_uint_eq(d[i].mapped, (i + 1) % 2);
	}
	/* of nobody, and of no length */
	make_file(path);
	ck_assert_int_eq(liteio_thin_meta_devices(path, &d, &n, &err), -ENODATA);
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(liteio_thin_meta_devices(path, &d, &n, &err), -EUCLEAN);
	unlink(path);
	ck_assert_int_eq(liteio_thin_meta_devices(path, &d, &n, &err), -ENOENT);
	rmdir(dir);
}
END_TEST

/**
 * struct blocks - metadata in memory
 * @all: they
 * @n_reads: so many blocks were read
 * @change_at: at this one the superblock has become another; 0 for never
 * @fails_at: this one can not be read
 */
struct blocks {
	uint8_t all[META_BYTES];
	unsigned int n_reads;
	unsigned int change_at;
	unsigned int fails_at;
};

static int read_memory(void *arg, uint64_t block, uint8_t *ret)
{
	struct blocks *b = arg;

	if (++b->n_reads == b->change_at)
		b->all[UUID_AT] ^= 1;
	if (b->n_reads == b->fails_at)
		return -EIO;
	if (block >= META_BYTES / META_BLOCK)
		return -EUCLEAN;
	memcpy(ret, b->all + block * META_BLOCK, META_BLOCK);
	return 0;
}

static int count_devices(struct blocks *b, size_t *ret_n)
{
	struct liteio_thin_device *d = NULL;
	int r;

	*ret_n = 0;
	b->n_reads = 0;
	r = liteio_thin_tree_devices(read_memory, b, &d, ret_n);
	free(d);
	return r;
}

static struct blocks *many_in_memory(void)
{
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";
	struct blocks *b = calloc(1, sizeof(*b));
	_cleanup_free_ char *path = NULL;
	FILE *f;

	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = liteio_strf("%s/meta", dir);
	make_many(dir, path);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(b->all, 1, META_BYTES, f), META_BYTES);
	fclose(f);
	unlink(path);
	rmdir(dir);
	return b;
}

/* what is of two moments is no answer */
START_TEST(test_changed)
{
	struct blocks *b = many_in_memory();
	unsigned int n_reads;
	size_t n;

	ck_assert_int_eq(count_devices(b, &n), 0);
	n_reads = b->n_reads;
	/* the superblock twice, a root, leaves */
	ck_assert_uint_gt(n_reads, 5);
	for (unsigned int at = 1; at <= n_reads; at++) {
		b->fails_at = at;
		ck_assert_int_eq(count_devices(b, &n), -EIO);
	}
	b->fails_at = 0;
	for (unsigned int at = 2; at <= n_reads; at++) {
		b->change_at = at;
		ck_assert_int_eq(count_devices(b, &n), -EAGAIN);
		b->all[UUID_AT] ^= 1;
	}
	b->change_at = 0;
	ck_assert_int_eq(count_devices(b, &n), 0);
	ck_assert_uint_eq(n, MANY);
	free(b);
}
END_TEST

/* a block of the tree that is damaged is found, and all others are none of it */
START_TEST(test_damaged)
{
	struct blocks *b = many_in_memory();
	unsigned int n_reads, n_found = 0;
	size_t n;

	ck_assert_int_eq(count_devices(b, &n), 0);
	n_reads = b->n_reads;
	for (size_t block = 0; block < META_BYTES / META_BLOCK; block++) {
		uint8_t *byte = &b->all[block * META_BLOCK + 100];
		int r;

		*byte ^= 1;
		r = count_devices(b, &n);
		ck_assert(r == 0 || r == -EUCLEAN);
		ck_assert_uint_eq(n, r ? 0 : MANY);
		n_found += r != 0;
		*byte ^= 1;
	}
	ck_assert_uint_eq(n_found, n_reads - 1);
	free(b);
}
END_TEST

/* ... and no more of it is read than leads there */
START_TEST(test_of_one)
{
	struct blocks *b = many_in_memory();
	struct liteio_thin_device *near;
	uint64_t mapped;
	size_t n;

	for (uint32_t id = 0; id <= 3 * MANY + 1; id++) {
		b->n_reads = 0;
		ck_assert_int_eq(liteio_thin_tree_near(read_memory, b, id, &near, &n), 0);
		/* those of a leaf: not all */
		ck_assert_uint_lt(n, MANY);
		mapped = liteio_thin_mapped(near, n, id);
		ck_assert_uint_eq(mapped, id % 3 == 0 && id && id / 3 <= MANY && id / 3 % 2);
		for (size_t i = 0; i < n; i++)
			ck_assert_uint_eq(near[i].mapped, near[i].id / 3 % 2);
		/* the superblock twice, a root, a leaf */
		ck_assert_uint_le(b->n_reads, 4);
		free(near);
	}
	b->n_reads = 0;
	b->change_at = 3;
	ck_assert_int_eq(liteio_thin_tree_near(read_memory, b, 3, &near, &n), -EAGAIN);
	free(b);
}
END_TEST

/* what is written as in use is compared with what devices have, each block once, and each node */
START_TEST(test_leaked)
{
	struct blocks *b = many_in_memory();
	uint64_t n = 99;

	ck_assert_int_eq(liteio_thin_tree_leaked(read_memory, b, &n), 0);
	ck_assert_uint_eq(n, 0);
	set_super(b->all, SUPERBLOCK_ALLOCATED_AT, 6);
	ck_assert_int_eq(liteio_thin_tree_leaked(read_memory, b, &n), 0);
	ck_assert_uint_eq(n, 5);
	/* fewer than they have; more than there are */
	set_super(b->all, SUPERBLOCK_ALLOCATED_AT, 0);
	ck_assert_int_eq(liteio_thin_tree_leaked(read_memory, b, &n), -EUCLEAN);
	set_super(b->all, SUPERBLOCK_ALLOCATED_AT, 8193);
	ck_assert_int_eq(liteio_thin_tree_leaked(read_memory, b, &n), -EUCLEAN);
	set_super(b->all, SUPERBLOCK_ALLOCATED_AT, 1);
	/* somebody holds what there was at an earlier time */
	set_super(b->all, SUPERBLOCK_HELD_AT, 9);
	ck_assert_int_eq(liteio_thin_tree_leaked(read_memory, b, &n), -EBUSY);
	set_super(b->all, SUPERBLOCK_HELD_AT, 0);
	/* a pool with too many blocks to count them */
	set_super(b->all, SUPERBLOCK_DATA_AT, (1ull << 30) + 1);
	ck_assert_int_eq(liteio_thin_tree_leaked(read_memory, b, &n), -E2BIG);
	/* the only mapping there is leads behind the end */
	set_super(b->all, SUPERBLOCK_DATA_AT, 7);
	ck_assert_int_eq(liteio_thin_tree_leaked(read_memory, b, &n), -EUCLEAN);
	set_super(b->all, SUPERBLOCK_DATA_AT, 8192);
	ck_assert_int_eq(liteio_thin_tree_leaked(read_memory, b, &n), 0);
	ck_assert_uint_eq(n, 0);
	for (unsigned int at = 1, n_reads = b->n_reads; at <= 5 && at <= n_reads; at++) {
		b->n_reads = 0;
		b->fails_at = at;
		ck_assert_int_eq(liteio_thin_tree_leaked(read_memory, b, &n), -EIO);
	}
	ck_assert_uint_eq(n, 0);
	free(b);
}
END_TEST

UNIT_MAIN("thin-tree", test_of_one, test_devices, test_changed, test_damaged, test_leaked)
