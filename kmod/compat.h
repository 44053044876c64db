/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only file that knows that kernels differ. Supported: 6.1 to 7.x, as Debian ships them.
 *
 * Everything else is written for the newest of them. What was never backported is told apart by
 * version, the rest by what the headers define.
 */
#ifndef LITEIO_COMPAT_H
#define LITEIO_COMPAT_H

#include <linux/device-mapper.h>
#include <linux/hrtimer.h>
#include <linux/version.h>
#include <net/genetlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "liteio supports kernels from 6.1 on"
#endif

/* in 6.1 since a stable update; without it anybody could listen to our events */
#ifndef GENL_MCAST_CAP_SYS_ADMIN
#error "this kernel cannot keep a netlink group to administrators: update it"
#endif

/* 6.13: heads say that atomic writes may pass */
#ifdef DM_TARGET_ATOMIC_WRITES
#define LITEIO_DM_ATOMIC_WRITES DM_TARGET_ATOMIC_WRITES
#else
#define LITEIO_DM_ATOMIC_WRITES 0
#endif

/**
 * liteio_dump_attrs() - parsed attributes of a dump request
 * @cb: the dump
 *
 * 6.7 put them into a struct genl_info of their own. Context: any. Return: never NULL.
 */
static inline struct nlattr **liteio_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	return genl_dumpit_info(cb)->attrs;
#else
	return genl_dumpit_info(cb)->info.attrs;
#endif
}

/**
 * liteio_hrtimer_setup() - prepare a timer
 * @timer: the timer
 * @function: what it calls
 * @clock: its clock
 * @mode: how its times are meant
 *
 * 6.13 made one call of two steps. Context: any.
 */
static inline void liteio_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*function)(struct hrtimer *timer),
					clockid_t clock, enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#else
	hrtimer_setup(timer, function, clock, mode);
#endif
}

#endif
