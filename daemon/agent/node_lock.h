/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One agent per node: a second one would undo what the first one does.
 *
 * The lock is an flock() of <stateDir>/agent.lock, in which its holder is written down. It outlives
 * an agent of which a thread hangs in the kernel: killed, that one has ended but for this thread,
 * which keeps all that was open until its disk answers. Such a holder does nothing any more but
 * return from one system call, and is not waited for. The pools that it still has are locked on
 * their own (pool/heir.h).
 *
 * That it hangs is written down, too, below the new holder: whoever comes after that one, which may
 * be gone before the hanging one is, has to know of both. So each holder puts a file of his own in
 * place of the last one's, whole and locked: killed at any moment, he leaves one of both there. A
 * file that says nothing, or ends within its first line (of an older agent, or for want of room),
 * tells of nobody: if it is locked, then by somebody who lives.
 */
#ifndef LITEIO_AGENT_NODE_LOCK_H
#define LITEIO_AGENT_NODE_LOCK_H

#include <stddef.h>

struct liteio_error;

/* of more the longest gone are forgotten: what they may still suspend is found by the doctor */
#define LITEIO_DEAD_MAX 8

/**
 * struct liteio_dead - agents that were killed, and hang
 * @fds: of each: can be read once the last of its threads has ended; owned
 * @n: how many
 */
struct liteio_dead {
	int fds[LITEIO_DEAD_MAX];
	size_t n;
};

/**
 * liteio_node_lock() - be the agent of this node
 * @state_dir: made when it is not there
 * @ret_fd: the lock is held until this is closed, or the process ends
 * @ret_dead: holders that hang and were not waited for, this time or by an agent before; those
 *	whose end can be told
 * @err: why not
 *
 * A holder that is about to end is waited for, some seconds. Context: at the start, before there
 * are threads; blocks. Return: 0, -EBUSY another agent is running, or another negative errno.
 */
int liteio_node_lock(const char *state_dir, int *ret_fd, struct liteio_dead *ret_dead,
		     struct liteio_error *err);

#endif
