// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of the family as structs. Pure: bytes in, struct out; whatever the bytes are.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "host/netlink.h"
#include "host/netlink_dirty.h"

/* one attribute: its payload */
struct attr {
	const uint8_t *data;
	size_t len;
};

typedef void (*nest_fn)(const struct attr *a, void *arg);

/* the next attribute: 1, 0 when there is none, -1 when the bytes are no attribute */
static int next_attr(const uint8_t **p, size_t *len, size_t *ret_type, struct attr *ret)
{
	struct nlattr h;
	size_t step;

	if (*len < sizeof(h))
		return *len ? -1 : 0;
	memcpy(&h, *p, sizeof(h));
	if (h.nla_len < NLA_HDRLEN || h.nla_len > *len)
		return -1;
	*ret_type = h.nla_type & NLA_TYPE_MASK;
	*ret = (struct attr){ *p + NLA_HDRLEN, h.nla_len - (size_t)NLA_HDRLEN };
	/* nobody has to fill up behind the last one */
	step = NLA_ALIGN((size_t)h.nla_len);
	step = step < *len ? step : *len;
	*p += step;
	*len -= step;
	return 1;
}

/*
 * Index attributes by type; of those there several times the last one counts, but for @nest_type,
 * whose every occurrence is handed to @nest. False when the bytes are no attributes.
 */
static bool index_attrs(const void *bytes, size_t len, struct attr *table, size_t n_table,
			unsigned int nest_type, nest_fn nest, void *arg)
{
	const uint8_t *p = bytes;
	struct attr a;
	size_t type;
	int r;

	memset(table, 0, n_table * sizeof(*table));
	while ((r = next_attr(&p, &len, &type, &a)) > 0) {
		if (type < n_table)
			table[type] = a;
		if (nest && type == nest_type)
			nest(&a, arg);
	}
	return r == 0;
}

/* numbers may be unaligned: copy; false when the attribute is not there or has another size */
static bool get(const struct attr *a, void *ret, size_t size)
{
	if (!a->data || a->len != size)
		return false;
	memcpy(ret, a->data, size);
	return true;
}

static bool get_u64(const struct attr *a, uint64_t *ret)
{
	return get(a, ret, sizeof(*ret));
}

static bool get_u32(const struct attr *a, uint32_t *ret)
{
	return get(a, ret, sizeof(*ret));
}

static bool get_uuid(const struct attr *a, struct liteio_uuid *ret)
{
	return get(a, ret->b, sizeof(ret->b));
}

/* terminated, and small enough for @size; otherwise cut */
static bool get_string(const struct attr *a, char *ret, size_t size)
{
	size_t n;

	if (!a->data || !a->len || a->data[a->len - 1])
		return false;
	n = strlen((const char *)a->data);
	if (n >= size)
		n = size - 1;
	memcpy(ret, a->data, n);
	ret[n] = '\0';
	return true;
}

int liteio_netlink_parse_info(const void *attrs, size_t len, struct liteio_netlink_info *ret)
{
	struct attr t[LITEIO_A_MAX + 1];
	struct liteio_netlink_info i = { 0 };

	if (!index_attrs(attrs, len, t, LITEIO_A_MAX + 1, 0, NULL, NULL) ||
	    !get_u32(&t[LITEIO_A_VERSION], &i.version) ||
	    !get_u64(&t[LITEIO_A_FEATURES], &i.features) ||
	    !get_uuid(&t[LITEIO_A_INSTANCE], &i.instance) ||
	    !get_u64(&t[LITEIO_A_EVENT_SEQ], &i.event_seq))
		return -EBADMSG;
	get_string(&t[LITEIO_A_MODULE], i.module, sizeof(i.module));
	get_u64(&t[LITEIO_A_STATS_BYTES], &i.stats_bytes);
	get_u64(&t[LITEIO_A_DIRTY_BYTES], &i.dirty_bytes);
	*ret = i;
	return 0;
}

static void parse_qos(const struct attr *nest, struct liteio_netlink_qos *ret)
{
	struct attr t[LITEIO_QOS_A_MAX + 1];

	if (!nest->data ||
	    !index_attrs(nest->data, nest->len, t, LITEIO_QOS_A_MAX + 1, 0, NULL, NULL))
		return;
	get_u64(&t[LITEIO_QOS_A_RIOPS], &ret->riops);
	get_u64(&t[LITEIO_QOS_A_WIOPS], &ret->wiops);
	get_u64(&t[LITEIO_QOS_A_RBPS], &ret->rbps);
	get_u64(&t[LITEIO_QOS_A_WBPS], &ret->wbps);
	get_u32(&t[LITEIO_QOS_A_BURST_MS], &ret->burst_ms);
}

