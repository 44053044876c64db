// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A node where all is well, as the doctor sees it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "doctor_node.h"

struct liteio_uuid doctor_uuid(unsigned char n)
{
	struct liteio_uuid u = { 0 };

	memset(u.b, n, sizeof(u.b));
	return u;
}

struct liteio_doctor_device doctor_device(enum liteio_dm_role role, unsigned char uuid,
					  uint64_t generation, unsigned int minor, const char *type)
{
	const struct liteio_uuid u = doctor_uuid(uuid);
	struct liteio_doctor_device d = { .size_bytes = SIZE };

	liteio_dm_name(role, &u, generation, d.dm.name);
	snprintf(d.type, sizeof(d.type), "%s", type);
	d.dm.major = 253;
	d.dm.minor = minor;
	d.dm.live_table = true;
	liteio_dm_path(&d.dm, d.path);
	return d;
}

struct liteio_head_state doctor_head(const struct liteio_doctor_device *d, unsigned char uuid,
				     uint64_t generation, unsigned int lower)
{
	struct liteio_head_state h = {
		.head = { .uuid = doctor_uuid(uuid), .generation = generation, .gate = true,
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
		.v = { .uuid = doctor_uuid(uuid), .kind = LITEIO_CATALOG_VOLUME, .vclass = vclass,
		       .state = LITEIO_CATALOG_READY, .size_bytes = SIZE, .floor = 1,
		       .thin_id = uuid },
	};

	snprintf(v.v.name, sizeof(v.v.name), "%s", name);
	return v;
}

void doctor_link(struct doctor_node *n, const char *name, const char *target)
{
	struct liteio_doctor_link *l = &n->links[n->v.n_links++];

	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->target, sizeof(l->target), "%s", target);
}

static void set_catalog(struct doctor_node *n)
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
		.volume = doctor_uuid(DATA),
		.generation = 1,
		.state = LITEIO_CATALOG_ATT_FENCED,
	};
	n->atts[1].a = (struct liteio_catalog_attachment){
		.volume = doctor_uuid(DATA),
		.generation = 2,
		.state = LITEIO_CATALOG_ATT_LIVE,
		.flags = LITEIO_CATALOG_ATT_LOCAL,
	};
	n->atts[2].a = (struct liteio_catalog_attachment){
		.volume = doctor_uuid(LOG),
		.generation = 5,
		.state = LITEIO_CATALOG_ATT_LIVE,
	};
	n->v.n_atts = 3;
}

static void set_kernel(struct doctor_node *n)
{
	n->devices[0] = doctor_device(LITEIO_DM_POOL, POOL, 0, 0, "thin-pool");
	n->devices[1] = doctor_device(LITEIO_DM_THIN, DATA, 0, 1, "thin");
	n->devices[1].lower = makedev(253, 0);
	n->devices[1].thin_id = DATA;
	n->devices[2] = doctor_device(LITEIO_DM_LINEAR, LOG, 0, 2, "linear");
	n->devices[3] = doctor_device(LITEIO_DM_HEAD, DATA, 2, 3, "liteio");
	n->devices[4] = doctor_device(LITEIO_DM_HEAD, LOG, 5, 4, "liteio");
	n->devices[4].dm.open_count = 1;
	n->v.n_devices = 5;
	n->heads[0] = doctor_head(&n->devices[3], DATA, 2, 1);
	n->heads[1] = doctor_head(&n->devices[4], LOG, 5, 2);
	n->v.n_heads = 2;
	n->v.has_module = true;
	n->v.has_limits = true;
	n->regs[0] = (struct liteio_netlink_volume){
		.uuid = doctor_uuid(DATA),
		.floor = 1,
		.barred = 1,
		.attachments = 1,
		.qos = { .riops = 100 },
	};
	n->regs[1] = (struct liteio_netlink_volume){
		.uuid = doctor_uuid(LOG),
		.floor = 4,
		.attachments = 1,
	};
	n->v.n_reg_volumes = 2;
	n->gates[0] = (struct liteio_netlink_att){ .uuid = doctor_uuid(DATA), .generation = 2,
						    .state = LITEIO_ATT_OPEN };
	n->gates[1] = (struct liteio_netlink_att){ .uuid = doctor_uuid(LOG), .generation = 5,
						    .state = LITEIO_ATT_OPEN };
	n->v.n_reg_atts = 2;
}

static void set_exports(struct doctor_node *n)
{
	const struct liteio_uuid log = doctor_uuid(LOG);

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

static void set_pool(struct doctor_node *n)
{
	struct liteio_pool_info *i = &n->pools[0].info;

	i->uuid = doctor_uuid(POOL);
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
	n->found[0].f.label.pool_uuid = doctor_uuid(POOL);
	n->v.n_found = 1;
}

struct doctor_node *doctor_node_well(void)
{
	struct doctor_node *n = liteio_calloc(1, sizeof(*n));
	char text[LITEIO_UUID_STRLEN + 1];
	const struct liteio_uuid data = doctor_uuid(DATA);

	set_pool(n);
	set_catalog(n);
	set_kernel(n);
	set_exports(n);
	liteio_uuid_format(&data, text);
	doctor_link(n, text, "/dev/dm-3");
	doctor_link(n, "data", "/dev/dm-3");
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
