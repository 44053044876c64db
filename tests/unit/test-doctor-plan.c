// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the doctor makes of what it has seen: a node where all is well, and for each finding what is
 * changed so that it is there. Then nonsense of all kinds.
 *
 * Over 600 lines because each check has its case here, and all of them spoil the same node.
 *
 * unit-src: daemon/agent/doctor_plan.c daemon/agent/doctor_plan_device.c
 * unit-src: daemon/agent/doctor_plan_gate.c
 * unit-src: daemon/agent/doctor_plan_head.c daemon/agent/doctor_plan_pool.c
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "agent/doctor_plan.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "unit.h"

#define MIB (1ull << 20)
#define DISK 0x800u
#define SIZE (64 * MIB)

/*
 * A node: pool "fast" with a volume "data" (generation 2 attached here, 1 ended by itself), a
 * linear volume "log" (generation 5 exported), a snapshot, and a volume being deleted.
 */
struct node {
	struct liteio_doctor_view v;
	struct liteio_doctor_pool pools[2];
	struct liteio_doctor_volume volumes[4];
	struct liteio_doctor_att atts[3];
	struct liteio_doctor_device devices[16];
	struct liteio_head_state heads[4];
	struct liteio_netlink_volume regs[4];
	struct liteio_netlink_att gates[4];
	struct liteio_nvmet_export exports[2];
	unsigned int ports[2];
	struct liteio_nvmet_namespace namespaces[3];
	struct liteio_doctor_link links[4];
	struct liteio_doctor_found found[3];
	struct liteio_doctor_missing missing[2];
	struct liteio_doctor_word words[2];
};

static struct liteio_uuid uuid_of(unsigned char n)
{
	struct liteio_uuid u = { 0 };

	memset(u.b, n, sizeof(u.b));
	return u;
}

enum {
	DATA = 1,
	LOG,
	SNAP,
	GONE,
	POOL = 9,
	STRANGER = 11,
};

static struct liteio_doctor_device device(enum liteio_dm_role role, unsigned char uuid,
					  uint64_t generation, unsigned int minor, const char *type)
{
	const struct liteio_uuid u = uuid_of(uuid);
	struct liteio_doctor_device d = { .size_bytes = SIZE };

	liteio_dm_name(role, &u, generation, d.dm.name);
	snprintf(d.type, sizeof(d.type), "%s", type);
	d.dm.major = 253;
	d.dm.minor = minor;
	d.dm.live_table = true;
	liteio_dm_path(&d.dm, d.path);
	return d;
}

static struct liteio_head_state head(const struct liteio_doctor_device *d, unsigned char uuid,
				     uint64_t generation, unsigned int lower)
{
	struct liteio_head_state h = {
		.head = { .uuid = uuid_of(uuid), .generation = generation, .gate = true,
			  .lower = makedev(253, lower), .size_bytes = SIZE },
		.dm = d->dm,
	};

	memcpy(h.path, d->path, sizeof(h.path));
	return h;
}

static struct liteio_doctor_volume volume(unsigned char uuid, const char *name,
					  enum liteio_catalog_class vclass)
{
	struct liteio_doctor_volume v = {
		.v = { .uuid = uuid_of(uuid), .kind = LITEIO_CATALOG_VOLUME, .vclass = vclass,
		       .state = LITEIO_CATALOG_READY, .size_bytes = SIZE, .floor = 1,
		       .thin_id = uuid },
	};

	snprintf(v.v.name, sizeof(v.v.name), "%s", name);
	return v;
}

static void add_link(struct node *n, const char *name, const char *target)
{
	struct liteio_doctor_link *l = &n->links[n->v.n_links++];

	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->target, sizeof(l->target), "%s", target);
}

