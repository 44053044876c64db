/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listening sockets by address text, unix or TCP.
 */
#ifndef LITEIO_BASE_LISTEN_H
#define LITEIO_BASE_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

struct liteio_error;

/**
 * struct liteio_listener - a listening socket
 * @fd: owned, not blocking, close-on-exec
 * @is_unix: a unix socket
 * @path: its file, NULL for TCP; owned
 * @dev: device of the file, to recognise it
 * @ino: and its inode
 */
struct liteio_listener {
	int fd;
	bool is_unix;
	char *path;
	dev_t dev;
	ino_t ino;
};

/**
 * liteio_listen() - make a listening socket
 * @address: "unix:///path", "tcp://127.0.0.1:9100", "tcp://[::]:9100"; no names, port 0 takes any
 * @mode: of a unix socket's file
 * @gid: its group, (gid_t)-1 to leave it
 * @ret: filled in, released by liteio_listener_fini()
 * @err: why not
 *
 * A socket file that nobody listens on is replaced, and one whose listener was killed and hangs in
 * the kernel; one that somebody answers on is -EADDRINUSE, and any other file is left alone
 * (-EEXIST).
 *
 * Context: any thread. Return: 0 or a negative errno.
 */
int liteio_listen(const char *address, mode_t mode, gid_t gid, struct liteio_listener *ret,
		  struct liteio_error *err);

/* could that be an address to listen on? 0 or -EINVAL with a sentence; asks nobody (pure) */
int liteio_listen_check(const char *address, struct liteio_error *err);

/* close, and remove the socket file unless somebody has replaced it */
void liteio_listener_fini(struct liteio_listener *l);

/* the port of a TCP socket, 0 for others */
unsigned int liteio_listener_port(const struct liteio_listener *l);

#endif
