// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The least that a typed command can be: a program without a library that ends at once.
 *
 *	nodecost-exit
 */
void _start(void);

void _start(void)
{
	/* exit_group(0) */
	__asm__ volatile("syscall" : : "a"(231), "D"(0) : "rcx", "r11", "memory");
	__builtin_unreachable();
}
