/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watching a deletion from a second thread while the first one waits for its answer.
 */
#ifndef LITEIO_CTL_WATCH_H
#define LITEIO_CTL_WATCH_H

struct liteio_command;
struct liteio_watch;

/* the answer of GET /v1/deletions, released by the caller; NULL when there is none */
typedef struct liteio_json *(*liteio_watch_fn)(void *arg);

/**
 * liteio_watch_begin() - draw how far a deletion is, on stderr
 * @kind: "volume" or "snapshot"; borrowed
 * @name: of what is deleted; borrowed
 * @ask: asks the agent, from a thread of its own
 * @arg: for @ask
 *
 * Nothing is drawn before something is seen to be on its way out, so quick ones stay quiet.
 * Return: to be ended with liteio_watch_end(); NULL when stderr is no terminal.
 */
struct liteio_watch *liteio_watch_begin(const char *kind, const char *name, liteio_watch_fn ask,
					void *arg);
/* the line is empty again; NULL is fine */
void liteio_watch_end(struct liteio_watch *w);

#endif
