/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kubernetes Events (events.k8s.io/v1): what people see in "kubectl describe".
 *
 * Events are for people and may be lost: they are never waited for. The same event on the same
 * object is counted up in a series instead of being written again, and each object has a bound of
 * new events per time, so that a loop gone wrong does not fill the API server.
 */
#ifndef LITEIO_KUBE_EVENT_H
#define LITEIO_KUBE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_error;
struct liteio_events;
struct liteio_json;
struct liteio_kube;

/**
 * liteio_events_new() - a recorder
 * @k: a client with a loop
 * @controller: who reports: "liteio.io/controller"
 * @instance: which one of them: the node's or pod's name
 * @ret: the recorder, owned by the caller
 * @err: why not
 *
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_events_new(struct liteio_kube *k, const char *controller, const char *instance,
		      struct liteio_events **ret, struct liteio_error *err);

/* Context: loop thread, when no other thread emits any more; may be NULL */
void liteio_events_free(struct liteio_events *ev);

/**
 * liteio_event_emit() - tell people about an object
 * @ev: the recorder
 * @obj: the object (apiVersion, kind, metadata), borrowed
 * @warning: a Warning, not Normal
 * @reason: CamelCase word: "Provisioned"
 * @action: CamelCase word, what was being done: "Provision"
 * @fmt: the sentence, cut at 1000 characters
 *
 * Context: any thread; does not block; never fails.
 */
void liteio_event_emit(struct liteio_events *ev, const struct liteio_json *obj, bool warning,
		       const char *reason, const char *action, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* how many were dropped by the bound or refused by the server, for metrics. Any thread */
uint64_t liteio_events_dropped(struct liteio_events *ev);

#endif
