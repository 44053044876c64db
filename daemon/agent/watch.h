/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools that change by themselves: device-mapper says that something happened, the agent looks at
 * its pools, and says what has become of them: in the log, in events, and in the cluster.
 *
 * What the agent itself meets with is said likewise, as soon as it does: a catalog that can not be
 * written, a disk that lets an operation wait for longer than any should.
 *
 * The kernel speaks up when a pool has no free thin blocks, when there are some again, when it
 * fails, and once when a number of them is left that is the mark of its table. That is a fifth when
 * a pool comes into the kernel, and another one when more has to be said (liteio_pool_keep_mark()):
 * the next rung that data or metadata may reach. How full a pool is at this moment is asked for
 * wherever it counts, not remembered.
 *
 * A mark is set only while nobody uses the pool, as it holds all volumes for a moment. So a pool
 * that is used, and whose mark is behind it or too low, is looked at every half minute, or every
 * five seconds when its metadata fill: each by itself, what there is to say of one is said at once,
 * and one that hangs keeps nobody from looking at the others again. For pools that nobody uses
 * there is no timer: what begins the looks again is the event, or an operation that makes more than
 * the mark is good for. One that is not ready has no mark: it is looked at likewise; and so is one
 * with attached volumes the metadata of which discards alone could fill, as of these nobody tells.
 *
 * What the kernel may keep to itself is that a full pool has free blocks again, after a discard
 * that nothing followed; and of a catalog that can not be written it knows nothing. As long as a
 * pool is in such a state it is asked every five seconds. Space of deleted volumes that could not
 * be given back is tried again half a minute later (@try_later of the agent).
 */
#ifndef LITEIO_AGENT_WATCH_H
#define LITEIO_AGENT_WATCH_H

struct liteio_agent;
struct liteio_error;
struct liteio_watch;

/**
 * liteio_watch_start() - begin to listen
 * @a: the agent, with its loop, workers and pools
 * @ret: the watch, owned by the caller
 * @err: why not
 *
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_watch_start(struct liteio_agent *a, struct liteio_watch **ret, struct liteio_error *err);
/*
 * look at all pools now, once they are open; at one that is being looked at once more then.
 * Context: loop thread
 */
void liteio_watch_look(struct liteio_watch *w);
/* no longer listen, before the workers end; NULL is fine. Context: loop thread */
void liteio_watch_stop(struct liteio_watch *w);
/* after the workers have ended; NULL is fine */
void liteio_watch_free(struct liteio_watch *w);

#endif
