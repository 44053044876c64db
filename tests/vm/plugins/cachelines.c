// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin of the emulator: which cache lines do the instructions of kernel modules read and write,
 * on which CPUs?
 *
 *	-plugin cachelines.so,out=FILE
 *
 * At the end it writes a line for each pair of an instruction and a cache line it has touched:
 * address of the instruction, address of the cache line, and as bits the CPUs that have read it and
 * that have written it.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator.h"

/* where the kernel keeps the code of modules, on x86-64 */
#define MODULES_BEGIN 0xffffffffc0000000ULL
#define MODULES_END 0xffffffffff000000ULL

#define LINE 64
#define NR_SLOTS (1U << 21)

PLUGIN_EXPORT int qemu_plugin_version = 2;

struct touched {
	uint64_t pc;
	uint64_t line;
	uint64_t readers;
	uint64_t writers;
};

/* open addressing; a slot without pc is free */
static struct touched *slots;
static unsigned int nr_used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* slots, nr_used */
static const char *out;

static struct touched *slot_of(uint64_t pc, uint64_t line)
{
	uint64_t hash = (pc * 0x9e3779b97f4a7c15ULL) ^ (line * 0xc2b2ae3d27d4eb4fULL);
	unsigned int i = (unsigned int)(hash >> 40) % NR_SLOTS;

	while (slots[i].pc && (slots[i].pc != pc || slots[i].line != line))
		i = (i + 1) % NR_SLOTS;
	if (!slots[i].pc) {
		nr_used++;
		slots[i].pc = pc;
		slots[i].line = line;
	}
	return &slots[i];
}

static void accessed(unsigned int cpu, uint32_t access, uint64_t address, void *userdata)
{
	struct touched *t;

	pthread_mutex_lock(&lock);
	if (nr_used < NR_SLOTS / 4 * 3) {
		t = slot_of((uintptr_t)userdata, address - address % LINE);
		if (qemu_plugin_mem_is_store(access))
			t->writers |= 1ULL << cpu;
		else
			t->readers |= 1ULL << cpu;
	}
	pthread_mutex_unlock(&lock);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct qemu_plugin_insn *insn;
	uint64_t pc;
	size_t i;

	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		pc = qemu_plugin_insn_vaddr(insn);
		if (pc >= MODULES_BEGIN && pc < MODULES_END)
			qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS,
							 QEMU_PLUGIN_MEM_RW, (void *)(uintptr_t)pc);
	}
}

static void ended(uint64_t id, void *userdata)
{
	FILE *f = fopen(out, "we");
	unsigned int i;

	if (!f) {
		fprintf(stderr, "cachelines: %s: %s\n", out, strerror(errno));
		return;
	}
	for (i = 0; i < NR_SLOTS; i++) {
		if (slots[i].pc)
			fprintf(f, "%" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 "\n", slots[i].pc,
				slots[i].line, slots[i].readers, slots[i].writers);
	}
	/* without its last line it is not all */
	if (nr_used < NR_SLOTS / 4 * 3)
		fputs("complete\n", f);
	fclose(f);
}

PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc,
				      char **argv);

PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc,
				      char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4) != 0) {
		fputs("cachelines: out=FILE is missing\n", stderr);
		return 1;
	}
	out = strdup(argv[0] + 4);
	slots = calloc(NR_SLOTS, sizeof(*slots));
	if (!out || !slots)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