static void parse_throttle(const struct attr *nest, void *arg)
{
	struct liteio_netlink_volume *v = arg;
	struct attr t[LITEIO_THROTTLE_A_MAX + 1];
	uint32_t id;

	if (!index_attrs(nest->data, nest->len, t, LITEIO_THROTTLE_A_MAX + 1, 0, NULL, NULL) ||
	    !get_u32(&t[LITEIO_THROTTLE_A_ID], &id) || id > LITEIO_CLASS_WRITE)
		return;
	get_u64(&t[LITEIO_THROTTLE_A_QUEUED], &v->throttle[id].queued);
	get_u64(&t[LITEIO_THROTTLE_A_THROTTLED], &v->throttle[id].throttled);
	get_u64(&t[LITEIO_THROTTLE_A_IOPS_NS], &v->throttle[id].iops_ns);
	get_u64(&t[LITEIO_THROTTLE_A_BPS_NS], &v->throttle[id].bps_ns);
}

int liteio_netlink_parse_volume(const void *attrs, size_t len, struct liteio_netlink_volume *ret)
{
	struct attr t[LITEIO_A_MAX + 1];
	struct liteio_netlink_volume v = { 0 };

	if (!index_attrs(attrs, len, t, LITEIO_A_MAX + 1, LITEIO_A_THROTTLE, parse_throttle, &v) ||
	    !get_uuid(&t[LITEIO_A_UUID], &v.uuid) || !get_u64(&t[LITEIO_A_FLOOR], &v.floor))
		return -EBADMSG;
	get_string(&t[LITEIO_A_NAME], v.name, sizeof(v.name));
	get_u32(&t[LITEIO_A_BARRED], &v.barred);
	get_u32(&t[LITEIO_A_ATTACHMENTS], &v.attachments);
	parse_qos(&t[LITEIO_A_QOS], &v.qos);
	*ret = v;
	return 0;
}

int liteio_netlink_parse_att(const void *attrs, size_t len, struct liteio_netlink_att *ret)
{
	struct attr t[LITEIO_A_MAX + 1];
	struct liteio_netlink_att a = { 0 };

	if (!index_attrs(attrs, len, t, LITEIO_A_MAX + 1, 0, NULL, NULL) ||
	    !get_uuid(&t[LITEIO_A_UUID], &a.uuid) || !get_u64(&t[LITEIO_A_GEN], &a.generation) ||
	    !get_u32(&t[LITEIO_A_STATE], &a.state))
		return -EBADMSG;
	get_string(&t[LITEIO_A_HOST], a.host, sizeof(a.host));
	get_u32(&t[LITEIO_A_FLAGS], &a.flags);
	get_u64(&t[LITEIO_A_INFLIGHT], &a.inflight);
	get_u64(&t[LITEIO_A_REJECTED], &a.rejected);
	get_u64(&t[LITEIO_A_QUEUED], &a.queued);
	get_u64(&t[LITEIO_A_THROTTLED], &a.throttled);
	a.bound = get_u32(&t[LITEIO_A_DEV_MAJOR], &a.major) &&
		  get_u32(&t[LITEIO_A_DEV_MINOR], &a.minor);
	if (!get_u64(&t[LITEIO_A_TRACKING], &a.tracking) ||
	    !get_u32(&t[LITEIO_A_CHUNK_SHIFT], &a.chunk_shift) ||
	    !get_u64(&t[LITEIO_A_CHUNKS], &a.chunks) ||
	    !get_u64(&t[LITEIO_A_REMAINING], &a.remaining))
		a.tracking = 0;
	*ret = a;
	return 0;
}

int liteio_netlink_parse_io(const void *attrs, size_t len, struct liteio_netlink_io *ret)
{
	struct liteio_netlink_io io = { 0 };
	bool is_known = false, has_inflight = false;
	const uint8_t *p = attrs;
	uint32_t major;
	struct attr a;
	size_t type;
	int r;

	/* without an index of all that a message may have: there are many of these */
	while ((r = next_attr(&p, &len, &type, &a)) > 0) {
		switch (type) {
		case LITEIO_A_UUID:
			is_known = get_uuid(&a, &io.uuid);
			break;
		case LITEIO_A_INFLIGHT:
			has_inflight = get_u64(&a, &io.inflight);
			break;
		case LITEIO_A_STARTED:
			io.is_told = get_u64(&a, &io.started);
			break;
		case LITEIO_A_DEV_MAJOR:
			io.is_bound = get_u32(&a, &major);
			break;
		default:
			break;
		}
	}
	io.is_told = io.is_told && has_inflight;
	if (r < 0 || !is_known)
		return -EBADMSG;
	*ret = io;
	return 0;
}

