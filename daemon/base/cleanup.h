/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scope-bound ownership: _cleanup_*_ variables release what they own when they go out of scope;
 * take_ptr() and take_fd() hand the ownership on.
 */
#ifndef LITEIO_BASE_CLEANUP_H
#define LITEIO_BASE_CLEANUP_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

static inline void liteio_freep(void *p)
{
	free(*(void **)p);
}

static inline void liteio_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void liteio_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void liteio_unlockp(pthread_mutex_t **m)
{
	if (*m)
		pthread_mutex_unlock(*m);
}

static inline pthread_mutex_t *liteio_lockp(pthread_mutex_t *m)
{
	pthread_mutex_lock(m);
	return m;
}

#define _cleanup_free_ _cleanup_(liteio_freep)
#define _cleanup_close_ _cleanup_(liteio_closep)
#define _cleanup_fclose_ _cleanup_(liteio_fclosep)

/* hold a mutex until the end of the scope */
#define liteio_guard_name2(line) liteio_guard_##line
#define liteio_guard_name(line) liteio_guard_name2(line)
#define liteio_guard(m) \
	pthread_mutex_t *liteio_guard_name(__LINE__) _cleanup_(liteio_unlockp) \
		__attribute__((unused)) = liteio_lockp(m)

static inline void liteio_rwunlockp(pthread_rwlock_t **l)
{
	if (*l)
		pthread_rwlock_unlock(*l);
}

static inline pthread_rwlock_t *liteio_rdlockp(pthread_rwlock_t *l)
{
	pthread_rwlock_rdlock(l);
	return l;
}

static inline pthread_rwlock_t *liteio_wrlockp(pthread_rwlock_t *l)
{
	pthread_rwlock_wrlock(l);
	return l;
}

/* hold a lock beside others who do, or alone, until the end of the scope */
#define liteio_guard_shared(l) \
	pthread_rwlock_t *liteio_guard_name(__LINE__) _cleanup_(liteio_rwunlockp) \
		__attribute__((unused)) = liteio_rdlockp(l)
#define liteio_guard_alone(l) \
	pthread_rwlock_t *liteio_guard_name(__LINE__) _cleanup_(liteio_rwunlockp) \
		__attribute__((unused)) = liteio_wrlockp(l)

/* declare a cleanup function "<fn>p" for a destructor that accepts NULL */
#define LITEIO_DEFINE_CLEANUP(type, fn) \
	static inline void fn##p(type *p) \
	{ \
		if (*p) \
			fn(*p); \
	}

#define take_ptr(p) \
	({ \
		__typeof__(p) *take_ptr_at = &(p); \
		__typeof__(p) take_ptr_tmp = *take_ptr_at; \
		*take_ptr_at = NULL; \
		take_ptr_tmp; \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define LITEIO_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define liteio_container_of(ptr, type, member) \
	((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

#endif