static void set_catalog(struct node *n)
{
	n->volumes[0] = volume(DATA, "data", LITEIO_CATALOG_THIN);
	n->volumes[0].v.limits.read_iops = 100;
	n->volumes[1] = volume(LOG, "log", LITEIO_CATALOG_LINEAR);
	n->volumes[1].v.floor = 4;
	n->volumes[2] = volume(SNAP, "before", LITEIO_CATALOG_THIN);
	n->volumes[2].v.kind = LITEIO_CATALOG_SNAPSHOT;
	n->volumes[3] = volume(GONE, "gone", LITEIO_CATALOG_THIN);
	n->volumes[3].v.state = LITEIO_CATALOG_DELETING;
	n->v.n_volumes = 4;
	n->atts[0].a = (struct liteio_catalog_attachment){
		.volume = uuid_of(DATA),
		.generation = 1,
		.state = LITEIO_CATALOG_ATT_FENCED,
	};
	n->atts[1].a = (struct liteio_catalog_attachment){
		.volume = uuid_of(DATA),
		.generation = 2,
		.state = LITEIO_CATALOG_ATT_LIVE,
		.flags = LITEIO_CATALOG_ATT_LOCAL,
	};
	n->atts[2].a = (struct liteio_catalog_attachment){
		.volume = uuid_of(LOG),
		.generation = 5,
		.state = LITEIO_CATALOG_ATT_LIVE,
	};
	n->v.n_atts = 3;
}

static void set_kernel(struct node *n)
{
	n->devices[0] = device(LITEIO_DM_POOL, POOL, 0, 0, "thin-pool");
	n->devices[1] = device(LITEIO_DM_THIN, DATA, 0, 1, "thin");
	n->devices[1].lower = makedev(253, 0);
	n->devices[1].thin_id = DATA;
	n->devices[2] = device(LITEIO_DM_LINEAR, LOG, 0, 2, "linear");
	n->devices[3] = device(LITEIO_DM_HEAD, DATA, 2, 3, "liteio");
	n->devices[4] = device(LITEIO_DM_HEAD, LOG, 5, 4, "liteio");
	n->devices[4].dm.open_count = 1;
	n->v.n_devices = 5;
	n->heads[0] = head(&n->devices[3], DATA, 2, 1);
	n->heads[1] = head(&n->devices[4], LOG, 5, 2);
	n->v.n_heads = 2;
	n->v.has_module = true;
	n->v.has_limits = true;
	n->regs[0] = (struct liteio_netlink_volume){ .uuid = uuid_of(DATA), .floor = 1, .barred = 1,
						      .attachments = 1, .qos = { .riops = 100 } };
	n->regs[1] = (struct liteio_netlink_volume){ .uuid = uuid_of(LOG), .floor = 4,
						      .attachments = 1 };
	n->v.n_reg_volumes = 2;
	n->gates[0] = (struct liteio_netlink_att){ .uuid = uuid_of(DATA), .generation = 2,
						    .state = LITEIO_ATT_OPEN };
	n->gates[1] = (struct liteio_netlink_att){ .uuid = uuid_of(LOG), .generation = 5,
						    .state = LITEIO_ATT_OPEN };
	n->v.n_reg_atts = 2;
}

static void set_exports(struct node *n)
{
	const struct liteio_uuid log = uuid_of(LOG);

	n->exports[0] = (struct liteio_nvmet_export){ .uuid = log, .generation = 5,
						       .port_ids = n->ports, .n_port_ids = 1,
						       .enabled = true };
	n->v.n_exports = 1;
	n->v.n_listen = 1;
	liteio_nqn_format(&log, 5, n->namespaces[0].nqn);
	n->namespaces[0].dev = makedev(253, 4);
	n->namespaces[0].enabled = true;
	/* somebody else's, on a disk of theirs */
	snprintf(n->namespaces[1].nqn, sizeof(n->namespaces[1].nqn), "nqn.2020-01.org.example:x");
	n->namespaces[1].dev = DISK;
	n->namespaces[1].enabled = true;
	n->v.n_namespaces = 2;
}

static void set_pool(struct node *n)
{
	struct liteio_pool_info *i = &n->pools[0].info;

	i->uuid = uuid_of(POOL);
	snprintf(i->name, sizeof(i->name), "fast");
	snprintf(i->device, sizeof(i->device), "/dev/vdb");
	i->meta_bytes = 100;
	i->meta_used_bytes = 10;
	n->pools[0].copies = (struct liteio_pool_copies){ .slots = 2, .records = 6,
							   .records_max = 2000 };
	n->pools[0].looked = true;
	n->pools[0].reclaims = true;
	n->v.n_pools = 1;
	n->found[0].in_use = true;
	n->found[0].f.label.pool_uuid = uuid_of(POOL);
	n->v.n_found = 1;
}

