// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata of dm-thin outside the kernel: what thin_dump writes, and the programs themselves on
 * metadata in a file that are damaged block by block.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "fake_program.h"
#include "pool/thin.h"
#include "pool/thin_meta.h"
#include "thin_files.h"
#include "unit.h"

#define SUPER \
	"<superblock uuid=\"\" time=\"1\" transaction=\"5\" flags=\"1\" version=\"2\" " \
	"data_block_size=\"128\" nr_data_blocks=\"4096\">\n"
#define DEVICE(id, mapped) \
	"  <device dev_id=\"" #id "\" mapped_blocks=\"" #mapped "\" transaction=\"1\" " \
	"creation_time=\"0\" snap_time=\"1\">\n"
#define RANGE(begin, n) \
	"    <range_mapping origin_begin=\"" #begin "\" data_begin=\"" #begin "\" length=\"" #n \
	"\" time=\"0\"/>\n"
#define SINGLE(at) "    <single_mapping origin_block=\"" #at "\" data_block=\"7\" time=\"1\"/>\n"
#define END "  </device>\n"
#define WHOLE \
	SUPER DEVICE(1, 300) RANGE(0, 299) SINGLE(500) END DEVICE(7, 0) END \
	DEVICE(16777215, 1) SINGLE(3) END "</superblock>\n"

START_TEST(test_dump)
{
	struct liteio_thin_dump d;

	ck_assert_int_eq(liteio_thin_dump_parse(WHOLE, strlen(WHOLE), &d), 0);
	ck_assert_uint_eq(d.txid, 5);
	ck_assert_uint_eq(d.block_sectors, 128);
	ck_assert_uint_eq(d.data_blocks, 4096);
	ck_assert(d.is_whole);
	ck_assert_uint_eq(d.n_devices, 3);
	ck_assert_uint_eq(liteio_thin_dump_find(&d, 1)->mapped, 300);
	ck_assert_uint_eq(liteio_thin_dump_find(&d, 1)->end, 501);
	ck_assert_uint_eq(liteio_thin_dump_find(&d, 7)->mapped, 0);
	ck_assert_uint_eq(liteio_thin_dump_find(&d, 16777215)->end, 4);
	ck_assert_ptr_null(liteio_thin_dump_find(&d, 2));
	liteio_thin_dump_fini(&d);
}
END_TEST

/* as versions from 1.0 on write it, without flags */
START_TEST(test_dump_newer)
{
	static const char text[] =
		"<superblock uuid=\"\" time=\"1\" transaction=\"5\" version=\"2\" "
		"data_block_size=\"128\" nr_data_blocks=\"4096\">\n"
		DEVICE(1, 1) SINGLE(3) END "</superblock>";
	struct liteio_thin_dump d;

	ck_assert_int_eq(liteio_thin_dump_parse(text, strlen(text), &d), 0);
	ck_assert(d.is_whole);
	ck_assert_uint_eq(d.txid, 5);
	ck_assert_uint_eq(d.devices[0].end, 4);
	liteio_thin_dump_fini(&d);
}
END_TEST

/* what devices share is written once by these, and ends where it ends */
START_TEST(test_dump_shared)
{
	static const char text[] =
		SUPER "<def name=\"4\">" SINGLE(30) "</def>"
		"<def name=\"1\"><ref name=\"4\"/>" RANGE(40, 5) "</def>"
		DEVICE(1, 6) "<ref name=\"1\"/>" END
		DEVICE(2, 2) "<ref name=\"4\"/>" SINGLE(90) END
		DEVICE(3, 1) SINGLE(2) END "</superblock>";
	struct liteio_thin_dump d;

	ck_assert_int_eq(liteio_thin_dump_parse(text, strlen(text), &d), 0);
	ck_assert(d.is_whole);
	ck_assert_uint_eq(d.n_devices, 3);
	ck_assert_uint_eq(d.devices[0].end, 45);
	ck_assert_uint_eq(d.devices[1].end, 91);
	ck_assert_uint_eq(d.devices[2].end, 3);
	liteio_thin_dump_fini(&d);
}
END_TEST

/* cut anywhere it is less, never something else */
START_TEST(test_dump_cut)
{
	struct liteio_thin_dump d;

	for (size_t len = 0; len < strlen(WHOLE) - 1; len++) {
		int r = liteio_thin_dump_parse(WHOLE, len, &d);

		if (len < strlen(SUPER) - 1) {
			ck_assert_int_eq(r, -ENODATA);
			continue;
		}
		ck_assert_int_eq(r, 0);
		ck_assert(!d.is_whole);
		ck_assert_uint_le(d.n_devices, 3);
		liteio_thin_dump_fini(&d);
	}
}
END_TEST

