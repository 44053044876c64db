/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logging: one line per event to stderr, as logfmt or JSON, with the priority the journal
 * understands. Only programs' deciding code logs; libraries return errors.
 */
#ifndef LITEIO_BASE_LOG_H
#define LITEIO_BASE_LOG_H

/**
 * enum liteio_log_level - syslog priorities, smaller is more urgent
 * @LITEIO_LOG_ERR: something the admin must look at
 * @LITEIO_LOG_WARNING: worked around, but not normal
 * @LITEIO_LOG_INFO: state changes, one line per change
 * @LITEIO_LOG_DEBUG: every step
 */
enum liteio_log_level {
	LITEIO_LOG_ERR = 3,
	LITEIO_LOG_WARNING = 4,
	LITEIO_LOG_INFO = 6,
	LITEIO_LOG_DEBUG = 7,
};

enum liteio_log_format {
	LITEIO_LOG_LOGFMT,
	LITEIO_LOG_JSON,
};

/**
 * liteio_log_init() - set program name, threshold and format; call once, before threads
 * @program: name put into every line; borrowed for ever
 * @level: lines less urgent than this are dropped
 * @format: logfmt ("ts=... level=... msg=...") or JSON
 */
void liteio_log_init(const char *program, enum liteio_log_level level,
		     enum liteio_log_format format);

/**
 * liteio_log_set_level() - change the threshold of a running program
 * @level: the new threshold
 *
 * Context: any thread.
 */
void liteio_log_set_level(enum liteio_log_level level);

/**
 * liteio_log_set_format() - change the format of a running program
 * @format: the new format; a line under way keeps the one it was begun in
 *
 * Context: any thread.
 */
void liteio_log_set_format(enum liteio_log_format format);

/**
 * liteio_log() - write one line
 * @level: urgency
 * @object: what it is about, as "volume=<name> pool=<name>" pairs; NULL for none
 * @fmt: printf format of the message; no newline, never a secret
 *
 * Control characters are escaped: a line can not be forged by what is printed in it.
 * Context: any thread; blocks only as stderr does.
 */
void liteio_log(enum liteio_log_level level, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_err(object, ...) liteio_log(LITEIO_LOG_ERR, object, __VA_ARGS__)
#define log_warning(object, ...) liteio_log(LITEIO_LOG_WARNING, object, __VA_ARGS__)
#define log_info(object, ...) liteio_log(LITEIO_LOG_INFO, object, __VA_ARGS__)
#define log_debug(object, ...) liteio_log(LITEIO_LOG_DEBUG, object, __VA_ARGS__)

#endif
