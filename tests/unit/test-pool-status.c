// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Status and table lines of the kernel's targets, as the supported kernels print them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "host/head.h"
#include "pool/thin.h"
#include "unit.h"

#define UUID "0123abcd-4567-89ef-0011-223344556677"

START_TEST(test_pool)
{
	static const struct {
		const char *line;
		enum liteio_engine_mode mode;
		bool needs_check;
	} cases[] = {
		{ "7 20/1024 3/1900 - rw discard_passdown error_if_no_space - 256",
		  LITEIO_ENGINE_RW, false },
		{ "7 20/1024 3/1900 - rw no_discard_passdown queue_if_no_space", LITEIO_ENGINE_RW,
		  false },
		{ "7 20/1024 3/1900 12 out_of_data_space discard_passdown error_if_no_space - 256",
		  LITEIO_ENGINE_NO_SPACE, false },
		{ "7 20/1024 3/1900 - ro discard_passdown error_if_no_space needs_check 256",
		  LITEIO_ENGINE_RO, true },
		/* a mode this program has never heard of is none to write in */
		{ "7 20/1024 3/1900 - odd discard_passdown", LITEIO_ENGINE_FAILED, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liteio_engine_status s;

		ck_assert_int_eq(liteio_thin_parse_pool(cases[i].line, 262144, &s), 0);
		ck_assert_int_eq(s.mode, cases[i].mode);
		ck_assert(s.needs_check == cases[i].needs_check);
		ck_assert_uint_eq(s.txid, 7);
		ck_assert_uint_eq(s.meta_used, 20 * 4096);
		ck_assert_uint_eq(s.meta_total, 1024 * 4096);
		ck_assert_uint_eq(s.data_used, 3 * 262144);
		ck_assert_uint_eq(s.data_total, 1900ull * 262144);
	}
}
END_TEST

START_TEST(test_pool_bad)
{
	static const char *const bad[] = {
		"", " ", "Error", "x 20/1024 3/1900 - rw", "7 20/1024 3/1900 -", "7 20 3/1900 - rw",
		"7 20/x 3/1900 - rw", "-1 20/1024 3/1900 - rw",
		"7 20/1024 3/18446744073709551615 - rw",
	};
	struct liteio_engine_status s = { .txid = 99 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(liteio_thin_parse_pool(bad[i], 262144, &s) == -EBADMSG,
			      "accepted \"%s\"", bad[i]);
	ck_assert_uint_eq(s.txid, 99);
	ck_assert_int_eq(liteio_thin_parse_pool("Fail", 262144, &s), 0);
	ck_assert_int_eq(s.mode, LITEIO_ENGINE_FAILED);
}
END_TEST

START_TEST(test_volume)
{
	uint64_t mapped, end;

	ck_assert_int_eq(liteio_thin_parse_volume("1024 2047", &mapped, &end), 0);
	ck_assert_uint_eq(mapped, 1024 * 512);
	ck_assert_uint_eq(end, 2048 * 512);
	ck_assert_int_eq(liteio_thin_parse_volume("0 -", &mapped, &end), 0);
	ck_assert_uint_eq(mapped, 0);
	ck_assert_uint_eq(end, 0);
	ck_assert_int_eq(liteio_thin_parse_volume("Fail", &mapped, &end), -EBADMSG);
	ck_assert_int_eq(liteio_thin_parse_volume("1", &mapped, &end), -EBADMSG);
	ck_assert_int_eq(liteio_thin_parse_volume("1 x", &mapped, &end), -EBADMSG);
	ck_assert_int_eq(liteio_thin_parse_volume("99999999999999999999 1", &mapped, &end),
			 -EBADMSG);
}
END_TEST

START_TEST(test_head_status)
{
	static const struct {
		const char *state;
		bool fenced;
	} states[] = { { "new", false }, { "open", false }, { "draining", true },
		       { "fenced", true } };
	struct liteio_head_state s = { 0 };
	char line[256];

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		snprintf(line, sizeof(line),
			 UUID " 5 3 %s 12 r 1 8 0 w 2 16 0 f 1 0 0 o 0 0 0 rejected 4",
			 states[i].state);
		ck_assert_int_eq(liteio_head_parse_status(line, &s), 0);
		ck_assert(s.fenced == states[i].fenced);
		ck_assert_uint_eq(s.floor, 3);
		ck_assert_uint_eq(s.inflight, 12);
	}
	ck_assert_int_eq(liteio_head_parse_status("", &s), -EBADMSG);
	ck_assert_int_eq(liteio_head_parse_status(UUID " 5 3 open", &s), -EBADMSG);
	ck_assert_int_eq(liteio_head_parse_status(UUID " 5 x open 1", &s), -EBADMSG);
}
END_TEST

START_TEST(test_head_table)
{
	static const char *const bad[] = {
		"", "253:7", "253 0 " UUID " 5", "253:7 0 nonsense 5", "253:7 0 " UUID " 0",
		"253:7 0 " UUID, "253:x 0 " UUID " 5",
	};
	struct liteio_head h = { 0 };

	ck_assert_int_eq(liteio_head_parse_table("liteio", "253:7 0 " UUID " 5", &h), 0);
	ck_assert(h.gate && !h.read_only);
	ck_assert_uint_eq(h.generation, 5);
	ck_assert_uint_eq(h.lower, makedev(253, 7));
	ck_assert_int_eq(liteio_head_parse_table("liteio", "253:7 0 " UUID " 5 1 ro", &h), 0);
	ck_assert(h.read_only);
	ck_assert_int_eq(liteio_head_parse_table("linear", "8:16 0", &h), 0);
	ck_assert(!h.gate);
	ck_assert_uint_eq(h.lower, makedev(8, 16));
	ck_assert_int_eq(liteio_head_parse_table("error", "", &h), -EBADMSG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(liteio_head_parse_table("liteio", bad[i], &h) == -EBADMSG,
			      "accepted \"%s\"", bad[i]);
	ck_assert_uint_eq(h.lower, makedev(8, 16));
}
END_TEST

/* what thin_restore makes of transaction 7 and 1000 blocks, in 4 MiB: bytes that are not 0 */
static void real_superblock(uint8_t block[4096])
{
	static const struct {
		uint16_t at;
		uint8_t byte;
	} bytes[] = {
		{ 0, 233 },  { 1, 243 },  { 2, 80 },   { 3, 4 },    { 32, 186 }, { 33, 82 },
		{ 34, 156 }, { 35, 1 },	  { 40, 2 },   { 48, 7 },   { 64, 232 }, { 65, 3 },
		{ 72, 1 },   { 80, 4 },	  { 88, 5 },   { 193, 4 },  { 200, 11 }, { 208, 1 },
		{ 216, 2 },  { 320, 7 },  { 328, 6 },  { 337, 2 },  { 340, 8 },	 { 345, 4 },
	};

	memset(block, 0, 4096);
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		block[bytes[i].at] = bytes[i].byte;
}

START_TEST(test_superblock)
{
	struct liteio_thin_superblock s = { .txid = 99, .data_blocks = 99, .meta_blocks = 99 };
	uint8_t block[4096];

	real_superblock(block);
	ck_assert_int_eq(liteio_thin_parse_superblock(block, &s), 0);
	ck_assert_uint_eq(s.txid, 7);
	ck_assert_uint_eq(s.data_blocks, 1000);
	ck_assert_uint_eq(s.meta_blocks, 1024);
	/* one bit anywhere, the checksum included */
	for (size_t i = 0; i < sizeof(block); i++) {
		block[i] ^= 0x10;
		ck_assert_msg(liteio_thin_parse_superblock(block, &s) == -EUCLEAN,
			      "byte %zu does not matter", i);
		block[i] ^= 0x10;
	}
	memset(block, 0, sizeof(block));
	ck_assert_int_eq(liteio_thin_parse_superblock(block, &s), -ENODATA);
	block[100] = 1;
	ck_assert_int_eq(liteio_thin_parse_superblock(block, &s), -EUCLEAN);
	ck_assert_uint_eq(s.txid, 7);
}
END_TEST

UNIT_MAIN("pool-status", test_pool, test_pool_bad, test_volume, test_superblock, test_head_status,
	  test_head_table)