static struct node *well(void)
{
	struct node *n = liteio_calloc(1, sizeof(*n));
	char text[LITEIO_UUID_STRLEN + 1];
	const struct liteio_uuid data = uuid_of(DATA);

	set_pool(n);
	set_catalog(n);
	set_kernel(n);
	set_exports(n);
	liteio_uuid_format(&data, text);
	add_link(n, text, "/dev/dm-3");
	add_link(n, "data", "/dev/dm-3");
	n->v.pools = n->pools;
	n->v.volumes = n->volumes;
	n->v.atts = n->atts;
	n->v.devices = n->devices;
	n->v.heads = n->heads;
	n->v.reg_volumes = n->regs;
	n->v.reg_atts = n->gates;
	n->v.exports = n->exports;
	n->v.namespaces = n->namespaces;
	n->v.links = n->links;
	n->v.found = n->found;
	n->v.missing = n->missing;
	return n;
}

/* ---- what is wrong with it ------------------------------------------------------------------ */

static void blind(struct node *n)
{
	snprintf(n->words[0].name, sizeof(n->words[0].name), "exports");
	n->v.blind = n->words;
	n->v.n_blind = 1;
}

static void stuck(struct node *n)
{
	n->v.stuck = 2;
}

static void config(struct node *n)
{
	snprintf(n->words[0].name, sizeof(n->words[0].name), "listen");
	n->v.config = n->words;
	n->v.n_config = 1;
}

static void door(struct node *n)
{
	snprintf(n->v.door, sizeof(n->v.door), "pool x is missing");
	n->exports[0].n_port_ids = 0;
}

static void other_module(struct node *n)
{
	snprintf(n->v.module, sizeof(n->v.module), "another one");
}

static void missing(struct node *n)
{
	snprintf(n->missing[0].name, sizeof(n->missing[0].name), "cold");
	n->missing[0].uuid = uuid_of(STRANGER);
	n->v.n_missing = 1;
	/* its disk, and what the kernel has of unknown volumes, is said with it, or not at all */
	n->found[1].f.label.pool_uuid = uuid_of(STRANGER);
	n->v.n_found = 2;
	n->regs[2] = (struct liteio_netlink_volume){ .uuid = uuid_of(STRANGER), .floor = 3 };
	n->v.n_reg_volumes = 3;
}

static void missing_remote(struct node *n)
{
	missing(n);
	n->missing[0].remote = true;
}

static void pool_closed(struct node *n)
{
	n->devices[n->v.n_devices++] = device(LITEIO_DM_POOL, STRANGER, 0, 7, "thin-pool");
	n->devices[n->v.n_devices++] = device(LITEIO_DM_TMETA, STRANGER, 0, 8, "linear");
	/* what stands on it is not judged */
	n->devices[n->v.n_devices] = device(LITEIO_DM_THIN, STRANGER + 1, 0, 9, "thin");
	n->devices[n->v.n_devices++].lower = makedev(253, 7);
}

static void found_other(struct node *n)
{
	snprintf(n->found[1].f.device, sizeof(n->found[1].f.device), "/dev/vdc");
	n->found[1].f.label.pool_uuid = uuid_of(STRANGER);
	n->v.n_found = 2;
}

static void found_exported(struct node *n)
{
	found_other(n);
	n->found[1].f.label.exported = true;
}

static void found_copy(struct node *n)
{
	found_other(n);
	n->found[1].f.label.pool_uuid = uuid_of(POOL);
}

static void pool_state(struct node *n)
{
	n->pools[0].info.condition = LITEIO_POOL_READ_ONLY;
}

static void pool_low(struct node *n)
{
	n->pools[0].info.space.fill = LITEIO_FILL_LOW;
}

