// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the parser and printer of table lines, and the parser of messages.
 */
#include <kunit/test.h>

#include "table.h"

#define UUID "01234567-89ab-cdef-0123-456789abcdef"
#define ARGS_MAX 8

struct good_case {
	const char *name;
	char *args[ARGS_MAX];
	struct liteio_table want;
	const char *emitted;
};

#define UUID_BYTES { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, \
		     0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef }

static const struct good_case good_cases[] = {
	{ "plain",
	  { "/dev/sda", "0", UUID, "1" },
	  { .dev = "/dev/sda", .uuid = UUID_BYTES, .gen = 1 },
	  "0 " UUID " 1" },
	{ "read-only",
	  { "8:0", "2048", UUID, "7", "1", "ro" },
	  { .dev = "8:0", .offset = 2048, .uuid = UUID_BYTES, .gen = 7, .ro = true },
	  "2048 " UUID " 7 1 ro" },
	{ "no options, said",
	  { "8:0", "2048", UUID, "7", "0" },
	  { .dev = "8:0", .offset = 2048, .uuid = UUID_BYTES, .gen = 7 },
	  "2048 " UUID " 7" },
	{ "largest numbers",
	  { "x", "36028797018963967", UUID, "9223372036854775807" },
	  { .dev = "x", .offset = 36028797018963967, .uuid = UUID_BYTES,
	    .gen = LITEIO_GEN_MAX },
	  "36028797018963967 " UUID " 9223372036854775807" },
	{ "upper case",
	  { "x", "0", "01234567-89AB-CDEF-0123-456789ABCDEF", "1" },
	  { .dev = "x", .uuid = UUID_BYTES, .gen = 1 },
	  "0 " UUID " 1" },
};

struct bad_case {
	const char *name;
	char *args[ARGS_MAX];
	const char *why;
};

#define USAGE "arguments are <dev> <offset> <volume-uuid> <generation> [<#options> ro]"
#define BAD_GEN "generation is not a number from 1 to 9223372036854775807"
#define BAD_OFFSET "offset is not a number of sectors"
#define BAD_UUID "volume is not a UUID"
#define BAD_COUNT "number of options does not match the options that follow"

static const struct bad_case bad_cases[] = {
	{ "nothing", { NULL }, USAGE },
	{ "too few", { "8:0", "0", UUID }, USAGE },
	{ "empty device", { "", "0", UUID, "1" }, "device is empty" },
	{ "empty offset", { "8:0", "", UUID, "1" }, BAD_OFFSET },
	{ "negative offset", { "8:0", "-1", UUID, "1" }, BAD_OFFSET },
	{ "signed offset", { "8:0", "+1", UUID, "1" }, BAD_OFFSET },
	{ "offset with a tail", { "8:0", "8s", UUID, "1" }, BAD_OFFSET },
	{ "hexadecimal offset", { "8:0", "0x8", UUID, "1" }, BAD_OFFSET },
	{ "offset too large", { "8:0", "36028797018963968", UUID, "1" }, BAD_OFFSET },
	{ "offset overflows", { "8:0", "99999999999999999999999", UUID, "1" }, BAD_OFFSET },
	{ "short uuid", { "8:0", "0", "01234567-89ab-cdef-0123-456789abcde", "1" }, BAD_UUID },
	{ "long uuid", { "8:0", "0", UUID "0", "1" }, BAD_UUID },
	{ "uuid without dashes", { "8:0", "0", "0123456789abcdef0123456789abcdef", "1" },
	  BAD_UUID },
	{ "uuid with a dash too many",
	  { "8:0", "0", "0123456-789ab-cdef-0123-456789abcdef", "1" }, BAD_UUID },
	{ "uuid with a letter", { "8:0", "0", "g1234567-89ab-cdef-0123-456789abcdef", "1" },
	  BAD_UUID },
	{ "uuid in braces", { "8:0", "0", "{" UUID "}", "1" }, BAD_UUID },
	{ "nil uuid", { "8:0", "0", "00000000-0000-0000-0000-000000000000", "1" },
	  "volume is the nil UUID" },
	{ "generation 0", { "8:0", "0", UUID, "0" }, BAD_GEN },
	{ "negative generation", { "8:0", "0", UUID, "-1" }, BAD_GEN },
	{ "generation too large", { "8:0", "0", UUID, "9223372036854775808" }, BAD_GEN },
	{ "generation overflows", { "8:0", "0", UUID, "18446744073709551617" }, BAD_GEN },
	{ "count is a word", { "8:0", "0", UUID, "1", "ro" },
	  "number of options is not 0 or 1" },
	{ "count too large", { "8:0", "0", UUID, "1", "2", "ro", "ro" },
	  "number of options is not 0 or 1" },
	{ "fewer options than said", { "8:0", "0", UUID, "1", "1" }, BAD_COUNT },
	{ "more options than said", { "8:0", "0", UUID, "1", "0", "ro" }, BAD_COUNT },
	{ "more options than one", { "8:0", "0", UUID, "1", "1", "ro", "ro" }, BAD_COUNT },
	{ "unknown option", { "8:0", "0", UUID, "1", "1", "rw" },
	  "unknown option (the only one is ro)" },
};

