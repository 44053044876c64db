// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a StorageClass may say about volumes, and how big a volume becomes.
 */
#include <errno.h>
#include <string.h>

#include <linux/liteio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "model/volume.h"
#include "params.h"

#define SIDECAR_PREFIX "csi.storage.k8s.io/"
#define SELECTOR_MAX 16
#define LABEL_VALUE_MAX 63

bool liteio_csi_fs_known(const char *fs_type)
{
	return !strcmp(fs_type, "ext4") || !strcmp(fs_type, "xfs");
}

static int take_name(const char *const *names, const char *key, const char *value, int *ret,
		     struct liteio_error *err)
{
	struct liteio_buf known = LITEIO_BUF_INIT;
	int r;

	for (int i = 0; names[i]; i++) {
		if (!strcmp(names[i], value)) {
			liteio_buf_fini(&known);
			*ret = i;
			return 0;
		}
		liteio_buf_addf(&known, "%s%s", i ? ", " : "", names[i]);
	}
	r = liteio_error_set(err, -EINVAL, "parameter %s is \"%s\", not one of %s", key, value,
			     known.data);
	liteio_buf_fini(&known);
	return r;
}

static int set_position(struct liteio_csi_params *p, const char *key, const char *value,
			struct liteio_error *err)
{
	return take_name(liteio_position_names, key, value, &p->position, err);
}

static int set_class(struct liteio_csi_params *p, const char *key, const char *value,
		     struct liteio_error *err)
{
	return take_name(liteio_volume_class_names, key, value, &p->volume_class, err);
}

static int set_fs_type(struct liteio_csi_params *p, const char *key, const char *value,
		       struct liteio_error *err)
{
	if (!liteio_csi_fs_known(value))
		return liteio_error_set(err, -EINVAL, "parameter %s is \"%s\", not ext4 or xfs",
					key, value);
	free(p->fs_type);
	p->fs_type = liteio_strdup(value);
	return 0;
}

static int take_selector(struct liteio_json **selector, const char *key, const char *value,
			 struct liteio_error *err)
{
	_cleanup_free_ char *copy = liteio_strdup(value);
	char *fields[SELECTOR_MAX + 1];
	struct liteio_json *labels;
	size_t n;

	n = liteio_split(copy, ',', fields, SELECTOR_MAX + 1);
	if (n > SELECTOR_MAX)
		return liteio_error_set(err, -EINVAL, "parameter %s has more than %d labels", key,
					SELECTOR_MAX);
	labels = liteio_json_new_object();
	for (size_t i = 0; i < n; i++) {
		char *equals = strchr(fields[i], '=');

		if (!equals || equals == fields[i] || strlen(equals + 1) > LABEL_VALUE_MAX) {
			liteio_json_unref(labels);
			return liteio_error_set(err, -EINVAL,
						"parameter %s is \"%s\", not key=value,key=value",
						key, value);
		}
		*equals = '\0';
		liteio_json_set_string(labels, fields[i], equals + 1);
	}
	liteio_json_unref(*selector);
	*selector = labels;
	return 0;
}

static int set_node_selector(struct liteio_csi_params *p, const char *key, const char *value,
			     struct liteio_error *err)
{
	return take_selector(&p->node_selector, key, value, err);
}

static int set_pool_selector(struct liteio_csi_params *p, const char *key, const char *value,
			     struct liteio_error *err)
{
	return take_selector(&p->pool_selector, key, value, err);
}

static int take_number(const char *key, const char *value, uint64_t min, uint64_t max,
		       uint64_t *ret, struct liteio_error *err)
{
	if (liteio_parse_u64(value, min, max, ret) < 0)
		return liteio_error_set(err, -EINVAL,
					"parameter %s is \"%s\", not a number from %llu to %llu",
					key, value, (unsigned long long)min,
					(unsigned long long)max);
	return 0;
}

/* a number of bytes, or a size with its unit */
static int take_bytes(const char *key, const char *value, uint64_t *ret, struct liteio_error *err)
{
	uint64_t v;

	if (liteio_parse_u64(value, 0, LITEIO_QOS_BPS_MAX, &v) < 0 &&
	    liteio_parse_size(value, &v, NULL) < 0)
		v = UINT64_MAX;
	if (v && (v < LITEIO_QOS_BPS_MIN || v > LITEIO_QOS_BPS_MAX))
		return liteio_error_set(err, -EINVAL,
					"parameter %s is \"%s\", neither 0 (no limit) nor a size from 4Ki to 1Ti",
					key, value);
	*ret = v;
	return 0;
}