static void pool_critical(struct node *n)
{
	n->pools[0].info.space.fill = LITEIO_FILL_CRITICAL;
}

static void pool_metadata(struct node *n)
{
	n->pools[0].info.meta_used_bytes = 80;
}

static void pool_no_space(struct node *n)
{
	n->pools[0].info.space.fill = LITEIO_FILL_FULL;
	n->pools[0].info.condition = LITEIO_POOL_NO_SPACE;
}

static void catalog_fill(struct node *n)
{
	n->pools[0].copies.records = 1600;
}

static void catalog_nearly(struct node *n)
{
	n->pools[0].copies.records = 1599;
}

static void catalog_copy(struct node *n)
{
	n->pools[0].copies.slots = 1;
}

static void catalog_lost(struct node *n)
{
	n->pools[0].copies.is_lost = true;
}

static void label_copy(struct node *n)
{
	n->pools[0].copies.labels_differ = true;
}

static void not_looked(struct node *n)
{
	n->pools[0].copies = (struct liteio_pool_copies){ 0 };
	n->pools[0].looked = false;
}

static void deletion(struct node *n)
{
	n->pools[0].reclaims = false;
}

static void suspended(struct node *n)
{
	n->devices[3].dm.suspended = true;
}

static void suspended_pool(struct node *n)
{
	n->devices[0].dm.suspended = true;
}

static void thin_remains(struct node *n)
{
	n->devices[n->v.n_devices] = device(LITEIO_DM_THIN, STRANGER, 0, 9, "thin");
	n->devices[n->v.n_devices++].lower = makedev(253, 0);
}

static void thin_remains_open(struct node *n)
{
	thin_remains(n);
	n->devices[n->v.n_devices - 1].dm.open_count = 1;
}

static void head_remains(struct node *n)
{
	n->devices[n->v.n_devices] = device(LITEIO_DM_HEAD, STRANGER, 1, 9, "liteio");
	n->heads[n->v.n_heads++] = head(&n->devices[n->v.n_devices++], STRANGER, 1, 1);
}

static void thin_id(struct node *n)
{
	n->devices[1].thin_id = 77;
}

static void linear_size(struct node *n)
{
	n->devices[2].size_bytes = SIZE / 2;
	n->devices[2].dm.open_count = 1;
}

static void floor_behind(struct node *n)
{
	n->regs[1].floor = 3;
}

static void floor_unknown(struct node *n)
{
	n->v.n_reg_volumes = 1;
}

static void floor_barred(struct node *n)
{
	n->regs[0].barred = 0;
}

static void floor_ahead(struct node *n)
{
	n->regs[1].floor = 5;
}

static void gate_open(struct node *n)
{
	n->gates[2] = (struct liteio_netlink_att){ .uuid = uuid_of(DATA), .generation = 1,
						    .state = LITEIO_ATT_NEW };
	n->v.n_reg_atts = 3;
}

static void gate_closed(struct node *n)
{
	n->gates[0].state = LITEIO_ATT_FENCED;
}

static void limits_differ(struct node *n)
{
	n->regs[0].qos.riops = 50;
}

static void limits_too_many(struct node *n)
{
	n->regs[1].qos.wbps = 4096;
}

static void limits_none(struct node *n)
{
	n->v.has_limits = false;
}

static void nobodys(struct node *n)
{
	n->regs[2] = (struct liteio_netlink_volume){ .uuid = uuid_of(STRANGER), .floor = 3 };
	n->v.n_reg_volumes = 3;
}

/* of another node, and attached here */
static void consumed(struct node *n)
{
	nobodys(n);
	n->regs[2].attachments = 1;
	n->gates[2] = (struct liteio_netlink_att){ .uuid = uuid_of(STRANGER), .generation = 9,
						    .state = LITEIO_ATT_OPEN };
	n->v.n_reg_atts = 3;
	n->devices[n->v.n_devices] = device(LITEIO_DM_REMOTE, STRANGER, 9, 9, "liteio");
	n->heads[n->v.n_heads] = head(&n->devices[n->v.n_devices++], STRANGER, 9, 99);
	n->heads[n->v.n_heads++].head.remote = true;
}

