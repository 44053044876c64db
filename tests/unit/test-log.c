// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Log lines: one line per event whatever is in it, both formats, the threshold.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "unit.h"

static char text[8192];

/* what is logged between begin() and end() is in text */
static int pipe_fds[2], saved;

static void begin(void)
{
	ck_assert_int_eq(pipe(pipe_fds), 0);
	saved = dup(STDERR_FILENO);
	dup2(pipe_fds[1], STDERR_FILENO);
	close(pipe_fds[1]);
}

static void end(void)
{
	ssize_t n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(pipe_fds[0], text, sizeof(text) - 1);
	close(pipe_fds[0]);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
}

START_TEST(test_logfmt)
{
	liteio_log_init("prog", LITEIO_LOG_INFO, LITEIO_LOG_LOGFMT);
	begin();
	log_info("volume=v1 pool=p1", "made %d legs", 2);
	log_err(NULL, "plain");
	log_debug(NULL, "below the threshold");
	end();
	ck_assert_int_eq(strncmp(text, "ts=20", 5), 0);
	ck_assert_ptr_nonnull(strstr(text, " program=prog level=info volume=v1 pool=p1 "
					   "msg=\"made 2 legs\"\n"));
	ck_assert_ptr_nonnull(strstr(text, " level=error msg=plain\n"));
	ck_assert_ptr_null(strstr(text, "threshold"));
}
END_TEST

START_TEST(test_no_forgery)
{
	char *newline;

	liteio_log_init("prog", LITEIO_LOG_DEBUG, LITEIO_LOG_LOGFMT);
	begin();
	log_debug("volume=a\"b\nc x", "one\nlevel=error \"two\" \\ \x1b[31m=");
	end();
	newline = strchr(text, '\n');
	ck_assert_ptr_nonnull(newline);
	ck_assert_int_eq(newline[1], '\0');
	ck_assert_ptr_nonnull(strstr(text, "volume=\"a\\\"b\\nc\" object=x "));
	ck_assert_ptr_nonnull(strstr(text,
				     "msg=\"one\\nlevel=error \\\"two\\\" \\\\ \\u001b[31m=\"\n"));
}
END_TEST

START_TEST(test_json)
{
	struct liteio_json *j;

	liteio_log_init("prog", LITEIO_LOG_INFO, LITEIO_LOG_JSON);
	begin();
	log_warning("volume=v1", "a \"quoted\" {line}\n\x01");
	end();
	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, NULL), 0);
	ck_assert_str_eq(liteio_json_get_string(j, "volume"), "v1");
	ck_assert_str_eq(liteio_json_get_string(j, "level"), "warning");
	ck_assert_str_eq(liteio_json_get_string(j, "msg"), "a \"quoted\" {line}\n\x01");
	liteio_json_unref(j);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
}
END_TEST

START_TEST(test_journal)
{
	struct stat st;
	char *env;

	begin();
	fstat(STDERR_FILENO, &st);
	env = liteio_strf("%llu:%llu", (unsigned long long)st.st_dev,
			  (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", env, 1);
	liteio_log_init("prog", LITEIO_LOG_INFO, LITEIO_LOG_LOGFMT);
	log_warning("pool=p>", "x");
	end();
	ck_assert_str_eq(text, "<4>level=warning pool=p> msg=x\n");
	free(env);
}
END_TEST

/* the journal reads the priority before anything else, whatever the format */
START_TEST(test_journal_json)
{
	static const char *const lines[] = { "<3>{\"level\":\"error\",\"msg\":\"a\"}\n",
					     "<4>{\"level\":\"warning\",\"msg\":\"b\"}\n",
					     "<6>{\"level\":\"info\",\"msg\":\"c\"}\n",
					     "<7>{\"level\":\"debug\",\"msg\":\"d\"}\n" };
	const char *p = text;
	struct stat st;
	char *env;

	begin();
	fstat(STDERR_FILENO, &st);
	env = liteio_strf("%llu:%llu", (unsigned long long)st.st_dev,
			  (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", env, 1);
	liteio_log_init("prog", LITEIO_LOG_DEBUG, LITEIO_LOG_JSON);
	log_err(NULL, "a");
	log_warning(NULL, "b");
	log_info(NULL, "c");
	log_debug(NULL, "d");
	/* somebody else's stream: no prefix, and the line has what the journal would have known */
	setenv("JOURNAL_STREAM", "1:2", 1);
	liteio_log_init("prog", LITEIO_LOG_DEBUG, LITEIO_LOG_JSON);
	log_err(NULL, "e");
	end();
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_msg(!strncmp(p, lines[i], strlen(lines[i])), "%s", p);
		p += strlen(lines[i]);
	}
	ck_assert_int_eq(strncmp(p, "{\"ts\":\"20", 9), 0);
	ck_assert_ptr_nonnull(strstr(p, "\"program\":\"prog\",\"level\":\"error\","
					"\"msg\":\"e\"}"));
	free(env);
}
END_TEST

START_TEST(test_format)
{
	liteio_log_init("prog", LITEIO_LOG_INFO, LITEIO_LOG_LOGFMT);
	begin();
	log_info(NULL, "first");
	liteio_log_set_format(LITEIO_LOG_JSON);
	log_info(NULL, "second");
	end();
	ck_assert_ptr_nonnull(strstr(text, " level=info msg=first\n{\"ts\":"));
	ck_assert_ptr_nonnull(strstr(text, "\"msg\":\"second\"}\n"));
}
END_TEST

START_TEST(test_level)
{
	liteio_log_init("prog", LITEIO_LOG_ERR, LITEIO_LOG_LOGFMT);
	begin();
	log_warning(NULL, "first");
	liteio_log_set_level(LITEIO_LOG_WARNING);
	log_warning(NULL, "second");
	end();
	ck_assert_ptr_null(strstr(text, "first"));
	ck_assert_ptr_nonnull(strstr(text, "second"));
}
END_TEST

UNIT_MAIN("log", test_logfmt, test_no_forgery, test_json, test_journal, test_journal_json,
	  test_format, test_level)