START_TEST(test_dump_bad)
{
	static const char *const bad[] = {
		"<superblock>",
		"<superblock transaction=\"x\" flags=\"0\" data_block_size=\"1\" nr_data_blocks=\"1\">",
		SUPER "<device dev_id=\"16777216\" mapped_blocks=\"1\">",
		SUPER "<device dev_id=\"1\" mapped_blocks=\"-1\">",
		SUPER "<device dev_id=\"1\" mapped_blocks=\"1>",
		SUPER DEVICE(2, 1) END DEVICE(1, 1) END,
		SUPER DEVICE(2, 1) END DEVICE(2, 1) END,
		SUPER SINGLE(3),
		SUPER "<def name=\"x\">",
		SUPER "<def name=\"1\"><def name=\"2\">",
		SUPER "<def name=\"1\"></def><def name=\"1\">",
		SUPER "<def name=\"1\">" DEVICE(1, 1),
		SUPER "<ref name=\"1\"/>",
		SUPER "<def name=\"1\"></def><ref name=\"1\"/>",
		SUPER DEVICE(1, 1) "<ref name=\"1\"/>",
		SUPER SUPER,
	};
	struct liteio_thin_dump d = { .txid = 99 };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(bad); i++)
		ck_assert_msg(liteio_thin_dump_parse(bad[i], strlen(bad[i]), &d) == -EBADMSG,
			      "accepted \"%s\"", bad[i]);
	ck_assert_int_eq(liteio_thin_dump_parse("superblock", 10, &d), -ENODATA);
	ck_assert_int_eq(liteio_thin_dump_parse("<device >", 9, &d), -ENODATA);
	ck_assert_uint_eq(d.txid, 99);
}
END_TEST

/* in pieces of every size it says the same */
START_TEST(test_dump_pieces)
{
	const size_t len = strlen(WHOLE);

	for (size_t piece = 1; piece <= len; piece++) {
		struct liteio_thin_parser *p = liteio_thin_parser_new();
		struct liteio_thin_dump d;

		for (size_t at = 0; at < len; at += piece)
			liteio_thin_parser_feed(p, WHOLE + at,
						len - at < piece ? len - at : piece);
		ck_assert_int_eq(liteio_thin_parser_end(p, &d), 0);
		ck_assert(d.is_whole);
		ck_assert_uint_eq(d.n_devices, 3);
		ck_assert_uint_eq(d.devices[0].end, 501);
		liteio_thin_dump_fini(&d);
	}
}
END_TEST

/* ---- metadata ------------------------------------------------------------------------------ */

#define MAPPED 2000

/* two devices whose blocks lie apart, so that each has several nodes of its own */
static void make_metadata(const char *dir, const char *path)
{
	_cleanup_free_ char *xml = liteio_strf("%s/xml", dir), *flag = liteio_strf("-o %s", path);
	FILE *f = fopen(xml, "we");

	ck_assert_ptr_nonnull(f);
	fputs("<superblock uuid=\"\" time=\"1\" transaction=\"5\" flags=\"0\" version=\"2\" "
	      "data_block_size=\"128\" nr_data_blocks=\"8192\">\n", f);
	for (int id = 1; id <= 2; id++) {
		fprintf(f, "<device dev_id=\"%d\" mapped_blocks=\"%d\" transaction=\"%d\" "
			"creation_time=\"0\" snap_time=\"0\">\n", id, MAPPED, id);
		for (int i = 0; i < MAPPED; i++)
			fprintf(f, "<single_mapping origin_block=\"%d\" data_block=\"%d\" time=\"0\"/>\n",
				2 * i, (id - 1) * MAPPED + i);
		fputs("</device>\n", f);
	}
	fputs("</superblock>\n", f);
	fclose(f);
	make_file(path);
	run("thin_restore -i", xml, flag);
	unlink(xml);
}

/* ---- programs that are not the real ones ---------------------------------------------------- */

/**
 * struct end - of a program
 * @script: what it does
 * @code: what is made of that
 * @said: the sentence
 */
struct end {
	const char *script;
	int code;
	const char *said;
};