static void head_missing(struct node *n)
{
	n->heads[0] = n->heads[1];
	n->v.n_heads = 1;
	n->v.n_links = 0;
}

static void head_size(struct node *n)
{
	n->heads[0].head.size_bytes = SIZE / 2;
}

static void head_size_open(struct node *n)
{
	head_size(n);
	n->heads[0].dm.open_count = 1;
}

static void head_lower(struct node *n)
{
	n->heads[0].head.lower = makedev(253, 2);
}

static void head_read_only(struct node *n)
{
	n->heads[0].head.read_only = true;
}

static void head_plain(struct node *n)
{
	n->heads[0].head.gate = false;
}

static void remains(struct node *n)
{
	n->devices[n->v.n_devices] = device(LITEIO_DM_HEAD, DATA, 1, 9, "liteio");
	n->heads[n->v.n_heads++] = head(&n->devices[n->v.n_devices++], DATA, 1, 1);
}

static void remains_open(struct node *n)
{
	remains(n);
	n->heads[n->v.n_heads - 1].dm.open_count = 1;
}

static void remains_of_gate(struct node *n)
{
	n->gates[2] = (struct liteio_netlink_att){ .uuid = uuid_of(LOG), .generation = 3,
						    .state = LITEIO_ATT_FENCED };
	n->v.n_reg_atts = 3;
}

static void remains_exported(struct node *n)
{
	remains_open(n);
	n->exports[1] = (struct liteio_nvmet_export){ .uuid = uuid_of(DATA), .generation = 1,
						       .enabled = true };
	n->v.n_exports = 2;
}

static void no_export(struct node *n)
{
	n->v.n_exports = 0;
}

static void not_linked(struct node *n)
{
	n->exports[0].n_port_ids = 0;
}

static void bypass(struct node *n)
{
	n->namespaces[0].dev = makedev(253, 2);
}

static void bypass_foreign(struct node *n)
{
	n->namespaces[1].dev = makedev(253, 1);
}

static void link_nowhere(struct node *n)
{
	add_link(n, "old", "/dev/dm-50");
}

static void link_wrong(struct node *n)
{
	add_link(n, "log", "/dev/dm-3");
}

static void link_gone(struct node *n)
{
	n->v.n_links = 1;
}

/* not attached by anybody, as far as names go: that is its consumer's to do */
static void links_gone(struct node *n)
{
	n->v.n_links = 0;
}

static void links_gone_open(struct node *n)
{
	n->v.n_links = 0;
	n->heads[0].dm.open_count = 1;
}

#define U1 "01010101-0101-0101-0101-010101010101"
#define U2 "02020202-0202-0202-0202-020202020202"
#define U9 "09090909-0909-0909-0909-090909090909"
#define U11 "0b0b0b0b-0b0b-0b0b-0b0b-0b0b0b0b0b0b"
#define INFO LITEIO_SEVERITY_INFO
#define WARN LITEIO_SEVERITY_WARNING
#define ERR LITEIO_SEVERITY_ERROR

/* what is found, and whether it is mended by itself */
#define FOUND(n, s, o, c, sev) \
	.name = (n), .spoil = (s), .object = (o), .check = LITEIO_CHECK_##c, .severity = (sev)
#define MENDED(n, s, o, c, sev) FOUND(n, s, o, c, sev), .has_fix = true
#define MENDED_AND(n, s, o, c, sev) MENDED(n, s, o, c, sev), .more = 1

