// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event loop of a program, on sd-event.
 *
 * Posts of other threads are kept in a list under a lock and announced through an eventfd; the loop
 * thread takes the whole list at once, so that a post made by a post runs in the next round.
 *
 * Timers are told to sd-event before the loop looks for what has happened: most are armed and
 * disarmed again before it comes to that, and to tell the kernel is what costs. What it was told is
 * not taken back, nor put off: a timer that fires too early is told again then.
 *
 * Over 600 lines because the headers of a library are included in one file.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"

struct post {
	struct post *next;
	liteio_post_fn fn;
	void *arg;
};

struct signal_watch {
	struct signal_watch *next;
	sd_event_source *source;
	liteio_signal_fn fn;
	void *arg;
};

/**
 * struct liteio_loop - the loop
 * @event: sd-event's
 * @wake: eventfd, readable while @posts may be non-empty
 * @wake_source: its watch
 * @signals: watches of signals
 * @ios: watches not yet freed by their owners
 * @timers: timers not yet freed by their owners
 * @due: those that fire in the next round, the first armed first
 * @changed: those that sd-event is to be told of
 * @lock: covers @posts, @posts_tail, @quitting and @quit_code
 * @posts: functions to call, oldest first
 * @posts_tail: where the next one goes
 * @quitting: liteio_loop_quit() was called
 * @quit_code: with this code
 */
struct liteio_loop {
	sd_event *event;
	int wake;
	sd_event_source *wake_source;
	struct signal_watch *signals;
	struct liteio_io *ios;
	struct liteio_timer *timers;
	struct liteio_timer *due;
	struct liteio_timer *changed;

	pthread_mutex_t lock;
	struct post *posts;
	struct post **posts_tail;
	bool quitting;
	int quit_code;
};

struct liteio_io {
	struct liteio_loop *loop;
	struct liteio_io *next, **link;
	sd_event_source *source;
	int fd;
	liteio_io_fn fn;
	void *arg;
};

#define NEVER UINT64_MAX

/**
 * struct liteio_timer - one timer
 * @loop: whose
 * @next: in the loop's list
 * @link: what points at this one there
 * @due_next: in the list of those that are due
 * @due_link: what points at this one there; NULL when it is not due
 * @changed_next: in the list of those that sd-event is to be told of
 * @changed_link: what points at this one there; NULL when it knows
 * @at_us: when it is to fire (CLOCK_MONOTONIC), or NEVER
 * @by_us: and at the latest, likewise
 * @told_by_us: sd-event wakes us by then, or NEVER
 * @source: sd-event's
 * @fn: is called
 * @arg: for it
 */
struct liteio_timer {
	struct liteio_loop *loop;
	struct liteio_timer *next, **link;
	struct liteio_timer *due_next, **due_link;
	struct liteio_timer *changed_next, **changed_link;
	uint64_t at_us;
	uint64_t by_us;
	uint64_t told_by_us;
	sd_event_source *source;
	liteio_timer_fn fn;
	void *arg;
};

bool liteio_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ms)
{
	const struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
					.tv_nsec = (long)(until_ms % 1000) * 1000000 };

	return pthread_cond_clockwait(cond, lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT;
}

/* ---- posts -------------------------------------------------------------------------------- */

static void wake_up(struct liteio_loop *loop)
{
	uint64_t one = 1;
	ssize_t n;

	do {
		n = write(loop->wake, &one, sizeof(one));
	} while (n < 0 && errno == EINTR);
}

void liteio_loop_post(struct liteio_loop *loop, liteio_post_fn fn, void *arg)
{
	struct post *p = liteio_calloc(1, sizeof(*p));
	bool is_first;

	p->fn = fn;
	p->arg = arg;
	{
		liteio_guard(&loop->lock);
		is_first = !loop->posts;
		*loop->posts_tail = p;
		loop->posts_tail = &p->next;
	}
	/* not under the lock, which the loop would wait for as soon as it is awake */
	if (is_first)
		wake_up(loop);
}

void liteio_loop_quit(struct liteio_loop *loop, int code)
{
	liteio_guard(&loop->lock);
	loop->quitting = true;
	loop->quit_code = code;
	wake_up(loop);
}