/* one message of the dump: 1 when it was the last, 0, or a negative errno */
static int parse_io_message(const struct nlmsghdr *h, const uint8_t *data, size_t len,
			    liteio_netlink_io_fn fn, void *arg)
{
	struct liteio_netlink_io io;
	int code = 0, r;

	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		return -EAGAIN;
	if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
		if (len < sizeof(code))
			return -EBADMSG;
		memcpy(&code, data, sizeof(code));
		return code < 0 ? code : 1;
	}
	if (h->nlmsg_type < NLMSG_MIN_TYPE)
		return 0;
	if (len < GENL_HDRLEN)
		return -EBADMSG;
	r = liteio_netlink_parse_io(data + GENL_HDRLEN, len - GENL_HDRLEN, &io);
	if (!r)
		fn(arg, &io);
	return r;
}

int liteio_netlink_parse_io_part(const void *bytes, size_t len, uint32_t seq,
				 liteio_netlink_io_fn fn, void *arg)
{
	const uint8_t *p = bytes;
	struct nlmsghdr h;
	size_t step;
	int r = 0;

	while (!r && len >= sizeof(h)) {
		memcpy(&h, p, sizeof(h));
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > len)
			return -EBADMSG;
		if (h.nlmsg_seq == seq)
			r = parse_io_message(&h, p + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN, fn,
					     arg);
		step = NLMSG_ALIGN(h.nlmsg_len) < len ? NLMSG_ALIGN(h.nlmsg_len) : len;
		p += step;
		len -= step;
	}
	return r || !len ? r : -EBADMSG;
}

int liteio_netlink_parse_fence(const void *attrs, size_t len, struct liteio_netlink_fence *ret)
{
	struct attr t[LITEIO_A_MAX + 1];
	struct liteio_netlink_fence f = { 0 };
	uint8_t drained;

	/* a fence is believed only when it says everything */
	if (!index_attrs(attrs, len, t, LITEIO_A_MAX + 1, 0, NULL, NULL) ||
	    !get_u64(&t[LITEIO_A_FLOOR], &f.floor) ||
	    !get(&t[LITEIO_A_DRAINED], &drained, sizeof(drained)) ||
	    !get_u64(&t[LITEIO_A_INFLIGHT], &f.inflight))
		return -EBADMSG;
	f.drained = drained == 1;
	get_u64(&t[LITEIO_A_WAITED_NS], &f.waited_ns);
	*ret = f;
	return 0;
}

static void parse_class(const struct attr *nest, void *arg)
{
	struct liteio_netlink_stats *s = arg;
	struct liteio_netlink_class c = { 0 };
	struct attr t[LITEIO_CLASS_A_MAX + 1];
	uint32_t id;

	if (!index_attrs(nest->data, nest->len, t, LITEIO_CLASS_A_MAX + 1, 0, NULL, NULL) ||
	    !get_u32(&t[LITEIO_CLASS_A_ID], &id) || id >= LITEIO_CLASS_NR)
		return;
	get_u64(&t[LITEIO_CLASS_A_IOS], &c.ios);
	get_u64(&t[LITEIO_CLASS_A_ERRORS], &c.errors);
	get_u64(&t[LITEIO_CLASS_A_BYTES], &c.bytes);
	get_u64(&t[LITEIO_CLASS_A_TIME_NS], &c.time_ns);
	get(&t[LITEIO_CLASS_A_HIST], c.hist, sizeof(c.hist));
	s->classes[id] = c;
}

int liteio_netlink_parse_stats(const void *attrs, size_t len, struct liteio_netlink_stats *ret)
{
	struct attr t[LITEIO_A_MAX + 1];
	struct liteio_netlink_stats s = { 0 };

	if (!index_attrs(attrs, len, t, LITEIO_A_MAX + 1, LITEIO_A_CLASS, parse_class, &s) ||
	    !get_uuid(&t[LITEIO_A_UUID], &s.uuid) || !get_u64(&t[LITEIO_A_GEN], &s.generation))
		return -EBADMSG;
	get_u64(&t[LITEIO_A_TIME_NS], &s.time_ns);
	get_u64(&t[LITEIO_A_INFLIGHT], &s.inflight);
	get_u64(&t[LITEIO_A_REJECTED], &s.rejected);
	get_u64(&t[LITEIO_A_QUEUED], &s.queued);
	get_u64(&t[LITEIO_A_THROTTLED], &s.throttled);
	get_u64(&t[LITEIO_A_LAST_NS], &s.last_ns);
	*ret = s;
	return 0;
}