/* who is killed has found nothing, and who crashes neither: it is said by what */
START_TEST(test_killed)
{
	static const struct end ends[] = {
		{ "kill -KILL $$", -EINTR, "thin_check was ended by SIGKILL (Killed)" },
		{ "kill -TERM $$", -EINTR, "thin_check was ended by SIGTERM (Terminated)" },
		{ "kill -34 $$", -EINTR, "thin_check was ended by signal 34" },
		{ "kill -SEGV $$", -EFAULT,
		  "thin_check has crashed: SIGSEGV (Segmentation fault)" },
		{ "kill -ABRT $$", -EINTR, "thin_check was ended by SIGABRT (Aborted)" },
	};
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(ends); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;

		fake(dir, "thin_check", ends[i].script);
		ck_assert_int_eq(liteio_thin_meta_check("/dev/null", false, &err), ends[i].code);
		ck_assert_str_eq(err.msg, ends[i].said);
	}
	fake_end(dir, "thin_check");
}
END_TEST

/*
 * As thin_repair 0.9.0 does where the first block is lost and many old trees are left: told what
 * the caller knows, it crashes. What has crashed has not repaired; what was killed may, the next
 * time.
 */
START_TEST(test_repair_crashes)
{
	static const struct end ends[] = {
		{ "[ $# = 4 ] && exit 1; kill -SEGV $$", -EUCLEAN,
		  "thin_repair has crashed: SIGSEGV (Segmentation fault)" },
		{ "kill -SEGV $$", -EUCLEAN,
		  "thin_repair has crashed: SIGSEGV (Segmentation fault)" },
		{ "[ $# = 4 ] && kill -SEGV $$; exit 0", 0, NULL },
		{ "[ $# = 4 ] && exit 1; kill -KILL $$", -EINTR,
		  "thin_repair was ended by SIGKILL (Killed)" },
		{ "kill -KILL $$", -EINTR, "thin_repair was ended by SIGKILL (Killed)" },
		{ "echo no; exit 1", -EUCLEAN, "thin_repair: no" },
	};
	const struct liteio_thin_dump known = { .txid = 5 };
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";
	_cleanup_free_ char *out = NULL;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	out = liteio_strf("%s/out", dir);
	make_file(out);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(ends); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;

		fake(dir, "thin_repair", ends[i].script);
		ck_assert_int_eq(liteio_thin_meta_repair("/dev/null", out, &known, &err),
				 ends[i].code);
		if (ends[i].said)
			ck_assert_str_eq(err.msg, ends[i].said);
	}
	unlink(out);
	fake_end(dir, "thin_repair");
}
END_TEST

/* a check that crashes says nothing for the metadata, and keeps nobody from repairing them */
START_TEST(test_check_crashes)
{
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";
	_cleanup_free_ char *good = NULL, *out = NULL;
	struct liteio_engine_spare s = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_thin_dump known = { .txid = 5, .block_sectors = 128,
						.data_blocks = 8192 };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	good = liteio_strf("%s/good", dir);
	out = liteio_strf("%s/out", dir);
	make_metadata(dir, good);
	make_file(out);
	fake(dir, "thin_check", "[ $# = 1 ] && kill -SEGV $$; exit 0");
	ck_assert_int_eq(liteio_thin_needs_repair(good, &err), 1);
	ck_assert_str_eq(err.msg, "thin_check has crashed: SIGSEGV (Segmentation fault)");
	ck_assert_int_eq(liteio_thin_spare_make(good, out, &known, &s, &err), 0);
	ck_assert(!s.was_sound);
	ck_assert_uint_eq(s.after.n_devices, 2);
	liteio_engine_spare_fini(&s);
	/* of what was made, too: it is not taken */
	fake(dir, "thin_check", "kill -SEGV $$");
	ck_assert_int_eq(liteio_thin_spare_make(good, out, &known, &s, &err), -EUCLEAN);
	/* somebody has stopped it: the next one may come to its end */
	fake(dir, "thin_check", "kill -KILL $$");
	ck_assert_int_eq(liteio_thin_needs_repair(good, &err), -EINTR);
	ck_assert_int_eq(liteio_thin_spare_make(good, out, &known, &s, &err), -EINTR);
	unlink(good);
	unlink(out);
	fake_end(dir, "thin_check");
}
END_TEST

/* add to a number of the superblock */
static void add_super(const char *path, size_t at, uint64_t n)
{
	uint8_t block[META_BLOCK];
	int fd = open(path, O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, block, sizeof(block), 0), sizeof(block));
	set_super(block, at, liteio_le_get(block + at, 8) + n);
	ck_assert_int_eq(pwrite(fd, block, sizeof(block), 0), sizeof(block));
	close(fd);
}

/* it says so many more blocks in use than devices have */
static void leak(const char *path, uint64_t n)
{
	add_super(path, SUPERBLOCK_ALLOCATED_AT, n);
}