/*
 * Edge-triggered, so each write is told once, whatever the counter has, which is never read: it
 * would take more writes than there will be to fill it. A post that comes before the list is taken
 * only wakes up once too often.
 */
static int on_wake(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct liteio_loop *loop = arg;
	struct post *p;

	{
		liteio_guard(&loop->lock);
		p = loop->posts;
		loop->posts = NULL;
		loop->posts_tail = &loop->posts;
	}
	while (p) {
		struct post *next = p->next;

		p->fn(p->arg);
		free(p);
		p = next;
	}
	return 0;
}

/* ---- the loop ----------------------------------------------------------------------------- */

int liteio_loop_new(struct liteio_loop **ret, struct liteio_error *err)
{
	struct liteio_loop *loop = liteio_calloc(1, sizeof(*loop));
	int r;

	pthread_mutex_init(&loop->lock, NULL);
	loop->posts_tail = &loop->posts;
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = loop->wake < 0 ? -errno : 0;
	if (!r)
		r = sd_event_new(&loop->event);
	if (!r)
		r = sd_event_add_io(loop->event, &loop->wake_source, loop->wake, EPOLLIN | EPOLLET,
				    on_wake, loop);
	if (r < 0) {
		liteio_loop_free(loop);
		return liteio_error_set(err, r, "cannot make an event loop: %s",
					liteio_error_str(NULL, r));
	}
	*ret = loop;
	return 0;
}

void liteio_loop_free(struct liteio_loop *loop)
{
	struct liteio_timer *timer, *next_timer;
	struct liteio_io *io, *next_io;

	if (!loop)
		return;
	for (io = loop->ios; io; io = next_io) {
		next_io = io->next;
		liteio_io_free(io);
	}
	for (timer = loop->timers; timer; timer = next_timer) {
		next_timer = timer->next;
		liteio_timer_free(timer);
	}
	while (loop->signals) {
		struct signal_watch *s = loop->signals;

		loop->signals = s->next;
		sd_event_source_unref(s->source);
		free(s);
	}
	while (loop->posts) {
		struct post *p = loop->posts;

		loop->posts = p->next;
		free(p);
	}
	sd_event_source_unref(loop->wake_source);
	sd_event_unref(loop->event);
	if (loop->wake >= 0)
		close(loop->wake);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

/* was liteio_loop_quit() called? then the next liteio_loop_run() starts afresh */
static bool take_quit(struct liteio_loop *loop, int *ret_code)
{
	liteio_guard(&loop->lock);
	if (!loop->quitting)
		return false;
	loop->quitting = false;
	*ret_code = loop->quit_code;
	return true;
}

static void due_remove(struct liteio_timer *timer)
{
	if (!timer->due_link)
		return;
	*timer->due_link = timer->due_next;
	if (timer->due_next)
		timer->due_next->due_link = timer->due_link;
	timer->due_link = NULL;
}

static void due_add(struct liteio_timer *timer)
{
	struct liteio_timer **at = &timer->loop->due;

	while (*at)
		at = &(*at)->due_next;
	timer->due_next = NULL;
	timer->due_link = at;
	*at = timer;
}

/* those that are due now; what they make due waits for what else has happened */
static void fire_due(struct liteio_loop *loop)
{
	struct liteio_timer *first = loop->due, *timer;

	loop->due = NULL;
	if (first)
		first->due_link = &first;
	while ((timer = first)) {
		due_remove(timer);
		timer->fn(timer->arg);
	}
}

static void changed_remove(struct liteio_timer *timer)
{
	if (!timer->changed_link)
		return;
	*timer->changed_link = timer->changed_next;
	if (timer->changed_next)
		timer->changed_next->changed_link = timer->changed_link;
	timer->changed_link = NULL;
}

static void changed_add(struct liteio_timer *timer)
{
	struct liteio_loop *loop = timer->loop;

	if (timer->changed_link)
		return;
	timer->changed_next = loop->changed;
	if (timer->changed_next)
		timer->changed_next->changed_link = &timer->changed_next;
	timer->changed_link = &loop->changed;
	loop->changed = timer;
}

/* is sd-event to be told? who is woken in time anyway looks then */
static void settle(struct liteio_timer *timer)
{
	if (timer->by_us < timer->told_by_us)
		changed_add(timer);
	else
		changed_remove(timer);
}

/* each call of sd-event is for a source that exists, with values that are valid: none can fail */
static void tell(struct liteio_timer *timer)
{
	timer->told_by_us = timer->by_us;
	(void)sd_event_source_set_time_accuracy(timer->source, timer->by_us - timer->at_us);
	(void)sd_event_source_set_time(timer->source, timer->at_us);
	(void)sd_event_source_set_enabled(timer->source, SD_EVENT_ONESHOT);
}

/* also of one that has come meanwhile, but was not called yet: it is not called then */
static void tell_changed(struct liteio_loop *loop)
{
	struct liteio_timer *timer;

	while ((timer = loop->changed)) {
		changed_remove(timer);
		tell(timer);
	}
}

int liteio_loop_run(struct liteio_loop *loop)
{
	int code = 0, r;

	/* does nothing without a watchdog in the environment */
	r = sd_event_set_watchdog(loop->event, true);
	if (r < 0)
		return r;
	do {
		fire_due(loop);
		tell_changed(loop);
		r = sd_event_run(loop->event, loop->due ? 0 : UINT64_MAX);
	} while (r >= 0 && !take_quit(loop, &code));
	sd_notify(0, "STOPPING=1");
	return r < 0 ? r : code;
}

void liteio_loop_ready(void)
{
	sd_notify(0, "READY=1");
}

void liteio_loop_reload(bool begun)
{
	if (begun)
		sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, liteio_now_ns() / 1000);
	else
		liteio_loop_ready();
}

