// SPDX-License-Identifier: GPL-2.0-only
/*
 * Volumes in the registry.
 */
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "attachment.h"
#include "fence.h"
#include "qos.h"
#include "registry.h"
#include "volume.h"

static LIST_HEAD(volumes); /* liteio_lock */
static DEFINE_HASHTABLE(volumes_by_uuid, 10); /* liteio_lock */
static unsigned int nr_volumes; /* liteio_life */

static u32 hash_key(const uuid_t *uuid)
{
	return jhash(uuid->b, sizeof(uuid->b), 0);
}

struct liteio_vol *liteio_vol_find(const uuid_t *uuid)
{
	struct liteio_vol *vol;

	lockdep_assert_held(&liteio_lock);
	hash_for_each_possible(volumes_by_uuid, vol, hash, hash_key(uuid)) {
		if (uuid_equal(&vol->uuid, uuid))
			return vol;
	}
	return NULL;
}

struct liteio_vol *liteio_vol_after(u64 id)
{
	struct liteio_vol *vol;

	lockdep_assert_held(&liteio_lock);
	list_for_each_entry(vol, &volumes, node) {
		if (vol->id > id)
			return vol;
	}
	return NULL;
}

struct liteio_vol *liteio_vol_next(struct liteio_vol *vol)
{
	lockdep_assert_held(&liteio_lock);
	return list_is_last(&vol->node, &volumes) ? NULL : list_next_entry(vol, node);
}

static void vol_free(struct kref *ref)
{
	struct liteio_vol *vol = container_of(ref, struct liteio_vol, ref);

	kvfree(vol->gens.barred);
	liteio_qos_free(vol->qos);
	kfree(vol);
}

struct liteio_vol *liteio_vol_get(struct liteio_vol *vol)
{
	kref_get(&vol->ref);
	return vol;
}

void liteio_vol_put(struct liteio_vol *vol)
{
	kref_put(&vol->ref, vol_free);
}

void liteio_vol_name(struct liteio_vol *vol, char *buf)
{
	spin_lock(&vol->name_lock);
	strscpy(buf, vol->name, LITEIO_NAME_MAX + 1);
	spin_unlock(&vol->name_lock);
}

static void set_name(struct liteio_vol *vol, const char *name)
{
	spin_lock(&vol->name_lock);
	strscpy(vol->name, name, sizeof(vol->name));
	spin_unlock(&vol->name_lock);
}

/* set what is asked for, and leave the rest. Return: has anything changed? */
static bool set_limits(struct liteio_vol *vol, const struct liteio_vol_spec *spec)
{
	struct liteio_limits limits;
	unsigned int i;

	liteio_qos_limits(vol->qos, &limits);
	for (i = 0; i < LITEIO_LIMIT_NR; i++) {
		if (spec->given & BIT(i))
			limits.value[i] = spec->limits.value[i];
	}
	return liteio_qos_set(vol->qos, &limits);
}

static struct liteio_vol *vol_new(const struct liteio_vol_spec *spec)
{
	struct liteio_vol *vol = kzalloc(sizeof(*vol), GFP_KERNEL);

	if (!vol)
		return NULL;
	vol->qos = liteio_qos_new();
	if (!vol->qos) {
		kfree(vol);
		return NULL;
	}
	kref_init(&vol->ref);
	INIT_LIST_HEAD(&vol->attachments);
	spin_lock_init(&vol->name_lock);
	uuid_copy(&vol->uuid, &spec->uuid);
	liteio_generations_init(&vol->gens, spec->floor ?: LITEIO_GEN_MIN);
	if (spec->name)
		strscpy(vol->name, spec->name, sizeof(vol->name));
	set_limits(vol, spec);
	return vol;
}

static int vol_create(const struct liteio_vol_spec *spec, const char **why)
{
	const struct liteio_front *window = liteio_registry_window();
	struct liteio_vol *vol;
	unsigned int cookie;
	int ret;

	lockdep_assert_held(&liteio_life);
	if (nr_volumes >= LITEIO_VOL_MAX) {
		*why = "the registry is full of volumes";
		return -ENOSPC;
	}
	vol = vol_new(spec);
	if (!vol) {
		*why = "no memory for the volume";
		return -ENOMEM;
	}
	ret = window->vol_added ? window->vol_added(vol) : 0;
	if (ret) {
		liteio_vol_put(vol);
		*why = "the volume cannot be shown in configfs";
		return ret;
	}
	cookie = liteio_registry_lock();
	vol->id = liteio_registry_id();
	list_add_tail(&vol->node, &volumes);
	hash_add(volumes_by_uuid, &vol->hash, hash_key(&vol->uuid));
	nr_volumes++;
	liteio_registry_touch();
	liteio_registry_event(LITEIO_EVENT_VOL_ADDED, vol, NULL, vol->gens.floor);
	liteio_registry_unlock(cookie);
	return 0;
}

