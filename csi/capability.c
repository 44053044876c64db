// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Volume capabilities: how a workload wants to use a volume, and whether it can.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "capability.h"
#include "params.h"

#define MODE(m) CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__##m

static const struct {
	const char *name;
	bool supported;
	bool reads_only;
} modes[] = {
	[MODE(UNKNOWN)] = { "UNKNOWN", false, false },
	[MODE(SINGLE_NODE_WRITER)] = { "SINGLE_NODE_WRITER", true, false },
	[MODE(SINGLE_NODE_READER_ONLY)] = { "SINGLE_NODE_READER_ONLY", true, true },
	[MODE(MULTI_NODE_READER_ONLY)] = { "MULTI_NODE_READER_ONLY", true, true },
	[MODE(MULTI_NODE_SINGLE_WRITER)] = { "MULTI_NODE_SINGLE_WRITER", false, false },
	[MODE(MULTI_NODE_MULTI_WRITER)] = { "MULTI_NODE_MULTI_WRITER", false, false },
	[MODE(SINGLE_NODE_SINGLE_WRITER)] = { "SINGLE_NODE_SINGLE_WRITER", true, false },
	[MODE(SINGLE_NODE_MULTI_WRITER)] = { "SINGLE_NODE_MULTI_WRITER", true, false },
};

static int check_mode(const Csi__V1__VolumeCapability *cap, struct liteio_error *err)
{
	int mode = cap->access_mode ? (int)cap->access_mode->mode : 0;

	if (!mode)
		return liteio_error_set(err, -EINVAL, "the volume capability has no access mode");
	if (mode < 0 || (size_t)mode >= LITEIO_ARRAY_SIZE(modes))
		return liteio_error_set(err, -EINVAL, "unknown access mode %d", mode);
	if (!modes[mode].supported)
		return liteio_error_set(err, -EINVAL,
					"access mode %s is not supported: one node may write, or several may read",
					modes[mode].name);
	return 0;
}

int liteio_csi_capability_check(const Csi__V1__VolumeCapability *cap, struct liteio_error *err)
{
	if (!cap)
		return liteio_error_set(err, -EINVAL, "the volume capability is missing");
	switch (cap->access_type_case) {
	case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK:
		break;
	case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT:
		if (*cap->mount->fs_type && !liteio_csi_fs_known(cap->mount->fs_type))
			return liteio_error_set(err, -EINVAL,
						"filesystem \"%s\" is not supported: ext4 or xfs",
						cap->mount->fs_type);
		if (*cap->mount->volume_mount_group)
			return liteio_error_set(err, -EINVAL,
						"a volume mount group is not supported");
		break;
	default:
		return liteio_error_set(err, -EINVAL,
					"the volume capability is neither block nor mount");
	}
	return check_mode(cap, err);
}

int liteio_csi_capabilities_check(Csi__V1__VolumeCapability *const *caps, size_t n,
				  struct liteio_error *err)
{
	int r;

	if (!n)
		return liteio_error_set(err, -EINVAL, "the request has no volume capabilities");
	for (size_t i = 0; i < n; i++) {
		r = liteio_csi_capability_check(caps[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

bool liteio_csi_capability_reads_only(const Csi__V1__VolumeCapability *cap)
{
	return modes[cap->access_mode->mode].reads_only;
}

bool liteio_csi_capability_is_exclusive(const Csi__V1__VolumeCapability *cap)
{
	return cap->access_mode->mode == MODE(SINGLE_NODE_SINGLE_WRITER);
}

bool liteio_csi_capability_is_block(const Csi__V1__VolumeCapability *cap)
{
	return cap->access_type_case == CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
}