/* a callback's source must outlive the callback, even when the callback frees the object */
static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	struct signal_watch *s = arg;

	s->fn(s->arg, (int)si->ssi_signo);
	return 0;
}

int liteio_loop_on_signal(struct liteio_loop *loop, int signo, liteio_signal_fn fn, void *arg,
			  struct liteio_error *err)
{
	struct signal_watch *s;
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, signo);
	r = -pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (r)
		return liteio_error_set(err, r, "cannot block signal %d", signo);
	s = liteio_calloc(1, sizeof(*s));
	s->fn = fn;
	s->arg = arg;
	r = sd_event_add_signal(loop->event, &s->source, signo, on_signal, s);
	if (r < 0) {
		free(s);
		return liteio_error_set(err, r, "cannot watch signal %d: %s", signo,
					liteio_error_str(NULL, r));
	}
	s->next = loop->signals;
	loop->signals = s;
	return 0;
}

/* ---- file descriptors --------------------------------------------------------------------- */

static const struct {
	unsigned int ours;
	uint32_t epoll;
} io_bits[] = {
	{ LITEIO_IO_READ, EPOLLIN },
	{ LITEIO_IO_WRITE, EPOLLOUT },
	{ LITEIO_IO_PRI, EPOLLPRI },
	{ LITEIO_IO_ERR, EPOLLERR },
	{ LITEIO_IO_HUP, EPOLLHUP },
};

static uint32_t io_to_epoll(unsigned int events)
{
	uint32_t e = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(io_bits); i++)
		e |= events & io_bits[i].ours ? io_bits[i].epoll : 0;
	return e;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct liteio_io *io = arg;
	unsigned int events = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(io_bits); i++)
		events |= revents & io_bits[i].epoll ? io_bits[i].ours : 0;
	io->fn(io->arg, fd, events);
	return 0;
}

int liteio_io_new(struct liteio_loop *loop, int fd, unsigned int events, liteio_io_fn fn, void *arg,
		  struct liteio_io **ret, struct liteio_error *err)
{
	struct liteio_io *io = liteio_calloc(1, sizeof(*io));
	int r;

	io->loop = loop;
	io->fd = fd;
	io->fn = fn;
	io->arg = arg;
	r = sd_event_add_io(loop->event, &io->source, fd, io_to_epoll(events), on_io, io);
	if (r < 0) {
		free(io);
		return liteio_error_set(err, r, "cannot watch file descriptor %d: %s", fd,
					liteio_error_str(NULL, r));
	}
	io->next = loop->ios;
	io->link = &loop->ios;
	if (io->next)
		io->next->link = &io->next;
	loop->ios = io;
	*ret = io;
	return 0;
}