static const struct {
	const char *name;
	void (*spoil)(struct node *n);
	/* NULL: nothing is found */
	const char *object;
	enum liteio_local_check check;
	enum liteio_local_severity severity;
	bool has_fix;
	/* so many more come with it */
	size_t more;
} cases[] = {
	{ .name = "all is well" },
	{ FOUND("blind", blind, "exports", LOOK, WARN) },
	{ FOUND("jobs are stuck", stuck, "node", JOBS, ERR) },
	{ FOUND("a new value", config, "listen", CONFIG, INFO) },
	{ FOUND("a closed door", door, "node", DOOR, ERR) },
	{ FOUND("another module", other_module, "liteio", MODULE, WARN) },
	{ FOUND("a pool is missing", missing, "cold", POOL_MISSING, WARN) },
	{ FOUND("and others wait for it", missing_remote, "cold", POOL_MISSING, ERR) },
	{ FOUND("a pool is closed", pool_closed, U11, POOL_CLOSED, ERR) },
	{ FOUND("a pool that is not open", found_other, "/dev/vdc", POOL_FOUND, WARN) },
	{ .name = "an exported one", .spoil = found_exported },
	{ FOUND("a copy", found_copy, "/dev/vdc", POOL_FOUND, ERR) },
	{ FOUND("a pool that is read-only", pool_state, "fast", POOL_STATE, ERR) },
	{ FOUND("a pool that fills", pool_low, "fast", POOL_FILL, INFO) },
	{ FOUND("a pool that is nearly full", pool_critical, "fast", POOL_FILL, ERR) },
	{ FOUND("metadata that fill", pool_metadata, "fast", POOL_FILL, WARN) },
	{ FOUND("a full pool", pool_no_space, "fast", POOL_STATE, ERR) },
	{ FOUND("a full catalog", catalog_fill, "fast", CATALOG_FILL, WARN) },
	{ .name = "a catalog that is not", .spoil = catalog_nearly },
	{ MENDED("a damaged slot", catalog_copy, "fast", CATALOG_COPY, WARN) },
	{ MENDED("a disk that loses writes", catalog_lost, "fast", CATALOG_COPY, ERR) },
	{ MENDED("a damaged label", label_copy, "fast", LABEL_COPY, WARN) },
	{ .name = "a disk that does not answer", .spoil = not_looked },
	{ MENDED("a deletion that stands", deletion, "fast", DELETION, WARN) },
	{ MENDED("a suspended head", suspended, "liteio-head-" U1 "-2", SUSPENDED, ERR) },
	{ FOUND("a suspended pool", suspended_pool, "liteio-pool-" U9, SUSPENDED, ERR) },
	{ MENDED("a device of nobody", thin_remains, "liteio-thin-" U11, DEVICE_REMAINS, WARN) },
	{ FOUND("which is open", thin_remains_open, "liteio-thin-" U11, DEVICE_REMAINS, WARN) },
	{ MENDED("a head of nobody", head_remains, "liteio-head-" U11 "-1", DEVICE_REMAINS, WARN) },
	{ MENDED("another thin id", thin_id, "liteio-thin-" U1, DEVICE, ERR) },
	{ FOUND("another size", linear_size, "liteio-linear-" U2, DEVICE, ERR) },
	{ MENDED("a floor is behind", floor_behind, "log", FLOOR, ERR) },
	{ MENDED("a floor is unknown", floor_unknown, "log", FLOOR, ERR) },
	{ MENDED("an ended one is forgotten", floor_barred, "data", FLOOR, ERR) },
	{ FOUND("a floor is ahead", floor_ahead, "log", FLOOR_AHEAD, WARN) },
	{ MENDED_AND("an open gate", gate_open, "data/1", FENCED, ERR) },
	{ FOUND("a closed gate", gate_closed, "data/2", FENCED, ERR) },
	{ MENDED("other limits", limits_differ, "data", LIMITS, WARN) },
	{ MENDED("limits of nobody", limits_too_many, "log", LIMITS, WARN) },
	{ FOUND("a module without limits", limits_none, "data", LIMITS, WARN) },
	{ FOUND("a volume of nobody", nobodys, U11, REGISTRY, INFO) },
	{ .name = "a volume of another node", .spoil = consumed },
	{ MENDED("no head", head_missing, "data/2", HEAD_MISSING, ERR) },
	{ MENDED("a head of another size", head_size, "data/2", HEAD, ERR) },
	{ FOUND("which is open", head_size_open, "data/2", HEAD, ERR) },
	{ MENDED("a head on something else", head_lower, "data/2", HEAD, ERR) },
	{ MENDED("a head that can not write", head_read_only, "data/2", HEAD, ERR) },
	{ FOUND("a head without gate", head_plain, "data/2", HEAD_PLAIN, WARN) },
	{ MENDED("remains", remains, "data/1", REMAINS, WARN) },
	{ FOUND("which are open", remains_open, "data/1", REMAINS, WARN) },
	{ MENDED("remains of a gate", remains_of_gate, "log/3", REMAINS, WARN) },
	{ MENDED("remains of an export", remains_exported, "data/1", REMAINS, WARN) },
	{ MENDED("no subsystem", no_export, "log/5", EXPORT, ERR) },
	{ MENDED("on no port", not_linked, "log/5", EXPORT, ERR) },
	{ FOUND("past the gate", bypass, LITEIO_NQN_PREFIX U2 ":5", BYPASS, ERR) },
	{ FOUND("somebody on a volume", bypass_foreign, "nqn.2020-01.org.example:x", BYPASS, ERR) },
	{ MENDED("a name that leads nowhere", link_nowhere, "old", LINK, WARN) },
	{ MENDED("a name of another volume", link_wrong, "log", LINK, ERR) },
	{ MENDED("a name that is gone", link_gone, "data", LINK, WARN) },
	{ .name = "no names at all", .spoil = links_gone },
	{ MENDED("no names, and it is in use", links_gone_open, U1, LINK, WARN) },
};

