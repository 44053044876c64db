// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The C library's heap.
 */
#include "base/heap.h"

#include <malloc.h>
#include <sys/prctl.h>

/* else each of a hundred threads has a heap, most of it empty */
#define HEAPS_MAX 2
/*
 * What is as large is mapped by itself, and is the system's again when it is freed. The library
 * would raise both bounds to twice the largest answer that there ever was
 */
#define MAPPED_BYTES (128 << 10)
/* so much at the end of the heap is kept: more than one request has */
#define KEPT_BYTES (512 << 10)
/* fewer are no crowd */
#define CROWD_MIN 16
/* of which so many parts have gone when one is left */
#define CROWD_PARTS 8

void liteio_heap_init(void)
{
	mallopt(M_ARENA_MAX, HEAPS_MAX);
	mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	/* where one small page is in use the kernel would make a large one of all around it */
	(void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

void liteio_heap_give_back(void)
{
	(void)malloc_trim(0);
}

void liteio_crest_rise(struct liteio_crest *c, unsigned int n)
{
	if (n > c->most)
		c->most = n;
}

bool liteio_crest_fall(struct liteio_crest *c, unsigned int n)
{
	if (c->most < CROWD_MIN || n > c->most / CROWD_PARTS)
		return false;
	c->most = n;
	return true;
}
