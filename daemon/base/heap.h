/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the C library keeps of memory that nobody has any more: for processes that live long and are
 * to be small, but have many requests at once now and then.
 *
 * Free memory between what lives long is the process's still. So when most of a crowd has gone, the
 * system gets all whole pages that are free back, wherever they lie. That costs as much as there
 * are such pages, and is not done for single requests.
 */
#ifndef LITEIO_BASE_HEAP_H
#define LITEIO_BASE_HEAP_H

#include <stdbool.h>

/* for a process that is to be small. Context: before there are threads */
void liteio_heap_init(void);

/* the system gets back what is free. Context: any thread, under no lock; takes milliseconds */
void liteio_heap_give_back(void);

/**
 * struct liteio_crest - how many there were of what has memory of its own
 * @most: at once, since the last crowd has gone
 *
 * Whoever has it has a lock for it, or one thread.
 */
struct liteio_crest {
	unsigned int most;
};

/* there is one more: @n now */
void liteio_crest_rise(struct liteio_crest *c, unsigned int n);
/*
 * There is one less: @n now. True when few are left of many: then liteio_heap_give_back() is worth
 * it; and once more when these have gone, too
 */
bool liteio_crest_fall(struct liteio_crest *c, unsigned int n);

#endif
