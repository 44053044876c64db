// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mistakes made on purpose, for kernels that are built to find them: insmod mistakes.ko
 * make=NAME[,NAME] makes each of those named; none named, it does nothing. The test bed-debug
 * expects each to be found.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>

#define MAX_MISTAKES 16

static char *make[MAX_MISTAKES];
static int nr_make;
module_param_array(make, charp, &nr_make, 0400);
MODULE_PARM_DESC(make, "the mistakes to make");

/* the compiler knows nothing about it */
static int one = 1;

static void use_after_free(void)
{
	char *p = kzalloc(64, GFP_KERNEL);

	if (!p)
		return;
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	READ_ONCE(*p);
}

static void write_past_the_end(void)
{
	char *p = kzalloc(60, GFP_KERNEL), *end;

	if (!p)
		return;
	end = p + 60;
	OPTIMIZER_HIDE_VAR(end);
	WRITE_ONCE(*end, 1);
	kfree(p);
}

static void locks_in_both_orders(void)
{
	static DEFINE_MUTEX(first);
	static DEFINE_MUTEX(second);

	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_under_spinlock(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

static void read_without_rcu(void)
{
	static int value;
	static int __rcu *pointer = (int __rcu __force *)&value;

	rcu_dereference(pointer);
}

static void processor_while_preemptible(void)
{
	pr_info("on CPU %u, or on another one\n", smp_processor_id());
}

static void list_added_twice(void)
{
	struct list_head head, entry;

	INIT_LIST_HEAD(&head);
	list_add(&entry, &head);
	list_add(&entry, &head);
}

static void nothing(struct timer_list *timer)
{
}

static void armed_timer_freed(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, nothing, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
}

static void shift_too_far(void)
{
	int bits = 40 * one;

	OPTIMIZER_HIDE_VAR(bits);
	one = (1 << bits) | 1;
}

static void reference_from_zero(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static void memory_forgotten(void)
{
	void *p = kzalloc(112, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
}

static unsigned long raced; /* no lock, on purpose */

static int race(void *rounds)
{
	while (!kthread_should_stop()) {
		raced += one;
		(*(unsigned long *)rounds)++;
		cond_resched();
	}
	return 0;
}

/* two threads, each on a processor of its own: left alone, they may share one for the whole time */
static void counted_by_two(void)
{
	struct task_struct *threads[2];
	unsigned long rounds[2] = {};
	unsigned int cpu, nr = 0;

	for_each_online_cpu(cpu) {
		struct task_struct *thread =
			kthread_create(race, &rounds[nr], "mistakes/%u", cpu);

		if (IS_ERR(thread))
			break;
		kthread_bind(thread, cpu);
		threads[nr++] = thread;
		wake_up_process(thread);
		if (nr == ARRAY_SIZE(threads))
			break;
	}
	/* on a busy machine the two processors of a guest seldom run at the same time */
	msleep(20 * MSEC_PER_SEC);
	while (nr > 0) {
		kthread_stop(threads[--nr]);
		pr_info("rounds of thread %u: %lu\n", nr, rounds[nr]);
	}
}

static const struct {
	const char *name;
	void (*make)(void);
} mistakes[] = {
	{ "use_after_free", use_after_free },
	{ "write_past_the_end", write_past_the_end },
	{ "locks_in_both_orders", locks_in_both_orders },
	{ "sleep_under_spinlock", sleep_under_spinlock },
	{ "read_without_rcu", read_without_rcu },
	{ "processor_while_preemptible", processor_while_preemptible },
	{ "list_added_twice", list_added_twice },
	{ "armed_timer_freed", armed_timer_freed },
	{ "shift_too_far", shift_too_far },
	{ "reference_from_zero", reference_from_zero },
	{ "memory_forgotten", memory_forgotten },
	{ "counted_by_two", counted_by_two },
};

static bool make_one(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (strcmp(name, mistakes[i].name) != 0)
			continue;
		mistakes[i].make();
		return true;
	}
	return false;
}

static int __init mistakes_init(void)
{
	int i;

	for (i = 0; i < nr_make; i++) {
		if (!make_one(make[i]))
			return -EINVAL;
	}
	return 0;
}

static void __exit mistakes_exit(void)
{
}

module_init(mistakes_init);
module_exit(mistakes_exit);

MODULE_DESCRIPTION("Mistakes made on purpose");
MODULE_LICENSE("GPL");
