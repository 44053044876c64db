/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Letting go of what an agent that is gone held still.
 */
#ifndef LITEIO_AGENT_THAW_H
#define LITEIO_AGENT_THAW_H

/**
 * liteio_thaw() - resume every volume of ours that is suspended
 *
 * An agent suspends a volume for a snapshot, or for another table, and resumes it a moment later;
 * one that died between the two leaves whoever writes there waiting. The next agent does this
 * before it reads a disk, since it may never come to the pool the volume belongs to; systemd does
 * it with "liteio-agent --thaw" when an agent has ended, since another may never start.
 *
 * What is resumed is what the dead agent would have resumed: the table it had loaded, if it had
 * loaded one. A snapshot that was not taken is found by the pool's transaction id. The devices a
 * pool is made of are left to the pool: they have to change together.
 *
 * Context: liteio_dm_init() was called, no operation runs. What fails is logged. Return: how many
 * stay suspended.
 */
unsigned int liteio_thaw(void);

#endif