START_TEST(each_is_found_and_nothing_else)
{
	struct liteio_findings f;
	struct node *n = well();
	const struct liteio_finding *x;
	size_t want = cases[_i].object ? 1 + cases[_i].more : 0;

	if (cases[_i].spoil)
		cases[_i].spoil(n);
	liteio_doctor_plan(&n->v, &f);
	for (size_t i = 0; i < f.n && f.n != want; i++)
		printf("%s: %s %s: %s\n", cases[_i].name,
		       liteio_local_check_names[f.items[i].check], f.items[i].object,
		       f.items[i].sentence);
	ck_assert_msg(f.n == want, "%s: %zu findings", cases[_i].name, f.n);
	if (want) {
		x = liteio_findings_get(&f, cases[_i].check, cases[_i].object);
		ck_assert_msg(x, "%s: it is about %s", cases[_i].name, f.items[0].object);
		ck_assert_msg(x->severity == cases[_i].severity, "%s: severity %d", cases[_i].name,
			      x->severity);
		ck_assert_msg(!!x->fix == cases[_i].has_fix, "%s: fix: %s", cases[_i].name,
			      x->fix ? x->fix : "none");
		ck_assert(x->sentence[0]);
	}
	free(f.items);
	free(n);
}
END_TEST

/* every check has a case of its own */
START_TEST(no_check_is_forgotten)
{
	for (int c = 0; c < LITEIO_CHECK_NR; c++) {
		size_t i = 0;

		while (i < LITEIO_ARRAY_SIZE(cases) &&
		       !(cases[i].object && cases[i].check == (enum liteio_local_check)c))
			i++;
		/* said by doctor.c, of what it can not lock */
		ck_assert_msg(c == LITEIO_CHECK_BUSY || i < LITEIO_ARRAY_SIZE(cases), "%s",
			      liteio_local_check_names[c]);
	}
}
END_TEST

START_TEST(without_the_module)
{
	struct liteio_findings f;
	struct node *n = well();

	n->v.has_module = false;
	n->v.has_limits = false;
	n->v.n_reg_volumes = 0;
	n->v.n_reg_atts = 0;
	n->heads[0].head.gate = false;
	liteio_doctor_plan(&n->v, &f);
	ck_assert_ptr_nonnull(liteio_findings_get(&f, LITEIO_CHECK_MODULE, "liteio"));
	ck_assert_ptr_nonnull(liteio_findings_get(&f, LITEIO_CHECK_LIMITS, "data"));
	ck_assert_uint_eq(f.n, 2);
	free(f.items);
	free(n);
}
END_TEST