/* what the kernel has written that it could not write is told, whether blocks are lost or not */
START_TEST(test_flagged)
{
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";
	_cleanup_free_ char *meta = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	meta = liteio_strf("%s/meta", dir);
	make_metadata(dir, meta);
	ck_assert_int_eq(liteio_thin_needs_repair(meta, &err), 0);
	add_super(meta, SUPERBLOCK_FLAGS_AT, LITEIO_THIN_NEEDS_CHECK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(liteio_thin_needs_repair(meta, &err), 1);
		ck_assert_str_eq(err.msg, "the kernel asks for a check");
		leak(meta, 1);
	}
	unlink(meta);
	rmdir(dir);
}
END_TEST

/* what a power cut has left in use is found, and is free in the spare; what there is stays */
START_TEST(test_leaks)
{
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";
	_cleanup_free_ char *meta = NULL, *out = NULL;
	struct liteio_engine_spare s = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_thin_dump known = { .txid = 5, .block_sectors = 128,
						.data_blocks = 8192 };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	meta = liteio_strf("%s/meta", dir);
	out = liteio_strf("%s/out", dir);
	make_metadata(dir, meta);
	make_file(out);
	ck_assert_int_eq(liteio_thin_meta_check(meta, false, &err), 0);
	leak(meta, 3);
	ck_assert_int_eq(liteio_thin_meta_check(meta, false, &err), LITEIO_THIN_LEAKY);
	ck_assert_int_eq(liteio_thin_needs_repair(meta, &err), 0);
	ck_assert_int_eq(liteio_thin_spare_make(meta, out, &known, &s, &err), 0);
	ck_assert(!s.is_leaky);
	ck_assert(s.knows_before);
	ck_assert_uint_eq(s.after.n_devices, 2);
	ck_assert_uint_eq(s.after.txid, s.before.txid);
	for (size_t i = 0; i < 2; i++)
		ck_assert_uint_eq(s.after.devices[i].mapped, s.before.devices[i].mapped);
	liteio_engine_spare_fini(&s);
	ck_assert_int_eq(liteio_thin_meta_check(out, false, &err), 0);
	/* fewer than devices have: the next that is given out is somebody's */
	leak(meta, (uint64_t)-4);
	ck_assert_int_eq(liteio_thin_meta_check(meta, false, &err), -EUCLEAN);
	unlink(meta);
	unlink(out);
	rmdir(dir);
}
END_TEST

/**
 * struct answer - of a thin_check that is not the real one, as versions from 1.0 on are
 * @script: what it does
 * @code: what is made of that
 */
struct answer {
	const char *script;
	int code;
};

static const struct answer answers[] = {
	/* what nobody has is no damage */
	{ "[ \"$1\" = --ignore-non-fatal-errors ] && exit 0; echo leaks; exit 1",
	  LITEIO_THIN_LEAKY },
	{ "echo damaged; exit 1", -EUCLEAN },
	{ "exit 0", 0 },
};

START_TEST(test_leaks_told)
{
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";
	_cleanup_free_ char *meta = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	meta = liteio_strf("%s/meta", dir);
	make_metadata(dir, meta);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(answers); i++) {
		fake(dir, "thin_check", answers[i].script);
		ck_assert_int_eq(liteio_thin_meta_check(meta, false, &err), answers[i].code);
	}
	unlink(meta);
	fake_end(dir, "thin_check");
}
END_TEST

/* a program that mends nothing, and more mappings than there is room for to write each by itself */
START_TEST(test_leaks_stay)
{
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";
	_cleanup_free_ char *meta = NULL, *out = NULL;
	struct liteio_engine_spare s = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_thin_dump known = { .txid = 5, .block_sectors = 128,
						.data_blocks = 8192 };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	meta = liteio_strf("%s/meta", dir);
	out = liteio_strf("%s/out", dir);
	make_metadata(dir, meta);
	make_file(out);
	leak(meta, 1);
	fake(dir, "thin_repair", "echo no room; exit 1");
	ck_assert_int_eq(liteio_thin_spare_make(meta, out, &known, &s, &err), 0);
	ck_assert(s.is_leaky);
	/* a copy all the same */
	ck_assert_uint_eq(s.after.n_devices, 2);
	ck_assert_uint_eq(s.after.devices[1].mapped, MAPPED);
	liteio_engine_spare_fini(&s);
	unlink(meta);
	unlink(out);
	fake_end(dir, "thin_repair");
}
END_TEST

#define LONG_LINES "800000"
#define MORE_KIB_MAX (24 << 10)

