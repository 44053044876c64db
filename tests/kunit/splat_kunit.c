// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: mistakes made on purpose. Each must make its case fail, or the suites of the module prove
 * less than they seem to; `run` expects that of them, and nobody else runs them.
 */
#include <kunit/test.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

/* lockdep is silent for ever after any complaint: this one comes first */
static void locks_in_both_orders(struct kunit *test)
{
	static DEFINE_MUTEX(one);
	static DEFINE_MUTEX(two);

	mutex_lock(&one);
	mutex_lock(&two);
	mutex_unlock(&two);
	mutex_unlock(&one);
	mutex_lock(&two);
	mutex_lock(&one);
	mutex_unlock(&one);
	mutex_unlock(&two);
}

static void wrong_expectation(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, 2);
}

static void warning(struct kunit *test)
{
	WARN_ON(test);
}

static void use_after_free(struct kunit *test)
{
	char *p = kzalloc(64, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	READ_ONCE(*p);
}

static void write_past_the_end(struct kunit *test)
{
	char *p = kzalloc(60, GFP_KERNEL);
	char *end;

	KUNIT_ASSERT_NOT_NULL(test, p);
	end = p + 60;
	OPTIMIZER_HIDE_VAR(end);
	WRITE_ONCE(*end, 1);
	kfree(p);
}

static void shift_too_far(struct kunit *test)
{
	int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	KUNIT_EXPECT_GE(test, (1 << bits) | 1, INT_MIN);
}

static void list_added_twice(struct kunit *test)
{
	struct list_head head, entry;

	INIT_LIST_HEAD(&head);
	list_add(&entry, &head);
	list_add(&entry, &head);
}

static void nothing(struct timer_list *timer)
{
}

static void armed_timer_freed(struct kunit *test)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, timer);
	timer_setup(timer, nothing, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
}

static void sleep_under_spinlock(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

static struct kunit_case splat_cases[] = {
	KUNIT_CASE(locks_in_both_orders),
	KUNIT_CASE(wrong_expectation),
	KUNIT_CASE(warning),
	KUNIT_CASE(use_after_free),
	KUNIT_CASE(write_past_the_end),
	KUNIT_CASE(shift_too_far),
	KUNIT_CASE(list_added_twice),
	KUNIT_CASE(armed_timer_freed),
	KUNIT_CASE(sleep_under_spinlock),
	{}
};

static struct kunit_suite splat_suite = {
	.name = "splat",
	.test_cases = splat_cases,
};

kunit_test_suite(splat_suite);

MODULE_DESCRIPTION("KUnit: mistakes made on purpose");
MODULE_LICENSE("GPL");
