/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making the driver known to the kubelet, without a sidecar: the kubelet finds our socket in its
 * directory of registrations, asks who we are, and tells whether it took us.
 */
#ifndef LITEIO_CSI_REGISTRATION_H
#define LITEIO_CSI_REGISTRATION_H

struct liteio_error;
struct liteio_loop;
struct liteio_registration;
struct liteio_workers;

/**
 * liteio_registration_new() - serve the registration
 * @loop: the loop
 * @workers: where calls run
 * @socket: path of the socket, in the kubelet's directory of registrations
 * @endpoint: path of the driver's own socket, as the kubelet sees it
 * @ret: the registration, owned by the caller
 * @err: why not
 *
 * To be called when the driver's own socket is served: the kubelet dials it at once.
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_registration_new(struct liteio_loop *loop, struct liteio_workers *workers,
			    const char *socket, const char *endpoint,
			    struct liteio_registration **ret, struct liteio_error *err);

/**
 * liteio_registration_stop() - take the socket away: the kubelet forgets the driver
 * @reg: may be NULL
 */
void liteio_registration_stop(struct liteio_registration *reg);

/* call @fn once when none of its calls runs any more; after liteio_registration_stop() */
void liteio_registration_on_idle(struct liteio_registration *reg, void (*fn)(void *arg), void *arg);

void liteio_registration_free(struct liteio_registration *reg);

#endif
