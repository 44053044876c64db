/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bodies of requests about what becomes of pools, volumes and snapshots, from operands and options.
 * Pure.
 *
 * Strings of a request are borrowed. All return 0 or -EINVAL with a sentence.
 */
#ifndef LITEIO_CTL_BODY_H
#define LITEIO_CTL_BODY_H

struct liteio_error;
struct liteio_json;
struct liteio_options;
struct liteio_uuid;

/* --uuid, which may not have been given */
int liteio_body_uuid(const char *s, struct liteio_uuid *ret, struct liteio_error *err);
/* VOLUME=SNAPSHOT */
int liteio_body_pair_check(const char *s, struct liteio_error *err);

int liteio_body_volume_attach(char **op, const struct liteio_options *o, struct liteio_json **ret,
			      struct liteio_error *err);
int liteio_body_rollback(char **op, const struct liteio_options *o, struct liteio_json **ret,
			 struct liteio_error *err);
int liteio_body_rename(char **op, const struct liteio_options *o, struct liteio_json **ret,
		       struct liteio_error *err);
int liteio_body_clone(char **op, const struct liteio_options *o, struct liteio_json **ret,
		      struct liteio_error *err);
int liteio_body_snapshot_create(char **op, const struct liteio_options *o,
				struct liteio_json **ret, struct liteio_error *err);
int liteio_body_snapshot_copy(char **op, const struct liteio_options *o, struct liteio_json **ret,
			      struct liteio_error *err);
int liteio_body_snapshot_group(char **op, const struct liteio_options *o, struct liteio_json **ret,
			       struct liteio_error *err);
int liteio_body_pool_repair(char **op, const struct liteio_options *o, struct liteio_json **ret,
			    struct liteio_error *err);

#endif
