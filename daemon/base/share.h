/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one of several may have of what there is for all: whatever one does with his, and however
 * long he keeps it, something is left for the others. Pure.
 */
#ifndef LITEIO_BASE_SHARE_H
#define LITEIO_BASE_SHARE_H

/**
 * liteio_share() - how many may one have?
 * @most: in no case more
 * @all: so many there are
 * @others: so many of them the others have
 *
 * Return: half of what the others leave, at least one, and at most @most.
 */
static inline unsigned int liteio_share(unsigned int most, unsigned int all, unsigned int others)
{
	unsigned int half = others < all ? (all - others) / 2 : 0;

	if (half > most)
		return most;
	return half ? half : 1;
}

#endif