static int set_read_iops(struct liteio_csi_params *p, const char *key, const char *value,
			 struct liteio_error *err)
{
	return take_number(key, value, 0, LITEIO_QOS_IOPS_MAX, &p->limits.read_iops, err);
}

static int set_write_iops(struct liteio_csi_params *p, const char *key, const char *value,
			  struct liteio_error *err)
{
	return take_number(key, value, 0, LITEIO_QOS_IOPS_MAX, &p->limits.write_iops, err);
}

static int set_read_bps(struct liteio_csi_params *p, const char *key, const char *value,
			struct liteio_error *err)
{
	return take_bytes(key, value, &p->limits.read_bps, err);
}

static int set_write_bps(struct liteio_csi_params *p, const char *key, const char *value,
			 struct liteio_error *err)
{
	return take_bytes(key, value, &p->limits.write_bps, err);
}

static int set_burst(struct liteio_csi_params *p, const char *key, const char *value,
		     struct liteio_error *err)
{
	return take_number(key, value, LITEIO_QOS_BURST_MS_MIN, LITEIO_QOS_BURST_MS_MAX,
			   &p->limits.burst_ms, err);
}

static const struct {
	const char *key;
	int (*set)(struct liteio_csi_params *p, const char *key, const char *value,
		   struct liteio_error *err);
} known[] = {
	{ "positionAdvice", set_position },
	{ "class", set_class },
	{ "fsType", set_fs_type },
	{ "nodeSelector", set_node_selector },
	{ "poolSelector", set_pool_selector },
	{ "readIOPS", set_read_iops },
	{ "writeIOPS", set_write_iops },
	{ "readBytesPerSecond", set_read_bps },
	{ "writeBytesPerSecond", set_write_bps },
	{ "burstMilliseconds", set_burst },
};

int liteio_csi_params_set(struct liteio_csi_params *p, const char *key, const char *value,
			  struct liteio_error *err)
{
	struct liteio_buf names = LITEIO_BUF_INIT;
	int r;

	/*
	 * Not for us but for the sidecars, or told to us by them. The provisioner takes its own
	 * keys out for CreateVolume, but not for GetCapacity.
	 */
	if (!strncmp(key, SIDECAR_PREFIX, strlen(SIDECAR_PREFIX)))
		return 0;
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].key, key))
			return known[i].set(p, key, value, err);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(known); i++)
		liteio_buf_addf(&names, "%s%s", i ? ", " : "", known[i].key);
	r = liteio_error_set(err, -EINVAL, "unknown parameter \"%s\"; known are %s", key,
			     names.data);
	liteio_buf_fini(&names);
	return r;
}

void liteio_csi_params_fini(struct liteio_csi_params *p)
{
	free(p->fs_type);
	liteio_json_unref(p->node_selector);
	liteio_json_unref(p->pool_selector);
	*p = (struct liteio_csi_params){ 0 };
}

int liteio_csi_range_check(int64_t required, int64_t limit, struct liteio_error *err)
{
	if (required < 0 || limit < 0)
		return liteio_error_set(err, -EINVAL, "the capacity range has a negative size: %lld",
					(long long)(required < 0 ? required : limit));
	if (limit && required > limit)
		return liteio_error_set(err, -EINVAL,
					"no size has at least %lld and at most %lld bytes",
					(long long)required, (long long)limit);
	return 0;
}

int liteio_csi_size(int64_t required, int64_t limit, uint64_t fallback, uint64_t *ret,
		    struct liteio_error *err)
{
	const uint64_t align = LITEIO_VOLUME_SIZE_ALIGN;
	uint64_t size = required > 0 ? (uint64_t)required : fallback;
	int r;

	r = liteio_csi_range_check(required, limit, err);
	if (r < 0)
		return r;
	if (!required && limit && (uint64_t)limit < size)
		size = (uint64_t)limit / align * align;
	if (size > LITEIO_VOLUME_SIZE_MAX)
		return liteio_error_set(err, -ERANGE,
					"%llu bytes are more than the largest volume, %llu",
					(unsigned long long)size,
					(unsigned long long)LITEIO_VOLUME_SIZE_MAX);
	if (size < LITEIO_VOLUME_SIZE_MIN)
		size = LITEIO_VOLUME_SIZE_MIN;
	size = (size + align - 1) / align * align;
	if (limit && size > (uint64_t)limit)
		return liteio_error_set(err, -ERANGE,
					"volumes have at least %llu bytes and are multiples of %llu: %llu is over the limit %lld",
					(unsigned long long)LITEIO_VOLUME_SIZE_MIN,
					(unsigned long long)align, (unsigned long long)size,
					(long long)limit);
	*ret = size;
	return 0;
}