void liteio_io_set_events(struct liteio_io *io, unsigned int events)
{
	/* cannot fail for a source that exists and events that are valid */
	(void)sd_event_source_set_io_events(io->source, io_to_epoll(events));
}

void liteio_io_free(struct liteio_io *io)
{
	if (!io)
		return;
	*io->link = io->next;
	if (io->next)
		io->next->link = io->link;
	/* sd-event holds a reference of its own while it dispatches */
	sd_event_source_disable_unref(io->source);
	free(io);
}

/* ---- timers ------------------------------------------------------------------------------- */

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct liteio_timer *timer = arg;

	/* once: it is off now */
	timer->told_by_us = NEVER;
	if (timer->at_us > liteio_now_ns() / 1000) {
		settle(timer);
		return 0;
	}
	timer->at_us = NEVER;
	timer->by_us = NEVER;
	changed_remove(timer);
	timer->fn(timer->arg);
	return 0;
}

int liteio_timer_new(struct liteio_loop *loop, liteio_timer_fn fn, void *arg,
		     struct liteio_timer **ret, struct liteio_error *err)
{
	struct liteio_timer *timer = liteio_calloc(1, sizeof(*timer));
	int r;

	timer->loop = loop;
	timer->at_us = NEVER;
	timer->by_us = NEVER;
	timer->told_by_us = NEVER;
	timer->fn = fn;
	timer->arg = arg;
	r = sd_event_add_time(loop->event, &timer->source, CLOCK_MONOTONIC, 0, 1, on_timer, timer);
	if (r >= 0)
		r = sd_event_source_set_enabled(timer->source, SD_EVENT_OFF);
	if (r < 0) {
		sd_event_source_unref(timer->source);
		free(timer);
		return liteio_error_set(err, r, "cannot make a timer: %s",
					liteio_error_str(NULL, r));
	}
	timer->next = loop->timers;
	timer->link = &loop->timers;
	if (timer->next)
		timer->next->link = &timer->next;
	loop->timers = timer;
	*ret = timer;
	return 0;
}

/* the largest delay: longer than any machine runs, and far from overflow in microseconds */
#define TIMER_MAX_MS (1000ULL * 86400 * 365 * 100)

void liteio_timer_arm(struct liteio_timer *timer, uint64_t delay_ms, uint64_t slack_ms)
{
	if (delay_ms > TIMER_MAX_MS)
		delay_ms = TIMER_MAX_MS;
	if (slack_ms > TIMER_MAX_MS)
		slack_ms = TIMER_MAX_MS;
	liteio_timer_disarm(timer);
	/* by ourselves: to have the kernel say that it is now takes three calls */
	if (!delay_ms) {
		due_add(timer);
		return;
	}
	timer->at_us = liteio_now_ns() / 1000 + delay_ms * 1000;
	/* an accuracy of 0 would mean sd-event's default of 250 ms */
	timer->by_us = timer->at_us + (slack_ms ? slack_ms * 1000 : 1);
	settle(timer);
}

void liteio_timer_disarm(struct liteio_timer *timer)
{
	due_remove(timer);
	timer->at_us = NEVER;
	timer->by_us = NEVER;
	settle(timer);
}

uint64_t liteio_loop_armed_ms(const struct liteio_loop *loop)
{
	uint64_t first = loop->due ? 0 : NEVER, now = liteio_now_ns() / 1000;

	for (const struct liteio_timer *t = loop->timers; t; t = t->next) {
		if (t->at_us < first)
			first = t->at_us;
	}
	if (first == NEVER)
		return NEVER;
	return first > now ? (first - now) / 1000 : 0;
}

void liteio_timer_free(struct liteio_timer *timer)
{
	if (!timer)
		return;
	due_remove(timer);
	changed_remove(timer);
	*timer->link = timer->next;
	if (timer->next)
		timer->next->link = timer->link;
	sd_event_source_disable_unref(timer->source);
	free(timer);
}
