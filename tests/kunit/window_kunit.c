// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the window's directories, whose locks others hold. Who makes or deletes an object waits
 * for them, and whoever fences does not; nor does who waits there hold what they wait for.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/configfs.h>
#include <linux/fs.h>
#include <linux/kthread.h>

#include "attachment.h"
#include "fence.h"
#include "registry.h"
#include "volume.h"

static const uuid_t uuid = UUID_INIT(0x11112222, 0x89ab, 0xcdef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
				     0xcd, 0xef);
static const uuid_t other = UUID_INIT(0x33334444, 0x89ab, 0xcdef, 0x01, 0x23, 0x45, 0x67, 0x89,
				      0xab, 0xcd, 0xef);

/* long for a computer that is not waiting for a lock */
#define A_WHILE (HZ / 5)

/**
 * struct job - a command of somebody else
 * @run: the command
 * @done: it has ended
 * @ret: how
 */
struct job {
	int (*run)(void);
	struct completion done;
	int ret;
};

static int work(void *data)
{
	struct job *job = data;

	job->ret = job->run();
	complete_all(&job->done);
	return 0;
}

static void start(struct kunit *test, struct job *job, int (*run)(void))
{
	job->run = run;
	init_completion(&job->done);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(work, job, "job")));
}

static bool is_stuck(struct job *job)
{
	return !wait_for_completion_timeout(&job->done, A_WHILE);
}

static int set(const uuid_t *name)
{
	struct liteio_vol_spec spec = { .uuid = *name, .is_create = true, .is_exclusive = true };
	const char *why;

	return liteio_vol_set(&spec, &why);
}

static int make_other(void)
{
	return set(&other);
}

static int delete_other(void)
{
	const char *why;

	return liteio_vol_delete(&other, &why);
}

static int add(u64 gen)
{
	struct liteio_att *att = liteio_att_new(gen, NULL, 0);
	const char *why;
	int ret;

	if (!att)
		return -ENOMEM;
	ret = liteio_att_add(&uuid, att, &why);
	if (ret)
		liteio_att_put(att);
	return ret;
}

static int add_second(void)
{
	return add(2);
}

/* the directory of a volume, which is what the window keeps of it first of all */
static struct config_group *directory(const uuid_t *name)
{
	unsigned int cookie = liteio_registry_lock();
	struct config_group *group = liteio_vol_find(name)->window;

	liteio_registry_unlock(cookie);
	return group;
}

static struct inode *inode_of(struct config_item *item)
{
	return d_inode(item->ci_dentry);
}

/* does nobody hold the registry's lock? Then a floor is raised. */
static bool can_fence(u64 floor)
{
	if (!mutex_trylock(&liteio_lock))
		return false;
	liteio_fence_floor(liteio_vol_find(&uuid), floor);
	mutex_unlock(&liteio_lock);
	return true;
}

static int window_init(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, set(&uuid), 0);
	return add(1);
}

static void window_exit(struct kunit *test)
{
	const char *why;

	KUNIT_EXPECT_EQ(test, liteio_att_delete(&uuid, 1, &why), 0);
	KUNIT_EXPECT_EQ(test, liteio_vol_delete(&uuid, &why), 0);
}

static void who_lists_holds_up_no_fence(struct kunit *test)
{
	struct inode *volumes = inode_of(directory(&uuid)->cg_item.ci_parent);
	struct job maker;

	inode_lock_shared(volumes);
	start(test, &maker, make_other);
	KUNIT_EXPECT_TRUE(test, is_stuck(&maker));
	KUNIT_EXPECT_TRUE(test, can_fence(2));
	inode_unlock_shared(volumes);
	wait_for_completion(&maker.done);
	KUNIT_EXPECT_EQ(test, maker.ret, 0);
	KUNIT_EXPECT_EQ(test, delete_other(), 0);
}

/* it had been found to be all right, and was not there yet */
static void who_is_fenced_before_he_is_shown_is_refused(struct kunit *test)
{
	struct config_group *attachments = list_first_entry(&directory(&uuid)->default_groups,
							    struct config_group, group_entry);
	struct job adder;

	inode_lock_shared(inode_of(&attachments->cg_item));
	start(test, &adder, add_second);
	KUNIT_EXPECT_TRUE(test, is_stuck(&adder));
	KUNIT_EXPECT_TRUE(test, can_fence(3));
	inode_unlock_shared(inode_of(&attachments->cg_item));
	wait_for_completion(&adder.done);
	KUNIT_EXPECT_EQ(test, adder.ret, -ESTALE);
	/* with its directory: another one may have the name */
	KUNIT_EXPECT_TRUE(test, list_is_singular(&attachments->cg_children));
}

/* who renames takes the locks of two directories in the order in which a deletion does not */
static void a_deletion_waits_for_who_renames(struct kunit *test)
{
	struct inode *volumes;
	struct job deleter;
	struct dentry *dir;

	KUNIT_ASSERT_EQ(test, make_other(), 0);
	dir = dget(directory(&other)->cg_item.ci_dentry);
	volumes = inode_of(directory(&other)->cg_item.ci_parent);
	mutex_lock(&volumes->i_sb->s_vfs_rename_mutex);
	start(test, &deleter, delete_other);
	KUNIT_EXPECT_TRUE(test, is_stuck(&deleter));
	KUNIT_EXPECT_FALSE(test, inode_is_locked(volumes));
	KUNIT_EXPECT_FALSE(test, inode_is_locked(d_inode(dir)));
	KUNIT_EXPECT_TRUE(test, can_fence(2));
	mutex_unlock(&volumes->i_sb->s_vfs_rename_mutex);
	wait_for_completion(&deleter.done);
	KUNIT_EXPECT_EQ(test, deleter.ret, 0);
	dput(dir);
}

static struct kunit_case window_cases[] = {
	KUNIT_CASE(who_lists_holds_up_no_fence),
	KUNIT_CASE(who_is_fenced_before_he_is_shown_is_refused),
	KUNIT_CASE(a_deletion_waits_for_who_renames),
	{}
};

static struct kunit_suite window_suite = {
	.name = "liteio_window",
	.init = window_init,
	.exit = window_exit,
	.test_cases = window_cases,
};

kunit_test_suite(window_suite);

MODULE_DESCRIPTION("KUnit tests of the window's directories");
MODULE_LICENSE("GPL");