static int vol_change(struct liteio_vol *vol, const struct liteio_vol_spec *spec, const char **why)
{
	bool is_renamed = spec->name && strcmp(spec->name, vol->name) != 0;
	bool is_raised = spec->floor > vol->gens.floor;

	if (spec->floor && spec->floor < vol->gens.floor) {
		*why = "the floor of a volume cannot be lowered";
		return -ESTALE;
	}
	if (set_limits(vol, spec))
		liteio_registry_event(LITEIO_EVENT_QOS_CHANGED, vol, NULL, 0);
	if (is_renamed)
		set_name(vol, spec->name);
	if (is_raised)
		liteio_fence_floor(vol, spec->floor);
	else if (is_renamed)
		liteio_registry_event(LITEIO_EVENT_VOL_CHANGED, vol, NULL, vol->gens.floor);
	return 0;
}

/* the ranges of all others have been checked with the message */
static int check_limits(const struct liteio_vol_spec *spec, const char **why)
{
	static const enum liteio_limit of_bytes[] = { LITEIO_LIMIT_RBPS, LITEIO_LIMIT_WBPS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(of_bytes); i++) {
		u64 value = spec->limits.value[of_bytes[i]];

		if ((spec->given & BIT(of_bytes[i])) && value && value < LITEIO_QOS_BPS_MIN) {
			*why = "a limit of bytes a second is 0, for none, or at least 4096";
			return -ERANGE;
		}
	}
	return 0;
}

/* -ENOENT when there is none yet, and nothing else means that */
static int set_existing(const struct liteio_vol_spec *spec, const char **why)
{
	unsigned int cookie = liteio_registry_lock();
	struct liteio_vol *vol = liteio_vol_find(&spec->uuid);
	int ret;

	if (!vol) {
		*why = "no such volume";
		ret = -ENOENT;
	} else if (spec->is_create && spec->is_exclusive) {
		*why = "the volume exists";
		ret = -EEXIST;
	} else {
		ret = vol_change(vol, spec, why);
	}
	liteio_registry_unlock(cookie);
	return ret;
}

int liteio_vol_set(const struct liteio_vol_spec *spec, const char **why)
{
	unsigned int cookie;
	int ret;

	ret = check_limits(spec, why);
	if (ret)
		return ret;
	ret = set_existing(spec, why);
	if (ret != -ENOENT || !spec->is_create)
		return ret;
	cookie = liteio_registry_lock_life();
	/* somebody else may have made it meanwhile */
	ret = set_existing(spec, why);
	if (ret == -ENOENT)
		ret = vol_create(spec, why);
	liteio_registry_unlock_life(cookie);
	return ret;
}

/* take it out of the lists; the caller holds liteio_life, and has their reference then */
static int unlink_vol(const uuid_t *uuid, struct liteio_vol **ret_vol, const char **why)
{
	unsigned int cookie = liteio_registry_lock();
	struct liteio_vol *vol = liteio_vol_find(uuid);
	int ret = 0;

	if (!vol) {
		*why = "no such volume";
		ret = -ENOENT;
	} else if (vol->nr_attachments) {
		*why = "the volume has attachments";
		ret = -EBUSY;
	} else {
		list_del(&vol->node);
		hash_del(&vol->hash);
		nr_volumes--;
		liteio_registry_touch();
		*ret_vol = vol;
	}
	liteio_registry_unlock(cookie);
	return ret;
}

int liteio_vol_delete(const uuid_t *uuid, const char **why)
{
	const struct liteio_front *window = liteio_registry_window();
	unsigned int cookie = liteio_registry_lock_life();
	struct liteio_vol *vol;
	int ret;

	ret = unlink_vol(uuid, &vol, why);
	if (!ret) {
		if (window->vol_removed)
			window->vol_removed(vol);
		liteio_registry_event(LITEIO_EVENT_VOL_DELETED, vol, NULL, 0);
		liteio_vol_put(vol);
	}
	liteio_registry_unlock_life(cookie);
	return ret;
}

/* UUID of any volume */
static bool first_uuid(uuid_t *ret)
{
	unsigned int cookie = liteio_registry_lock();
	struct liteio_vol *vol = liteio_vol_after(0);

	if (vol)
		uuid_copy(ret, &vol->uuid);
	liteio_registry_unlock(cookie);
	return vol;
}

void liteio_vol_delete_all(void)
{
	const char *why;
	uuid_t uuid;

	liteio_att_delete_all();
	while (first_uuid(&uuid))
		if (WARN_ON(liteio_vol_delete(&uuid, &why)))
			break;
}
