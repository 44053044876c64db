// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fails one allocation of one task, on a kernel without fault injection of its own: a number N
 * written to /sys/kernel/debug/fail-nth has the Nth allocation of the writer fail, reading tells
 * what is left of N. It stands in the way of the slab, per-CPU and vmalloc allocators by kprobes,
 * under the names that they have in 6.1, 6.12 and 7: where one of them is missing, this module does
 * not load. It does not reach allocations of pages, of many objects at once, and by mempools, and
 * spares those that the kernel warns of when they fail.
 */
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>

/* only the victim itself changes these, or reads more than whether it is the victim */
static struct task_struct *victim;
static unsigned int left;

/* what an allocator is made to do: nothing, with NULL as the result */
static noinline notrace void *give_nothing(void)
{
	return NULL;
}

static unsigned long argument(const struct pt_regs *regs, unsigned int n)
{
	const unsigned long arguments[] = { regs->di, regs->si, regs->dx, regs->cx, regs->r8 };

	return arguments[n];
}

/**
 * struct way - an allocator
 * @probe: where it begins
 * @gfp: which of its arguments the flags are
 */
struct way {
	struct kprobe probe;
	unsigned int gfp;
};

/*
 * Who must not be refused: 7 warns when it cannot tell its probes of functions that a module is
 * going, which is neither that module's doing nor its loader's.
 */
static const char *const spared[] = { "fprobe_module_callback" };

/* where the allocator begins, the address to return to is the last thing on the stack */
static bool is_spared(const struct pt_regs *regs)
{
	static char caller[KSYM_NAME_LEN]; /* of the victim, which cannot be preempted here */
	unsigned int i;

	snprintf(caller, sizeof(caller), "%ps", *(void **)regs->sp);
	for (i = 0; i < ARRAY_SIZE(spared); i++) {
		if (!strcmp(caller, spared[i]))
			return true;
	}
	return false;
}

static int reached(struct kprobe *probe, struct pt_regs *regs)
{
	struct way *way = container_of(probe, struct way, probe);

	if (READ_ONCE(victim) != current || !in_task() || !left ||
	    (argument(regs, way->gfp) & (__force unsigned long)__GFP_NOFAIL))
		return 0;
	if (is_spared(regs) || --left)
		return 0;
	/* as if it had been called instead: the return address is on the stack already */
	instruction_pointer_set(regs, (unsigned long)give_nothing);
	return 1;
}

#ifdef CONFIG_SLAB_BUCKETS
#define AFTER_SIZE 2
#else
#define AFTER_SIZE 1
#endif
#define WAY(name, flags) { .probe = { .symbol_name = name, .pre_handler = reached }, .gfp = flags }

static struct way ways[] = {
#ifdef alloc_hooks
	WAY("kmem_cache_alloc_noprof", 1),
	WAY("kmem_cache_alloc_lru_noprof", 2),
	WAY("kmem_cache_alloc_node_noprof", 1),
	WAY("__kmalloc_noprof", 1),
	WAY("__kmalloc_cache_noprof", 1),
	WAY("__kmalloc_cache_node_noprof", 1),
	WAY("__kmalloc_node_noprof", AFTER_SIZE),
	WAY("__kmalloc_node_track_caller_noprof", AFTER_SIZE),
	WAY("__kmalloc_large_noprof", 1),
	WAY("__kmalloc_large_node_noprof", 1),
	WAY("pcpu_alloc_noprof", 3),
	WAY("__vmalloc_node_range_noprof", 4),
#ifdef DECL_KMALLOC_PARAMS
	/* since it knows of alignment it calls none of those above */
	WAY("__kvmalloc_node_noprof", AFTER_SIZE + 1),
#endif
#else
	WAY("kmem_cache_alloc", 1),
	WAY("kmem_cache_alloc_lru", 2),
	WAY("kmem_cache_alloc_node", 1),
	WAY("__kmalloc", 1),
	WAY("kmalloc_trace", 1),
	WAY("kmalloc_node_trace", 1),
	WAY("__kmalloc_node", 1),
	WAY("__kmalloc_node_track_caller", 1),
	WAY("kmalloc_large", 1),
	WAY("kmalloc_large_node", 1),
	WAY("pcpu_alloc", 3),
	WAY("__vmalloc_node_range", 4),
#endif
};

static int count_set(void *unused, u64 value)
{
	WRITE_ONCE(victim, NULL);
	left = value;
	WRITE_ONCE(victim, value ? current : NULL);
	return 0;
}

static int count_get(void *unused, u64 *value)
{
	*value = left;
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(count_fops, count_get, count_set, "%llu\n");

static struct dentry *file;

static int __init failnth_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		ret = register_kprobe(&ways[i].probe);
		if (ret) {
			pr_err("failnth: %s: %d\n", ways[i].probe.symbol_name, ret);
			goto err_probe;
		}
	}
	file = debugfs_create_file_unsafe("fail-nth", 0600, NULL, NULL, &count_fops);
	return 0;

err_probe:
	while (i--)
		unregister_kprobe(&ways[i].probe);
	return ret;
}

static void __exit failnth_exit(void)
{
	unsigned int i;

	debugfs_remove(file);
	for (i = 0; i < ARRAY_SIZE(ways); i++)
		unregister_kprobe(&ways[i].probe);
}

module_init(failnth_init);
module_exit(failnth_exit);

MODULE_DESCRIPTION("Fails one allocation of one task, for tests");
MODULE_LICENSE("GPL");
