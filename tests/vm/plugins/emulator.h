/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of QEMU's plugin interface (version 2 and newer) that is used here, for want of a
 * package with its header. Pointers and numbers are opaque; all of it is called by, and calls back
 * into, the emulator that has loaded the plugin.
 */
#ifndef LITEIO_TESTS_EMULATOR_H
#define LITEIO_TESTS_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* what the emulator looks for in a plugin */
#define PLUGIN_EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;

enum { QEMU_PLUGIN_CB_NO_REGS };
enum { QEMU_PLUGIN_MEM_RW = 3 };

typedef void (*plugin_translated_fn)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*plugin_access_fn)(unsigned int cpu, uint32_t access, uint64_t address,
				 void *userdata);
typedef void (*plugin_end_fn)(uint64_t id, void *userdata);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, plugin_translated_fn fn);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, plugin_access_fn fn, int flags,
				      int which, void *userdata);
void qemu_plugin_register_atexit_cb(uint64_t id, plugin_end_fn fn, void *userdata);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
bool qemu_plugin_mem_is_store(uint32_t access);

#endif