/* as long as the mappings of full metadata are, it is not kept */
START_TEST(test_dump_long)
{
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct rusage before, after;
	struct liteio_thin_dump d;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	fake(dir, "thin_dump",
	     "exec >\"$2\"; echo '<superblock transaction=\"5\" flags=\"0\" data_block_size=\"128\" "
	     "nr_data_blocks=\"9\"><device dev_id=\"1\" mapped_blocks=\"9\">'; "
	     "yes '<single_mapping origin_block=\"8\" data_block=\"7\" time=\"1\"/>' | "
	     "head -n " LONG_LINES "; echo '</device></superblock>'");
	getrusage(RUSAGE_SELF, &before);
	ck_assert_int_eq(liteio_thin_meta_dump("/dev/null", true, &d, &err), 0);
	getrusage(RUSAGE_SELF, &after);
	ck_assert(d.is_whole);
	ck_assert_uint_eq(d.devices[0].end, 9);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, MORE_KIB_MAX);
	liteio_thin_dump_fini(&d);
	fake_end(dir, "thin_dump");
}
END_TEST

/* ---- the programs --------------------------------------------------------------------------- */

static void spoil(const char *path, off_t block)
{
	char junk[META_BLOCK];
	int fd = open(path, O_RDWR | O_CLOEXEC);

	memset(junk, 0x6b, sizeof(junk));
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, junk, sizeof(junk), block * META_BLOCK), sizeof(junk));
	close(fd);
}

/* what is mapped after a repair of metadata with this block spoilt; -1: they were sound */
static long repair_spoilt(const char *good, const char *bad, const char *out, off_t block)
{
	const struct liteio_thin_dump known = { .txid = 5, .block_sectors = 128,
						.data_blocks = 8192 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_thin_dump d;
	long mapped = 0;

	run("cp", good, bad);
	spoil(bad, block);
	make_file(out);
	if (!liteio_thin_meta_check(bad, false, &err))
		return -1;
	ck_assert_str_ne(err.msg, "");
	ck_assert_ptr_null(strstr(err.msg, "examining"));
	ck_assert_int_eq(liteio_thin_meta_repair(bad, out, &known, &err), 0);
	ck_assert_int_eq(liteio_thin_meta_check(out, true, &err), 0);
	ck_assert_int_eq(liteio_thin_meta_dump(out, true, &d, &err), 0);
	ck_assert(d.is_whole);
	ck_assert_uint_eq(d.txid, 5);
	for (size_t i = 0; i < d.n_devices; i++)
		mapped += (long)d.devices[i].mapped;
	liteio_thin_dump_fini(&d);
	return mapped;
}

START_TEST(test_programs)
{
	char dir[] = "/tmp/liteio-test-thin-XXXXXX";
	_cleanup_free_ char *good = NULL, *bad = NULL, *out = NULL;
	int whole = 0, some = 0, none = 0;
	struct liteio_thin_dump d;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	good = liteio_strf("%s/good", dir);
	bad = liteio_strf("%s/bad", dir);
	out = liteio_strf("%s/out", dir);
	make_metadata(dir, good);
	ck_assert_int_eq(liteio_thin_meta_check(good, false, NULL), 0);
	ck_assert_int_eq(liteio_thin_meta_dump(good, true, &d, NULL), 0);
	ck_assert_uint_eq(d.n_devices, 2);
	ck_assert_uint_eq(d.devices[1].mapped, MAPPED);
	ck_assert_uint_eq(d.devices[1].end, 2 * MAPPED - 1);
	liteio_thin_dump_fini(&d);
	/* block 0 is the superblock: all of it is still found, by what the caller knows */
	ck_assert_int_eq(repair_spoilt(good, bad, out, 0), 2 * MAPPED);
	ck_assert_int_eq(liteio_thin_meta_dump(bad, false, &d, NULL), -EUCLEAN);
	for (off_t block = 1; block < 20; block++) {
		long mapped = repair_spoilt(good, bad, out, block);

		whole += mapped == 2 * MAPPED;
		some += mapped > 0 && mapped < 2 * MAPPED;
		none += mapped == 0;
	}
	/* each kind of damage was met, and thin_repair was content with all of it */
	ck_assert_int_gt(whole, 0);
	ck_assert_int_gt(some, 0);
	ck_assert_int_gt(none, 0);
	unlink(good);
	unlink(bad);
	unlink(out);
	rmdir(dir);
}
END_TEST

UNIT_MAIN("thin-meta", test_dump, test_dump_newer, test_dump_shared, test_dump_cut, test_dump_bad,
	  test_dump_pieces, test_killed, test_repair_crashes, test_check_crashes, test_dump_long,
	  test_flagged, test_leaks, test_leaks_told, test_leaks_stay, test_programs)