int liteio_netlink_parse_event(const void *attrs, size_t len, struct liteio_netlink_event *ret)
{
	struct attr t[LITEIO_A_MAX + 1];
	struct liteio_netlink_event e = { 0 };

	if (!index_attrs(attrs, len, t, LITEIO_A_MAX + 1, 0, NULL, NULL) ||
	    !get_u64(&t[LITEIO_A_SEQ], &e.seq) || !get_u32(&t[LITEIO_A_TYPE], &e.type) ||
	    !get_uuid(&t[LITEIO_A_UUID], &e.uuid))
		return -EBADMSG;
	get_u64(&t[LITEIO_A_TIME_NS], &e.time_ns);
	get_u64(&t[LITEIO_A_GEN], &e.generation);
	get_u64(&t[LITEIO_A_VALUE], &e.value);
	*ret = e;
	return 0;
}

enum liteio_netlink_order liteio_netlink_order(uint64_t *known, uint64_t seq)
{
	uint64_t before = *known;

	if (seq <= before)
		return LITEIO_NETLINK_KNOWN;
	*known = seq;
	return seq == before + 1 ? LITEIO_NETLINK_NEXT : LITEIO_NETLINK_GAP;
}

int liteio_netlink_parse_dirty_start(const void *attrs, size_t len,
				     struct liteio_netlink_dirty_start *ret)
{
	struct attr t[LITEIO_A_MAX + 1];
	struct liteio_netlink_dirty_start s;

	if (!index_attrs(attrs, len, t, LITEIO_A_MAX + 1, 0, NULL, NULL) ||
	    !get_u64(&t[LITEIO_A_TRACKING], &s.tracking) ||
	    !get_u64(&t[LITEIO_A_CHUNKS], &s.chunks))
		return -EBADMSG;
	*ret = s;
	return 0;
}

/* ranges, as far as they were good */
struct ranges {
	struct liteio_netlink_dirty_answer *answer;
	bool is_bad;
};

static void parse_range(const struct attr *nest, void *arg)
{
	struct attr t[LITEIO_RANGE_A_MAX + 1];
	struct liteio_netlink_dirty_range r;
	struct ranges *ranges = arg;

	if (ranges->answer->n_ranges == LITEIO_DIRTY_RANGES_MAX ||
	    !index_attrs(nest->data, nest->len, t, LITEIO_RANGE_A_MAX + 1, 0, NULL, NULL) ||
	    !get_u64(&t[LITEIO_RANGE_A_CHUNK], &r.chunk) ||
	    !get_u64(&t[LITEIO_RANGE_A_LEN], &r.len) || !r.len || r.chunk + r.len < r.chunk) {
		ranges->is_bad = true;
		return;
	}
	ranges->answer->ranges[ranges->answer->n_ranges++] = r;
}

int liteio_netlink_parse_dirty_answer(const void *attrs, size_t len,
				      struct liteio_netlink_dirty_answer *ret)
{
	struct liteio_netlink_dirty_answer a = { 0 };
	struct ranges ranges = { .answer = &a };
	struct attr t[LITEIO_A_MAX + 1];

	/* a range that is not understood is a part of a volume that nobody copies */
	if (!index_attrs(attrs, len, t, LITEIO_A_MAX + 1, LITEIO_A_RANGE, parse_range, &ranges) ||
	    ranges.is_bad ||
	    !get_u64(&t[LITEIO_A_TRACKING], &a.tracking) ||
	    !get_u64(&t[LITEIO_A_TICKET], &a.ticket) ||
	    !get_u64(&t[LITEIO_A_NEXT_CURSOR], &a.next_cursor) ||
	    !get_u32(&t[LITEIO_A_CHUNK_SHIFT], &a.chunk_shift) ||
	    !get_u64(&t[LITEIO_A_CHUNKS], &a.chunks) ||
	    !get_u64(&t[LITEIO_A_REMAINING], &a.remaining))
		return -EBADMSG;
	*ret = a;
	return 0;
}
