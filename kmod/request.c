// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of requests.
 */
#include <linux/ctype.h>

#include "request.h"

int liteio_request_refuse(struct netlink_ext_ack *extack, const struct nlattr *attr, int error,
			  const char *why)
{
	if (extack) {
		extack->_msg = why;
		extack->bad_attr = attr;
	}
	return error;
}

void liteio_request_tell(struct netlink_ext_ack *extack, const char *why)
{
	if (extack)
		extack->_msg = why;
}

int liteio_request_uuid(struct nlattr **attrs, struct netlink_ext_ack *extack, uuid_t *ret)
{
	struct nlattr *attr = attrs[LITEIO_A_UUID];

	if (!attr)
		return liteio_request_refuse(extack, NULL, -EINVAL, "attribute UUID is missing");
	import_uuid(ret, nla_data(attr));
	if (uuid_is_null(ret))
		return liteio_request_refuse(extack, attr, -EINVAL, "the nil UUID names no volume");
	return 0;
}

int liteio_request_gen(struct nlattr **attrs, struct netlink_ext_ack *extack, u64 *ret)
{
	struct nlattr *attr = attrs[LITEIO_A_GEN];

	if (!attr)
		return liteio_request_refuse(extack, NULL, -EINVAL, "attribute GEN is missing");
	*ret = nla_get_u64(attr);
	return 0;
}

int liteio_request_text(struct nlattr *attr, struct netlink_ext_ack *extack, const char **ret)
{
	const char *text, *c;

	if (!attr)
		return 0;
	text = nla_data(attr);
	if (!*text)
		return liteio_request_refuse(extack, attr, -EINVAL, "text is empty");
	for (c = text; *c; c++) {
		if (!isascii(*c) || !isgraph(*c))
			return liteio_request_refuse(extack, attr, -EINVAL,
					"text has a character that is not graphic ASCII");
	}
	*ret = text;
	return 0;
}

int liteio_request_limits(struct nlattr *nest, struct netlink_ext_ack *extack,
			  struct liteio_vol_spec *spec)
{
	static const enum liteio_limit limits[LITEIO_QOS_A_MAX + 1] = {
		[LITEIO_QOS_A_RIOPS] = LITEIO_LIMIT_RIOPS,
		[LITEIO_QOS_A_WIOPS] = LITEIO_LIMIT_WIOPS,
		[LITEIO_QOS_A_RBPS] = LITEIO_LIMIT_RBPS,
		[LITEIO_QOS_A_WBPS] = LITEIO_LIMIT_WBPS,
		[LITEIO_QOS_A_BURST_MS] = LITEIO_LIMIT_BURST_MS,
	};
	struct nlattr *attr;
	int rem;

	if (!nest)
		return 0;
	/* checked with the message */
	nla_for_each_nested(attr, nest, rem) {
		enum liteio_limit limit = limits[nla_type(attr)];

		spec->given |= BIT(limit);
		spec->limits.value[limit] = limit == LITEIO_LIMIT_BURST_MS ? nla_get_u32(attr) :
									     nla_get_u64(attr);
	}
	if (spec->given)
		return 0;
	return liteio_request_refuse(extack, nest, -EINVAL, "attribute QOS names no limit");
}