KUNIT_ARRAY_PARAM_DESC(good, good_cases, name);
KUNIT_ARRAY_PARAM_DESC(bad, bad_cases, name);

static unsigned int count_args(char *const *args)
{
	unsigned int n = 0;

	while (n < ARGS_MAX && args[n])
		n++;
	return n;
}

static void expect_same(struct kunit *test, const struct liteio_table *a,
			const struct liteio_table *b)
{
	KUNIT_EXPECT_STREQ(test, a->dev, b->dev);
	KUNIT_EXPECT_EQ(test, a->offset, b->offset);
	KUNIT_EXPECT_MEMEQ(test, a->uuid, b->uuid, sizeof(a->uuid));
	KUNIT_EXPECT_EQ(test, a->gen, b->gen);
	KUNIT_EXPECT_EQ(test, a->ro, b->ro);
}

static void parses_good_lines(struct kunit *test)
{
	const struct good_case *c = test->param_value;
	const char *why = "untouched";
	struct liteio_table table;

	KUNIT_ASSERT_EQ(test, liteio_table_parse(count_args(c->args), c->args, &table, &why), 0);
	KUNIT_EXPECT_STREQ(test, why, "untouched");
	expect_same(test, &table, &c->want);
}

static void emits_what_it_parses(struct kunit *test)
{
	const struct good_case *c = test->param_value;
	char text[LITEIO_TABLE_TEXT], *words, *args[ARGS_MAX] = {}, *word;
	struct liteio_table first, second;
	const char *why;
	unsigned int n = 0;

	KUNIT_ASSERT_EQ(test, liteio_table_parse(count_args(c->args), c->args, &first, &why), 0);
	liteio_table_emit(&first, text);
	KUNIT_EXPECT_STREQ(test, text, c->emitted);

	args[n++] = c->args[0];
	words = text;
	while ((word = strsep(&words, " ")) && n < ARGS_MAX)
		args[n++] = word;
	KUNIT_ASSERT_EQ(test, liteio_table_parse(n, args, &second, &why), 0);
	expect_same(test, &first, &second);
}

static void refuses_bad_lines(struct kunit *test)
{
	const struct bad_case *c = test->param_value;
	struct liteio_table table = { .gen = 42 };
	const char *why = NULL;

	KUNIT_ASSERT_EQ(test, liteio_table_parse(count_args(c->args), c->args, &table, &why),
			-EINVAL);
	KUNIT_EXPECT_STREQ(test, why, c->why);
	KUNIT_EXPECT_EQ(test, table.gen, 42);
}

/* words of a message; the floor it sets, or why it is refused */
struct message_case {
	const char *name;
	char *args[ARGS_MAX];
	u64 floor;
	const char *why;
};

#define ONLY_FENCE "the only message is fence <floor>"
#define ONE_FLOOR "fence takes exactly one floor"
#define BAD_FLOOR "floor is not a number from 1 to 9223372036854775807"

static const struct message_case message_cases[] = {
	{ "lowest floor", { "fence", "1" }, 1 },
	{ "highest floor", { "fence", "9223372036854775807" }, LITEIO_GEN_MAX },
	{ "empty message", { NULL }, 0, ONLY_FENCE },
	{ "another word", { "stats_reset" }, 0, ONLY_FENCE },
	{ "another word with a number", { "unfence", "1" }, 0, ONLY_FENCE },
	{ "capitals", { "FENCE", "1" }, 0, ONLY_FENCE },
	{ "no floor", { "fence" }, 0, ONE_FLOOR },
	{ "two floors", { "fence", "1", "2" }, 0, ONE_FLOOR },
	{ "empty floor", { "fence", "" }, 0, BAD_FLOOR },
	{ "floor 0", { "fence", "0" }, 0, BAD_FLOOR },
	{ "negative floor", { "fence", "-1" }, 0, BAD_FLOOR },
	{ "floor too large", { "fence", "9223372036854775808" }, 0, BAD_FLOOR },
	{ "floor overflows", { "fence", "18446744073709551617" }, 0, BAD_FLOOR },
	{ "floor with a tail", { "fence", "9x" }, 0, BAD_FLOOR },
};

KUNIT_ARRAY_PARAM_DESC(message, message_cases, name);

static void reads_messages(struct kunit *test)
{
	const struct message_case *c = test->param_value;
	const char *why = "untouched";
	u64 floor = 42;

	KUNIT_EXPECT_EQ(test, liteio_table_message(count_args(c->args), c->args, &floor, &why),
			c->why ? -EINVAL : 0);
	KUNIT_EXPECT_STREQ(test, why, c->why ?: "untouched");
	KUNIT_EXPECT_EQ(test, floor, c->why ? 42 : c->floor);
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE_PARAM(parses_good_lines, good_gen_params),
	KUNIT_CASE_PARAM(emits_what_it_parses, good_gen_params),
	KUNIT_CASE_PARAM(refuses_bad_lines, bad_gen_params),
	KUNIT_CASE_PARAM(reads_messages, message_gen_params),
	{}
};

static struct kunit_suite table_suite = {
	.name = "liteio_table",
	.test_cases = table_cases,
};

kunit_test_suite(table_suite);

MODULE_DESCRIPTION("KUnit tests of the table line");
MODULE_LICENSE("GPL");
