// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Logging: one line per event, written with one write() so that lines of threads never mix.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

/* the only global state of daemon/: set once by liteio_log_init(); level and format are atomic */
static struct {
	const char *program;
	int level;
	int format;
	bool journal;
} log_state = { .program = "liteio", .level = LITEIO_LOG_INFO };

/* systemd says in JOURNAL_STREAM which file its journal reads from; is it our stderr? */
static bool stderr_is_journal(void)
{
	const char *env = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;
	char tail;

	if (!env || sscanf(env, "%llu:%llu%c", &dev, &ino, &tail) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void liteio_log_init(const char *program, enum liteio_log_level level,
		     enum liteio_log_format format)
{
	log_state.program = program;
	log_state.journal = stderr_is_journal();
	liteio_log_set_format(format);
	liteio_log_set_level(level);
}

void liteio_log_set_level(enum liteio_log_level level)
{
	__atomic_store_n(&log_state.level, (int)level, __ATOMIC_RELAXED);
}

void liteio_log_set_format(enum liteio_log_format format)
{
	__atomic_store_n(&log_state.format, (int)format, __ATOMIC_RELAXED);
}

static const char *level_name(enum liteio_log_level level)
{
	switch (level) {
	case LITEIO_LOG_ERR:
		return "error";
	case LITEIO_LOG_WARNING:
		return "warning";
	case LITEIO_LOG_INFO:
		return "info";
	case LITEIO_LOG_DEBUG:
		break;
	}
	return "debug";
}

static void add_escaped(struct liteio_buf *b, unsigned char c)
{
	if (c == '"' || c == '\\')
		liteio_buf_addf(b, "\\%c", c);
	else if (c == '\n')
		liteio_buf_addstr(b, "\\n");
	else if (c == '\t')
		liteio_buf_addstr(b, "\\t");
	else
		liteio_buf_addf(b, "\\u%04x", c);
}

/* a quoted string that is valid in JSON and in logfmt, whatever the bytes are */
static void add_quoted(struct liteio_buf *b, const char *s, size_t len)
{
	size_t plain = 0;

	liteio_buf_add(b, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		liteio_buf_add(b, s + plain, i - plain);
		plain = i + 1;
		add_escaped(b, c);
	}
	liteio_buf_add(b, s + plain, len - plain);
	liteio_buf_add(b, "\"", 1);
}

static bool plain_value(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= 0x20 || c == '"' || c == '=' || c == '\\' || c == 0x7f)
			return false;
	}
	return len > 0;
}

struct line {
	struct liteio_buf text;
	bool json;
	bool has_pairs;
};

static void add_pair(struct line *line, const char *key, size_t key_len, const char *value,
		     size_t len)
{
	struct liteio_buf *b = &line->text;

	if (line->has_pairs)
		liteio_buf_addstr(b, line->json ? "," : " ");
	line->has_pairs = true;
	if (line->json) {
		add_quoted(b, key, key_len);
		liteio_buf_add(b, ":", 1);
	} else {
		liteio_buf_add(b, key, key_len);
		liteio_buf_add(b, "=", 1);
	}
	if (!line->json && plain_value(value, len))
		liteio_buf_add(b, value, len);
	else
		add_quoted(b, value, len);
}

/* "volume=v1 pool=p1": each word is one pair; what has no '=' is kept under "object" */
static void add_object(struct line *line, const char *object)
{
	while (*(object += strspn(object, " "))) {
		size_t len = strcspn(object, " ");
		const char *eq = memchr(object, '=', len);
		size_t key_len = eq ? (size_t)(eq - object) : 0;

		if (key_len && plain_value(object, key_len))
			add_pair(line, object, key_len, eq + 1, len - key_len - 1);
		else
			add_pair(line, "object", 6, object, len);
		object += len;
	}
}

static void add_time(struct line *line)
{
	struct timespec now;
	char text[40];
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03ldZ", now.tv_nsec / 1000000);
	add_pair(line, "ts", 2, text, strlen(text));
}

static void write_line(const char *line, size_t len)
{
	while (len) {
		ssize_t n = write(STDERR_FILENO, line, len);

		if (n < 0 && errno == EINTR)
			continue;
		/* nothing to be done about a log that can not be written */
		if (n <= 0)
			return;
		line += n;
		len -= (size_t)n;
	}
}

void liteio_log(enum liteio_log_level level, const char *object, const char *fmt, ...)
{
	struct line line = { LITEIO_BUF_INIT, false, false };
	const char *name = level_name(level);
	char *msg;
	va_list ap;

	if ((int)level > __atomic_load_n(&log_state.level, __ATOMIC_RELAXED))
		return;
	va_start(ap, fmt);
	if (vasprintf(&msg, fmt, ap) < 0)
		msg = NULL;
	va_end(ap);

	line.json = __atomic_load_n(&log_state.format, __ATOMIC_RELAXED) == LITEIO_LOG_JSON;
	if (log_state.journal)
		liteio_buf_addf(&line.text, "<%d>", (int)level);
	if (line.json)
		liteio_buf_add(&line.text, "{", 1);
	/* the journal has its own clock and knows who wrote */
	if (!log_state.journal) {
		add_time(&line);
		add_pair(&line, "program", 7, log_state.program, strlen(log_state.program));
	}
	add_pair(&line, "level", 5, name, strlen(name));
	add_object(&line, object ? object : "");
	add_pair(&line, "msg", 3, msg ? msg : fmt, strlen(msg ? msg : fmt));
	liteio_buf_addstr(&line.text, line.json ? "}\n" : "\n");
	write_line(line.text.data, line.text.len);
	free(msg);
	liteio_buf_fini(&line.text);
}
