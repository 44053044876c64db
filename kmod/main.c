// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading: the ladder, and nothing else.
 *
 * The target comes last and goes first: a head needs everything else. Commands stop before the
 * registry is emptied, the window closes after the last object has left it.
 */
#include <linux/module.h>

#include "configfs.h"
#include "events.h"
#include "head.h"
#include "netlink.h"
#include "registry.h"

static int __init liteio_init(void)
{
	int ret;

	ret = liteio_registry_init(&liteio_configfs_front, &liteio_events_front);
	if (ret)
		return ret;
	ret = liteio_configfs_init();
	if (ret)
		goto err_configfs;
	ret = liteio_netlink_init();
	if (ret)
		goto err_netlink;
	ret = liteio_head_init();
	if (ret)
		goto err_head;
	return 0;

err_head:
	liteio_netlink_fini();
	liteio_registry_clear();
err_netlink:
	liteio_configfs_fini();
err_configfs:
	liteio_registry_fini();
	return ret;
}

static void __exit liteio_exit(void)
{
	liteio_head_fini();
	liteio_netlink_fini();
	liteio_registry_clear();
	liteio_configfs_fini();
	liteio_registry_fini();
}

module_init(liteio_init);
module_exit(liteio_exit);

MODULE_DESCRIPTION("LiteIO: heads of block volumes with fences and statistics");
MODULE_AUTHOR("The LiteIO authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(LITEIO_VERSION);
