/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding disks by rule. Pure.
 */
#ifndef LITEIO_MODEL_DISK_RULE_H
#define LITEIO_MODEL_DISK_RULE_H

#include <stdbool.h>

struct liteio_error;
struct liteio_local_disk;
struct liteio_local_disk_rule;

/* is it a rule that anything can match? 0 or -EINVAL with the sentence why not */
int liteio_disk_rule_check(const struct liteio_local_disk_rule *rule, struct liteio_error *err);
/* does every part of the rule hold for this disk? */
bool liteio_disk_rule_match(const struct liteio_local_disk_rule *rule,
			    const struct liteio_local_disk *disk);

#endif