START_TEST(nothing_at_all)
{
	struct liteio_doctor_view v = { .has_module = true };
	struct liteio_findings f;

	liteio_doctor_plan(&v, &f);
	ck_assert_uint_eq(f.n, 0);
	free(f.items);
}
END_TEST

/* the worst first, and nothing twice */
static void check_order(const struct liteio_findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		ck_assert(f->items[i].check < LITEIO_CHECK_NR);
		ck_assert(memchr(f->items[i].object, 0, sizeof(f->items[i].object)));
		if (i)
			ck_assert(f->items[i].severity <= f->items[i - 1].severity);
		ck_assert_ptr_eq(liteio_findings_get(f, f->items[i].check, f->items[i].object),
				 &f->items[i]);
	}
}

/* several things at once, whatever they are to each other */
START_TEST(any_two_together)
{
	struct liteio_findings f;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(cases); i++) {
		struct node *n = well();

		if (cases[_i].spoil)
			cases[_i].spoil(n);
		if (cases[i].spoil && i != (size_t)_i)
			cases[i].spoil(n);
		liteio_doctor_plan(&n->v, &f);
		check_order(&f);
		free(f.items);
		free(n);
	}
}
END_TEST

/* bytes of the arrays that are no pointers, strings or indexes are turned to anything */
static void scramble(struct node *n, unsigned int *seed)
{
	struct {
		void *at;
		size_t len;
	} parts[] = {
		{ &n->volumes[0].v.uuid, sizeof(n->volumes[0].v.uuid) },
		{ &n->volumes[1].v.state, 1 },
		{ &n->volumes[2].v.kind, 1 },
		{ &n->volumes[1].v.size_bytes, 8 },
		{ &n->volumes[0].v.floor, 8 },
		{ &n->atts[0].a.state, 1 },
		{ &n->atts[1].a.generation, 8 },
		{ &n->atts[2].a.flags, 4 },
		{ &n->devices[1].lower, 8 },
		{ &n->devices[2].dm.minor, 4 },
		{ n->devices[3].dm.name + 12, 40 },
		{ &n->heads[0].head.uuid, sizeof(n->heads[0].head.uuid) },
		{ &n->heads[1].dm.open_count, 4 },
		{ &n->regs[0].floor, 8 },
		{ &n->regs[1].qos, sizeof(n->regs[1].qos) },
		{ &n->gates[0].state, 4 },
		{ &n->gates[1].generation, 8 },
		{ &n->exports[0].n_port_ids, 1 },
		{ n->namespaces[0].nqn, 60 },
		{ &n->namespaces[1].dev, 8 },
		{ n->links[0].name, 36 },
		{ n->links[1].target, 20 },
		{ &n->pools[0].info.space.fill, 1 },
		{ &n->pools[0].copies.records, 8 },
	};
	size_t i = (size_t)rand_r(seed) % LITEIO_ARRAY_SIZE(parts);
	unsigned char *p = parts[i].at;

	for (size_t k = 0; k < parts[i].len; k++)
		if (rand_r(seed) % 3 == 0)
			p[k] = (unsigned char)rand_r(seed);
}

START_TEST(nonsense_is_survived)
{
	unsigned int seed = 1;

	for (size_t round = 0; round < 3000; round++) {
		struct liteio_findings f;
		struct node *n = well();
		size_t i = (size_t)rand_r(&seed) % LITEIO_ARRAY_SIZE(cases);

		if (cases[i].spoil)
			cases[i].spoil(n);
		for (int k = rand_r(&seed) % 4; k >= 0; k--)
			scramble(n, &seed);
		liteio_doctor_plan(&n->v, &f);
		check_order(&f);
		free(f.items);
		free(n);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor-plan");
	TCase *tcase = tcase_create("plan");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, each_is_found_and_nothing_else, 0,
			    LITEIO_ARRAY_SIZE(cases));
	tcase_add_test(tcase, no_check_is_forgotten);
	tcase_add_test(tcase, without_the_module);
	tcase_add_test(tcase, nothing_at_all);
	tcase_add_loop_test(tcase, any_two_together, 0, LITEIO_ARRAY_SIZE(cases));
	tcase_add_test(tcase, nonsense_is_survived);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
