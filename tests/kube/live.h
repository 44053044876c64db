/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the live tests share: the loop in the main thread, the tests in a thread of their own.
 */
#ifndef LITEIO_TESTS_KUBE_LIVE_H
#define LITEIO_TESTS_KUBE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_json;
struct liteio_kube;
struct liteio_loop;
struct liteio_resource;

/**
 * struct live - the surroundings of a test
 * @loop: run by the main thread
 * @a: administrator's client of the first API server
 * @b: of the second one, which runs only when a test starts it
 * @dir: folder of tests/kube/server
 */
struct live {
	struct liteio_loop *loop;
	struct liteio_kube *a;
	struct liteio_kube *b;
	const char *dir;
};

extern struct live live;

/* end the test with a sentence unless @cond holds */
#define CHECK(cond, ...) \
	do { \
		if (!(cond)) \
			live_failed(__FILE__, __LINE__, #cond, __VA_ARGS__); \
	} while (0)

_Noreturn void live_failed(const char *file, int line, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* run a function on the loop thread and wait for it */
void live_on_loop(void (*fn)(void *arg), void *arg);
/* tests/kube/server DIR VERB WHO; it must work */
void live_server(const char *verb, const char *who);
/* a client with the credentials of DIR/NAME.kubeconfig; @loop NULL: for synchronous calls only */
struct liteio_kube *live_client(struct liteio_loop *loop, const char *name);
/*
 * all objects of a collection as the server has them now, one array; @k has a loop, the selector
 * may be NULL. Not from the loop thread
 */
struct liteio_json *live_list(struct liteio_kube *k, const struct liteio_resource *res,
			      const char *ns, const char *label_selector);
/* now plus so much, for deadlines */
uint64_t live_deadline(uint64_t ms);

void live_crud(void);
void live_paging(void);
void live_errors(void);
void live_cas(void);
void live_cas_threads(void);
void live_apply(void);
void live_status(void);
void live_async(void);
void live_token(void);
void live_informer(void);
void live_informer_wait(void);
void live_informer_offer(void);
void live_restart(void);
void live_forgotten(void);
void live_lease_kill(void);
void live_lease_stop(void);
void live_lease_release(void);
void live_events(void);
/* a candidate, in a process of its own */
int live_candidate(const char *dir, const char *identity);

#endif
