/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop of a program (sd-event below; its types stay in loop.c).
 *
 * One loop per process, run by the main thread. Callbacks must not block: what may block runs on a
 * worker (worker.h) and comes back through liteio_loop_post(). Except for liteio_loop_post() and
 * liteio_loop_quit(), every function here is for the loop thread only.
 */
#ifndef LITEIO_BASE_LOOP_H
#define LITEIO_BASE_LOOP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct liteio_error;
struct liteio_loop;
struct liteio_io;
struct liteio_timer;

/* readiness, for interest and for what happened; ERR and HUP are always reported */
#define LITEIO_IO_READ 1u
#define LITEIO_IO_WRITE 2u
#define LITEIO_IO_PRI 4u
#define LITEIO_IO_ERR 8u
#define LITEIO_IO_HUP 16u

typedef void (*liteio_io_fn)(void *arg, int fd, unsigned int events);
typedef void (*liteio_timer_fn)(void *arg);
typedef void (*liteio_signal_fn)(void *arg, int signo);
typedef void (*liteio_post_fn)(void *arg);

/**
 * liteio_loop_new() - make the loop of this process
 * @ret: the loop, owned by the caller
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_loop_new(struct liteio_loop **ret, struct liteio_error *err);

/**
 * liteio_loop_free() - release the loop and everything still registered on it
 * @loop: may be NULL; must not be running
 */
void liteio_loop_free(struct liteio_loop *loop);

/**
 * liteio_loop_run() - dispatch until liteio_loop_quit()
 * @loop: the loop
 *
 * Feeds systemd's watchdog when there is one, and tells it STOPPING=1 at the end. May be called
 * again afterwards. Return: the code given to liteio_loop_quit(), or a negative errno when the loop
 * itself failed.
 */
int liteio_loop_run(struct liteio_loop *loop);

/**
 * liteio_loop_ready() - tell systemd that what others were started after is there
 *
 * Nothing without a notify socket. After liteio_loop_new(). Context: any thread.
 */
void liteio_loop_ready(void);

/**
 * liteio_loop_reload() - tell systemd that the configuration is being read again
 * @begun: false: it has been, with or without success
 *
 * Nothing without a notify socket. After liteio_loop_new().
 */
void liteio_loop_reload(bool begun);

/**
 * liteio_loop_quit() - let liteio_loop_run() return after the current callback
 * @loop: the loop
 * @code: what it returns, >= 0
 *
 * Context: any thread.
 */
void liteio_loop_quit(struct liteio_loop *loop, int code);

/**
 * liteio_loop_post() - have a function called by the loop thread
 * @loop: the loop
 * @fn: called once, in the order of the posts
 * @arg: for @fn
 *
 * Context: any thread; never blocks, never fails (allocation failure ends the process).
 */
void liteio_loop_post(struct liteio_loop *loop, liteio_post_fn fn, void *arg);

/**
 * liteio_loop_on_signal() - have a signal delivered as a callback
 * @loop: the loop
 * @signo: blocked for the process by this call (call before starting threads)
 * @fn: the callback
 * @arg: for @fn
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_loop_on_signal(struct liteio_loop *loop, int signo, liteio_signal_fn fn, void *arg,
			  struct liteio_error *err);

/**
 * liteio_io_new() - watch a file descriptor, level-triggered
 * @loop: the loop
 * @fd: borrowed: the caller closes it after liteio_io_free()
 * @events: LITEIO_IO_READ | LITEIO_IO_WRITE | LITEIO_IO_PRI
 * @fn: called with what happened
 * @arg: for @fn
 * @ret: the watch, owned by the caller
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_io_new(struct liteio_loop *loop, int fd, unsigned int events, liteio_io_fn fn, void *arg,
		  struct liteio_io **ret, struct liteio_error *err);

/**
 * liteio_io_set_events() - change the interest
 * @io: the watch
 * @events: the new set, may be 0
 */
void liteio_io_set_events(struct liteio_io *io, unsigned int events);

/**
 * liteio_io_free() - stop watching; safe from inside its own callback
 * @io: may be NULL
 */
void liteio_io_free(struct liteio_io *io);

/**
 * liteio_timer_new() - a one-shot timer, not yet armed
 * @loop: the loop
 * @fn: called when it fires
 * @arg: for @fn
 * @ret: the timer, owned by the caller
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_timer_new(struct liteio_loop *loop, liteio_timer_fn fn, void *arg,
		     struct liteio_timer **ret, struct liteio_error *err);

/**
 * liteio_timer_arm() - fire once, @delay_ms from now; replaces an earlier arming
 * @timer: the timer
 * @delay_ms: 0 fires in the next round
 * @slack_ms: how much later is as good (lets the CPU sleep)
 */
void liteio_timer_arm(struct liteio_timer *timer, uint64_t delay_ms, uint64_t slack_ms);

/**
 * liteio_timer_disarm() - do not fire
 * @timer: the timer
 *
 * The kernel is not told so: it wakes the loop once more, for nothing, as it does for a timer that
 * was armed again for later.
 */
void liteio_timer_disarm(struct liteio_timer *timer);

/*
 * When the first of all timers fires, in milliseconds from now; UINT64_MAX: none is armed. For
 * tests of who leaves none behind: the kernel does not know, which is not told what is disarmed
 */
uint64_t liteio_loop_armed_ms(const struct liteio_loop *loop);

/**
 * liteio_timer_free() - stop and release; safe from inside its own callback
 * @timer: may be NULL
 */
void liteio_timer_free(struct liteio_timer *timer);

/**
 * liteio_wait_until() - wait for a condition, but not for ever
 * @cond: of any clock
 * @lock: is held, and let go of meanwhile
 * @until_ms: by liteio_now_ms()
 *
 * Context: any thread but the loop's. Return: false when that time has come; true says only that it
 * is worth another look.
 */
bool liteio_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ms);

#endif
